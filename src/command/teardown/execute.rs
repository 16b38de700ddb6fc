//! `teardown --execute`, `--resume` and `--verify`: a plan that a person approved, run and proved.

use std::{
    collections::BTreeSet,
    io,
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
    executor::{
        approval::{self, Refused},
        journal::{self, BadJournal, Entry, Header, Journal, Notes as _, Past},
        pace::{Pace, Stop},
        preflight,
        proof::{self, Proof},
        run,
    },
    failure::{Exit, Failure},
    file,
    kind::Kind,
    teardown::{Plan, plan::BadPlan},
    text, ui,
};

mod approve;
mod ended;
mod told;

use approve::{fresh_look, given, hold, introduce, refused, same_run, typed};
use ended::{copies, costs, proved, summary, tell_copies, tell_proof};
use told::Told;

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
    fresh_look(&plan, asked, preflight::changes).map_err(super::begun)?;
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
        BadJournal::Unopened(it) if it.kind() == io::ErrorKind::NotFound => {
            Failure::new(Exit::Usage, message)
                .hint("the journal of a run lies beside its plan: PLAN.journal.jsonl")
        }
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

fn hand(aws: &Aws, identity: &Identity, plan: &Plan) -> Hand {
    let place = Place::of(&identity.account, &identity.arn);
    Hand::new(aws, place, plan)
}

/// Runs what is left to do, proves it, and tells how it ended.
fn go(asked: &Asked<'_>, journal: &Journal, path: &Path, past: &Past) -> Result<Exit, Failure> {
    let plan = &past.header.plan;
    let stop = Stop::default();
    let done = live::watched_until(&stop, async |watch| {
        let (aws, identity) = live::open(asked.access, watch).await?;
        // Credentials may be others by now than a moment ago.
        if identity.account != plan.account {
            let what = format!("the credentials are for account {} now", identity.account);
            let remedy = format!("use those of account {}", plan.account);
            return Err(refused(Refused { what, remedy }));
        }
        watch.line(&format!("deleting what the plan of {} says", plan.rack));
        let hand = hand(&aws, &identity, plan);
        let told = Told::new(watch, plan.steps.len());
        let pace = pace(asked, watch);
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

/// How patient a run is; a bar is told oftener what is waited for, since it takes no room.
fn pace(asked: &Asked<'_>, watch: &Watch) -> Pace {
    const BESIDE_A_BAR: u32 = 2;
    let usual = Pace::default();
    Pace {
        second: Duration::from_millis(asked.running.second),
        heartbeat: if watch.is_terminal() {
            BESIDE_A_BAR
        } else {
            usual.heartbeat
        },
        ..usual
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_with_its_unit() {
        assert_eq!(time("24h"), Ok(SignedDuration::from_hours(24)));
        assert_eq!(time("2d"), Ok(SignedDuration::from_hours(48)));
        for bad in ["", "24", "h", "-1h", "1w", "99999999d"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
