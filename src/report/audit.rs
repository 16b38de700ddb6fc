//! What an audit tells, whatever the format: the verdicts chosen, and what became of them.

use std::cmp::Reverse;

use super::{Costs, Material, money};
use crate::{
    diff::{Change, Diff, FindingChange},
    price::Usd,
    rule::{Judged, Verdict},
};

pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;

/// Chosen verdicts of one rack, and an earlier state of it where there is one to compare with.
pub struct Audit<'a> {
    pub material: &'a Material<'a>,
    pub since: Option<&'a Diff>,
    /// What is news first, then fails, then unknowns, each from the worst down.
    pub verdicts: Vec<&'a Verdict>,
}

/// Which verdicts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Fails and unknowns.
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
            verdicts: Vec::new(),
        };
        let every = material.judged.iter().flat_map(|it| &it.verdicts);
        let mut verdicts: Vec<&Verdict> = every
            .filter(|it| match choice {
                Choice::Open => it.status.is_open(),
                Choice::News => it.status.is_open() && audit.is_news(it),
                Choice::Every => true,
            })
            .collect();
        verdicts.sort_by_cached_key(|it| {
            let worst_first = (it.status, Reverse(it.severity), it.rule);
            let new_first = !(since.is_some() && audit.is_news(it));
            (
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
        since.and_then(|it| it.of(&verdict.fingerprint()))
    }

    fn is_news(&self, verdict: &Verdict) -> bool {
        match self.since {
            Some(_) => self.change(verdict).is_some_and(FindingChange::is_news),
            None => true,
        }
    }

    /// What was found before and is no more: fixed, or out of sight together with its resource.
    pub fn gone(&self) -> impl Iterator<Item = &'a FindingChange> {
        let all = self.since.into_iter().flat_map(|it| &it.findings);
        all.filter(|it| {
            let silent = it.now.is_none_or(|now| !now.0.is_open());
            matches!(it.change, Change::Fixed | Change::Lost) && silent
        })
    }

    /// What the subject of a failure about cost costs a month, known and at least.
    pub fn monthly(&self, costs: &Costs<'_>, verdict: &Verdict) -> Option<Usd> {
        let category = self.judged(verdict.rule)?.words.category;
        money::saved(costs, category, verdict)
    }

    /// The words of a verdict's rule.
    fn judged(&self, rule: &str) -> Option<&'a Judged> {
        self.material.judged.iter().find(|it| it.rule.id == rule)
    }

    fn title(&self, rule: &str) -> &'a str {
        self.judged(rule).map_or("", |it| &it.words.title)
    }
}

/// The sentence of a verdict, with the call and the action that it lacks.
pub fn why(verdict: &Verdict) -> String {
    match &verdict.gap {
        Some(gap) => format!("{} ({} needs {})", verdict.why, gap.call, gap.action),
        None => verdict.why.clone(),
    }
}
