//! Reads Elastic IPs: one answer that has no pages.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::ElasticIp;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const ADDRESSES: Call = Call::new(Service::Ec2, "DescribeAddresses");

pub const READING: Reading = Reading {
    calls: &[ADDRESSES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::ElasticIp);
        let answer = aws.ec2.describe_addresses().send().await;
        let Some(answer) = found.answer(ADDRESSES, None, answer) else {
            return found;
        };
        for address in answer.addresses.unwrap_or_default() {
            found.add(ADDRESSES, None, resource(address));
        }
        found
    })
}

fn resource(address: types::Address) -> Result<Resource, Missing> {
    let id = address.allocation_id.need("AllocationId")?;
    let attrs = ElasticIp {
        public_ip: address.public_ip.need("PublicIp")?,
        association: text(address.association_id),
        instance: text(address.instance_id),
        interface: text(address.network_interface_id),
        private_ip: text(address.private_ip_address),
        pool: text(address.public_ipv4_pool),
        managed_by: address.service_managed.map(|it| it.as_str().to_owned()),
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(address.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    #[tokio::test]
    async fn an_empty_instance_id_is_no_instance() {
        let tape = Tape::default().answer(
            200,
            "<DescribeAddressesResponse><addressesSet><item>
               <publicIp>203.0.113.9</publicIp><allocationId>eipalloc-1</allocationId>
               <domain>vpc</domain><instanceId/><publicIpv4Pool>amazon</publicIpv4Pool>
             </item></addressesSet></DescribeAddressesResponse>",
        );
        let found = list(&tape.aws()).await;
        let address = ElasticIp::of(&found.resources[0].attrs).unwrap();
        assert!(address.is_idle());
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let tape = Tape::default().answer(
            403,
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].call, "ec2:DescribeAddresses");
    }
}
