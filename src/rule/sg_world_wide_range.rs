//! Security groups that open a long run of ports to the whole internet.

use super::{
    Case, Rule, Status, Verdict, Words,
    exposure::{self, Answer, Opening, Protocol},
    sg_world,
};
use crate::{
    kind::{
        Kind,
        security_group::{Permission, SecurityGroup},
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "sg-world-wide-range",
    words: include_str!("../../rules/sg-world-wide-range.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let widest = widest(words);
    let groups = case.ours::<SecurityGroup>();
    groups
        .flat_map(|(it, group)| judge(case, words, widest, it, group))
        .collect()
}

/// How many ports in a row are still no wide range.
pub fn widest(words: &Words) -> u32 {
    let ports = words.number("ports");
    u32::try_from(ports).unwrap_or_default()
}

/// The runs of ports that are wider than that, entries that meet joined.
pub fn wide(group: &SecurityGroup, widest: u32) -> Vec<Opening> {
    let both = [Protocol::Tcp, Protocol::Udp].into_iter();
    both.flat_map(|it| exposure::runs(group, it))
        .filter(|it| it.width() > widest)
        .collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    widest: u32,
    resource: &Resource,
    group: &SecurityGroup,
) -> Vec<Verdict> {
    let id = &resource.id;
    let rest = exposure::besides_all_traffic(group);
    let wide = wide(&rest, widest);
    if wide.is_empty() {
        return vec![narrow(case, words, widest, resource, group, &rest)];
    }
    let judged = wide.iter().map(|run| {
        let (severity, used) = sg_world::weigh(case, words, id, &[*run]);
        // A wide range is as bad as what listens in it, which other rules tell of.
        let severity = severity.min(words.severity);
        let why = format!("{run} are open to the whole internet; {used}");
        let entries = rest.ingress.iter();
        let entries = entries.filter(|it| overlaps(&rest, it, run));
        Verdict::new(&RULE, words, id, Status::Fail, why)
            .severity(severity)
            .evidence(sg_world::evidence(id, entries))
            .detail(run.to_string())
    });
    judged.collect()
}

/// Whether it is an entry by which some of those ports are open.
fn overlaps(group: &SecurityGroup, it: &Permission, run: &Opening) -> bool {
    let start = it.from.and_then(|it| u16::try_from(it).ok());
    let first = start.unwrap_or_default().max(run.from);
    first <= run.to && exposure::lets_in(group, it, run.protocol, first)
}

fn narrow(
    case: &Case<'_>,
    words: &Words,
    widest: u32,
    resource: &Resource,
    group: &SecurityGroup,
    rest: &SecurityGroup,
) -> Verdict {
    let id = &resource.id;
    if exposure::all_traffic(group) == Answer::Open {
        return sg_world::told_already(&RULE, words, id);
    }
    let listed = rest.ingress.iter().any(|it| {
        let ports = match (it.from, it.to) {
            (Some(from), Some(to)) => to.abs_diff(from).saturating_add(1),
            _ => u32::MAX,
        };
        let has_ports = matches!(it.protocol.as_str(), "-1" | "tcp" | "6" | "udp" | "17");
        has_ports && it.has_unread_lists() && ports > widest
    });
    if listed {
        return sg_world::listed(&RULE, case, words, id);
    }
    let why = format!("no run of more than {widest} ports is open to the whole internet");
    Verdict::new(&RULE, words, id, Status::Pass, why)
}
