//! Runs against an account in memory, in every weather, killed and taken up again.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use proptest::{prelude::*, sample::Index};

use super::{step::SOON_TRIES, *};
use crate::{
    aws::refusal::Class,
    executor::testing::{
        self, InMemory, Incident, Memory, Thing, Weather, copy, header, plan, step, thing,
        unprotect,
    },
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::Act,
};

/// A journal with nothing but its beginning.
pub(super) fn fresh(plan: &Plan) -> Past {
    Past::fresh(header(plan.clone()), Timestamp::UNIX_EPOCH)
}

/// What came of a run of the whole plan.
pub(super) fn run_all(account: &InMemory, plan: &Plan) -> Ended {
    go(account, &Memory::whole(), &fresh(plan))
}

pub(super) fn go(account: &InMemory, notes: &Memory, past: &Past) -> Ended {
    go_with(account, notes, past, &testing::pace(), &|_| ())
}

fn go_with(
    account: &InMemory,
    notes: &Memory,
    past: &Past,
    pace: &Pace,
    watch: &dyn Fn(Event<'_>),
) -> Ended {
    go_until(&Stop::default(), account, notes, past, pace, watch)
}

fn go_until(
    stop: &Stop,
    account: &InMemory,
    notes: &Memory,
    past: &Past,
    pace: &Pace,
    watch: &dyn Fn(Event<'_>),
) -> Ended {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    runtime.block_on(run(account, notes, past, pace, stop, watch))
}

/// 1 and 2 hold 3, 3 and 4 hold 5.
fn small() -> Plan {
    plan(vec![
        step(1, &[]),
        step(2, &[]),
        step(3, &[1, 2]),
        step(4, &[]),
        step(5, &[3, 4]),
    ])
}

/// The small one with a thing whose protection is switched off first.
fn protected() -> Plan {
    let mut last = step(7, &[5, 6]);
    last.resource = thing(20);
    last.acts = vec![Act::new(Action::DeleteSubnet, thing(20))];
    let mut steps = small().steps;
    steps.extend([unprotect(6, 20), last]);
    plan(steps)
}

#[test]
fn everything_goes_and_nothing_is_refused() {
    let plan = small();
    let account = InMemory::of(&plan);
    account.change(&thing(1), |it| it.looks = 4);
    let ended = run_all(&account, &plan);
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(account.left(), []);
    assert_eq!(account.refusals.borrow().len(), 0);
}

#[test]
fn each_step_begins_when_its_own_predecessors_are_done() {
    let plan = plan(vec![step(1, &[]), step(2, &[]), step(3, &[2])]);
    let account = InMemory::of(&plan);
    account.change(&thing(1), |it| it.looks = 50);
    let done = RefCell::new(Vec::new());
    let past = fresh(&plan);
    go_with(&account, &Memory::whole(), &past, &testing::pace(), &|it| {
        if let Event::Done { step, .. } = it {
            done.borrow_mut().push(step.number);
        }
    });
    assert_eq!(done.into_inner(), [2, 3, 1]);
}

#[test]
fn no_more_than_eight_calls_are_under_way_at_once() {
    let plan = plan((1..=40).map(|it| step(it, &[])).collect());
    let account = InMemory::of(&plan);
    assert!(run_all(&account, &plan).is_whole());
    assert_eq!(account.most_at_once.borrow().1, 8);
}

#[test]
fn in_every_weather_it_ends_as_in_a_good_one() {
    for weather in [Weather::Throttled, Weather::Failure, Weather::LostAnswer] {
        for every in [2, 3, 5] {
            let plan = small();
            let account = InMemory {
                weather: Some((every, weather)),
                ..InMemory::of(&plan)
            };
            account.change(&thing(3), |it| it.looks = 3);
            let ended = run_all(&account, &plan);
            assert!(ended.is_whole(), "{weather:?} {every} {ended:?}");
            assert_eq!(account.left(), []);
        }
    }
}

#[test]
fn what_someone_else_deleted_is_done() {
    let plan = small();
    let account = InMemory::of(&plan);
    let deleted = Incident::Deletes(thing(3));
    account.incidents.replace([(2, deleted)].into());
    let ended = run_all(&account, &plan);
    assert!(ended.is_whole());
    assert_eq!(ended.outcomes[&3], Outcome::Done(How::Found));
}

#[test]
fn another_of_the_same_name_is_left_alone_and_so_is_what_it_may_hold() {
    let plan = small();
    let account = InMemory::of(&plan);
    let replaced = Incident::Replaces(thing(3));
    account.incidents.replace([(1, replaced)].into());
    let ended = run_all(&account, &plan);
    let left = &ended.outcomes[&3];
    assert!(matches!(left, Outcome::Left(why) if why.contains("was made on")));
    assert_eq!(ended.outcomes[&5], Outcome::NotBegun(3));
    assert_eq!(account.left(), [thing(3), thing(5)]);
    let acts = account.acts.borrow();
    assert!(acts.iter().all(|it| it.1 != thing(3)), "{acts:?}");
}

#[test]
fn one_that_was_added_meanwhile_holds_and_is_named() {
    let plan = plan(vec![step(1, &[]), step(2, &[1])]);
    let account = InMemory::of(&plan);
    let stranger = ResourceId::new(Kind::NetworkInterface, "eni-9");
    account.change(&thing(2), |it| {
        it.held_by.insert(stranger.clone());
    });
    let added = Incident::Adds(stranger.clone(), Thing::default());
    account.incidents.replace([(1, added)].into());
    let said = RefCell::new(BTreeSet::new());
    let pace = Pace {
        deadline: 1,
        second: Duration::from_millis(50),
        ..testing::pace()
    };
    let past = fresh(&plan);
    let ended = go_with(&account, &Memory::whole(), &past, &pace, &|it| {
        if let Event::HeldBy { holders, .. } = it {
            said.borrow_mut().extend(holders.to_vec());
        }
    });
    assert!(matches!(ended.early, Some(Early::Deadline)), "{ended:?}");
    assert_eq!(said.into_inner(), BTreeSet::from([stranger.to_string()]));
    assert_eq!(account.left().len(), 2);
}

#[test]
fn a_protection_that_is_switched_on_meanwhile_fails_the_step_and_no_other() {
    let plan = small();
    let account = InMemory::of(&plan);
    let switched_on = Incident::Protects(thing(4));
    account.incidents.replace([(1, switched_on)].into());
    let ended = run_all(&account, &plan);
    let failed = &ended.outcomes[&4];
    assert!(matches!(failed, Outcome::Failed(why) if why.contains("NotPermitted")));
    assert_eq!(ended.outcomes[&5], Outcome::NotBegun(4));
    assert_eq!(account.left(), [thing(4), thing(5)]);
}

#[test]
fn a_protection_is_switched_on_again_when_its_thing_stays() {
    let plan = protected();
    let account = InMemory::of(&plan);
    account.change(&thing(2), |it| it.protected = true);
    let notes = Memory::whole();
    let ended = go(&account, &notes, &fresh(&plan));
    assert_eq!(ended.outcomes[&7], Outcome::NotBegun(2));
    assert!(account.things.borrow()[&thing(20)].protected);
    let restored = Entry::Restored { step: 6 };
    assert!(notes.entries.borrow().contains(&restored));
}

#[test]
fn a_protection_that_a_step_switches_off_itself_is_switched_on_again_too() {
    let mut both = step(2, &[1]);
    let unprotect = Act::new(Action::ModifyLoadBalancerAttributes, thing(2));
    both.acts.insert(0, unprotect);
    let plan = plan(vec![step(1, &[]), both]);
    let account = InMemory::of(&plan);
    account.change(&thing(2), |it| {
        it.protected = true;
        it.sticks = 2;
    });
    let ended = run_all(&account, &plan);
    assert!(matches!(ended.outcomes[&2], Outcome::Failed(_)));
    assert!(account.things.borrow()[&thing(2)].protected);
}

#[test]
fn a_protection_that_is_on_again_is_switched_off_anew_by_a_resume() {
    let plan = protected();
    let account = InMemory::of(&plan);
    account.change(&thing(2), |it| it.protected = true);
    let fresh = fresh(&plan);
    let notes = Memory::whole();
    go(&account, &notes, &fresh);
    account.change(&thing(2), |it| it.protected = false);
    let ended = go(&account, &Memory::whole(), &notes.past(&fresh));
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(account.left(), []);
}

/// Step 2 switches off what protects thing 20, which goes after thing 1; and the run is asked to
/// stop when that is off, or loses its credentials at a call of that number.
fn stopped(expires: Option<u32>, looks: u32) -> (Ended, InMemory, Memory, Past) {
    let mut last = step(3, &[1, 2]);
    last.resource = thing(20);
    last.acts = vec![Act::new(Action::DeleteSubnet, thing(20))];
    let plan = plan(vec![step(1, &[]), unprotect(2, 20), last]);
    let account = InMemory {
        expires,
        ..InMemory::of(&plan)
    };
    account.change(&thing(1), |it| it.looks = looks);
    let stop = Stop::default();
    let notes = Memory::whole();
    let past = fresh(&plan);
    let ended = go_until(&stop, &account, &notes, &past, &testing::pace(), &|it| {
        let off = matches!(&it, Event::Done { step, .. } if step.number == 2);
        if off && expires.is_none() {
            stop.ask();
        }
    });
    (ended, account, notes, past)
}

#[test]
fn asked_to_stop_it_switches_protections_on_again_and_a_resume_finishes_it() {
    let (ended, account, notes, past) = stopped(None, 1000);
    assert!(matches!(ended.early, Some(Early::Interrupted)), "{ended:?}");
    assert!(account.things.borrow()[&thing(20)].protected);
    assert_eq!(ended.unprotected, []);
    account.change(&thing(1), |it| it.looks = 0);
    let ended = go(&account, &Memory::whole(), &notes.past(&past));
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(account.left(), []);
}

#[test]
fn protections_that_cannot_be_switched_on_again_are_told() {
    let (ended, account, ..) = stopped(Some(20), 1000);
    assert!(matches!(ended.early, Some(Early::Expired(_))), "{ended:?}");
    assert!(!account.things.borrow()[&thing(20)].protected);
    let told: Vec<(u32, bool)> = ended
        .unprotected
        .iter()
        .map(|it| (it.step, it.goes))
        .collect();
    assert_eq!(told, [(2, false)]);
}

#[test]
fn what_aws_is_deleting_with_its_stack_is_not_protected_again_and_that_is_told() {
    let mut stack = step(2, &[1]);
    stack.covers = vec![thing(20)];
    stack.deadline = 1;
    let plan = plan(vec![unprotect(1, 20), stack]);
    let account = InMemory::of(&plan);
    account.change(&thing(2), |it| it.looks = u32::MAX);
    let ended = run_all(&account, &plan);
    assert!(matches!(ended.outcomes[&2], Outcome::StillGoing(_)));
    assert!(!account.things.borrow()[&thing(20)].protected);
    assert!(ended.unprotected[0].goes, "{ended:?}");
}

#[test]
fn killed_while_it_switches_a_protection_on_again_a_resume_switches_it_off_anew() {
    for lines in 0.. {
        let plan = protected();
        let account = InMemory::of(&plan);
        account.change(&thing(2), |it| it.protected = true);
        let fresh = fresh(&plan);
        let notes = Memory::killed_after(lines);
        let ended = go(&account, &notes, &fresh);
        account.change(&thing(2), |it| it.protected = false);
        let again = go(&account, &Memory::whole(), &notes.past(&fresh));
        assert!(again.is_whole(), "{lines}: {again:?}");
        if ended.early.is_none() && ended.unprotected.is_empty() {
            break;
        }
    }
}

#[test]
fn what_is_gone_before_it_was_copied_is_not_copied() {
    for call in 1..6 {
        let plan = plan(vec![copy(1, 20), step(2, &[1])]);
        let account = InMemory::of(&plan);
        let deleted = Incident::Deletes(thing(20));
        account.incidents.replace([(call, deleted)].into());
        let ended = run_all(&account, &plan);
        let copied = account.acts.borrow().iter().any(|it| it.1 == thing(20));
        let outcome = &ended.outcomes[&1];
        let failed = matches!(outcome, Outcome::Failed(_));
        if failed {
            assert!(account.left().contains(&thing(2)));
        } else {
            assert!(copied && *outcome == Outcome::Done(How::Made), "{call}");
        }
        assert_eq!(failed, call < 3);
    }
}

#[test]
fn a_copy_that_aws_took_is_waited_for_although_its_thing_is_gone_by_now() {
    let plan = plan(vec![copy(1, 20), step(2, &[1])]);
    let account = InMemory::of(&plan);
    let fresh = fresh(&plan);
    let notes = Memory::killed_after(2);
    go(&account, &notes, &fresh);
    account.change(&thing(20), |it| it.gone = true);
    let denied = Refusal::new(Class::Never, "AccessDenied", "not allowed");
    account.unready.replace(Some(denied));
    let past = notes.past(&fresh);
    let ended = go(&account, &Memory::whole(), &past);
    assert!(matches!(ended.outcomes[&1], Outcome::Failed(_)));
    account.unready.replace(None);
    let ended = go(&account, &Memory::whole(), &past);
    assert!(ended.is_whole(), "{ended:?}");
}

#[test]
fn what_may_not_be_asked_is_not_asked_until_the_deadline() {
    let mut drained = step(1, &[]);
    drained.goal = Goal::Drained;
    for first in [drained, copy(1, 20)] {
        let plan = plan(vec![first, step(2, &[1])]);
        let account = InMemory::of(&plan);
        let denied = Refusal::new(Class::Never, "AccessDenied", "not allowed");
        account.unready.replace(Some(denied));
        let begun = Instant::now();
        let ended = run_all(&account, &plan);
        let failed = &ended.outcomes[&1];
        assert!(matches!(failed, Outcome::Failed(why) if why.contains("AccessDenied")));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_deletion_that_aws_gives_up_is_tried_once_more() {
    for (sticks, whole) in [(1, true), (2, false)] {
        let plan = plan(vec![step(1, &[])]);
        let account = InMemory::of(&plan);
        account.change(&thing(1), |it| it.sticks = sticks);
        let ended = run_all(&account, &plan);
        assert_eq!(ended.is_whole(), whole, "{ended:?}");
    }
}

#[test]
fn a_bucket_into_which_logs_come_late_is_emptied_again() {
    let mut bucket = step(1, &[]);
    bucket
        .acts
        .insert(0, Act::new(Action::DeleteObjects, thing(1)));
    let plan = plan(vec![bucket]);
    let account = InMemory::of(&plan);
    account.change(&thing(1), |it| {
        it.full = true;
        it.refills = 2;
    });
    let ended = run_all(&account, &plan);
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(account.left(), []);
}

/// A bucket of that many parts.
fn large_bucket(parts: u32) -> (Plan, InMemory) {
    let mut bucket = step(1, &[]);
    let empty = Act::new(Action::DeleteObjects, thing(1));
    bucket.acts.insert(0, empty);
    let plan = plan(vec![bucket]);
    let account = InMemory::of(&plan);
    account.change(&thing(1), |it| {
        it.full = true;
        it.parts = parts;
    });
    (plan, account)
}

#[test]
fn a_large_bucket_is_emptied_part_by_part_however_many_there_are() {
    let (plan, account) = large_bucket(10 * SOON_TRIES);
    let ended = run_all(&account, &plan);
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(account.left(), []);
}

#[test]
fn a_large_bucket_is_left_after_a_part_when_someone_wants_to_stop() {
    let (plan, account) = large_bucket(1000);
    let stop = Stop::default();
    let pace = testing::pace();
    let past = fresh(&plan);
    let ended = go_until(&stop, &account, &Memory::whole(), &past, &pace, &|it| {
        if matches!(it, Event::Refused { .. }) {
            stop.ask();
        }
    });
    assert!(matches!(ended.early, Some(Early::Interrupted)), "{ended:?}");
    assert_eq!(account.acts.borrow().len(), 1);
}

#[test]
fn what_a_long_call_is_about_is_told_while_it_is_under_way() {
    let plan = plan(vec![step(1, &[])]);
    let account = InMemory {
        slow: Duration::from_millis(30),
        ..InMemory::of(&plan)
    };
    let pace = Pace {
        heartbeat: 10,
        ..testing::pace()
    };
    let said = RefCell::new(Vec::new());
    let past = fresh(&plan);
    go_with(&account, &Memory::whole(), &past, &pace, &|it| {
        if let Event::Waiting { for_what, .. } = it {
            said.borrow_mut()
                .extend(for_what.iter().map(|it| it.what.clone()));
        }
    });
    let said = said.into_inner();
    let call = "AWS to take ec2:DeleteSubnet";
    assert!(said.iter().any(|it| it == call), "{said:?}");
}

#[test]
fn a_bucket_that_the_plan_takes_for_empty_is_never_emptied() {
    let mut bucket = step(1, &[]);
    bucket.deadline = 1;
    let plan = plan(vec![bucket]);
    let account = InMemory::of(&plan);
    account.change(&thing(1), |it| it.full = true);
    let ended = run_all(&account, &plan);
    assert!(matches!(ended.outcomes[&1], Outcome::Failed(_)));
    assert_eq!(account.left(), [thing(1)]);
}

#[test]
fn what_is_not_gone_in_its_time_is_still_going() {
    let mut slow = step(1, &[]);
    slow.deadline = 1;
    let plan = plan(vec![slow, step(2, &[1])]);
    let account = InMemory::of(&plan);
    account.change(&thing(1), |it| it.looks = u32::MAX);
    let ended = run_all(&account, &plan);
    assert!(matches!(ended.outcomes[&1], Outcome::StillGoing(_)));
    assert_eq!(ended.outcomes[&2], Outcome::NotBegun(1));
}

#[test]
fn expired_credentials_stop_the_run_and_a_resume_finishes_it() {
    let plan = small();
    for call in 1..20 {
        let account = InMemory {
            expires: Some(call),
            ..InMemory::of(&plan)
        };
        let notes = Memory::whole();
        let fresh = fresh(&plan);
        let ended = go(&account, &notes, &fresh);
        assert!(matches!(ended.early, Some(Early::Expired(_)) | None));
        let renewed = InMemory {
            expires: None,
            ..account
        };
        let ended = go(&renewed, &Memory::whole(), &notes.past(&fresh));
        assert!(ended.is_whole(), "{call} {ended:?}");
        assert_eq!(renewed.left(), []);
    }
}

#[test]
fn asked_to_stop_it_begins_nothing_more() {
    let plan = small();
    let account = InMemory::of(&plan);
    let past = fresh(&plan);
    let stop = Stop::default();
    stop.ask();
    let pace = testing::pace();
    let ended = go_until(&stop, &account, &Memory::whole(), &past, &pace, &|_| ());
    assert!(matches!(ended.early, Some(Early::Interrupted)));
    assert_eq!(account.acts.borrow().len(), 0);
}

/// Killed after that many lines of its journal, in the middle of a call or before one, and taken
/// up again.
fn killed(plan: &Plan, account: InMemory, lines: usize) -> (InMemory, bool) {
    let fresh = fresh(plan);
    let notes = Memory::killed_after(lines);
    let ended = go(&account, &notes, &fresh);
    let was_killed = matches!(ended.early, Some(Early::Journal(_)));
    let ended = go(&account, &Memory::whole(), &notes.past(&fresh));
    assert!(ended.is_whole(), "after {lines} lines: {ended:?}");
    (account, was_killed)
}

#[test]
fn killed_after_any_line_and_taken_up_again_it_ends_the_same() {
    let plan = protected();
    for lines in 0.. {
        let account = InMemory::of(&plan);
        account.change(&thing(3), |it| it.looks = 2);
        let (account, was_killed) = killed(&plan, account, lines);
        assert_eq!(account.left(), []);
        if !was_killed {
            assert!(lines > 15, "{lines}");
            break;
        }
    }
}

/// Up to 30 steps, each after some of those before it.
pub(super) fn graphs() -> impl Strategy<Value = Plan> {
    let after = proptest::collection::vec(any::<Index>(), 0..4);
    proptest::collection::vec(after, 1..30).prop_map(|steps| {
        let steps = steps.iter().enumerate().map(|(earlier, before)| {
            let before = before.iter().filter(|_| earlier > 0);
            let number = |it: usize| u32::try_from(it).unwrap() + 1;
            let after: BTreeSet<u32> = before.map(|it| number(it.index(earlier))).collect();
            let after: Vec<u32> = after.into_iter().collect();
            step(number(earlier), &after)
        });
        plan(steps.collect())
    })
}

pub(super) fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_graph_goes_in_an_order_that_is_never_refused(
        plan in graphs(),
        looks in proptest::collection::vec(0_u32..4, 30),
    ) {
        let account = InMemory::of(&plan);
        for (step, looks) in plan.steps.iter().zip(looks) {
            account.change(&step.resource, |it| it.looks = looks);
        }
        let ended = run_all(&account, &plan);
        prop_assert!(ended.is_whole());
        prop_assert_eq!(account.left(), vec![]);
        prop_assert_eq!(account.refusals.borrow().len(), 0);
    }

    #[test]
    fn any_graph_killed_anywhere_ends_the_same(plan in graphs(), lines in 0_usize..60) {
        let account = InMemory::of(&plan);
        let (account, _) = killed(&plan, account, lines);
        prop_assert_eq!(account.left(), vec![]);
    }

    #[test]
    fn what_is_refused_for_good_leaves_all_that_it_holds_and_nothing_else(
        plan in graphs(),
        at in any::<Index>(),
    ) {
        let stays = at.get(&plan.steps).number;
        let account = InMemory::of(&plan);
        account.change(&thing(stays), |it| it.protected = true);
        let ended = run_all(&account, &plan);
        let mut kept = BTreeSet::from([stays]);
        for step in &plan.steps {
            if step.after.iter().any(|it| kept.contains(it)) {
                kept.insert(step.number);
            }
        }
        let kept: BTreeSet<ResourceId> = kept.into_iter().map(thing).collect();
        prop_assert_eq!(account.left().into_iter().collect::<BTreeSet<_>>(), kept);
        prop_assert!(ended.early.is_none());
    }
}
