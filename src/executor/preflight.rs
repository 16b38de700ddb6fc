//! What has changed between a plan and a fresh look: nothing is deleted before it is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::{
        plan::{Act, Goal, Loss, Plan, Why},
        tell,
    },
};

/// Why a plan does not fit any more, as sentences without their full stops; `fresh` was made with
/// the same wishes from what is there now. What is gone already is no reason.
pub fn changes(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let mut said: Vec<String> = fresh.blockers.iter().map(|it| it.what.clone()).collect();
    said.extend(staying(planned, fresh));
    said.extend(new(planned, fresh));
    said.extend(lost(planned, fresh));
    said.extend(idle(planned, fresh));
    sorted(said)
}

/// Why a run that stopped a while ago must not be gone on with, likewise. Of a rack that is half
/// gone it is not told any more whose the rest is: the service is gone by which its load balancer
/// was known. So only what came since the plan is a reason: who uses a thing that is to go, what a
/// stack would take along, and data.
pub fn changes_since(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let steps = planned.steps.iter().map(|it| &it.resource);
    let stays = planned.stays.iter().map(|it| &it.resource);
    let known: BTreeSet<&ResourceId> = planned
        .goes()
        .into_iter()
        .chain(steps)
        .chain(stays)
        .chain(&planned.neighbours)
        .collect();
    let goes = planned.goes();
    let mut said = Vec::new();
    for stay in fresh.stays.iter().filter(|it| goes.contains(&it.resource)) {
        if let Why::Shared { others } = &stay.why {
            let new = others.iter().filter(|it| !known.contains(it));
            said.extend(new.map(|it| format!("{} is used by {it} now", stay.resource)));
        }
    }
    said.extend(new(planned, fresh));
    said.extend(lost(planned, fresh));
    sorted(said)
}

fn sorted(mut said: Vec<String>) -> Vec<String> {
    said.sort();
    said.dedup();
    said
}

/// What was to go and would stay now.
fn staying(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let goes = planned.goes();
    let foreign: BTreeSet<&ResourceId> = fresh.neighbours.iter().collect();
    let stays = fresh.stays.iter().filter(|it| goes.contains(&it.resource));
    let stays = stays.map(|it| format!("{} would stay now: {}", it.resource, tell::why(&it.why)));
    let others = goes.iter().filter(|it| foreign.contains(**it));
    stays
        .chain(others.map(|id| format!("{id} is not the rack's any more")))
        .collect()
}

/// What would go now and was not to go, by itself or along with a stack.
fn new(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let goes = planned.goes();
    let stays: BTreeSet<&ResourceId> = planned.stays.iter().map(|it| &it.resource).collect();
    let own: BTreeSet<&ResourceId> = fresh
        .steps
        .iter()
        .filter(|it| it.goal == Goal::Gone)
        .map(|it| &it.resource)
        .collect();
    let new = fresh.goes().into_iter().filter(|id| {
        let passing = comes_and_goes(id.kind) || (is_replaced(id.kind) && !own.contains(id));
        !goes.contains(id) && !passing
    });
    new.map(|id| {
        let before = if stays.contains(id) {
            "was to stay"
        } else {
            "was not there"
        };
        format!("{id} is the rack's now and {before} when the plan was made")
    })
    .collect()
}

/// Data that would be lost now and of which the plan does not tell that, or not how much of it.
fn lost(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let told: BTreeMap<&ResourceId, &Loss> =
        planned.losses.iter().map(|it| (&it.resource, it)).collect();
    let lost = fresh.losses.iter().filter_map(|it| {
        let (id, data) = (&it.resource, it.data.name());
        match told.get(id) {
            None => Some(format!("{id} has data now ({data}) that would be lost")),
            Some(told) if told.copied && !it.copied => {
                Some(format!("{id} cannot be copied now before it goes"))
            }
            Some(told) if it.kept.is_empty() && !told.kept.is_empty() => Some(format!(
                "nothing outlives {id} now; when the plan was made there was: {}",
                told.kept
            )),
            Some(_) => None,
        }
    });
    lost.collect()
}

/// Acts that would not be planned now, of things that are there.
fn idle(planned: &Plan, fresh: &Plan) -> Vec<String> {
    let goes = fresh.goes();
    let acts = fresh.steps.iter().flat_map(|it| &it.acts).map(shape);
    let acts: BTreeSet<Shape<'_>> = acts.collect();
    let planned = planned.steps.iter().flat_map(|it| &it.acts);
    let idle = planned.filter(|it| goes.contains(&it.on) && !acts.contains(&shape(it)));
    idle.map(|it| format!("{} would not be made now of {}", it.action.name(), it.on))
        .collect()
}

/// An act but for what it fixes by the plan's own time: names of copies.
type Shape<'a> = (Action, &'a ResourceId, Vec<&'a String>);

fn shape(act: &Act) -> Shape<'_> {
    (act.action, &act.on, act.with.keys().collect())
}

/// What a running rack makes and ends all the time.
fn comes_and_goes(kind: Kind) -> bool {
    matches!(kind, Kind::Task | Kind::NetworkInterface)
}

/// What a group of machines replaces; one that goes by a step of its own is in no group.
fn is_replaced(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Instance | Kind::Volume | Kind::ContainerInstance
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::testing::{copy, plan, step, thing, unprotect},
        removal::Data,
        teardown::plan::Stay,
    };

    /// A plan of one stack that takes these along.
    fn stack(covers: &[ResourceId]) -> Plan {
        let mut stack = step(1, &[]);
        stack.covers = covers.to_vec();
        plan(vec![stack])
    }

    fn losing(mut plan: Plan, resource: ResourceId, copied: bool) -> Plan {
        let data = Data::Tables;
        plan.losses = vec![Loss {
            data,
            resource,
            copied,
            size: String::new(),
            kept: String::new(),
        }];
        plan
    }

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
    fn what_a_stack_newly_takes_along_is_told() {
        let table = ResourceId::new(Kind::Table, "new");
        let said = changes(&stack(&[thing(5)]), &stack(&[thing(5), table]));
        let new = "table/new is the rack's now and was not there when the plan was made";
        assert_eq!(said, [new]);
    }

    #[test]
    fn a_machine_that_its_group_replaced_is_no_change_and_one_by_itself_is() {
        let machine = |id| ResourceId::new(Kind::Instance, id);
        let said = changes(&stack(&[machine("i-1")]), &stack(&[machine("i-2")]));
        assert_eq!(said, Vec::<String>::new());
        let mut alone = step(1, &[]);
        alone.resource = machine("i-2");
        assert_eq!(changes(&plan(Vec::new()), &plan(vec![alone])).len(), 1);
    }

    #[test]
    fn data_that_is_lost_untold_or_no_longer_copied_is_told() {
        let told = |planned: &Plan, fresh: &Plan| changes(planned, fresh).len();
        let bare = stack(&[thing(5)]);
        let lost = losing(bare.clone(), thing(5), false);
        let copied = losing(bare.clone(), thing(5), true);
        assert_eq!(told(&bare, &lost), 1);
        assert_eq!(told(&copied, &lost), 1);
        assert_eq!(told(&lost, &copied), 0);
        assert_eq!(told(&lost, &lost), 0);
    }

    #[test]
    fn a_snapshot_that_was_to_outlive_a_disk_and_is_gone_is_told() {
        let lost = losing(stack(&[thing(5)]), thing(5), false);
        let mut outlived = lost.clone();
        outlived.losses[0].kept = "snapshot snap-1, made 3 hours ago".to_owned();
        let mut later = outlived.clone();
        later.losses[0].kept = "snapshot snap-2, made an hour ago".to_owned();
        let said = changes(&outlived, &lost);
        assert!(
            said[0].starts_with("nothing outlives subnet/subnet-5 now"),
            "{said:?}"
        );
        assert_eq!(changes(&outlived, &later), Vec::<String>::new());
        assert_eq!(changes(&lost, &outlived), Vec::<String>::new());
    }

    #[test]
    fn an_act_that_would_not_be_planned_now_is_told() {
        let both = plan(vec![unprotect(1, 20), step(2, &[1])]);
        let mut gone = step(1, &[]);
        gone.covers = vec![thing(20), thing(2)];
        let fresh = plan(vec![gone]);
        let planned = plan(vec![unprotect(1, 20), {
            let mut it = step(2, &[1]);
            it.covers = vec![thing(20), thing(1)];
            it
        }]);
        let said = changes(&planned, &fresh);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("would not be made now"), "{said:?}");
        assert_eq!(changes(&both, &both), Vec::<String>::new());
    }

    #[test]
    fn the_name_of_a_copy_is_the_plans_own_and_no_change() {
        let named = |name: &str| {
            let mut copy = copy(1, 2);
            copy.acts[0] = copy.acts[0].clone().with("BackupName", name);
            plan(vec![copy, step(2, &[1])])
        };
        let said = changes(&named("monday"), &named("tuesday"));
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn of_a_rack_that_is_half_gone_only_what_came_since_is_told() {
        let mut planned = plan(vec![unprotect(1, 20), step(2, &[1]), step(3, &[])]);
        planned.neighbours = vec![thing(8)];
        let mut fresh = plan(Vec::new());
        let shared = |others: &[u32]| Stay {
            resource: thing(2),
            name: None,
            why: Why::Shared {
                others: others.iter().copied().map(thing).collect(),
            },
            data: None,
            month: None,
        };
        // The rack's own things, and a neighbour, that are known from the plan.
        fresh.stays = vec![shared(&[3, 8, 20])];
        fresh.neighbours = vec![thing(3)];
        let none = Vec::<String>::new();
        assert_eq!(changes_since(&planned, &fresh), none);
        fresh.stays = vec![shared(&[3, 9])];
        let used = "subnet/subnet-2 is used by subnet/subnet-9 now";
        assert_eq!(changes_since(&planned, &fresh), [used]);
        let table = ResourceId::new(Kind::Table, "new");
        let took = changes_since(&stack(&[thing(5)]), &stack(&[thing(5), table]));
        assert_eq!(took.len(), 1, "{took:?}");
    }

    #[test]
    fn a_new_user_of_a_thing_that_was_to_go_is_told() {
        let mut fresh = plan(Vec::new());
        let others = vec![thing(9)];
        fresh.stays = vec![Stay {
            resource: thing(1),
            name: None,
            why: Why::Shared { others },
            data: None,
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
