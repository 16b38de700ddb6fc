//! Network ACL: what may pass a subnet's border, numbered and without memory.
//!
//! Key: the ACL's id.

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
pub struct NetworkAcl {
    pub vpc: String,
    /// The one that AWS makes with the VPC and gives to every subnet that has no other.
    pub is_default: bool,
    pub subnets: Vec<String>,
    /// Ids of the associations with these subnets, in their order.
    pub associations: Vec<String>,
    /// In the order in which AWS tries them, those for what comes in first.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// The lowest that matches decides; 32767 and above are AWS's own last word.
    pub number: u32,
    pub egress: bool,
    /// A protocol number, or `-1` for all.
    pub protocol: String,
    /// `allow` or `deny`.
    pub action: String,
    /// IPv4 or IPv6 range.
    pub cidr: String,
    /// First port; absent when all are meant.
    pub from: Option<u16>,
    /// Last port; absent when all are meant.
    pub to: Option<u16>,
}

impl Model for NetworkAcl {
    fn relations(&self) -> Vec<Relation> {
        if self.is_default {
            // It has every subnet that chose no other and holds none of them back.
            return Relation::each(RelationKind::PartOf, Kind::Vpc, [&self.vpc], "VpcId").collect();
        }
        let subnets = Relation::each(
            RelationKind::Uses,
            Kind::Subnet,
            &self.subnets,
            "Associations.SubnetId",
        );
        subnets
            .chain(Relation::each(
                RelationKind::SitsIn,
                Kind::Vpc,
                [&self.vpc],
                "VpcId",
            ))
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.is_default {
            return Removal::Follows("AWS deletes the default network ACL with its VPC");
        }
        if self.associations.is_empty() {
            return Removal::by(Action::DeleteNetworkAcl);
        }
        // A subnet is never without an ACL: it gets the default one back.
        Removal::after(
            [Action::ReplaceNetworkAclAssociation],
            Action::DeleteNetworkAcl,
        )
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: Some(&self.vpc),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let out = self.entries.iter().filter(|it| it.egress).count();
        let default = if self.is_default {
            ", the default ACL"
        } else {
            ""
        };
        format!(
            "{} entries in, {out} out, {} subnets{default}",
            self.entries.len() - out,
            self.subnets.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(is_default: bool) -> NetworkAcl {
        NetworkAcl {
            vpc: "vpc-1".to_owned(),
            is_default,
            subnets: vec!["subnet-1".to_owned()],
            associations: vec!["aclassoc-1".to_owned()],
            ..NetworkAcl::default()
        }
    }

    #[test]
    fn the_default_one_goes_with_its_vpc_and_holds_no_subnet() {
        let acl = acl(true);
        let relations = acl.relations();
        assert_eq!(relations.len(), 1);
        assert_eq!(relations[0].kind, RelationKind::PartOf);
        assert!(matches!(acl.removal(), Removal::Follows(_)));
    }

    #[test]
    fn subnets_get_the_default_one_back_before_it_goes() {
        let acl = acl(false);
        assert_eq!(acl.relations()[0].to.to_string(), "subnet/subnet-1");
        let Removal::By { ready, .. } = acl.removal() else {
            panic!("{:?}", acl.removal())
        };
        assert_eq!(ready, [Action::ReplaceNetworkAclAssociation]);
    }
}
