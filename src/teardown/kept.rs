//! What is known of data: when it was written, and what is kept of it elsewhere.

use jiff::Timestamp;

use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        AsKind as _, Fact, Kind, bucket::Bucket, cache_cluster::CacheCluster,
        db_cluster::DbCluster, db_instance::DbInstance, file_system::FileSystem,
        instance::Instance, key::Key, replication_group::ReplicationGroup, repository::Repository,
        secret::Secret, table::Table,
    },
    rule::no_recent_backup::Snapshots,
    snapshot::Resource,
    text,
};

/// When something was written last.
pub fn last_write(resource: &Resource) -> Option<Timestamp> {
    let attrs = &resource.attrs;
    let bucket = Bucket::of(attrs).and_then(|it| it.contents.known()?.newest);
    let secret = Secret::of(attrs).and_then(|it| it.changed);
    let images = Repository::of(attrs).and_then(|it| it.images.known()?.newest_push);
    bucket.or(secret).or(images)
}

/// What is kept of data outside of what holds it.
pub struct Kept<'a> {
    snapshots: Snapshots<'a>,
    /// When the account was read.
    taken: Timestamp,
}

impl<'a> Kept<'a> {
    pub fn of(graph: &Graph<'a>, taken: Timestamp) -> Self {
        Self {
            snapshots: Snapshots::of(graph),
            taken,
        }
    }

    /// What is there of it when it is gone, and `goes` is, too: "snapshot snap-1, made 3 hours
    /// ago". Empty where nothing is known to be.
    pub fn lasting(&self, resource: &Resource, goes: impl Fn(&ResourceId) -> bool) -> String {
        let attrs = &resource.attrs;
        if let Some(it) = Bucket::of(attrs) {
            let rules = it.copied_by().unwrap_or_default().into_iter();
            let mut rules = rules.filter(|it| !goes(&ResourceId::new(Kind::Bucket, &it.to)));
            let rule = rules.next();
            return rule
                .map(|it| {
                    let part = if it.filtered { "of a part of it " } else { "" };
                    format!("copies {part}in bucket {}", it.to)
                })
                .unwrap_or_default();
        }
        if FileSystem::of(attrs).is_some_and(|it| it.backups == Fact::Known(true)) {
            return "daily backups of AWS Backup".to_owned();
        }
        let disks = self.disks(resource);
        let told = disks.iter().filter_map(|it| {
            let (made, snapshot) = self.snapshots.newest(it)?;
            let age = text::age(made, self.taken);
            let of = if *it == resource.id.key {
                String::new()
            } else {
                format!(" of {it}")
            };
            Some(format!("snapshot {}{of}, made {age} ago", snapshot.key))
        });
        told.collect::<Vec<_>>().join("; ")
    }

    /// A disk itself, or the disks that go with a machine.
    fn disks<'r>(&self, resource: &'r Resource) -> Vec<&'r str> {
        if resource.id.kind == Kind::Volume {
            return vec![&resource.id.key];
        }
        let machine = Instance::of(&resource.attrs);
        let disks = machine.into_iter().flat_map(|it| &it.volumes);
        let disks = disks.filter(|it| it.delete_on_termination);
        disks.map(|it| it.volume.as_str()).collect()
    }

    /// What AWS keeps of it by itself, and whether that stays: a sentence without its full stop.
    pub fn backup(&self, resource: &Resource) -> String {
        let attrs = &resource.attrs;
        if let Some(it) = DbInstance::of(attrs) {
            let own = self.automated(it.backup_retention_days, it.latest_restorable);
            return own + &self.by_hand(&it.newest_snapshot);
        }
        if let Some(it) = DbCluster::of(attrs) {
            let own = self.automated(it.backup_retention_days, it.latest_restorable);
            return own + &self.by_hand(&it.newest_snapshot);
        }
        if let Some(it) = Bucket::of(attrs) {
            return of_bucket(it, &self.lasting(resource, |_| false));
        }
        if matches!(resource.id.kind, Kind::Volume | Kind::Instance) {
            return self.of_disks(resource);
        }
        of_the_rest(resource).to_owned()
    }

    fn automated(&self, days: u32, latest: Option<Timestamp>) -> String {
        let long = text::count(usize::try_from(days).unwrap_or(usize::MAX), "day");
        match (days, latest) {
            (0, _) => "none: automated backups are off".to_owned(),
            (_, Some(latest)) => {
                let age = text::age(latest, self.taken);
                format!("automated backups of {long}, up to {age} ago; they go with it")
            }
            (_, None) => format!("automated backups of {long}; they go with it"),
        }
    }

    /// The snapshot of a database that somebody took, which stays; empty where none is known of.
    fn by_hand(&self, taken: &Fact<Option<Timestamp>>) -> String {
        let taken = taken.known().copied().flatten();
        let told = taken.map(|it| {
            let age = text::age(it, self.taken);
            format!("; a snapshot that somebody took {age} ago stays")
        });
        told.unwrap_or_default()
    }

    fn of_disks(&self, resource: &Resource) -> String {
        let bare = self.disks(resource).into_iter();
        let bare: Vec<&str> = bare
            .filter(|it| self.snapshots.newest(it).is_none())
            .collect();
        let lasting = self.lasting(resource, |_| false);
        match (&bare[..], &*lasting) {
            ([], it) => format!("{it}; it stays"),
            (_, "") => "none: there is no snapshot".to_owned(),
            (bare, it) => format!("{it}; none of {}", bare.join(", ")),
        }
    }
}

fn of_bucket(bucket: &Bucket, copied: &str) -> String {
    let versions = bucket.versioning.known().is_some_and(|it| it != "Off");
    match (bucket.copied_by(), copied) {
        (None, _) => "whether S3 copies it to another bucket was not read".to_owned(),
        (Some(_), "") if versions => {
            "none: S3 copies it nowhere, and old versions go with it".to_owned()
        }
        (Some(_), "") => "none: S3 copies it nowhere".to_owned(),
        (Some(_), copied) => format!("{copied}, of what was written since that began"),
    }
}

fn of_the_rest(resource: &Resource) -> &'static str {
    let attrs = &resource.attrs;
    if let Some(it) = Table::of(attrs) {
        return match it.point_in_time {
            Fact::Known(true) => "point-in-time recovery is on; it goes with it",
            Fact::Known(false) => "none: point-in-time recovery is off",
            Fact::Unread => "whether it can be brought back was not asked",
        };
    }
    if let Some(it) = FileSystem::of(attrs) {
        return match it.backups {
            Fact::Known(true) => "AWS Backup makes one every day, and keeps it",
            Fact::Known(false) => "none: automatic backups are off",
            Fact::Unread => "whether AWS Backup has one was not read",
        };
    }
    if CacheCluster::of(attrs).is_some() || ReplicationGroup::of(attrs).is_some() {
        return "automatic ones, if any, go with it";
    }
    if Secret::of(attrs).is_some() {
        return "it can be restored for 30 days";
    }
    if Key::of(attrs).is_some() {
        return "its deletion can be cancelled for 30 days";
    }
    "none that racklens knows of"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is told of the first of these, two hours after the snapshots' day began.
    fn told(things: &[serde_json::Value]) -> (String, String) {
        let things: Vec<Resource> = things
            .iter()
            .map(|it| serde_json::from_value(it.clone()).unwrap())
            .collect();
        let graph = Graph::build(&things);
        let taken = "2018-05-01T02:00:00Z".parse().unwrap();
        let kept = Kept::of(&graph, taken);
        (
            kept.lasting(&things[0], |it| it.key == "going"),
            kept.backup(&things[0]),
        )
    }

    fn snapshot_of(disk: &str) -> serde_json::Value {
        json!({ "id": "ebs-snapshot/snap-1", "created": "2018-05-01T00:00:00Z",
                "attrs": { "ebs-snapshot": { "volume": disk, "status": "completed" } } })
    }

    #[test]
    fn of_a_machines_disks_each_is_told_that_has_no_snapshot() {
        let disk = |key: &str| json!({ "volume": key, "delete_on_termination": true });
        let machine = json!({ "id": "instance/i-1", "attrs": { "instance": {
            "volumes": [disk("vol-1"), disk("vol-2")] } } });
        let (lasting, backup) = told(&[machine, snapshot_of("vol-1")]);
        assert_eq!(lasting, "snapshot snap-1 of vol-1, made 2 hours ago");
        assert!(backup.ends_with("; none of vol-2"), "{backup}");
    }

    #[test]
    fn a_disk_without_a_snapshot_has_nothing_that_lasts() {
        let disk = json!({ "id": "volume/vol-2", "attrs": { "volume": {} } });
        let (lasting, backup) = told(&[disk, snapshot_of("vol-1")]);
        assert_eq!((&*lasting, &*backup), ("", "none: there is no snapshot"));
    }

    #[test]
    fn a_copy_that_goes_along_is_none_that_lasts() {
        let bucket = |rules| {
            json!({ "id": "bucket/b", "attrs": { "bucket": {
                "versioning": { "known": "Enabled" }, "replication": { "known": rules } } } })
        };
        let to = |bucket: &str| json!({ "to": bucket, "enabled": true });
        let (lasting, _) = told(&[bucket(json!([to("going"), to("far")]))]);
        assert_eq!(lasting, "copies in bucket far");
        assert_eq!(told(&[bucket(json!([to("going")]))]).0, "");
        let (lasting, backup) = told(&[bucket(json!([]))]);
        assert_eq!(lasting, "");
        assert!(backup.contains("old versions go with it"), "{backup}");
    }

    #[test]
    fn a_snapshot_that_somebody_took_of_a_database_stays() {
        let database = |snapshot| {
            json!({ "id": "db-instance/orders", "attrs": { "db-instance": {
                "newest_snapshot": { "known": snapshot } } } })
        };
        let (_, backup) = told(&[database(json!("2018-05-01T00:00:00Z"))]);
        let stays = "a snapshot that somebody took 2 hours ago stays";
        let own = "none: automated backups are off";
        assert_eq!(backup, format!("{own}; {stays}"));
        assert_eq!(told(&[database(json!(null))]).1, own);
    }
}
