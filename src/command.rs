//! The verbs, one file each, and what they share.

use crate::{
    belonging,
    cli::Input,
    failure::{Exit, Failure},
    file,
    graph::Graph,
    mute::{self, Notice},
    rack,
    report::Material,
    rule::{Case, Run},
    snapshot::{Gaps, Snapshot},
    text, ui,
};
use definition::Fetched;
use ruleset::RuleSet;

pub mod audit;
pub mod completions;
pub mod cost;
pub mod definition;
pub mod demo;
pub mod diagram;
pub mod diff;
pub mod list;
#[cfg(feature = "aws")]
pub mod live;
#[cfg(feature = "aws")]
pub mod money;
#[cfg(feature = "aws")]
pub mod policy;
pub mod prices;
pub mod pricing;
pub mod racks;
mod reference;
pub mod report;
pub mod rules;
pub mod ruleset;
pub mod show;
pub mod since;
#[cfg(feature = "aws")]
pub mod snapshot;
pub mod teardown;
pub mod trace;

/// The snapshot that the command line asks for, from a file or from AWS.
fn load(input: &Input) -> Result<Snapshot, Failure> {
    load_for(input, false)
}

/// The same, read from AWS with what only a teardown needs.
fn load_for(input: &Input, teardown: bool) -> Result<Snapshot, Failure> {
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
    read(input, teardown)
}

#[cfg(feature = "aws")]
fn read(input: &Input, for_teardown: bool) -> Result<Snapshot, Failure> {
    match &input.source.rack {
        Some(name) => live::snapshot(&input.access, name, &input.said, for_teardown),
        None => Err(nothing()),
    }
}

#[cfg(not(feature = "aws"))]
fn read(_: &Input, _: bool) -> Result<Snapshot, Failure> {
    Err(nothing())
}

fn nothing() -> Failure {
    Failure::new(Exit::Usage, "nothing to look at").hint("give --from FILE")
}

/// Builds the graph, decides belonging, and hands it to `then` without asking any rule.
fn seen<T>(
    snapshot: &Snapshot,
    then: impl FnOnce(&Material<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    look(snapshot, |case| {
        tell_unseen(case);
        then(&Material {
            snapshot,
            case: *case,
            judged: &[],
            notices: &[],
        })
    })
}

/// The same with the verdicts of these rules.
fn judge_by<T>(
    snapshot: &Snapshot,
    rules: &RuleSet,
    then: impl FnOnce(&Material<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    judge_quietly(snapshot, rules, |material| {
        tell_unseen(&material.case);
        then(material)
    })
}

fn tell_unseen(case: &Case<'_>) {
    for id in &case.rack.unseen {
        let line = format!("{id}, which the definition of the rack names, was not seen");
        ui::note(&text::harmless(&line));
    }
}

/// The same for what is only compared with: what it lacks is said of the other.
fn judge_quietly<T>(
    snapshot: &Snapshot,
    rules: &RuleSet,
    then: impl FnOnce(&Material<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    look(snapshot, |case| {
        let mut judged = rules.judged(case);
        let here = (&*case.rack.name, snapshot.taken);
        let mut notices = mute::apply(&mut judged, &rules.mutes, &rules.file, here);
        notices.extend(rules.pack.notices());
        then(&Material {
            snapshot,
            case: *case,
            judged: &judged,
            notices: &notices,
        })
    })
}

/// Builds the graph, decides belonging, and hands it to `then`.
fn look<T>(
    snapshot: &Snapshot,
    then: impl FnOnce(&Case<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let graph = Graph::build(&snapshot.resources);
    let definition = snapshot.definition.as_ref();
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, definition)?;
    let belongings = belonging::decide(&graph, &rack);
    let gaps = Gaps::of(&snapshot.gaps);
    then(&Case {
        graph: &graph,
        rack: &rack,
        belongings: &belongings,
        gaps: &gaps,
        taken: snapshot.taken,
        account: snapshot.money.free_tier.as_ref(),
        run: &Run {
            unheard: &snapshot.money.unheard,
            used: snapshot.money.used.as_ref(),
            spent: snapshot.money.spent.as_ref(),
            ..Run::default()
        },
    })
}

/// Says what is to be said about mutes and rules, beside the result.
fn tell(notices: &[Notice]) {
    for it in notices {
        let line = format!("{} ({})", it.message, it.place);
        ui::note(&text::harmless(&line));
    }
}
