//! VPC: the private network that a rack's machines share.
//!
//! Key: the VPC's id.

use serde::{Deserialize, Serialize};

use super::{Fact, Model};
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
    /// What writes down who spoke with whom, of the VPC and of single subnets and interfaces.
    pub flow_logs: Fact<Vec<FlowLog>>,
}

/// One entry of `DescribeFlowLogs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowLog {
    pub id: String,
    /// Id of the VPC, the subnet or the interface that it is about.
    pub about: String,
    /// `ACTIVE`.
    pub status: String,
    /// What became of the last delivery: `SUCCESS`, `FAILED`.
    pub delivery: Option<String>,
    /// `ALL`, `ACCEPT`, `REJECT`.
    pub traffic: Option<String>,
    /// Name of the log group, where it writes into one.
    pub log_group: Option<String>,
    /// ARN of what else it writes into.
    pub destination: Option<String>,
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
