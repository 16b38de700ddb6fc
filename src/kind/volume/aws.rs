//! Reads EBS volumes: one listing.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::{Attachment, Volume};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const VOLUMES: Call = Call::new(Service::Ec2, "DescribeVolumes");
/// The most that a page holds.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[VOLUMES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Volume);
        let pages = aws.ec2.describe_volumes().into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        found.pages(VOLUMES, pages, resource).await;
        found
    })
}

fn resource(volume: types::Volume) -> Result<Resource, Missing> {
    let id = volume.volume_id.need("VolumeId")?;
    let operator = volume.operator.filter(|it| it.managed == Some(true));
    let attachments = volume.attachments.unwrap_or_default();
    let attrs = Volume {
        size_gib: count(Some(volume.size.need("Size")?)),
        volume_type: volume.volume_type.need("VolumeType")?.as_str().to_owned(),
        iops: volume.iops.map(|it| count(Some(it))),
        throughput: volume.throughput.map(|it| count(Some(it))),
        encrypted: volume.encrypted.need("Encrypted")?,
        key: volume.kms_key_id.map(shape::key),
        zone: volume.availability_zone.need("AvailabilityZone")?,
        status: volume.state.need("State")?.as_str().to_owned(),
        attachments: attachments.into_iter().map(attachment).collect(),
        snapshot: text(volume.snapshot_id),
        managed_by: operator.map(|it| it.principal.unwrap_or_default()),
    };
    Ok(Resource::new(id, attrs)
        .arn(volume.volume_arn)
        .created(shape::time(volume.create_time))
        .tags(tag_map!(volume.tags.unwrap_or_default())))
}

fn attachment(it: types::VolumeAttachment) -> Attachment {
    Attachment {
        instance: it.instance_id,
        device: it.device,
        status: it
            .state
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        delete_on_termination: it.delete_on_termination.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn page(encrypted: &str) -> String {
        format!(
            "<DescribeVolumesResponse><volumeSet><item>
               <volumeId>vol-1</volumeId><size>50</size><volumeType>gp3</volumeType>
               <iops>3000</iops><throughput>125</throughput><snapshotId/>{encrypted}
               <availabilityZone>us-east-1a</availabilityZone><status>in-use</status>
               <createTime>2020-04-29T21:00:00.000Z</createTime>
               <attachmentSet><item><instanceId>i-1</instanceId><device>/dev/xvda</device>
                 <status>attached</status><deleteOnTermination>true</deleteOnTermination></item>
               </attachmentSet></item></volumeSet></DescribeVolumesResponse>"
        )
    }

    #[tokio::test]
    async fn its_key_goes_by_the_name_that_keys_have() {
        let tape = Tape::default().answer(
            200,
            page(
                "<encrypted>true</encrypted>
                 <kmsKeyId>arn:aws:kms:us-east-1:123456789012:key/0987dcba</kmsKeyId>",
            ),
        );
        let found = list(&tape.aws()).await;
        let volume = Volume::of(&found.resources[0].attrs).unwrap();
        assert_eq!(volume.key.as_deref(), Some("0987dcba"));
        assert_eq!(volume.snapshot, None);
        assert!(volume.attachments[0].delete_on_termination);
    }

    #[tokio::test]
    async fn one_that_does_not_say_whether_it_is_encrypted_is_a_gap() {
        let tape = Tape::default().answer(200, page(""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no Encrypted");
    }
}
