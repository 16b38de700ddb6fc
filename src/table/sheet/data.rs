//! Columns of what keeps data and secrets.

use super::{BELONGING, SUMMARY, Sheet, at, by, value as v};

pub(super) const TABLE: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("items", "facts.items"),
        at("bytes", "facts.bytes"),
        at("billing-mode", "facts.billing_mode"),
    ],
    shown: &["name", "state", "created", SUMMARY, BELONGING],
    sorted: &["name"],
};

pub(super) const DB_INSTANCE: Sheet = Sheet {
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

pub(super) const DB_CLUSTER: Sheet = Sheet {
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

pub(super) const DB_SUBNET_GROUP: Sheet = Sheet {
    columns: &[
        by("name", v::key),
        at("subnets", "subnets"),
        at("zones", "zones"),
        at("description", "description"),
    ],
    shown: &["name", "state", "vpc", "zones", "description", BELONGING],
    sorted: &["name"],
};

pub(super) const REPLICATION_GROUP: Sheet = Sheet {
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

pub(super) const CACHE_CLUSTER: Sheet = Sheet {
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

pub(super) const SECRET: Sheet = Sheet {
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

pub(super) const PARAMETER: Sheet = Sheet {
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
