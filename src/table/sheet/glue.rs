//! Columns of stacks, functions, schedules, logs and alarms.

use super::{BELONGING, SUMMARY, Sheet, at, by, value as v};

pub(super) const STACK: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("parent", "parent"),
        at("members", "members.logical"),
    ],
    shown: &["name", "state", "created", SUMMARY, BELONGING],
    sorted: &["name"],
};

pub(super) const FUNCTION: Sheet = Sheet {
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

pub(super) const EVENT_RULE: Sheet = Sheet {
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

pub(super) const SCHEDULE: Sheet = Sheet {
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

pub(super) const LOG_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        by("retention-days", v::retention),
        at("bytes", "stored_bytes"),
    ],
    shown: &["name", "retention-days", "bytes", "created", BELONGING],
    sorted: &["name"],
};

pub(super) const ALARM: Sheet = Sheet {
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
