//! ARNs the other way round: from our id to what IAM's policies call the resource.

use crate::{
    id::ResourceId,
    kind::{Kind, schedule},
};

/// Where a resource is, as an ARN says it. `*` for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home<'a> {
    pub partition: &'a str,
    pub region: &'a str,
    /// Twelve digits.
    pub account: &'a str,
}

impl Home<'_> {
    /// An ARN from what stands behind the partition, where `{r}` is the region and `{a}` the
    /// account.
    pub fn arn(&self, rest: &str) -> String {
        let rest = rest.replacen("{r}", self.region, 1);
        let rest = rest.replacen("{a}", self.account, 1);
        format!("arn:{}:{rest}", self.partition)
    }
}

/// The partition of AWS that a region lies in.
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// A name as a policy writes it where it means no pattern: some services let a name have a star in
/// it.
pub fn literal(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for it in name.chars() {
        match it {
            '*' | '?' | '$' => text.extend(['$', '{', it, '}']),
            _ => text.push(it),
        }
    }
    text
}

/// The ARNs by which a policy means that resource and no other of its kind, with a star for each
/// part of which the key does not tell. Empty for a kind that has no ARN, or one that its key tells
/// nothing of.
pub fn of(id: &ResourceId, home: &Home<'_>) -> Vec<String> {
    let key = literal(&id.key);
    if id.key.starts_with("arn:") {
        return vec![key];
    }
    let key = key.as_str();
    let one =
        |service: &str, tail: String| vec![home.arn(&format!("{service}:{{r}}:{{a}}:")) + &tail];
    let typed = |service: &str, of: &str| one(service, format!("{of}/{key}"));
    let colon = |service: &str, of: &str| one(service, format!("{of}:{key}"));
    // With a path before the name, or without.
    let global = |of: &str| {
        let head = home.arn(&format!("iam::{{a}}:{of}/"));
        vec![format!("{head}{key}"), format!("{head}*/{key}")]
    };
    let parts: Vec<&str> = key.split('/').collect();
    match id.kind {
        Kind::Stack => one("cloudformation", format!("stack/{key}/*")),
        Kind::Cluster => typed("ecs", "cluster"),
        Kind::Service => typed("ecs", "service"),
        Kind::Task => typed("ecs", "task"),
        Kind::TaskDefinition => typed("ecs", "task-definition"),
        Kind::ContainerInstance => typed("ecs", "container-instance"),
        Kind::CapacityProvider => typed("ecs", "capacity-provider"),
        Kind::LoadBalancer => one("elasticloadbalancing", format!("loadbalancer/*/{key}/*")),
        Kind::ClassicLoadBalancer => typed("elasticloadbalancing", "loadbalancer"),
        Kind::Listener => match parts[..] {
            [name, listener] => one(
                "elasticloadbalancing",
                format!("listener/*/{name}/*/{listener}"),
            ),
            _ => Vec::new(),
        },
        Kind::ListenerRule => match parts[..] {
            [name, listener, rule] => one(
                "elasticloadbalancing",
                format!("listener-rule/*/{name}/*/{listener}/{rule}"),
            ),
            _ => Vec::new(),
        },
        Kind::TargetGroup => one("elasticloadbalancing", format!("targetgroup/{key}/*")),
        Kind::AutoScalingGroup => one(
            "autoscaling",
            format!("autoScalingGroup:*:autoScalingGroupName/{key}"),
        ),
        Kind::LaunchConfiguration => one(
            "autoscaling",
            format!("launchConfiguration:*:launchConfigurationName/{key}"),
        ),
        Kind::LaunchTemplate => typed("ec2", "launch-template"),
        Kind::Instance => typed("ec2", "instance"),
        Kind::Volume => typed("ec2", "volume"),
        Kind::EbsSnapshot => vec![home.arn("ec2:{r}::snapshot/") + key],
        Kind::KeyPair => typed("ec2", "key-pair"),
        Kind::Vpc => typed("ec2", "vpc"),
        Kind::Subnet => typed("ec2", "subnet"),
        Kind::RouteTable => typed("ec2", "route-table"),
        Kind::InternetGateway => typed("ec2", "internet-gateway"),
        Kind::NatGateway => typed("ec2", "natgateway"),
        Kind::ElasticIp => typed("ec2", "elastic-ip"),
        Kind::NetworkInterface => typed("ec2", "network-interface"),
        Kind::SecurityGroup => typed("ec2", "security-group"),
        Kind::NetworkAcl => typed("ec2", "network-acl"),
        Kind::VpcEndpoint => typed("ec2", "vpc-endpoint"),
        Kind::HostedZone => vec![home.arn("route53:::hostedzone/") + key],
        Kind::Certificate => typed("acm", "certificate"),
        Kind::Namespace => typed("servicediscovery", "namespace"),
        Kind::DiscoveryService => typed("servicediscovery", "service"),
        Kind::Bucket => vec![home.arn("s3:::") + key],
        Kind::FileSystem => typed("elasticfilesystem", "file-system"),
        Kind::Table => typed("dynamodb", "table"),
        Kind::DbInstance => colon("rds", "db"),
        Kind::DbCluster => colon("rds", "cluster"),
        Kind::DbSubnetGroup => colon("rds", "subgrp"),
        Kind::ReplicationGroup => colon("elasticache", "replicationgroup"),
        Kind::CacheCluster => colon("elasticache", "cluster"),
        Kind::Repository => typed("ecr", "repository"),
        Kind::Queue => one("sqs", key.to_owned()),
        Kind::Topic => one("sns", key.to_owned()),
        Kind::Function => colon("lambda", "function"),
        Kind::EventRule => typed("events", "rule"),
        Kind::Schedule => {
            let (group, name) = schedule::names(key);
            one("scheduler", format!("schedule/{group}/{name}"))
        }
        Kind::Role => global("role"),
        Kind::InstanceProfile => global("instance-profile"),
        Kind::Key => typed("kms", "key"),
        Kind::KeyAlias => one("kms", key.to_owned()),
        // AWS puts a hyphen and six characters behind the name.
        Kind::Secret => one("secretsmanager", format!("secret:{key}-??????")),
        Kind::Parameter => one(
            "ssm",
            format!("parameter/{}", key.strip_prefix('/').unwrap_or(key)),
        ),
        // CloudWatch Logs asks about the group for some calls and about its streams for others.
        Kind::LogGroup => {
            let arn = home.arn("logs:{r}:{a}:log-group:") + key;
            vec![format!("{arn}:*"), arn]
        }
        Kind::Alarm => colon("cloudwatch", "alarm"),
        // A mount target has no ARN, a scalable target one with a number in it, a policy's key is
        // its ARN.
        Kind::MountTarget | Kind::ScalableTarget | Kind::Policy => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Home<'_> = Home {
        partition: "aws",
        region: "us-east-1",
        account: "123456789012",
    };

    fn told(id: &str) -> Vec<String> {
        of(&id.parse().unwrap(), &HOME)
    }

    #[test]
    fn an_arn_leads_back_to_the_id_that_it_was_made_from() {
        const KEYS: &[(Kind, &str)] = &[
            (Kind::Service, "a/b"),
            (Kind::Task, "a/b"),
            (Kind::ContainerInstance, "a/b"),
            (Kind::Listener, "a/b"),
            (Kind::ListenerRule, "a/b/c"),
            (Kind::TaskDefinition, "a:1"),
            (Kind::KeyAlias, "alias/a"),
            (Kind::Parameter, "/a/b"),
        ];
        for kind in Kind::ALL {
            let key = KEYS.iter().find(|it| it.0 == *kind);
            let key = key.map_or("a", |it| it.1);
            let id = ResourceId::new(*kind, key);
            for arn in of(&id, &HOME) {
                let arn = arn.replace("??????", "AbCdEf").replace("*", "x");
                let Some(back) = super::super::resource(&arn) else {
                    // Racklens reads of these from no ARN.
                    assert!(matches!(kind, Kind::KeyPair), "{arn}");
                    continue;
                };
                assert_eq!(back.kind, *kind, "{arn}");
                // A secret's may or may not end in six characters that are none of its name.
                let whole = back.key == id.key || *kind == Kind::Secret;
                assert!(whole || back.key.ends_with(":x"), "{arn} {back}");
            }
        }
    }

    #[test]
    fn a_star_in_a_name_is_a_star_and_no_pattern() {
        assert_eq!(
            told("alarm/*"),
            ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:${*}"]
        );
        assert_eq!(literal("a?${aws:username}"), "a${?}${$}{aws:username}");
    }

    #[test]
    fn a_role_may_have_a_path_and_a_region_its_partition() {
        assert_eq!(
            told("role/web"),
            [
                "arn:aws:iam::123456789012:role/web",
                "arn:aws:iam::123456789012:role/*/web",
            ]
        );
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
        assert_eq!(partition("eu-west-1"), "aws");
    }
}
