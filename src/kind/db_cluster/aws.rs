//! Reads RDS database clusters: one listing, tags included; of the rack's own, too, whether TLS is
//! forced, and which snapshots of those that are not encrypted everybody may have.

use aws_sdk_rds::types;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Capacity, DbCluster, Member};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    id::ResourceId,
    kind::{
        AsKind, Fact, Kind,
        db_instance::{aws::open_to_all, forces_tls},
    },
    snapshot::Resource,
};

const CLUSTERS: Call = Call::new(Service::Rds, "DescribeDBClusters");
const SNAPSHOTS: Call = Call::new(Service::Rds, "DescribeDBClusterSnapshots");
const ATTRIBUTES: Call = Call::new(Service::Rds, "DescribeDBClusterSnapshotAttributes");
const PARAMETERS: Call = Call::new(Service::Rds, "DescribeDBClusterParameters");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[CLUSTERS, SNAPSHOTS, ATTRIBUTES, PARAMETERS],
    source: Source::Region(list),
    deepen: Some(deepen),
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
        public_snapshots: Fact::Unread,
        newest_snapshot: Fact::Unread,
        forces_tls: Fact::Unread,
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

fn deepen(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::DbCluster, clusters, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut cluster: Resource) -> Found {
    let mut found = Found::of(Kind::DbCluster);
    let id = cluster.id.clone();
    if let Some(attrs) = DbCluster::of_mut(&mut cluster.attrs) {
        attrs.forces_tls = tls(aws, &id, attrs, &mut found).await;
        if attrs.encrypted {
            attrs.public_snapshots = Fact::Known(Vec::new());
        } else if let Some(taken) = snapshots(aws, &id, &mut found).await {
            attrs.newest_snapshot = Fact::Known(newest(&taken));
            attrs.public_snapshots = open_snapshots(aws, &id, taken, &mut found).await;
        }
    }
    found.resources.push(cluster);
    found
}

/// What its parameter group says of the one parameter.
async fn tls(
    aws: &Aws,
    id: &ResourceId,
    attrs: &DbCluster,
    found: &mut Found,
) -> Fact<Option<bool>> {
    let (Some(name), Some(group)) = (attrs.tls_parameter(), &attrs.parameter_group) else {
        return Fact::Known(None);
    };
    let filter = types::Filter::builder().name("parameter-name");
    let filter = filter.values(name).build();
    let request = aws.rds.describe_db_cluster_parameters();
    let request = request.db_cluster_parameter_group_name(group);
    let pages = request.filters(filter).into_paginator().items().send();
    let answer: Result<Vec<types::Parameter>, _> = pages.try_collect().await;
    let Some(told) = found.answer(PARAMETERS, Some(id), answer) else {
        return Fact::Unread;
    };
    let mut told = told.into_iter();
    let Some(told) = told.find(|it| it.parameter_name.as_deref() == Some(name)) else {
        found.malformed(PARAMETERS, Some(id), Missing("Parameters.ParameterName"));
        return Fact::Unread;
    };
    let value = told.parameter_value.unwrap_or_default();
    let forces = forces_tls(&value, &attrs.engine, &attrs.engine_version);
    Fact::Known(Some(forces))
}

/// When anybody last took a snapshot of it, which only a teardown needs to know. Of one that is not encrypted they
/// were read already.
pub fn ask_for_snapshots(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    let look = |it| look_for_snapshots(aws, it);
    Box::pin(aws.find_each(Kind::DbCluster, clusters, look))
}

async fn look_for_snapshots(aws: &Aws, mut database: Resource) -> Found {
    let mut found = Found::of(Kind::DbCluster);
    let id = database.id.clone();
    if let Some(attrs) = DbCluster::of_mut(&mut database.attrs)
        && attrs.encrypted
        && let Some(taken) = snapshots(aws, &id, &mut found).await
    {
        attrs.newest_snapshot = Fact::Known(newest(&taken));
    }
    found.resources.push(database);
    found
}

/// The snapshots that people took, or `None` and a gap.
async fn snapshots(
    aws: &Aws,
    id: &ResourceId,
    found: &mut Found,
) -> Option<Vec<types::DbClusterSnapshot>> {
    let request = aws
        .rds
        .describe_db_cluster_snapshots()
        .snapshot_type("manual");
    let pages = request.db_cluster_identifier(&id.key).into_paginator();
    let answer = pages.items().send().try_collect().await;
    found.answer(SNAPSHOTS, Some(id), answer)
}

/// When the last one was taken that is whole.
fn newest(taken: &[types::DbClusterSnapshot]) -> Option<Timestamp> {
    let whole = taken.iter().filter(|it| it.status() == Some("available"));
    whole
        .filter_map(|it| shape::time(it.snapshot_create_time))
        .max()
}

/// Of the snapshots that people took, the names of those that everybody may restore.
async fn open_snapshots(
    aws: &Aws,
    id: &ResourceId,
    taken: Vec<types::DbClusterSnapshot>,
    found: &mut Found,
) -> Fact<Vec<String>> {
    let open = taken
        .into_iter()
        .filter(|it| it.storage_encrypted != Some(true));
    let names: Vec<Option<String>> = open.map(|it| it.db_cluster_snapshot_identifier).collect();
    let Some(names) = names.into_iter().collect::<Option<Vec<String>>>() else {
        let missing = Missing("DBClusterSnapshotIdentifier");
        found.malformed(SNAPSHOTS, Some(id), missing);
        return Fact::Unread;
    };
    let answers = aws.each(names.clone(), |name| {
        let request = aws.rds.describe_db_cluster_snapshot_attributes();
        request.db_cluster_snapshot_identifier(name).send()
    });
    let mut told = Vec::new();
    for (name, answer) in names.into_iter().zip(answers.await) {
        let answer = found.answer(ATTRIBUTES, Some(id), answer);
        let attributes = answer.map(|it| it.db_cluster_snapshot_attributes_result);
        let attributes = attributes.map(|it| it.and_then(|it| it.db_cluster_snapshot_attributes));
        let restore = attributes.map(|all| {
            let mut all = all.into_iter().flatten();
            all.find(|it| it.attribute_name() == Some("restore"))
        });
        if let Some(None) = restore {
            found.malformed(ATTRIBUTES, Some(id), Missing("AttributeName"));
        }
        let who = restore
            .flatten()
            .map(|it| it.attribute_values.unwrap_or_default());
        told.push((name, who));
    }
    open_to_all(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

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

    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

    fn result(operation: &str, inside: &str) -> String {
        format!(
            "<{operation}Response><{operation}Result>{inside}</{operation}Result></{operation}Response>"
        )
    }

    fn parameter(name: &str, value: &str) -> String {
        let parameter = format!(
            "<Parameters><Parameter><ParameterName>{name}</ParameterName>{value}</Parameter></Parameters>"
        );
        result("DescribeDBClusterParameters", &parameter)
    }

    fn snapshots(names: &[&str]) -> String {
        let each = names.iter().map(|it| {
            format!(
                "<DBClusterSnapshot><DBClusterSnapshotIdentifier>{it}</DBClusterSnapshotIdentifier>
                 <StorageEncrypted>false</StorageEncrypted></DBClusterSnapshot>"
            )
        });
        let all: String = each.collect();
        let inside = format!("<DBClusterSnapshots>{all}</DBClusterSnapshots>");
        result("DescribeDBClusterSnapshots", &inside)
    }

    fn shared_with(whom: &str) -> String {
        let attribute = format!(
            "<DBClusterSnapshotAttributesResult><DBClusterSnapshotAttributes>
             <DBClusterSnapshotAttribute><AttributeName>restore</AttributeName>
             <AttributeValues><AttributeValue>{whom}</AttributeValue></AttributeValues>
             </DBClusterSnapshotAttribute></DBClusterSnapshotAttributes>
             </DBClusterSnapshotAttributesResult>"
        );
        result("DescribeDBClusterSnapshotAttributes", &attribute)
    }

    async fn deepened(tape: &Tape, encrypted: bool) -> (DbCluster, Vec<String>) {
        let cluster = DbCluster {
            engine: "aurora-postgresql".to_owned(),
            engine_version: "16.4".to_owned(),
            encrypted,
            parameter_group: Some("default.aurora-postgresql16".to_owned()),
            ..DbCluster::default()
        };
        let found = deepen(&tape.aws(), vec![Resource::new("prod", cluster)]).await;
        let attrs = DbCluster::of(&found.resources[0].attrs).unwrap().clone();
        let gaps = found.gaps.iter().map(|it| it.action.clone());
        (attrs, gaps.collect())
    }

    #[tokio::test]
    async fn which_snapshots_are_open_is_asked_of_one_that_is_not_encrypted() {
        let tape = Tape::default()
            .answer(200, parameter("rds.force_ssl", ""))
            .answer(200, snapshots(&["mine", "open"]))
            .answer(200, shared_with("123456789012"))
            .answer(200, shared_with("all"));
        let (cluster, gaps) = deepened(&tape, false).await;
        assert!(gaps.is_empty(), "{gaps:?}");
        assert_eq!(
            cluster.public_snapshots,
            Fact::Known(vec!["open".to_owned()])
        );
        assert_eq!(cluster.forces_tls, Fact::Known(Some(false)));
        assert!(tape.asked()[0].contains("rds.force_ssl"));
    }

    #[tokio::test]
    async fn an_encrypted_one_is_asked_for_its_parameters_alone() {
        let value = "<ParameterValue>1</ParameterValue>";
        let tape = Tape::default().answer(200, parameter("rds.force_ssl", value));
        let (cluster, gaps) = deepened(&tape, true).await;
        assert!(gaps.is_empty(), "{gaps:?}");
        assert_eq!(cluster.public_snapshots, Fact::Known(Vec::new()));
        assert_eq!(cluster.forces_tls, Fact::Known(Some(true)));
    }

    #[tokio::test]
    async fn what_was_refused_is_unread() {
        let tape = Tape::default().answer(403, DENIED).answer(403, DENIED);
        let (cluster, gaps) = deepened(&tape, false).await;
        assert_eq!(cluster.public_snapshots, Fact::Unread);
        assert_eq!(cluster.forces_tls, Fact::Unread);
        let actions = [
            "rds:DescribeDBClusterParameters",
            "rds:DescribeDBClusterSnapshots",
        ];
        assert_eq!(gaps, actions);
        let tape = Tape::default()
            .answer(200, parameter("another", ""))
            .answer(200, snapshots(&["a"]))
            .answer(403, DENIED);
        let (cluster, gaps) = deepened(&tape, false).await;
        assert_eq!(cluster.public_snapshots, Fact::Unread);
        assert_eq!(cluster.forces_tls, Fact::Unread);
        assert_eq!(gaps.len(), 2);
    }

    #[tokio::test]
    async fn when_somebody_took_a_snapshot_of_an_encrypted_one_is_asked_for_a_teardown() {
        let taken = |time: &str, status: &str| {
            format!(
                "<DBClusterSnapshot><SnapshotCreateTime>{time}</SnapshotCreateTime>
                 <Status>{status}</Status></DBClusterSnapshot>"
            )
        };
        let taken = [
            taken("2026-11-01T00:00:00Z", "available"),
            taken("2026-11-20T00:00:00Z", "available"),
            taken("2026-11-21T00:00:00Z", "creating"),
        ];
        let answer = format!(
            "<DescribeDBClusterSnapshotsResponse><DescribeDBClusterSnapshotsResult><DBClusterSnapshots>{}</DBClusterSnapshots>
             </DescribeDBClusterSnapshotsResult></DescribeDBClusterSnapshotsResponse>",
            taken.concat()
        );
        let database = |encrypted| {
            let attrs = DbCluster {
                encrypted,
                ..DbCluster::default()
            };
            vec![Resource::new("orders", attrs)]
        };
        let newest = |found: &Found| {
            DbCluster::of(&found.resources[0].attrs)
                .unwrap()
                .newest_snapshot
        };

        let tape = Tape::default().answer(200, answer).answer(403, DENIED);
        let found = ask_for_snapshots(&tape.aws(), database(true)).await;
        let last: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        assert_eq!(newest(&found), Fact::Known(Some(last)));

        let found = ask_for_snapshots(&tape.aws(), database(true)).await;
        assert_eq!(newest(&found), Fact::Unread);
        assert_eq!(found.gaps[0].call, "rds:DescribeDBClusterSnapshots");

        // Those of one that is not encrypted are read for every snapshot.
        ask_for_snapshots(&tape.aws(), database(false)).await;
        assert_eq!(tape.asked().len(), 2);
    }
}
