//! What a teardown left: every planned thing looked at again, and the neighbours, too.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _};

use super::Account;
use crate::{
    aws::{
        look::{Seen, Target},
        refusal::Refusal,
    },
    id::ResourceId,
    kind::Kind,
    snapshot::Resource,
    teardown::plan::{Goal, Plan, Stay, Step, Why},
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
    /// How many of those are still there.
    pub kept: usize,
    /// What nobody planned for and is the rack's all the same, by how that is known.
    pub new: BTreeMap<ResourceId, Evidence>,
}

/// How a thing that is not in the plan is known to be the rack's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// AWS itself wrote its maker, which was to go, into a tag.
    MadeBy(ResourceId),
    /// It is called after something that was to go. That alone does not make it the rack's.
    NamedAfter(ResourceId),
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
            kept: _,
            new: _,
        } = self;
        left.is_empty()
            && going.is_empty()
            && unknown.is_empty()
            && missing.is_empty()
            && self.made_anew().next().is_none()
    }

    /// What is the rack's for sure although nobody planned for it, in id order.
    pub fn made_anew(&self) -> impl Iterator<Item = &ResourceId> {
        let sure = self.new.iter();
        let sure = sure.filter(|(_, evidence)| matches!(evidence, Evidence::MadeBy(_)));
        sure.map(|(id, _)| id)
    }
}

/// Looks that are made at once.
const AT_ONCE: usize = 8;

/// Looks at all of it; `listed` is what is there by a listing made just now.
pub async fn prove<A: Account>(account: &A, plan: &Plan, listed: &[Resource]) -> Proof {
    let mut proof = Proof::default();
    let planned = plan.steps.iter().filter(|it| it.goal == Goal::Gone);
    let planned = planned.flat_map(|step| targets(step).map(|it| (it, step.region.as_deref())));
    let looks =
        planned.map(async |(target, region)| (target.id, account.look(target, region).await));
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    while let Some((id, seen)) = looks.next().await {
        proof.of_planned(id, seen);
    }
    let there: BTreeSet<&ResourceId> = listed.iter().map(|it| &it.id).collect();
    let neighbours = plan.neighbours.iter().filter(|it| !comes_and_goes(it.kind));
    let stays = plan.stays.iter().filter(|it| lasts(it));
    let lasting: BTreeSet<&ResourceId> = neighbours.chain(stays.map(|it| &it.resource)).collect();
    let (seen, unseen): (Vec<&ResourceId>, Vec<&ResourceId>) =
        lasting.into_iter().partition(|it| there.contains(it));
    proof.kept += seen.len();
    let looks = unseen
        .into_iter()
        .map(async |id| (id, account.look(Target::new(id), None).await));
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    while let Some((id, seen)) = looks.next().await {
        match seen {
            Ok(Seen::There(_) | Seen::Going(_)) => proof.kept += 1,
            Ok(Seen::Gone) => proof.missing.push(id.clone()),
            Err(refusal) => {
                proof.unknown.insert(id.clone(), refusal);
            }
        }
    }
    // AWS lists some things for a while after they are gone.
    let new = unplanned(plan, listed).into_iter();
    let looks = new.map(async |(id, evidence)| {
        let seen = account.look(Target::new(id), None).await;
        (id, evidence, seen)
    });
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    while let Some((id, evidence, seen)) = looks.next().await {
        if seen != Ok(Seen::Gone) {
            proof.new.insert(id.clone(), evidence);
        }
    }
    proof
}

/// What is listed, is not in the plan, and is the rack's by what AWS tells of it or by its name.
fn unplanned<'l>(plan: &Plan, listed: &'l [Resource]) -> Vec<(&'l ResourceId, Evidence)> {
    let goes = plan.goes();
    let stays = plan.stays.iter().map(|it| &it.resource);
    let known: BTreeSet<&ResourceId> = stays.chain(&plan.neighbours).collect();
    let new = listed
        .iter()
        .filter(|it| !goes.contains(&it.id) && !known.contains(&it.id));
    new.filter_map(|it| Some((&it.id, evidence(it, &goes)?)))
        .collect()
}

/// Tags in which AWS writes who made a thing.
const MAKERS: &[(&str, Kind)] = &[
    ("aws:cloudformation:stack-name", Kind::Stack),
    ("aws:autoscaling:groupName", Kind::AutoScalingGroup),
    ("aws:ecs:clusterName", Kind::Cluster),
];

fn evidence(resource: &Resource, goes: &BTreeSet<&ResourceId>) -> Option<Evidence> {
    let makers = MAKERS.iter().filter_map(|(tag, kind)| {
        let maker = ResourceId::new(*kind, resource.tags.get(*tag)?);
        goes.contains(&maker).then_some(maker)
    });
    if let Some(maker) = makers.into_iter().next() {
        return Some(Evidence::MadeBy(maker));
    }
    let key = resource.id.key.as_str();
    let after = goes.iter().find(|it| {
        // CloudFormation calls what it makes after its stack, Lambda its logs after what writes them.
        let named = match it.kind == Kind::Function {
            true => key.strip_prefix("/aws/lambda/"),
            false => Some(key).filter(|_| it.kind == Kind::Stack),
        };
        let rest = named.and_then(|key| key.strip_prefix(it.key.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    after.map(|it| Evidence::NamedAfter((*it).clone()))
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
        Kind::Task | Kind::ContainerInstance | Kind::NetworkInterface | Kind::TaskDefinition
    )
}

/// Whether a thing that was to stay must be there: not what is on its way out, not what its group
/// replaces, and not the alarms that AWS makes and deletes with a scaling policy.
fn lasts(stay: &Stay) -> bool {
    let follows = matches!(
        stay.why,
        Why::GoesWith { .. } | Why::NeverDeletable { .. } | Why::Going { .. }
    );
    let follower = matches!(
        stay.resource.kind,
        Kind::Alarm | Kind::Instance | Kind::Volume
    );
    let passing = comes_and_goes(stay.resource.kind) && stay.resource.kind != Kind::TaskDefinition;
    let leaving = matches!(stay.why, Why::Going { .. });
    !(leaving || passing || (follower && follows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::testing::{InMemory, Incident, Thing, plan, step, thing},
        kind::{instance::Instance, log_group::LogGroup, subnet::Subnet},
    };

    async fn proof(account: &InMemory, plan: &Plan) -> Proof {
        prove(account, plan, &[]).await
    }

    fn stay(resource: ResourceId, why: Why) -> Stay {
        Stay {
            resource,
            name: None,
            why,
            data: None,
            month: None,
        }
    }

    fn kept() -> Why {
        let by = "--spare it".to_owned();
        Why::Kept { by }
    }

    #[tokio::test]
    async fn what_was_to_stay_and_is_not_there_is_told() {
        let mut plan = plan(Vec::new());
        let machine = |id| ResourceId::new(Kind::Instance, id);
        let with = ResourceId::new(Kind::AutoScalingGroup, "group");
        let never = Why::NeverDeletable {
            reason: "AWS deletes it".to_owned(),
        };
        plan.stays = vec![
            stay(thing(1), kept()),
            stay(thing(2), kept()),
            // Its group replaces this one, and nothing that one.
            stay(machine("i-1"), Why::GoesWith { with }),
            // AWS deletes it with the scaling policy.
            stay(ResourceId::new(Kind::Alarm, "TargetTracking-x"), never),
            stay(machine("i-2"), kept()),
        ];
        plan.neighbours = vec![machine("i-3")];
        let account = InMemory::default();
        let there = [thing(1)].map(|it| (it, Thing::default()));
        account.things.borrow_mut().extend(there);
        let proof = proof(&account, &plan).await;
        let missing = [machine("i-2"), machine("i-3"), thing(2)];
        let mut told = proof.missing.clone();
        told.sort_by_key(ToString::to_string);
        assert_eq!(told, missing);
        assert_eq!(proof.kept, 1);
        assert!(!proof.holds());
    }

    /// A thing that is listed and there, with its tag.
    fn listed(account: &InMemory, mut resource: Resource, tag: &str, value: &str) -> Resource {
        resource.tags.insert(tag.to_owned(), value.to_owned());
        let things = &account.things;
        things
            .borrow_mut()
            .insert(resource.id.clone(), Thing::default());
        resource
    }

    #[tokio::test]
    async fn what_was_made_for_the_rack_after_the_plan_is_told() {
        let mut stack = step(1, &[]);
        stack.resource = ResourceId::new(Kind::Stack, "shop");
        let mut plan = plan(vec![stack]);
        plan.neighbours = vec![thing(9)];
        let account = InMemory::default();
        let of_stack = "aws:cloudformation:stack-name";
        let named = |key: &str| Resource::new(key, LogGroup::default());
        let new = listed(
            &account,
            Resource::new("subnet-5", Subnet::default()),
            of_stack,
            "shop",
        );
        let others = [
            // Known when the plan was made.
            listed(
                &account,
                Resource::new("subnet-9", Subnet::default()),
                of_stack,
                "shop",
            ),
            listed(
                &account,
                Resource::new("subnet-6", Subnet::default()),
                of_stack,
                "shop-2",
            ),
            listed(&account, named("shop-web-1"), "team", "a"),
            listed(&account, named("shopping"), "team", "a"),
        ];
        let mut read = vec![new];
        read.extend(others);
        let proof = prove(&account, &plan, &read).await;
        let shop = || ResourceId::new(Kind::Stack, "shop");
        let told = BTreeMap::from([
            (thing(5), Evidence::MadeBy(shop())),
            (named("shop-web-1").id, Evidence::NamedAfter(shop())),
        ]);
        assert_eq!(proof.new, told);
        assert!(!proof.holds());
    }

    #[tokio::test]
    async fn a_new_name_alone_and_what_is_only_listed_still_are_no_failure() {
        let mut group = step(1, &[]);
        group.resource = ResourceId::new(Kind::AutoScalingGroup, "group");
        let mut stack = step(2, &[]);
        stack.resource = ResourceId::new(Kind::Stack, "shop");
        let plan = plan(vec![group, stack]);
        let account = InMemory::default();
        let tag = "aws:autoscaling:groupName";
        let over = listed(
            &account,
            Resource::new("i-1", Instance::default()),
            tag,
            "group",
        );
        account.change(&over.id, |it| it.gone = true);
        let named = listed(
            &account,
            Resource::new("shop-x", LogGroup::default()),
            "a",
            "b",
        );
        let proof = prove(&account, &plan, &[over, named]).await;
        assert!(proof.holds(), "{proof:?}");
        assert_eq!(proof.new.len(), 1);
    }

    #[tokio::test]
    async fn it_holds_when_all_that_was_to_go_is_gone_and_the_neighbours_are_there() {
        let mut plan = plan(vec![step(1, &[])]);
        plan.steps[0].covers = vec![thing(2)];
        plan.neighbours = vec![thing(9)];
        let account = InMemory::of(&plan);
        account.change(&thing(1), |it| it.gone = true);
        account.change(&thing(2), |it| it.gone = true);
        let proof = proof(&account, &plan).await;
        assert!(proof.holds(), "{proof:?}");
        assert_eq!((proof.gone, proof.kept), (2, 1));
    }

    #[tokio::test]
    async fn a_thing_that_is_there_and_a_neighbour_that_is_not_are_told() {
        let mut plan = plan(vec![step(1, &[])]);
        plan.neighbours = vec![thing(9)];
        let account = InMemory::of(&plan);
        account.change(&thing(9), |it| it.gone = true);
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
