//! Classic load balancer: where traffic comes in to instances that are registered by hand.
//!
//! Key: the load balancer's name.

use serde::{Deserialize, Serialize};

use super::{
    Fact, Kind, Model, Place,
    listener::{ServerCertificate, presents},
};
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
pub struct ClassicLoadBalancer {
    /// `internet-facing` or `internal`.
    pub scheme: String,
    pub dns_name: String,
    pub vpc: Option<String>,
    pub subnets: Vec<String>,
    pub zones: Vec<String>,
    pub security_groups: Vec<String>,
    pub listeners: Vec<ClassicListener>,
    /// Ids of the registered instances.
    pub instances: Vec<String>,
    /// What is asked of an instance: `HTTP:80/check`, `TCP:22`.
    pub health_check: String,
    /// What `DescribeInstanceHealth` tells.
    pub health: Fact<Vec<InstanceHealth>>,
    /// Those of its listeners' certificates that IAM keeps, with when they end.
    pub server_certificates: Fact<Vec<ServerCertificate>>,
    /// The bucket that access logs are delivered to.
    pub access_log_bucket: Fact<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassicListener {
    /// AWS's word: `HTTP`, `HTTPS`, `TCP`, `SSL`.
    pub protocol: String,
    pub port: u16,
    pub instance_protocol: String,
    pub instance_port: u16,
    /// Key of the certificate; an IAM server certificate's ARN.
    pub certificate: Option<String>,
    /// Names of its policies, the one for TLS among them.
    pub policies: Vec<String>,
    /// The one for TLS; known to be none where no TLS ends here, or AWS tells of none.
    pub tls: Fact<Option<TlsPolicy>>,
}

/// What a classic listener asks of those who come by TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsPolicy {
    pub name: String,
    /// The one of AWS's own that it was made of: `ELBSecurityPolicy-2016-08`.
    pub made_of: Option<String>,
    /// What it takes, in AWS's words: `SSLv3`, `TLSv1`, `TLSv1.2`.
    pub versions: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceHealth {
    pub instance: String,
    /// AWS's word: `InService`, `OutOfService`, `Unknown`.
    pub state: String,
    /// Whose fault it is: `ELB`, `Instance`, `N/A`.
    pub reason: Option<String>,
    pub description: Option<String>,
}

impl ClassicListener {
    /// Whether TLS ends here.
    pub fn ends_tls(&self) -> bool {
        matches!(self.protocol.as_str(), "HTTPS" | "SSL")
    }
}

impl ClassicLoadBalancer {
    pub fn is_internet_facing(&self) -> bool {
        self.scheme == "internet-facing"
    }

    /// An edge for each instance and each port that it gets requests at.
    fn forwards(&self) -> impl Iterator<Item = Relation> {
        self.instances.iter().flat_map(|instance| {
            self.listeners.iter().map(move |it| {
                let instance = ResourceId::new(Kind::Instance, instance);
                Relation::new(RelationKind::ForwardsTo, instance, "Instances.InstanceId")
                    .port(it.instance_port)
            })
        })
    }
}

impl Model for ClassicLoadBalancer {
    fn relations(&self) -> Vec<Relation> {
        let to = |kind, of, key: &String, evidence| {
            Relation::new(kind, ResourceId::new(of, key), evidence)
        };
        let subnets = self.subnets.iter();
        let subnets = subnets.map(|it| to(RelationKind::SitsIn, Kind::Subnet, it, "Subnets"));
        let vpc = self.vpc.iter();
        let vpc = vpc.map(|it| to(RelationKind::SitsIn, Kind::Vpc, it, "VPCId"));
        let groups = self.security_groups.iter();
        let groups = groups.map(|it| {
            to(
                RelationKind::Uses,
                Kind::SecurityGroup,
                it,
                "SecurityGroups",
            )
        });
        let certificates = self
            .listeners
            .iter()
            .filter_map(|it| it.certificate.as_ref());
        let certificates = presents(certificates, "Listener.SSLCertificateId");
        let logs = self.access_log_bucket.known().into_iter().flatten();
        let logs = logs.map(|it| {
            let evidence = "AccessLog.S3BucketName";
            to(RelationKind::WritesTo, Kind::Bucket, it, evidence)
        });
        self.forwards()
            .chain(subnets)
            .chain(vpc)
            .chain(groups)
            .chain(certificates)
            .chain(logs)
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        // The other kinds of load balancer have the same usage type and another price.
        let hours = "LoadBalancerUsage|productFamily=Load Balancer";
        let data = "DataProcessing-Bytes|productFamily=Load Balancer";
        let mut charges = vec![
            Charge::per_hour("load balancer hours", "AWSELB", hours, 1),
            Charge::metered("data processed", "AWSELB", data, "GB"),
        ];
        if self.scheme.is_empty() {
            charges.push(Charge::unread(
                "public IPv4 addresses",
                "AmazonVPC",
                "whether the internet reaches it was not read",
            ));
        }
        if self.is_internet_facing() {
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

    fn place(&self) -> Place<'_> {
        Place {
            vpc: self.vpc.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} classic, {} zones, {} instances, {}",
            self.scheme,
            self.zones.len(),
            self.instances.len(),
            self.dns_name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> ClassicLoadBalancer {
        let listener = |port, certificate: &str| ClassicListener {
            port,
            instance_port: 5000 + port,
            certificate: Some(certificate.to_owned()),
            ..ClassicListener::default()
        };
        ClassicLoadBalancer {
            scheme: "internet-facing".to_owned(),
            zones: vec!["us-east-1a".to_owned()],
            instances: vec!["i-1".to_owned()],
            listeners: vec![
                listener(443, "1234-abcd"),
                listener(444, "arn:aws:iam::1:server-certificate/old"),
            ],
            ..ClassicLoadBalancer::default()
        }
    }

    #[test]
    fn an_instance_gets_requests_at_every_instance_port() {
        let relations = router().relations();
        let ports: Vec<Option<u16>> = relations
            .iter()
            .filter(|it| it.kind == RelationKind::ForwardsTo)
            .map(|it| it.port)
            .collect();
        assert_eq!(ports, [Some(5443), Some(5444)]);
    }

    #[test]
    fn only_acms_certificates_are_ours_to_name() {
        let relations = router().relations();
        let certificates: Vec<&str> = relations
            .iter()
            .filter(|it| it.to.kind == Kind::Certificate)
            .map(|it| it.to.key.as_str())
            .collect();
        assert_eq!(certificates, ["1234-abcd"]);
    }

    #[test]
    fn logs_are_a_relation_once_they_are_known_to_be_on() {
        let writes = |logs| {
            let router = ClassicLoadBalancer {
                access_log_bucket: logs,
                ..router()
            };
            let relations = router.relations();
            let kinds = relations.iter().map(|it| it.kind);
            kinds.filter(|it| *it == RelationKind::WritesTo).count()
        };
        assert_eq!(writes(Fact::Unread), 0);
        assert_eq!(writes(Fact::Known(None)), 0);
        assert_eq!(writes(Fact::Known(Some("logs".to_owned()))), 1);
    }

    #[test]
    fn it_is_not_priced_like_an_application_load_balancer() {
        let charges = router().charges();
        assert!(charges[0].usage.ends_with("=Load Balancer"));
        assert_eq!(charges[2].component, "public IPv4 addresses");
    }
}
