//! Reads load balancers: one listing and their tags, then the settings of the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types;
use futures_util::future::BoxFuture;

use super::{LoadBalancer, Settings};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const BALANCERS: Call = Call::new(Service::Elbv2, "DescribeLoadBalancers");
const TAGS: Call = Call::new(Service::Elbv2, "DescribeTags");
const ATTRIBUTES: Call = Call::new(Service::Elbv2, "DescribeLoadBalancerAttributes");
/// The most that DescribeTags takes at once.
const BATCH: usize = 20;

pub const READING: Reading = Reading {
    calls: &[BALANCERS, TAGS, ATTRIBUTES],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::LoadBalancer);
        let pages = aws
            .elbv2
            .describe_load_balancers()
            .into_paginator()
            .items()
            .send();
        found.pages(BALANCERS, pages, resource).await;
        add_tags(aws, &mut found).await;
        found
    })
}

/// Tags whatever of Elastic Load Balancing v2 was found, twenty at a time.
pub async fn add_tags(aws: &Aws, found: &mut Found) {
    let arns: Vec<String> = found
        .resources
        .iter()
        .filter_map(|it| it.arn.clone())
        .collect();
    let batches = arns.chunks(BATCH).map(<[String]>::to_vec);
    let answers = aws.each(batches, |batch| {
        aws.elbv2
            .describe_tags()
            .set_resource_arns(Some(batch))
            .send()
    });
    let (mut told, mut tags) = (BTreeSet::new(), BTreeMap::new());
    for (batch, answer) in arns.chunks(BATCH).zip(answers.await) {
        let Some(answer) = found.answer(TAGS, None, answer) else {
            continue;
        };
        told.extend(batch.iter().cloned());
        for it in answer.tag_descriptions.unwrap_or_default() {
            let its = tag_map!(it.tags.unwrap_or_default());
            tags.extend(it.resource_arn.map(|arn| (arn, its)));
        }
    }
    found.tag(TAGS, &told, tags, |it| it.arn.as_ref());
}

fn resource(lb: types::LoadBalancer) -> Result<Resource, Missing> {
    let name = lb.load_balancer_name.need("LoadBalancerName")?;
    let zones = lb.availability_zones.unwrap_or_default();
    let state = lb.state.and_then(|it| it.code).need("State")?;
    let attrs = LoadBalancer {
        lb_type: lb.r#type.need("Type")?.as_str().to_owned(),
        scheme: lb
            .scheme
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        status: state.as_str().to_owned(),
        dns_name: lb.dns_name.unwrap_or_default(),
        vpc: lb.vpc_id.unwrap_or_default(),
        subnets: shape::sorted(zones.iter().filter_map(|it| it.subnet_id.clone())),
        zones: shape::sorted(zones.into_iter().filter_map(|it| it.zone_name)),
        security_groups: shape::sorted(lb.security_groups.unwrap_or_default()),
        address_type: lb.ip_address_type.map(|it| it.as_str().to_owned()),
        settings: Fact::Unread,
    };
    Ok(Resource::new(name, attrs)
        // Its listeners are asked for by it.
        .arn(lb.load_balancer_arn.need("LoadBalancerArn")?)
        .created(shape::time(lb.created_time)))
}

fn deepen(aws: &Aws, balancers: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::LoadBalancer, balancers, |it| settings(aws, it)))
}

async fn settings(aws: &Aws, mut balancer: Resource) -> Found {
    let mut found = Found::of(Kind::LoadBalancer);
    let request = aws.elbv2.describe_load_balancer_attributes();
    let answer = request
        .set_load_balancer_arn(balancer.arn.clone())
        .send()
        .await;
    let answer = found.answer(ATTRIBUTES, Some(&balancer.id), answer);
    if let (Some(answer), Some(attrs)) = (answer, LoadBalancer::of_mut(&mut balancer.attrs)) {
        let settings: BTreeMap<String, String> = tag_map!(answer.attributes());
        let is = |key: &str| settings.get(key).is_some_and(|it| it == "true");
        let bucket = settings
            .get("access_logs.s3.bucket")
            .filter(|it| !it.is_empty());
        attrs.settings = Fact::Known(Settings {
            deletion_protection: is("deletion_protection.enabled"),
            access_log_bucket: bucket.filter(|_| is("access_logs.s3.enabled")).cloned(),
        });
    }
    found.resources.push(balancer);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const LIST: &str = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult>
        <LoadBalancers><member><LoadBalancerName>router</LoadBalancerName>
          <LoadBalancerArn>arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/router/42</LoadBalancerArn>
          <Type>application</Type><Scheme>internet-facing</Scheme>
          <IpAddressType>dualstack-without-public-ipv4</IpAddressType>
          <State><Code>active</Code></State></member></LoadBalancers>
        </DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";

    #[tokio::test]
    async fn unread_tags_leave_a_gap_and_the_load_balancer() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default().answer(200, LIST).answer(403, denied);
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.key, "router");
        let it = LoadBalancer::of(&found.resources[0].attrs).unwrap();
        let words = it.address_type.as_deref();
        assert_eq!(words, Some("dualstack-without-public-ipv4"));
        assert_eq!(found.gaps[0].call, "elbv2:DescribeTags");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn tags_that_come_for_others_only_are_a_gap() {
        let none = "<DescribeTagsResponse><DescribeTagsResult/></DescribeTagsResponse>";
        let tape = Tape::default().answer(200, LIST).answer(200, none);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].call, "elbv2:DescribeTags");
        assert_eq!(found.gaps[0].resource, Some(found.resources[0].id.clone()));
        assert_eq!(found.gaps[0].reason, Reason::Malformed);
    }

    #[tokio::test]
    async fn a_load_balancer_whose_listeners_cannot_be_asked_for_is_a_gap() {
        let start = LIST.find("<LoadBalancerArn>").unwrap();
        let end = LIST.find("<Type>").unwrap();
        let tape = Tape::default().answer(200, [&LIST[..start], &LIST[end..]].concat());
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no LoadBalancerArn");
    }
}
