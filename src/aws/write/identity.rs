//! Takes roles, keys and secrets away.

use super::{asked, call, done, misfit, or_already};
use crate::{
    aws::{
        Aws, Call, Service,
        refusal::{Class, Refusal},
    },
    id::ResourceId,
    kind::Kind,
    teardown::plan::Act,
};

pub(super) const VERSIONS: &[Call] = &[call(Service::Iam, "ListPolicyVersions")];
pub(super) const ATTACHED: &[Call] = &[call(Service::Iam, "ListAttachedRolePolicies")];
pub(super) const INLINE: &[Call] = &[call(Service::Iam, "ListRolePolicies")];

const NO_ENTITY: &[&str] = &["NoSuchEntity"];

/// The shortest that AWS lets a key wait for its end, in days.
const SHORTEST_WINDOW: i32 = 7;
/// What a key waits where the plan does not say, in days: the longest that AWS allows.
const USUAL_WINDOW: i32 = 30;

/// Detaches every managed policy of a role.
pub(super) async fn detach(aws: &Aws, on: &ResourceId) -> Result<(), Refusal> {
    if on.kind != Kind::Role {
        return Err(misfit(on));
    }
    let request = aws.iam.list_attached_role_policies().role_name(&on.key);
    let mut items = request.into_paginator().items().send();
    let mut arns = Vec::new();
    while let Some(item) = items.next().await {
        arns.extend(asked(item, NO_ENTITY)?.policy_arn);
    }
    for arn in arns {
        let request = aws.iam.detach_role_policy().role_name(&on.key);
        or_already(done(request.policy_arn(arn).send().await, NO_ENTITY))?;
    }
    Ok(())
}

/// Deletes every policy that stands in a role itself.
pub(super) async fn delete_inline(aws: &Aws, role: &str) -> Result<(), Refusal> {
    let request = aws.iam.list_role_policies().role_name(role);
    let mut items = request.into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(item) = items.next().await {
        names.push(asked(item, NO_ENTITY)?);
    }
    for name in names {
        let request = aws.iam.delete_role_policy().role_name(role);
        or_already(done(request.policy_name(name).send().await, NO_ENTITY))?;
    }
    Ok(())
}

/// Takes the roles out of an instance profile.
pub(super) async fn empty_profiles(aws: &Aws, on: &ResourceId) -> Result<(), Refusal> {
    if on.kind != Kind::InstanceProfile {
        return Err(misfit(on));
    }
    let request = aws.iam.get_instance_profile();
    let answer = request.instance_profile_name(&on.key).send().await;
    let profile = asked(answer, NO_ENTITY)?.instance_profile;
    for role in profile.map(|it| it.roles).unwrap_or_default() {
        let request = aws.iam.remove_role_from_instance_profile();
        let request = request.instance_profile_name(&on.key);
        or_already(done(
            request.role_name(role.role_name).send().await,
            NO_ENTITY,
        ))?;
    }
    Ok(())
}

pub(super) async fn delete_profile(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let request = aws.iam.delete_instance_profile();
    done(request.instance_profile_name(name).send().await, NO_ENTITY)
}

pub(super) async fn delete_role(aws: &Aws, name: &str) -> Result<(), Refusal> {
    done(
        aws.iam.delete_role().role_name(name).send().await,
        NO_ENTITY,
    )
}

/// Deletes every version of a policy but the default one, which goes with the policy.
pub(super) async fn delete_policy_versions(aws: &Aws, arn: &str) -> Result<(), Refusal> {
    let request = aws.iam.list_policy_versions().policy_arn(arn);
    let mut items = request.into_paginator().items().send();
    let mut versions = Vec::new();
    while let Some(item) = items.next().await {
        let version = asked(item, NO_ENTITY)?;
        if !version.is_default_version {
            versions.extend(version.version_id);
        }
    }
    for version in versions {
        let request = aws.iam.delete_policy_version().policy_arn(arn);
        or_already(done(request.version_id(version).send().await, NO_ENTITY))?;
    }
    Ok(())
}

pub(super) async fn delete_policy(aws: &Aws, arn: &str) -> Result<(), Refusal> {
    done(
        aws.iam.delete_policy().policy_arn(arn).send().await,
        NO_ENTITY,
    )
}

pub(super) async fn delete_alias(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws.kms.delete_alias().alias_name(name).send().await;
    done(answer, &["NotFoundException"])
}

/// Sets the day of a key's end, as far off as the plan says. Until then it can be taken back.
pub(super) async fn schedule_key(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let days = act.with.get("PendingWindowInDays");
    let days = days.and_then(|it| it.parse().ok()).unwrap_or(USUAL_WINDOW);
    let request = aws.kms.schedule_key_deletion().key_id(&act.on.key);
    let request = request.pending_window_in_days(days.max(SHORTEST_WINDOW));
    let done = done(request.send().await, &["NotFoundException"]);
    done.map_err(|it| {
        if it.code == "KMSInvalidStateException" && it.message.contains("pending deletion") {
            return Refusal {
                class: Class::Already,
                ..it
            };
        }
        it
    })
}

/// With the time for a change of mind that the plan says; AWS's own is 30 days.
pub(super) async fn delete_secret(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let days = act.with.get("RecoveryWindowInDays");
    let days = days.and_then(|it| it.parse().ok());
    let request = aws.secrets.delete_secret().secret_id(&act.on.key);
    let answer = request.set_recovery_window_in_days(days).send().await;
    done(answer, &["ResourceNotFoundException"])
}

pub(super) async fn delete_parameter(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws.ssm.delete_parameter().name(name).send().await;
    done(answer, &["ParameterNotFound"])
}
