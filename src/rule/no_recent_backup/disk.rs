//! Disks: only a snapshot outlives one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Case, Evidence, RULE, Status, Verdict, Words};
use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        Kind,
        ebs_snapshot::EbsSnapshot,
        instance::Instance,
        volume::{Attachment, Volume},
    },
    text,
};

/// The newest snapshot of each disk that is whole, and when it was made.
pub struct Snapshots<'a>(BTreeMap<&'a str, (Timestamp, &'a ResourceId)>);

impl<'a> Snapshots<'a> {
    pub fn of(graph: &Graph<'a>) -> Self {
        let mut newest: BTreeMap<&str, (Timestamp, &ResourceId)> = BTreeMap::new();
        for (resource, snapshot) in graph.of::<EbsSnapshot>() {
            let whole = snapshot.status == "completed";
            if let (Some(disk), Some(made), true) = (&snapshot.volume, resource.created, whole) {
                let best = newest.entry(disk).or_insert((made, &resource.id));
                *best = (*best).max((made, &resource.id));
            }
        }
        Self(newest)
    }

    /// The newest one of the disk with that key.
    pub fn newest(&self, disk: &str) -> Option<(Timestamp, &'a ResourceId)> {
        self.0.get(disk).copied()
    }
}

/// Whether what is on a disk is nowhere else: it outlives its machine, or nothing replaces that. A
/// group makes its machines, and their disks, anew from an image.
pub(super) fn has_data_of_its_own(graph: &Graph<'_>, disk: &Volume) -> bool {
    if disk.is_gone() || disk.managed_by.is_some() {
        return false;
    }
    let replaced = |it: &Attachment| {
        let machine = it.instance.as_deref();
        let machine = machine.and_then(|it| graph.get_as::<Instance>(it));
        it.delete_on_termination
            && machine.is_none_or(|(_, it)| it.auto_scaling_group.is_some() || it.is_gone())
    };
    !disk.attachments.iter().any(replaced)
}

pub(super) fn judge(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    snapshots: &Snapshots<'_>,
) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let newest = snapshots.newest(&id.key);
    let told = newest.map(|(made, snapshot)| {
        let age = text::age(made, case.taken);
        format!("its newest snapshot, {}, was made {age} ago", snapshot.key)
    });
    if let (Some((made, _)), Some(why)) = (newest, &told)
        && case.hours_since(made) < words.number("hours")
    {
        return verdict(Status::Pass, why.clone());
    }
    if let Some(gap) = case.gap_in_listing(Kind::EbsSnapshot) {
        let why = "whether there is a snapshot of it was not read";
        return verdict(Status::Unknown, why.to_owned()).gap(Some(gap));
    }
    let evidence = match newest {
        Some((made, snapshot)) => Evidence::new(snapshot, "StartTime", made.to_string()),
        None => Evidence::new(id, "DescribeSnapshots", "none"),
    };
    let why = told.unwrap_or_else(|| "there is no snapshot of it".to_owned());
    verdict(Status::Fail, why).evidence([evidence])
}
