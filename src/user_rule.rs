//! Rules that users write: one file of YAML each, with a condition that is true of what is fine.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use crate::{
    belonging,
    graph::Graph,
    id::ResourceId,
    kind::Kind,
    rack::{Maker, Rack},
    rule::{Case, Evidence, Example, Run, Status, Verdict, Words},
    snapshot::{Gap, Gaps, Resource},
    table::column,
};
use facts::Wanted;
use language::{Condition, Facts, Unsure};
use sentence::Sentence;

pub mod about;
pub mod cel;
pub mod check;
pub mod facts;
pub mod file;
pub mod language;
pub mod schema;
pub mod sentence;
pub mod shape;

pub use file::{BadRule, read};

/// Values that a rule may go through in one run, all resources together.
const BUDGET: u64 = 50_000_000;

/// A rule from a file of the user's.
#[derive(Debug)]
pub struct UserRule {
    /// Kebab-case, and no other rule's.
    pub id: &'static str,
    /// As it was named to us.
    pub file: String,
    /// Where its id stands, from 1.
    pub line: usize,
    /// What it is about.
    pub kind: Kind,
    /// With the defaults of its parameters.
    pub words: Words,
    /// The conditions as they are written.
    pub when: Option<String>,
    pub pass: String,
    about: Option<Box<dyn Condition>>,
    fine: Box<dyn Condition>,
    why: Sentence,
    wanted: Wanted,
    /// What is shown as evidence: the fields that `pass` looks at.
    shown: Vec<(&'static str, Vec<String>)>,
    examples: Vec<Shown>,
}

/// An example of a user's rule.
#[derive(Clone, Debug)]
pub struct Shown {
    pub example: Example,
    /// Line of the file, from 1.
    pub line: usize,
    /// When it is as the example says; ages are counted from here.
    taken: Timestamp,
    /// Resources that are not the rack's.
    foreign: BTreeSet<ResourceId>,
}

/// An example of which a rule says something else than it should.
#[derive(Clone, Debug)]
pub struct Broken {
    pub line: usize,
    pub name: String,
    pub meant: Status,
    /// Nothing where the rule says nothing about the example's subject.
    pub said: Option<(Status, String)>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the example `{}` is meant to be {}, ",
            self.name, self.meant
        )?;
        match &self.said {
            Some((status, why)) => write!(f, "and is {status}: {why}"),
            None => f.write_str("and the rule says nothing about its subject"),
        }
    }
}

impl UserRule {
    /// Judges every resource of its kind that the rack has, shared ones included.
    pub fn judge(&self, case: &Case<'_>, words: &Words) -> Vec<Verdict> {
        let ours = |it: &&Resource| !case.belongings.of(&it.id).is_foreign();
        let gap = case.gap_among(&self.wanted.neighbours());
        let mut budget = BUDGET;
        let resources = case.graph.of_kind(self.kind).filter(ours);
        resources
            .map(|it| self.verdict(case, words, it, gap, &mut budget))
            .collect()
    }

    fn verdict(
        &self,
        case: &Case<'_>,
        words: &Words,
        resource: &Resource,
        gap: Option<&Gap>,
        budget: &mut u64,
    ) -> Verdict {
        let facts = facts::facts(case, resource, &self.wanted, &words.parameters);
        let said = self.ask(&facts, case.taken, budget);
        let id = &resource.id;
        let verdict = |status, why: String| Verdict::of(self.id, words, id, status, why);
        let verdict = match (said, gap) {
            (Err(why @ Unsure::Unread(_)), _) => {
                let tags = self.wanted.tags() && column::tags_unread(case, resource);
                let gap = if tags {
                    case.gap_of_call(id, "Tag")
                } else {
                    case.gap_about(id)
                };
                verdict(Status::Unknown, why.to_string()).gap(gap)
            }
            (Err(why), _) => verdict(Status::Unknown, why.to_string()),
            (Ok(Status::NotApplicable), None) => {
                let why = "it is none of those that the rule is about".to_owned();
                return verdict(Status::NotApplicable, why);
            }
            (Ok(_), Some(gap)) => {
                let why = format!(
                    "{} was {}, and the rule asks about neighbours of that kind",
                    gap.call,
                    gap.reason.name()
                );
                verdict(Status::Unknown, why).gap(Some(gap))
            }
            (Ok(status @ Status::Fail), None) => verdict(status, self.why.write(&facts)),
            (Ok(status @ (Status::Pass | Status::Unknown)), None) => {
                verdict(status, "its condition holds".to_owned())
            }
        };
        let evidence = self.shown.iter().map(|(path, steps)| {
            let value = sentence::said(sentence::at(&facts, steps));
            Evidence::new(id, path, value)
        });
        verdict.evidence(evidence)
    }

    fn ask(&self, facts: &Facts, now: Timestamp, budget: &mut u64) -> Result<Status, Unsure> {
        if let Some(about) = &self.about
            && !about.holds(facts, now, budget)?
        {
            return Ok(Status::NotApplicable);
        }
        let fine = self.fine.holds(facts, now, budget)?;
        Ok(if fine { Status::Pass } else { Status::Fail })
    }

    /// The kinds without which it cannot answer: its own.
    pub fn needs(&self) -> [Kind; 1] {
        [self.kind]
    }

    /// Runs its examples with the defaults of its parameters.
    pub fn test(&self) -> Vec<Broken> {
        let examples = self.examples.iter();
        examples.filter_map(|it| self.test_one(it)).collect()
    }

    fn test_one(&self, shown: &Shown) -> Option<Broken> {
        let example = &shown.example;
        let graph = Graph::build(&example.resources);
        let ours = example.resources.iter().map(|it| &it.id);
        let ours = ours.filter(|it| !shown.foreign.contains(it));
        let rack = Rack {
            name: "example".to_owned(),
            made_by: Maker::Unknown,
            roots: ours.map(|it| (it.clone(), String::new())).collect(),
            keep: BTreeSet::new(),
            unseen: Vec::new(),
        };
        let gaps = Gaps::default();
        let case = Case {
            graph: &graph,
            rack: &rack,
            belongings: &belonging::decide(&graph, &rack),
            gaps: &gaps,
            taken: shown.taken,
            account: None,
            run: &Run::default(),
        };
        let verdicts = self.judge(&case, &self.words);
        let said = verdicts
            .into_iter()
            .find(|it| it.subject == example.subject);
        let said = said.map(|it| (it.status, it.why));
        let right = said.as_ref().is_some_and(|it| it.0 == example.verdict);
        (!right).then(|| Broken {
            line: shown.line,
            name: example.name.clone(),
            meant: example.verdict,
            said,
        })
    }
}

/// A text that lives as long as the program: rules are read once, and verdicts name them.
fn for_good(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

#[cfg(test)]
mod tests;
