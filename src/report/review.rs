//! What somebody has to read and sign before a rack is taken down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Material;
use crate::{
    id::ResourceId,
    removal::Data,
    rule::{Severity, Status},
    teardown::{
        Plan, Step, Why,
        kept::{self, Kept},
        size, sums,
        tell::{self, Piece},
    },
    text,
};

pub mod answer;

use answer::Answer;

/// A plan, and what else the one who signs it wants to know.
pub struct Review<'a> {
    pub plan: &'a Plan,
    /// "Convox", "CloudFormation", "no stack".
    pub made_by: &'static str,
    /// "racklens 0.1.0".
    pub tool: String,
    /// What the rules about teardowns found, the worst first.
    pub checks: Vec<Check>,
    /// Data of the rack by class, whether it is lost or stays.
    pub risks: Vec<Risk>,
    /// Who else uses what the rack uses, in id order.
    pub touched: Vec<Touched>,
}

/// Something that is not the rack's and shares with it.
pub struct Touched {
    pub who: ResourceId,
    pub name: Option<String>,
    /// What it uses that the rack uses, too.
    pub uses: Vec<ResourceId>,
}

/// What a rule says about taking the rack down.
pub struct Check {
    pub rule: &'static str,
    pub severity: Severity,
    pub status: Status,
    pub resource: ResourceId,
    pub why: String,
    /// What the plan says to it.
    pub answer: Answer,
}

impl Check {
    /// Whether it is bad enough to stop everybody, and nothing in the plan answers it.
    pub fn is_open(&self) -> bool {
        self.answer == Answer::Open && self.severity >= Severity::High
    }
}

/// Data, and what becomes of it.
pub struct Risk {
    pub data: Data,
    pub resource: ResourceId,
    pub name: Option<String>,
    pub fate: Fate,
    /// How much of it there is: "3 objects, 1.2 MB"; empty where that was not read.
    pub size: String,
    /// When something was written last, where AWS tells.
    pub last_write: Option<Timestamp>,
    /// What AWS keeps of it by itself: a sentence without its full stop.
    pub backup: String,
    /// US dollars that it goes on to cost, where it stays.
    pub month: Option<Decimal>,
}

/// What becomes of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Lost,
    /// Lost where it is, and copied before.
    Copied,
    Stays,
}

impl Fate {
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "is lost",
            Self::Copied => "is copied, then lost",
            Self::Stays => "stays",
        }
    }

    /// The colour that a page gives it.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Lost => "critical",
            Self::Copied => "medium",
            Self::Stays => "good",
        }
    }
}

/// Makes the review of a plan.
pub fn make<'a>(material: &Material<'_>, plan: &'a Plan) -> Review<'a> {
    Review {
        plan,
        made_by: material.case.rack.made_by.name(),
        tool: format!("racklens {}", plan.racklens),
        checks: checks(material, plan),
        risks: risks(material, plan),
        touched: touched(material, plan),
    }
}

fn checks(material: &Material<'_>, plan: &Plan) -> Vec<Check> {
    let about = material
        .judged
        .iter()
        .filter(|it| it.words.teardown.is_some());
    let open = about
        .flat_map(|it| &it.verdicts)
        .filter(|it| it.status.is_open());
    let mut checks: Vec<Check> = open
        .map(|it| Check {
            rule: it.rule,
            severity: it.severity,
            status: it.status,
            resource: it.subject.clone(),
            why: it.why.clone(),
            answer: answer::answer(plan, it),
        })
        .collect();
    // What nothing answers comes first.
    checks.sort_by(|a, b| {
        let key = |it: &Check| {
            let rank = match it.answer {
                Answer::Open => 0,
                Answer::Blocks => 1,
                Answer::Unknown => 2,
                Answer::Agreed(_) => 3,
                Answer::Step(_) | Answer::Copied(_) | Answer::Stays | Answer::Left => 4,
            };
            (rank, it.status, std::cmp::Reverse(it.severity), it.rule)
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| a.resource.cmp(&b.resource))
    });
    checks
}

fn risks(material: &Material<'_>, plan: &Plan) -> Vec<Risk> {
    let graph = material.case.graph;
    let kept = Kept::of(graph, plan.taken);
    let risk = |data, id: &ResourceId, fate, month| {
        let resource = graph.get(id);
        Risk {
            data,
            resource: id.clone(),
            name: resource.and_then(|it| it.name.clone()),
            fate,
            size: resource.map(size::size).unwrap_or_default(),
            last_write: resource.and_then(kept::last_write),
            backup: resource.map(|it| kept.backup(it)).unwrap_or_default(),
            month,
        }
    };
    let lost = plan.losses.iter().map(|it| {
        let fate = if it.copied { Fate::Copied } else { Fate::Lost };
        risk(it.data, &it.resource, fate, None)
    });
    let stays = plan.stays.iter().filter_map(|it| {
        let data = match &it.why {
            Why::NoConsent { data } => *data,
            Why::Retained { .. }
            | Why::Kept { .. }
            | Why::Protected { .. }
            | Why::Inferred { .. }
            | Why::GoesWith { .. } => it.data?,
            Why::Shared { .. }
            | Why::Foreign { .. }
            | Why::Unread { .. }
            | Why::NeverDeletable { .. }
            | Why::Going { .. } => return None,
        };
        Some(risk(data, &it.resource, Fate::Stays, it.month))
    });
    let mut risks: Vec<Risk> = lost.chain(stays).collect();
    risks.sort_by(|a, b| (a.data, &a.resource).cmp(&(b.data, &b.resource)));
    risks
}

fn touched(material: &Material<'_>, plan: &Plan) -> Vec<Touched> {
    let mut touched: BTreeMap<&ResourceId, Vec<ResourceId>> = BTreeMap::new();
    for stay in &plan.stays {
        if let Why::Shared { others } = &stay.why {
            for other in others {
                let uses = touched.entry(other).or_default();
                uses.push(stay.resource.clone());
            }
        }
    }
    let touched = touched.into_iter().map(|(who, uses)| Touched {
        who: who.clone(),
        name: material.case.graph.get(who).and_then(|it| it.name.clone()),
        uses,
    });
    touched.collect()
}

impl Review<'_> {
    /// Whether nothing stands in the way, and no rule found what nothing in the plan answers.
    pub fn is_safe(&self) -> bool {
        self.plan.may_run() && self.open() == 0
    }

    fn open(&self) -> usize {
        self.checks.iter().filter(|it| it.is_open()).count()
    }

    pub fn verdict(&self) -> &'static str {
        if self.is_safe() { "SAFE" } else { "NOT SAFE" }
    }

    /// What is said beside the verdict, one sentence or more each.
    pub fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        let blockers = self.plan.blockers.len();
        if blockers > 0 {
            said.push(format!(
                "{} in the way. Nothing of it may be run.",
                match blockers {
                    1 => "One thing stands".to_owned(),
                    it => format!("{it} things stand"),
                }
            ));
        }
        let open = self.open();
        if open > 0 {
            said.push(format!(
                "{} found that nothing in the plan answers: see what the rules say.",
                match open {
                    1 => "One thing was".to_owned(),
                    it => format!("{it} things were"),
                }
            ));
        }
        if self.is_safe() && self.plan.steps.is_empty() {
            said.push("Nothing goes: see below for what stays, and why.".to_owned());
        } else if self.is_safe() {
            said.push(
                "Safe for others: nothing that they use goes, as far as was seen.".to_owned(),
            );
        }
        if !self.plan.steps.is_empty() {
            said.push(sums::price(self.plan));
        }
        let unknown: Vec<String> = self
            .checks
            .iter()
            .filter(|it| it.answer == Answer::Unknown)
            .map(|it| format!("{} of {}", it.rule, it.resource))
            .collect();
        if !unknown.is_empty() {
            said.push(format!(
                "{} could not be judged: {}.",
                text::count(unknown.len(), "check"),
                unknown.join(", ")
            ));
        }
        said
    }

    /// What was agreed to: options of the command line with their values, or a clause each, of
    /// which the first part is empty.
    pub fn agreed(&self) -> Vec<(String, String)> {
        let said = sums::consents(self.plan).into_iter();
        let parts = said.map(|it| match it.split_once(' ') {
            Some((option, value)) if option.starts_with("--") => {
                (option.to_owned(), format!(" {value}"))
            }
            _ if it.starts_with("--") => (it, String::new()),
            _ => (String::new(), it),
        });
        parts.collect()
    }

    /// What would have to be said for more of it to go; empty where nothing would.
    pub fn more(&self) -> Vec<String> {
        tell::options(self.plan)
    }

    pub fn waves(&self) -> Vec<Vec<&Step>> {
        tell::waves(&self.plan.steps)
    }

    /// How long it takes: "about 25 minutes".
    pub fn takes(&self) -> String {
        tell::duration(tell::takes(&self.plan.steps))
    }

    /// The same for a page of Markdown: the plan, and around it what the signer wants to know.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = tell::plan(self.plan);
        if let Some(Piece::Title(title)) = pieces.first_mut() {
            *title = format!("Before {} is taken down", self.plan.rack);
        }
        // The plan alone does not know what the rules found.
        if let Some(Piece::Line(verdict)) = pieces.get_mut(2) {
            *verdict = format!("{}. {}", self.verdict(), self.sentences().join(" "));
        }
        let item = |text: String| Piece::Item {
            mark: "-".to_owned(),
            text,
            more: Vec::new(),
        };
        pieces.push(Piece::Heading("Data at risk".to_owned()));
        if self.risks.is_empty() {
            pieces.push(Piece::Line("None was seen.".to_owned()));
        }
        pieces.extend(self.risks.iter().map(|it| {
            let written = match it.last_write {
                Some(last) => format!("; last written {}", super::csv::stamp(last)),
                None => "; when it was written last is not known".to_owned(),
            };
            let size = Some(&it.size).filter(|it| !it.is_empty());
            let size = size.map(|it| format!(" ({it})")).unwrap_or_default();
            item(format!(
                "{}: {}{size} {}{written}; backup: {}",
                it.data.name(),
                tell::label(&it.resource, it.name.as_deref()),
                it.fate.name(),
                it.backup
            ))
        }));
        let whole = self.plan.steps.iter().filter(|it| !it.covers.is_empty());
        let whole: Vec<&Step> = whole.collect();
        if !whole.is_empty() {
            pieces.push(Piece::Heading("What goes along with a step".to_owned()));
            pieces.extend(whole.into_iter().map(|step| {
                let covers: Vec<String> = step.covers.iter().map(ToString::to_string).collect();
                item(format!(
                    "{} with step {}: {}",
                    step.resource,
                    step.number,
                    covers.join(", ")
                ))
            }));
        }
        if !self.touched.is_empty() {
            pieces.push(Piece::Heading("Who else is touched".to_owned()));
            pieces.extend(self.touched.iter().map(|it| {
                let who = tell::label(&it.who, it.name.as_deref());
                let uses: Vec<String> = it.uses.iter().map(ToString::to_string).collect();
                item(format!("{who} uses {}", uses.join(", ")))
            }));
        }
        if !self.checks.is_empty() {
            pieces.push(Piece::Heading("What the rules say".to_owned()));
            pieces.extend(self.checks.iter().map(|it| {
                let word = it.status.word(it.severity);
                let answer = it.answer.words();
                item(format!(
                    "{word} {} of {}: {} ({answer})",
                    it.rule, it.resource, it.why
                ))
            }));
        }
        pieces.push(Piece::Heading("Approval".to_owned()));
        pieces.push(Piece::Line(format!(
            "I have read this and approve exactly the plan with the digest {}",
            self.plan.digest
        )));
        for field in ["Name", "Date", "Signature"] {
            pieces.push(item(format!("{field}: ______________________")));
        }
        pieces
    }
}
