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
    event::{Event, How, Waiting},
    journal::{Entry, Notes, Past, Said},
    pace::{Pace, Stop},
};
use crate::{
    aws::{
        look::{Seen, Target, There},
        refusal::{Class, Refusal},
        write::{self, Ready, Way},
    },
    removal::Action,
    teardown::plan::{Act, Goal, Identity, Plan, Step},
};

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

/// How many times a call is made that AWS fails or asks patience for.
const SOON_TRIES: u32 = 20;

/// The refusal after which it is asked who holds the thing, and every so many after it.
const ASK_WHO: u32 = 2;

/// How many times more a protection is switched on again.
const BACK_ON_TRIES: u32 = 5;

/// Why a step that is to copy a thing's data fails once the thing is not there any more.
const UNCOPIED: &str = "it was deleted before a copy of it was made";

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

/// What one try of an act came to.
enum Tried {
    Ok,
    Over(Outcome),
}

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

    /// One step, from its first look to its goal.
    async fn step(&self, step: &Step) -> Came {
        let begun = Instant::now();
        let there = match self.look(step, begun).await? {
            Look::Over(outcome) => return Ok(outcome),
            Look::There(_) => true,
            // There is a copy only of what AWS was known to copy.
            Look::Gone | Look::Going if step.goal == Goal::Saved => {
                if !self.is_taken(step) {
                    return self.failed(step, UNCOPIED);
                }
                for act in &step.acts {
                    if let Tried::Over(outcome) = self.ready(step, act, begun).await? {
                        return Ok(outcome);
                    }
                }
                false
            }
            Look::Gone => return self.verified(step, How::Found),
            // Someone, or an earlier run, has seen to it.
            Look::Going => false,
        };
        if there {
            for (n, act) in step.acts.iter().enumerate() {
                if let Tried::Over(outcome) = self.act(step, n, act, begun).await? {
                    return Ok(outcome);
                }
            }
        }
        self.goal(step, begun).await
    }

    /// Makes one act until AWS takes it, and waits for what it began.
    async fn act(&self, step: &Step, n: usize, act: &Act, begun: Instant) -> Result<Tried, Early> {
        let (mut held, mut soon, mut pauses) = (0, 0, 0);
        let mut takes = format!("AWS to take {}", act.action.name());
        loop {
            self.wait(step, takes.clone());
            let refusal = match self.try_once(step, n, act, Way::Off).await? {
                Ok(()) => break,
                Err(it) if it.class == Class::Already => break,
                Err(it) => it,
            };
            match refusal.class {
                Class::Already | Class::Expired => {}
                Class::Never => return self.failed(step, &refusal.to_string()).map(Tried::Over),
                Class::Held => {
                    held += 1;
                    if refusal.code == "BucketNotEmpty" {
                        self.empty_again(step).await?;
                    }
                    if held % ASK_WHO == 0 && held <= 8 * ASK_WHO {
                        self.ask_who(step, act).await;
                    }
                }
                // That is no refusal: it goes on, as long as the step has time.
                Class::Soon if refusal.code == write::MORE => {
                    (soon, pauses) = (0, 0);
                }
                Class::Soon | Class::Unclear => {
                    soon += 1;
                    if soon >= SOON_TRIES {
                        let why = format!("tried {soon} times: {refusal}");
                        return self.failed(step, &why).map(Tried::Over);
                    }
                }
            }
            (self.watch)(Event::Refused {
                step,
                refusal: &refusal,
            });
            takes = format!("AWS to take {}: {refusal}", act.action.name());
            if let Some(outcome) = self.pause(step, &takes, &mut pauses, begun).await? {
                return Ok(Tried::Over(outcome));
            }
            // It may be gone or another by now.
            match self.look(step, begun).await? {
                Look::Gone | Look::Going if step.goal == Goal::Saved => {
                    return self.failed(step, UNCOPIED).map(Tried::Over);
                }
                Look::Gone | Look::Going => return Ok(Tried::Ok),
                Look::Over(outcome) => return Ok(Tried::Over(outcome)),
                Look::There(_) => {}
            }
        }
        self.ready(step, act, begun).await
    }

    /// Whether AWS is known to have taken every act of a step, in this run or an earlier one.
    fn is_taken(&self, step: &Step) -> bool {
        let taken = self.taken.borrow();
        (0..step.acts.len()).all(|n| taken.contains(&(step.number, n)))
    }

    /// Waits for what an act began.
    async fn ready(&self, step: &Step, act: &Act, begun: Instant) -> Result<Tried, Early> {
        let mut pauses = 0;
        loop {
            let ready = self
                .ask(|| self.account.ready(act, step.region.as_deref()))
                .await?;
            let waits = match ready {
                Ok(Ready::Yes) => return Ok(Tried::Ok),
                Ok(Ready::Failed(why)) => return self.failed(step, &why).map(Tried::Over),
                Ok(Ready::NotYet(what)) => what,
                Err(refusal) if refusal.class == Class::Never => {
                    return self.unread(step, &refusal).map(Tried::Over);
                }
                Err(refusal) => format!("an answer about {}: {refusal}", act.on),
            };
            if let Some(outcome) = self.pause(step, &waits, &mut pauses, begun).await? {
                return Ok(Tried::Over(outcome));
            }
        }
    }

    /// One call with its two lines in the journal.
    async fn try_once(
        &self,
        step: &Step,
        n: usize,
        act: &Act,
        way: Way,
    ) -> Result<Result<(), Refusal>, Early> {
        let permit = self.calls.acquire().await;
        if self.stop.is_asked() && way == Way::Off {
            return Err(Early::Interrupted);
        }
        self.note(Entry::Intent {
            step: step.number,
            act: n,
            call: act.action,
            on: act.on.clone(),
        })?;
        let answer = self.account.act(act, step.region.as_deref(), way).await;
        self.note(Entry::Result {
            step: step.number,
            act: n,
            refused: answer.as_ref().err().map(Said::from),
        })?;
        drop(permit);
        let may_be_done = match &answer {
            Ok(()) => true,
            Err(it) => it.class == Class::Unclear,
        };
        if may_be_done && way == Way::Off {
            self.off.borrow_mut().insert((step.number, n));
        }
        if answer.is_ok() && way == Way::Off {
            self.taken.borrow_mut().insert((step.number, n));
        }
        match answer {
            Err(it) if it.class == Class::Expired => Err(Early::Expired(it)),
            answer => Ok(answer),
        }
    }

    /// Empties once more what filled again since it was emptied: logs are delivered late. Only
    /// where the plan itself empties it.
    async fn empty_again(&self, step: &Step) -> Result<(), Early> {
        let ours = |it: &&Step| {
            it.number == step.number
                || (it.goal == Goal::Empty && step.covers.contains(&it.resource))
        };
        for emptying in self.plan.steps.iter().filter(ours) {
            let acts = emptying.acts.iter().enumerate();
            for (n, act) in acts.filter(|(_, it)| it.action == Action::DeleteObjects) {
                // A refusal shows in what comes next.
                let tried = self.try_once(emptying, n, act, Way::Off).await?;
                tried.unwrap_or_default();
            }
        }
        Ok(())
    }

    /// Waits until the step's goal is reached.
    async fn goal(&self, step: &Step, begun: Instant) -> Came {
        let mut pauses = 0;
        let mut again = false;
        loop {
            let waits = match step.goal {
                Goal::Gone => match self.look(step, begun).await? {
                    Look::Gone => {
                        let how = if step.acts.is_empty() {
                            How::Found
                        } else {
                            How::Made
                        };
                        return self.verified(step, how);
                    }
                    Look::Over(outcome) => return Ok(outcome),
                    Look::Going => self.waits_for(step),
                    Look::There(it) => match (it.stuck, step.acts.last()) {
                        (Some(why), _) if again => return self.failed(step, &why),
                        (Some(why), Some(act)) => {
                            again = true;
                            (self.watch)(Event::Again { step, why: &why });
                            self.empty_again(step).await?;
                            let n = step.acts.len() - 1;
                            if let Tried::Over(it) = self.act(step, n, act, begun).await? {
                                return Ok(it);
                            }
                            why
                        }
                        _ => "it to go".to_owned(),
                    },
                },
                Goal::Drained => {
                    let drained = self.ask(|| self.account.drained(&step.resource)).await?;
                    match drained {
                        Ok(Ready::Yes) => return self.verified(step, How::Made),
                        Ok(Ready::Failed(why)) => return self.failed(step, &why),
                        Ok(Ready::NotYet(what)) => what,
                        Err(refusal) if refusal.class == Class::Never => {
                            return self.unread(step, &refusal);
                        }
                        Err(refusal) => format!("an answer about {}: {refusal}", step.resource),
                    }
                }
                // The acts themselves are only done when these are so.
                Goal::Saved | Goal::Unprotected | Goal::Stopped | Goal::Cut | Goal::Empty => {
                    return self.verified(step, How::Made);
                }
            };
            if let Some(outcome) = self.pause(step, &waits, &mut pauses, begun).await? {
                return Ok(outcome);
            }
        }
    }

    /// Looks until AWS tells, and judges whether it is the thing that the plan means.
    async fn look(&self, step: &Step, begun: Instant) -> Result<Look, Early> {
        let mut pauses = 0;
        loop {
            let region = step.region.as_deref();
            let look = || self.account.look(target(step), region);
            let refusal = match self.ask(look).await? {
                Ok(Seen::Gone) => return Ok(Look::Gone),
                Ok(Seen::Going(what)) => {
                    self.wait(step, what);
                    return Ok(Look::Going);
                }
                Ok(Seen::There(it)) => match changed(step, &it) {
                    None => return Ok(Look::There(it)),
                    Some(why) => return self.left(step, &why).map(Look::Over),
                },
                Err(it) => it,
            };
            if refusal.class == Class::Never {
                return self.unread(step, &refusal).map(Look::Over);
            }
            let waits = format!("an answer about {}: {refusal}", step.resource);
            if let Some(outcome) = self.pause(step, &waits, &mut pauses, begun).await? {
                return Ok(Look::Over(outcome));
            }
        }
    }

    /// Asks one thing, as soon as few enough are being asked.
    async fn ask<T, F>(&self, ask: impl FnOnce() -> F) -> Result<Result<T, Refusal>, Early>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let permit = self.calls.acquire().await;
        let answer = ask().await;
        drop(permit);
        match answer {
            Err(it) if it.class == Class::Expired => Err(Early::Expired(it)),
            answer => Ok(answer),
        }
    }

    /// Tells who holds on to a thing; what cannot be found out is not told.
    async fn ask_who(&self, step: &Step, act: &Act) {
        let permit = self.calls.acquire().await;
        let holders = self.account.holders(&act.on).await.unwrap_or_default();
        drop(permit);
        if !holders.is_empty() {
            (self.watch)(Event::HeldBy {
                step,
                holders: &holders,
            });
        }
    }

    /// Waits a while, longer each time; an outcome when the step's time is over.
    async fn pause(
        &self,
        step: &Step,
        waits: &str,
        pauses: &mut u32,
        begun: Instant,
    ) -> Result<Option<Outcome>, Early> {
        if self.stop.is_asked() {
            return Err(Early::Interrupted);
        }
        if self.begun.elapsed() > self.pace.seconds(self.pace.deadline) {
            return Err(Early::Deadline);
        }
        if begun.elapsed() > self.pace.seconds(step.deadline) {
            let going = step.goal == Goal::Gone && !waits.starts_with("AWS to take");
            let why = format!(
                "after {} it still waits for {waits}",
                minutes(step.deadline)
            );
            if going {
                self.note(Entry::Failed {
                    step: step.number,
                    why: why.clone(),
                })?;
                return Ok(Some(Outcome::StillGoing(why)));
            }
            return self.failed(step, &why).map(Some);
        }
        self.wait(step, waits.to_owned());
        self.stop.sleep(self.pace.pause(*pauses)).await;
        *pauses += 1;
        if self.stop.is_asked() {
            return Err(Early::Interrupted);
        }
        Ok(None)
    }

    fn wait(&self, step: &Step, what: String) {
        let mut waiting = self.waiting.borrow_mut();
        let since = waiting
            .get(&step.number)
            .map_or_else(Instant::now, |it| it.1);
        waiting.insert(step.number, (what, since));
    }

    fn waits_for(&self, step: &Step) -> String {
        let waiting = self.waiting.borrow();
        let what = waiting.get(&step.number).map(|it| it.0.clone());
        what.unwrap_or_else(|| "it to go".to_owned())
    }

    fn heartbeat(&self, outcomes: &BTreeMap<u32, Outcome>) {
        let waiting = self.waiting.borrow();
        let second = self.pace.second.as_micros().max(1);
        let under_way: Vec<Waiting<'_>> = self
            .plan
            .steps
            .iter()
            .filter_map(|step| {
                let (what, since) = waiting.get(&step.number)?;
                let seconds = since.elapsed().as_micros() / second;
                Some(Waiting {
                    step,
                    what: what.clone(),
                    seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
                })
            })
            .collect();
        (self.watch)(Event::Waiting {
            for_what: &under_way,
            done: outcomes.len(),
            of: self.plan.steps.len(),
            seconds_left: left(self.plan, outcomes),
        });
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

    /// Switches protections on again of what was to go and stays; tells of those that stay off.
    async fn restore(
        &self,
        outcomes: &BTreeMap<u32, Outcome>,
        early: Option<&Early>,
    ) -> Vec<Unprotected> {
        let mut unprotected = Vec::new();
        for step in &self.plan.steps {
            // Only what a run switched off itself: what was off before is nobody's wish.
            let is_off = |n: usize| self.off.borrow().contains(&(step.number, n));
            let acts = step.acts.iter().enumerate();
            let acts: Vec<(usize, &Act)> = acts
                .filter(|(n, act)| write::unprotects(act) && is_off(*n))
                .collect();
            let end = self.end(step);
            let is_done = |it: &Step| {
                let outcome = outcomes.get(&it.number);
                matches!(outcome, Some(Outcome::Done(_)))
            };
            if acts.is_empty() || end.is_some_and(is_done) {
                continue;
            }
            let restored = match early {
                Some(Early::Expired(_) | Early::Journal(_)) => Err(Unprotected {
                    step: step.number,
                    why: "the run could call AWS no more".to_owned(),
                    goes: false,
                }),
                None | Some(Early::Interrupted | Early::Deadline) => {
                    self.protect_again(step, end, &acts).await
                }
            };
            match restored {
                Ok(true) => (self.watch)(Event::Restored { step }),
                Ok(false) => {}
                Err(it) => {
                    (self.watch)(Event::NotRestored { step, why: &it.why });
                    unprotected.push(it);
                }
            }
        }
        unprotected
    }

    /// The step with which the thing of this one is gone, by itself or with a stack.
    fn end(&self, step: &Step) -> Option<&Step> {
        let thing = &step.resource;
        let goes = |it: &&Step| {
            it.goal == Goal::Gone && (it.resource == *thing || it.covers.contains(thing))
        };
        self.plan.steps.iter().find(goes)
    }

    /// Whether it is protected again; not where it is gone or another by now.
    async fn protect_again(
        &self,
        step: &Step,
        end: Option<&Step>,
        acts: &[(usize, &Act)],
    ) -> Result<bool, Unprotected> {
        let off = |why: String| Unprotected {
            step: step.number,
            why,
            goes: false,
        };
        let going = |what: String| Unprotected {
            goes: true,
            ..off(what)
        };
        // A stack that is being deleted takes along what it made: protected it would be stuck.
        let whole = end.filter(|it| it.resource != step.resource);
        for it in whole.into_iter().chain([step]) {
            match self.seen(it).await.map_err(|it| off(it.to_string()))? {
                Seen::There(there) if changed(it, &there).is_none() => {}
                Seen::Going(what) => return Err(going(what)),
                Seen::Gone | Seen::There(_) => return Ok(false),
            }
        }
        for (n, act) in acts {
            self.back_on(step, *n, act).await.map_err(off)?;
        }
        let noted = self.notes.note(Entry::Restored { step: step.number });
        noted.map_err(|it| off(format!("the journal cannot be written: {it}")))?;
        Ok(true)
    }

    /// One look, tried some times: there is no step any more that would wait for it.
    async fn seen(&self, step: &Step) -> Result<Seen, Refusal> {
        let mut tries = 0;
        loop {
            let look = self.account.look(target(step), step.region.as_deref());
            match look.await {
                Err(it) if may_do_later(&it) && tries < BACK_ON_TRIES => {
                    tokio::time::sleep(self.pace.pause(tries)).await;
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    /// One call that switches a protection on again, tried some times.
    async fn back_on(&self, step: &Step, n: usize, act: &Act) -> Result<(), String> {
        let mut tries = 0;
        loop {
            match self.try_once(step, n, act, Way::BackOn).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(it)) if may_do_later(&it) && tries < BACK_ON_TRIES => {
                    tokio::time::sleep(self.pace.pause(tries)).await;
                    tries += 1;
                }
                Ok(Err(it)) | Err(Early::Expired(it)) => return Err(it.to_string()),
                Err(Early::Journal(it)) => {
                    return Err(format!("the journal cannot be written: {it}"));
                }
                Err(Early::Interrupted | Early::Deadline) => {
                    return Err("the run was stopped".to_owned());
                }
            }
        }
    }
}

/// What a step is about, as a look is told.
fn target(step: &Step) -> Target<'_> {
    Target {
        id: &step.resource,
        arn: step.arn.as_deref(),
        unique: step.identity.unique.as_deref(),
    }
}

fn may_do_later(refusal: &Refusal) -> bool {
    match refusal.class {
        Class::Soon | Class::Unclear | Class::Held => true,
        Class::Already | Class::Never | Class::Expired => false,
    }
}

/// What a look at a step's thing showed.
enum Look {
    There(There),
    Going,
    Gone,
    Over(Outcome),
}

/// Why what is there is not what the plan means.
fn changed(step: &Step, there: &There) -> Option<String> {
    let Identity { created, unique } = &step.identity;
    if let (Some(planned), Some(now)) = (created, &there.created)
        && planned != now
    {
        return Some(format!(
            "it was made on {now}, and the plan means one that was made on {planned}"
        ));
    }
    if let (Some(planned), Some(now)) = (unique, &there.unique)
        && planned != now
    {
        return Some(format!("it is {now}, and the plan means {planned}"));
    }
    if let (Some(planned), Some(now)) = (&step.arn, &there.arn)
        && planned != now
    {
        return Some(format!("it is {now}, and the plan means {planned}"));
    }
    None
}

/// How long the longest chain of open steps takes, by the plan's estimates.
fn left(plan: &Plan, outcomes: &BTreeMap<u32, Outcome>) -> u32 {
    let mut ends: BTreeMap<u32, u32> = BTreeMap::new();
    let mut longest = 0;
    for step in &plan.steps {
        let before = step.after.iter().filter_map(|it| ends.get(it)).max();
        let own = if outcomes.contains_key(&step.number) {
            0
        } else {
            step.takes
        };
        let end = before.copied().unwrap_or(0).saturating_add(own);
        longest = longest.max(end);
        ends.insert(step.number, end);
    }
    longest
}

/// "45 minutes", "90 seconds".
fn minutes(seconds: u32) -> String {
    let number = |it: u32| usize::try_from(it).unwrap_or(usize::MAX);
    match seconds {
        0..120 => crate::text::count(number(seconds), "second"),
        _ => crate::text::count(number(seconds / 60), "minute"),
    }
}

#[cfg(test)]
mod racks;
#[cfg(test)]
mod tests;
