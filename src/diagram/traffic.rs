//! Edges of traffic: from the internet through names and load balancers to what answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        classic_load_balancer::ClassicLoadBalancer,
        hosted_zone::{HostedZone, Record},
        internet_gateway::InternetGateway,
        load_balancer::LoadBalancer,
        nat_gateway::NatGateway,
        subnet::Subnet,
    },
    relation::RelationKind,
    rule::{Case, Status},
    trace::dns,
    traffic::{self, TrafficPath},
};

use super::place;

/// Where traffic goes behind the rack's load balancers.
pub(super) struct Traffic {
    paths: Vec<TrafficPath>,
    /// Behind each target group, and each classic load balancer, what its requests come to.
    goals: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
}

/// One way on, between resources that are nodes.
pub(super) struct Way {
    pub(super) from: ResourceId,
    pub(super) to: ResourceId,
    /// Where requests come in, where it is a load balancer's.
    pub(super) port: Option<u16>,
    /// Which requests, and how many of them; empty for all.
    pub(super) label: String,
    pub(super) broken: bool,
}

impl Traffic {
    /// `shown_by` says which nodes tell of a resource.
    pub(super) fn follow(
        case: &Case<'_>,
        shown_by: &BTreeMap<ResourceId, BTreeSet<ResourceId>>,
    ) -> Self {
        let paths = traffic::paths(case);
        let mut goals: BTreeMap<ResourceId, BTreeSet<ResourceId>> = BTreeMap::new();
        let nodes = |id: &ResourceId| shown_by.get(id).into_iter().flatten().cloned();
        let doors = case.graph.resources().map(|it| &it.id);
        let doors = doors.filter(|it| is_door(it.kind) && !case.belongings.of(it).is_foreign());
        for door in doors {
            let users = case.graph.users(door);
            let services = users.iter().filter(|(it, _)| it.id.kind == Kind::Service);
            let services = services.flat_map(|(it, _)| nodes(&it.id));
            let containers = paths.iter().filter(|it| it.door() == Some(door));
            let containers = containers.filter_map(|it| it.container.as_ref());
            let containers = containers.flat_map(|it| nodes(&it.task));
            let mut behind: BTreeSet<ResourceId> = services.chain(containers).collect();
            if behind.is_empty() {
                let targets = case.graph.uses(door).into_iter();
                let targets = targets.filter(|(_, it)| it.kind == RelationKind::ForwardsTo);
                behind.extend(targets.flat_map(|(it, _)| nodes(&it.id)));
            }
            goals.insert(door.clone(), behind);
        }
        Self { paths, goals }
    }

    /// The one thing that all requests to a target group come to, which then stands for it.
    pub(super) fn only_goal(&self, group: &ResourceId) -> Option<&ResourceId> {
        let goals = self.goals.get(group)?;
        let listed = self.paths.iter().any(|it| it.door() == Some(group));
        goals.first().filter(|_| goals.len() == 1 && listed)
    }

    /// The ways from load balancers on, as far as both ends are nodes.
    pub(super) fn ways(&self, shown_by: &BTreeMap<ResourceId, BTreeSet<ResourceId>>) -> Vec<Way> {
        let mut ways = Vec::new();
        for path in &self.paths {
            let Some(door) = path.door() else { continue };
            let said = path.said();
            if path.load_balancer == *door {
                ways.extend(self.onward(door, Some(path.port), &said));
                continue;
            }
            // The target group, or what stands for it.
            for to in shown_by.get(door).into_iter().flatten() {
                ways.push(Way {
                    from: path.load_balancer.clone(),
                    to: to.clone(),
                    port: Some(path.port),
                    label: said.clone(),
                    broken: to != door && self.fails(door),
                });
            }
        }
        let groups = self.goals.keys().filter(|it| it.kind == Kind::TargetGroup);
        for group in groups.filter(|it| shown_by.get(it).is_some_and(|by| by.contains(it))) {
            ways.extend(self.onward(group, None, ""));
        }
        ways
    }

    fn onward(
        &self,
        door: &ResourceId,
        port: Option<u16>,
        label: &str,
    ) -> impl Iterator<Item = Way> {
        let goals = self.goals.get(door).into_iter().flatten();
        let broken = self.fails(door);
        goals.map(move |to| Way {
            from: door.clone(),
            to: to.clone(),
            port,
            label: label.to_owned(),
            broken,
        })
    }

    /// What load balancers answer by themselves to any request, without a target group.
    pub(super) fn own_answers(&self, balancer: &ResourceId) -> Vec<String> {
        let own = self.paths.iter().filter(|it| it.load_balancer == *balancer);
        let own = own.filter(|it| it.door().is_none() && it.port > 0);
        let own = own.filter(|it| it.conditions == ANY);
        own.map(|it| format!(":{} {}", it.port, it.action))
            .collect()
    }

    /// What is wrong behind a door: how many of its targets get no request, or that it has none.
    pub(super) fn ill(&self, door: &ResourceId) -> Option<String> {
        let paths = self.paths.iter().filter(|it| it.door() == Some(door));
        let targets: BTreeMap<_, Status> = paths
            .clone()
            .filter_map(|it| it.target.as_ref())
            .map(|it| ((it.name.as_str(), it.port), it.verdict))
            .collect();
        let bad = targets.values().filter(|it| **it == Status::Fail).count();
        if bad > 0 {
            return Some(format!("{bad} of {} targets unhealthy", targets.len()));
        }
        let lost = |it: &TrafficPath| {
            let end = it.end.as_ref();
            it.target.is_none() && end.is_some_and(|it| it.verdict == Status::Fail)
        };
        let mut paths = paths;
        paths.any(lost).then(|| "no targets".to_owned())
    }

    /// What is not known behind a door.
    pub(super) fn unknown(&self, door: &ResourceId) -> Option<&'static str> {
        let mut paths = self.paths.iter().filter(|it| it.door() == Some(door));
        let unread = |it: &TrafficPath| {
            let end = it.end.as_ref();
            it.target.is_none() && end.is_some_and(|it| it.verdict == Status::Unknown)
        };
        paths.any(unread).then_some("targets not read")
    }

    /// Whether no request to a door is answered.
    fn fails(&self, door: &ResourceId) -> bool {
        let mut paths = self.paths.iter().filter(|it| it.door() == Some(door));
        let lost = |it: &TrafficPath| match &it.target {
            Some(target) => target.verdict == Status::Fail,
            None => it.end.as_ref().is_some_and(|it| it.verdict == Status::Fail),
        };
        paths.all(lost)
    }
}

/// What AWS sends requests through on their way to machines and tasks.
fn is_door(kind: Kind) -> bool {
    matches!(kind, Kind::TargetGroup | Kind::ClassicLoadBalancer)
}

/// What `listener_rule::when` says of no condition.
const ANY: &str = "any request";

impl TrafficPath {
    /// The target group that it goes through, or the classic load balancer, which needs none.
    fn door(&self) -> Option<&ResourceId> {
        let classic = self.load_balancer.kind == Kind::ClassicLoadBalancer;
        let classic = Some(&self.load_balancer).filter(|_| classic);
        self.target_group.as_ref().or(classic)
    }

    /// `host shop.test (weight 10)`; empty for all requests.
    fn said(&self) -> String {
        let condition = Some(self.conditions.as_str()).filter(|it| *it != ANY);
        let action = self.action.strip_prefix("forward");
        let action = action.unwrap_or(&self.action).trim();
        let parts = [condition.unwrap_or_default(), action];
        let parts = parts.into_iter().filter(|it| !it.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// A name that leads to a load balancer.
pub(super) struct Named {
    pub(super) zone: ResourceId,
    pub(super) balancer: ResourceId,
    pub(super) name: String,
    pub(super) public: bool,
}

/// The names that hosted zones give to load balancers.
pub(super) fn names(case: &Case<'_>) -> Vec<Named> {
    let new = case.graph.of::<LoadBalancer>();
    let new = new.map(|(it, lb)| (dns::plain(&lb.dns_name), &it.id));
    let old = case.graph.of::<ClassicLoadBalancer>();
    let old = old.map(|(it, lb)| (dns::plain(&lb.dns_name), &it.id));
    let balancers: BTreeMap<String, &ResourceId> = new.chain(old).collect();
    let mut names = Vec::new();
    for (zone, it) in case.graph.of::<HostedZone>() {
        let records = it.records.known().into_iter().flatten();
        for (record, goal) in records.flat_map(|it| goals(it).map(move |goal| (it, goal))) {
            if let Some(balancer) = balancers.get(&goal).filter(|_| !goal.is_empty()) {
                names.push(Named {
                    zone: zone.id.clone(),
                    balancer: (*balancer).clone(),
                    name: dns::plain(&record.name),
                    public: !it.private,
                });
            }
        }
    }
    names
}

/// The names that a record leads on to.
fn goals(record: &Record) -> impl Iterator<Item = String> {
    let alias = record.alias.iter().map(|it| dns::undressed(&it.dns_name));
    let named = record.record_type == "CNAME";
    let values = record.values.iter().filter(move |_| named);
    alias.chain(values.map(|it| dns::undressed(it)))
}

/// Load balancers that clients from the internet reach, with their ports.
pub(super) fn is_open(case: &Case<'_>, id: &ResourceId) -> bool {
    case.graph.get(id).is_some_and(|it| {
        let new = LoadBalancer::of(&it.attrs).is_some_and(LoadBalancer::is_internet_facing);
        new || ClassicLoadBalancer::of(&it.attrs)
            .is_some_and(ClassicLoadBalancer::is_internet_facing)
    })
}

/// NAT gateways with the internet gateway that their subnet's packets leave by.
pub(super) fn egress(case: &Case<'_>) -> Vec<(ResourceId, ResourceId)> {
    let gateways = case.graph.of::<NatGateway>();
    let out = gateways.filter_map(|(nat, it)| {
        let key = it.subnet.as_deref()?;
        let (_, subnet) = case.graph.get_as::<Subnet>(key)?;
        let table = place::routes(case.graph, key, subnet)?;
        let mut vias = table.routes.iter().map(|it| it.via.as_str());
        let door = vias.find_map(|it| case.graph.get_as::<InternetGateway>(it))?;
        Some((nat.id.clone(), door.0.id.clone()))
    });
    out.collect()
}
