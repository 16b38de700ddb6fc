//! Looks at what keeps data.

use super::{Look, Seen, There, told};
use crate::aws::{Aws, shape};

pub(super) async fn bucket(aws: &Aws, name: &str) -> Look {
    // Only the listing tells when a bucket was made.
    let request = aws.s3.list_buckets().prefix(name).max_buckets(1000);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = told(page, &[])?;
        let buckets = page.and_then(|it| it.buckets).unwrap_or_default();
        if let Some(it) = buckets.into_iter().find(|it| it.name() == Some(name)) {
            return Ok(There::made(shape::time(it.creation_date)).into());
        }
    }
    Ok(Seen::Gone)
}

pub(super) async fn file_system(aws: &Aws, id: &str) -> Look {
    let request = aws.efs.describe_file_systems().file_system_id(id);
    let told = told(request.send().await, &["FileSystemNotFound"])?;
    let found = told.and_then(|it| it.file_systems?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) => match it.life_cycle_state.as_str() {
            "deleted" => Seen::Gone,
            "deleting" => Seen::Going("the file system is being deleted".to_owned()),
            state => There::made(shape::time(Some(it.creation_time)))
                .state(Some(state))
                .into(),
        },
    })
}

pub(super) async fn mount_target(aws: &Aws, id: &str) -> Look {
    let request = aws.efs.describe_mount_targets().mount_target_id(id);
    let told = told(request.send().await, &["MountTargetNotFound"])?;
    let found = told.and_then(|it| it.mount_targets?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) => match it.life_cycle_state.as_str() {
            "deleted" => Seen::Gone,
            "deleting" => Seen::Going("the mount target is being deleted".to_owned()),
            state => There::default().state(Some(state)).into(),
        },
    })
}

pub(super) async fn table(aws: &Aws, name: &str) -> Look {
    let answer = aws.dynamodb.describe_table().table_name(name).send().await;
    let told = told(answer, &["ResourceNotFoundException"])?;
    let Some(it) = told.and_then(|it| it.table) else {
        return Ok(Seen::Gone);
    };
    Ok(match it.table_status.as_ref().map(|it| it.as_str()) {
        Some("DELETING") => Seen::Going("the table is being deleted".to_owned()),
        state => There::made(shape::time(it.creation_date_time))
            .state(state)
            .into(),
    })
}

pub(super) async fn db_instance(aws: &Aws, id: &str) -> Look {
    let request = aws.rds.describe_db_instances().db_instance_identifier(id);
    let codes = ["DBInstanceNotFound", "DBInstanceNotFoundFault"];
    let told = told(request.send().await, &codes)?;
    let found = told.and_then(|it| it.db_instances?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) if it.db_instance_status() == Some("deleting") => {
            Seen::Going("the database is being deleted".to_owned())
        }
        Some(it) => There::made(shape::time(it.instance_create_time))
            .state(it.db_instance_status)
            .into(),
    })
}

pub(super) async fn db_cluster(aws: &Aws, id: &str) -> Look {
    let request = aws.rds.describe_db_clusters().db_cluster_identifier(id);
    let told = told(request.send().await, &["DBClusterNotFoundFault"])?;
    let found = told.and_then(|it| it.db_clusters?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) if it.status() == Some("deleting") => {
            Seen::Going("the database cluster is being deleted".to_owned())
        }
        Some(it) => There::made(shape::time(it.cluster_create_time))
            .state(it.status)
            .into(),
    })
}

pub(super) async fn db_subnet_group(aws: &Aws, name: &str) -> Look {
    let request = aws.rds.describe_db_subnet_groups();
    let answer = request.db_subnet_group_name(name).send().await;
    let told = told(answer, &["DBSubnetGroupNotFoundFault"])?;
    let found = told.and_then(|it| it.db_subnet_groups?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |_| There::default().into()))
}

pub(super) async fn replication_group(aws: &Aws, id: &str) -> Look {
    let request = aws.elasticache.describe_replication_groups();
    let answer = request.replication_group_id(id).send().await;
    let told = told(answer, &["ReplicationGroupNotFoundFault"])?;
    let found = told.and_then(|it| it.replication_groups?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) if it.status() == Some("deleting") => {
            Seen::Going("the replication group is being deleted".to_owned())
        }
        Some(it) => There::made(shape::time(it.replication_group_create_time))
            .state(it.status)
            .into(),
    })
}

pub(super) async fn cache_cluster(aws: &Aws, id: &str) -> Look {
    let request = aws.elasticache.describe_cache_clusters();
    let answer = request.cache_cluster_id(id).send().await;
    let codes = ["CacheClusterNotFound", "CacheClusterNotFoundFault"];
    let told = told(answer, &codes)?;
    let found = told.and_then(|it| it.cache_clusters?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) if it.cache_cluster_status() == Some("deleting") => {
            Seen::Going("the cache is being deleted".to_owned())
        }
        Some(it) => There::made(shape::time(it.cache_cluster_create_time))
            .state(it.cache_cluster_status)
            .into(),
    })
}

pub(super) async fn repository(aws: &Aws, name: &str) -> Look {
    let request = aws.ecr.describe_repositories().repository_names(name);
    let told = told(request.send().await, &["RepositoryNotFoundException"])?;
    let found = told.and_then(|it| it.repositories?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.created_at)).into()
    }))
}
