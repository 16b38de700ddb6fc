//! A diff as one table: a row for each finding and for each field that is not what it was.

use super::{Diff, FieldChange, FindingChange, ResourceChange};
use crate::report::csv::{Failed, simple, stamp};

const HEADER: &[&str] = &[
    "ChangeType",
    "ResourceId",
    "ResourceType",
    "Field",
    "OldValue",
    "NewValue",
    "FromTaken",
    "ToTaken",
    "RuleId",
    "FindingId",
    "Why",
];

/// Findings have no `Field`, resources no `RuleId`.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn write(diff: &Diff) -> Result<String, Failed> {
    let times = [stamp(diff.from.taken), stamp(diff.to.taken)];
    let findings = diff.findings.iter().map(|it| finding_row(it, &times));
    let resources = diff.resources.iter();
    let resources = resources.flat_map(|it| resource_rows(it, &times));
    simple(HEADER, findings.chain(resources))
}

fn finding_row(it: &FindingChange, [from, to]: &[String; 2]) -> Vec<String> {
    vec![
        it.change.name().to_owned(),
        it.subject.to_string(),
        it.subject.kind.cloudformation().to_owned(),
        String::new(),
        FindingChange::word(it.before).to_owned(),
        FindingChange::word(it.now).to_owned(),
        from.clone(),
        to.clone(),
        it.rule.to_owned(),
        it.fingerprint.clone(),
        it.why.clone(),
    ]
}

fn resource_rows(it: &ResourceChange, [from, to]: &[String; 2]) -> Vec<Vec<String>> {
    let whole = FieldChange {
        field: String::new(),
        old: None,
        new: None,
    };
    let fields = match &it.fields[..] {
        [] => vec![&whole],
        them => them.iter().collect(),
    };
    let row = |field: &FieldChange| {
        let gap = it.gap.as_ref().map(|it| it.call.clone());
        vec![
            it.what.name().to_owned(),
            it.id.clone(),
            it.kind.cloudformation().to_owned(),
            field.field.clone(),
            field.old.clone().unwrap_or_default(),
            field.new.clone().unwrap_or_default(),
            from.clone(),
            to.clone(),
            String::new(),
            String::new(),
            gap.unwrap_or_default(),
        ]
    };
    fields.into_iter().map(row).collect()
}
