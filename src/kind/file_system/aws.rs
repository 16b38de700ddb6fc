//! Reads EFS file systems: one listing, tags included.

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
    kind::Kind,
    snapshot::Resource,
};

const FILE_SYSTEMS: Call = Call::new(Service::Efs, "DescribeFileSystems");

pub const READING: Reading = Reading {
    calls: &[FILE_SYSTEMS],
    source: Source::Region(list),
    deepen: None,
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
    };
    Ok(Resource::new(id, attrs)
        .arn(fs.file_system_arn)
        .created(time(Some(fs.creation_time)))
        .tags(tag_map!(fs.tags)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

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
