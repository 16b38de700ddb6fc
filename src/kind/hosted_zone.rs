//! Route 53 hosted zone: the records of a domain.
//!
//! Key: the zone's id, without `/hostedzone/`.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model};
use crate::{
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostedZone {
    /// The domain, with its last dot.
    pub zone_name: String,
    /// Whether only its VPCs can ask it.
    pub private: bool,
    /// The service that made it and keeps it: `servicediscovery.amazonaws.com`.
    pub linked_service: Option<String>,
    pub record_count: Option<u64>,
    /// Ids of the VPCs that can ask it; none of a public zone.
    pub vpcs: Fact<Vec<String>>,
    pub records: Fact<Vec<Record>>,
}

/// One resource record set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// With its last dot, and with `\052` for an asterisk.
    pub name: String,
    /// `A`, `CNAME`, `TXT`.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Seconds; absent for an alias.
    pub ttl: Option<u64>,
    /// Kept only where they are addresses and names: not of `TXT` and the like.
    pub values: Vec<String>,
    /// How many values there are, kept or not.
    pub count: usize,
    pub alias: Option<Alias>,
    /// What tells it from others of the same name and type.
    pub set_identifier: Option<String>,
    pub weight: Option<u64>,
    /// For routing by latency.
    pub region: Option<String>,
    /// `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// Continent, country or subdivision.
    pub geo: Option<String>,
    pub multi_value: bool,
    /// Id of its health check.
    pub health_check: Option<String>,
}

/// Another name of AWS's own whose addresses a record gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alias {
    /// As Route 53 has it: with its last dot, and often with `dualstack.` before it.
    pub dns_name: String,
    /// Id of the zone that this name is in.
    pub zone: String,
    pub evaluate_health: bool,
}

impl HostedZone {
    /// Whether a record of that type shows no more than addresses and names.
    pub fn tells_values(record_type: &str) -> bool {
        matches!(
            record_type,
            "A" | "AAAA" | "CAA" | "CNAME" | "MX" | "NS" | "SOA" | "SRV"
        )
    }
}

impl Model for HostedZone {
    fn relations(&self) -> Vec<Relation> {
        let vpcs = self.vpcs.known().into_iter().flatten();
        vpcs.map(|it| {
            let vpc = ResourceId::new(Kind::Vpc, it);
            Relation::new(RelationKind::Uses, vpc, "VPCs")
        })
        .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        vec![
            Charge::per_month("hosted zone", "AmazonRoute53", "HostedZone", 1),
            Charge::metered("queries", "AmazonRoute53", "DNS-Queries", "query"),
        ]
    }

    fn removal(&self) -> Removal {
        if self.linked_service.is_some() {
            return Removal::Never("the service that made it keeps it");
        }
        Removal::after([Action::ChangeResourceRecordSets], Action::DeleteHostedZone)
            .losing(Data::Dns)
    }

    fn summary(&self) -> String {
        let reach = if self.private { "private" } else { "public" };
        match self.record_count {
            Some(it) => format!("{reach}, {it} records"),
            None => reach.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_a_service_keeps_is_not_ours_to_delete() {
        let mut zone = HostedZone::default();
        assert!(matches!(
            zone.removal(),
            Removal::By {
                loses: Some(Data::Dns),
                ..
            }
        ));
        zone.linked_service = Some("servicediscovery.amazonaws.com".to_owned());
        assert!(matches!(zone.removal(), Removal::Never(_)));
    }

    #[test]
    fn a_private_zone_uses_its_vpcs() {
        let zone = HostedZone {
            vpcs: Fact::Known(vec!["vpc-1".to_owned()]),
            ..HostedZone::default()
        };
        assert_eq!(zone.relations()[0].to.to_string(), "vpc/vpc-1");
    }
}
