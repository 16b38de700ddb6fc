//! What belongs to a rack, with the evidence, and who else uses it.

#![expect(
    clippy::disallowed_types,
    reason = "what is looked up by name alone and never gone through has no order to leak"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use crate::{
    graph::{Graph, Place},
    id::ResourceId,
    kind::{Kind, stack::Stack},
    rack::{Maker, Rack, STACK_ID_TAG, STACK_NAME_TAG},
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
    index: HashMap<ResourceId, u32, RandomState>,
    /// The same by the place in the graph.
    at: Vec<Option<u32>>,
    foreign: Belonging,
}

impl Belongings {
    /// How that resource belongs; what was never seen is foreign.
    pub fn of(&self, id: &ResourceId) -> &Belonging {
        self.among(self.index.get(id).copied())
    }

    /// How what stands there in the graph that was decided over belongs.
    pub fn at(&self, place: Place) -> &Belonging {
        self.among(self.at.get(place.number()).copied().flatten())
    }

    fn among(&self, ours: Option<u32>) -> &Belonging {
        let ours = ours.and_then(|it| self.ours.get(it as usize));
        ours.map_or(&self.foreign, |it| &it.1)
    }

    /// All that is not foreign, in id order.
    pub fn ours(&self) -> impl Iterator<Item = (&ResourceId, &Belonging)> {
        self.ours.iter().map(|(id, it)| (id, it))
    }
}

/// What is taken for the rack's so far, by where it stands.
struct Known {
    at: Vec<Option<Belonging>>,
    count: usize,
}

impl Known {
    fn none(graph: &Graph<'_>) -> Self {
        Self {
            at: vec![None; graph.len()],
            count: 0,
        }
    }

    fn get(&self, place: Place) -> Option<&Belonging> {
        self.at.get(place.number())?.as_ref()
    }

    fn has(&self, place: Place) -> bool {
        self.get(place).is_some()
    }

    /// Adds what is not there yet; whether it was not.
    fn add(&mut self, place: Place, belonging: impl FnOnce() -> Belonging) -> bool {
        match self.at.get_mut(place.number()) {
            Some(it @ None) => {
                *it = Some(belonging());
                self.count += 1;
                true
            }
            Some(Some(_)) | None => false,
        }
    }

    fn remove(&mut self, place: Place) {
        if let Some(it) = self.at.get_mut(place.number()) {
            self.count -= usize::from(it.is_some());
            *it = None;
        }
    }

    /// All that is known, in order.
    fn all(&self, graph: &Graph<'_>) -> impl DoubleEndedIterator<Item = (Place, &Belonging)> {
        let places = graph.places();
        places.filter_map(|it| Some((it, self.get(it)?)))
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
    let mut known = gather(graph, rack, known);
    add_left(graph, rack, &mut known);
    let mut ours = Vec::with_capacity(known.count);
    let all = graph.places().zip(known.at);
    let at = all.map(|(place, it)| {
        // A graph has no more places than this counts.
        let number = u32::try_from(ours.len()).ok()?;
        ours.push((graph.at(place).id.clone(), it?));
        Some(number)
    });
    let at = at.collect();
    Belongings {
        index: (0..).zip(&ours).map(|(n, it)| (it.0.clone(), n)).collect(),
        at,
        ours,
        foreign: Belonging::new(
            Class::Foreign,
            format!("nothing ties it to rack {}", rack.name),
        ),
    }
}

/// Adds, to what is the rack's for sure, what it uses and what serves it, until nothing new comes.
fn gather(graph: &Graph<'_>, rack: &Rack, mut known: Known) -> Known {
    let serving = Serving::new(graph, rack);
    loop {
        let before = known.count;
        infer(graph, &serving, &mut known);
        serving.add(&mut known);
        if known.count > before {
            continue;
        }
        let shared = share(graph, &serving, &known);
        serving.add_reachable(&shared, &mut known);
        // The rest of what nobody else uses: parts and makings that serve nothing by themselves.
        let alone = known
            .all(graph)
            .filter(|(place, it)| it.class == Class::Inferred && !shared.has(*place));
        let alone = alone.map(|it| it.0).collect();
        derive_from(graph, alone, &mut known);
        if known.count == before {
            let inferred = known.all(graph).filter(|it| it.1.class == Class::Inferred);
            let reached: Vec<Place> = inferred.map(|it| it.0).collect();
            shared.tell(graph, &mut known);
            forget(graph, &serving, &reached, &mut known);
            return known;
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

fn declared(graph: &Graph<'_>, rack: &Rack) -> Known {
    let mut known = Known::none(graph);
    for (root, evidence) in &rack.roots {
        if let Some(root) = graph.place(root) {
            known.add(root, || Belonging::new(Class::Declared, evidence));
        }
    }
    for (resource, stack) in graph.of::<Stack>() {
        if rack.roots.contains_key(&resource.id) {
            for (member, logical) in stack.members() {
                let Some(member) = graph.place(&member) else {
                    continue;
                };
                let why = || format!("{logical} of {}", resource.id);
                known.add(member, || Belonging::new(Class::Declared, why()));
            }
        }
    }
    known
}

/// Adds what bears the tag of one of the rack's stacks.
fn add_tagged(graph: &Graph<'_>, rack: &Rack, known: &mut Known) {
    let stacks: BTreeMap<&str, &ResourceId> = graph
        .of::<Stack>()
        .filter(|(resource, _)| rack.roots.contains_key(&resource.id))
        .map(|(resource, stack)| (stack.arn.as_str(), &resource.id))
        .collect();
    for place in graph.places() {
        let stack = graph
            .at(place)
            .tags
            .get(STACK_ID_TAG)
            .and_then(|it| stacks.get(it.as_str()));
        if let Some(stack) = stack {
            let why = || format!("tag {STACK_ID_TAG} names {stack}");
            known.add(place, || Belonging::new(Class::Declared, why()));
        }
    }
}

/// Adds what stacks of a Convox rack left there that are gone: Convox writes the rack's name on all
/// that it makes. An earlier rack may have had that name, so it is not the rack's for sure.
fn add_left(graph: &Graph<'_>, rack: &Rack, known: &mut Known) {
    if rack.made_by != Maker::Convox {
        return;
    }
    for place in graph.places() {
        let resource = graph.at(place);
        let tag = |name: &str| resource.tags.get(name).filter(|_| !known.has(place));
        let root = tag("Rack").map(|it| ResourceId::new(Kind::Stack, it));
        let root = root.filter(|it| rack.roots.contains_key(it));
        let convox = tag("System").is_some_and(|it| it == "convox");
        let (Some(root), Some(stack), true) = (root, left_by(resource, graph), convox) else {
            continue;
        };
        let why = format!(
            "tags System=convox, Rack={} are on it, and {stack}, the stack that made it, is gone",
            root.key
        );
        known.add(place, || Belonging::new(Class::Inferred, why));
    }
}

/// Adds what is made by, or part of, what belongs.
fn derive(graph: &Graph<'_>, known: &mut Known) {
    let open = known.all(graph).map(|it| it.0).collect();
    derive_from(graph, open, known);
}

fn derive_from(graph: &Graph<'_>, mut open: Vec<Place>, known: &mut Known) {
    while let Some(holder) = open.pop() {
        let made = graph.uses_at(holder);
        let made = made.filter(|(_, edge)| edge.kind == RelationKind::Makes);
        let parts = graph.users_at(holder);
        let parts = parts.filter(|(_, edge)| edge.kind == RelationKind::PartOf);
        let made = made.map(|(it, _)| (it, "made by"));
        let parts = parts.map(|(it, _)| (it, "part of"));
        for (place, how) in made.chain(parts) {
            let why = || format!("{how} {}", graph.at(holder).id);
            if known.add(place, || Belonging::new(Class::Derived, why())) {
                open.push(place);
            }
        }
    }
}

/// Adds what is used, and reached through what is used, by what belongs.
fn infer(graph: &Graph<'_>, serving: &Serving<'_, '_>, known: &mut Known) {
    let mut open: Vec<Place> = known.all(graph).rev().map(|it| it.0).collect();
    while let Some(holder) = open.pop() {
        for (used, edge) in graph.uses_at(holder) {
            if !is_use(edge.kind) || known.has(used) {
                continue;
            }
            let is_target =
                edge.kind == RelationKind::ForwardsTo && graph.at(used).id.kind == Kind::Instance;
            // That requests are sent to somebody's machine does not make it the rack's.
            if !(is_target && serving.is_anothers(known, used)) {
                let why = format!("used by {}", graph.at(holder).id);
                known.add(used, || Belonging::new(Class::Inferred, why));
                open.push(used);
            }
        }
    }
}

/// What of the known is not the rack's alone.
struct Shared {
    /// With whom.
    others: HashMap<Place, BTreeSet<Place>, RandomState>,
    /// What nobody has alone, with the reason.
    never: HashMap<Place, &'static str, RandomState>,
}

impl Shared {
    fn has(&self, place: Place) -> bool {
        self.others.contains_key(&place) || self.never.contains_key(&place)
    }

    /// Writes it down beside what is known.
    fn tell(self, graph: &Graph<'_>, known: &mut Known) {
        for place in graph.places() {
            let Some(Some(belonging)) = known.at.get_mut(place.number()) else {
                continue;
            };
            if let Some(why) = self.never.get(&place) {
                belonging.class = Class::Shared;
                belonging.evidence = format!("{}; {why}", belonging.evidence);
            }
            if let Some(others) = self.others.get(&place) {
                belonging.class = Class::Shared;
                let others = others.iter().map(|it| graph.at(*it).id.clone());
                belonging.others = others.collect();
            }
        }
    }
}

/// Says of all that is known which of it anything foreign holds on to, too.
///
/// A thing that is only inferred is taken for ours by its users alone; once one of its users
/// turns out shared it is shared with whoever shares the user.
fn share(graph: &Graph<'_>, serving: &Serving<'_, '_>, known: &Known) -> Shared {
    let mut shared = Shared {
        others: HashMap::default(),
        never: HashMap::default(),
    };
    for (place, belonging) in known.all(graph) {
        if belonging.class == Class::Inferred
            && let Removal::Never(why) = graph.at(place).attrs.model().removal()
        {
            shared.never.insert(place, why);
        }
    }
    let mut open: Vec<Place> = known.all(graph).map(|it| it.0).collect();
    while let Some(place) = open.pop() {
        let others = others(graph, serving, known, &shared, place);
        if !others.is_empty() && shared.others.get(&place) != Some(&others) {
            shared.others.insert(place, others);
            // Whatever it holds may now be shared with the same others.
            let held = graph.uses_at(place).map(|it| it.0);
            open.extend(held.filter(|it| known.has(*it)));
        }
    }
    shared
}

/// Takes for foreign what others made and nothing of the rack's own uses: a shared target group
/// leads on to machines that are somebody else's.
fn forget(graph: &Graph<'_>, serving: &Serving<'_, '_>, reached: &[Place], known: &mut Known) {
    let shared = |known: &Known, place| {
        let belonging = known.get(place);
        belonging.is_some_and(|it| it.class == Class::Shared)
    };
    loop {
        let strange: Vec<Place> = reached
            .iter()
            .copied()
            .filter(|place| shared(known, *place))
            .filter(|place| {
                let users = graph.users_at(*place);
                let mut users = users
                    .filter(|(user, edge)| is_use(edge.kind) && known.has(*user))
                    .peekable();
                users.peek().is_none()
                    || users.all(|(user, _)| shared(known, user))
                        && serving.is_anothers(known, *place)
            })
            .filter(|place| !serving.is_there_for(known, *place))
            .collect();
        if strange.is_empty() {
            return;
        }
        for place in strange {
            known.remove(place);
        }
    }
}

/// What foreign things hold on to a resource, directly or through what is shared.
fn others(
    graph: &Graph<'_>,
    serving: &Serving<'_, '_>,
    known: &Known,
    shared: &Shared,
    place: Place,
) -> BTreeSet<Place> {
    let inferred = known
        .get(place)
        .is_some_and(|it| it.class == Class::Inferred);
    let mut others = BTreeSet::new();
    for (user, edge) in graph.users_at(place) {
        if !is_use(edge.kind) && !edge.kind.is_origin() {
            continue;
        }
        if !known.has(user) {
            others.insert(user);
        } else if inferred
            && !(edge.kind == RelationKind::ForwardsTo && serve::chooses(graph.at(user).id.kind))
        {
            // What only a shared thing leads to is as shared as that.
            others.extend(shared.others.get(&user).into_iter().flatten());
        }
    }
    if inferred {
        // A foreign stack that made it holds on to it, although nobody opened that stack.
        others.extend(serving.foreign_stack(place));
        others.extend(serving.foreign_goals(known, place));
    }
    others.remove(&place);
    others
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
