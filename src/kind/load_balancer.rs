//! Application and network load balancer: where traffic comes in.
//!
//! Key: the load balancer's name.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place};
use crate::{
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadBalancer {
    /// AWS's word: `application`, `network`, `gateway`.
    #[serde(rename = "type")]
    pub lb_type: String,
    /// `internet-facing` or `internal`; empty for a gateway load balancer, which has none.
    pub scheme: String,
    /// `active`, `provisioning`, `failed`.
    pub status: String,
    pub dns_name: String,
    pub vpc: String,
    /// One per zone.
    pub subnets: Vec<String>,
    pub zones: Vec<String>,
    pub security_groups: Vec<String>,
    /// AWS's word: `ipv4`, `dualstack`, `dualstack-without-public-ipv4`; absent where it was not
    /// told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_type: Option<String>,
    /// What `DescribeLoadBalancerAttributes` tells.
    pub settings: Fact<Settings>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub deletion_protection: bool,
    /// The bucket that access logs are delivered to.
    pub access_log_bucket: Option<String>,
}

impl LoadBalancer {
    pub fn is_internet_facing(&self) -> bool {
        self.scheme == "internet-facing"
    }

    /// Whether the Internet reaches it by IPv4, for which AWS takes something.
    fn has_public_ipv4(&self) -> bool {
        let without = "dualstack-without-public-ipv4";
        self.is_internet_facing() && self.address_type.as_deref() != Some(without)
    }
}

impl Model for LoadBalancer {
    fn relations(&self) -> Vec<Relation> {
        let to = |kind, key: &String| ResourceId::new(kind, key);
        let subnets = self.subnets.iter().map(|it| {
            let subnet = to(Kind::Subnet, it);
            Relation::new(RelationKind::SitsIn, subnet, "AvailabilityZones.SubnetId")
        });
        let groups = self.security_groups.iter().map(|it| {
            let group = to(Kind::SecurityGroup, it);
            Relation::new(RelationKind::Uses, group, "SecurityGroups")
        });
        let settings = self.settings.known();
        let logs = settings.and_then(|it| it.access_log_bucket.as_ref());
        let logs = logs.map(|it| {
            let bucket = to(Kind::Bucket, it);
            Relation::new(RelationKind::WritesTo, bucket, "access_logs.s3.bucket")
        });
        let vpc = to(Kind::Vpc, &self.vpc);
        subnets
            .chain(groups)
            .chain(logs)
            .chain([Relation::new(RelationKind::SitsIn, vpc, "VpcId")])
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        // One usage type has a price for each family.
        let family = match self.lb_type.as_str() {
            "network" => "Load Balancer-Network",
            "gateway" => "Load Balancer-Gateway",
            _ => "Load Balancer-Application",
        };
        let usage = |name: &str| format!("{name}|productFamily={family}");
        let mut charges = vec![
            Charge::per_hour(
                "load balancer hours",
                "AWSELB",
                usage("LoadBalancerUsage"),
                1,
            ),
            Charge::metered("capacity units", "AWSELB", usage("LCUUsage"), "LCU-hour"),
        ];
        if self.scheme.is_empty() && self.lb_type != "gateway" {
            charges.push(Charge::unread(
                "public IPv4 addresses",
                "AmazonVPC",
                "whether the internet reaches it was not read",
            ));
        }
        if self.has_public_ipv4() {
            // One public IPv4 address in each zone.
            let zones = u32::try_from(self.zones.len()).unwrap_or(u32::MAX);
            charges.push(Charge::per_hour(
                "public IPv4 addresses",
                "AmazonVPC",
                "PublicIPv4:InUseAddress",
                zones,
            ));
        }
        charges
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteLoadBalancer)
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
            "{} {}, {} zones, {}",
            self.scheme,
            self.lb_type,
            self.zones.len(),
            self.dns_name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_internet_facing_one_pays_for_addresses() {
        let mut lb = LoadBalancer {
            scheme: "internal".to_owned(),
            zones: vec!["a".to_owned(), "b".to_owned()],
            ..LoadBalancer::default()
        };
        assert_eq!(lb.charges().len(), 2);
        lb.scheme = "internet-facing".to_owned();
        assert_eq!(lb.charges().len(), 3);
        lb.address_type = Some("dualstack".to_owned());
        assert_eq!(lb.charges().len(), 3);
        lb.address_type = Some("dualstack-without-public-ipv4".to_owned());
        assert_eq!(lb.charges().len(), 2);
    }

    #[test]
    fn logs_are_a_relation_once_the_settings_are_read() {
        let bucket = Some("logs".to_owned());
        let lb = LoadBalancer {
            settings: Fact::Known(Settings {
                access_log_bucket: bucket,
                ..Settings::default()
            }),
            ..LoadBalancer::default()
        };
        assert!(
            lb.relations()
                .iter()
                .any(|it| it.kind == RelationKind::WritesTo)
        );
    }
}
