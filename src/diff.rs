//! What changed between two snapshots of one rack: its resources, and what the rules say of them.
//!
//! Both snapshots are judged by the rules of today, so a new rule makes no change by itself. What
//! comes and goes by its nature — the tasks of a service, the machines of a group — is told of by
//! what lasts; what was not read is never called gone or fixed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{report::Material, snapshot::Snapshot};

pub mod csv;
mod field;
mod finding;
mod fold;
pub mod json;
pub mod markdown;
mod resource;
mod tree;

pub use field::FieldChange;
pub use finding::{Change, FindingChange};
pub use resource::{ResourceChange, What};

/// All that changed from one snapshot to another.
#[derive(Clone, Debug)]
pub struct Diff {
    pub rack: String,
    pub account: String,
    pub region: String,
    pub from: Moment,
    pub to: Moment,
    /// New first, then changed, lost, fixed, still and muted, each from the worst down.
    pub findings: Vec<FindingChange>,
    /// Where each is among them, by fingerprint.
    places: BTreeMap<String, usize>,
    /// In order of kind and name.
    pub resources: Vec<ResourceChange>,
}

/// One of the two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub taken: Timestamp,
    /// How much could not be read.
    pub gaps: usize,
}

/// Why two snapshots cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlike {
    #[error("it is of account {old}, and this one of account {new}")]
    Account { old: String, new: String },
    #[error("it is of region {old}, and this one of region {new}")]
    Region { old: String, new: String },
    #[error("it is of rack `{old}`, and this one of rack `{new}`")]
    Rack { old: String, new: String },
}

/// Whether two snapshots are of the same rack.
///
/// # Errors
/// When account, region or rack differ.
pub fn comparable(old: &Snapshot, new: &Snapshot) -> Result<(), Unlike> {
    let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    if old.account != new.account {
        let (old, new) = pair(&old.account, &new.account);
        return Err(Unlike::Account { old, new });
    }
    if old.region != new.region {
        let (old, new) = pair(&old.region, &new.region);
        return Err(Unlike::Region { old, new });
    }
    if old.rack != new.rack {
        let (old, new) = pair(&old.rack, &new.rack);
        return Err(Unlike::Rack { old, new });
    }
    Ok(())
}

/// Whose resources are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The rack's, those it shares included, as it was or as it is.
    Rack,
    /// The neighbours' too.
    All,
}

/// Compares two snapshots, both judged, of which [`comparable`] says that they can be.
pub fn compare(old: &Material<'_>, new: &Material<'_>, scope: Scope) -> Diff {
    let moment = |it: &Material<'_>| Moment {
        taken: it.snapshot.taken,
        gaps: it.snapshot.gaps.len(),
    };
    let findings = finding::changes(old, new);
    let places = findings.iter().map(|it| it.fingerprint.clone());
    Diff {
        places: places.zip(0..).collect(),
        rack: new.snapshot.rack.clone(),
        account: new.snapshot.account.clone(),
        region: new.snapshot.region.clone(),
        from: moment(old),
        to: moment(new),
        findings,
        resources: resource::changes(&old.case, &new.case, scope),
    }
}

impl Diff {
    /// What became of the finding with this fingerprint.
    pub fn of(&self, fingerprint: &str) -> Option<&FindingChange> {
        let place = self.places.get(fingerprint)?;
        self.findings.get(*place)
    }

    /// How many findings had this fate.
    pub fn count(&self, change: Change) -> usize {
        self.findings
            .iter()
            .filter(|it| it.change == change)
            .count()
    }

    /// How many resources had this fate.
    pub fn count_resources(&self, what: What) -> usize {
        self.resources.iter().filter(|it| it.what == what).count()
    }

    /// "2 new, 1 fixed, 33 still there".
    pub fn told_findings(&self) -> String {
        let told = Change::ALL.into_iter().filter_map(|it| {
            let number = self.count(it);
            (number > 0).then(|| format!("{number} {}", it.words()))
        });
        match told.collect::<Vec<_>>().join(", ") {
            it if it.is_empty() => "none then and none now".to_owned(),
            it => it,
        }
    }

    /// Whether something cannot be compared, because it was read only once.
    pub fn is_unsure(&self) -> bool {
        self.count(Change::Lost) > 0 || self.count_resources(What::Unread) > 0
    }
}

#[cfg(test)]
mod tests;
