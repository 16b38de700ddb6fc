use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Goal, Plan, Why,
    plan::{BadPlan, Consent},
    protection::Guard,
};
use crate::{
    definition::Definition,
    id::ResourceId,
    kind::Kind,
    rack::STACK_ID_TAG,
    removal::{Action, Data},
    snapshot::{Gap, Resource, Snapshot},
    testing::{self, all, planned},
};

mod half_gone;
mod orders;
mod random;
mod safety;
mod samples;
mod stacks;
mod words;

/// A resource as a snapshot file has it.
fn thing(id: &str, fields: impl Into<Value>) -> Resource {
    let (kind, _) = id.split_once('/').unwrap();
    let mut fields: Value = fields.into();
    // What every reading asks, so that a test that is about something else need not say it.
    if kind == "instance" && fields["protection"].is_null() {
        fields["protection"] = json!({ "known": {} });
    }
    serde_json::from_value(json!({ "id": id, "attrs": { kind: fields } })).unwrap()
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

/// A snapshot of these, in which the rack is what `own` names.
fn snapshot(resources: Vec<Resource>, own: &[&str], gaps: Vec<Gap>) -> Snapshot {
    let definition = Definition {
        own: own.iter().map(|it| id(it)).collect(),
        ..Definition::default()
    };
    Snapshot {
        taken: "2018-05-01T17:53:44Z".parse().unwrap(),
        definition: Some(definition),
        gaps,
        ..testing::snapshot(resources)
    }
}

/// The plan of a rack that owns all of these.
fn plan_of(resources: Vec<Resource>, consent: &Consent) -> Plan {
    let own: Vec<String> = resources.iter().map(|it| it.id.to_string()).collect();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    planned(&snapshot(resources, &own, Vec::new()), consent)
}

/// `delete vpc/vpc-1`, in the order of the plan.
fn told(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter();
    steps
        .map(|it| format!("{} {}", super::tell::verb(it), it.resource))
        .collect()
}

fn place(plan: &Plan, step: &str) -> usize {
    let told = told(plan);
    let found = told.iter().position(|it| it == step);
    found.unwrap_or_else(|| panic!("no step `{step}` in {told:#?}"))
}

/// These steps are there, in this order.
fn in_order(plan: &Plan, steps: &[&str]) {
    let places: Vec<usize> = steps.iter().map(|it| place(plan, it)).collect();
    assert!(places.is_sorted(), "{:#?}", told(plan));
}

fn why<'p>(plan: &'p Plan, text: &str) -> &'p Why {
    let stay = plan.stays.iter().find(|it| it.resource == id(text));
    &stay
        .unwrap_or_else(|| panic!("{text} goes: {:#?}", told(plan)))
        .why
}

fn security_group(key: &str, admits: &[&str]) -> Resource {
    let rules: Vec<Value> = admits
        .iter()
        .map(|it| json!({ "protocol": "tcp", "groups": [it] }))
        .collect();
    thing(
        &format!("security-group/{key}"),
        json!({ "group_name": key, "vpc": "vpc-1", "ingress": rules }),
    )
}

#[test]
fn a_plan_reads_back_what_it_wrote() {
    let plan = plan_of(vec![thing("vpc/vpc-1", json!({}))], &all());
    assert_eq!(Plan::parse(plan.to_json().as_bytes()).unwrap(), plan);
}

#[test]
fn a_plan_that_was_changed_by_hand_is_refused() {
    let plan = plan_of(vec![thing("vpc/vpc-1", json!({}))], &all());
    let changed = plan.to_json().replace("vpc-1", "vpc-2");
    let error = Plan::parse(changed.as_bytes()).unwrap_err();
    assert!(matches!(error, BadPlan::Changed { .. }), "{error}");
}

#[test]
fn a_plan_whose_steps_wait_for_later_ones_is_refused() {
    let mut plan = plan_of(vec![thing("vpc/vpc-1", json!({}))], &all());
    plan.steps[0].after.push(1);
    let error = Plan::parse(plan.sealed().to_json().as_bytes()).unwrap_err();
    assert!(matches!(error, BadPlan::Inconsistent(_)), "{error}");
}

#[test]
fn a_plan_of_another_format_is_told_from_a_damaged_one() {
    let mut plan = plan_of(vec![thing("vpc/vpc-1", json!({}))], &all());
    plan.format += 1;
    let error = Plan::parse(plan.to_json().as_bytes()).unwrap_err();
    assert!(matches!(error, BadPlan::OtherFormat { .. }), "{error}");
    let error = Plan::parse(b"{\"format\": 1, \"racklens\": \"0.1.0\"}").unwrap_err();
    assert!(matches!(error, BadPlan::Damaged { .. }), "{error}");
}

fn database() -> Vec<Resource> {
    vec![
        thing("vpc/vpc-1", json!({})),
        thing("subnet/subnet-1", json!({ "vpc": "vpc-1" })),
        security_group("sg-1", &[]),
        thing(
            "db-subnet-group/db",
            json!({ "vpc": "vpc-1", "subnets": ["subnet-1"] }),
        ),
        thing(
            "db-instance/db",
            json!({ "status": "available", "subnet_group": "db", "security_groups": ["sg-1"],
                    "key": "arn:aws:kms:us-east-1:123456789012:key/k-1" }),
        ),
        thing(
            "key/k-1",
            json!({ "facts": { "known": { "state": "Enabled", "manager": "CUSTOMER" } } }),
        ),
    ]
}

#[test]
fn data_stays_unless_somebody_agreed_and_keeps_what_it_needs() {
    let plan = plan_of(database(), &Consent::default());
    assert_eq!(
        why(&plan, "db-instance/db"),
        &Why::NoConsent {
            data: Data::Databases
        }
    );
    for held in [
        "db-subnet-group/db",
        "security-group/sg-1",
        "subnet/subnet-1",
        "vpc/vpc-1",
    ] {
        assert!(matches!(why(&plan, held), Why::GoesWith { .. }), "{held}");
    }
    assert!(plan.steps.is_empty());
    assert!(plan.may_run());
}

#[test]
fn a_key_is_not_scheduled_while_what_stays_needs_it() {
    let consent = Consent {
        delete: BTreeSet::from([Data::Keys]),
        ..Consent::default()
    };
    let plan = plan_of(database(), &consent);
    let with = id("db-instance/db");
    assert_eq!(why(&plan, "key/k-1"), &Why::GoesWith { with });
}

#[test]
fn copies_come_before_everything_that_destroys_and_keep_their_key() {
    let mut resources = database();
    resources.push(thing("cluster/prod", json!({ "status": "ACTIVE" })));
    resources.push(thing(
        "service/prod/web",
        json!({ "cluster": "prod", "status": "ACTIVE", "scheduling": "REPLICA", "desired": 1 }),
    ));
    let consent = Consent {
        backup: true,
        ..all()
    };
    let plan = plan_of(resources, &consent);
    in_order(
        &plan,
        &[
            "drain service/prod/web",
            "copy db-instance/db",
            "delete service/prod/web",
        ],
    );
    let copy = plan.steps.iter().find(|it| it.goal == Goal::Saved).unwrap();
    let early = |it: &&super::Step| it.goal == Goal::Gone && it.number < copy.number;
    assert_eq!(plan.steps.iter().find(early), None);
    assert!(matches!(why(&plan, "key/k-1"), Why::Kept { .. }));
    assert!(plan.losses.iter().all(|it| it.copied));
}

#[test]
fn a_database_goes_for_good_only_in_the_words_of_the_plan() {
    let plan = plan_of(database(), &all());
    let step = &plan.steps[place(&plan, "delete db-instance/db")];
    assert_eq!(step.acts[0].action, Action::DeleteDBInstance);
    assert_eq!(step.acts[0].with["SkipFinalSnapshot"], "true");
    assert_eq!(step.loses, Some(Data::Databases));
    in_order(
        &plan,
        &[
            "delete db-instance/db",
            "delete db-subnet-group/db",
            "delete subnet/subnet-1",
            "delete vpc/vpc-1",
        ],
    );
}

#[test]
fn a_protection_is_switched_off_only_where_that_was_allowed() {
    let protected = || {
        vec![thing(
            "load-balancer/lb",
            json!({ "vpc": "vpc-9", "settings": { "known": { "deletion_protection": true } } }),
        )]
    };
    let plan = plan_of(protected(), &Consent::default());
    let Why::Protected { guard, .. } = why(&plan, "load-balancer/lb") else {
        panic!("{:?}", plan.stays)
    };
    let consent = Consent {
        disable: BTreeSet::from([*guard]),
        ..Consent::default()
    };
    let plan = plan_of(protected(), &consent);
    let acts: Vec<Action> = plan.steps[0].acts.iter().map(|it| it.action).collect();
    let expected = [
        Action::ModifyLoadBalancerAttributes,
        Action::DeleteLoadBalancer,
    ];
    assert_eq!(acts, expected);
}

#[test]
fn a_protection_that_was_not_read_is_taken_for_on() {
    let plan = plan_of(vec![thing("load-balancer/lb", json!({}))], &all());
    assert!(matches!(why(&plan, "load-balancer/lb"), Why::Unread { .. }));
}

#[test]
fn what_only_its_use_ties_to_the_rack_goes_only_if_that_is_said() {
    let resources = vec![
        thing("instance-profile/p", json!({ "roles": ["r"] })),
        thing("role/r", json!({})),
    ];
    let snapshot = snapshot(resources, &["instance-profile/p"], Vec::new());
    let plan = planned(&snapshot, &Consent::default());
    assert!(matches!(why(&plan, "role/r"), Why::Inferred { .. }));
    in_order(
        &planned(&snapshot, &all()),
        &["delete instance-profile/p", "delete role/r"],
    );
}

#[test]
fn what_others_use_is_no_target_whatever_is_said() {
    let resources = vec![
        thing("instance-profile/ours", json!({ "roles": ["r"] })),
        thing("instance-profile/theirs", json!({ "roles": ["r"] })),
        thing("role/r", json!({})),
    ];
    let own = ["instance-profile/ours", "role/r"];
    let plan = planned(&snapshot(resources, &own, Vec::new()), &all());
    let others = vec![id("instance-profile/theirs")];
    assert_eq!(why(&plan, "role/r"), &Why::Shared { others });
    assert_eq!(plan.neighbours, [id("instance-profile/theirs")]);
}

#[test]
fn a_rule_of_somebody_elses_group_keeps_ours_and_is_not_edited() {
    let resources = vec![
        security_group("sg-1", &[]),
        security_group("sg-2", &["sg-1"]),
    ];
    let plan = planned(
        &snapshot(resources, &["security-group/sg-1"], Vec::new()),
        &all(),
    );
    let others = vec![id("security-group/sg-2")];
    assert_eq!(why(&plan, "security-group/sg-1"), &Why::Shared { others });
    assert!(plan.steps.is_empty());
}

#[test]
fn a_keep_list_takes_ids_names_arns_and_tags() {
    let vpc = || {
        let vpc = thing("vpc/vpc-1", json!({}))
            .arn("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1".to_owned());
        testing::tagged(vpc, [("Name", "main"), ("Team", "billing")])
    };
    for entry in [
        "vpc/vpc-1",
        "vpc-1",
        "main",
        "tag:Team=billing",
        "tag:Team",
        "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1",
    ] {
        let consent = Consent {
            keep: BTreeSet::from([entry.to_owned()]),
            ..all()
        };
        let plan = plan_of(vec![vpc()], &consent);
        assert!(
            matches!(why(&plan, "vpc/vpc-1"), Why::Kept { .. }),
            "{entry}"
        );
        assert!(plan.may_run(), "{entry}");
    }
}

#[test]
fn a_slip_in_the_keep_list_stops_everything() {
    let consent = Consent {
        keep: BTreeSet::from(["tag:Team=biling".to_owned()]),
        ..all()
    };
    let plan = plan_of(vec![thing("vpc/vpc-1", json!({}))], &consent);
    assert!(plan.blockers[0].what.contains("tag:Team=biling"));
}

#[test]
fn what_the_definition_keeps_stays() {
    let mut snapshot = snapshot(
        vec![thing("vpc/vpc-1", json!({}))],
        &["vpc/vpc-1"],
        Vec::new(),
    );
    snapshot.definition.as_mut().unwrap().keep = vec![id("vpc/vpc-1")];
    let plan = planned(&snapshot, &all());
    assert!(matches!(why(&plan, "vpc/vpc-1"), Why::Kept { .. }));
}

#[test]
fn a_listing_that_failed_stops_the_plan_where_it_could_tell_of_a_user() {
    let plan = |kind, call| {
        let resources = vec![thing("vpc/vpc-1", json!({}))];
        let gaps = vec![testing::gap(kind, call)];
        planned(&snapshot(resources, &["vpc/vpc-1"], gaps), &all())
    };
    let refused = plan(Kind::Instance, "ec2:DescribeInstances");
    assert!(refused.blockers[0].remedy.contains("ec2:DescribeInstances"));
    assert!(plan(Kind::Bucket, "s3:ListAllMyBuckets").may_run());
}

#[test]
fn the_same_things_in_another_order_make_the_same_plan() {
    let mut resources = database();
    let plan = plan_of(resources.clone(), &all());
    resources.reverse();
    assert_eq!(plan_of(resources, &all()).to_json(), plan.to_json());
}
