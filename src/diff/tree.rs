//! What is known of a resource as a tree of texts, without what changes by itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fold::Names;
use crate::{
    belonging::Belonging,
    kind::{Attrs, Kind},
    snapshot::Resource,
};

/// Fields that use or time changes, not a person: sizes, counts, last times.
const NOISE: &[(Kind, &[&str])] = &[
    (Kind::AutoScalingGroup, &["instances"]),
    (Kind::Bucket, &["contents"]),
    (Kind::Certificate, &["not_before"]),
    (
        Kind::Cluster,
        &[
            "container_instances",
            "pending_tasks",
            "running_tasks",
            "services",
        ],
    ),
    (
        Kind::ContainerInstance,
        &[
            "pending_tasks",
            "registered",
            "remaining_cpu",
            "remaining_memory",
            "running_tasks",
        ],
    ),
    (Kind::DbCluster, &["latest_restorable"]),
    (Kind::DbInstance, &["latest_restorable"]),
    (Kind::DiscoveryService, &["instances"]),
    (
        Kind::FileSystem,
        &["archive_bytes", "infrequent_bytes", "size_bytes"],
    ),
    (Kind::Function, &["last_modified"]),
    (Kind::HostedZone, &["record_count"]),
    (Kind::Instance, &["launched"]),
    (Kind::LogGroup, &["stored_bytes"]),
    (Kind::Parameter, &["modified"]),
    (Kind::Queue, &["delayed", "in_flight", "messages"]),
    (Kind::Repository, &["images"]),
    (Kind::Role, &["last_used", "last_used_in"]),
    (
        Kind::Secret,
        &["accessed", "changed", "next_rotation", "rotated"],
    ),
    // Ids by which AWS's commands name what an entry says anyway.
    (Kind::SecurityGroup, &["rules"]),
    (
        Kind::Service,
        &["created", "deployments", "pending", "running", "updated"],
    ),
    (Kind::Subnet, &["free_ips"]),
    (Kind::Table, &["bytes", "items"]),
    (Kind::TaskDefinition, &["arn", "registered", "status"]),
];

/// Lists of which only the number in each state is told, by the field that holds the state.
const COUNTED: &[(Kind, &str)] = &[
    (Kind::ClassicLoadBalancer, "health"),
    (Kind::TargetGroup, "targets"),
];

/// A value without its types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    Nothing,
    /// Could not be read, which is not nothing.
    Unread,
    Text(String),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

/// All that is known of a resource, with how it belongs.
pub(super) fn of(resource: &Resource, belonging: &Belonging, names: &Names<'_>) -> Tree {
    let kind = resource.id.kind;
    let mut map = fields(resource, names);
    // Who registers a revision, and when, is said by its number.
    if kind != Kind::TaskDefinition {
        let created = resource.created.map(|it| Tree::Text(it.to_string()));
        map.insert("created".to_owned(), created.unwrap_or(Tree::Nothing));
    }
    let name = resource.name.clone().map(Tree::Text);
    map.insert("name".to_owned(), name.unwrap_or(Tree::Nothing));
    let tags = resource.tags.iter();
    let tags = tags.map(|(key, value)| (key.clone(), Tree::Text(value.clone())));
    map.insert("tags".to_owned(), Tree::Map(tags.collect()));
    let class = belonging.class.name().to_owned();
    map.insert("belonging".to_owned(), Tree::Text(class));
    Tree::Map(map)
}

/// The fields of its own description.
pub(super) fn fields(resource: &Resource, names: &Names<'_>) -> BTreeMap<String, Tree> {
    let kind = resource.id.kind;
    let value = inner(&resource.attrs);
    let blank = inner(&Attrs::blank(kind));
    let Value::Object(fields) = value else {
        return BTreeMap::new();
    };
    let noise = NOISE.iter().find(|it| it.0 == kind).map(|it| it.1);
    let maker = Maker {
        kind,
        names,
        noise: noise.unwrap_or_default(),
    };
    fields
        .into_iter()
        .filter(|(name, _)| !maker.noise.contains(&name.as_str()))
        .map(|(name, value)| {
            let may_be_unread = blank.get(&name) == Some(&Value::from("unread"));
            let tree = if may_be_unread && value == "unread" {
                Tree::Unread
            } else if COUNTED.contains(&(kind, name.as_str())) {
                counted(&value)
            } else {
                maker.tree(&name, value)
            };
            (name, tree)
        })
        .collect()
}

/// The description without the kind around it.
fn inner(attrs: &Attrs) -> Value {
    match serde_json::to_value(attrs) {
        Ok(Value::Object(it)) => it.into_values().next().unwrap_or_default(),
        _ => Value::Null,
    }
}

/// What a fact that was read tells.
fn known(value: &Value) -> &Value {
    let only = value.as_object().filter(|it| it.len() == 1);
    only.and_then(|it| it.get("known")).unwrap_or(value)
}

/// How many are in each state: which of them it is changes with every deployment.
fn counted(value: &Value) -> Tree {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for it in known(value).as_array().into_iter().flatten() {
        let state = it.get("state").and_then(Value::as_str);
        *counts
            .entry(state.unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    let counts = counts.into_iter();
    Tree::Map(
        counts
            .map(|(state, number)| (state, Tree::Text(number.to_string())))
            .collect(),
    )
}

struct Maker<'m, 'a> {
    kind: Kind,
    names: &'m Names<'a>,
    noise: &'static [&'static str],
}

impl Maker<'_, '_> {
    fn tree(&self, field: &str, value: Value) -> Tree {
        match value {
            Value::Null => Tree::Nothing,
            Value::Bool(it) => Tree::Text(it.to_string()),
            Value::Number(it) => Tree::Text(it.to_string()),
            Value::String(it) => Tree::Text(self.word(field, &it)),
            Value::Array(items) => {
                Tree::List(items.into_iter().map(|it| self.tree(field, it)).collect())
            }
            Value::Object(mut map) => {
                if map.len() == 1
                    && let Some(known) = map.remove("known")
                {
                    return self.tree(field, known);
                }
                let fields = map.into_iter();
                let fields = fields.filter(|(name, _)| !self.is_noise(field, name));
                Tree::Map(
                    fields
                        .map(|(name, it)| {
                            let tree = self.tree(&name, it);
                            (name, tree)
                        })
                        .collect(),
                )
            }
        }
    }

    /// What a stack's operation did last to a member says less than what the member is.
    fn is_noise(&self, within: &str, name: &str) -> bool {
        let member = self.kind == Kind::Stack && within == "members" && name == "status";
        member || self.noise.contains(&name)
    }

    fn word(&self, field: &str, text: &str) -> String {
        let revision = text.rsplit_once(':').filter(|_| field == "task_definition");
        match revision {
            Some((family, _)) => family.to_owned(),
            None => self.names.word(text),
        }
    }
}

impl Tree {
    /// The tree in one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Unread => "(not read)".to_owned(),
            Self::Text(it) => it.clone(),
            Self::List(items) => {
                let mut lines: Vec<String> = items.iter().map(Self::line).collect();
                lines.sort();
                lines.join("|")
            }
            Self::Map(map) => {
                let told = map.iter().filter(|(_, it)| !it.is_nothing());
                let told = told.map(|(name, it)| format!("{name}={}", it.line()));
                told.collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// Whether nothing is there; what was not read is not nothing.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Unread | Self::Text(_) => false,
            Self::List(it) => it.is_empty(),
            Self::Map(it) => it.values().all(Self::is_nothing),
        }
    }
}
