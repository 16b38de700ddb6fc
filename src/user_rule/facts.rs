//! What a condition can ask of a resource: the names, their types, and what they stand for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde_json::Value;

use super::{
    language::{Datum, Facts, Scope},
    shape::Shape,
};
use crate::{
    belonging::Class, graph::Edge, kind::Kind, rule::Case, snapshot::Resource, table::column,
};

/// What is known of every resource, with a sentence about each; for `rules facts`.
pub const COMMON: &[(&str, &str)] = &[
    (
        "age_days",
        "whole days since it was made; null where AWS does not tell",
    ),
    ("arn", "its ARN; null where it has none or none was told"),
    (
        "belonging",
        "declared, derived, inferred, shared or foreign",
    ),
    ("created", "when it was made; null where AWS does not tell"),
    ("id", "KIND/KEY, as everywhere in racklens"),
    (
        "key",
        "AWS's own name for it, the part of the id after the kind",
    ),
    ("name", "the name that a person gave it, else its key"),
    ("ours", "whether it belongs to the rack, alone or shared"),
    ("shared", "whether something else uses it, too"),
    ("tags", "its tags: `tags.Owner`, `\"Owner\" in tags`"),
];

/// What a condition can call, besides CEL's operators and loops, with its type and a sentence.
pub const FUNCTIONS: &[(&str, &str, &str)] = &[
    (
        "size(X)",
        "number",
        "entries of a list or a map, letters of a text",
    ),
    (
        "X.exists(x, …)",
        "true or false",
        "whether it is true of an entry; also all, exists_one, filter, map",
    ),
    (
        "T.contains(T)",
        "true or false",
        "whether a text holds another; also startsWith, endsWith",
    ),
    (
        "glob(T, T)",
        "true or false",
        "whether a text is what a pattern with * and ? says",
    ),
    (
        "days_since(M)",
        "number",
        "whole days from a moment to the snapshot; days_until counts on from there",
    ),
    (
        "cidr_within(T, L)",
        "true or false",
        "whether a range lies in one of a list of ranges",
    ),
    ("string(X)", "text", "a number, or true or false, as a text"),
    (
        "has(tags.X)",
        "true or false",
        "whether a map has that name",
    ),
];

/// The fields of all kinds' descriptions.
static KINDS: LazyLock<BTreeMap<Kind, Shape>> =
    LazyLock::new(|| Kind::ALL.iter().map(|it| (*it, Shape::of(*it))).collect());

/// Lists of neighbours by kind.
static NEIGHBOURS: LazyLock<Shape> = LazyLock::new(|| {
    let of = |kind: &Kind| {
        let mut fields = common();
        fields.insert("relation".to_owned(), Shape::Text);
        fields.insert("port".to_owned(), Shape::maybe(Shape::Number));
        fields.insert("it".to_owned(), fields_of(*kind));
        (word(*kind), Shape::list(Shape::record(fields)))
    };
    Shape::record(Kind::ALL.iter().map(of))
});

/// The fields of a kind's own description.
pub fn fields_of(kind: Kind) -> Shape {
    KINDS.get(&kind).cloned().unwrap_or(Shape::Any)
}

/// A kind's name as a condition writes it: `security_group`.
pub fn word(kind: Kind) -> String {
    kind.name().replace('-', "_")
}

fn common() -> BTreeMap<String, Shape> {
    let shape = |name: &str| match name {
        "age_days" => Shape::maybe(Shape::Number),
        "arn" => Shape::maybe(Shape::Text),
        "created" => Shape::maybe(Shape::Moment),
        "ours" | "shared" => Shape::Bool,
        "tags" => Shape::map(Shape::Text),
        _ => Shape::Text,
    };
    let common = COMMON.iter();
    common.map(|it| (it.0.to_owned(), shape(it.0))).collect()
}

/// The names that a condition about resources of that kind may use.
pub fn scope(kind: Kind, parameters: &toml::Table) -> Scope {
    let mut scope = common();
    scope.insert("it".to_owned(), fields_of(kind));
    scope.insert("uses".to_owned(), NEIGHBOURS.clone());
    scope.insert("users".to_owned(), NEIGHBOURS.clone());
    let of = |(name, value): (&String, &toml::Value)| {
        let shape = parameter(value).map_or(Shape::Any, |it| it.1);
        (name.clone(), shape)
    };
    let parameters = Shape::record(parameters.iter().map(of));
    scope.insert("params".to_owned(), parameters);
    scope
}

/// A parameter's value and type; `None` for what no condition can reckon with.
pub fn parameter(value: &toml::Value) -> Option<(Datum, Shape)> {
    Some(match value {
        toml::Value::String(it) => (Datum::Text(it.clone()), Shape::Text),
        toml::Value::Integer(it) => (Datum::Number(*it), Shape::Number),
        toml::Value::Boolean(it) => (Datum::Bool(*it), Shape::Bool),
        toml::Value::Array(all) => {
            let all: Option<Vec<(Datum, Shape)>> = all.iter().map(parameter).collect();
            let all = all?;
            let shape = all.first().map_or(Shape::Any, |it| it.1.clone());
            if all.iter().any(|it| it.1 != shape) {
                return None;
            }
            let all = all.into_iter().map(|it| it.0).collect();
            (Datum::List(all), Shape::list(shape))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => return None,
    })
}

/// Whether a resource's tags are not known.
fn lacks_tags(case: &Case<'_>, resource: &Resource) -> bool {
    resource.tags.is_empty() && column::tags_unread(case, resource)
}

/// What conditions look at: which names, which fields of the resource, which kinds of neighbours.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    names: BTreeSet<String>,
    /// `None` where all fields are looked at.
    fields: Option<BTreeSet<String>>,
    uses: BTreeSet<Kind>,
    users: BTreeSet<Kind>,
}

impl Wanted {
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p Vec<String>>) -> Self {
        let mut wanted = Self {
            fields: Some(BTreeSet::new()),
            ..Self::default()
        };
        for path in paths {
            let Some(name) = path.first() else { continue };
            wanted.names.insert(name.clone());
            let kinds = path.get(1).map_or_else(
                || Kind::ALL.to_vec(),
                |word_| {
                    Kind::ALL
                        .iter()
                        .filter(|it| word(**it) == *word_)
                        .copied()
                        .collect()
                },
            );
            match (name.as_str(), path.get(1)) {
                ("it", None) => wanted.fields = None,
                ("it", Some(field)) => {
                    if let Some(fields) = &mut wanted.fields {
                        fields.insert(field.clone());
                    }
                }
                ("uses", _) => wanted.uses.extend(kinds),
                ("users", _) => wanted.users.extend(kinds),
                _ => {}
            }
        }
        wanted
    }

    /// The kinds of which all must be known.
    pub fn neighbours(&self) -> Vec<Kind> {
        self.uses.union(&self.users).copied().collect()
    }

    /// Whether it matters that a resource's tags were not read.
    pub fn tags(&self) -> bool {
        self.names.contains("tags")
    }
}

/// What the names stand for, for one resource: those that are looked at.
pub fn facts(
    case: &Case<'_>,
    resource: &Resource,
    wanted: &Wanted,
    parameters: &toml::Table,
) -> Facts {
    let mut facts = of(case, resource);
    facts.retain(|name, _| wanted.names.contains(name));
    if wanted.names.contains("it") {
        let it = described(resource, wanted.fields.as_ref());
        facts.insert("it".to_owned(), it);
    }
    for (name, kinds) in [("uses", &wanted.uses), ("users", &wanted.users)] {
        if !kinds.is_empty() {
            let neighbours = match name {
                "uses" => case.graph.uses(&resource.id),
                _ => case.graph.users(&resource.id),
            };
            facts.insert(name.to_owned(), by_kind(case, &neighbours, kinds));
        }
    }
    if wanted.names.contains("params") {
        let values = parameters.iter().filter_map(|(name, value)| {
            let value = parameter(value)?.0;
            Some((name.clone(), value))
        });
        facts.insert("params".to_owned(), Datum::Record(values.collect()));
    }
    facts
}

/// What is known of every resource.
fn of(case: &Case<'_>, resource: &Resource) -> Facts {
    let text = |it: &str| Datum::Text(it.to_owned());
    let class = case.belongings.of(&resource.id).class;
    let created = resource.created;
    let age = created.map(|it| Datum::Number(case.hours_since(it).div_euclid(24)));
    let tags = if lacks_tags(case, resource) {
        Datum::Unread
    } else {
        let tags = resource.tags.iter();
        Datum::Record(tags.map(|(name, it)| (name.clone(), text(it))).collect())
    };
    let facts = [
        ("age_days", age.unwrap_or(Datum::Null)),
        ("arn", resource.arn.as_deref().map_or(Datum::Null, text)),
        ("belonging", text(class.name())),
        (
            "created",
            created.map_or(Datum::Null, |it| text(&it.to_string())),
        ),
        ("id", text(&resource.id.to_string())),
        ("key", text(&resource.id.key)),
        ("name", text(resource.label())),
        ("ours", Datum::Bool(class != Class::Foreign)),
        ("shared", Datum::Bool(class == Class::Shared)),
        ("tags", tags),
    ];
    facts.map(|(name, it)| (name.to_owned(), it)).into()
}

/// Neighbours by kind, every kind that is looked at with its list, an empty one too.
fn by_kind(case: &Case<'_>, all: &[(&Resource, Edge)], kinds: &BTreeSet<Kind>) -> Datum {
    let lists = kinds.iter().map(|kind| {
        let of_kind = all.iter().filter(|(it, _)| it.id.kind == *kind);
        let entries = of_kind.map(|(it, edge)| {
            let mut facts = of(case, it);
            let port = edge.port.map(|it| Datum::Number(it.into()));
            facts.insert(
                "relation".to_owned(),
                Datum::Text(edge.kind.name().to_owned()),
            );
            facts.insert("port".to_owned(), port.unwrap_or(Datum::Null));
            facts.insert("it".to_owned(), described(it, None));
            Datum::Record(facts)
        });
        (word(*kind), Datum::List(entries.collect()))
    });
    Datum::Record(lists.collect())
}

/// A resource's own description, or some fields of it.
fn described(resource: &Resource, fields: Option<&BTreeSet<String>>) -> Datum {
    let value = column::fields(&resource.attrs);
    let shape = fields_of(resource.id.kind);
    let Some(shapes) = shape.fields() else {
        return Datum::Unread;
    };
    let wanted = shapes
        .iter()
        .filter(|it| fields.is_none_or(|all| all.contains(it.0)));
    let data = wanted.map(|(name, shape)| (name.clone(), datum(shape, value.get(name))));
    Datum::Record(data.collect())
}

/// A value of the snapshot as a condition sees it: every field of its type is there.
fn datum(shape: &Shape, value: Option<&Value>) -> Datum {
    let value = value.unwrap_or(&Value::Null);
    match shape {
        Shape::Fact(of) => match value.get("known") {
            Some(it) => datum(of, Some(it)),
            None => Datum::Unread,
        },
        Shape::Maybe(_) if value.is_null() => Datum::Null,
        Shape::Maybe(of) => datum(of, Some(value)),
        Shape::List(of) => {
            let all = value.as_array().into_iter().flatten();
            let all: Vec<Datum> = all.map(|it| datum(of, Some(it))).collect();
            // A list of which one entry is not known is not known.
            if all.contains(&Datum::Unread) {
                return Datum::Unread;
            }
            Datum::List(all)
        }
        Shape::Map(of) => {
            let entries = value.as_object().into_iter().flatten();
            let entries: BTreeMap<String, Datum> = entries
                .map(|(name, it)| (name.clone(), datum(of, Some(it))))
                .collect();
            if entries.values().any(|it| *it == Datum::Unread) {
                return Datum::Unread;
            }
            Datum::Record(entries)
        }
        Shape::Record(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, of)| (name.clone(), datum(of, value.get(name))));
            Datum::Record(fields.collect())
        }
        Shape::Bool => Datum::Bool(value.as_bool().unwrap_or_default()),
        Shape::Number => match value.as_i64() {
            Some(it) => Datum::Number(it),
            None => Datum::Number(i64::MAX),
        },
        Shape::Text | Shape::Moment => match value {
            Value::String(it) => Datum::Text(it.clone()),
            Value::Null => Datum::Text(String::new()),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Datum::Text(other.to_string())
            }
        },
        Shape::Null | Shape::Any => Datum::Unread,
    }
}
