//! Reads VPCs: one listing, then all flow logs of the region where the rack has a VPC.

use aws_sdk_ec2::types::{self, VpcCidrBlockStateCode};
use futures_util::future::BoxFuture;

use super::{FlowLog, Vpc};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::tag_map,
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const VPCS: Call = Call::new(Service::Ec2, "DescribeVpcs");
const FLOW_LOGS: Call = Call::new(Service::Ec2, "DescribeFlowLogs");

pub const READING: Reading = Reading {
    calls: &[VPCS, FLOW_LOGS],
    source: Source::Region(list),
    deepen: Some(deepen),
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
        flow_logs: Fact::Unread,
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(vpc.tags.unwrap_or_default())))
}

fn deepen(aws: &Aws, mut vpcs: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let mut found = Found::of(Kind::Vpc);
        let pages = aws.ec2.describe_flow_logs().into_paginator().items();
        let answer: Result<Vec<types::FlowLog>, _> = pages.send().try_collect().await;
        match answer {
            Ok(told) => {
                let told: Vec<FlowLog> = told.into_iter().map(flow_log).collect();
                for vpc in &mut vpcs {
                    let of_others =
                        |it: &&FlowLog| it.about.starts_with("vpc-") && it.about != vpc.id.key;
                    let own = told.iter().filter(|it| !of_others(it)).cloned().collect();
                    if let Some(attrs) = Vpc::of_mut(&mut vpc.attrs) {
                        attrs.flow_logs = Fact::Known(own);
                    }
                }
            }
            Err(error) => {
                for vpc in &vpcs {
                    found.failed(FLOW_LOGS, Some(&vpc.id), &error);
                }
            }
        }
        found.resources = vpcs;
        found
    })
}

fn flow_log(it: types::FlowLog) -> FlowLog {
    FlowLog {
        id: it.flow_log_id.unwrap_or_default(),
        about: it.resource_id.unwrap_or_default(),
        status: it.flow_log_status.unwrap_or_default(),
        delivery: it.deliver_logs_status,
        traffic: it.traffic_type.map(|it| it.as_str().to_owned()),
        log_group: it.log_group_name,
        destination: it.log_destination,
    }
}

fn is_associated(state: Option<&types::VpcCidrBlockState>) -> bool {
    state.and_then(|it| it.state.as_ref()) == Some(&VpcCidrBlockStateCode::Associated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    #[tokio::test]
    async fn one_question_tells_the_flow_logs_of_all() {
        let vpcs = || {
            let one = |id: &str| Resource::new(id, Vpc::default());
            vec![one("vpc-1"), one("vpc-2")]
        };
        let log = |about: &str| {
            format!(
                "<item><flowLogId>fl-1</flowLogId><resourceId>{about}</resourceId>
                 <flowLogStatus>ACTIVE</flowLogStatus><logGroupName>flow</logGroupName></item>"
            )
        };
        let tape = Tape::default().answer(
            200,
            format!(
                "<DescribeFlowLogsResponse><flowLogSet>{}{}</flowLogSet></DescribeFlowLogsResponse>",
                log("vpc-1"),
                log("subnet-1")
            ),
        );
        let found = deepen(&tape.aws(), vpcs()).await;
        let about = |at: usize| -> Vec<String> {
            let vpc = Vpc::of(&found.resources[at].attrs).unwrap();
            let logs = vpc.flow_logs.known().unwrap().iter();
            logs.map(|it| it.about.clone()).collect()
        };
        assert_eq!(about(0), ["vpc-1", "subnet-1"]);
        assert_eq!(about(1), ["subnet-1"]);
        let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>
            </Response>";
        let found = deepen(&Tape::default().answer(403, denied).aws(), vpcs()).await;
        let vpc = Vpc::of(&found.resources[0].attrs).unwrap();
        assert_eq!((&vpc.flow_logs, found.gaps.len()), (&Fact::Unread, 2));
    }

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
