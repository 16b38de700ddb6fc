//! Databases whose storage is not encrypted.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, db_cluster::DbCluster, db_instance::DbInstance},
};

pub const RULE: Rule = Rule {
    id: "rds-unencrypted",
    words: include_str!("../../rules/rds-unencrypted.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

/// A cluster has the storage of its members, so it answers for them.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let clusters = case.ours::<DbCluster>();
    let clusters = clusters
        .filter(|(_, it)| it.status != "deleting")
        .map(|(it, cluster)| judge(words, &it.id, cluster.encrypted));
    let stands_alone = |it: &DbInstance| {
        let cluster = it.cluster.as_deref();
        cluster.is_none_or(|it| case.graph.get_as::<DbCluster>(it).is_none())
    };
    let instances = case.ours::<DbInstance>();
    let instances = instances
        .filter(|(_, it)| it.status != "deleting" && stands_alone(it))
        .map(|(it, instance)| judge(words, &it.id, instance.encrypted));
    clusters.chain(instances).collect()
}

fn judge(words: &Words, id: &ResourceId, encrypted: bool) -> Verdict {
    let (status, why) = if encrypted {
        (Status::Pass, "its storage is encrypted")
    } else {
        (
            Status::Fail,
            "its storage is not encrypted, and neither are its backups",
        )
    };
    let evidence = Evidence::new(id, "StorageEncrypted", encrypted.to_string());
    Verdict::new(&RULE, words, id, status, why).evidence([evidence])
}
