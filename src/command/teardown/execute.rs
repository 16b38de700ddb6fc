//! `teardown --execute`, `--resume` and `--verify`: a plan that a person approved, run and proved.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use jiff::SignedDuration;

use super::super::live::{self, Watch};
use crate::{
    aws::{
        Aws,
        look::Place,
        read,
        session::{Access, Identity},
        write::Hand,
    },
    command::definition::Said,
    cost,
    executor::{
        approval::{self, Here, Refused, Word},
        event::{Event, How},
        journal::{self, BadJournal, Entry, Header, Journal, Notes as _, Past},
        lock::{self, Held, NotHeld},
        pace::{Pace, Stop},
        preflight,
        proof::{self, Evidence, Proof},
        run::{self, Early, Ended, Outcome},
    },
    failure::{Exit, Failure},
    file,
    id::ResourceId,
    kind::Kind,
    price::{Book, Usd},
    teardown::{
        Plan,
        plan::{BadPlan, Goal, Step},
        tell,
    },
    text, ui,
};

/// How a plan is run.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Running {
    /// The rack's name, for a run without a person who types it
    #[arg(long, value_name = "NAME", help_heading = "Running a plan")]
    confirm: Option<String>,
    /// Accounts in which that is enough; [teardown] accounts of racklens.toml adds to them
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        help_heading = "Running a plan"
    )]
    accounts: Vec<String>,
    /// How old a plan may be, or the last line of a journal: 24h, 90m, 2d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time, help_heading = "Running a plan")]
    max_age: SignedDuration,
    /// Where it is noted that a rack is being taken down
    #[arg(long, env = "XDG_STATE_HOME", value_name = "DIR", hide = true)]
    state_home: Option<PathBuf>,
    /// How long a second of the plan is, in milliseconds: short in a trial without a real AWS
    #[arg(long, value_name = "MS", default_value_t = 1000, hide = true)]
    second: u64,
}

/// Larger than a plan of a hundred thousand steps.
const LARGEST_PLAN: u64 = 256 << 20;

/// "90m", "24h", "2d".
fn time(text: &str) -> Result<SignedDuration, String> {
    let bad = || format!("`{text}` is no time: expected 90m, 24h or 2d");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(bad)?;
    let number: i64 = number.parse().map_err(|_| bad())?;
    let minutes = match unit {
        "m" => Some(number),
        "h" => number.checked_mul(60),
        "d" => number.checked_mul(1440),
        _ => None,
    };
    let minutes = minutes.filter(|it| (0..=5_256_000).contains(it));
    minutes.map(SignedDuration::from_mins).ok_or_else(bad)
}

/// What stands between a plan and its run, and what it runs with.
pub(super) struct Asked<'a> {
    pub running: &'a Running,
    pub access: &'a Access,
    pub said: &'a Said,
}

/// Runs a plan from its beginning.
pub(super) fn execute(path: &Path, asked: &Asked<'_>) -> Result<Exit, Failure> {
    let plan = read_plan(path)?;
    let journal_path = Journal::beside(path);
    if journal_path.exists() {
        return Err(unjournaled(&journal_path, &BadJournal::Exists));
    }
    let now = live::now();
    let here = live::identity(asked.access)?;
    approval::check(&plan, &here, now, asked.running.max_age).map_err(refused)?;
    let given = given(asked)?;
    if let Some(word) = &given {
        approval::agreed(&plan, word).map_err(refused)?;
    }
    let _held = hold(asked, &plan)?;
    fresh_look(&plan, asked, preflight::changes)?;
    introduce(&plan, &here, asked)?;
    if given.is_none() {
        approval::agreed(&plan, &typed()?).map_err(refused)?;
    }
    let header = Header {
        format: journal::FORMAT,
        racklens: env!("CARGO_PKG_VERSION").to_owned(),
        account: here.account,
        region: here.region,
        identity: here.identity,
        plan,
    };
    let journal = Journal::begin(&journal_path, header.clone(), live::now)
        .map_err(|it| unjournaled(&journal_path, &it))?;
    go(asked, &journal, &journal_path, &Past::fresh(header, now))
}

/// Goes on with a run that ended early.
pub(super) fn resume(path: &Path, asked: &Asked<'_>) -> Result<Exit, Failure> {
    let (journal, past) = Journal::reopen(path, live::now).map_err(|it| unjournaled(path, &it))?;
    if past.cut {
        ui::note(&format!(
            "the last line of {} was cut short; what it was about is looked after again",
            path.display()
        ));
    }
    let here = live::identity(asked.access)?;
    same_run(&past.header, &here)?;
    let plan = &past.header.plan;
    let _held = hold(asked, plan)?;
    let age = live::now().duration_since(past.last);
    if age > asked.running.max_age {
        ui::note(&format!(
            "the last line of {} is {} old, so what is left is looked at anew",
            path.display(),
            text::age(past.last, live::now())
        ));
        let given = given(asked)?;
        if let Some(word) = &given {
            approval::agreed(plan, word).map_err(refused)?;
        }
        match fresh_look(plan, asked, preflight::changes_since) {
            Err(it) if it.exit == Exit::NoSuchRack => ui::note(
                "the rack itself is not there any more; each thing that is left is looked at \
                 before it is touched",
            ),
            other => other?,
        }
        introduce(plan, &here, asked)?;
        if given.is_none() {
            approval::agreed(plan, &typed()?).map_err(refused)?;
        }
    }
    let resumed = Entry::Resumed {
        identity: here.identity,
        racklens: env!("CARGO_PKG_VERSION").to_owned(),
    };
    journal.note(resumed).map_err(|it| unwritten(path, &it))?;
    go(asked, &journal, path, &past)
}

/// Proves again what a run left.
pub(super) fn verify(path: &Path, asked: &Asked<'_>) -> Result<Exit, Failure> {
    let past = Journal::read(path).map_err(|it| unjournaled(path, &it))?;
    let here = live::identity(asked.access)?;
    let plan = &past.header.plan;
    // It only looks, so whoever may look may do it, with whatever version reads the journal.
    approval::place(plan, &here)
        .map_err(|it| Failure::new(Exit::Refused, it.what).hint(it.remedy))?;
    let proof = live::watched(async |watch| {
        let (aws, identity) = live::open(asked.access, watch).await?;
        let hand = hand(&aws, &identity, plan);
        Ok(prove(&aws, &hand, plan, watch).await)
    })?;
    tell_proof(plan, &proof, &costs(plan, &proof.proof, asked))?;
    tell_copies(&copies(plan, |step| past.verified().contains(&step)))?;
    Ok(proved(&proof.proof))
}

/// A plan from its file, whole and unchanged.
pub(in crate::command) fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bytes = file::read_bytes(path, LARGEST_PLAN)?;
    Plan::parse(&bytes).map_err(|it| {
        let exit = match it {
            BadPlan::Damaged { .. } => Exit::Usage,
            BadPlan::OtherFormat { .. } | BadPlan::Changed { .. } | BadPlan::Inconsistent(_) => {
                Exit::Refused
            }
        };
        Failure::new(exit, format!("{}: {it}", path.display()))
            .hint("make the plan anew: racklens teardown --rack NAME --plan FILE")
    })
}

fn refused(it: Refused) -> Failure {
    Failure::new(Exit::Refused, format!("nothing was deleted: {}", it.what)).hint(it.remedy)
}

fn unjournaled(path: &Path, why: &BadJournal) -> Failure {
    let shown = path.display();
    let message = format!("{shown}: {why}");
    match why {
        BadJournal::Exists => Failure::new(Exit::Refused, message)
            .hint(format!(
                "go on with that run: racklens teardown --resume {shown}"
            ))
            .hint("or move it away, if what it tells is over and done with"),
        BadJournal::InUse => Failure::new(Exit::Refused, message)
            .hint("wait for the other run to end, or stop it with Ctrl-C"),
        BadJournal::Unopened(_) => Failure::new(Exit::Failed, message),
        BadJournal::Damaged { .. } | BadJournal::Headless => Failure::new(Exit::Usage, message)
            .hint(
                "a journal that was damaged is not gone on with: make a new plan of what is left",
            ),
        BadJournal::OtherFormat { .. } | BadJournal::Plan(_) => {
            Failure::new(Exit::Refused, message).hint("make a new plan of what is left")
        }
    }
}

fn unwritten(path: &Path, why: &io::Error) -> Failure {
    let message = format!(
        "stopped, because {} cannot be written: {why}",
        path.display()
    );
    Failure::new(Exit::Failed, message).hint(resume_hint(path))
}

fn resume_hint(path: &Path) -> String {
    format!("go on with: racklens teardown --resume {}", path.display())
}

/// A journal is gone on with where and by whom it was begun.
fn same_run(header: &Header, here: &Here) -> Result<(), Failure> {
    let plan = &header.plan;
    // However old the plan is by now: it was fresh when the run began.
    approval::check(plan, here, plan.taken, SignedDuration::MAX).map_err(refused)
}

/// Keeps other runs away from this rack.
fn hold(asked: &Asked<'_>, plan: &Plan) -> Result<Held, Failure> {
    let home = || std::env::home_dir().map(|it| it.join(".local").join("state"));
    let state = asked.running.state_home.clone().or_else(home);
    let state = state.unwrap_or_else(std::env::temp_dir);
    let folder = state.join("racklens");
    lock::hold(&folder, &plan.account, &plan.region, &plan.rack).map_err(|it| {
        let exit = match it {
            NotHeld::Taken(_) => Exit::Refused,
            NotHeld::Failed { .. } => Exit::Failed,
        };
        Failure::new(exit, it.to_string())
            .hint("wait for the other run to end; a run that was killed holds nothing")
    })
}

/// Reads the rack anew and refuses when a plan of it would differ from this one by what matters.
fn fresh_look(
    plan: &Plan,
    asked: &Asked<'_>,
    changes: fn(&Plan, &Plan) -> Vec<String>,
) -> Result<(), Failure> {
    let snapshot = live::snapshot(asked.access, &plan.rack, asked.said, true)?;
    super::super::seen(&snapshot, |material| {
        let fresh = super::plan(material, &plan.consent)?;
        let changes = changes(plan, &fresh);
        if changes.is_empty() {
            return Ok(());
        }
        let message = format!(
            "nothing was deleted: since the plan was made {} changed",
            match changes.len() {
                1 => "something".to_owned(),
                it => format!("{it} things"),
            }
        );
        let mut failure = Failure::new(Exit::Refused, message);
        const SHOWN: usize = 10;
        for change in changes.iter().take(SHOWN) {
            failure = failure.hint(change.clone());
        }
        if changes.len() > SHOWN {
            failure = failure.hint(format!("and {} more", changes.len() - SHOWN));
        }
        Err(failure.hint("make a new plan, and read it"))
    })
}

/// Says once more what is about to happen, where, and as whom.
fn introduce(plan: &Plan, here: &Here, asked: &Asked<'_>) -> Result<(), Failure> {
    let goes = plan.goes().len();
    let alias = live::watched(async |watch| {
        let (aws, identity) = live::open(asked.access, watch).await?;
        Ok(hand(&aws, &identity, plan).alias().await)
    })?;
    let alias = match alias {
        Ok(Some(it)) => it,
        Ok(None) => "it has no alias".to_owned(),
        Err(it) => format!("its alias is not known: {}", it.code),
    };
    let lines = [
        format!("rack      {}", plan.rack),
        format!("account   {} ({alias})", here.account),
        format!("region    {}", here.region),
        format!("as        {}", here.identity),
        format!(
            "deletes   {} in {}, {}",
            text::count(goes, "resource"),
            text::count(plan.steps.len(), "step"),
            tell::duration(tell::takes(&plan.steps))
        ),
        format!("stays     {}", text::count(plan.stays.len(), "resource")),
    ];
    for line in lines {
        ui::note(&text::harmless(&line));
    }
    for (data, steps) in tell::losses(plan) {
        let names: Vec<String> = steps.iter().map(|it| it.resource.key.clone()).collect();
        let line = format!("data lost {}: {}", data.name(), names.join(", "));
        ui::note(&text::harmless(&line));
    }
    Ok(())
}

/// The word that the command line gives; `None` where a person can be asked for it.
fn given(asked: &Asked<'_>) -> Result<Option<Word>, Failure> {
    // Also at a terminal: a job may have one, too, and nobody sits before it.
    let Some(name) = asked.running.confirm.clone() else {
        return Ok((!io::stdin().is_terminal()).then_some(Word::None));
    };
    let mut accounts = asked.running.accounts.clone();
    accounts.extend(asked.said.unattended()?);
    Ok(Some(Word::Confirmed { name, accounts }))
}

/// The word that a person gives at a terminal, with the account before their eyes.
fn typed() -> Result<Word, Failure> {
    ui::ask("type the rack's name to delete it: ");
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|it| Failure::new(Exit::Failed, format!("cannot read the name: {it}")))?;
    Ok(Word::Typed(line.trim().to_owned()))
}

fn hand(aws: &Aws, identity: &Identity, plan: &Plan) -> Hand {
    let place = Place::of(&identity.account, &identity.arn);
    Hand::new(aws, place, plan)
}

/// Runs what is left to do, proves it, and tells how it ended.
fn go(asked: &Asked<'_>, journal: &Journal, path: &Path, past: &Past) -> Result<Exit, Failure> {
    let plan = &past.header.plan;
    let pace = Pace {
        second: Duration::from_millis(asked.running.second),
        ..Pace::default()
    };
    let stop = Stop::default();
    let done = live::watched_until(&stop, async |watch| {
        let (aws, identity) = live::open(asked.access, watch).await?;
        // Credentials may be others by now than a moment ago.
        if identity.account != plan.account {
            let what = format!("the credentials are for account {} now", identity.account);
            let remedy = format!("use those of account {}", plan.account);
            return Err(refused(Refused { what, remedy }));
        }
        let hand = hand(&aws, &identity, plan);
        let told = Told::new(watch, plan.steps.len());
        let ended = run::run(&hand, journal, past, &pace, &stop, &|it| told.event(&it)).await;
        let proof = if ended.early.is_none() {
            Some(prove(&aws, &hand, plan, watch).await)
        } else {
            None
        };
        Ok((ended, proof))
    });
    let (ended, proof) = match done {
        Ok(it) => it,
        Err(it) if it.exit == Exit::Interrupted => return Err(it.hint(resume_hint(path))),
        Err(it) => return Err(it),
    };
    let costs = proof.as_ref().map(|it| costs(plan, &it.proof, asked));
    let proof = proof.as_ref().zip(costs.as_ref());
    let exit = summary(plan, &ended, proof, path)?;
    journal
        .note(Entry::Ended { exit: exit as u8 })
        .map_err(|it| unwritten(path, &it))?;
    Ok(exit)
}

/// Looks at everything again, and lists what the region holds by now.
async fn prove(aws: &Aws, hand: &Hand, plan: &Plan, watch: &Watch) -> Proven {
    watch.line("looking again at everything that was to go, and at what was to stay");
    let read = read::kinds(aws, Kind::ALL, &|_| ()).await;
    let proof = proof::prove(hand, plan, &read.resources).await;
    let unlisted = read.gaps.into_iter().map(|it| it.call).collect();
    Proven { proof, unlisted }
}

/// A proof, and which listings AWS refused that it would have been made with.
struct Proven {
    proof: Proof,
    /// Calls, in order. What they would have told of is looked at one by one, but what is new of it
    /// is not found.
    unlisted: BTreeSet<String>,
}

fn proved(proof: &Proof) -> Exit {
    if proof.holds() {
        return Exit::Fine;
    }
    let others = proof.left.is_empty() && proof.unknown.is_empty() && proof.missing.is_empty();
    if others && proof.made_anew().next().is_none() {
        Exit::StillDeleting
    } else {
        Exit::NotDeleted
    }
}

/// How it ended, for a person, and the exit code.
fn summary(
    plan: &Plan,
    ended: &Ended,
    proof: Option<(&Proven, &Costs)>,
    path: &Path,
) -> Result<Exit, Failure> {
    if let Some(early) = &ended.early {
        return Err(stopped(plan, ended, early, path));
    }
    for step in &plan.steps {
        let line = match ended.outcomes.get(&step.number) {
            None | Some(Outcome::Done(_)) => continue,
            Some(Outcome::Left(why)) => format!("left alone   {}: {why}", name(step)),
            Some(Outcome::Failed(why)) => format!("not done     {}: {why}", name(step)),
            Some(Outcome::StillGoing(why)) => format!("still going  {}: {why}", name(step)),
            Some(Outcome::NotBegun(before)) => format!(
                "not begun    {}: it waits for step {before}, {}",
                name(step),
                plan.steps
                    .iter()
                    .find(|it| it.number == *before)
                    .map(name)
                    .unwrap_or_default()
            ),
        };
        ui::result(&format!("{}\n", text::harmless(&line)))?;
    }
    for line in unprotected(plan, ended) {
        ui::result(&format!("{}\n", text::harmless(&line)))?;
    }
    let mut exit = Exit::Fine;
    if let Some((proof, costs)) = proof {
        tell_proof(plan, proof, costs)?;
        exit = proved(&proof.proof);
    }
    let is_done = |step| matches!(ended.outcomes.get(&step), Some(Outcome::Done(_)));
    tell_copies(&copies(plan, is_done))?;
    let going = |it: &Outcome| matches!(it, Outcome::StillGoing(_));
    let failed = |it: &Outcome| matches!(it, Outcome::Left(_) | Outcome::Failed(_));
    if ended.outcomes.values().any(failed) || ended.unprotected.iter().any(|it| !it.goes) {
        exit = Exit::NotDeleted;
    } else if ended.outcomes.values().any(going) {
        exit = Exit::StillDeleting;
    }
    if exit != Exit::Fine {
        ui::note(&resume_hint(path));
    }
    Ok(exit)
}

/// What is not protected any more and was, line by line.
fn unprotected(plan: &Plan, ended: &Ended) -> Vec<String> {
    let lines = ended.unprotected.iter().filter_map(|it| {
        let step = plan.steps.iter().find(|step| step.number == it.step)?;
        let why = &it.why;
        Some(format!("unprotected  {}, still: {why}", name(step)))
    });
    lines.collect()
}

/// A run that ended before every step had its outcome.
fn stopped(plan: &Plan, ended: &Ended, early: &Early, path: &Path) -> Failure {
    let done = ended.outcomes.values();
    let done = done.filter(|it| matches!(it, Outcome::Done(_))).count();
    let so_far = format!(
        "{done} of {} are done",
        text::count(plan.steps.len(), "step")
    );
    let failure = match early {
        Early::Interrupted => Failure::new(
            Exit::Interrupted,
            format!("stopped as asked; {so_far}, and no call is under way"),
        ),
        Early::Expired(refusal) => Failure::new(
            Exit::NotDeleted,
            format!("stopped, because AWS takes the credentials no more ({refusal}); {so_far}"),
        )
        .hint("renew the credentials first: aws sso login --profile NAME, for example"),
        Early::Deadline => Failure::new(
            Exit::StillDeleting,
            format!("stopped, because it takes longer than a run may; {so_far}"),
        ),
        Early::Journal(why) => unwritten(path, why),
    };
    let lines = unprotected(plan, ended);
    let failure = lines.into_iter().fold(failure, Failure::hint);
    if matches!(early, Early::Journal(_)) {
        return failure;
    }
    failure.hint(resume_hint(path))
}

/// `security-group sg-1 (web)`
fn name(step: &Step) -> String {
    tell::label(&step.resource, step.name.as_deref())
}

/// What each thing is known to cost a month.
type Costs = BTreeMap<ResourceId, Usd>;

/// What the leftovers cost, read anew. Where the rack cannot be read any more that is not known.
fn costs(plan: &Plan, proof: &Proof, asked: &Asked<'_>) -> Costs {
    if proof.left.is_empty() && proof.new.is_empty() {
        return Costs::new();
    }
    let read = live::snapshot(asked.access, &plan.rack, asked.said, false).and_then(|snapshot| {
        super::super::seen(&snapshot, |material| {
            let book = Book::embedded();
            let book = book.map_err(|it| Failure::new(Exit::Failed, it.to_string()))?;
            let terms = cost::Terms {
                region: &snapshot.region,
                book: &book,
                month: &cost::Month::usual(),
                usage: &cost::Usage::default(),
            };
            let bill = cost::bill(&material.case, &terms);
            let mut costs = Costs::new();
            for line in &bill.lines {
                if let Some(usd) = line.amount.usd() {
                    let sum = costs.entry(line.resource.clone()).or_default();
                    *sum = *sum + usd;
                }
            }
            Ok(costs)
        })
    });
    read.unwrap_or_default()
}

fn tell_proof(plan: &Plan, proven: &Proven, costs: &Costs) -> Result<(), Failure> {
    let Proven { proof, unlisted } = proven;
    let mut lines = Vec::new();
    let cost = |id| {
        let cost = costs.get(id);
        let cost = cost.map(|it| format!(", $ {} a month", it.cents()));
        cost.unwrap_or_default()
    };
    for (id, state) in &proof.left {
        let state = state.as_ref().map(|it| format!(" ({it})"));
        let state = state.unwrap_or_default();
        lines.push(format!("still there  {id}{state}{}", cost(id)));
    }
    for (id, what) in &proof.going {
        lines.push(format!("still going  {id}: {what}"));
    }
    for (id, refusal) in &proof.unknown {
        lines.push(format!("not known    {id}: {refusal}"));
    }
    for id in &proof.missing {
        lines.push(format!(
            "missing      {id}, which was to stay: who deleted it?"
        ));
    }
    for (id, evidence) in &proof.new {
        let how = match evidence {
            Evidence::MadeBy(it) => format!("{it} made it"),
            Evidence::NamedAfter(it) => format!("it is called after {it}; look whose it is"),
        };
        let cost = cost(id);
        lines.push(format!("new          {id}, not in the plan: {how}{cost}"));
    }
    for call in unlisted {
        lines.push(format!(
            "not listed   what {call} would tell: nothing new of it is seen"
        ));
    }
    if !plan.stays.is_empty() {
        lines.push(format!(
            "{} as planned, at $ {} a month",
            match plan.stays.len() {
                1 => "1 resource was to stay".to_owned(),
                it => format!("{it} resources were to stay"),
            },
            plan.month.kept
        ));
    }
    lines.push(format!(
        "{} {}: {} gone, {} still there, {} still going, {} not known; {} that were to stay are \
         still there, {} missing",
        plan.rack,
        if proof.holds() {
            "is gone"
        } else {
            "is not gone"
        },
        proof.gone,
        proof.left.len(),
        proof.going.len(),
        proof.unknown.len(),
        proof.kept,
        proof.missing.len(),
    ));
    for line in lines {
        ui::result(&format!("{}\n", text::harmless(&line)))?;
    }
    Ok(())
}

/// Names under which AWS keeps copies of the rack's data, with what each is of.
fn copies(plan: &Plan, is_done: impl Fn(u32) -> bool) -> Vec<(String, &ResourceId)> {
    const NAMES: &[&str] = &[
        "BackupName",
        "DBClusterSnapshotIdentifier",
        "DBSnapshotIdentifier",
        "Description",
        "FinalDBSnapshotIdentifier",
        "SnapshotName",
    ];
    let done = plan.steps.iter().filter(|it| is_done(it.number));
    let acts = done.flat_map(|it| &it.acts);
    let named = acts.flat_map(|act| {
        let names = NAMES.iter().filter_map(|it| act.with.get(*it));
        names.map(|it| (it.clone(), &act.on))
    });
    named.collect()
}

fn tell_copies(copies: &[(String, &ResourceId)]) -> Result<(), Failure> {
    for (name, of) in copies {
        let line = format!("copied       {of}: {name}, which costs until you delete it");
        ui::result(&format!("{}\n", text::harmless(&line)))?;
    }
    Ok(())
}

/// Tells a person what goes on.
struct Told<'a> {
    watch: &'a Watch,
    steps: usize,
    done: RefCell<usize>,
}

impl<'a> Told<'a> {
    fn new(watch: &'a Watch, steps: usize) -> Self {
        Self {
            watch,
            steps,
            done: RefCell::new(0),
        }
    }

    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Done { step, how } => {
                *self.done.borrow_mut() += 1;
                self.watch.steps(*self.done.borrow(), self.steps);
                self.watch
                    .say(&format!("{} {}", did(step, *how), name(step)));
            }
            Event::Refused { step, refusal } => {
                tracing::debug!(step = step.number, %refusal, "refused for now");
            }
            Event::HeldBy { step, holders } => {
                for holder in *holders {
                    self.watch
                        .say(&format!("waiting for {}: held by {holder}", name(step)));
                }
            }
            Event::Again { step, why } => {
                self.watch
                    .say(&format!("trying {} once more: {why}", name(step)));
            }
            Event::Left { step, why } => {
                self.watch.say(&format!("left {} alone: {why}", name(step)));
            }
            Event::Failed { step, why } => {
                self.watch.say(&format!("FAILED {}: {why}", name(step)));
            }
            Event::Restored { step } => {
                self.watch.say(&format!(
                    "switched the protection of {} on again",
                    name(step)
                ));
            }
            Event::NotRestored { step, why } => {
                let line = format!(
                    "the protection of {} is off and was not switched on again: {why}",
                    name(step)
                );
                self.watch.say(&line);
            }
            Event::Waiting {
                for_what,
                done,
                of,
                seconds_left,
            } => {
                for it in *for_what {
                    self.watch.beat(&format!(
                        "waiting for {}, {} so far: {} ({done} of {of} steps done, {} left)",
                        name(it.step),
                        tell::duration(it.seconds),
                        it.what,
                        tell::duration(*seconds_left)
                    ));
                }
            }
        }
    }
}

/// "deleted", "stopped", …
fn did(step: &Step, how: How) -> &'static str {
    match (step.goal, how) {
        (Goal::Gone, How::Found) => "gone already",
        (Goal::Gone, How::Made) if step.resource.kind == Kind::Key => "scheduled the end of",
        (Goal::Gone, How::Made) => "deleted",
        (Goal::Saved, _) => "copied",
        (Goal::Unprotected, _) => "unprotected",
        (Goal::Stopped, _) => "switched off",
        (Goal::Drained, _) => "drained",
        (Goal::Cut, _) => "cut loose",
        (Goal::Empty, _) => "emptied",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_still_deletes_is_exit_code_21_and_what_is_left_or_made_anew_22() {
        let id = |key: &str| ResourceId::new(Kind::Subnet, key);
        let mut proof = Proof::default();
        assert_eq!(proved(&proof), Exit::Fine);
        proof.going.insert(id("a"), "it is going".to_owned());
        assert_eq!(proved(&proof), Exit::StillDeleting);
        let maker = ResourceId::new(Kind::Stack, "shop");
        let mut anew = proof.clone();
        anew.new.insert(id("b"), Evidence::MadeBy(maker.clone()));
        assert_eq!(proved(&anew), Exit::NotDeleted);
        let mut named = Proof::default();
        named.new.insert(id("b"), Evidence::NamedAfter(maker));
        assert_eq!(proved(&named), Exit::Fine);
        proof.missing.push(id("c"));
        assert_eq!(proved(&proof), Exit::NotDeleted);
    }

    #[test]
    fn an_age_is_told_with_its_unit() {
        assert_eq!(time("24h"), Ok(SignedDuration::from_hours(24)));
        assert_eq!(time("2d"), Ok(SignedDuration::from_hours(48)));
        for bad in ["", "24", "h", "-1h", "1w", "99999999d"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
