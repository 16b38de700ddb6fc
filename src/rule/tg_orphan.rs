//! Target groups that no load balancer sends to and nothing registers with.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, service::Service, target_group::TargetGroup},
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "tg-orphan",
    words: include_str!("../../rules/tg-orphan.toml"),
    needs: &[Kind::TargetGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let beside = Beside::of(case);
    let judge = |(resource, group)| judge(case, words, &beside, resource, group);
    case.ours::<TargetGroup>().map(judge).collect()
}

/// Who may need a group although nothing that was read names it.
struct Beside<'a> {
    /// What hides a service or an Auto Scaling group, and of which kind that is.
    gap: Option<(Kind, &'a Gap)>,
    /// CodeDeploy alone knows the group that waits for the next deployment of such a service.
    deployed: Option<&'a ResourceId>,
}

impl<'a> Beside<'a> {
    fn of(case: &Case<'a>) -> Self {
        let kinds = [Kind::Service, Kind::AutoScalingGroup].into_iter();
        let mut gaps = kinds.filter_map(|it| Some((it, case.gap_in_listing(it)?)));
        let mut deployed = case
            .ours::<Service>()
            .filter(|(_, it)| it.is_active() && it.controller.as_deref() == Some("CODE_DEPLOY"));
        Self {
            gap: gaps.next(),
            deployed: deployed.next().map(|it| &it.0.id),
        }
    }
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    beside: &Beside<'_>,
    resource: &Resource,
    group: &TargetGroup,
) -> Verdict {
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
    if let Some((kind, gap)) = beside.gap {
        let why = format!(
            "no load balancer sends to it, but not every {} was read",
            kind.name()
        );
        return verdict(Status::Unknown, why).gap(Some(gap));
    }
    if let Some(service) = beside.deployed {
        let why = format!(
            "no load balancer sends to it, but CodeDeploy, which deploys {service}, may keep it in \
             reserve"
        );
        return verdict(Status::Unknown, why);
    }
    let evidence = Evidence::new(id, "LoadBalancerArns", "none");
    let why =
        "no load balancer sends to it, and no service or Auto Scaling group registers with it";
    verdict(Status::Fail, why.to_owned()).evidence([evidence])
}
