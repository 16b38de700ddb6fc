//! Reads VPCs: one listing, then all flow logs of the region where the rack has a VPC, and whether
//! the account keeps the internet from its VPCs.

use aws_sdk_ec2::types::{
    self, InternetGatewayExclusionMode as ExclusionMode,
    VpcBlockPublicAccessExclusionState as ExclusionState,
    VpcBlockPublicAccessExclusionsAllowed as ExclusionsAllowed, VpcCidrBlockStateCode,
};
use futures_util::future::BoxFuture;

use super::{FlowLog, PublicBlock, Vpc};
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
const BLOCK: Call = Call::new(Service::Ec2, "DescribeVpcBlockPublicAccessOptions");
const EXEMPT: Call = Call::new(Service::Ec2, "DescribeVpcBlockPublicAccessExclusions");
const FLOW_LOGS: Call = Call::new(Service::Ec2, "DescribeFlowLogs");

pub const READING: Reading = Reading {
    calls: &[VPCS, FLOW_LOGS, BLOCK, EXEMPT],
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
        public_block: Fact::Unread,
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
        let block = public_block(aws, &vpcs, &mut found).await;
        for vpc in &mut vpcs {
            if let Some(attrs) = Vpc::of_mut(&mut vpc.attrs) {
                attrs.public_block = block.clone();
            }
        }
        found.resources = vpcs;
        found
    })
}

/// One question for all VPCs of a region; who is exempt is only asked where it says something.
async fn public_block(aws: &Aws, vpcs: &[Resource], found: &mut Found) -> Fact<PublicBlock> {
    let answer = aws.ec2.describe_vpc_block_public_access_options().send();
    let options = match answer.await {
        Ok(told) => told.vpc_block_public_access_options,
        Err(error) => {
            for vpc in vpcs {
                found.failed(BLOCK, Some(&vpc.id), &error);
            }
            return Fact::Unread;
        }
    };
    let mode = options
        .as_ref()
        .and_then(|it| it.internet_gateway_block_mode());
    // AWS leaves the mode out where nothing was ever set.
    let mode = mode.map_or_else(|| "off".to_owned(), |it| it.as_str().to_owned());
    let none = |mode| {
        Fact::Known(PublicBlock {
            mode,
            exempt: Vec::new(),
        })
    };
    let allowed = options.as_ref().and_then(|it| it.exclusions_allowed());
    let is_allowed = allowed != Some(&ExclusionsAllowed::NotAllowed);
    if mode == "off" || !is_allowed {
        return none(mode);
    }
    let pages = aws.ec2.describe_vpc_block_public_access_exclusions();
    let mut exempt = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let answer = pages.clone().set_next_token(token.clone()).send().await;
        match answer {
            Ok(told) => {
                let told_here = told.vpc_block_public_access_exclusions.unwrap_or_default();
                exempt.extend(told_here.into_iter().filter_map(exempted));
                let next = told.next_token.filter(|it| !it.is_empty());
                // The same one again would be asked for for ever.
                token = next.filter(|it| token.as_ref() != Some(it));
            }
            Err(error) => {
                for vpc in vpcs {
                    found.failed(EXEMPT, Some(&vpc.id), &error);
                }
                return Fact::Unread;
            }
        }
        if token.is_none() {
            exempt.sort();
            return Fact::Known(PublicBlock { mode, exempt });
        }
    }
}

/// The id of what is exempt in both directions: `…:subnet/subnet-1` → `subnet-1`.
fn exempted(it: types::VpcBlockPublicAccessExclusion) -> Option<String> {
    let holds = matches!(
        it.state,
        Some(ExclusionState::CreateComplete | ExclusionState::UpdateComplete)
    );
    let both = it.internet_gateway_exclusion_mode == Some(ExclusionMode::AllowBidirectional);
    let arn = it.resource_arn.filter(|_| holds && both)?;
    arn.rsplit('/').next().map(str::to_owned)
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
        let off = "<DescribeVpcBlockPublicAccessOptionsResponse><vpcBlockPublicAccessOptions/>
            </DescribeVpcBlockPublicAccessOptionsResponse>";
        let logs = format!(
            "<DescribeFlowLogsResponse><flowLogSet>{}{}</flowLogSet></DescribeFlowLogsResponse>",
            log("vpc-1"),
            log("subnet-1")
        );
        let tape = Tape::default().answer(200, logs).answer(200, off);
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
        let tape = Tape::default().answer(403, denied).answer(403, denied);
        let found = deepen(&tape.aws(), vpcs()).await;
        let vpc = Vpc::of(&found.resources[0].attrs).unwrap();
        assert_eq!(vpc.flow_logs, Fact::Unread);
        assert_eq!(vpc.public_block, Fact::Unread);
        assert_eq!(found.gaps.len(), 4);
    }

    #[tokio::test]
    async fn who_is_exempt_is_asked_where_access_is_blocked_and_nowhere_else() {
        let vpcs = || vec![Resource::new("vpc-1", Vpc::default())];
        let block = |found: &Found| {
            let vpc = Vpc::of(&found.resources[0].attrs).unwrap();
            vpc.public_block.clone()
        };
        let logs = "<DescribeFlowLogsResponse><flowLogSet/></DescribeFlowLogsResponse>";
        let options = |mode: &str| {
            format!(
                "<DescribeVpcBlockPublicAccessOptionsResponse><vpcBlockPublicAccessOptions>
                   <internetGatewayBlockMode>{mode}</internetGatewayBlockMode>
                 </vpcBlockPublicAccessOptions></DescribeVpcBlockPublicAccessOptionsResponse>"
            )
        };
        let exclusion = |id: &str, mode: &str, state: &str| {
            format!(
                "<item><resourceArn>arn:aws:ec2:us-east-1:123456789012:{id}</resourceArn>
                 <internetGatewayExclusionMode>{mode}</internetGatewayExclusionMode>
                 <state>{state}</state></item>"
            )
        };
        let off = Tape::default()
            .answer(200, logs)
            .answer(200, options("off"));
        let known = block(&deepen(&off.aws(), vpcs()).await);
        assert_eq!(known.known().unwrap().mode, "off");
        assert_eq!(off.asked().len(), 2);
        let on = Tape::default()
            .answer(200, logs)
            .answer(200, options("block-ingress"))
            .answer(
                200,
                format!(
                    "<DescribeVpcBlockPublicAccessExclusionsResponse>
                     <vpcBlockPublicAccessExclusionSet>{}{}{}</vpcBlockPublicAccessExclusionSet>
                     </DescribeVpcBlockPublicAccessExclusionsResponse>",
                    exclusion("subnet/subnet-1", "allow-bidirectional", "create-complete"),
                    exclusion("subnet/subnet-2", "allow-egress", "create-complete"),
                    exclusion("vpc/vpc-2", "allow-bidirectional", "delete-complete"),
                ),
            );
        let known = block(&deepen(&on.aws(), vpcs()).await);
        assert_eq!(known.known().unwrap().exempt, ["subnet-1"]);
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
