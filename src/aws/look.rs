//! Looks at one resource now: is it there, is it the same, is it going, is it gone.
//!
//! Each kind is asked for by its id, and "not there" is read from the codes that the kind itself
//! uses for it: one code of another service may mean something else altogether.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use jiff::Timestamp;

use super::{Aws, Call, Service, found::AwsError, refusal::Refusal};
use crate::{arn::Arn, id::ResourceId, kind::Kind};

mod balancing;
mod compute;
mod containers;
mod data;
mod glue;
mod identity;
mod naming;
mod network;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub id: &'a ResourceId,
    pub arn: Option<&'a str>,
    /// AWS's own number for it, where the key is a name.
    pub unique: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub fn new(id: &'a ResourceId) -> Self {
        Self {
            id,
            arn: None,
            unique: None,
        }
    }
}

/// What a look showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    There(There),
    /// Its deletion is under way; what it waits for, for a person.
    Going(String),
    /// Not there any more, by its own kind's meaning.
    Gone,
}

/// A resource that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct There {
    pub created: Option<Timestamp>,
    pub unique: Option<String>,
    pub arn: Option<String>,
    /// AWS's own word.
    pub state: Option<String>,
    /// Why AWS gave up deleting it, where it did.
    pub stuck: Option<String>,
}

impl There {
    fn made(created: Option<Timestamp>) -> Self {
        Self {
            created,
            ..Self::default()
        }
    }

    fn state(mut self, state: Option<impl Into<String>>) -> Self {
        self.state = state.map(Into::into);
        self
    }

    fn arn(mut self, arn: Option<String>) -> Self {
        self.arn = arn;
        self
    }
}

impl From<There> for Seen {
    fn from(it: There) -> Self {
        Self::There(it)
    }
}

/// What a look may find, or why it could not.
type Look = Result<Seen, Refusal>;

/// The account's number and the partition, of which some names are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub partition: String,
}

impl Place {
    /// From the ARN of who asks.
    pub fn of(account: &str, identity: &str) -> Self {
        let partition = Arn::parse(identity).map_or("aws", |it| it.partition);
        Self {
            account: account.to_owned(),
            partition: partition.to_owned(),
        }
    }

    fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        let Self { account, partition } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// An answer, `None` where one of these codes says that the thing is not there.
fn told<T, E: AwsError>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    gone: &[&str],
) -> Result<Option<T>, Refusal> {
    match answer {
        Ok(it) => Ok(Some(it)),
        Err(error) => {
            let code = super::found::code(&error);
            if code.is_some_and(|it| gone.contains(&it)) {
                return Ok(None);
            }
            Err(Refusal::of(&error, &[]))
        }
    }
}

/// Looks at one resource.
///
/// # Errors
/// When AWS does not tell; then nothing may be concluded.
pub async fn look(aws: &Aws, place: &Place, target: Target<'_>) -> Look {
    let key = target.id.key.as_str();
    match target.id.kind {
        Kind::Stack => glue::stack(aws, target).await,
        Kind::Cluster => containers::cluster(aws, key).await,
        Kind::Service => containers::service(aws, key).await,
        Kind::Task => containers::task(aws, key).await,
        Kind::TaskDefinition => containers::task_definition(aws, key).await,
        Kind::ContainerInstance => containers::container_instance(aws, key).await,
        Kind::CapacityProvider => containers::capacity_provider(aws, key).await,
        Kind::ScalableTarget => containers::scalable_target(aws, key).await,
        Kind::LoadBalancer => balancing::load_balancer(aws, key).await,
        Kind::Listener => balancing::listener(aws, key).await,
        Kind::ListenerRule => balancing::rule(aws, key).await,
        Kind::TargetGroup => balancing::target_group(aws, key).await,
        Kind::ClassicLoadBalancer => balancing::classic(aws, key).await,
        Kind::AutoScalingGroup => compute::group(aws, key).await,
        Kind::LaunchConfiguration => compute::launch_configuration(aws, key).await,
        Kind::LaunchTemplate => compute::launch_template(aws, key).await,
        Kind::Instance => compute::instance(aws, key).await,
        Kind::Volume => compute::volume(aws, key).await,
        Kind::EbsSnapshot => compute::snapshot(aws, key).await,
        Kind::KeyPair => compute::key_pair(aws, key).await,
        Kind::Vpc => network::vpc(aws, key).await,
        Kind::Subnet => network::subnet(aws, key).await,
        Kind::RouteTable => network::route_table(aws, key).await,
        Kind::InternetGateway => network::internet_gateway(aws, key).await,
        Kind::NatGateway => network::nat_gateway(aws, key).await,
        Kind::ElasticIp => network::address(aws, key).await,
        Kind::NetworkInterface => network::interface(aws, key).await,
        Kind::SecurityGroup => network::security_group(aws, key).await,
        Kind::NetworkAcl => network::acl(aws, key).await,
        Kind::VpcEndpoint => network::endpoint(aws, key).await,
        Kind::HostedZone => naming::zone(aws, key).await,
        Kind::Certificate => naming::certificate(aws, place, target).await,
        Kind::Namespace => naming::namespace(aws, key).await,
        Kind::DiscoveryService => naming::service(aws, key).await,
        Kind::Bucket => data::bucket(aws, key).await,
        Kind::FileSystem => data::file_system(aws, key).await,
        Kind::MountTarget => data::mount_target(aws, key).await,
        Kind::Table => data::table(aws, key).await,
        Kind::DbInstance => data::db_instance(aws, key).await,
        Kind::DbCluster => data::db_cluster(aws, key).await,
        Kind::DbSubnetGroup => data::db_subnet_group(aws, key).await,
        Kind::ReplicationGroup => data::replication_group(aws, key).await,
        Kind::CacheCluster => data::cache_cluster(aws, key).await,
        Kind::Repository => data::repository(aws, key).await,
        Kind::Queue => glue::queue(aws, key).await,
        Kind::Topic => glue::topic(aws, place, target).await,
        Kind::Function => glue::function(aws, key).await,
        Kind::EventRule => glue::event_rule(aws, key).await,
        Kind::Schedule => glue::schedule(aws, key).await,
        Kind::Role => identity::role(aws, key).await,
        Kind::InstanceProfile => identity::profile(aws, key).await,
        Kind::Policy => identity::policy(aws, key).await,
        Kind::Key => identity::key(aws, key).await,
        Kind::KeyAlias => identity::alias(aws, key).await,
        Kind::Secret => identity::secret(aws, key).await,
        Kind::Parameter => identity::parameter(aws, key).await,
        Kind::LogGroup => glue::log_group(aws, key).await,
        Kind::Alarm => glue::alarm(aws, key).await,
    }
}

pub use balancing::arn as balancer_arn;
pub use containers::{halves, scalable, tasks};
pub use glue::{rule_names, topic_arn};
pub use naming::certificate_arn;

/// Every call that a look may make.
pub const CALLS: &[Call] = &[
    Call::new(Service::Acm, "DescribeCertificate"),
    Call::new(Service::ApplicationAutoScaling, "DescribeScalableTargets"),
    Call::new(Service::AutoScaling, "DescribeAutoScalingGroups"),
    Call::new(Service::AutoScaling, "DescribeLaunchConfigurations"),
    Call::new(Service::CloudFormation, "DescribeStackEvents"),
    Call::new(Service::CloudFormation, "DescribeStacks"),
    Call::new(Service::CloudWatch, "DescribeAlarms"),
    Call::new(Service::CloudWatchLogs, "DescribeLogGroups"),
    Call::new(Service::DynamoDb, "DescribeTable"),
    Call::new(Service::Ec2, "DescribeAddresses"),
    Call::new(Service::Ec2, "DescribeInstances"),
    Call::new(Service::Ec2, "DescribeInternetGateways"),
    Call::new(Service::Ec2, "DescribeKeyPairs"),
    Call::new(Service::Ec2, "DescribeLaunchTemplates"),
    Call::new(Service::Ec2, "DescribeNatGateways"),
    Call::new(Service::Ec2, "DescribeNetworkAcls"),
    Call::new(Service::Ec2, "DescribeNetworkInterfaces"),
    Call::new(Service::Ec2, "DescribeRouteTables"),
    Call::new(Service::Ec2, "DescribeSecurityGroups"),
    Call::new(Service::Ec2, "DescribeSubnets"),
    Call::new(Service::Ec2, "DescribeVolumes"),
    Call::new(Service::Ec2, "DescribeVpcEndpoints"),
    Call::new(Service::Ec2, "DescribeVpcs"),
    Call::new(Service::Ecr, "DescribeRepositories"),
    Call::new(Service::Ecs, "DescribeCapacityProviders"),
    Call::new(Service::Ecs, "DescribeClusters"),
    Call::new(Service::Ecs, "DescribeContainerInstances"),
    Call::new(Service::Ecs, "DescribeServices"),
    Call::new(Service::Ecs, "DescribeTaskDefinition"),
    Call::new(Service::Ecs, "DescribeTasks"),
    Call::new(Service::Ecs, "ListContainerInstances"),
    Call::new(Service::Ecs, "ListTasks"),
    Call::new(Service::Efs, "DescribeFileSystems"),
    Call::new(Service::Efs, "DescribeMountTargets"),
    Call::new(Service::ElastiCache, "DescribeCacheClusters"),
    Call::new(Service::ElastiCache, "DescribeReplicationGroups"),
    Call::new(Service::Elb, "DescribeLoadBalancers"),
    Call::new(Service::Elbv2, "DescribeListeners"),
    Call::new(Service::Elbv2, "DescribeLoadBalancers"),
    Call::new(Service::Elbv2, "DescribeRules"),
    Call::new(Service::Elbv2, "DescribeTargetGroups"),
    Call::new(Service::EventBridge, "DescribeRule"),
    Call::new(Service::Iam, "GetInstanceProfile"),
    Call::new(Service::Iam, "GetPolicy"),
    Call::new(Service::Iam, "GetRole"),
    Call::new(Service::Kms, "DescribeKey"),
    Call::new(Service::Kms, "ListAliases"),
    Call::new(Service::Lambda, "GetFunctionConfiguration"),
    Call::new(Service::Rds, "DescribeDBClusters"),
    Call::new(Service::Rds, "DescribeDBInstances"),
    Call::new(Service::Rds, "DescribeDBSubnetGroups"),
    Call::new(Service::Route53, "GetHostedZone"),
    Call::new(Service::S3, "ListBuckets").allowed_by("ListAllMyBuckets"),
    Call::new(Service::Scheduler, "GetSchedule"),
    Call::new(Service::SecretsManager, "DescribeSecret"),
    Call::new(Service::ServiceDiscovery, "GetNamespace"),
    Call::new(Service::ServiceDiscovery, "GetService"),
    Call::new(Service::Sns, "GetTopicAttributes"),
    Call::new(Service::Sqs, "GetQueueAttributes"),
    Call::new(Service::Sqs, "GetQueueUrl"),
    Call::new(Service::Ssm, "DescribeParameters"),
];
