//! IAM role: what services, tasks and instances act as.
//!
//! Key: the role's name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Model, policy};
use crate::{
    relation::Relation,
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// `/` or, for example, `/service-role/`.
    pub path: String,
    /// Who may assume it, of the statements that allow: service names, ARNs, account ids, `*`.
    pub trusts: Fact<Vec<String>>,
    /// ARNs of attached managed policies, AWS's own included.
    pub attached: Fact<Vec<String>>,
    /// Names of the policies that are written into it.
    pub inline: Fact<Vec<String>>,
    /// Those of `inline` that allow everything on everything.
    pub allowing_all: Fact<Vec<String>>,
    /// What `GetAccountAuthorizationDetails` tells besides.
    pub facts: Fact<RoleFacts>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleFacts {
    /// `None` when AWS knows of no use; it looks back some 400 days.
    pub last_used: Option<Timestamp>,
    /// The region of that use.
    pub last_used_in: Option<String>,
    /// ARN of the policy that bounds what it may be allowed.
    pub boundary: Option<String>,
}

impl Role {
    /// A service of AWS made it, and only that service removes it.
    pub fn is_aws_managed(&self) -> bool {
        self.path.starts_with("/aws-service-role/") || self.path.starts_with("/aws-reserved/")
    }
}

impl Model for Role {
    fn relations(&self) -> Vec<Relation> {
        let attached = self.attached.known().into_iter().flatten();
        let attached =
            attached.filter_map(|it| policy::used(it, "AttachedManagedPolicies.PolicyArn"));
        let boundary = self.facts.known().and_then(|it| it.boundary.as_ref());
        let boundary =
            boundary.and_then(|it| policy::used(it, "PermissionsBoundary.PermissionsBoundaryArn"));
        attached.chain(boundary).collect()
    }

    fn removal(&self) -> Removal {
        if self.is_aws_managed() {
            return Removal::Never("it is linked to a service of AWS, which removes it itself");
        }
        let some = |it: &Fact<Vec<String>>| it.known().is_none_or(|it| !it.is_empty());
        let detach = some(&self.attached).then_some(Action::DetachRolePolicy);
        let delete = some(&self.inline).then_some(Action::DeleteRolePolicy);
        Removal::By {
            ready: detach.into_iter().chain(delete).collect(),
            gone: Action::DeleteRole,
            loses: None,
        }
    }

    fn summary(&self) -> String {
        let trusts = match self.trusts.known() {
            Some(it) => format!("assumed by {}", it.join(", ")),
            None => "trust policy not understood".to_owned(),
        };
        match (self.attached.known(), self.inline.known()) {
            (Some(attached), Some(inline)) => format!(
                "{trusts}; {} attached and {} inline policies",
                attached.len(),
                inline.len()
            ),
            _ => trusts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "arn:aws:iam::123456789012:policy/deploy";

    fn attached(arns: &[&str]) -> Role {
        let arns = arns.iter().map(|it| (*it).to_owned());
        Role {
            attached: Fact::Known(arns.collect()),
            ..Role::default()
        }
    }

    #[test]
    fn it_uses_the_policies_that_are_not_of_aws() {
        let role = attached(&["arn:aws:iam::aws:policy/ReadOnlyAccess", OURS]);
        let relations = role.relations();
        assert_eq!(relations.len(), 1);
        assert_eq!(relations[0].to.key, OURS);
    }

    #[test]
    fn a_role_linked_to_a_service_is_not_ours_to_delete() {
        let role = Role {
            path: "/aws-service-role/ecs.amazonaws.com/".to_owned(),
            ..Role::default()
        };
        assert!(matches!(role.removal(), Removal::Never(_)));
    }

    #[test]
    fn only_policies_known_to_be_absent_need_no_detaching() {
        let mut role = attached(&[]);
        let both = Removal::after(
            [Action::DetachRolePolicy, Action::DeleteRolePolicy],
            Action::DeleteRole,
        );
        assert_eq!(Role::default().removal(), both);
        role.inline = Fact::Known(Vec::new());
        assert_eq!(role.removal(), Removal::by(Action::DeleteRole));
    }
}
