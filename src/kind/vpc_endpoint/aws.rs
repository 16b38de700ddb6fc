//! Reads VPC endpoints: one listing.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::VpcEndpoint;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const ENDPOINTS: Call = Call::new(Service::Ec2, "DescribeVpcEndpoints");
/// The most that a page holds.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[ENDPOINTS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::VpcEndpoint);
        let request = aws.ec2.describe_vpc_endpoints().max_results(PAGE);
        let pages = request.into_paginator().items().send();
        found.pages(ENDPOINTS, pages, resource).await;
        found
    })
}

fn resource(it: types::VpcEndpoint) -> Result<Resource, Missing> {
    let id = text(it.vpc_endpoint_id).need("VpcEndpointId")?;
    let groups = it.groups.unwrap_or_default();
    let error = it.last_error.map(|it| {
        let words = [it.code, it.message].into_iter().flatten();
        words.collect::<Vec<_>>().join(": ")
    });
    let attrs = VpcEndpoint {
        endpoint_type: it
            .vpc_endpoint_type
            .need("VpcEndpointType")?
            .as_str()
            .to_owned(),
        service: text(it.service_name),
        status: it.state.need("State")?.as_str().to_owned(),
        failure: text(error).or(text(it.failure_reason)),
        vpc: text(it.vpc_id).need("VpcId")?,
        subnets: shape::sorted(it.subnet_ids.unwrap_or_default()),
        route_tables: shape::sorted(it.route_table_ids.unwrap_or_default()),
        security_groups: shape::sorted(groups.into_iter().filter_map(|it| it.group_id)),
        interfaces: it.network_interface_ids.unwrap_or_default(),
        private_dns: it.private_dns_enabled.unwrap_or_default(),
        address_type: it.ip_address_type.map(|it| it.as_str().to_owned()),
        has_policy: text(it.policy_document).is_some_and(|it| !is_open(&it)),
        requester_managed: it.requester_managed.unwrap_or_default(),
    };
    Ok(Resource::new(id, attrs)
        .created(shape::time(it.creation_timestamp))
        .tags(tag_map!(it.tags.unwrap_or_default())))
}

/// Whether a policy is like the one that AWS gives to every endpoint: all may do all.
fn is_open(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let all = |it: &Value| *it == "*" || it["AWS"] == "*";
    let statements = policy["Statement"].as_array();
    statements.is_some_and(|them| {
        them.iter().any(|it| {
            let bounded = it.get("Condition").is_some();
            let all = all(&it["Principal"]) && all(&it["Action"]) && all(&it["Resource"]);
            it["Effect"] == "Allow" && all && !bounded
        }) && them.iter().all(|it| it["Effect"] == "Allow")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    fn page(inside: &str, token: &str) -> String {
        format!(
            "<DescribeVpcEndpointsResponse><vpcEndpointSet><item>
               <vpcId>vpc-1</vpcId><state>available</state>
               <serviceName>com.amazonaws.us-east-1.s3</serviceName>{inside}
             </item></vpcEndpointSet>{token}</DescribeVpcEndpointsResponse>"
        )
    }

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end_and_no_policy_is_kept() {
        let tape = Tape::default()
            .answer(
                200,
                page(
                    "<vpcEndpointId>vpce-1</vpcEndpointId>
                     <vpcEndpointType>Interface</vpcEndpointType>
                     <policyDocument>{\"Id\":\"planted-secret-policy\"}</policyDocument>
                     <subnetIdSet><item>subnet-1</item></subnetIdSet>
                     <groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>
                     <networkInterfaceIdSet><item>eni-1</item></networkInterfaceIdSet>
                     <privateDnsEnabled>true</privateDnsEnabled>
                     <creationTimestamp>2018-04-29T21:00:00.000Z</creationTimestamp>
                     <tagSet><item><key>Name</key><value>to-s3</value></item></tagSet>",
                    "<nextToken>t</nextToken>",
                ),
            )
            .answer(
                200,
                page(
                    "<vpcEndpointId>vpce-2</vpcEndpointId>
                     <vpcEndpointType>Gateway</vpcEndpointType>
                     <routeTableIdSet><item>rtb-1</item></routeTableIdSet>",
                    "",
                ),
            );
        let found = list(&tape.aws()).await;
        let [first, second] = &found.resources[..] else {
            panic!("{found:?}")
        };
        assert_eq!(first.label(), "to-s3");
        let endpoint = VpcEndpoint::of(&first.attrs).unwrap();
        assert!(endpoint.has_policy && endpoint.private_dns);
        assert_eq!(endpoint.status, "available");
        assert_eq!(endpoint.security_groups, ["sg-1"]);
        assert_eq!(endpoint.interfaces, ["eni-1"]);
        let gateway = VpcEndpoint::of(&second.attrs).unwrap();
        assert_eq!(gateway.route_tables, ["rtb-1"]);
        assert!(!gateway.has_policy);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[test]
    fn the_policy_that_every_endpoint_gets_counts_as_none() {
        let policy = |more: &str| {
            format!(
                r#"{{"Version":"2008-10-17","Statement":[{{"Effect":"Allow","Principal":"*",
                    "Action":"*","Resource":"*"{more}}}]}}"#
            )
        };
        assert!(is_open(&policy("")));
        let condition = r#","Condition":{"StringEquals":{"aws:PrincipalAccount":"1"}}"#;
        assert!(!is_open(&policy(condition)));
        let denied = r#"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*""#;
        assert!(!is_open(&policy(denied)));
        assert!(!is_open("no policy at all"));
    }

    #[tokio::test]
    async fn one_without_its_type_is_a_gap() {
        let tape = Tape::default().answer(200, page("<vpcEndpointId>vpce-1</vpcEndpointId>", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no VpcEndpointType");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
        let tape = Tape::default().answer(403, denied);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "ec2:DescribeVpcEndpoints");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
