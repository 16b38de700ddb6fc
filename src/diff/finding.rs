//! What became of each finding.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::tz::TimeZone;

use super::resource;
use crate::{
    id::ResourceId,
    report::Material,
    rule::{Judged, Severity, Status, Verdict, revision},
    snapshot::Gap,
};

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It fails now and did not before, or cannot be judged and was not there before.
    New,
    /// It is worse or less bad than it was, or can be judged again.
    Changed,
    /// It was judged before and cannot be now: neither fixed nor still there.
    Lost,
    /// It failed before, and what was read shows that it does no more.
    Fixed,
    /// As it was.
    Still,
    /// Someone has accepted it, whatever it was before.
    Muted,
}

impl Change {
    pub const ALL: [Self; 6] = [
        Self::New,
        Self::Changed,
        Self::Lost,
        Self::Fixed,
        Self::Still,
        Self::Muted,
    ];

    /// The word in machine formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Lost => "lost",
            Self::Fixed => "fixed",
            Self::Still => "still",
            Self::Muted => "muted",
        }
    }

    /// The words for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Lost => "no longer evaluable",
            Self::Fixed => "fixed",
            Self::Still => "still there",
            Self::Muted => "muted",
        }
    }
}

/// One finding then and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingChange {
    pub change: Change,
    pub fingerprint: String,
    pub rule: &'static str,
    pub title: String,
    /// What it is about, as last seen.
    pub subject: ResourceId,
    /// `None` where the rule said nothing of it.
    pub before: Option<(Status, Severity)>,
    pub now: Option<(Status, Severity)>,
    /// A sentence without its full stop: what the rule says now, or why it says nothing more.
    pub why: String,
    /// What hides it now.
    pub gap: Option<Gap>,
}

impl FindingChange {
    /// Whether it is about this verdict of the present, of which there may be several of one cause:
    /// one that is accepted and one that is not.
    pub fn is_of(&self, verdict: &Verdict) -> bool {
        verdict.muted.is_some() == (self.change == Change::Muted)
    }

    /// How bad it is now, or was when it was there.
    pub fn severity(&self) -> Severity {
        let told = self.now.filter(|it| it.0.is_open()).or(self.before);
        told.or(self.now).map_or(Severity::Info, |it| it.1)
    }

    /// "critical", "unknown", "pass"; empty where nothing was said.
    pub fn word(told: Option<(Status, Severity)>) -> &'static str {
        told.map_or("", |(status, severity)| status.word(severity))
    }

    /// Whether someone who has read the last report must look at it: it is new, worse, or out of
    /// sight.
    pub fn is_news(&self) -> bool {
        match self.change {
            Change::New | Change::Lost => true,
            Change::Changed => match (self.before, self.now) {
                (Some((Status::Fail, before)), Some((Status::Fail, now))) => now > before,
                _ => false,
            },
            Change::Fixed | Change::Still | Change::Muted => false,
        }
    }
}

/// All that was said of one cause, the worst of it first.
type Causes<'a> = BTreeMap<String, &'a Verdict>;

fn causes(judged: &[Judged]) -> Causes<'_> {
    let mut causes = Causes::new();
    for verdict in judged.iter().flat_map(|it| &it.verdicts) {
        causes
            .entry(verdict.fingerprint())
            .and_modify(|kept| {
                if weight(verdict) < weight(kept) {
                    *kept = verdict;
                }
            })
            .or_insert(verdict);
    }
    causes
}

/// What is told first of one cause: the worst, and of that what is about the newest revision,
/// where the tenth comes after the ninth. What someone has accepted hides nothing that is open.
fn weight(it: &Verdict) -> (u8, Status, Reverse<Severity>, Reverse<(usize, &str)>) {
    let key = &it.subject.key;
    let rank = match (it.is_open(), &it.muted) {
        (true, _) => 0,
        (false, Some(_)) => 1,
        (false, None) => 2,
    };
    let newest = Reverse((key.len(), &**key));
    (rank, it.status, Reverse(it.severity), newest)
}

pub(super) fn changes(old: &Material<'_>, new: &Material<'_>) -> Vec<FindingChange> {
    let (before, now) = (causes(old.judged), causes(new.judged));
    let seen = now.iter().filter_map(|(fingerprint, verdict)| {
        let before = before.get(fingerprint).copied();
        let was_there = old.case.graph.get(&verdict.subject).is_some();
        let change = fate(before, verdict, was_there)?;
        Some(FindingChange {
            before: before.map(judged),
            now: Some(judged(verdict)),
            why: verdict.why.clone(),
            gap: verdict.gap.as_deref().cloned(),
            ..about(verdict, change, fingerprint, new)
        })
    });
    let gone = before.iter().filter(|(it, _)| !now.contains_key(*it));
    let gone = gone.filter(|(_, it)| it.status == Status::Fail);
    let unknown = unknown(new.judged);
    let gone = gone.map(|(fingerprint, verdict)| {
        let hidden = hidden(verdict, &unknown, new);
        let (change, why) = match hidden {
            Some(_) if still_muted(verdict, new) => (Change::Muted, "what would tell was not read"),
            Some(_) => (Change::Lost, "what would tell was not read"),
            None if new.case.graph.get(&verdict.subject).is_none() => (Change::Fixed, "it is gone"),
            None => (Change::Fixed, "the rule finds nothing of the kind any more"),
        };
        FindingChange {
            before: Some(judged(verdict)),
            why: why.to_owned(),
            gap: hidden.cloned(),
            ..about(verdict, change, fingerprint, new)
        }
    });
    let mut changes: Vec<FindingChange> = seen.chain(gone).collect();
    changes.sort_by(|a, b| {
        let key = |it: &FindingChange| {
            let status = it.now.or(it.before).map(|it| it.0);
            (it.change, status, Reverse(it.severity()), it.rule)
        };
        let rest = |it: &FindingChange| (it.subject.clone(), it.fingerprint.clone());
        key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
    });
    changes
}

/// Whether what was accepted when it was seen is accepted now, too.
fn still_muted(before: &Verdict, new: &Material<'_>) -> bool {
    let today = new.snapshot.taken.to_zoned(TimeZone::UTC).date();
    before.muted.as_ref().is_some_and(|it| it.until >= today)
}

/// What became of what the rule speaks of now; `None` where nobody needs to be told.
///
/// A rule that had nothing unknown to say of what was there, and has now, has lost sight of it.
/// What was accepted and is no more is as good as new: nobody was asked to look at it.
fn fate(before: Option<&Verdict>, now: &Verdict, was_there: bool) -> Option<Change> {
    if now.muted.is_some() {
        return Some(Change::Muted);
    }
    let back = before.is_some_and(|it| it.muted.is_some()) && now.status.is_open();
    if back {
        return Some(Change::New);
    }
    let was = before.map(|it| it.status);
    let same = before.is_some_and(|it| it.severity == now.severity);
    match (was, now.status) {
        (Some(Status::Fail), Status::Fail) if same => Some(Change::Still),
        (Some(Status::Fail), Status::Fail) => Some(Change::Changed),
        (_, Status::Fail) => Some(Change::New),
        (Some(Status::Unknown), Status::Unknown) => Some(Change::Still),
        (None, Status::Unknown) if !was_there => Some(Change::New),
        (_, Status::Unknown) => Some(Change::Lost),
        (Some(Status::Fail), Status::Pass | Status::NotApplicable) => Some(Change::Fixed),
        (Some(Status::Unknown), Status::Pass | Status::NotApplicable) => Some(Change::Changed),
        (None | Some(Status::Pass | Status::NotApplicable), _) => None,
    }
}

fn judged(it: &Verdict) -> (Status, Severity) {
    (it.status, it.severity)
}

/// What a change is about, nothing said of it yet.
fn about(
    verdict: &Verdict,
    change: Change,
    fingerprint: &str,
    new: &Material<'_>,
) -> FindingChange {
    let words = new.judged.iter().find(|it| it.rule.id == verdict.rule);
    FindingChange {
        change,
        fingerprint: fingerprint.to_owned(),
        rule: verdict.rule,
        title: words.map(|it| it.words.title.clone()).unwrap_or_default(),
        subject: verdict.subject.clone(),
        before: None,
        now: None,
        why: String::new(),
        gap: None,
    }
}

/// What each rule could not judge for want of an answer.
type Unknown<'a> = BTreeMap<&'a str, Vec<(&'a Verdict, &'a Gap)>>;

fn unknown(judged: &[Judged]) -> Unknown<'_> {
    let mut unknown = Unknown::new();
    for it in judged.iter().flat_map(|it| &it.verdicts) {
        if let (Status::Unknown, Some(gap)) = (it.status, &it.gap) {
            unknown.entry(it.rule).or_default().push((it, gap));
        }
    }
    unknown
}

/// What may hide, now, what was said of a resource before.
fn hidden<'a>(before: &Verdict, unknown: &Unknown<'a>, new: &'a Material<'_>) -> Option<&'a Gap> {
    let about = revision::lasting(&before.subject);
    // The rule itself cannot tell of a whole kind, or of this very resource.
    let of_rule = unknown.get(before.rule).into_iter().flatten();
    let mut unsure = of_rule
        .filter(|(it, gap)| gap.resource.is_none() || revision::lasting(&it.subject) == about);
    let in_rule = unsure.next().map(|it| it.1);
    in_rule.or_else(|| resource::hidden(&new.case, &before.subject))
}
