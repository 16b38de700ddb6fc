//! What the rules about ports open to the world have in common.

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{self, Answer, Opening, Protocol},
};
use crate::{
    id::ResourceId,
    kind::{Kind, security_group::SecurityGroup},
    relation::RelationKind,
    snapshot::Resource,
};

/// The ports that a rule is about, by protocol.
pub type Ports<'a> = &'a [(Protocol, &'a [u16])];

/// One failure for each run of open ports, one unknown where a prefix list decides, else a pass.
pub fn check(rule: &Rule, case: &Case<'_>, words: &Words, ports: Ports<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (resource, group) in case.ours::<SecurityGroup>() {
        let openings: Vec<Opening> = ports
            .iter()
            .flat_map(|(protocol, ports)| exposure::openings(group, *protocol, ports))
            .collect();
        let attached = attached(case, &resource.id);
        for opening in &openings {
            let verdict = open(rule, words, &resource.id, group, opening, &attached);
            verdicts.push(verdict);
        }
        if openings.is_empty() {
            verdicts.push(closed(rule, words, &resource.id, group, ports));
        }
    }
    verdicts
}

fn open(
    rule: &Rule,
    words: &Words,
    id: &ResourceId,
    group: &SecurityGroup,
    opening: &Opening,
    attached: &[ResourceId],
) -> Verdict {
    let run = run(opening);
    let (severity, where_it_counts) = match attached {
        [] => (
            Severity::Medium,
            "nothing uses the group now, which lowers the severity".to_owned(),
        ),
        [one] => (words.severity, format!("{one} uses the group")),
        [one, more @ ..] => (
            words.severity,
            format!("{one} and {} more use the group", more.len()),
        ),
    };
    let why = format!("{run} is open to the whole internet; {where_it_counts}");
    let evidence = group
        .ingress
        .iter()
        .filter(|it| !it.cidrs.is_empty() && exposure::covers(it, opening.protocol, opening.from))
        .map(|it| {
            let ports = match (it.from, it.to) {
                (Some(from), Some(to)) => format!("{from}-{to}"),
                _ => "all ports".to_owned(),
            };
            let value = format!("{} {ports} from {}", it.protocol, it.cidrs.join(", "));
            Evidence::new(id, "IpPermissions", value)
        });
    Verdict::new(rule, words, id, Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
        .detail(run)
}

fn closed(
    rule: &Rule,
    words: &Words,
    id: &ResourceId,
    group: &SecurityGroup,
    ports: Ports<'_>,
) -> Verdict {
    let unknown = ports.iter().any(|(protocol, ports)| {
        ports
            .iter()
            .any(|it| exposure::world(group, *protocol, *it) == Answer::Unknown)
    });
    if unknown {
        let why = "a prefix list decides who may come in, and racklens does not read what is in it";
        return Verdict::new(rule, words, id, Status::Unknown, why);
    }
    let why = "none of these ports is open to the whole internet";
    Verdict::new(rule, words, id, Status::Pass, why)
}

/// "tcp 22" or "tcp 2375-2376".
fn run(opening: &Opening) -> String {
    let Opening { protocol, from, to } = opening;
    if from == to {
        format!("{} {from}", protocol.name())
    } else {
        format!("{} {from}-{to}", protocol.name())
    }
}

/// What has the group on it, an interface only where nothing else stands for it.
fn attached(case: &Case<'_>, group: &ResourceId) -> Vec<ResourceId> {
    let users = case.graph.users(group).into_iter();
    let mut users: Vec<ResourceId> = users
        .filter(|(user, edge)| {
            edge.kind == RelationKind::Uses
                && user.id.kind != Kind::LaunchConfiguration
                && !is_part(case, user)
        })
        .map(|(user, _)| user.id.clone())
        .collect();
    users.dedup();
    users
}

/// Whether a network interface is an instance's, a load balancer's or a mount target's.
fn is_part(case: &Case<'_>, user: &Resource) -> bool {
    let made = || case.graph.users(&user.id).into_iter();
    let part = || case.graph.uses(&user.id).into_iter();
    user.id.kind == Kind::NetworkInterface
        && (made().any(|(_, edge)| edge.kind == RelationKind::Makes)
            || part().any(|(_, edge)| edge.kind == RelationKind::PartOf))
}
