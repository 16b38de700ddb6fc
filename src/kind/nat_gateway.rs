//! NAT gateway: how private machines reach the internet, at a price by the hour.
//!
//! Key: the gateway's id. AWS lists a deleted one for about an hour.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatGateway {
    /// AWS's word: `pending`, `failed`, `available`, `deleting`, `deleted`.
    pub status: String,
    /// AWS's code and words for why it failed.
    pub failure: Option<String>,
    /// `public` or `private`; absent from answers of before there were private ones.
    pub connectivity: Option<String>,
    /// `zonal`, or `regional` for one that spreads over the zones by itself and has no subnet.
    pub availability: Option<String>,
    pub vpc: String,
    pub subnet: Option<String>,
    pub addresses: Vec<Address>,
}

/// One entry of `NatGatewayAddresses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// Key of the Elastic IP; absent in a private gateway.
    pub allocation: Option<String>,
    /// Key of the network interface.
    pub interface: Option<String>,
    pub public_ip: Option<String>,
    pub private_ip: Option<String>,
    pub zone: Option<String>,
}

impl NatGateway {
    /// Deleted, and merely still listed.
    pub fn is_gone(&self) -> bool {
        self.status == "deleted"
    }

    pub fn is_regional(&self) -> bool {
        self.availability.as_deref() == Some("regional")
    }

    fn zones(&self) -> u32 {
        let zones: BTreeSet<&String> = self
            .addresses
            .iter()
            .filter_map(|it| it.zone.as_ref())
            .collect();
        u32::try_from(zones.len()).unwrap_or(u32::MAX).max(1)
    }
}

impl Model for NatGateway {
    fn relations(&self) -> Vec<Relation> {
        if self.is_gone() {
            return Vec::new();
        }
        let allocations = self
            .addresses
            .iter()
            .filter_map(|it| it.allocation.as_ref());
        let interfaces = self.addresses.iter().filter_map(|it| it.interface.as_ref());
        Relation::each(
            RelationKind::Uses,
            Kind::ElasticIp,
            allocations,
            "NatGatewayAddresses.AllocationId",
        )
        .chain(Relation::each(
            RelationKind::Makes,
            Kind::NetworkInterface,
            interfaces,
            "NatGatewayAddresses.NetworkInterfaceId",
        ))
        .chain(Relation::each(
            RelationKind::SitsIn,
            Kind::Subnet,
            &self.subnet,
            "SubnetId",
        ))
        .chain(Relation::each(
            RelationKind::SitsIn,
            Kind::Vpc,
            [&self.vpc],
            "VpcId",
        ))
        .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.status != "available" {
            return Vec::new();
        }
        // A regional gateway is billed in each zone that it is active in.
        let (hours, bytes, zones) = if self.is_regional() {
            (
                "RegionalNatGateway-Hours",
                "RegionalNatGateway-Bytes",
                self.zones(),
            )
        } else {
            ("NatGateway-Hours", "NatGateway-Bytes", 1)
        };
        vec![
            Charge::per_hour("NAT gateway hours", "AmazonEC2", hours, zones),
            Charge::metered("data processed", "AmazonEC2", bytes, "GB"),
        ]
    }

    fn removal(&self) -> Removal {
        if self.is_gone() {
            return Removal::Follows("it is deleted; AWS lists it for about an hour more");
        }
        Removal::by(Action::DeleteNatGateway)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: Some(&self.vpc),
            subnet: self.subnet.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let addresses = self.addresses.iter();
        let addresses: Vec<&str> = addresses
            .filter_map(|it| it.public_ip.as_deref().or(it.private_ip.as_deref()))
            .collect();
        let failure = self.failure.as_deref();
        let failure = failure.map(|it| format!(", {it}")).unwrap_or_default();
        let connectivity = self.connectivity.as_deref().unwrap_or("public");
        format!("{connectivity} from {}{failure}", addresses.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(status: &str) -> NatGateway {
        NatGateway {
            status: status.to_owned(),
            vpc: "vpc-1".to_owned(),
            subnet: Some("subnet-1".to_owned()),
            addresses: vec![Address {
                allocation: Some("eipalloc-1".to_owned()),
                interface: Some("eni-1".to_owned()),
                ..Address::default()
            }],
            ..NatGateway::default()
        }
    }

    #[test]
    fn it_uses_its_address_and_makes_its_interface() {
        let edges: Vec<String> = gateway("available")
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            edges,
            [
                "uses elastic-ip/eipalloc-1",
                "makes network-interface/eni-1",
                "sits-in subnet/subnet-1",
                "sits-in vpc/vpc-1"
            ]
        );
    }

    #[test]
    fn a_deleted_one_holds_and_costs_nothing() {
        let gateway = gateway("deleted");
        assert!(gateway.relations().is_empty());
        assert!(gateway.charges().is_empty());
        assert!(matches!(gateway.removal(), Removal::Follows(_)));
    }

    #[test]
    fn a_regional_one_pays_for_each_zone() {
        let zone = |it: &str| Address {
            zone: Some(it.to_owned()),
            ..Address::default()
        };
        let gateway = NatGateway {
            availability: Some("regional".to_owned()),
            addresses: vec![zone("us-east-1a"), zone("us-east-1b"), zone("us-east-1b")],
            ..gateway("available")
        };
        let hours = Charge::per_hour(
            "NAT gateway hours",
            "AmazonEC2",
            "RegionalNatGateway-Hours",
            2,
        );
        assert_eq!(gateway.charges()[0], hours);
    }
}
