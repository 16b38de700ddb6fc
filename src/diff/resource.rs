//! Which resources came, went, and are not as they were.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Scope,
    field::{self, FieldChange},
    fold::{self, Names},
    tree::{self, Tree},
};
use crate::{
    id::ResourceId,
    kind::{AsKind as _, Kind, task_definition::TaskDefinition},
    rule::{Case, revision},
    snapshot::{Gap, Resource},
};

/// What became of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Added,
    Removed,
    Changed,
    /// Some of what comes and goes did so, and its like took its place.
    Replaced,
    /// It was there; whether it still is could not be read.
    Unread,
    /// It is there; whether it was could not be read.
    Seen,
}

impl What {
    pub const ALL: [Self; 6] = [
        Self::Added,
        Self::Removed,
        Self::Changed,
        Self::Replaced,
        Self::Unread,
        Self::Seen,
    ];

    /// The word in machine formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Replaced => "replaced",
            Self::Unread => "unread",
            Self::Seen => "seen",
        }
    }

    /// The words for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::Added | Self::Removed | Self::Changed => self.name(),
            Self::Replaced => "replaced",
            Self::Unread => "not read this time",
            Self::Seen => "not read last time",
        }
    }
}

/// One resource, or all that comes and goes for one cause, then and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    pub what: What,
    pub kind: Kind,
    /// `vpc/vpc-1`, or what lasts: "task of service/prod/web", "task-definition/web".
    pub id: String,
    /// The name that a person gave it, where that is not its key.
    pub name: Option<String>,
    /// How it belongs, now or when it was last seen.
    pub belonging: &'static str,
    /// How many there were and are, of what comes and goes; else 0 or 1.
    pub count: (usize, usize),
    /// How many of those that are there were not before.
    pub replaced: usize,
    pub fields: Vec<FieldChange>,
    /// Why it is not known whether it is, or was, there.
    pub gap: Option<Gap>,
}

/// All resources of one lasting name.
type Group<'a> = Vec<&'a Resource>;

struct Side<'c, 'a> {
    case: &'c Case<'a>,
    names: Names<'a>,
    groups: BTreeMap<(Kind, String), Group<'a>>,
}

impl<'c, 'a> Side<'c, 'a> {
    fn new(case: &'c Case<'a>) -> Self {
        let names = Names::of(case);
        let mut groups: BTreeMap<_, Group<'a>> = BTreeMap::new();
        for it in case.graph.resources().filter(|it| !is_over(it)) {
            let name = names.name(&it.id);
            groups.entry((it.id.kind, name)).or_default().push(it);
        }
        Self {
            case,
            names,
            groups,
        }
    }

    fn is_ours(&self, group: &[&Resource]) -> bool {
        let mut group = group.iter();
        group.any(|it| !self.case.belongings.of(&it.id).is_foreign())
    }
}

/// Whether AWS only lists it a while longer.
fn is_over(resource: &Resource) -> bool {
    let over = [
        "terminated",
        "STOPPED",
        "INACTIVE",
        "deleted",
        "DELETE_COMPLETE",
    ];
    // A revision that is deregistered may still run.
    let state = resource.attrs.model().state();
    resource.id.kind != Kind::TaskDefinition && state.is_some_and(|it| over.contains(&it))
}

pub(super) fn changes(old: &Case<'_>, new: &Case<'_>, scope: Scope) -> Vec<ResourceChange> {
    let (old, new) = (Side::new(old), Side::new(new));
    let names: BTreeSet<&(Kind, String)> = old.groups.keys().chain(new.groups.keys()).collect();
    let none = Group::new();
    names
        .into_iter()
        .filter_map(|name| {
            let before = old.groups.get(name).unwrap_or(&none);
            let now = new.groups.get(name).unwrap_or(&none);
            if scope == Scope::Rack && !old.is_ours(before) && !new.is_ours(now) {
                return None;
            }
            change(name, (&old, before), (&new, now))
        })
        .collect()
}

fn change(
    (kind, id): &(Kind, String),
    (old, before): (&Side<'_, '_>, &[&Resource]),
    (new, now): (&Side<'_, '_>, &[&Resource]),
) -> Option<ResourceChange> {
    let (side, last) = match (before.last(), now.last()) {
        (_, Some(it)) => (new, it),
        (it, None) => (old, it?),
    };
    let is_part = is_part(*kind) && last.id.to_string() != *id;
    let known: BTreeSet<&ResourceId> = before.iter().map(|it| &it.id).collect();
    let mut change = ResourceChange {
        what: What::Changed,
        kind: *kind,
        id: id.clone(),
        name: last.name.clone().filter(|_| last.id.to_string() == *id),
        belonging: side.case.belongings.of(&last.id).class.name(),
        count: (before.len(), now.len()),
        replaced: now.iter().filter(|it| !known.contains(&it.id)).count(),
        fields: Vec::new(),
        gap: None,
    };
    match (before.is_empty(), now.is_empty()) {
        // The machines of a group say that it grew; their disks need not.
        (true, _) | (_, true) if is_part => return None,
        (true, _) => {
            change.gap = hidden(old.case, &last.id).cloned();
            change.what = change.gap.as_ref().map_or(What::Added, |_| What::Seen);
        }
        (_, true) => {
            change.gap = hidden(new.case, &last.id).cloned();
            change.what = change.gap.as_ref().map_or(What::Removed, |_| What::Unread);
        }
        (false, false) => {
            change.fields = fields(*kind, (old, before), (new, now));
            if fold::comes_and_goes(*kind) && !is_part && before.len() != now.len() {
                let number = |it: &[&Resource]| it.len().to_string();
                let count = FieldChange::new("count", number(before), number(now));
                change.fields.insert(0, count);
            }
            if change.fields.is_empty() {
                let alike = fold::comes_and_goes(*kind) && !is_part && change.replaced > 0;
                change.what = alike.then_some(What::Replaced)?;
            }
        }
    }
    Some(change)
}

/// Whether it comes and goes with something else that does.
fn is_part(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Volume | Kind::NetworkInterface | Kind::ContainerInstance
    )
}

fn fields(
    kind: Kind,
    (old, before): (&Side<'_, '_>, &[&Resource]),
    (new, now): (&Side<'_, '_>, &[&Resource]),
) -> Vec<FieldChange> {
    if kind == Kind::TaskDefinition {
        let tree = |side: &Side<'_, '_>, group| current(side, group);
        return field::changes(&tree(old, before), &tree(new, now));
    }
    if let ([before], [now]) = (before, now)
        && before.id == now.id
    {
        return field::changes(&whole(old, before), &whole(new, now));
    }
    let (before, now) = (common(old, before), common(new, now));
    field::changes(&before, &now)
}

fn whole(side: &Side<'_, '_>, resource: &Resource) -> Tree {
    let belonging = side.case.belongings.of(&resource.id);
    tree::of(resource, belonging, &side.names)
}

/// The newest revision that something uses, else the newest.
fn current(side: &Side<'_, '_>, family: &[&Resource]) -> Tree {
    let revision = |it: &Resource| TaskDefinition::of(&it.attrs).map(|it| it.revision);
    let in_use = |it: &Resource| !revision::users(side.case, &it.id).is_empty();
    let newest = family
        .iter()
        .max_by_key(|it| (in_use(it), revision(it), &it.id));
    newest.map_or(Tree::Nothing, |it| whole(side, it))
}

/// What the members of a group have in common by their nature, and not each for itself.
const COMMON: &[(Kind, &[&str])] = &[
    (
        Kind::Task,
        &[
            "architecture",
            "capacity_provider",
            "containers",
            "cpu",
            "ephemeral_storage",
            "execute_command",
            "execution_role",
            "health",
            "launch_type",
            "memory",
            "platform_version",
            "task_role",
        ],
    ),
    (
        Kind::Instance,
        &[
            "architecture",
            "detailed_monitoring",
            "image",
            "instance_type",
            "key_pair",
            "lifecycle",
            "metadata_endpoint",
            "metadata_hops",
            "metadata_tokens",
            "platform",
            "profile",
            "security_groups",
            "tenancy",
        ],
    ),
    (
        Kind::Volume,
        &[
            "encrypted",
            "iops",
            "key",
            "size_gib",
            "throughput",
            "volume_type",
        ],
    ),
    (Kind::NetworkInterface, &["security_groups"]),
    (
        Kind::ContainerInstance,
        &["agent_connected", "agent_version", "ami", "docker_version"],
    ),
];

/// The values that the members of a group have, each once.
fn common(side: &Side<'_, '_>, group: &[&Resource]) -> Tree {
    let mut all: BTreeMap<String, BTreeSet<Tree>> = BTreeMap::new();
    for resource in group {
        let wanted = COMMON.iter().find(|it| it.0 == resource.id.kind);
        let wanted = wanted.map(|it| it.1).unwrap_or_default();
        let fields = tree::fields(resource, &side.names).into_iter();
        for (name, tree) in fields.filter(|(name, _)| wanted.contains(&name.as_str())) {
            match tree {
                // Of a task's containers what they run is common, not where they listen.
                Tree::List(items) if name == "containers" => {
                    for (field, text) in items.iter().flat_map(images) {
                        all.entry(field).or_default().insert(text);
                    }
                }
                Tree::List(items) => all.entry(name).or_default().extend(items),
                Tree::Nothing => {}
                Tree::Unread | Tree::Text(_) | Tree::Map(_) => {
                    all.entry(name).or_default().insert(tree);
                }
            }
        }
    }
    let all = all.into_iter();
    Tree::Map(
        all.map(|(name, values)| (name, Tree::List(values.into_iter().collect())))
            .collect(),
    )
}

/// What one container of a task runs.
fn images(container: &Tree) -> Vec<(String, Tree)> {
    let Tree::Map(map) = container else {
        return Vec::new();
    };
    let Some(Tree::Text(name)) = map.get("name") else {
        return Vec::new();
    };
    let told = ["image", "digest"].into_iter();
    let told = told.filter_map(|it| Some((it, map.get(it).filter(|it| !it.is_nothing())?)));
    told.map(|(field, it)| (format!("containers[{name}].{field}"), it.clone()))
        .collect()
}

/// Why a resource that was not seen in a snapshot may have been there.
pub(super) fn hidden<'a>(case: &Case<'a>, id: &ResourceId) -> Option<&'a Gap> {
    case.gaps.iter().find(|gap| {
        gap.kind == id.kind
            && match &gap.resource {
                None => true,
                // What failed was a listing within something else, or the reading of this one.
                Some(about) => about.kind != id.kind || about == id,
            }
    })
}
