//! Two descriptions of one thing, compared field by field.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Tree;

/// A field that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldChange {
    /// `min`, `tags.Team`, `containers[web].image`; a list's entries that came and went are told
    /// by its name with `[]`.
    pub field: String,
    /// `None` where nothing was there.
    pub old: Option<String>,
    pub new: Option<String>,
}

impl FieldChange {
    pub(super) fn new(field: &str, old: String, new: String) -> Self {
        let some = |it: String| (!it.is_empty()).then_some(it);
        Self {
            field: field.to_owned(),
            old: some(old),
            new: some(new),
        }
    }
}

/// What tells the entries of a list apart, the best first.
const NAMES: &[&str] = &[
    "name",
    "id",
    "logical",
    "container",
    "device",
    "number",
    "order",
    "field",
    "key",
];

/// All fields that differ, by their names.
pub(super) fn changes(old: &Tree, new: &Tree) -> Vec<FieldChange> {
    let mut all = Vec::new();
    compare("", old, new, &mut all);
    all
}

fn compare(path: &str, old: &Tree, new: &Tree, all: &mut Vec<FieldChange>) {
    if old == new || (old.is_nothing() && new.is_nothing()) {
        return;
    }
    let none = BTreeMap::new();
    match (old, new) {
        (Tree::Map(old), Tree::Map(new)) => maps(path, old, new, all),
        // At the top a map that appears is as many fields.
        (Tree::Map(old), Tree::Nothing) => maps(path, old, &none, all),
        (Tree::Nothing, Tree::Map(new)) => maps(path, &none, new, all),
        (Tree::List(old), Tree::List(new)) => lists(path, old, new, all),
        (Tree::List(old), Tree::Nothing) => lists(path, old, &[], all),
        (Tree::Nothing, Tree::List(new)) => lists(path, &[], new, all),
        (
            Tree::Nothing | Tree::Unread | Tree::Text(_) | Tree::List(_) | Tree::Map(_),
            Tree::Nothing | Tree::Unread | Tree::Text(_) | Tree::List(_) | Tree::Map(_),
        ) => all.push(FieldChange::new(path, old.line(), new.line())),
    }
}

fn maps(
    path: &str,
    old: &BTreeMap<String, Tree>,
    new: &BTreeMap<String, Tree>,
    all: &mut Vec<FieldChange>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let inner = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let of = |map: &BTreeMap<String, Tree>| map.get(name).cloned().unwrap_or(Tree::Nothing);
        compare(&inner, &of(old), &of(new), all);
    }
}

fn lists(path: &str, old: &[Tree], new: &[Tree], all: &mut Vec<FieldChange>) {
    let named = NAMES
        .iter()
        .find_map(|name| Some((by_name(old, name)?, by_name(new, name)?)));
    let Some((old_named, new_named)) = named else {
        let lines = |it: &[Tree]| it.iter().map(Tree::line).collect::<BTreeSet<String>>();
        let (old, new) = (lines(old), lines(new));
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
            let only: Vec<&str> = a.difference(b).map(String::as_str).collect();
            only.join(", ")
        };
        let change = FieldChange::new(&format!("{path}[]"), only(&old, &new), only(&new, &old));
        // The same entries in another order, or told twice, are the same.
        if change.old.is_some() || change.new.is_some() {
            all.push(change);
        }
        return;
    };
    let names: BTreeSet<&str> = old_named.keys().chain(new_named.keys()).copied().collect();
    for name in names {
        let entry = format!("{path}[{name}]");
        match (old_named.get(name), new_named.get(name)) {
            (Some(old), Some(new)) => compare(&entry, old, new, all),
            (old, new) => {
                let line = |it: Option<&&Tree>| it.map(|it| it.line()).unwrap_or_default();
                all.push(FieldChange::new(&entry, line(old), line(new)));
            }
        }
    }
}

/// The entries of a list by one of their fields, where each has it and no two have the same.
fn by_name<'t>(list: &'t [Tree], name: &str) -> Option<BTreeMap<&'t str, &'t Tree>> {
    let mut named = BTreeMap::new();
    for tree in list {
        let Tree::Map(map) = tree else { return None };
        let Some(Tree::Text(text)) = map.get(name) else {
            return None;
        };
        if named.insert(text.as_str(), tree).is_some() {
            return None;
        }
    }
    Some(named)
}
