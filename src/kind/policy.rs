//! IAM policy that the account's owner manages: what roles may do. AWS's own are not listed.
//!
//! Key: the policy's ARN.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model};
use crate::{
    arn::Arn,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;
pub mod document;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub path: String,
    /// `v1`.
    pub default_version: Option<String>,
    /// Users, groups and roles that it is attached to, in the whole account.
    pub attachments: u32,
    /// Users and roles whose permissions it bounds.
    pub boundaries: u32,
    /// Whether it allows everything on everything; what else its text says is not kept.
    pub allows_all: Fact<bool>,
}

/// Whether that ARN names a policy that AWS wrote and keeps.
pub fn is_aws_managed(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|it| it.account == "aws")
}

/// The edge to a policy, where it is not one of AWS's own.
pub fn used(arn: &str, evidence: &'static str) -> Option<Relation> {
    let policy = ResourceId::new(Kind::Policy, arn);
    (!is_aws_managed(arn)).then(|| Relation::new(RelationKind::Uses, policy, evidence))
}

impl Model for Policy {
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn removal(&self) -> Removal {
        Removal::after([Action::DeletePolicyVersion], Action::DeletePolicy)
    }

    fn summary(&self) -> String {
        match self.boundaries {
            0 => format!("attached {} times", self.attachments),
            it => format!(
                "attached {} times, bounds the permissions of {it}",
                self.attachments
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_of_aws_is_known_by_its_account() {
        for (arn, aws) in [
            ("arn:aws:iam::aws:policy/service-role/Some", true),
            ("arn:aws-cn:iam::aws:policy/ReadOnlyAccess", true),
            ("arn:aws:iam::123456789012:policy/aws", false),
        ] {
            assert_eq!(used(arn, "PolicyArn").is_none(), aws, "{arn}");
        }
    }
}
