//! `report`: a page, tables and a diagram of a rack in one folder.

use std::path::{Path, PathBuf};

use clap::Args;

#[cfg(feature = "aws")]
use crate::snapshot::money::Unheard;

use super::{
    prices::{self, Prices, Reach},
    pricing::Pricing,
    since::{self, Since},
    teardown::{self, Wishes},
};
use crate::{
    cli::{FailOn, Input},
    command::ruleset::{Dirs, RuleSet},
    diagram::{self, Question, dot, mermaid},
    diff::{Change, Diff},
    failure::{Exit, Failure},
    file::{self, Folder, kept::Kept},
    report::{self, Costs, Material, Report, csv, html, review},
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

In a bucket the layout is the same, with RACK/latest.json in place of the link. Objects get no ACL,
so they are as private as the bucket, and AWS checks them against a SHA-256.

The last line on standard output always has this form:
  racklens: rack=prod findings=35 new=1 worse=0 fixed=0 lost=0 unknown=0 muted=0 gaps=0 report=DIR/index.html
`new`, `worse`, `fixed` and `lost` are - where there was nothing to compare with.")]
pub struct Write {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    dirs: Dirs,
    #[command(flatten)]
    prices: Prices,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    learn: super::money::Learn,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    of_account: super::money::OfAccount,
    /// Ask the account of a snapshot's file about its free tier, its plan and its budgets, too
    #[cfg(feature = "aws")]
    #[arg(long, help_heading = super::money::HEADING, conflicts_with = "no_free_tier")]
    free_tier: bool,
    /// Folder for the report: a new one, an empty one, or an earlier report's; or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR|S3", value_parser = out)]
    out: Out,
    /// Keep this many reports of the rack in the folder, and remove older ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Compare with this earlier snapshot or report's folder, or with the last report in the folder
    #[arg(long, value_name = "FILE|last", value_parser = since::since)]
    since: Option<Since>,
    /// Write the review that is signed before the rack is taken down, instead of the report
    #[arg(long, conflicts_with_all = ["keep", "since", "rules"])]
    review: bool,
    #[command(flatten)]
    wishes: Wishes,
    /// End with exit code 10 when a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "never")]
    fail_on: FailOn,
    /// Let what could not be judged count as a finding of its rule's severity
    #[arg(long)]
    strict: bool,
    /// Count only what is new, worse or out of sight since then
    #[arg(long, requires = "since")]
    new_only: bool,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    Folder(PathBuf),
    /// The prefix ends in a slash, or is empty.
    #[cfg(feature = "aws")]
    Bucket {
        bucket: String,
        prefix: String,
    },
}

/// Reads a path or `s3://BUCKET/PREFIX`.
///
/// # Errors
/// When a bucket is missing, or this racklens asks no network.
pub fn out(text: &str) -> Result<Out, String> {
    let Some(there) = text.strip_prefix("s3://") else {
        return Ok(Out::Folder(text.into()));
    };
    let (bucket, prefix) = there.split_once('/').unwrap_or((there, ""));
    if bucket.is_empty() {
        return Err("expected s3://BUCKET/PREFIX".to_owned());
    }
    #[cfg(feature = "aws")]
    {
        let prefix = prefix.trim_matches('/');
        let end = if prefix.is_empty() { "" } else { "/" };
        Ok(Out::Bucket {
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}{end}"),
        })
    }
    #[cfg(not(feature = "aws"))]
    {
        Err(format!(
            "this racklens was built without AWS, and cannot write to {bucket}/{prefix}"
        ))
    }
}

pub fn run(args: &Write) -> Result<Exit, Failure> {
    // A folder that will be refused is not worth a minute of reading.
    match (&args.out, args.keep) {
        (Out::Folder(out), None) => drop(Folder::prepare(out)?),
        (Out::Folder(root), Some(_)) => file::kept::check(root)?,
        #[cfg(feature = "aws")]
        (Out::Bucket { .. }, _) => args.check_bucket()?,
    }
    let rules = RuleSet::load(&args.input.said, &args.dirs)?;
    let mut snapshot = super::load_for(&args.input, args.review)?;
    if args.review {
        return review(&snapshot, args);
    }
    #[cfg(feature = "aws")]
    args.learn.run(
        &args.input.access,
        &mut snapshot,
        args.free_tier || args.of_account.is_asked(&args.input),
    )?;
    let reach = Reach::of(&args.input);
    let pricing = Pricing::of(&snapshot, &args.input.said, &args.prices, reach)?;
    prices::store(&pricing, &mut snapshot)?;
    for note in &pricing.notes {
        ui::note(&text::harmless(note));
    }
    let by = (&pricing, &rules);
    let (report, page) = match (&args.out, args.keep) {
        (Out::Folder(out), None) => args.write(&snapshot, by, out)?,
        (Out::Folder(root), Some(keep)) => args.keep(&snapshot, by, root, keep)?,
        #[cfg(feature = "aws")]
        (Out::Bucket { bucket, prefix }, _) => args.put(&snapshot, by, bucket, prefix)?,
    };
    let lines = [line(&report, &page), facts(&report, &page)];
    ui::result(&format!("{}\n", lines.join("\n")))?;
    super::tell(&report.notices);
    if let Some(line) = report::incomplete(snapshot.gaps.len()) {
        ui::note(&line);
    }
    let mut counted = report.findings.iter().filter(|it| {
        let counts = !args.new_only || it.is_news || report.since.is_none();
        let bad = it.status == Status::Fail || (args.strict && it.status == Status::Unknown);
        bad && it.muted.is_none() && counts
    });
    let bad = counted.any(|it| args.fail_on.is_reached_by(it.severity));
    let whole = snapshot.gaps.is_empty() && !pricing.unheard && args.is_heard(&snapshot);
    Ok(match (bad, whole) {
        (true, _) => Exit::Findings,
        (false, false) => Exit::Incomplete,
        (false, true) => Exit::Fine,
    })
}

/// Writes the review of a teardown into a folder, with the plan that it is about.
fn review(snapshot: &Snapshot, args: &Write) -> Result<Exit, Failure> {
    let out = args.folder_of_review()?;
    super::judge_by(snapshot, &RuleSet::built_in()?.of_teardown(), |material| {
        let plan = teardown::plan(material, &args.wishes.consent())?;
        let review = review::make(material, &plan);
        let failed = |it: &dyn std::fmt::Display| Failure::new(Exit::Failed, it.to_string());
        let files = [
            (
                "index.html",
                html::review(&review).map_err(|it| failed(&it))?,
            ),
            ("review.md", teardown::markdown(review.pieces())),
            (
                "review.csv",
                csv::review(&review).map_err(|it| failed(&it))?,
            ),
            ("plan.json", plan.to_json()),
            (file::SNAPSHOT, snapshot.to_json()),
        ];
        let mut folder = Folder::prepare(out)?;
        let mut head = head(&report::make(material, None, None));
        head.insert("plan".to_owned(), plan.digest.clone().into());
        for (name, content) in &files {
            folder.add(name, content)?;
        }
        let listed = files.iter().map(|(name, it)| file::listed(name, it));
        folder.add(file::MANIFEST, &file::manifest(head, listed.collect()))?;
        folder.publish()?;
        let line = format!("{}: {}, review={}", plan.rack, review.verdict(), page(out));
        ui::result(&format!("{}\n", text::harmless(&line)))?;
        Ok(if review.is_safe() {
            Exit::Fine
        } else {
            Exit::Refused
        })
    })
}

/// The report's page, as the user would open it.
pub fn page(out: &Path) -> String {
    out.join("index.html").display().to_string()
}

impl Write {
    /// Whether all came that this run asked for beside.
    #[cfg(feature = "aws")]
    fn is_heard(&self, snapshot: &Snapshot) -> bool {
        let of_account = self.free_tier || self.of_account.is_asked(&self.input);
        let asked = |it: &Unheard| {
            self.learn.asks(it) || of_account && (it.is_of_free_tier() || it.is_of_budgets())
        };
        let heard = !snapshot.money.unheard.iter().any(asked);
        for it in snapshot.money.unheard.iter().filter(|it| asked(it)) {
            ui::note(&text::harmless(&it.to_string()));
        }
        heard
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "it asks nothing beside")]
    fn is_heard(&self, _: &Snapshot) -> bool {
        true
    }

    /// A review is for people who sit at one table: it goes into a folder.
    fn folder_of_review(&self) -> Result<&Path, Failure> {
        match &self.out {
            Out::Folder(it) => Ok(it),
            #[cfg(feature = "aws")]
            Out::Bucket { .. } => {
                let message = "--review writes into a folder, not into a bucket";
                Err(Failure::new(Exit::Usage, message).hint("give --out DIR"))
            }
        }
    }

    /// Writes the report into a folder of its own, and tells where its page is.
    fn write(
        &self,
        snapshot: &Snapshot,
        by: By<'_>,
        out: &Path,
    ) -> Result<(Report, String), Failure> {
        let old = self.old(snapshot, || {
            // The report that this one takes the place of.
            if out.join(file::SNAPSHOT).is_file() {
                return since::baseline(out, snapshot).map(Some);
            }
            ui::note("no earlier report there: there is nothing to compare with");
            Ok(None)
        })?;
        Ok((put(snapshot, old.as_ref(), by, out)?, page(out)))
    }

    /// Writes the report among those that are kept, and removes what is too old.
    fn keep(
        &self,
        snapshot: &Snapshot,
        by: By<'_>,
        root: &Path,
        keep: u32,
    ) -> Result<(Report, String), Failure> {
        let kept = Kept::of(root, snapshot);
        let turn = kept.turn()?;
        let old = self.old(snapshot, || Ok(since::last(&kept, snapshot)))?;
        let mut begun = kept.begin(&turn)?;
        let report = made(snapshot, old.as_ref(), by, |name, it| begun.add(name, &it))?;
        let place = kept.put(&turn, snapshot.taken, begun)?;
        kept.prune(&turn, usize::try_from(keep).unwrap_or(usize::MAX))?;
        Ok((report, page(&place)))
    }

    /// What the report is compared with.
    fn old(
        &self,
        snapshot: &Snapshot,
        last: impl FnOnce() -> Result<Option<Snapshot>, Failure>,
    ) -> Result<Option<Snapshot>, Failure> {
        match &self.since {
            None => Ok(None),
            Some(Since::File(path)) => since::baseline(path, snapshot).map(Some),
            Some(Since::Last) => last(),
        }
    }

    /// What is kept in a bucket is neither read nor removed: putting is all that we may do there.
    #[cfg(feature = "aws")]
    fn check_bucket(&self) -> Result<(), Failure> {
        if self.keep.is_some() {
            let message = "--keep removes old reports, and in a bucket racklens removes nothing";
            let failure = Failure::new(Exit::Usage, message);
            return Err(failure.hint("let a lifecycle rule of the bucket remove them"));
        }
        if self.since == Some(Since::Last) {
            let message = "--since last reads the last report, and in a bucket racklens reads none";
            let failure = Failure::new(Exit::Usage, message);
            return Err(failure.hint("copy its snapshot.json and give that: --since FILE"));
        }
        Ok(())
    }

    /// Puts the report into a bucket, laid out as it would be kept in a folder.
    #[cfg(feature = "aws")]
    fn put(
        &self,
        snapshot: &Snapshot,
        by: By<'_>,
        bucket: &str,
        prefix: &str,
    ) -> Result<(Report, String), Failure> {
        let old = self.old(snapshot, || Ok(None))?;
        let rack = text::path_part(&snapshot.rack);
        let name = file::kept::folder_name(snapshot.taken);
        let latest = text::json(&serde_json::json!({
            "report": format!("{name}/index.html"),
            "taken": csv::stamp(snapshot.taken),
        }));
        let mut files: Vec<(String, String)> = Vec::new();
        let report = made(snapshot, old.as_ref(), by, |file, content| {
            files.push((format!("{rack}/{name}/{file}"), content));
            Ok(())
        })?;
        // The manifest comes after what it lists, and the pointer after all.
        files.push((format!("{rack}/latest.json"), latest));
        super::live::put(&self.input.access, bucket, prefix, &files)?;
        let page = format!("s3://{bucket}/{prefix}{rack}/{name}/index.html");
        Ok((report, page))
    }
}

/// What a report's findings and costs are made out by.
pub type By<'a> = (&'a Pricing, &'a RuleSet);

/// Makes the report of a snapshot, compared with an earlier one where there is one, and puts it
/// into a folder of its own.
///
/// # Errors
/// When the folder holds something else or cannot be written to; then nothing was changed.
pub fn put(
    snapshot: &Snapshot,
    old: Option<&Snapshot>,
    by: By<'_>,
    out: &Path,
) -> Result<Report, Failure> {
    let mut folder = Folder::prepare(out)?;
    let report = made(snapshot, old, by, |name, it| folder.add(name, &it))?;
    folder.publish()?;
    Ok(report)
}

/// Makes the report and hands out its files as they come, the manifest last: of a large rack each
/// is large, and memory need not hold two.
fn made(
    snapshot: &Snapshot,
    old: Option<&Snapshot>,
    (pricing, rules): By<'_>,
    mut put: impl FnMut(&'static str, String) -> Result<(), Failure>,
) -> Result<Report, Failure> {
    since::compared(old, snapshot, rules, |material, since| {
        pricing.counted(material, |costs| make(material, since, costs, &mut put))
    })
}

fn make(
    material: &Material<'_>,
    since: Option<&Diff>,
    costs: &Costs<'_>,
    put: &mut impl FnMut(&'static str, String) -> Result<(), Failure>,
) -> Result<Report, Failure> {
    let report = report::make(material, since, Some(costs));
    let failed = |it: &dyn std::fmt::Display| Failure::new(Exit::Failed, it.to_string());
    let mut listed = Vec::new();
    let mut add = |name, content: String| {
        listed.push(file::listed(name, &content));
        put(name, content)
    };
    add("index.html", html::page(&report).map_err(|it| failed(&it))?)?;
    add(file::SNAPSHOT, material.snapshot.to_json())?;
    let diagram = diagram::draw(material, &Question::default());
    add("diagram.mmd", mermaid::write(&diagram))?;
    add("diagram.dot", dot::write(&diagram))?;
    let mut add =
        |name, table: Result<String, csv::Failed>| add(name, table.map_err(|it| failed(&it))?);
    add("resources.csv", csv::resources(material, &report))?;
    add("edges.csv", csv::edges(material))?;
    add("findings.csv", csv::findings(material, &report))?;
    add("traffic_paths.csv", csv::traffic_paths(material))?;
    let costs = csv::focus(material, costs.bill, costs.apps);
    add("costs.focus.csv", costs)?;
    if let Some(since) = since {
        add("changes.csv", crate::diff::csv::write(since))?;
    }
    put(file::MANIFEST, file::manifest(head(&report), listed))?;
    Ok(report)
}

/// `karim-test: 1 high, 2 medium, 1 unknown, 0 gaps, report=DIR/index.html`
pub fn line(report: &Report, page: &str) -> String {
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
    parts.push(format!("report={page}"));
    let line = format!("{}: {}", report.header.rack, parts.join(", "));
    text::harmless(&line).into_owned()
}

/// Always of the same form, so that a script can look for it; the path comes last, as it may
/// hold spaces.
fn facts(report: &Report, page: &str) -> String {
    let since = |change| match &report.since {
        Some(it) => it.count(change).to_string(),
        None => "-".to_owned(),
    };
    let worse = report.findings.iter();
    let worse = worse.filter(|it| it.is_news && it.change == Some(Change::Changed));
    let worse = match &report.since {
        Some(_) => worse.count().to_string(),
        None => "-".to_owned(),
    };
    let failures: usize = report.overview.failures.iter().map(|it| it.1).sum();
    let line = format!(
        "racklens: rack={} findings={failures} new={} worse={} fixed={} lost={} unknown={} muted={} gaps={} report={page}",
        text::path_part(&report.header.rack),
        since(Change::New),
        worse,
        since(Change::Fixed),
        since(Change::Lost),
        report.overview.unknown,
        report.overview.muted,
        report.coverage.gaps.len(),
    );
    text::harmless(&line).into_owned()
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
