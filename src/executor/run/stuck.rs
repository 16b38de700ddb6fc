//! Stacks at whose deletion CloudFormation gives up, and deletions that fail now and then.

use proptest::prelude::*;

use super::{
    tests::{cases, fresh, go, graphs, run_all},
    *,
};
use crate::{
    executor::testing::{InMemory, Memory, thing},
    id::ResourceId,
    kind::{AsKind as _, Fact, log_group::LogGroup, security_group::SecurityGroup, stack::Stack},
    snapshot::{Resource, Snapshot},
    teardown::Consent,
    testing,
};

/// A rack of one stack with a log group, and a security group that CloudFormation cannot delete;
/// `failed` when it tried that already.
fn snapshot(failed: bool) -> Snapshot {
    let members = [
        ("AWS::EC2::SecurityGroup", "sg-1"),
        ("AWS::Logs::LogGroup", "logs"),
    ];
    let mut stack = testing::opened(testing::stack("shop"), &members);
    let mut resources = vec![Resource::new("sg-1", SecurityGroup::default())];
    let told = Stack::of_mut(&mut stack.attrs).unwrap();
    let Fact::Known(members) = &mut told.members else {
        panic!("{:?}", told.members);
    };
    if failed {
        told.status = "DELETE_FAILED".to_owned();
        members[0].status = "DELETE_FAILED".to_owned();
        members[1].status = "DELETE_COMPLETE".to_owned();
    } else {
        resources.push(Resource::new("logs", LogGroup::default()));
    }
    resources.push(stack);
    resources.sort_by(|a, b| a.id.cmp(&b.id));
    Snapshot {
        rack: "shop".to_owned(),
        ..testing::snapshot(resources)
    }
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

/// An account in which CloudFormation cannot delete the stack's security group.
fn failing(plan: &Plan) -> InMemory {
    let account = InMemory::of(plan);
    account.change(&id("stack/shop"), |it| {
        it.fails_at.insert("sg-1".to_owned());
    });
    account
}

fn retaining() -> Consent {
    Consent {
        retain: true,
        ..testing::all()
    }
}

#[test]
fn a_stack_that_cloudformation_gives_up_fails_with_its_reason_and_the_rest_of_it_is_gone() {
    let plan = testing::planned(&snapshot(false), &testing::all());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    let account = failing(&plan);
    let ended = run_all(&account, &plan);
    let stack = plan.gone_with(&id("stack/shop")).unwrap().number;
    assert!(
        matches!(&ended.outcomes[&stack], Outcome::Failed(why) if why == "a part of it would not go"),
        "{ended:?}"
    );
    assert_eq!(
        account.left(),
        [id("stack/shop"), id("security-group/sg-1")]
    );
    // Once more by itself, and no oftener: only a person can say what is to be left.
    let deletions = account
        .acts
        .borrow()
        .iter()
        .filter(|it| it.1 == id("stack/shop"))
        .count();
    assert_eq!(deletions, 2);
}

#[test]
fn a_plan_that_may_leave_what_it_failed_at_finishes_it() {
    let failed = testing::planned(&snapshot(true), &testing::all());
    assert_eq!(
        failed.blockers[0].consent.as_deref(),
        Some("--retain-resources")
    );
    let plan = testing::planned(&snapshot(true), &retaining());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    let account = failing(&plan);
    account.change(&id("stack/shop"), |it| it.stuck = true);
    let ended = run_all(&account, &plan);
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(account.left(), []);
    assert_eq!(*account.refusals.borrow(), Vec::<String>::new());
}

#[test]
fn killed_anywhere_a_stack_that_leaves_what_it_failed_at_ends_the_same() {
    let plan = testing::planned(&snapshot(true), &retaining());
    for lines in 0.. {
        let account = failing(&plan);
        account.change(&id("stack/shop"), |it| {
            it.stuck = true;
            it.looks = 2;
        });
        let notes = Memory::killed_after(lines);
        let past = fresh(&plan);
        let ended = go(&account, &notes, &past);
        let again = go(&account, &Memory::whole(), &notes.past(&past));
        assert!(again.is_whole(), "after {lines} lines: {again:?}");
        assert_eq!(account.left(), [], "after {lines} lines");
        if ended.early.is_none() {
            break;
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_is_given_up_once_ends_and_what_is_given_up_twice_is_finished_by_a_resume(
        plan in graphs(),
        sticks in proptest::collection::vec(0_u32..4, 30),
    ) {
        let account = InMemory::of(&plan);
        for (step, sticks) in plan.steps.iter().zip(&sticks) {
            account.change(&step.resource, |it| it.sticks = *sticks);
        }
        let mut past = fresh(&plan);
        let hard = plan.steps.iter().zip(&sticks).filter(|it| *it.1 > 1).count();
        for runs in 0.. {
            let notes = Memory::whole();
            let ended = go(&account, &notes, &past);
            past = notes.past(&past);
            for step in &plan.steps {
                // What holds it goes first, however often either is given up.
                let waits = step.after.iter().any(|it| account.left().contains(&thing(*it)));
                prop_assert!(!waits || account.left().contains(&step.resource));
            }
            if ended.is_whole() {
                break;
            }
            prop_assert!(runs <= 2 * hard, "{:?}", ended);
        }
        prop_assert_eq!(account.left(), vec![]);
        prop_assert_eq!(account.refusals.borrow().len(), 0);
    }
}
