//! `teardown`: how a rack would go, step by step, what stays, and what stands in the way.

use std::{collections::BTreeSet, path::PathBuf};

use clap::{Args, ValueEnum};

use super::definition::Said;
#[cfg(feature = "aws")]
use crate::aws::session::Access;
use crate::{
    cli::{Input, Source},
    cost::{self, Month, Terms, Usage},
    failure::{Exit, Failure},
    file,
    price::Book,
    removal::Data,
    report::{Material, markdown},
    teardown::{
        self, Consent, Plan,
        protection::Guard,
        tell::{self, Piece},
    },
    text, ui,
};

#[cfg(feature = "aws")]
mod execute;

#[cfg(feature = "aws")]
pub(super) use execute::read_plan;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens teardown --from rack.json.gz                          what would go, what stays, and why
  racklens teardown --from rack.json.gz --delete tables,logs     these classes of data may be lost
  racklens teardown --from rack.json.gz --delete all --backup    … and copies are made first
  racklens teardown --from rack.json.gz --spare tag:Team=billing --plan plan.json
  racklens teardown --execute plan.json                          run it, once its name is typed
  racklens teardown --resume plan.json.journal.jsonl             go on with a run that was stopped

Without --execute nothing is deleted: this prints a plan. What others use, what was not read and
what only its use ties to the rack is never in it unless it is said so. Data, and what is
protected, stays unless its class is named.

Classes of data: buckets, caches, databases, dns, file-systems, images, keys, logs, queues, secrets,
tables, volumes.
Protections: auto-scaling-groups, databases, instances, load-balancers, log-groups, stacks, tables.

What an unseen user may need stays, too: a key as long as it was not read what encrypts others'
data, a certificate that CloudFront presents, a role that was used last in another region.

Exit codes: 0 planned, or run and proved gone; 2 wrong use, or a file that is no plan or snapshot;
3 no such rack; 4 not all could be read; 20 something stands in the way, and nothing was
deleted; 21 AWS still deletes some of it; 22 something was not deleted; 130 stopped, go on with
--resume.")]
pub struct Teardown {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    said: Said,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    access: Access,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    running: execute::Running,
    #[command(flatten)]
    wishes: Wishes,
    /// Write the plan into this file, for it to be approved and run
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is planned, or which plan is run.
#[derive(Clone, Debug, Default, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Plan from this snapshot file instead of asking AWS (- for standard input)
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Plan for this rack of AWS: the name of a stack, of a cluster, or of a [rack.NAME] in
    /// racklens.toml
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME")]
    rack: Option<String>,
    /// Run this plan: delete what it says, after the rack's name was typed. A second run of one
    /// rack is kept out on this machine, not on another
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "PLAN", help_heading = "Running a plan")]
    execute: Option<PathBuf>,
    /// Go on with a run that was stopped or killed
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "JOURNAL", help_heading = "Running a plan")]
    resume: Option<PathBuf>,
    /// Look again whether everything of a run is gone and its neighbours are there
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "JOURNAL", help_heading = "Running a plan")]
    verify: Option<PathBuf>,
}

impl Teardown {
    /// What is planned, as other verbs have it.
    fn input(&self) -> Input {
        Input {
            source: Source {
                from: self.what.from.clone(),
                #[cfg(feature = "aws")]
                rack: self.what.rack.clone(),
            },
            said: self.said.clone(),
            #[cfg(feature = "aws")]
            access: self.access.clone(),
        }
    }

    /// Runs a plan, where that is what was asked.
    #[cfg(feature = "aws")]
    fn running(&self) -> Option<Result<Exit, Failure>> {
        let asked = execute::Asked {
            running: &self.running,
            access: &self.access,
            said: &self.said,
        };
        let What {
            execute,
            resume,
            verify,
            ..
        } = &self.what;
        let execute = execute.as_deref().map(|it| execute::execute(it, &asked));
        execute
            .or_else(|| resume.as_deref().map(|it| execute::resume(it, &asked)))
            .or_else(|| verify.as_deref().map(|it| execute::verify(it, &asked)))
    }
}

/// What may go beyond what can be undone, and what may not go at all.
#[derive(Clone, Debug, Default, Args)]
pub struct Wishes {
    /// Classes of data that may be lost, or all
    #[arg(long, value_name = "CLASSES", value_delimiter = ',', value_parser = classes)]
    delete: Vec<Option<Data>>,
    /// Protections that may be switched off, or all
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = guards)]
    disable_protection: Vec<Option<Guard>>,
    /// What goes besides what is the rack's for sure
    #[arg(long, value_enum)]
    include: Vec<Include>,
    /// Copy what AWS can copy before anything is destroyed
    #[arg(long)]
    backup: bool,
    /// Delete a stack at whose deletion CloudFormation failed without what it failed at: that goes by
    /// itself where it may, and else stays and is told
    #[arg(long)]
    retain_resources: bool,
    /// Leave this: KIND/KEY, an ARN, a name, or tag:KEY=VALUE; may be given again
    #[arg(long, value_name = "WHAT")]
    spare: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Include {
    /// What nothing but its use ties to the rack
    Inferred,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    #[default]
    Table,
    Json,
    /// For a wiki or a pull request
    Markdown,
}

/// A class of data; `None` for all of them.
fn classes(text: &str) -> Result<Option<Data>, String> {
    if text == "all" {
        return Ok(None);
    }
    let known = || {
        let names: Vec<&str> = Data::ALL.iter().map(|it| it.name()).collect();
        format!("expected all, or some of {}", names.join(", "))
    };
    Data::from_name(text).map(Some).ok_or_else(known)
}

/// A kind of protection; `None` for all of them.
fn guards(text: &str) -> Result<Option<Guard>, String> {
    if text == "all" {
        return Ok(None);
    }
    let known = || {
        let names: Vec<&str> = Guard::ALL.iter().map(|it| it.name()).collect();
        format!("expected all, or some of {}", names.join(", "))
    };
    Guard::from_name(text).map(Some).ok_or_else(known)
}

/// Those that are named, or all.
fn named<T: Copy + Ord>(said: &[Option<T>], all: &[T]) -> BTreeSet<T> {
    if said.contains(&None) {
        return all.iter().copied().collect();
    }
    said.iter().flatten().copied().collect()
}

impl Wishes {
    /// What was said, as a plan has it.
    pub fn consent(&self) -> Consent {
        Consent {
            delete: named(&self.delete, Data::ALL),
            disable: named(&self.disable_protection, Guard::ALL),
            inferred: self.include.contains(&Include::Inferred),
            backup: self.backup,
            retain: self.retain_resources,
            keep: self.spare.iter().cloned().collect(),
        }
    }
}

pub fn run(args: &Teardown) -> Result<Exit, Failure> {
    #[cfg(feature = "aws")]
    if let Some(done) = args.running() {
        return done;
    }
    planned(args).map_err(begun)
}

/// Of a rack that is half gone there may be nothing left by which its name finds it.
fn begun(failure: Failure) -> Failure {
    if failure.exit != Exit::NoSuchRack || cfg!(not(feature = "aws")) {
        return failure;
    }
    failure
        .hint(
            "if its teardown was begun, go on with it: racklens teardown --resume JOURNAL; the \
             journal lies beside the plan",
        )
        .hint("or look whether all of it is gone: racklens teardown --verify JOURNAL")
}

fn planned(args: &Teardown) -> Result<Exit, Failure> {
    let snapshot = super::load_for(&args.input(), true)?;
    super::seen(&snapshot, |material| {
        let plan = plan(material, &args.wishes.consent())?;
        ui::result(&match args.format {
            Format::Table => page(&plan),
            Format::Json => plan.to_json(),
            Format::Markdown => markdown(tell::plan(&plan)),
        })?;
        if let Some(path) = &args.plan {
            file::write(path, &plan.to_json())?;
            ui::note(&format!("plan written to {}", path.display()));
        }
        Ok(exit(&plan))
    })
}

/// The plan of a rack, with what it saves a month.
pub fn plan(material: &Material<'_>, consent: &Consent) -> Result<Plan, Failure> {
    let book = Book::embedded().map_err(|it| Failure::new(Exit::Failed, it.to_string()))?;
    let snapshot = material.snapshot;
    let terms = Terms {
        region: &snapshot.region,
        book: &book,
        month: &Month::usual(),
        usage: &Usage::default(),
    };
    let bill = cost::bill(&material.case, &terms);
    let case = &material.case;
    Ok(teardown::make(snapshot, case, Some(&bill), consent))
}

/// How a run ends that made this plan.
pub fn exit(plan: &Plan) -> Exit {
    if plan.may_run() {
        Exit::Fine
    } else {
        Exit::Refused
    }
}

/// For a terminal.
fn page(plan: &Plan) -> String {
    let mut page = String::new();
    for piece in tell::plan(plan) {
        match piece {
            Piece::Title(text) => page.push_str(&format!("{}\n", ui::strong(&safe(&text)))),
            Piece::Heading(text) => page.push_str(&format!("\n{}\n", ui::strong(&safe(&text)))),
            Piece::Line(text) => page.push_str(&format!("{}\n", ui::outcome(&safe(&text)))),
            Piece::Item { mark, text, more } => {
                page.push_str(&format!("{mark:>6} {}\n", safe(&text)));
                for line in more {
                    page.push_str(&format!("       {}\n", safe(&line)));
                }
            }
        }
    }
    page
}

fn safe(text: &str) -> String {
    text::harmless(text).into_owned()
}

/// For a wiki or a pull request.
pub fn markdown(pieces: Vec<Piece>) -> String {
    let mut page = String::new();
    let mut in_list = false;
    for piece in pieces {
        let item = matches!(piece, Piece::Item { .. });
        if in_list && !item {
            page.push('\n');
        }
        in_list = item;
        match piece {
            Piece::Title(text) => page.push_str(&format!("# {}\n\n", markdown::cell(&text))),
            Piece::Heading(text) => page.push_str(&format!("## {}\n\n", markdown::cell(&text))),
            Piece::Line(text) => page.push_str(&format!("{}\n\n", markdown::cell(&text))),
            Piece::Item { mark, text, more } => {
                // A number that begins an item would be counted anew by whoever shows it.
                let mark = match mark.strip_suffix('.') {
                    Some(number) => format!("- **{number}**"),
                    None => mark,
                };
                page.push_str(&format!("{mark} {}\n", markdown::cell(&text)));
                for line in more {
                    page.push_str(&format!("  <br>{}\n", markdown::cell(&line)));
                }
            }
        }
    }
    page
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use super::*;

    #[test]
    fn of_a_rack_that_is_not_there_it_is_said_how_to_go_on_with_a_run_and_how_to_prove_one() {
        let hints = begun(Failure::new(Exit::NoSuchRack, "no rack called prod")).hints;
        for way in ["--resume JOURNAL", "--verify JOURNAL"] {
            assert!(hints.iter().any(|it| it.contains(way)), "{hints:?}");
        }
        let other = begun(Failure::new(Exit::Failed, "the network is down")).hints;
        assert_eq!(other, Vec::<String>::new());
    }
}
