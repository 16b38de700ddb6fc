//! Security groups that let very large parts of the internet in.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{self, Protocol},
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
    id: "sg-broad-public-cidr",
    words: include_str!("../../rules/sg-broad-public-cidr.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let known = nets(words.texts("known").into_iter());
    let groups = case.ours::<SecurityGroup>();
    groups
        .flat_map(|(it, group)| judge(case, words, &known, it, group))
        .collect()
}

/// One failure for each range, with all that it may use.
fn judge(
    case: &Case<'_>,
    words: &Words,
    known: &[IpNet],
    resource: &Resource,
    group: &SecurityGroup,
) -> Vec<Verdict> {
    let id = &resource.id;
    let mut broad: BTreeMap<&str, Vec<&Permission>> = BTreeMap::new();
    for entry in group.ingress.iter().filter(|it| counts(group, it)) {
        // What AWS keeps in a list of its own is no range that somebody chose too wide.
        let chosen = entry.cidrs.iter().filter(|it| !entry.of_aws.contains(it));
        for cidr in chosen.filter(|it| is_broad(it, known)) {
            broad.entry(cidr).or_default().push(entry);
        }
    }
    if broad.is_empty() && group.ingress.iter().any(Permission::has_unread_lists) {
        return vec![sg_world::listed(&RULE, case, words, id)];
    }
    if broad.is_empty() {
        let why = "no very large public range is let in, besides the whole internet";
        return vec![Verdict::new(&RULE, words, id, Status::Pass, why)];
    }
    let used = !sg_world::attached(case, id).is_empty();
    let (severity, use_of) = if used {
        (words.severity, "")
    } else {
        (
            Severity::Info,
            "; nothing uses the group now, which lowers the severity",
        )
    };
    let judged = broad.into_iter().map(|(cidr, entries)| {
        let why = format!("{cidr} is let in, a very large part of the internet{use_of}");
        let entries = entries.into_iter().map(|it| {
            let ports = match (it.from, it.to) {
                (Some(from), Some(to)) => format!("{from}-{to}"),
                _ => "all ports".to_owned(),
            };
            let value = format!("{} {ports} from {}", it.protocol, it.with_rule(cidr));
            Evidence::new(id, "IpPermissions", value)
        });
        Verdict::new(&RULE, words, id, Status::Fail, why)
            .severity(severity)
            .evidence(entries)
            .detail(cidr)
    });
    judged.collect()
}

/// Whether an entry counts here: ping is no door, and what is open to all is told of elsewhere.
fn counts(group: &SecurityGroup, it: &Permission) -> bool {
    if it.protocol.starts_with("icmp") || matches!(it.protocol.as_str(), "1" | "58") {
        return false;
    }
    if exposure::is_world(it.cidrs.iter().map(String::as_str)) {
        return false;
    }
    let protocol = match it.protocol.as_str() {
        "tcp" | "6" => Protocol::Tcp,
        "udp" | "17" => Protocol::Udp,
        _ => return exposure::all_traffic(group) != exposure::Answer::Open,
    };
    let first = it.from.and_then(|it| u16::try_from(it).ok());
    exposure::world(group, protocol, first.unwrap_or_default()) != exposure::Answer::Open
}

/// Shorter than this a public prefix is very large: 65,536 addresses of IPv4, a whole provider's
/// of IPv6.
fn is_broad(cidr: &str, known: &[IpNet]) -> bool {
    let Ok(net) = cidr.parse::<IpNet>() else {
        return false;
    };
    let short = match net {
        IpNet::V4(it) => it.prefix_len() < 16,
        IpNet::V6(it) => it.prefix_len() < 32,
    };
    short && exposure::is_public(cidr) && !known.iter().any(|it| it.contains(&net))
}

fn nets<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<IpNet> {
    texts.filter_map(|it| it.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_public_ranges_are_broad() {
        for (cidr, broad) in [
            ("52.0.0.0/8", true),
            ("52.1.0.0/16", false),
            ("2600::/16", true),
            ("2600:1f18::/32", false),
            ("10.0.0.0/8", false),
            ("172.16.0.0/12", false),
            ("172.0.0.0/8", true),
            ("100.64.0.0/10", false),
            ("fc00::/7", false),
        ] {
            assert_eq!(is_broad(cidr, &[]), broad, "{cidr}");
        }
    }

    #[test]
    fn a_content_network_s_own_ranges_are_meant() {
        let words = RULE.words().unwrap();
        let known = nets(words.texts("known").into_iter());
        assert!(!is_broad("104.16.0.0/13", &known));
        assert!(is_broad("104.0.0.0/8", &known));
    }
}
