//! Puts the paths of requests into the groups in which a reader follows them.

use crate::{
    report::{Link, Path, Target},
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
            target_group: paths[0].target_group.as_ref(),
            paths: paths.to_vec(),
        })
        .collect()
}

/// Whether a path ends where no path should.
pub(super) fn is_trouble(path: &Path) -> bool {
    is_dead_end(path)
        || path
            .target
            .as_ref()
            .is_some_and(|it| it.verdict == Status::Fail)
}

/// Whether a path that promises to go on ends early. A redirect or a fixed answer does not
/// promise that, and a function or another load balancer answers without a container.
pub(super) fn is_dead_end(path: &Path) -> bool {
    let answered = |it: &Target| matches!(it.link.kind, "function" | "load-balancer");
    path.end.is_some()
        && path.action.contains("forward")
        && !path.target.as_ref().is_some_and(answered)
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

    #[test]
    fn a_redirect_is_no_dead_end() {
        let report = example::rack();
        let mut path = report.traffic[0].clone();
        path.container = None;
        path.end = Some("no running task that was seen owns this port".to_owned());
        assert!(is_dead_end(&path));
        path.action = "redirect to HTTPS://#{host}:443".to_owned();
        assert!(!is_dead_end(&path));
    }
}
