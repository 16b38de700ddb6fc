//! What an audit tells, whatever the format: the verdicts chosen, and what became of them.

use std::cmp::Reverse;

use super::{Costs, Material, money};
use crate::{
    diff::{Change, Diff, FindingChange},
    mute::Muted,
    price::Usd,
    rule::{Judged, Status, Verdict},
};

pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;

/// Chosen verdicts of one rack, and an earlier state of it where there is one to compare with.
pub struct Audit<'a> {
    pub material: &'a Material<'a>,
    pub since: Option<&'a Diff>,
    choice: Choice,
    /// What is news first, then fails, then unknowns, each from the worst down; what is muted last.
    pub verdicts: Vec<&'a Verdict>,
}

/// Which verdicts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Fails and unknowns, with those that are muted.
    Open,
    /// Those that are new, worse or out of sight since the state compared with.
    News,
    Every,
}

impl<'a> Audit<'a> {
    /// Without a state to compare with everything open is news.
    pub fn choose(material: &'a Material<'a>, since: Option<&'a Diff>, choice: Choice) -> Self {
        let mut audit = Self {
            material,
            since,
            choice,
            verdicts: Vec::new(),
        };
        let every = material.judged.iter().flat_map(|it| &it.verdicts);
        let mut verdicts: Vec<&Verdict> = every
            .filter(|it| match choice {
                Choice::Open => it.status.is_open(),
                Choice::News => it.is_open() && audit.is_news(it),
                Choice::Every => true,
            })
            .collect();
        verdicts.sort_by_cached_key(|it| {
            let worst_first = (it.status, Reverse(it.severity), it.rule);
            let new_first = !(since.is_some() && audit.is_news(it));
            (
                it.muted.is_some(),
                new_first,
                worst_first,
                it.subject.clone(),
                it.detail.clone(),
            )
        });
        audit.verdicts = verdicts;
        audit
    }

    /// What became of what a verdict says; `None` without a state to compare with.
    pub fn change(&self, verdict: &Verdict) -> Option<&'a FindingChange> {
        let since = self.since.filter(|_| verdict.status.is_open());
        let change = since.and_then(|it| it.of(&verdict.fingerprint()));
        change.filter(|it| it.is_of(verdict))
    }

    fn is_news(&self, verdict: &Verdict) -> bool {
        match self.since {
            Some(_) => self.change(verdict).is_some_and(FindingChange::is_news),
            None => true,
        }
    }

    /// What was found before and is no more: fixed, or out of sight together with its resource. What
    /// is fixed is told of, but is no news that asks for anything.
    pub fn gone(&self) -> impl Iterator<Item = &'a FindingChange> {
        let all = self.since.into_iter().flat_map(|it| &it.findings);
        all.filter(|it| {
            let silent = it.now.is_none_or(|now| !now.0.is_open());
            let told = self.choice != Choice::News || it.change != Change::Fixed;
            matches!(it.change, Change::Fixed | Change::Lost) && silent && told
        })
    }

    /// What the subject of a failure about cost costs a month, known and at least.
    pub fn monthly(&self, costs: &Costs<'_>, verdict: &Verdict) -> Option<Usd> {
        let category = self.judged(verdict.rule)?.words.category;
        money::saved(costs, category, verdict)
    }

    /// Whether something cannot be judged that someone has to look at: a call was refused, or a
    /// rule of the user's cannot answer.
    pub fn is_unsure(&self) -> bool {
        let own = |rule| self.judged(rule).is_some_and(|it| it.rule.file.is_some());
        let mut open = self.verdicts.iter().filter(|it| it.is_open());
        self.gone().any(|it| it.gap.is_some())
            || open.any(|it| it.gap.is_some() || (it.status == Status::Unknown && own(it.rule)))
    }

    /// The words of a verdict's rule.
    fn judged(&self, rule: &str) -> Option<&'a Judged> {
        self.material.judged.iter().find(|it| it.rule.id == rule)
    }

    fn title(&self, rule: &str) -> &'a str {
        self.judged(rule).map_or("", |it| &it.words.title)
    }
}

/// "critical", "unknown", "muted".
pub fn word(verdict: &Verdict) -> &'static str {
    match &verdict.muted {
        Some(_) => "muted",
        None => verdict.status.word(verdict.severity),
    }
}

/// The sentence of a verdict with what it lacks, or with who has accepted it.
pub fn told(verdict: &Verdict) -> String {
    match &verdict.muted {
        Some(it) => {
            let word = verdict.status.word(verdict.severity);
            format!("{}; {word}, {}", verdict.why, accepted(it))
        }
        None => why(verdict),
    }
}

/// "muted until 2027-01-31 by jane: the bastion goes in May".
pub fn accepted(it: &Muted) -> String {
    format!("muted until {} by {}: {}", it.until, it.owner, it.reason)
}

/// The sentence of a verdict, with the call and the action that it lacks.
pub fn why(verdict: &Verdict) -> String {
    match &verdict.gap {
        Some(gap) => format!("{} ({} needs {})", verdict.why, gap.call, gap.action),
        None => verdict.why.clone(),
    }
}
