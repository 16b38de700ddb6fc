//! One step, from its first look at the thing to its goal.

use std::time::Instant;

use super::{Account, Came, Early, Event, How, Notes, Outcome, Runner};
use crate::{
    aws::{
        look::{Seen, Target, There},
        refusal::{Class, Refusal},
        write::{self, Ready, Way},
    },
    executor::journal::{Entry, Said},
    removal::Action,
    teardown::plan::{Act, Goal, Identity, Step},
};

/// How many times a call is made that AWS fails or asks patience for.
pub(super) const SOON_TRIES: u32 = 20;

/// The refusal after which it is asked who holds the thing, and every so many after it.
const ASK_WHO: u32 = 2;

/// Why a step that is to copy a thing's data fails once the thing is not there any more.
const UNCOPIED: &str = "it was deleted before a copy of it was made";

/// What one try of an act came to.
enum Tried {
    Ok,
    Over(Outcome),
}

/// What a look at a step's thing showed.
enum Look {
    There(There),
    Going,
    Gone,
    Over(Outcome),
}

impl<A: Account, N: Notes> Runner<'_, A, N> {
    /// One step, from its first look to its goal.
    pub(super) async fn step(&self, step: &Step) -> Came {
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
    pub(super) async fn try_once(
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
}

/// What a step is about, as a look is told.
pub(super) fn target(step: &Step) -> Target<'_> {
    Target {
        id: &step.resource,
        arn: step.arn.as_deref(),
        unique: step.identity.unique.as_deref(),
    }
}

/// Why what is there is not what the plan means.
pub(super) fn changed(step: &Step, there: &There) -> Option<String> {
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
