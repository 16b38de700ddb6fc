//! Load balancers that are paid for and have nobody to send requests to.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{
        Kind,
        classic_load_balancer::ClassicLoadBalancer,
        listener::Listener,
        listener_rule::{Action, ListenerRule},
        load_balancer::LoadBalancer,
        target_group::TargetGroup,
    },
    rule::measured::{self, Counts, Use},
    snapshot::{Gap, Resource, money::Count},
    text,
};

pub const RULE: Rule = Rule {
    id: "lb-idle",
    words: include_str!("../../rules/lb-idle.toml"),
    needs: &[Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

/// What a load balancer has to do.
enum Work<'a> {
    /// It has somebody to send to, or answers by itself.
    Some(String),
    None(String, Evidence),
    Unknown(String, Option<&'a Gap>),
}

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let counts = Counts::of(case);
    let new = case.ours::<LoadBalancer>();
    let new = new.map(|(it, lb)| match work(case, it) {
        Work::Some(why) => judge_use(words, &counts, it, &measured::of_balancer(it, lb), &why),
        work @ (Work::None(..) | Work::Unknown(..)) => judge(case, words, it, work),
    });
    let classic = case.ours::<ClassicLoadBalancer>();
    let classic = classic.map(|(it, lb)| match classic_work(it, lb) {
        Work::Some(why) => judge_use(words, &counts, it, &measured::of_classic(it), &why),
        work @ (Work::None(..) | Work::Unknown(..)) => judge(case, words, it, work),
    });
    new.chain(classic).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, work: Work<'_>) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let (why, evidence) = match work {
        Work::Some(why) => return verdict(Status::Pass, why),
        Work::Unknown(why, gap) => return verdict(Status::Unknown, why).gap(gap),
        Work::None(why, evidence) => (why, evidence),
    };
    let Some(created) = resource.created else {
        let why = format!("{why}, but how old it is was not told");
        return verdict(Status::Unknown, why).evidence([evidence]);
    };
    let age = text::age(created, case.taken);
    if case.hours_since(created) < words.number("days").saturating_mul(24) {
        return verdict(
            Status::Pass,
            format!("{why}, but it was made only {age} ago"),
        );
    }
    let why = format!("{why}; it is paid for by the hour, and was made {age} ago");
    verdict(Status::Fail, why).evidence([evidence])
}

/// Of one that has something to do: whether anybody asks it for anything.
fn judge_use(
    words: &Words,
    counts: &Counts<'_>,
    resource: &Resource,
    asked: &[Count],
    why: &str,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    match counts.used(resource, asked) {
        Use::None { days, evidence } => {
            let why =
                format!("{why}, but nothing came to it in {days} days, as CloudWatch counted");
            verdict(Status::Fail, why).evidence(evidence)
        }
        Use::Some { metric, much, days } => {
            let why = format!("{why}, and it is used: {metric} {much} in {days} days, measured");
            verdict(Status::Pass, why)
        }
        Use::Young => {
            let why = format!("{why}; it is too young to tell whether it is used");
            verdict(Status::Pass, why)
        }
        Use::NotAsked => {
            let why = format!("{why}; whether anybody uses it was not measured");
            verdict(Status::Pass, why)
        }
        Use::Untold => {
            let why = format!("{why}; whether anybody uses it CloudWatch did not tell");
            verdict(Status::Pass, why)
        }
    }
}

fn classic_work(resource: &Resource, lb: &ClassicLoadBalancer) -> Work<'static> {
    if lb.instances.is_empty() {
        let evidence = Evidence::new(&resource.id, "Instances", "none");
        return Work::None("no instance is registered with it".to_owned(), evidence);
    }
    let instances = text::count(lb.instances.len(), "instance");
    Work::Some(format!("it sends to {instances}"))
}

fn work<'a>(case: &Case<'a>, resource: &Resource) -> Work<'a> {
    let id = &resource.id;
    if let Some(gap) = case.gap_of_call(id, "DescribeListeners") {
        return Work::Unknown("its listeners were not read".to_owned(), Some(gap));
    }
    let listeners = case.graph.parts::<Listener>(id);
    if listeners.is_empty() {
        let evidence = Evidence::new(id, "Listeners", "none");
        return Work::None("it has no listener".to_owned(), evidence);
    }
    let mut actions: Vec<&Action> = Vec::new();
    let mut gap = None;
    for (resource, listener) in &listeners {
        gap = gap.or_else(|| case.gap_of_call(&resource.id, "DescribeRules"));
        actions.extend(&listener.actions);
        let rules = case.graph.parts::<ListenerRule>(&resource.id);
        actions.extend(rules.iter().flat_map(|(_, it)| &it.actions));
    }
    let mut groups: Vec<&str> = actions
        .iter()
        .flat_map(|it| &it.targets)
        .filter(|it| it.weight != Some(0))
        .map(|it| it.target_group.as_str())
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let mut unread = None;
    for name in &groups {
        let group = case.graph.get_as::<TargetGroup>(name);
        match group.map(|(it, group)| (it, group.targets.known())) {
            Some((_, Some(targets))) if targets.is_empty() => {}
            Some((_, Some(_))) => {
                return Work::Some(format!("target group {name} has targets"));
            }
            Some((it, None)) => unread = unread.or(Some((name, case.gap_about(&it.id)))),
            None => unread = unread.or(Some((name, case.gap_in_listing(Kind::TargetGroup)))),
        }
    }
    if let Some((name, gap)) = unread {
        let why = format!("the targets of target group {name} were not read");
        return Work::Unknown(why, gap);
    }
    if gap.is_some() {
        return Work::Unknown("not all of its rules were read".to_owned(), gap);
    }
    if groups.is_empty() {
        // It was set up to redirect or to answer by itself.
        return Work::Some("it answers each request by itself".to_owned());
    }
    let value = format!("no targets in {}", groups.join(", "));
    let evidence = Evidence::new(id, "TargetHealthDescriptions", value);
    let why = "no target is registered in any group that it sends to";
    Work::None(why.to_owned(), evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Gap, testing};

    #[test]
    fn listeners_that_were_not_read_are_not_taken_for_none_whatever_else_was_not_read() {
        let lb = Resource::new("router", LoadBalancer::default());
        let gap = |kind, call| Gap {
            resource: Some(lb.id.clone()),
            ..testing::gap(kind, call)
        };
        let gaps = [
            gap(
                Kind::LoadBalancer,
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
            ),
            gap(Kind::Listener, "elasticloadbalancing:DescribeListeners"),
        ];
        let words = RULE.words().unwrap();
        let resources = [lb.clone()];
        let said = testing::owned(&resources, &gaps, |_| true, |case| check(case, &words));
        assert_eq!(said[0].status, Status::Unknown);
        assert_eq!(said[0].gap.as_deref(), Some(&gaps[1]));
    }

    #[test]
    fn a_classic_one_is_idle_where_both_its_counts_are_zero() {
        use crate::{rule::Run, snapshot::money::Metered};
        let balancer = ClassicLoadBalancer {
            instances: vec!["i-1".to_owned()],
            ..ClassicLoadBalancer::default()
        };
        let created: jiff::Timestamp = "1969-01-01T00:00:00Z".parse().unwrap();
        let router = Resource::new("router", balancer).created(created);
        let asked = measured::of_classic(&router);
        let resources = [router];
        let words = RULE.words().unwrap();
        let said = |values: [Option<i64>; 2]| {
            let mut counts = asked.clone();
            for (count, value) in counts.iter_mut().zip(values) {
                count.value = value.map(rust_decimal::Decimal::from);
            }
            let metered = Metered {
                from: "1969-12-01T00:00:00Z".parse().unwrap(),
                to: "1969-12-15T00:00:00Z".parse().unwrap(),
                counts,
            };
            let run = Run {
                used: Some(&metered),
                ..Run::default()
            };
            let said = testing::owned(
                &resources,
                &[],
                |_| true,
                |case| check(&Case { run: &run, ..*case }, &words),
            );
            (said[0].status, said[0].why.clone())
        };
        assert_eq!(said([Some(0), Some(0)]).0, Status::Fail);
        let (status, why) = said([Some(0), Some(7)]);
        assert_eq!(status, Status::Pass);
        assert!(why.contains("RequestCount 7 in 14 days"), "{why}");
        // CloudWatch has nothing of it: that is not zero.
        assert_eq!(said([None, Some(0)]).0, Status::Pass);
    }

    #[test]
    fn one_that_only_redirects_is_idle_where_nothing_was_measured_to_come() {
        use crate::{rule::Run, snapshot::money::Metered};
        let arn = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/router/42";
        let balancer = LoadBalancer {
            lb_type: "application".to_owned(),
            ..LoadBalancer::default()
        };
        let created: jiff::Timestamp = "1969-01-01T00:00:00Z".parse().unwrap();
        let router = Resource::new("router", balancer.clone());
        let router = router.arn(arn.to_owned()).created(created);
        let listener = Listener {
            load_balancer: "router".to_owned(),
            actions: vec![Action {
                kind: "redirect".to_owned(),
                ..Action::default()
            }],
            ..Listener::default()
        };
        let mut counts = measured::of_balancer(&router, &balancer);
        let resources = [router, Resource::new("router/80", listener)];
        let words = RULE.words().unwrap();
        let mut said = |value: i64| {
            counts[0].value = Some(rust_decimal::Decimal::from(value));
            let metered = Metered {
                from: "1969-12-01T00:00:00Z".parse().unwrap(),
                to: "1969-12-15T00:00:00Z".parse().unwrap(),
                counts: counts.clone(),
            };
            let run = Run {
                used: Some(&metered),
                ..Run::default()
            };
            let check = |case: &Case<'_>| check(&Case { run: &run, ..*case }, &words);
            testing::owned(&resources, &[], |_| true, check)[0].status
        };
        assert_eq!(said(0), Status::Fail);
        assert_eq!(said(9), Status::Pass);
    }

    #[test]
    fn one_that_has_targets_is_idle_where_nothing_was_measured_to_come() {
        use crate::{
            kind::{Fact, listener_rule::Forward, target_group::Target},
            rule::Run,
            snapshot::money::Metered,
        };
        let arn = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/router/42";
        let balancer = LoadBalancer {
            lb_type: "application".to_owned(),
            ..LoadBalancer::default()
        };
        let created: jiff::Timestamp = "1969-01-01T00:00:00Z".parse().unwrap();
        let router = Resource::new("router", balancer.clone());
        let router = router.arn(arn.to_owned()).created(created);
        let forward = Forward {
            target_group: "web".to_owned(),
            weight: None,
        };
        let listener = Listener {
            load_balancer: "router".to_owned(),
            actions: vec![Action {
                targets: vec![forward],
                ..Action::default()
            }],
            ..Listener::default()
        };
        let group = TargetGroup {
            targets: Fact::Known(vec![Target::default()]),
            ..TargetGroup::default()
        };
        let counts = measured::of_balancer(&router, &balancer);
        let resources = [
            router,
            Resource::new("router/80", listener),
            Resource::new("web", group),
        ];
        let words = RULE.words().unwrap();
        let said = |value: Option<i64>, asked: bool| {
            let mut counts = counts.clone();
            counts[0].value = value.map(rust_decimal::Decimal::from);
            let metered = Metered {
                from: "1969-12-01T00:00:00Z".parse().unwrap(),
                to: "1969-12-15T00:00:00Z".parse().unwrap(),
                counts,
            };
            let run = Run {
                used: asked.then_some(&metered),
                ..Run::default()
            };
            let said = testing::owned(
                &resources,
                &[],
                |_| true,
                |case| check(&Case { run: &run, ..*case }, &words),
            );
            (said[0].status, said[0].why.clone())
        };
        let (status, why) = said(Some(0), true);
        assert_eq!(status, Status::Fail);
        assert!(why.contains("nothing came to it in 14 days"), "{why}");
        assert!(said(Some(9), true).1.contains("RequestCount 9 in 14 days"));
        assert_eq!(said(None, true).0, Status::Pass);
        assert!(said(None, false).1.contains("was not measured"));
    }
}
