//! What is known of data: when it was written, and what AWS keeps of it by itself.

use jiff::Timestamp;

use crate::{
    kind::{
        AsKind as _, Fact, bucket::Bucket, cache_cluster::CacheCluster, db_cluster::DbCluster,
        db_instance::DbInstance, file_system::FileSystem, key::Key,
        replication_group::ReplicationGroup, repository::Repository, secret::Secret, table::Table,
    },
    snapshot::Resource,
    text,
};

/// When something was written last.
pub(super) fn last_write(resource: &Resource) -> Option<Timestamp> {
    let attrs = &resource.attrs;
    let bucket = Bucket::of(attrs).and_then(|it| it.contents.known()?.newest);
    let secret = Secret::of(attrs).and_then(|it| it.changed);
    let images = Repository::of(attrs).and_then(|it| it.images.known()?.newest_push);
    bucket.or(secret).or(images)
}

/// What AWS keeps of it by itself: a sentence without its full stop.
pub(super) fn backup(resource: &Resource) -> String {
    let attrs = &resource.attrs;
    let kept = |days: u32, latest: Option<Timestamp>| {
        let long = text::count(usize::try_from(days).unwrap_or(usize::MAX), "day");
        match (days, latest) {
            (0, _) => "none: automated backups are off".to_owned(),
            (_, Some(latest)) => format!(
                "automated backups of {long}, up to {}; they go with it",
                super::super::csv::stamp(latest)
            ),
            (_, None) => format!("automated backups of {long}; they go with it"),
        }
    };
    if let Some(it) = DbInstance::of(attrs) {
        return kept(it.backup_retention_days, it.latest_restorable);
    }
    if let Some(it) = DbCluster::of(attrs) {
        return kept(it.backup_retention_days, it.latest_restorable);
    }
    if let Some(it) = Table::of(attrs) {
        return match it.point_in_time {
            Fact::Known(true) => "point-in-time recovery is on; it goes with it",
            Fact::Known(false) => "none: point-in-time recovery is off",
            Fact::Unread => "whether it can be brought back was not asked",
        }
        .to_owned();
    }
    if let Some(it) = FileSystem::of(attrs) {
        return match it.backups {
            Fact::Known(true) => "AWS Backup makes one every day, and keeps it",
            Fact::Known(false) => "none: automatic backups are off",
            Fact::Unread => "whether AWS Backup has one was not read",
        }
        .to_owned();
    }
    if CacheCluster::of(attrs).is_some() || ReplicationGroup::of(attrs).is_some() {
        return "automatic ones, if any, go with it".to_owned();
    }
    if Secret::of(attrs).is_some() {
        return "it can be restored for 30 days".to_owned();
    }
    if Key::of(attrs).is_some() {
        return "its deletion can be cancelled for 30 days".to_owned();
    }
    "none that racklens knows of".to_owned()
}
