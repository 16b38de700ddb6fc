//! What CloudFormation calls, with the permissions of whoever deletes a stack, to delete what the
//! stack made.

/// Types of a template that racklens knows, and the actions with which each is deleted. A stack
/// that was made with a role of its own is deleted with the permissions of that role instead.
pub(super) const ACTIONS: &[(&str, &[&str])] = &[
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &["application-autoscaling:DeregisterScalableTarget"],
    ),
    (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        &["application-autoscaling:DeleteScalingPolicy"],
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "autoscaling:DeleteAutoScalingGroup",
            "autoscaling:UpdateAutoScalingGroup",
        ],
    ),
    (
        "AWS::AutoScaling::LaunchConfiguration",
        &["autoscaling:DeleteLaunchConfiguration"],
    ),
    (
        "AWS::AutoScaling::LifecycleHook",
        &["autoscaling:DeleteLifecycleHook"],
    ),
    (
        "AWS::AutoScaling::ScalingPolicy",
        &["autoscaling:DeletePolicy"],
    ),
    (
        "AWS::AutoScaling::ScheduledAction",
        &["autoscaling:DeleteScheduledAction"],
    ),
    (
        "AWS::CertificateManager::Certificate",
        &["acm:DeleteCertificate"],
    ),
    (
        "AWS::CloudFormation::CustomResource",
        &["lambda:InvokeFunction"],
    ),
    (
        "AWS::CloudFormation::Stack",
        &["cloudformation:DeleteStack"],
    ),
    ("AWS::CloudWatch::Alarm", &["cloudwatch:DeleteAlarms"]),
    ("AWS::DynamoDB::Table", &["dynamodb:DeleteTable"]),
    ("AWS::EC2::EIP", &["ec2:ReleaseAddress"]),
    ("AWS::EC2::Instance", &["ec2:TerminateInstances"]),
    ("AWS::EC2::InternetGateway", &["ec2:DeleteInternetGateway"]),
    ("AWS::EC2::LaunchTemplate", &["ec2:DeleteLaunchTemplate"]),
    ("AWS::EC2::NatGateway", &["ec2:DeleteNatGateway"]),
    ("AWS::EC2::Route", &["ec2:DeleteRoute"]),
    ("AWS::EC2::RouteTable", &["ec2:DeleteRouteTable"]),
    (
        "AWS::EC2::SecurityGroup",
        &[
            "ec2:DeleteSecurityGroup",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ],
    ),
    ("AWS::EC2::Subnet", &["ec2:DeleteSubnet"]),
    (
        "AWS::EC2::SubnetRouteTableAssociation",
        &["ec2:DisassociateRouteTable"],
    ),
    ("AWS::EC2::VPC", &["ec2:DeleteVpc"]),
    ("AWS::EC2::VPCEndpoint", &["ec2:DeleteVpcEndpoints"]),
    (
        "AWS::EC2::VPCGatewayAttachment",
        &["ec2:DetachInternetGateway"],
    ),
    ("AWS::EC2::Volume", &["ec2:DeleteVolume"]),
    ("AWS::ECR::Repository", &["ecr:DeleteRepository"]),
    (
        "AWS::ECS::CapacityProvider",
        &["ecs:DeleteCapacityProvider"],
    ),
    ("AWS::ECS::Cluster", &["ecs:DeleteCluster"]),
    (
        "AWS::ECS::ClusterCapacityProviderAssociations",
        &["ecs:PutClusterCapacityProviders"],
    ),
    ("AWS::ECS::Service", &["ecs:DeleteService"]),
    (
        "AWS::ECS::TaskDefinition",
        &["ecs:DeregisterTaskDefinition"],
    ),
    (
        "AWS::EFS::FileSystem",
        &["elasticfilesystem:DeleteFileSystem"],
    ),
    (
        "AWS::EFS::MountTarget",
        &[
            "ec2:DeleteNetworkInterface",
            "elasticfilesystem:DeleteMountTarget",
        ],
    ),
    (
        "AWS::ElastiCache::CacheCluster",
        &["elasticache:DeleteCacheCluster"],
    ),
    (
        "AWS::ElastiCache::ReplicationGroup",
        &["elasticache:DeleteReplicationGroup"],
    ),
    (
        "AWS::ElastiCache::SubnetGroup",
        &["elasticache:DeleteCacheSubnetGroup"],
    ),
    (
        "AWS::ElasticLoadBalancing::LoadBalancer",
        &["elasticloadbalancing:DeleteLoadBalancer"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        &["elasticloadbalancing:DeleteListener"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        &["elasticloadbalancing:DeleteRule"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        &["elasticloadbalancing:DeleteLoadBalancer"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        &["elasticloadbalancing:DeleteTargetGroup"],
    ),
    (
        "AWS::Events::Rule",
        &["events:DeleteRule", "events:RemoveTargets"],
    ),
    (
        "AWS::IAM::InstanceProfile",
        &[
            "iam:DeleteInstanceProfile",
            "iam:RemoveRoleFromInstanceProfile",
        ],
    ),
    (
        "AWS::IAM::ManagedPolicy",
        &[
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:DetachRolePolicy",
        ],
    ),
    ("AWS::IAM::Policy", &["iam:DeleteRolePolicy"]),
    (
        "AWS::IAM::Role",
        &[
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
        ],
    ),
    ("AWS::KMS::Alias", &["kms:DeleteAlias"]),
    ("AWS::KMS::Key", &["kms:ScheduleKeyDeletion"]),
    (
        "AWS::Lambda::EventSourceMapping",
        &["lambda:DeleteEventSourceMapping"],
    ),
    ("AWS::Lambda::Function", &["lambda:DeleteFunction"]),
    ("AWS::Lambda::Permission", &["lambda:RemovePermission"]),
    ("AWS::Logs::LogGroup", &["logs:DeleteLogGroup"]),
    (
        "AWS::RDS::DBCluster",
        &["rds:CreateDBClusterSnapshot", "rds:DeleteDBCluster"],
    ),
    (
        "AWS::RDS::DBInstance",
        &["rds:CreateDBSnapshot", "rds:DeleteDBInstance"],
    ),
    ("AWS::RDS::DBSubnetGroup", &["rds:DeleteDBSubnetGroup"]),
    ("AWS::Route53::HostedZone", &["route53:DeleteHostedZone"]),
    (
        "AWS::Route53::RecordSet",
        &["route53:ChangeResourceRecordSets"],
    ),
    ("AWS::S3::Bucket", &["s3:DeleteBucket"]),
    ("AWS::S3::BucketPolicy", &["s3:DeleteBucketPolicy"]),
    ("AWS::SNS::Subscription", &["sns:Unsubscribe"]),
    ("AWS::SNS::Topic", &["sns:DeleteTopic", "sns:Unsubscribe"]),
    ("AWS::SQS::Queue", &["sqs:DeleteQueue"]),
    ("AWS::SSM::Parameter", &["ssm:DeleteParameter"]),
    ("AWS::Scheduler::Schedule", &["scheduler:DeleteSchedule"]),
    (
        "AWS::SecretsManager::Secret",
        &["secretsmanager:DeleteSecret"],
    ),
];
