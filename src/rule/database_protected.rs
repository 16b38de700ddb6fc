//! Databases that RDS refuses to delete.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    id::ResourceId,
    kind::{Kind, db_cluster::DbCluster, db_instance::DbInstance},
};

pub const RULE: Rule = Rule {
    id: "database-protected",
    words: include_str!("../../rules/database-protected.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let instances = going::of::<DbInstance>(case)
        .map(|(it, db)| judge(words, &it.id, &db.status, db.deletion_protection));
    let clusters = going::of::<DbCluster>(case)
        .map(|(it, db)| judge(words, &it.id, &db.status, db.deletion_protection));
    instances.chain(clusters).collect()
}

fn judge(words: &Words, id: &ResourceId, state: &str, protected: bool) -> Verdict {
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    if state == "deleting" {
        return verdict(Status::NotApplicable, "it is being deleted already");
    }
    if !protected {
        return verdict(Status::Pass, "deletion protection is off");
    }
    let evidence = Evidence::new(id, "DeletionProtection", "true");
    let why = "deletion protection is on: RDS refuses to delete it, and its subnet group and \
               security groups stay with it";
    verdict(Status::Fail, why).evidence([evidence])
}
