//! Racks of which somebody deleted the first part, planned again.

use super::*;
use crate::{
    graph::Graph,
    kind::{AsKind as _, Fact, stack::Stack, volume::Volume},
    rack::{self, NoSuchRack},
    removal::Removal,
};

const SAMPLES: &[(&str, &str)] = &[
    (
        "karim-test",
        include_str!("../../../samples/karim-test/snapshot.json"),
    ),
    (
        "karim-staging",
        include_str!("../../../samples/karim-staging/snapshot.json"),
    ),
    (
        "ecs-cluster",
        include_str!("../../../samples/ecs-cluster/snapshot.json"),
    ),
    (
        "ecstest",
        include_str!("../../../samples/ecstest/snapshot.json"),
    ),
    (
        "cruddur",
        include_str!("../../../samples/cruddur/snapshot.json"),
    ),
];

/// What is left when so many steps of a plan are done.
fn after(snapshot: &Snapshot, plan: &Plan, steps: usize) -> Snapshot {
    let done = plan.steps.iter().take(steps);
    let gone = done.filter(|it| it.goal == Goal::Gone);
    let gone = gone.flat_map(|it| it.covers.iter().chain([&it.resource]));
    let gone: BTreeSet<&ResourceId> = gone.collect();
    let mut rest = snapshot.clone();
    rest.resources.retain(|it| !gone.contains(&it.id));
    for resource in &mut rest.resources {
        if let Some(disk) = Volume::of_mut(&mut resource.attrs) {
            let machine = |it: &str| ResourceId::new(Kind::Instance, it);
            disk.attachments.retain(|it| {
                it.instance
                    .as_deref()
                    .is_none_or(|it| !gone.contains(&machine(it)))
            });
            if disk.attachments.is_empty() {
                disk.status = "available".to_owned();
            }
        }
        let Some(stack) = Stack::of_mut(&mut resource.attrs) else {
            continue;
        };
        // AWS names no stack as an importer that is gone.
        if let Fact::Known(exports) = &mut stack.exports {
            for export in exports {
                if let Fact::Known(importers) = &mut export.importers {
                    importers.retain(|it| !gone.contains(&ResourceId::new(Kind::Stack, it)));
                }
            }
        }
    }
    // Of task definitions only those are read that something names.
    let named: BTreeSet<ResourceId> = rest
        .resources
        .iter()
        .flat_map(|it| it.attrs.model().relations())
        .map(|it| it.to)
        .collect();
    let unread = |it: &Resource| it.id.kind == Kind::TaskDefinition && !named.contains(&it.id);
    rest.resources.retain(|it| !unread(it));
    rest
}

/// All that a plan says of what it does not do.
fn said(plan: &Plan) -> String {
    let blockers = plan.blockers.iter();
    let blockers = blockers.map(|it| format!("{} {} {}", it.what, it.evidence, it.by.join(" ")));
    blockers.chain(plan.notes.iter().cloned()).collect()
}

#[test]
fn whatever_of_a_half_gone_rack_is_not_planned_is_told_or_the_rack_is_not_found() {
    let (mut lost, mut whole) = (0, 0);
    let mut wrong = Vec::new();
    for (name, json) in SAMPLES {
        let snapshot = Snapshot::parse(json.as_bytes()).unwrap();
        let plan = planned(&snapshot, &all());
        for steps in (1..plan.steps.len()).step_by(2) {
            let rest = after(&snapshot, &plan, steps);
            let graph = Graph::build(&rest.resources);
            let definition = rest.definition.as_ref();
            match rack::find(&graph, &rest.gaps, &rest.rack, definition) {
                Ok(_) => {}
                // The verb says then how to go on.
                Err(NoSuchRack::Absent { .. } | NoSuchRack::Unseen { .. }) => {
                    lost += 1;
                    continue;
                }
                Err(it) => panic!("{name} after {steps} steps: {it}"),
            }
            let again = planned(&rest, &all());
            let (goes, said) = (again.goes(), said(&again));
            let stays: BTreeSet<&ResourceId> = again.stays.iter().map(|it| &it.resource).collect();
            for id in plan.goes() {
                let told = goes.contains(id)
                    || stays.contains(id)
                    || said.contains(&id.to_string())
                    || said.contains("known by its use alone")
                    // AWS takes it away by itself, with what it is part of.
                    || id.kind == Kind::NetworkInterface
                    || graph.get(id).is_none_or(|it| {
                        matches!(it.attrs.model().removal(), Removal::Follows(_))
                    });
                if !told {
                    wrong.push(format!("{name} after {steps} steps: {id} is forgotten"));
                }
            }
            let new: Vec<&&ResourceId> = goes
                .iter()
                .filter(|it| !plan.goes().contains(*it))
                .collect();
            for id in new {
                wrong.push(format!("{name} after {steps} steps: {id} is new"));
            }
            whole += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lost > 5 && whole > 15, "{lost} {whole}");
}

#[test]
fn of_a_rack_that_is_whole_nobody_says_that_a_part_is_gone() {
    for (name, json) in SAMPLES {
        let plan = planned(&Snapshot::parse(json.as_bytes()).unwrap(), &all());
        let note = plan.notes.iter().find(|it| it.contains("gone already: "));
        assert_eq!(note, None, "{name}");
    }
}

#[test]
fn what_an_app_left_that_is_gone_goes_with_its_rack() {
    let snapshot = Snapshot::parse(SAMPLES[0].1.as_bytes()).unwrap();
    let plan = planned(&snapshot, &all());
    let app = plan
        .steps
        .iter()
        .find(|it| it.resource == id("stack/karim-test-karim-httpd"));
    let rest = after(&snapshot, &plan, app.unwrap().number as usize);
    let again = planned(&rest, &all());
    assert!(again.may_run(), "{:#?}", again.blockers);
    let left = id("bucket/karim-test-karim-httpd-settings-1xqjb8mwz0f3v");
    assert!(again.goes().contains(&left));
    assert!(
        again.inferred[&left].contains("is gone"),
        "{:?}",
        again.inferred
    );
    // An earlier rack may have had the name: only whoever says so loses it.
    let careful = Consent {
        inferred: false,
        ..all()
    };
    let careful = planned(&rest, &careful);
    assert!(matches!(
        why(&careful, &left.to_string()),
        Why::Inferred { .. }
    ));
}

#[test]
fn an_interface_of_a_load_balancer_that_is_gone_is_waited_for() {
    let (_, json) = SAMPLES[2];
    let snapshot = Snapshot::parse(json.as_bytes()).unwrap();
    let plan = planned(&snapshot, &all());
    let balancer = plan
        .steps
        .iter()
        .find(|it| it.resource.kind == Kind::ClassicLoadBalancer);
    let rest = after(&snapshot, &plan, balancer.unwrap().number as usize);
    let again = planned(&rest, &all());
    let blocker = again.blockers.first().unwrap();
    assert!(
        blocker.remedy.starts_with("wait: AWS takes it away"),
        "{blocker:#?}"
    );
}
