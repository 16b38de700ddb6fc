//! Subnet: a VPC's addresses within one zone.
//!
//! Key: the subnet's id.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subnet {
    pub vpc: String,
    pub zone: String,
    /// IPv4 range; empty where the subnet has IPv6 alone.
    pub cidr: String,
    pub ipv6_cidrs: Vec<String>,
    /// IPv4 addresses that nothing has yet.
    pub free_ips: u32,
    /// What is launched here gets a public IPv4 address unless it asks for none:
    /// `MapPublicIpOnLaunch`.
    pub public_ips: bool,
    /// The one that AWS makes in a zone of the default VPC.
    pub is_default_for_az: bool,
    /// The account that owns it; another one's where the subnet is shared with ours.
    pub owner: Option<String>,
    /// AWS's word: `available`, `pending`.
    pub status: String,
}

impl Model for Subnet {
    fn relations(&self) -> Vec<Relation> {
        Relation::each(RelationKind::SitsIn, Kind::Vpc, [&self.vpc], "VpcId").collect()
    }

    fn removal(&self) -> Removal {
        if self.is_default_for_az {
            return Removal::Never("it is a default subnet of the account");
        }
        Removal::by(Action::DeleteSubnet)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: Some(&self.zone),
            vpc: Some(&self.vpc),
            subnet: None,
        }
    }

    fn summary(&self) -> String {
        let mut cidrs: Vec<&str> = self.ipv6_cidrs.iter().map(String::as_str).collect();
        if !self.cidr.is_empty() {
            cidrs.insert(0, &self.cidr);
        }
        let public = if self.public_ips {
            ", gives out public addresses"
        } else {
            ""
        };
        format!(
            "{} in {}, {} addresses free{public}",
            cidrs.join(", "),
            self.zone,
            self.free_ips
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_subnet_is_never_removed() {
        let mut subnet = Subnet::default();
        assert_eq!(subnet.removal(), Removal::by(Action::DeleteSubnet));
        subnet.is_default_for_az = true;
        assert!(matches!(subnet.removal(), Removal::Never(_)));
    }

    #[test]
    fn a_subnet_of_ipv6_alone_names_its_range() {
        let subnet = Subnet {
            zone: "us-east-1a".to_owned(),
            ipv6_cidrs: vec!["2001:db8::/64".to_owned()],
            ..Subnet::default()
        };
        assert_eq!(
            subnet.summary(),
            "2001:db8::/64 in us-east-1a, 0 addresses free"
        );
    }
}
