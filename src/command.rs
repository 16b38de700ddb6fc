//! The verbs, one file each, and what they share.

use crate::{
    belonging,
    cli::Input,
    failure::{Exit, Failure},
    file,
    graph::Graph,
    rack,
    report::Material,
    rule::{self, Case, Judged},
    snapshot::Snapshot,
    text, ui,
};
use definition::Fetched;

pub mod audit;
pub mod completions;
pub mod cost;
pub mod definition;
pub mod demo;
pub mod diagram;
pub mod list;
#[cfg(feature = "aws")]
pub mod live;
#[cfg(feature = "aws")]
pub mod policy;
pub mod racks;
mod reference;
pub mod report;
pub mod show;
#[cfg(feature = "aws")]
pub mod snapshot;
pub mod teardown;
pub mod trace;

/// The snapshot that the command line asks for, from a file or from AWS.
fn load(input: &Input) -> Result<Snapshot, Failure> {
    if let Some(path) = &input.source.from {
        let mut snapshot = file::read_snapshot(path)?;
        // What is said now counts more than what was said when it was taken.
        if let Some(outline) = input.said.of(&snapshot.rack)? {
            let none = Fetched::new();
            let definition = outline.complete(&snapshot.account, &snapshot.region, &none)?;
            snapshot.definition = Some(definition);
        }
        return Ok(snapshot);
    }
    #[cfg(feature = "aws")]
    if let Some(name) = &input.source.rack {
        return live::snapshot(&input.access, name, &input.said);
    }
    Err(Failure::new(Exit::Usage, "nothing to look at").hint("give --from FILE"))
}

/// Builds the graph, decides belonging, runs the rules, and hands it all to `then`.
fn judge<T>(
    snapshot: &Snapshot,
    then: impl FnOnce(&Material<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let graph = Graph::build(&snapshot.resources);
    let definition = snapshot.definition.as_ref();
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, definition)?;
    for id in &rack.unseen {
        let line = format!("{id}, which the definition of the rack names, was not seen");
        ui::note(&text::harmless(&line));
    }
    let belongings = belonging::decide(&graph, &rack);
    let case = Case {
        graph: &graph,
        rack: &rack,
        belongings: &belongings,
        gaps: &snapshot.gaps,
        taken: snapshot.taken,
    };
    let judged: Vec<Judged> =
        rule::audit(&case).map_err(|it| Failure::new(Exit::Failed, it.to_string()))?;
    then(&Material {
        snapshot,
        case,
        judged: &judged,
    })
}
