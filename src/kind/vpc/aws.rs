//! Reads VPCs: one listing.

use aws_sdk_ec2::types::{self, VpcCidrBlockStateCode};
use futures_util::future::BoxFuture;

use super::Vpc;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::tag_map,
    },
    kind::Kind,
    snapshot::Resource,
};

const VPCS: Call = Call::new(Service::Ec2, "DescribeVpcs");

pub const READING: Reading = Reading {
    calls: &[VPCS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Vpc);
        let pages = aws.ec2.describe_vpcs().into_paginator().items().send();
        found.pages(VPCS, pages, resource).await;
        found
    })
}

fn resource(vpc: types::Vpc) -> Result<Resource, Missing> {
    let id = vpc.vpc_id.need("VpcId")?;
    let cidr = vpc.cidr_block.need("CidrBlock")?;
    let v4 = vpc.cidr_block_association_set.unwrap_or_default();
    let v4 = v4
        .into_iter()
        .filter(|it| is_associated(it.cidr_block_state.as_ref()))
        .filter_map(|it| it.cidr_block)
        .filter(|it| *it != cidr);
    let v6 = vpc.ipv6_cidr_block_association_set.unwrap_or_default();
    let v6 = v6
        .into_iter()
        .filter(|it| is_associated(it.ipv6_cidr_block_state.as_ref()))
        .filter_map(|it| it.ipv6_cidr_block);
    let attrs = Vpc {
        extra_cidrs: v4.chain(v6).collect(),
        cidr,
        is_default: vpc.is_default.need("IsDefault")?,
        owner: vpc.owner_id,
        status: vpc.state.need("State")?.as_str().to_owned(),
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(vpc.tags.unwrap_or_default())))
}

fn is_associated(state: Option<&types::VpcCidrBlockState>) -> bool {
    state.and_then(|it| it.state.as_ref()) == Some(&VpcCidrBlockStateCode::Associated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    #[tokio::test]
    async fn ranges_that_were_taken_away_are_left_out() {
        let tape = Tape::default().answer(
            200,
            "<DescribeVpcsResponse><vpcSet><item>
               <vpcId>vpc-1</vpcId><state>available</state><isDefault>false</isDefault>
               <cidrBlock>10.0.0.0/16</cidrBlock>
               <cidrBlockAssociationSet>
                 <item><cidrBlock>10.0.0.0/16</cidrBlock>
                   <cidrBlockState><state>associated</state></cidrBlockState></item>
                 <item><cidrBlock>10.1.0.0/16</cidrBlock>
                   <cidrBlockState><state>associated</state></cidrBlockState></item>
                 <item><cidrBlock>10.2.0.0/16</cidrBlock>
                   <cidrBlockState><state>disassociated</state></cidrBlockState></item>
               </cidrBlockAssociationSet></item></vpcSet></DescribeVpcsResponse>",
        );
        let found = list(&tape.aws()).await;
        let vpc = Vpc::of(&found.resources[0].attrs).unwrap();
        assert_eq!(vpc.extra_cidrs, ["10.1.0.0/16"]);
    }

    #[tokio::test]
    async fn a_vpc_that_may_be_the_default_one_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            "<DescribeVpcsResponse><vpcSet><item>
               <vpcId>vpc-1</vpcId><state>available</state><cidrBlock>10.0.0.0/16</cidrBlock>
             </item></vpcSet></DescribeVpcsResponse>",
        );
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no IsDefault");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let tape = Tape::default().answer(
            403,
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "ec2:DescribeVpcs");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
