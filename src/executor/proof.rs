//! What a teardown left: every planned thing looked at again, and the neighbours, too.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};

use super::Account;
use crate::{
    aws::{
        look::{Seen, Target},
        refusal::Refusal,
    },
    id::ResourceId,
    kind::Kind,
    teardown::plan::{Goal, Plan, Step},
};

/// What was seen of everything that the plan takes away, and of what it must leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    pub gone: usize,
    /// Still there, with AWS's word for its state.
    pub left: BTreeMap<ResourceId, Option<String>>,
    /// Being deleted, with what is waited for.
    pub going: BTreeMap<ResourceId, String>,
    /// AWS did not tell.
    pub unknown: BTreeMap<ResourceId, Refusal>,
    /// What should be there, because it is not the rack's or was to stay, and is not.
    pub missing: Vec<ResourceId>,
    /// How many of those are there.
    pub untouched: usize,
}

impl Proof {
    /// Whether all that was to go is gone and all that was to stay is there.
    pub fn holds(&self) -> bool {
        let Self {
            gone: _,
            left,
            going,
            unknown,
            missing,
            untouched: _,
        } = self;
        left.is_empty() && going.is_empty() && unknown.is_empty() && missing.is_empty()
    }
}

/// Looks that are made at once.
const AT_ONCE: usize = 8;

/// Looks at all of it. What `listed` names of the neighbours was seen just now by a listing.
pub async fn prove<A: Account>(
    account: &A,
    plan: &Plan,
    listed: impl Fn(&ResourceId) -> bool,
) -> Proof {
    let mut proof = Proof::default();
    let planned = plan.steps.iter().filter(|it| it.goal == Goal::Gone);
    let planned = planned.flat_map(|step| targets(step).map(|it| (it, step.region.as_deref())));
    let looks =
        planned.map(async |(target, region)| (target.id, account.look(target, region).await));
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    while let Some((id, seen)) = looks.next().await {
        proof.of_planned(id, seen);
    }
    let lasting = plan.neighbours.iter().filter(|it| !comes_and_goes(it.kind));
    let (seen, unseen): (Vec<&ResourceId>, Vec<&ResourceId>) = lasting.partition(|it| listed(it));
    proof.untouched += seen.len();
    let looks = unseen
        .into_iter()
        .map(async |id| (id, account.look(Target::new(id), None).await));
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    while let Some((id, seen)) = looks.next().await {
        match seen {
            Ok(Seen::There(_) | Seen::Going(_)) => proof.untouched += 1,
            Ok(Seen::Gone) => proof.missing.push(id.clone()),
            Err(refusal) => {
                proof.unknown.insert(id.clone(), refusal);
            }
        }
    }
    proof
}

/// A step's own thing and what goes along with it.
fn targets(step: &Step) -> impl Iterator<Item = Target<'_>> {
    let own = Target {
        id: &step.resource,
        arn: step.arn.as_deref(),
        unique: step.identity.unique.as_deref(),
    };
    std::iter::once(own).chain(step.covers.iter().map(Target::new))
}

impl Proof {
    fn of_planned(&mut self, id: &ResourceId, seen: Result<Seen, Refusal>) {
        match seen {
            Ok(Seen::Gone) => self.gone += 1,
            Ok(Seen::Going(what)) => {
                self.going.insert(id.clone(), what);
            }
            Ok(Seen::There(it)) => {
                self.left.insert(id.clone(), it.state);
            }
            Err(refusal) => {
                self.unknown.insert(id.clone(), refusal);
            }
        }
    }
}

/// Whether AWS itself makes and ends such things all the time: that one is not there any more says
/// nothing about us.
fn comes_and_goes(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Task | Kind::ContainerInstance | Kind::Instance | Kind::NetworkInterface
    ) || matches!(kind, Kind::Volume | Kind::TaskDefinition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::testing::{InMemory, Incident, Thing, plan, step, thing};

    async fn proof(account: &InMemory, plan: &Plan) -> Proof {
        prove(account, plan, |_| false).await
    }

    #[tokio::test]
    async fn it_holds_when_all_that_was_to_go_is_gone_and_the_neighbours_are_there() {
        let mut plan = plan(vec![step(1, &[])]);
        plan.steps[0].covers = vec![thing(2)];
        plan.neighbours = vec![thing(9)];
        let account = InMemory::of(&plan);
        account.change(&thing(1), |it| it.gone = true);
        account
            .things
            .borrow_mut()
            .insert(thing(9), Thing::default());
        let proof = proof(&account, &plan).await;
        assert!(proof.holds(), "{proof:?}");
        assert_eq!((proof.gone, proof.untouched), (2, 1));
    }

    #[tokio::test]
    async fn a_thing_that_is_there_and_a_neighbour_that_is_not_are_told() {
        let mut plan = plan(vec![step(1, &[])]);
        plan.neighbours = vec![thing(9)];
        let account = InMemory::of(&plan);
        let proof = proof(&account, &plan).await;
        assert!(!proof.holds());
        assert!(proof.left.contains_key(&thing(1)));
        assert_eq!(proof.missing, [thing(9)]);
    }

    #[tokio::test]
    async fn what_cannot_be_looked_at_is_not_taken_for_gone() {
        let plan = plan(vec![step(1, &[])]);
        let account = InMemory {
            expires: Some(1),
            ..InMemory::of(&plan)
        };
        let gone = Incident::Deletes(thing(1));
        account.incidents.replace([(1, gone)].into());
        let proof = proof(&account, &plan).await;
        assert!(proof.unknown.contains_key(&thing(1)), "{proof:?}");
        assert!(!proof.holds());
    }
}
