//! The columns of every table, as data, and those that it shows by itself.

use super::{
    Cell, Subject,
    column::{
        Known, Row,
        Source::{At, Of},
    },
};
use crate::kind::Kind;

pub mod value;

use value as v;

/// One table.
#[derive(Clone, Copy)]
pub struct Sheet {
    /// Columns that not all tables have, or that say something else here.
    pub columns: &'static [Known],
    /// Names of the columns shown unless others are asked for.
    pub shown: &'static [&'static str],
    /// Names of the columns that rows are sorted by unless another is asked for.
    pub sorted: &'static [&'static str],
}

pub const BELONGING: &str = "belonging";

pub const SUMMARY: &str = "summary";

/// For what AWS gives a number.
const NUMBERED: &[&str] = &["label", "id", "state", "place", SUMMARY, BELONGING];

const fn by(name: &'static str, value: fn(&Row<'_>) -> Cell) -> Known {
    let value = Of(value);
    Known {
        name,
        also: &[],
        value,
    }
}

const fn at(name: &'static str, path: &'static str) -> Known {
    let value = At(path);
    Known {
        name,
        also: &[],
        value,
    }
}

impl Known {
    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

/// What every table has.
pub const COMMON: &[Known] = &[
    by("label", |it| Cell::text(it.resource.label())),
    by("id", v::key),
    by("name", v::name),
    by("state", v::state),
    by("place", v::place),
    by("zone", v::zone),
    by("vpc", v::vpc),
    by("subnet", v::subnet),
    by("created", v::created),
    by(SUMMARY, v::summary),
    by(BELONGING, v::belonging),
    by("evidence", v::evidence),
    by("shared-with", v::shared_with),
    by("arn", |it| Cell::maybe(it.resource.arn.as_deref())),
    by("kind", |it| Cell::text(it.resource.id.kind.name())),
    by("resource", |it| Cell::text(it.resource.id.to_string())),
];

const STANDARD: Sheet = Sheet {
    columns: &[],
    shown: NUMBERED,
    sorted: &[],
};

/// For what has a name and neither a number nor a state or place of its own.
const BY_NAME: Sheet = Sheet {
    columns: &[by("name", v::key)],
    shown: &["name", "created", SUMMARY, BELONGING],
    sorted: &["name"],
};

const TABLE: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("items", "facts.items"),
        at("bytes", "facts.bytes"),
        at("billing-mode", "facts.billing_mode"),
    ],
    shown: &["name", "state", "created", SUMMARY, BELONGING],
    sorted: &["name"],
};

const DB_INSTANCE: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("engine", "engine"),
        at("version", "engine_version"),
        at("class", "class").also(&["type"]),
        at("storage-gib", "storage_gib").also(&["Size"]),
        at("multi-az", "multi_az"),
        at("public", "public"),
        at("encrypted", "encrypted"),
        at("backup-days", "backup_retention_days"),
        at("endpoint", "endpoint"),
        at("port", "port"),
        at("cluster", "cluster"),
        at("security-groups", "security_groups"),
    ],
    shown: &[
        "name",
        "state",
        "engine",
        "version",
        "class",
        "storage-gib",
        "multi-az",
        "public",
        "encrypted",
        BELONGING,
    ],
    sorted: &["name"],
};

const DB_CLUSTER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("engine", "engine"),
        at("version", "engine_version"),
        at("members", "members.instance"),
        at("multi-az", "multi_az"),
        at("encrypted", "encrypted"),
        at("backup-days", "backup_retention_days"),
        at("endpoint", "endpoint"),
        at("port", "port"),
        at("security-groups", "security_groups"),
    ],
    shown: &[
        "name",
        "state",
        "engine",
        "version",
        "members",
        "multi-az",
        "encrypted",
        BELONGING,
    ],
    sorted: &["name"],
};

const DB_SUBNET_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("subnets", "subnets"),
        at("zones", "zones"),
        at("description", "description"),
    ],
    shown: &["name", "state", "vpc", "zones", "description", BELONGING],
    sorted: &["name"],
};

const REPLICATION_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("engine", "engine"),
        at("type", "node_type"),
        at("clusters", "members.cluster"),
        at("failover", "automatic_failover"),
        at("multi-az", "multi_az"),
        at("encrypted-in-transit", "encrypted_in_transit"),
        at("encrypted-at-rest", "encrypted_at_rest"),
        at("snapshot-days", "snapshot_retention_days"),
        at("endpoint", "endpoint"),
        at("port", "port"),
    ],
    shown: &[
        "name", "state", "type", "clusters", "failover", "multi-az", BELONGING,
    ],
    sorted: &["name"],
};

const CACHE_CLUSTER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("engine", "engine"),
        at("version", "engine_version"),
        at("type", "node_type"),
        at("nodes", "node_count"),
        at("replication-group", "replication_group"),
        at("encrypted-in-transit", "encrypted_in_transit"),
        at("encrypted-at-rest", "encrypted_at_rest"),
        at("snapshot-days", "snapshot_retention_days"),
        at("endpoints", "nodes.endpoint"),
        at("security-groups", "security_groups"),
    ],
    shown: &[
        "name",
        "state",
        "zone",
        "engine",
        "version",
        "type",
        "nodes",
        "replication-group",
        BELONGING,
    ],
    sorted: &["name"],
};

const STACK: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("parent", "parent"),
        at("members", "members.logical"),
    ],
    shown: &["name", "state", "created", SUMMARY, BELONGING],
    sorted: &["name"],
};

const CLUSTER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("services", "services").also(&["ActiveServices"]),
        at("pending-tasks", "pending_tasks"),
        at("container-instances", "container_instances").also(&["RegisteredContainerInstances"]),
        at("running-tasks", "running_tasks"),
        at("capacity-providers", "capacity_providers"),
    ],
    shown: &[
        "name",
        "state",
        "services",
        "pending-tasks",
        "container-instances",
        "running-tasks",
    ],
    sorted: &["name"],
};

const SERVICE: Sheet = Sheet {
    columns: &[
        by("name", v::last_of_key),
        at("cluster", "cluster"),
        at("running", "running"),
        at("desired", "desired"),
        at("pending", "pending"),
        at("task-definition", "task_definition"),
        at("launch-type", "launch_type"),
        at("target-groups", "load_balancers.target_group"),
    ],
    shown: &[
        "name",
        "state",
        "running",
        "desired",
        "pending",
        "task-definition",
        "launch-type",
        "created",
        "cluster",
    ],
    sorted: &["name"],
};

const TASK: Sheet = Sheet {
    columns: &[
        by("id", v::last_of_key),
        at("cluster", "cluster"),
        at("task-definition", "task_definition"),
        at("group", "group").also(&["DeploymentName"]),
        at("health", "health"),
        at("launch-type", "launch_type"),
        by("instance", v::machine),
        at("launched", "started").also(&["StartedAt"]),
        at("containers", "containers.name"),
        at("images", "containers.image"),
    ],
    shown: &[
        "id",
        "group",
        "task-definition",
        "state",
        "health",
        "instance",
        "created",
        "launched",
    ],
    sorted: &["group"],
};

const TASK_DEFINITION: Sheet = Sheet {
    columns: &[
        at("name", "family"),
        at("version", "revision"),
        at("status", "status"),
        by("state", v::runs),
        by("images", v::images).also(&["ContainersImages"]),
        by("services", v::services).also(&["Deployments"]),
        at("registered", "registered"),
        at("network-mode", "network_mode"),
        at("environment", "containers.environment.name"),
        at("privileged", "containers.privileged"),
    ],
    shown: &["name", "version", "state", "images", "services"],
    sorted: &["name", "version"],
};

const CONTAINER_INSTANCE: Sheet = Sheet {
    columns: &[
        by("id", v::last_of_key),
        at("instance", "instance"),
        at("cluster", "cluster"),
        at("running-tasks", "running_tasks"),
        at("pending-tasks", "pending_tasks"),
        at("agent-connected", "agent_connected"),
        at("agent-version", "agent_version"),
        at("docker-version", "docker_version"),
        at("free-cpu", "remaining_cpu"),
        at("free-memory", "remaining_memory"),
    ],
    shown: &[
        "id",
        "instance",
        "cluster",
        "state",
        "running-tasks",
        "pending-tasks",
        "created",
        "agent-connected",
    ],
    sorted: &["cluster", "instance"],
};

const CAPACITY_PROVIDER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("auto-scaling-group", "auto_scaling_group"),
        at("managed-scaling", "managed_scaling"),
        at("target-capacity", "target_capacity"),
        at("termination-protection", "managed_termination_protection"),
        at("update", "update_status"),
    ],
    shown: &[
        "name",
        "state",
        "auto-scaling-group",
        "managed-scaling",
        "target-capacity",
        "termination-protection",
    ],
    sorted: &["name"],
};

const SCALABLE_TARGET: Sheet = Sheet {
    columns: &[
        at("resource-id", "resource"),
        at("dimension", "dimension"),
        at("namespace", "namespace"),
        at("min", "min"),
        at("max", "max"),
        at("policies", "policies.name"),
        at("metrics", "policies.metric"),
        at("targets", "policies.target"),
        at("alarms", "policies.alarms"),
        at("suspended", "suspended"),
    ],
    shown: &[
        "resource-id",
        "dimension",
        "min",
        "max",
        "metrics",
        "targets",
        BELONGING,
    ],
    sorted: &["namespace", "resource-id", "dimension"],
};

const LOAD_BALANCER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("dns-name", "dns_name").also(&["PublicDNS", "dns"]),
        at("scheme", "scheme"),
        at("type", "type"),
        at("zones", "zones"),
        at("security-groups", "security_groups"),
    ],
    shown: &["name", "vpc", "state", "dns-name", "created", "scheme"],
    sorted: &["name"],
};

const LISTENER: Sheet = Sheet {
    columns: &[
        at("protocol", "protocol"),
        at("port", "port"),
        at("load-balancer", "load_balancer"),
        at("target-groups", "actions.targets.target_group"),
        by("actions", v::actions),
        at("certificates", "certificates"),
        at("ssl-policy", "ssl_policy"),
    ],
    shown: &["id", "protocol", "port", "load-balancer", "target-groups"],
    sorted: &["load-balancer", "port"],
};

const LISTENER_RULE: Sheet = Sheet {
    columns: &[
        by("listener", v::listener),
        at("listener-id", "listener"),
        by("load-balancer", v::first_of_key),
        by("port", v::listener_port),
        by("priority", v::priority),
        by("conditions", v::conditions),
        by("actions", v::actions),
        at("target-group", "actions.targets.target_group").also(&["TargetGroups"]),
    ],
    shown: &[
        "listener",
        "priority",
        "conditions",
        "actions",
        "target-group",
    ],
    sorted: &["load-balancer", "port", "priority"],
};

const TARGET_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("protocol", "protocol"),
        at("port", "port"),
        at("type", "target_type"),
        at("targets", "targets.id"),
        at("health", "targets.state"),
        at("load-balancers", "load_balancers"),
        at("health-check-path", "health_check.path"),
    ],
    shown: &[
        "name",
        "protocol",
        "port",
        "type",
        SUMMARY,
        "load-balancers",
    ],
    sorted: &["name"],
};

const CLASSIC_LOAD_BALANCER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("dns-name", "dns_name").also(&["PublicDNS", "dns"]),
        at("scheme", "scheme"),
        at("ports", "listeners.port"),
        at("instances", "instances"),
    ],
    shown: &["name", "vpc", "dns-name", "created", "scheme", "ports"],
    sorted: &["name"],
};

const AUTO_SCALING_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("min", "min"),
        at("max", "max"),
        at("desired", "desired"),
        at("instances", "instances.instance"),
        at("zones", "zones"),
        at("launch-configuration", "launch_configuration"),
    ],
    shown: &[
        "name",
        "state",
        "min",
        "max",
        "desired",
        "instances",
        "created",
    ],
    sorted: &["name"],
};

const LAUNCH_TEMPLATE: Sheet = Sheet {
    columns: &[
        at("default-version", "default_version"),
        at("latest-version", "latest_version"),
        at("types", "versions.instance_type"),
        at("images", "versions.image"),
        at("security-groups", "versions.security_groups"),
        at("metadata-tokens", "versions.metadata_tokens"),
    ],
    shown: &[
        "id",
        "name",
        "default-version",
        "latest-version",
        "types",
        "images",
        "created",
    ],
    sorted: &["name"],
};

const INSTANCE: Sheet = Sheet {
    columns: &[
        at("type", "instance_type"),
        at("private-ip", "private_ip"),
        at("public-ip", "public_ip"),
        at("image", "image"),
        at("key-pair", "key_pair").also(&["KeyPair", "SSHKey"]),
        at("launched", "launched"),
        at("security-groups", "security_groups"),
        at("auto-scaling-group", "auto_scaling_group"),
    ],
    shown: &["id", "zone", "name", "state", "type"],
    sorted: &[],
};

const VOLUME: Sheet = Sheet {
    columns: &[
        at("size-gib", "size_gib").also(&["Size"]),
        at("type", "volume_type"),
        at("encrypted", "encrypted"),
        at("instance", "attachments.instance"),
        at("device", "attachments.device"),
    ],
    shown: &[
        "id",
        "name",
        "zone",
        "state",
        "type",
        "size-gib",
        "encrypted",
        "instance",
        "created",
    ],
    sorted: &[],
};

const VPC: Sheet = Sheet {
    columns: &[
        by("vpc", v::key),
        at("default", "is_default"),
        at("cidr", "cidr"),
        at("extra-cidrs", "extra_cidrs"),
    ],
    shown: &["id", "name", "default", "state", "cidr"],
    sorted: &[],
};

const SUBNET: Sheet = Sheet {
    columns: &[
        at("cidr", "cidr"),
        at("free-ips", "free_ips"),
        at("public", "public_ips"),
    ],
    shown: &[
        "id", "name", "cidr", "zone", "vpc", "state", "free-ips", "public",
    ],
    sorted: &["vpc", "zone", "cidr"],
};

const SECURITY_GROUP: Sheet = Sheet {
    columns: &[
        at("name", "group_name"),
        at("description", "description"),
        at("open-to", "ingress.cidrs"),
    ],
    shown: &["id", "name", "vpc", SUMMARY, "description"],
    sorted: &[],
};

const NETWORK_INTERFACE: Sheet = Sheet {
    columns: &[
        at("type", "interface_type"),
        at("private-ip", "private_ip"),
        at("public-ip", "public_ip"),
        at("instance", "attached_instance"),
        at("description", "description"),
        at("security-groups", "security_groups"),
    ],
    shown: &[
        "id",
        "state",
        "zone",
        "private-ip",
        "public-ip",
        "instance",
        "description",
    ],
    sorted: &[],
};

const VPC_ENDPOINT: Sheet = Sheet {
    columns: &[
        at("type", "type"),
        at("service", "service"),
        at("subnets", "subnets"),
        at("route-tables", "route_tables"),
        at("security-groups", "security_groups"),
        at("private-dns", "private_dns"),
    ],
    shown: &["id", "name", "vpc", "type", "service", "state", "created"],
    sorted: &["vpc", "service"],
};

const CERTIFICATE: Sheet = Sheet {
    columns: &[
        at("domain", "domain"),
        at("expires", "not_after"),
        at("in-use", "in_use"),
        at("renewal", "renewal"),
    ],
    shown: &["id", "domain", "state", "expires", "in-use", BELONGING],
    sorted: &[],
};

const NAMESPACE: Sheet = Sheet {
    columns: &[
        at("name", "namespace_name"),
        at("type", "type"),
        at("hosted-zone", "hosted_zone"),
        at("services", "services"),
    ],
    shown: &["id", "name", "type", "hosted-zone", "created", BELONGING],
    sorted: &["name"],
};

const DISCOVERY_SERVICE: Sheet = Sheet {
    columns: &[
        at("namespace", "namespace"),
        at("type", "type"),
        at("records", "records.type"),
        at("routing-policy", "routing_policy"),
        at("instances", "instances"),
        at("health-check-path", "health_check.path"),
    ],
    shown: &[
        "id",
        "name",
        "namespace",
        "records",
        "instances",
        "created",
        BELONGING,
    ],
    sorted: &["namespace", "name"],
};

const FUNCTION: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("runtime", "runtime"),
        at("memory", "memory"),
        at("timeout", "timeout"),
        at("modified", "last_modified"),
        at("role", "role"),
    ],
    shown: &[
        "name", "state", "runtime", "memory", "timeout", "modified", BELONGING,
    ],
    sorted: &["name"],
};

const EVENT_RULE: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("bus", "bus"),
        at("schedule", "schedule"),
        at("sources", "sources"),
        at("detail-types", "detail_types"),
        at("targets", "targets.arn"),
        at("role", "role"),
        at("managed-by", "managed_by"),
    ],
    shown: &["name", "state", "schedule", "sources", "targets", BELONGING],
    sorted: &["name"],
};

const SCHEDULE: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("group", "group"),
        at("schedule", "start.expression"),
        at("timezone", "start.timezone"),
        at("target", "target"),
        at("starts", "start.task.task_definition"),
        at("role", "start.role"),
    ],
    shown: &["name", "state", "schedule", "starts", "target", BELONGING],
    sorted: &["name"],
};

const LOG_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        by("retention-days", v::retention),
        at("bytes", "stored_bytes"),
    ],
    shown: &["name", "retention-days", "bytes", "created", BELONGING],
    sorted: &["name"],
};

const SECRET: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("rotation", "rotation"),
        at("rotation-days", "rotation_days"),
        at("rotated", "rotated"),
        at("accessed", "accessed"),
        at("changed", "changed"),
        at("deleted", "deleted"),
        at("owner", "owner"),
        at("key", "key"),
    ],
    shown: &[
        "name", "rotation", "rotated", "accessed", "changed", "created", BELONGING,
    ],
    sorted: &["name"],
};

const ALARM: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("namespace", "metrics.namespace"),
        at("metric", "metrics.name"),
        at("dimensions", "metrics.dimensions.value"),
        at("statistic", "metrics.statistic"),
        at("period", "metrics.period_s"),
        at("comparison", "comparison"),
        at("threshold", "threshold"),
        at("actions", "alarm_actions"),
        at("actions-enabled", "actions_enabled"),
        at("rule", "rule"),
    ],
    shown: &[
        "name",
        "state",
        "metric",
        "comparison",
        "threshold",
        "actions-enabled",
        BELONGING,
    ],
    sorted: &["name"],
};

const PARAMETER: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("type", "type"),
        at("tier", "tier"),
        at("version", "version"),
        at("modified", "modified"),
        at("data-type", "data_type"),
        at("key", "key"),
    ],
    shown: &["name", "type", "tier", "version", "modified", BELONGING],
    sorted: &["name"],
};

/// Each container of each task.
const CONTAINERS: Sheet = Sheet {
    columns: &[
        by("name", v::container_name),
        at("deployment", "group").also(&["DeploymentName"]),
        by("state", v::container_state),
        at("launched", "started").also(&["StartedAt"]),
        by("health", v::container_health),
        by("image", v::container_image),
        by("ports", v::container_ports),
        by("exit-code", v::container_exit_code),
        by("task", v::last_of_key),
        at("task-definition", "task_definition"),
        at("cluster", "cluster"),
        by("instance", v::machine),
    ],
    shown: &["name", "deployment", "state", "created", "launched"],
    sorted: &["name", "deployment", "task"],
};

/// Each target of each target group.
const TARGET_HEALTH: Sheet = Sheet {
    columns: &[
        by("target-group", v::key),
        by("target", v::target),
        by("port", v::target_port),
        by("health-check-port", v::health_check_port),
        by("state", v::target_state),
        by("reason", v::target_reason),
        by("description", v::target_description),
    ],
    shown: &[
        "target-group",
        "target",
        "port",
        "health-check-port",
        "state",
    ],
    sorted: &["target-group", "target", "port"],
};

/// The sheet of a table.
pub fn of(subject: Subject) -> &'static Sheet {
    match subject {
        Subject::Kind(it) => of_kind(it),
        Subject::Containers => &CONTAINERS,
        Subject::TargetHealth => &TARGET_HEALTH,
    }
}

fn of_kind(kind: Kind) -> &'static Sheet {
    match kind {
        Kind::Stack => &STACK,
        Kind::Cluster => &CLUSTER,
        Kind::Service => &SERVICE,
        Kind::Task => &TASK,
        Kind::TaskDefinition => &TASK_DEFINITION,
        Kind::ContainerInstance => &CONTAINER_INSTANCE,
        Kind::CapacityProvider => &CAPACITY_PROVIDER,
        Kind::ScalableTarget => &SCALABLE_TARGET,
        Kind::LoadBalancer => &LOAD_BALANCER,
        Kind::Listener => &LISTENER,
        Kind::ListenerRule => &LISTENER_RULE,
        Kind::TargetGroup => &TARGET_GROUP,
        Kind::ClassicLoadBalancer => &CLASSIC_LOAD_BALANCER,
        Kind::AutoScalingGroup => &AUTO_SCALING_GROUP,
        Kind::LaunchTemplate => &LAUNCH_TEMPLATE,
        Kind::Instance => &INSTANCE,
        Kind::Volume => &VOLUME,
        Kind::Vpc => &VPC,
        Kind::Subnet => &SUBNET,
        Kind::SecurityGroup => &SECURITY_GROUP,
        Kind::NetworkInterface => &NETWORK_INTERFACE,
        Kind::VpcEndpoint => &VPC_ENDPOINT,
        Kind::Certificate => &CERTIFICATE,
        Kind::Namespace => &NAMESPACE,
        Kind::DiscoveryService => &DISCOVERY_SERVICE,
        Kind::Function => &FUNCTION,
        Kind::EventRule => &EVENT_RULE,
        Kind::Schedule => &SCHEDULE,
        Kind::Table => &TABLE,
        Kind::DbInstance => &DB_INSTANCE,
        Kind::DbCluster => &DB_CLUSTER,
        Kind::DbSubnetGroup => &DB_SUBNET_GROUP,
        Kind::ReplicationGroup => &REPLICATION_GROUP,
        Kind::CacheCluster => &CACHE_CLUSTER,
        Kind::Secret => &SECRET,
        Kind::Parameter => &PARAMETER,
        Kind::LogGroup => &LOG_GROUP,
        Kind::Alarm => &ALARM,
        Kind::LaunchConfiguration
        | Kind::EbsSnapshot
        | Kind::KeyPair
        | Kind::Bucket
        | Kind::Repository
        | Kind::Queue
        | Kind::Topic
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::Policy
        | Kind::KeyAlias => &BY_NAME,
        Kind::RouteTable
        | Kind::InternetGateway
        | Kind::NatGateway
        | Kind::ElasticIp
        | Kind::NetworkAcl
        | Kind::HostedZone
        | Kind::FileSystem
        | Kind::MountTarget
        | Kind::Key => &STANDARD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::Attrs,
        table::{
            column::{Column, all, fields},
            path::Path,
        },
    };

    #[test]
    fn every_usual_and_sorting_column_is_known() {
        for subject in Subject::all() {
            let sheet = of(subject);
            for name in sheet.shown.iter().chain(sheet.sorted) {
                let found = Column::find(subject, name).map(|it| it.name);
                assert_eq!(found.as_deref(), Ok(*name), "{}", subject.name());
            }
        }
    }

    #[test]
    fn every_column_that_is_a_field_leads_to_one() {
        for subject in Subject::all() {
            let blank = fields(&Attrs::blank(subject.kind()));
            for known in all(subject) {
                if let At(path) = known.value {
                    let found = Path::parse(path).map(|it| it.walk(&blank).is_missing());
                    assert_eq!(found, Some(false), "{} {path}", subject.name());
                }
            }
        }
    }
}
