//! Looks at what a VPC is made of. EC2 never gives an id twice, so an id is identity enough.

use aws_sdk_ec2::types::Filter;

use super::{Look, Seen, There, told};
use crate::aws::{Aws, refusal::Refusal};

pub(super) async fn vpc(aws: &Aws, id: &str) -> Look {
    let answer = aws.ec2.describe_vpcs().vpc_ids(id).send().await;
    let told = told(answer, &["InvalidVpcID.NotFound"])?;
    Ok(there(told.and_then(|it| it.vpcs)))
}

pub(super) async fn subnet(aws: &Aws, id: &str) -> Look {
    let answer = aws.ec2.describe_subnets().subnet_ids(id).send().await;
    let told = told(answer, &["InvalidSubnetID.NotFound"])?;
    Ok(there(told.and_then(|it| it.subnets)))
}

pub(super) async fn route_table(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_route_tables().route_table_ids(id);
    let told = told(request.send().await, &["InvalidRouteTableID.NotFound"])?;
    Ok(there(told.and_then(|it| it.route_tables)))
}

pub(super) async fn internet_gateway(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_internet_gateways();
    let answer = request.internet_gateway_ids(id).send().await;
    let told = told(answer, &["InvalidInternetGatewayID.NotFound"])?;
    Ok(there(told.and_then(|it| it.internet_gateways)))
}

pub(super) async fn nat_gateway(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_nat_gateways().nat_gateway_ids(id);
    let codes = ["NatGatewayNotFound", "InvalidNatGatewayID.NotFound"];
    let told = told(request.send().await, &codes)?;
    let gateway = told.and_then(|it| it.nat_gateways?.into_iter().next());
    // AWS lists a deleted one for about an hour.
    let state = gateway.and_then(|it| it.state);
    Ok(match state.as_ref().map(|it| it.as_str()) {
        None | Some("deleted") => Seen::Gone,
        Some("deleting") => Seen::Going("the NAT gateway is being deleted".to_owned()),
        other => There::default().state(other).into(),
    })
}

pub(super) async fn address(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_addresses().allocation_ids(id);
    let codes = ["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"];
    let told = told(request.send().await, &codes)?;
    Ok(there(told.and_then(|it| it.addresses)))
}

pub(super) async fn interface(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_network_interfaces();
    let answer = request.network_interface_ids(id).send().await;
    let told = told(answer, &["InvalidNetworkInterfaceID.NotFound"])?;
    let told = told.and_then(|it| it.network_interfaces?.into_iter().next());
    Ok(told.map_or(Seen::Gone, |it| {
        There::default()
            .state(it.status.map(|it| it.as_str().to_owned()))
            .into()
    }))
}

pub(super) async fn security_group(aws: &Aws, id: &str) -> Look {
    let answer = aws.ec2.describe_security_groups().group_ids(id).send();
    let codes = ["InvalidGroup.NotFound", "InvalidGroupId.NotFound"];
    let told = told(answer.await, &codes)?;
    Ok(there(told.and_then(|it| it.security_groups)))
}

pub(super) async fn acl(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_network_acls().network_acl_ids(id);
    let told = told(request.send().await, &["InvalidNetworkAclID.NotFound"])?;
    Ok(there(told.and_then(|it| it.network_acls)))
}

pub(super) async fn endpoint(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_vpc_endpoints().vpc_endpoint_ids(id);
    let codes = [
        "InvalidVpcEndpointId.NotFound",
        "InvalidVpcEndpoint.NotFound",
    ];
    let told = told(request.send().await, &codes)?;
    let endpoint = told.and_then(|it| it.vpc_endpoints?.into_iter().next());
    let state = endpoint.and_then(|it| it.state);
    let state = state.map(|it| it.as_str().to_ascii_lowercase());
    Ok(match state.as_deref() {
        None | Some("deleted") => Seen::Gone,
        Some("deleting") => Seen::Going("the endpoint is being deleted".to_owned()),
        other => There::default().state(other).into(),
    })
}

/// Interfaces whose description is like this, `*` for anything.
///
/// # Errors
/// When AWS does not tell.
pub(super) async fn described(aws: &Aws, description: &str) -> Result<Vec<String>, Refusal> {
    let filter = Filter::builder().name("description").values(description);
    let request = aws.ec2.describe_network_interfaces();
    let answer = request.filters(filter.build()).send().await;
    let told = told(answer, &[])?;
    let interfaces = told.and_then(|it| it.network_interfaces);
    Ok(interfaces
        .unwrap_or_default()
        .into_iter()
        .filter_map(|it| it.network_interface_id)
        .collect())
}

/// One that was named by its id is there if anything is.
fn there<T>(told: Option<Vec<T>>) -> Seen {
    match told {
        Some(it) if !it.is_empty() => There::default().into(),
        _ => Seen::Gone,
    }
}
