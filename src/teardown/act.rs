//! The calls of a step, with what the plan fixes of them.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    plan::{Act, Consent},
    protection::{self, Guard},
};
use crate::{
    kind::{
        AsKind as _, Kind, auto_scaling_group::AutoScalingGroup, bucket::Bucket,
        db_instance::DbInstance, service::Service, stack::Stack,
    },
    removal::{Action, Data, Removal},
    snapshot::Resource,
};

/// Days until AWS really deletes a key or a secret: the most that it grants.
pub(super) const WINDOW_DAYS: &str = "30";

/// What copies of data are called after.
pub(super) struct Label<'a> {
    pub(super) rack: &'a str,
    pub(super) taken: Timestamp,
}

impl Label<'_> {
    /// A name that RDS, DynamoDB and ElastiCache all take: letters, digits and single hyphens.
    pub(super) fn copy_of(&self, resource: &Resource, suffix: &str) -> String {
        let time = self.taken.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S");
        let name = format!("racklens-{}-{}", self.rack, resource.id.key);
        let plain = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
        let name: String = name.to_ascii_lowercase().chars().map(plain).collect();
        let parts: Vec<&str> = name.split('-').filter(|it| !it.is_empty()).collect();
        // The strictest of them takes forty characters less than this; the time tells copies apart.
        let name: String = parts.join("-").chars().take(180).collect();
        let name = name.trim_end_matches('-');
        format!("{name}-{time}{suffix}")
    }
}

/// The calls that delete a thing, protections that are on switched off before.
pub(super) fn gone(resource: &Resource, label: &Label<'_>, consent: &Consent) -> Vec<Act> {
    let Removal::By { ready, gone, .. } = resource.attrs.model().removal() else {
        return Vec::new();
    };
    let mut acts: Vec<Act> = unprotected(resource);
    // What brings it to rest is a step of its own.
    let ready = ready.into_iter().filter(|it| !is_of_its_own(*it));
    // A bucket that was empty when it was read is not emptied unasked: AWS refuses to delete it
    // where something came in since.
    let empties = consent.delete.contains(&Data::Buckets);
    let ready = ready.filter(|it| *it != Action::DeleteObjects || empties);
    acts.extend(ready.flat_map(|it| readied(resource, it)));
    acts.push(last(resource, gone, label, consent));
    acts
}

fn is_of_its_own(action: Action) -> bool {
    matches!(
        action,
        Action::UpdateService
            | Action::UpdateAutoScalingGroup
            | Action::PutClusterCapacityProviders
    )
}

fn readied(resource: &Resource, action: Action) -> Vec<Act> {
    if action == Action::DeleteObjects {
        return emptied(resource);
    }
    vec![Act::new(action, resource.id.clone())]
}

/// The call with which a thing is gone.
fn last(resource: &Resource, action: Action, label: &Label<'_>, consent: &Consent) -> Act {
    let act = Act::new(action, resource.id.clone());
    let attrs = &resource.attrs;
    let kind = resource.id.kind;
    if let Some(stack) = Stack::of(attrs) {
        return without_failed(act.with("StackName", &stack.arn), stack, consent);
    }
    let daemon = Service::of(attrs).is_some_and(|it| it.scheduling == "DAEMON");
    if daemon || matches!(kind, Kind::Repository | Kind::ContainerInstance) {
        return act.with("force", "true");
    }
    // The data of a member is its cluster's; RDS takes neither parameter for it.
    let member = DbInstance::of(attrs).is_some_and(|it| it.cluster.is_some());
    if matches!(kind, Kind::DbInstance | Kind::DbCluster) && !member {
        return finally(act, resource, label, consent.backup);
    }
    if kind == Kind::Key {
        return act.with("PendingWindowInDays", WINDOW_DAYS);
    }
    if kind == Kind::Secret {
        return act.with("RecoveryWindowInDays", WINDOW_DAYS);
    }
    act
}

/// Leaves what CloudFormation failed at there, where that was agreed to.
fn without_failed(act: Act, stack: &Stack, consent: &Consent) -> Act {
    let failed = stack.failed();
    if !consent.retain || failed.is_empty() {
        return act;
    }
    let names: Vec<&str> = failed.iter().map(|it| it.logical.as_str()).collect();
    act.with("RetainResources", names.join(","))
}

/// RDS makes one more copy when it deletes, of what came in after the first.
fn finally(act: Act, resource: &Resource, label: &Label<'_>, backup: bool) -> Act {
    if !backup || !super::fate::can_be_saved(resource) {
        return act.with("SkipFinalSnapshot", "true");
    }
    act.with(
        "FinalDBSnapshotIdentifier",
        label.copy_of(resource, "-final"),
    )
}

/// The calls that empty a bucket.
pub(super) fn emptied(resource: &Resource) -> Vec<Act> {
    let act = |it| Act::new(it, resource.id.clone());
    // Its text is not kept, so that it could not be put back: it goes ahead of the rest only where
    // it would keep the rest from going.
    let policy = Bucket::of(&resource.attrs).is_some_and(Bucket::denies_deleting);
    policy
        .then(|| act(Action::DeleteBucketPolicy))
        .into_iter()
        .chain([
            act(Action::AbortMultipartUpload),
            act(Action::DeleteObjects),
        ])
        .collect()
}

/// The calls that bring a service or a group of machines to rest.
pub(super) fn drained(resource: &Resource) -> Vec<Act> {
    let act = |it| Act::new(it, resource.id.clone());
    if resource.id.kind == Kind::Service {
        return vec![act(Action::UpdateService).with("desiredCount", "0")];
    }
    let Some(group) = AutoScalingGroup::of(&resource.attrs) else {
        return Vec::new();
    };
    let zero = act(Action::UpdateAutoScalingGroup)
        .with("MinSize", "0")
        .with("MaxSize", "0")
        .with("DesiredCapacity", "0");
    let zero = if protection::of(resource).is_empty() {
        zero
    } else {
        zero.with("DeletionProtection", "none")
    };
    let protects = group.protects_new_instances || group.instances.iter().any(|it| it.protected);
    let strip =
        protects.then(|| act(Action::SetInstanceProtection).with("ProtectedFromScaleIn", "false"));
    let warm = (group.warm_pool > 0).then(|| act(Action::DeleteWarmPool));
    // Scheduled actions and alarms would raise the numbers again.
    let still = act(Action::SuspendProcesses)
        .with("ScalingProcesses", "AlarmNotification,ScheduledActions");
    [still, zero].into_iter().chain(strip).chain(warm).collect()
}

/// The calls that switch the protections of a thing off.
pub(super) fn unprotected(resource: &Resource) -> Vec<Act> {
    let act = |it| Act::new(it, resource.id.clone());
    let off = protection::of(resource).into_iter().filter_map(|it| {
        Some(match it.guard {
            // With the numbers, when the group is brought to rest.
            Guard::AutoScalingGroups => return None,
            Guard::Databases if resource.id.kind == Kind::DbCluster => act(Action::ModifyDBCluster)
                .with("ApplyImmediately", "true")
                .with("DeletionProtection", "false"),
            Guard::Databases => act(Action::ModifyDBInstance)
                .with("ApplyImmediately", "true")
                .with("DeletionProtection", "false"),
            Guard::Instances => act(Action::ModifyInstanceAttribute).with(it.field, "false"),
            Guard::LoadBalancers => {
                act(Action::ModifyLoadBalancerAttributes).with(it.field, "false")
            }
            Guard::LogGroups => act(Action::PutLogGroupDeletionProtection).with(it.field, "false"),
            Guard::Stacks => act(Action::UpdateTerminationProtection).with(it.field, "false"),
            Guard::Tables => act(Action::UpdateTable).with(it.field, "false"),
        })
    });
    off.collect()
}

/// The call that makes a copy of a thing's data.
pub(super) fn saved(resource: &Resource, label: &Label<'_>) -> Vec<Act> {
    let name = label.copy_of(resource, "");
    const COPIES: &[(Kind, Action, &str)] = &[
        (
            Kind::DbInstance,
            Action::CreateDBSnapshot,
            "DBSnapshotIdentifier",
        ),
        (
            Kind::DbCluster,
            Action::CreateDBClusterSnapshot,
            "DBClusterSnapshotIdentifier",
        ),
        (Kind::Table, Action::CreateBackup, "BackupName"),
        (Kind::Volume, Action::CreateVolumeSnapshot, "Description"),
        (
            Kind::ReplicationGroup,
            Action::CreateCacheSnapshot,
            "SnapshotName",
        ),
        (
            Kind::CacheCluster,
            Action::CreateCacheSnapshot,
            "SnapshotName",
        ),
    ];
    let copy = COPIES.iter().find(|it| it.0 == resource.id.kind);
    let copy = copy.map(|it| Act::new(it.1, resource.id.clone()).with(it.2, name));
    copy.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{db_instance::DbInstance, security_group::SecurityGroup};

    fn label() -> Label<'static> {
        Label {
            rack: "Prod_1",
            taken: "2018-05-01T17:53:44Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_copy_is_named_after_the_rack_the_thing_and_the_time() {
        let database = Resource::new("orders--db", DbInstance::default());
        let name = label().copy_of(&database, "");
        assert_eq!(name, "racklens-prod-1-orders-db-20180501175344");
    }

    #[test]
    fn a_database_is_deleted_with_one_more_copy_or_by_its_own_wish_without() {
        let status = "available".to_owned();
        let database = Resource::new(
            "db",
            DbInstance {
                status,
                ..DbInstance::default()
            },
        );
        let with = |backup| {
            let consent = Consent {
                backup,
                ..Consent::default()
            };
            gone(&database, &label(), &consent).remove(0).with
        };
        assert_eq!(with(false)["SkipFinalSnapshot"], "true");
        assert!(with(true)["FinalDBSnapshotIdentifier"].ends_with("-final"));
    }

    #[test]
    fn what_needs_one_call_gets_one() {
        let group = Resource::new("sg-1", SecurityGroup::default());
        assert_eq!(gone(&group, &label(), &Consent::default()).len(), 1);
    }
}
