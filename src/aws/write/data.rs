//! Saves data where the plan says so, and deletes what keeps it.

use super::{asked, call, done, misfit, or_already};
use crate::{
    aws::{
        Aws, Call, Service,
        refusal::{Class, Refusal},
    },
    id::ResourceId,
    kind::Kind,
    teardown::plan::Act,
};

pub(super) const ACCESS_POINTS: &[Call] = &[call(Service::Efs, "DescribeAccessPoints")];
pub(super) const BACKUPS: &[Call] = &[call(Service::DynamoDb, "ListBackups")];

const NO_TABLE: &[&str] = &["ResourceNotFoundException"];
const NO_DB: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];
const NO_DB_CLUSTER: &[&str] = &["DBClusterNotFoundFault"];
const NO_FILE_SYSTEM: &[&str] = &["FileSystemNotFound"];
const NO_CACHE: &[&str] = &["CacheClusterNotFound", "CacheClusterNotFoundFault"];
const NO_REPLICATION: &[&str] = &["ReplicationGroupNotFoundFault"];

/// The name that the plan gave a copy; without one nothing is begun.
fn named<'a>(act: &'a Act, parameter: &str) -> Result<&'a str, Refusal> {
    let name = act.with.get(parameter).map(String::as_str);
    name.ok_or_else(|| {
        let message = format!("the plan does not say {parameter} for {}", act.on);
        Refusal::new(Class::Never, "NotAsked", message)
    })
}

/// Backs a table up, unless a backup of that name was begun before.
pub(super) async fn back_up_table(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let name = named(act, "BackupName")?;
    let request = aws.dynamodb.list_backups().table_name(&act.on.key);
    let there = asked(request.send().await, &[])?.backup_summaries;
    let there = there.unwrap_or_default();
    if there.iter().any(|it| it.backup_name() == Some(name)) {
        return Ok(());
    }
    let request = aws.dynamodb.create_backup().table_name(&act.on.key);
    done(request.backup_name(name).send().await, &[])
}

pub(super) async fn protect_table(aws: &Aws, name: &str, on: bool) -> Result<(), Refusal> {
    let request = aws.dynamodb.update_table().table_name(name);
    let answer = request.deletion_protection_enabled(on).send().await;
    done(answer, NO_TABLE)
}

pub(super) async fn delete_table(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws.dynamodb.delete_table().table_name(name).send().await;
    done(answer, NO_TABLE)
}

pub(super) async fn protect_db(aws: &Aws, id: &str, on: bool) -> Result<(), Refusal> {
    let request = aws.rds.modify_db_instance().db_instance_identifier(id);
    let request = request.deletion_protection(on).apply_immediately(true);
    done(request.send().await, NO_DB)
}

pub(super) async fn protect_db_cluster(aws: &Aws, id: &str, on: bool) -> Result<(), Refusal> {
    let request = aws.rds.modify_db_cluster().db_cluster_identifier(id);
    let request = request.deletion_protection(on).apply_immediately(true);
    done(request.send().await, NO_DB_CLUSTER)
}

pub(super) async fn snapshot_db(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let name = named(act, "DBSnapshotIdentifier")?;
    let request = aws.rds.create_db_snapshot().db_snapshot_identifier(name);
    let answer = request.db_instance_identifier(&act.on.key).send().await;
    done(answer, &["DBSnapshotAlreadyExists"])
}

pub(super) async fn snapshot_db_cluster(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let name = named(act, "DBClusterSnapshotIdentifier")?;
    let request = aws.rds.create_db_cluster_snapshot();
    let request = request.db_cluster_snapshot_identifier(name);
    let answer = request.db_cluster_identifier(&act.on.key).send().await;
    let there = [
        "DBClusterSnapshotAlreadyExistsFault",
        "DBClusterSnapshotAlreadyExists",
    ];
    done(answer, &there)
}

/// With a last snapshot or without, as the plan says; a member of a cluster takes neither.
pub(super) async fn delete_db(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let last = act.with.get("FinalDBSnapshotIdentifier");
    let request = aws.rds.delete_db_instance();
    let request = request.db_instance_identifier(&act.on.key);
    let request = request.set_final_db_snapshot_identifier(last.cloned());
    let kept = act.with.get("DeleteAutomatedBackups");
    let request = request.set_delete_automated_backups(kept.map(|it| it == "true"));
    let answer = request.set_skip_final_snapshot(skips(act)).send().await;
    done(answer, NO_DB)
}

pub(super) async fn delete_db_cluster(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let last = act.with.get("FinalDBSnapshotIdentifier");
    let request = aws.rds.delete_db_cluster();
    let request = request.db_cluster_identifier(&act.on.key);
    let request = request.set_final_db_snapshot_identifier(last.cloned());
    let answer = request.set_skip_final_snapshot(skips(act)).send().await;
    done(answer, NO_DB_CLUSTER)
}

/// Whether the plan says to make no last copy; without its word RDS refuses.
fn skips(act: &Act) -> Option<bool> {
    act.with.get("SkipFinalSnapshot").map(|it| it == "true")
}

pub(super) async fn delete_db_subnet_group(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let request = aws.rds.delete_db_subnet_group().db_subnet_group_name(name);
    done(request.send().await, &["DBSubnetGroupNotFoundFault"])
}

pub(super) async fn snapshot_cache(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let name = named(act, "SnapshotName")?;
    let request = aws.elasticache.create_snapshot().snapshot_name(name);
    let request = if act.on.kind == Kind::ReplicationGroup {
        request.replication_group_id(&act.on.key)
    } else if act.on.kind == Kind::CacheCluster {
        request.cache_cluster_id(&act.on.key)
    } else {
        return Err(misfit(&act.on));
    };
    done(request.send().await, &["SnapshotAlreadyExistsFault"])
}

pub(super) async fn delete_cache(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let last = act.with.get("FinalSnapshotIdentifier").cloned();
    let request = aws.elasticache.delete_cache_cluster();
    let request = request.cache_cluster_id(&act.on.key);
    let request = request.set_final_snapshot_identifier(last);
    done(request.send().await, NO_CACHE)
}

pub(super) async fn delete_replication_group(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let last = act.with.get("FinalSnapshotIdentifier").cloned();
    let request = aws.elasticache.delete_replication_group();
    let request = request.replication_group_id(&act.on.key);
    let request = request.set_final_snapshot_identifier(last);
    done(request.send().await, NO_REPLICATION)
}

pub(super) async fn delete_repository(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    // The plan asks for this only where its images may be lost.
    let force = act.with.get("force").is_none_or(|it| it == "true");
    let request = aws.ecr.delete_repository().repository_name(&act.on.key);
    let answer = request.force(force).send().await;
    done(answer, &["RepositoryNotFoundException"])
}

pub(super) async fn delete_access_points(aws: &Aws, file_system: &str) -> Result<(), Refusal> {
    let request = aws.efs.describe_access_points().file_system_id(file_system);
    let mut items = request.into_paginator().items().send();
    while let Some(item) = items.next().await {
        let point = asked(item, NO_FILE_SYSTEM)?;
        let request = aws.efs.delete_access_point();
        let answer = request.set_access_point_id(point.access_point_id).send();
        or_already(done(answer.await, &["AccessPointNotFound"]))?;
    }
    Ok(())
}

/// One mount target, or all of a file system.
pub(super) async fn delete_mount_targets(aws: &Aws, on: &ResourceId) -> Result<(), Refusal> {
    let gone = &["MountTargetNotFound"];
    if on.kind == Kind::MountTarget {
        let request = aws.efs.delete_mount_target().mount_target_id(&on.key);
        return done(request.send().await, gone);
    }
    if on.kind != Kind::FileSystem {
        return Err(misfit(on));
    }
    let request = aws.efs.describe_mount_targets().file_system_id(&on.key);
    let mut items = request.into_paginator().items().send();
    while let Some(item) = items.next().await {
        let target = asked(item, NO_FILE_SYSTEM)?;
        let request = aws.efs.delete_mount_target();
        let answer = request.mount_target_id(target.mount_target_id).send().await;
        or_already(done(answer, gone))?;
    }
    Ok(())
}

pub(super) async fn delete_replication(aws: &Aws, file_system: &str) -> Result<(), Refusal> {
    let request = aws.efs.delete_replication_configuration();
    let answer = request.source_file_system_id(file_system).send().await;
    done(answer, &["FileSystemNotFound", "ReplicationNotFound"])
}

pub(super) async fn delete_file_system(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.efs.delete_file_system().file_system_id(id).send().await;
    done(answer, NO_FILE_SYSTEM)
}
