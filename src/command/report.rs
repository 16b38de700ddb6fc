//! `report`: a page, tables and a diagram of a rack in one folder.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    cli::{FailOn, Input},
    command::ruleset::{Dirs, RuleSet},
    diagram::{self, Question, dot, mermaid},
    failure::{Exit, Failure},
    file::{self, Folder},
    report::{self, Report, csv, html},
    rule::Status,
    snapshot::Snapshot,
    text, ui,
};

#[derive(Debug, Args)]
pub struct Write {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    dirs: Dirs,
    /// Folder for the report: a new one, an empty one, or an earlier report's
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// End with exit code 10 when a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "never")]
    fail_on: FailOn,
}

pub fn run(args: &Write) -> Result<Exit, Failure> {
    // A folder that will be refused is not worth a minute of reading.
    drop(Folder::prepare(&args.out)?);
    let rules = RuleSet::load(&args.input.said, &args.dirs)?;
    let snapshot = super::load(&args.input)?;
    let written = write(&snapshot, &rules, &args.out)?;
    ui::result(&format!("{}\n", written.line))?;
    super::tell(&written.report.notices);
    if let Some(line) = report::incomplete(snapshot.gaps.len()) {
        ui::note(&line);
    }
    let bad = written
        .report
        .findings
        .iter()
        .filter(|it| it.muted.is_none())
        .any(|it| it.status == Status::Fail && args.fail_on.is_reached_by(it.severity));
    Ok(match (bad, snapshot.gaps.is_empty()) {
        (true, _) => Exit::Findings,
        (false, false) => Exit::Incomplete,
        (false, true) => Exit::Fine,
    })
}

/// What was written, and the line that tells of it.
pub struct Written {
    pub report: Report,
    /// Always of the same form, so that a script can look for it.
    pub line: String,
}

/// Writes the whole report of a snapshot into a folder.
pub fn write(snapshot: &Snapshot, rules: &RuleSet, out: &Path) -> Result<Written, Failure> {
    super::judge_by(snapshot, rules, |material| {
        let report = report::make(material);
        let failed = |it: &dyn std::fmt::Display| Failure::new(Exit::Failed, it.to_string());
        let page = html::page(&report).map_err(|it| failed(&it))?;
        let tables = [
            ("resources.csv", csv::resources(material, &report)),
            ("edges.csv", csv::edges(material)),
            ("findings.csv", csv::findings(material, &report)),
            ("traffic_paths.csv", csv::traffic_paths(material)),
        ];
        let diagram = diagram::draw(material, &Question::default());
        let mut files = vec![
            ("index.html", page),
            ("snapshot.json", snapshot.to_json()),
            ("diagram.mmd", mermaid::write(&diagram)),
            ("diagram.dot", dot::write(&diagram)),
        ];
        for (name, table) in tables {
            files.push((name, table.map_err(|it| failed(&it))?));
        }
        let mut folder = Folder::prepare(out)?;
        let listed: Vec<(&str, &str)> = files.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let manifest = file::manifest(&head(&report), &listed);
        for (name, content) in &listed {
            folder.add(name, content)?;
        }
        folder.add(file::MANIFEST, &manifest)?;
        folder.publish()?;
        let line = line(&report, out);
        Ok(Written { report, line })
    })
}

/// What the manifest tells about the report as a whole.
fn head(report: &Report) -> serde_json::Map<String, serde_json::Value> {
    let header = &report.header;
    let mut head = serde_json::Map::new();
    head.insert("schema_version".to_owned(), csv::SCHEMA_VERSION.into());
    head.insert("rack".to_owned(), header.rack.clone().into());
    head.insert("account".to_owned(), header.account.clone().into());
    head.insert("region".to_owned(), header.region.clone().into());
    head.insert("taken".to_owned(), csv::stamp(header.taken).into());
    head.insert("tool".to_owned(), header.tool.clone().into());
    head.insert("snapshot".to_owned(), header.snapshot.clone().into());
    head.insert("gaps".to_owned(), report.coverage.gaps.len().into());
    head
}

/// `karim-test: 1 high, 2 medium, 1 unknown, 0 gaps, report=DIR/index.html`
fn line(report: &Report, out: &Path) -> String {
    let failures = report.overview.failures.iter().filter(|it| it.1 > 0);
    let mut parts: Vec<String> = failures
        .map(|(severity, number)| format!("{number} {severity}"))
        .collect();
    if parts.is_empty() {
        parts.push("no findings".to_owned());
    }
    parts.push(format!("{} unknown", report.overview.unknown));
    if report.overview.muted > 0 {
        parts.push(format!("{} muted", report.overview.muted));
    }
    parts.push(text::count(report.coverage.gaps.len(), "gap"));
    parts.push(format!("report={}", out.join("index.html").display()));
    let line = format!("{}: {}", report.header.rack, parts.join(", "));
    text::harmless(&line).into_owned()
}
