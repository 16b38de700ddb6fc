//! What a rule says: how bad it is, of which resource, and why.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Rule, Words, revision};
use crate::{id::ResourceId, mute::Muted, snapshot::Gap, text};

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// From the worst down, as reports show them.
    pub const WORST_FIRST: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    Exposure,
    Data,
    Reliability,
    Cost,
    /// What stands in the way on the day on which the rack is taken down; told on that day, and
    /// not while it is to live.
    Teardown,
}

impl Category {
    pub const ALL: &[Self] = &[
        Self::Exposure,
        Self::Data,
        Self::Reliability,
        Self::Cost,
        Self::Teardown,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Data => "data",
            Self::Reliability => "reliability",
            Self::Cost => "cost",
            Self::Teardown => "teardown",
        }
    }
}

/// What a failure means for whoever takes the rack down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// AWS refuses to delete it, or waits for ever.
    Blocker,
    /// Data goes and does not come back.
    Loss,
    /// Others break.
    Shared,
    /// Something stays, and may go on costing.
    Leftover,
}

impl Consequence {
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Loss => "loss",
            Self::Shared => "shared",
            Self::Leftover => "leftover",
        }
    }
}

/// What a rule says about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Fail,
    /// Something that the answer hangs on could not be read.
    Unknown,
    Pass,
    /// The rule is about such resources, but not about this one.
    NotApplicable,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
        }
    }
}

impl Status {
    /// Whether someone has to look at it: a failure, or what could not be judged.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Fail | Self::Unknown)
    }

    /// The one word for a verdict: how bad a failure is, else the status.
    pub fn word(self, severity: Severity) -> &'static str {
        match self {
            Self::Fail => severity.name(),
            Self::Unknown | Self::Pass | Self::NotApplicable => self.name(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What one rule says about one resource, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub rule: &'static str,
    pub subject: ResourceId,
    pub status: Status,
    pub severity: Severity,
    /// A sentence about this resource, without its full stop.
    pub why: String,
    /// What was looked at.
    pub evidence: Vec<Evidence>,
    /// What else of one resource this is about, where it can fail in several ways at once: a
    /// port, a listener. Part of the fingerprint, so it must not change from run to run.
    pub detail: String,
    /// What could not be read, for `Unknown`.
    pub gap: Option<Box<Gap>>,
    /// Who has accepted it, where someone has.
    pub muted: Option<Box<Muted>>,
    /// What costs, where that is not what its subject costs in full.
    pub cost: Option<Cost>,
}

/// What it is of a rack that costs what a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// What the subject stores, billed for under this usage type by the month.
    Stored {
        usage: &'static str,
        /// Of 2³⁰ bytes, as AWS bills them.
        gigabytes: Decimal,
    },
    /// All that the rack is billed for under usage types that begin so.
    Usage(&'static str),
    /// What these cost in full.
    Of(Vec<ResourceId>),
    /// What these are billed for under usage types that end so, at the most.
    Part {
        of: Vec<ResourceId>,
        usage: &'static str,
    },
}

/// A value that was seen, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub resource: ResourceId,
    /// AWS's names of the fields that lead to it: `IpPermissions.IpRanges`.
    pub path: &'static str,
    pub value: String,
}

impl Evidence {
    pub fn new(resource: &ResourceId, path: &'static str, value: impl Into<String>) -> Self {
        Self {
            resource: resource.clone(),
            path,
            value: value.into(),
        }
    }
}

impl Verdict {
    /// A verdict of the rule's usual severity.
    pub fn new(
        rule: &Rule,
        words: &Words,
        subject: &ResourceId,
        status: Status,
        why: impl Into<String>,
    ) -> Self {
        Self::of(rule.id, words, subject, status, why)
    }

    /// The same, of a rule that may be a user's.
    pub fn of(
        rule: &'static str,
        words: &Words,
        subject: &ResourceId,
        status: Status,
        why: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            subject: subject.clone(),
            status,
            severity: words.severity,
            why: why.into(),
            evidence: Vec::new(),
            detail: String::new(),
            gap: None,
            muted: None,
            cost: None,
        }
    }

    /// Whether someone has to look at it: it failed or could not be judged, and nobody has
    /// accepted that.
    pub fn is_open(&self) -> bool {
        self.status.is_open() && self.muted.is_none()
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Names what could not be read where that left it unknown.
    pub fn gap_if_unknown(self, gap: Option<&Gap>) -> Self {
        match self.status {
            Status::Unknown => self.gap(gap),
            Status::Fail | Status::Pass | Status::NotApplicable => self,
        }
    }

    pub fn gap(mut self, gap: Option<&Gap>) -> Self {
        self.gap = gap.cloned().map(Box::new);
        self
    }

    /// Sixteen hex digits that stay the same from run to run for the same cause.
    ///
    /// Two revisions of one task definition with the same fault have one cause, and so the same
    /// digits: the next deployment neither mends it nor makes it anew.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let subject = revision::lasting(&self.subject);
        for part in [
            &[self.rule][..],
            &[subject.kind.name(), "/", &subject.key],
            &[&self.detail],
        ] {
            part.iter().for_each(|it| hash.update(it));
            hash.update([0]);
        }
        text::hex(&hash.finalize(), 16)
    }
}
