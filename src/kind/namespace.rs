//! Cloud Map namespace: where services are found by name, over DNS or only by asking Cloud Map.
//!
//! Key: the namespace's id, `ns-…`. ECS may also refer to it by its name.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
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
pub struct Namespace {
    /// The domain, where it is one.
    pub namespace_name: String,
    /// `HTTP`, `DNS_PRIVATE` or `DNS_PUBLIC`.
    #[serde(rename = "type")]
    pub namespace_type: String,
    /// Id of the hosted zone that Cloud Map keeps for it; absent without DNS. The zone tells
    /// which VPCs can ask.
    pub hosted_zone: Option<String>,
    /// How many services were made in it, where AWS tells.
    pub services: Option<u32>,
    /// Id of the account that made it, which may share it with others; where AWS tells.
    pub owner: Option<String>,
}

impl Model for Namespace {
    fn relations(&self) -> Vec<Relation> {
        let zone = self.hosted_zone.iter().map(|it| {
            let zone = ResourceId::new(Kind::HostedZone, it);
            Relation::new(RelationKind::Makes, zone, "DnsProperties.HostedZoneId")
        });
        zone.collect()
    }

    fn other_keys(&self) -> Vec<String> {
        vec![self.namespace_name.clone()]
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteNamespace)
    }

    fn summary(&self) -> String {
        let reach = match self.namespace_type.as_str() {
            "HTTP" => "found by asking Cloud Map",
            "DNS_PRIVATE" => "DNS within VPCs",
            "DNS_PUBLIC" => "public DNS",
            it => it,
        };
        match self.services {
            Some(it) => format!("{reach}, {}", text::count(it as usize, "service")),
            None => reach.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::Graph, snapshot::Resource};

    fn named(name: &str) -> Namespace {
        Namespace {
            namespace_name: name.to_owned(),
            ..Namespace::default()
        }
    }

    #[test]
    fn the_zone_of_a_domain_is_its_own_making() {
        let namespace = Namespace {
            hosted_zone: Some("Z1".to_owned()),
            ..named("prod.internal")
        };
        let made = &namespace.relations()[0];
        assert_eq!(made.to.to_string(), "hosted-zone/Z1");
        assert!(made.kind.is_origin());
    }

    #[test]
    fn it_is_found_by_its_name_unless_another_has_the_same() {
        let all = [
            Resource::new("ns-1", named("prod.internal")),
            Resource::new("ns-2", named("internal")),
            Resource::new("ns-3", named("internal")),
        ];
        let graph = Graph::build(&all);
        let found = |name: &str| graph.get(&ResourceId::new(Kind::Namespace, name));
        assert_eq!(found("prod.internal").map(|it| &it.id), Some(&all[0].id));
        assert_eq!(found("internal"), None);
    }
}
