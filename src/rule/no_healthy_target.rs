//! Target groups that get traffic and have nothing, or nothing healthy, to give it to.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        listener::Listener,
        listener_rule::ListenerRule,
        target_group::{Target, TargetGroup},
    },
    snapshot::{Gap, Resource},
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
    let standby = standby(case, id);
    if standby != Some(false)
        && let Some(gap) = hidden(case, group)
    {
        let why = "whether any request is sent to it was not read: not all rules were".to_owned();
        return verdict(Status::Unknown, why).gap(Some(gap));
    }
    if standby == Some(true) {
        let why = "it stands by: whatever names it gives it weight 0, and so no request".to_owned();
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
    let bad: Vec<&Target> = others.iter().filter(|it| is_bad(it)).copied().collect();
    if targets.is_empty() {
        let why = "it has no targets: every request that it gets fails".to_owned();
        return verdict(Status::Fail, why).severity(Severity::Critical);
    }
    if let Some(why) = targets.iter().map(unchecked).collect::<Option<Vec<_>>>() {
        let why = why.first().copied().unwrap_or_default().to_owned();
        return verdict(Status::NotApplicable, why).evidence(evidence(&others));
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

/// Whether all that forwards to a group gives it weight 0, as to the other half of a blue/green
/// deployment. `None` where nothing that was read forwards to it.
fn standby(case: &Case<'_>, id: &ResourceId) -> Option<bool> {
    let users = case.graph.users(id);
    let actions = users.iter().flat_map(|(it, _)| {
        let listener = Listener::of(&it.attrs).map(|it| &it.actions);
        let rule = ListenerRule::of(&it.attrs).map(|it| &it.actions);
        listener.or(rule).into_iter().flatten()
    });
    let forwards = actions.flat_map(|it| &it.targets);
    let mut forwards = forwards.filter(|it| it.target_group == id.key).peekable();
    forwards.peek()?;
    Some(forwards.all(|it| it.weight == Some(0)))
}

/// What hides a listener or a rule that may send to a group.
fn hidden<'a>(case: &Case<'a>, group: &TargetGroup) -> Option<&'a Gap> {
    let balancers = group.load_balancers.iter();
    let mut balancers = balancers.map(|it| ResourceId::new(Kind::LoadBalancer, it));
    balancers.find_map(|balancer| {
        let listeners = case.graph.parts::<Listener>(&balancer).into_iter();
        let mut rules = listeners.filter_map(|(it, _)| case.gap_of_call(&it.id, "DescribeRules"));
        let listing = case.gap_of_call(&balancer, "DescribeListeners");
        listing.or_else(|| rules.next())
    })
}

/// A target that is just coming or going is no failure, and neither is one that nobody asks.
fn is_bad(it: &Target) -> bool {
    let bad = matches!(it.state.as_str(), "unhealthy" | "unavailable" | "unused");
    bad && unchecked(it).is_none()
}

/// Why the health of a target says nothing.
fn unchecked(it: &Target) -> Option<&'static str> {
    match (it.state.as_str(), it.reason.as_deref()) {
        (_, Some("Target.HealthCheckDisabled")) => {
            Some("its health checks are switched off, so AWS tells of no health")
        }
        // The machine was stopped, or its address cannot be one: requests to it fail.
        ("unused", Some("Target.InvalidState" | "Target.IpUnusable")) => None,
        ("unused", _) => Some("its targets are in no use: no request is sent to them"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            listener_rule::{Action, Forward},
            load_balancer::LoadBalancer,
        },
        testing,
    };

    #[test]
    fn an_empty_group_may_stand_by_where_rules_were_not_read() {
        let group = TargetGroup {
            load_balancers: vec!["router".to_owned()],
            targets: Fact::Known(Vec::new()),
            ..TargetGroup::default()
        };
        let words = RULE.words().unwrap();
        let said = |weight: u32, gaps: &[Gap]| {
            let forward = |group: &str, weight| Forward {
                target_group: group.to_owned(),
                weight: Some(weight),
            };
            let listener = Listener {
                load_balancer: "router".to_owned(),
                actions: vec![Action {
                    targets: vec![forward("blue", 100), forward("green", weight)],
                    ..Action::default()
                }],
                ..Listener::default()
            };
            let resources = [
                Resource::new("green", group.clone()),
                Resource::new("router", LoadBalancer::default()),
                Resource::new("router/443", listener),
            ];
            let said = testing::owned(&resources, gaps, |_| true, |case| check(case, &words));
            (said[0].status, said[0].gap.as_deref().cloned())
        };
        let gap = Gap {
            resource: Some(ResourceId::new(Kind::Listener, "router/443")),
            ..testing::gap(Kind::ListenerRule, "elasticloadbalancing:DescribeRules")
        };
        let gaps = std::slice::from_ref(&gap);
        assert_eq!(said(0, &[]).0, Status::NotApplicable);
        assert_eq!(said(0, gaps), (Status::Unknown, Some(gap.clone())));
        // Requests are sent to it, whatever else was not read.
        assert_eq!(said(1, gaps).0, Status::Fail);
    }
}
