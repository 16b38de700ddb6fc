//! `report`: a page, tables and a diagram of a rack in one folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::since::{self, Since};
use crate::{
    cli::{FailOn, Input},
    diagram::{self, Question, dot, mermaid},
    diff::{Change, Diff},
    failure::{Exit, Failure},
    file::{self, Folder, kept::Kept},
    report::{self, Material, Report, csv, html},
    rule::Status,
    snapshot::Snapshot,
    text, ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens report --rack prod --out prod-report
  racklens report --rack prod --out /var/lib/racklens --keep 30 --since last    every night

With --keep, DIR holds DIR/RACK/2026-11-21T161808Z/ for each report and DIR/RACK/latest, a link to
the newest. Runs that overlap wait for each other. Of the older reports only those are removed that
are whole and of the same rack, account and region.

The last line on standard output always has this form:
  racklens: rack=prod findings=35 new=1 fixed=0 lost=0 unknown=0 gaps=0 report=DIR/index.html
`new`, `fixed` and `lost` are - where there was nothing to compare with.")]
pub struct Write {
    #[command(flatten)]
    input: Input,
    /// Folder for the report: a new one, an empty one, or an earlier report's
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Keep this many reports of the rack in the folder, and remove older ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Compare with this earlier snapshot or report's folder, or with the last report in the folder
    #[arg(long, value_name = "FILE|last", value_parser = since::since)]
    since: Option<Since>,
    /// End with exit code 10 when a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "never")]
    fail_on: FailOn,
    /// Count only what is new, worse or out of sight since then
    #[arg(long, requires = "since")]
    new_only: bool,
}

pub fn run(args: &Write) -> Result<Exit, Failure> {
    // A folder that will be refused is not worth a minute of reading.
    match args.keep {
        None => drop(Folder::prepare(&args.out)?),
        Some(_) => file::kept::check(&args.out)?,
    }
    let snapshot = super::load(&args.input)?;
    let (written, place) = args.write(&snapshot)?;
    let lines = [written.line(&place), written.facts(&place)];
    ui::result(&format!("{}\n", lines.join("\n")))?;
    if let Some(line) = report::incomplete(snapshot.gaps.len()) {
        ui::note(&line);
    }
    let report = &written.report;
    let mut counted = report.findings.iter().filter(|it| {
        it.status == Status::Fail && (!args.new_only || it.is_news || report.since.is_none())
    });
    let bad = counted.any(|it| args.fail_on.is_reached_by(it.severity));
    Ok(match (bad, snapshot.gaps.is_empty()) {
        (true, _) => Exit::Findings,
        (false, false) => Exit::Incomplete,
        (false, true) => Exit::Fine,
    })
}

impl Write {
    /// Writes the report, and tells where it is.
    fn write(&self, snapshot: &Snapshot) -> Result<(Written, PathBuf), Failure> {
        let Some(keep) = self.keep else {
            let old = match &self.since {
                None => None,
                Some(Since::File(path)) => Some(since::baseline(path, snapshot)?),
                // The report that this one takes the place of.
                Some(Since::Last) if self.out.join(file::SNAPSHOT).is_file() => {
                    Some(since::baseline(&self.out, snapshot)?)
                }
                Some(Since::Last) => {
                    ui::note("no earlier report there: there is nothing to compare with");
                    None
                }
            };
            let written = made(snapshot, old.as_ref())?;
            written.put(&self.out)?;
            return Ok((written, self.out.clone()));
        };
        let kept = Kept::of(&self.out, snapshot);
        let turn = kept.turn()?;
        let old = match &self.since {
            None => None,
            Some(Since::File(path)) => Some(since::baseline(path, snapshot)?),
            Some(Since::Last) => since::last(&kept, snapshot),
        };
        let written = made(snapshot, old.as_ref())?;
        let place = kept.add(&turn, snapshot.taken, &written.files())?;
        kept.prune(&turn, usize::try_from(keep).unwrap_or(usize::MAX))?;
        Ok((written, place))
    }
}

/// A report and the files that it is.
pub struct Written {
    pub report: Report,
    /// Names and contents, the manifest last.
    files: Vec<(&'static str, String)>,
}

/// Makes the whole report of a snapshot, compared with an earlier one where there is one.
pub fn made(snapshot: &Snapshot, old: Option<&Snapshot>) -> Result<Written, Failure> {
    since::compared(old, snapshot, |material, since| {
        make(snapshot, material, since)
    })
}

fn make(
    snapshot: &Snapshot,
    material: &Material<'_>,
    since: Option<&Diff>,
) -> Result<Written, Failure> {
    let report = report::make(material, since);
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
        (file::SNAPSHOT, snapshot.to_json()),
        ("diagram.mmd", mermaid::write(&diagram)),
        ("diagram.dot", dot::write(&diagram)),
    ];
    for (name, table) in tables {
        files.push((name, table.map_err(|it| failed(&it))?));
    }
    if let Some(since) = since {
        let changes = crate::diff::csv::write(since).map_err(|it| failed(&it))?;
        files.push(("changes.csv", changes));
    }
    let listed: Vec<(&str, &str)> = files.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let manifest = file::manifest(&head(&report), &listed);
    files.push((file::MANIFEST, manifest));
    Ok(Written { report, files })
}

impl Written {
    /// Names and contents, the manifest last.
    pub fn files(&self) -> Vec<(&str, &str)> {
        self.files.iter().map(|(a, b)| (*a, b.as_str())).collect()
    }

    /// Puts it into a folder of its own.
    pub fn put(&self, out: &Path) -> Result<(), Failure> {
        let mut folder = Folder::prepare(out)?;
        for (name, content) in self.files() {
            folder.add(name, content)?;
        }
        folder.publish()
    }

    /// `karim-test: 1 high, 2 medium, 1 unknown, 0 gaps, report=DIR/index.html`
    pub fn line(&self, out: &Path) -> String {
        let report = &self.report;
        let failures = report.overview.failures.iter().filter(|it| it.1 > 0);
        let mut parts: Vec<String> = failures
            .map(|(severity, number)| format!("{number} {severity}"))
            .collect();
        if parts.is_empty() {
            parts.push("no findings".to_owned());
        }
        parts.push(format!("{} unknown", report.overview.unknown));
        parts.push(text::count(report.coverage.gaps.len(), "gap"));
        parts.push(format!("report={}", out.join("index.html").display()));
        let line = format!("{}: {}", report.header.rack, parts.join(", "));
        text::harmless(&line).into_owned()
    }

    /// Always of the same form, so that a script can look for it; the path comes last, as it may
    /// hold spaces.
    fn facts(&self, out: &Path) -> String {
        let report = &self.report;
        let since = |change| match &report.since {
            Some(it) => it.count(change).to_string(),
            None => "-".to_owned(),
        };
        let failures: usize = report.overview.failures.iter().map(|it| it.1).sum();
        let line = format!(
            "racklens: rack={} findings={failures} new={} fixed={} lost={} unknown={} gaps={} report={}",
            text::path_part(&report.header.rack),
            since(Change::New),
            since(Change::Fixed),
            since(Change::Lost),
            report.overview.unknown,
            report.coverage.gaps.len(),
            out.join("index.html").display(),
        );
        text::harmless(&line).into_owned()
    }
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
