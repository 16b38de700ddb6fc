//! Columns of certificates and of names within a network.

use super::{BELONGING, Sheet, at};

pub(super) const CERTIFICATE: Sheet = Sheet {
    columns: &[
        at("domain", "domain"),
        at("expires", "not_after"),
        at("in-use", "in_use"),
        at("renewal", "renewal"),
    ],
    shown: &["id", "domain", "state", "expires", "in-use", BELONGING],
    sorted: &[],
};

pub(super) const NAMESPACE: Sheet = Sheet {
    columns: &[
        at("name", "namespace_name"),
        at("type", "type"),
        at("hosted-zone", "hosted_zone"),
        at("services", "services"),
    ],
    shown: &["id", "name", "type", "hosted-zone", "created", BELONGING],
    sorted: &["name"],
};

pub(super) const DISCOVERY_SERVICE: Sheet = Sheet {
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
