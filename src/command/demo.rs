//! `demo`: the full report of an example rack, from a snapshot inside the program.

use std::path::PathBuf;

use clap::Args;

use crate::{
    failure::{Exit, Failure},
    snapshot::Snapshot,
    ui,
};

/// A Convox rack as someone installed it on a free-tier account in 2018, with one app on it.
const SAMPLE: &[u8] = include_bytes!("../../samples/karim-test/snapshot.json");

#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for the report
    #[arg(long, value_name = "DIR", default_value = "racklens-demo")]
    out: PathBuf,
}

pub fn run(args: &Demo) -> Result<Exit, Failure> {
    let snapshot = Snapshot::parse(SAMPLE)
        .map_err(|it| Failure::new(Exit::Failed, format!("the example inside: {it}")))?;
    let line = super::report::write(&snapshot, &args.out)?.line;
    ui::result(&format!("{line}\n"))?;
    ui::note("This is an example. For a rack of your own: racklens report --rack NAME --out DIR");
    Ok(Exit::Fine)
}
