//! Listener: a port on which a load balancer takes requests.
//!
//! Key: `load balancer/listener id`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Fact, Kind, Model,
    listener_rule::{Action, forwards, said},
};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{self, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    /// Key of its load balancer.
    pub load_balancer: String,
    /// 0 for a gateway load balancer, which takes packets to all ports.
    pub port: u16,
    /// AWS's word: `HTTP`, `HTTPS`, `TCP`, `TLS`, `UDP`, `TCP_UDP`, `GENEVE`.
    pub protocol: String,
    /// Which TLS versions and ciphers it takes: `ELBSecurityPolicy-TLS13-1-2-2021-06`.
    pub ssl_policy: Option<String>,
    /// The versions that this policy takes, in AWS's words: `TLSv1.2`, `TLSv1.3`.
    pub tls_versions: Fact<Vec<String>>,
    /// Keys of its certificates, the default one first; an IAM server certificate's ARN.
    pub certificates: Vec<String>,
    /// Those of its certificates that IAM keeps, with when they end.
    pub server_certificates: Fact<Vec<ServerCertificate>>,
    /// What it does with a request that no rule takes.
    pub actions: Vec<Action>,
    /// Whether clients must show a certificate: `off`, `passthrough`, `verify`.
    pub mutual_tls: Option<String>,
}

/// A certificate that somebody uploaded to IAM, which renews none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerCertificate {
    pub arn: String,
    /// Absent where IAM did not tell.
    pub not_after: Option<Timestamp>,
}

/// Whether a certificate is one of IAM's.
pub fn is_iams(certificate: &str) -> bool {
    certificate.contains(":server-certificate/")
}

/// The certificates of a list that are ACM's, as edges.
pub fn presents<'a>(
    certificates: impl Iterator<Item = &'a String>,
    evidence: &'static str,
) -> impl Iterator<Item = Relation> {
    certificates
        .filter(|it| !it.starts_with("arn:"))
        .map(move |it| {
            let certificate = ResourceId::new(Kind::Certificate, it);
            Relation::new(RelationKind::Uses, certificate, evidence)
        })
}

impl Model for Listener {
    fn relations(&self) -> Vec<Relation> {
        let balancer = ResourceId::new(Kind::LoadBalancer, &self.load_balancer);
        let part_of = Relation::new(RelationKind::PartOf, balancer, "LoadBalancerArn");
        let certificates = presents(self.certificates.iter(), "Certificates.CertificateArn");
        forwards(&self.actions, "DefaultActions.TargetGroupArn")
            .map(|it| it.port(Some(self.port).filter(|it| *it > 0)))
            .chain(certificates)
            .chain([part_of])
            .collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(removal::Action::DeleteListener)
    }

    fn summary(&self) -> String {
        let policy = self.ssl_policy.as_deref();
        let policy = policy.map(|it| format!(", {it}")).unwrap_or_default();
        format!(
            "{}:{}{policy}: {}",
            self.protocol,
            self.port,
            said(&self.actions)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::listener_rule::Forward;

    #[test]
    fn it_forwards_what_comes_to_its_port_and_uses_what_acm_keeps() {
        let forward = Forward {
            target_group: "web".to_owned(),
            weight: None,
        };
        let listener = Listener {
            load_balancer: "router".to_owned(),
            port: 443,
            certificates: vec![
                "1234-abcd".to_owned(),
                "arn:aws:iam::1:server-certificate/old".to_owned(),
            ],
            actions: vec![Action {
                targets: vec![forward],
                ..Action::default()
            }],
            ..Listener::default()
        };
        let relations = listener.relations();
        let held: Vec<(String, Option<u16>)> = relations
            .iter()
            .map(|it| (it.to.to_string(), it.port))
            .collect();
        assert_eq!(
            held,
            [
                ("target-group/web".to_owned(), Some(443)),
                ("certificate/1234-abcd".to_owned(), None),
                ("load-balancer/router".to_owned(), None),
            ]
        );
    }
}
