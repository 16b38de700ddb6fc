//! Terraform states: which resources of an account Terraform manages, and nothing else of them.
//!
//! A state holds every attribute, secrets among them. Only types, addresses and what identifies a
//! resource are taken out of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    arn::{self, Arn},
    id::ResourceId,
    kind::Kind,
};

/// The only format that Terraform and OpenTofu have written since version 0.12.
const FORMAT: u64 = 4;

/// What identifies a resource of a type, for the types whose ARN does not.
///
/// Type in Terraform, our kind, and the attributes of which the first that is there is the key.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("aws_appautoscaling_target", "scalable-target", &[]),
    (
        "aws_autoscaling_group",
        "auto-scaling-group",
        &["name", "id"],
    ),
    ("aws_cloudformation_stack", "stack", &["name"]),
    ("aws_cloudwatch_event_rule", "event-rule", &["name"]),
    ("aws_cloudwatch_log_group", "log-group", &["name"]),
    ("aws_cloudwatch_metric_alarm", "alarm", &["alarm_name"]),
    ("aws_db_instance", "db-instance", &["identifier"]),
    ("aws_db_subnet_group", "db-subnet-group", &["name"]),
    ("aws_dynamodb_table", "table", &["name"]),
    ("aws_ebs_snapshot", "ebs-snapshot", &["id"]),
    ("aws_ebs_volume", "volume", &["id"]),
    ("aws_ecr_repository", "repository", &["name"]),
    ("aws_ecs_capacity_provider", "capacity-provider", &["name"]),
    ("aws_efs_file_system", "file-system", &["id"]),
    ("aws_efs_mount_target", "mount-target", &["id"]),
    ("aws_eip", "elastic-ip", &["allocation_id", "id"]),
    ("aws_elasticache_cluster", "cache-cluster", &["cluster_id"]),
    ("aws_elb", "classic-load-balancer", &["name"]),
    ("aws_iam_instance_profile", "instance-profile", &["name"]),
    ("aws_iam_role", "role", &["name"]),
    ("aws_instance", "instance", &["id"]),
    ("aws_internet_gateway", "internet-gateway", &["id"]),
    ("aws_key_pair", "key-pair", &["key_name"]),
    ("aws_kms_alias", "key-alias", &["name"]),
    ("aws_kms_key", "key", &["key_id"]),
    ("aws_lambda_function", "function", &["function_name"]),
    (
        "aws_launch_configuration",
        "launch-configuration",
        &["name"],
    ),
    ("aws_launch_template", "launch-template", &["id"]),
    ("aws_nat_gateway", "nat-gateway", &["id"]),
    ("aws_network_acl", "network-acl", &["id"]),
    ("aws_network_interface", "network-interface", &["id"]),
    ("aws_rds_cluster", "db-cluster", &["cluster_identifier"]),
    ("aws_rds_cluster_instance", "db-instance", &["identifier"]),
    ("aws_route53_zone", "hosted-zone", &["zone_id"]),
    ("aws_route_table", "route-table", &["id"]),
    ("aws_s3_bucket", "bucket", &["bucket", "id"]),
    ("aws_secretsmanager_secret", "secret", &["name"]),
    ("aws_security_group", "security-group", &["id"]),
    ("aws_service_discovery_http_namespace", "namespace", &["id"]),
    (
        "aws_service_discovery_private_dns_namespace",
        "namespace",
        &["id"],
    ),
    (
        "aws_service_discovery_public_dns_namespace",
        "namespace",
        &["id"],
    ),
    (
        "aws_service_discovery_service",
        "discovery-service",
        &["id"],
    ),
    ("aws_sqs_queue", "queue", &["name"]),
    ("aws_ssm_parameter", "parameter", &["name"]),
    ("aws_subnet", "subnet", &["id"]),
    ("aws_vpc", "vpc", &["id"]),
    ("aws_vpc_endpoint", "vpc-endpoint", &["id"]),
];

/// Types that only their ARN identifies.
const BY_ARN: &[&str] = &[
    "aws_acm_certificate",
    "aws_alb",
    "aws_alb_listener",
    "aws_alb_listener_rule",
    "aws_alb_target_group",
    "aws_ecs_cluster",
    "aws_ecs_service",
    "aws_ecs_task_definition",
    "aws_iam_policy",
    "aws_lb",
    "aws_lb_listener",
    "aws_lb_listener_rule",
    "aws_lb_target_group",
    "aws_scheduler_schedule",
    "aws_sns_topic",
];

/// What a state says of one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// The resources, with their addresses: `module.web["a"].aws_lb.main`.
    pub resources: BTreeMap<ResourceId, String>,
    /// How many it manages in other accounts or regions.
    pub elsewhere: usize,
}

/// Why a text cannot be used as the state of a rack in this account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadState {
    #[error("is no Terraform state: {0}")]
    Foreign(String),
    #[error("is a Terraform state of format {0}; only format {FORMAT} is read")]
    Format(u64),
    #[error("describes account {} and nothing of account {own}", accounts.join(" and "))]
    OtherAccount { own: String, accounts: Vec<String> },
}

#[derive(Deserialize)]
struct File {
    version: Option<u64>,
    #[serde(default)]
    resources: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    index_key: Option<Value>,
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
}

/// Reads a state for one account and region; things of other regions and accounts are counted.
///
/// # Errors
/// When it is not a state of format 4, or speaks of other accounts only.
pub fn parse(text: &[u8], account: &str, region: &str) -> Result<Managed, BadState> {
    let file: File =
        serde_json::from_slice(text).map_err(|it| BadState::Foreign(it.to_string()))?;
    match file.version {
        Some(FORMAT) => {}
        Some(other) => return Err(BadState::Format(other)),
        None => return Err(BadState::Foreign("it has no `version`".to_owned())),
    }
    let mut managed = Managed::default();
    let mut accounts = BTreeSet::new();
    // What Terraform only looks up (`data`) was there before it and stays after it.
    for block in file.resources.iter().filter(|it| it.mode == "managed") {
        for instance in &block.instances {
            let Some(attributes) = &instance.attributes else {
                continue;
            };
            let at = text_of(attributes, "arn").and_then(Arn::parse);
            if let Some(at) = at
                && at.account.len() == 12
            {
                accounts.insert(at.account.to_owned());
            }
            if at.is_some_and(|it| !is_here(it, account, region)) {
                managed.elsewhere += 1;
            } else if let Some(id) = identify(&block.kind, attributes) {
                managed.resources.insert(id, address(block, instance));
            }
        }
    }
    if !accounts.is_empty() && !accounts.contains(account) {
        return Err(BadState::OtherAccount {
            own: account.to_owned(),
            accounts: accounts.into_iter().collect(),
        });
    }
    Ok(managed)
}

/// Whether an ARN is of this account and region; global services name no region, S3 no account.
fn is_here(arn: Arn<'_>, account: &str, region: &str) -> bool {
    (arn.account.is_empty() || arn.account == account)
        && (arn.region.is_empty() || arn.region == region)
}

fn identify(kind: &str, attributes: &Map<String, Value>) -> Option<ResourceId> {
    if BY_ARN.contains(&kind) {
        let arn = ["arn", "id"].iter().find_map(|it| {
            let text = text_of(attributes, it)?;
            arn::resource(text)
        });
        return arn;
    }
    let (_, kind, keys) = KEYS.iter().find(|it| it.0 == kind)?;
    let kind = Kind::from_name(kind)?;
    let key = match keys {
        [] => {
            let part = |it| text_of(attributes, it);
            let (space, resource) = (part("service_namespace")?, part("resource_id")?);
            format!("{space}/{resource}/{}", part("scalable_dimension")?)
        }
        _ => keys
            .iter()
            .find_map(|it| text_of(attributes, it))?
            .to_owned(),
    };
    Some(ResourceId::new(kind, key))
}

fn text_of<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name)?.as_str().filter(|it| !it.is_empty())
}

fn address(block: &Block, instance: &Instance) -> String {
    let module = block.module.as_deref();
    let module = module.map(|it| format!("{it}.")).unwrap_or_default();
    let index = instance.index_key.as_ref();
    let index = index.map(|it| format!("[{it}]")).unwrap_or_default();
    format!("{module}{}.{}{index}", block.kind, block.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ACCOUNT: &str = "123456789012";

    fn state(resources: &Value) -> Vec<u8> {
        json!({"version": 4, "terraform_version": "1.5.7", "resources": resources})
            .to_string()
            .into_bytes()
    }

    fn block(mode: &str, kind: &str, attributes: &Value) -> Value {
        json!({"mode": mode, "type": kind, "name": "it", "instances": [{"attributes": attributes}]})
    }

    fn read(resources: &Value) -> Managed {
        parse(&state(resources), ACCOUNT, "us-east-1").unwrap()
    }

    fn arn(service: &str, region: &str, account: &str, rest: &str) -> Value {
        json!({ "arn": format!("arn:aws:{service}:{region}:{account}:{rest}") })
    }

    #[test]
    fn every_kind_that_is_named_is_one_of_ours() {
        for (kind, ours, _) in KEYS {
            assert!(Kind::from_name(ours).is_some(), "{kind}: {ours}");
        }
    }

    #[test]
    fn what_is_managed_is_told_with_its_address() {
        let many = json!({
            "mode": "managed", "module": "module.web", "type": "aws_security_group", "name": "it",
            "instances": [{"index_key": "a", "attributes": {"id": "sg-1"}},
                          {"index_key": 1, "attributes": {"id": "sg-2"}}],
        });
        let cluster = arn("ecs", "us-east-1", ACCOUNT, "cluster/ECSTEST");
        let managed = read(&json!([
            many,
            block("managed", "aws_ecs_cluster", &cluster)
        ]));
        let said: Vec<String> = managed
            .resources
            .iter()
            .map(|(id, address)| format!("{id} {address}"))
            .collect();
        assert_eq!(
            said,
            [
                "cluster/ECSTEST aws_ecs_cluster.it",
                "security-group/sg-1 module.web.aws_security_group.it[\"a\"]",
                "security-group/sg-2 module.web.aws_security_group.it[1]",
            ]
        );
    }

    #[test]
    fn what_is_only_looked_up_is_not_managed() {
        let managed = read(&json!([block("data", "aws_vpc", &json!({"id": "vpc-1"}))]));
        assert_eq!(managed, Managed::default());
    }

    #[test]
    fn what_lies_in_another_region_is_only_counted() {
        let there = arn("sns", "eu-west-1", ACCOUNT, "t");
        let here = arn("sns", "us-east-1", ACCOUNT, "t");
        let topic = |it| block("managed", "aws_sns_topic", &it);
        let managed = read(&json!([topic(there), topic(here)]));
        assert_eq!((managed.resources.len(), managed.elsewhere), (1, 1));
    }

    #[test]
    fn a_state_of_another_account_is_refused() {
        let there = arn("sns", "us-east-1", "210987654321", "t");
        let text = state(&json!([block("managed", "aws_sns_topic", &there)]));
        let error = parse(&text, ACCOUNT, "us-east-1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "describes account 210987654321 and nothing of account 123456789012"
        );
    }

    #[test]
    fn other_files_are_refused_by_what_they_are() {
        let said = |text: &str| {
            let error = parse(text.as_bytes(), ACCOUNT, "us-east-1").unwrap_err();
            error.to_string()
        };
        assert!(said(r#"{"version": 3}"#).contains("format 3"));
        assert!(said(r#"{"format_version": "1.0"}"#).contains("it has no `version`"));
        assert!(said("resource \"aws_vpc\" {}").starts_with("is no Terraform state"));
    }

    #[test]
    fn no_attribute_is_kept_but_what_identifies() {
        let database = json!({"identifier": "shop", "password": "planted-secret-state"});
        let managed = read(&json!([
            block(
                "managed",
                "aws_sqs_queue",
                &json!({"name": "q", "policy": "planted-secret-state"})
            ),
            block("managed", "aws_db_instance", &database)
        ]));
        assert!(!format!("{managed:?}").contains("planted-secret"));
    }
}
