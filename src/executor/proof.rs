//! What a teardown left: every planned thing looked at again, and the neighbours, too.

use std::collections::BTreeMap;

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

/// Looks at all of it. What `listed` names of the neighbours was seen just now by a listing.
pub async fn prove<A: Account>(
    account: &A,
    plan: &Plan,
    listed: impl Fn(&ResourceId) -> bool,
) -> Proof {
    let mut proof = Proof::default();
    for step in plan.steps.iter().filter(|it| it.goal == Goal::Gone) {
        proof.of_planned(account, step).await;
    }
    for id in &plan.neighbours {
        if comes_and_goes(id.kind) {
            continue;
        }
        if listed(id) {
            proof.untouched += 1;
            continue;
        }
        match account.look(Target::new(id), None).await {
            Ok(Seen::There(_) | Seen::Going(_)) => proof.untouched += 1,
            Ok(Seen::Gone) => proof.missing.push(id.clone()),
            Err(refusal) => {
                proof.unknown.insert(id.clone(), refusal);
            }
        }
    }
    proof
}

impl Proof {
    async fn of_planned<A: Account>(&mut self, account: &A, step: &Step) {
        let own = Target {
            id: &step.resource,
            arn: step.arn.as_deref(),
            unique: step.identity.unique.as_deref(),
        };
        let covered = step.covers.iter().map(Target::new);
        for target in std::iter::once(own).chain(covered) {
            let id = target.id.clone();
            match account.look(target, step.region.as_deref()).await {
                Ok(Seen::Gone) => self.gone += 1,
                Ok(Seen::Going(what)) => {
                    self.going.insert(id, what);
                }
                Ok(Seen::There(it)) => {
                    self.left.insert(id, it.state);
                }
                Err(refusal) => {
                    self.unknown.insert(id, refusal);
                }
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
