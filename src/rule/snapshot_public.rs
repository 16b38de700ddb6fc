//! Snapshots of disks that anybody may copy.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    belonging::Class,
    id::ResourceId,
    kind::{Fact, Kind, ebs_snapshot::EbsSnapshot},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "snapshot-public",
    words: include_str!("../../rules/snapshot-public.toml"),
    needs: &[Kind::EbsSnapshot],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    of_rack(case)
        .map(|(resource, snapshot)| {
            let id = &resource.id;
            let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
            match snapshot.public {
                Fact::Known(false) => verdict(Status::Pass, "it is not open to everybody"),
                Fact::Known(true) => {
                    let evidence = Evidence::new(id, "RestorableByUserIds", "all");
                    let why = "anybody with an AWS account may make a disk of it and read it";
                    verdict(Status::Fail, why).evidence([evidence])
                }
                Fact::Unread => {
                    let why = "whether it is open to everybody was not read";
                    verdict(Status::Unknown, why).gap(case.gap_in_listing(Kind::EbsSnapshot))
                }
            }
        })
        .collect()
}

/// Snapshots that bear the rack's marks, and copies of its disks, which bear none.
pub fn of_rack<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Resource, &'a EbsSnapshot)> + use<'a> {
    let case = *case;
    let is_ours = move |id: &ResourceId| case.belongings.of(id).class != Class::Foreign;
    let all = case.graph.of::<EbsSnapshot>();
    all.filter(move |(it, snapshot)| {
        let volume = snapshot.volume.as_ref();
        let volume = volume.map(|it| ResourceId::new(Kind::Volume, it));
        is_ours(&it.id) || volume.is_some_and(|it| is_ours(&it))
    })
}
