//! Plain HTTP that a load balancer serves instead of redirecting it to HTTPS.

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{self, Protocol},
    internet,
};
use crate::{
    kind::{
        Kind,
        listener::Listener,
        listener_rule::{Action, ListenerRule},
        load_balancer::LoadBalancer,
        security_group::{Permission, SecurityGroup},
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
            let mut why = match serving.len() {
                1 => format!("{port} serves plain HTTP: a rule passes requests on unencrypted"),
                it => format!("{port} serves plain HTTP: {it} rules pass requests on unencrypted"),
            };
            let mut severity = severity;
            if only_from_aws(case, lb, listener.port) {
                severity = Severity::Low;
                why.push_str(
                    "; its security groups let only networks in of which AWS keeps a list, such \
                     as CloudFront's, where TLS may end, which lowers the severity",
                );
            }
            verdict(Status::Fail, why)
                .severity(severity)
                .evidence(serving)
                .detail(port)
        })
        .collect()
}

/// Whether nobody may use a port of a load balancer but networks of AWS's own lists.
fn only_from_aws(case: &Case<'_>, lb: &LoadBalancer, port: u16) -> bool {
    let groups = lb.security_groups.iter();
    let groups: Option<Vec<_>> = groups
        .map(|it| case.graph.get_as::<SecurityGroup>(it))
        .collect();
    let groups = groups.unwrap_or_default();
    let entries = groups.iter().flat_map(|(_, it)| &it.ingress);
    let mut entries = entries
        .filter(|it| exposure::covers(it, Protocol::Tcp, port))
        .peekable();
    let of_aws = |it: &Permission| {
        let ranges = it.cidrs.iter().all(|range| it.of_aws.contains(range));
        ranges && !it.cidrs.is_empty() && it.groups.is_empty() && !it.has_unread_lists()
    };
    entries.peek().is_some() && entries.all(of_aws)
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
        kind::{
            AsKind as _,
            listener_rule::{Condition, Redirect},
        },
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
    fn what_only_cloudfront_reaches_is_a_low_finding() {
        let severity = |cidrs: &[&str], of_aws: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
            let entry = Permission {
                protocol: "tcp".to_owned(),
                from: Some(80),
                to: Some(80),
                cidrs: owned(cidrs),
                of_aws: owned(of_aws),
                ..Permission::default()
            };
            let group = SecurityGroup {
                ingress: vec![entry],
                ..SecurityGroup::default()
            };
            let mut all = rack(&["/*"]);
            if let Some(balancer) = LoadBalancer::of_mut(&mut all[0].attrs) {
                balancer.security_groups = vec!["sg-1".to_owned()];
            }
            all.push(Resource::new("sg-1", group));
            let words = RULE.words().unwrap();
            let said = testing::owned(&all, &[], |_| true, |case| check(case, &words));
            assert_eq!(said[0].status, Status::Fail);
            said[0].severity
        };
        let list = "130.176.0.0/16";
        assert_eq!(severity(&[list], &[list]), Severity::Low);
        assert_eq!(severity(&[list, "0.0.0.0/0"], &[list]), Severity::Medium);
        assert_eq!(severity(&[list], &[]), Severity::Medium);
        assert_eq!(severity(&[], &[]), Severity::Medium);
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
