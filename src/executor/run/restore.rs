//! Protections that were switched off for nothing, switched on again.

use std::collections::BTreeMap;

use super::{
    Account, Early, Event, Notes, Outcome, Runner, Unprotected,
    step::{changed, target},
};
use crate::{
    aws::{
        look::Seen,
        refusal::{Class, Refusal},
        write::{self, Way},
    },
    executor::journal::Entry,
    teardown::plan::{Act, Goal, Step},
};

/// How many times more a protection is switched on again.
const BACK_ON_TRIES: u32 = 5;

impl<A: Account, N: Notes> Runner<'_, A, N> {
    /// Switches protections on again of what was to go and stays; tells of those that stay off.
    pub(super) async fn restore(
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

fn may_do_later(refusal: &Refusal) -> bool {
    match refusal.class {
        Class::Soon | Class::Unclear | Class::Held => true,
        Class::Already | Class::Never | Class::Expired => false,
    }
}
