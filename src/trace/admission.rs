//! Whether security groups let one side reach the other at a port.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::Outcome;
use crate::{
    graph::Graph,
    kind::{
        security_group::{Permission, SecurityGroup},
        subnet::Subnet,
    },
    rule::exposure::{self, Answer, Protocol},
};

/// An answer with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Admission {
    pub answer: Answer,
    /// A sentence without its full stop.
    pub why: String,
}

impl Admission {
    pub fn new(answer: Answer, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { answer, why }
    }

    /// What it makes of a way that is otherwise good.
    pub fn outcome(&self) -> Outcome {
        match self.answer {
            Answer::Open => Outcome::Answered,
            Answer::Closed => Outcome::DeadEnd,
            Answer::Unknown => Outcome::Unknown,
        }
    }

    /// The worse of two doors on one way.
    pub fn and(self, other: Self) -> Self {
        match (self.answer, other.answer) {
            (Answer::Closed, _) | (Answer::Unknown, Answer::Open | Answer::Unknown) => self,
            (_, Answer::Closed | Answer::Unknown) => other,
            (Answer::Open, Answer::Open) => self,
        }
    }
}

/// One end of a connection, as the other end's groups see it.
#[derive(Clone, Debug, Default)]
pub struct Side {
    pub groups: Vec<String>,
    /// All addresses that it may speak from; none where they are not known.
    pub ranges: Vec<IpNet>,
}

impl Side {
    pub fn at(address: Option<IpAddr>) -> Self {
        Self {
            groups: Vec::new(),
            ranges: address.into_iter().map(IpNet::from).collect(),
        }
    }

    /// Something that may have any address of these subnets, as a load balancer when it grows.
    pub fn within(graph: &Graph<'_>, subnets: &[String], groups: &[String]) -> Self {
        let range = |it: &String| {
            let (_, subnet) = graph.get_as::<Subnet>(it)?;
            subnet.cidr.parse().ok()
        };
        let ranges: Option<Vec<IpNet>> = subnets.iter().map(range).collect();
        Self {
            groups: groups.to_vec(),
            ranges: ranges.unwrap_or_default(),
        }
    }
}

/// Which of a group's lists is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
}

/// Whether the security groups of one side, together, let it talk with `peer` at a port.
pub fn admits(
    graph: &Graph<'_>,
    groups: &[String],
    direction: Direction,
    peer: &Side,
    protocol: Protocol,
    port: u16,
) -> Answer {
    let found: Vec<Option<&SecurityGroup>> = groups
        .iter()
        .map(|it| graph.get_as::<SecurityGroup>(it).map(|it| it.1))
        .collect();
    let lists = found.iter().flatten().flat_map(|it| match direction {
        Direction::In => &it.ingress,
        Direction::Out => &it.egress,
    });
    let permissions: Vec<&Permission> = lists
        .filter(|it| exposure::covers(it, protocol, port))
        .collect();
    let mut by_group = permissions.iter().flat_map(|it| &it.groups).peekable();
    // Somebody of whom only the address is known may be a member of any group.
    let stranger = peer.groups.is_empty() && by_group.peek().is_some();
    if by_group.any(|it| peer.groups.contains(it)) {
        return Answer::Open;
    }
    let cidrs: Vec<&str> = permissions
        .iter()
        .flat_map(|it| &it.cidrs)
        .map(String::as_str)
        .collect();
    let by_range = reach(&cidrs, &peer.ranges);
    let doubtful = stranger
        || permissions.iter().any(|it| it.has_unread_lists())
        || found.is_empty()
        || found.contains(&None);
    if by_range == Answer::Closed && doubtful {
        return Answer::Unknown;
    }
    by_range
}

/// Whether ranges hold all of the peer's addresses, none, or some.
fn reach(cidrs: &[&str], peer: &[IpNet]) -> Answer {
    if cidrs.is_empty() {
        return Answer::Closed;
    }
    if peer.is_empty() {
        let world = exposure::is_world(cidrs.iter().copied());
        return if world { Answer::Open } else { Answer::Unknown };
    }
    let nets: Vec<IpNet> = cidrs.iter().filter_map(|it| it.parse().ok()).collect();
    let nets = IpNet::aggregate(&nets);
    if peer
        .iter()
        .all(|it| nets.iter().any(|net| net.contains(it)))
    {
        return Answer::Open;
    }
    let touches = |it: &IpNet| nets.iter().any(|net| net.contains(it) || it.contains(net));
    if peer.iter().any(touches) {
        Answer::Unknown
    } else {
        Answer::Closed
    }
}

/// Whether a client gets in at a door with these groups. Where the client is not known, one that
/// lets only some in is open, and says for whom.
pub fn clients(
    graph: &Graph<'_>,
    groups: &[String],
    client: Option<IpAddr>,
    protocol: Protocol,
    port: u16,
) -> Admission {
    let said = groups.join(" and ");
    let peer = Side::at(client);
    let answer = admits(graph, groups, Direction::In, &peer, protocol, port);
    match (answer, client) {
        (Answer::Closed, None) => {
            let why = format!("security group {said} lets nobody in at port {port}");
            Admission::new(answer, why)
        }
        (Answer::Closed, Some(client)) => {
            let why = format!("security group {said} does not let {client} in at port {port}");
            Admission::new(answer, why)
        }
        (Answer::Open, None) => Admission::new(answer, "open to the internet"),
        (Answer::Open, Some(client)) => Admission::new(answer, format!("lets {client} in")),
        (Answer::Unknown, Some(client)) => {
            let why = format!("whether security group {said} lets {client} in is not known");
            Admission::new(answer, why)
        }
        (Answer::Unknown, None) => some(graph, groups, protocol, port),
    }
}

/// Whom a door that is neither open to all nor shut lets in.
fn some(graph: &Graph<'_>, groups: &[String], protocol: Protocol, port: u16) -> Admission {
    let mut found = Vec::new();
    for it in groups {
        let Some((_, group)) = graph.get_as::<SecurityGroup>(it) else {
            let why = format!("security group {it} was not seen");
            return Admission::new(Answer::Unknown, why);
        };
        found.push(group);
    }
    let permissions = found.iter().flat_map(|it| &it.ingress);
    let permissions = permissions.filter(|it| exposure::covers(it, protocol, port));
    let mut who: Vec<&str> = permissions
        .flat_map(|it| it.cidrs.iter().chain(&it.prefix_lists).chain(&it.groups))
        .map(String::as_str)
        .collect();
    who.sort_unstable();
    who.dedup();
    if who.is_empty() {
        return Admission::new(Answer::Unknown, "its security groups are not known");
    }
    let why = format!("lets only {} in", who.join(", "));
    Admission::new(Answer::Open, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Resource;

    fn permission(port: i32, cidrs: &[&str], groups: &[&str]) -> Permission {
        let own = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
        Permission {
            protocol: "tcp".to_owned(),
            from: Some(port),
            to: Some(port),
            cidrs: own(cidrs),
            groups: own(groups),
            ..Permission::default()
        }
    }

    fn group(ingress: Vec<Permission>) -> Vec<Resource> {
        let attrs = SecurityGroup {
            ingress,
            ..SecurityGroup::default()
        };
        let subnet = |id: &str, cidr: &str| {
            let attrs = Subnet {
                cidr: cidr.to_owned(),
                ..Subnet::default()
            };
            Resource::new(id, attrs)
        };
        vec![
            Resource::new("sg-in", attrs),
            subnet("subnet-1", "10.0.1.0/24"),
            subnet("subnet-2", "10.0.2.0/24"),
        ]
    }

    /// Whether a group with that rule lets a load balancer of `sg-lb` in at port 80.
    fn answer(ingress: Vec<Permission>) -> Answer {
        let resources = group(ingress);
        let graph = Graph::build(&resources);
        let subnets = ["subnet-1".to_owned(), "subnet-2".to_owned()];
        let peer = Side::within(&graph, &subnets, &["sg-lb".to_owned()]);
        let groups = ["sg-in".to_owned()];
        admits(&graph, &groups, Direction::In, &peer, Protocol::Tcp, 80)
    }

    #[test]
    fn a_load_balancer_is_let_in_by_its_group_or_by_all_of_its_subnets() {
        assert_eq!(answer(vec![permission(80, &[], &["sg-lb"])]), Answer::Open);
        let vpc = permission(80, &["10.0.0.0/16"], &[]);
        assert_eq!(answer(vec![vpc]), Answer::Open);
        let halves = ["10.0.1.0/24", "10.0.2.0/24"];
        assert_eq!(answer(vec![permission(80, &halves, &[])]), Answer::Open);
    }

    #[test]
    fn another_port_group_or_range_does_not_let_it_in() {
        for closed in [
            permission(81, &["0.0.0.0/0"], &["sg-lb"]),
            permission(80, &[], &["sg-other"]),
            permission(80, &["192.168.0.0/16"], &[]),
        ] {
            assert_eq!(answer(vec![closed]), Answer::Closed);
        }
        assert_eq!(answer(Vec::new()), Answer::Closed);
    }

    #[test]
    fn some_of_its_subnets_or_a_prefix_list_leave_it_open_whether() {
        let one = permission(80, &["10.0.1.0/24"], &[]);
        assert_eq!(answer(vec![one]), Answer::Unknown);
        let mut list = permission(80, &[], &[]);
        list.prefix_lists.push("pl-1".to_owned());
        assert_eq!(answer(vec![list]), Answer::Unknown);
    }

    #[test]
    fn a_group_that_was_not_seen_may_let_anybody_in() {
        let graph = Graph::build(&[]);
        let peer = Side::default();
        let groups = ["sg-gone".to_owned()];
        let answer = admits(&graph, &groups, Direction::In, &peer, Protocol::Tcp, 80);
        assert_eq!(answer, Answer::Unknown);
    }

    #[test]
    fn a_door_says_whom_it_lets_in() {
        let office = permission(443, &["192.0.2.0/24"], &[]);
        let resources = group(vec![office]);
        let graph = Graph::build(&resources);
        let ask = |client: Option<&str>| {
            let client = client.map(|it| it.parse().unwrap());
            clients(&graph, &["sg-in".to_owned()], client, Protocol::Tcp, 443)
        };
        let nobody_known = ask(None);
        assert_eq!(nobody_known.answer, Answer::Open);
        assert_eq!(nobody_known.why, "lets only 192.0.2.0/24 in");
        assert_eq!(ask(Some("192.0.2.7")).answer, Answer::Open);
        assert_eq!(ask(Some("203.0.113.1")).answer, Answer::Closed);
    }
}
