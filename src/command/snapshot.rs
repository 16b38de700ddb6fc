//! `snapshot`: reads a rack and its neighbours into one file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::definition::Said;
use crate::{
    aws::session::Access,
    failure::{Exit, Failure},
    file, report, text, ui,
};

#[derive(Debug, Args)]
pub struct Take {
    /// The rack: the name of a stack, of a cluster, or of a [rack.NAME] in racklens.toml
    #[arg(long, value_name = "NAME")]
    rack: String,
    /// File to write, packed when it ends in .gz (- for standard output) [default: NAME.snapshot.json.gz]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    access: Access,
}

pub fn run(args: &Take) -> Result<Exit, Failure> {
    let snapshot = super::live::snapshot(&args.access, &args.rack, &args.said)?;
    let out = args.out.clone().unwrap_or_else(|| default_name(&args.rack));
    if out == Path::new("-") {
        ui::result(&snapshot.to_json())?;
    } else {
        file::write(&out, &snapshot.to_json())?;
        let line = format!(
            "{}: {}, {}, snapshot={}",
            args.rack,
            text::count(snapshot.resources.len(), "resource"),
            text::count(snapshot.gaps.len(), "gap"),
            out.display()
        );
        ui::result(&format!("{}\n", text::harmless(&line)))?;
    }
    let Some(line) = report::incomplete(snapshot.gaps.len()) else {
        return Ok(Exit::Fine);
    };
    ui::note(&line);
    for gap in &snapshot.gaps {
        let about = gap.resource.as_ref().map(|it| format!(" of {it}"));
        let line = format!(
            "  {}{}: {} ({}); needs {}",
            gap.call,
            about.unwrap_or_default(),
            gap.reason.name(),
            gap.code,
            gap.action
        );
        ui::note(&text::harmless(&line));
    }
    Ok(Exit::Incomplete)
}

/// A file name made of the rack's name, without what has a meaning in paths.
fn default_name(rack: &str) -> PathBuf {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    let name: String = rack
        .chars()
        .map(|it| if plain(it) { it } else { '-' })
        .collect();
    PathBuf::from(format!("{name}.snapshot.json.gz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rack_cannot_name_a_file_elsewhere() {
        let name = default_name("../../etc/cron.d/x");
        assert_eq!(name, Path::new("------etc-cron-d-x.snapshot.json.gz"));
    }
}
