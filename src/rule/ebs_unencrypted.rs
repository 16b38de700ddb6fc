//! Disks that are not encrypted.

use std::collections::BTreeMap;

use super::{Case, Evidence, Rule, Status, Verdict, Words, origin};
use crate::{
    id::ResourceId,
    kind::{Kind, volume::Volume},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "ebs-unencrypted",
    words: include_str!("../../rules/ebs-unencrypted.toml"),
    needs: &[Kind::AutoScalingGroup, Kind::Instance, Kind::Volume],
    check,
};

/// One verdict for each Auto Scaling group or service whose disks come and go, and for each
/// machine or disk that stands for itself.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut by_subject: BTreeMap<ResourceId, Vec<(&Resource, &Volume)>> = BTreeMap::new();
    for (resource, volume) in case.ours::<Volume>().filter(|(_, it)| !it.is_gone()) {
        let of = origin::of(case, &resource.id);
        // A single machine's disks are mended one by one.
        let subject = if of.kind == Kind::Instance {
            resource.id.clone()
        } else {
            of
        };
        by_subject
            .entry(subject)
            .or_default()
            .push((resource, volume));
    }
    let judged = by_subject.iter();
    judged.map(|(it, all)| judge(words, it, all)).collect()
}

fn judge(words: &Words, subject: &ResourceId, all: &[(&Resource, &Volume)]) -> Verdict {
    let plain: Vec<_> = all.iter().filter(|(_, it)| !it.encrypted).collect();
    let one = all.iter().all(|(it, _)| it.id == *subject);
    if plain.is_empty() {
        let why = if one {
            "it is encrypted".to_owned()
        } else {
            format!("disks that are not encrypted: 0 of {}", all.len())
        };
        return Verdict::new(&RULE, words, subject, Status::Pass, why);
    }
    let why = if one {
        "it is not encrypted".to_owned()
    } else {
        format!(
            "disks that are not encrypted: {} of {}",
            plain.len(),
            all.len()
        )
    };
    let evidence = plain
        .into_iter()
        .map(|(it, _)| Evidence::new(&it.id, "Encrypted", "false"));
    Verdict::new(&RULE, words, subject, Status::Fail, why).evidence(evidence)
}
