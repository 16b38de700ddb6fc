//! RDS database cluster: the data that its instances share, and the names that they answer to.
//!
//! Aurora, DocumentDB, Neptune, and RDS in three zones. Key: the cluster's identifier, which AWS
//! writes in lower case.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    Fact, Kind, Model,
    db_instance::bill::{self, Disk, Zones},
    key,
};
use crate::{
    arn,
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DbCluster {
    pub arn: String,
    /// AWS's word: `aurora-postgresql`, `docdb`, `neptune`; `mysql` or `postgres` in three zones.
    pub engine: String,
    pub engine_version: String,
    /// `provisioned`, or `serverless` for Aurora Serverless v1, which has no instances.
    pub engine_mode: Option<String>,
    /// AWS's word: `available`, `stopped`, `deleting`.
    pub status: String,
    pub members: Vec<Member>,
    /// Whether its instances are in more than one zone.
    pub multi_az: bool,
    /// The zones that its data may lie in.
    pub zones: Vec<String>,
    /// The host name of whichever member is written to.
    pub endpoint: Option<String>,
    /// The host name of those that are only read from.
    pub reader_endpoint: Option<String>,
    pub port: Option<u16>,
    /// Absent where its instances say so, each for itself.
    pub public: Option<bool>,
    /// Key of the DB subnet group.
    pub subnet_group: Option<String>,
    pub security_groups: Vec<String>,
    /// How much its instances of class `db.serverless` may use.
    pub capacity: Option<Capacity>,
    /// The class of all its instances, where it is one in three zones.
    pub class: Option<String>,
    /// `aurora`, `aurora-iopt1`; `gp3`, `io1` where it is one in three zones.
    pub storage_type: Option<String>,
    /// Says nothing where storage grows by itself.
    pub storage_gib: Option<u32>,
    pub iops: Option<u32>,
    /// MiB/s.
    pub throughput: Option<u32>,
    pub encrypted: bool,
    /// The KMS key's ARN, also where it is AWS's own.
    pub key: Option<String>,
    pub backup_retention_days: u32,
    /// The last moment that a backup can bring back.
    pub latest_restorable: Option<Timestamp>,
    pub deletion_protection: bool,
    /// Absent where its instances say so, each for itself.
    pub auto_minor_upgrade: Option<bool>,
    /// IAM identities may log in.
    pub iam_auth: bool,
    /// It takes SQL over HTTPS from whoever IAM lets.
    pub data_api: bool,
    /// ARNs of the roles that the database itself acts as.
    pub roles: Vec<String>,
    /// The cluster or instance that it is a copy of, by its ARN.
    pub replica_of: Option<String>,
    /// Its copies, likewise.
    pub replicas: Vec<String>,
    /// ARN of the secret that RDS keeps the master password in.
    pub secret: Option<String>,
    pub parameter_group: Option<String>,
    /// Logs that it sends to CloudWatch: `postgresql`, `audit`, `slowquery`.
    pub log_exports: Vec<String>,
    /// Names of the snapshots that people took of it and opened to everybody. RDS lets nobody open one
    /// that is encrypted.
    pub public_snapshots: Fact<Vec<String>>,
    /// When the last snapshot was taken that a person took of it, and that outlives it. Of one that
    /// is encrypted it is only asked for a teardown.
    pub newest_snapshot: Fact<Option<Timestamp>>,
    /// Whether its parameters turn away who comes without TLS; known to be none where its engine has
    /// no such parameter.
    pub forces_tls: Fact<Option<bool>>,
}

/// One entry of `DBClusterMembers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// Key of the DB instance.
    pub instance: String,
    /// The one that is written to.
    pub writer: bool,
    /// The lowest takes over first.
    pub promotion_tier: Option<u32>,
}

/// What Serverless v2 stays within, in capacity units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capacity {
    /// 0 where it may pause.
    pub min: Decimal,
    pub max: Decimal,
}

impl DbCluster {
    /// The parameter by which its engine turns away who comes without TLS.
    pub fn tls_parameter(&self) -> Option<&'static str> {
        match self.engine.as_str() {
            "aurora-postgresql" | "postgres" => Some("rds.force_ssl"),
            "aurora" | "aurora-mysql" | "mysql" => Some("require_secure_transport"),
            "docdb" => Some("tls"),
            "neptune" => Some("neptune_enforce_ssl"),
            _ => None,
        }
    }

    /// Key of the member that is written to.
    pub fn writer(&self) -> Option<&str> {
        let writer = self.members.iter().find(|it| it.writer);
        writer.map(|it| it.instance.as_str())
    }

    fn is_going(&self) -> bool {
        self.status == "deleting"
    }

    fn storage_type(&self) -> &str {
        self.storage_type.as_deref().unwrap_or_default()
    }

    /// Storage that grows by itself, of which the cluster's description does not tell how much.
    fn shared_storage(&self) -> Vec<Charge> {
        let service = bill::service(&self.engine);
        let optimized = bill::is_io_optimized(self.storage_type());
        let prefix = if service == "AmazonRDS" {
            "Aurora:"
        } else {
            ""
        };
        let metered = |component, usage: &str, unit| {
            Charge::metered(component, service, format!("{prefix}{usage}"), unit)
        };
        let storage = if optimized {
            "IO-OptimizedStorageUsage"
        } else {
            "StorageUsage"
        };
        let mut charges = vec![metered("storage", storage, "GB-month")];
        if !optimized {
            charges.push(metered("requests", "StorageIOUsage", "request"));
        }
        charges.push(metered("backups", "BackupUsage", "GB-month"));
        if self.engine_mode.as_deref() == Some("serverless") {
            charges.push(metered("capacity units", "ServerlessUsage", "ACU-hour"));
        }
        charges
    }

    /// Three instances and their disks, under one price.
    fn three_zones(&self) -> Vec<Charge> {
        let class = self.class.as_deref().filter(|_| self.status != "stopped");
        let hours =
            class.map(|it| bill::hours(&self.engine, None, it, self.storage_type(), Zones::Three));
        let disk = Disk {
            engine: &self.engine,
            storage_type: self.storage_type(),
            gib: self.storage_gib.unwrap_or_default(),
            iops: self.iops.unwrap_or_default(),
            throughput: self.throughput.unwrap_or_default(),
            zones: Zones::Three,
        };
        hours.into_iter().chain(disk.charges()).collect()
    }

    fn logs(&self) -> Vec<Relation> {
        let Some(own) = arn::resource(&self.arn) else {
            return Vec::new();
        };
        let family = match self.engine.as_str() {
            "docdb" => "/aws/docdb",
            "neptune" => "/aws/neptune",
            _ => "/aws/rds/cluster",
        };
        let groups = self.log_exports.iter().map(|it| {
            // AWS lets nobody choose the name.
            let group = format!("{family}/{}/{it}", own.key);
            let group = ResourceId::new(Kind::LogGroup, group);
            let evidence = "EnabledCloudwatchLogsExports";
            Relation::new(RelationKind::WritesTo, group, evidence)
        });
        groups.collect()
    }
}

impl Model for DbCluster {
    fn relations(&self) -> Vec<Relation> {
        let uses = RelationKind::Uses;
        let roles = self.roles.iter().filter_map(|it| arn::resource(it));
        let roles = roles.map(|it| Relation::new(uses, it, "AssociatedRoles.RoleArn"));
        let secret = self.secret.as_deref().and_then(arn::resource);
        let secret = secret.map(|it| Relation::new(uses, it, "MasterUserSecret.SecretArn"));
        let source = self.replica_of.as_deref();
        let source = source.and_then(|it| arn::beside(it, &self.arn));
        let source = source.map(|it| Relation::new(uses, it, "ReplicationSourceIdentifier"));
        Relation::each(
            uses,
            Kind::DbSubnetGroup,
            &self.subnet_group,
            "DBSubnetGroup",
        )
        .chain(Relation::each(
            uses,
            Kind::SecurityGroup,
            &self.security_groups,
            "VpcSecurityGroups.VpcSecurityGroupId",
        ))
        .chain(key::used(self.key.as_deref(), "KmsKeyId"))
        .chain(roles)
        .chain(secret)
        .chain(source)
        .chain(self.logs())
        .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.is_going() {
            Vec::new()
        } else if bill::has_shared_storage(&self.engine) {
            self.shared_storage()
        } else {
            self.three_zones()
        }
    }

    fn removal(&self) -> Removal {
        if self.is_going() {
            return Removal::Follows("AWS is deleting it already");
        }
        Removal::by(Action::DeleteDBCluster).losing(Data::Databases)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let members = text::count(self.members.len(), "instance");
        let mut words = format!("{} {}, {members}", self.engine, self.engine_version);
        if let Some(it) = &self.capacity {
            words.push_str(&format!(", {} to {} capacity units", it.min, it.max));
        }
        words.push_str(if self.encrypted {
            ", encrypted"
        } else {
            ", not encrypted"
        });
        if self.deletion_protection {
            words.push_str(", deletion protection on");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(engine: &str) -> DbCluster {
        DbCluster {
            arn: "arn:aws:rds:us-east-1:1:cluster:prod".to_owned(),
            engine: engine.to_owned(),
            ..DbCluster::default()
        }
    }

    fn usages(cluster: &DbCluster) -> Vec<String> {
        let charges = cluster.charges().into_iter();
        charges.map(|it| it.usage).collect()
    }

    fn held(cluster: &DbCluster) -> Vec<String> {
        let relations = cluster.relations().into_iter();
        let line = |it: Relation| format!("{} {}", it.kind.name(), it.to);
        relations.map(line).collect()
    }

    #[test]
    fn storage_that_grows_by_itself_is_metered() {
        let mut aurora = cluster("aurora-mysql");
        assert_eq!(
            usages(&aurora),
            [
                "Aurora:StorageUsage",
                "Aurora:StorageIOUsage",
                "Aurora:BackupUsage"
            ]
        );
        aurora.storage_type = Some("aurora-iopt1".to_owned());
        assert_eq!(
            usages(&aurora),
            ["Aurora:IO-OptimizedStorageUsage", "Aurora:BackupUsage"]
        );
    }

    #[test]
    fn one_in_three_zones_pays_for_all_its_instances() {
        let cluster = DbCluster {
            class: Some("db.m6gd.large".to_owned()),
            storage_type: Some("io1".to_owned()),
            storage_gib: Some(100),
            iops: Some(1000),
            ..cluster("mysql")
        };
        assert_eq!(
            usages(&cluster),
            [
                "Multi-AZClusterUsage:db.m6gd.large|databaseEngine=MySQL",
                "RDS:Multi-AZCluster-PIOPS-Storage",
                "RDS:Multi-AZCluster-PIOPS"
            ]
        );
    }

    #[test]
    fn a_copy_holds_on_to_its_source_where_that_is_beside_it() {
        let mut copy = cluster("aurora-mysql");
        copy.replica_of = Some("arn:aws:rds:us-east-1:1:db:old".to_owned());
        assert_eq!(held(&copy), ["uses db-instance/old"]);
        copy.replica_of = Some("arn:aws:rds:eu-west-1:1:cluster:old".to_owned());
        assert!(held(&copy).is_empty());
    }

    #[test]
    fn each_family_of_engines_names_its_log_groups_in_its_own_way() {
        for (engine, group) in [
            ("aurora-mysql", "/aws/rds/cluster/prod/audit"),
            ("docdb", "/aws/docdb/prod/audit"),
            ("neptune", "/aws/neptune/prod/audit"),
        ] {
            let mut cluster = cluster(engine);
            cluster.log_exports = vec!["audit".to_owned()];
            assert_eq!(held(&cluster), [format!("writes-to log-group/{group}")]);
        }
    }
}
