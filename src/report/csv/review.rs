//! `review.csv`: what stands in the way, what goes and what stays, one row each.

use super::{Cell, Failed, joined, table};
use crate::{report::review::Review, teardown::tell};

const REVIEW: &[&str] = &[
    "Section",
    "Number",
    "ResourceId",
    "ResourceName",
    "What",
    "Why",
    "Evidence",
    "By",
    "Remediation",
    "After",
    "DataClass",
    "DataFate",
    "LastWrite",
    "Backup",
    "TakesSeconds",
    "Covers",
    "MonthlyCostEstimate",
    "Currency",
    "RackName",
    "AccountId",
    "RegionId",
    "PlanDigest",
];

/// Columns that belong to one section only, before those that all have.
struct Row<'a> {
    section: &'static str,
    number: Option<usize>,
    resource: String,
    name: Option<&'a str>,
    what: String,
    why: String,
    rest: Vec<Cell<'a>>,
}

/// # Errors
/// Only when memory cannot be written to.
pub fn review(review: &Review<'_>) -> Result<String, Failed> {
    let plan = review.plan;
    let mut rows: Vec<Row<'_>> = Vec::new();
    let empty = |number: usize| -> Vec<Cell<'_>> { (0..number).map(|_| Cell::Empty).collect() };
    for (blocker, number) in plan.blockers.iter().zip(1..) {
        let mut rest = vec![
            Cell::text(blocker.evidence.clone()),
            Cell::text(blocker.by.join("|")),
            Cell::text(blocker.remedy.clone()),
        ];
        rest.extend(empty(9));
        rows.push(Row {
            section: "blocker",
            number: Some(number),
            resource: blocker.resource.iter().map(ToString::to_string).collect(),
            name: None,
            what: blocker.what.clone(),
            why: String::new(),
            rest,
        });
    }
    for check in &review.checks {
        rows.push(Row {
            section: "rule",
            number: None,
            resource: check.resource.to_string(),
            name: None,
            what: check.rule.to_owned(),
            why: check.why.clone(),
            rest: empty(12),
        });
    }
    for risk in &review.risks {
        let mut rest = empty(4);
        rest.extend([
            Cell::word(risk.data.name()),
            Cell::word(risk.fate.name()),
            Cell::time(risk.last_write),
            Cell::text(risk.backup.clone()),
        ]);
        rest.extend(empty(2));
        rest.extend(cost(risk.month));
        rows.push(Row {
            section: "data",
            number: None,
            resource: risk.resource.to_string(),
            name: risk.name.as_deref(),
            what: risk.data.name().to_owned(),
            why: String::new(),
            rest,
        });
    }
    for step in &plan.steps {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        let mut rest = empty(3);
        rest.push(Cell::text(after.join("|")));
        rest.push(step.loses.map_or(Cell::Empty, |it| Cell::word(it.name())));
        rest.extend(empty(3));
        rest.push(Cell::plain(&step.takes));
        rest.push(Cell::text(joined(&step.covers)));
        rest.extend(empty(2));
        rows.push(Row {
            section: "step",
            number: usize::try_from(step.number).ok(),
            resource: step.resource.to_string(),
            name: step.name.as_deref(),
            what: tell::verb(step).to_owned(),
            why: step.why.clone(),
            rest,
        });
    }
    for stay in &plan.stays {
        let mut rest = empty(10);
        rest.extend(cost(stay.month));
        rows.push(Row {
            section: "stays",
            number: None,
            resource: stay.resource.to_string(),
            name: stay.name.as_deref(),
            what: "stays".to_owned(),
            why: tell::why(&stay.why),
            rest,
        });
    }
    for note in &plan.notes {
        rows.push(Row {
            section: "note",
            number: None,
            resource: String::new(),
            name: None,
            what: note.clone(),
            why: String::new(),
            rest: empty(12),
        });
    }
    let cells = rows.into_iter().map(|row| {
        let mut cells = vec![
            Cell::word(row.section),
            row.number.map_or(Cell::Empty, |it| Cell::plain(&it)),
            Cell::text(row.resource),
            Cell::maybe(row.name),
            Cell::text(row.what),
            Cell::text(row.why),
        ];
        cells.extend(row.rest);
        cells.extend([
            Cell::text(plan.rack.as_str()),
            Cell::word(&plan.account),
            Cell::word(&plan.region),
            Cell::word(&plan.digest),
        ]);
        cells
    });
    table(REVIEW, cells)
}

fn cost(month: Option<rust_decimal::Decimal>) -> [Cell<'static>; 2] {
    match month {
        Some(it) => [Cell::plain(&it), Cell::word("USD")],
        None => [Cell::Empty, Cell::Empty],
    }
}
