//! How a run ended: for a person, and as an exit code.

use std::{collections::BTreeMap, path::Path};

use super::{Asked, Proven, resume_hint, told::name, unwritten};
use crate::{
    command::{self, live},
    cost,
    executor::{
        proof::{Evidence, Proof},
        run::{Early, Ended, Outcome},
    },
    failure::{Exit, Failure},
    id::ResourceId,
    kind::Kind,
    price::{Book, Usd},
    teardown::Plan,
    text, ui,
};

pub(super) fn proved(proof: &Proof) -> Exit {
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
pub(super) fn summary(
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
        for way in ways_on(plan, ended, path) {
            ui::note(&way);
        }
    }
    Ok(exit)
}

/// What can be done about what is left.
fn ways_on(plan: &Plan, ended: &Ended, path: &Path) -> Vec<String> {
    let mut ways = vec![resume_hint(path)];
    let mut failed = plan.steps.iter().filter(|it| {
        let outcome = ended.outcomes.get(&it.number);
        it.resource.kind == Kind::Stack && matches!(outcome, Some(Outcome::Failed(_)))
    });
    if let Some(step) = failed.next() {
        ways.push(format!(
            "or, where {} cannot be deleted with all that is in it, make a new plan that leaves out \
             what CloudFormation fails at: racklens teardown --rack {} --retain-resources",
            name(step),
            plan.rack
        ));
    }
    ways
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

/// What each thing is known to cost a month.
pub(super) type Costs = BTreeMap<ResourceId, Usd>;

/// What the leftovers cost, read anew. Where the rack cannot be read any more that is not known.
pub(super) fn costs(plan: &Plan, proof: &Proof, asked: &Asked<'_>) -> Costs {
    if proof.left.is_empty() && proof.new.is_empty() {
        return Costs::new();
    }
    let read = live::snapshot(asked.access, &plan.rack, asked.said, false).and_then(|snapshot| {
        command::seen(&snapshot, |material| {
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

pub(super) fn tell_proof(plan: &Plan, proven: &Proven, costs: &Costs) -> Result<(), Failure> {
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
pub(super) fn copies(plan: &Plan, is_done: impl Fn(u32) -> bool) -> Vec<(String, &ResourceId)> {
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

pub(super) fn tell_copies(copies: &[(String, &ResourceId)]) -> Result<(), Failure> {
    for (name, of) in copies {
        let line = format!("copied       {of}: {name}, which costs until you delete it");
        ui::result(&format!("{}\n", text::harmless(&line)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::testing::{plan, step};

    #[test]
    fn of_a_stack_that_cannot_be_deleted_it_is_said_how_to_leave_out_what_holds_it() {
        let ways = |kind| {
            let mut stack = step(1, &[]);
            stack.resource = ResourceId::new(kind, "shop");
            let failed = Outcome::Failed("a part of it would not go".to_owned());
            let ended = Ended {
                outcomes: BTreeMap::from([(1, failed)]),
                early: None,
                unprotected: Vec::new(),
            };
            ways_on(&plan(vec![stack]), &ended, Path::new("journal")).join("\n")
        };
        assert!(ways(Kind::Stack).contains("--retain-resources"));
        assert!(!ways(Kind::Subnet).contains("--retain-resources"));
    }

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
}
