//! Whether packets from the internet arrive: public address, route, the account's Block Public
//! Access, network ACL, security groups.

use std::{collections::BTreeSet, net::Ipv6Addr, ops::RangeInclusive};

use super::{
    Case,
    exposure::{self, Answer, Opening, Protocol},
};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        classic_load_balancer::ClassicLoadBalancer,
        internet_gateway::InternetGateway,
        listener::Listener,
        load_balancer::LoadBalancer,
        network_acl::{Entry, NetworkAcl},
        network_interface::NetworkInterface,
        route_table::RouteTable,
        security_group::{Permission, SecurityGroup},
        subnet::Subnet,
        vpc::Vpc,
    },
    snapshot::Gap,
};

/// The two internets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// Whether a range is of this family.
    fn has(self, cidr: &str) -> bool {
        match self {
            Self::V4 => !cidr.contains(':'),
            Self::V6 => cidr.contains(':'),
        }
    }
}

/// Ports that clients speak from, of all usual systems: the answer must find its way out.
const CLIENT_PORTS: [u16; 4] = [1024, 32768, 49152, 65535];

/// Whether the internet reaches an interface at any port of a run.
///
/// Only those ports are tried at which an answer may begin to be another one than before.
pub fn reaches_any(
    case: &Case<'_>,
    interface: &NetworkInterface,
    protocol: Protocol,
    ports: RangeInclusive<u16>,
) -> Answer {
    let mut said = Answer::Closed;
    for port in edges(case, interface, &ports) {
        said = either(said, reaches(case, interface, protocol, port));
        if said == Answer::Open {
            break;
        }
    }
    said
}

/// The first port of a run, and those in it at which a listener, an entry of the network ACL or one
/// of a group begins, or ended before.
fn edges(
    case: &Case<'_>,
    interface: &NetworkInterface,
    ports: &RangeInclusive<u16>,
) -> BTreeSet<u16> {
    let mut edges = BTreeSet::from([*ports.start()]);
    if ports.start() == ports.end() {
        return edges;
    }
    let after = |it: u16| it.checked_add(1);
    if let Some(owner) = interface.owner() {
        edges.extend(listened(case, &owner).into_iter().flatten());
    }
    let acl = case.run.index.acl(case.graph, &interface.subnet);
    let acl = acl.and_then(|it| case.graph.get_as::<NetworkAcl>(it));
    for entry in acl.iter().flat_map(|(_, it)| &it.entries) {
        edges.extend(entry.from.into_iter().chain(entry.to.and_then(after)));
    }
    let groups = interface.security_groups.iter();
    let groups = groups.filter_map(|it| case.graph.get_as::<SecurityGroup>(it));
    for entry in groups.flat_map(|(_, it)| &it.ingress) {
        let port = |it: i32| u16::try_from(it).ok();
        let end = entry.to.and_then(port).and_then(after);
        edges.extend(entry.from.and_then(port).into_iter().chain(end));
    }
    edges.retain(|it| ports.contains(it));
    edges
}

/// Whether the internet reaches an interface at a port, by IPv4 or by IPv6.
///
/// At a load balancer only the ports of its listeners answer.
pub fn reaches(
    case: &Case<'_>,
    interface: &NetworkInterface,
    protocol: Protocol,
    port: u16,
) -> Answer {
    let listens = listens(case, interface, port);
    if listens == Answer::Closed {
        return Answer::Closed;
    }
    let ways = families(interface).map(|family| {
        [
            route(case, &interface.subnet, family),
            acl(case, &interface.subnet, family, protocol, port),
            groups(case, &interface.security_groups, family, protocol, port),
        ]
        .into_iter()
        .fold(listens, both)
    });
    ways.fold(Answer::Closed, either)
}

/// The internets that know an address of an interface.
fn families(interface: &NetworkInterface) -> impl Iterator<Item = Family> {
    let families = [
        (Family::V4, interface.public_ip.is_some()),
        (
            Family::V6,
            interface.ipv6_addresses.iter().any(|it| is_public(it)),
        ),
    ];
    let known = families.into_iter().filter(|(_, has)| *has);
    known.map(|(family, _)| family)
}

/// Two doors, one behind the other.
fn both(a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::Closed, _) | (_, Answer::Closed) => Answer::Closed,
        (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
        (Answer::Open, Answer::Open) => Answer::Open,
    }
}

/// Two doors, one beside the other.
pub fn either(a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::Open, _) | (_, Answer::Open) => Answer::Open,
        (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
        (Answer::Closed, Answer::Closed) => Answer::Closed,
    }
}

/// An address that the internet knows; those that begin with `fc`, `fd` or `fe80` stay at home.
fn is_public(address: &str) -> bool {
    let address: Result<Ipv6Addr, _> = address.parse();
    address.is_ok_and(|it| it.segments()[0] & 0xe000 == 0x2000)
}

/// Whether anything can answer at the port: a load balancer answers at those of its listeners, and
/// not at all to the internet where it is internal, whatever addresses it has.
fn listens(case: &Case<'_>, interface: &NetworkInterface, port: u16) -> Answer {
    let Some(owner) = interface.owner() else {
        return Answer::Open;
    };
    let scheme = case.graph.get(&owner).and_then(|it| {
        let scheme = LoadBalancer::of(&it.attrs).map(|it| &it.scheme);
        scheme.or(ClassicLoadBalancer::of(&it.attrs).map(|it| &it.scheme))
    });
    if scheme.is_some_and(|it| it == "internal") {
        return Answer::Closed;
    }
    match listened(case, &owner) {
        Some(ports) if !ports.contains(&port) => Answer::Closed,
        Some(_) => Answer::Open,
        None if owner.kind == Kind::LoadBalancer => Answer::Unknown,
        None => Answer::Open,
    }
}

/// The ports of a load balancer's listeners. `None` where they were not read, and of anything else.
fn listened(case: &Case<'_>, owner: &ResourceId) -> Option<Vec<u16>> {
    if owner.kind == Kind::LoadBalancer {
        let listeners = case.graph.parts::<Listener>(owner);
        let unread = listeners.is_empty() && case.gap_of_call(owner, LISTENERS).is_some();
        return (!unread).then(|| listeners.iter().map(|(_, it)| it.port).collect());
    }
    if owner.kind != Kind::ClassicLoadBalancer {
        return None;
    }
    let (_, balancer) = case.graph.get_as::<ClassicLoadBalancer>(&owner.key)?;
    Some(balancer.listeners.iter().map(|it| it.port).collect())
}

/// The call that tells a load balancer's listeners.
pub const LISTENERS: &str = "DescribeListeners";

/// Whether a subnet's route table leads to an internet gateway and so back from it.
pub fn route(case: &Case<'_>, subnet: &str, family: Family) -> Answer {
    let Some((_, placed)) = case.graph.get_as::<Subnet>(subnet) else {
        return Answer::Unknown;
    };
    let index = &case.run.index;
    let table = index.route_table(case.graph, subnet, &placed.vpc);
    let table = table.and_then(|it| case.graph.get_as::<RouteTable>(it));
    let Some((_, table)) = table else {
        return Answer::Unknown;
    };
    let outward: Vec<&str> = table
        .routes
        .iter()
        .filter(|it| it.state != "blackhole" && leads_out(case, &it.via, &placed.vpc))
        .map(|it| it.to.as_str())
        .collect();
    let all = outward.iter().copied().filter(|it| family.has(it));
    if exposure::is_world(all) {
        unblocked(case, subnet, &placed.vpc)
    } else if outward.iter().any(|it| it.starts_with("pl-")) {
        Answer::Unknown
    } else {
        Answer::Closed
    }
}

/// Whether the account's Block Public Access lets the internet through to a subnet.
fn unblocked(case: &Case<'_>, subnet: &str, vpc: &str) -> Answer {
    let Some((resource, vpc)) = case.graph.get_as::<Vpc>(vpc) else {
        return match case.gap_in_listing(Kind::Vpc) {
            Some(_) => Answer::Unknown,
            None => Answer::Open,
        };
    };
    match vpc.public_block.known() {
        Some(block) if block.keeps_out(subnet, &resource.id.key) => Answer::Closed,
        Some(_) => Answer::Open,
        None if case.gap_of_call(&resource.id, BLOCK).is_some() => Answer::Unknown,
        // A file from before it was read; it is off unless somebody turned it on.
        None => Answer::Open,
    }
}

/// The calls that tell of Block Public Access.
const BLOCK: &str = "DescribeVpcBlockPublicAccess";

/// An internet gateway that is attached. An egress-only one lets nobody in.
fn leads_out(case: &Case<'_>, via: &str, vpc: &str) -> bool {
    let gateway = case.graph.get_as::<InternetGateway>(via);
    via.starts_with("igw-") && gateway.is_none_or(|(_, it)| it.vpcs.iter().any(|it| it == vpc))
}

/// Whether a subnet's network ACL lets requests in at the port and the answers out.
pub fn acl(case: &Case<'_>, subnet: &str, family: Family, protocol: Protocol, port: u16) -> Answer {
    let acl = case.run.index.acl(case.graph, subnet);
    let Some((_, acl)) = acl.and_then(|it| case.graph.get_as::<NetworkAcl>(it)) else {
        return Answer::Unknown;
    };
    let lets = |egress, port| admits(acl, egress, family, protocol, port);
    let answers = CLIENT_PORTS.iter().any(|it| lets(true, *it));
    if lets(false, port) && answers {
        Answer::Open
    } else {
        Answer::Closed
    }
}

/// Whether the whole internet is let through in one direction: the first entry that is about all
/// of it decides, and what was allowed in parts before it counts together.
fn admits(acl: &NetworkAcl, egress: bool, family: Family, protocol: Protocol, port: u16) -> bool {
    let mut entries: Vec<&Entry> = acl
        .entries
        .iter()
        .filter(|it| it.egress == egress && family.has(&it.cidr) && is_about(it, protocol, port))
        .collect();
    entries.sort_by_key(|it| it.number);
    let mut allowed: Vec<&str> = Vec::new();
    for entry in entries {
        let whole = exposure::is_world([entry.cidr.as_str()].into_iter());
        match (entry.action.as_str(), whole) {
            ("allow", true) => return true,
            (_, true) => return exposure::is_world(allowed.into_iter()),
            ("allow", false) => allowed.push(&entry.cidr),
            // Some are kept out; the rest of the world is not.
            (_, false) => {}
        }
    }
    exposure::is_world(allowed.into_iter())
}

fn is_about(entry: &Entry, protocol: Protocol, port: u16) -> bool {
    let number = match protocol {
        Protocol::Tcp => "6",
        Protocol::Udp => "17",
    };
    let within = match (entry.from, entry.to) {
        (Some(from), Some(to)) => (from..=to).contains(&port),
        _ => true,
    };
    entry.protocol == "-1" || (entry.protocol == number && within)
}

/// Whether security groups, together, let the internet of one family in.
pub fn groups(
    case: &Case<'_>,
    keys: &[String],
    family: Family,
    protocol: Protocol,
    port: u16,
) -> Answer {
    let found: Vec<_> = keys
        .iter()
        .map(|it| case.graph.get_as::<SecurityGroup>(it))
        .collect();
    let seen = found.iter().flatten().flat_map(|(_, it)| &it.ingress);
    let covering: Vec<&Permission> = seen
        .filter(|it| exposure::covers(it, protocol, port))
        .collect();
    let cidrs = covering.iter().flat_map(|it| &it.cidrs);
    if exposure::is_world(cidrs.map(String::as_str).filter(|it| family.has(it))) {
        return Answer::Open;
    }
    let listed = covering.iter().any(|it| it.has_unread_lists());
    if listed || found.iter().any(Option::is_none) {
        return Answer::Unknown;
    }
    Answer::Closed
}

/// The first interface with this security group at which the internet reaches one of the ports, and
/// whether it does or may: what is not known is no door that is shut.
pub fn door(
    case: &Case<'_>,
    group: &ResourceId,
    opening: &Opening,
) -> Option<(ResourceId, Answer)> {
    let users = case.graph.users(group).into_iter();
    let worn = users.filter_map(|(it, _)| Some((&it.id, NetworkInterface::of(&it.attrs)?)));
    let worn = worn.filter(|(_, it)| it.security_groups.contains(&group.key));
    let mut may = None;
    for (id, it) in worn {
        let ports = opening.from..=opening.to;
        match reaches_any(case, it, opening.protocol, ports) {
            Answer::Open => return Some((id.clone(), Answer::Open)),
            Answer::Unknown if may.is_none() => may = Some((id.clone(), Answer::Unknown)),
            Answer::Unknown | Answer::Closed => {}
        }
    }
    may
}

/// The first interface with this security group to which the internet has a way, whomever the
/// group lets in.
pub fn way_to(case: &Case<'_>, group: &ResourceId) -> Option<ResourceId> {
    let users = case.graph.users(group).into_iter();
    let worn = users.filter_map(|(it, _)| Some((&it.id, NetworkInterface::of(&it.attrs)?)));
    let mut reached = worn.filter(|(_, it)| {
        let mut families = families(it);
        families.any(|family| route(case, &it.subnet, family) == Answer::Open)
    });
    reached.next().map(|(it, _)| it.clone())
}

/// Why it is not known whether the internet arrives at an interface: what one of its groups'
/// prefix lists holds was not read, or what stands on the way was not listed.
pub fn gap<'a>(case: &Case<'a>, interface: Option<&NetworkInterface>) -> Option<&'a Gap> {
    let groups = interface.into_iter().flat_map(|it| &it.security_groups);
    let groups = groups.map(|it| ResourceId::new(Kind::SecurityGroup, it));
    let mut lists = groups.filter_map(|it| case.gap_of_call(&it, LISTS));
    let vpc = interface.map(|it| ResourceId::new(Kind::Vpc, &it.vpc));
    let block = || vpc.and_then(|it| case.gap_of_call(&it, BLOCK));
    lists.next().or_else(block).or_else(|| {
        case.gap_among(&[
            Kind::NetworkInterface,
            Kind::Subnet,
            Kind::RouteTable,
            Kind::NetworkAcl,
            Kind::SecurityGroup,
            Kind::Listener,
            Kind::Vpc,
        ])
    })
}

/// The calls that tell what is in a prefix list.
pub const LISTS: &str = "ManagedPrefixList";

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::{kind::route_table::Route, snapshot::Resource, testing};

    /// A VPC with one subnet that leads to the internet, and a group that opens SSH to it.
    pub fn public_subnet() -> Vec<Resource> {
        let subnet = Subnet {
            vpc: "vpc-1".to_owned(),
            ..Subnet::default()
        };
        let out = |to: &str| Route {
            to: to.to_owned(),
            via: "igw-1".to_owned(),
            state: "active".to_owned(),
        };
        let table = RouteTable {
            vpc: "vpc-1".to_owned(),
            is_main: true,
            routes: vec![out("0.0.0.0/0"), out("::/0")],
            ..RouteTable::default()
        };
        let gateway = InternetGateway {
            vpcs: vec!["vpc-1".to_owned()],
        };
        let entry = |egress, cidr: &str| Entry {
            number: 100,
            egress,
            protocol: "-1".to_owned(),
            action: "allow".to_owned(),
            cidr: cidr.to_owned(),
            ..Entry::default()
        };
        let acl = NetworkAcl {
            vpc: "vpc-1".to_owned(),
            is_default: true,
            subnets: vec!["subnet-1".to_owned()],
            entries: vec![
                entry(false, "0.0.0.0/0"),
                entry(true, "0.0.0.0/0"),
                entry(false, "::/0"),
                entry(true, "::/0"),
            ],
            ..NetworkAcl::default()
        };
        let ssh = Permission {
            protocol: "tcp".to_owned(),
            from: Some(22),
            to: Some(22),
            cidrs: vec!["0.0.0.0/0".to_owned()],
            ..Permission::default()
        };
        let group = SecurityGroup {
            vpc: "vpc-1".to_owned(),
            ingress: vec![ssh],
            ..SecurityGroup::default()
        };
        vec![
            Resource::new("subnet-1", subnet),
            Resource::new("rtb-1", table),
            Resource::new("igw-1", gateway),
            Resource::new("acl-1", acl),
            Resource::new("sg-1", group),
        ]
    }

    /// An interface there with the group on it and a public IPv4 address.
    pub fn interface() -> NetworkInterface {
        NetworkInterface {
            subnet: "subnet-1".to_owned(),
            vpc: "vpc-1".to_owned(),
            public_ip: Some("198.51.100.7".to_owned()),
            security_groups: vec!["sg-1".to_owned()],
            ..NetworkInterface::default()
        }
    }

    fn ssh(resources: &[Resource], interface: &NetworkInterface) -> Answer {
        testing::owned(
            resources,
            &[],
            |_| true,
            |case| reaches(case, interface, Protocol::Tcp, 22),
        )
    }

    fn change<K: crate::kind::AsKind>(resources: &mut [Resource], change: impl FnOnce(&mut K)) {
        let it = resources.iter_mut().find_map(|it| K::of_mut(&mut it.attrs));
        change(it.unwrap());
    }

    #[test]
    fn a_public_address_a_route_an_acl_and_a_group_let_the_internet_in() {
        assert_eq!(ssh(&public_subnet(), &interface()), Answer::Open);
    }

    #[test]
    fn without_a_public_address_nobody_arrives() {
        let inside = NetworkInterface {
            public_ip: None,
            ..interface()
        };
        assert_eq!(ssh(&public_subnet(), &inside), Answer::Closed);
    }

    #[test]
    fn a_gateway_that_is_detached_or_a_route_that_leads_nowhere_brings_nobody() {
        let mut detached = public_subnet();
        change::<InternetGateway>(&mut detached, |it| it.vpcs.clear());
        assert_eq!(ssh(&detached, &interface()), Answer::Closed);
        let mut gone = public_subnet();
        change::<RouteTable>(&mut gone, |it| {
            it.routes[0].state = "blackhole".to_owned();
        });
        assert_eq!(ssh(&gone, &interface()), Answer::Closed);
    }

    #[test]
    fn where_the_account_blocks_public_access_nobody_arrives() {
        use crate::kind::{Fact, vpc::PublicBlock};
        let blocked = |exempt: &[&str]| {
            let block = PublicBlock {
                mode: "block-ingress".to_owned(),
                exempt: exempt.iter().map(|it| (*it).to_owned()).collect(),
            };
            let vpc = Vpc {
                public_block: Fact::Known(block),
                ..Vpc::default()
            };
            let mut all = public_subnet();
            all.push(Resource::new("vpc-1", vpc));
            ssh(&all, &interface())
        };
        assert_eq!(blocked(&[]), Answer::Closed);
        assert_eq!(blocked(&["subnet-1"]), Answer::Open);
    }

    #[test]
    fn whether_public_access_is_blocked_may_not_be_known() {
        let mut all = public_subnet();
        all.push(Resource::new("vpc-1", Vpc::default()));
        let gap = Gap {
            resource: Some(ResourceId::new(Kind::Vpc, "vpc-1")),
            ..testing::gap(Kind::Vpc, "ec2:DescribeVpcBlockPublicAccessOptions")
        };
        let said = |gaps: &[Gap]| {
            let ask = |case: &Case<'_>| {
                let it = interface();
                let why = gap_call(case, &it);
                (reaches(case, &it, Protocol::Tcp, 22), why)
            };
            testing::owned(&all, gaps, |_| true, ask)
        };
        let call = Some("ec2:DescribeVpcBlockPublicAccessOptions".to_owned());
        assert_eq!(said(&[gap]), (Answer::Unknown, call));
        assert_eq!(said(&[]).0, Answer::Open);
    }

    fn gap_call(case: &Case<'_>, interface: &NetworkInterface) -> Option<String> {
        gap(case, Some(interface)).map(|it| it.call.clone())
    }

    #[test]
    fn the_subnet_s_own_table_counts_before_the_main_one() {
        let mut resources = public_subnet();
        let own = RouteTable {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-1".to_owned()],
            ..RouteTable::default()
        };
        resources.push(Resource::new("rtb-2", own));
        assert_eq!(ssh(&resources, &interface()), Answer::Closed);
    }

    #[test]
    fn an_egress_only_gateway_lets_nobody_in() {
        let mut resources = public_subnet();
        change::<RouteTable>(&mut resources, |it| {
            it.routes[1].via = "eigw-1".to_owned();
        });
        change::<SecurityGroup>(&mut resources, |it| {
            it.ingress[0].cidrs = vec!["::/0".to_owned()];
        });
        let six = NetworkInterface {
            public_ip: None,
            ipv6_addresses: vec!["2600:1f18::1".to_owned()],
            ..interface()
        };
        assert_eq!(ssh(&resources, &six), Answer::Closed);
    }

    #[test]
    fn an_ipv6_address_is_reached_by_ipv6_rules_alone() {
        let six = NetworkInterface {
            public_ip: None,
            ipv6_addresses: vec!["2600:1f18::1".to_owned()],
            ..interface()
        };
        let mut resources = public_subnet();
        assert_eq!(ssh(&resources, &six), Answer::Closed);
        change::<SecurityGroup>(&mut resources, |it| {
            it.ingress[0].cidrs = vec!["::/0".to_owned()];
        });
        assert_eq!(ssh(&resources, &six), Answer::Open);
    }

    #[test]
    fn an_earlier_deny_of_an_acl_wins_over_a_later_allow() {
        let mut resources = public_subnet();
        change::<NetworkAcl>(&mut resources, |it| {
            let deny = Entry {
                number: 90,
                action: "deny".to_owned(),
                protocol: "6".to_owned(),
                cidr: "0.0.0.0/0".to_owned(),
                from: Some(22),
                to: Some(22),
                ..Entry::default()
            };
            it.entries.push(deny);
        });
        assert_eq!(ssh(&resources, &interface()), Answer::Closed);
    }

    #[test]
    fn an_acl_that_lets_no_answer_out_lets_nobody_in() {
        let mut resources = public_subnet();
        change::<NetworkAcl>(&mut resources, |it| it.entries.retain(|it| !it.egress));
        assert_eq!(ssh(&resources, &interface()), Answer::Closed);
    }

    #[test]
    fn what_was_not_read_is_unknown() {
        let mut resources = public_subnet();
        resources.retain(|it| it.id.kind != Kind::NetworkAcl);
        assert_eq!(ssh(&resources, &interface()), Answer::Unknown);
    }

    #[test]
    fn a_load_balancer_answers_only_where_it_listens() {
        let mut resources = public_subnet();
        resources.push(Resource::new("web", LoadBalancer::default()));
        let door = NetworkInterface {
            requester_managed: true,
            description: "ELB app/web/0123456789abcdef".to_owned(),
            ..interface()
        };
        assert_eq!(ssh(&resources, &door), Answer::Closed);
        let listener = Listener {
            load_balancer: "web".to_owned(),
            port: 22,
            ..Listener::default()
        };
        resources.push(Resource::new("web/22", listener));
        assert_eq!(ssh(&resources, &door), Answer::Open);
    }

    /// The interface of a load balancer of that scheme that listens at SSH's port.
    fn of_balancer(scheme: &str, resources: &mut Vec<Resource>) -> NetworkInterface {
        let balancer = LoadBalancer {
            scheme: scheme.to_owned(),
            ..LoadBalancer::default()
        };
        let listener = Listener {
            load_balancer: "web".to_owned(),
            port: 22,
            ..Listener::default()
        };
        resources.push(Resource::new("web", balancer));
        resources.push(Resource::new("web/22", listener));
        NetworkInterface {
            requester_managed: true,
            description: "ELB app/web/0123456789abcdef".to_owned(),
            ipv6_addresses: vec!["2600:1f18::1".to_owned()],
            ..interface()
        }
    }

    #[test]
    fn an_internal_load_balancer_is_reached_by_nobody_though_it_has_an_ipv6_address() {
        for (scheme, expected) in [
            ("internal", Answer::Closed),
            ("internet-facing", Answer::Open),
        ] {
            let mut resources = public_subnet();
            let door = of_balancer(scheme, &mut resources);
            assert_eq!(ssh(&resources, &door), expected, "{scheme}");
        }
    }

    #[test]
    fn where_a_load_balancer_listens_may_not_be_known() {
        let mut resources = public_subnet();
        let door = of_balancer("internet-facing", &mut resources);
        resources.retain(|it| it.id.kind != Kind::Listener);
        let said = |call: &str| {
            let gap = Gap {
                resource: Some(ResourceId::new(Kind::LoadBalancer, "web")),
                ..testing::gap(Kind::Listener, call)
            };
            let ask = |case: &Case<'_>| reaches(case, &door, Protocol::Tcp, 22);
            testing::owned(&resources, &[gap], |_| true, ask)
        };
        assert_eq!(said("elbv2:DescribeListeners"), Answer::Unknown);
        // What else was refused hides no listener.
        let other = said("elbv2:DescribeLoadBalancerAttributes");
        assert_eq!(other, Answer::Closed);
    }

    #[test]
    fn a_vpc_that_could_not_be_listed_may_keep_the_internet_out() {
        let gap = testing::gap(Kind::Vpc, "ec2:DescribeVpcs");
        let ask = |case: &Case<'_>| reaches(case, &interface(), Protocol::Tcp, 22);
        let said = testing::owned(&public_subnet(), &[gap], |_| true, ask);
        assert_eq!(said, Answer::Unknown);
    }

    #[test]
    fn a_run_of_ports_is_reached_where_any_of_it_is() {
        let mut resources = public_subnet();
        change::<SecurityGroup>(&mut resources, |it| {
            (it.ingress[0].from, it.ingress[0].to) = (Some(0), Some(65535));
        });
        change::<NetworkAcl>(&mut resources, |it| {
            let web = it.entries.iter_mut().find(|it| !it.egress).unwrap();
            web.protocol = "6".to_owned();
            (web.from, web.to) = (Some(443), Some(443));
        });
        let any = |ports| {
            let ask = |case: &Case<'_>| reaches_any(case, &interface(), Protocol::Tcp, ports);
            testing::owned(&resources, &[], |_| true, ask)
        };
        assert_eq!(any(0..=65535), Answer::Open);
        assert_eq!(any(0..=442), Answer::Closed);
        assert_eq!(any(444..=65535), Answer::Closed);
    }
}
