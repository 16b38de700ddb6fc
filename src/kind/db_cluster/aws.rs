//! Reads RDS database clusters: one listing, tags included.

use aws_sdk_rds::types;
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use super::{Capacity, DbCluster, Member};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const CLUSTERS: Call = Call::new(Service::Rds, "DescribeDBClusters");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[CLUSTERS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::DbCluster);
        let pages = aws.rds.describe_db_clusters().into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        found.pages(CLUSTERS, pages, resource).await;
        found
    })
}

fn resource(db: types::DbCluster) -> Result<Resource, Missing> {
    let name = db.db_cluster_identifier.need("DBClusterIdentifier")?;
    let arn = db.db_cluster_arn.need("DBClusterArn")?;
    let members = db.db_cluster_members.unwrap_or_default();
    let groups = db.vpc_security_groups.unwrap_or_default();
    let roles = db.associated_roles.unwrap_or_default();
    let capacity = db.serverless_v2_scaling_configuration;
    let attrs = DbCluster {
        engine: db.engine.need("Engine")?,
        engine_version: db.engine_version.need("EngineVersion")?,
        engine_mode: text(db.engine_mode),
        status: db.status.need("Status")?,
        members: members
            .into_iter()
            .map(member)
            .collect::<Result<_, Missing>>()?,
        multi_az: db.multi_az.need("MultiAZ")?,
        zones: db.availability_zones.unwrap_or_default(),
        endpoint: text(db.endpoint),
        reader_endpoint: text(db.reader_endpoint),
        port: shape::port(db.port),
        public: db.publicly_accessible,
        subnet_group: text(db.db_subnet_group),
        security_groups: shape::sorted(
            groups.into_iter().filter_map(|it| it.vpc_security_group_id),
        ),
        capacity: capacity.and_then(|it| {
            Some(Capacity {
                min: Decimal::try_from(it.min_capacity?).ok()?,
                max: Decimal::try_from(it.max_capacity?).ok()?,
            })
        }),
        class: text(db.db_cluster_instance_class),
        storage_type: text(db.storage_type),
        storage_gib: db.allocated_storage.map(|it| count(Some(it))),
        iops: db.iops.map(|it| count(Some(it))),
        throughput: db.storage_throughput.map(|it| count(Some(it))),
        encrypted: db.storage_encrypted.need("StorageEncrypted")?,
        key: text(db.kms_key_id),
        backup_retention_days: count(Some(
            db.backup_retention_period.need("BackupRetentionPeriod")?,
        )),
        latest_restorable: shape::time(db.latest_restorable_time),
        deletion_protection: db.deletion_protection.need("DeletionProtection")?,
        auto_minor_upgrade: db.auto_minor_version_upgrade,
        // Engines that have no such thing leave it out.
        iam_auth: db.iam_database_authentication_enabled.unwrap_or_default(),
        data_api: db.http_endpoint_enabled.unwrap_or_default(),
        roles: roles.into_iter().filter_map(|it| it.role_arn).collect(),
        replica_of: text(db.replication_source_identifier),
        replicas: db.read_replica_identifiers.unwrap_or_default(),
        secret: db.master_user_secret.and_then(|it| it.secret_arn),
        parameter_group: text(db.db_cluster_parameter_group),
        log_exports: db.enabled_cloudwatch_logs_exports.unwrap_or_default(),
        arn: arn.clone(),
    };
    Ok(Resource::new(name, attrs)
        .arn(arn)
        .created(shape::time(db.cluster_create_time))
        .tags(tag_map!(db.tag_list.unwrap_or_default())))
}

fn member(it: types::DbClusterMember) -> Result<Member, Missing> {
    Ok(Member {
        instance: it
            .db_instance_identifier
            .need("DBClusterMembers.DBInstanceIdentifier")?,
        writer: it
            .is_cluster_writer
            .need("DBClusterMembers.IsClusterWriter")?,
        promotion_tier: it.promotion_tier.map(|it| count(Some(it))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    /// An answer with one cluster and what follows the list.
    fn page(name: &str, inside: &str, marker: &str) -> String {
        format!(
            r#"<DescribeDBClustersResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
             <DescribeDBClustersResult><DBClusters><DBCluster>
               <DBClusterIdentifier>{name}</DBClusterIdentifier>
               <DBClusterArn>arn:aws:rds:us-east-1:123456789012:cluster:{name}</DBClusterArn>
               <Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion>
               <EngineMode>provisioned</EngineMode><MultiAZ>true</MultiAZ>
               <StorageEncrypted>true</StorageEncrypted>
               <BackupRetentionPeriod>1</BackupRetentionPeriod>
               <DeletionProtection>false</DeletionProtection>{inside}
             </DBCluster></DBClusters>{marker}</DescribeDBClustersResult>
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </DescribeDBClustersResponse>"#
        )
    }

    const AVAILABLE: &str = "<Status>available</Status>";

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let tape = Tape::default()
            .answer(200, page("a", AVAILABLE, "<Marker>m</Marker>"))
            .answer(200, page("b", AVAILABLE, ""));
        let found = list(&tape.aws()).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["a", "b"]);
        assert!(tape.asked()[1].contains("Marker=m"));
    }

    #[tokio::test]
    async fn it_tells_who_is_written_to_and_how_much_may_be_used() {
        let inside = format!(
            "{AVAILABLE}<MasterUsername>planted-secret-name</MasterUsername>
             <AllocatedStorage>1</AllocatedStorage><Port>5432</Port>
             <Endpoint>prod.cluster-x.us-east-1.rds.amazonaws.com</Endpoint>
             <DBSubnetGroup>prod</DBSubnetGroup>
             <AvailabilityZones><AvailabilityZone>us-east-1a</AvailabilityZone>
             </AvailabilityZones>
             <DBClusterMembers>
               <DBClusterMember><DBInstanceIdentifier>prod-1</DBInstanceIdentifier>
                 <IsClusterWriter>false</IsClusterWriter><PromotionTier>1</PromotionTier>
               </DBClusterMember>
               <DBClusterMember><DBInstanceIdentifier>prod-2</DBInstanceIdentifier>
                 <IsClusterWriter>true</IsClusterWriter></DBClusterMember>
             </DBClusterMembers>
             <AssociatedRoles><DBClusterRole>
               <RoleArn>arn:aws:iam::123456789012:role/loader</RoleArn></DBClusterRole>
             </AssociatedRoles>
             <ServerlessV2ScalingConfiguration><MinCapacity>0.5</MinCapacity>
               <MaxCapacity>16.0</MaxCapacity></ServerlessV2ScalingConfiguration>
             <TagList><Tag><Key>Rack</Key><Value>prod</Value></Tag></TagList>"
        );
        let tape = Tape::default().answer(200, page("prod", &inside, ""));
        let found = list(&tape.aws()).await;
        let cluster = DbCluster::of(&found.resources[0].attrs).unwrap();
        assert_eq!(cluster.writer(), Some("prod-2"));
        let capacity = cluster.capacity.as_ref().unwrap();
        assert_eq!(capacity.min.to_string(), "0.5");
        assert_eq!(capacity.max, Decimal::from(16));
        assert_eq!(cluster.zones, ["us-east-1a"]);
        assert_eq!(cluster.port, Some(5432));
        assert_eq!(cluster.roles.len(), 1);
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn one_without_its_status_is_a_gap() {
        let tape = Tape::default().answer(200, page("prod", "", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no Status");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default().answer(403, denied);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "rds:DescribeDBClusters");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
