//! Plain HTTP that a load balancer serves instead of redirecting it to HTTPS.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, internet};
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
    if let Some(gap) = case.gap_of_call(id, internet::LISTENERS) {
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
            if let Some(gap) = case.gap_of_call(&listener_resource.id, "DescribeRules") {
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
        .filter(|(_, it)| passes_on(&it.actions) && !proves_domain(it))
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

/// Whether it is for those alone who look for the proof that a domain is yours, which they ask for
/// by plain HTTP (RFC 8555, 8.3).
fn proves_domain(rule: &ListenerRule) -> bool {
    rule.conditions.iter().any(|it| {
        it.field == "path-pattern"
            && it.regex.is_empty()
            && !it.values.is_empty()
            && it.values.iter().all(|path| path.starts_with(CHALLENGE))
    })
}

/// Where a certificate's issuer looks for the proof.
const CHALLENGE: &str = "/.well-known/acme-challenge/";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::ResourceId,
        kind::listener_rule::{Condition, Redirect},
        snapshot::Gap,
        testing,
    };

    fn redirect() -> Action {
        Action {
            kind: "redirect".to_owned(),
            redirect: Some(Redirect {
                protocol: Some("HTTPS".to_owned()),
                ..Redirect::default()
            }),
            ..Action::default()
        }
    }

    /// A load balancer with one listener for plain HTTP that redirects, but for one rule's paths.
    fn rack(paths: &[&str]) -> Vec<Resource> {
        let balancer = LoadBalancer {
            lb_type: "application".to_owned(),
            scheme: "internet-facing".to_owned(),
            ..LoadBalancer::default()
        };
        let listener = Listener {
            load_balancer: "router".to_owned(),
            port: 80,
            protocol: "HTTP".to_owned(),
            actions: vec![redirect()],
            ..Listener::default()
        };
        let rule = |priority, actions, paths: &[&str]| {
            let condition = Condition {
                field: "path-pattern".to_owned(),
                values: paths.iter().map(|it| (*it).to_owned()).collect(),
                ..Condition::default()
            };
            ListenerRule {
                listener: "router/80".to_owned(),
                priority,
                conditions: vec![condition],
                actions,
            }
        };
        let forward = Action {
            kind: "forward".to_owned(),
            ..Action::default()
        };
        vec![
            Resource::new("router", balancer),
            Resource::new("router/80", listener),
            Resource::new("router/80/0", rule(None, vec![redirect()], &[])),
            Resource::new("router/80/1", rule(Some(1), vec![forward], paths)),
        ]
    }

    fn said(resources: &[Resource], gaps: &[Gap]) -> (Status, Option<String>) {
        let words = RULE.words().unwrap();
        let said = testing::owned(resources, gaps, |_| true, |case| check(case, &words));
        let call = said[0].gap.as_ref().map(|it| it.call.clone());
        (said[0].status, call)
    }

    #[test]
    fn a_path_that_proves_the_domain_may_stay_plain_and_no_other() {
        let status = |paths: &[&str]| said(&rack(paths), &[]).0;
        assert_eq!(status(&["/.well-known/acme-challenge/*"]), Status::Pass);
        assert_eq!(
            status(&["/.well-known/acme-challenge/*", "/*"]),
            Status::Fail
        );
        assert_eq!(status(&[]), Status::Fail);
    }

    #[test]
    fn listeners_that_were_refused_are_unknown_whatever_else_was_refused_before_them() {
        let gap = |call: &str| Gap {
            resource: Some(ResourceId::new(Kind::LoadBalancer, "router")),
            ..testing::gap(Kind::LoadBalancer, call)
        };
        let attributes = gap("elbv2:DescribeLoadBalancerAttributes");
        let listeners = gap("elbv2:DescribeListeners");
        let resources = &rack(&[])[..1];
        let call = Some(listeners.call.clone());
        let both = said(resources, &[attributes, listeners]);
        assert_eq!(both, (Status::Unknown, call));
    }

    #[test]
    fn what_else_was_not_read_of_a_listener_hides_none_of_its_rules() {
        let gap = |call: &str| Gap {
            resource: Some(ResourceId::new(Kind::Listener, "router/80")),
            ..testing::gap(Kind::Listener, call)
        };
        let resources = rack(&["/*"]);
        let other = said(&resources, &[gap("iam:ListServerCertificates")]);
        assert_eq!(other.0, Status::Fail);
        let rules = said(&resources, &[gap("elbv2:DescribeRules")]);
        assert_eq!(rules.0, Status::Unknown);
    }
}
