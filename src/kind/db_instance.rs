//! RDS database instance: one database server, of RDS itself, Aurora, DocumentDB or Neptune.
//!
//! Key: the instance's identifier, which AWS writes in lower case.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place, key};
use crate::{
    arn,
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;
pub mod bill;

use bill::{Disk, Zones};

/// Whether what a parameter says turns away who comes without TLS; of one that nobody set, whether
/// its engine does so by itself.
pub fn forces_tls(value: &str, engine: &str, version: &str) -> bool {
    match value.to_ascii_lowercase().as_str() {
        "" => forces_unasked(engine, version),
        "0" | "off" | "false" | "disabled" => false,
        // `1` and `on`; DocumentDB has words for each least version besides.
        _ => true,
    }
}

fn forces_unasked(engine: &str, version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|it| it.parse::<u32>().ok());
    let (major, minor) = (numbers.next(), numbers.next());
    match engine {
        "postgres" => major >= Some(15),
        "aurora-postgresql" => major >= Some(17),
        "mariadb" => (major, minor) >= (Some(11), Some(8)),
        "docdb" | "neptune" => true,
        _ => false,
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DbInstance {
    pub arn: String,
    /// AWS's word: `postgres`, `mysql`, `aurora-postgresql`, `docdb`, `neptune`, `sqlserver-se`.
    pub engine: String,
    pub engine_version: String,
    /// `db.t3.micro`; `db.serverless` where its cluster says how much it may use.
    pub class: String,
    /// `postgresql-license`, `license-included`, `bring-your-own-license`.
    pub license: Option<String>,
    /// AWS's word: `available`, `stopped`, `storage-full`, `deleting`.
    pub status: String,
    /// Absent while it is being made.
    pub zone: Option<String>,
    /// Where its copy waits.
    pub standby_zone: Option<String>,
    /// It has a copy in another zone that takes over. Of a cluster, the cluster says so.
    pub multi_az: bool,
    /// Its host name, not there while it is being made.
    pub endpoint: Option<String>,
    pub port: Option<u16>,
    /// It has a public address; whether anybody reaches that, its security groups decide.
    pub public: bool,
    pub vpc: Option<String>,
    /// Key of the DB subnet group.
    pub subnet_group: Option<String>,
    pub security_groups: Vec<String>,
    /// `gp3`, `io1`, `standard`; `aurora` where its cluster has the storage.
    pub storage_type: String,
    /// Says nothing where its cluster has the storage.
    pub storage_gib: u32,
    /// Up to where AWS lets the storage grow by itself; absent where it does not grow.
    pub max_storage_gib: Option<u32>,
    /// Absent where the type has no such number.
    pub iops: Option<u32>,
    /// MiB/s; absent where the type has no such number.
    pub throughput: Option<u32>,
    pub encrypted: bool,
    /// The KMS key's ARN, also where it is AWS's own.
    pub key: Option<String>,
    /// 0 where no backups are made.
    pub backup_retention_days: u32,
    /// The last moment that a backup can bring back.
    pub latest_restorable: Option<Timestamp>,
    pub deletion_protection: bool,
    pub auto_minor_upgrade: bool,
    pub performance_insights: bool,
    /// ARN of the KMS key for what Performance Insights keeps.
    pub performance_insights_key: Option<String>,
    /// IAM identities may log in.
    pub iam_auth: bool,
    /// Between two measurements of Enhanced Monitoring; 0 where it is off.
    pub monitoring_seconds: u32,
    /// ARN of the role that Enhanced Monitoring writes with.
    pub monitoring_role: Option<String>,
    /// ARNs of the roles that the database itself acts as.
    pub roles: Vec<String>,
    /// Key of the DB cluster that it is a member of.
    pub cluster: Option<String>,
    /// The instance that it is a copy of: its identifier, or its ARN where that is elsewhere.
    pub replica_of: Option<String>,
    /// Its copies, named likewise.
    pub replicas: Vec<String>,
    /// ARN of the secret that RDS keeps the master password in.
    pub secret: Option<String>,
    /// The authority that signed its certificate: `rds-ca-rsa2048-g1`.
    pub ca: Option<String>,
    pub certificate_expires: Option<Timestamp>,
    pub parameter_groups: Vec<String>,
    pub option_groups: Vec<String>,
    /// Logs that it sends to CloudWatch: `postgresql`, `upgrade`, `slowquery`.
    pub log_exports: Vec<String>,
    /// Names of the snapshots that people took of it and opened to everybody. RDS lets nobody open one
    /// that is encrypted; of a member of a cluster there are none.
    pub public_snapshots: Fact<Vec<String>>,
    /// When the last snapshot was taken that a person took of it, and that outlives it. Of one that
    /// is encrypted it is only asked for a teardown.
    pub newest_snapshot: Fact<Option<Timestamp>>,
    /// Whether its parameters turn away who comes without TLS; known to be none where its engine, or
    /// its cluster, says that elsewhere.
    pub forces_tls: Fact<Option<bool>>,
}

impl DbInstance {
    /// The parameter by which its engine turns away who comes without TLS, where its own parameter
    /// group has it.
    pub fn tls_parameter(&self) -> Option<&'static str> {
        if self.cluster.is_some() {
            return None;
        }
        match self.engine.as_str() {
            "postgres" => Some("rds.force_ssl"),
            "mysql" | "mariadb" => Some("require_secure_transport"),
            it if it.starts_with("sqlserver-") => Some("rds.force_ssl"),
            _ => None,
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.status == "stopped"
    }

    fn is_going(&self) -> bool {
        self.status == "deleting"
    }

    /// Whether it is one of the three of a Multi-AZ DB cluster, which pays for and removes them.
    fn is_of_multi_az_cluster(&self) -> bool {
        self.cluster.is_some() && !bill::has_shared_storage(&self.engine)
    }

    fn zones(&self) -> Zones {
        if self.multi_az {
            Zones::Two
        } else {
            Zones::One
        }
    }

    fn own_charges(&self) -> Vec<Charge> {
        let mut charges = Vec::new();
        if !self.is_stopped() {
            let license = self.license.as_deref();
            charges.push(bill::hours(
                &self.engine,
                license,
                &self.class,
                &self.storage_type,
                self.zones(),
            ));
        }
        if !bill::has_shared_storage(&self.engine) {
            let disk = Disk {
                engine: &self.engine,
                storage_type: &self.storage_type,
                gib: self.storage_gib,
                iops: self.iops.unwrap_or_default(),
                throughput: self.throughput.unwrap_or_default(),
                zones: self.zones(),
            };
            charges.extend(disk.charges());
            if self.backup_retention_days > 0 {
                charges.push(Charge::metered(
                    "backups",
                    "AmazonRDS",
                    "RDS:ChargedBackupUsage",
                    "GB-month",
                ));
            }
        }
        charges
    }

    fn keys(&self) -> impl Iterator<Item = Relation> {
        let insights = self.performance_insights_key.as_deref();
        let insights = key::used(insights, "PerformanceInsightsKMSKeyId");
        let storage = key::used(self.key.as_deref(), "KmsKeyId");
        storage.into_iter().chain(insights)
    }

    fn roles(&self) -> impl Iterator<Item = Relation> {
        let uses = |arn: &String, evidence| {
            let role = arn::resource(arn)?;
            Some(Relation::new(RelationKind::Uses, role, evidence))
        };
        let monitoring = self.monitoring_role.iter();
        let monitoring = monitoring.filter_map(move |it| uses(it, "MonitoringRoleArn"));
        let own = self.roles.iter();
        monitoring.chain(own.filter_map(move |it| uses(it, "AssociatedRoles.RoleArn")))
    }

    /// Of a cluster, the cluster sends the logs.
    fn logs(&self) -> Vec<Relation> {
        let Some(own) = arn::resource(&self.arn) else {
            return Vec::new();
        };
        let exports = self.log_exports.iter().filter(|_| self.cluster.is_none());
        let groups = exports.map(|it| {
            // RDS lets nobody choose the name.
            let group = format!("/aws/rds/instance/{}/{it}", own.key);
            let group = ResourceId::new(Kind::LogGroup, group);
            let evidence = "EnabledCloudwatchLogsExports";
            Relation::new(RelationKind::WritesTo, group, evidence)
        });
        groups.collect()
    }
}

impl Model for DbInstance {
    fn relations(&self) -> Vec<Relation> {
        let uses = RelationKind::Uses;
        let secret = self.secret.as_deref().and_then(arn::resource);
        let secret = secret.map(|it| Relation::new(uses, it, "MasterUserSecret.SecretArn"));
        // An ARN names an instance of another region.
        let source = self.replica_of.iter();
        let source = source.filter(|it| !it.starts_with("arn:"));
        Relation::each(
            RelationKind::PartOf,
            Kind::DbCluster,
            &self.cluster,
            "DBClusterIdentifier",
        )
        .chain(Relation::each(
            RelationKind::SitsIn,
            Kind::Vpc,
            &self.vpc,
            "DBSubnetGroup.VpcId",
        ))
        .chain(Relation::each(
            uses,
            Kind::DbSubnetGroup,
            &self.subnet_group,
            "DBSubnetGroup.DBSubnetGroupName",
        ))
        .chain(Relation::each(
            uses,
            Kind::SecurityGroup,
            &self.security_groups,
            "VpcSecurityGroups.VpcSecurityGroupId",
        ))
        .chain(Relation::each(
            uses,
            Kind::DbInstance,
            source,
            "ReadReplicaSourceDBInstanceIdentifier",
        ))
        .chain(self.keys())
        .chain(self.roles())
        .chain(secret)
        .chain(self.logs())
        .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.is_going() {
            return Vec::new();
        }
        let mut charges = if self.is_of_multi_az_cluster() {
            Vec::new()
        } else {
            self.own_charges()
        };
        if self.public && !self.is_stopped() {
            charges.push(Charge::per_hour(
                "public IPv4 address",
                "AmazonVPC",
                "PublicIPv4:InUseAddress",
                1,
            ));
        }
        charges
    }

    fn removal(&self) -> Removal {
        if self.is_going() {
            return Removal::Follows("AWS is deleting it already");
        }
        if self.is_of_multi_az_cluster() {
            return Removal::Follows("AWS deletes the instance with its cluster");
        }
        let gone = Removal::by(Action::DeleteDBInstance);
        // The data of these is their cluster's and goes with that.
        if self.cluster.is_some() {
            return gone;
        }
        gone.losing(Data::Databases)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            vpc: self.vpc.as_deref(),
            subnet: None,
        }
    }

    fn summary(&self) -> String {
        let mut text = format!("{} {}, {}", self.engine, self.engine_version, self.class);
        if !bill::has_shared_storage(&self.engine) {
            text.push_str(&format!(", {} GiB {}", self.storage_gib, self.storage_type));
        }
        if self.multi_az {
            text.push_str(", two zones");
        }
        if self.public {
            text.push_str(", public");
        }
        text.push_str(if self.encrypted {
            ", encrypted"
        } else {
            ", not encrypted"
        });
        if self.deletion_protection {
            text.push_str(", deletion protection on");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_nobody_set_is_what_its_engine_makes_of_it() {
        for (value, engine, version, forces) in [
            ("1", "postgres", "14.6", true),
            ("0", "postgres", "16.3", false),
            ("", "postgres", "16.3", true),
            ("", "postgres", "14.6", false),
            ("", "aurora-postgresql", "16.4", false),
            ("", "aurora-postgresql", "17.4", true),
            ("", "mariadb", "11.4.5", false),
            ("", "mariadb", "11.8.3", true),
            ("", "aurora-mysql", "8.0.mysql_aurora.3.08.0", false),
            ("ON", "aurora-mysql", "8.0.mysql_aurora.3.08.0", true),
            ("disabled", "docdb", "5.0.0", false),
            ("tls1.2+", "docdb", "5.0.0", true),
        ] {
            let said = forces_tls(value, engine, version);
            assert_eq!(said, forces, "{value} {engine} {version}");
        }
    }

    fn postgres() -> DbInstance {
        DbInstance {
            arn: "arn:aws:rds:us-east-1:1:db:prod".to_owned(),
            engine: "postgres".to_owned(),
            class: "db.t3.micro".to_owned(),
            status: "available".to_owned(),
            storage_type: "gp2".to_owned(),
            storage_gib: 20,
            ..DbInstance::default()
        }
    }

    fn member(engine: &str) -> DbInstance {
        DbInstance {
            engine: engine.to_owned(),
            cluster: Some("prod".to_owned()),
            ..postgres()
        }
    }

    fn held(instance: &DbInstance) -> Vec<String> {
        let relations = instance.relations().into_iter();
        let line = |it: Relation| format!("{} {}", it.kind.name(), it.to);
        relations.map(line).collect()
    }

    fn components(instance: &DbInstance) -> Vec<&'static str> {
        let charges = instance.charges().into_iter();
        charges.map(|it| it.component).collect()
    }

    #[test]
    fn it_goes_before_all_that_it_stands_on() {
        let instance = DbInstance {
            vpc: Some("vpc-1".to_owned()),
            subnet_group: Some("prod".to_owned()),
            security_groups: vec!["sg-1".to_owned()],
            key: Some("arn:aws:kms:us-east-1:1:key/k".to_owned()),
            monitoring_role: Some("arn:aws:iam::1:role/watcher".to_owned()),
            roles: vec!["arn:aws:iam::1:role/loader".to_owned()],
            cluster: Some("prod".to_owned()),
            ..postgres()
        };
        assert_eq!(
            held(&instance),
            [
                "part-of db-cluster/prod",
                "sits-in vpc/vpc-1",
                "uses db-subnet-group/prod",
                "uses security-group/sg-1",
                "uses key/k",
                "uses role/watcher",
                "uses role/loader"
            ]
        );
    }

    #[test]
    fn a_copy_holds_on_to_its_source_where_that_is_beside_it() {
        let mut copy = postgres();
        copy.replica_of = Some("prod".to_owned());
        assert_eq!(held(&copy), ["uses db-instance/prod"]);
        copy.replica_of = Some("arn:aws:rds:eu-west-1:1:db:prod".to_owned());
        assert!(held(&copy).is_empty());
    }

    #[test]
    fn its_logs_are_in_groups_that_rds_names() {
        let mut instance = postgres();
        instance.log_exports = vec!["postgresql".to_owned()];
        let group = "writes-to log-group//aws/rds/instance/prod/postgresql";
        assert_eq!(held(&instance), [group]);
    }

    #[test]
    fn a_stopped_one_pays_for_its_disk_alone() {
        let mut instance = postgres();
        assert_eq!(components(&instance), ["instance hours", "storage"]);
        instance.status = "stopped".to_owned();
        instance.public = true;
        assert_eq!(components(&instance), ["storage"]);
    }

    #[test]
    fn what_its_cluster_pays_for_is_not_paid_for_twice() {
        assert_eq!(components(&member("aurora-mysql")), ["instance hours"]);
        assert!(components(&member("mysql")).is_empty());
    }

    #[test]
    fn only_one_that_stands_alone_takes_data_with_it() {
        let gone = Removal::by(Action::DeleteDBInstance);
        let lost = gone.clone().losing(Data::Databases);
        assert_eq!(postgres().removal(), lost);
        assert_eq!(member("aurora-mysql").removal(), gone);
        assert!(matches!(member("mysql").removal(), Removal::Follows(_)));
    }
}
