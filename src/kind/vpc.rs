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
    /// What the account's Block Public Access keeps from coming through internet gateways.
    pub public_block: Fact<PublicBlock>,
}

/// What `DescribeVpcBlockPublicAccessOptions` tells of the region, and who is exempt from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicBlock {
    /// AWS's word: `off`, `block-ingress`, `block-bidirectional`.
    pub mode: String,
    /// Ids of VPCs and subnets that are exempt in both directions.
    pub exempt: Vec<String>,
}

impl PublicBlock {
    /// Whether the internet is kept from a subnet of a VPC.
    pub fn keeps_out(&self, subnet: &str, vpc: &str) -> bool {
        let mut exempt = self.exempt.iter();
        self.mode.starts_with("block") && !exempt.any(|it| it == subnet || it == vpc)
    }
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
    fn what_is_exempt_is_not_kept_from_the_internet() {
        let block = |mode: &str| PublicBlock {
            mode: mode.to_owned(),
            exempt: vec!["subnet-1".to_owned(), "vpc-2".to_owned()],
        };
        let on = block("block-bidirectional");
        assert!(on.keeps_out("subnet-2", "vpc-1"));
        assert!(!on.keeps_out("subnet-1", "vpc-1") && !on.keeps_out("subnet-2", "vpc-2"));
        assert!(!block("off").keeps_out("subnet-2", "vpc-1"));
    }

    #[test]
    fn the_default_vpc_is_never_removed() {
        let mut vpc = Vpc::default();
        assert_eq!(vpc.removal(), Removal::by(Action::DeleteVpc));
        vpc.is_default = true;
        assert!(matches!(vpc.removal(), Removal::Never(_)));
    }
}
