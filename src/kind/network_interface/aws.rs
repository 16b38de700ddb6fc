//! Reads network interfaces: one listing.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::NetworkInterface;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map},
    },
    kind::Kind,
    snapshot::Resource,
};

const INTERFACES: Call = Call::new(Service::Ec2, "DescribeNetworkInterfaces");
/// The most that a page holds.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[INTERFACES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::NetworkInterface);
        let pages = aws.ec2.describe_network_interfaces().into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        found.pages(INTERFACES, pages, resource).await;
        found
    })
}

fn resource(interface: types::NetworkInterface) -> Result<Resource, Missing> {
    let id = interface.network_interface_id.need("NetworkInterfaceId")?;
    let kind = interface.interface_type.need("InterfaceType")?;
    let first = interface.association;
    let attachment = interface.attachment.as_ref();
    let private = interface.private_ip_addresses.unwrap_or_default();
    let associations = first
        .iter()
        .chain(private.iter().filter_map(|it| it.association.as_ref()));
    let mut elastic_ips: Vec<String> = associations
        .filter_map(|it| it.allocation_id.clone())
        .collect();
    elastic_ips.sort();
    elastic_ips.dedup();
    let groups = interface.groups.unwrap_or_default();
    let ipv6 = interface.ipv6_addresses.unwrap_or_default();
    let attrs = NetworkInterface {
        interface_type: kind.as_str().to_owned(),
        status: interface.status.need("Status")?.as_str().to_owned(),
        vpc: interface.vpc_id.need("VpcId")?,
        subnet: interface.subnet_id.need("SubnetId")?,
        zone: interface.availability_zone.need("AvailabilityZone")?,
        description: interface.description.unwrap_or_default(),
        private_ip: interface.private_ip_address,
        public_ip: first.and_then(|it| it.public_ip),
        elastic_ips,
        private_ips: private
            .into_iter()
            .filter_map(|it| it.private_ip_address)
            .collect(),
        ipv6_addresses: ipv6.into_iter().filter_map(|it| it.ipv6_address).collect(),
        security_groups: shape::sorted(groups.into_iter().filter_map(|it| it.group_id)),
        attached_instance: attachment.and_then(|it| it.instance_id.clone()),
        delete_on_termination: attachment
            .and_then(|it| it.delete_on_termination)
            .unwrap_or_default(),
        requester_managed: interface.requester_managed.need("RequesterManaged")?,
        requester: interface.requester_id,
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(interface.tag_set.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn page(inside: &str) -> String {
        format!(
            "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>
               <networkInterfaceId>eni-1</networkInterfaceId><interfaceType>interface</interfaceType>
               <status>in-use</status><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId>
               <availabilityZone>us-east-1a</availabilityZone>{inside}
             </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>"
        )
    }

    #[tokio::test]
    async fn the_addresses_of_all_its_private_ones_are_kept_once() {
        let association = |n: u8| {
            format!(
                "<association><publicIp>203.0.113.{n}</publicIp>
                   <allocationId>eipalloc-{n}</allocationId></association>"
            )
        };
        let tape = Tape::default().answer(
            200,
            page(&format!(
                "<requesterManaged>false</requesterManaged>
                 <privateIpAddress>10.0.0.4</privateIpAddress>{first}
                 <privateIpAddressesSet>
                   <item><privateIpAddress>10.0.0.4</privateIpAddress>{first}</item>
                   <item><privateIpAddress>10.0.0.5</privateIpAddress>{second}</item>
                 </privateIpAddressesSet>
                 <attachment><instanceId>i-1</instanceId>
                   <deleteOnTermination>true</deleteOnTermination></attachment>
                 <tagSet><item><key>Name</key><value>web</value></item></tagSet>",
                first = association(1),
                second = association(2)
            )),
        );
        let found = list(&tape.aws()).await;
        let interface = NetworkInterface::of(&found.resources[0].attrs).unwrap();
        assert_eq!(interface.elastic_ips, ["eipalloc-1", "eipalloc-2"]);
        assert_eq!(interface.private_ips, ["10.0.0.4", "10.0.0.5"]);
        assert_eq!(interface.public_ip.as_deref(), Some("203.0.113.1"));
        assert_eq!(interface.attached_instance.as_deref(), Some("i-1"));
        assert!(interface.delete_on_termination);
        assert_eq!(found.resources[0].label(), "web");
    }

    #[tokio::test]
    async fn one_that_does_not_say_whether_it_is_a_services_is_a_gap() {
        let tape = Tape::default().answer(200, page(""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no RequesterManaged");
    }
}
