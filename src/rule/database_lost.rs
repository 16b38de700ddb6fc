//! Databases whose data, backups included, goes with the rack.

use jiff::Timestamp;

use super::{Case, Evidence, Rule, Status, Verdict, Words, going, rds_no_backup};
use crate::{
    id::ResourceId,
    kind::{Kind, db_cluster::DbCluster, db_instance::DbInstance},
    text,
};

pub const RULE: Rule = Rule {
    id: "database-lost",
    words: include_str!("../../rules/database-lost.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let instances = going::of::<DbInstance>(case).map(|(it, db)| {
        let elsewhere = rds_no_backup::beside(db);
        let backups = (db.backup_retention_days, db.latest_restorable);
        judge(case, words, &it.id, elsewhere, backups)
    });
    let clusters = going::of::<DbCluster>(case).map(|(it, db)| {
        let going = (db.status == "deleting").then(|| "it is being deleted".to_owned());
        let backups = (db.backup_retention_days, db.latest_restorable);
        judge(case, words, &it.id, going, backups)
    });
    instances.chain(clusters).collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    elsewhere: Option<String>,
    (days, latest): (u32, Option<Timestamp>),
) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(why) = elsewhere {
        return verdict(Status::NotApplicable, why);
    }
    if let Some((stack, policy)) = going::kept(case, id) {
        let what = match policy {
            "Snapshot" => "a final snapshot of it stays, and is billed",
            _ => "it stays",
        };
        let why = format!("{what} when {stack} is deleted: its template says {policy}");
        return verdict(Status::Pass, why);
    }
    let evidence = Evidence::new(id, "BackupRetentionPeriod", days.to_string());
    let back = match latest {
        Some(it) if days > 0 => format!(
            "and so do its automatic backups, which reach up to {} before",
            text::age(it, case.taken)
        ),
        _ if days > 0 => "and so do its automatic backups".to_owned(),
        _ => "and there is no automatic backup of it".to_owned(),
    };
    let why = format!("its data goes with it, {back}");
    verdict(Status::Fail, why).evidence([evidence])
}
