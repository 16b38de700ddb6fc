//! A diff for a pull request or a chat.

use super::{Change, Diff, FindingChange, ResourceChange, What};
use crate::report::{csv::stamp, markdown};

/// The whole diff: findings by what became of them, then resources with their fields.
pub fn write(diff: &Diff) -> String {
    let cell = markdown::cell;
    let mut page = format!(
        "# What changed in {}\n\nFrom {} to {}, account {}, {}.\n\n{}.\n",
        cell(&diff.rack),
        stamp(diff.from.taken),
        stamp(diff.to.taken),
        cell(&diff.account),
        cell(&diff.region),
        cell(&summary(diff)),
    );
    for change in Change::ALL
        .into_iter()
        .filter(|it| !matches!(it, Change::Still | Change::Muted))
    {
        let rows: Vec<Vec<String>> = diff
            .findings
            .iter()
            .filter(|it| it.change == change)
            .map(finding_row)
            .collect();
        if !rows.is_empty() {
            page.push_str(&format!("\n## Findings: {}\n\n", change.words()));
            page.push_str(&markdown::table(
                &["Verdict", "Rule", "Resource", "Why"],
                rows,
            ));
        }
    }
    let rows: Vec<Vec<String>> = diff.resources.iter().flat_map(resource_rows).collect();
    if !rows.is_empty() {
        page.push_str("\n## Resources\n\n");
        let header = ["Change", "Resource", "Field", "Was", "Is"];
        page.push_str(&markdown::table(&header, rows));
    }
    page
}

/// "findings: 2 new, 33 still there; resources: 1 added, 2 changed".
pub fn summary(diff: &Diff) -> String {
    let resources = What::ALL.into_iter().filter_map(|it| {
        let number = diff.count_resources(it);
        (number > 0).then(|| format!("{number} {}", it.words()))
    });
    let resources: Vec<String> = resources.collect();
    let resources = match resources.join(", ") {
        it if it.is_empty() => "none changed".to_owned(),
        it => it,
    };
    let findings = diff.told_findings();
    format!("findings: {findings}; resources: {resources}")
}

/// "critical", "medium → high", "high → unknown".
pub fn verdict(it: &FindingChange) -> String {
    let words = [it.before, it.now].map(FindingChange::word);
    match words {
        ["", word] | [word, ""] => word.to_owned(),
        [old, new] if old == new => new.to_owned(),
        [old, new] => format!("{old} → {new}"),
    }
}

/// What became of a resource, in a few words.
pub fn fate(it: &ResourceChange) -> String {
    let told = it.what.words();
    match &it.gap {
        Some(gap) => format!("{told}: {} was {}", gap.call, gap.reason.name()),
        None if it.what == What::Replaced => {
            format!("{} of {} {told}", it.replaced, it.count.1)
        }
        None => told.to_owned(),
    }
}

fn finding_row(it: &FindingChange) -> Vec<String> {
    vec![
        verdict(it),
        it.rule.to_owned(),
        it.subject.to_string(),
        it.why.clone(),
    ]
}

fn resource_rows(it: &ResourceChange) -> Vec<Vec<String>> {
    let row = |field: &str, old: Option<&str>, new: Option<&str>| {
        let cells = [fate(it), it.id.clone(), field.to_owned()];
        let values = [old, new].map(|it| it.unwrap_or_default().to_owned());
        cells.into_iter().chain(values).collect()
    };
    if it.fields.is_empty() {
        return vec![row("", None, None)];
    }
    let fields = it.fields.iter();
    fields
        .map(|it| row(&it.field, it.old.as_deref(), it.new.as_deref()))
        .collect()
}
