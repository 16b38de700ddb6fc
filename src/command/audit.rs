//! `audit`: the verdicts of all rules on one rack.

use clap::Args;
use serde_json::json;

use super::{
    prices::{Prices, Reach},
    pricing::Pricing,
};
use crate::{
    cli::{FailOn, Format, Input},
    failure::{Exit, Failure},
    price::Usd,
    report::{self, Costs, Material, csv, money},
    rule::{Severity, Status, Verdict},
    text, ui,
};

#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    input: Input,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show what passed, too
    #[arg(long)]
    all: bool,
    /// End with exit code 10 when a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    fail_on: FailOn,
}

pub fn run(args: &Audit) -> Result<Exit, Failure> {
    let snapshot = super::load(&args.input)?;
    let (prices, nobody) = (Prices::default(), Reach::default());
    let pricing = Pricing::of(&snapshot, &args.input.said, &prices, nobody)?;
    super::judge(&snapshot, |material| {
        let said = pricing.counted(material, |costs| {
            Ok(match args.format {
                Format::Table => table(material, costs, args.all),
                Format::Json => json(material, costs, args.all),
                Format::Csv => csv::findings(material, &report::make(material, Some(costs)))
                    .map_err(|it| Failure::new(Exit::Failed, it.to_string()))?,
            })
        });
        ui::result(&said?)?;
        if let Some(line) = report::incomplete(snapshot.gaps.len()) {
            ui::note(&line);
        }
        Ok(exit(material, args.fail_on))
    })
}

fn exit(material: &Material<'_>, fail_on: FailOn) -> Exit {
    let mut verdicts = verdicts(material, false);
    let bad = |it: &Verdict| it.status == Status::Fail && fail_on.is_reached_by(it.severity);
    if verdicts.iter().any(|it| bad(it)) {
        return Exit::Findings;
    }
    verdicts.retain(|it| it.gap.is_some());
    if verdicts.is_empty() {
        Exit::Fine
    } else {
        Exit::Incomplete
    }
}

/// Fails and unknowns, the worst first; with `all`, everything.
fn verdicts<'a>(material: &Material<'a>, all: bool) -> Vec<&'a Verdict> {
    let every = material.judged.iter().flat_map(|it| &it.verdicts);
    let mut verdicts: Vec<&Verdict> = every.filter(|it| all || it.status.is_open()).collect();
    verdicts.sort_by(|a, b| {
        let key = |it: &Verdict| (it.status, std::cmp::Reverse(it.severity), it.rule);
        (key(a), &a.subject, &a.detail).cmp(&(key(b), &b.subject, &b.detail))
    });
    verdicts
}

fn table(material: &Material<'_>, costs: &Costs<'_>, all: bool) -> String {
    let found = verdicts(material, all);
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|it| {
            let word = it.status.word(it.severity);
            let resource = it.subject.to_string();
            let why = match (&it.gap, monthly(material, costs, it)) {
                (Some(gap), _) => format!("{} ({} needs {})", it.why, gap.call, gap.action),
                (None, Some(usd)) => format!("{} ({usd} USD a month)", it.why),
                (None, None) => it.why.clone(),
            };
            vec![word.to_owned(), it.rule.to_owned(), resource, why]
        })
        .collect();
    let table = if rows.is_empty() {
        String::new()
    } else {
        ui::table(&["verdict", "rule", "resource", "why"], rows) + "\n"
    };
    format!("{table}{}\n", summary(material))
}

/// What the subject of a failure about cost costs a month, known and at least.
fn monthly(material: &Material<'_>, costs: &Costs<'_>, verdict: &Verdict) -> Option<Usd> {
    let mut judged = material.judged.iter();
    let judged = judged.find(|it| it.rule.id == verdict.rule)?;
    money::saved(costs, judged.words.category, verdict)
}

/// `karim-test: 1 high, 2 low, 1 unknown, 12 passed`
fn summary(material: &Material<'_>) -> String {
    let every = || material.judged.iter().flat_map(|it| &it.verdicts);
    let of = |status| every().filter(move |it| it.status == status);
    let mut parts = Vec::new();
    for severity in Severity::WORST_FIRST {
        let number = of(Status::Fail)
            .filter(|it| it.severity == severity)
            .count();
        if number > 0 {
            let word = ui::verdict(Status::Fail, severity);
            parts.push(format!("{number} {word}"));
        }
    }
    if parts.is_empty() {
        parts.push("no findings".to_owned());
    }
    let unknown = of(Status::Unknown).count();
    if unknown > 0 {
        let word = ui::verdict(Status::Unknown, Severity::Info);
        parts.push(format!("{unknown} {word}"));
    }
    parts.push(format!("{} passed", of(Status::Pass).count()));
    let rack = text::harmless(&material.case.rack.name);
    format!("{rack}: {}", parts.join(", "))
}

fn json(material: &Material<'_>, costs: &Costs<'_>, all: bool) -> String {
    let snapshot = material.snapshot;
    let verdicts: Vec<serde_json::Value> = verdicts(material, all)
        .into_iter()
        .map(|it| {
            let evidence: Vec<_> = it
                .evidence
                .iter()
                .map(|it| json!({ "resource": it.resource, "path": it.path, "value": it.value }))
                .collect();
            json!({
                "rule": it.rule,
                "resource": it.subject,
                "status": it.status,
                "severity": it.severity,
                "why": it.why,
                "evidence": evidence,
                "fingerprint": it.fingerprint(),
                "gap": it.gap,
                "monthly_cost": monthly(material, costs, it),
            })
        })
        .collect();
    let document = json!({
        "schema_version": 1,
        "rack": material.case.rack.name,
        "account": snapshot.account,
        "region": snapshot.region,
        "taken": csv::stamp(snapshot.taken),
        "gaps": snapshot.gaps,
        "verdicts": verdicts,
    });
    text::json(&document)
}
