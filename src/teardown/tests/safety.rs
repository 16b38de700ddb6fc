//! What a plan must not lose, break or promise, however much was agreed to.

use super::*;
use crate::{
    kind::{AsKind as _, Fact, stack::Stack},
    testing::{opened, stack},
};

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/k-1";

fn key() -> Resource {
    thing(
        "key/k-1",
        json!({ "facts": { "known": { "state": "Enabled", "manager": "CUSTOMER" } } }),
    )
}

fn with_backup() -> Consent {
    Consent {
        backup: true,
        ..all()
    }
}

/// The plan of what `own` names, beside what is somebody else's.
fn beside(resources: Vec<Resource>, own: &[&str], consent: &Consent) -> Plan {
    planned(&snapshot(resources, own, Vec::new()), consent)
}

fn of_stack(stack: Resource, rest: Vec<Resource>, consent: &Consent) -> Plan {
    let mut snapshot = snapshot([vec![stack], rest].concat(), &[], Vec::new());
    snapshot.definition = None;
    planned(&snapshot, consent)
}

fn note<'p>(plan: &'p Plan, part: &str) -> &'p str {
    let note = plan.notes.iter().find(|it| it.contains(part));
    note.unwrap_or_else(|| panic!("no note has `{part}`: {:#?}", plan.notes))
}

#[test]
fn a_key_stays_while_it_was_not_read_what_encrypts_somebody_elses_data() {
    for (other, call) in [
        ("bucket/theirs", "s3:GetEncryptionConfiguration"),
        ("table/theirs", "dynamodb:DescribeTable"),
        ("queue/theirs", "sqs:GetQueueAttributes"),
        ("topic/theirs", "sns:GetTopicAttributes"),
    ] {
        let plan = beside(vec![key(), thing(other, json!({}))], &["key/k-1"], &all());
        let call = format!("{call} of {other}");
        assert_eq!(why(&plan, "key/k-1"), &Why::Unread { call });
    }
}

#[test]
fn a_key_goes_when_all_that_stays_has_another() {
    let theirs = thing(
        "bucket/theirs",
        json!({ "encryption": { "known": "AES256" } }),
    );
    let plan = beside(vec![key(), theirs], &["key/k-1"], &all());
    assert!(plan.goes().contains(&id("key/k-1")));
    note(&plan, "recovery points of AWS Backup");
}

#[test]
fn a_stack_whose_key_may_be_anybodys_stays_and_says_what_was_not_read() {
    let prod = opened(stack("prod"), &[("AWS::KMS::Key", "k-1")]);
    let rest = vec![key(), thing("bucket/theirs", json!({}))];
    let plan = of_stack(prod, rest, &all());
    let blocker = &plan.blockers[0];
    assert_eq!(blocker.resource, Some(id("stack/prod")));
    assert!(blocker.remedy.contains("bucket/theirs"), "{blocker:#?}");
}

#[test]
fn a_copy_that_a_template_asks_for_keeps_its_key() {
    let mut prod = opened(
        stack("prod"),
        &[("AWS::RDS::DBInstance", "db"), ("AWS::KMS::Key", "k-1")],
    );
    if let Some(it) = Stack::of_mut(&mut prod.attrs) {
        let policy = ("db".to_owned(), "Snapshot".to_owned());
        it.kept = Fact::Known(BTreeMap::from([policy]));
    }
    let database = thing(
        "db-instance/db",
        json!({ "status": "available", "key": KEY }),
    );
    let plan = of_stack(prod, vec![database, key()], &all());
    assert!(matches!(why(&plan, "key/k-1"), Why::Kept { .. }));
    assert!(
        plan.blockers[0]
            .evidence
            .contains("the copy of db-instance/db")
    );
}

#[test]
fn what_cannot_be_copied_as_it_is_holds_up_a_plan_that_promised_copies() {
    for (name, attrs) in [
        ("db-instance/db", json!({ "status": "modifying" })),
        ("db-cluster/db", json!({ "status": "creating" })),
        ("replication-group/c", json!({ "status": "snapshotting" })),
        (
            "table/t",
            json!({ "facts": { "known": { "status": "ARCHIVED" } } }),
        ),
    ] {
        let resources = || vec![thing(name, attrs.clone())];
        let plan = plan_of(resources(), &with_backup());
        assert_eq!(plan.blockers[0].resource, Some(id(name)), "{name}");
        assert!(plan_of(resources(), &all()).may_run(), "{name}");
    }
}

#[test]
fn all_that_has_no_copy_is_told_by_its_name() {
    let names = ["queue/a", "queue/b", "queue/c", "queue/d"];
    let queues = names.map(|it| thing(it, json!({ "facts": { "known": {} } })));
    let plan = plan_of(queues.into(), &with_backup());
    for name in names {
        note(&plan, name);
    }
}

fn machine() -> Vec<Resource> {
    vec![
        thing(
            "instance/i-1",
            json!({ "status": "running", "volumes": [
                { "volume": "vol-1", "device": "/dev/xvda", "delete_on_termination": true }] }),
        ),
        thing(
            "volume/vol-1",
            json!({ "status": "in-use", "attachments": [
                { "instance": "i-1", "status": "attached", "delete_on_termination": true }] }),
        ),
    ]
}

#[test]
fn the_disk_of_a_machine_that_nothing_replaces_is_copied_before_it() {
    let plan = plan_of(machine(), &with_backup());
    in_order(&plan, &["copy volume/vol-1", "terminate instance/i-1"]);
    assert!(plan.losses[0].copied, "{:#?}", plan.losses);
    assert!(!plan_of(machine(), &all()).losses[0].copied);
}

#[test]
fn a_file_system_that_goes_says_that_no_copy_is_made_of_it() {
    let files = || vec![thing("file-system/fs-1", json!({ "status": "available" }))];
    for consent in [all(), with_backup()] {
        note(
            &plan_of(files(), &consent),
            "No copy is made of file-system/fs-1: only AWS Backup",
        );
    }
}

fn empty_bucket() -> Resource {
    thing(
        "bucket/files",
        json!({ "contents": { "known": { "objects": 0, "complete": true } },
                "versioning": { "known": "Off" } }),
    )
}

fn acts(plan: &Plan) -> Vec<Action> {
    let acts = plan.steps.iter().flat_map(|it| &it.acts);
    acts.map(|it| it.action).collect()
}

#[test]
fn a_bucket_that_was_empty_is_only_emptied_where_buckets_may_be_lost() {
    let plan = plan_of(vec![empty_bucket()], &Consent::default());
    assert_eq!(acts(&plan), [Action::DeleteBucket]);
    let plan = plan_of(vec![empty_bucket()], &all());
    assert!(acts(&plan).contains(&Action::DeleteObjects));
}

#[test]
fn an_empty_bucket_that_its_template_retains_stays_unless_buckets_may_be_lost() {
    let retaining = || {
        let mut prod = opened(stack("prod"), &[("AWS::S3::Bucket", "files")]);
        if let Some(it) = Stack::of_mut(&mut prod.attrs) {
            let policy = ("files".to_owned(), "Retain".to_owned());
            it.kept = Fact::Known(BTreeMap::from([policy]));
        }
        prod
    };
    let plan = of_stack(retaining(), vec![empty_bucket()], &Consent::default());
    assert!(matches!(why(&plan, "bucket/files"), Why::Retained { .. }));
    assert!(plan.goes().contains(&id("stack/prod")));
    let plan = of_stack(retaining(), vec![empty_bucket()], &all());
    assert!(plan.goes().contains(&id("bucket/files")));
}

fn full_bucket(more: &Value) -> Resource {
    let mut attrs = json!({ "contents": { "known": { "objects": 1, "complete": true } } });
    for (key, value) in more.as_object().unwrap() {
        attrs[key] = value.clone();
    }
    thing("bucket/files", attrs)
}

#[test]
fn a_bucket_that_a_lock_or_a_device_keeps_holds_the_plan_up_before_anything_goes() {
    for (more, by) in [
        (
            json!({ "lock": { "known": { "mode": "COMPLIANCE", "days": 30 } } }),
            "Object Lock",
        ),
        (json!({ "mfa_delete": true }), "MFA delete"),
    ] {
        let plan = plan_of(vec![full_bucket(&more)], &all());
        assert_eq!(plan.blockers[0].by, [by]);
    }
    assert!(plan_of(vec![full_bucket(&json!({}))], &all()).may_run());
}

#[test]
fn a_bucket_loses_its_policy_only_where_that_denies_deleting() {
    let policy = |denies: bool| {
        let says = json!({ "known": { "denies_deleting": denies } });
        json!({ "policy": { "known": { "is_public": false, "says": says } } })
    };
    let plan = plan_of(vec![full_bucket(&policy(false))], &all());
    assert!(!acts(&plan).contains(&Action::DeleteBucketPolicy));
    let plan = plan_of(vec![full_bucket(&policy(true))], &all());
    assert_eq!(acts(&plan)[0], Action::DeleteBucketPolicy);
    note(&plan, "is not put back");
}

#[test]
fn a_role_that_is_only_used_by_the_rack_and_was_used_last_elsewhere_stays() {
    let role = |region: &str| {
        let resources = vec![
            thing(
                "task-definition/web:1",
                json!({ "family": "web", "revision": 1, "status": "ACTIVE", "task_role": "web",
                        "containers": [] }),
            ),
            thing("cluster/prod", json!({ "status": "ACTIVE" })),
            thing(
                "service/prod/web",
                json!({ "cluster": "prod", "status": "ACTIVE", "task_definition": "web:1" }),
            ),
            thing(
                "role/web",
                json!({ "path": "/", "facts": { "known": { "last_used_in": region } } }),
            ),
        ];
        beside(resources, &["cluster/prod"], &all())
    };
    assert!(matches!(
        why(&role("eu-west-1"), "role/web"),
        Why::Kept { .. }
    ));
    let plan = role("us-east-1");
    assert!(plan.goes().contains(&id("role/web")), "{:#?}", plan.stays);
    note(&plan, "role/web may be used there");
}

#[test]
fn a_network_of_another_account_is_left_alone() {
    let resources = vec![
        thing("vpc/vpc-1", json!({ "owner": "999999999999" })),
        thing(
            "subnet/subnet-1",
            json!({ "vpc": "vpc-1", "owner": "999999999999" }),
        ),
        thing("route-table/rtb-1", json!({ "vpc": "vpc-1" })),
    ];
    let plan = plan_of(resources, &all());
    for kept in ["vpc/vpc-1", "subnet/subnet-1", "route-table/rtb-1"] {
        assert!(matches!(why(&plan, kept), Why::Foreign { .. }), "{kept}");
    }
}

#[test]
fn a_certificate_that_something_unseen_presents_stays() {
    let used_by = |arn: &str| {
        let attrs = json!({ "in_use_by": { "known": [arn] } });
        plan_of(vec![thing("certificate/c-1", attrs)], &all())
    };
    let cloudfront = "arn:aws:cloudfront::123456789012:distribution/E1";
    let plan = used_by(cloudfront);
    let Why::Kept { by } = why(&plan, "certificate/c-1") else {
        panic!("{:?}", plan.stays)
    };
    assert!(by.contains(cloudfront), "{by}");
}

#[test]
fn a_policy_that_more_have_than_were_seen_with_it_stays() {
    let arn = "arn:aws:iam::123456789012:policy/deploy";
    let policy = |attachments: u32, boundaries: u32| {
        let resources = vec![
            thing(
                &format!("policy/{arn}"),
                json!({ "attachments": attachments, "boundaries": boundaries }),
            ),
            thing(
                "role/web",
                json!({ "path": "/", "attached": { "known": [arn] } }),
            ),
        ];
        plan_of(resources, &all())
    };
    let name = format!("policy/{arn}");
    assert!(policy(1, 0).goes().contains(&id(&name)));
    assert!(matches!(why(&policy(2, 0), &name), Why::Kept { .. }));
    assert!(matches!(why(&policy(1, 1), &name), Why::Kept { .. }));
}

#[test]
fn a_stopped_cluster_of_databases_has_to_be_started_first() {
    let plan = plan_of(
        vec![thing("db-cluster/db", json!({ "status": "stopped" }))],
        &all(),
    );
    assert!(plan.blockers[0].remedy.contains("start-db-cluster"));
}

#[test]
fn a_stack_that_failed_to_go_the_last_time_is_looked_at_by_a_person() {
    for status in ["DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"] {
        let mut prod = opened(stack("prod"), &[("AWS::EC2::VPC", "vpc-1")]);
        if let Some(it) = Stack::of_mut(&mut prod.attrs) {
            it.status = status.to_owned();
        }
        let plan = of_stack(prod, Vec::new(), &all());
        assert!(
            plan.blockers[0].evidence.contains(status),
            "{:?}",
            plan.blockers
        );
    }
}

#[test]
fn a_vpc_that_goes_says_what_was_not_looked_at() {
    let plan = plan_of(vec![thing("vpc/vpc-1", json!({}))], &all());
    note(&plan, "transit gateway");
}

#[test]
fn names_that_lead_to_addresses_and_databases_are_told_and_zones_that_were_not_read_too() {
    let resources = vec![
        thing("elastic-ip/eipalloc-1", json!({ "public_ip": "52.1.2.3" })),
        thing(
            "db-instance/db",
            json!({ "status": "available", "endpoint": "db.abc.rds.amazonaws.com" }),
        ),
        thing(
            "hosted-zone/Z1",
            json!({ "zone_name": "shop.test.", "records": { "known": [
                { "name": "a.shop.test.", "type": "A", "values": ["52.1.2.3"] },
                { "name": "db.shop.test.", "type": "CNAME",
                  "values": ["db.abc.rds.amazonaws.com"] }] } }),
        ),
        thing("hosted-zone/Z2", json!({ "zone_name": "other.test." })),
    ];
    let plan = beside(
        resources,
        &["elastic-ip/eipalloc-1", "db-instance/db"],
        &all(),
    );
    note(&plan, "a.shop.test in hosted-zone/Z1 leads to elastic-ip");
    note(&plan, "db.shop.test in hosted-zone/Z1 leads to db-instance");
    note(&plan, "Names in hosted-zone/Z2");
}

#[test]
fn the_access_points_of_a_file_system_go_before_it() {
    let files = thing("file-system/fs-1", json!({ "status": "available" }));
    let plan = plan_of(vec![files], &all());
    let step = plan.gone_with(&id("file-system/fs-1")).unwrap();
    let acts: Vec<Action> = step.acts.iter().map(|it| it.action).collect();
    assert_eq!(acts, [Action::DeleteAccessPoint, Action::DeleteFileSystem]);
}

/// The rack's images, and what of somebody else's is in the account besides.
fn images(others: Vec<Resource>) -> Plan {
    let web = thing(
        "repository/web",
        json!({ "images": { "known": { "count": 2 } } }),
    );
    beside([vec![web], others].concat(), &["repository/web"], &all())
}

fn revision() -> Resource {
    thing(
        "task-definition/billing:4",
        json!({ "status": "ACTIVE", "containers": [{ "name": "main", "repository": "web" }] }),
    )
}

#[test]
fn images_that_another_clusters_service_runs_stay_and_the_service_is_named() {
    let service = thing(
        "service/billing/api",
        json!({ "cluster": "billing", "task_definition": "billing:4", "status": "ACTIVE" }),
    );
    let plan = images(vec![service, revision()]);
    let others = ["service/billing/api", "task-definition/billing:4"].map(id);
    let others = others.to_vec();
    assert_eq!(why(&plan, "repository/web"), &Why::Shared { others });
}

#[test]
fn images_that_somebody_else_starts_by_the_clock_stay() {
    let arn = |rest: &str| format!("arn:aws:{rest}");
    let target = json!({
        "id": "1", "arn": arn("ecs:us-east-1:123456789012:cluster/billing"),
        "task": { "task_definition": arn("ecs:us-east-1:123456789012:task-definition/billing:4") },
    });
    let nightly = thing(
        "event-rule/nightly",
        json!({ "arn": arn("events:us-east-1:123456789012:rule/nightly"),
                "targets": { "known": [target] } }),
    );
    let plan = images(vec![nightly, revision()]);
    let others = ["task-definition/billing:4", "event-rule/nightly"].map(id);
    let others = others.to_vec();
    assert_eq!(why(&plan, "repository/web"), &Why::Shared { others });
}

#[test]
fn images_of_a_task_that_somebody_else_started_by_hand_stay() {
    let task = thing(
        "task/billing/t1",
        json!({ "cluster": "billing", "task_definition": "billing:4", "group": "family:billing",
                "last_status": "RUNNING" }),
    );
    let plan = images(vec![task, revision()]);
    let others = ["task/billing/t1", "task-definition/billing:4"].map(id);
    let others = others.to_vec();
    assert_eq!(why(&plan, "repository/web"), &Why::Shared { others });
}

#[test]
fn a_function_of_which_nobody_read_what_image_it_runs_is_told() {
    let function = |package: &str| thing("function/thumbs", json!({ "package_type": package }));
    let plan = images(vec![function("Image")]);
    assert!(note(&plan, "function/thumbs").contains("none is of repository/web"));
    let plan = images(vec![function("Zip")]);
    assert!(!plan.notes.iter().any(|it| it.contains("function/thumbs")));
}

#[test]
fn what_outlives_a_disk_or_a_bucket_is_told_with_its_loss() {
    let snapshot = json!({
        "id": "ebs-snapshot/snap-1", "created": "2018-05-01T14:53:44Z",
        "attrs": { "ebs-snapshot": { "volume": "vol-1", "status": "completed" } },
    });
    let bucket = json!({
        "versioning": { "known": "Enabled" }, "contents": { "known": { "objects": 1 } },
        "replication": { "known": [{ "to": "far", "enabled": true }] },
    });
    let things = vec![
        thing("volume/vol-1", json!({ "status": "available" })),
        thing("bucket/settings", bucket),
        serde_json::from_value(snapshot).unwrap(),
    ];
    let plan = beside(things, &["volume/vol-1", "bucket/settings"], &all());
    let kept: Vec<&str> = plan.losses.iter().map(|it| it.kept.as_str()).collect();
    assert_eq!(
        kept,
        ["copies in bucket far", "snapshot snap-1, made 3 hours ago"]
    );
    let said = format!("{:?}", super::super::tell::plan(&plan));
    assert!(
        said.contains("outlived by snapshot snap-1, made 3 hours ago"),
        "{said}"
    );
}
