//! What a plan says of itself.

use super::*;
use crate::teardown::{
    sums,
    tell::{self, Piece},
};

fn page(plan: &Plan) -> String {
    let lines = tell::plan(plan).into_iter().flat_map(|it| match it {
        Piece::Title(text) | Piece::Heading(text) | Piece::Line(text) => vec![text],
        Piece::Item { text, more, .. } => [vec![text], more].concat(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_step_of_a_stack_tells_the_data_that_goes_along() {
    let prod = testing::opened(testing::stack("prod"), &[("AWS::DynamoDB::Table", "t")]);
    let table = thing(
        "table/t",
        json!({ "facts": { "known": { "status": "ACTIVE", "items": 3, "bytes": 9 } } }),
    );
    let mut snapshot = snapshot(vec![prod, table], &[], Vec::new());
    snapshot.definition = None;
    let page = page(&planned(&snapshot, &all()));
    let line = "Data is lost: tables (table/t: 3 items, 9 bytes).";
    assert!(page.contains(line), "{page}");
    assert!(
        page.contains("tables: table/t (3 items, 9 bytes)"),
        "{page}"
    );
}

#[test]
fn a_step_tells_its_calls_its_time_and_that_there_is_no_way_back() {
    let page = page(&plan_of(database(), &all()));
    let line = "By rds:DeleteDBInstance; about 10 minutes; cannot be undone.";
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_plan_begins_with_what_is_lost_and_with_how_much_stays() {
    let lost = sums::verdict(&plan_of(database(), &all()));
    assert!(lost.starts_with("SAFE for others. It loses 1 database and 1 key, with no copy."));
    let consent = Consent {
        delete: BTreeSet::from([Data::Queues]),
        ..Consent::default()
    };
    let mut resources = database();
    resources.push(thing("queue/q", json!({ "facts": { "known": {} } })));
    let partly = sums::verdict(&plan_of(resources, &consent));
    assert!(
        partly.contains("Only part of the rack goes: 2 things of it stay"),
        "{partly}"
    );
}

#[test]
fn what_was_agreed_to_stands_in_the_plan() {
    let said =
        |consent: &Consent| sums::agreed(&plan_of(vec![thing("vpc/vpc-1", json!({}))], consent));
    assert!(said(&all()).starts_with("--delete all; --disable-protection all; --include inferred"));
    assert!(said(&Consent::default()).starts_with("no data may be lost;"));
}

#[test]
fn what_goes_for_nothing_but_its_use_says_how_it_is_used() {
    let resources = vec![
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        thing(
            "service/prod/web",
            json!({ "cluster": "prod", "status": "ACTIVE", "task_definition": "web:1" }),
        ),
        thing(
            "task-definition/web:1",
            json!({ "status": "ACTIVE", "containers": [] }),
        ),
    ];
    let plan = planned(&snapshot(resources, &["cluster/prod"], Vec::new()), &all());
    let evidence = &plan.inferred[&id("task-definition/web:1")];
    assert_eq!(evidence, "used by service/prod/web");
    assert!(page(&plan).contains("task-definition/web:1: used by service/prod/web"));
}

#[test]
fn the_options_for_more_name_the_data_of_what_is_inferred_too() {
    let resources = vec![
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        thing(
            "service/prod/web",
            json!({ "cluster": "prod", "status": "ACTIVE", "task_definition": "web:1" }),
        ),
        thing(
            "task-definition/web:1",
            json!({ "status": "ACTIVE", "containers": [{ "name": "web", "log_group": "web" }] }),
        ),
        thing("log-group/web", json!({})),
    ];
    let own = &["cluster/prod"];
    let plan = planned(&snapshot(resources, own, Vec::new()), &Consent::default());
    assert_eq!(
        tell::options(&plan),
        ["--delete logs", "--include inferred"]
    );
}

#[test]
fn a_step_tells_how_much_is_in_what_it_deletes() {
    let bucket = thing(
        "bucket/logs",
        json!({ "contents": { "known": { "objects": 3, "bytes": 9, "complete": true } },
                "policy": { "known": null } }),
    );
    let images = thing(
        "repository/web",
        json!({ "images": { "known": { "count": 2, "bytes": 2048 } } }),
    );
    let page = page(&plan_of(vec![bucket, images], &all()));
    for line in [
        "delete bucket/logs, 3 objects, 9 bytes",
        "delete repository/web, 2 images, 2",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}
