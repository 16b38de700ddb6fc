//! Amazon Resource Names and CloudFormation's physical ids, turned into our ids.

use crate::{
    id::ResourceId,
    kind::{Kind, event_rule, parameter, scalable_target, schedule, secret},
};

pub mod pattern;

/// The parts of `arn:partition:service:region:account:resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// What follows the fifth colon, colons and slashes included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` when the text is no ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// What follows the first slash or colon of the resource part.
    pub fn rest(&self) -> &'a str {
        self.resource
            .split_once(['/', ':'])
            .map_or(self.resource, |it| it.1)
    }
}

/// The resource that an ARN names, where its kind is one of ours.
///
/// ECS ARNs from before 2019 (`service/web`) do not tell the cluster, a secret's may or may not end
/// in six characters that are none of its name, and a parameter's may have lost the slash before its
/// name. They become a key of their own, the ARN itself, by which [`crate::graph::Graph::get`] still
/// finds the resource.
pub fn resource(text: &str) -> Option<ResourceId> {
    let arn = Arn::parse(text)?;
    let (head, _) = arn
        .resource
        .split_once(['/', ':'])
        .unwrap_or((arn.resource, ""));
    let rest = arn.rest();
    let last = rest.rsplit('/').next().unwrap_or(rest);
    let parts: Vec<&str> = rest.split('/').collect();
    let id = |kind, key: &str| Some(ResourceId::new(kind, key));
    match (arn.service, head) {
        ("cloudformation", "stack") => id(Kind::Stack, parts.first()?),
        ("ecs", "cluster") => id(Kind::Cluster, rest),
        ("ecs", "task-definition") => id(Kind::TaskDefinition, rest),
        ("ecs", "service") if parts.len() == 1 => id(Kind::Service, text),
        ("ecs", "task") if parts.len() == 1 => id(Kind::Task, text),
        ("ecs", "container-instance") if parts.len() == 1 => id(Kind::ContainerInstance, text),
        ("ecs", "service") => id(Kind::Service, rest),
        ("ecs", "task") => id(Kind::Task, rest),
        ("ecs", "container-instance") => id(Kind::ContainerInstance, rest),
        ("ecs", "capacity-provider") => id(Kind::CapacityProvider, rest),
        ("elasticloadbalancing", "loadbalancer") => match parts[..] {
            [_, name, _] => id(Kind::LoadBalancer, name),
            [name] => id(Kind::ClassicLoadBalancer, name),
            _ => None,
        },
        ("elasticloadbalancing", "listener") => match parts[..] {
            [_, name, _, listener] => id(Kind::Listener, &format!("{name}/{listener}")),
            _ => None,
        },
        ("elasticloadbalancing", "listener-rule") => match parts[..] {
            [_, name, _, listener, rule] => {
                id(Kind::ListenerRule, &format!("{name}/{listener}/{rule}"))
            }
            _ => None,
        },
        ("elasticloadbalancing", "targetgroup") => id(Kind::TargetGroup, parts.first()?),
        // Its ARN does not tell what it scales.
        ("application-autoscaling", "scalable-target") => id(Kind::ScalableTarget, text),
        ("autoscaling", "autoScalingGroup") => id(Kind::AutoScalingGroup, last),
        ("autoscaling", "launchConfiguration") => id(Kind::LaunchConfiguration, last),
        ("ec2", "launch-template") => id(Kind::LaunchTemplate, rest),
        ("ec2", "instance") => id(Kind::Instance, rest),
        ("ec2", "volume") => id(Kind::Volume, rest),
        ("ec2", "snapshot") => id(Kind::EbsSnapshot, rest),
        ("ec2", "vpc") => id(Kind::Vpc, rest),
        ("ec2", "subnet") => id(Kind::Subnet, rest),
        ("ec2", "route-table") => id(Kind::RouteTable, rest),
        ("ec2", "internet-gateway") => id(Kind::InternetGateway, rest),
        ("ec2", "natgateway") => id(Kind::NatGateway, rest),
        ("ec2", "elastic-ip") => id(Kind::ElasticIp, rest),
        ("ec2", "network-interface") => id(Kind::NetworkInterface, rest),
        ("ec2", "security-group") => id(Kind::SecurityGroup, rest),
        ("ec2", "network-acl") => id(Kind::NetworkAcl, rest),
        ("ec2", "vpc-endpoint") => id(Kind::VpcEndpoint, rest),
        ("route53", "hostedzone") => id(Kind::HostedZone, rest),
        ("acm", "certificate") => id(Kind::Certificate, rest),
        ("servicediscovery", "namespace") => id(Kind::Namespace, rest),
        ("servicediscovery", "service") => id(Kind::DiscoveryService, rest),
        ("s3", bucket) => id(Kind::Bucket, bucket),
        ("elasticfilesystem", "file-system") => id(Kind::FileSystem, rest),
        ("dynamodb", "table") => id(Kind::Table, parts.first()?),
        ("rds", "db") => id(Kind::DbInstance, rest),
        ("rds", "cluster") => id(Kind::DbCluster, rest),
        ("rds", "subgrp") => id(Kind::DbSubnetGroup, rest),
        ("elasticache", "cluster") => id(Kind::CacheCluster, rest),
        ("elasticache", "replicationgroup") => id(Kind::ReplicationGroup, rest),
        ("ecr", "repository") => id(Kind::Repository, rest),
        ("sqs", queue) => id(Kind::Queue, queue),
        ("sns", topic) => id(Kind::Topic, topic),
        ("lambda", "function") => id(Kind::Function, rest.split(':').next()?),
        ("events", "rule") => id(Kind::EventRule, rest),
        ("scheduler", "schedule") => match parts[..] {
            [group, name] => id(Kind::Schedule, &schedule::key(group, name)),
            _ => None,
        },
        ("iam", "role") => id(Kind::Role, last),
        ("iam", "instance-profile") => id(Kind::InstanceProfile, last),
        ("iam", "policy") => id(Kind::Policy, text),
        ("kms", "key") => id(Kind::Key, rest),
        ("kms", "alias") => id(Kind::KeyAlias, arn.resource),
        // The name may be whole or lack what AWS puts behind it, and a field of it may follow.
        ("secretsmanager", "secret") => id(Kind::Secret, until_colon(text, rest)),
        // One without a path has the same ARN whether its name begins with a slash or not.
        ("ssm", "parameter") if parts.len() == 1 => id(Kind::Parameter, until_colon(text, rest)),
        ("ssm", "parameter") => parameter::named(&format!("/{rest}")),
        ("logs", "log-group") => id(Kind::LogGroup, rest.trim_end_matches(":*")),
        ("cloudwatch", "alarm") => id(Kind::Alarm, rest),
        _ => None,
    }
}

/// An ARN without the first colon in its last part, and what follows it.
fn until_colon<'a>(arn: &'a str, last_part: &str) -> &'a str {
    let more = last_part.find(':').map_or(0, |it| last_part.len() - it);
    &arn[..arn.len() - more]
}

/// The same, where it is in the account and the region of the thing whose ARN is `own`.
pub fn beside(text: &str, own: &str) -> Option<ResourceId> {
    let it = Arn::parse(text)?;
    let own = Arn::parse(own)?;
    if (it.account, it.region) != (own.account, own.region) {
        return None;
    }
    resource(text)
}

/// CloudFormation's types that are of a kind of ours beside the one that the kind itself names.
const FURTHER_TYPES: &[(&str, Kind)] = &[
    // RDS keeps what these two services make, and tells of it as of its own.
    ("AWS::DocDB::DBCluster", Kind::DbCluster),
    ("AWS::DocDB::DBInstance", Kind::DbInstance),
    ("AWS::DocDB::DBSubnetGroup", Kind::DbSubnetGroup),
    ("AWS::Neptune::DBCluster", Kind::DbCluster),
    ("AWS::Neptune::DBInstance", Kind::DbInstance),
    ("AWS::Neptune::DBSubnetGroup", Kind::DbSubnetGroup),
    ("AWS::ServiceDiscovery::HttpNamespace", Kind::Namespace),
    ("AWS::ServiceDiscovery::PublicDnsNamespace", Kind::Namespace),
];

fn kind_of(cloudformation: &str) -> Option<Kind> {
    let kinds = Kind::ALL.iter().map(|it| (it.cloudformation(), *it));
    let mut all = kinds.chain(FURTHER_TYPES.iter().copied());
    all.find(|it| it.0 == cloudformation).map(|it| it.1)
}

/// The resource that a stack names, from CloudFormation's type and physical id.
///
/// `None` for types that racklens does not know and for a physical id that is not there yet.
pub fn stack_resource(cloudformation: &str, physical: &str) -> Option<ResourceId> {
    if physical.is_empty() {
        return None;
    }
    let kind = kind_of(cloudformation);
    if physical.starts_with("arn:") {
        let id = resource(physical)?;
        // What is attached to a thing, as a rotation to a secret, often bears that thing's ARN.
        // Only of a custom type does nobody know which it makes.
        let is_made = kind == Some(id.kind) || is_custom(cloudformation);
        return is_made.then(|| named_whole(id));
    }
    let kind = kind?;
    Some(ResourceId::new(kind, key(kind, physical)))
}

/// Our key for what CloudFormation calls by that physical id; most kinds' is the id itself.
fn key(kind: Kind, physical: &str) -> String {
    let parts: Vec<&str> = physical.split('|').collect();
    match (kind, &parts[..]) {
        // A URL.
        (Kind::Queue, _) => physical.rsplit('/').next().unwrap_or(physical).to_owned(),
        // `service/prod/web|ecs:service:DesiredCount|ecs`
        (Kind::ScalableTarget, [resource, dimension, namespace]) => {
            scalable_target::key(namespace, resource, dimension)
        }
        // `orders|paid`
        (Kind::EventRule, [bus, name]) => event_rule::key(bus, name),
        // A template may write such a name in any case; the service keeps it in lower case.
        (
            Kind::DbInstance
            | Kind::DbCluster
            | Kind::DbSubnetGroup
            | Kind::CacheCluster
            | Kind::ReplicationGroup,
            _,
        ) => physical.to_lowercase(),
        _ => physical.to_owned(),
    }
}

fn is_custom(cloudformation: &str) -> bool {
    !cloudformation.starts_with("AWS::") || cloudformation == "AWS::CloudFormation::CustomResource"
}

/// The same id by its name, where its key is an ARN that is known to be whole.
fn named_whole(id: ResourceId) -> ResourceId {
    if id.kind == Kind::Secret
        && let Some(name) = secret::partial(&id.key).and_then(Arn::parse)
    {
        return ResourceId::new(Kind::Secret, name.rest());
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> String {
        resource(text).map_or_else(|| "none".to_owned(), |it| it.to_string())
    }

    #[test]
    fn every_shape_of_arn_finds_its_kind() {
        let tail = "us-east-1:123456789012";
        for (arn, id) in [
            ("ecs:T:service/prod/web", "service/prod/web"),
            (
                "ecs:T:service/web",
                "service/arn:aws:ecs:us-east-1:123456789012:service/web",
            ),
            ("ecs:T:task-definition/web:3", "task-definition/web:3"),
            ("ecs:T:capacity-provider/prod", "capacity-provider/prod"),
            ("ec2:T:launch-template/lt-1", "launch-template/lt-1"),
            ("ec2:T:vpc-endpoint/vpce-1", "vpc-endpoint/vpce-1"),
            (
                "elasticloadbalancing:T:loadbalancer/app/r/42",
                "load-balancer/r",
            ),
            (
                "elasticloadbalancing:T:loadbalancer/r",
                "classic-load-balancer/r",
            ),
            (
                "elasticloadbalancing:T:listener/app/r/42/75",
                "listener/r/75",
            ),
            (
                "elasticloadbalancing:T:listener-rule/app/r/42/75/b5",
                "listener-rule/r/75/b5",
            ),
            (
                "elasticloadbalancing:T:targetgroup/tg/38",
                "target-group/tg",
            ),
            (
                "autoscaling:T:autoScalingGroup:u:autoScalingGroupName/g",
                "auto-scaling-group/g",
            ),
            (
                "application-autoscaling:T:scalable-target/42",
                "scalable-target/arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/42",
            ),
            ("sqs:T:jobs", "queue/jobs"),
            ("lambda:T:function:f:3", "function/f"),
            ("events:T:rule/nightly", "event-rule/nightly"),
            ("events:T:rule/orders/paid", "event-rule/orders/paid"),
            ("iam:T:role/a/b/r", "role/r"),
            ("kms:T:alias/a/b", "key-alias/alias/a/b"),
            ("logs:T:log-group:/ecs/web:*", "log-group//ecs/web"),
            (
                "secretsmanager:T:secret:prod/db-a1B2c3:password::",
                "secret/arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-a1B2c3",
            ),
            ("servicediscovery:T:namespace/ns-1", "namespace/ns-1"),
            (
                "servicediscovery:T:service/srv-1",
                "discovery-service/srv-1",
            ),
            ("ssm:T:parameter/prod/db:3", "parameter//prod/db"),
            (
                "ssm:T:parameter/token:3",
                "parameter/arn:aws:ssm:us-east-1:123456789012:parameter/token",
            ),
            (
                "ssm:T:parameter/aws/reference/secretsmanager/db",
                "secret/db",
            ),
            ("ssm:T:parameter/aws/service/ami", "none"),
            ("rds:T:db:prod", "db-instance/prod"),
            ("rds:T:cluster:prod", "db-cluster/prod"),
            ("rds:T:subgrp:prod", "db-subnet-group/prod"),
            ("rds:T:snapshot:rds:prod-2018-04-29", "none"),
            ("elasticache:T:cluster:prod-001", "cache-cluster/prod-001"),
            (
                "elasticache:T:replicationgroup:prod",
                "replication-group/prod",
            ),
            ("cloudwatch:T:alarm:a/b: c", "alarm/a/b: c"),
            ("ecr:T:repository/team/web", "repository/team/web"),
            ("quantum:T:thing/1", "none"),
        ] {
            assert_eq!(
                named(&format!("arn:aws:{}", arn.replace('T', tail))),
                id,
                "{arn}"
            );
        }
        assert_eq!(named("arn:aws:s3:::logs"), "bucket/logs");
        assert_eq!(named("not an arn"), "none");
    }

    #[test]
    fn a_namesake_in_another_account_or_region_is_not_beside() {
        let own = "arn:aws:sns:us-east-1:123456789012:alarms";
        for (tail, there) in [
            ("us-east-1:123456789012", true),
            ("us-east-1:210987654321", false),
            ("eu-west-1:123456789012", false),
        ] {
            let queue = format!("arn:aws:sqs:{tail}:jobs");
            assert_eq!(beside(&queue, own).is_some(), there, "{tail}");
        }
    }

    #[test]
    fn a_stack_may_name_things_by_id_by_arn_and_by_url() {
        for (kind, physical, id) in [
            ("AWS::EC2::VPC", "vpc-1", "vpc/vpc-1"),
            (
                "AWS::SQS::Queue",
                "https://sqs.us-east-1.amazonaws.com/1/q",
                "queue/q",
            ),
            ("AWS::SNS::Topic", "arn:aws:sns:us-east-1:1:t", "topic/t"),
            (
                "AWS::SecretsManager::Secret",
                "arn:aws:secretsmanager:us-east-1:1:secret:prod/db-a1B2c3",
                "secret/prod/db",
            ),
            (
                "AWS::ServiceDiscovery::PublicDnsNamespace",
                "ns-1",
                "namespace/ns-1",
            ),
            ("Custom::KMSKey", "arn:aws:kms:us-east-1:1:key/k", "key/k"),
            ("AWS::RDS::DBInstance", "Prod", "db-instance/prod"),
            ("AWS::DocDB::DBCluster", "docs", "db-cluster/docs"),
            (
                "AWS::ElastiCache::ReplicationGroup",
                "Prod",
                "replication-group/prod",
            ),
            (
                "AWS::Neptune::DBSubnetGroup",
                "graph",
                "db-subnet-group/graph",
            ),
            ("AWS::CloudWatch::Alarm", "prod|high", "alarm/prod|high"),
            ("AWS::Events::Rule", "nightly", "event-rule/nightly"),
            ("AWS::Events::Rule", "orders|paid", "event-rule/orders/paid"),
            (
                "AWS::ApplicationAutoScaling::ScalableTarget",
                "service/prod/web|ecs:service:DesiredCount|ecs",
                "scalable-target/ecs/service/prod/web/ecs:service:DesiredCount",
            ),
        ] {
            assert_eq!(stack_resource(kind, physical).unwrap().to_string(), id);
        }
        assert_eq!(stack_resource("Custom::Thing", "x"), None);
        assert_eq!(stack_resource("AWS::EC2::VPC", ""), None);
    }

    #[test]
    fn a_stack_did_not_make_the_thing_that_it_attaches_something_to() {
        for (kind, physical) in [
            (
                "AWS::SecretsManager::RotationSchedule",
                "arn:aws:secretsmanager:us-east-1:1:secret:prod/db-a1B2c3",
            ),
            ("AWS::SNS::Subscription", "arn:aws:sns:us-east-1:1:t:0000"),
            (
                "AWS::Lambda::Version",
                "arn:aws:lambda:us-east-1:1:function:f:3",
            ),
        ] {
            assert_eq!(stack_resource(kind, physical), None, "{kind}");
        }
    }
}
