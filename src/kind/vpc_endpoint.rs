//! VPC endpoint: how machines reach a service of AWS, or somebody's, without the internet.
//!
//! Key: the endpoint's id. AWS lists a deleted one for a while.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VpcEndpoint {
    /// AWS's word: `Gateway`, `Interface`, `GatewayLoadBalancer`, `Resource`, `ServiceNetwork`.
    #[serde(rename = "type")]
    pub endpoint_type: String,
    /// `com.amazonaws.us-east-1.s3`; absent where it leads to a resource or a service network.
    pub service: Option<String>,
    /// AWS's word: `available`, `pending`, `deleting`, `deleted`, `failed`.
    pub status: String,
    /// AWS's code and words for why it failed.
    pub failure: Option<String>,
    pub vpc: String,
    /// One per zone; a gateway has none.
    pub subnets: Vec<String>,
    /// Tables that AWS put a gateway's routes into.
    pub route_tables: Vec<String>,
    pub security_groups: Vec<String>,
    /// Keys of the network interfaces that it made, one for each subnet.
    pub interfaces: Vec<String>,
    /// Whether the service's usual name leads to the endpoint within the VPC.
    pub private_dns: bool,
    /// `ipv4`, `ipv6`, `dualstack`.
    pub address_type: Option<String>,
    /// Whether it has a policy other than AWS's own, which lets all through; what the policy says
    /// is not kept.
    pub has_policy: bool,
    /// An AWS service made it and takes it away.
    pub requester_managed: bool,
}

impl VpcEndpoint {
    /// Deleted, and merely still listed.
    pub fn is_gone(&self) -> bool {
        self.status.eq_ignore_ascii_case("deleted")
    }
}

/// Tables in which a gateway has its routes are no edge of its own: their routes name the
/// endpoint, and an edge back would go in a circle.
impl Model for VpcEndpoint {
    fn relations(&self) -> Vec<Relation> {
        if self.is_gone() {
            return Vec::new();
        }
        let sits = RelationKind::SitsIn;
        Relation::each(
            RelationKind::Makes,
            Kind::NetworkInterface,
            &self.interfaces,
            "NetworkInterfaceIds",
        )
        .chain(Relation::each(
            RelationKind::Uses,
            Kind::SecurityGroup,
            &self.security_groups,
            "Groups",
        ))
        .chain(Relation::each(
            sits,
            Kind::Subnet,
            &self.subnets,
            "SubnetIds",
        ))
        .chain(Relation::each(sits, Kind::Vpc, [&self.vpc], "VpcId"))
        .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let usage = |name: &str| match self.endpoint_type.as_str() {
            "Interface" => name.to_owned(),
            // Resources and service networks have prices of their own.
            other => format!("{name}|endpointType={other}"),
        };
        let (hours, bytes) = match self.endpoint_type.as_str() {
            // A gateway is free.
            "Gateway" => return Vec::new(),
            "GatewayLoadBalancer" => (
                "VpcEndpoint-GWLBE-Hours".to_owned(),
                "VpcEndpoint-GWLBE-Bytes".to_owned(),
            ),
            _ => (usage("VpcEndpoint-Hours"), usage("VpcEndpoint-Bytes")),
        };
        if !self.status.eq_ignore_ascii_case("available") {
            return Vec::new();
        }
        // It is billed in each zone that it is in, and it has one subnet in each.
        let zones = u32::try_from(self.subnets.len()).unwrap_or(u32::MAX);
        vec![
            Charge::per_hour("endpoint hours", "AmazonVPC", hours, zones),
            Charge::metered("data processed", "AmazonVPC", bytes, "GB"),
        ]
    }

    fn removal(&self) -> Removal {
        if self.is_gone() {
            return Removal::Follows("it is deleted; AWS lists it for a while more");
        }
        if self.requester_managed {
            return Removal::Follows("the AWS service that made the endpoint takes it away");
        }
        Removal::by(Action::DeleteVpcEndpoints)
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
        let service = self.service.as_deref().unwrap_or("a resource");
        let at = if self.subnets.is_empty() {
            text::count(self.route_tables.len(), "route table")
        } else {
            text::count(self.subnets.len(), "subnet")
        };
        let failure = self.failure.as_deref();
        let failure = failure.map(|it| format!(", {it}")).unwrap_or_default();
        format!("{} to {service}, {at}{failure}", self.endpoint_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    fn endpoint(endpoint_type: &str) -> VpcEndpoint {
        VpcEndpoint {
            endpoint_type: endpoint_type.to_owned(),
            status: "available".to_owned(),
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            interfaces: vec!["eni-1".to_owned(), "eni-2".to_owned()],
            ..VpcEndpoint::default()
        }
    }

    #[test]
    fn it_makes_its_interfaces_and_sits_in_its_subnets() {
        let edges: Vec<String> = endpoint("Interface")
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            edges,
            [
                "makes network-interface/eni-1",
                "makes network-interface/eni-2",
                "uses security-group/sg-1",
                "sits-in subnet/subnet-1",
                "sits-in subnet/subnet-2",
                "sits-in vpc/vpc-1"
            ]
        );
    }

    #[test]
    fn each_zone_is_billed_and_a_gateway_is_free() {
        let usage = |kind: &str| {
            let charges = endpoint(kind).charges().into_iter();
            let charges = charges.map(|it| (it.usage, it.amount));
            charges.collect::<Vec<_>>().first().cloned()
        };
        let two = |usage: &str| Some((usage.to_owned(), Amount::PerHour(2.into())));
        assert_eq!(usage("Interface"), two("VpcEndpoint-Hours"));
        assert_eq!(usage("GatewayLoadBalancer"), two("VpcEndpoint-GWLBE-Hours"));
        assert_eq!(usage("Gateway"), None);
        let resource = two("VpcEndpoint-Hours|endpointType=Resource");
        assert_eq!(usage("Resource"), resource);
    }

    #[test]
    fn one_that_a_service_made_or_that_is_gone_is_not_ours_to_delete() {
        let mut managed = endpoint("Interface");
        assert_eq!(managed.removal(), Removal::by(Action::DeleteVpcEndpoints));
        managed.requester_managed = true;
        assert!(matches!(managed.removal(), Removal::Follows(_)));
        let mut gone = endpoint("Interface");
        gone.status = "deleted".to_owned();
        assert!(matches!(gone.removal(), Removal::Follows(_)));
        assert!(gone.relations().is_empty() && gone.charges().is_empty());
    }
}
