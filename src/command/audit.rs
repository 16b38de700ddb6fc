//! `audit`: the verdicts of all rules on one rack.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    prices::{Prices, Reach},
    pricing::Pricing,
    since::{self, Since},
};
use crate::{
    cli::{FailOn, Input},
    command::ruleset::{Dirs, RuleSet},
    diff::{Diff, FindingChange, markdown::verdict},
    failure::{Exit, Failure},
    file::kept::Kept,
    report::{
        self, Costs, Material,
        audit::{self, Audit as View, Choice, json, junit, markdown, sarif},
        csv,
    },
    rule::{Severity, Status, Verdict},
    snapshot::Snapshot,
    text, ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens audit --from rack.json.gz
  racklens audit --from rack.json.gz --since monday.json.gz --new-only --fail-on medium
  racklens audit --from rack.json.gz --since last --reports /var/lib/racklens
  racklens audit --from rack.json.gz --format sarif > rack.sarif

Exit code 10: a finding is at or above --fail-on. Exit code 4: none is, but something could not be
judged because it could not be read.")]
pub struct Audit {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    dirs: Dirs,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    of_account: super::money::OfAccount,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show what passed, too
    #[arg(long)]
    all: bool,
    /// Judge what taking the rack down would mean: what is in the way, what is lost, who else is hit
    #[arg(long)]
    teardown: bool,
    /// Compare with this earlier snapshot or report's folder, or with the last report in --reports
    #[arg(long, value_name = "FILE|last", value_parser = since::since)]
    since: Option<Since>,
    /// Folder that `report --keep` fills, for --since last
    #[arg(long, value_name = "DIR", env = "RACKLENS_REPORTS")]
    reports: Option<PathBuf>,
    /// Show, and count for the exit code, only what is new, worse or out of sight since then
    #[arg(long, requires = "since", conflicts_with = "all")]
    new_only: bool,
    /// Let what could not be judged count as a finding of its rule's severity
    #[arg(long)]
    strict: bool,
    /// End with exit code 10 when a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    fail_on: FailOn,
}

/// How an audit is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    #[default]
    Table,
    Json,
    Csv,
    /// For a pull request
    Markdown,
    /// For code scanning services, version 2.1.0
    Sarif,
    /// For build servers
    Junit,
}

pub fn run(args: &Audit) -> Result<Exit, Failure> {
    let rules = RuleSet::load(&args.input.said, &args.dirs)?;
    let rules = if args.teardown {
        rules.of_teardown()
    } else {
        rules
    };
    let snapshot = args.load()?;
    let old = args.baseline(&snapshot)?;
    let pricing = Pricing::of(
        &snapshot,
        &args.input.said,
        &Prices::default(),
        Reach::default(),
    )?;
    since::compared(old.as_ref(), &snapshot, &rules, |material, since| {
        let choice = match (args.new_only, args.all) {
            (true, _) => Choice::News,
            (false, true) => Choice::Every,
            (false, false) => Choice::Open,
        };
        let audit = View::choose(material, since, choice);
        let written = pricing.counted(material, |costs| args.written(&audit, costs));
        ui::result(&written?)?;
        if let Some(line) = report::incomplete(snapshot.gaps.len()) {
            ui::note(&line);
        }
        super::tell(material.notices);
        Ok(args.exit(&audit))
    })
}

impl Audit {
    /// The snapshot; of a rack that is read now, with what its account says of itself.
    fn load(&self) -> Result<Snapshot, Failure> {
        #[cfg(feature = "aws")]
        {
            let mut snapshot = super::load_for(&self.input, self.teardown)?;
            let asked = self.of_account.is_asked(&self.input);
            super::money::Learn::default().run(&self.input.access, &mut snapshot, asked)?;
            Ok(snapshot)
        }
        #[cfg(not(feature = "aws"))]
        super::load_for(&self.input, self.teardown)
    }

    fn baseline(&self, new: &Snapshot) -> Result<Option<Snapshot>, Failure> {
        match (&self.since, &self.reports) {
            (None, _) => Ok(None),
            (Some(Since::File(path)), _) => since::baseline(path, new).map(Some),
            (Some(Since::Last), Some(root)) => Ok(since::last(&Kept::of(root, new), new)),
            (Some(Since::Last), None) => {
                let message = "--since last does not say where the last report is";
                Err(Failure::new(Exit::Usage, message)
                    .hint("give --reports DIR, the folder that `report --keep` fills"))
            }
        }
    }

    fn written(&self, audit: &View<'_>, costs: &Costs<'_>) -> Result<String, Failure> {
        Ok(match self.format {
            Format::Table => table(audit, costs),
            Format::Json => json::write(audit, costs),
            Format::Csv => {
                let mut report = report::make(audit.material, audit.since, Some(costs));
                report
                    .findings
                    .retain(|it| !self.new_only || it.is_news || audit.since.is_none());
                csv::findings(audit.material, &report)
                    .map_err(|it| Failure::new(Exit::Failed, it.to_string()))?
            }
            Format::Markdown => markdown::write(audit, &plain(audit)),
            Format::Sarif => sarif::write(audit),
            Format::Junit => self.junit(audit),
        })
    }

    /// A build server wants to see what passed; of old findings it need not be told again.
    fn junit(&self, audit: &View<'_>) -> String {
        let unknown = if self.strict {
            junit::Unknown::Error
        } else {
            junit::Unknown::Skipped
        };
        if self.new_only {
            return junit::write(audit, unknown);
        }
        let every = View::choose(audit.material, audit.since, Choice::Every);
        junit::write(&every, unknown)
    }

    /// By the verdicts that are shown, those that passed or are muted aside.
    fn exit(&self, audit: &View<'_>) -> Exit {
        let counts = |status| status == Status::Fail || (self.strict && status == Status::Unknown);
        let mut verdicts = audit.verdicts.iter().filter(|it| it.muted.is_none());
        if verdicts.any(|it| counts(it.status) && self.fail_on.is_reached_by(it.severity)) {
            return Exit::Findings;
        }
        if audit.is_unsure() {
            Exit::Incomplete
        } else {
            Exit::Fine
        }
    }
}

fn table(audit: &View<'_>, costs: &Costs<'_>) -> String {
    let mut header = vec!["verdict", "rule", "resource", "why"];
    if audit.since.is_some() {
        header.insert(0, "change");
    }
    let rows: Vec<Vec<String>> = audit
        .verdicts
        .iter()
        .map(|it| {
            let word = audit::word(it).to_owned();
            // What a mute of this finding alone would have for its key.
            let resource = match it.detail.as_str() {
                "" => it.subject.to_string(),
                key => format!("{} ({key})", it.subject),
            };
            let mut why = audit::told(it);
            if let Some(usd) = audit.monthly(costs, it) {
                why = format!("{why} ({usd} USD a month)");
            }
            let mut row = vec![word, it.rule.to_owned(), resource, why];
            if audit.since.is_some() {
                let change = audit.change(it).map(|it| it.change.words());
                row.insert(0, change.unwrap_or_default().to_owned());
            }
            row
        })
        .chain(audit.gone().map(gone_row))
        .collect();
    let table = if rows.is_empty() {
        String::new()
    } else {
        ui::told(&header, rows) + "\n"
    };
    format!("{table}{}\n", summary(audit, ui::verdict))
}

fn gone_row(it: &FindingChange) -> Vec<String> {
    vec![
        it.change.words().to_owned(),
        verdict(it),
        it.rule.to_owned(),
        it.subject.to_string(),
        it.why.clone(),
    ]
}

fn plain(audit: &View<'_>) -> String {
    summary(audit, |status, severity| status.word(severity).to_owned())
}

/// `karim-test: 1 high, 2 low, 1 unknown, 12 passed; since 2018-05-01T17:53:44Z 1 new, 2 fixed`
fn summary(audit: &View<'_>, word: fn(Status, Severity) -> String) -> String {
    let material: &Material<'_> = audit.material;
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
            parts.push(format!("{number} {}", word(Status::Fail, severity)));
        }
    }
    if parts.is_empty() {
        parts.push("no findings".to_owned());
    }
    let unknown = of(Status::Unknown).count();
    if unknown > 0 {
        let word = word(Status::Unknown, Severity::Info);
        parts.push(format!("{unknown} {word}"));
    }
    let muted = every().filter(|it| it.muted.is_some()).count();
    if muted > 0 {
        parts.push(format!("{muted} muted"));
    }
    parts.push(format!("{} passed", of(Status::Pass).count()));
    let rack = text::harmless(&material.case.rack.name);
    let since = audit.since.map(since_line).unwrap_or_default();
    format!("{rack}: {}{since}", parts.join(", "))
}

fn since_line(diff: &Diff) -> String {
    let from = csv::stamp(diff.from.taken);
    format!("; since {from} {}", diff.told_findings())
}
