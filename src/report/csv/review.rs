//! `review.csv`: what stands in the way, what goes and what stays, one row each.

use std::collections::BTreeMap;

use super::{Cell, Failed, joined, table};
use crate::{
    report::review::Review,
    teardown::{Blocker, Stay, Step, sums, tell},
};

const REVIEW: &[&str] = &[
    "Section",
    "Number",
    "ResourceId",
    "ResourceName",
    "What",
    "Why",
    "Severity",
    "Answer",
    "Evidence",
    "By",
    "Remediation",
    "Consent",
    "After",
    "Calls",
    "TakesSeconds",
    "Undo",
    "Covers",
    "DataClass",
    "DataFate",
    "DataSize",
    "LastWrite",
    "Backup",
    "MonthlyCostEstimate",
    "Currency",
    "RackName",
    "AccountId",
    "RegionId",
    "PlanDigest",
];

/// Cells by the names of their columns; those that a section does not have are empty.
type Row<'a> = BTreeMap<&'static str, Cell<'a>>;

/// # Errors
/// Only when memory cannot be written to.
pub fn review(review: &Review<'_>) -> Result<String, Failed> {
    let plan = review.plan;
    let mut rows: Vec<Row<'_>> = Vec::new();
    let blockers = plan.blockers.iter().zip(1_usize..);
    rows.extend(blockers.map(|(it, number)| blocked(it, number)));
    rows.extend(review.checks.iter().map(|it| {
        Row::from([
            ("Section", Cell::word("rule")),
            ("ResourceId", Cell::text(it.resource.to_string())),
            ("What", Cell::text(it.rule)),
            ("Why", Cell::text(it.why.clone())),
            ("Severity", Cell::word(it.status.word(it.severity))),
            ("Answer", Cell::text(it.answer.words())),
        ])
    }));
    rows.extend(review.risks.iter().map(|it| {
        let row = Row::from([
            ("Section", Cell::word("data")),
            ("ResourceId", Cell::text(it.resource.to_string())),
            ("ResourceName", Cell::maybe(it.name.as_deref())),
            ("What", Cell::word(it.data.name())),
            ("DataClass", Cell::word(it.data.name())),
            ("DataFate", Cell::word(it.fate.name())),
            ("DataSize", Cell::text(it.size.clone())),
            ("LastWrite", Cell::time(it.last_write)),
            ("Backup", Cell::text(it.backup.clone())),
        ]);
        costing(row, it.month)
    }));
    rows.extend(plan.steps.iter().map(|it| {
        let mut row = stepped(it);
        let lost = tell::lost_with(plan, it);
        row.insert("DataClass", Cell::text(lost.join("|")));
        let sizes = plan.lost_with(it).into_iter();
        let sizes = sizes.filter(|it| !it.size.is_empty());
        let sizes: Vec<String> = sizes
            .map(|it| format!("{}: {}", it.resource, it.size))
            .collect();
        row.insert("DataSize", Cell::text(sizes.join("|")));
        row
    }));
    rows.extend(review.touched.iter().map(|it| {
        Row::from([
            ("Section", Cell::word("touched")),
            ("ResourceId", Cell::text(it.who.to_string())),
            ("ResourceName", Cell::maybe(it.name.as_deref())),
            ("What", Cell::word("uses what the rack uses")),
            ("Evidence", Cell::text(joined(&it.uses))),
        ])
    }));
    rows.extend(plan.inferred.iter().map(|(id, evidence)| {
        Row::from([
            ("Section", Cell::word("inferred")),
            ("ResourceId", Cell::text(id.to_string())),
            ("What", Cell::word("only taken for the rack's")),
            ("Evidence", Cell::text(evidence.clone())),
        ])
    }));
    rows.extend(plan.stays.iter().map(stays));
    rows.extend(plan.notes.iter().map(|it| {
        Row::from([
            ("Section", Cell::word("note")),
            ("What", Cell::text(it.clone())),
        ])
    }));
    let agreed = Row::from([
        ("Section", Cell::word("agreed")),
        ("What", Cell::text(sums::agreed(plan))),
    ]);
    rows.push(agreed);
    let cells = rows.into_iter().map(|mut row| {
        row.extend([
            ("RackName", Cell::text(plan.rack.as_str())),
            ("AccountId", Cell::word(&plan.account)),
            ("RegionId", Cell::word(&plan.region)),
            ("PlanDigest", Cell::word(&plan.digest)),
        ]);
        let cells = REVIEW
            .iter()
            .map(|it| row.remove(it).unwrap_or(Cell::Empty));
        cells.collect::<Vec<_>>()
    });
    table(REVIEW, cells)
}

fn blocked(it: &Blocker, number: usize) -> Row<'_> {
    let about: String = it.resource.iter().map(ToString::to_string).collect();
    Row::from([
        ("Section", Cell::word("blocker")),
        ("Number", Cell::plain(&number)),
        ("ResourceId", Cell::text(about)),
        ("What", Cell::text(it.what.as_str())),
        ("Evidence", Cell::text(it.evidence.as_str())),
        ("By", Cell::text(it.by.join("|"))),
        ("Remediation", Cell::text(it.remedy.as_str())),
        ("Consent", Cell::maybe(it.consent.as_deref())),
    ])
}

fn stepped(it: &Step) -> Row<'_> {
    let after: Vec<String> = it.after.iter().map(ToString::to_string).collect();
    Row::from([
        ("Section", Cell::word("step")),
        ("Number", Cell::plain(&it.number)),
        ("ResourceId", Cell::text(it.resource.to_string())),
        ("ResourceName", Cell::maybe(it.name.as_deref())),
        ("What", Cell::word(tell::verb(it))),
        ("Why", Cell::text(it.why.as_str())),
        ("After", Cell::text(after.join("|"))),
        ("Calls", Cell::text(tell::calls(it).join("|"))),
        ("TakesSeconds", Cell::plain(&it.takes)),
        ("Undo", Cell::text(tell::undo(it))),
        ("Covers", Cell::text(joined(&it.covers))),
    ])
}

fn stays(it: &Stay) -> Row<'_> {
    let row = Row::from([
        ("Section", Cell::word("stays")),
        ("ResourceId", Cell::text(it.resource.to_string())),
        ("ResourceName", Cell::maybe(it.name.as_deref())),
        ("What", Cell::word("stays")),
        ("Why", Cell::text(tell::why(&it.why))),
    ]);
    costing(row, it.month)
}

fn costing(mut row: Row<'_>, month: Option<rust_decimal::Decimal>) -> Row<'_> {
    if let Some(it) = month {
        row.insert("MonthlyCostEstimate", Cell::plain(&it));
        row.insert("Currency", Cell::word("USD"));
    }
    row
}
