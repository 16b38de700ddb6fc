//! Target groups that no load balancer sends to and nothing registers with.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{Kind, service::Service, target_group::TargetGroup},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "tg-orphan",
    words: include_str!("../../rules/tg-orphan.toml"),
    needs: &[Kind::TargetGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, group)| judge(case, words, resource, group);
    case.ours::<TargetGroup>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, group: &TargetGroup) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(balancer) = group.load_balancers.first() {
        return verdict(
            Status::Pass,
            format!("load balancer {balancer} sends to it"),
        );
    }
    let users = case.graph.users(id).into_iter();
    // A stack that made it does not make it useful, and an alarm only looks at it.
    let mut users = users.filter(|(it, _)| !matches!(it.id.kind, Kind::Stack | Kind::Alarm));
    if let Some((user, _)) = users.next() {
        return verdict(Status::Pass, format!("{} uses it", user.id));
    }
    for kind in [Kind::Service, Kind::AutoScalingGroup] {
        if let Some(gap) = case.gap_in_listing(kind) {
            let why = format!(
                "no load balancer sends to it, but not every {} was read",
                kind.name()
            );
            return verdict(Status::Unknown, why).gap(Some(gap));
        }
    }
    // CodeDeploy alone knows the group that waits for the next deployment.
    let mut deployed = case
        .ours::<Service>()
        .filter(|(_, it)| it.is_active() && it.controller.as_deref() == Some("CODE_DEPLOY"));
    if let Some((service, _)) = deployed.next() {
        let why = format!(
            "no load balancer sends to it, but CodeDeploy, which deploys {}, may keep it in reserve",
            service.id
        );
        return verdict(Status::Unknown, why);
    }
    let evidence = Evidence::new(id, "LoadBalancerArns", "none");
    let why =
        "no load balancer sends to it, and no service or Auto Scaling group registers with it";
    verdict(Status::Fail, why.to_owned()).evidence([evidence])
}
