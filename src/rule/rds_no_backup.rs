//! Databases of which no backups are made by themselves.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, db_cluster::DbCluster, db_instance::DbInstance},
    text,
};

pub const RULE: Rule = Rule {
    id: "rds-no-backup",
    words: include_str!("../../rules/rds-no-backup.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let instances = case.ours::<DbInstance>().map(|(resource, db)| {
        let beside = beside(db);
        judge(words, &resource.id, beside, db.backup_retention_days)
    });
    let clusters = case.ours::<DbCluster>().map(|(resource, db)| {
        let going = (db.status == "deleting").then(|| "it is being deleted".to_owned());
        judge(words, &resource.id, going, db.backup_retention_days)
    });
    instances.chain(clusters).collect()
}

/// Why backups are not this instance's own matter.
pub fn beside(db: &DbInstance) -> Option<String> {
    if db.status == "deleting" {
        return Some("it is being deleted".to_owned());
    }
    if let Some(cluster) = &db.cluster {
        return Some(format!("DB cluster {cluster} sees to that for its members"));
    }
    let source = db.replica_of.as_ref()?;
    Some(format!("it is a copy of {source} and can be made again"))
}

fn judge(words: &Words, id: &ResourceId, beside: Option<String>, days: u32) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(why) = beside {
        return verdict(Status::NotApplicable, why);
    }
    if days > 0 {
        let days = text::count(usize::try_from(days).unwrap_or(usize::MAX), "day");
        return verdict(Status::Pass, format!("backups are kept for {days}"));
    }
    let why = "no backups are made: what is lost or deleted by mistake is gone";
    let evidence = Evidence::new(id, "BackupRetentionPeriod", "0");
    verdict(Status::Fail, why.to_owned()).evidence([evidence])
}
