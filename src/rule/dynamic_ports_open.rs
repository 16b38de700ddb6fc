//! Machines whose dynamic ports others than their load balancers may use.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, exposure, internet, origin};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        classic_load_balancer::ClassicLoadBalancer,
        container_instance::ContainerInstance,
        instance::Instance,
        load_balancer::LoadBalancer,
        security_group::{Permission, SecurityGroup},
        subnet::Subnet,
        vpc::Vpc,
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "dynamic-ports-open",
    words: include_str!("../../rules/dynamic-ports-open.toml"),
    needs: &[
        Kind::SecurityGroup,
        Kind::Cluster,
        Kind::ContainerInstance,
        Kind::Instance,
        Kind::LoadBalancer,
        Kind::Subnet,
    ],
    check,
};

/// From here on Docker and ECS take ports where a definition names none.
const FIRST: i32 = 32768;

/// Who may come, besides those who should.
struct Guests<'a> {
    balancers: Vec<&'a str>,
    /// Ranges of the subnets that load balancers stand in.
    near: Vec<IpNet>,
}

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut worn: BTreeMap<&ResourceId, (&Resource, &SecurityGroup)> = BTreeMap::new();
    for (_, held) in case.ours::<ContainerInstance>() {
        let machine = held.instance.as_deref();
        let machine = machine.and_then(|it| case.graph.get_as::<Instance>(it));
        let groups = machine.into_iter().flat_map(|(_, it)| &it.security_groups);
        for group in groups.filter_map(|it| case.graph.get_as::<SecurityGroup>(it)) {
            worn.insert(&group.0.id, group);
        }
    }
    let guests = guests(case);
    worn.into_values()
        .map(|(it, group)| judge(case, words, &guests, it, group))
        .collect()
}

fn guests<'a>(case: &Case<'a>) -> Guests<'a> {
    // A neighbour's load balancer sends nothing to this rack.
    let new = case.ours::<LoadBalancer>().map(|it| it.1);
    let new = new.map(|it| (&it.security_groups, &it.subnets));
    let classic = case.ours::<ClassicLoadBalancer>().map(|it| it.1);
    let classic = classic.map(|it| (&it.security_groups, &it.subnets));
    let (mut balancers, mut near) = (Vec::new(), Vec::new());
    for (groups, subnets) in new.chain(classic) {
        balancers.extend(groups.iter().map(String::as_str));
        let subnets = subnets.iter();
        let subnets = subnets.filter_map(|it| case.graph.get_as::<Subnet>(it));
        near.extend(subnets.flat_map(|(_, it)| {
            let all = it.ipv6_cidrs.iter().chain([&it.cidr]);
            all.filter_map(|it| it.parse().ok()).collect::<Vec<IpNet>>()
        }));
    }
    Guests { balancers, near }
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    guests: &Guests<'_>,
    resource: &Resource,
    group: &SecurityGroup,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let entries: Vec<&Permission> = group.ingress.iter().filter(|it| is_dynamic(it)).collect();
    let cidrs = entries.iter().flat_map(|it| &it.cidrs);
    if exposure::is_world(cidrs.map(String::as_str)) {
        let why = "it lets the whole internet in, which other rules tell of";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    let home = home(case, &group.vpc);
    let (mut neighbours, mut strangers) = (Vec::new(), Vec::new());
    for entry in &entries {
        for cidr in &entry.cidrs {
            let net: Option<IpNet> = cidr.parse().ok();
            let within =
                |all: &[IpNet]| net.is_some_and(|it| all.iter().any(|of| of.contains(&it)));
            if within(&guests.near) {
                continue;
            }
            let place = if within(&home) {
                &mut neighbours
            } else {
                &mut strangers
            };
            place.push(cidr.as_str());
        }
        let groups = entry.groups.iter().map(String::as_str);
        let known = |it: &&str| *it == id.key || guests.balancers.contains(it);
        neighbours.extend(groups.filter(|it| !known(it)));
        if entry.has_unread_lists() && strangers.is_empty() {
            let why = "a prefix list decides who may use its machines' dynamic ports, and what is \
                       in it was not read";
            return verdict(Status::Unknown, why.to_owned()).gap(case.gap_about(id));
        }
    }
    let evidence = |who: &[&str]| {
        let who = who.join(", ");
        Evidence::new(id, "IpPermissions", format!("32768-65535 from {who}"))
    };
    if !strangers.is_empty() {
        strangers.dedup();
        let who = strangers.join(", ");
        let why = format!("{who} may use its machines' dynamic ports, past the load balancer");
        let fail = |why| verdict(Status::Fail, why).evidence([evidence(&strangers)]);
        let outside = strangers.iter().any(|it| exposure::is_public(it));
        return match internet::way_to(case, id).filter(|_| outside) {
            Some(door) => {
                let why = format!("{why}, and has a way to {}", origin::of(case, &door));
                fail(why).severity(words.severity.max(Severity::High))
            }
            None => fail(why),
        };
    }
    if !neighbours.is_empty() {
        neighbours.sort_unstable();
        neighbours.dedup();
        let why = format!(
            "{} in the same network may use its machines' dynamic ports, past the load balancer; \
             nobody from outside can",
            neighbours.join(", ")
        );
        return verdict(Status::Fail, why)
            .severity(Severity::Low)
            .evidence([evidence(&neighbours)]);
    }
    let why = "only load balancers and the machines themselves may use the dynamic ports";
    verdict(Status::Pass, why.to_owned())
}

/// Whether it is about any of the dynamic ports. ICMP has types, not ports.
fn is_dynamic(it: &Permission) -> bool {
    let has_ports = matches!(it.protocol.as_str(), "tcp" | "udp" | "6" | "17");
    let above = it.to.is_none_or(|it| it >= FIRST);
    it.protocol == "-1" || (has_ports && above)
}

/// The ranges of a VPC.
fn home(case: &Case<'_>, vpc: &str) -> Vec<IpNet> {
    let vpc = case.graph.get_as::<Vpc>(vpc).map(|it| it.1);
    let cidrs = vpc
        .into_iter()
        .flat_map(|it| it.extra_cidrs.iter().chain([&it.cidr]));
    cidrs.filter_map(|it| it.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::AsKind as _,
        rule::internet::tests::{interface, public_subnet},
        testing,
    };

    /// What is said of a machine that the internet has a way to by that address.
    fn judged(by: Option<&str>) -> Verdict {
        let mut all = public_subnet();
        for group in all
            .iter_mut()
            .filter_map(|it| SecurityGroup::of_mut(&mut it.attrs))
        {
            let entry = &mut group.ingress[0];
            (entry.from, entry.to) = (Some(1024), Some(65535));
            entry.cidrs = vec!["198.51.100.0/24".to_owned()];
        }
        let machine = Instance {
            interfaces: vec!["eni-1".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            ..Instance::default()
        };
        let held = ContainerInstance {
            instance: Some("i-1".to_owned()),
            ..ContainerInstance::default()
        };
        let mut worn = interface();
        worn.public_ip = worn.public_ip.filter(|_| by == Some("IPv4"));
        if by == Some("IPv6") {
            worn.ipv6_addresses = vec!["2600:1f18::1".to_owned()];
        }
        all.push(Resource::new("eni-1", worn));
        all.push(Resource::new("i-1", machine));
        all.push(Resource::new("prod/1", held));
        let words = RULE.words().unwrap();
        let mut said = testing::owned(&all, &[], |_| true, |case| check(case, &words));
        said.remove(0)
    }

    #[test]
    fn who_has_a_way_there_makes_it_worse() {
        assert_eq!(judged(None).severity, Severity::Medium);
        for by in ["IPv4", "IPv6"] {
            let reached = judged(Some(by));
            assert_eq!(reached.severity, Severity::High, "{by}");
            let why = &reached.why;
            assert!(why.ends_with("has a way to instance/i-1"), "{why}");
        }
    }
}
