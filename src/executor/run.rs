//! The run itself: each step when its own predecessors are done.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io,
    time::Instant,
};

use futures_util::{
    future::LocalBoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::sync::Semaphore;

use super::{
    Account,
    event::{Event, How},
    journal::{Entry, Notes, Past},
    pace::{Pace, Stop},
};
use crate::{
    aws::{refusal::Refusal, write},
    teardown::plan::{Goal, Plan, Step},
};

mod restore;
mod step;
mod wait;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(How),
    /// The thing is not what the plan means; it was not touched.
    Left(String),
    Failed(String),
    /// Its deadline passed while AWS was still at it.
    StillGoing(String),
    /// A step that it waits for did not come to its goal.
    NotBegun(u32),
}

/// Why a run ended before every step had its outcome.
#[derive(Debug)]
pub enum Early {
    /// Someone asked for it.
    Interrupted,
    /// AWS takes the credentials no more.
    Expired(Refusal),
    /// The whole run's deadline passed.
    Deadline,
    /// The journal cannot be written, so nothing may be done.
    Journal(io::Error),
}

/// What came of a run.
#[derive(Debug)]
pub struct Ended {
    pub outcomes: BTreeMap<u32, Outcome>,
    pub early: Option<Early>,
    /// Protections that were switched off and are not on again, although what they protect is not
    /// known to be gone.
    pub unprotected: Vec<Unprotected>,
}

/// A protection that is off when a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// The step that switched it off.
    pub step: u32,
    /// Why it is not on again: a clause.
    pub why: String,
    /// AWS is deleting the thing, so that nobody need switch it on.
    pub goes: bool,
}

impl Ended {
    /// Whether every step came to its goal.
    pub fn is_whole(&self) -> bool {
        let done = |it: &Outcome| matches!(it, Outcome::Done(_));
        self.early.is_none() && self.outcomes.values().all(done)
    }
}

/// Runs a plan, or what of it an earlier run left to do.
pub async fn run<A: Account, N: Notes>(
    account: &A,
    notes: &N,
    past: &Past,
    pace: &Pace,
    stop: &Stop,
    watch: &dyn Fn(Event<'_>),
) -> Ended {
    let runner = Runner {
        account,
        notes,
        pace,
        stop,
        watch,
        plan: &past.header.plan,
        calls: Semaphore::new(pace.at_once.max(1)),
        begun: Instant::now(),
        waiting: RefCell::new(BTreeMap::new()),
        taken: RefCell::new(past.taken()),
        off: RefCell::new(past.begun()),
    };
    runner.run(past).await
}

struct Runner<'a, A, N> {
    account: &'a A,
    notes: &'a N,
    pace: &'a Pace,
    stop: &'a Stop,
    watch: &'a dyn Fn(Event<'_>),
    plan: &'a Plan,
    /// As many as may be under way at once.
    calls: Semaphore,
    begun: Instant,
    /// What the steps under way wait for.
    waiting: RefCell<BTreeMap<u32, (String, Instant)>>,
    /// Acts that AWS is known to have taken, in this run or an earlier one.
    taken: RefCell<BTreeSet<(u32, usize)>>,
    /// Acts that AWS took or may have taken: protections among them may be off.
    off: RefCell<BTreeSet<(u32, usize)>>,
}

/// A step's outcome, or why there is none.
type Came = Result<Outcome, Early>;

impl<A: Account, N: Notes> Runner<'_, A, N> {
    async fn run(&self, past: &Past) -> Ended {
        let verified = past.verified();
        let mut outcomes: BTreeMap<u32, Outcome> = BTreeMap::new();
        let mut open: BTreeMap<u32, &Step> = BTreeMap::new();
        for step in &self.plan.steps {
            // What is gone is looked at again, cheaply; what was made ready stays ready, but for
            // protections: a run that was killed may just have switched them on again.
            let ready = step.goal != Goal::Gone && !step.acts.iter().any(write::unprotects);
            if ready && verified.contains(&step.number) {
                outcomes.insert(step.number, Outcome::Done(How::Found));
            } else {
                open.insert(step.number, step);
            }
        }
        let mut running: FuturesUnordered<LocalBoxFuture<'_, (u32, Came)>> =
            FuturesUnordered::new();
        let mut early = None;
        loop {
            if early.is_none() {
                for step in self.next(&mut open, &mut outcomes) {
                    running.push(Box::pin(
                        async move { (step.number, self.step(step).await) },
                    ));
                }
            }
            let heartbeat = self.pace.seconds(self.pace.heartbeat);
            tokio::select! {
                next = running.next() => match next {
                    None => break,
                    Some((number, came)) => {
                        self.waiting.borrow_mut().remove(&number);
                        match came {
                            Ok(outcome) => {
                                outcomes.insert(number, outcome);
                            }
                            // The first reason counts; the others follow from it.
                            Err(why) => {
                                self.stop.ask();
                                early.get_or_insert(why);
                            }
                        }
                    }
                },
                () = tokio::time::sleep(heartbeat), if !heartbeat.is_zero() => {
                    self.heartbeat(&outcomes);
                }
            }
        }
        drop(running);
        let unprotected = self.restore(&outcomes, early.as_ref()).await;
        Ended {
            outcomes,
            early,
            unprotected,
        }
    }

    /// Takes out of `open` what may begin now, and gives what never will its outcome.
    fn next<'s>(
        &self,
        open: &mut BTreeMap<u32, &'s Step>,
        outcomes: &mut BTreeMap<u32, Outcome>,
    ) -> Vec<&'s Step> {
        let mut ready = Vec::new();
        // In the plan's order nobody waits for a later one, so one pass finds all.
        open.retain(|number, step| {
            let mut all = true;
            for before in &step.after {
                match outcomes.get(before) {
                    Some(Outcome::Done(_)) => {}
                    None => all = false,
                    Some(Outcome::NotBegun(root)) => {
                        let root = *root;
                        outcomes.insert(*number, Outcome::NotBegun(root));
                        return false;
                    }
                    Some(Outcome::Left(_) | Outcome::Failed(_) | Outcome::StillGoing(_)) => {
                        outcomes.insert(*number, Outcome::NotBegun(*before));
                        return false;
                    }
                }
            }
            if all {
                ready.push(*step);
            }
            !all
        });
        ready
    }

    fn verified(&self, step: &Step, how: How) -> Came {
        self.note(Entry::Verified {
            step: step.number,
            how,
        })?;
        (self.watch)(Event::Done { step, how });
        Ok(Outcome::Done(how))
    }

    fn left(&self, step: &Step, why: &str) -> Came {
        self.note(Entry::Left {
            step: step.number,
            why: why.to_owned(),
        })?;
        (self.watch)(Event::Left { step, why });
        Ok(Outcome::Left(why.to_owned()))
    }

    fn failed(&self, step: &Step, why: &str) -> Came {
        self.note(Entry::Failed {
            step: step.number,
            why: why.to_owned(),
        })?;
        (self.watch)(Event::Failed { step, why });
        Ok(Outcome::Failed(why.to_owned()))
    }

    /// Asking again would not help, however long.
    fn unread(&self, step: &Step, refusal: &Refusal) -> Came {
        let why = format!("what it is now could not be read: {refusal}");
        self.failed(step, &why)
    }

    fn note(&self, entry: Entry) -> Result<(), Early> {
        self.notes.note(entry).map_err(Early::Journal)
    }
}

#[cfg(test)]
mod racks;
#[cfg(test)]
mod stuck;
#[cfg(test)]
mod tests;
