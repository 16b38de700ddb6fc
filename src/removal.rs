//! How a resource goes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// How a resource is removed once nothing holds on to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Made ready by these calls in order, then gone with the last one.
    By {
        ready: Vec<Action>,
        gone: Action,
        /// The class of data that is lost with it, which needs consent.
        loses: Option<Data>,
    },
    /// Goes with the thing it is part of, or with its maker; the reason is shown to the user.
    Follows(&'static str),
    /// Not ours to delete, with the reason shown to the user.
    Never(&'static str),
}

impl Removal {
    pub fn by(gone: Action) -> Self {
        Self::after([], gone)
    }

    /// `ready`, in this order, before `gone`.
    pub fn after<const N: usize>(ready: [Action; N], gone: Action) -> Self {
        Self::By {
            ready: ready.to_vec(),
            gone,
            loses: None,
        }
    }

    /// The same, and data of this class is lost.
    pub fn losing(self, data: Data) -> Self {
        match self {
            Self::By { ready, gone, .. } => Self::By {
                ready,
                gone,
                loses: Some(data),
            },
            Self::Follows(_) | Self::Never(_) => self,
        }
    }
}

/// Data that does not come back, by the class that a person consents to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    Buckets,
    Caches,
    Databases,
    Dns,
    FileSystems,
    Images,
    Keys,
    Logs,
    Queues,
    Secrets,
    Tables,
    Volumes,
}

impl Data {
    pub const ALL: &[Self] = &[
        Self::Buckets,
        Self::Caches,
        Self::Databases,
        Self::Dns,
        Self::FileSystems,
        Self::Images,
        Self::Keys,
        Self::Logs,
        Self::Queues,
        Self::Secrets,
        Self::Tables,
        Self::Volumes,
    ];

    /// The class of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Buckets => "buckets",
            Self::Caches => "caches",
            Self::Databases => "databases",
            Self::Dns => "dns",
            Self::FileSystems => "file-systems",
            Self::Images => "images",
            Self::Keys => "keys",
            Self::Logs => "logs",
            Self::Queues => "queues",
            Self::Secrets => "secrets",
            Self::Tables => "tables",
            Self::Volumes => "volumes",
        }
    }
}

macro_rules! operation {
    ($action:ident) => {
        stringify!($action)
    };
    ($action:ident $name:literal) => {
        $name
    };
}

macro_rules! actions {
    ($($action:ident = $service:literal $(=> $name:literal)?,)+) => {
        /// A call that changes the account, named as AWS names it, unless two services have one of
        /// that name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action {
            $($action,)+
        }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$action,)+];

            /// IAM's name for the call, for example `ec2:DeleteVpc`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$action => {
                        concat!($service, ":", operation!($action $($name)?))
                    })+
                }
            }
        }
    };
}

actions! {
    DeregisterScalableTarget = "application-autoscaling",
    DeleteAutoScalingGroup = "autoscaling",
    DeleteLaunchConfiguration = "autoscaling",
    DeleteWarmPool = "autoscaling",
    SetInstanceProtection = "autoscaling",
    SuspendProcesses = "autoscaling",
    UpdateAutoScalingGroup = "autoscaling",
    DeleteStack = "cloudformation",
    UpdateTerminationProtection = "cloudformation",
    DeleteAlarms = "cloudwatch",
    CreateBackup = "dynamodb",
    DeleteTable = "dynamodb",
    UpdateTable = "dynamodb",
    CreateVolumeSnapshot = "ec2" => "CreateSnapshot",
    DeleteInternetGateway = "ec2",
    DeleteKeyPair = "ec2",
    DeleteLaunchTemplate = "ec2",
    DeleteNatGateway = "ec2",
    DeleteNetworkAcl = "ec2",
    DeleteNetworkInterface = "ec2",
    DeleteRouteTable = "ec2",
    DeleteSecurityGroup = "ec2",
    DeleteSubnet = "ec2",
    DeleteVolume = "ec2",
    DeleteVpc = "ec2",
    DeleteVpcEndpoints = "ec2",
    DetachInternetGateway = "ec2",
    DisassociateAddress = "ec2",
    DisassociateRouteTable = "ec2",
    ModifyInstanceAttribute = "ec2",
    ReleaseAddress = "ec2",
    ReplaceNetworkAclAssociation = "ec2",
    RevokeSecurityGroupEgress = "ec2",
    RevokeSecurityGroupIngress = "ec2",
    TerminateInstances = "ec2",
    DeleteRepository = "ecr",
    DeleteCapacityProvider = "ecs",
    DeleteCluster = "ecs",
    DeleteService = "ecs",
    DeleteTaskDefinitions = "ecs",
    DeregisterContainerInstance = "ecs",
    DeregisterTaskDefinition = "ecs",
    PutClusterCapacityProviders = "ecs",
    StopTask = "ecs",
    UpdateContainerInstancesState = "ecs",
    UpdateService = "ecs",
    CreateCacheSnapshot = "elasticache" => "CreateSnapshot",
    DeleteCacheCluster = "elasticache",
    DeleteReplicationGroup = "elasticache",
    DeleteAccessPoint = "elasticfilesystem",
    DeleteFileSystem = "elasticfilesystem",
    DeleteMountTarget = "elasticfilesystem",
    DeleteReplicationConfiguration = "elasticfilesystem",
    DeleteListener = "elasticloadbalancing",
    DeleteLoadBalancer = "elasticloadbalancing",
    DeleteRule = "elasticloadbalancing",
    DeleteTargetGroup = "elasticloadbalancing",
    ModifyLoadBalancerAttributes = "elasticloadbalancing",
    DeleteEventRule = "events" => "DeleteRule",
    DisableRule = "events",
    RemoveTargets = "events",
    DeleteInstanceProfile = "iam",
    DeletePolicy = "iam",
    DeletePolicyVersion = "iam",
    DeleteRole = "iam",
    DeleteRolePolicy = "iam",
    DetachRolePolicy = "iam",
    RemoveRoleFromInstanceProfile = "iam",
    DeleteAlias = "kms",
    ScheduleKeyDeletion = "kms",
    DeleteEventSourceMapping = "lambda",
    DeleteFunction = "lambda",
    DeleteLogGroup = "logs",
    PutLogGroupDeletionProtection = "logs",
    CreateDBClusterSnapshot = "rds",
    CreateDBSnapshot = "rds",
    DeleteDBCluster = "rds",
    DeleteDBInstance = "rds",
    DeleteDBSubnetGroup = "rds",
    ModifyDBCluster = "rds",
    ModifyDBInstance = "rds",
    ChangeResourceRecordSets = "route53",
    DeleteHostedZone = "route53",
    AbortMultipartUpload = "s3",
    DeleteBucket = "s3",
    DeleteBucketPolicy = "s3",
    DeleteObjects = "s3",
    DeleteSchedule = "scheduler",
    DeleteSecret = "secretsmanager",
    DeleteDiscoveryService = "servicediscovery" => "DeleteService",
    DeleteNamespace = "servicediscovery",
    DeregisterInstance = "servicediscovery",
    DeleteTopic = "sns",
    DeleteQueue = "sqs",
    DeleteParameter = "ssm",
    DeleteCertificate = "acm",
}

impl Action {
    /// The call that IAM and the plan call by that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("`{name}` is no call that racklens makes"));
        Self::from_name(&name).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_one_name_are_told_apart_by_their_service() {
        assert_eq!(Action::DeleteService.name(), "ecs:DeleteService");
        let other = Action::DeleteDiscoveryService.name();
        assert_eq!(other, "servicediscovery:DeleteService");
    }

    #[test]
    fn every_call_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(*action));
        }
    }
}
