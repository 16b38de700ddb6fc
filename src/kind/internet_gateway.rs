//! Internet gateway: a VPC's door to the internet.
//!
//! Key: the gateway's id.

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
pub struct InternetGateway {
    /// What it is attached to: one VPC or none.
    pub vpcs: Vec<String>,
}

impl Model for InternetGateway {
    fn relations(&self) -> Vec<Relation> {
        Relation::each(
            RelationKind::Uses,
            Kind::Vpc,
            &self.vpcs,
            "Attachments.VpcId",
        )
        .collect()
    }

    fn removal(&self) -> Removal {
        if self.vpcs.is_empty() {
            return Removal::by(Action::DeleteInternetGateway);
        }
        Removal::after(
            [Action::DetachInternetGateway],
            Action::DeleteInternetGateway,
        )
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: self.vpcs.first().map(String::as_str),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        if self.vpcs.is_empty() {
            return "attached to no VPC".to_owned();
        }
        format!("attached to {}", self.vpcs.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_attached_one_is_detached_first() {
        let mut gateway = InternetGateway::default();
        assert_eq!(
            gateway.removal(),
            Removal::by(Action::DeleteInternetGateway)
        );
        gateway.vpcs.push("vpc-1".to_owned());
        let Removal::By { ready, .. } = gateway.removal() else {
            panic!("{:?}", gateway.removal())
        };
        assert_eq!(ready, [Action::DetachInternetGateway]);
    }
}
