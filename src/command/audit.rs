//! `audit`: the verdicts of all rules on one rack.

use clap::Args;
use serde_json::json;

use crate::{
    cli::{FailOn, Format, Input},
    command::ruleset::{Dirs, RuleSet},
    failure::{Exit, Failure},
    report::{self, Material, csv},
    rule::{Severity, Status, Verdict},
    snapshot::Snapshot,
    text, ui,
};

#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    dirs: Dirs,
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
    let rules = RuleSet::load(&args.input.said, &args.dirs)?;
    let snapshot = super::load(&args.input)?;
    super::judge_by(&snapshot, &rules, |material| {
        ui::result(&match args.format {
            Format::Table => table(material, args.all),
            Format::Json => json(&snapshot, material, args.all),
            Format::Csv => csv::findings(material, &report::make(material))
                .map_err(|it| Failure::new(Exit::Failed, it.to_string()))?,
        })?;
        if let Some(line) = report::incomplete(snapshot.gaps.len()) {
            ui::note(&line);
        }
        super::tell(material.notices);
        Ok(exit(material, args.fail_on))
    })
}

fn exit(material: &Material<'_>, fail_on: FailOn) -> Exit {
    let mut verdicts = verdicts(material, false);
    verdicts.retain(|it| it.is_open());
    let bad = |it: &Verdict| it.status == Status::Fail && fail_on.is_reached_by(it.severity);
    if verdicts.iter().any(|it| bad(it)) {
        return Exit::Findings;
    }
    // A rule of the user's that cannot answer is a gap, too, if nobody's but the rule's own.
    let own = material.judged.iter().filter(|it| it.rule.file.is_some());
    let own: Vec<&str> = own.map(|it| it.rule.id).collect();
    verdicts.retain(|it| it.gap.is_some() || own.contains(&it.rule));
    if verdicts.is_empty() {
        Exit::Fine
    } else {
        Exit::Incomplete
    }
}

/// Fails and unknowns, the worst first, the muted ones last; with `all`, everything.
fn verdicts<'a>(material: &Material<'a>, all: bool) -> Vec<&'a Verdict> {
    let every = material.judged.iter().flat_map(|it| &it.verdicts);
    let mut verdicts: Vec<&Verdict> = every.filter(|it| all || it.status.is_open()).collect();
    verdicts.sort_by(|a, b| {
        let key = |it: &Verdict| {
            let severity = std::cmp::Reverse(it.severity);
            (it.muted.is_some(), it.status, severity, it.rule)
        };
        (key(a), &a.subject, &a.detail).cmp(&(key(b), &b.subject, &b.detail))
    });
    verdicts
}

fn table(material: &Material<'_>, all: bool) -> String {
    let found = verdicts(material, all);
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|it| {
            let word = match &it.muted {
                Some(_) => "muted",
                None => it.status.word(it.severity),
            };
            let resource = it.subject.to_string();
            let why = match (&it.muted, &it.gap) {
                (Some(muted), _) => format!(
                    "{}; {}, muted until {} by {}: {}",
                    it.why,
                    it.status.word(it.severity),
                    muted.until,
                    muted.owner,
                    muted.reason
                ),
                (None, Some(gap)) => format!("{} ({} needs {})", it.why, gap.call, gap.action),
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

/// `karim-test: 1 high, 2 low, 1 unknown, 12 passed`
fn summary(material: &Material<'_>) -> String {
    let every = || material.judged.iter().flat_map(|it| &it.verdicts);
    let counted = |it: &&Verdict| it.muted.is_none();
    let of = |status| {
        every()
            .filter(counted)
            .filter(move |it| it.status == status)
    };
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
    let muted = every().filter(|it| it.muted.is_some()).count();
    if muted > 0 {
        parts.push(format!("{muted} muted"));
    }
    parts.push(format!("{} passed", of(Status::Pass).count()));
    let rack = text::harmless(&material.case.rack.name);
    format!("{rack}: {}", parts.join(", "))
}

fn json(snapshot: &Snapshot, material: &Material<'_>, all: bool) -> String {
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
                "detail": it.detail,
                "fingerprint": it.fingerprint(),
                "gap": it.gap,
                "muted": it.muted,
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
        "notices": material.notices,
        "verdicts": verdicts,
    });
    text::json(&document)
}
