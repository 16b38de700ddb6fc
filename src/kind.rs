//! The kinds of AWS resource that racklens knows, one line each.

use serde::{Deserialize, Serialize};

use crate::{charge::Charge, relation::Relation, removal::Removal};

pub mod alarm;
pub mod auto_scaling_group;
pub mod bucket;
pub mod cache_cluster;
pub mod capacity_provider;
pub mod certificate;
pub mod classic_load_balancer;
pub mod cluster;
pub mod container_instance;
pub mod db_cluster;
pub mod db_instance;
pub mod db_subnet_group;
pub mod discovery_service;
pub mod ebs_snapshot;
pub mod elastic_ip;
pub mod event_rule;
pub mod file_system;
pub mod function;
pub mod hosted_zone;
pub mod instance;
pub mod instance_profile;
pub mod internet_gateway;
pub mod key;
pub mod key_alias;
pub mod key_pair;
pub mod launch_configuration;
pub mod launch_template;
pub mod listener;
pub mod listener_rule;
pub mod load_balancer;
pub mod log_group;
pub mod mount_target;
pub mod namespace;
pub mod nat_gateway;
pub mod network_acl;
pub mod network_interface;
pub mod parameter;
pub mod policy;
pub mod queue;
pub mod replication_group;
pub mod repository;
pub mod role;
pub mod route_table;
pub mod scalable_target;
pub mod schedule;
pub mod secret;
pub mod security_group;
pub mod service;
pub mod stack;
pub mod subnet;
pub mod table;
pub mod target_group;
pub mod task;
pub mod task_definition;
pub mod topic;
pub mod volume;
pub mod vpc;
pub mod vpc_endpoint;

/// What a kind says about itself. Pure: no clock, no network, no files.
pub trait Model {
    /// The edges that this resource's own description reveals.
    fn relations(&self) -> Vec<Relation>;

    /// Further keys that others know it by: a name where its key is a number, an ARN cut short.
    fn other_keys(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it costs to leave it there, as questions for the price list.
    fn charges(&self) -> Vec<Charge> {
        Vec::new()
    }

    /// How it is removed once nothing holds on to it.
    fn removal(&self) -> Removal;

    /// AWS's own word for its state: `running`, `ACTIVE`. `None` where AWS has none.
    fn state(&self) -> Option<&str> {
        None
    }

    /// Where it sits.
    fn place(&self) -> Place<'_> {
        Place::default()
    }

    /// What a person wants to know of it in one short line, without its name and state.
    fn summary(&self) -> String;
}

/// Where a resource sits, as far as its own description tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// Availability zone, for example `us-east-1a`.
    pub zone: Option<&'a str>,
    pub vpc: Option<&'a str>,
    pub subnet: Option<&'a str>,
}

/// Something that takes a call of its own to learn, and so may not be known.
///
/// `Unread` is not "no": nothing may count it as absent, zero or fine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact<T> {
    #[default]
    Unread,
    Known(T),
}

impl<T> Fact<T> {
    /// The value, or `None` when it was not read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(it) => Some(it),
            Self::Unread => None,
        }
    }
}

/// The shelves of the inventory, in the order in which a reader wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Stacks,
    Containers,
    LoadBalancing,
    Compute,
    Network,
    Names,
    Data,
    Messaging,
    Identity,
    Observability,
}

impl Group {
    pub const ALL: &[Self] = &[
        Self::Stacks,
        Self::Containers,
        Self::LoadBalancing,
        Self::Compute,
        Self::Network,
        Self::Names,
        Self::Data,
        Self::Messaging,
        Self::Identity,
        Self::Observability,
    ];

    /// The heading that a report gives it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stacks => "Stacks",
            Self::Containers => "Containers (ECS)",
            Self::LoadBalancing => "Load balancing",
            Self::Compute => "Compute",
            Self::Network => "Network",
            Self::Names => "Names and certificates",
            Self::Data => "Data",
            Self::Messaging => "Messaging and functions",
            Self::Identity => "Identity, keys and secrets",
            Self::Observability => "Logs and alarms",
        }
    }
}

/// Hands the table of kinds to another macro, so that the edge can make its own table from it.
macro_rules! for_each_kind {
    ($use:ident) => {
        $use! {
            // Variant(module, "name", shelf, "CloudFormation type")
            Stack(stack, "stack", Stacks, "AWS::CloudFormation::Stack"),
            Cluster(cluster, "cluster", Containers, "AWS::ECS::Cluster"),
            Service(service, "service", Containers, "AWS::ECS::Service"),
            Task(task, "task", Containers, "AWS::ECS::Task"),
            TaskDefinition(task_definition, "task-definition", Containers, "AWS::ECS::TaskDefinition"),
            ContainerInstance(container_instance, "container-instance", Containers, "AWS::ECS::ContainerInstance"),
            CapacityProvider(capacity_provider, "capacity-provider", Containers, "AWS::ECS::CapacityProvider"),
            ScalableTarget(scalable_target, "scalable-target", Containers, "AWS::ApplicationAutoScaling::ScalableTarget"),
            LoadBalancer(load_balancer, "load-balancer", LoadBalancing, "AWS::ElasticLoadBalancingV2::LoadBalancer"),
            Listener(listener, "listener", LoadBalancing, "AWS::ElasticLoadBalancingV2::Listener"),
            ListenerRule(listener_rule, "listener-rule", LoadBalancing, "AWS::ElasticLoadBalancingV2::ListenerRule"),
            TargetGroup(target_group, "target-group", LoadBalancing, "AWS::ElasticLoadBalancingV2::TargetGroup"),
            ClassicLoadBalancer(classic_load_balancer, "classic-load-balancer", LoadBalancing, "AWS::ElasticLoadBalancing::LoadBalancer"),
            AutoScalingGroup(auto_scaling_group, "auto-scaling-group", Compute, "AWS::AutoScaling::AutoScalingGroup"),
            LaunchConfiguration(launch_configuration, "launch-configuration", Compute, "AWS::AutoScaling::LaunchConfiguration"),
            LaunchTemplate(launch_template, "launch-template", Compute, "AWS::EC2::LaunchTemplate"),
            Instance(instance, "instance", Compute, "AWS::EC2::Instance"),
            Volume(volume, "volume", Compute, "AWS::EC2::Volume"),
            EbsSnapshot(ebs_snapshot, "ebs-snapshot", Compute, "AWS::EC2::Snapshot"),
            KeyPair(key_pair, "key-pair", Compute, "AWS::EC2::KeyPair"),
            Vpc(vpc, "vpc", Network, "AWS::EC2::VPC"),
            Subnet(subnet, "subnet", Network, "AWS::EC2::Subnet"),
            RouteTable(route_table, "route-table", Network, "AWS::EC2::RouteTable"),
            InternetGateway(internet_gateway, "internet-gateway", Network, "AWS::EC2::InternetGateway"),
            NatGateway(nat_gateway, "nat-gateway", Network, "AWS::EC2::NatGateway"),
            ElasticIp(elastic_ip, "elastic-ip", Network, "AWS::EC2::EIP"),
            NetworkInterface(network_interface, "network-interface", Network, "AWS::EC2::NetworkInterface"),
            SecurityGroup(security_group, "security-group", Network, "AWS::EC2::SecurityGroup"),
            NetworkAcl(network_acl, "network-acl", Network, "AWS::EC2::NetworkAcl"),
            VpcEndpoint(vpc_endpoint, "vpc-endpoint", Network, "AWS::EC2::VPCEndpoint"),
            HostedZone(hosted_zone, "hosted-zone", Names, "AWS::Route53::HostedZone"),
            Certificate(certificate, "certificate", Names, "AWS::CertificateManager::Certificate"),
            Namespace(namespace, "namespace", Names, "AWS::ServiceDiscovery::PrivateDnsNamespace"),
            DiscoveryService(discovery_service, "discovery-service", Names, "AWS::ServiceDiscovery::Service"),
            Bucket(bucket, "bucket", Data, "AWS::S3::Bucket"),
            FileSystem(file_system, "file-system", Data, "AWS::EFS::FileSystem"),
            MountTarget(mount_target, "mount-target", Data, "AWS::EFS::MountTarget"),
            Table(table, "table", Data, "AWS::DynamoDB::Table"),
            DbInstance(db_instance, "db-instance", Data, "AWS::RDS::DBInstance"),
            DbCluster(db_cluster, "db-cluster", Data, "AWS::RDS::DBCluster"),
            DbSubnetGroup(db_subnet_group, "db-subnet-group", Data, "AWS::RDS::DBSubnetGroup"),
            ReplicationGroup(replication_group, "replication-group", Data, "AWS::ElastiCache::ReplicationGroup"),
            CacheCluster(cache_cluster, "cache-cluster", Data, "AWS::ElastiCache::CacheCluster"),
            Repository(repository, "repository", Data, "AWS::ECR::Repository"),
            Queue(queue, "queue", Messaging, "AWS::SQS::Queue"),
            Topic(topic, "topic", Messaging, "AWS::SNS::Topic"),
            Function(function, "function", Messaging, "AWS::Lambda::Function"),
            EventRule(event_rule, "event-rule", Messaging, "AWS::Events::Rule"),
            Schedule(schedule, "schedule", Messaging, "AWS::Scheduler::Schedule"),
            Role(role, "role", Identity, "AWS::IAM::Role"),
            InstanceProfile(instance_profile, "instance-profile", Identity, "AWS::IAM::InstanceProfile"),
            Policy(policy, "policy", Identity, "AWS::IAM::ManagedPolicy"),
            Key(key, "key", Identity, "AWS::KMS::Key"),
            KeyAlias(key_alias, "key-alias", Identity, "AWS::KMS::Alias"),
            Secret(secret, "secret", Identity, "AWS::SecretsManager::Secret"),
            Parameter(parameter, "parameter", Identity, "AWS::SSM::Parameter"),
            LogGroup(log_group, "log-group", Observability, "AWS::Logs::LogGroup"),
            Alarm(alarm, "alarm", Observability, "AWS::CloudWatch::Alarm"),
        }
    };
}
pub(crate) use for_each_kind;

macro_rules! define_kinds {
    ($($variant:ident($module:ident, $name:literal, $group:ident, $cfn:literal),)+) => {
        /// The kind of a resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $(#[serde(rename = $name)] $variant,)+
        }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Kebab-case name, as in ids, files and anchors: `security-group`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }

            /// The shelf of the inventory that it stands on.
            pub fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group,)+ }
            }

            /// Whether AWS gives it a number, so that a person's name for it stands in tag `Name`.
            pub fn is_named_by_tag(self) -> bool {
                let types = ["AWS::EC2::", "AWS::EFS::", "AWS::KMS::Key"];
                types.iter().any(|it| self.cloudformation().starts_with(it))
            }

            /// CloudFormation's name for the type, for example `AWS::EC2::SecurityGroup`.
            pub fn cloudformation(self) -> &'static str {
                match self { $(Self::$variant => $cfn,)+ }
            }
        }

        /// A resource's own description, typed by kind. Boxed, because the largest is many times
        /// the size of most.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Attrs {
            $(#[serde(rename = $name)] $variant(Box<$module::$variant>),)+
        }

        impl Attrs {
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)+ }
            }

            /// A description of that kind in which nothing is told: it shows which fields there are.
            pub fn blank(kind: Kind) -> Self {
                match kind { $(Kind::$variant => Self::$variant(Box::default()),)+ }
            }

            pub fn model(&self) -> &dyn Model {
                match self { $(Self::$variant(it) => &**it,)+ }
            }
        }

        $(
            impl AsKind for $module::$variant {
                const KIND: Kind = Kind::$variant;

                fn of(attrs: &Attrs) -> Option<&Self> {
                    match attrs { Attrs::$variant(it) => Some(it), _ => None }
                }

                fn of_mut(attrs: &mut Attrs) -> Option<&mut Self> {
                    match attrs { Attrs::$variant(it) => Some(it), _ => None }
                }
            }

            impl From<$module::$variant> for Attrs {
                fn from(it: $module::$variant) -> Self {
                    Self::$variant(Box::new(it))
                }
            }
        )+
    };
}

/// Lets a rule ask the graph for one kind and get it typed.
pub trait AsKind: Sized {
    const KIND: Kind;

    fn of(attrs: &Attrs) -> Option<&Self>;

    fn of_mut(attrs: &mut Attrs) -> Option<&mut Self>;
}

for_each_kind!(define_kinds);
