//! The five racks of the samples taken down in an account in memory, killed after every line of
//! their journals and taken up again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::*;
use crate::{
    executor::{
        journal::Line,
        testing::{InMemory, Memory, header, pace},
    },
    id::ResourceId,
    snapshot::Snapshot,
    teardown::Consent,
    testing,
};

/// The plan of a sample with everything allowed and copies of all that can be copied.
fn planned(json: &str) -> Plan {
    let snapshot = Snapshot::parse(json.as_bytes()).unwrap();
    let consent = Consent {
        backup: true,
        ..testing::all()
    };
    testing::planned(&snapshot, &consent)
}

/// An account in which every third thing takes some looks to go.
fn account(plan: &Plan) -> InMemory {
    let account = InMemory::of(plan);
    for step in plan.steps.iter().step_by(3) {
        account.change(&step.resource, |it| it.looks = 2);
    }
    account
}

fn go(account: &InMemory, notes: &Memory, past: &Past) -> Ended {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let (pace, stop) = (pace(), Stop::default());
    runtime.block_on(run(account, notes, past, &pace, &stop, &|_| ()))
}

/// The text of a journal with these entries, and a part of one more.
fn text(past: &Past, entries: &[Entry], cut: Option<&Entry>) -> Vec<u8> {
    let line = |entry: &Entry| {
        let entry = entry.clone();
        let at = Timestamp::UNIX_EPOCH;
        serde_json::to_string(&Line { at, entry }).unwrap() + "\n"
    };
    let mut text = line(&Entry::Begun(Box::new(past.header.clone())));
    text.extend(entries.iter().map(line));
    if let Some(entry) = cut {
        let cut = line(entry);
        text.push_str(&cut[..cut.len() / 2]);
    }
    text.into_bytes()
}

/// How often a journal is read from its text, with the next line cut in its middle.
const FROM_TEXT: usize = 25;

fn ends_the_same_wherever_it_is_killed(json: &str) {
    let plan = planned(json);
    let fresh = Past::fresh(header(plan.clone()), Timestamp::UNIX_EPOCH);
    let goes: BTreeSet<ResourceId> = plan.goes().into_iter().cloned().collect();
    let stays = plan.stays.iter().map(|it| it.resource.clone());
    let stays: BTreeSet<ResourceId> = stays.chain(plan.neighbours.iter().cloned()).collect();
    let whole = Memory::whole();
    let calm = account(&plan);
    let ended = go(&calm, &whole, &fresh);
    assert!(ended.is_whole(), "{ended:?}");
    assert_eq!(*calm.refusals.borrow(), Vec::<String>::new());
    let lines = whole.entries.into_inner();
    assert!(lines.len() > 2 * plan.steps.len(), "{}", lines.len());
    for killed in 0..lines.len() {
        let account = account(&plan);
        let notes = Memory::killed_after(killed);
        let ended = go(&account, &notes, &fresh);
        assert!(matches!(ended.early, Some(Early::Journal(_))), "{killed}");
        let noted = notes.entries.borrow();
        let past = if killed % FROM_TEXT == 0 {
            let text = text(&fresh, &noted, lines.get(killed));
            Past::parse(&text).unwrap()
        } else {
            notes.past(&fresh)
        };
        assert_eq!(past.entries, lines[..killed], "{killed}");
        let ended = go(&account, &Memory::whole(), &past);
        assert!(ended.is_whole(), "after {killed} lines: {ended:?}");
        let left: BTreeSet<ResourceId> = account.left().into_iter().collect();
        assert_eq!(left, stays, "after {killed} lines");
        assert!(left.is_disjoint(&goes));
        let refused = account.refusals.borrow();
        let held = refused.iter().filter(|it| *it != "NotFound").count();
        assert_eq!(held, 0, "after {killed} lines: {refused:?}");
    }
}

#[test]
fn karim_test_ends_the_same_wherever_it_is_killed() {
    let json = include_str!("../../../samples/karim-test/snapshot.json");
    ends_the_same_wherever_it_is_killed(json);
}

#[test]
fn karim_staging_ends_the_same_wherever_it_is_killed() {
    let json = include_str!("../../../samples/karim-staging/snapshot.json");
    ends_the_same_wherever_it_is_killed(json);
}

#[test]
fn cruddur_ends_the_same_wherever_it_is_killed() {
    let json = include_str!("../../../samples/cruddur/snapshot.json");
    ends_the_same_wherever_it_is_killed(json);
}

#[test]
fn ecs_cluster_ends_the_same_wherever_it_is_killed() {
    let json = include_str!("../../../samples/ecs-cluster/snapshot.json");
    ends_the_same_wherever_it_is_killed(json);
}

#[test]
fn ecstest_ends_the_same_wherever_it_is_killed() {
    let json = include_str!("../../../samples/ecstest/snapshot.json");
    ends_the_same_wherever_it_is_killed(json);
}
