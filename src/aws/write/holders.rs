//! Who holds on to a thing that AWS refused to delete: AWS itself never says.

use aws_sdk_ec2::types::{Filter, NetworkInterface};

use super::{asked, call};
use crate::{
    aws::{
        Aws, Call, Service,
        look::{Place, Target, certificate_arn},
        refusal::Refusal,
    },
    id::ResourceId,
    kind::Kind,
};

pub(super) const CALLS: &[Call] = &[
    call(Service::Acm, "DescribeCertificate"),
    call(Service::Ec2, "DescribeAddresses"),
    call(Service::Ec2, "DescribeInternetGateways"),
    call(Service::Ec2, "DescribeNatGateways"),
    call(Service::Ec2, "DescribeNetworkInterfaces"),
    call(Service::Ec2, "DescribeRouteTables"),
    call(Service::Ec2, "DescribeSecurityGroups"),
    call(Service::Ec2, "DescribeSubnets"),
    call(Service::Ec2, "DescribeVpcEndpoints"),
    call(Service::Ec2, "DescribeVpcPeeringConnections"),
    call(Service::Elbv2, "DescribeTargetGroups"),
    call(Service::Rds, "DescribeDBClusters"),
    call(Service::Rds, "DescribeDBInstances"),
];

/// Sentences without their full stops, in order.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of other kinds AWS itself says what holds them"
)]
pub(super) async fn of(aws: &Aws, place: &Place, id: &ResourceId) -> Result<Vec<String>, Refusal> {
    let key = id.key.as_str();
    let mut said = match id.kind {
        Kind::Subnet => interfaces(aws, "subnet-id", key).await?,
        Kind::SecurityGroup => {
            let mut said = interfaces(aws, "group-id", key).await?;
            said.extend(rules(aws, key).await?);
            said
        }
        Kind::InternetGateway => {
            let request = aws.ec2.describe_internet_gateways();
            let answer = request.internet_gateway_ids(key).send().await;
            let gateways = asked(answer, &[])?.internet_gateways.unwrap_or_default();
            let attached = gateways
                .into_iter()
                .flat_map(|it| it.attachments.unwrap_or_default());
            let mut said = Vec::new();
            for vpc in attached.filter_map(|it| it.vpc_id) {
                said.extend(mapped(aws, &vpc).await?);
            }
            said
        }
        Kind::Vpc => vpc(aws, key).await?,
        Kind::RouteTable => associations(aws, key).await?,
        Kind::ElasticIp => address(aws, key).await?,
        Kind::NetworkInterface => interfaces(aws, "network-interface-id", key).await?,
        Kind::Certificate => certificate(aws, place, id).await?,
        Kind::TargetGroup => balancers(aws, key).await?,
        Kind::DbSubnetGroup => databases(aws, key).await?,
        _ => Vec::new(),
    };
    said.sort();
    said.dedup();
    Ok(said)
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

async fn all(aws: &Aws, by: &str, value: &str) -> Result<Vec<NetworkInterface>, Refusal> {
    let request = aws
        .ec2
        .describe_network_interfaces()
        .filters(filter(by, value));
    let mut items = request.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(asked(item, &[])?);
    }
    Ok(found)
}

async fn interfaces(aws: &Aws, by: &str, value: &str) -> Result<Vec<String>, Refusal> {
    let found = all(aws, by, value).await?;
    Ok(found.iter().map(describe).collect())
}

async fn mapped(aws: &Aws, vpc: &str) -> Result<Vec<String>, Refusal> {
    let found = all(aws, "vpc-id", vpc).await?;
    let mapped = found.iter().filter_map(|it| {
        let address = it.association()?.public_ip()?;
        Some(format!(
            "{}, which has the public address {address}",
            describe(it)
        ))
    });
    Ok(mapped.collect())
}

/// `eni-1 (interface, "ELB app/shop/1", amazon-elb)`
fn describe(it: &NetworkInterface) -> String {
    let kind = it.interface_type().map_or("interface", |it| it.as_str());
    let owner = it
        .attachment()
        .and_then(|it| it.instance_id().or(it.instance_owner_id()))
        .or(it.requester_id())
        .map(|it| format!(", {it}"))
        .unwrap_or_default();
    format!(
        "{} ({kind}, \"{}\"{owner})",
        it.network_interface_id().unwrap_or_default(),
        it.description().unwrap_or_default()
    )
}

/// Other groups whose rules name this one.
async fn rules(aws: &Aws, group: &str) -> Result<Vec<String>, Refusal> {
    let mut said = Vec::new();
    for (by, what) in [
        ("ip-permission.group-id", "ingress"),
        ("egress.ip-permission.group-id", "egress"),
    ] {
        let request = aws
            .ec2
            .describe_security_groups()
            .filters(filter(by, group));
        let groups = asked(request.send().await, &[])?.security_groups;
        for it in groups.unwrap_or_default() {
            if it.group_id() != Some(group) {
                let id = it.group_id().unwrap_or_default();
                let name = it.group_name().unwrap_or_default();
                said.push(format!(
                    "a rule for {what} of {id} ({name}), which names it"
                ));
            }
        }
    }
    Ok(said)
}

/// What a route table is bound to: its main binding goes with the VPC alone.
async fn associations(aws: &Aws, table: &str) -> Result<Vec<String>, Refusal> {
    let request = aws.ec2.describe_route_tables().route_table_ids(table);
    let tables = asked(request.send().await, &[])?.route_tables;
    let bound = tables
        .unwrap_or_default()
        .into_iter()
        .flat_map(|it| it.associations.unwrap_or_default());
    let bound = bound.filter_map(|it| {
        if it.main() == Some(true) {
            return Some("its VPC, whose main route table it is".to_owned());
        }
        it.subnet_id.or(it.gateway_id)
    });
    Ok(bound.collect())
}

/// What has an address.
async fn address(aws: &Aws, allocation: &str) -> Result<Vec<String>, Refusal> {
    let request = aws.ec2.describe_addresses().allocation_ids(allocation);
    let addresses = asked(request.send().await, &[])?.addresses;
    let mut said = Vec::new();
    for it in addresses.unwrap_or_default() {
        said.extend(it.instance_id().map(ToOwned::to_owned));
        if let Some(interface) = it.network_interface_id() {
            said.extend(interfaces(aws, "network-interface-id", interface).await?);
        }
    }
    Ok(said)
}

/// What presents a certificate, as its issuer tells.
async fn certificate(aws: &Aws, place: &Place, id: &ResourceId) -> Result<Vec<String>, Refusal> {
    let arn = certificate_arn(aws, place, Target::new(id));
    let request = aws.acm.describe_certificate().certificate_arn(arn);
    let certificate = asked(request.send().await, &[])?.certificate;
    Ok(certificate.and_then(|it| it.in_use_by).unwrap_or_default())
}

/// The load balancers that send to a target group.
async fn balancers(aws: &Aws, group: &str) -> Result<Vec<String>, Refusal> {
    let request = aws.elbv2.describe_target_groups().names(group);
    let groups = asked(request.send().await, &[])?.target_groups;
    let groups = groups.unwrap_or_default().into_iter();
    let balancers = groups.flat_map(|it| it.load_balancer_arns.unwrap_or_default());
    Ok(balancers
        .map(|it| format!("a listener or a rule of {it}"))
        .collect())
}

/// The databases in a group of subnets.
async fn databases(aws: &Aws, group: &str) -> Result<Vec<String>, Refusal> {
    let mut said = Vec::new();
    let mut items = aws
        .rds
        .describe_db_instances()
        .into_paginator()
        .items()
        .send();
    while let Some(item) = items.next().await {
        let it = asked(item, &[])?;
        let own = it.db_subnet_group.as_ref();
        if own.and_then(|it| it.db_subnet_group_name()) == Some(group) {
            let id = it.db_instance_identifier().unwrap_or_default();
            let status = it.db_instance_status().unwrap_or_default();
            said.push(format!("database {id} ({status})"));
        }
    }
    let mut items = aws
        .rds
        .describe_db_clusters()
        .into_paginator()
        .items()
        .send();
    while let Some(item) = items.next().await {
        let it = asked(item, &[])?;
        if it.db_subnet_group() == Some(group) {
            let id = it.db_cluster_identifier().unwrap_or_default();
            let status = it.status().unwrap_or_default();
            said.push(format!("database cluster {id} ({status})"));
        }
    }
    Ok(said)
}

async fn vpc(aws: &Aws, id: &str) -> Result<Vec<String>, Refusal> {
    let by = || filter("vpc-id", id);
    let mut said = interfaces(aws, "vpc-id", id).await?;
    let subnets = aws.ec2.describe_subnets().filters(by()).send().await;
    let subnets = asked(subnets, &[])?.subnets.unwrap_or_default();
    said.extend(subnets.into_iter().filter_map(|it| it.subnet_id));
    let groups = aws
        .ec2
        .describe_security_groups()
        .filters(by())
        .send()
        .await;
    let groups = asked(groups, &[])?.security_groups.unwrap_or_default();
    let groups = groups
        .into_iter()
        .filter(|it| it.group_name() != Some("default"));
    said.extend(groups.filter_map(|it| it.group_id));
    let gateways = aws.ec2.describe_nat_gateways().filter(by()).send().await;
    let gateways = asked(gateways, &[])?.nat_gateways.unwrap_or_default();
    let gateways = gateways
        .into_iter()
        .filter(|it| it.state().is_none_or(|it| it.as_str() != "deleted"));
    said.extend(gateways.filter_map(|it| it.nat_gateway_id));
    let endpoints = aws.ec2.describe_vpc_endpoints().filters(by()).send().await;
    let endpoints = asked(endpoints, &[])?.vpc_endpoints.unwrap_or_default();
    said.extend(endpoints.into_iter().filter_map(|it| it.vpc_endpoint_id));
    let attached = filter("attachment.vpc-id", id);
    let doors = aws
        .ec2
        .describe_internet_gateways()
        .filters(attached)
        .send();
    let doors = asked(doors.await, &[])?
        .internet_gateways
        .unwrap_or_default();
    said.extend(doors.into_iter().filter_map(|it| it.internet_gateway_id));
    for by in ["requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id"] {
        let request = aws.ec2.describe_vpc_peering_connections();
        let peers = request.filters(filter(by, id)).send().await;
        let peers = asked(peers, &[])?
            .vpc_peering_connections
            .unwrap_or_default();
        let peers = peers
            .into_iter()
            .filter_map(|it| it.vpc_peering_connection_id);
        said.extend(peers);
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, testing::replay::Tape};

    async fn held_by(tape: Tape, kind: Kind, key: &str) -> Vec<String> {
        let place = Place::of("1", "arn:aws:iam::1:user/ops");
        let aws = write::clients(&tape.aws(), "us-east-1");
        of(&aws, &place, &ResourceId::new(kind, key)).await.unwrap()
    }

    #[tokio::test]
    async fn what_a_route_table_is_bound_to_is_named() {
        let told = "<DescribeRouteTablesResponse><routeTableSet><item><associationSet>\
            <item><subnetId>subnet-1</subnetId><main>false</main></item>\
            <item><main>true</main></item></associationSet></item></routeTableSet>\
            </DescribeRouteTablesResponse>";
        let tape = Tape::default().answer(200, told);
        let said = held_by(tape, Kind::RouteTable, "rtb-1").await;
        assert_eq!(said, ["its VPC, whose main route table it is", "subnet-1"]);
    }

    #[tokio::test]
    async fn the_interface_that_has_an_address_is_named_with_what_it_is() {
        let address = "<DescribeAddressesResponse><addressesSet><item>\
            <networkInterfaceId>eni-1</networkInterfaceId></item></addressesSet>\
            </DescribeAddressesResponse>";
        let interface = "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>\
            <networkInterfaceId>eni-1</networkInterfaceId><description>nat</description>\
            <interfaceType>natGateway</interfaceType></item></networkInterfaceSet>\
            </DescribeNetworkInterfacesResponse>";
        let tape = Tape::default().answer(200, address).answer(200, interface);
        let said = held_by(tape, Kind::ElasticIp, "eipalloc-1").await;
        assert_eq!(said, ["eni-1 (natGateway, \"nat\")"]);
    }

    #[tokio::test]
    async fn who_presents_a_certificate_and_who_sends_to_a_target_group_is_named() {
        let told = r#"{"Certificate":{"InUseBy":["arn:aws:cloudfront::1:distribution/E1"]}}"#;
        let said = held_by(Tape::default().answer(200, told), Kind::Certificate, "c").await;
        assert_eq!(said, ["arn:aws:cloudfront::1:distribution/E1"]);
        let told = "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups>\
            <member><LoadBalancerArns><member>arn:lb</member></LoadBalancerArns></member>\
            </TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>";
        let said = held_by(Tape::default().answer(200, told), Kind::TargetGroup, "t").await;
        assert_eq!(said, ["a listener or a rule of arn:lb"]);
    }

    #[tokio::test]
    async fn the_databases_in_a_group_of_subnets_are_named_and_no_others() {
        let instances = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>\
            <DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier>\
            <DBInstanceStatus>deleting</DBInstanceStatus><DBSubnetGroup>\
            <DBSubnetGroupName>g</DBSubnetGroupName></DBSubnetGroup></DBInstance>\
            <DBInstance><DBInstanceIdentifier>b</DBInstanceIdentifier></DBInstance>\
            </DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
        let clusters = "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters>\
            <DBCluster><DBClusterIdentifier>c</DBClusterIdentifier>\
            <DBSubnetGroup>g</DBSubnetGroup><Status>available</Status></DBCluster>\
            </DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>";
        let tape = Tape::default().answer(200, instances).answer(200, clusters);
        let said = held_by(tape, Kind::DbSubnetGroup, "g").await;
        assert_eq!(
            said,
            ["database a (deleting)", "database cluster c (available)"]
        );
    }
}
