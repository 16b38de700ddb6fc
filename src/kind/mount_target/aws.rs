//! Reads EFS mount targets: asked of each of the rack's file systems.

use aws_sdk_efs::types;
use futures_util::future::BoxFuture;

use super::MountTarget;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::stated,
    },
    kind::Kind,
    snapshot::Resource,
};

const MOUNT_TARGETS: Call = Call::new(Service::Efs, "DescribeMountTargets");

pub const READING: Reading = Reading {
    calls: &[MOUNT_TARGETS],
    source: Source::InsideRack(Kind::FileSystem, inside),
    deepen: None,
};

fn inside(aws: &Aws, file_systems: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::MountTarget, file_systems, |it| of(aws, it)))
}

async fn of(aws: &Aws, file_system: Resource) -> Found {
    let mut found = Found::of(Kind::MountTarget);
    let request = aws
        .efs
        .describe_mount_targets()
        .file_system_id(&file_system.id.key);
    let pages = request.into_paginator().items().send();
    let told = found
        .collect(MOUNT_TARGETS, Some(&file_system.id), pages)
        .await;
    for target in told {
        found.add(MOUNT_TARGETS, Some(&file_system.id), resource(target));
    }
    // The file system is known; it is its mount targets that are not.
    for gap in &mut found.gaps {
        gap.kind = Kind::MountTarget;
    }
    found
}

fn resource(target: types::MountTargetDescription) -> Result<Resource, Missing> {
    let id = target.mount_target_id.need("MountTargetId")?;
    let attrs = MountTarget {
        file_system: target.file_system_id.need("FileSystemId")?,
        subnet: target.subnet_id.need("SubnetId")?,
        zone: target.availability_zone_name,
        vpc: target.vpc_id,
        ip: target.ip_address,
        interface: target.network_interface_id,
        status: stated(target.life_cycle_state.as_str()).need("LifeCycleState")?,
    };
    Ok(Resource::new(id, attrs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::file_system::FileSystem, testing::replay::Tape};

    fn file_systems<const N: usize>(ids: [&str; N]) -> Vec<Resource> {
        ids.map(|it| Resource::new(it, FileSystem::default()))
            .into()
    }

    #[tokio::test]
    async fn each_file_system_is_asked_to_its_last_page() {
        let target = |id: &str| {
            format!(
                r#"{{"MountTargetId":"{id}","FileSystemId":"fs-1","SubnetId":"subnet-1",
                     "LifeCycleState":"available","NetworkInterfaceId":"eni-1"}}"#
            )
        };
        let tape = Tape::default()
            .answer(
                200,
                format!(
                    r#"{{"MountTargets":[{}],"NextMarker":"m"}}"#,
                    target("fsmt-1")
                ),
            )
            .answer(200, format!(r#"{{"MountTargets":[{}]}}"#, target("fsmt-2")));
        let found = inside(&tape.aws(), file_systems(["fs-1"])).await;
        assert_eq!(found.resources.len(), 2);
        assert!(tape.asked()[1].contains("FileSystemId=fs-1"));
    }

    #[tokio::test]
    async fn a_gap_is_about_the_mount_targets_of_one_file_system() {
        let tape = Tape::default().answer(403, r#"{"ErrorCode":"AccessDeniedException"}"#);
        let found = inside(&tape.aws(), file_systems(["fs-1"])).await;
        assert_eq!(found.gaps[0].kind, Kind::MountTarget);
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "file-system/fs-1");
        assert_eq!(
            found.gaps[0].action,
            "elasticfilesystem:DescribeMountTargets"
        );
    }
}
