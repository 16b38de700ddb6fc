//! `diff`: what changed between two snapshots of a rack.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    definition::Said,
    ruleset::{Dirs, RuleSet},
};
use crate::{
    cli::FailOn,
    diff::{self, Change, Diff, Scope, What, csv, json, markdown},
    failure::{Exit, Failure},
    report::{Material, csv::stamp},
    rule::Status,
    text, ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens diff monday.json.gz friday.json.gz
  racklens diff reports/prod/latest friday.json.gz --format markdown
  racklens diff OLD NEW --fail-on high              for a pipeline

Both snapshots are judged by the same rules, those of this version and yours, so that a new rule
makes no change by itself. What is muted is counted, and is neither new nor fixed.
Tasks of a service, machines of a group and revisions of a task definition are told of together.
Sizes, counts of use and last times are left out. What could not be read in one of the two is said
to be unread, never added, removed or fixed.

Exit code 10: a finding that is new or worse is at or above --fail-on. Exit code 4: something could
be read only in OLD, so that it cannot be compared.")]
pub struct Compare {
    /// The earlier snapshot, or the folder of a report
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The later snapshot, or the folder of a report (- for standard input)
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Configuration file [default: racklens.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    dirs: Dirs,
    /// Compare the neighbours, too
    #[arg(long)]
    all: bool,
    /// End with exit code 10 when a new or worse finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "never")]
    fail_on: FailOn,
}

/// How a diff is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    #[default]
    Table,
    Json,
    Csv,
    /// For a pull request
    Markdown,
}

pub fn run(args: &Compare) -> Result<Exit, Failure> {
    let new = super::since::read(&args.new)?;
    let old = super::since::baseline(&args.old, &new)?;
    let rules = RuleSet::load(
        &Said {
            config: args.config.clone(),
            tfstate: None,
        },
        &args.dirs,
    )?;
    let scope = if args.all { Scope::All } else { Scope::Rack };
    let diff = super::judge_quietly(&old, &rules, |old: &Material<'_>| {
        super::judge_by(&new, &rules, |new| {
            super::tell(new.notices);
            Ok(diff::compare(old, new, scope))
        })
    })?;
    ui::result(&match args.format {
        Format::Table => table(&diff),
        Format::Json => json::write(&diff),
        Format::Csv => {
            csv::write(&diff).map_err(|it| Failure::new(Exit::Failed, it.to_string()))?
        }
        Format::Markdown => markdown::write(&diff),
    })?;
    Ok(exit(&diff, args.fail_on))
}

fn exit(diff: &Diff, fail_on: FailOn) -> Exit {
    let mut news = diff.findings.iter().filter(|it| it.is_news());
    let bad = news.any(|it| {
        it.now
            .is_some_and(|now| now.0 == Status::Fail && fail_on.is_reached_by(now.1))
    });
    match (bad, diff.is_unsure()) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Fine,
    }
}

/// How much of a value a table shows; the other formats have all of it.
const LONGEST: usize = 60;

fn table(diff: &Diff) -> String {
    let findings: Vec<Vec<String>> = diff
        .findings
        .iter()
        .filter(|it| !matches!(it.change, Change::Still | Change::Muted))
        .map(|it| {
            vec![
                it.change.words().to_owned(),
                markdown::verdict(it),
                it.rule.to_owned(),
                it.subject.to_string(),
                it.why.clone(),
            ]
        })
        .collect();
    let alike = |it: &&diff::ResourceChange| it.what == What::Replaced;
    let resources: Vec<Vec<String>> = diff
        .resources
        .iter()
        .filter(|it| !alike(it))
        .flat_map(resource_rows)
        .collect();
    let replaced: Vec<String> = diff
        .resources
        .iter()
        .filter(alike)
        .map(|it| match it.id.split_once(" of ") {
            Some((kind, of)) => format!("{} of {of}", text::count(it.replaced, kind)),
            None => format!("{} of {}", it.replaced, it.id),
        })
        .collect();
    let mut parts = Vec::new();
    if !findings.is_empty() {
        let header = ["finding", "verdict", "rule", "resource", "why"];
        parts.push(ui::told(&header, findings));
    }
    if !resources.is_empty() {
        let header = ["change", "resource", "field", "was", "is"];
        parts.push(ui::table(&header, &resources));
    }
    if !replaced.is_empty() {
        let line = format!("replaced by their like: {}\n", replaced.join(", "));
        parts.push(text::harmless(line.trim_end()).into_owned() + "\n");
    }
    let from = stamp(diff.from.taken);
    let to = stamp(diff.to.taken);
    let line = format!(
        "{}: {} ({from} to {to})",
        diff.rack,
        markdown::summary(diff)
    );
    parts.push(text::harmless(&line).into_owned() + "\n");
    parts.join("\n")
}

fn resource_rows(it: &diff::ResourceChange) -> Vec<Vec<String>> {
    let name = it.name.as_ref().map(|name| format!(" ({name})"));
    let id = format!("{}{}", it.id, name.unwrap_or_default());
    let first = vec![markdown::fate(it), id];
    if it.fields.is_empty() {
        return vec![first];
    }
    // Said once: a thing with ten fields is one thing.
    let heads = std::iter::once(first).chain(std::iter::repeat(vec![String::new(); 2]));
    let fields = it.fields.iter().zip(heads);
    fields
        .map(|(field, mut row)| {
            let value = |it: &Option<String>| shortened(it.as_deref().unwrap_or("–"));
            row.extend([field.field.clone(), value(&field.old), value(&field.new)]);
            row
        })
        .collect()
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST - 1).collect();
    format!("{kept}…")
}
