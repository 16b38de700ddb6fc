//! Reads classic load balancers: one listing and their tags, then health, logs and what those take
//! that end TLS, of the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancing::types;
use futures_util::future::BoxFuture;

use super::{ClassicListener, ClassicLoadBalancer, InstanceHealth, TlsPolicy};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, key, tag_map},
    },
    id::ResourceId,
    kind::{
        AsKind, Fact, Kind,
        listener::aws::{SERVER_CERTIFICATES, server_certificates},
    },
    snapshot::Resource,
};

const BALANCERS: Call = Call::new(Service::Elb, "DescribeLoadBalancers");
const TAGS: Call = Call::new(Service::Elb, "DescribeTags");
const HEALTH: Call = Call::new(Service::Elb, "DescribeInstanceHealth");
const ATTRIBUTES: Call = Call::new(Service::Elb, "DescribeLoadBalancerAttributes");
const POLICIES: Call = Call::new(Service::Elb, "DescribeLoadBalancerPolicies");
/// What AWS calls a policy for TLS.
const FOR_TLS: &str = "SSLNegotiationPolicyType";
/// The most that DescribeTags takes at once.
const BATCH: usize = 20;

pub const READING: Reading = Reading {
    calls: &[
        BALANCERS,
        TAGS,
        HEALTH,
        ATTRIBUTES,
        POLICIES,
        SERVER_CERTIFICATES,
    ],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::ClassicLoadBalancer);
        let pages = aws
            .elb
            .describe_load_balancers()
            .into_paginator()
            .items()
            .send();
        found.pages(BALANCERS, pages, resource).await;
        add_tags(aws, &mut found).await;
        found
    })
}

async fn add_tags(aws: &Aws, found: &mut Found) {
    let names: Vec<String> = found.resources.iter().map(|it| it.id.key.clone()).collect();
    let batches = names.chunks(BATCH).map(<[String]>::to_vec);
    let answers = aws.each(batches, |batch| {
        aws.elb
            .describe_tags()
            .set_load_balancer_names(Some(batch))
            .send()
    });
    let (mut told, mut tags) = (BTreeSet::new(), BTreeMap::new());
    for (batch, answer) in names.chunks(BATCH).zip(answers.await) {
        let Some(answer) = found.answer(TAGS, None, answer) else {
            continue;
        };
        told.extend(batch.iter().cloned());
        for it in answer.tag_descriptions.unwrap_or_default() {
            let its = tag_map!(it.tags.unwrap_or_default());
            tags.extend(it.load_balancer_name.map(|name| (name, its)));
        }
    }
    found.tag(TAGS, &told, tags, |it| Some(&it.id.key));
}

fn resource(lb: types::LoadBalancerDescription) -> Result<Resource, Missing> {
    let name = lb.load_balancer_name.need("LoadBalancerName")?;
    let attrs = ClassicLoadBalancer {
        scheme: lb.scheme.need("Scheme")?,
        dns_name: lb.dns_name.unwrap_or_default(),
        vpc: lb.vpc_id,
        subnets: shape::sorted(lb.subnets.unwrap_or_default()),
        zones: shape::sorted(lb.availability_zones.unwrap_or_default()),
        security_groups: shape::sorted(lb.security_groups.unwrap_or_default()),
        listeners: lb
            .listener_descriptions
            .unwrap_or_default()
            .into_iter()
            .map(listener)
            .collect::<Result<_, _>>()?,
        instances: lb
            .instances
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.instance_id)
            .collect(),
        health_check: lb.health_check.map(|it| it.target).unwrap_or_default(),
        health: Fact::Unread,
        server_certificates: Fact::Unread,
        access_log_bucket: Fact::Unread,
    };
    Ok(Resource::new(name, attrs).created(shape::time(lb.created_time)))
}

fn listener(told: types::ListenerDescription) -> Result<ClassicListener, Missing> {
    let it = told.listener.need("Listener")?;
    Ok(ClassicListener {
        protocol: it.protocol.need("Protocol")?,
        port: port(it.load_balancer_port).need("LoadBalancerPort")?,
        instance_protocol: it.instance_protocol.unwrap_or_default(),
        instance_port: port(it.instance_port).need("InstancePort")?,
        certificate: it.ssl_certificate_id.map(key),
        policies: told.policy_names.unwrap_or_default(),
        tls: Fact::Unread,
    })
}

/// The SDK has 0 where AWS left the port out.
fn port(it: i32) -> Option<u16> {
    shape::port(Some(it)).filter(|it| *it > 0)
}

fn deepen(aws: &Aws, balancers: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let look = |it| open(aws, it);
        let mut found = aws
            .find_each(Kind::ClassicLoadBalancer, balancers, look)
            .await;
        let of = |it: &Resource| {
            let listeners = ClassicLoadBalancer::of(&it.attrs).map(|it| it.listeners.iter());
            let listeners = listeners.into_iter().flatten();
            let certificates = listeners.filter_map(|it| it.certificate.clone());
            (it.id.clone(), certificates.collect::<Vec<String>>())
        };
        let named: Vec<_> = found.resources.iter().map(of).collect();
        let told = server_certificates(aws, &named, &mut found).await;
        for (balancer, told) in found.resources.iter_mut().zip(told) {
            if let Some(attrs) = ClassicLoadBalancer::of_mut(&mut balancer.attrs) {
                attrs.server_certificates = told;
            }
        }
        found
    })
}

async fn open(aws: &Aws, mut balancer: Resource) -> Found {
    let mut found = Found::of(Kind::ClassicLoadBalancer);
    let id = balancer.id.clone();
    let health = aws.elb.describe_instance_health();
    let attributes = aws.elb.describe_load_balancer_attributes();
    let health = health.load_balancer_name(&id.key).send().await;
    let attributes = attributes.load_balancer_name(&id.key).send().await;
    if let Some(attrs) = ClassicLoadBalancer::of_mut(&mut balancer.attrs) {
        if let Some(answer) = found.answer(HEALTH, Some(&id), health) {
            let states = answer.instance_states.unwrap_or_default();
            match states.into_iter().map(state).collect() {
                Ok(states) => attrs.health = Fact::Known(states),
                Err(missing) => found.malformed(HEALTH, Some(&id), missing),
            }
        }
        if let Some(answer) = found.answer(ATTRIBUTES, Some(&id), attributes) {
            let log = answer.load_balancer_attributes.and_then(|it| it.access_log);
            let log = log.filter(|it| it.enabled).and_then(|it| it.s3_bucket_name);
            attrs.access_log_bucket = Fact::Known(log);
        }
        tls(aws, &id, &mut attrs.listeners, &mut found).await;
    }
    found.resources.push(balancer);
    found
}

/// Which versions the listeners take that end TLS, in one question for all of them.
async fn tls(aws: &Aws, id: &ResourceId, listeners: &mut [ClassicListener], found: &mut Found) {
    for it in listeners.iter_mut().filter(|it| !it.ends_tls()) {
        it.tls = Fact::Known(None);
    }
    if !listeners.iter().any(ClassicListener::ends_tls) {
        return;
    }
    let request = aws.elb.describe_load_balancer_policies();
    let answer = request.load_balancer_name(&id.key).send().await;
    let Some(answer) = found.answer(POLICIES, Some(id), answer) else {
        return;
    };
    let told = answer.policy_descriptions.unwrap_or_default();
    if told.iter().any(|it| it.policy_name.is_none()) {
        return found.malformed(POLICIES, Some(id), Missing("PolicyName"));
    }
    let told = told.into_iter();
    let told = told.filter(|it| it.policy_type_name.as_deref() == Some(FOR_TLS));
    let policies: Vec<TlsPolicy> = told.map(policy).collect();
    for listener in listeners.iter_mut().filter(|it| it.ends_tls()) {
        let mut policies = policies.iter();
        let its = policies.find(|it| listener.policies.contains(&it.name));
        listener.tls = Fact::Known(its.cloned());
    }
}

fn policy(told: types::PolicyDescription) -> TlsPolicy {
    let attributes = told.policy_attribute_descriptions.unwrap_or_default();
    let mut policy = TlsPolicy {
        name: told.policy_name.unwrap_or_default(),
        ..TlsPolicy::default()
    };
    for it in attributes {
        let name = it.attribute_name.unwrap_or_default();
        let value = it.attribute_value.unwrap_or_default();
        if let Some(version) = name.strip_prefix("Protocol-")
            && value == "true"
        {
            policy.versions.push(version.to_owned());
        } else if name == "Reference-Security-Policy" {
            policy.made_of = Some(value);
        }
    }
    policy.versions.sort_unstable();
    policy
}

fn state(it: types::InstanceState) -> Result<InstanceHealth, Missing> {
    Ok(InstanceHealth {
        instance: it.instance_id.need("InstanceId")?,
        state: it.state.need("State")?,
        reason: it.reason_code,
        description: it.description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const LIST: &str = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult>
        <LoadBalancerDescriptions><member><LoadBalancerName>router</LoadBalancerName>
          <Scheme>internal</Scheme><VPCId>vpc-1</VPCId>
          <HealthCheck><Target>TCP:80</Target></HealthCheck>
          <ListenerDescriptions><member><PolicyNames><member>tls</member></PolicyNames>
            <Listener><Protocol>SSL</Protocol><LoadBalancerPort>443</LoadBalancerPort>
            <InstanceProtocol>TCP</InstanceProtocol><InstancePort>8443</InstancePort>
            <SSLCertificateId>arn:aws:acm:us-east-1:1:certificate/12-ab</SSLCertificateId>
            </Listener></member></ListenerDescriptions>
          <Instances><member><InstanceId>i-1</InstanceId></member></Instances></member>
        <member><LoadBalancerName>broken</LoadBalancerName></member>
        </LoadBalancerDescriptions></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";
    const TAGGED: &str = "<DescribeTagsResponse><DescribeTagsResult><TagDescriptions><member>
        <LoadBalancerName>router</LoadBalancerName><Tags><member><Key>Rack</Key>
        <Value>prod</Value></member></Tags></member></TagDescriptions></DescribeTagsResult>
        </DescribeTagsResponse>";
    const HEALTH: &str = "<DescribeInstanceHealthResponse><DescribeInstanceHealthResult>
        <InstanceStates><member><InstanceId>i-1</InstanceId><State>OutOfService</State>
        <ReasonCode>Instance</ReasonCode></member></InstanceStates>
        </DescribeInstanceHealthResult></DescribeInstanceHealthResponse>";
    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

    fn attributes(log: &str) -> String {
        format!(
            "<DescribeLoadBalancerAttributesResponse><DescribeLoadBalancerAttributesResult>
            <LoadBalancerAttributes><AccessLog>{log}</AccessLog></LoadBalancerAttributes>
            </DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>"
        )
    }

    fn first(found: &Found) -> &ClassicLoadBalancer {
        ClassicLoadBalancer::of(&found.resources[0].attrs).unwrap()
    }

    async fn deepened(tape: &Tape) -> Found {
        let router = Resource::new("router", ClassicLoadBalancer::default());
        deepen(&tape.aws(), vec![router]).await
    }

    #[tokio::test]
    async fn listeners_instances_and_tags_are_kept_and_what_is_broken_is_a_gap() {
        let tape = Tape::default().answer(200, LIST).answer(200, TAGGED);
        let found = list(&tape.aws()).await;
        let listener = &first(&found).listeners[0];
        assert_eq!((listener.port, listener.instance_port), (443, 8443));
        assert_eq!(listener.certificate.as_deref(), Some("12-ab"));
        assert_eq!(listener.policies, ["tls"]);
        assert_eq!(first(&found).instances, ["i-1"]);
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert_eq!(found.gaps[0].message, "the answer has no Scheme");
    }

    #[tokio::test]
    async fn tags_that_come_for_others_only_are_a_gap() {
        let others = TAGGED.replace("router", "other");
        let tape = Tape::default().answer(200, LIST).answer(200, others);
        let found = list(&tape.aws()).await;
        let gap = found.gaps.last().unwrap();
        assert_eq!(gap.call, "elb:DescribeTags");
        assert_eq!(gap.resource, Some(found.resources[0].id.clone()));
    }

    #[tokio::test]
    async fn health_and_the_log_bucket_are_read_of_the_racks_own() {
        let log = "<Enabled>true</Enabled><S3BucketName>logs</S3BucketName>";
        let tape = Tape::default()
            .answer(200, HEALTH)
            .answer(200, attributes(log));
        let found = deepened(&tape).await;
        let health = first(&found).health.known().unwrap();
        assert_eq!(health[0].state, "OutOfService");
        let logs = Fact::Known(Some("logs".to_owned()));
        assert_eq!(first(&found).access_log_bucket, logs);
    }

    #[tokio::test]
    async fn a_bucket_that_gets_no_logs_is_none() {
        let log = "<Enabled>false</Enabled><S3BucketName>logs</S3BucketName>";
        let tape = Tape::default()
            .answer(200, HEALTH)
            .answer(200, attributes(log));
        let found = deepened(&tape).await;
        assert_eq!(first(&found).access_log_bucket, Fact::Known(None));
    }

    #[tokio::test]
    async fn one_refusal_leaves_the_other_answer() {
        let tape = Tape::default()
            .answer(403, DENIED)
            .answer(200, attributes("<Enabled>false</Enabled>"));
        let found = deepened(&tape).await;
        assert_eq!(first(&found).health, Fact::Unread);
        assert_eq!(first(&found).access_log_bucket, Fact::Known(None));
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    /// One that ends TLS at one port, and not at another.
    async fn with_policies(status: u16, policies: &str) -> (Vec<Fact<Option<TlsPolicy>>>, usize) {
        let listener = |protocol: &str| ClassicListener {
            protocol: protocol.to_owned(),
            policies: vec!["sticky".to_owned(), "mine".to_owned()],
            ..ClassicListener::default()
        };
        let balancer = ClassicLoadBalancer {
            listeners: vec![listener("HTTP"), listener("HTTPS")],
            ..ClassicLoadBalancer::default()
        };
        let tape = Tape::default()
            .answer(200, HEALTH)
            .answer(200, attributes("<Enabled>false</Enabled>"))
            .answer(status, policies);
        let found = deepen(&tape.aws(), vec![Resource::new("router", balancer)]).await;
        let listeners = first(&found).listeners.iter();
        (
            listeners.map(|it| it.tls.clone()).collect(),
            found.gaps.len(),
        )
    }

    #[tokio::test]
    async fn what_one_takes_that_ends_tls_is_told_by_its_policy() {
        let attribute = |name: &str, value: &str| {
            format!(
                "<member><AttributeName>{name}</AttributeName>
                 <AttributeValue>{value}</AttributeValue></member>"
            )
        };
        let all = [
            attribute("Reference-Security-Policy", "ELBSecurityPolicy-2016-08"),
            attribute("Protocol-TLSv1.2", "true"),
            attribute("Protocol-TLSv1", "true"),
            attribute("Protocol-SSLv3", "false"),
            attribute("ECDHE-RSA-AES128-SHA", "true"),
        ]
        .concat();
        let policies = format!(
            "<DescribeLoadBalancerPoliciesResponse><DescribeLoadBalancerPoliciesResult>
             <PolicyDescriptions>
             <member><PolicyName>sticky</PolicyName>
               <PolicyTypeName>LBCookieStickinessPolicyType</PolicyTypeName></member>
             <member><PolicyName>mine</PolicyName><PolicyTypeName>{FOR_TLS}</PolicyTypeName>
               <PolicyAttributeDescriptions>{all}</PolicyAttributeDescriptions></member>
             </PolicyDescriptions></DescribeLoadBalancerPoliciesResult>
             </DescribeLoadBalancerPoliciesResponse>"
        );
        let (tls, gaps) = with_policies(200, &policies).await;
        let mine = TlsPolicy {
            name: "mine".to_owned(),
            made_of: Some("ELBSecurityPolicy-2016-08".to_owned()),
            versions: vec!["TLSv1".to_owned(), "TLSv1.2".to_owned()],
        };
        assert_eq!(tls, [Fact::Known(None), Fact::Known(Some(mine))]);
        assert_eq!(gaps, 0);
        let (tls, gaps) = with_policies(403, DENIED).await;
        assert_eq!(tls, [Fact::Known(None), Fact::Unread]);
        assert_eq!(gaps, 1);
    }
}
