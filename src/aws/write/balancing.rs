//! Takes load balancers and their parts away.

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;

use super::{absent, asked, done, misfit};
use crate::{
    aws::{Aws, look::balancer_arn, refusal::Refusal},
    id::ResourceId,
    kind::Kind,
};

const NO_BALANCER: &[&str] = &["LoadBalancerNotFound"];

pub(super) async fn delete(aws: &Aws, on: &ResourceId) -> Result<(), Refusal> {
    if on.kind == Kind::ClassicLoadBalancer {
        let request = aws.elb.delete_load_balancer();
        let answer = request.load_balancer_name(&on.key).send().await;
        return done(answer, NO_BALANCER);
    }
    if on.kind != Kind::LoadBalancer {
        return Err(misfit(on));
    }
    let arn = arn(aws, &on.key, Kind::LoadBalancer).await?;
    let request = aws.elbv2.delete_load_balancer().load_balancer_arn(arn);
    done(request.send().await, NO_BALANCER)
}

pub(super) async fn delete_listener(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let arn = arn(aws, key, Kind::Listener).await?;
    let answer = aws.elbv2.delete_listener().listener_arn(arn).send().await;
    done(answer, &["ListenerNotFound"])
}

pub(super) async fn delete_rule(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let arn = arn(aws, key, Kind::ListenerRule).await?;
    let answer = aws.elbv2.delete_rule().rule_arn(arn).send().await;
    done(answer, &["RuleNotFound"])
}

pub(super) async fn delete_target_group(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let gone = &["TargetGroupNotFound"];
    let request = aws.elbv2.describe_target_groups().names(name);
    let groups = asked(request.send().await, gone)?.target_groups;
    let group = groups.unwrap_or_default().into_iter().next();
    let arn = group.and_then(|it| it.target_group_arn);
    let arn = arn.ok_or_else(|| absent(Kind::TargetGroup))?;
    let request = aws.elbv2.delete_target_group().target_group_arn(arn);
    done(request.send().await, gone)
}

pub(super) async fn protect(aws: &Aws, key: &str, on: bool) -> Result<(), Refusal> {
    let arn = arn(aws, key, Kind::LoadBalancer).await?;
    let attribute = LoadBalancerAttribute::builder();
    let attribute = attribute.key("deletion_protection.enabled");
    let attribute = attribute.value(on.to_string()).build();
    let request = aws.elbv2.modify_load_balancer_attributes();
    let request = request.load_balancer_arn(arn).attributes(attribute);
    done(request.send().await, NO_BALANCER)
}

async fn arn(aws: &Aws, key: &str, kind: Kind) -> Result<String, Refusal> {
    balancer_arn(aws, key).await?.ok_or_else(|| absent(kind))
}
