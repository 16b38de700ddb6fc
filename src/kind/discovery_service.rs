//! Cloud Map service: one name of a namespace, and where those who ask for it are sent.
//!
//! Key: the service's id, `srv-…`.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoveryService {
    /// Key of its namespace.
    pub namespace: String,
    /// `DNS_HTTP`, or `HTTP` where only Cloud Map itself answers for it.
    #[serde(rename = "type")]
    pub service_type: Option<String>,
    /// `MULTIVALUE` or `WEIGHTED`; absent without DNS.
    pub routing_policy: Option<String>,
    /// What Cloud Map writes into the hosted zone for each instance.
    pub records: Vec<DnsRecord>,
    /// Route 53's check of its instances, where there is one.
    pub health_check: Option<HealthCheck>,
    /// Whether who registers an instance also tells whether it is healthy, as ECS does.
    pub custom_health_check: bool,
    /// Instances registered with it, where AWS tells.
    pub instances: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsRecord {
    /// `A`, `AAAA`, `SRV`, `CNAME`.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Seconds.
    pub ttl: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheck {
    /// `HTTP`, `HTTPS`, `TCP`.
    #[serde(rename = "type")]
    pub check_type: String,
    pub path: Option<String>,
    /// Checks in a row that must say the same.
    pub threshold: Option<u32>,
}

impl Model for DiscoveryService {
    fn relations(&self) -> Vec<Relation> {
        let namespace = ResourceId::new(Kind::Namespace, &self.namespace);
        vec![Relation::new(
            RelationKind::PartOf,
            namespace,
            "NamespaceId",
        )]
    }

    fn removal(&self) -> Removal {
        if self.instances == Some(0) {
            return Removal::by(Action::DeleteDiscoveryService);
        }
        Removal::after([Action::DeregisterInstance], Action::DeleteDiscoveryService)
    }

    fn summary(&self) -> String {
        let records: Vec<&str> = self
            .records
            .iter()
            .map(|it| it.record_type.as_str())
            .collect();
        let found = if records.is_empty() {
            "found by asking Cloud Map".to_owned()
        } else {
            format!("DNS records {}", records.join(", "))
        };
        match self.instances {
            Some(it) => format!("{found}, {}", text::count(it as usize, "instance")),
            None => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_go_first_unless_there_are_none() {
        let of = |instances| DiscoveryService {
            instances,
            ..DiscoveryService::default()
        };
        let alone = Removal::by(Action::DeleteDiscoveryService);
        assert_eq!(of(Some(0)).removal(), alone);
        assert_ne!(of(Some(1)).removal(), alone);
        assert_ne!(of(None).removal(), alone);
    }
}
