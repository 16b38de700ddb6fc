//! What belongs to a rack, with the evidence, and who else uses it.

#![expect(
    clippy::disallowed_types,
    reason = "what is looked up by name alone and never gone through has no order to leak"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{Kind, stack::Stack},
    rack::{self, Rack, STACK_ID_TAG, STACK_NAME_TAG},
    relation::RelationKind,
    removal::Removal,
    snapshot::Resource,
};

mod serve;

use serve::Serving;

/// How a resource belongs to the rack. A likeness of names is never evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// In the rack's stack, or tagged by it.
    Declared,
    /// Made by, or part of, something that belongs.
    Derived,
    /// Only this rack uses it.
    Inferred,
    /// Others use it too; they are named.
    Shared,
    /// None of the above.
    Foreign,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Derived => "derived",
            Self::Inferred => "inferred",
            Self::Shared => "shared",
            Self::Foreign => "foreign",
        }
    }
}

/// How one resource belongs, and why we say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    pub class: Class,
    /// A sentence without its full stop.
    pub evidence: String,
    /// What else uses it, for `Shared`.
    pub others: Vec<ResourceId>,
}

impl Belonging {
    pub fn is_foreign(&self) -> bool {
        self.class == Class::Foreign
    }

    fn new(class: Class, evidence: impl Into<String>) -> Self {
        Self {
            class,
            evidence: evidence.into(),
            others: Vec::new(),
        }
    }
}

/// How every resource of a graph belongs to one rack.
#[derive(Clone, Debug)]
pub struct Belongings {
    /// In id order.
    ours: Vec<(ResourceId, Belonging)>,
    /// Where each stands among them: everything that judges a thing asks whose it is.
    place: HashMap<ResourceId, usize>,
    foreign: Belonging,
}

impl Belongings {
    /// How that resource belongs; what was never seen is foreign.
    pub fn of(&self, id: &ResourceId) -> &Belonging {
        let ours = self.place.get(id).and_then(|it| self.ours.get(*it));
        ours.map_or(&self.foreign, |it| &it.1)
    }

    /// All that is not foreign, in id order.
    pub fn ours(&self) -> impl Iterator<Item = (&ResourceId, &Belonging)> {
        self.ours.iter().map(|(id, it)| (id, it))
    }
}

/// Decides for every resource.
///
/// What the rack's roots declare comes first, then what that makes and what is part of it, then
/// what all of it uses and what is there for it. Whatever anything foreign uses too is shared,
/// however it came to be ours.
pub fn decide(graph: &Graph<'_>, rack: &Rack) -> Belongings {
    let mut known = declared(graph, rack);
    derive(graph, &mut known);
    // Tags come second: a group hands its own on to its instances, which it yet makes.
    add_tagged(graph, rack, &mut known);
    derive(graph, &mut known);
    let ours: Vec<(ResourceId, Belonging)> = gather(graph, rack, known).into_iter().collect();
    let place = ours.iter().enumerate();
    Belongings {
        place: place.map(|(n, (id, _))| (id.clone(), n)).collect(),
        ours,
        foreign: Belonging::new(
            Class::Foreign,
            format!("nothing ties it to rack {}", rack.name),
        ),
    }
}

/// Adds, to what is the rack's for sure, what it uses and what serves it, until nothing new comes.
fn gather(
    graph: &Graph<'_>,
    rack: &Rack,
    mut known: BTreeMap<ResourceId, Belonging>,
) -> BTreeMap<ResourceId, Belonging> {
    let serving = Serving::new(graph, rack);
    loop {
        let before = known.len();
        infer(graph, &serving, &mut known);
        serving.add(&mut known);
        if known.len() > before {
            continue;
        }
        let mut judged = share(graph, rack, &serving, &known);
        serving.add_reachable(&judged, &mut known);
        // The rest of what nobody else uses: parts and makings that serve nothing by themselves.
        let alone = judged.iter().filter(|(_, it)| it.class == Class::Inferred);
        let alone = alone.map(|(id, _)| id.clone()).collect();
        derive_from(graph, alone, &mut known);
        if known.len() == before {
            forget(graph, &serving, &known, &mut judged);
            return judged;
        }
    }
}

/// The stack that made a resource and is gone: what the resource's tags still name, although no
/// such stack is there.
pub fn left_by<'r>(resource: &'r Resource, graph: &Graph<'_>) -> Option<&'r str> {
    let id = resource.tags.get(STACK_ID_TAG)?;
    let name = resource.tags.get(STACK_NAME_TAG)?;
    let live = graph
        .get_as::<Stack>(name)
        .is_some_and(|(_, stack)| stack.arn == *id);
    (!live).then_some(name)
}

fn declared(graph: &Graph<'_>, rack: &Rack) -> BTreeMap<ResourceId, Belonging> {
    let mut known = BTreeMap::new();
    for (root, evidence) in &rack.roots {
        known.insert(root.clone(), Belonging::new(Class::Declared, evidence));
    }
    for (resource, stack) in graph.of::<Stack>() {
        if rack.roots.contains_key(&resource.id) {
            for (member, logical) in stack.members() {
                let Some(member) = graph.get(&member) else {
                    continue;
                };
                let why = format!("{logical} of {}", resource.id);
                known
                    .entry(member.id.clone())
                    .or_insert_with(|| Belonging::new(Class::Declared, why));
            }
        }
    }
    known.retain(|id, _| graph.get(id).is_some());
    known
}

/// Adds what bears the tag of one of the rack's stacks.
fn add_tagged(graph: &Graph<'_>, rack: &Rack, known: &mut BTreeMap<ResourceId, Belonging>) {
    let stacks: BTreeMap<&str, &ResourceId> = graph
        .of::<Stack>()
        .filter(|(resource, _)| rack.roots.contains_key(&resource.id))
        .map(|(resource, stack)| (stack.arn.as_str(), &resource.id))
        .collect();
    for resource in graph.resources() {
        let stack = resource
            .tags
            .get(STACK_ID_TAG)
            .and_then(|it| stacks.get(it.as_str()));
        if let Some(stack) = stack {
            let why = format!("tag {STACK_ID_TAG} names {stack}");
            known
                .entry(resource.id.clone())
                .or_insert_with(|| Belonging::new(Class::Declared, why));
        }
    }
}

/// Adds what is made by, or part of, what belongs.
fn derive(graph: &Graph<'_>, known: &mut BTreeMap<ResourceId, Belonging>) {
    let open = known.keys().cloned().collect();
    derive_from(graph, open, known);
}

fn derive_from(
    graph: &Graph<'_>,
    mut open: Vec<ResourceId>,
    known: &mut BTreeMap<ResourceId, Belonging>,
) {
    while let Some(holder) = open.pop() {
        let made = graph.uses(&holder).into_iter();
        let made = made.filter(|(_, edge)| edge.kind == RelationKind::Makes);
        let parts = graph.users(&holder).into_iter();
        let parts = parts.filter(|(_, edge)| edge.kind == RelationKind::PartOf);
        let made = made.map(|(it, _)| (&it.id, format!("made by {holder}")));
        let parts = parts.map(|(it, _)| (&it.id, format!("part of {holder}")));
        for (id, why) in made.chain(parts) {
            if !known.contains_key(id) {
                known.insert(id.clone(), Belonging::new(Class::Derived, why));
                open.push(id.clone());
            }
        }
    }
}

/// Adds what is used, and reached through what is used, by what belongs.
fn infer(
    graph: &Graph<'_>,
    serving: &Serving<'_, '_>,
    known: &mut BTreeMap<ResourceId, Belonging>,
) {
    let mut open: Vec<ResourceId> = known.keys().cloned().collect();
    open.reverse();
    while let Some(holder) = open.pop() {
        for (used, edge) in graph.uses(&holder) {
            let is_target = edge.kind == RelationKind::ForwardsTo && used.id.kind == Kind::Instance;
            if is_use(edge.kind)
                && !known.contains_key(&used.id)
                // That requests are sent to somebody's machine does not make it the rack's.
                && !(is_target && serving.is_anothers(known, used))
            {
                let why = format!("used by {holder}");
                known.insert(used.id.clone(), Belonging::new(Class::Inferred, why));
                open.push(used.id.clone());
            }
        }
    }
}

/// Says of all that is known which of it anything foreign holds on to, too.
///
/// A thing that is only inferred is taken for ours by its users alone; once one of its users
/// turns out shared it is shared with whoever shares the user.
fn share(
    graph: &Graph<'_>,
    rack: &Rack,
    serving: &Serving<'_, '_>,
    known: &BTreeMap<ResourceId, Belonging>,
) -> BTreeMap<ResourceId, Belonging> {
    let mut judged = known.clone();
    for (id, belonging) in known {
        if belonging.class == Class::Inferred
            && let Some(resource) = graph.get(id)
            && let Removal::Never(why) = resource.attrs.model().removal()
            && let Some(belonging) = judged.get_mut(id)
        {
            belonging.class = Class::Shared;
            belonging.evidence = format!("{}; {why}", belonging.evidence);
        }
    }
    let mut open: Vec<ResourceId> = known.keys().cloned().collect();
    while let Some(id) = open.pop() {
        let others = others(graph, rack, serving, known, &judged, &id);
        let Some(belonging) = judged.get_mut(&id) else {
            continue;
        };
        if !others.is_empty() && belonging.others != others {
            belonging.class = Class::Shared;
            belonging.others = others;
            // Whatever it holds may now be shared with the same others.
            let held = graph.uses(&id).into_iter().map(|it| it.0.id.clone());
            open.extend(held.filter(|it| known.contains_key(it)));
        }
    }
    judged
}

/// Takes for foreign what others made and nothing of the rack's own uses: a shared target group
/// leads on to machines that are somebody else's.
fn forget(
    graph: &Graph<'_>,
    serving: &Serving<'_, '_>,
    known: &BTreeMap<ResourceId, Belonging>,
    judged: &mut BTreeMap<ResourceId, Belonging>,
) {
    let shared = |id: &ResourceId, judged: &BTreeMap<ResourceId, Belonging>| {
        judged.get(id).is_some_and(|it| it.class == Class::Shared)
    };
    loop {
        let reached = known.iter().filter(|(_, it)| it.class == Class::Inferred);
        let strange: Vec<ResourceId> = reached
            .map(|(id, _)| id)
            .filter(|id| shared(id, judged))
            .filter_map(|id| graph.get(id))
            .filter(|resource| {
                let users = graph.users(&resource.id).into_iter();
                let mut users = users
                    .filter(|(user, edge)| is_use(edge.kind) && judged.contains_key(&user.id))
                    .peekable();
                users.peek().is_none()
                    || users.all(|(user, _)| shared(&user.id, judged))
                        && serving.is_anothers(judged, resource)
            })
            .filter(|it| !serving.is_there_for(judged, it))
            .map(|it| it.id.clone())
            .collect();
        if strange.is_empty() {
            return;
        }
        for id in strange {
            judged.remove(&id);
        }
    }
}

/// What foreign things hold on to a resource, directly or through what is shared.
fn others(
    graph: &Graph<'_>,
    rack: &Rack,
    serving: &Serving<'_, '_>,
    known: &BTreeMap<ResourceId, Belonging>,
    judged: &BTreeMap<ResourceId, Belonging>,
    id: &ResourceId,
) -> Vec<ResourceId> {
    let inferred = known.get(id).is_some_and(|it| it.class == Class::Inferred);
    let mut others = BTreeSet::new();
    for (user, edge) in graph.users(id) {
        if !is_use(edge.kind) && !edge.kind.is_origin() {
            continue;
        }
        match judged.get(&user.id) {
            None => {
                others.insert(user.id.clone());
            }
            // What only a shared thing leads to is as shared as that.
            Some(it)
                if inferred
                    && !(edge.kind == RelationKind::ForwardsTo && serve::chooses(user.id.kind)) =>
            {
                others.extend(it.others.iter().cloned());
            }
            Some(_) => {}
        }
    }
    if inferred && let Some(resource) = graph.get(id) {
        // A foreign stack that made it holds on to it, although nobody opened that stack.
        others.extend(rack::foreign_stack(graph, rack, resource));
        others.extend(serving.foreign_goals(known, resource));
    }
    others.remove(id);
    others.into_iter().collect()
}

/// Whether an edge means that the holder would miss what it holds.
fn is_use(kind: RelationKind) -> bool {
    match kind {
        RelationKind::SitsIn
        | RelationKind::Uses
        | RelationKind::RunsOn
        | RelationKind::ForwardsTo
        | RelationKind::RoutesTo
        | RelationKind::WritesTo => true,
        RelationKind::Declares
        | RelationKind::Makes
        | RelationKind::PartOf
        | RelationKind::Admits
        | RelationKind::Watches => false,
    }
}

#[cfg(test)]
mod tests;
