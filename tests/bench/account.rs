//! What reading a large rack takes: calls, time, memory, and what each costs that is one more.
//!
//! ```console
//! $ cargo bench --bench account                    # builds all AWS crates anew, optimised
//! $ cargo bench --profile dev --bench account      # with what `cargo test` has built
//! $ RACKLENS_BIN=target/release/racklens cargo bench --profile dev --bench account
//! ```
//!
//! The account is `tests/emulator/racks/bench_account.py`. The emulator itself is not measured: its
//! answers are remembered once and then given from memory, after a pause like that of a network.
//! The exit code is 1 when a budget is broken.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it measured"
)]
#![expect(unreachable_pub, reason = "everything here is one binary's own")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
    time::Duration,
};

use serde_json::Value;

mod chain;
mod child;
#[expect(dead_code, reason = "tests use more of it")]
#[path = "../support/emulator.rs"]
mod emulator;
mod kernel;
#[expect(dead_code, reason = "tests use more of it")]
#[path = "../support/recorded.rs"]
mod recorded;

use child::Taken;
use emulator::Emulator;
use recorded::{Asked, Deed, Plan, Recorded, Served, Wire};

const CALLS: u64 = 480;
const PEAK_KIB: u64 = 60 << 10;
const LATENCY: Duration = Duration::from_millis(50);
/// Every so many requests one is refused: 20 %.
const THROTTLE_EACH: usize = 5;
const ROUNDS: usize = 3;

/// What is made more of, how many more, and how many calls each may cost.
///
/// What may cost nothing is made ten of, so that a call for each would show; its listing has room
/// for them on the pages that it takes anyway.
const GROWTH: &[(&str, u64, u64)] = &[
    ("bucket", 2, 8),
    ("repository", 2, 3),
    ("task-definition", 2, 1),
    ("target-group", 2, 1),
    ("listener", 1, 2),
    ("listener-https", 1, 2),
    ("role", 2, 3),
    ("table", 2, 1),
    ("queue", 2, 1),
    ("old-revision", 10, 0),
    ("ebs-snapshot", 10, 0),
    ("log-group", 10, 0),
    ("interface", 10, 0),
    ("security-group", 10, 0),
    ("instance", 10, 0),
];

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every budget was kept.
fn bench() -> Result<bool, String> {
    println!("program: {}", child::program().display());
    let stage = Stage::new()?;
    let (recorded, base) = stage.learn()?;
    let mut verdict = Verdict(true);
    println!("\ncalls of one rack that owns all of the account, by operation:");
    for (call, count) in &base.calls {
        println!("  {count:>5}  {call}");
    }
    println!();
    verdict.say("calls in all", CALLS, base.total(), "");
    let calm = stage.calm(&recorded, &base, &mut verdict)?;
    stage.throttled(&recorded, &base, calm, &mut verdict)?;
    stage.growth(base, &mut verdict)?;
    Ok(verdict.0)
}

/// Whether all was kept so far.
struct Verdict(bool);

impl Verdict {
    fn say(&mut self, what: &str, budget: u64, measured: u64, unit: &str) {
        let kept = measured <= budget;
        self.0 &= kept;
        let word = if kept { "kept" } else { "BROKEN" };
        println!(
            "  {what:<34} budget {budget:>7} {unit:<3} measured {measured:>7} {unit:<3} {word}"
        );
    }

    fn must(&mut self, what: &str, holds: bool) {
        self.0 &= holds;
        println!("  {what:<34} {}", if holds { "yes" } else { "NO" });
    }
}

/// The emulator with the account, and a folder for files.
struct Stage {
    emulator: Emulator,
    folder: tempfile::TempDir,
}

/// What one reading came to.
struct Seen {
    calls: BTreeMap<String, u64>,
    gaps: usize,
    resources: Value,
    taken: Taken,
}

impl Seen {
    fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

impl Stage {
    fn new() -> Result<Self, String> {
        let emulator = Emulator::start(&["bench_account"]);
        let folder = tempfile::tempdir().map_err(|it| it.to_string())?;
        let stage = Self { emulator, folder };
        stage.account(&[])?;
        Ok(stage)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the account's script: makes more of something, and writes anew what the rack is.
    fn account(&self, more: &[String]) -> Result<(), String> {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/emulator/racks/bench_account.py"
        );
        let mut command = Command::new(emulator::interpreter());
        command
            .arg(script)
            .args(more.iter().flat_map(|it| ["--add", it]))
            .arg("--definition")
            .arg(self.file("racklens.toml"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(self.emulator.env());
        let output = command.output().map_err(|it| it.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or(said)
    }

    /// Reads the rack from that endpoint.
    fn read(&self, endpoint: &str) -> Result<Seen, String> {
        let file = self.file("snapshot.json");
        let mut command = Command::new(child::program());
        command
            .env_clear()
            .envs(self.emulator.env())
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("HOME", "/nonexistent")
            .args(["snapshot", "--rack", "big", "--config"])
            .arg(self.file("racklens.toml"))
            .arg("-o")
            .arg(&file);
        let taken = child::watch(&mut command, &self.file("log"))?;
        let text = fs::read(&file).map_err(|it| it.to_string())?;
        let mut snapshot: Value = serde_json::from_slice(&text).map_err(|it| it.to_string())?;
        let calls = serde_json::from_value(snapshot["calls"].take());
        Ok(Seen {
            calls: calls.map_err(|it| it.to_string())?,
            gaps: snapshot["gaps"].as_array().map_or(0, Vec::len),
            resources: snapshot["resources"].take(),
            taken,
        })
    }

    /// Reads until every answer is remembered.
    fn learn(&self) -> Result<(Recorded, Seen), String> {
        let mut first = Ok(());
        let recorded = Recorded::take(&self.emulator.endpoint, |endpoint| {
            first = self.read(endpoint).map(drop);
        });
        first?;
        for _ in 0..5 {
            let served = recorded.serve(Plan::default());
            let seen = self.read(&served.endpoint)?;
            if seen.gaps > 0 {
                return Err("the emulator's account could not be read without gaps".to_owned());
            }
            if served.unforeseen() == 0 {
                return Ok((recorded, seen));
            }
        }
        Err("each reading asked something new".to_owned())
    }

    /// With a network's pause before each answer; the fastest round counts.
    fn calm(
        &self,
        recorded: &Recorded,
        base: &Seen,
        verdict: &mut Verdict,
    ) -> Result<Duration, String> {
        let mut best: Option<(Seen, Served)> = None;
        for _ in 0..ROUNDS {
            let served = recorded.serve(Plan::default().latency(LATENCY));
            let seen = self.read(&served.endpoint)?;
            let slower = |it: &(Seen, Served)| seen.taken.wall < it.0.taken.wall;
            if best.as_ref().is_none_or(slower) {
                best = Some((seen, served));
            }
        }
        let (seen, served) = best.ok_or("no round was run")?;
        let chain = chain::longest(&seen.calls, &pages(&served));
        println!("\nwith {} ms before every answer:", LATENCY.as_millis());
        println!("  the longest chain of calls, each needing the one before:");
        for (n, call) in chain.iter().enumerate() {
            println!("    {}. {call}", n + 1);
        }
        let waiting = LATENCY * u32::try_from(chain.len()).unwrap_or(u32::MAX);
        let budget = waiting + waiting / 2 + seen.taken.cpu;
        println!(
            "  budget: 1.5 x {} x {} ms + {} ms of processor time",
            chain.len(),
            LATENCY.as_millis(),
            seen.taken.cpu.as_millis()
        );
        verdict.say("wall", ms(budget), ms(seen.taken.wall), "ms");
        verdict.say("peak memory", PEAK_KIB, seen.taken.peak_kib, "KiB");
        println!(
            "    of it {} KiB besides the program's own file",
            seen.taken.own_kib
        );
        verdict.must("every answer came from memory", served.unforeseen() == 0);
        verdict.must("the same was read", seen.resources == base.resources);
        Ok(seen.taken.wall)
    }

    /// With a fifth of all requests refused.
    fn throttled(
        &self,
        recorded: &Recorded,
        base: &Seen,
        calm: Duration,
        verdict: &mut Verdict,
    ) -> Result<(), String> {
        let slow_down = |asked: &Asked, _: &Recorded| {
            let refuse = (asked.number + 1).is_multiple_of(THROTTLE_EACH);
            refuse.then(|| Deed::Answer(throttled(asked)))
        };
        let plan = Plan::default().latency(LATENCY).fault(slow_down);
        let mut best: Option<Duration> = None;
        let (mut complete, mut refused) = (true, 0);
        for _ in 0..ROUNDS {
            let served = recorded.serve(plan.clone());
            let seen = self.read(&served.endpoint)?;
            complete &= seen.gaps == 0 && seen.resources == base.resources;
            refused = served.requests().len() / THROTTLE_EACH;
            best = Some(best.map_or(seen.taken.wall, |it| it.min(seen.taken.wall)));
        }
        let wall = best.ok_or("no round was run")?;
        println!("\nthe same, {refused} of the requests answered with \"slow down\":");
        verdict.say("wall, twice the calm one", 2 * ms(calm), ms(wall), "ms");
        verdict.must("complete, without a gap, every time", complete);
        Ok(())
    }

    /// What each costs that is one more.
    fn growth(&self, base: Seen, verdict: &mut Verdict) -> Result<(), String> {
        println!("\ncalls for one more:");
        let mut before = base;
        for &(kind, more, each) in GROWTH {
            self.account(&[format!("{kind}={more}")])?;
            let after = self.read(&self.emulator.endpoint)?;
            let cost = after.total().saturating_sub(before.total());
            let what = format!("{more} more: {kind}");
            verdict.say(&what, each * more, cost, "");
            let changed: Vec<String> = changes(&before.calls, &after.calls);
            if cost > each * more {
                println!("    {}", changed.join(", "));
            }
            before = after;
        }
        Ok(())
    }
}

/// How many pages a listing had, by the bare name of its operation, where it had more than one.
fn pages(served: &Served) -> BTreeMap<String, usize> {
    const TOKENS: [&str; 5] = [
        "NextToken",
        "nextToken",
        "Marker",
        "ExclusiveStart",
        "Position",
    ];
    let mut pages = BTreeMap::new();
    for Asked { call, body, .. } in served.requests().into_iter().map(|it| it.asked) {
        let body = String::from_utf8_lossy(&body);
        if TOKENS.iter().any(|it| body.contains(it))
            && let Some((_, operation)) = call.split_once(':')
        {
            *pages.entry(operation.to_owned()).or_insert(1) += 1;
        }
    }
    pages
}

/// What a service says that is asked too much.
fn throttled(asked: &Asked) -> recorded::Answer {
    match asked.wire() {
        Wire::Ec2Query => asked.error(503, "RequestLimitExceeded"),
        Wire::S3 => asked.error(503, "SlowDown"),
        Wire::RestJson => asked.error(429, "TooManyRequestsException"),
        Wire::Query | Wire::RestXml => asked.error(400, "Throttling"),
        Wire::Json | Wire::Cbor => asked.error(400, "ThrottlingException"),
    }
}

/// Which operations were called more often or less.
fn changes(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |calls: &BTreeMap<String, u64>, it: &str| calls.get(it).copied().unwrap_or_default();
    names
        .into_iter()
        .map(|it| (it, of(before, it), of(after, it)))
        .filter(|(_, old, new)| old != new)
        .map(|(it, old, new)| format!("{it} {old} -> {new}"))
        .collect()
}

fn ms(it: Duration) -> u64 {
    u64::try_from(it.as_millis()).unwrap_or(u64::MAX)
}
