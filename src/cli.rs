//! The command line, as data.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[cfg(feature = "aws")]
use crate::aws::session::Access;
use crate::{
    command::{self, definition::Said},
    rule::Severity,
};

/// See what one ECS deployment on AWS really consists of, check it and price it.
///
/// A rack is one ECS deployment and all that exists for it: a Convox rack, an ecs-cli cluster, a
/// Fargate app made by hand, a cluster of Terraform's. racklens reads it through the AWS API without
/// changing anything, checks it, prices it and writes reports.
#[derive(Debug, Parser)]
#[command(
    name = "racklens",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  racklens demo                                   full reports of five examples, no account needed
  racklens racks --region us-east-1               which racks are there
  racklens report --rack NAME --out DIR           read a rack and write a page and tables
  racklens snapshot --rack NAME -o rack.json.gz   read it once …
  racklens audit --from rack.json.gz              … and look at it offline
  racklens diff old.json.gz rack.json.gz          what changed since then
  racklens audit --teardown --from rack.json.gz   what taking the rack down would mean
  racklens rules explain sg-world-admin-port      what a finding means and how to mend it
  racklens list containers --from rack.json.gz
  racklens trace URL --from rack.json.gz          where does this request go?
  racklens diagram --from rack.json.gz            the architecture, for a wiki
  racklens cost --from rack.json.gz               what it costs a month by list prices
  racklens teardown --from rack.json.gz           how it would go, and what stands in the way

Exit codes:
  0 done   1 failed   2 usage   3 no such rack   4 something could not be read
  10 findings at or above --fail-on, or a cost over --fail-over
  20 a teardown that must not be run   21 AWS still deletes   22 something was not deleted
  130 interrupted"
)]
pub struct Cli {
    /// Tell more on stderr: once for what is read, twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the full reports of five example racks: no account, no network
    Demo(command::demo::Demo),
    /// List the racks of a region, or of many
    Racks(command::racks::Racks),
    /// Read a rack and its neighbours into a file
    #[cfg(feature = "aws")]
    Snapshot(command::snapshot::Take),
    /// List one kind of thing as a table: instances, containers, target-health, …
    List(command::list::List),
    /// Show one resource: what it is, who uses it, how it belongs, how it would go
    Show(command::show::Show),
    /// Follow one request from its host name to the container that would answer it
    Trace(command::trace::Follow),
    /// Draw a rack's architecture: mermaid, dot, d2, plantuml, graphml or json
    Diagram(command::diagram::Draw),
    /// Tell what changed between two snapshots of a rack
    Diff(command::diff::Compare),
    /// Check a rack against the rules
    Audit(command::audit::Audit),
    /// List and explain the rules, and test your own
    Rules(command::rules::Rules),
    /// Add up what a rack costs a month by list prices
    Cost(command::cost::Cost),
    /// Write a page, tables and a diagram of a rack into a folder
    Report(command::report::Write),
    /// Plan how a rack goes: what, in which order, what is lost, what stays and why
    Teardown(command::teardown::Teardown),
    /// Print the least IAM policy that racklens needs
    #[cfg(feature = "aws")]
    Policy(command::policy::Policy),
    /// Print a completion script for a shell
    Completions(command::completions::Completions),
}

/// Where a rack's description comes from: a file, or AWS.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// Use this snapshot file instead of asking AWS (- for standard input)
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Read this rack from AWS: the name of a stack, of a cluster, or of a [rack.NAME] in
    /// racklens.toml
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME")]
    pub rack: Option<String>,
}

/// A source, and how to reach AWS if that is it.
#[derive(Clone, Debug, Args)]
pub struct Input {
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub said: Said,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    pub access: Access,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person
    #[default]
    Table,
    Json,
    Csv,
}

/// From which severity on findings make a run fail with exit code 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    /// Whether a finding of this severity is bad enough.
    pub fn is_reached_by(self, severity: Severity) -> bool {
        let least = match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
            Self::Never => return false,
        };
        severity >= least
    }
}
