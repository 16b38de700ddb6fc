//! Columns of load balancers and what is behind them.

use super::{SUMMARY, Sheet, at, by, value as v};

pub(super) const LOAD_BALANCER: Sheet = Sheet {
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

pub(super) const LISTENER: Sheet = Sheet {
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

pub(super) const LISTENER_RULE: Sheet = Sheet {
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

pub(super) const TARGET_GROUP: Sheet = Sheet {
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

pub(super) const CLASSIC_LOAD_BALANCER: Sheet = Sheet {
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

/// Each target of each target group.
pub(super) const TARGET_HEALTH: Sheet = Sheet {
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
