//! How each kind appears in a diagram: as a frame, as a node, on something else, or not at all.

use crate::kind::Kind;

/// What becomes of a kind where only the architecture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A box around others.
    Frame,
    Node,
    /// Seen in the label of something else, or as an edge.
    Told,
    /// Left out, unless something is wrong with it.
    Plumbing,
}

/// The family that a node's colour tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// How traffic comes in and goes out.
    Entry,
    Compute,
    Data,
    Messages,
    #[default]
    Plain,
}

impl Tone {
    pub const ALL: [Self; 5] = [
        Self::Entry,
        Self::Compute,
        Self::Data,
        Self::Messages,
        Self::Plain,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Compute => "compute",
            Self::Data => "data",
            Self::Messages => "messages",
            Self::Plain => "plain",
        }
    }

    /// The colour of its outline, dark enough on white and light enough on black.
    pub fn colour(self) -> &'static str {
        match self {
            Self::Entry => "#8c4fff",
            Self::Compute => "#d86613",
            Self::Data => "#6a8f16",
            Self::Messages => "#e7157b",
            Self::Plain => "#7d8998",
        }
    }
}

/// The colour of what is wrong, on an outline.
pub(super) const BAD: &str = "#dd344c";

/// How a kind appears.
pub(super) struct Look {
    pub(super) part: Part,
    /// What a person calls it.
    pub(super) noun: &'static str,
    pub(super) tone: Tone,
}

pub(super) fn of(kind: Kind) -> Look {
    use Part::{Frame, Node, Plumbing, Told};
    use Tone::{Compute, Data, Entry, Messages, Plain};
    let (part, noun, tone) = match kind {
        Kind::Stack => (Plumbing, "CloudFormation stack", Plain),
        Kind::Cluster => (Frame, "ECS cluster", Compute),
        Kind::Service => (Node, "ECS service", Compute),
        Kind::Task => (Told, "ECS task", Compute),
        Kind::TaskDefinition => (Told, "task definition", Plain),
        Kind::ContainerInstance => (Told, "container instance", Compute),
        Kind::CapacityProvider => (Plumbing, "capacity provider", Compute),
        Kind::ScalableTarget => (Plumbing, "scalable target", Plain),
        Kind::LoadBalancer => (Node, "load balancer", Entry),
        Kind::Listener => (Told, "listener", Entry),
        Kind::ListenerRule => (Told, "listener rule", Entry),
        Kind::TargetGroup => (Told, "target group", Entry),
        Kind::ClassicLoadBalancer => (Node, "classic load balancer", Entry),
        Kind::AutoScalingGroup => (Node, "Auto Scaling group", Compute),
        Kind::LaunchConfiguration => (Plumbing, "launch configuration", Plain),
        Kind::LaunchTemplate => (Plumbing, "launch template", Plain),
        Kind::Instance => (Node, "EC2 instance", Compute),
        Kind::Volume => (Plumbing, "EBS volume", Data),
        Kind::EbsSnapshot => (Plumbing, "EBS snapshot", Data),
        Kind::KeyPair => (Plumbing, "key pair", Plain),
        Kind::Vpc => (Frame, "VPC", Plain),
        Kind::Subnet => (Frame, "subnet", Plain),
        Kind::RouteTable => (Plumbing, "route table", Plain),
        Kind::InternetGateway => (Node, "internet gateway", Entry),
        Kind::NatGateway => (Node, "NAT gateway", Entry),
        Kind::ElasticIp => (Plumbing, "Elastic IP", Plain),
        Kind::NetworkInterface => (Plumbing, "network interface", Plain),
        Kind::SecurityGroup => (Plumbing, "security group", Plain),
        Kind::NetworkAcl => (Plumbing, "network ACL", Plain),
        Kind::VpcEndpoint => (Node, "VPC endpoint", Entry),
        Kind::HostedZone => (Node, "hosted zone", Entry),
        Kind::Certificate => (Node, "certificate", Entry),
        Kind::Namespace => (Plumbing, "Cloud Map namespace", Entry),
        Kind::DiscoveryService => (Plumbing, "Cloud Map service", Entry),
        Kind::Bucket => (Node, "S3 bucket", Data),
        Kind::FileSystem => (Node, "EFS file system", Data),
        Kind::MountTarget => (Told, "mount target", Data),
        Kind::Table => (Node, "DynamoDB table", Data),
        Kind::DbInstance => (Node, "RDS database", Data),
        Kind::DbCluster => (Node, "RDS cluster", Data),
        Kind::DbSubnetGroup => (Plumbing, "DB subnet group", Plain),
        Kind::ReplicationGroup => (Node, "ElastiCache replication group", Data),
        Kind::CacheCluster => (Node, "ElastiCache cluster", Data),
        Kind::Repository => (Node, "ECR repository", Data),
        Kind::Queue => (Node, "SQS queue", Messages),
        Kind::Topic => (Node, "SNS topic", Messages),
        Kind::Function => (Node, "Lambda function", Compute),
        Kind::EventRule => (Node, "EventBridge rule", Messages),
        Kind::Schedule => (Node, "EventBridge schedule", Messages),
        Kind::Role => (Plumbing, "IAM role", Plain),
        Kind::InstanceProfile => (Plumbing, "instance profile", Plain),
        Kind::Policy => (Plumbing, "IAM policy", Plain),
        Kind::Key => (Plumbing, "KMS key", Plain),
        Kind::KeyAlias => (Plumbing, "KMS alias", Plain),
        Kind::Secret => (Plumbing, "secret", Plain),
        Kind::Parameter => (Plumbing, "SSM parameter", Plain),
        Kind::Alarm => (Plumbing, "CloudWatch alarm", Plain),
        Kind::LogGroup => (Plumbing, "log group", Plain),
    };
    Look { part, noun, tone }
}

/// Whether a kind is the account's and not one region's.
pub(super) fn is_global(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::HostedZone | Kind::Role | Kind::InstanceProfile | Kind::Policy
    )
}
