//! Who a security group lets in: the world, on which ports, and what remains unknown.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::LazyLock,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Serialize;

use crate::kind::security_group::{Permission, SecurityGroup};

/// A run of ports of one protocol that a group opens to the whole internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    pub protocol: Protocol,
    pub from: u16,
    pub to: u16,
}

/// The protocols that have ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Whether a port is open to somebody, first of all to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Open,
    Closed,
    /// A prefix list decides, and what is in it was not read.
    Unknown,
}

/// Whether `group` lets the whole internet, of IPv4 or of IPv6, use this port.
pub fn world(group: &SecurityGroup, protocol: Protocol, port: u16) -> Answer {
    let admitting: Vec<&Permission> = group
        .ingress
        .iter()
        .filter(|it| covers(it, protocol, port))
        .collect();
    // The ranges of several rules count together: two halves make a whole.
    let cidrs = admitting.iter().flat_map(|it| &it.cidrs);
    if is_world(cidrs.map(String::as_str)) {
        return Answer::Open;
    }
    if admitting.iter().any(|it| it.has_unread_lists()) {
        return Answer::Unknown;
    }
    Answer::Closed
}

/// Whether a permission is about that port. ICMP has types, not ports.
pub fn covers(permission: &Permission, protocol: Protocol, port: u16) -> bool {
    let names = match protocol {
        Protocol::Tcp => ["tcp", "6"],
        Protocol::Udp => ["udp", "17"],
    };
    let all = permission.protocol == "-1";
    let within = match (permission.from, permission.to) {
        (Some(from), Some(to)) => (from..=to).contains(&i32::from(port)),
        // AWS leaves the ports out where it means all of them.
        _ => true,
    };
    all || (names.contains(&permission.protocol.as_str()) && within)
}

/// Whether an entry is one of those by which the world may use this port: it lets the whole
/// internet in by itself, or, where none of the group does, a public part of it.
pub fn lets_in(group: &SecurityGroup, entry: &Permission, protocol: Protocol, port: u16) -> bool {
    let alone = |it: &Permission| is_world(it.cidrs.iter().map(String::as_str));
    let mut all = group.ingress.iter();
    covers(entry, protocol, port)
        && (alone(entry)
            || (entry.cidrs.iter().any(|it| is_public(it))
                && !all.any(|it| covers(it, protocol, port) && alone(it))))
}

/// Whether a range has addresses of the internet.
pub fn is_public(cidr: &str) -> bool {
    cidr.parse::<IpNet>()
        .is_ok_and(|it| !AT_HOME.iter().any(|home| home.contains(&it)))
}

/// Ranges that are nobody's on the internet.
static AT_HOME: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let home = NOT_ROUTED.into_iter().chain(["fc00::/7", "fe80::/10"]);
    home.filter_map(|it| it.parse().ok()).collect()
});

/// Ranges of IPv4 of which no packet comes from the internet, by IANA's registry of special
/// purposes; those for examples in texts are left out.
const NOT_ROUTED: [&str; 9] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// Whether these ranges together hold all public addresses of a family. Who lets in everything but
/// private networks has let in the world.
///
/// For IPv6 `2000::/3` is enough: nothing outside of it is routed on the internet.
pub fn is_world<'c>(cidrs: impl Iterator<Item = &'c str>) -> bool {
    let mut v4: Vec<Ipv4Net> = Vec::new();
    let mut v6: Vec<Ipv6Net> = Vec::new();
    for cidr in cidrs {
        // Nearly always the world is written as one range, and is not worth the adding up.
        if matches!(cidr, "0.0.0.0/0" | "::/0") {
            return true;
        }
        if let Ok(net) = cidr.parse() {
            v4.push(net);
        } else if let Ok(net) = cidr.parse() {
            v6.push(net);
        }
    }
    let unicast: Result<Ipv6Net, _> = "2000::/3".parse();
    is_world_v4(v4)
        || unicast.is_ok_and(|all| Ipv6Net::aggregate(&v6).iter().any(|it| it.contains(&all)))
}

fn is_world_v4(mut nets: Vec<Ipv4Net>) -> bool {
    // What is routed is more than half of all, so that most lists need no adding up.
    let addresses = nets
        .iter()
        .map(|it| 1_u64 << (32 - u32::from(it.prefix_len())));
    if addresses.sum::<u64>() < 1 << 31 {
        return false;
    }
    nets.extend(
        NOT_ROUTED
            .iter()
            .filter_map(|it| it.parse::<Ipv4Net>().ok()),
    );
    Ipv4Net::aggregate(&nets)
        .iter()
        .any(|it| it.prefix_len() == 0)
}

/// The ports among `wanted` that the group opens to the world, neighbours joined into runs.
pub fn openings(group: &SecurityGroup, protocol: Protocol, wanted: &[u16]) -> Vec<Opening> {
    let open = runs(group, protocol);
    let is_open = |port: &u16| open.iter().any(|it| (it.from..=it.to).contains(port));
    let mut ports: Vec<u16> = wanted.iter().copied().filter(is_open).collect();
    ports.sort_unstable();
    ports.dedup();
    let mut runs: Vec<Opening> = Vec::new();
    for port in ports {
        match runs.last_mut() {
            Some(run) if run.to.checked_add(1) == Some(port) => run.to = port,
            _ => runs.push(Opening {
                protocol,
                from: port,
                to: port,
            }),
        }
    }
    runs
}

/// Whether a group opens every protocol, and so every port, to the whole internet.
pub fn all_traffic(group: &SecurityGroup) -> Answer {
    let all = || group.ingress.iter().filter(|it| it.protocol == "-1");
    if is_world(all().flat_map(|it| &it.cidrs).map(String::as_str)) {
        return Answer::Open;
    }
    if all().any(|it| it.has_unread_lists()) {
        return Answer::Unknown;
    }
    Answer::Closed
}

/// The numbers of the protocols without ports of ours that the group opens to the whole internet,
/// such as 47 for GRE tunnels. Ping is no door.
pub fn other_protocols(group: &SecurityGroup) -> BTreeSet<&str> {
    let mut by_protocol: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in group.ingress.iter().filter(|it| is_other(it)) {
        let ranges = by_protocol.entry(&entry.protocol).or_default();
        ranges.extend(entry.cidrs.iter().map(String::as_str));
    }
    let open = by_protocol.into_iter();
    open.filter(|(_, ranges)| is_world(ranges.iter().copied()))
        .map(|(protocol, _)| protocol)
        .collect()
}

/// Whether a permission is about a protocol that has neither ports nor is ping.
pub fn is_other(permission: &Permission) -> bool {
    let known = ["-1", "tcp", "6", "udp", "17", "icmp", "1", "icmpv6", "58"];
    !known.contains(&permission.protocol.as_str())
}

/// What a group opens besides all traffic, which is told of once, by itself.
pub fn besides_all_traffic(group: &SecurityGroup) -> SecurityGroup {
    let mut rest = group.clone();
    if all_traffic(group) == Answer::Open {
        rest.ingress.retain(|it| it.protocol != "-1");
    }
    rest
}

/// All runs of ports that the group opens to the world, rules that meet or overlap joined.
pub fn runs(group: &SecurityGroup, protocol: Protocol) -> Vec<Opening> {
    let port = |it: i32| u16::try_from(it).ok();
    // Between two ends of rules nothing changes.
    let starts = group.ingress.iter().filter_map(|it| port(it.from?));
    let after = group.ingress.iter().filter_map(|it| port(it.to?));
    let after = after.filter_map(|it| it.checked_add(1));
    let starts: BTreeSet<u16> = starts.chain(after).chain([0]).collect();
    let next = starts.iter().skip(1).map(|it| it.saturating_sub(1));
    let ends = next.chain([u16::MAX]);
    let mut runs: Vec<Opening> = Vec::new();
    for (from, to) in starts.iter().copied().zip(ends) {
        if world(group, protocol, from) != Answer::Open {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.to.checked_add(1) == Some(from) => run.to = to,
            _ => runs.push(Opening { protocol, from, to }),
        }
    }
    runs
}

impl Opening {
    /// How many ports it has.
    pub fn width(&self) -> u32 {
        u32::from(self.to) - u32::from(self.from) + 1
    }
}

/// "tcp 22", "tcp 2375-2376" or "all tcp ports".
impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, from, to } = self;
        let protocol = protocol.name();
        match (*from, *to) {
            (0, u16::MAX) => write!(f, "all {protocol} ports"),
            (from, to) if from == to => write!(f, "{protocol} {from}"),
            (from, to) => write!(f, "{protocol} {from}-{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protocol, first and last port, ranges.
    type Rule<'a> = (&'a str, Option<i32>, Option<i32>, &'a [&'a str]);

    fn group(rules: &[Rule<'_>]) -> SecurityGroup {
        let ingress = rules.iter().map(|(protocol, from, to, cidrs)| Permission {
            protocol: (*protocol).to_owned(),
            from: *from,
            to: *to,
            cidrs: cidrs.iter().map(|it| (*it).to_owned()).collect(),
            ..Permission::default()
        });
        SecurityGroup {
            ingress: ingress.collect(),
            ..SecurityGroup::default()
        }
    }

    #[test]
    fn ssh_is_open_however_it_was_opened() {
        let all4: &[&str] = &["0.0.0.0/0"];
        for rules in [
            vec![("tcp", Some(22), Some(22), all4)],
            vec![("6", Some(22), Some(22), all4)],
            vec![("tcp", Some(22), Some(22), &["::/0"] as &[&str])],
            vec![("-1", None, None, all4)],
            vec![("tcp", Some(0), Some(65535), all4)],
            vec![("tcp", Some(20), Some(25), all4)],
            vec![
                ("tcp", Some(22), Some(22), &["0.0.0.0/1"]),
                ("tcp", Some(22), Some(22), &["128.0.0.0/1"]),
            ],
            vec![("tcp", Some(22), Some(22), &["2000::/3"])],
        ] {
            assert_eq!(
                world(&group(&rules), Protocol::Tcp, 22),
                Answer::Open,
                "{rules:?}"
            );
        }
    }

    #[test]
    fn everything_but_private_networks_is_the_world() {
        // What is left of 0.0.0.0/0 without 10/8, 127/8, 169.254/16, 172.16/12, 192.168/16 and
        // what lies from 224 up.
        let all_but_private = [
            "1.0.0.0/8",
            "2.0.0.0/7",
            "4.0.0.0/6",
            "8.0.0.0/7",
            "11.0.0.0/8",
            "12.0.0.0/6",
            "16.0.0.0/4",
            "32.0.0.0/3",
            "64.0.0.0/3",
            "96.0.0.0/4",
            "112.0.0.0/5",
            "120.0.0.0/6",
            "124.0.0.0/7",
            "126.0.0.0/8",
            "128.0.0.0/3",
            "160.0.0.0/5",
            "168.0.0.0/8",
            "169.0.0.0/9",
            "169.128.0.0/10",
            "169.192.0.0/11",
            "169.224.0.0/12",
            "169.240.0.0/13",
            "169.248.0.0/14",
            "169.252.0.0/15",
            "169.255.0.0/16",
            "170.0.0.0/7",
            "172.0.0.0/12",
            "172.32.0.0/11",
            "172.64.0.0/10",
            "172.128.0.0/9",
            "173.0.0.0/8",
            "174.0.0.0/7",
            "176.0.0.0/4",
            "192.0.0.0/9",
            "192.128.0.0/11",
            "192.160.0.0/13",
            "192.169.0.0/16",
            "192.170.0.0/15",
            "192.172.0.0/14",
            "192.176.0.0/12",
            "192.192.0.0/10",
            "193.0.0.0/8",
            "194.0.0.0/7",
            "196.0.0.0/6",
            "200.0.0.0/5",
            "208.0.0.0/4",
        ];
        assert!(is_world(all_but_private.into_iter()));
        assert!(!is_world(all_but_private.into_iter().skip(1)));
    }

    #[test]
    fn ssh_is_not_open_where_it_only_looks_so() {
        let all4: &[&str] = &["0.0.0.0/0"];
        for rules in [
            vec![("udp", Some(22), Some(22), all4)],
            vec![("icmp", Some(-1), Some(-1), all4)],
            vec![("tcp", Some(80), Some(65535), all4)],
            vec![("tcp", Some(22), Some(22), &["10.0.0.0/8"] as &[&str])],
            vec![("tcp", Some(22), Some(22), &["0.0.0.0/1"])],
        ] {
            assert_eq!(
                world(&group(&rules), Protocol::Tcp, 22),
                Answer::Closed,
                "{rules:?}"
            );
        }
    }

    #[test]
    fn a_prefix_list_that_was_not_read_is_unknown() {
        let mut group = group(&[("tcp", Some(22), Some(22), &[])]);
        group.ingress[0].prefix_lists.push("pl-1".to_owned());
        assert_eq!(world(&group, Protocol::Tcp, 22), Answer::Unknown);
    }

    #[test]
    fn neighbouring_ports_make_one_opening() {
        let group = group(&[("tcp", Some(0), Some(65535), &["0.0.0.0/0"])]);
        let runs = openings(&group, Protocol::Tcp, &[2375, 2376, 22]);
        let ends: Vec<(u16, u16)> = runs.iter().map(|it| (it.from, it.to)).collect();
        assert_eq!(ends, [(22, 22), (2375, 2376)]);
    }

    #[test]
    fn two_half_ranges_of_ports_are_all_of_them() {
        let all4: &[&str] = &["0.0.0.0/0"];
        let halves = [
            ("tcp", Some(0), Some(32767), all4),
            ("tcp", Some(32768), Some(65535), all4),
        ];
        let runs = runs(&group(&halves), Protocol::Tcp);
        let said: Vec<String> = runs.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["all tcp ports"]);
        assert_eq!(runs[0].width(), 65536);
    }

    #[test]
    fn runs_end_where_the_world_does() {
        let all4: &[&str] = &["0.0.0.0/0"];
        let rules = [
            ("tcp", Some(80), Some(90), all4),
            ("tcp", Some(85), Some(100), &["::/0"]),
            ("tcp", Some(200), Some(300), &["10.0.0.0/8"]),
            ("udp", Some(400), Some(400), all4),
        ];
        let said = |protocol| -> Vec<String> {
            let runs = runs(&group(&rules), protocol);
            runs.iter().map(ToString::to_string).collect()
        };
        assert_eq!(said(Protocol::Tcp), ["tcp 80-100"]);
        assert_eq!(said(Protocol::Udp), ["udp 400"]);
    }

    #[test]
    fn all_traffic_is_all_protocols_and_not_all_tcp() {
        let all4: &[&str] = &["0.0.0.0/0"];
        let every = group(&[("-1", None, None, all4)]);
        assert_eq!(all_traffic(&every), Answer::Open);
        let tcp = group(&[("tcp", Some(0), Some(65535), all4)]);
        assert_eq!(all_traffic(&tcp), Answer::Closed);
        let halves: [Rule<'_>; 2] = [
            ("-1", None, None, &["0.0.0.0/1"]),
            ("-1", None, None, &["128.0.0.0/1"]),
        ];
        assert_eq!(all_traffic(&group(&halves)), Answer::Open);
    }

    #[test]
    fn a_tunnel_is_a_door_and_ping_is_none() {
        let all4: &[&str] = &["0.0.0.0/0"];
        let all = group(&[
            ("47", None, None, all4),
            ("50", None, None, &["0.0.0.0/1"]),
            ("50", None, None, &["128.0.0.0/1"]),
            ("51", None, None, &["10.0.0.0/8"]),
            ("icmp", Some(-1), Some(-1), all4),
            ("58", None, None, &["::/0"]),
            ("tcp", Some(22), Some(22), all4),
            ("-1", None, None, all4),
        ]);
        assert_eq!(other_protocols(&all), ["47", "50"].into());
    }

    #[test]
    fn what_is_open_besides_all_traffic_stays_open() {
        let all4: &[&str] = &["0.0.0.0/0"];
        let both = group(&[("-1", None, None, all4), ("tcp", Some(22), Some(22), all4)]);
        let rest = besides_all_traffic(&both);
        assert_eq!(world(&rest, Protocol::Tcp, 22), Answer::Open);
        assert_eq!(world(&rest, Protocol::Tcp, 3306), Answer::Closed);
    }
}
