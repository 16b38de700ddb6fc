//! IAM instance profile: hands a role to instances.
//!
//! Key: the instance profile's name.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceProfile {
    pub path: String,
    /// Names; AWS allows one.
    pub roles: Vec<String>,
}

impl Model for InstanceProfile {
    fn relations(&self) -> Vec<Relation> {
        let roles = self.roles.iter().map(|it| {
            let role = ResourceId::new(Kind::Role, it);
            Relation::new(RelationKind::Uses, role, "Roles.RoleName")
        });
        roles.collect()
    }

    fn removal(&self) -> Removal {
        if self.roles.is_empty() {
            return Removal::by(Action::DeleteInstanceProfile);
        }
        Removal::after(
            [Action::RemoveRoleFromInstanceProfile],
            Action::DeleteInstanceProfile,
        )
    }

    fn summary(&self) -> String {
        match self.roles.as_slice() {
            [] => "without a role".to_owned(),
            roles => format!("role {}", roles.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_role_is_taken_out_of_it_before_it_goes() {
        let profile = InstanceProfile {
            roles: vec!["instances".to_owned()],
            ..InstanceProfile::default()
        };
        let expected = Removal::after(
            [Action::RemoveRoleFromInstanceProfile],
            Action::DeleteInstanceProfile,
        );
        assert_eq!(profile.removal(), expected);
        assert_eq!(profile.relations()[0].to.to_string(), "role/instances");
    }
}
