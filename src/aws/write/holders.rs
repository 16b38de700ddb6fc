//! Who holds on to a thing that AWS refused to delete: AWS itself never says.

use aws_sdk_ec2::types::{Filter, NetworkInterface};

use super::{asked, call};
use crate::{
    aws::{Aws, Call, Service, refusal::Refusal},
    id::ResourceId,
    kind::Kind,
};

pub(super) const CALLS: &[Call] = &[
    call(Service::Ec2, "DescribeInternetGateways"),
    call(Service::Ec2, "DescribeNatGateways"),
    call(Service::Ec2, "DescribeNetworkInterfaces"),
    call(Service::Ec2, "DescribeSecurityGroups"),
    call(Service::Ec2, "DescribeSubnets"),
    call(Service::Ec2, "DescribeVpcEndpoints"),
    call(Service::Ec2, "DescribeVpcPeeringConnections"),
];

/// Sentences without their full stops, in order.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of other kinds AWS itself says what holds them"
)]
pub(super) async fn of(aws: &Aws, id: &ResourceId) -> Result<Vec<String>, Refusal> {
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
