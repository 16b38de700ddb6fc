//! `snapshot`: reads a rack and its neighbours into one file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    definition::Said,
    money::{HEADING, Learn},
    prices::{self, Choice, Prices, Reach},
};
use crate::{
    aws::session::Access,
    failure::{Exit, Failure},
    file, report,
    snapshot::Snapshot,
    text, ui,
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
    /// Ask what only a teardown needs, too: whether EC2 would terminate each of its instances
    #[arg(long)]
    teardown: bool,
    #[command(flatten)]
    beside: Beside,
    #[command(flatten)]
    access: Access,
}

/// What a snapshot holds only where it is asked for.
#[derive(Debug, Args)]
struct Beside {
    #[command(flatten)]
    learn: Learn,
    /// Ask what the account has used of the free tier, on which plan it is, and which budgets it has
    #[arg(long, help_heading = HEADING)]
    free_tier: bool,
    /// Store the prices that the rack is counted with: auto, live, embedded, or a file of your own
    ///
    /// Then `cost --from` counts the same in years to come. As `cost --prices` takes them.
    #[arg(long, value_name = "WHICH", value_parser = prices::choice, help_heading = HEADING)]
    prices: Option<Choice>,
    /// Folder for prices that AWS told [default: racklens in the user's cache folder]
    #[arg(
        long,
        value_name = "DIR",
        requires = "prices",
        help_heading = HEADING
    )]
    cache: Option<PathBuf>,
}

impl Beside {
    /// Adds what is asked for. Returns what is to be said of the prices, and whether AWS told all
    /// of those that it was asked for by name.
    fn add(
        &self,
        access: &Access,
        snapshot: &mut Snapshot,
    ) -> Result<(Vec<String>, bool), Failure> {
        self.learn.run(access, snapshot, self.free_tier)?;
        let Some(choice) = &self.prices else {
            return Ok((Vec::new(), true));
        };
        let prices = Prices {
            prices: choice.clone(),
            cache: self.cache.clone(),
        };
        let priced = prices.of(snapshot, Reach::live(access))?;
        let list = super::look(snapshot, |case| {
            let region = &snapshot.region;
            Ok(prices::used(&priced.book, &priced.chosen, case, region))
        })?;
        snapshot.money.prices = Some(list);
        Ok((priced.notes, !priced.unheard))
    }
}

pub fn run(args: &Take) -> Result<Exit, Failure> {
    let (access, said) = (&args.access, &args.said);
    let mut snapshot = super::live::snapshot(access, &args.rack, said, args.teardown)?;
    let (notes, heard) = args.beside.add(&args.access, &mut snapshot)?;
    for note in notes {
        ui::note(&text::harmless(&note));
    }
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
    for it in &snapshot.money.unheard {
        ui::note(&text::harmless(&it.to_string()));
    }
    let Some(line) = report::incomplete(snapshot.gaps.len()) else {
        return Ok(if heard && snapshot.money.unheard.is_empty() {
            Exit::Fine
        } else {
            Exit::Incomplete
        });
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
