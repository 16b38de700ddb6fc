//! Looks at machines, their disks, and what launches them.

use super::{Look, Seen, There, told};
use crate::aws::{Aws, shape};

pub(super) async fn group(aws: &Aws, name: &str) -> Look {
    let request = aws.autoscaling.describe_auto_scaling_groups();
    let request = request.auto_scaling_group_names(name);
    let told = told(request.send().await, &[])?;
    let group = told.and_then(|it| it.auto_scaling_groups?.into_iter().next());
    Ok(match group {
        None => Seen::Gone,
        Some(it) if it.status.is_some() => {
            let left = it.instances.map_or(0, |it| it.len());
            Seen::Going(format!(
                "the Auto Scaling group is being deleted, {} left",
                crate::text::count(left, "instance")
            ))
        }
        Some(it) => There::made(shape::time(it.created_time)).into(),
    })
}

pub(super) async fn launch_configuration(aws: &Aws, name: &str) -> Look {
    let request = aws.autoscaling.describe_launch_configurations();
    let request = request.launch_configuration_names(name);
    let told = told(request.send().await, &[])?;
    let found = told.and_then(|it| it.launch_configurations?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.created_time)).into()
    }))
}

pub(super) async fn launch_template(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_launch_templates().launch_template_ids(id);
    let codes = [
        "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.NotFoundException",
    ];
    let told = told(request.send().await, &codes)?;
    let found = told.and_then(|it| it.launch_templates?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |_| There::default().into()))
}

pub(super) async fn instance(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_instances().instance_ids(id);
    let told = told(request.send().await, &["InvalidInstanceID.NotFound"])?;
    let reservations = told.and_then(|it| it.reservations).unwrap_or_default();
    let mut instances = reservations
        .into_iter()
        .flat_map(|it| it.instances.unwrap_or_default());
    let state = instances.next().and_then(|it| it.state?.name);
    Ok(match state.as_ref().map(|it| it.as_str()) {
        None | Some("terminated") => Seen::Gone,
        Some("shutting-down") => Seen::Going("the instance is shutting down".to_owned()),
        other => There::default().state(other).into(),
    })
}

pub(super) async fn volume(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_volumes().volume_ids(id);
    let told = told(request.send().await, &["InvalidVolume.NotFound"])?;
    let volume = told.and_then(|it| it.volumes?.into_iter().next());
    let state = volume.and_then(|it| it.state);
    Ok(match state.as_ref().map(|it| it.as_str()) {
        None | Some("deleted") => Seen::Gone,
        Some("deleting") => Seen::Going("the volume is being deleted".to_owned()),
        other => There::default().state(other).into(),
    })
}

pub(super) async fn snapshot(aws: &Aws, id: &str) -> Look {
    let request = aws.ec2.describe_snapshots().snapshot_ids(id);
    let told = told(request.send().await, &["InvalidSnapshot.NotFound"])?;
    let snapshot = told.and_then(|it| it.snapshots?.into_iter().next());
    Ok(snapshot.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.start_time)).into()
    }))
}

pub(super) async fn key_pair(aws: &Aws, name: &str) -> Look {
    let request = aws.ec2.describe_key_pairs().key_names(name);
    let told = told(request.send().await, &["InvalidKeyPair.NotFound"])?;
    let pair = told.and_then(|it| it.key_pairs?.into_iter().next());
    Ok(pair.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.create_time)).into()
    }))
}
