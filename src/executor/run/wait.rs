//! How a run waits: a few calls at once, longer pauses each time, deadlines, and a word now and then
//! on what is waited for.

use std::{collections::BTreeMap, time::Instant};

use super::{Account, Early, Event, Notes, Outcome, Runner};
use crate::{
    aws::refusal::{Class, Refusal},
    executor::{event::Waiting, journal::Entry},
    teardown::plan::{Act, Goal, Plan, Step},
    text,
};

impl<A: Account, N: Notes> Runner<'_, A, N> {
    /// Asks one thing, as soon as few enough are being asked.
    pub(super) async fn ask<T, F>(
        &self,
        ask: impl FnOnce() -> F,
    ) -> Result<Result<T, Refusal>, Early>
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
    pub(super) async fn ask_who(&self, step: &Step, act: &Act) {
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
    pub(super) async fn pause(
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

    pub(super) fn wait(&self, step: &Step, what: String) {
        let mut waiting = self.waiting.borrow_mut();
        let since = waiting
            .get(&step.number)
            .map_or_else(Instant::now, |it| it.1);
        waiting.insert(step.number, (what, since));
    }

    pub(super) fn waits_for(&self, step: &Step) -> String {
        let waiting = self.waiting.borrow();
        let what = waiting.get(&step.number).map(|it| it.0.clone());
        what.unwrap_or_else(|| "it to go".to_owned())
    }

    pub(super) fn heartbeat(&self, outcomes: &BTreeMap<u32, Outcome>) {
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
        0..120 => text::count(number(seconds), "second"),
        _ => text::count(number(seconds / 60), "minute"),
    }
}
