//! On what IAM lets each call of a teardown be allowed.
//!
//! From the service authorization reference, the table "Actions defined by" of each service
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>): the resource types of
//! the action, and the form of their ARNs. `{r}` is the region, `{a}` the account.

/// On what an action can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// On resources of these types.
    On(&'static [&'static str]),
    /// On everything or not at all.
    Every,
}

use Scope::{Every, On};

const CERTIFICATE: &str = "acm:{r}:{a}:certificate/*";
const TARGET: &str = "application-autoscaling:{r}:{a}:scalable-target/*";
const GROUP: &str = "autoscaling:{r}:{a}:autoScalingGroup:*:autoScalingGroupName/*";
const LAUNCH: &str = "autoscaling:{r}:{a}:launchConfiguration:*:launchConfigurationName/*";
const STACK: &str = "cloudformation:{r}:{a}:stack/*";
const TABLE: &str = "dynamodb:{r}:{a}:table/*";
const INTERNET_GATEWAY: &str = "ec2:{r}:{a}:internet-gateway/*";
const ADDRESS: &str = "ec2:{r}:{a}:elastic-ip/*";
const INTERFACE: &str = "ec2:{r}:{a}:network-interface/*";
const ACL: &str = "ec2:{r}:{a}:network-acl/*";
const ROUTE_TABLE: &str = "ec2:{r}:{a}:route-table/*";
const SECURITY_GROUP: &str = "ec2:{r}:{a}:security-group/*";
const SUBNET: &str = "ec2:{r}:{a}:subnet/*";
const INSTANCE: &str = "ec2:{r}:{a}:instance/*";
const VOLUME: &str = "ec2:{r}:{a}:volume/*";
const VPC: &str = "ec2:{r}:{a}:vpc/*";
const ECS_CLUSTER: &str = "ecs:{r}:{a}:cluster/*";
const ECS_SERVICE: &str = "ecs:{r}:{a}:service/*";
const CACHE: &str = "elasticache:{r}:{a}:cluster:*";
const REPLICATION: &str = "elasticache:{r}:{a}:replicationgroup:*";
const CACHE_SNAPSHOT: &str = "elasticache:{r}:{a}:snapshot:*";
const FILE_SYSTEM: &str = "elasticfilesystem:{r}:{a}:file-system/*";
const BALANCER: &str = "elasticloadbalancing:{r}:{a}:loadbalancer/*";
const RULE: &str = "events:{r}:{a}:rule/*";
const PROFILE: &str = "iam::{a}:instance-profile/*";
const POLICY: &str = "iam::{a}:policy/*";
const ROLE: &str = "iam::{a}:role/*";
const KEY: &str = "kms:{r}:{a}:key/*";
const FUNCTION: &str = "lambda:{r}:{a}:function:*";
const LOGS: &str = "logs:{r}:{a}:log-group:*";
const DB: &str = "rds:{r}:{a}:db:*";
const DB_CLUSTER: &str = "rds:{r}:{a}:cluster:*";
const DB_SNAPSHOT: &str = "rds:{r}:{a}:snapshot:*";
const DB_CLUSTER_SNAPSHOT: &str = "rds:{r}:{a}:cluster-snapshot:*";
const ZONE: &str = "route53:::hostedzone/*";
const BUCKET: &str = "s3:::*";
const OBJECT: &str = "s3:::*/*";
const DISCOVERY: &str = "servicediscovery:{r}:{a}:service/*";

/// Every action that the policy of a teardown may name, sorted. What the reference gives without
/// a star is taken, too, where the call names it: the subnet of a route table's association.
pub(super) const SCOPES: &[(&str, Scope)] = &[
    ("acm:DeleteCertificate", On(&[CERTIFICATE])),
    ("application-autoscaling:DeleteScalingPolicy", On(&[TARGET])),
    (
        "application-autoscaling:DeregisterScalableTarget",
        On(&[TARGET]),
    ),
    ("autoscaling:DeleteAutoScalingGroup", On(&[GROUP])),
    ("autoscaling:DeleteLaunchConfiguration", On(&[LAUNCH])),
    ("autoscaling:DeleteLifecycleHook", On(&[GROUP])),
    ("autoscaling:DeletePolicy", On(&[GROUP])),
    ("autoscaling:DeleteScheduledAction", On(&[GROUP])),
    ("autoscaling:DeleteWarmPool", On(&[GROUP])),
    ("autoscaling:SetInstanceProtection", On(&[GROUP])),
    ("autoscaling:SuspendProcesses", On(&[GROUP])),
    ("autoscaling:UpdateAutoScalingGroup", On(&[GROUP])),
    ("cloudformation:DeleteStack", On(&[STACK])),
    ("cloudformation:UpdateTerminationProtection", On(&[STACK])),
    (
        "cloudwatch:DeleteAlarms",
        On(&["cloudwatch:{r}:{a}:alarm:*"]),
    ),
    ("dynamodb:CreateBackup", On(&[TABLE])),
    ("dynamodb:DeleteTable", On(&[TABLE])),
    ("dynamodb:UpdateTable", On(&[TABLE])),
    // A snapshot has no account in its ARN, and no name before it is there.
    ("ec2:CreateSnapshot", On(&["ec2:{r}::snapshot/*", VOLUME])),
    ("ec2:DeleteInternetGateway", On(&[INTERNET_GATEWAY])),
    ("ec2:DeleteKeyPair", On(&["ec2:{r}:{a}:key-pair/*"])),
    (
        "ec2:DeleteLaunchTemplate",
        On(&["ec2:{r}:{a}:launch-template/*"]),
    ),
    ("ec2:DeleteNatGateway", On(&["ec2:{r}:{a}:natgateway/*"])),
    ("ec2:DeleteNetworkAcl", On(&[ACL])),
    ("ec2:DeleteNetworkInterface", On(&[INTERFACE])),
    ("ec2:DeleteRoute", On(&[ROUTE_TABLE])),
    ("ec2:DeleteRouteTable", On(&[ROUTE_TABLE])),
    ("ec2:DeleteSecurityGroup", On(&[SECURITY_GROUP])),
    ("ec2:DeleteSubnet", On(&[SUBNET])),
    ("ec2:DeleteVolume", On(&[VOLUME])),
    ("ec2:DeleteVpc", On(&[VPC])),
    (
        "ec2:DeleteVpcEndpoints",
        On(&["ec2:{r}:{a}:vpc-endpoint/*"]),
    ),
    ("ec2:DetachInternetGateway", On(&[INTERNET_GATEWAY, VPC])),
    ("ec2:DisassociateAddress", On(&[ADDRESS, INTERFACE])),
    (
        "ec2:DisassociateRouteTable",
        On(&[INTERNET_GATEWAY, ROUTE_TABLE, SUBNET]),
    ),
    ("ec2:ModifyInstanceAttribute", On(&[INSTANCE])),
    ("ec2:ReleaseAddress", On(&[ADDRESS])),
    // What a subnet gets instead is the ACL that its VPC came with, and that is in no plan.
    ("ec2:ReplaceNetworkAclAssociation", On(&[ACL, SUBNET])),
    ("ec2:RevokeSecurityGroupEgress", On(&[SECURITY_GROUP])),
    ("ec2:RevokeSecurityGroupIngress", On(&[SECURITY_GROUP])),
    ("ec2:TerminateInstances", On(&[INSTANCE])),
    ("ecr:DeleteRepository", On(&["ecr:{r}:{a}:repository/*"])),
    (
        "ecs:DeleteCapacityProvider",
        On(&["ecs:{r}:{a}:capacity-provider/*"]),
    ),
    ("ecs:DeleteCluster", On(&[ECS_CLUSTER])),
    ("ecs:DeleteService", On(&[ECS_SERVICE])),
    (
        "ecs:DeleteTaskDefinitions",
        On(&["ecs:{r}:{a}:task-definition/*"]),
    ),
    ("ecs:DeregisterContainerInstance", On(&[ECS_CLUSTER])),
    // The reference names no resource type for it.
    ("ecs:DeregisterTaskDefinition", Every),
    ("ecs:PutClusterCapacityProviders", On(&[ECS_CLUSTER])),
    ("ecs:StopTask", On(&["ecs:{r}:{a}:task/*"])),
    (
        "ecs:UpdateContainerInstancesState",
        On(&["ecs:{r}:{a}:container-instance/*"]),
    ),
    ("ecs:UpdateService", On(&[ECS_SERVICE])),
    (
        "elasticache:CreateSnapshot",
        On(&[CACHE, REPLICATION, CACHE_SNAPSHOT]),
    ),
    (
        "elasticache:DeleteCacheCluster",
        On(&[CACHE, CACHE_SNAPSHOT]),
    ),
    (
        "elasticache:DeleteCacheSubnetGroup",
        On(&["elasticache:{r}:{a}:subnetgroup:*"]),
    ),
    (
        "elasticache:DeleteReplicationGroup",
        On(&[REPLICATION, CACHE_SNAPSHOT]),
    ),
    (
        "elasticfilesystem:DeleteAccessPoint",
        On(&["elasticfilesystem:{r}:{a}:access-point/*"]),
    ),
    ("elasticfilesystem:DeleteFileSystem", On(&[FILE_SYSTEM])),
    ("elasticfilesystem:DeleteMountTarget", On(&[FILE_SYSTEM])),
    (
        "elasticfilesystem:DeleteReplicationConfiguration",
        On(&[FILE_SYSTEM]),
    ),
    (
        "elasticloadbalancing:DeleteListener",
        On(&["elasticloadbalancing:{r}:{a}:listener/*"]),
    ),
    ("elasticloadbalancing:DeleteLoadBalancer", On(&[BALANCER])),
    (
        "elasticloadbalancing:DeleteRule",
        On(&["elasticloadbalancing:{r}:{a}:listener-rule/*"]),
    ),
    (
        "elasticloadbalancing:DeleteTargetGroup",
        On(&["elasticloadbalancing:{r}:{a}:targetgroup/*"]),
    ),
    (
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        On(&[BALANCER]),
    ),
    ("events:DeleteRule", On(&[RULE])),
    ("events:DisableRule", On(&[RULE])),
    ("events:RemoveTargets", On(&[RULE])),
    ("iam:DeleteInstanceProfile", On(&[PROFILE])),
    ("iam:DeletePolicy", On(&[POLICY])),
    ("iam:DeletePolicyVersion", On(&[POLICY])),
    ("iam:DeleteRole", On(&[ROLE])),
    ("iam:DeleteRolePolicy", On(&[ROLE])),
    ("iam:DetachRolePolicy", On(&[ROLE])),
    ("iam:RemoveRoleFromInstanceProfile", On(&[PROFILE])),
    // KMS asks about the alias and about the key behind it.
    ("kms:DeleteAlias", On(&["kms:{r}:{a}:alias/*", KEY])),
    ("kms:ScheduleKeyDeletion", On(&[KEY])),
    (
        "lambda:DeleteEventSourceMapping",
        On(&["lambda:{r}:{a}:event-source-mapping:*"]),
    ),
    ("lambda:DeleteFunction", On(&[FUNCTION])),
    ("lambda:InvokeFunction", On(&[FUNCTION])),
    ("lambda:RemovePermission", On(&[FUNCTION])),
    ("logs:DeleteLogGroup", On(&[LOGS])),
    ("logs:PutLogGroupDeletionProtection", On(&[LOGS])),
    (
        "rds:CreateDBClusterSnapshot",
        On(&[DB_CLUSTER, DB_CLUSTER_SNAPSHOT]),
    ),
    ("rds:CreateDBSnapshot", On(&[DB, DB_SNAPSHOT])),
    (
        "rds:DeleteDBCluster",
        On(&[DB_CLUSTER, DB_CLUSTER_SNAPSHOT]),
    ),
    ("rds:DeleteDBInstance", On(&[DB])),
    ("rds:DeleteDBSubnetGroup", On(&["rds:{r}:{a}:subgrp:*"])),
    ("rds:ModifyDBCluster", On(&[DB_CLUSTER])),
    ("rds:ModifyDBInstance", On(&[DB])),
    ("route53:ChangeResourceRecordSets", On(&[ZONE])),
    (
        "route53:DeleteHealthCheck",
        On(&["route53:::healthcheck/*"]),
    ),
    ("route53:DeleteHostedZone", On(&[ZONE])),
    ("s3:AbortMultipartUpload", On(&[OBJECT])),
    ("s3:DeleteBucket", On(&[BUCKET])),
    ("s3:DeleteBucketPolicy", On(&[BUCKET])),
    ("s3:DeleteObject", On(&[OBJECT])),
    ("s3:DeleteObjectVersion", On(&[OBJECT])),
    (
        "scheduler:DeleteSchedule",
        On(&["scheduler:{r}:{a}:schedule/*"]),
    ),
    (
        "secretsmanager:DeleteSecret",
        On(&["secretsmanager:{r}:{a}:secret:*"]),
    ),
    (
        "servicediscovery:DeleteNamespace",
        On(&["servicediscovery:{r}:{a}:namespace/*"]),
    ),
    ("servicediscovery:DeleteService", On(&[DISCOVERY])),
    ("servicediscovery:DeregisterInstance", On(&[DISCOVERY])),
    ("sns:DeleteTopic", On(&["sns:{r}:{a}:*"])),
    // The reference names no resource type for it.
    ("sns:Unsubscribe", Every),
    ("sqs:DeleteQueue", On(&["sqs:{r}:{a}:*"])),
    ("ssm:DeleteParameter", On(&["ssm:{r}:{a}:parameter/*"])),
];

/// On what an action can be allowed; everything for one that nobody wrote down.
pub(super) fn of(action: &str) -> Scope {
    let found = SCOPES.iter().find(|it| it.0 == action);
    found.map_or(Every, |it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_has_each_action_once() {
        assert!(SCOPES.is_sorted_by(|one, next| one.0 < next.0));
    }
}
