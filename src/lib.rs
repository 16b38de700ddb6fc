//! racklens sees what one ECS deployment on AWS really consists of, checks it and prices it.
//!
//! A *rack* is one ECS deployment and all that exists for it. What is known of it goes one way:
//!
//! ```text
//! AWS → Snapshot (a file) → Graph → verdicts, traffic paths, costs → Report → HTML, CSV, JSON
//! ```
//!
//! The modules stand in layers, and each may only know the ones below its own; a test holds the
//! walls (`tests/layers.rs`):
//!
//! | layer | what | modules |
//! |---|---|---|
//! | 5 | the verbs, wired together | `cli`, `command` |
//! | 4 | the edge: network, files, terminal | `aws`, `kind/*/aws.rs`, `executor`, `file`, `cache`, `ui`, `failure` |
//! | 3 | questions, each a pure function | `config`, `terraform`, `rack`, `belonging`, `rule`, `user_rule`, `mute`, `price`, `traffic`, `trace`, `table`, `cost`, `free_tier`, `teardown`, `diagram`, `report`, `diff` |
//! | 2 | the graph; alone in knowing petgraph | `graph` |
//! | 1 | facts | `kind`, `snapshot`, `definition`, `arn` |
//! | 0 | words | `id`, `relation`, `charge`, `removal`, `text` |
//!
//! **Invariant: the core asks nobody.** Layers 0 to 3 get time, files and AWS's answers as
//! arguments. Without the cargo feature `aws` no AWS crate is built at all, and everything that
//! works from a snapshot still does.
//!
//! **Invariant: nothing that reads can write.** Every client carries a guard that refuses each
//! operation that is not on the list of reads; `racklens policy` prints the same list. Calls that
//! change an account are made in `aws::write` alone, and only the executor of a teardown plan that a
//! person approved has clients that let them through. A Terraform state in a bucket is the one
//! object that is ever fetched, and only where the user names it. A report goes into a bucket by a
//! client of its own, which can put an object and do nothing else.
//!
//! **Invariant: empty is not unknown.** What could not be read is a [`snapshot::Gap`] or a
//! [`kind::Fact::Unread`], and travels to every output.
//!
//! **Invariant: same input, same bytes.** What is printed comes from sorted maps.

pub mod arn;
#[cfg(feature = "aws")]
pub mod aws;
pub mod belonging;
pub mod cache;
pub mod charge;
pub mod cli;
pub mod command;
pub mod config;
pub mod cost;
pub mod definition;
pub mod diagram;
pub mod diff;
#[cfg(feature = "aws")]
pub mod executor;
pub mod failure;
pub mod file;
pub mod free_tier;
pub mod graph;
pub mod id;
pub mod kind;
pub mod mute;
pub mod price;
pub mod rack;
pub mod relation;
pub mod removal;
pub mod report;
pub mod rule;
pub mod snapshot;
pub mod table;
pub mod teardown;
pub mod terraform;
pub mod text;
pub mod trace;
pub mod traffic;
pub mod ui;
pub mod user_rule;

#[cfg(test)]
pub mod testing;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use cli::{Cli, Command};
use failure::Exit;

/// Runs one command line and tells its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(it) => it,
        Err(error) => {
            // Help and version are no errors; a closed terminal is nobody to tell.
            error.print().unwrap_or_default();
            let usage = error.use_stderr();
            return if usage { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    log(cli.verbose);
    let done = match &cli.command {
        Command::Demo(it) => command::demo::run(it),
        Command::Racks(it) => command::racks::run(it),
        #[cfg(feature = "aws")]
        Command::Snapshot(it) => command::snapshot::run(it),
        Command::List(it) => command::list::run(it),
        Command::Show(it) => command::show::run(it),
        Command::Trace(it) => command::trace::run(it),
        Command::Diagram(it) => command::diagram::run(it),
        Command::Diff(it) => command::diff::run(it),
        Command::Audit(it) => command::audit::run(it),
        Command::Rules(it) => command::rules::run(it),
        Command::Cost(it) => command::cost::run(it),
        Command::Report(it) => command::report::run(it),
        Command::Teardown(it) => command::teardown::run(it),
        #[cfg(feature = "aws")]
        Command::Policy(it) => command::policy::run(it),
        Command::Completions(it) => command::completions::run(it),
    };
    let exit = done.unwrap_or_else(|failure| {
        ui::failure(&failure);
        failure.exit
    });
    exit.into()
}

/// Logs to stderr: nothing, what is not read, or every request.
///
/// Never the SDK's own log: it may tell what is in an answer, and that may be a secret.
fn log(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(lines.with_filter(Targets::new().with_target("racklens", level)))
        .init();
}
