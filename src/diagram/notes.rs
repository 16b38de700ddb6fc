//! What the picture leaves out, said in words: nothing disappears silently.

use std::collections::BTreeMap;

use super::{Detail, look, model::Told, plain};
use crate::{
    id::ResourceId,
    kind::Kind,
    rule::{Case, Severity, Status},
    snapshot::Gap,
    text,
};

/// Entries named before "and N more".
const NAMED: usize = 12;

pub(super) fn write(told: &Told<'_>, case: &Case<'_>, detail: Detail) -> Vec<String> {
    let ours = case.belongings.ours().map(|(id, _)| id);
    let left: Vec<&ResourceId> = ours
        .filter(|it| !told.drawn.contains(it) && !told.within.contains(it))
        .collect();
    let mut notes = Vec::new();
    let within = counted(told.within.iter());
    if !within.is_empty() {
        notes.push(format!("Told by labels and edges: {}", within.join(", ")));
    }
    let absent = counted(left.iter().copied());
    if !absent.is_empty() {
        let how = match detail {
            Detail::Architecture => " (--detail all draws them)",
            Detail::All => ", as they are gone",
        };
        notes.push(format!("Not drawn: {}{how}", absent.join(", ")));
    }
    notes.extend(open(told, &left));
    let neighbours = case.graph.resources().map(|it| &it.id);
    let neighbours = neighbours.filter(|it| case.belongings.of(it).is_foreign());
    match neighbours.filter(|it| !told.drawn.contains(it)).count() {
        0 => {}
        n => notes.push(format!(
            "Not of this rack, and not drawn: {}",
            text::count(n, "resource")
        )),
    }
    notes.extend(unread(told, case));
    notes.iter().map(|it| plain(it)).collect()
}

/// `13 × EBS volume`, by kind.
fn counted<'i>(ids: impl Iterator<Item = &'i ResourceId>) -> Vec<String> {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for id in ids {
        *kinds.entry(id.kind).or_default() += 1;
    }
    let kinds = kinds.into_iter();
    kinds
        .map(|(kind, number)| format!("{number} × {}", look::of(kind).noun))
        .collect()
}

/// What rules say of things that are not drawn.
fn open(told: &Told<'_>, left: &[&ResourceId]) -> Option<String> {
    let said: Vec<String> = left
        .iter()
        .filter_map(|id| {
            let verdicts = told.verdicts.get(*id)?;
            let worst: Option<Severity> = verdicts
                .iter()
                .filter(|it| it.status == Status::Fail)
                .map(|it| it.severity)
                .max();
            let worst = worst.map_or("not known", Severity::name);
            Some(format!("{id} ({worst})"))
        })
        .collect();
    (!said.is_empty()).then(|| format!("Findings on what is not drawn: {}", some(&said)))
}

/// What could not be read and is written on no node.
fn unread(told: &Told<'_>, case: &Case<'_>) -> Option<String> {
    let marked = |gap: &&Gap| {
        let about = gap.resource.as_ref();
        about.is_some_and(|it| told.drawn.contains(it) || told.within.contains(it))
    };
    let mut gaps: Vec<String> = case
        .gaps
        .iter()
        .filter(|it| !marked(it))
        .map(|gap| {
            let about = gap.resource.as_ref().map(|it| format!(" for {it}"));
            let noun = look::of(gap.kind).noun;
            let about = about.unwrap_or_default();
            format!("{noun} ({}{about}, {})", gap.call, gap.reason.name())
        })
        .collect();
    gaps.dedup();
    (!gaps.is_empty()).then(|| format!("Not read, so there may be more: {}", some(&gaps)))
}

fn some(entries: &[String]) -> String {
    let mut said: Vec<String> = entries.iter().take(NAMED).cloned().collect();
    match entries.len().saturating_sub(NAMED) {
        0 => {}
        more => said.push(format!("and {more} more")),
    }
    said.join(", ")
}
