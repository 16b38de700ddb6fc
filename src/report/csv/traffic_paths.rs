//! `traffic_paths.csv`: one row for each way that a request can take.

use super::{Cell, Failed, Material, table};
use crate::{
    graph::Graph,
    kind::target_group::{HealthCheck, TargetGroup},
    traffic::{self, TrafficPath},
};

const COLUMNS: &[&str] = &[
    "DnsName",
    "LoadBalancer",
    "ListenerPort",
    "ListenerProtocol",
    "CertificateExpiry",
    "RulePriority",
    "RuleConditions",
    "RuleWeight",
    "TargetGroup",
    "HealthCheck",
    "TargetId",
    "HostPort",
    "TargetHealth",
    "HealthReason",
    "TaskArn",
    "Service",
    "Container",
    "ContainerPort",
    "Image",
    "Action",
    "Verdict",
    "End",
];

/// One row for each path through the rack's load balancers, ends included.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn traffic_paths(material: &Material<'_>) -> Result<String, Failed> {
    let paths = traffic::paths(&material.case);
    table(COLUMNS, paths.iter().map(|it| row(material.case.graph, it)))
}

fn row<'a>(graph: &Graph<'_>, path: &'a TrafficPath) -> Vec<Cell<'a>> {
    let number = |it: Option<u32>| it.map_or(Cell::Empty, |it| Cell::plain(&it));
    let port = |it: Option<u16>| number(it.map(u32::from));
    let group = path.target_group.as_ref();
    let check = group.and_then(|it| graph.get_as::<TargetGroup>(&it.key));
    let (target, container) = (path.target.as_ref(), path.container.as_ref());
    let task = container.and_then(|it| graph.get(&it.task));
    let task = task.map(|it| it.arn.clone().unwrap_or_else(|| it.id.key.clone()));
    let end = path.end.as_ref();
    let verdict = end.map(|it| it.verdict).or(target.map(|it| it.verdict));
    vec![
        Cell::text(&*path.dns_name),
        Cell::text(&*path.load_balancer.key),
        // 0: it has no listener.
        port(Some(path.port).filter(|it| *it > 0)),
        Cell::text(&*path.protocol),
        Cell::time(path.certificate_expiry),
        number(path.priority),
        Cell::text(&*path.conditions),
        number(path.weight),
        Cell::maybe(group.map(|it| &*it.key)),
        Cell::maybe(check.map(|it| said(&it.1.health_check))),
        Cell::maybe(target.map(|it| &*it.name)),
        port(target.and_then(|it| it.port)),
        Cell::maybe(target.map(|it| &*it.health)),
        Cell::maybe(target.map(|it| &*it.reason)),
        Cell::maybe(task),
        Cell::maybe(container.map(|it| &*it.service)),
        Cell::maybe(container.map(|it| &*it.name)),
        port(container.map(|it| it.port)),
        Cell::maybe(container.map(|it| &*it.image)),
        Cell::text(&*path.action),
        verdict.map_or(Cell::Empty, |it| Cell::word(it.name())),
        Cell::maybe(end.map(|it| &*it.why)),
    ]
}

/// "HTTP traffic-port /health every 30 s, 200-299".
fn said(check: &HealthCheck) -> String {
    if !check.enabled {
        return "off".to_owned();
    }
    let words = [&check.protocol, &check.port, &check.path];
    let words: Vec<&str> = words.into_iter().filter_map(|it| it.as_deref()).collect();
    let every = check.interval.map(|it| format!(" every {it} s"));
    let success = check.success.as_deref().map(|it| format!(", {it}"));
    let said = [words.join(" "), every.unwrap_or_default()].concat();
    said + &success.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_check_reads_as_one_phrase() {
        let mut check = HealthCheck {
            enabled: true,
            protocol: Some("HTTP".to_owned()),
            port: Some("traffic-port".to_owned()),
            path: Some("/health".to_owned()),
            interval: Some(30),
            success: Some("200-299".to_owned()),
            ..HealthCheck::default()
        };
        assert_eq!(
            said(&check),
            "HTTP traffic-port /health every 30 s, 200-299"
        );
        check.enabled = false;
        assert_eq!(said(&check), "off");
    }
}
