//! Reads NAT gateways: one listing.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::{Address, NatGateway};
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

const GATEWAYS: Call = Call::new(Service::Ec2, "DescribeNatGateways");

pub const READING: Reading = Reading {
    calls: &[GATEWAYS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::NatGateway);
        let pages = aws
            .ec2
            .describe_nat_gateways()
            .into_paginator()
            .items()
            .send();
        found.pages(GATEWAYS, pages, resource).await;
        found
    })
}

fn resource(gateway: types::NatGateway) -> Result<Resource, Missing> {
    let id = gateway.nat_gateway_id.need("NatGatewayId")?;
    let connectivity = gateway.connectivity_type;
    let availability = gateway.availability_mode;
    let failure = [gateway.failure_code, gateway.failure_message];
    let failure: Vec<String> = failure.into_iter().flatten().collect();
    let addresses = gateway.nat_gateway_addresses.unwrap_or_default();
    let attrs = NatGateway {
        status: gateway.state.need("State")?.as_str().to_owned(),
        failure: (!failure.is_empty()).then(|| failure.join(": ")),
        connectivity: connectivity.map(|it| it.as_str().to_owned()),
        availability: availability.map(|it| it.as_str().to_owned()),
        vpc: gateway.vpc_id.need("VpcId")?,
        subnet: gateway.subnet_id,
        addresses: addresses.into_iter().map(address).collect(),
    };
    Ok(Resource::new(id, attrs)
        .created(shape::time(gateway.create_time))
        .tags(tag_map!(gateway.tags.unwrap_or_default())))
}

fn address(it: types::NatGatewayAddress) -> Address {
    Address {
        allocation: it.allocation_id,
        interface: it.network_interface_id,
        public_ip: it.public_ip,
        private_ip: it.private_ip,
        zone: it.availability_zone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    #[tokio::test]
    async fn a_failed_one_says_why() {
        let tape = Tape::default().answer(
            200,
            "<DescribeNatGatewaysResponse><natGatewaySet><item>
               <natGatewayId>nat-1</natGatewayId><state>failed</state>
               <connectivityType>public</connectivityType>
               <vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId>
               <createTime>2020-04-29T21:00:00.000Z</createTime>
               <failureCode>Gateway.NotAttached</failureCode>
               <failureMessage>Network vpc-1 has no Internet gateway attached</failureMessage>
               <natGatewayAddressSet><item><allocationId>eipalloc-1</allocationId></item></natGatewayAddressSet>
             </item></natGatewaySet></DescribeNatGatewaysResponse>",
        );
        let found = list(&tape.aws()).await;
        let gateway = NatGateway::of(&found.resources[0].attrs).unwrap();
        assert_eq!(
            gateway.failure.as_deref(),
            Some("Gateway.NotAttached: Network vpc-1 has no Internet gateway attached")
        );
        assert_eq!(
            gateway.addresses[0].allocation.as_deref(),
            Some("eipalloc-1")
        );
        assert!(found.resources[0].created.is_some());
    }

    #[tokio::test]
    async fn a_gateway_without_a_state_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            "<DescribeNatGatewaysResponse><natGatewaySet><item>
               <natGatewayId>nat-1</natGatewayId><connectivityType>public</connectivityType>
             </item></natGatewaySet></DescribeNatGatewaysResponse>",
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].message, "the answer has no State");
    }
}
