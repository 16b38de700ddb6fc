//! Plain HTTP that a load balancer serves instead of redirecting it to HTTPS.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    kind::{
        Kind,
        listener::Listener,
        listener_rule::{Action, ListenerRule},
        load_balancer::LoadBalancer,
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "alb-http-not-redirected",
    words: include_str!("../../rules/alb-http-not-redirected.toml"),
    needs: &[Kind::LoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    case.ours::<LoadBalancer>()
        .filter(|(_, lb)| lb.lb_type == "application")
        .flat_map(|(resource, lb)| judge(case, words, resource, lb))
        .collect()
}

/// One verdict for each HTTP listener, or one for a load balancer that has none.
fn judge(case: &Case<'_>, words: &Words, resource: &Resource, lb: &LoadBalancer) -> Vec<Verdict> {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(gap) = case
        .gap_about(id)
        .filter(|it| it.call.contains("DescribeListeners"))
    {
        let why = "its listeners were not read".to_owned();
        return vec![verdict(Status::Unknown, why).gap(Some(gap))];
    }
    let http: Vec<(&Resource, &Listener)> = case
        .graph
        .parts::<Listener>(id)
        .into_iter()
        .filter(|(_, it)| it.protocol == "HTTP")
        .collect();
    if http.is_empty() {
        let why = "it has no listener for plain HTTP".to_owned();
        return vec![verdict(Status::Pass, why)];
    }
    let severity = if lb.is_internet_facing() {
        words.severity
    } else {
        Severity::Low
    };
    http.into_iter()
        .map(|(listener_resource, listener)| {
            let port = format!("port {}", listener.port);
            if let Some(gap) = case.gap_about(&listener_resource.id) {
                let why = format!("the rules of {port} were not read");
                return verdict(Status::Unknown, why).detail(port).gap(Some(gap));
            }
            let serving = serving(case, listener_resource, listener);
            if serving.is_empty() {
                let why = format!("everything on {port} is redirected or answered at the door");
                return verdict(Status::Pass, why).detail(port);
            }
            let why = match serving.len() {
                1 => format!("{port} serves plain HTTP: a rule passes requests on unencrypted"),
                it => format!("{port} serves plain HTTP: {it} rules pass requests on unencrypted"),
            };
            verdict(Status::Fail, why)
                .severity(severity)
                .evidence(serving)
                .detail(port)
        })
        .collect()
}

/// Every rule that passes requests on, and the default action when no rule tells of it.
fn serving(case: &Case<'_>, resource: &Resource, listener: &Listener) -> Vec<Evidence> {
    let mut rules = case.graph.parts::<ListenerRule>(&resource.id);
    rules.sort_by_key(|(_, it)| it.priority.unwrap_or(u32::MAX));
    let mut serving: Vec<Evidence> = rules
        .iter()
        .filter(|(_, it)| passes_on(&it.actions))
        .map(|(resource, it)| {
            let name = it
                .priority
                .map_or("default rule".to_owned(), |it| format!("rule {it}"));
            Evidence::new(&resource.id, "Actions", format!("{name} forwards"))
        })
        .collect();
    if rules.is_empty() && passes_on(&listener.actions) {
        let value = "the default action forwards";
        serving.push(Evidence::new(&resource.id, "DefaultActions", value));
    }
    serving
}

/// Whether requests go on to a target without having to come back by HTTPS.
fn passes_on(actions: &[Action]) -> bool {
    let to_https = |it: &Action| {
        it.redirect
            .as_ref()
            .is_some_and(|it| it.protocol.as_deref() == Some("HTTPS"))
    };
    let answered = actions
        .iter()
        .any(|it| it.kind == "fixed-response" || to_https(it));
    !answered
}
