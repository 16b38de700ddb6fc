//! Columns of what ECS runs.

use super::{BELONGING, Sheet, at, by, value as v};

pub(super) const CLUSTER: Sheet = Sheet {
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

pub(super) const SERVICE: Sheet = Sheet {
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

pub(super) const TASK: Sheet = Sheet {
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

pub(super) const TASK_DEFINITION: Sheet = Sheet {
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

pub(super) const CONTAINER_INSTANCE: Sheet = Sheet {
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

pub(super) const CAPACITY_PROVIDER: Sheet = Sheet {
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

pub(super) const SCALABLE_TARGET: Sheet = Sheet {
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

/// Each container of each task.
pub(super) const CONTAINERS: Sheet = Sheet {
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
