//! Looks at load balancers and their parts, and at the interfaces that they leave for a while.

use super::{Look, Seen, There, network, told};
use crate::{
    aws::{Aws, refusal::Refusal, shape},
    text,
};

const NO_BALANCER: &str = "LoadBalancerNotFound";

pub(super) async fn load_balancer(aws: &Aws, name: &str) -> Look {
    let request = aws.elbv2.describe_load_balancers().names(name);
    let told = told(request.send().await, &[NO_BALANCER])?;
    let Some(it) = told.and_then(|it| it.load_balancers?.into_iter().next()) else {
        // Its name is free at once; its interfaces hold subnets and groups for minutes more.
        return lingering(
            aws,
            &["app", "net", "gwy"].map(|it| format!("ELB {it}/{name}/*")),
        )
        .await;
    };
    let state = it.state.and_then(|it| it.code);
    Ok(There::made(shape::time(it.created_time))
        .arn(it.load_balancer_arn)
        .state(state.map(|it| it.as_str().to_owned()))
        .into())
}

pub(super) async fn classic(aws: &Aws, name: &str) -> Look {
    let request = aws.elb.describe_load_balancers().load_balancer_names(name);
    let told = told(request.send().await, &[NO_BALANCER])?;
    let found = told.and_then(|it| it.load_balancer_descriptions?.into_iter().next());
    match found {
        Some(it) => Ok(There::made(shape::time(it.created_time)).into()),
        None => lingering(aws, &[format!("ELB {name}")]).await,
    }
}

async fn lingering(aws: &Aws, descriptions: &[String]) -> Look {
    for description in descriptions {
        let left = network::described(aws, description).await?;
        if let Some(one) = left.first() {
            let left = text::count(left.len(), "interface");
            return Ok(Seen::Going(format!(
                "the load balancer is deleted; AWS has yet to take away {left} of it ({one})"
            )));
        }
    }
    Ok(Seen::Gone)
}

/// The ARN of a load balancer, a listener or a rule by its key; `None` where there is no such
/// load balancer.
///
/// # Errors
/// When AWS does not tell.
pub async fn arn(aws: &Aws, key: &str) -> Result<Option<String>, Refusal> {
    let (name, part) = match key.split_once('/') {
        Some((name, part)) => (name, Some(part)),
        None => (key, None),
    };
    let request = aws.elbv2.describe_load_balancers().names(name);
    let told = told(request.send().await, &[NO_BALANCER])?;
    let balancer = told.and_then(|it| it.load_balancers?.into_iter().next());
    let Some(arn) = balancer.and_then(|it| it.load_balancer_arn) else {
        return Ok(None);
    };
    Ok(Some(match part {
        None => arn,
        // The ARNs of what is inside are made of its own.
        Some(it) if it.contains('/') => {
            format!(
                "{}/{it}",
                arn.replacen(":loadbalancer/", ":listener-rule/", 1)
            )
        }
        Some(it) => format!("{}/{it}", arn.replacen(":loadbalancer/", ":listener/", 1)),
    }))
}

pub(super) async fn listener(aws: &Aws, key: &str) -> Look {
    let Some(arn) = arn(aws, key).await? else {
        return Ok(Seen::Gone);
    };
    let request = aws.elbv2.describe_listeners().listener_arns(&arn);
    let told = told(request.send().await, &["ListenerNotFound"])?;
    let found = told.and_then(|it| it.listeners?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |it| {
        There::default().arn(it.listener_arn).into()
    }))
}

pub(super) async fn rule(aws: &Aws, key: &str) -> Look {
    let Some(arn) = arn(aws, key).await? else {
        return Ok(Seen::Gone);
    };
    let request = aws.elbv2.describe_rules().rule_arns(&arn);
    let told = told(request.send().await, &["RuleNotFound", "ListenerNotFound"])?;
    let found = told.and_then(|it| it.rules?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |it| There::default().arn(it.rule_arn).into()))
}

pub(super) async fn target_group(aws: &Aws, name: &str) -> Look {
    let request = aws.elbv2.describe_target_groups().names(name);
    let told = told(request.send().await, &["TargetGroupNotFound"])?;
    let found = told.and_then(|it| it.target_groups?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |it| {
        There::default().arn(it.target_group_arn).into()
    }))
}
