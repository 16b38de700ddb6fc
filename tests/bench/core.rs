//! How long the core takes over a large snapshot, phase by phase, against a budget.
//!
//! ```console
//! $ cargo bench --no-default-features --bench core              # 100,000 and 1,000,000 resources
//! $ cargo bench --no-default-features --bench core -- 100000    # only these
//! ```
//!
//! A file is written into a temporary folder and then read by a fresh process of this program,
//! which is timed: what one measurement leaves behind in memory cannot help the next. Each size is
//! measured three times, the largest once, and the fastest counts. Before the largest, memory is
//! touched once and given back, so that a machine that is a guest of another has it already.
//!
//! The core has one thread and waits for nothing but the file, so that the time which it has of a
//! processor is its wall time on a machine that does nothing else. That is what the budgets are
//! about, because it does not change with what else runs; the wall time is printed beside it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it measured"
)]
#![expect(unreachable_pub, reason = "everything here is one binary's own")]

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    hint::black_box,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, ExitCode},
    time::Instant,
};

use racklens::{
    belonging, file,
    graph::Graph,
    rack,
    removal::Data,
    report::{self, Material, csv},
    rule::{Case, Judged, Pack, Run},
    snapshot::Gaps,
    teardown::{self, Consent, protection::Guard},
    user_rule::{self, UserRule, cel::Cel},
};

mod estate;
mod kernel;

use estate::Estate;

/// What 100,000 resources may take.
const BUDGET_MS: u64 = 2000;
/// What all rules may take of it.
const RULES_MS: u64 = 1000;
const BASE: usize = 100_000;
/// What ten times as many may take, as a multiple: linear, with a tenth for deeper trees. The multiple
/// is of the budget: a faster start leaves as much room as a slower one.
const GROWTH: u64 = 11;
/// What a million resources take at most, the file itself included.
const ROOM_MIB: u64 = 8 << 10;

/// Before a rule's id, among what was measured.
const RULE: &str = "rule ";
/// How many of the slowest rules are told.
const SLOWEST: usize = 10;

const PHASES: [&str; 6] = ["load", "graph", "belonging", "rules", "view", "csv"];

/// What the plan of a teardown of this many resources may take.
const PLAN: (usize, u64) = (10_000, 200);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    if let [flag, file] = &args[..]
        && flag == "--measure"
    {
        let measured = measure(Path::new(file));
        println!("{}", serde_json::to_string(&measured).expect("numbers"));
        return ExitCode::SUCCESS;
    }
    let sizes: Result<Vec<usize>, _> = args.iter().map(|it| it.parse()).collect();
    match sizes {
        Ok(sizes) if sizes.is_empty() => compare(&[PLAN.0, BASE, 10 * BASE]),
        Ok(sizes) => compare(&sizes),
        Err(_) => {
            eprintln!("give numbers of resources, for example: 100000 1000000");
            ExitCode::from(2)
        }
    }
}

/// Microseconds of a processor by phase, and what else is told about a run; rules by `rule ID`.
type Measured = BTreeMap<String, u64>;

fn total(measured: &Measured) -> u64 {
    PHASES.iter().map(|it| measured[*it]).sum()
}

/// Microseconds that this thread has had of a processor; where Linux does not tell, since `begun`.
fn processor(begun: Instant) -> u64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split(' ').next().and_then(|it| it.parse().ok());
    nanos.map_or_else(|| micros(begun), |it: u64| it / 1000)
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Runs all phases over one file, as `racklens report` does without its page.
fn measure(path: &Path) -> Measured {
    let mut measured = Measured::new();
    let begun = Instant::now();
    let mut last = processor(begun);
    let mut lap = |phase: &str| {
        let now = processor(begun);
        measured.insert(phase.to_owned(), now - last);
        last = now;
    };
    let snapshot = file::read_snapshot(path).unwrap_or_else(|it| panic!("{}", it.message));
    lap("load");
    let graph = Graph::build(&snapshot.resources);
    lap("graph");
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, None).expect("the rack is there");
    let belongings = belonging::decide(&graph, &rack);
    lap("belonging");
    let gaps = Gaps::of(&snapshot.gaps);
    let case = Case {
        graph: &graph,
        rack: &rack,
        belongings: &belongings,
        gaps: &gaps,
        taken: snapshot.taken,
        account: None,
        run: &Run::default(),
    };
    let mut by_rule = Measured::new();
    let pack = Pack::built_in().expect("the rules' words are right");
    let judged: Vec<Judged> = pack
        .rules()
        .iter()
        .map(|it| {
            let began = processor(begun);
            let judged = it.judge(&case);
            let name = format!("{RULE}{}", it.id);
            by_rule.insert(name, processor(begun) - began);
            judged
        })
        .collect();
    lap("rules");
    let material = Material {
        snapshot: &snapshot,
        case,
        judged: &judged,
        notices: &[],
    };
    let report = report::make(&material, None, None);
    lap("view");
    // One after another, as they are written: none is kept in memory.
    let mut written = 0;
    let mut table = |it: Result<String, csv::Failed>| written += it.expect("memory takes it").len();
    table(csv::resources(&material, &report));
    table(csv::edges(&material));
    table(csv::findings(&material, &report));
    table(csv::traffic_paths(&material));
    lap("csv");
    measured.extend(by_rule);
    measured.insert("wall".to_owned(), micros(begun));
    // A question of its own: no report asks it.
    let last = processor(begun);
    let plan = teardown::make(&snapshot, &material.case, None, &everything());
    measured.insert("plan".to_owned(), processor(begun) - last);
    measured.insert("steps".to_owned(), plan.steps.len() as u64);
    let before = processor(begun);
    let own = own_rules();
    let judged = own
        .iter()
        .map(|it| it.judge(&material.case, &it.words).len());
    let judged: usize = judged.sum();
    measured.insert("own".to_owned(), processor(begun) - before);
    measured.insert("own_rules".to_owned(), own.len() as u64);
    measured.insert("own_verdicts".to_owned(), judged as u64);
    measured.insert("csv_mib".to_owned(), mib(written as u64));
    measured.insert("ours".to_owned(), belongings.ours().count() as u64);
    measured.insert("edges".to_owned(), graph.edges().len() as u64);
    measured.insert(
        "peak_mib".to_owned(),
        kernel::field("/proc/self/status", "VmHWM:") >> 10,
    );
    measured
}

/// A person who agrees to everything.
fn everything() -> Consent {
    Consent {
        delete: Data::ALL.iter().copied().collect(),
        disable: Guard::ALL.iter().copied().collect(),
        inferred: true,
        ..Consent::default()
    }
}

/// Rules as users write them: over the resource alone, over its neighbours, and over lists in it.
fn own_rules() -> Vec<UserRule> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/own");
    let files = fs::read_dir(folder).expect("a folder of rules");
    let mut paths: Vec<_> = files.map(|it| it.expect("a file").path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let text = fs::read_to_string(path).expect("a rule");
        user_rule::read("own", &text, &Cel).unwrap_or_else(|it| panic!("{it}"))
    };
    paths.iter().map(|it| read(it)).collect()
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

/// Measures each size, prints the table, and judges what has a budget.
fn compare(sizes: &[usize]) -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("snapshot.json");
    let mut measured: BTreeMap<usize, Measured> = BTreeMap::new();
    for &size in sizes {
        let room = kernel::field("/proc/meminfo", "MemAvailable:") >> 10;
        if size > BASE && room < ROOM_MIB {
            println!(
                "{size} resources: left out, {room} MiB of memory are free and {ROOM_MIB} may be needed"
            );
            continue;
        }
        let bytes = write(&path, size);
        let rounds = if size > BASE { 1 } else { 3 };
        if size > BASE {
            warm();
        }
        let best = (0..rounds).map(|_| fresh(&path)).min_by_key(total);
        let best = best.expect("at least one round");
        print(size, bytes, &best);
        measured.insert(size, best);
    }
    judge(&measured)
}

fn write(path: &Path, size: usize) -> u64 {
    let mut out = BufWriter::new(File::create(path).expect("a file in a temporary folder"));
    serde_json::to_writer_pretty(&mut out, &Estate::of(size)).expect("the disk takes it");
    out.flush().expect("the disk takes it");
    fs::metadata(path).expect("it was written").len()
}

/// Touches the memory that a large measurement will need, and gives it back: where the machine is a
/// guest, its host lends pages when they are first touched, which takes as long as all the work.
fn warm() {
    let held: Vec<Vec<u8>> = (0..ROOM_MIB).map(|_| vec![1; 1 << 20]).collect();
    drop(black_box(held));
}

fn fresh(path: &Path) -> Measured {
    let program = env::current_exe().expect("this program");
    let mut command = Command::new(program);
    let output = command.arg("--measure").arg(path).output();
    let output = output.expect("this program starts again");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("it prints what it measured")
}

fn print(size: usize, bytes: u64, measured: &Measured) {
    println!(
        "\n{size} resources: {} edges, {} the rack's, file {} MiB, tables {} MiB, peak memory {} MiB",
        measured["edges"],
        measured["ours"],
        mib(bytes),
        measured["csv_mib"],
        measured["peak_mib"],
    );
    let all = total(measured);
    for phase in PHASES {
        let it = measured[phase];
        println!(
            "  {phase:<10} {:>8} ms  {:>3} %",
            it / 1000,
            100 * it / all.max(1)
        );
    }
    println!(
        "  {:<10} {:>8} ms, {} steps, not counted",
        "plan",
        measured["plan"] / 1000,
        measured["steps"]
    );
    let wall = measured["wall"];
    println!(
        "  {:<10} {:>8} ms, {} ms of wall time",
        "all",
        all / 1000,
        wall / 1000
    );
    let rules = measured.iter();
    let rules = rules.filter_map(|(name, took)| Some((*took, name.strip_prefix(RULE)?)));
    let mut rules: Vec<(u64, &str)> = rules.collect();
    rules.sort_by(|a, b| b.cmp(a));
    println!("  the slowest {SLOWEST} of {} rules:", rules.len());
    for (took, rule) in rules.into_iter().take(SLOWEST) {
        println!("    {rule:<36} {:>6} ms", took / 1000);
    }
    let (own, verdicts) = (measured["own"], measured["own_verdicts"]);
    println!(
        "  {:<10} {:>8} ms for {} rules of one's own, {verdicts} verdicts, {} us each; counted apart",
        "own",
        own / 1000,
        measured["own_rules"],
        own / verdicts.max(1)
    );
}

fn judge(measured: &BTreeMap<usize, Measured>) -> ExitCode {
    let mut kept = true;
    let mut say = |what: &str, budget: u64, took: u64| {
        let word = if took <= budget { "kept" } else { "BROKEN" };
        kept &= took <= budget;
        println!("  {what:<34} budget {budget:>8} ms  measured {took:>8} ms  {word}");
    };
    println!();
    if let Some(it) = measured.get(&PLAN.0) {
        let what = format!("plan of {} resources", PLAN.0);
        say(&what, PLAN.1, it["plan"] / 1000);
    }
    if let Some(base) = measured.get(&BASE) {
        say("100,000 resources", BUDGET_MS, total(base) / 1000);
        say("their rules", RULES_MS, base["rules"] / 1000);
        if let Some(large) = measured.get(&(10 * BASE)) {
            let tenths = 10 * total(large) / total(base).max(1);
            let what = format!("1,000,000, {}.{} times as long", tenths / 10, tenths % 10);
            say(&what, GROWTH * BUDGET_MS, total(large) / 1000);
        }
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
