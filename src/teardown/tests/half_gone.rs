//! Racks of which somebody deleted the first half, planned again.

use super::*;
use crate::rack::NoSuchRack;

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

#[test]
fn explore() {
    for (name, json) in SAMPLES {
        let snapshot = Snapshot::parse(json.as_bytes()).unwrap();
        let plan = planned(&snapshot, &all());
        for part in [4, 2] {
            let done = plan.steps.len() - plan.steps.len() / part;
            let gone = plan
                .steps
                .iter()
                .take(done)
                .filter(|it| it.goal == Goal::Gone);
            let gone: BTreeSet<&ResourceId> = gone
                .flat_map(|it| it.covers.iter().chain([&it.resource]))
                .collect();
            let mut rest = snapshot.clone();
            rest.resources.retain(|it| !gone.contains(&it.id));
            println!(
                "=== {name}: {done} of {} steps, {} gone, {} to go",
                plan.steps.len(),
                gone.len(),
                plan.goes().len() - gone.len()
            );
            let graph = crate::graph::Graph::build(&rest.resources);
            let definition = rest.definition.as_ref();
            match crate::rack::find(&graph, &rest.gaps, &rest.rack, definition) {
                Ok(_) => {}
                Err(NoSuchRack::Absent { .. }) => {
                    println!("  absent");
                    continue;
                }
                Err(it) => {
                    println!("  {it}");
                    continue;
                }
            }
            let again = planned(&rest, &all());
            for it in &again.blockers {
                println!("  BLOCKER {} | {} | {}", it.what, it.evidence, it.remedy);
            }
            let goes = again.goes();
            let open: Vec<&&ResourceId> = gone.iter().filter(|_| false).collect();
            assert!(open.is_empty());
            for id in plan
                .goes()
                .into_iter()
                .filter(|it| !gone.contains(it) && !goes.contains(it))
            {
                let stay = again.stays.iter().find(|it| it.resource == *id);
                match stay {
                    Some(it) => println!("  stays {id}: {}", crate::teardown::tell::why(&it.why)),
                    None => println!(
                        "  FORGOTTEN {id} neighbour={}",
                        again.neighbours.contains(id)
                    ),
                }
            }
            for id in goes.iter().filter(|it| !plan.goes().contains(*it)) {
                println!("  NEW {id}");
            }
        }
    }
}
