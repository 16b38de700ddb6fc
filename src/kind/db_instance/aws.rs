//! Reads RDS database instances: one listing, tags included; of the rack's own, too, whether TLS is
//! forced, and which snapshots of those that are not encrypted everybody may have.

use aws_sdk_rds::types;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::DbInstance;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const INSTANCES: Call = Call::new(Service::Rds, "DescribeDBInstances");
const SNAPSHOTS: Call = Call::new(Service::Rds, "DescribeDBSnapshots");
const ATTRIBUTES: Call = Call::new(Service::Rds, "DescribeDBSnapshotAttributes");
const PARAMETERS: Call = Call::new(Service::Rds, "DescribeDBParameters");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[INSTANCES, SNAPSHOTS, ATTRIBUTES, PARAMETERS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::DbInstance);
        let pages = aws.rds.describe_db_instances().into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        found.pages(INSTANCES, pages, resource).await;
        found
    })
}

fn resource(db: types::DbInstance) -> Result<Resource, Missing> {
    let name = db.db_instance_identifier.need("DBInstanceIdentifier")?;
    let arn = db.db_instance_arn.need("DBInstanceArn")?;
    let endpoint = db.endpoint;
    // While it is being made, only this field has the port, where it is not 0.
    let port = endpoint.as_ref().and_then(|it| it.port);
    let port = port.or(db.db_instance_port.filter(|it| *it > 0));
    let subnets = db.db_subnet_group;
    let groups = db.vpc_security_groups.unwrap_or_default();
    let parameters = db.db_parameter_groups.unwrap_or_default();
    let options = db.option_group_memberships.unwrap_or_default();
    let roles = db.associated_roles.unwrap_or_default();
    let attrs = DbInstance {
        engine: db.engine.need("Engine")?,
        engine_version: db.engine_version.need("EngineVersion")?,
        class: db.db_instance_class.need("DBInstanceClass")?,
        license: text(db.license_model),
        status: db.db_instance_status.need("DBInstanceStatus")?,
        zone: text(db.availability_zone),
        standby_zone: text(db.secondary_availability_zone),
        multi_az: db.multi_az.need("MultiAZ")?,
        endpoint: endpoint.and_then(|it| it.address),
        port: shape::port(port),
        public: db.publicly_accessible.need("PubliclyAccessible")?,
        vpc: subnets.as_ref().and_then(|it| it.vpc_id.clone()),
        subnet_group: subnets.and_then(|it| it.db_subnet_group_name),
        security_groups: shape::sorted(
            groups.into_iter().filter_map(|it| it.vpc_security_group_id),
        ),
        storage_type: db.storage_type.unwrap_or_default(),
        storage_gib: count(Some(db.allocated_storage.need("AllocatedStorage")?)),
        max_storage_gib: db.max_allocated_storage.map(|it| count(Some(it))),
        iops: db.iops.map(|it| count(Some(it))),
        throughput: db.storage_throughput.map(|it| count(Some(it))),
        encrypted: db.storage_encrypted.need("StorageEncrypted")?,
        key: text(db.kms_key_id),
        backup_retention_days: count(Some(
            db.backup_retention_period.need("BackupRetentionPeriod")?,
        )),
        latest_restorable: shape::time(db.latest_restorable_time),
        deletion_protection: db.deletion_protection.need("DeletionProtection")?,
        auto_minor_upgrade: db
            .auto_minor_version_upgrade
            .need("AutoMinorVersionUpgrade")?,
        // Engines that have no such thing leave it out.
        performance_insights: db.performance_insights_enabled.unwrap_or_default(),
        performance_insights_key: text(db.performance_insights_kms_key_id),
        iam_auth: db.iam_database_authentication_enabled.unwrap_or_default(),
        monitoring_seconds: count(db.monitoring_interval),
        monitoring_role: text(db.monitoring_role_arn),
        roles: roles.into_iter().filter_map(|it| it.role_arn).collect(),
        cluster: text(db.db_cluster_identifier),
        replica_of: text(db.read_replica_source_db_instance_identifier),
        replicas: db.read_replica_db_instance_identifiers.unwrap_or_default(),
        secret: db.master_user_secret.and_then(|it| it.secret_arn),
        ca: text(db.ca_certificate_identifier),
        certificate_expires: shape::time(db.certificate_details.and_then(|it| it.valid_till)),
        parameter_groups: parameters
            .into_iter()
            .filter_map(|it| it.db_parameter_group_name)
            .collect(),
        option_groups: options
            .into_iter()
            .filter_map(|it| it.option_group_name)
            .collect(),
        log_exports: db.enabled_cloudwatch_logs_exports.unwrap_or_default(),
        public_snapshots: Fact::Unread,
        newest_snapshot: Fact::Unread,
        forces_tls: Fact::Unread,
        arn: arn.clone(),
    };
    Ok(Resource::new(name, attrs)
        .arn(arn)
        .created(shape::time(db.instance_create_time))
        .tags(tag_map!(db.tag_list.unwrap_or_default())))
}

fn deepen(aws: &Aws, databases: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::DbInstance, databases, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut database: Resource) -> Found {
    let mut found = Found::of(Kind::DbInstance);
    let id = database.id.clone();
    if let Some(attrs) = DbInstance::of_mut(&mut database.attrs) {
        attrs.forces_tls = forces_tls(aws, &id, attrs, &mut found).await;
        if attrs.encrypted || attrs.cluster.is_some() {
            attrs.public_snapshots = Fact::Known(Vec::new());
        } else if let Some(taken) = snapshots(aws, &id, &mut found).await {
            attrs.newest_snapshot = Fact::Known(newest(&taken));
            attrs.public_snapshots = open_snapshots(aws, &id, taken, &mut found).await;
        }
    }
    found.resources.push(database);
    found
}

/// What the first of its parameter groups says of the one parameter; a database has one group.
async fn forces_tls(
    aws: &Aws,
    id: &ResourceId,
    attrs: &DbInstance,
    found: &mut Found,
) -> Fact<Option<bool>> {
    let (Some(name), Some(group)) = (attrs.tls_parameter(), attrs.parameter_groups.first()) else {
        return Fact::Known(None);
    };
    let filter = types::Filter::builder().name("parameter-name");
    let filter = filter.values(name).build();
    let request = aws.rds.describe_db_parameters();
    let request = request.db_parameter_group_name(group).filters(filter);
    let pages = request.into_paginator().items().send();
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
    let forces = super::forces_tls(&value, &attrs.engine, &attrs.engine_version);
    Fact::Known(Some(forces))
}

/// When anybody last took a snapshot of it, which only a teardown needs to know. A member of a cluster has none,
/// and of one that is not encrypted they were read already.
pub fn ask_for_snapshots(aws: &Aws, databases: Vec<Resource>) -> BoxFuture<'_, Found> {
    let look = |it| look_for_snapshots(aws, it);
    Box::pin(aws.find_each(Kind::DbInstance, databases, look))
}

async fn look_for_snapshots(aws: &Aws, mut database: Resource) -> Found {
    let mut found = Found::of(Kind::DbInstance);
    let id = database.id.clone();
    if let Some(attrs) = DbInstance::of_mut(&mut database.attrs)
        && attrs.encrypted
        && attrs.cluster.is_none()
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
) -> Option<Vec<types::DbSnapshot>> {
    let request = aws.rds.describe_db_snapshots().snapshot_type("manual");
    let pages = request.db_instance_identifier(&id.key).into_paginator();
    let answer = pages.items().send().try_collect().await;
    found.answer(SNAPSHOTS, Some(id), answer)
}

/// When the last one was taken that is whole.
fn newest(taken: &[types::DbSnapshot]) -> Option<Timestamp> {
    let whole = taken.iter().filter(|it| it.status() == Some("available"));
    whole
        .filter_map(|it| shape::time(it.snapshot_create_time))
        .max()
}

/// Of the snapshots that people took, the names of those that everybody may restore.
async fn open_snapshots(
    aws: &Aws,
    id: &ResourceId,
    taken: Vec<types::DbSnapshot>,
    found: &mut Found,
) -> Fact<Vec<String>> {
    let open = taken.into_iter().filter(|it| it.encrypted != Some(true));
    let names: Vec<Option<String>> = open.map(|it| it.db_snapshot_identifier).collect();
    let Some(names) = names.into_iter().collect::<Option<Vec<String>>>() else {
        found.malformed(SNAPSHOTS, Some(id), Missing("DBSnapshotIdentifier"));
        return Fact::Unread;
    };
    let answers = aws.each(names.clone(), |name| {
        let request = aws.rds.describe_db_snapshot_attributes();
        request.db_snapshot_identifier(name).send()
    });
    let mut told = Vec::new();
    for (name, answer) in names.into_iter().zip(answers.await) {
        let answer = found.answer(ATTRIBUTES, Some(id), answer);
        let attributes = answer.map(|it| it.db_snapshot_attributes_result);
        let attributes = attributes.map(|it| it.and_then(|it| it.db_snapshot_attributes));
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

/// Of snapshots and of who may restore each (`None` where that was not read), the names of those
/// that everybody may.
pub(in crate::kind) fn open_to_all(told: Vec<(String, Option<Vec<String>>)>) -> Fact<Vec<String>> {
    let whole = told.iter().all(|(_, who)| who.is_some());
    let is_open = |who: &Option<Vec<String>>| who.iter().flatten().any(|it| it == "all");
    let open = told.into_iter().filter(|(_, who)| is_open(who));
    let open = shape::sorted(open.map(|(name, _)| name));
    // One that is open is bad enough to be told although another was not read.
    if whole || !open.is_empty() {
        Fact::Known(open)
    } else {
        Fact::Unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    /// An answer with one instance and what follows the list.
    fn page(name: &str, inside: &str, marker: &str) -> String {
        format!(
            r#"<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
             <DescribeDBInstancesResult><DBInstances><DBInstance>
               <DBInstanceIdentifier>{name}</DBInstanceIdentifier>
               <DBInstanceArn>arn:aws:rds:us-east-1:123456789012:db:{name}</DBInstanceArn>
               <DBInstanceClass>db.t3.micro</DBInstanceClass>
               <Engine>postgres</Engine><EngineVersion>16.3</EngineVersion>
               <DBInstanceStatus>available</DBInstanceStatus><MultiAZ>false</MultiAZ>
               <StorageType>gp3</StorageType><AllocatedStorage>20</AllocatedStorage>
               <StorageEncrypted>true</StorageEncrypted>
               <BackupRetentionPeriod>7</BackupRetentionPeriod>
               <DeletionProtection>true</DeletionProtection>
               <AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade>{inside}
             </DBInstance></DBInstances>{marker}</DescribeDBInstancesResult>
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </DescribeDBInstancesResponse>"#
        )
    }

    const PRIVATE: &str = "<PubliclyAccessible>false</PubliclyAccessible>";

    async fn one(inside: &str) -> (Resource, DbInstance) {
        let tape = Tape::default().answer(200, page("prod", inside, ""));
        let mut found = list(&tape.aws()).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let resource = found.resources.remove(0);
        let instance = DbInstance::of(&resource.attrs).unwrap().clone();
        (resource, instance)
    }

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let tape = Tape::default()
            .answer(200, page("a", PRIVATE, "<Marker>m</Marker>"))
            .answer(200, page("b", PRIVATE, ""));
        let found = list(&tape.aws()).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["a", "b"]);
        assert!(tape.asked()[0].contains("MaxRecords=100"));
        assert!(tape.asked()[1].contains("Marker=m"));
    }

    #[tokio::test]
    async fn it_tells_where_it_is_reached_and_what_it_stands_on() {
        let inside = format!(
            "{PRIVATE}<AvailabilityZone>us-east-1a</AvailabilityZone>
             <Endpoint><Address>prod.x.us-east-1.rds.amazonaws.com</Address><Port>5432</Port>
             </Endpoint>
             <DBSubnetGroup><DBSubnetGroupName>prod</DBSubnetGroupName><VpcId>vpc-1</VpcId>
             </DBSubnetGroup>
             <VpcSecurityGroups><VpcSecurityGroupMembership>
               <VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status>
             </VpcSecurityGroupMembership></VpcSecurityGroups>
             <DBParameterGroups><DBParameterGroup>
               <DBParameterGroupName>default.postgres16</DBParameterGroupName>
             </DBParameterGroup></DBParameterGroups>
             <EnabledCloudwatchLogsExports><member>postgresql</member>
             </EnabledCloudwatchLogsExports>
             <CertificateDetails><ValidTill>2061-05-24T22:59:00Z</ValidTill></CertificateDetails>
             <InstanceCreateTime>2018-04-29T21:00:00.000Z</InstanceCreateTime>
             <TagList><Tag><Key>Rack</Key><Value>prod</Value></Tag></TagList>"
        );
        let (resource, instance) = one(&inside).await;
        assert_eq!(instance.port, Some(5432));
        assert_eq!(instance.vpc.as_deref(), Some("vpc-1"));
        assert_eq!(instance.subnet_group.as_deref(), Some("prod"));
        assert_eq!(instance.security_groups, ["sg-1"]);
        assert_eq!(instance.parameter_groups, ["default.postgres16"]);
        assert_eq!(instance.log_exports, ["postgresql"]);
        let expires = instance.certificate_expires.unwrap();
        assert_eq!(expires.to_string(), "2061-05-24T22:59:00Z");
        assert_eq!(resource.tags["Rack"], "prod");
        assert_eq!(resource.created.unwrap().as_second(), 1_525_035_600);
    }

    #[tokio::test]
    async fn one_that_is_being_made_has_a_port_before_it_has_a_name() {
        let inside = format!("{PRIVATE}<DbInstancePort>5432</DbInstancePort>");
        assert_eq!(one(&inside).await.1.port, Some(5432));
        let inside = format!("{PRIVATE}<DbInstancePort>0</DbInstancePort>");
        assert_eq!(one(&inside).await.1.port, None);
    }

    #[tokio::test]
    async fn who_the_master_is_and_what_is_about_to_change_is_not_kept() {
        let inside = format!(
            "{PRIVATE}<MasterUsername>planted-secret-name</MasterUsername>
             <PendingModifiedValues><MasterUserPassword>planted-secret-word</MasterUserPassword>
             </PendingModifiedValues>
             <MasterUserSecret>
               <SecretArn>arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-AbCdEf</SecretArn>
             </MasterUserSecret>"
        );
        let (resource, instance) = one(&inside).await;
        assert!(instance.secret.unwrap().ends_with("rds!db-1-AbCdEf"));
        assert!(!format!("{resource:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn one_that_does_not_say_whether_it_is_public_is_a_gap() {
        let tape = Tape::default().answer(200, page("prod", "", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        let message = &found.gaps[0].message;
        assert_eq!(message, "the answer has no PubliclyAccessible");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default().answer(403, denied);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "rds:DescribeDBInstances");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

    fn parameter(value: &str) -> String {
        format!(
            "<DescribeDBParametersResponse><DescribeDBParametersResult><Parameters><Parameter>
             <ParameterName>rds.force_ssl</ParameterName>{value}</Parameter></Parameters>
             </DescribeDBParametersResult></DescribeDBParametersResponse>"
        )
    }

    fn snapshots(names: &[&str]) -> String {
        let of = |it: &&str| {
            format!(
                "<DBSnapshot><DBSnapshotIdentifier>{it}</DBSnapshotIdentifier>
                 <Encrypted>false</Encrypted></DBSnapshot>"
            )
        };
        let all: String = names.iter().map(of).collect();
        format!(
            "<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><DBSnapshots>{all}
             </DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>"
        )
    }

    fn attributes(values: &str) -> String {
        format!(
            "<DescribeDBSnapshotAttributesResponse><DescribeDBSnapshotAttributesResult>
             <DBSnapshotAttributesResult><DBSnapshotAttributes><DBSnapshotAttribute>
             <AttributeName>restore</AttributeName><AttributeValues>{values}</AttributeValues>
             </DBSnapshotAttribute></DBSnapshotAttributes></DBSnapshotAttributesResult>
             </DescribeDBSnapshotAttributesResult></DescribeDBSnapshotAttributesResponse>"
        )
    }

    async fn deepened(tape: &Tape, attrs: DbInstance) -> (DbInstance, Vec<String>) {
        let database = Resource::new("orders", attrs);
        let found = deepen(&tape.aws(), vec![database]).await;
        let attrs = DbInstance::of(&found.resources[0].attrs).unwrap();
        let gaps = found.gaps.iter().map(|it| it.call.clone()).collect();
        (attrs.clone(), gaps)
    }

    fn postgres() -> DbInstance {
        DbInstance {
            engine: "postgres".to_owned(),
            parameter_groups: vec!["ours".to_owned()],
            ..DbInstance::default()
        }
    }

    const EVERYBODY: &str = "<AttributeValue>all</AttributeValue>";

    #[tokio::test]
    async fn whether_tls_is_forced_and_which_snapshots_are_open_is_asked_of_the_racks_own() {
        let tape = Tape::default()
            .answer(200, parameter("<ParameterValue>1</ParameterValue>"))
            .answer(200, snapshots(&["mine", "shared", "open"]))
            .answer(200, attributes(""))
            .answer(
                200,
                attributes("<AttributeValue>111111111111</AttributeValue>"),
            )
            .answer(200, attributes(EVERYBODY));
        let (attrs, gaps) = deepened(&tape, postgres()).await;
        assert_eq!(gaps, Vec::<String>::new());
        assert_eq!(attrs.forces_tls, Fact::Known(Some(true)));
        assert_eq!(attrs.public_snapshots, Fact::Known(vec!["open".to_owned()]));
        let asked = tape.asked();
        assert!(
            asked[0].contains("Filters.Filter.1.Values.Value.1=rds.force_ssl"),
            "{}",
            asked[0]
        );
        assert!(asked[1].contains("SnapshotType=manual"));
    }

    #[tokio::test]
    async fn an_encrypted_one_of_another_engine_is_asked_nothing() {
        let oracle = DbInstance {
            engine: "oracle-se2".to_owned(),
            encrypted: true,
            ..postgres()
        };
        let tape = Tape::default();
        let (attrs, gaps) = deepened(&tape, oracle).await;
        assert_eq!((tape.asked().len(), gaps.len()), (0, 0));
        assert_eq!(attrs.forces_tls, Fact::Known(None));
        assert_eq!(attrs.public_snapshots, Fact::Known(Vec::new()));
    }

    #[tokio::test]
    async fn what_is_refused_is_unread_and_what_is_open_is_told_all_the_same() {
        let tape = Tape::default().answer(403, DENIED).answer(403, DENIED);
        let (attrs, gaps) = deepened(&tape, postgres()).await;
        assert_eq!(
            gaps,
            ["rds:DescribeDBParameters", "rds:DescribeDBSnapshots"]
        );
        assert_eq!(
            (attrs.forces_tls, attrs.public_snapshots),
            (Fact::Unread, Fact::Unread)
        );

        for (other, expected) in [
            (attributes(EVERYBODY), Fact::Known(vec!["b".to_owned()])),
            (attributes(""), Fact::Unread),
        ] {
            let tape = Tape::default()
                .answer(200, parameter(""))
                .answer(200, snapshots(&["a", "b"]))
                .answer(403, DENIED)
                .answer(200, other);
            let (attrs, gaps) = deepened(&tape, postgres()).await;
            assert_eq!(gaps, ["rds:DescribeDBSnapshotAttributes"]);
            assert_eq!(attrs.public_snapshots, expected);
            assert_eq!(attrs.forces_tls, Fact::Known(Some(false)));
        }
    }

    #[tokio::test]
    async fn when_somebody_took_a_snapshot_of_an_encrypted_one_is_asked_for_a_teardown() {
        let taken = |time: &str, status: &str| {
            format!(
                "<DBSnapshot><SnapshotCreateTime>{time}</SnapshotCreateTime>
                 <Status>{status}</Status></DBSnapshot>"
            )
        };
        let taken = [
            taken("2026-11-01T00:00:00Z", "available"),
            taken("2026-11-20T00:00:00Z", "available"),
            taken("2026-11-21T00:00:00Z", "creating"),
        ];
        let answer = format!(
            "<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><DBSnapshots>{}</DBSnapshots>
             </DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>",
            taken.concat()
        );
        let database = |encrypted| {
            let attrs = DbInstance {
                encrypted,
                ..DbInstance::default()
            };
            vec![Resource::new("orders", attrs)]
        };
        let newest = |found: &Found| {
            DbInstance::of(&found.resources[0].attrs)
                .unwrap()
                .newest_snapshot
        };

        let tape = Tape::default().answer(200, answer).answer(403, DENIED);
        let found = ask_for_snapshots(&tape.aws(), database(true)).await;
        let last: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        assert_eq!(newest(&found), Fact::Known(Some(last)));

        let found = ask_for_snapshots(&tape.aws(), database(true)).await;
        assert_eq!(newest(&found), Fact::Unread);
        assert_eq!(found.gaps[0].call, "rds:DescribeDBSnapshots");

        // Those of one that is not encrypted are read for every snapshot.
        ask_for_snapshots(&tape.aws(), database(false)).await;
        assert_eq!(tape.asked().len(), 2);
    }
}
