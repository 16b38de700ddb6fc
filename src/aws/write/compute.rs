//! Takes machines away, and what launches them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aws_sdk_autoscaling::types::DeletionProtection;
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};

use super::{asked, call, done};
use crate::{
    aws::{
        Aws, Call, Service,
        refusal::{Class, Refusal},
    },
    id::ResourceId,
    teardown::plan::Act,
};

pub(super) const SNAPSHOTS: &[Call] = &[call(Service::Ec2, "DescribeSnapshots")];

/// The most instances that one call about scale-in protection takes.
const BATCH: usize = 50;

const NO_INSTANCE: &[&str] = &["InvalidInstanceID.NotFound"];
const NO_TEMPLATE: &[&str] = &[
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.NotFoundException",
    "InvalidLaunchTemplateName.NotFoundException",
];

/// Auto Scaling says "not found" with the code that it has for everything else, too.
fn unless_absent(done: Result<(), Refusal>) -> Result<(), Refusal> {
    done.map_err(|it| {
        if it.code == "ValidationError" && it.message.contains("not found") {
            return Refusal {
                class: Class::Already,
                ..it
            };
        }
        it
    })
}

/// What protected each group from deletion before it was switched off.
pub(super) type Protections = Mutex<BTreeMap<ResourceId, String>>;

/// The protection that is on nothing.
const NONE: &str = "none";

/// Brings a group to none, and switches its protection from deletion where the plan says so.
pub(super) async fn update_group(
    aws: &Aws,
    act: &Act,
    off: bool,
    were: &Protections,
) -> Result<(), Refusal> {
    let were = || were.lock().unwrap_or_else(PoisonError::into_inner);
    let request = aws.autoscaling.update_auto_scaling_group();
    let request = request.auto_scaling_group_name(&act.on.key);
    let protection = act.with.get("DeletionProtection").map(String::as_str);
    let request = if off {
        if protection.is_some()
            && let Some(now) = protection_of(aws, &act.on.key).await?
        {
            were().insert(act.on.clone(), now);
        }
        let size = |name: &str| act.with.get(name).and_then(|it| it.parse().ok());
        let request = request.set_min_size(size("MinSize"));
        let request = request.set_max_size(size("MaxSize"));
        let request = request.set_desired_capacity(size("DesiredCapacity"));
        request.set_deletion_protection(protection.map(DeletionProtection::from))
    } else {
        // An earlier run did not tell which of the two it was; then it is the safer one.
        let was = were().get(&act.on).map(|it| it.as_str().into());
        request.deletion_protection(was.unwrap_or(DeletionProtection::PreventAllDeletion))
    };
    unless_absent(done(request.send().await, &[]))
}

/// What protects a group from deletion now.
async fn protection_of(aws: &Aws, group: &str) -> Result<Option<String>, Refusal> {
    let request = aws.autoscaling.describe_auto_scaling_groups();
    let answer = request.auto_scaling_group_names(group).send().await;
    let groups = asked(answer, &[])?.auto_scaling_groups.unwrap_or_default();
    let protection = groups.into_iter().find_map(|it| it.deletion_protection);
    let protection = protection.map(|it| it.as_str().to_owned());
    Ok(protection.filter(|it| it != NONE))
}

/// Strips the scale-in protection of a group's members, without which it never gets to none.
pub(super) async fn unprotect_members(aws: &Aws, group: &str) -> Result<(), Refusal> {
    let request = aws.autoscaling.describe_auto_scaling_groups();
    let answer = request.auto_scaling_group_names(group).send().await;
    let groups = asked(answer, &[])?.auto_scaling_groups.unwrap_or_default();
    let members = groups
        .into_iter()
        .flat_map(|it| it.instances.unwrap_or_default());
    let protected: Vec<String> = members
        .filter(|it| it.protected_from_scale_in == Some(true))
        .filter_map(|it| it.instance_id)
        .collect();
    for batch in protected.chunks(BATCH) {
        let request = aws.autoscaling.set_instance_protection();
        let request = request.auto_scaling_group_name(group);
        let request = request.set_instance_ids(Some(batch.to_vec()));
        let answer = request.protected_from_scale_in(false).send().await;
        unless_absent(done(answer, &[]))?;
    }
    Ok(())
}

/// Keeps a group from launching anything more.
pub(super) async fn suspend(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let processes = act.with.get("ScalingProcesses").map(String::as_str);
    let processes = processes.unwrap_or("Launch").split(',');
    let processes = processes.map(|it| it.trim().to_owned()).collect();
    let request = aws.autoscaling.suspend_processes();
    let request = request.auto_scaling_group_name(&act.on.key);
    let answer = request.set_scaling_processes(Some(processes)).send().await;
    unless_absent(done(answer, &[]))
}

pub(super) async fn delete_warm_pool(aws: &Aws, group: &str) -> Result<(), Refusal> {
    let request = aws.autoscaling.delete_warm_pool();
    let request = request.auto_scaling_group_name(group).force_delete(true);
    let done = unless_absent(done(request.send().await, &[]));
    done.map_err(|it| {
        if it.code == "ValidationError" && it.message.contains("No warm pool found") {
            return Refusal {
                class: Class::Already,
                ..it
            };
        }
        it
    })
}

/// By force only where the plan says so: then no lifecycle hook is asked.
pub(super) async fn delete_group(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let force = act.with.get("ForceDelete").is_some_and(|it| it == "true");
    let request = aws.autoscaling.delete_auto_scaling_group();
    let request = request.auto_scaling_group_name(&act.on.key);
    unless_absent(done(request.force_delete(force).send().await, &[]))
}

pub(super) async fn delete_launch_configuration(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let request = aws.autoscaling.delete_launch_configuration();
    let answer = request.launch_configuration_name(name).send().await;
    unless_absent(done(answer, &[]))
}

pub(super) async fn delete_launch_template(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.delete_launch_template().launch_template_id(id);
    done(request.send().await, NO_TEMPLATE)
}

pub(super) async fn delete_key_pair(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.delete_key_pair().key_name(name).send().await;
    done(answer, &["InvalidKeyPair.NotFound"])
}

/// One at a time: of many ids AWS terminates none if one is wrong.
pub(super) async fn terminate(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.terminate_instances().instance_ids(id).send().await;
    done(answer, NO_INSTANCE)
}

/// Sets protection from termination, or from being stopped, as the plan names it.
pub(super) async fn protect_instance(aws: &Aws, act: &Act, on: bool) -> Result<(), Refusal> {
    let value = AttributeBooleanValue::builder().value(on).build();
    let request = aws.ec2.modify_instance_attribute();
    let request = request.instance_id(&act.on.key);
    let request = if act.with.contains_key("DisableApiStop") {
        request.disable_api_stop(value)
    } else {
        request.disable_api_termination(value)
    };
    done(request.send().await, NO_INSTANCE)
}

pub(super) async fn delete_volume(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.delete_volume().volume_id(id).send().await;
    done(answer, &["InvalidVolume.NotFound"])
}

/// Copies a volume, unless a copy of that description was begun before.
pub(super) async fn snapshot_volume(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let description = description(act);
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let request = aws.ec2.describe_snapshots().owner_ids("self");
    let request = request.filters(filter("volume-id", &act.on.key));
    let request = request.filters(filter("description", &description));
    let there = asked(request.send().await, &[])?.snapshots;
    if there.is_some_and(|it| !it.is_empty()) {
        return Ok(());
    }
    let request = aws.ec2.create_snapshot().volume_id(&act.on.key);
    done(request.description(description).send().await, &[])
}

/// What a copy of a volume is called, by which it is found again.
pub(super) fn description(act: &Act) -> String {
    let given = act.with.get("Description").cloned();
    given.unwrap_or_else(|| format!("racklens: before the teardown of {}", act.on.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, kind::Kind, removal::Action, testing::replay::Tape};

    #[tokio::test]
    async fn protection_from_scale_in_is_stripped_fifty_at_a_time() {
        let members: String = (0..51)
            .map(|it| {
                format!(
                    "<member><InstanceId>i-{it}</InstanceId>\
                     <ProtectedFromScaleIn>true</ProtectedFromScaleIn></member>"
                )
            })
            .collect();
        let group = format!(
            "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>\
             <AutoScalingGroups><member><Instances>{members}</Instances></member>\
             </AutoScalingGroups></DescribeAutoScalingGroupsResult>\
             </DescribeAutoScalingGroupsResponse>"
        );
        let done = "<SetInstanceProtectionResponse><SetInstanceProtectionResult/>\
            </SetInstanceProtectionResponse>";
        let tape = Tape::default().answer(200, group);
        let tape = tape.answer(200, done).answer(200, done);
        let aws = write::clients(&tape.aws(), "us-east-1");
        assert_eq!(unprotect_members(&aws, "asg").await, Ok(()));
        let asked = tape.asked();
        assert_eq!(asked.len(), 3);
        assert!(asked[1].contains("InstanceIds.member.50="));
        assert!(!asked[2].contains("InstanceIds.member.2="), "{}", asked[2]);
    }

    #[tokio::test]
    async fn a_groups_protection_is_switched_on_again_as_it_was() {
        let group = |protection: &str| {
            format!(
                "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>\
                 <AutoScalingGroups><member>\
                 <DeletionProtection>{protection}</DeletionProtection>\
                 </member></AutoScalingGroups></DescribeAutoScalingGroupsResult>\
                 </DescribeAutoScalingGroupsResponse>"
            )
        };
        let done = "<UpdateAutoScalingGroupResponse/>";
        let tape = Tape::default().answer(200, group("prevent-force-deletion"));
        let tape = tape.answer(200, done).answer(200, group(NONE));
        let tape = tape.answer(200, done).answer(200, done);
        let aws = write::clients(&tape.aws(), "us-east-1");
        let id = ResourceId::new(Kind::AutoScalingGroup, "asg");
        let act = Act::new(Action::UpdateAutoScalingGroup, id);
        let act = act.with("DeletionProtection", NONE);
        let were = Protections::default();
        // Off twice, as after an answer that was lost, and on again.
        for off in [true, true, false] {
            assert_eq!(update_group(&aws, &act, off, &were).await, Ok(()));
        }
        let last = tape.asked().pop().unwrap();
        assert!(
            last.contains("DeletionProtection=prevent-force-deletion"),
            "{last}"
        );
    }

    #[test]
    fn not_found_is_told_from_the_same_code_by_its_words() {
        let refusal = |message: &str| Err(Refusal::new(Class::Never, "ValidationError", message));
        let gone = unless_absent(refusal("AutoScalingGroup name not found - no such group"));
        assert_eq!(gone.unwrap_err().class, Class::Already);
        let protected = unless_absent(refusal("the group is protected from deletion"));
        assert_eq!(protected.unwrap_err().class, Class::Never);
    }
}
