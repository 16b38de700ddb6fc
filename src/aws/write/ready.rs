//! Whether what an act began has come to its end: copies made, protections off, nothing running.

use super::{asked, call, compute};
use crate::{
    aws::{Aws, Call, Service, look, refusal::Refusal},
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::Act,
    text,
};

pub(super) const CALLS: &[Call] = &[
    call(Service::DynamoDb, "ListBackups"),
    call(Service::Ec2, "DescribeSnapshots"),
    call(Service::Efs, "DescribeAccessPoints"),
    call(Service::ElastiCache, "DescribeSnapshots"),
    call(Service::Lambda, "ListEventSourceMappings"),
    call(Service::Rds, "DescribeDBClusterSnapshots"),
    call(Service::Rds, "DescribeDBSnapshots"),
];

/// How far a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    Yes,
    /// What is waited for, for a person.
    NotYet(String),
    /// It came to another end.
    Failed(String),
}

impl Ready {
    fn when(ready: bool, waiting: impl FnOnce() -> String) -> Self {
        if ready {
            Self::Yes
        } else {
            Self::NotYet(waiting())
        }
    }
}

/// Most acts are done when AWS answers; the others are asked after.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "AWS has done most acts when it answers"
)]
pub(super) async fn of(aws: &Aws, act: &Act) -> Result<Ready, Refusal> {
    let key = act.on.key.as_str();
    match act.action {
        Action::PutClusterCapacityProviders => providers_cleared(aws, key).await,
        Action::CreateBackup => backed_up(aws, act).await,
        Action::UpdateTable => table_active(aws, key).await,
        Action::CreateVolumeSnapshot => volume_saved(aws, act).await,
        Action::CreateDBSnapshot => db_saved(aws, act).await,
        Action::CreateDBClusterSnapshot => db_cluster_saved(aws, act).await,
        Action::CreateCacheSnapshot => cache_saved(aws, act).await,
        Action::ModifyDBInstance => db_unprotected(aws, key).await,
        Action::ModifyDBCluster => db_cluster_unprotected(aws, key).await,
        Action::DeleteMountTarget if act.on.kind == Kind::FileSystem => {
            no_mount_targets(aws, key).await
        }
        Action::DeleteAccessPoint => no_access_points(aws, key).await,
        Action::DeleteEventSourceMapping => no_mappings(aws, key).await,
        _ => Ok(Ready::Yes),
    }
}

/// Whether nothing runs in a service, a group or a cluster any more.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "nothing runs in other kinds"
)]
pub(super) async fn drained(aws: &Aws, id: &ResourceId) -> Result<Ready, Refusal> {
    match id.kind {
        Kind::Service => service_drained(aws, &id.key).await,
        Kind::AutoScalingGroup => group_drained(aws, &id.key).await,
        Kind::Cluster => {
            let left = look::tasks(aws, &id.key, None).await?;
            Ok(Ready::when(left == 0, || {
                format!("{} of the cluster still run", text::count(left, "task"))
            }))
        }
        _ => Ok(Ready::Yes),
    }
}

async fn service_drained(aws: &Aws, key: &str) -> Result<Ready, Refusal> {
    let (cluster, service) = look::halves(key);
    let request = aws
        .ecs
        .describe_services()
        .cluster(cluster)
        .services(service);
    let answer = asked(request.send().await, &["ClusterNotFoundException"]);
    let told = match answer {
        Err(it) if it.code == "ClusterNotFoundException" => return Ok(Ready::Yes),
        other => other?,
    };
    let Some(it) = told.services.unwrap_or_default().into_iter().next() else {
        return Ok(Ready::Yes);
    };
    // A daemon's tasks go with the service.
    let daemon = it
        .scheduling_strategy
        .as_ref()
        .is_some_and(|it| it.as_str() == "DAEMON");
    if daemon || it.status() == Some("INACTIVE") {
        return Ok(Ready::Yes);
    }
    let left = it.running_count.max(0) + it.pending_count.max(0);
    let left = usize::try_from(left).unwrap_or_default();
    Ok(Ready::when(left == 0, || {
        format!("{} of the service still run", text::count(left, "task"))
    }))
}

async fn group_drained(aws: &Aws, name: &str) -> Result<Ready, Refusal> {
    let request = aws.autoscaling.describe_auto_scaling_groups();
    let request = request.auto_scaling_group_names(name);
    let groups = asked(request.send().await, &[])?.auto_scaling_groups;
    let group = groups.unwrap_or_default().into_iter().next();
    let left = group.map_or(0, |it| it.instances().len());
    Ok(Ready::when(left == 0, || {
        format!("{} of the group still there", text::count(left, "instance"))
    }))
}

async fn providers_cleared(aws: &Aws, cluster: &str) -> Result<Ready, Refusal> {
    let request = aws.ecs.describe_clusters().clusters(cluster);
    let request = request.include(aws_sdk_ecs::types::ClusterField::Attachments);
    let clusters = asked(request.send().await, &[])?.clusters;
    let cluster = clusters.unwrap_or_default().into_iter().next();
    let status = cluster.and_then(|it| it.attachments_status);
    Ok(match status.as_deref() {
        Some("UPDATE_FAILED") => {
            Ready::Failed("the cluster could not let go of its capacity providers".to_owned())
        }
        Some("UPDATE_IN_PROGRESS") => {
            Ready::NotYet("the cluster lets go of its capacity providers".to_owned())
        }
        _ => Ready::Yes,
    })
}

async fn backed_up(aws: &Aws, act: &Act) -> Result<Ready, Refusal> {
    let name = act.with.get("BackupName").map(String::as_str);
    let request = aws.dynamodb.list_backups().table_name(&act.on.key);
    let backups = asked(request.send().await, &[])?.backup_summaries;
    let backups = backups.unwrap_or_default();
    let backup = backups.iter().find(|it| it.backup_name() == name);
    let status = backup.and_then(|it| it.backup_status());
    Ok(saved(
        status.map(|it| it.as_str()),
        "AVAILABLE",
        "DELETED",
        "the backup of the table",
    ))
}

/// How far a copy is, by AWS's word for it.
fn saved(status: Option<&str>, good: &str, bad: &str, what: &str) -> Ready {
    match status {
        Some(it) if it == good => Ready::Yes,
        Some(it) if it == bad => Ready::Failed(format!("{what} came to nothing ({it})")),
        Some(it) => Ready::NotYet(format!("{what} is being made ({it})")),
        None => Ready::NotYet(format!("{what} is being made")),
    }
}

async fn volume_saved(aws: &Aws, act: &Act) -> Result<Ready, Refusal> {
    let filter = |name: &str, value: &str| {
        let filter = aws_sdk_ec2::types::Filter::builder().name(name);
        filter.values(value).build()
    };
    let request = aws.ec2.describe_snapshots().owner_ids("self");
    let request = request.filters(filter("volume-id", &act.on.key));
    let request = request.filters(filter("description", &compute::description(act)));
    let snapshots = asked(request.send().await, &[])?.snapshots;
    let snapshot = snapshots.unwrap_or_default().into_iter().next();
    let state = snapshot.and_then(|it| it.state);
    let state = state.as_ref().map(|it| it.as_str());
    Ok(saved(
        state,
        "completed",
        "error",
        "the snapshot of the volume",
    ))
}

async fn db_saved(aws: &Aws, act: &Act) -> Result<Ready, Refusal> {
    let name = act.with.get("DBSnapshotIdentifier").cloned();
    let request = aws.rds.describe_db_snapshots();
    let answer = request.set_db_snapshot_identifier(name).send().await;
    let snapshots = match asked(answer, &[]) {
        Err(it) if it.code == "DBSnapshotNotFound" => None,
        other => other?.db_snapshots,
    };
    let snapshot = snapshots.unwrap_or_default().into_iter().next();
    let status = snapshot.and_then(|it| it.status);
    Ok(saved(
        status.as_deref(),
        "available",
        "failed",
        "the snapshot of the database",
    ))
}

async fn db_cluster_saved(aws: &Aws, act: &Act) -> Result<Ready, Refusal> {
    let name = act.with.get("DBClusterSnapshotIdentifier").cloned();
    let request = aws.rds.describe_db_cluster_snapshots();
    let answer = request
        .set_db_cluster_snapshot_identifier(name)
        .send()
        .await;
    let snapshots = match asked(answer, &[]) {
        Err(it) if it.code == "DBClusterSnapshotNotFoundFault" => None,
        other => other?.db_cluster_snapshots,
    };
    let snapshot = snapshots.unwrap_or_default().into_iter().next();
    let status = snapshot.and_then(|it| it.status);
    Ok(saved(
        status.as_deref(),
        "available",
        "failed",
        "the snapshot of the database cluster",
    ))
}

async fn cache_saved(aws: &Aws, act: &Act) -> Result<Ready, Refusal> {
    let name = act.with.get("SnapshotName").cloned();
    let request = aws.elasticache.describe_snapshots();
    let answer = request.set_snapshot_name(name).send().await;
    let snapshots = asked(answer, &[])?.snapshots;
    let snapshot = snapshots.unwrap_or_default().into_iter().next();
    let status = snapshot.and_then(|it| it.snapshot_status);
    Ok(saved(
        status.as_deref(),
        "available",
        "failed",
        "the snapshot of the cache",
    ))
}

async fn table_active(aws: &Aws, name: &str) -> Result<Ready, Refusal> {
    let answer = aws.dynamodb.describe_table().table_name(name).send().await;
    let gone = |it: &Refusal| it.code == "ResourceNotFoundException";
    let table = match asked(answer, &[]) {
        Err(it) if gone(&it) => return Ok(Ready::Yes),
        other => other?.table,
    };
    let status = table.and_then(|it| it.table_status);
    let status = status.as_ref().map_or("", |it| it.as_str());
    Ok(Ready::when(status == "ACTIVE", || {
        format!("the table is {status}")
    }))
}

/// The change is made while the database is `modifying`, in which AWS refuses to delete it.
async fn db_unprotected(aws: &Aws, id: &str) -> Result<Ready, Refusal> {
    let request = aws.rds.describe_db_instances().db_instance_identifier(id);
    let instances = asked(request.send().await, &[])?.db_instances;
    let Some(it) = instances.unwrap_or_default().into_iter().next() else {
        return Ok(Ready::Yes);
    };
    let protected = it.deletion_protection == Some(true);
    let status = it.db_instance_status.unwrap_or_default();
    Ok(unprotected(protected, &status, "the database"))
}

async fn db_cluster_unprotected(aws: &Aws, id: &str) -> Result<Ready, Refusal> {
    let request = aws.rds.describe_db_clusters().db_cluster_identifier(id);
    let clusters = asked(request.send().await, &[])?.db_clusters;
    let Some(it) = clusters.unwrap_or_default().into_iter().next() else {
        return Ok(Ready::Yes);
    };
    let protected = it.deletion_protection == Some(true);
    let status = it.status.unwrap_or_default();
    Ok(unprotected(protected, &status, "the database cluster"))
}

fn unprotected(protected: bool, status: &str, what: &str) -> Ready {
    Ready::when(!protected && status != "modifying", || {
        format!("{what} takes the change ({status})")
    })
}

async fn no_mount_targets(aws: &Aws, file_system: &str) -> Result<Ready, Refusal> {
    let request = aws.efs.describe_mount_targets().file_system_id(file_system);
    let targets = match asked(request.send().await, &[]) {
        Err(it) if it.code == "FileSystemNotFound" => return Ok(Ready::Yes),
        other => other?.mount_targets.unwrap_or_default().len(),
    };
    Ok(none_left(targets, "mount target"))
}

async fn no_access_points(aws: &Aws, file_system: &str) -> Result<Ready, Refusal> {
    let request = aws.efs.describe_access_points().file_system_id(file_system);
    let points = match asked(request.send().await, &[]) {
        Err(it) if it.code == "FileSystemNotFound" => return Ok(Ready::Yes),
        other => other?.access_points.unwrap_or_default().len(),
    };
    Ok(none_left(points, "access point"))
}

async fn no_mappings(aws: &Aws, function: &str) -> Result<Ready, Refusal> {
    let request = aws
        .lambda
        .list_event_source_mappings()
        .function_name(function);
    let mappings = match asked(request.send().await, &[]) {
        Err(it) if it.code == "ResourceNotFoundException" => return Ok(Ready::Yes),
        other => other?.event_source_mappings.unwrap_or_default().len(),
    };
    Ok(none_left(mappings, "event source mapping"))
}

fn none_left(number: usize, what: &str) -> Ready {
    Ready::when(number == 0, || {
        format!("{} still there", text::count(number, what))
    })
}
