//! How much longer a teardown runs than the longest chain of waits in its plan.
//!
//! ```console
//! $ cargo bench --profile dev --bench teardown
//! ```
//!
//! The account is in memory: each thing is gone so long after its deletion was asked for, and every
//! call takes as long as one over a network, in seconds a hundred times as short. The exit code is
//! 1 when a run takes more than 120 % of its longest chain.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark says what is wrong by failing"
)]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    process::ExitCode,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use racklens::{
    aws::{
        look::{Seen, Target, There},
        refusal::{Class, Refusal},
        write::{Ready, Way},
    },
    executor::{
        Account,
        journal::{self, Entry, Header, Notes, Past},
        pace::{Pace, Stop},
        run,
    },
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::{self, Act, Consent, Goal, Identity, Month, Plan, Step},
};

/// How long a second is here.
const SECOND: Duration = Duration::from_millis(10);
/// How long a call takes, in milliseconds of a real network.
const LATENCY_MS: u32 = 50;
/// Of the longest chain, in percent.
const BUDGET: u128 = 120;

/// Steps, layers, and the longest that one takes, in seconds.
const SHAPES: &[(u32, u32, u32)] = &[(60, 12, 60), (200, 15, 60), (400, 6, 300)];

struct Silent;

impl Notes for Silent {
    fn note(&self, _: Entry) -> io::Result<()> {
        Ok(())
    }
}

/// Each thing: how long its deletion takes, and when it was asked for.
struct Slow(RefCell<BTreeMap<ResourceId, (Duration, Option<Instant>)>>);

async fn network() {
    tokio::time::sleep(SECOND * LATENCY_MS / 1000).await;
}

impl Account for Slow {
    async fn look(&self, target: Target<'_>, _: Option<&str>) -> Result<Seen, Refusal> {
        network().await;
        let things = self.0.borrow();
        let (takes, asked) = things[target.id];
        Ok(match asked {
            None => Seen::There(There::default()),
            Some(it) if it.elapsed() >= takes => Seen::Gone,
            Some(_) => Seen::Going("it takes its time".to_owned()),
        })
    }

    async fn act(&self, act: &Act, _: Option<&str>, _: Way) -> Result<(), Refusal> {
        network().await;
        let mut things = self.0.borrow_mut();
        let thing = things.get_mut(&act.on);
        let thing = thing.ok_or_else(|| Refusal::new(Class::Already, "NotFound", ""))?;
        thing.1.get_or_insert_with(Instant::now);
        Ok(())
    }

    async fn ready(&self, _: &Act, _: Option<&str>) -> Result<Ready, Refusal> {
        Ok(Ready::Yes)
    }

    async fn drained(&self, _: &ResourceId) -> Result<Ready, Refusal> {
        Ok(Ready::Yes)
    }

    async fn holders(&self, _: &ResourceId) -> Result<Vec<String>, Refusal> {
        Ok(Vec::new())
    }
}

fn main() -> ExitCode {
    let mut kept = true;
    for (steps, layers, longest) in SHAPES {
        let plan = plan(*steps, *layers, *longest);
        let chain = SECOND * chain(&plan);
        let took = wall(plan);
        let percent = took.as_micros() * 100 / chain.as_micros().max(1);
        kept &= percent <= BUDGET;
        let word = if percent <= BUDGET { "kept" } else { "BROKEN" };
        println!(
            "  {steps:>4} steps in {layers:>2} layers: budget {BUDGET} % of the longest chain, \
             measured {percent} % {word}"
        );
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn wall(plan: Plan) -> Duration {
    let things = plan.steps.iter().map(|it| {
        let takes = SECOND * it.takes;
        (it.resource.clone(), (takes, None))
    });
    let account = Slow(RefCell::new(things.collect()));
    let header = Header {
        format: journal::FORMAT,
        racklens: String::new(),
        account: String::new(),
        region: String::new(),
        identity: String::new(),
        plan,
    };
    let past = Past::fresh(header, Timestamp::UNIX_EPOCH);
    let pace = Pace {
        second: SECOND,
        heartbeat: 0,
        ..Pace::default()
    };
    let stop = Stop::default();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let begun = Instant::now();
    let ended = runtime.block_on(run::run(&account, &Silent, &past, &pace, &stop, &|_| ()));
    let took = begun.elapsed();
    assert!(ended.is_whole(), "{ended:?}");
    took
}

/// The longest chain of waits, in seconds.
fn chain(plan: &Plan) -> u32 {
    let mut ends: Vec<u32> = Vec::new();
    for step in &plan.steps {
        let before = step.after.iter().map(|it| ends[*it as usize - 1]).max();
        ends.push(before.unwrap_or(0) + step.takes);
    }
    ends.into_iter().max().unwrap_or(0)
}

/// So many steps in layers, each after two or three of the layer before; most take a second or two,
/// some up to the longest.
fn plan(steps: u32, layers: u32, longest: u32) -> Plan {
    let wide = steps / layers;
    let mut drawn = 1_u32;
    let mut draw = move |below: u32| {
        drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (drawn >> 8) % below.max(1)
    };
    let steps = (1..=wide * layers).map(|number| {
        let layer = (number - 1) / wide;
        let mut after: Vec<u32> = (0..if layer == 0 { 0 } else { 3 })
            .map(|_| (layer - 1) * wide + 1 + draw(wide))
            .collect();
        after.sort_unstable();
        after.dedup();
        let slow = draw(4) == 0;
        let resource = ResourceId::new(Kind::Subnet, format!("subnet-{number}"));
        Step {
            number,
            arn: None,
            name: None,
            identity: Identity::default(),
            goal: Goal::Gone,
            acts: vec![Act::new(Action::DeleteSubnet, resource.clone())],
            resource,
            after,
            why: String::new(),
            takes: if slow { 1 + draw(longest) } else { 1 + draw(2) },
            deadline: 100_000,
            loses: None,
            undo: None,
            covers: Vec::new(),
            region: None,
        }
    });
    Plan {
        format: plan::FORMAT,
        racklens: String::new(),
        rack: String::new(),
        account: String::new(),
        region: String::new(),
        identity: None,
        taken: Timestamp::UNIX_EPOCH,
        consent: Consent::default(),
        steps: steps.collect(),
        losses: Vec::new(),
        stays: Vec::new(),
        blockers: Vec::new(),
        notes: Vec::new(),
        inferred: BTreeMap::new(),
        neighbours: Vec::new(),
        month: Month::default(),
        digest: String::new(),
    }
}
