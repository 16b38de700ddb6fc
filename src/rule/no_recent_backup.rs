//! Data that goes and of which nothing younger than a day is kept anywhere.

use jiff::Timestamp;

use super::{Case, Evidence, Rule, Status, Verdict, Words, going, rds_no_backup, written::Writers};
use crate::{
    id::ResourceId,
    kind::{
        Fact, Kind, bucket::Bucket, db_cluster::DbCluster, db_instance::DbInstance,
        file_system::FileSystem, table::Table, volume::Volume,
    },
    snapshot::Resource,
    text,
};

mod bucket;
mod disk;

pub use disk::Snapshots;

pub const RULE: Rule = Rule {
    id: "no-recent-backup",
    words: include_str!("../../rules/no-recent-backup.toml"),
    needs: &[
        Kind::Bucket,
        Kind::DbInstance,
        Kind::DbCluster,
        Kind::FileSystem,
        Kind::Table,
        Kind::Volume,
    ],
    check,
};

/// What EFS meters of a file system in which nothing is.
const EMPTY_FILE_SYSTEM: u64 = 6 << 10;

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let instances = going::of::<DbInstance>(case)
        .filter(|(_, db)| rds_no_backup::beside(db).is_none())
        .map(|(it, db)| {
            let backups = kept(db.backup_retention_days, db.latest_restorable);
            database(case, words, &it.id, backups, &db.newest_snapshot)
        });
    let clusters = going::of::<DbCluster>(case)
        .filter(|(_, db)| db.status != "deleting")
        .map(|(it, db)| {
            let backups = kept(db.backup_retention_days, db.latest_restorable);
            database(case, words, &it.id, backups, &db.newest_snapshot)
        });
    let tables = going::of::<Table>(case).map(|(it, table)| of_table(case, words, it, table));
    let files = going::of::<FileSystem>(case).map(|(it, fs)| of_files(case, words, it, fs));
    let snapshots = Snapshots::of(case.graph);
    let disks = going::of::<Volume>(case);
    let disks = disks.filter(|(_, it)| disk::has_data_of_its_own(case.graph, it));
    let disks = disks.map(|(it, _)| disk::judge(case, words, &it.id, &snapshots));
    let writers = Writers::of(case);
    let buckets = going::of::<Bucket>(case);
    let buckets = buckets.map(|(it, bucket)| bucket::judge(case, words, &writers, it, bucket));
    instances
        .chain(clusters)
        .chain(tables)
        .chain(files)
        .chain(disks)
        .chain(buckets)
        .collect()
}

/// The moment up to which backups reach, where any are kept.
fn kept(days: u32, latest: Option<Timestamp>) -> Option<Timestamp> {
    latest.filter(|_| days > 0)
}

fn database(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    backups: Option<Timestamp>,
    snapshot: &Fact<Option<Timestamp>>,
) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let recent = |it: &Timestamp| case.hours_since(*it) < words.number("hours");
    let age = |it| text::age(it, case.taken);
    let taken = snapshot.known().copied().flatten();
    if let Some(taken) = taken.filter(recent) {
        let why = format!(
            "somebody took a snapshot of it {} ago, which stays",
            age(taken)
        );
        return verdict(Status::Pass, why);
    }
    let reach = backups.map(|it| format!("its backups reach up to {} ago", age(it)));
    if let (Some(why), true) = (&reach, backups.is_some_and(|it| recent(&it))) {
        return verdict(Status::Pass, why.clone());
    }
    if let Some(gap) = case
        .gap_of_call(id, "Snapshots")
        .filter(|_| taken.is_none())
    {
        let why = "whether somebody took a snapshot of it was not read".to_owned();
        return verdict(Status::Unknown, why).gap(Some(gap));
    }
    let by_hand = match (snapshot, taken) {
        (Fact::Unread, _) => "; whether somebody took a snapshot of it was not asked (`racklens \
             snapshot --teardown` does)"
            .to_owned(),
        (_, None) => ", and nobody took a snapshot of it".to_owned(),
        (_, Some(it)) => format!("; the last snapshot of it was taken {} ago", age(it)),
    };
    let told = backups.map_or_else(|| "absent".to_owned(), |it| it.to_string());
    let evidence = Evidence::new(id, "LatestRestorableTime", told);
    let reach = reach.unwrap_or_else(|| "no automatic backup of it is kept".to_owned());
    verdict(Status::Fail, format!("{reach}{by_hand}")).evidence([evidence])
}

fn of_table(case: &Case<'_>, words: &Words, resource: &Resource, table: &Table) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    if table.facts.known().is_some_and(|it| it.items == 0) {
        return verdict(Status::Pass, "nothing was in it when AWS last counted");
    }
    match table.point_in_time {
        Fact::Known(true) => verdict(
            Status::Pass,
            "it can be brought back to any moment of the last days",
        ),
        Fact::Known(false) => {
            let evidence = Evidence::new(id, "PointInTimeRecoveryStatus", "DISABLED");
            let why = "point-in-time recovery is off; whether somebody makes backups by hand was \
                       not read";
            verdict(Status::Fail, why).evidence([evidence])
        }
        Fact::Unread => {
            let gap = case.gap_of_call(id, "DescribeContinuousBackups");
            verdict(Status::Unknown, "whether it is backed up was not read").gap(gap)
        }
    }
}

fn of_files(case: &Case<'_>, words: &Words, resource: &Resource, fs: &FileSystem) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    if fs.size_bytes <= EMPTY_FILE_SYSTEM {
        return verdict(Status::Pass, "nothing is in it");
    }
    match fs.backups {
        Fact::Known(true) => verdict(Status::Pass, "AWS Backup makes a backup of it every day"),
        Fact::Known(false) => {
            let evidence = Evidence::new(id, "BackupPolicy.Status", "DISABLED");
            let why = "automatic backups are off; whether a plan of AWS Backup has it was not read";
            verdict(Status::Fail, why).evidence([evidence])
        }
        Fact::Unread => {
            let gap = case.gap_of_call(id, "DescribeBackupPolicy");
            verdict(Status::Unknown, "whether it is backed up was not read").gap(gap)
        }
    }
}
