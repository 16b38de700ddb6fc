//! What somebody has to read and sign before a rack is taken down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Material;
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, bucket::Bucket, db_cluster::DbCluster, db_instance::DbInstance, secret::Secret,
    },
    removal::{Data, Removal},
    rule::{Severity, Status},
    snapshot::Resource,
    teardown::{
        Plan, Step, Why,
        tell::{self, Piece},
    },
};

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
    /// Whose things the rack's are used by, or use: the other, and what of ours.
    pub touched: BTreeMap<ResourceId, Vec<ResourceId>>,
}

/// What a rule says about taking the rack down.
pub struct Check {
    pub rule: &'static str,
    pub severity: Severity,
    pub status: Status,
    pub resource: ResourceId,
    pub why: String,
}

/// Data, and what becomes of it.
pub struct Risk {
    pub data: Data,
    pub resource: ResourceId,
    pub name: Option<String>,
    pub fate: Fate,
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
        checks: checks(material),
        risks: risks(material, plan),
        touched: touched(plan),
    }
}

fn checks(material: &Material<'_>) -> Vec<Check> {
    let about = material
        .judged
        .iter()
        .filter(|it| it.words.category.name() == "teardown");
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
        })
        .collect();
    checks.sort_by(|a, b| {
        let key = |it: &Check| (it.status, std::cmp::Reverse(it.severity), it.rule);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.resource.cmp(&b.resource))
    });
    checks
}

fn risks(material: &Material<'_>, plan: &Plan) -> Vec<Risk> {
    let graph = material.case.graph;
    let risk = |data, id: &ResourceId, fate, month| {
        let resource = graph.get(id);
        Risk {
            data,
            resource: id.clone(),
            name: resource.and_then(|it| it.name.clone()),
            fate,
            last_write: resource.and_then(last_write),
            backup: resource.map(backup).unwrap_or_default(),
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
            | Why::GoesWith { .. } => loses(graph.get(&it.resource)?)?,
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

fn loses(resource: &Resource) -> Option<Data> {
    match resource.attrs.model().removal() {
        Removal::By { loses, .. } => loses,
        Removal::Follows(_) | Removal::Never(_) => None,
    }
}

fn last_write(resource: &Resource) -> Option<Timestamp> {
    let bucket = Bucket::of(&resource.attrs);
    let bucket = bucket.and_then(|it| it.contents.known()?.newest);
    let secret = Secret::of(&resource.attrs).and_then(|it| it.changed);
    bucket.or(secret)
}

fn backup(resource: &Resource) -> String {
    let kept = |days: u32, latest: Option<Timestamp>| match (days, latest) {
        (0, _) => "none: automated backups are off".to_owned(),
        (days, Some(latest)) => format!(
            "automated backups of {days} days, up to {}; they go with it",
            super::csv::stamp(latest)
        ),
        (days, None) => format!("automated backups of {days} days; they go with it"),
    };
    if let Some(it) = DbInstance::of(&resource.attrs) {
        return kept(it.backup_retention_days, it.latest_restorable);
    }
    if let Some(it) = DbCluster::of(&resource.attrs) {
        return kept(it.backup_retention_days, it.latest_restorable);
    }
    "none that racklens knows of".to_owned()
}

/// Who else is touched: what others use of the rack's, or with it.
fn touched(plan: &Plan) -> BTreeMap<ResourceId, Vec<ResourceId>> {
    let mut touched: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
    for stay in &plan.stays {
        if let Why::Shared { others } = &stay.why {
            for other in others {
                touched
                    .entry(other.clone())
                    .or_default()
                    .push(stay.resource.clone());
            }
        }
    }
    touched
}

impl Review<'_> {
    /// Whether nothing stands in the way.
    pub fn is_safe(&self) -> bool {
        self.plan.may_run()
    }

    pub fn verdict(&self) -> &'static str {
        if self.is_safe() { "SAFE" } else { "NOT SAFE" }
    }

    /// What is said beside the verdict.
    pub fn sentence(&self) -> String {
        let whole = tell::verdict(self.plan);
        let rest = whole.strip_prefix(self.verdict()).unwrap_or(&whole);
        let rest = rest.trim_start_matches([':', ' ']);
        let mut letters = rest.chars();
        let first = letters.next().map(|it| it.to_uppercase().to_string());
        format!("{}{}", first.unwrap_or_default(), letters.as_str())
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
            item(format!(
                "{}: {} {}{written}; backup: {}",
                it.data.name(),
                tell::label(&it.resource, it.name.as_deref()),
                it.fate.name(),
                it.backup
            ))
        }));
        if !self.touched.is_empty() {
            pieces.push(Piece::Heading("Who else is touched".to_owned()));
            pieces.extend(self.touched.iter().map(|(other, ours)| {
                let ours: Vec<String> = ours.iter().map(ToString::to_string).collect();
                item(format!("{other} uses {}", ours.join(", ")))
            }));
        }
        if !self.checks.is_empty() {
            pieces.push(Piece::Heading("What the rules say".to_owned()));
            pieces.extend(self.checks.iter().map(|it| {
                let word = it.status.word(it.severity);
                item(format!("{word} {}: {} ({})", it.rule, it.why, it.resource))
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
