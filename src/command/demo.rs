//! `demo`: the full reports of five example racks, from snapshots inside the program.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{report, ruleset::RuleSet};
use crate::{
    failure::{Exit, Failure},
    file::{self, Folder},
    report::{Report, html},
    snapshot::Snapshot,
    ui,
};

macro_rules! samples {
    ($($folder:literal,)+) => {
        &[$(($folder, include_bytes!(concat!("../../samples/", $folder, "/snapshot.json"))),)+]
    };
}

/// The racks of five people, each made in another way, by their folders under `samples`.
const SAMPLES: &[(&str, &[u8])] = samples![
    "karim-test",
    "cruddur",
    "ecs-cluster",
    "ecstest",
    "karim-staging",
];

#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for the reports
    #[arg(long, value_name = "DIR", default_value = "racklens-demo")]
    out: PathBuf,
}

pub fn run(args: &Demo) -> Result<Exit, Failure> {
    let mut folder = Folder::prepare(&args.out)?;
    let pricing = super::pricing::Pricing::embedded()?;
    let mut reports: Vec<(&str, Report)> = Vec::new();
    let mut lines = Vec::new();
    let rules = RuleSet::built_in()?;
    for (name, text) in SAMPLES {
        let snapshot = Snapshot::parse(text)
            .map_err(|it| Failure::new(Exit::Failed, format!("the example {name}: {it}")))?;
        let out = args.out.join(name);
        let report = report::put(&snapshot, None, (&pricing, &rules), &out)?;
        lines.push(report::line(&report, &report::page(&out)));
        reports.push((name, report));
    }
    let page = index(&reports)?;
    folder.add(
        file::MANIFEST,
        &file::manifest(
            serde_json::Map::new(),
            vec![file::listed("index.html", &page)],
        ),
    )?;
    folder.add("index.html", &page)?;
    folder.publish()?;
    lines.push(format!("all: {}", shown(&args.out)));
    ui::result(&(lines.join("\n") + "\n"))?;
    ui::note("These are examples. For a rack of your own: racklens report --rack NAME --out DIR");
    Ok(Exit::Fine)
}

fn index(reports: &[(&str, Report)]) -> Result<String, Failure> {
    let entries: Vec<html::Entry<'_>> = reports
        .iter()
        .map(|(folder, report)| html::Entry { folder, report })
        .collect();
    html::racks(&entries).map_err(|it| Failure::new(Exit::Failed, it.to_string()))
}

fn shown(out: &Path) -> String {
    let page = out.join("index.html");
    crate::text::harmless(&page.display().to_string()).into_owned()
}
