//! Security group: who may talk to whom.
//!
//! Key: the group's id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecurityGroup {
    pub group_name: String,
    pub description: String,
    pub vpc: String,
    pub ingress: Vec<Permission>,
    pub egress: Vec<Permission>,
}

/// One `IpPermission`: a protocol, ports and all who may use them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all.
    pub protocol: String,
    /// First port, or ICMP type; absent when all are meant.
    pub from: Option<i32>,
    /// Last port, or ICMP code; absent when all are meant.
    pub to: Option<i32>,
    /// IPv4 and IPv6 ranges, those of `read_lists` among them.
    pub cidrs: Vec<String>,
    /// Ids of the managed prefix lists that it names.
    pub prefix_lists: Vec<String>,
    /// Those of them whose ranges were read.
    pub read_lists: Vec<String>,
    /// Those of `cidrs` that come of lists that AWS keeps: CloudFront's, S3's.
    pub of_aws: Vec<String>,
    /// Ids of groups whose members may.
    pub groups: Vec<String>,
    /// The ids of its rules, `sgr-…`, by whom each is about: a range, a list, a group. A rule is
    /// about one of them, and is what AWS's commands take.
    pub rules: Fact<BTreeMap<String, String>>,
}

impl Permission {
    /// Whom it is about, with the id of the rule about that one: `0.0.0.0/0 (sgr-0a1b)`.
    pub fn with_rule(&self, of: &str) -> String {
        match self.rules.known().and_then(|it| it.get(of)) {
            Some(rule) => format!("{of} ({rule})"),
            None => of.to_owned(),
        }
    }

    /// The ranges that it is about, then the lists of which the rule is known.
    pub fn ranges(&self) -> Vec<String> {
        let has_rule = |it: &&String| self.rules.known().is_some_and(|all| all.contains_key(*it));
        let lists = self.prefix_lists.iter().filter(has_rule);
        let ranges = self.cidrs.iter().chain(lists);
        ranges.map(|it| self.with_rule(it)).collect()
    }

    /// Whether it admits ranges that nobody read.
    pub fn has_unread_lists(&self) -> bool {
        let mut named = self.prefix_lists.iter();
        named.any(|it| !self.read_lists.contains(it))
    }
}

impl SecurityGroup {
    /// The group that AWS makes with each VPC.
    pub fn is_default(&self) -> bool {
        self.group_name == "default"
    }
}

impl Model for SecurityGroup {
    fn relations(&self) -> Vec<Relation> {
        let within = if self.is_default() {
            RelationKind::PartOf
        } else {
            RelationKind::SitsIn
        };
        let vpc = ResourceId::new(Kind::Vpc, &self.vpc);
        let ingress = self.ingress.iter().map(|it| (it, "IpPermissions"));
        let egress = self.egress.iter().map(|it| (it, "IpPermissionsEgress"));
        let peers = ingress.chain(egress).flat_map(|(permission, evidence)| {
            permission.groups.iter().map(move |group| {
                let group = ResourceId::new(Kind::SecurityGroup, group);
                Relation::new(RelationKind::Admits, group, evidence)
            })
        });
        peers.chain([Relation::new(within, vpc, "VpcId")]).collect()
    }

    fn removal(&self) -> Removal {
        if self.is_default() {
            return Removal::Follows("AWS deletes the default group with its VPC");
        }
        Removal::by(Action::DeleteSecurityGroup)
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: Some(&self.vpc),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} in, {} out: {}",
            text::count(self.ingress.len(), "rule"),
            self.egress.len(),
            self.description
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_admits_its_peers_by_either_direction() {
        let peer = |group: &str| Permission {
            protocol: "tcp".to_owned(),
            groups: vec![group.to_owned()],
            ..Permission::default()
        };
        let group = SecurityGroup {
            vpc: "vpc-1".to_owned(),
            ingress: vec![peer("sg-b")],
            egress: vec![peer("sg-c")],
            ..SecurityGroup::default()
        };
        let to: Vec<String> = group
            .relations()
            .iter()
            .map(|it| it.to.to_string())
            .collect();
        assert_eq!(
            to,
            ["security-group/sg-b", "security-group/sg-c", "vpc/vpc-1"]
        );
    }
}
