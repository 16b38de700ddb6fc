//! Reads subnets: one listing.

use aws_sdk_ec2::types::{self, SubnetCidrBlockStateCode};
use futures_util::future::BoxFuture;

use super::Subnet;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, tag_map},
    },
    kind::Kind,
    snapshot::Resource,
};

const SUBNETS: Call = Call::new(Service::Ec2, "DescribeSubnets");

pub const READING: Reading = Reading {
    calls: &[SUBNETS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Subnet);
        let pages = aws.ec2.describe_subnets().into_paginator().items().send();
        found.pages(SUBNETS, pages, resource).await;
        found
    })
}

fn resource(subnet: types::Subnet) -> Result<Resource, Missing> {
    let id = subnet.subnet_id.need("SubnetId")?;
    let v6 = subnet.ipv6_cidr_block_association_set.unwrap_or_default();
    let v6 = v6.into_iter().filter(|it| {
        let state = it.ipv6_cidr_block_state.as_ref();
        state.and_then(|it| it.state.as_ref()) == Some(&SubnetCidrBlockStateCode::Associated)
    });
    let free = subnet.available_ip_address_count;
    let attrs = Subnet {
        vpc: subnet.vpc_id.need("VpcId")?,
        zone: subnet.availability_zone.need("AvailabilityZone")?,
        cidr: subnet.cidr_block.unwrap_or_default(),
        ipv6_cidrs: v6.filter_map(|it| it.ipv6_cidr_block).collect(),
        free_ips: count(Some(free.need("AvailableIpAddressCount")?)),
        public_ips: subnet.map_public_ip_on_launch.need("MapPublicIpOnLaunch")?,
        is_default_for_az: subnet.default_for_az.need("DefaultForAz")?,
        owner: subnet.owner_id,
        status: subnet.state.need("State")?.as_str().to_owned(),
    };
    Ok(Resource::new(id, attrs)
        .arn(subnet.subnet_arn)
        .tags(tag_map!(subnet.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn page(id: &str, more: &str) -> String {
        format!(
            "<DescribeSubnetsResponse><subnetSet><item>
               <subnetId>{id}</subnetId><vpcId>vpc-1</vpcId><state>available</state>
               <availabilityZone>us-east-1a</availabilityZone><cidrBlock>10.0.1.0/24</cidrBlock>
               <availableIpAddressCount>251</availableIpAddressCount>
               <mapPublicIpOnLaunch>true</mapPublicIpOnLaunch>
               <tagSet><item><key>Name</key><value>prod public</value></item></tagSet>
               {more}</DescribeSubnetsResponse>"
        )
    }

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let default = "<defaultForAz>false</defaultForAz></item></subnetSet>";
        let tape = Tape::default()
            .answer(
                200,
                page("subnet-1", &format!("{default}<nextToken>t</nextToken>")),
            )
            .answer(200, page("subnet-2", default));
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert_eq!(found.resources[0].label(), "prod public");
        let subnet = Subnet::of(&found.resources[1].attrs).unwrap();
        assert_eq!((subnet.free_ips, subnet.public_ips), (251, true));
        assert!(tape.asked()[1].contains("NextToken=t"));
    }

    #[tokio::test]
    async fn a_subnet_that_may_be_a_default_one_is_a_gap() {
        let tape = Tape::default().answer(200, page("subnet-1", "</item></subnetSet>"));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no DefaultForAz");
    }
}
