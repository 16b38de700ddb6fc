//! A VPC's default security group that lets traffic through.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, sg_world};
use crate::{
    kind::{
        Kind,
        security_group::{Permission, SecurityGroup},
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "sg-default-allows",
    words: include_str!("../../rules/sg-default-allows.toml"),
    needs: &[Kind::SecurityGroup, Kind::Vpc],
    check,
};

/// Only groups of the rack's own VPCs; other regions and VPCs are nobody's business here.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let groups = case.ours::<SecurityGroup>();
    groups
        .filter(|(_, it)| it.is_default())
        .map(|(it, group)| judge(case, words, it, group))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, group: &SecurityGroup) -> Verdict {
    let id = &resource.id;
    if group.ingress.is_empty() && group.egress.is_empty() {
        let why = "it lets nothing in and nothing out";
        return Verdict::new(&RULE, words, id, Status::Pass, why);
    }
    let attached = sg_world::attached(case, id);
    let (severity, used) = match &attached[..] {
        [] => (
            Severity::Low,
            "nothing uses it now, which lowers the severity".to_owned(),
        ),
        [one] => (words.severity, format!("{one} uses it")),
        [one, more @ ..] => (
            words.severity,
            format!("{one} and {} more use it", more.len()),
        ),
    };
    let entries = |it: usize| match it {
        1 => "1 entry".to_owned(),
        _ => format!("{it} entries"),
    };
    let why = format!(
        "it has {} for what comes in and {} for what goes out; {used}",
        entries(group.ingress.len()),
        entries(group.egress.len())
    );
    let evidence = |path, all: &[Permission]| -> Vec<Evidence> {
        all.iter()
            .map(|it| {
                let who: Vec<&str> = [&it.cidrs, &it.prefix_lists, &it.groups]
                    .into_iter()
                    .flatten()
                    .map(String::as_str)
                    .collect();
                let protocol = &it.protocol;
                Evidence::new(id, path, format!("{protocol}: {}", who.join(", ")))
            })
            .collect()
    };
    Verdict::new(&RULE, words, id, Status::Fail, why)
        .severity(severity)
        .evidence(evidence("IpPermissions", &group.ingress))
        .evidence(evidence("IpPermissionsEgress", &group.egress))
}
