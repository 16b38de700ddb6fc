//! What exists for the rack although nothing of the rack points at it: what serves the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Belonging, Class};
use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{AsKind as _, Kind, security_group::SecurityGroup},
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
    // (Kind::EventRule, "starts", RelationKind::ForwardsTo),
    (Kind::AutoScalingGroup, "made", RelationKind::Makes),
    // (Kind::Alarm, "watches", RelationKind::Watches),
];

/// Adds what serves what belongs: load balancers before its target groups, groups that made its
/// machines, alarms about it, machines and stores that wear its own security groups.
///
/// What serves others as well becomes shared later, by [`foreign_goals`].
pub(super) fn add(graph: &Graph<'_>, rack: &Rack, known: &mut BTreeMap<ResourceId, Belonging>) {
    let serving: Vec<(ResourceId, String)> = graph
        .resources()
        .filter(|it| !known.contains_key(&it.id))
        .filter_map(|it| {
            let why = serves(graph, known, it).or_else(|| wears(graph, known, it))?;
            (!is_anothers(graph, rack, known, it)).then(|| (it.id.clone(), why))
        })
        .collect();
    for (id, why) in serving {
        known.insert(id, Belonging::new(Class::Inferred, why));
    }
}

/// Adds the stores that nothing but the rack's own can reach: each security group on them admits
/// only groups that are the rack's and nobody else's.
pub(super) fn add_reachable(
    graph: &Graph<'_>,
    rack: &Rack,
    judged: &BTreeMap<ResourceId, Belonging>,
    known: &mut BTreeMap<ResourceId, Belonging>,
) {
    let alone = |id: &ResourceId| judged.get(id).is_some_and(|it| it.class != Class::Shared);
    for resource in graph.resources().filter(|it| is_store(it.id.kind)) {
        if known.contains_key(&resource.id) || is_anothers(graph, rack, known, resource) {
            continue;
        }
        let worn = worn(graph, &resource.id);
        let peers = worn.iter().map(|it| peers(graph, it));
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
    graph: &Graph<'_>,
    known: &BTreeMap<ResourceId, Belonging>,
    resource: &Resource,
) -> Vec<ResourceId> {
    let goals = purpose(graph, resource).map(|it| it.goals);
    let goals = goals.into_iter().flatten();
    goals.filter(|it| !known.contains_key(it)).collect()
}

/// Why a thing is there for something that belongs.
fn serves(
    graph: &Graph<'_>,
    known: &BTreeMap<ResourceId, Belonging>,
    resource: &Resource,
) -> Option<String> {
    let purpose = purpose(graph, resource)?;
    let mut ours = purpose.goals;
    ours.retain(|it| known.contains_key(it));
    (!ours.is_empty()).then(|| format!("{} {}", purpose.verb, some(&ours)))
}

/// What a thing is there for, where its kind tells.
fn purpose(graph: &Graph<'_>, resource: &Resource) -> Option<Purpose> {
    let told = PURPOSES.iter().find(|it| it.0 == resource.id.kind);
    let &(_, verb, relation) = told?;
    let mut goals = BTreeSet::new();
    gather(graph, &resource.id, relation, &mut goals);
    Some(Purpose { verb, goals })
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

/// Why a thing that wears nothing but security groups which the rack declares is the rack's.
///
/// Groups that are only used by the rack prove nothing: a whole VPC wears its default group.
fn wears(
    graph: &Graph<'_>,
    known: &BTreeMap<ResourceId, Belonging>,
    resource: &Resource,
) -> Option<String> {
    if !is_store(resource.id.kind) && resource.id.kind != Kind::Instance {
        return None;
    }
    let worn = worn(graph, &resource.id);
    let declared = |it: &ResourceId| {
        known
            .get(it)
            .is_some_and(|it| matches!(it.class, Class::Declared | Class::Derived))
    };
    let wears = !worn.is_empty() && worn.iter().all(declared);
    wears.then(|| format!("wears only {}", some(&worn)))
}

fn is_store(kind: Kind) -> bool {
    matches!(kind, Kind::FileSystem)
}

/// The security groups on a thing or on its parts.
fn worn(graph: &Graph<'_>, id: &ResourceId) -> BTreeSet<ResourceId> {
    let mut worn = BTreeSet::new();
    gather(graph, id, RelationKind::Uses, &mut worn);
    worn.retain(|it| it.kind == Kind::SecurityGroup);
    worn
}

/// The other groups that a group admits; `None` when it admits anything else, too.
fn peers(graph: &Graph<'_>, group: &ResourceId) -> Option<BTreeSet<ResourceId>> {
    let group = graph.get(group)?;
    let rules = &SecurityGroup::of(&group.attrs)?.ingress;
    let closed = |cidrs: &[String], lists: &[String]| cidrs.is_empty() && lists.is_empty();
    if !rules.iter().all(|it| closed(&it.cidrs, &it.prefix_lists)) {
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

/// Whether something that is not the rack's made it or holds it as a part.
fn is_anothers(
    graph: &Graph<'_>,
    rack: &Rack,
    known: &BTreeMap<ResourceId, Belonging>,
    resource: &Resource,
) -> bool {
    let foreign = |(other, _): &(&Resource, _)| !known.contains_key(&other.id);
    let users = graph.users(&resource.id);
    let mut makers = users.iter().filter(|(_, edge)| edge.kind.is_origin());
    let held = graph.uses(&resource.id);
    let mut wholes = held
        .iter()
        .filter(|(_, edge)| edge.kind == RelationKind::PartOf);
    makers.any(foreign)
        || wholes.any(foreign)
        || rack::foreign_stack(graph, rack, resource).is_some()
}

/// The first of them, and how many more there are.
fn some(ids: &BTreeSet<ResourceId>) -> String {
    let first = ids.first().map(ToString::to_string).unwrap_or_default();
    match ids.len() {
        0 | 1 => first,
        n => format!("{first} and {} of the rack", text::count(n - 1, "other")),
    }
}
