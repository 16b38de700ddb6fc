//! Reads EBS snapshots of the account: one listing, and where there are any, which of them are
//! open to everybody, which of them images are made of, and which of those are.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::EbsSnapshot;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const SNAPSHOTS: Call = Call::new(Service::Ec2, "DescribeSnapshots");
const IMAGES: Call = Call::new(Service::Ec2, "DescribeImages");
/// The most that a page holds.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[SNAPSHOTS, IMAGES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::EbsSnapshot);
        let own = aws.ec2.describe_snapshots().owner_ids("self");
        let pages = own.into_paginator().page_size(PAGE).items().send();
        found.pages(SNAPSHOTS, pages, resource).await;
        if !found.resources.is_empty() {
            add_facts(aws, &mut found).await;
        }
        found
    })
}

/// Two listings more, at once: neither needs the other's answer.
async fn add_facts(aws: &Aws, found: &mut Found) {
    let open = aws.ec2.describe_snapshots().owner_ids("self");
    let open = open.restorable_by_user_ids("all").into_paginator();
    // A disabled image needs its snapshots as much as another one.
    let images = aws.ec2.describe_images().owners("self");
    let images = images.include_disabled(true).into_paginator();
    let (open, images) = tokio::join!(
        open.page_size(PAGE).items().send().try_collect(),
        images.page_size(PAGE).items().send().try_collect(),
    );
    let open = found.answer(SNAPSHOTS, None, open);
    let open = open.map(|it: Vec<types::Snapshot>| {
        let ids = it.into_iter().filter_map(|it| it.snapshot_id);
        ids.collect::<BTreeSet<String>>()
    });
    let images = found.answer(IMAGES, None, images).map(made_of);
    for snapshot in &mut found.resources {
        let id = &snapshot.id.key;
        let public = open.as_ref().map(|it| it.contains(id));
        let of = |all: &BTreeMap<String, Vec<String>>| all.get(id).cloned().unwrap_or_default();
        let made = images.as_ref().map(|it| of(&it.all));
        let launched = images.as_ref().map(|it| of(&it.public));
        if let Some(attrs) = EbsSnapshot::of_mut(&mut snapshot.attrs) {
            attrs.public = public.map_or(Fact::Unread, Fact::Known);
            attrs.images = made.map_or(Fact::Unread, Fact::Known);
            attrs.public_images = launched.map_or(Fact::Unread, Fact::Known);
        }
    }
}

/// Which images are made of which snapshots.
#[derive(Default)]
struct Made {
    all: BTreeMap<String, Vec<String>>,
    /// Those that are open to everybody.
    public: BTreeMap<String, Vec<String>>,
}

fn made_of(images: Vec<types::Image>) -> Made {
    let mut made = Made::default();
    for image in images {
        let id = image.image_id.unwrap_or_default();
        let devices = image.block_device_mappings.unwrap_or_default();
        let disks = devices.into_iter().filter_map(|it| it.ebs?.snapshot_id);
        for snapshot in disks {
            if image.public == Some(true) {
                let public = made.public.entry(snapshot.clone()).or_default();
                public.push(id.clone());
            }
            made.all.entry(snapshot).or_default().push(id.clone());
        }
    }
    made
}

fn resource(snapshot: types::Snapshot) -> Result<Resource, Missing> {
    let id = snapshot.snapshot_id.need("SnapshotId")?;
    // AWS puts this id where there was no volume.
    let volume = snapshot.volume_id.filter(|it| it != "vol-ffffffff");
    let attrs = EbsSnapshot {
        volume,
        size_gib: count(Some(snapshot.volume_size.need("VolumeSize")?)),
        status: snapshot.state.need("State")?.as_str().to_owned(),
        description: snapshot.description.unwrap_or_default(),
        encrypted: snapshot.encrypted.need("Encrypted")?,
        key: snapshot.kms_key_id.map(shape::key),
        images: Fact::Unread,
        public_images: Fact::Unread,
        public: Fact::Unread,
    };
    Ok(Resource::new(id, attrs)
        .created(shape::time(snapshot.start_time))
        .tags(tag_map!(snapshot.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    fn listing(ids: &[&str]) -> String {
        let items: String = ids
            .iter()
            .map(|id| {
                format!(
                    "<item><snapshotId>{id}</snapshotId><volumeId>vol-ffffffff</volumeId>
                     <volumeSize>8</volumeSize><status>completed</status>
                     <encrypted>true</encrypted><startTime>2018-04-29T21:00:00Z</startTime></item>"
                )
            })
            .collect();
        format!(
            "<DescribeSnapshotsResponse><snapshotSet>{items}</snapshotSet></DescribeSnapshotsResponse>"
        )
    }

    const IMAGES: &str = "<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId>
        <imageState>disabled</imageState><blockDeviceMapping><item><ebs>
          <snapshotId>snap-2</snapshotId></ebs></item></blockDeviceMapping></item>
        <item><imageId>ami-2</imageId><isPublic>true</isPublic><blockDeviceMapping><item><ebs>
          <snapshotId>snap-2</snapshotId></ebs></item></blockDeviceMapping></item></imagesSet>
        </DescribeImagesResponse>";

    #[tokio::test]
    async fn what_is_open_and_what_images_are_made_of_is_told_of_each() {
        let tape = Tape::default()
            .answer(200, listing(&["snap-1", "snap-2"]))
            .answer(200, listing(&["snap-1"]))
            .answer(200, IMAGES);
        let found = list(&tape.aws()).await;
        let of = |at: usize| EbsSnapshot::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).public, Fact::Known(true));
        assert_eq!(of(0).images, Fact::Known(Vec::new()));
        assert_eq!(of(1).public, Fact::Known(false));
        let ids = |all: &[&str]| Fact::Known(all.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(of(1).images, ids(&["ami-1", "ami-2"]));
        assert_eq!(of(1).public_images, ids(&["ami-2"]));
        assert_eq!(of(0).public_images, ids(&[]));
        assert_eq!(of(0).volume, None);
        let asked = tape.asked();
        assert!(asked[1].contains("RestorableBy.1=all") && asked[0].contains("Owner.1=self"));
        assert!(asked[2].contains("IncludeDisabled=true"));
    }

    #[tokio::test]
    async fn an_account_without_snapshots_is_asked_nothing_more() {
        let tape = Tape::default().answer(200, listing(&[]));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty() && found.gaps.is_empty());
        assert_eq!(tape.asked().len(), 1);
    }

    #[tokio::test]
    async fn what_may_not_be_asked_is_one_gap_each_and_the_snapshots_are_kept() {
        let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>
            </Response>";
        let tape = Tape::default()
            .answer(200, listing(&["snap-1", "snap-2"]))
            .answer(403, denied)
            .answer(403, denied);
        let found = list(&tape.aws()).await;
        assert_eq!((found.resources.len(), found.gaps.len()), (2, 2));
        let snapshot = EbsSnapshot::of(&found.resources[0].attrs).unwrap();
        assert_eq!(
            (&snapshot.public, &snapshot.images),
            (&Fact::Unread, &Fact::Unread)
        );
    }
}
