//! Columns of machines, their groups and their disks.

use super::{Sheet, at, by, value as v};

pub(super) const AUTO_SCALING_GROUP: Sheet = Sheet {
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

pub(super) const LAUNCH_TEMPLATE: Sheet = Sheet {
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

pub(super) const INSTANCE: Sheet = Sheet {
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

pub(super) const VOLUME: Sheet = Sheet {
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
