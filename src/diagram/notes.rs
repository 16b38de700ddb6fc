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

/// What must be known beside the picture: findings and gaps that are written on no node.
pub(super) fn notes(told: &Told<'_>, case: &Case<'_>) -> Vec<String> {
    let notes = open(told, &left(told, case)).into_iter();
    let notes = notes.chain(unread(told, case));
    notes.map(|it| plain(&it)).collect()
}

/// What became of all that is no node, by kind.
pub(super) fn counts(told: &Told<'_>, case: &Case<'_>, detail: Detail) -> Vec<String> {
    let mut counts = Vec::new();
    let within = counted(told.within.iter());
    if !within.is_empty() {
        counts.push(format!("Told by labels and edges: {}", within.join(", ")));
    }
    let absent = counted(left(told, case).into_iter());
    if !absent.is_empty() {
        let why = match detail {
            Detail::Architecture => " (--detail all draws them)",
            Detail::All => ", as they are gone",
        };
        counts.push(format!("Not drawn: {}{why}", absent.join(", ")));
    }
    let neighbours = case.graph.resources().map(|it| &it.id);
    let neighbours = neighbours.filter(|it| case.belongings.of(it).is_foreign());
    match neighbours.filter(|it| !told.drawn.contains(it)).count() {
        0 => {}
        n => counts.push(format!(
            "Not of this rack, and not drawn: {}",
            text::count(n, "resource")
        )),
    }
    counts
}

/// What belongs to the rack and is seen nowhere in the picture.
fn left<'c>(told: &Told<'_>, case: &'c Case<'_>) -> Vec<&'c ResourceId> {
    let ours = case.belongings.ours().map(|(id, _)| id);
    ours.filter(|it| !told.drawn.contains(it) && !told.within.contains(it))
        .collect()
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
