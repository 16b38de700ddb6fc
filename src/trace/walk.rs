//! From a host name to what answers to it: records, addresses, and rules that name it.

use std::{cell::Cell, collections::BTreeMap, net::IpAddr};

use super::{Outcome, Step, What, dns, matching, request::Request};
use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        Kind,
        classic_load_balancer::ClassicLoadBalancer,
        hosted_zone::{HostedZone, Record},
        instance::Instance,
        listener::Listener,
        listener_rule::ListenerRule,
        load_balancer::LoadBalancer,
        network_interface::NetworkInterface,
    },
    rule::Case,
    snapshot::{Gap, Resource},
    traffic::containers::Containers,
};

/// Names that lead to one another, and redirects, that are gone after.
const PATIENCE: usize = 10;
/// Names and load balancers that are gone to in all.
const STRENGTH: u32 = 1000;

/// What every step of a walk looks at.
pub(super) struct Walk<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) containers: Containers<'a>,
    pub(super) follow: bool,
    region: &'a str,
    /// How many more names and load balancers are gone to: ways that part again and again would
    /// have no end.
    strength: Cell<u32>,
}

/// The next steps and how they end together.
pub(super) struct Way {
    pub(super) steps: Vec<Step>,
    pub(super) outcome: Outcome,
}

impl Way {
    fn any(steps: Vec<Step>) -> Self {
        let outcome = Outcome::any(&steps);
        Self { steps, outcome }
    }

    fn agreed(steps: Vec<Step>) -> Self {
        let outcome = Outcome::agreed(&steps);
        Self { steps, outcome }
    }
}

impl From<Step> for Way {
    fn from(step: Step) -> Self {
        Self::any(vec![step])
    }
}

/// A request on its way, with what it has come through.
#[derive(Clone, Copy)]
pub(super) struct Asked<'r> {
    pub(super) request: &'r Request,
    /// Requests that were redirected to this one, and load balancers that passed it on.
    pub(super) before: &'r [String],
}

impl<'a> Walk<'a> {
    pub(super) fn new(case: &'a Case<'a>, region: &'a str, follow: bool) -> Self {
        Self {
            case,
            containers: Containers::index(case.graph),
            follow,
            region,
            strength: Cell::new(STRENGTH),
        }
    }

    /// What ends a walk of too many ways.
    pub(super) fn tired(&self) -> Option<Step> {
        let left = self.strength.get().checked_sub(1);
        self.strength.set(left.unwrap_or_default());
        let why = "the ways part too often: not all are gone to their end";
        left.is_none().then(|| Step::unknown(why, None))
    }

    pub(super) fn graph(&self) -> &'a Graph<'a> {
        self.case.graph
    }

    /// Follows a request from its host name on.
    pub(super) fn ask(&self, request: &Request, before: &[String]) -> Way {
        let asked = Asked { request, before };
        if before.len() > PATIENCE {
            let why = format!("{PATIENCE} redirects, one after the other");
            return Step::dead_end(why).into();
        }
        self.name(&dns::plain(&request.host), asked, &mut Vec::new())
    }

    /// What a name leads to. `chain` holds the names that led here.
    fn name(&self, name: &str, asked: Asked<'_>, chain: &mut Vec<String>) -> Way {
        if let Some(end) = self.tired() {
            return end.into();
        }
        if chain.iter().any(|it| it == name) {
            let why = format!("the records lead in a circle, back to {name}");
            return Step::dead_end(why).into();
        }
        if chain.len() > PATIENCE {
            return Step::dead_end(format!("{PATIENCE} names that lead to one another")).into();
        }
        if let Some(balancer) = self.balancer_of(name) {
            let evidence = if chain.is_empty() {
                "the host is its own name"
            } else {
                "its name"
            };
            return self.balancer(&balancer.id, evidence, asked).into();
        }
        let zones = self.zones(name);
        if zones.is_empty() {
            return self.outside(name, asked, chain);
        }
        chain.push(name.to_owned());
        let ways: Vec<Way> = zones
            .into_iter()
            .map(|(resource, zone)| self.zone(resource, zone, name, asked, chain))
            .collect();
        chain.pop();
        let unknown = ways.iter().any(|it| it.outcome == Outcome::Unknown);
        let alike: Vec<Outcome> = ways.iter().map(|it| it.outcome).collect();
        let steps: Vec<Step> = ways.into_iter().flat_map(|it| it.steps).collect();
        match alike[..] {
            [outcome] => Way { steps, outcome },
            // The same name in several zones: who asks decides which of them answers.
            _ if unknown => Way::agreed(steps),
            _ => Way::any(steps),
        }
    }

    /// The load balancer that has this name.
    fn balancer_of(&self, name: &str) -> Option<&'a Resource> {
        let is = |own: &str| !own.is_empty() && dns::undressed(own) == dns::undressed(name);
        let graph = self.graph();
        let newer = graph.of::<LoadBalancer>();
        let newer = newer.filter(|(_, it)| is(&it.dns_name)).map(|it| it.0);
        let classic = graph.of::<ClassicLoadBalancer>();
        let classic = classic.filter(|(_, it)| is(&it.dns_name)).map(|it| it.0);
        newer.chain(classic).next()
    }

    /// The zones that answer for a name: the nearest public and the nearest private ones.
    fn zones(&self, name: &str) -> Vec<(&'a Resource, &'a HostedZone)> {
        let mut nearest: BTreeMap<bool, Vec<(&Resource, &HostedZone)>> = BTreeMap::new();
        for (resource, zone) in self.graph().of::<HostedZone>() {
            let domain = dns::plain(&zone.zone_name);
            if !dns::is_within(name, &domain) {
                continue;
            }
            let same = nearest.entry(zone.private).or_default();
            let length = same
                .first()
                .map_or(0, |it| dns::plain(&it.1.zone_name).len());
            if domain.len() > length {
                same.clear();
            }
            if domain.len() >= length {
                same.push((resource, zone));
            }
        }
        nearest.into_values().flatten().collect()
    }

    fn zone(
        &self,
        resource: &Resource,
        zone: &HostedZone,
        name: &str,
        asked: Asked<'_>,
        chain: &mut Vec<String>,
    ) -> Way {
        let said = format!("hosted zone {} ({})", resource.id.key, zone.zone_name);
        match dns::ask(zone, name) {
            dns::Answer::Records(records) => {
                let records = self.records(resource, zone, &records, asked, chain);
                Way::any(records)
            }
            dns::Answer::Absent => {
                let end = Step::dead_end(format!("{said} has no record for {name}"));
                self.hinted(end, name).into()
            }
            dns::Answer::NoAddress => {
                let why = format!("{said} has {name}, but no A, AAAA or CNAME record of it");
                Step::dead_end(why).into()
            }
            dns::Answer::Delegated(ns) => {
                let servers = ns.values.join(", ");
                let why = format!(
                    "{said} leaves {} to {servers}, which were not asked",
                    ns.name
                );
                self.or_rules(Step::unknown(why, None), name, asked)
            }
            dns::Answer::Unread => {
                let gap = self.case.gap_about(&resource.id);
                let why = match gap {
                    None if self.is_foreign(&resource.id) => {
                        format!("{said} is a neighbour's, of which the records are not read")
                    }
                    _ => format!("the records of {said} were not read"),
                };
                self.or_rules(Step::unknown(why, gap), name, asked)
            }
        }
    }

    /// What cannot be known by records, with what rules tell of the name.
    fn or_rules(&self, unknown: Step, name: &str, asked: Asked<'_>) -> Way {
        let mut steps = vec![unknown];
        steps.extend(self.named_by_rules(name, asked));
        Way::agreed(steps)
    }

    /// One step for each place that the records lead to.
    fn records(
        &self,
        zone: &Resource,
        told: &HostedZone,
        records: &[&Record],
        asked: Asked<'_>,
        chain: &mut Vec<String>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut seen = Vec::new();
        let weights: u64 = records.iter().filter_map(|it| it.weight).sum();
        for record in records {
            let goals = match &record.alias {
                Some(it) => vec![dns::undressed(&it.dns_name)],
                None => record.values.iter().map(|it| dns::plain(it)).collect(),
            };
            for goal in goals {
                let routing = dns::routing(record);
                // A name often has the same alias for IPv4 and for IPv6.
                if seen.contains(&(goal.clone(), routing.clone())) {
                    continue;
                }
                seen.push((goal.clone(), routing.clone()));
                let idle = record.weight == Some(0) && weights > 0;
                let way = match goal.parse::<IpAddr>() {
                    _ if idle => Step::dead_end("weight 0: this record is not given").into(),
                    Ok(address) => self.address(address, asked).into(),
                    Err(_) => self.name(&goal, asked, chain),
                };
                let what = What::Record {
                    zone: zone.id.clone(),
                    name: dns::plain(&record.name),
                    record_type: match record.alias {
                        Some(_) => format!("{} alias", record.record_type),
                        None => record.record_type.clone(),
                    },
                    to: goal,
                    routing,
                };
                let mut step = Step::then(what, way.steps).outcome(way.outcome);
                if told.private {
                    step = step.note(Some(within(told)));
                }
                steps.push(step);
            }
        }
        if steps.is_empty() {
            steps.push(Step::dead_end("the record has no value"));
        }
        steps
    }

    /// What has an address that a record gives.
    fn address(&self, address: IpAddr, asked: Asked<'_>) -> Step {
        let said = address.to_string();
        let is = |it: &String| *it == said;
        let interface = self.graph().of::<NetworkInterface>().find(|(_, it)| {
            let own = [&it.private_ip, &it.public_ip].into_iter().flatten();
            let mut own = own.chain(&it.private_ips).chain(&it.ipv6_addresses);
            own.any(is)
        });
        if let Some((_, it)) = interface
            && let Some(owner) = it.owner()
            && matches!(owner.kind, Kind::LoadBalancer | Kind::ClassicLoadBalancer)
        {
            return self.balancer(&owner, "it has the address", asked);
        }
        let machine = self.graph().of::<Instance>().find(|(_, it)| {
            let own = [&it.private_ip, &it.public_ip].into_iter().flatten();
            own.chain(&it.ipv6_addresses).any(is)
        });
        let machine = machine.map(|(it, _)| it.id.key.as_str());
        let attached = interface.and_then(|(_, it)| it.attached_instance.as_deref());
        if let Some(step) = self.straight(machine.or(attached), &said, asked) {
            return step;
        }
        let why = match interface {
            Some((it, _)) => format!("no container that was seen answers at {}, {said}", it.id),
            None => format!("nothing that was seen has the address {said}"),
        };
        Step::end_unless(&why, self.gap_in(Kind::NetworkInterface))
    }

    /// A name that no hosted zone of the snapshot answers for.
    fn outside(&self, name: &str, asked: Asked<'_>, chain: &[String]) -> Way {
        if !chain.is_empty() {
            return self.lost(name).into();
        }
        let gap = self.gap_in(Kind::HostedZone);
        let by_rules = self.named_by_rules(name, asked);
        if let Some(gap) = gap {
            let why = format!("whether a hosted zone answers for {name} is not known");
            let mut steps = vec![Step::unknown(why, Some(gap))];
            steps.extend(by_rules);
            return Way::agreed(steps);
        }
        if !by_rules.is_empty() {
            return Way::any(by_rules);
        }
        let gap = [Kind::LoadBalancer, Kind::Listener, Kind::ListenerRule]
            .into_iter()
            .chain([Kind::ClassicLoadBalancer])
            .find_map(|it| self.gap_in(it));
        let why = format!("no hosted zone, load balancer or rule of the snapshot names {name}");
        self.hinted(Step::end_unless(&why, gap), name).into()
    }

    /// Where records led to something that the snapshot does not hold.
    fn lost(&self, name: &str) -> Step {
        if !name.ends_with(".elb.amazonaws.com") && !is_network(name) {
            return Step::unknown(format!("{name} is outside of what was read"), None);
        }
        let region = self.region;
        if !name.split('.').any(|it| it == region) {
            let why = format!("{name} is a load balancer of another region than {region}");
            return Step::unknown(why, None);
        }
        let why = format!("no load balancer that was seen has the name {name}");
        let kinds = [Kind::LoadBalancer, Kind::ClassicLoadBalancer];
        let gap = kinds.into_iter().find_map(|it| self.gap_in(it));
        let step = Step::end_unless(&why, gap);
        step.hint("it may be deleted, or of another account")
    }

    /// A step for each load balancer of the rack of which a rule names the host.
    fn named_by_rules(&self, name: &str, asked: Asked<'_>) -> Vec<Step> {
        let named = self.rules_naming(name);
        let steps = named.into_iter().map(|(id, rules)| {
            let evidence = format!(
                "host named by {}; no record of it was seen",
                rules.join(", ")
            );
            self.balancer(id, &evidence, asked)
        });
        steps.collect()
    }

    fn rules_naming(&self, name: &str) -> BTreeMap<&'a ResourceId, Vec<String>> {
        let mut named: BTreeMap<&ResourceId, Vec<String>> = BTreeMap::new();
        for (balancer, _) in self.case.ours::<LoadBalancer>() {
            for (listener, _) in self.graph().parts::<Listener>(&balancer.id) {
                for (_, rule) in self.graph().parts::<ListenerRule>(&listener.id) {
                    let hosts = rule
                        .conditions
                        .iter()
                        .filter(|it| it.field == "host-header");
                    let mut hosts = hosts.flat_map(|it| &it.values);
                    if hosts.any(|it| matching::like(it, name, matching::Case::Folded)) {
                        let number = said(rule.priority);
                        let rules = named.entry(&balancer.id).or_default();
                        if !rules.contains(&number) {
                            rules.push(number);
                        }
                    }
                }
            }
        }
        named
    }

    /// Adds what the user may have meant.
    fn hinted(&self, mut end: Step, name: &str) -> Step {
        for (id, rules) in self.rules_naming(name) {
            let rules = rules.join(", ");
            end = end.hint(format!(
                "{rules} of {id} names it, but no record leads there"
            ));
        }
        for it in self.near(name) {
            end = end.hint(format!("did you mean {it}?"));
        }
        end
    }

    /// Names in the snapshot that are like this one, the likest first.
    fn near(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, zone) in self.graph().of::<HostedZone>() {
            let records = zone.records.known().into_iter().flatten();
            let leading =
                records.filter(|it| matches!(it.record_type.as_str(), "A" | "AAAA" | "CNAME"));
            names.extend(leading.map(|it| dns::plain(&it.name)));
        }
        let rules = self.graph().of::<ListenerRule>();
        let conditions = rules.flat_map(|(_, it)| &it.conditions);
        let hosts = conditions.filter(|it| it.field == "host-header");
        names.extend(hosts.flat_map(|it| it.values.clone()));
        names.extend(
            self.graph()
                .of::<LoadBalancer>()
                .map(|it| it.1.dns_name.clone()),
        );
        let classic = self.graph().of::<ClassicLoadBalancer>();
        names.extend(classic.map(|it| it.1.dns_name.clone()));
        names.sort();
        names.dedup();
        let mut near: Vec<(f64, String)> = names
            .into_iter()
            .map(|it| (strsim::jaro_winkler(&it.to_lowercase(), name), it))
            .filter(|(likeness, _)| *likeness > 0.8)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        near.into_iter().take(3).map(|it| it.1).collect()
    }

    pub(super) fn is_foreign(&self, id: &ResourceId) -> bool {
        self.case.belongings.of(id).is_foreign()
    }

    /// Why not all of a kind is known; what only hides tags does not count.
    pub(super) fn gap_in(&self, kind: Kind) -> Option<&'a Gap> {
        let gap = self.case.gap_in_listing(kind);
        gap.filter(|it| !is_about_tags(it))
    }

    /// Why not all of a kind is known that is part of one thing.
    pub(super) fn gap_within(&self, kind: Kind, whole: &ResourceId) -> Option<&'a Gap> {
        let mut gaps = self.case.gaps.iter().filter(|it| it.kind == kind);
        gaps.find(|it| {
            let here = it.resource.as_ref().is_none_or(|it| it == whole);
            here && !is_about_tags(it)
        })
    }
}

fn is_about_tags(gap: &Gap) -> bool {
    gap.call.contains("Tags")
}

/// Network load balancers have the region last: `name-id.elb.us-east-1.amazonaws.com`.
fn is_network(name: &str) -> bool {
    name.ends_with(".amazonaws.com") && name.contains(".elb.")
}

/// Who can ask a private zone.
fn within(zone: &HostedZone) -> String {
    match zone.vpcs.known() {
        Some(vpcs) if !vpcs.is_empty() => format!("answered only within {}", vpcs.join(", ")),
        _ => "answered only within its VPCs, which were not read".to_owned(),
    }
}

/// A rule as people call it.
pub(super) fn said(priority: Option<u32>) -> String {
    match priority {
        Some(it) => format!("rule {it}"),
        None => "the default rule".to_owned(),
    }
}
