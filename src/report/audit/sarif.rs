//! An audit as SARIF 2.1.0, which code scanning services show.
//!
//! A resource is no file, so its place is a logical one; the file's name that is told beside it is
//! made of account, region, rack and resource, since some services show nothing without a file.

use serde_json::{Value, json};

use super::{Audit, why};
use crate::{
    diff::{Change, FindingChange},
    id::ResourceId,
    mute::{Muted, Notice},
    report::csv::stamp,
    rule::{Judged, Severity, Status, Verdict},
    snapshot::Gap,
    text,
};

/// The whole log, of one run.
pub fn write(audit: &Audit<'_>) -> String {
    let snapshot = audit.material.snapshot;
    let present = audit.verdicts.iter().map(|it| result(audit, it));
    let gone = audit.gone().map(|it| gone(audit, it));
    let mut results: Vec<Value> = present.chain(gone).collect();
    // Either all results of a run tell whether they are suppressed, or none does.
    if audit.verdicts.iter().any(|it| it.muted.is_some()) {
        let suppressed = audit
            .verdicts
            .iter()
            .map(|it| suppressions(it.muted.as_deref()));
        let suppressed = suppressed.chain(std::iter::repeat(json!([])));
        for (result, suppressions) in results.iter_mut().zip(suppressed) {
            result["suppressions"] = suppressions;
        }
    }
    let rules: Vec<Value> = audit.material.judged.iter().map(rule).collect();
    let gaps = snapshot.gaps.iter().map(notice);
    let said = audit.material.notices.iter().map(said);
    let notices: Vec<Value> = gaps.chain(said).collect();
    let version = env!("CARGO_PKG_VERSION");
    let place = format!("racklens/{}/", place(audit));
    text::json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "racklens",
                "version": version,
                "semanticVersion": version,
                "rules": rules,
            } },
            "automationDetails": { "id": place },
            "invocations": [{
                "executionSuccessful": true,
                "startTimeUtc": stamp(snapshot.taken),
                "toolExecutionNotifications": notices,
            }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    }))
}

fn rule(judged: &Judged) -> Value {
    let words = &judged.words;
    let steps = words.remedy.iter().enumerate();
    let steps = steps.map(|(n, step)| format!("{}. {}", n + 1, text::one_line(step)));
    let mut rule = json!({
        "id": judged.rule.id,
        "shortDescription": { "text": plain(&words.title) },
        "fullDescription": { "text": plain(&text::one_line(&words.risk)) },
        "help": { "text": plain_lines(&steps.collect::<Vec<_>>()) },
        "defaultConfiguration": { "level": level(words.severity) },
        "properties": {
            "category": words.category.name(),
            "tags": ["aws", words.category.name()],
            "security-severity": score(words.severity),
        },
    });
    if let Some(address) = words.references.first() {
        rule["helpUri"] = address.clone().into();
    }
    rule
}

fn result(audit: &Audit<'_>, it: &Verdict) -> Value {
    let (kind, level) = match it.status {
        Status::Fail => ("fail", level(it.severity)),
        Status::Unknown => ("open", "none"),
        Status::Pass => ("pass", "none"),
        Status::NotApplicable => ("notApplicable", "none"),
    };
    let evidence: Vec<Value> = it
        .evidence
        .iter()
        .map(|it| {
            let resource = text::harmless(&it.resource.to_string()).into_owned();
            json!({ "resource": resource, "path": it.path, "value": text::harmless(&it.value) })
        })
        .collect();
    let mut result = json!({
        "ruleId": it.rule,
        "kind": kind,
        "level": level,
        "message": { "text": plain(&format!("{}: {}", it.subject, why(it))) },
        "locations": [location(audit, &it.subject)],
        "partialFingerprints": { "racklens/v1": it.fingerprint() },
        "properties": {
            "severity": it.severity,
            "security-severity": score(it.severity),
            "evidence": evidence,
        },
    });
    if let Some(number) = index(audit, it.rule) {
        result["ruleIndex"] = number.into();
    }
    if let Some(change) = audit.change(it) {
        result["baselineState"] = baseline(change.change).into();
    }
    result
}

/// A finding of the state compared with that is not among those of now.
fn gone(audit: &Audit<'_>, it: &FindingChange) -> Value {
    let kind = match it.change {
        Change::Lost => "open",
        Change::New | Change::Changed | Change::Fixed | Change::Still | Change::Muted => "pass",
    };
    let mut result = json!({
        "ruleId": it.rule,
        "kind": kind,
        "level": "none",
        "message": { "text": plain(&format!("{}: {}", it.subject, it.why)) },
        "locations": [location(audit, &it.subject)],
        "partialFingerprints": { "racklens/v1": it.fingerprint },
        "baselineState": baseline(it.change),
    });
    if let Some(number) = index(audit, it.rule) {
        result["ruleIndex"] = number.into();
    }
    result
}

fn index(audit: &Audit<'_>, rule: &str) -> Option<usize> {
    let mut rules = audit.material.judged.iter();
    rules.position(|it| it.rule.id == rule)
}

fn location(audit: &Audit<'_>, id: &ResourceId) -> Value {
    let name = id.to_string();
    let parts: Vec<String> = name.split('/').map(text::path_part).collect();
    let file = format!("{}/{}", place(audit), parts.join("/"));
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": file },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [{
            "name": text::harmless(&id.key),
            "fullyQualifiedName": text::harmless(&name),
            "kind": "resource",
        }],
    })
}

/// `123456789012/us-east-1/RACK`.
fn place(audit: &Audit<'_>) -> String {
    let snapshot = audit.material.snapshot;
    let parts = [&snapshot.account, &snapshot.region, &snapshot.rack];
    parts.map(|it| text::path_part(it)).join("/")
}

fn baseline(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Changed | Change::Lost => "updated",
        Change::Fixed => "absent",
        Change::Still | Change::Muted => "unchanged",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The middle of the range in which GitHub gives a finding the same word.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn notice(gap: &Gap) -> Value {
    let about = gap.resource.as_ref().map(|it| format!(" of {it}"));
    let about = about.unwrap_or_default();
    let why = gap.reason.name();
    let line = format!("{}{about} was {why}; it needs {}", gap.call, gap.action);
    json!({ "level": "warning", "message": { "text": plain(&line) } })
}

fn said(it: &Notice) -> Value {
    let line = format!("{} ({})", it.message, it.place);
    json!({ "level": "note", "message": { "text": plain(&line) } })
}

/// Who has accepted a finding, outside of what was looked at; empty where nobody has.
fn suppressions(muted: Option<&Muted>) -> Value {
    let Some(it) = muted else { return json!([]) };
    let why = format!(
        "{} ({}, until {}; {})",
        it.reason, it.owner, it.until, it.place
    );
    json!([{
        "kind": "external",
        "status": "accepted",
        "justification": text::harmless(&why),
        "properties": { "owner": text::harmless(&it.owner), "until": it.until },
    }])
}

/// Text as a message: SARIF takes brackets for links and braces for places to fill in.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for it in text::harmless(text).chars() {
        match it {
            '\\' | '[' | ']' => plain.extend(['\\', it]),
            '{' | '}' => plain.extend([it, it]),
            _ => plain.push(it),
        }
    }
    plain
}

fn plain_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|it| plain(it)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_no_link_and_no_place_to_fill_in() {
        assert_eq!(
            plain("[x](https://evil.test) #{host} \u{202e}"),
            "\\[x\\](https://evil.test) #{{host}} \\\\u{{202e}}"
        );
    }
}
