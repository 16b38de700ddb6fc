//! Copies of the rack's disks that anybody may have: snapshots, and the images made of them.

use std::collections::BTreeSet;

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    belonging::Class,
    id::ResourceId,
    kind::{
        Fact, Kind, db_cluster::DbCluster, db_instance::DbInstance, ebs_snapshot::EbsSnapshot,
        instance::Instance, launch_configuration::LaunchConfiguration,
        launch_template::LaunchTemplate,
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "snapshot-public",
    words: include_str!("../../rules/snapshot-public.toml"),
    needs: &[Kind::EbsSnapshot, Kind::DbInstance, Kind::DbCluster],
    check,
};

/// One verdict for each snapshot of a disk, and one for each database and each cluster of them.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let run = images(case);
    let ours: BTreeSet<&ResourceId> = of_rack(case).map(|(it, _)| &it.id).collect();
    let disks = case.graph.of::<EbsSnapshot>().filter(|(it, snapshot)| {
        let images = snapshot.images.known().into_iter().flatten();
        ours.contains(&it.id) || images.into_iter().any(|it| run.contains(it.as_str()))
    });
    let disks = disks.map(|(it, snapshot)| judge(case, words, &it.id, snapshot));
    let databases = case.ours::<DbInstance>();
    let databases =
        databases.filter_map(|(it, db)| of_database(case, words, &it.id, &db.public_snapshots));
    let clusters = case.ours::<DbCluster>();
    let clusters =
        clusters.filter_map(|(it, db)| of_database(case, words, &it.id, &db.public_snapshots));
    disks.chain(databases).chain(clusters).collect()
}

/// The images that the rack's machines run, and that its next ones will.
fn images<'a>(case: &Case<'a>) -> BTreeSet<&'a str> {
    let machines = case.ours::<Instance>().filter(|(_, it)| !it.is_gone());
    let machines = machines.filter_map(|(_, it)| it.image.as_deref());
    let templates = case.ours::<LaunchTemplate>();
    let versions = templates.flat_map(|(_, it)| it.versions.known().into_iter().flatten());
    let templates = versions.filter_map(|it| it.image.as_deref());
    let old = case.ours::<LaunchConfiguration>();
    let old = old.map(|(_, it)| it.image.as_str());
    machines.chain(templates).chain(old).collect()
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId, snapshot: &EbsSnapshot) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let images = snapshot.public_images.known();
    let open = images.map(Vec::as_slice).unwrap_or_default();
    let mut ways = Vec::new();
    let mut evidence = Vec::new();
    if snapshot.public == Fact::Known(true) {
        ways.push("make a disk of it and read it".to_owned());
        evidence.push(Evidence::new(id, "RestorableByUserIds", "all"));
    }
    if !open.is_empty() {
        let images = open.join(", ");
        ways.push(format!("launch a machine from {images}, made of it"));
        evidence.push(Evidence::new(id, "Images.Public", images));
    }
    if !ways.is_empty() {
        let why = format!(
            "anybody with an AWS account may {}",
            ways.join(", and may ")
        );
        return verdict(Status::Fail, why).evidence(evidence);
    }
    let unread = match (&snapshot.public, images) {
        (Fact::Unread, _) => "whether it is open to everybody was not read",
        (_, None) => "whether an image made of it is open to everybody was not read",
        (Fact::Known(_), Some(_)) => {
            return verdict(Status::Pass, "it is not open to everybody".to_owned());
        }
    };
    verdict(Status::Unknown, unread.to_owned()).gap(case.gap_in_listing(Kind::EbsSnapshot))
}

/// What is to be said of a database, where its snapshots were asked about.
fn of_database(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    public: &Fact<Vec<String>>,
) -> Option<Verdict> {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    Some(match public {
        Fact::Known(public) if public.is_empty() => {
            let why = "no snapshot of it is open to everybody";
            verdict(Status::Pass, why.to_owned())
        }
        Fact::Known(public) => {
            let evidence = public
                .iter()
                .map(|it| Evidence::new(id, "SnapshotAttributes.restore", format!("{it}: all")));
            let names = public.join(", ");
            let why = format!("anybody with an AWS account may restore a copy of it from {names}");
            verdict(Status::Fail, why).evidence(evidence)
        }
        Fact::Unread => {
            // A snapshot of an earlier racklens holds nothing about it.
            let calls = ["DescribeDBSnapshot", "DescribeDBClusterSnapshot"];
            let gap = calls.iter().find_map(|it| case.gap_of_call(id, it))?;
            let why = "whether a snapshot of it is open to everybody was not read";
            verdict(Status::Unknown, why.to_owned()).gap(Some(gap))
        }
    })
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
