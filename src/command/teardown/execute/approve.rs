//! What stands between a plan and its run: who runs it and where, whether it still fits, and who said
//! that it may be run.

use std::io::{self, BufRead as _, IsTerminal as _};

use jiff::SignedDuration;

use super::{Asked, hand};
use crate::{
    command::{self, live, teardown},
    executor::{
        approval::{self, Here, Refused, Word},
        journal::Header,
        lock::{self, Held, NotHeld},
    },
    failure::{Exit, Failure},
    teardown::{Plan, tell},
    text, ui,
};

pub(super) fn refused(it: Refused) -> Failure {
    Failure::new(Exit::Refused, format!("nothing was deleted: {}", it.what)).hint(it.remedy)
}

/// A journal is gone on with where and by whom it was begun.
pub(super) fn same_run(header: &Header, here: &Here) -> Result<(), Failure> {
    let plan = &header.plan;
    // However old the plan is by now: it was fresh when the run began.
    approval::check(plan, here, plan.taken, SignedDuration::MAX).map_err(refused)
}

/// Keeps other runs away from this rack.
pub(super) fn hold(asked: &Asked<'_>, plan: &Plan) -> Result<Held, Failure> {
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
pub(super) fn fresh_look(
    plan: &Plan,
    asked: &Asked<'_>,
    changes: fn(&Plan, &Plan) -> Vec<String>,
) -> Result<(), Failure> {
    let snapshot = live::snapshot(asked.access, &plan.rack, asked.said, true)?;
    command::seen(&snapshot, |material| {
        let fresh = teardown::plan(material, &plan.consent)?;
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
pub(super) fn introduce(plan: &Plan, here: &Here, asked: &Asked<'_>) -> Result<(), Failure> {
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
    for line in lost(plan) {
        ui::note(&text::harmless(&line));
    }
    Ok(())
}

/// The data that is lost, a line for each class, with what of it is copied before.
fn lost(plan: &Plan) -> Vec<String> {
    let losses = tell::losses(plan).into_iter();
    let lines = losses.map(|(data, losses)| {
        let names = losses.iter().map(|it| {
            let copied = if it.copied { " (copied before)" } else { "" };
            format!("{}{copied}", it.resource.key)
        });
        let names: Vec<String> = names.collect();
        format!("data lost {}: {}", data.name(), names.join(", "))
    });
    lines.collect()
}

/// The word that the command line gives; `None` where a person can be asked for it.
pub(super) fn given(asked: &Asked<'_>) -> Result<Option<Word>, Failure> {
    // Also at a terminal: a job may have one, too, and nobody sits before it.
    let Some(name) = asked.running.confirm.clone() else {
        return Ok((!io::stdin().is_terminal()).then_some(Word::None));
    };
    let mut accounts = asked.running.accounts.clone();
    accounts.extend(asked.said.unattended()?);
    Ok(Some(Word::Confirmed { name, accounts }))
}

/// The word that a person gives at a terminal, with the account before their eyes.
pub(super) fn typed() -> Result<Word, Failure> {
    ui::ask("type the rack's name to delete it: ");
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|it| Failure::new(Exit::Failed, format!("cannot read the name: {it}")))?;
    Ok(Word::Typed(line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::testing::{plan, step, thing},
        removal::Data,
        teardown::Loss,
    };

    #[test]
    fn who_types_the_name_sees_what_is_lost_and_what_of_it_is_copied() {
        let mut plan = plan(vec![step(1, &[])]);
        plan.losses = [(1, true), (2, false)]
            .map(|(n, copied)| Loss {
                data: Data::Tables,
                resource: thing(n),
                copied,
                size: String::new(),
                kept: String::new(),
            })
            .to_vec();
        let said = ["data lost tables: subnet-1 (copied before), subnet-2"];
        assert_eq!(lost(&plan), said);
    }
}
