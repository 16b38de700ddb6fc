//! Elastic IP: a public IPv4 address that stays ours until we release it.
//!
//! Key: the allocation id.

use serde::{Deserialize, Serialize};

use super::Model;
use crate::{
    charge::Charge,
    relation::Relation,
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ElasticIp {
    pub public_ip: String,
    /// The id of what ties it to an interface; absent where nothing has it.
    pub association: Option<String>,
    pub instance: Option<String>,
    pub interface: Option<String>,
    pub private_ip: Option<String>,
    /// Where it was taken from: `amazon`, or the id of a pool of the account's own.
    pub pool: Option<String>,
    /// The service that took it and releases it: `alb`, `nlb`, `rds`, `rnat`.
    pub managed_by: Option<String>,
}

impl ElasticIp {
    /// Nothing has it.
    pub fn is_idle(&self) -> bool {
        self.association.is_none() && self.interface.is_none() && self.instance.is_none()
    }
}

impl Model for ElasticIp {
    /// None: the association names its user, and the user goes before the address. The interface
    /// and the NAT gateway tell that edge.
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn charges(&self) -> Vec<Charge> {
        // Addresses of our own pool are free; those of a load balancer or a database are among its
        // charges.
        let own = self.pool.as_deref().is_some_and(|it| it != "amazon");
        if own || matches!(self.managed_by.as_deref(), Some("alb" | "nlb" | "rds")) {
            return Vec::new();
        }
        let usage = if self.is_idle() {
            "PublicIPv4:IdleAddress"
        } else {
            "PublicIPv4:InUseAddress"
        };
        vec![Charge::per_hour(
            "public IPv4 address",
            "AmazonVPC",
            usage,
            1,
        )]
    }

    fn removal(&self) -> Removal {
        if self.managed_by.is_some() {
            return Removal::Follows("the AWS service that took the address releases it");
        }
        Removal::by(Action::ReleaseAddress)
    }

    fn summary(&self) -> String {
        let user = self.instance.as_ref().or(self.interface.as_ref());
        match user {
            Some(user) => format!("{}, on {user}", self.public_ip),
            None if self.is_idle() => format!("{}, unused", self.public_ip),
            None => format!("{}, in use", self.public_ip),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(address: &ElasticIp) -> Option<String> {
        address.charges().pop().map(|it| it.usage)
    }

    #[test]
    fn an_unused_one_is_billed_as_idle() {
        let mut address = ElasticIp {
            pool: Some("amazon".to_owned()),
            ..ElasticIp::default()
        };
        assert_eq!(usage(&address).as_deref(), Some("PublicIPv4:IdleAddress"));
        address.association = Some("eipassoc-1".to_owned());
        assert_eq!(usage(&address).as_deref(), Some("PublicIPv4:InUseAddress"));
    }

    #[test]
    fn an_address_that_we_brought_is_free() {
        let address = ElasticIp {
            pool: Some("ipv4pool-ec2-1".to_owned()),
            ..ElasticIp::default()
        };
        assert_eq!(usage(&address), None);
    }

    #[test]
    fn what_a_service_took_is_not_ours_to_release() {
        let address = ElasticIp {
            managed_by: Some("nlb".to_owned()),
            ..ElasticIp::default()
        };
        assert!(matches!(address.removal(), Removal::Follows(_)));
        assert_eq!(usage(&address), None);
    }

    #[test]
    fn a_public_database_pays_for_its_address_itself() {
        let address = ElasticIp {
            managed_by: Some("rds".to_owned()),
            association: Some("eipassoc-1".to_owned()),
            ..ElasticIp::default()
        };
        assert_eq!(usage(&address), None);
    }
}
