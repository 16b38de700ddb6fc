//! RDS subnet group: the subnets that databases may be placed in.
//!
//! Key: the group's name, which AWS writes in lower case.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DbSubnetGroup {
    /// It is the one that databases are placed in that name none.
    pub is_default: bool,
    pub description: String,
    pub vpc: String,
    pub subnets: Vec<String>,
    /// The zones of its subnets, each once.
    pub zones: Vec<String>,
    /// AWS's word: `Complete`.
    pub status: String,
}

impl Model for DbSubnetGroup {
    fn relations(&self) -> Vec<Relation> {
        let sits = RelationKind::SitsIn;
        let subnets = "Subnets.SubnetIdentifier";
        Relation::each(sits, Kind::Subnet, &self.subnets, subnets)
            .chain(Relation::each(sits, Kind::Vpc, [&self.vpc], "VpcId"))
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.is_default {
            return Removal::Never("RDS keeps the default subnet group");
        }
        Removal::by(Action::DeleteDBSubnetGroup)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: Some(&self.vpc),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} in {}",
            text::count(self.subnets.len(), "subnet"),
            text::count(self.zones.len(), "zone")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_group_is_not_ours_to_delete() {
        let mut group = DbSubnetGroup::default();
        let deleted = Removal::by(Action::DeleteDBSubnetGroup);
        assert_eq!(group.removal(), deleted);
        group.is_default = true;
        assert!(matches!(group.removal(), Removal::Never(_)));
    }

    #[test]
    fn it_sits_in_its_subnets_and_their_vpc() {
        let group = DbSubnetGroup {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
            ..DbSubnetGroup::default()
        };
        let held = group.relations();
        let held: Vec<String> = held.iter().map(|it| it.to.to_string()).collect();
        assert_eq!(held, ["subnet/subnet-1", "subnet/subnet-2", "vpc/vpc-1"]);
    }
}
