//! A diff for scripts; `samples/schema/diff-1.json` is its schema.

use serde_json::{Value, json};

use super::{Change, Diff, FindingChange, Moment, ResourceChange, What};
use crate::{
    report::csv::stamp,
    rule::{Severity, Status},
    text,
};

/// Raised when a reader of the last one would misread it.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole diff.
pub fn write(diff: &Diff) -> String {
    let findings: Vec<Value> = diff.findings.iter().map(finding).collect();
    let resources: Vec<Value> = diff.resources.iter().map(resource).collect();
    text::json(&json!({
        "schema_version": SCHEMA_VERSION,
        "rack": diff.rack,
        "account": diff.account,
        "region": diff.region,
        "from": moment(&diff.from),
        "to": moment(&diff.to),
        "summary": summary(diff),
        "findings": findings,
        "resources": resources,
    }))
}

/// How many of each, zeros included.
pub fn summary(diff: &Diff) -> Value {
    let findings = Change::ALL.map(|it| (it.name().to_owned(), Value::from(diff.count(it))));
    let resources = What::ALL.map(|it| {
        let number = diff.count_resources(it);
        (it.name().to_owned(), Value::from(number))
    });
    json!({
        "findings": Value::Object(findings.into_iter().collect()),
        "resources": Value::Object(resources.into_iter().collect()),
    })
}

/// When a snapshot was taken, and how much of it is missing.
pub fn moment(it: &Moment) -> Value {
    json!({ "taken": stamp(it.taken), "gaps": it.gaps })
}

/// One finding; `null` for what was not said then, or is not said now.
pub fn finding(it: &FindingChange) -> Value {
    let told = |it: Option<(Status, Severity)>| {
        it.map(|(status, severity)| json!({ "status": status, "severity": severity }))
    };
    json!({
        "change": it.change.name(),
        "fingerprint": it.fingerprint,
        "rule": it.rule,
        "title": it.title,
        "resource": it.subject,
        "before": told(it.before),
        "now": told(it.now),
        "why": it.why,
        "gap": it.gap,
    })
}

fn resource(it: &ResourceChange) -> Value {
    let fields: Vec<Value> = it
        .fields
        .iter()
        .map(|it| json!({ "field": it.field, "old": it.old, "new": it.new }))
        .collect();
    json!({
        "change": it.what.name(),
        "kind": it.kind,
        "id": it.id,
        "name": it.name,
        "belonging": it.belonging,
        "before": it.count.0,
        "now": it.count.1,
        "replaced": it.replaced,
        "fields": fields,
        "gap": it.gap,
    })
}
