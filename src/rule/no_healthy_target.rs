//! Target groups that get traffic and have nothing, or nothing healthy, to give it to.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    kind::{
        Kind,
        target_group::{Target, TargetGroup},
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "no-healthy-target",
    words: include_str!("../../rules/no-healthy-target.toml"),
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
    if group.load_balancers.is_empty() {
        let why = "no load balancer sends to it".to_owned();
        return verdict(Status::NotApplicable, why);
    }
    let Some(targets) = group.targets.known() else {
        let why = "the health of its targets was not read".to_owned();
        return verdict(Status::Unknown, why).gap(case.gap_about(id));
    };
    let evidence = |those: &[&Target]| {
        let those = those.iter().map(|it| {
            let reason = it.reason.as_deref().unwrap_or("no reason given");
            let port = it.port.map(|it| format!(":{it}")).unwrap_or_default();
            let value = format!("{}{port} is {} ({reason})", it.id, it.state);
            Evidence::new(id, "TargetHealthDescriptions", value)
        });
        those.collect::<Vec<_>>()
    };
    let (healthy, others): (Vec<&Target>, Vec<&Target>) =
        targets.iter().partition(|it| it.state == "healthy");
    // A target that is just coming or going is no failure.
    let bad: Vec<&Target> = others
        .iter()
        .filter(|it| matches!(it.state.as_str(), "unhealthy" | "unavailable" | "unused"))
        .copied()
        .collect();
    if targets.is_empty() {
        let why = "it has no targets: every request that it gets fails".to_owned();
        return verdict(Status::Fail, why).severity(Severity::Critical);
    }
    if healthy.is_empty() && !bad.is_empty() {
        let why = format!("none of its {} targets is healthy", targets.len());
        return verdict(Status::Fail, why)
            .severity(Severity::Critical)
            .evidence(evidence(&others));
    }
    if !bad.is_empty() {
        let why = format!(
            "{} of its {} targets are not healthy",
            bad.len(),
            targets.len()
        );
        return verdict(Status::Fail, why).evidence(evidence(&bad));
    }
    if healthy.is_empty() {
        let why = "its targets are only coming or going".to_owned();
        return verdict(Status::Unknown, why).evidence(evidence(&others));
    }
    let why = format!("{} of {} targets are healthy", healthy.len(), targets.len());
    verdict(Status::Pass, why)
}
