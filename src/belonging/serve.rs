//! What exists for the rack although nothing of the rack points at it: what serves the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Belonging, Class};
use crate::{
    graph::Graph,
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
    snapshot::Resource,
    text,
};

/// What a thing is there for.
struct Purpose {
    /// "forwards to", for the evidence.
    verb: &'static str,
    goals: BTreeSet<ResourceId>,
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
    (Kind::AutoScalingGroup, "made", RelationKind::Makes),
    (Kind::Alarm, "watches", RelationKind::Watches),
];

/// Who serves whom in one account.
pub(super) struct Serving<'g, 's> {
    graph: &'g Graph<'s>,
    rack: &'g Rack,
    /// The target groups behind each load balancer: they tell, where its listeners were not read.
    behind: BTreeMap<&'s str, Vec<&'s ResourceId>>,
}

impl<'g, 's> Serving<'g, 's> {
    pub(super) fn new(graph: &'g Graph<'s>, rack: &'g Rack) -> Self {
        let mut behind: BTreeMap<&str, Vec<&ResourceId>> = BTreeMap::new();
        for (resource, group) in graph.of::<TargetGroup>() {
            for balancer in &group.load_balancers {
                behind.entry(balancer).or_default().push(&resource.id);
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
    pub(super) fn add(&self, known: &mut BTreeMap<ResourceId, Belonging>) {
        let serving: Vec<(ResourceId, String)> = self
            .graph
            .resources()
            .filter(|it| !known.contains_key(&it.id))
            .filter_map(|it| {
                let why = self.serves(known, it);
                let why = why.or_else(|| self.wears(known, it));
                let why = why.or_else(|| self.is_of_databases(known, it))?;
                (!self.is_anothers(known, it)).then(|| (it.id.clone(), why))
            })
            .collect();
        for (id, why) in serving {
            known.insert(id, Belonging::new(Class::Inferred, why));
        }
    }

    /// Adds the stores that nothing but the rack's own can reach: each security group on them admits
    /// only groups that are the rack's and nobody else's.
    pub(super) fn add_reachable(
        &self,
        judged: &BTreeMap<ResourceId, Belonging>,
        known: &mut BTreeMap<ResourceId, Belonging>,
    ) {
        let alone = |id: &ResourceId| judged.get(id).is_some_and(|it| it.class != Class::Shared);
        for resource in self.graph.resources().filter(|it| is_store(it.id.kind)) {
            if known.contains_key(&resource.id) || self.is_anothers(known, resource) {
                continue;
            }
            let worn = worn(self.graph, &resource.id);
            let peers = worn.iter().map(|it| peers(self.graph, it));
            let Some(peers) = peers.collect::<Option<Vec<_>>>() else {
                continue;
            };
            let peers: BTreeSet<ResourceId> = peers.into_iter().flatten().collect();
            if !peers.is_empty() && peers.iter().all(alone) {
                let why = format!("its security groups admit only {}", some(&peers));
                let belonging = Belonging::new(Class::Inferred, why);
                known.insert(resource.id.clone(), belonging);
            }
        }
    }

    /// What a thing that belongs by its purpose is there for besides.
    pub(super) fn foreign_goals(
        &self,
        known: &BTreeMap<ResourceId, Belonging>,
        resource: &Resource,
    ) -> Vec<ResourceId> {
        let goals = self.purpose(resource).map(|it| it.goals);
        let goals = goals.into_iter().flatten();
        goals.filter(|it| !known.contains_key(it)).collect()
    }

    /// Why a thing is there for something that belongs.
    fn serves(
        &self,
        known: &BTreeMap<ResourceId, Belonging>,
        resource: &Resource,
    ) -> Option<String> {
        let purpose = self.purpose(resource)?;
        let mut ours = purpose.goals;
        ours.retain(|it| known.contains_key(it));
        // That requests come to a machine is no reason to call its makers ours; that tasks run on it is.
        ours.retain(|it| it.kind != Kind::Instance || self.hosts(known, it));
        (!ours.is_empty()).then(|| format!("{} {}", purpose.verb, some(&ours)))
    }

    fn hosts(&self, known: &BTreeMap<ResourceId, Belonging>, machine: &ResourceId) -> bool {
        let mut users = self.graph.users(machine).into_iter();
        users.any(|(user, edge)| edge.kind == RelationKind::RunsOn && known.contains_key(&user.id))
    }

    /// What a thing is there for, where its kind tells.
    fn purpose(&self, resource: &Resource) -> Option<Purpose> {
        let told = PURPOSES.iter().find(|it| it.0 == resource.id.kind);
        let &(_, verb, relation) = told?;
        let mut goals = BTreeSet::new();
        gather(self.graph, &resource.id, relation, &mut goals);
        if resource.id.kind == Kind::LoadBalancer {
            let behind = self.behind.get(resource.id.key.as_str());
            goals.extend(behind.into_iter().flatten().map(|it| (*it).clone()));
        }
        Some(Purpose { verb, goals })
    }

    /// Why a thing that wears nothing but security groups which the rack declares is the rack's.
    ///
    /// Groups that are only used by the rack prove nothing: a whole VPC wears its default group.
    fn wears(
        &self,
        known: &BTreeMap<ResourceId, Belonging>,
        resource: &Resource,
    ) -> Option<String> {
        if !is_store(resource.id.kind) && resource.id.kind != Kind::Instance {
            return None;
        }
        let worn = worn(self.graph, &resource.id);
        let declared = |it: &ResourceId| {
            known
                .get(it)
                .is_some_and(|it| matches!(it.class, Class::Declared | Class::Derived))
        };
        let wears = !worn.is_empty() && worn.iter().all(declared);
        wears.then(|| format!("wears only {}", some(&worn)))
    }

    /// Why an interface that RDS holds is one of the rack's databases, where it can be no other's.
    ///
    /// RDS does not say which database an interface is of; but every one is in the security groups
    /// of its database.
    fn is_of_databases(
        &self,
        known: &BTreeMap<ResourceId, Belonging>,
        resource: &Resource,
    ) -> Option<String> {
        let interface = NetworkInterface::of(&resource.attrs)?;
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
        let like: BTreeSet<ResourceId> = like.map(|it| it.0.clone()).collect();
        let only_ours = !like.is_empty() && like.iter().all(|it| known.contains_key(it));
        only_ours.then(|| format!("RDS holds it in the security groups of {}", some(&like)))
    }

    /// Whether it is there for something that belongs.
    pub(super) fn is_there_for(
        &self,
        known: &BTreeMap<ResourceId, Belonging>,
        resource: &Resource,
    ) -> bool {
        self.serves(known, resource).is_some() || self.wears(known, resource).is_some()
    }

    /// Whether something that is not the rack's made it or holds it as a part.
    pub(super) fn is_anothers(
        &self,
        known: &BTreeMap<ResourceId, Belonging>,
        resource: &Resource,
    ) -> bool {
        let foreign = |(other, _): &(&Resource, _)| !known.contains_key(&other.id);
        let users = self.graph.users(&resource.id);
        let mut makers = users.iter().filter(|(_, edge)| edge.kind.is_origin());
        let held = self.graph.uses(&resource.id);
        let mut wholes = held
            .iter()
            .filter(|(_, edge)| edge.kind == RelationKind::PartOf);
        makers.any(foreign)
            || wholes.any(foreign)
            || rack::foreign_stack(self.graph, self.rack, resource).is_some()
    }
}

/// Collects what a thing and its parts point at in that way.
fn gather(
    graph: &Graph<'_>,
    holder: &ResourceId,
    relation: RelationKind,
    goals: &mut BTreeSet<ResourceId>,
) {
    for (held, edge) in graph.uses(holder) {
        if edge.kind == relation {
            goals.insert(held.id.clone());
        }
    }
    for (part, edge) in graph.users(holder) {
        if edge.kind == RelationKind::PartOf {
            gather(graph, &part.id, relation, goals);
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
fn worn(graph: &Graph<'_>, id: &ResourceId) -> BTreeSet<ResourceId> {
    let mut worn = BTreeSet::new();
    gather(graph, id, RelationKind::Uses, &mut worn);
    for (made, edge) in graph.uses(id) {
        if edge.kind == RelationKind::Makes && made.id.kind == Kind::CacheCluster {
            gather(graph, &made.id, RelationKind::Uses, &mut worn);
        }
    }
    worn.retain(|it| it.kind == Kind::SecurityGroup);
    worn
}

/// The other groups that a group admits; `None` when it admits anything else, too.
fn peers(graph: &Graph<'_>, group: &ResourceId) -> Option<BTreeSet<ResourceId>> {
    let group = graph.get(group)?;
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

/// The first of them, and how many more there are.
fn some(ids: &BTreeSet<ResourceId>) -> String {
    let first = ids.first().map(ToString::to_string).unwrap_or_default();
    match ids.len() {
        0 | 1 => first,
        n => format!("{first} and {} of the rack", text::count(n - 1, "other")),
    }
}
