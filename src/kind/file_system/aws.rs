//! Reads EFS file systems: one listing, tags included, then whether the rack's own are backed up.

use aws_sdk_efs::types;
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use super::FileSystem;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, size, stated, tag_map, time},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const FILE_SYSTEMS: Call = Call::new(Service::Efs, "DescribeFileSystems");

const BACKUPS: Call = Call::new(Service::Efs, "DescribeBackupPolicy");

pub const READING: Reading = Reading {
    calls: &[FILE_SYSTEMS, BACKUPS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::FileSystem);
        let pages = aws
            .efs
            .describe_file_systems()
            .into_paginator()
            .items()
            .send();
        found.pages(FILE_SYSTEMS, pages, resource).await;
        found
    })
}

fn resource(fs: types::FileSystemDescription) -> Result<Resource, Missing> {
    let id = fs.file_system_id.need("FileSystemId")?;
    let metered = fs.size_in_bytes.need("SizeInBytes")?;
    let throughput = fs.throughput_mode.as_ref();
    let attrs = FileSystem {
        status: stated(fs.life_cycle_state.as_str()).need("LifeCycleState")?,
        encrypted: fs.encrypted.unwrap_or_default(),
        key: fs.kms_key_id,
        size_bytes: size(Some(metered.value)),
        infrequent_bytes: size(metered.value_in_ia),
        archive_bytes: size(metered.value_in_archive),
        performance_mode: stated(fs.performance_mode.as_str()).need("PerformanceMode")?,
        throughput_mode: throughput.map_or("bursting", |it| it.as_str()).to_owned(),
        provisioned_throughput: fs
            .provisioned_throughput_in_mibps
            .and_then(|it| Decimal::try_from(it).ok()),
        zone: fs.availability_zone_name,
        mount_targets: count(Some(fs.number_of_mount_targets)),
        backups: Fact::Unread,
    };
    Ok(Resource::new(id, attrs)
        .arn(fs.file_system_arn)
        .created(time(Some(fs.creation_time)))
        .tags(tag_map!(fs.tags)))
}

fn deepen(aws: &Aws, systems: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::FileSystem, systems, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut system: Resource) -> Found {
    let mut found = Found::of(Kind::FileSystem);
    let id = system.id.clone();
    let answer = aws.efs.describe_backup_policy().file_system_id(&id.key);
    // So EFS says that it never had a policy.
    let answer = found.optional(BACKUPS, Some(&id), "PolicyNotFound", answer.send().await);
    if let (Some(answer), Some(attrs)) = (answer, FileSystem::of_mut(&mut system.attrs)) {
        let status = answer.and_then(|it| it.backup_policy).map(|it| it.status);
        let on = [types::Status::Enabled, types::Status::Enabling];
        attrs.backups = Fact::Known(status.is_some_and(|it| on.contains(&it)));
    }
    found.resources.push(system);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    #[tokio::test]
    async fn automatic_backups_are_on_off_or_not_known() {
        let systems = || vec![Resource::new("fs-1", FileSystem::default())];
        for (status, body, said) in [
            (
                200,
                r#"{"BackupPolicy":{"Status":"ENABLED"}}"#,
                Fact::Known(true),
            ),
            (
                200,
                r#"{"BackupPolicy":{"Status":"DISABLED"}}"#,
                Fact::Known(false),
            ),
            (404, r#"{"__type":"PolicyNotFound"}"#, Fact::Known(false)),
            (403, r#"{"__type":"AccessDenied"}"#, Fact::Unread),
        ] {
            let tape = Tape::default().answer(status, body);
            let found = deepen(&tape.aws(), systems()).await;
            let fs = FileSystem::of(&found.resources[0].attrs).unwrap();
            assert_eq!(fs.backups, said);
            assert_eq!(
                found.gaps.len(),
                usize::from(said == Fact::Unread),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn one_without_its_state_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            r#"{"FileSystems":[
                {"FileSystemId":"fs-1","LifeCycleState":"available","NumberOfMountTargets":3,
                 "CreationTime":1525035600,"PerformanceMode":"generalPurpose","Encrypted":true,
                 "ThroughputMode":"provisioned","ProvisionedThroughputInMibps":12.5,
                 "SizeInBytes":{"Value":6144,"ValueInIA":1024},
                 "Tags":[{"Key":"Name","Value":"shared"}]},
                {"FileSystemId":"fs-2","SizeInBytes":{"Value":0}}]}"#,
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 1);
        assert_eq!(found.resources[0].label(), "shared");
        let fs = FileSystem::of(&found.resources[0].attrs).unwrap();
        assert_eq!((fs.size_bytes, fs.infrequent_bytes), (6144, 1024));
        assert_eq!(fs.provisioned_throughput.unwrap().to_string(), "12.5");
        assert_eq!(found.gaps[0].message, "the answer has no LifeCycleState");
    }
}
