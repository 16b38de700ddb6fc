//! VPC: the private network that a rack's machines share.
//!
//! Key: the VPC's id.

use serde::{Deserialize, Serialize};

use super::Model;
use crate::{
    relation::Relation,
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vpc {
    /// The first IPv4 range, which the VPC was made with.
    pub cidr: String,
    /// Ranges added later, IPv4 and IPv6.
    pub extra_cidrs: Vec<String>,
    /// The one that AWS makes in every region of a new account.
    pub is_default: bool,
    /// The account that owns it; another one's where the VPC is shared with ours.
    pub owner: Option<String>,
    /// AWS's word: `available`, `pending`.
    pub status: String,
}

impl Model for Vpc {
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn removal(&self) -> Removal {
        if self.is_default {
            return Removal::Never("it is the account's default VPC");
        }
        Removal::by(Action::DeleteVpc)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let mut cidrs = vec![self.cidr.as_str()];
        cidrs.extend(self.extra_cidrs.iter().map(String::as_str));
        let default = if self.is_default {
            ", the default VPC"
        } else {
            ""
        };
        format!("{}{default}", cidrs.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_vpc_is_never_removed() {
        let mut vpc = Vpc::default();
        assert_eq!(vpc.removal(), Removal::by(Action::DeleteVpc));
        vpc.is_default = true;
        assert!(matches!(vpc.removal(), Removal::Never(_)));
    }
}
