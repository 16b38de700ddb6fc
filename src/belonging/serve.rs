//! What exists for the rack although nothing of the rack points at it: what serves the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Belonging, Class, Known, Shared};
use crate::{
    graph::{Graph, Place},
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        db_cluster::DbCluster,
        db_instance::DbInstance,
        network_interface::NetworkInterface,
        security_group::{Permission, SecurityGroup},
        target_group::TargetGroup,
    },
    rack::{self, Rack},
    relation::RelationKind,
    text,
};

/// What a thing is there for.
struct Purpose {
    /// "forwards to", for the evidence.
    verb: &'static str,
    goals: BTreeSet<Place>,
}

/// What kinds of thing are there for, as far as their edges tell.
const PURPOSES: &[(Kind, &str, RelationKind)] = &[
    (Kind::LoadBalancer, "forwards to", RelationKind::ForwardsTo),
    (
        Kind::ClassicLoadBalancer,
        "forwards to",
        RelationKind::ForwardsTo,
    ),
    (Kind::Listener, "forwards to", RelationKind::ForwardsTo),
    (Kind::ListenerRule, "forwards to", RelationKind::ForwardsTo),
    (Kind::TargetGroup, "sends to", RelationKind::ForwardsTo),
    (Kind::EventRule, "starts", RelationKind::ForwardsTo),
    (Kind::Schedule, "starts", RelationKind::ForwardsTo),
    (Kind::AutoScalingGroup, "made", RelationKind::Makes),
    (Kind::Alarm, "watches", RelationKind::Watches),
];

/// Who serves whom in one account.
pub(super) struct Serving<'g, 's> {
    graph: &'g Graph<'s>,
    rack: &'g Rack,
    /// The target groups behind each load balancer: they tell, where its listeners were not read.
    behind: BTreeMap<&'s str, Vec<Place>>,
}

impl<'g, 's> Serving<'g, 's> {
    pub(super) fn new(graph: &'g Graph<'s>, rack: &'g Rack) -> Self {
        let mut behind: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        for (resource, group) in graph.of::<TargetGroup>() {
            for balancer in &group.load_balancers {
                let groups = behind.entry(balancer).or_default();
                groups.extend(graph.place(&resource.id));
            }
        }
        Self {
            graph,
            rack,
            behind,
        }
    }

    /// Adds what serves what belongs: load balancers before its target groups, groups that made its
    /// machines, alarms about it, machines and stores that wear its own security groups.
    ///
    /// What serves others as well becomes shared later, by [`foreign_goals`].
    pub(super) fn add(&self, known: &mut Known) {
        let serving: Vec<(Place, String)> = self
            .graph
            .places()
            .filter(|it| !known.has(*it))
            .filter_map(|it| {
                let why = self.serves(known, it);
                let why = why.or_else(|| self.wears(known, it));
                let why = why.or_else(|| self.is_of_databases(known, it))?;
                (!self.is_anothers(known, it)).then_some((it, why))
            })
            .collect();
        for (place, why) in serving {
            known.add(place, || Belonging::new(Class::Inferred, why));
        }
    }

    /// Adds the stores that nothing but the rack's own can reach: each security group on them admits
    /// only groups that are the rack's and nobody else's.
    pub(super) fn add_reachable(&self, shared: &Shared, known: &mut Known) {
        for place in self.graph.places() {
            let is_store = is_store(self.graph.at(place).id.kind);
            if !is_store || known.has(place) || self.is_anothers(known, place) {
                continue;
            }
            let worn = worn(self.graph, place);
            let peers = worn.iter().map(|it| peers(self.graph, *it));
            let Some(peers) = peers.collect::<Option<Vec<_>>>() else {
                continue;
            };
            let peers: BTreeSet<ResourceId> = peers.into_iter().flatten().collect();
            let alone = |id: &ResourceId| {
                let place = self.graph.place(id);
                place.is_some_and(|it| known.has(it) && !shared.has(it))
            };
            if !peers.is_empty() && peers.iter().all(alone) {
                let first = peers.first().map(ToString::to_string).unwrap_or_default();
                let why = format!("its security groups admit only {}", few(first, peers.len()));
                known.add(place, || Belonging::new(Class::Inferred, why));
            }
        }
    }

    /// What a thing that belongs by its purpose is there for besides.
    pub(super) fn foreign_goals(&self, known: &Known, place: Place) -> Vec<Place> {
        let goals = self.purpose(place).map(|it| it.goals);
        let goals = goals.into_iter().flatten();
        goals.filter(|it| !known.has(*it)).collect()
    }

    /// The living stack of somebody else that made a thing.
    pub(super) fn foreign_stack(&self, place: Place) -> Option<Place> {
        let stack = rack::foreign_stack(self.graph, self.rack, self.graph.at(place))?;
        self.graph.place(&stack)
    }

    /// Why a thing is there for something that belongs.
    fn serves(&self, known: &Known, place: Place) -> Option<String> {
        let purpose = self.purpose(place)?;
        let mut ours = purpose.goals;
        ours.retain(|it| known.has(*it));
        // That requests come to a machine is no reason to call its makers ours; that tasks run on it is.
        ours.retain(|it| self.graph.at(*it).id.kind != Kind::Instance || self.hosts(known, *it));
        (!ours.is_empty()).then(|| format!("{} {}", purpose.verb, self.some(&ours)))
    }

    fn hosts(&self, known: &Known, machine: Place) -> bool {
        let mut users = self.graph.users_at(machine);
        users.any(|(user, edge)| edge.kind == RelationKind::RunsOn && known.has(user))
    }

    /// What a thing is there for, where its kind tells.
    fn purpose(&self, place: Place) -> Option<Purpose> {
        let id = &self.graph.at(place).id;
        let told = PURPOSES.iter().find(|it| it.0 == id.kind);
        let &(_, verb, relation) = told?;
        let mut goals = BTreeSet::new();
        gather(self.graph, place, relation, &mut goals);
        if id.kind == Kind::LoadBalancer {
            let behind = self.behind.get(id.key.as_str());
            goals.extend(behind.into_iter().flatten());
        }
        Some(Purpose { verb, goals })
    }

    /// Why a thing that wears nothing but security groups which the rack declares is the rack's.
    ///
    /// Groups that are only used by the rack prove nothing: a whole VPC wears its default group.
    fn wears(&self, known: &Known, place: Place) -> Option<String> {
        let kind = self.graph.at(place).id.kind;
        if !is_store(kind) && kind != Kind::Instance {
            return None;
        }
        let worn = worn(self.graph, place);
        let declared = |it: &Place| {
            known
                .get(*it)
                .is_some_and(|it| matches!(it.class, Class::Declared | Class::Derived))
        };
        let wears = !worn.is_empty() && worn.iter().all(declared);
        wears.then(|| format!("wears only {}", self.some(&worn)))
    }

    /// Why an interface that RDS holds is one of the rack's databases, where it can be no other's.
    ///
    /// RDS does not say which database an interface is of; but every one is in the security groups
    /// of its database.
    fn is_of_databases(&self, known: &Known, place: Place) -> Option<String> {
        let interface = NetworkInterface::of(&self.graph.at(place).attrs)?;
        if interface.description != "RDSNetworkInterface" {
            return None;
        }
        let groups = |them: &[String]| them.iter().cloned().collect::<BTreeSet<String>>();
        let worn = groups(&interface.security_groups);
        let instances = self.graph.of::<DbInstance>();
        let instances = instances.map(|(it, told)| (&it.id, groups(&told.security_groups)));
        let clusters = self.graph.of::<DbCluster>();
        let clusters = clusters.map(|(it, told)| (&it.id, groups(&told.security_groups)));
        let like = instances.chain(clusters).filter(|it| it.1 == worn);
        let like: BTreeSet<Place> = like.filter_map(|it| self.graph.place(it.0)).collect();
        let only_ours = !like.is_empty() && like.iter().all(|it| known.has(*it));
        only_ours.then(|| {
            let like = self.some(&like);
            format!("RDS holds it in the security groups of {like}")
        })
    }

    /// Whether it is there for something that belongs.
    pub(super) fn is_there_for(&self, known: &Known, place: Place) -> bool {
        self.serves(known, place).is_some() || self.wears(known, place).is_some()
    }

    /// Whether something that is not the rack's made it or holds it as a part.
    pub(super) fn is_anothers(&self, known: &Known, place: Place) -> bool {
        let mut makers = self.graph.users_at(place);
        let mut wholes = self.graph.uses_at(place);
        makers.any(|(it, edge)| edge.kind.is_origin() && !known.has(it))
            || wholes.any(|(it, edge)| edge.kind == RelationKind::PartOf && !known.has(it))
            || self.foreign_stack(place).is_some()
    }

    /// The first of them, and how many more there are.
    fn some(&self, places: &BTreeSet<Place>) -> String {
        let first = places.first().map(|it| self.graph.at(*it).id.to_string());
        few(first.unwrap_or_default(), places.len())
    }
}

/// Collects what a thing and its parts point at in that way.
fn gather(graph: &Graph<'_>, holder: Place, relation: RelationKind, goals: &mut BTreeSet<Place>) {
    let held = graph.uses_at(holder);
    goals.extend(held.filter(|it| it.1.kind == relation).map(|it| it.0));
    for (part, edge) in graph.users_at(holder) {
        if edge.kind == RelationKind::PartOf {
            gather(graph, part, relation, goals);
        }
    }
}

fn is_store(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::DbInstance
            | Kind::DbCluster
            | Kind::ReplicationGroup
            | Kind::CacheCluster
            | Kind::FileSystem
    )
}

/// The security groups on a thing, on its parts, and on the caches that it makes.
fn worn(graph: &Graph<'_>, place: Place) -> BTreeSet<Place> {
    let mut worn = BTreeSet::new();
    gather(graph, place, RelationKind::Uses, &mut worn);
    for (made, edge) in graph.uses_at(place) {
        if edge.kind == RelationKind::Makes && graph.at(made).id.kind == Kind::CacheCluster {
            gather(graph, made, RelationKind::Uses, &mut worn);
        }
    }
    worn.retain(|it| graph.at(*it).id.kind == Kind::SecurityGroup);
    worn
}

/// The other groups that a group admits; `None` when it admits anything else, too.
fn peers(graph: &Graph<'_>, group: Place) -> Option<BTreeSet<ResourceId>> {
    let group = graph.at(group);
    let rules = &SecurityGroup::of(&group.attrs)?.ingress;
    let closed = |it: &Permission| it.cidrs.is_empty() && !it.has_unread_lists();
    if !rules.iter().all(closed) {
        return None;
    }
    let peers = rules.iter().flat_map(|it| &it.groups);
    let peers = peers.filter(|it| **it != group.id.key);
    Some(
        peers
            .map(|it| ResourceId::new(Kind::SecurityGroup, it))
            .collect(),
    )
}

/// Whether each thing that it leads to is led to by a rule of its own, so that who shares the one
/// does not share the other.
pub(super) fn chooses(kind: Kind) -> bool {
    let mut purposes = PURPOSES.iter();
    purposes.any(|it| it.0 == kind && it.2 == RelationKind::ForwardsTo)
}

/// The first of so many, and how many more there are.
fn few(first: String, count: usize) -> String {
    match count {
        0 | 1 => first,
        n => format!("{first} and {} of the rack", text::count(n - 1, "other")),
    }
}
