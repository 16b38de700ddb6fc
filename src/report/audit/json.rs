//! An audit for scripts; `samples/schema/audit-1.json` is its schema.

use serde_json::{Value, json};

use super::Audit;
use crate::{
    diff,
    report::{Costs, csv::stamp},
    rule::Verdict,
    text,
};

/// Raised when a reader of the last one would misread it.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole audit.
pub fn write(audit: &Audit<'_>, costs: &Costs<'_>) -> String {
    let snapshot = audit.material.snapshot;
    let verdicts = audit.verdicts.iter().map(|it| verdict(audit, costs, it));
    let mut document = json!({
        "schema_version": SCHEMA_VERSION,
        "tool": format!("racklens {}", env!("CARGO_PKG_VERSION")),
        "rack": audit.material.case.rack.name,
        "account": snapshot.account,
        "region": snapshot.region,
        "taken": stamp(snapshot.taken),
        "gaps": snapshot.gaps,
        "notices": audit.material.notices,
        "verdicts": verdicts.collect::<Vec<_>>(),
    });
    if let Some(since) = audit.since {
        let gone: Vec<Value> = audit.gone().map(diff::json::finding).collect();
        document["since"] = json!({
            "from": diff::json::moment(&since.from),
            "findings": diff::json::summary(since)["findings"],
            "gone": gone,
        });
    }
    text::json(&document)
}

fn verdict(audit: &Audit<'_>, costs: &Costs<'_>, it: &Verdict) -> Value {
    let evidence: Vec<Value> = it
        .evidence
        .iter()
        .map(|it| json!({ "resource": it.resource, "path": it.path, "value": it.value }))
        .collect();
    let mut verdict = json!({
        "rule": it.rule,
        "title": audit.title(it.rule),
        "resource": it.subject,
        "detail": it.detail,
        "status": it.status,
        "severity": it.severity,
        "why": it.why,
        "evidence": evidence,
        "fingerprint": it.fingerprint(),
        "gap": it.gap,
        "muted": it.muted,
        "monthly_cost": audit.monthly(costs, it),
    });
    if let Some(change) = audit.change(it) {
        verdict["change"] = change.change.name().into();
    }
    verdict
}
