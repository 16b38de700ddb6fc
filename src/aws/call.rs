//! The calls that racklens makes, as data: what the guard lets through and what a policy allows.

use std::fmt;

macro_rules! services {
    ($($variant:ident($name:literal, $sdk:literal, $iam:literal),)+) => {
        /// An AWS service that racklens talks to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Service {
            $($variant,)+
        }

        impl Service {
            /// The name that the AWS CLI has for it: `elbv2`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The service id that the SDK puts into a request's metadata.
            pub fn sdk_id(self) -> &'static str {
                match self { $(Self::$variant => $sdk,)+ }
            }

            /// The prefix of its IAM actions.
            pub fn iam_prefix(self) -> &'static str {
                match self { $(Self::$variant => $iam,)+ }
            }
        }
    };
}

services! {
    Acm("acm", "ACM", "acm"),
    ApplicationAutoScaling("application-autoscaling", "Application Auto Scaling", "application-autoscaling"),
    AutoScaling("autoscaling", "Auto Scaling", "autoscaling"),
    Budgets("budgets", "Budgets", "budgets"),
    CloudFormation("cloudformation", "CloudFormation", "cloudformation"),
    CloudWatch("cloudwatch", "CloudWatch", "cloudwatch"),
    CloudWatchLogs("logs", "CloudWatch Logs", "logs"),
    CostExplorer("ce", "Cost Explorer", "ce"),
    DynamoDb("dynamodb", "DynamoDB", "dynamodb"),
    Ec2("ec2", "EC2", "ec2"),
    Ecr("ecr", "ECR", "ecr"),
    Ecs("ecs", "ECS", "ecs"),
    Efs("efs", "EFS", "elasticfilesystem"),
    ElastiCache("elasticache", "ElastiCache", "elasticache"),
    Elb("elb", "Elastic Load Balancing", "elasticloadbalancing"),
    Elbv2("elbv2", "Elastic Load Balancing v2", "elasticloadbalancing"),
    EventBridge("events", "EventBridge", "events"),
    FreeTier("freetier", "FreeTier", "freetier"),
    Iam("iam", "IAM", "iam"),
    Kms("kms", "KMS", "kms"),
    Lambda("lambda", "Lambda", "lambda"),
    Pricing("pricing", "Pricing", "pricing"),
    Rds("rds", "RDS", "rds"),
    ResourceGroupsTagging("resourcegroupstaggingapi", "Resource Groups Tagging API", "tag"),
    Route53("route53", "Route 53", "route53"),
    S3("s3", "S3", "s3"),
    S3Control("s3control", "S3 Control", "s3"),
    Scheduler("scheduler", "Scheduler", "scheduler"),
    SecretsManager("secretsmanager", "Secrets Manager", "secretsmanager"),
    ServiceDiscovery("servicediscovery", "ServiceDiscovery", "servicediscovery"),
    Sns("sns", "SNS", "sns"),
    Sqs("sqs", "SQS", "sqs"),
    Ssm("ssm", "SSM", "ssm"),
    Sts("sts", "STS", "sts"),
}

/// One operation that only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub service: Service,
    /// AWS's name for it: `DescribeVpcs`.
    pub operation: &'static str,
    /// The IAM action behind it, where that is not named like the operation.
    permission: Option<&'static str>,
}

impl Call {
    pub const fn new(service: Service, operation: &'static str) -> Self {
        Self {
            service,
            operation,
            permission: None,
        }
    }

    /// For the operations, most of them S3's, that IAM calls by another name.
    pub const fn allowed_by(self, permission: &'static str) -> Self {
        Self {
            permission: Some(permission),
            ..self
        }
    }

    /// The IAM action that allows it: `s3:ListAllMyBuckets`.
    pub fn action(&self) -> String {
        let name = self.permission.unwrap_or(self.operation);
        format!("{}:{name}", self.service.iam_prefix())
    }
}

/// Written `elbv2:DescribeRules`, as the AWS CLI names the service.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service.name(), self.operation)
    }
}
