//! An audit for a pull request or a wiki.

use super::{Audit, told, word};
use crate::{
    diff,
    report::{csv::stamp, incomplete, markdown},
};

/// The verdicts as a table, and what is gone as another; `summary` comes first.
pub fn write(audit: &Audit<'_>, summary: &str) -> String {
    let cell = markdown::cell;
    let snapshot = audit.material.snapshot;
    let mut page = format!(
        "# Audit of {}\n\nTaken {}, account {}, {}.\n\n{}.\n",
        cell(&snapshot.rack),
        stamp(snapshot.taken),
        cell(&snapshot.account),
        cell(&snapshot.region),
        cell(summary)
    );
    if let Some(line) = incomplete(snapshot.gaps.len()) {
        page.push_str(&format!("\n**{}.**\n", cell(&line)));
    }
    let mut header = vec!["Verdict", "Rule", "Resource", "Why"];
    if audit.since.is_some() {
        header.insert(0, "Change");
    }
    let rows = audit.verdicts.iter().map(|it| {
        let mut row = vec![
            word(it).to_owned(),
            it.rule.to_owned(),
            it.subject.to_string(),
            told(it),
        ];
        if audit.since.is_some() {
            let change = audit.change(it).map(|it| it.change.words());
            row.insert(0, change.unwrap_or_default().to_owned());
        }
        row
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        page.push_str(&format!("\n{}", markdown::table(&header, rows)));
    }
    let gone: Vec<Vec<String>> = audit
        .gone()
        .map(|it| {
            vec![
                it.change.words().to_owned(),
                diff::markdown::verdict(it),
                it.rule.to_owned(),
                it.subject.to_string(),
                it.why.clone(),
            ]
        })
        .collect();
    if !gone.is_empty() {
        let header = ["Change", "Verdict", "Rule", "Resource", "Why"];
        let table = markdown::table(&header, gone);
        page.push_str(&format!("\n## No longer found\n\n{table}"));
    }
    page
}
