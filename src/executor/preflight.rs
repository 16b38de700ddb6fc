//! What has changed between a plan and a fresh look: nothing is deleted before it is told.

use std::collections::BTreeSet;

use crate::{
    id::ResourceId,
    kind::Kind,
    teardown::{
        plan::{Goal, Plan},
        tell,
    },
};

/// Why a plan does not fit any more, as sentences without their full stops; `fresh` was made with
/// the same wishes from what is there now. What is gone already is no reason.
pub fn changes(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let mut said: Vec<String> = fresh.blockers.iter().map(|it| it.what.clone()).collect();
    let goes = planned.goes();
    let stays: BTreeSet<&ResourceId> = planned.stays.iter().map(|it| &it.resource).collect();
    let foreign: BTreeSet<&ResourceId> = fresh.neighbours.iter().collect();
    for stay in fresh.stays.iter().filter(|it| goes.contains(&it.resource)) {
        let why = tell::why(&stay.why);
        said.push(format!("{} would stay now: {why}", stay.resource));
    }
    for id in goes.iter().filter(|it| foreign.contains(**it)) {
        said.push(format!("{id} is not the rack's any more"));
    }
    for step in fresh.steps.iter().filter(|it| it.goal == Goal::Gone) {
        let id = &step.resource;
        if !goes.contains(id) && !comes_and_goes(id.kind) {
            let before = if stays.contains(id) {
                "was to stay"
            } else {
                "was not there"
            };
            said.push(format!(
                "{id} is the rack's now and {before} when the plan was made"
            ));
        }
    }
    said.sort();
    said.dedup();
    said
}

/// What a running rack makes and ends all the time.
fn comes_and_goes(kind: Kind) -> bool {
    matches!(kind, Kind::Task | Kind::NetworkInterface)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::testing::{plan, step, thing},
        teardown::plan::{Stay, Why},
    };

    #[test]
    fn the_same_plan_or_a_smaller_one_is_no_change() {
        let planned = plan(vec![step(1, &[]), step(2, &[1])]);
        assert_eq!(changes(&planned, &planned), Vec::<String>::new());
        assert_eq!(
            changes(&planned, &plan(vec![step(1, &[])])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_thing_that_is_new_is_told() {
        let said = changes(
            &plan(vec![step(1, &[])]),
            &plan(vec![step(1, &[]), step(2, &[1])]),
        );
        assert!(
            said[0].starts_with("subnet/subnet-2 is the rack's now"),
            "{said:?}"
        );
    }

    #[test]
    fn a_new_user_of_a_thing_that_was_to_go_is_told() {
        let mut fresh = plan(Vec::new());
        let others = vec![thing(9)];
        fresh.stays = vec![Stay {
            resource: thing(1),
            name: None,
            why: Why::Shared { others },
            month: None,
        }];
        let said = changes(&plan(vec![step(1, &[])]), &fresh);
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("subnet/subnet-1 would stay now"),
            "{said:?}"
        );
    }
}
