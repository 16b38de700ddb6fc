//! ElastiCache cluster: the nodes of Memcached, or one node of Redis or Valkey.
//!
//! Nodes of Redis and Valkey that copy each other are clusters of one node each, which a
//! replication group makes. Key: the cluster's id, which AWS writes in lower case.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place};
use crate::{
    arn,
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheCluster {
    /// `redis`, `valkey`, `memcached`.
    pub engine: String,
    pub engine_version: String,
    /// `cache.t3.micro`.
    pub node_type: String,
    /// AWS's word: `available`, `modifying`, `deleting`.
    pub status: String,
    /// How many nodes are paid for.
    pub node_count: u32,
    /// Those that are there.
    pub nodes: Vec<Node>,
    /// Absent where its nodes are in several.
    pub zone: Option<String>,
    /// Where clients ask for its nodes, of Memcached alone.
    pub endpoint: Option<String>,
    pub port: Option<u16>,
    /// Key of the replication group that made it.
    pub replication_group: Option<String>,
    pub subnet_group: Option<String>,
    /// What `DescribeCacheSubnetGroups` tells of its subnet group.
    pub network: Fact<Network>,
    pub security_groups: Vec<String>,
    pub encrypted_in_transit: bool,
    pub encrypted_at_rest: bool,
    /// It asks for a password.
    pub auth_token: bool,
    /// 0 where no snapshots are made by themselves.
    pub snapshot_retention_days: u32,
    pub auto_minor_upgrade: bool,
    pub parameter_group: Option<String>,
    /// The log groups that it writes to.
    pub log_groups: Vec<String>,
    /// ARN of the topic that is told what happens to it.
    pub topic: Option<String>,
}

/// One entry of `CacheNodes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    /// `0001`.
    pub id: String,
    pub status: String,
    pub zone: Option<String>,
    pub endpoint: Option<String>,
    pub port: Option<u16>,
}

/// Where its nodes may be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    pub vpc: String,
    pub subnets: Vec<String>,
}

/// Whether an engine keeps data that its users may miss; Memcached forgets by design.
fn keeps_data(engine: &str) -> bool {
    engine != "memcached"
}

impl CacheCluster {
    fn is_going(&self) -> bool {
        self.status == "deleting"
    }
}

impl Model for CacheCluster {
    fn relations(&self) -> Vec<Relation> {
        let sits = RelationKind::SitsIn;
        let network = self.network.known();
        let subnets = network.into_iter().flat_map(|it| &it.subnets);
        let vpc = network.map(|it| &it.vpc);
        // A cluster and its topic are always in one account and region.
        let topic = self.topic.as_deref().and_then(arn::resource);
        let topic = topic.map(|it| {
            let evidence = "NotificationConfiguration.TopicArn";
            Relation::new(RelationKind::WritesTo, it, evidence)
        });
        Relation::each(
            sits,
            Kind::Subnet,
            subnets,
            "CacheSubnetGroup.Subnets.SubnetIdentifier",
        )
        .chain(Relation::each(
            sits,
            Kind::Vpc,
            vpc,
            "CacheSubnetGroup.VpcId",
        ))
        .chain(Relation::each(
            RelationKind::Uses,
            Kind::SecurityGroup,
            &self.security_groups,
            "SecurityGroups.SecurityGroupId",
        ))
        .chain(Relation::each(
            RelationKind::WritesTo,
            Kind::LogGroup,
            &self.log_groups,
            "LogDeliveryConfigurations.DestinationDetails",
        ))
        .chain(topic)
        .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.is_going() {
            return Vec::new();
        }
        // One usage type has a price for each engine.
        let engine = match self.engine.as_str() {
            "redis" => "Redis",
            "valkey" => "Valkey",
            "memcached" => "Memcached",
            other => other,
        };
        let service = "AmazonElastiCache";
        let usage = format!("NodeUsage:{}|cacheEngine={engine}", self.node_type);
        let hours = Charge::per_hour("node hours", service, usage, self.node_count);
        // Of a replication group, the group pays.
        let own = self.replication_group.is_none() && self.snapshot_retention_days > 0;
        let backups = own.then(|| Charge::metered("backups", service, "BackupUsage", "GB-month"));
        [hours].into_iter().chain(backups).collect()
    }

    fn removal(&self) -> Removal {
        if self.is_going() {
            return Removal::Follows("AWS is deleting it already");
        }
        if self.replication_group.is_some() {
            return Removal::Follows("AWS deletes the cluster with its replication group");
        }
        let gone = Removal::by(Action::DeleteCacheCluster);
        if keeps_data(&self.engine) {
            return gone.losing(Data::Caches);
        }
        gone
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            vpc: self.network.known().map(|it| it.vpc.as_str()),
            subnet: None,
        }
    }

    fn summary(&self) -> String {
        let nodes = usize::try_from(self.node_count).unwrap_or(usize::MAX);
        let encrypted = match (self.encrypted_in_transit, self.encrypted_at_rest) {
            (true, true) => "encrypted",
            (true, false) => "encrypted in transit alone",
            (false, true) => "encrypted at rest alone",
            (false, false) => "not encrypted",
        };
        format!(
            "{} {}, {} of {}, {encrypted}",
            self.engine,
            self.engine_version,
            text::count(nodes, "node"),
            self.node_type
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(engine: &str) -> CacheCluster {
        CacheCluster {
            engine: engine.to_owned(),
            node_type: "cache.t3.micro".to_owned(),
            node_count: 1,
            ..CacheCluster::default()
        }
    }

    fn usages(cluster: &CacheCluster) -> Vec<String> {
        let charges = cluster.charges().into_iter();
        charges.map(|it| it.usage).collect()
    }

    #[test]
    fn it_sits_where_its_subnet_group_says_once_that_is_read() {
        let mut cluster = cluster("redis");
        cluster.security_groups = vec!["sg-1".to_owned()];
        let held = |it: &CacheCluster| {
            let relations = it.relations().into_iter();
            let ids = relations.map(|it| it.to.to_string());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(held(&cluster), ["security-group/sg-1"]);
        cluster.network = Fact::Known(Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-1".to_owned()],
        });
        assert_eq!(
            held(&cluster),
            ["subnet/subnet-1", "vpc/vpc-1", "security-group/sg-1"]
        );
        assert_eq!(cluster.place().vpc, Some("vpc-1"));
    }

    #[test]
    fn it_tells_its_topic_and_its_log_groups() {
        let cluster = CacheCluster {
            topic: Some("arn:aws:sns:us-east-1:1:events".to_owned()),
            log_groups: vec!["/redis/slow".to_owned()],
            ..cluster("redis")
        };
        let told = cluster.relations();
        assert!(told.iter().all(|it| it.kind == RelationKind::WritesTo));
        let told: Vec<String> = told.iter().map(|it| it.to.to_string()).collect();
        assert_eq!(told, ["log-group//redis/slow", "topic/events"]);
    }

    #[test]
    fn one_type_of_node_has_a_price_for_each_engine() {
        assert_eq!(
            usages(&cluster("valkey")),
            ["NodeUsage:cache.t3.micro|cacheEngine=Valkey"]
        );
    }

    #[test]
    fn snapshots_of_a_member_are_its_groups_to_pay() {
        let mut alone = cluster("redis");
        alone.snapshot_retention_days = 7;
        assert_eq!(usages(&alone)[1], "BackupUsage");
        alone.replication_group = Some("prod".to_owned());
        assert_eq!(usages(&alone).len(), 1);
    }

    #[test]
    fn only_one_that_stands_alone_and_remembers_takes_data_with_it() {
        let gone = Removal::by(Action::DeleteCacheCluster);
        assert_eq!(cluster("memcached").removal(), gone);
        let lost = gone.losing(Data::Caches);
        let mut redis = cluster("redis");
        assert_eq!(redis.removal(), lost);
        redis.replication_group = Some("prod".to_owned());
        assert!(matches!(redis.removal(), Removal::Follows(_)));
    }
}
