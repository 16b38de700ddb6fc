//! Network interface: what puts a machine, a load balancer or a function into a subnet.
//!
//! Key: the interface's id.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
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
pub struct NetworkInterface {
    /// Free text; AWS's services write into it whose interface it is.
    pub description: String,
    /// AWS's word: `interface`, `natGateway`, `network_load_balancer`, `lambda`, `trunk`.
    pub interface_type: String,
    /// `available` where nothing has it, `in-use`, `attaching`, `detaching`.
    pub status: String,
    pub vpc: String,
    pub subnet: String,
    pub zone: String,
    pub private_ip: Option<String>,
    /// All private IPv4 addresses, that one among them.
    pub private_ips: Vec<String>,
    pub ipv6_addresses: Vec<String>,
    /// The public address of its first private one.
    pub public_ip: Option<String>,
    /// Keys of the Elastic IPs that its private addresses have.
    pub elastic_ips: Vec<String>,
    pub security_groups: Vec<String>,
    pub attached_instance: Option<String>,
    /// It goes with what it is attached to.
    pub delete_on_termination: bool,
    /// An AWS service made it and takes it away.
    pub requester_managed: bool,
    /// Who asked for it: an account, or a service's name such as `amazon-elb`.
    pub requester: Option<String>,
}

impl NetworkInterface {
    /// Whether ECS made it for a task.
    fn is_of_task(&self) -> bool {
        let mut parts = self.description.split(':');
        let arn = parts.next() == Some("arn") && parts.nth(1) == Some("ecs");
        self.requester_managed && arn
    }

    /// What it works for, where only its description says so.
    ///
    /// Anybody can write such a description, so only a service's own interfaces are believed.
    /// Instances, tasks, NAT gateways and mount targets name their interfaces themselves. RDS
    /// writes `RDSNetworkInterface` on those of all its databases, so nothing ties one to its own.
    pub fn owner(&self) -> Option<ResourceId> {
        if !self.requester_managed {
            return None;
        }
        if let Some(balancer) = self.description.strip_prefix("ELB ") {
            let parts: Vec<&str> = balancer.split('/').collect();
            return match parts[..] {
                [_, name, _] => Some(ResourceId::new(Kind::LoadBalancer, name)),
                [name] => Some(ResourceId::new(Kind::ClassicLoadBalancer, name)),
                _ => None,
            };
        }
        if let Some(cluster) = self.description.strip_prefix("ElastiCache ") {
            let is_id = !cluster.is_empty() && cluster.chars().all(is_of_cache_id);
            return is_id.then(|| ResourceId::new(Kind::CacheCluster, cluster));
        }
        let function = self.description.strip_prefix("AWS Lambda VPC ENI-")?;
        Some(ResourceId::new(Kind::Function, without_uuid(function)?))
    }
}

/// Whether the id of a cache cluster may hold it; other words are about no single one.
fn is_of_cache_id(it: char) -> bool {
    it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-'
}

/// `jobs-4b96d2c0-1e63-4c2f-9d51-2b7f0c0d8a11` → `jobs`.
fn without_uuid(text: &str) -> Option<&str> {
    let (name, uuid) = text.split_at_checked(text.len().checked_sub("-".len() + 36)?)?;
    let uuid = uuid.strip_prefix('-')?;
    let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
    (lengths == [8, 4, 4, 4, 12] && !name.is_empty()).then_some(name)
}

impl Model for NetworkInterface {
    fn relations(&self) -> Vec<Relation> {
        let owner = self.owner();
        let owner = owner.map(|it| Relation::new(RelationKind::PartOf, it, "Description"));
        let uses = RelationKind::Uses;
        Relation::each(uses, Kind::SecurityGroup, &self.security_groups, "Groups")
            .chain(Relation::each(
                uses,
                Kind::ElasticIp,
                &self.elastic_ips,
                "Association.AllocationId",
            ))
            .chain(Relation::each(
                RelationKind::SitsIn,
                Kind::Subnet,
                [&self.subnet],
                "SubnetId",
            ))
            .chain(owner)
            .collect()
    }

    /// The public address of a task on Fargate. Instances, load balancers, NAT gateways and
    /// databases tell of their own, and so does an Elastic IP.
    fn charges(&self) -> Vec<Charge> {
        let lent = self.public_ip.is_some() && self.elastic_ips.is_empty();
        let address = (lent && self.is_of_task()).then(|| {
            let usage = "PublicIPv4:InUseAddress";
            Charge::per_hour("public IPv4 address", "AmazonVPC", usage, 1)
        });
        address.into_iter().collect()
    }

    fn removal(&self) -> Removal {
        if self.requester_managed {
            return Removal::Follows("the AWS service that made the interface takes it away");
        }
        if self.attached_instance.is_some() && self.delete_on_termination {
            return Removal::Follows("AWS deletes the interface with its instance");
        }
        Removal::by(Action::DeleteNetworkInterface)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: Some(&self.zone),
            vpc: Some(&self.vpc),
            subnet: Some(&self.subnet),
        }
    }

    fn summary(&self) -> String {
        let addresses = [&self.private_ip, &self.public_ip];
        let mut words: Vec<&str> = addresses
            .into_iter()
            .filter_map(|it| it.as_deref())
            .collect();
        words.extend(self.attached_instance.as_deref());
        if !self.description.is_empty() {
            words.push(&self.description);
        }
        if words.is_empty() {
            words.push(&self.interface_type);
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(description: &str) -> NetworkInterface {
        NetworkInterface {
            description: description.to_owned(),
            subnet: "subnet-1".to_owned(),
            requester_managed: true,
            ..NetworkInterface::default()
        }
    }

    #[test]
    fn a_service_writes_whose_interface_it_is() {
        let uuid = "4b96d2c0-1e63-4c2f-9d51-2b7f0c0d8a11";
        for (description, owner) in [
            (
                "ELB app/router/50dc6c495c0c9188",
                Some("load-balancer/router"),
            ),
            (
                "ELB net/router/50dc6c495c0c9188",
                Some("load-balancer/router"),
            ),
            ("ELB prod-web", Some("classic-load-balancer/prod-web")),
            ("ELB app/router", None),
            (
                &format!("AWS Lambda VPC ENI-a-b-{uuid}"),
                Some("function/a-b"),
            ),
            (&format!("AWS Lambda VPC ENI-{uuid}"), None),
            ("AWS Lambda VPC ENI-Ärger", None),
            (
                "ElastiCache prod-redis-001",
                Some("cache-cluster/prod-redis-001"),
            ),
            ("ElastiCache of the shop", None),
            ("ElastiCache ", None),
            ("RDSNetworkInterface", None),
            ("Interface for NAT Gateway nat-1", None),
            ("", None),
        ] {
            let told = described(description).owner().map(|it| it.to_string());
            assert_eq!(told.as_deref(), owner, "{description}");
        }
    }

    #[test]
    fn the_public_address_of_a_task_is_billed_with_its_interface() {
        let attachment = "arn:aws:ecs:us-east-1:123456789012:attachment/9fecb348";
        let mut interface = described(attachment);
        assert_eq!(interface.charges(), []);
        interface.public_ip = Some("203.0.113.9".to_owned());
        assert_eq!(interface.charges()[0].usage, "PublicIPv4:InUseAddress");
        interface.elastic_ips = vec!["eipalloc-1".to_owned()];
        assert_eq!(interface.charges(), [], "an Elastic IP bills for itself");
    }

    #[test]
    fn addresses_of_other_interfaces_are_billed_with_what_they_work_for() {
        for description in ["ELB app/router/50dc6c495c0c9188", "RDSNetworkInterface", ""] {
            let mut interface = described(description);
            interface.public_ip = Some("203.0.113.9".to_owned());
            assert_eq!(interface.charges(), [], "{description}");
        }
    }

    #[test]
    fn a_description_that_anybody_may_have_written_is_not_believed() {
        let mut interface = described("ELB app/router/50dc6c495c0c9188");
        interface.requester_managed = false;
        assert_eq!(interface.owner(), None);
    }

    #[test]
    fn it_goes_before_the_address_that_it_has() {
        let mut interface = described("");
        interface.elastic_ips.push("eipalloc-1".to_owned());
        let uses = &interface.relations()[0];
        assert_eq!(uses.to.to_string(), "elastic-ip/eipalloc-1");
        assert_eq!(uses.kind, RelationKind::Uses);
    }

    #[test]
    fn only_one_that_nobody_else_removes_is_ours_to_delete() {
        let service = described("");
        assert!(matches!(service.removal(), Removal::Follows(_)));
        let mut attached = NetworkInterface {
            attached_instance: Some("i-1".to_owned()),
            delete_on_termination: true,
            ..NetworkInterface::default()
        };
        assert!(matches!(attached.removal(), Removal::Follows(_)));
        attached.delete_on_termination = false;
        let deleted = Removal::by(Action::DeleteNetworkInterface);
        assert_eq!(attached.removal(), deleted);
    }
}
