//! Racks that CloudFormation made.

use super::*;
use crate::{
    kind::{
        AsKind as _, Fact,
        stack::{Export, Stack},
    },
    testing::{opened, stack, tagged},
};

fn convox(name: &str, kind: &str) -> Resource {
    let tags = [("System", "convox"), ("Type", kind), ("Rack", "prod")];
    tagged(stack(name), tags)
}

/// The same stack, whose template says so of what it made.
fn keeping(mut stack: Resource, kept: &[(&str, &str)]) -> Resource {
    let kept = kept.iter().map(|it| (it.0.to_owned(), it.1.to_owned()));
    with(&mut stack).kept = Fact::Known(kept.collect());
    stack
}

/// The same stack, of which others use a value.
fn exporting(mut stack: Resource, importers: &[&str]) -> Resource {
    let importers = importers.iter().map(|it| (*it).to_owned());
    with(&mut stack).exports = Fact::Known(vec![Export {
        name: "Vpc".to_owned(),
        importers: Fact::Known(importers.collect()),
    }]);
    stack
}

fn with(stack: &mut Resource) -> &mut Stack {
    Stack::of_mut(&mut stack.attrs).unwrap()
}

fn bucket(key: &str) -> Resource {
    thing(
        &format!("bucket/{key}"),
        json!({ "contents": { "known": { "objects": 3, "bytes": 9, "complete": true } },
                "policy": { "known": null } }),
    )
}

/// A rack and an app, and no definition.
fn rack(resources: Vec<Resource>, consent: &Consent) -> Plan {
    let mut snapshot = snapshot(resources, &[], Vec::new());
    snapshot.definition = None;
    planned(&snapshot, consent)
}

fn convox_rack() -> Vec<Resource> {
    vec![
        keeping(
            opened(
                convox("prod", "rack"),
                &[
                    ("AWS::ECS::Cluster", "prod"),
                    ("AWS::S3::Bucket", "prod-settings"),
                ],
            ),
            &[("prod-settings", "Retain")],
        ),
        opened(
            convox("prod-web", "app"),
            &[
                (
                    "AWS::ECS::Service",
                    "arn:aws:ecs:us-east-1:123456789012:service/prod/web",
                ),
                ("AWS::ECR::Repository", "prod-web"),
            ],
        ),
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        thing(
            "service/prod/web",
            json!({ "cluster": "prod", "status": "ACTIVE", "scheduling": "REPLICA", "desired": 1 }),
        ),
        thing("repository/prod-web", json!({})),
        bucket("prod-settings"),
    ]
}

#[test]
fn apps_go_before_their_rack_and_what_it_leaves_goes_after_it() {
    let plan = rack(convox_rack(), &all());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    assert_eq!(
        told(&plan),
        [
            "drain service/prod/web",
            "delete repository/prod-web",
            "delete stack/prod-web",
            "delete stack/prod",
            "delete bucket/prod-settings",
        ]
    );
}

#[test]
fn a_stack_is_deleted_by_its_id() {
    let plan = rack(convox_rack(), &all());
    let step = &plan.steps[place(&plan, "delete stack/prod")];
    let arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/prod/0000";
    assert_eq!(step.acts[0].with["StackName"], arn);
    assert_eq!(step.identity.unique.as_deref(), Some(arn));
    assert_eq!(step.covers, [id("cluster/prod")]);
}

#[test]
fn what_a_stack_leaves_stays_without_consent_and_does_not_hold_the_stack() {
    let consent = Consent {
        delete: BTreeSet::from([Data::Images]),
        ..Consent::default()
    };
    let plan = rack(convox_rack(), &consent);
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    let by = id("stack/prod");
    assert_eq!(why(&plan, "bucket/prod-settings"), &Why::Retained { by });
    place(&plan, "delete stack/prod");
}

#[test]
fn a_stack_that_would_take_data_along_is_held_up_until_somebody_agrees() {
    let plan = rack(convox_rack(), &Consent::default());
    let blocker = &plan.blockers[0];
    assert_eq!(blocker.resource, Some(id("stack/prod-web")));
    assert_eq!(blocker.consent.as_deref(), Some("--delete images"));
    assert!(matches!(why(&plan, "stack/prod-web"), Why::GoesWith { .. }));
}

#[test]
fn a_bucket_that_its_stack_deletes_is_emptied_before() {
    let resources = vec![
        opened(
            stack("prod"),
            &[("AWS::S3::Bucket", "files"), ("AWS::ECS::Cluster", "c")],
        ),
        thing("cluster/c", json!({ "status": "ACTIVE" })),
        bucket("files"),
    ];
    let plan = rack(resources, &all());
    assert_eq!(told(&plan), ["empty bucket/files", "delete stack/prod"]);
    assert_eq!(plan.steps[1].covers, [id("cluster/c"), id("bucket/files")]);
}

#[test]
fn a_bucket_that_its_stack_may_leave_is_looked_for_afterwards_and_the_plan_waits_for_the_template()
{
    let mut prod = opened(stack("prod"), &[("AWS::S3::Bucket", "files")]);
    with(&mut prod).kept = Fact::Unread;
    let plan = rack(vec![prod, bucket("files")], &all());
    assert_eq!(
        told(&plan),
        [
            "empty bucket/files",
            "delete stack/prod",
            "delete bucket/files"
        ]
    );
    assert!(plan.notes[0].contains("bucket/files"), "{:?}", plan.notes);
    assert_eq!(plan.blockers[0].by, ["cloudformation:GetTemplate"]);
}

#[test]
fn whatever_a_template_retains_goes_by_itself_after_its_stack() {
    let members = [("AWS::EC2::VPC", "vpc-1"), ("AWS::IAM::Role", "prod")];
    let prod = keeping(
        opened(stack("prod"), &members),
        &[("prod", "RetainExceptOnCreate")],
    );
    let resources = vec![
        prod,
        thing("vpc/vpc-1", json!({})),
        thing("role/prod", json!({})),
    ];
    let plan = rack(resources, &all());
    assert_eq!(told(&plan), ["delete stack/prod", "delete role/prod"]);
    assert_eq!(plan.steps[0].covers, [id("vpc/vpc-1")]);
}

#[test]
fn what_a_template_wants_copied_goes_with_its_stack_and_the_copy_is_told() {
    let prod = opened(stack("prod"), &[("AWS::RDS::DBCluster", "orders")]);
    let prod = keeping(prod, &[("orders", "Snapshot")]);
    let database = thing("db-cluster/orders", json!({ "status": "available" }));
    let plan = rack(vec![prod, database], &all());
    assert_eq!(told(&plan), ["delete stack/prod"]);
    assert!(
        plan.notes[0].contains("last snapshot of orders"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn a_nested_stack_that_its_parent_retains_holds_the_plan_up() {
    let mut nested = opened(stack("prod-net"), &[]);
    let arn = with(&mut nested).arn.clone();
    with(&mut nested).parent = Some("prod".to_owned());
    let prod = opened(stack("prod"), &[("AWS::CloudFormation::Stack", &arn)]);
    let plan = rack(vec![keeping(prod, &[(&arn, "Retain")]), nested], &all());
    assert_eq!(plan.blockers[0].resource, Some(id("stack/prod-net")));
}

#[test]
fn a_stack_goes_before_the_one_whose_value_it_imports() {
    let api = exporting(opened(convox("prod-api", "app"), &[]), &["prod-web"]);
    let web = opened(convox("prod-web", "app"), &[]);
    let plan = rack(vec![opened(convox("prod", "rack"), &[]), api, web], &all());
    in_order(&plan, &["delete stack/prod-web", "delete stack/prod-api"]);
}

#[test]
fn a_stack_whose_value_a_neighbour_imports_stays_and_names_it() {
    let resources = vec![
        exporting(opened(stack("prod"), &[]), &["billing"]),
        stack("billing"),
    ];
    let plan = rack(resources, &all());
    let others = vec![id("stack/billing")];
    assert_eq!(why(&plan, "stack/prod"), &Why::Shared { others });
    assert_eq!(plan.blockers[0].by, ["stack/billing"]);
}

#[test]
fn a_stack_whose_value_an_unseen_one_imports_is_not_deleted() {
    let plan = rack(
        vec![exporting(opened(stack("prod"), &[]), &["billing"])],
        &all(),
    );
    assert_eq!(plan.blockers[0].by, ["stack/billing"]);
}

#[test]
fn who_needs_a_stack_and_was_not_read_may_need_it() {
    let mut prod = exporting(opened(stack("prod"), &[]), &[]);
    if let Fact::Known(exports) = &mut with(&mut prod).exports {
        exports[0].importers = Fact::Unread;
    }
    let plan = rack(vec![prod], &all());
    assert_eq!(plan.blockers[0].by, ["cloudformation:ListImports"]);
}

#[test]
fn a_bucket_that_is_known_to_be_empty_is_not_emptied() {
    let resources = vec![
        opened(stack("prod"), &[("AWS::S3::Bucket", "files")]),
        thing(
            "bucket/files",
            json!({ "contents": { "known": { "objects": 0, "complete": true } },
                    "versioning": { "known": "Off" } }),
        ),
    ];
    let plan = rack(resources, &Consent::default());
    assert_eq!(told(&plan), ["delete stack/prod"]);
}

#[test]
fn a_stack_in_the_middle_of_something_is_left_alone() {
    let mut busy = stack("prod");
    let crate::kind::Attrs::Stack(attrs) = &mut busy.attrs else {
        panic!("a stack")
    };
    attrs.status = "UPDATE_IN_PROGRESS".to_owned();
    let plan = rack(vec![opened(busy, &[])], &all());
    assert!(plan.blockers[0].evidence.contains("UPDATE_IN_PROGRESS"));
}

#[test]
fn a_stack_that_nobody_opened_is_not_deleted_blindly() {
    let plan = rack(vec![stack("prod")], &all());
    assert_eq!(plan.blockers[0].by, ["cloudformation:ListStackResources"]);
}

#[test]
fn a_protected_stack_needs_its_own_consent() {
    let protected = || {
        let mut stack = opened(stack("prod"), &[]);
        if let crate::kind::Attrs::Stack(it) = &mut stack.attrs {
            it.termination_protection = true;
        }
        vec![stack]
    };
    let consent = Consent {
        delete: Data::ALL.iter().copied().collect(),
        ..Consent::default()
    };
    let plan = rack(protected(), &consent);
    let wanted = "--disable-protection stacks";
    assert_eq!(plan.blockers[0].consent.as_deref(), Some(wanted));
    let plan = rack(protected(), &all());
    let acts: Vec<Action> = plan.steps[0].acts.iter().map(|it| it.action).collect();
    assert_eq!(
        acts,
        [Action::UpdateTerminationProtection, Action::DeleteStack]
    );
}

#[test]
fn a_nested_stack_goes_with_its_root() {
    let mut nested = opened(stack("prod-net"), &[("AWS::EC2::VPC", "vpc-1")]);
    if let crate::kind::Attrs::Stack(it) = &mut nested.attrs {
        it.parent = Some("prod".to_owned());
    }
    let resources = vec![
        opened(stack("prod"), &[]),
        nested,
        thing("vpc/vpc-1", json!({})),
    ];
    let plan = rack(resources, &all());
    assert_eq!(told(&plan), ["delete stack/prod"]);
    assert_eq!(
        plan.steps[0].covers,
        [id("stack/prod-net"), id("vpc/vpc-1")]
    );
}

#[test]
fn a_member_that_others_use_holds_its_stack_and_names_them() {
    let resources = vec![
        opened(stack("prod"), &[("AWS::IAM::Role", "r")]),
        thing("role/r", json!({})),
        thing("instance-profile/theirs", json!({ "roles": ["r"] })),
    ];
    let plan = rack(resources, &all());
    assert_eq!(plan.blockers[0].by, ["instance-profile/theirs"]);
    assert!(plan.steps.is_empty(), "{:#?}", told(&plan));
}

#[test]
fn a_kept_bucket_whose_key_the_stack_deletes_holds_the_stack() {
    let mut settings = bucket("prod-settings");
    if let crate::kind::Attrs::Bucket(it) = &mut settings.attrs {
        it.encryption_key = Some("arn:aws:kms:us-east-1:123456789012:key/k-1".to_owned());
    }
    let resources = vec![
        keeping(
            opened(
                convox("prod", "rack"),
                &[
                    ("AWS::KMS::Key", "k-1"),
                    ("AWS::S3::Bucket", "prod-settings"),
                ],
            ),
            &[("prod-settings", "Retain")],
        ),
        thing(
            "key/k-1",
            json!({ "facts": { "known": { "state": "Enabled", "manager": "CUSTOMER" } } }),
        ),
        settings,
    ];
    let consent = Consent {
        delete: BTreeSet::from([Data::Keys]),
        ..Consent::default()
    };
    let plan = rack(resources.clone(), &consent);
    let with = id("bucket/prod-settings");
    assert_eq!(why(&plan, "key/k-1"), &Why::GoesWith { with });
    assert!(!plan.may_run());
    let plan = rack(resources, &all());
    assert!(plan.may_run());
    in_order(&plan, &["delete stack/prod", "delete bucket/prod-settings"]);
}

#[test]
fn what_hand_made_things_hold_of_a_stack_goes_after_them() {
    let resources = vec![
        opened(stack("prod"), &[("AWS::ECS::Cluster", "c")]),
        thing("cluster/c", json!({ "status": "ACTIVE" })),
        thing(
            "service/c/by-hand",
            json!({ "cluster": "c", "status": "ACTIVE", "scheduling": "DAEMON", "desired": 1 }),
        ),
    ];
    let plan = rack(resources, &all());
    assert_eq!(
        told(&plan),
        ["delete service/c/by-hand", "delete stack/prod"]
    );
    assert_eq!(plan.steps[0].acts[0].with["force"], "true");
}

#[test]
fn what_bears_a_stacks_tag_and_is_not_in_it_goes_by_itself() {
    let arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/prod/0000";
    let resources = vec![
        opened(stack("prod"), &[]),
        tagged(thing("topic/t", json!({})), [(STACK_ID_TAG, arn)]),
    ];
    let plan = rack(resources, &all());
    place(&plan, "delete topic/t");
}

#[test]
fn kinds_that_we_do_not_know_are_told_by_their_types() {
    let resources = vec![opened(
        stack("prod"),
        &[("AWS::Kinesis::Stream", "s"), ("AWS::EC2::Route", "r")],
    )];
    let plan = rack(resources, &all());
    assert!(plan.notes[0].contains("AWS::Kinesis::Stream"));
    assert!(!plan.notes[0].contains("AWS::EC2::Route"));
}

/// A rack whose deletion failed at some of what its stack made.
fn half_deleted(failed: &[&str]) -> Vec<Resource> {
    let members = [
        ("AWS::ECS::Cluster", "prod"),
        ("AWS::EC2::Subnet", "subnet-1"),
        ("AWS::EC2::NetworkInterface", "eni-1"),
        ("AWS::S3::Bucket", "prod-settings"),
        ("AWS::Quantum::Thing", "q-1"),
    ];
    let mut rack = opened(convox("prod", "rack"), &members);
    let told = with(&mut rack);
    told.status = "DELETE_FAILED".to_owned();
    if let Fact::Known(members) = &mut told.members {
        for member in members {
            if failed.contains(&member.physical.as_str()) {
                member.status = "DELETE_FAILED".to_owned();
            }
        }
    }
    vec![
        keeping(rack, &[]),
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        thing("subnet/subnet-1", json!({ "vpc": "vpc-1" })),
        thing(
            "network-interface/eni-1",
            json!({ "subnet": "subnet-1", "status": "available", "vpc": "vpc-1" }),
        ),
        bucket("prod-settings"),
    ]
}

fn retaining() -> Consent {
    Consent {
        retain: true,
        ..all()
    }
}

#[test]
fn a_stack_that_could_not_be_deleted_waits_for_a_word() {
    let plan = rack(half_deleted(&["prod-settings"]), &all());
    let [blocker] = &plan.blockers[..] else {
        panic!("{:#?}", plan.blockers)
    };
    assert_eq!(blocker.consent.as_deref(), Some("--retain-resources"));
    assert!(blocker.evidence.contains("AWS::S3::Bucket"), "{blocker:#?}");
}

#[test]
fn what_a_stack_failed_at_is_left_by_it_and_goes_by_itself() {
    let plan = rack(half_deleted(&["prod-settings", "q-1"]), &retaining());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    let stack = plan.gone_with(&id("stack/prod")).unwrap();
    let act = stack.acts.last().unwrap();
    let left: BTreeSet<&str> = act.with["RetainResources"].split(',').collect();
    assert_eq!(left.len(), 2, "{left:?}");
    in_order(&plan, &["delete stack/prod", "delete bucket/prod-settings"]);
    assert!(!stack.covers.contains(&id("bucket/prod-settings")));
    // Of what racklens does not know it is told that it may be left.
    let note = plan.notes.iter().find(|it| it.contains("q-1"));
    assert!(note.is_some(), "{:#?}", plan.notes);
}

#[test]
fn what_a_stack_failed_at_stays_where_nobody_agreed_to_lose_it() {
    let consent = Consent {
        delete: BTreeSet::new(),
        ..retaining()
    };
    let plan = rack(half_deleted(&["prod-settings"]), &consent);
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    assert!(plan.gone_with(&id("stack/prod")).is_some());
    assert_eq!(
        why(&plan, "bucket/prod-settings"),
        &Why::Retained {
            by: id("stack/prod")
        }
    );
}

#[test]
fn what_kept_the_rest_of_a_stack_from_going_goes_before_it() {
    let plan = rack(half_deleted(&["eni-1"]), &retaining());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    in_order(
        &plan,
        &["delete network-interface/eni-1", "delete stack/prod"],
    );
}

#[test]
fn a_nested_stack_that_could_not_be_deleted_is_not_left_with_all_that_is_in_it() {
    let members = [("AWS::CloudFormation::Stack", "prod-web")];
    let mut parent = opened(convox("prod", "rack"), &members);
    let told = with(&mut parent);
    told.status = "DELETE_FAILED".to_owned();
    if let Fact::Known(members) = &mut told.members {
        members[0].status = "DELETE_FAILED".to_owned();
    }
    let mut nested = opened(stack("prod-web"), &[]);
    with(&mut nested).status = "DELETE_FAILED".to_owned();
    with(&mut nested).parent = Some("prod".to_owned());
    let plan = rack(
        vec![keeping(parent, &[]), keeping(nested, &[])],
        &retaining(),
    );
    assert!(!plan.may_run());
    let consents = plan.blockers.iter().filter(|it| it.consent.is_some());
    assert_eq!(consents.count(), 0, "{:#?}", plan.blockers);
}
