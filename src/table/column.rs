//! The columns of a table: those that it knows by name, and those that a user makes up.

use std::cell::OnceCell;

use serde_json::Value;

use super::{
    Subject,
    cell::Cell,
    path::{Found, Path},
    sheet,
};
use crate::{
    id::ResourceId,
    kind::{
        Attrs,
        target_group::{Target, TargetGroup},
        task::Container,
    },
    rule::Case,
    snapshot::Resource,
};

/// What a path into a description begins with.
const ATTRS: &str = "attrs.";

/// One row: a resource, or a part of one.
pub struct Row<'a> {
    pub case: &'a Case<'a>,
    pub resource: &'a Resource,
    pub part: Part<'a>,
    fields: OnceCell<Value>,
}

/// What of its resource a row is about.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    Whole,
    Container(&'a Container),
    /// `None` where the group's targets were not read.
    Target(&'a TargetGroup, Option<&'a Target>),
}

impl<'a> Row<'a> {
    pub fn new(case: &'a Case<'a>, resource: &'a Resource, part: Part<'a>) -> Self {
        Self {
            case,
            resource,
            part,
            fields: OnceCell::new(),
        }
    }

    /// The resource's own description, as the snapshot has it.
    fn attrs(&self) -> &Value {
        self.fields.get_or_init(|| fields(&self.resource.attrs))
    }

    /// Whether its tags could not be read, so that none seen does not mean none there.
    fn lacks_tags(&self) -> bool {
        self.resource.tags.is_empty() && tags_unread(self.case, self.resource)
    }
}

/// Whether a resource's tags were asked for in vain.
pub fn tags_unread(case: &Case<'_>, resource: &Resource) -> bool {
    let about = |it: &Option<ResourceId>| it.as_ref() == Some(&resource.id);
    let gaps = case.gaps.iter().filter(|it| about(&it.resource));
    gaps.map(|it| &it.call).any(|it| it.contains("Tag"))
}

/// The fields of a description, without the name of its kind around them.
pub fn fields(attrs: &Attrs) -> Value {
    match serde_json::to_value(attrs) {
        Ok(Value::Object(map)) => map.into_iter().next().map(|it| it.1).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// A column that a table knows by name.
pub struct Known {
    pub name: &'static str,
    /// What other tools call it.
    pub also: &'static [&'static str],
    pub value: Source,
}

/// Where a known column's values come from.
#[derive(Clone, Copy)]
pub enum Source {
    Of(fn(&Row<'_>) -> Cell),
    /// A field of the description.
    At(&'static str),
}

/// One column of an answer.
#[derive(Clone)]
pub struct Column {
    /// As the table's head has it.
    pub name: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Of(fn(&Row<'_>) -> Cell),
    At(Path),
    Tag(String),
}

/// A name that means no column of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table} has no column `{name}`")]
pub struct NoSuchColumn {
    pub table: String,
    pub name: String,
    pub near: Vec<String>,
    pub known: Vec<String>,
}

impl Column {
    /// The column that a user means: a known one, `attrs.PATH` or `tag:NAME`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn find(subject: Subject, name: &str) -> Result<Self, NoSuchColumn> {
        if let Some(known) = known(subject, name) {
            return Ok(known.column());
        }
        let way = if let Some(path) = name.strip_prefix(ATTRS) {
            let path = Path::parse(path).filter(|it| {
                let blank = fields(&Attrs::blank(subject.kind()));
                !it.walk(&blank).is_missing()
            });
            path.map(Way::At)
        } else {
            let tag = name.strip_prefix("tag:").filter(|it| !it.is_empty());
            tag.map(|it| Way::Tag(it.to_owned()))
        };
        let name = name.to_owned();
        match way {
            Some(way) => Ok(Self { name, way }),
            None => Err(NoSuchColumn::new(subject, name)),
        }
    }

    pub fn cell(&self, row: &Row<'_>) -> Cell {
        match &self.way {
            Way::Of(value) => value(row),
            Way::At(path) => path.walk(row.attrs()).cell(),
            Way::Tag(name) => match row.resource.tags.get(name) {
                Some(it) => Cell::text(it),
                None if row.lacks_tags() => Cell::Unread,
                None => Cell::Empty,
            },
        }
    }

    /// Whether the rows show that there is no such field: some lack it and none has it.
    pub fn is_refuted_by(&self, rows: &[Row<'_>]) -> bool {
        let Way::At(path) = &self.way else {
            return false;
        };
        let found: Vec<Found<'_>> = rows.iter().map(|it| path.walk(it.attrs())).collect();
        found.iter().any(Found::is_missing) && !found.iter().any(Found::is_there)
    }
}

impl Known {
    fn column(&self) -> Column {
        let way = match self.value {
            Source::Of(value) => Some(Way::Of(value)),
            Source::At(path) => Path::parse(path).map(Way::At),
        };
        Column {
            name: self.name.to_owned(),
            // A test holds every known path to its form.
            way: way.unwrap_or(Way::Of(|_| Cell::Unread)),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        let also = self.also.iter().any(|it| same(it, name));
        also || same(self.name, name)
    }
}

impl NoSuchColumn {
    pub fn new(subject: Subject, name: String) -> Self {
        let (known, near) = match name.strip_prefix(ATTRS) {
            Some(field) => {
                let blank = fields(&Attrs::blank(subject.kind()));
                let fields = blank.as_object().into_iter().flatten().map(|it| it.0);
                let prefixed = |it: &String| format!("{ATTRS}{it}");
                let near = super::near(field, fields.clone().map(String::as_str));
                let near = near.iter().map(prefixed).collect();
                (fields.map(prefixed).collect(), near)
            }
            None => {
                let known = all(subject).map(|it| it.name);
                let near = super::near(&name, known.clone());
                (known.map(ToOwned::to_owned).collect(), near)
            }
        };
        Self {
            table: subject.name(),
            name,
            near,
            known,
        }
    }
}

/// Every known column of a table: its own, then those of all tables, each name once.
pub fn all(subject: Subject) -> impl Iterator<Item = &'static Known> + Clone {
    let own = sheet::of(subject).columns;
    let common = sheet::COMMON.iter();
    let common = common.filter(|it| own.iter().all(|own| own.name != it.name));
    own.iter().chain(common)
}

fn known(subject: Subject, name: &str) -> Option<&'static Known> {
    // What a column is called counts more than what another tool calls one.
    let named = all(subject).find(|it| same(it.name, name));
    named.or_else(|| all(subject).find(|it| it.is_called(name)))
}

/// Whether two names are one but for capitals, `-`, `_` and spaces.
pub fn same(one: &str, other: &str) -> bool {
    let letters = |it: &str| {
        let it = it.to_lowercase();
        it.replace(['-', '_', ' '], "")
    };
    letters(one) == letters(other)
}
