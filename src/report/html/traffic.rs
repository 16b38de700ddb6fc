//! Puts the paths of requests into the groups in which a reader follows them.

use crate::{
    report::{Link, Path},
    rule::Status,
};

/// One load balancer with all that comes in by it.
pub(super) struct Balancer<'a> {
    pub(super) link: &'a Link,
    pub(super) dns_name: &'a str,
    pub(super) listeners: Vec<Listener<'a>>,
}

/// One port of a load balancer.
pub(super) struct Listener<'a> {
    pub(super) protocol: &'a str,
    pub(super) port: u16,
    pub(super) rules: Vec<Rule<'a>>,
}

/// One rule of a listener.
pub(super) struct Rule<'a> {
    pub(super) name: &'a str,
    pub(super) conditions: &'a str,
    /// How many rows of the table it takes.
    pub(super) height: usize,
    pub(super) branches: Vec<Branch<'a>>,
}

/// One thing that a rule does, and where that leads.
pub(super) struct Branch<'a> {
    pub(super) action: &'a str,
    pub(super) target_group: Option<&'a Link>,
    pub(super) paths: Vec<&'a Path>,
}

/// Groups paths that follow each other; they come in the right order.
pub(super) fn balancers<'a>(paths: &[&'a Path]) -> Vec<Balancer<'a>> {
    paths
        .chunk_by(|a, b| a.load_balancer.id == b.load_balancer.id)
        .map(|paths| Balancer {
            link: &paths[0].load_balancer,
            dns_name: &paths[0].dns_name,
            listeners: listeners(paths),
        })
        .collect()
}

fn listeners<'a>(paths: &[&'a Path]) -> Vec<Listener<'a>> {
    paths
        .chunk_by(|a, b| (a.port, &a.protocol) == (b.port, &b.protocol))
        .map(|paths| Listener {
            protocol: &paths[0].protocol,
            port: paths[0].port,
            rules: rules(paths),
        })
        .collect()
}

fn rules<'a>(paths: &[&'a Path]) -> Vec<Rule<'a>> {
    paths
        .chunk_by(|a, b| (&a.rule, &a.conditions) == (&b.rule, &b.conditions))
        .map(|paths| Rule {
            name: &paths[0].rule,
            conditions: &paths[0].conditions,
            height: paths.len(),
            branches: branches(paths),
        })
        .collect()
}

fn branches<'a>(paths: &[&'a Path]) -> Vec<Branch<'a>> {
    paths
        .chunk_by(|a, b| (&a.action, &a.target_group) == (&b.action, &b.target_group))
        .map(|paths| Branch {
            action: &paths[0].action,
            target_group: paths[0].target_group.as_deref(),
            paths: paths.to_vec(),
        })
        .collect()
}

/// Whether a request may be lost on this path.
pub(super) fn is_trouble(path: &Path) -> bool {
    let lost = |it: &Status| *it == Status::Fail;
    path.end.as_ref().is_some_and(|it| lost(&it.verdict))
        || path.target.as_ref().is_some_and(|it| lost(&it.verdict))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::example;

    #[test]
    fn paths_through_one_rule_stand_together() {
        let report = example::rack();
        let balancers = balancers(&report.traffic.iter().collect::<Vec<_>>());
        let [balancer] = &balancers[..] else {
            panic!("one load balancer")
        };
        let ports: Vec<u16> = balancer.listeners.iter().map(|it| it.port).collect();
        assert_eq!(ports, [80, 443]);
        let rules = balancer.listeners[0].rules.iter();
        let rules: Vec<(&str, usize)> = rules.map(|it| (it.name, it.height)).collect();
        let expected = [("rule 18108", 1), ("rule 23081", 1), ("default rule", 2)];
        assert_eq!(rules, expected);
    }
}
