//! What a person is told while a run goes on.

use std::cell::RefCell;

use crate::{
    command::live::Watch,
    executor::event::{Event, How, Waiting},
    kind::Kind,
    teardown::{
        plan::{Goal, Step},
        tell,
    },
};

/// `security-group sg-1 (web)`
pub(super) fn name(step: &Step) -> String {
    tell::label(&step.resource, step.name.as_deref())
}

/// Tells a person what goes on.
pub(super) struct Told<'a> {
    watch: &'a Watch,
    steps: usize,
    done: RefCell<usize>,
}

impl<'a> Told<'a> {
    pub(super) fn new(watch: &'a Watch, steps: usize) -> Self {
        Self {
            watch,
            steps,
            done: RefCell::new(0),
        }
    }

    pub(super) fn event(&self, event: &Event<'_>) {
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
                let left = tell::duration(*seconds_left);
                let lines = for_what.iter().map(|it| {
                    let (name, so_far) = (name(it.step), tell::duration(it.seconds));
                    format!(
                        "waiting for {name}, {so_far} so far: {} ({done} of {of} steps done, {left} \
                         left)",
                        it.what
                    )
                });
                let lines: Vec<String> = lines.collect();
                self.watch.beat(&in_short(&left, for_what), &lines);
            }
        }
    }
}

/// "about 25 minutes left; waiting for stack/shop and 2 more: CloudFormation is deleting the stack",
/// of the one that takes longest so far.
fn in_short(left: &str, for_what: &[Waiting<'_>]) -> String {
    let Some(longest) = for_what.iter().max_by_key(|it| it.seconds) else {
        return format!("{left} left");
    };
    let more = match for_what.len() {
        1 => String::new(),
        all => format!(" and {} more", all - 1),
    };
    format!(
        "{left} left; waiting for {}{more}: {}",
        longest.step.resource, longest.what
    )
}

/// "deleted", "stopped", …
pub(super) fn did(step: &Step, how: How) -> &'static str {
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
    use crate::executor::testing::step;

    #[test]
    fn beside_the_bar_the_time_left_is_told_and_what_is_waited_for_longest() {
        let (first, second) = (step(1, &[]), step(2, &[]));
        let waiting = |step, seconds| Waiting {
            step,
            what: "it to go".to_owned(),
            seconds,
        };
        let both = [waiting(&first, 20), waiting(&second, 90)];
        assert_eq!(
            in_short("about 5 minutes", &both),
            "about 5 minutes left; waiting for subnet/subnet-2 and 1 more: it to go"
        );
        assert_eq!(in_short("about a minute", &[]), "about a minute left");
    }
}
