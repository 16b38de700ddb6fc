//! Columns of networks and their parts.

use super::{SUMMARY, Sheet, at, by, value as v};

pub(super) const VPC: Sheet = Sheet {
    columns: &[
        by("vpc", v::key),
        at("default", "is_default"),
        at("cidr", "cidr"),
        at("extra-cidrs", "extra_cidrs"),
    ],
    shown: &["id", "name", "default", "state", "cidr"],
    sorted: &[],
};

pub(super) const SUBNET: Sheet = Sheet {
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

pub(super) const SECURITY_GROUP: Sheet = Sheet {
    columns: &[
        at("name", "group_name"),
        at("description", "description"),
        at("open-to", "ingress.cidrs"),
    ],
    shown: &["id", "name", "vpc", SUMMARY, "description"],
    sorted: &[],
};

pub(super) const NETWORK_INTERFACE: Sheet = Sheet {
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

pub(super) const VPC_ENDPOINT: Sheet = Sheet {
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
