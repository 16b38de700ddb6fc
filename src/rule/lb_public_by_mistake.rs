//! Load balancers that face the internet although something says that they should not: their name,
//! a tag, the rack's own parameter, or that no service stands behind them.

use std::collections::BTreeSet;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, internet};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        classic_load_balancer::ClassicLoadBalancer,
        listener::Listener,
        listener_rule::{Action, ListenerRule},
        load_balancer::LoadBalancer,
        network_interface::NetworkInterface,
        service::Service,
        stack::Stack,
        target_group::{Target, TargetGroup},
    },
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "lb-public-by-mistake",
    words: include_str!("../../rules/lb-public-by-mistake.toml"),
    needs: &[Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let home = Home::of(case);
    let new = case.ours::<LoadBalancer>();
    let new = new.map(|(it, lb)| judge(words, &home, it, &lb.scheme, || behind(case, &home, it)));
    let classic = case.ours::<ClassicLoadBalancer>();
    let classic = classic.map(|(it, lb)| {
        let behind = || behind_classic(case, it, lb);
        judge(words, &home, it, &lb.scheme, behind)
    });
    new.chain(classic).collect()
}

/// What is the rack's own.
struct Home<'a> {
    /// The root stack whose parameter says that only the network should reach the rack.
    internal_only: Option<&'a ResourceId>,
    /// Addresses of the rack's tasks and machines.
    addresses: BTreeSet<&'a str>,
}

impl<'a> Home<'a> {
    fn of(case: &Case<'a>) -> Self {
        let roots = case.rack.roots.keys();
        let mut stacks = roots.filter_map(|it| {
            let resource = case.graph.get(it)?;
            Some((&resource.id, Stack::of(&resource.attrs)?))
        });
        let internal_only = stacks.find(|(_, it)| it.internal_only == Some(true));
        let interfaces = case.ours::<NetworkInterface>();
        let addresses = interfaces.flat_map(|(_, it)| it.private_ips.iter().chain(&it.private_ip));
        Self {
            internal_only: internal_only.map(|(it, _)| it),
            addresses: addresses.map(String::as_str).collect(),
        }
    }
}

/// What stands behind a load balancer.
enum Behind<'a> {
    /// Something of the rack's, or an answer of its own.
    Something,
    Unknown(String, Option<&'a Gap>),
    Nothing(String),
    /// Addresses, none of which is the rack's; the first of them.
    Strangers(&'a str),
}

fn judge<'a>(
    words: &Words,
    home: &Home<'_>,
    resource: &Resource,
    scheme: &str,
    behind: impl FnOnce() -> Behind<'a>,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if scheme != "internet-facing" {
        return verdict(Status::Pass, "only the network can reach it".to_owned());
    }
    let internal = words.texts("internal");
    let wanted = |text: &str| {
        let text = text.to_ascii_lowercase();
        let mut parts = text.split(|it: char| !it.is_ascii_alphanumeric());
        parts.any(|it| internal.contains(&it))
    };
    let evidence = Evidence::new(id, "Scheme", scheme);
    if wanted(&id.key) {
        let why = format!(
            "it faces the internet, and its name {} says otherwise",
            id.key
        );
        return verdict(Status::Fail, why).evidence([evidence]);
    }
    // CloudFormation's own tags tell names of stacks, in which other things may stand.
    let tags = resource.tags.iter();
    let mut tags = tags.filter(|(key, value)| !key.starts_with("aws:") && wanted(value));
    if let Some((key, value)) = tags.next() {
        let why = format!("it faces the internet, and its tag {key} = {value} says otherwise");
        let tag = Evidence::new(id, "Tags", format!("{key} = {value}"));
        return verdict(Status::Fail, why).evidence([evidence, tag]);
    }
    if let Some(stack) = home.internal_only {
        let why = format!("it faces the internet, and parameter InternalOnly of {stack} is Yes");
        let parameter = Evidence::new(stack, "Parameters.InternalOnly", "Yes");
        return verdict(Status::Fail, why).evidence([evidence, parameter]);
    }
    match behind() {
        Behind::Something => {
            let why = "it faces the internet, and nothing says that it should not";
            verdict(Status::Pass, why.to_owned())
        }
        Behind::Unknown(what, gap) => {
            let why = format!("it faces the internet, and {what}");
            verdict(Status::Unknown, why).gap(gap)
        }
        Behind::Nothing(what) => {
            let why = format!(
                "it faces the internet, and no service stands behind it: {what}; nothing answers \
                 now, which lowers the severity"
            );
            verdict(Status::Fail, why)
                .severity(words.severity.min(Severity::Low))
                .evidence([evidence])
        }
        Behind::Strangers(first) => {
            let why = format!(
                "it faces the internet, and no service stands behind it: it sends to addresses \
                 that are none of the rack's, such as {first}"
            );
            verdict(Status::Fail, why).evidence([evidence])
        }
    }
}

fn behind_classic<'a>(
    case: &Case<'a>,
    resource: &Resource,
    lb: &ClassicLoadBalancer,
) -> Behind<'a> {
    if !lb.instances.is_empty() || is_told(case, &resource.id) {
        return Behind::Something;
    }
    Behind::Nothing("no instance is registered with it".to_owned())
}

fn behind<'a>(case: &Case<'a>, home: &Home<'_>, resource: &Resource) -> Behind<'a> {
    let id = &resource.id;
    if let Some(gap) = case.gap_of_call(id, internet::LISTENERS) {
        let what = "what it sends to is not known: its listeners were not read";
        return Behind::Unknown(what.to_owned(), Some(gap));
    }
    let listeners = case.graph.parts::<Listener>(id);
    if listeners.is_empty() {
        return Behind::Nothing("it has no listener".to_owned());
    }
    let mut actions: Vec<&Action> = Vec::new();
    let mut gap = None;
    for (listener, attrs) in &listeners {
        gap = gap.or_else(|| case.gap_of_call(&listener.id, "DescribeRules"));
        actions.extend(&attrs.actions);
        let rules = case.graph.parts::<ListenerRule>(&listener.id);
        actions.extend(rules.iter().flat_map(|(_, it)| &it.actions));
    }
    let forwards = actions.iter().flat_map(|it| &it.targets);
    let groups: BTreeSet<&str> = forwards.map(|it| it.target_group.as_str()).collect();
    let mut stranger = None;
    let mut unread: Option<(String, Option<&Gap>)> = None;
    for key in &groups {
        let group = case.graph.get_as::<TargetGroup>(key);
        let targets = group.map(|(it, group)| (it, group, group.targets.known()));
        let Some((it, group, Some(targets))) = targets else {
            let id = ResourceId::new(Kind::TargetGroup, *key);
            if is_told(case, &id) {
                return Behind::Something;
            }
            let what = format!("what is registered with target group {key} is not known");
            let listing = || case.gap_in_listing(Kind::TargetGroup);
            let gap = case.gap_about(&id).or_else(listing);
            unread.get_or_insert((what, gap));
            continue;
        };
        let own = |target: &Target| is_own(home, group, target);
        if is_told(case, &it.id) || targets.iter().any(own) {
            return Behind::Something;
        }
        stranger = stranger.or(targets.first().map(|it| it.id.as_str()));
    }
    if let Some((what, gap)) = unread {
        return Behind::Unknown(what, gap);
    }
    if let Some(gap) = gap {
        let what = "what it sends to is not known: rules of its listeners were not read";
        return Behind::Unknown(what.to_owned(), Some(gap));
    }
    match stranger {
        Some(first) => Behind::Strangers(first),
        None if groups.is_empty() => Behind::Something,
        None => Behind::Nothing("nothing is registered with what it sends to".to_owned()),
    }
}

/// Whether a service or an Auto Scaling group registers what it starts there, be that nothing now.
fn is_told(case: &Case<'_>, id: &ResourceId) -> bool {
    let users = case.graph.users(id).into_iter();
    let mut users = users.map(|(it, _)| it);
    users.any(|it| match Service::of(&it.attrs) {
        Some(service) => service.is_active(),
        None => it.id.kind == Kind::AutoScalingGroup,
    })
}

/// Whether a target is one of the rack's: an address of its tasks and machines. Machines, functions
/// and other load balancers belong to the rack by being sent to.
fn is_own(home: &Home<'_>, group: &TargetGroup, target: &Target) -> bool {
    group.target_type != "ip" || home.addresses.contains(target.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{Fact, listener_rule::Forward, service::ServiceTarget},
        testing,
    };

    /// A load balancer that sends to a target group with these targets.
    fn rack(kind: &str, targets: Option<&[&str]>) -> Vec<Resource> {
        let balancer = LoadBalancer {
            lb_type: "application".to_owned(),
            scheme: "internet-facing".to_owned(),
            ..LoadBalancer::default()
        };
        let listener = Listener {
            load_balancer: "router".to_owned(),
            actions: vec![Action {
                kind: "forward".to_owned(),
                targets: vec![Forward {
                    target_group: "web".to_owned(),
                    weight: None,
                }],
                ..Action::default()
            }],
            ..Listener::default()
        };
        let targets = targets.map(|all| {
            let all = all.iter().map(|it| Target {
                id: (*it).to_owned(),
                ..Target::default()
            });
            all.collect()
        });
        let group = TargetGroup {
            target_type: kind.to_owned(),
            targets: targets.map_or(Fact::Unread, Fact::Known),
            ..TargetGroup::default()
        };
        vec![
            Resource::new("router", balancer),
            Resource::new("router/443", listener),
            Resource::new("web", group),
        ]
    }

    fn judged(resources: &[Resource], gaps: &[Gap]) -> Verdict {
        let words = RULE.words().unwrap();
        let mut said = testing::owned(resources, gaps, |_| true, |case| check(case, &words));
        said.remove(0)
    }

    fn said(resources: &[Resource]) -> (Status, Severity) {
        let it = judged(resources, &[]);
        (it.status, it.severity)
    }

    const EMPTY: (Status, Severity) = (Status::Fail, Severity::Low);
    const STRANGE: (Status, Severity) = (Status::Fail, Severity::Medium);
    const FINE: (Status, Severity) = (Status::Pass, Severity::Medium);

    #[test]
    fn a_service_that_has_no_task_now_still_stands_behind_it() {
        let mut all = rack("ip", Some(&[]));
        assert_eq!(said(&all), EMPTY);
        let service = |status: &str| Service {
            status: status.to_owned(),
            load_balancers: vec![ServiceTarget {
                target_group: Some("web".to_owned()),
                ..ServiceTarget::default()
            }],
            ..Service::default()
        };
        all.push(Resource::new("prod/web", service("ACTIVE")));
        assert_eq!(said(&all), FINE);
        all.pop();
        all.push(Resource::new("prod/web", service("INACTIVE")));
        assert_eq!(said(&all), EMPTY);
    }

    #[test]
    fn an_address_that_is_none_of_the_racks_is_a_strangers() {
        let mut tasks = rack("ip", Some(&["10.0.0.7"]));
        assert_eq!(said(&tasks), STRANGE);
        let interface = NetworkInterface {
            private_ips: vec!["10.0.0.7".to_owned()],
            ..NetworkInterface::default()
        };
        tasks.push(Resource::new("eni-1", interface));
        assert_eq!(said(&tasks), FINE);

        assert_eq!(said(&rack("instance", Some(&["i-1"]))), FINE);
        assert_eq!(said(&rack("lambda", Some(&["arn"]))), FINE);
    }

    #[test]
    fn one_that_only_redirects_needs_nobody_behind_it() {
        let mut all = rack("ip", Some(&[]));
        for it in &mut all {
            if let Some(listener) = Listener::of_mut(&mut it.attrs) {
                listener.actions[0].targets.clear();
            }
        }
        assert_eq!(said(&all), FINE);
        all.retain(|it| it.id.kind != Kind::Listener);
        assert_eq!(said(&all), EMPTY);
    }

    #[test]
    fn what_was_not_read_is_not_nothing() {
        let gap = |about: &Resource, call: &str| Gap {
            resource: Some(about.id.clone()),
            ..testing::gap(about.id.kind, call)
        };
        let unread = rack("ip", None);
        let gap_of_targets = gap(&unread[2], "elbv2:DescribeTargetHealth");
        let said = judged(&unread, std::slice::from_ref(&gap_of_targets));
        assert_eq!(said.status, Status::Unknown);
        assert_eq!(said.gap.as_deref(), Some(&gap_of_targets));
        let empty = rack("ip", Some(&[]));
        for (about, call) in [
            (&empty[0], "elbv2:DescribeListeners"),
            (&empty[1], "elbv2:DescribeRules"),
        ] {
            let said = judged(&empty, &[gap(about, call)]);
            assert_eq!(said.status, Status::Unknown, "{call}");
            assert!(said.gap.is_some(), "{call}");
        }
    }

    #[test]
    fn a_rack_that_is_to_be_internal_has_none() {
        let mut all = rack("lambda", Some(&["arn"]));
        let stack = |internal_only| Stack {
            internal_only,
            ..Stack::default()
        };
        for (told, expected) in [(Some(true), STRANGE), (Some(false), FINE), (None, FINE)] {
            all.push(Resource::new("prod", stack(told)));
            assert_eq!(said(&all), expected, "{told:?}");
            all.pop();
        }
    }
}
