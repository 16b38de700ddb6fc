//! ElastiCache replication group: clusters of Redis or Valkey that copy each other.
//!
//! Stacks declare the group and nobody its clusters; they belong to whom the group belongs. Key:
//! the group's id, which AWS writes in lower case.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, key};
use crate::{
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplicationGroup {
    pub description: String,
    /// `redis` or `valkey`; a listing may leave it out.
    pub engine: Option<String>,
    /// AWS's word: `available`, `modifying`, `deleting`.
    pub status: String,
    /// `cache.t3.micro`.
    pub node_type: Option<String>,
    pub members: Vec<Member>,
    /// Its data is spread over shards.
    pub cluster_mode: bool,
    /// AWS's word: `enabled`, `disabled`, `enabling`.
    pub automatic_failover: String,
    /// AWS's word: `enabled`, `disabled`; a listing may leave it out.
    pub multi_az: Option<String>,
    /// The host name of whichever member is written to, or where clients ask for the shards.
    pub endpoint: Option<String>,
    /// The host name of those that are only read from.
    pub reader_endpoint: Option<String>,
    pub port: Option<u16>,
    pub encrypted_in_transit: bool,
    pub encrypted_at_rest: bool,
    /// The KMS key, by id or ARN; absent where ElastiCache owns it.
    pub key: Option<String>,
    /// It asks for a password.
    pub auth_token: bool,
    /// Ids of the groups of users who may log in.
    pub user_groups: Vec<String>,
    /// 0 where no snapshots are made by themselves.
    pub snapshot_retention_days: u32,
    /// Absent where its clusters say so, each for itself.
    pub auto_minor_upgrade: Option<bool>,
}

/// One of its clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// Key of the cache cluster.
    pub cluster: String,
    /// Id of its shard: `0001`.
    pub shard: Option<String>,
    pub zone: Option<String>,
    /// `primary` or `replica`; AWS tells it only where there are no shards.
    pub role: Option<String>,
}

impl ReplicationGroup {
    fn is_going(&self) -> bool {
        self.status == "deleting"
    }
}

impl Model for ReplicationGroup {
    fn relations(&self) -> Vec<Relation> {
        let members = self.members.iter().map(|it| &it.cluster);
        let key = key::used(self.key.as_deref(), "KmsKeyId");
        Relation::each(
            RelationKind::Makes,
            Kind::CacheCluster,
            members,
            "MemberClusters",
        )
        .chain(key)
        .collect()
    }

    /// Its clusters pay for their nodes.
    fn charges(&self) -> Vec<Charge> {
        let backed = self.snapshot_retention_days > 0 && !self.is_going();
        let backups = backed
            .then(|| Charge::metered("backups", "AmazonElastiCache", "BackupUsage", "GB-month"));
        backups.into_iter().collect()
    }

    fn removal(&self) -> Removal {
        if self.is_going() {
            return Removal::Follows("AWS is deleting it already");
        }
        Removal::by(Action::DeleteReplicationGroup).losing(Data::Caches)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let failover = match self.automatic_failover.as_str() {
            "enabled" => "automatic failover",
            "disabled" => "no automatic failover",
            other => other,
        };
        let members = text::count(self.members.len(), "cluster");
        let zones = if self.multi_az.as_deref() == Some("enabled") {
            ", in several zones"
        } else {
            ""
        };
        format!("{members}, {failover}{zones}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_makes_its_clusters_and_holds_its_key() {
        let member = |cluster: &str| Member {
            cluster: cluster.to_owned(),
            ..Member::default()
        };
        let group = ReplicationGroup {
            members: vec![member("prod-001"), member("prod-002")],
            key: Some("arn:aws:kms:us-east-1:1:key/k".to_owned()),
            ..ReplicationGroup::default()
        };
        let held = group.relations().into_iter();
        let held: Vec<String> = held
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            held,
            [
                "makes cache-cluster/prod-001",
                "makes cache-cluster/prod-002",
                "uses key/k"
            ]
        );
    }
}
