//! The one door to the calls that change an account: one act of a teardown plan, made.
//!
//! An act is an id and a call. What AWS wants to be told beside it — which objects are in a bucket,
//! which policies a role has — is asked at the moment of the call, because the plan is older.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

use super::{
    Aws, Call, Service,
    client::Calls,
    found::AwsError,
    look::{self, Place},
    read::IDENTITY,
    refusal::{Class, Refusal},
};
use crate::{
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::{Act, Plan},
};

mod balancing;
mod bucket;
mod compute;
mod containers;
mod data;
mod glue;
mod holders;
mod identity;
mod naming;
mod network;
mod ready;

pub use bucket::MORE;
pub use ready::Ready;

/// Tells what a person calls the account.
const ALIAS: Call = call(Service::Iam, "ListAccountAliases");

/// Which way a call about a protection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the plan says: off.
    Off,
    /// Back on, because what it protected stays after all.
    BackOn,
}

/// Clients that can make a teardown's calls and no others.
pub struct Hand {
    aws: Aws,
    place: Place,
    /// Everything that the plan takes away: rules between these may be cut.
    goes: BTreeSet<ResourceId>,
    /// Every call that may be made.
    guard: Vec<Call>,
    were: compute::Protections,
    /// The same clients for other regions, where buckets may lie.
    elsewhere: Mutex<BTreeMap<String, Aws>>,
}

impl Hand {
    /// For one plan, with the credentials and the region of `reader`. Calls that the plan does not
    /// make are not let through.
    pub fn new(reader: &Aws, place: Place, plan: &Plan) -> Self {
        let acts = plan.steps.iter().flat_map(|it| &it.acts);
        let guard = guard(acts.map(|it| it.action));
        Self {
            aws: guarded(reader, &reader.region, guard.clone()),
            place,
            goes: plan.goes().into_iter().cloned().collect(),
            guard,
            were: compute::Protections::default(),
            elsewhere: Mutex::new(BTreeMap::new()),
        }
    }

    /// The account and the partition that it works in.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The clients for that region, the plan's own where none is told.
    pub fn at(&self, region: Option<&str>) -> Aws {
        let Some(region) = region.filter(|it| *it != self.aws.region) else {
            return self.aws.clone();
        };
        let mut elsewhere = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let there = elsewhere.entry(region.to_owned());
        there
            .or_insert_with(|| guarded(&self.aws, region, self.guard.clone()))
            .clone()
    }

    /// Makes one act's calls.
    ///
    /// # Errors
    /// With what AWS said, judged.
    pub async fn act(&self, act: &Act, region: Option<&str>, way: Way) -> Result<(), Refusal> {
        let aws = &self.at(region);
        let on = &act.on;
        let key = on.key.as_str();
        let off = way == Way::Off;
        match act.action {
            Action::DeregisterScalableTarget => containers::deregister_target(aws, key).await,
            Action::DeleteAutoScalingGroup => compute::delete_group(aws, act).await,
            Action::DeleteLaunchConfiguration => {
                compute::delete_launch_configuration(aws, key).await
            }
            Action::DeleteWarmPool => compute::delete_warm_pool(aws, key).await,
            Action::SetInstanceProtection => compute::unprotect_members(aws, key).await,
            Action::SuspendProcesses => compute::suspend(aws, act).await,
            Action::UpdateAutoScalingGroup => {
                compute::update_group(aws, act, off, &self.were).await
            }
            Action::DeleteStack => glue::delete_stack(aws, act).await,
            Action::UpdateTerminationProtection => glue::protect_stack(aws, act, !off).await,
            Action::DeleteAlarms => glue::delete_alarm(aws, key).await,
            Action::CreateBackup => data::back_up_table(aws, act).await,
            Action::DeleteTable => data::delete_table(aws, key).await,
            Action::UpdateTable => data::protect_table(aws, key, !off).await,
            Action::CreateVolumeSnapshot => compute::snapshot_volume(aws, act).await,
            Action::DeleteInternetGateway => network::delete_internet_gateway(aws, key).await,
            Action::DeleteKeyPair => compute::delete_key_pair(aws, key).await,
            Action::DeleteLaunchTemplate => compute::delete_launch_template(aws, key).await,
            Action::DeleteNatGateway => network::delete_nat_gateway(aws, key).await,
            Action::DeleteNetworkAcl => network::delete_acl(aws, key).await,
            Action::DeleteNetworkInterface => network::delete_interface(aws, key).await,
            Action::DeleteRouteTable => network::delete_route_table(aws, key).await,
            Action::DeleteSecurityGroup => network::delete_group(aws, key).await,
            Action::DeleteSubnet => network::delete_subnet(aws, key).await,
            Action::DeleteVolume => compute::delete_volume(aws, key).await,
            Action::DeleteVpc => network::delete_vpc(aws, key).await,
            Action::DeleteVpcEndpoints => network::delete_endpoint(aws, key).await,
            Action::DetachInternetGateway => network::detach_gateway(aws, key).await,
            Action::DisassociateAddress => network::disassociate_address(aws, key).await,
            Action::DisassociateRouteTable => network::disassociate_table(aws, key).await,
            Action::ModifyInstanceAttribute => compute::protect_instance(aws, act, !off).await,
            Action::ReleaseAddress => network::release_address(aws, key).await,
            Action::ReplaceNetworkAclAssociation => network::replace_acl(aws, key).await,
            Action::RevokeSecurityGroupEgress => network::revoke(aws, key, true, &self.goes).await,
            Action::RevokeSecurityGroupIngress => {
                network::revoke(aws, key, false, &self.goes).await
            }
            Action::TerminateInstances => compute::terminate(aws, key).await,
            Action::DeleteRepository => data::delete_repository(aws, act).await,
            Action::DeleteCapacityProvider => containers::delete_provider(aws, key).await,
            Action::DeleteCluster => containers::delete_cluster(aws, key).await,
            Action::DeleteService => containers::delete_service(aws, act).await,
            Action::DeleteTaskDefinitions => containers::delete_definition(aws, key).await,
            Action::DeregisterContainerInstance => containers::deregister_instance(aws, act).await,
            Action::DeregisterTaskDefinition => containers::deregister_definition(aws, key).await,
            Action::PutClusterCapacityProviders => containers::clear_providers(aws, key).await,
            Action::StopTask => containers::stop_task(aws, key).await,
            Action::UpdateContainerInstancesState => containers::drain_instance(aws, key).await,
            Action::UpdateService => containers::scale_to_zero(aws, key).await,
            Action::CreateCacheSnapshot => data::snapshot_cache(aws, act).await,
            Action::DeleteCacheCluster => data::delete_cache(aws, act).await,
            Action::DeleteReplicationGroup => data::delete_replication_group(aws, act).await,
            Action::DeleteAccessPoint => data::delete_access_points(aws, key).await,
            Action::DeleteFileSystem => data::delete_file_system(aws, key).await,
            Action::DeleteMountTarget => data::delete_mount_targets(aws, on).await,
            Action::DeleteReplicationConfiguration => data::delete_replication(aws, key).await,
            Action::DeleteListener => balancing::delete_listener(aws, key).await,
            Action::DeleteLoadBalancer => balancing::delete(aws, on).await,
            Action::DeleteRule => balancing::delete_rule(aws, key).await,
            Action::DeleteTargetGroup => balancing::delete_target_group(aws, key).await,
            Action::ModifyLoadBalancerAttributes => balancing::protect(aws, key, !off).await,
            Action::DeleteEventRule => glue::delete_rule(aws, key).await,
            Action::DisableRule => glue::disable_rule(aws, key).await,
            Action::RemoveTargets => glue::remove_targets(aws, key).await,
            Action::DeleteInstanceProfile => identity::delete_profile(aws, key).await,
            Action::DeletePolicy => identity::delete_policy(aws, key).await,
            Action::DeletePolicyVersion => identity::delete_policy_versions(aws, key).await,
            Action::DeleteRole => identity::delete_role(aws, key).await,
            Action::DeleteRolePolicy => identity::delete_inline(aws, key).await,
            Action::DetachRolePolicy => identity::detach(aws, on).await,
            Action::RemoveRoleFromInstanceProfile => identity::empty_profiles(aws, on).await,
            Action::DeleteAlias => identity::delete_alias(aws, key).await,
            Action::ScheduleKeyDeletion => identity::schedule_key(aws, act).await,
            Action::DeleteEventSourceMapping => glue::delete_mappings(aws, key).await,
            Action::DeleteFunction => glue::delete_function(aws, key).await,
            Action::DeleteLogGroup => glue::delete_log_group(aws, key).await,
            Action::PutLogGroupDeletionProtection => glue::protect_logs(aws, key, !off).await,
            Action::CreateDBClusterSnapshot => data::snapshot_db_cluster(aws, act).await,
            Action::CreateDBSnapshot => data::snapshot_db(aws, act).await,
            Action::DeleteDBCluster => data::delete_db_cluster(aws, act).await,
            Action::DeleteDBInstance => data::delete_db(aws, act).await,
            Action::DeleteDBSubnetGroup => data::delete_db_subnet_group(aws, key).await,
            Action::ModifyDBCluster => data::protect_db_cluster(aws, key, !off).await,
            Action::ModifyDBInstance => data::protect_db(aws, key, !off).await,
            Action::ChangeResourceRecordSets => naming::clear_zone(aws, key).await,
            Action::DeleteHostedZone => naming::delete_zone(aws, key).await,
            Action::AbortMultipartUpload => bucket::abort_uploads(aws, key).await,
            Action::DeleteBucket => bucket::delete(aws, key).await,
            Action::DeleteBucketPolicy => bucket::delete_policy(aws, key).await,
            Action::DeleteObjects => bucket::empty(aws, key).await,
            Action::DeleteSchedule => glue::delete_schedule(aws, key).await,
            Action::DeleteSecret => identity::delete_secret(aws, act).await,
            Action::DeleteDiscoveryService => naming::delete_service(aws, key).await,
            Action::DeleteNamespace => naming::delete_namespace(aws, key).await,
            Action::DeregisterInstance => naming::deregister_all(aws, key).await,
            Action::DeleteTopic => glue::delete_topic(aws, &self.place, on).await,
            Action::DeleteQueue => glue::delete_queue(aws, key).await,
            Action::DeleteParameter => identity::delete_parameter(aws, key).await,
            Action::DeleteCertificate => naming::delete_certificate(aws, &self.place, on).await,
        }
    }

    /// Whether what an act began has come to its end.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn ready(&self, act: &Act, region: Option<&str>) -> Result<Ready, Refusal> {
        ready::of(&self.at(region), act).await
    }

    /// Whether nothing runs in it any more.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn drained(&self, id: &ResourceId) -> Result<Ready, Refusal> {
        ready::drained(&self.aws, id).await
    }

    /// What holds on to a thing that AWS refused to delete without saying why, as sentences.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn holders(&self, id: &ResourceId) -> Result<Vec<String>, Refusal> {
        holders::of(&self.aws, &self.place, id).await
    }

    /// What the account is called, where it has a name.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn alias(&self) -> Result<Option<String>, Refusal> {
        let answer = self.aws.iam.list_account_aliases().send().await;
        let aliases = asked(answer, &[])?.account_aliases;
        Ok(aliases.into_iter().next())
    }

    /// Account and ARN of who these clients are to AWS.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn who(&self) -> Result<(String, String), Refusal> {
        let answer = self.aws.sts.get_caller_identity().send().await;
        let it = answer.map_err(|it| Refusal::of(&it, &[]))?;
        Ok((it.account.unwrap_or_default(), it.arn.unwrap_or_default()))
    }
}

fn guarded(reader: &Aws, region: &str, calls: Vec<Call>) -> Aws {
    let what = "this plan makes";
    Aws::guarded(&reader.config_in(region), &Calls { what, calls })
}

/// Clients that can make every call of any teardown.
#[cfg(test)]
pub(super) fn clients(reader: &Aws, region: &str) -> Aws {
    guarded(reader, region, calls())
}

/// Every call that a teardown may make, its looks among them, sorted.
pub fn calls() -> Vec<Call> {
    guard(Action::ALL.iter().copied())
}

/// Every call that a plan with these acts makes, sorted.
pub fn calls_of(acts: &BTreeSet<Action>) -> Vec<Call> {
    guard(acts.iter().copied())
}

/// Every call that these acts make, and the looks of any teardown, sorted.
fn guard(actions: impl Iterator<Item = Action>) -> Vec<Call> {
    let actions: BTreeSet<Action> = actions.collect();
    let mut calls: Vec<Call> = actions
        .into_iter()
        .flat_map(needs)
        .chain(look::CALLS.iter().copied())
        .chain(ready::CALLS.iter().copied())
        .chain(holders::CALLS.iter().copied())
        .chain([IDENTITY, ALIAS])
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls
}

/// The operation of that name in that service.
const fn call(service: Service, operation: &'static str) -> Call {
    Call::new(service, operation)
}

/// What some acts must ask before they can be made.
const ASKS: &[(Action, &[Call])] = &[
    (Action::AbortMultipartUpload, bucket::UPLOADS),
    (Action::ChangeResourceRecordSets, naming::RECORDS),
    (Action::CreateBackup, data::BACKUPS),
    (Action::CreateVolumeSnapshot, compute::SNAPSHOTS),
    (Action::DeleteAccessPoint, data::ACCESS_POINTS),
    (Action::DeleteEventSourceMapping, glue::MAPPINGS),
    (Action::DeleteNamespace, naming::OPERATION),
    (Action::DeleteObjects, bucket::VERSIONS),
    (Action::DeletePolicyVersion, identity::VERSIONS),
    (Action::DeleteRolePolicy, identity::INLINE),
    (Action::DeregisterInstance, naming::INSTANCES),
    (Action::DetachRolePolicy, identity::ATTACHED),
    (Action::RemoveTargets, glue::TARGETS),
    (Action::RevokeSecurityGroupEgress, network::RULES),
    (Action::RevokeSecurityGroupIngress, network::RULES),
];

/// The calls of an act: the one that changes something, and those that ask what it must be told.
fn needs(action: Action) -> Vec<Call> {
    let asks = ASKS.iter().filter(|it| it.0 == action);
    let asks = asks.flat_map(|it| it.1.iter().copied());
    asks.chain(changes(action)).collect()
}

/// The operations that change something in an act.
pub fn changes(action: Action) -> Vec<Call> {
    let iam = action.name();
    let (prefix, operation) = iam.split_once(':').unwrap_or(("", iam));
    let one = |service| vec![call(service, operation)];
    match prefix {
        "acm" => one(Service::Acm),
        "application-autoscaling" => one(Service::ApplicationAutoScaling),
        "autoscaling" => one(Service::AutoScaling),
        "cloudformation" => one(Service::CloudFormation),
        "cloudwatch" => one(Service::CloudWatch),
        "dynamodb" => one(Service::DynamoDb),
        "ec2" => one(Service::Ec2),
        "ecr" => one(Service::Ecr),
        "ecs" => one(Service::Ecs),
        "elasticache" => one(Service::ElastiCache),
        "elasticfilesystem" => one(Service::Efs),
        // Two generations of load balancers share one prefix.
        "elasticloadbalancing" if action == Action::DeleteLoadBalancer => {
            vec![
                call(Service::Elb, operation),
                call(Service::Elbv2, operation),
            ]
        }
        "elasticloadbalancing" => one(Service::Elbv2),
        "events" => one(Service::EventBridge),
        "iam" => one(Service::Iam),
        "kms" => one(Service::Kms),
        "lambda" => one(Service::Lambda),
        "logs" => one(Service::CloudWatchLogs),
        "rds" => one(Service::Rds),
        "route53" => one(Service::Route53),
        // IAM has a permission for each object, not for the call that deletes many.
        "s3" if action == Action::DeleteObjects => {
            vec![call(Service::S3, operation).allowed_by("DeleteObject")]
        }
        "s3" => one(Service::S3),
        "scheduler" => one(Service::Scheduler),
        "secretsmanager" => one(Service::SecretsManager),
        "servicediscovery" => one(Service::ServiceDiscovery),
        "sns" => one(Service::Sns),
        "sqs" => one(Service::Sqs),
        "ssm" => one(Service::Ssm),
        _ => Vec::new(),
    }
}

/// Nothing, or what AWS said, where these codes say that it is so already.
fn done<T, E: AwsError>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    already: &[&str],
) -> Result<(), Refusal> {
    match answer {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::of(&error, already)),
    }
}

/// An answer to go on with.
fn asked<T, E: AwsError>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    already: &[&str],
) -> Result<T, Refusal> {
    answer.map_err(|error| Refusal::of(&error, already))
}

/// For one of many calls of an act: that it is so already is as good as done.
fn or_already(done: Result<(), Refusal>) -> Result<(), Refusal> {
    match done {
        Err(it) if it.class == Class::Already => Ok(()),
        other => other,
    }
}

/// A part of an answer that says, with status 200, that something was not done.
fn not_done(code: Option<&str>, message: Option<&str>, held: bool) -> Refusal {
    let class = if held { Class::Held } else { Class::Never };
    Refusal::new(
        class,
        code.unwrap_or("Unsuccessful"),
        message.unwrap_or_default(),
    )
}

/// Whether an act switches a protection off that can be switched on again.
pub fn unprotects(act: &Act) -> bool {
    let protections = [
        Action::ModifyDBCluster,
        Action::ModifyDBInstance,
        Action::ModifyInstanceAttribute,
        Action::ModifyLoadBalancerAttributes,
        Action::PutLogGroupDeletionProtection,
        Action::UpdateTable,
        Action::UpdateTerminationProtection,
    ];
    protections.contains(&act.action)
        || (act.action == Action::UpdateAutoScalingGroup
            && act.with.contains_key("DeletionProtection"))
}

/// What an act cannot do to a thing of that kind.
fn misfit(on: &ResourceId) -> Refusal {
    Refusal::new(
        Class::Never,
        "NotAsked",
        format!("the plan asks of {on} what a {} cannot do", on.kind.name()),
    )
}

/// Where what an act needs to know is not there, the thing is not either.
fn absent(kind: Kind) -> Refusal {
    Refusal::new(
        Class::Already,
        "NotThere",
        format!("there is no such {}", kind.name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::testing::{plan, step},
        testing::replay::Tape,
    };

    #[tokio::test]
    async fn a_call_that_the_plan_does_not_make_is_never_sent() {
        let tape = Tape::default().answer(200, "<DeleteSubnetResponse/>");
        let place = Place::of("123456789012", "arn:aws:iam::123456789012:user/ops");
        let hand = Hand::new(&tape.aws(), place, &plan(vec![step(1, &[])]));
        let vpc = Act::new(Action::DeleteVpc, ResourceId::new(Kind::Vpc, "vpc-1"));
        let refusal = hand.act(&vpc, None, Way::Off).await.unwrap_err();
        assert_eq!(refusal.class, Class::Never);
        assert!(
            refusal.message.contains("that this plan makes"),
            "{refusal}"
        );
        assert_eq!(tape.asked(), Vec::<String>::new());
        let planned = &plan(vec![step(1, &[])]).steps[0].acts[0];
        assert_eq!(hand.act(planned, None, Way::Off).await, Ok(()));
    }
}
