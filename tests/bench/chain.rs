//! The longest chain of calls of which each needs the answer of the one before.
//!
//! How it is derived: [`NEEDS`] says for every operation whose answers it cannot be asked without,
//! because they hold its argument (a listing its tokens, a description its names) or because only
//! they tell that the thing is the rack's own, which is the condition for asking about it. An
//! operation that is not in the table needs the identity alone; that can only make the chain
//! shorter and the budget stricter. A page needs the page before it, so that a listing counts once
//! for each page that was seen. What racklens merely chooses to ask later is not in the table: it
//! is what the budget is to catch.

use std::collections::BTreeMap;

const IDENTITY: &str = "sts:GetCallerIdentity";

/// Operations and what they need besides the identity.
const NEEDS: &[(&str, &[&str])] = &[
    (
        "cloudformation:ListStackResources",
        &["cloudformation:DescribeStacks"],
    ),
    ("ecs:DescribeClusters", &["ecs:ListClusters"]),
    // A cluster that is gone is not asked: its description tells.
    ("ecs:ListServices", &["ecs:DescribeClusters"]),
    ("ecs:DescribeServices", &["ecs:ListServices"]),
    ("ecs:DescribeTaskDefinition", &["ecs:DescribeServices"]),
    ("ecs:ListTasks", &["ecs:DescribeClusters"]),
    ("ecs:DescribeTasks", &["ecs:ListTasks"]),
    ("ecs:ListContainerInstances", &["ecs:DescribeClusters"]),
    (
        "ecs:DescribeContainerInstances",
        &["ecs:ListContainerInstances"],
    ),
    // Roles and repositories are the rack's because its task definitions name them.
    (
        "iam:GetAccountAuthorizationDetails",
        &["iam:ListRoles", "ecs:DescribeTaskDefinition"],
    ),
    (
        "ecr:DescribeImages",
        &["ecr:DescribeRepositories", "ecs:DescribeTaskDefinition"],
    ),
    (
        "ecr:GetLifecyclePolicy",
        &["ecr:DescribeRepositories", "ecs:DescribeTaskDefinition"],
    ),
    (
        "ecr:GetRepositoryPolicy",
        &["ecr:DescribeRepositories", "ecs:DescribeTaskDefinition"],
    ),
    // Load balancers, target groups and buckets are the rack's by their tags.
    (
        "elbv2:DescribeTags",
        &["elbv2:DescribeLoadBalancers", "elbv2:DescribeTargetGroups"],
    ),
    (
        "elbv2:DescribeLoadBalancerAttributes",
        &["elbv2:DescribeLoadBalancers"],
    ),
    ("elbv2:DescribeTargetHealth", &["elbv2:DescribeTags"]),
    ("elbv2:DescribeListeners", &["elbv2:DescribeTags"]),
    (
        "elbv2:DescribeListenerCertificates",
        &["elbv2:DescribeListeners"],
    ),
    ("elbv2:DescribeRules", &["elbv2:DescribeListeners"]),
    ("s3:GetBucketTagging", &["s3:ListBuckets"]),
    ("s3:GetBucketVersioning", &["s3:GetBucketTagging"]),
    ("s3:GetBucketPolicyStatus", &["s3:GetBucketTagging"]),
    ("s3:GetPublicAccessBlock", &["s3:GetBucketTagging"]),
    ("s3:GetBucketEncryption", &["s3:GetBucketTagging"]),
    (
        "s3:GetBucketLifecycleConfiguration",
        &["s3:GetBucketTagging"],
    ),
    ("s3:ListObjectsV2", &["s3:GetBucketTagging"]),
    (
        "s3:ListMultipartUploads",
        &["s3:GetBucketLifecycleConfiguration"],
    ),
    ("dynamodb:DescribeTable", &["dynamodb:ListTables"]),
    ("sqs:GetQueueAttributes", &["sqs:ListQueues"]),
    ("sns:GetTopicAttributes", &["sns:ListTopics"]),
    ("sns:ListSubscriptionsByTopic", &["sns:ListTopics"]),
    ("acm:DescribeCertificate", &["acm:ListCertificates"]),
    ("lambda:ListTags", &["lambda:ListFunctions"]),
    ("lambda:ListEventSourceMappings", &["lambda:ListFunctions"]),
    ("kms:DescribeKey", &["kms:ListKeys"]),
    ("kms:ListResourceTags", &["kms:DescribeKey"]),
];

/// The longest chain among the operations that were called, a page each, first to last.
///
/// `pages` tells by the bare name of an operation how many pages its listing had, where it had
/// more than one.
pub fn longest(called: &BTreeMap<String, u64>, pages: &BTreeMap<String, usize>) -> Vec<String> {
    let chains = called.keys().map(|it| chain(it, pages));
    chains.max_by_key(Vec::len).unwrap_or_default()
}

fn chain(operation: &str, pages: &BTreeMap<String, usize>) -> Vec<String> {
    let mut chain = if operation == IDENTITY {
        Vec::new()
    } else {
        let told = NEEDS.iter().find(|it| it.0 == operation);
        let needs = told.map_or(&[IDENTITY][..], |it| it.1);
        let before = needs.iter().map(|it| chain(it, pages));
        before.max_by_key(Vec::len).unwrap_or_default()
    };
    let bare = operation.rsplit(':').next().unwrap_or(operation);
    let count = pages.get(bare).copied().unwrap_or(1);
    chain.extend((0..count).map(|_| operation.to_owned()));
    chain
}
