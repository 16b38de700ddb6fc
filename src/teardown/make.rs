//! Puts a plan together: fates become steps, holds become their order.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    act::Label,
    fate::{self, Fates},
    hold,
    kept::Kept,
    notes,
    order::Order,
    plan::{self, Consent, Goal, Identity, Loss, Month, Plan, Stay, Step},
    refuse, size, stacks,
    stacks::Tree,
    words,
};
use crate::{
    belonging::Class,
    cost::Bill,
    id::ResourceId,
    kind::{AsKind as _, Kind, bucket::Bucket, event_rule::EventRule},
    price::Usd,
    removal::Removal,
    rule::Case,
    snapshot::{Resource, Snapshot},
};

mod knots;
mod places;
mod steps;

/// Makes the plan of a rack as its snapshot shows it.
pub fn make(
    snapshot: &Snapshot,
    case: &Case<'_>,
    bill: Option<&Bill<'_>>,
    consent: &Consent,
) -> Plan {
    let trees = stacks::trees(case, consent.retain);
    let holds = hold::all(case.graph);
    let fates = fate::decide(snapshot, case, &trees, &holds, consent);
    let label = Label {
        rack: &case.rack.name,
        taken: snapshot.taken,
    };
    let mut draft = Draft {
        case,
        trees: &trees,
        fates: &fates,
        consent,
        label,
        steps: Vec::new(),
        gone: BTreeMap::new(),
        ready: BTreeMap::new(),
        early: BTreeSet::new(),
        lingers: BTreeSet::new(),
        makers: BTreeMap::new(),
        order: Order::of(0),
        firm: BTreeSet::new(),
        knots: BTreeMap::new(),
    };
    draft.stacks(&holds);
    draft.own();
    draft.covered();
    draft.before();
    draft.arrange(&holds);
    let circles = draft.untie();
    draft.harmless_first();
    let steps = draft.numbered(&snapshot.region);
    let mut blockers = refuse::all(snapshot, case, &trees, &fates, consent);
    blockers.extend(circles.iter().map(|it| refuse::circle(it)));
    blockers.sort();
    blockers.dedup();
    let month = month(bill, &fates);
    let costs = costs(bill);
    let stays: Vec<Stay> = fates
        .stays
        .iter()
        .map(|(id, why)| Stay {
            resource: (*id).clone(),
            name: case.graph.get(id).and_then(|it| it.name.clone()),
            why: why.clone(),
            data: case.graph.get(id).and_then(fate::class),
            month: costs
                .get(id)
                .map(|it| it.cents())
                .filter(|it| !it.is_zero()),
        })
        .collect();
    let identity = snapshot.identity.clone();
    Plan {
        format: plan::FORMAT,
        racklens: env!("CARGO_PKG_VERSION").to_owned(),
        rack: case.rack.name.clone(),
        account: snapshot.account.clone(),
        region: snapshot.region.clone(),
        identity: (!identity.is_empty()).then_some(identity),
        taken: snapshot.taken,
        consent: consent.clone(),
        notes: notes::all(case, &trees, &fates, consent),
        inferred: inferred(case, &fates),
        losses: losses(case, &fates, &steps),
        steps,
        stays,
        blockers,
        neighbours: neighbours(case),
        month,
        digest: String::new(),
    }
    .sealed()
}

fn losses(case: &Case<'_>, fates: &Fates<'_>, steps: &[Step]) -> Vec<Loss> {
    let kept = Kept::of(case.graph, case.taken);
    let copied: BTreeSet<&ResourceId> = steps
        .iter()
        .filter(|it| it.goal == Goal::Saved)
        .map(|it| &it.resource)
        .collect();
    // What is in a machine is on its disks.
    let disks_are_copied = |it: &Resource| {
        let disks = fates.disks(it);
        it.id.kind == Kind::Instance
            && !disks.is_empty()
            && disks.iter().all(|it| copied.contains(&it.id))
    };
    let losses = fates.goes.values().filter_map(|it| {
        Some(Loss {
            data: fate::loses(it)?,
            resource: it.id.clone(),
            copied: copied.contains(&it.id) || disks_are_copied(it),
            size: size::size(it),
            kept: kept.lasting(it, |it| fates.goes.contains_key(it)),
        })
    });
    let mut losses: Vec<Loss> = losses.collect();
    losses.sort();
    losses
}

/// How that is used which goes for nothing but its use.
fn inferred(case: &Case<'_>, fates: &Fates<'_>) -> BTreeMap<ResourceId, String> {
    let goes = fates.goes.keys().map(|it| (*it, case.belongings.of(it)));
    let inferred = goes.filter(|it| it.1.class == Class::Inferred);
    let told = inferred.map(|(id, belonging)| (id.clone(), belonging.evidence.clone()));
    told.collect()
}

/// What is not the rack's and does not come and go by itself.
fn neighbours(case: &Case<'_>) -> Vec<ResourceId> {
    let foreign = case
        .graph
        .resources()
        .filter(|it| case.belongings.of(&it.id).is_foreign());
    let lasting = foreign.filter(|it| {
        let passing = matches!(it.id.kind, Kind::Task | Kind::ContainerInstance);
        !passing && !matches!(it.attrs.model().removal(), Removal::Follows(_))
    });
    lasting.map(|it| it.id.clone()).collect()
}

/// What each thing is known to cost a month.
fn costs<'b>(bill: Option<&'b Bill<'_>>) -> BTreeMap<&'b ResourceId, Usd> {
    let mut costs: BTreeMap<&ResourceId, Usd> = BTreeMap::new();
    for line in bill.into_iter().flat_map(|it| &it.lines) {
        if let Some(usd) = line.amount.usd() {
            let sum = costs.entry(&line.resource).or_default();
            *sum = *sum + usd;
        }
    }
    costs
}

fn month(bill: Option<&Bill<'_>>, fates: &Fates<'_>) -> Month {
    let mut saved = Usd::ZERO;
    let mut kept = Usd::ZERO;
    let mut unknown = 0;
    for line in bill.into_iter().flat_map(Bill::own) {
        let Some(usd) = line.amount.usd() else {
            unknown += 1;
            continue;
        };
        if fates.goes.contains_key(&line.resource) {
            saved = saved + usd;
        } else {
            kept = kept + usd;
        }
    }
    Month {
        saved: saved.cents(),
        kept: kept.cents(),
        unknown,
    }
}

/// A step before it has its number.
struct Sketch<'s> {
    resource: &'s Resource,
    goal: Goal,
    acts: Vec<plan::Act>,
    covers: BTreeSet<&'s ResourceId>,
    /// AWS does it by itself.
    waits: bool,
}

struct Draft<'d, 's> {
    case: &'d Case<'s>,
    trees: &'d [Tree<'s>],
    fates: &'d Fates<'s>,
    consent: &'d Consent,
    label: Label<'d>,
    steps: Vec<Sketch<'s>>,
    /// The step with which each thing is gone.
    gone: BTreeMap<&'s ResourceId, usize>,
    /// The steps that make a thing ready to go, in their order.
    ready: BTreeMap<&'s ResourceId, Vec<usize>>,
    /// Members of stacks that go before their stack, although it made them.
    early: BTreeSet<&'s ResourceId>,
    /// Interfaces that AWS takes away some time after their owners.
    lingers: BTreeSet<&'s ResourceId>,
    /// The step of the stack that made a thing, where that goes.
    makers: BTreeMap<&'s ResourceId, usize>,
    order: Order,
    /// Pairs of steps whose order nothing can change.
    firm: BTreeSet<(usize, usize)>,
    /// Pairs of steps that can be made independent of each other by a cut, with what is cut.
    knots: BTreeMap<(usize, usize), BTreeSet<&'s ResourceId>>,
}

impl<'s> Draft<'_, 's> {
    fn add(&mut self, resource: &'s Resource, goal: Goal, acts: Vec<plan::Act>) -> usize {
        let waits = acts.is_empty();
        self.steps.push(Sketch {
            resource,
            goal,
            acts,
            covers: BTreeSet::new(),
            waits,
        });
        let step = self.steps.len() - 1;
        if goal == Goal::Gone {
            self.gone.insert(&resource.id, step);
        } else {
            self.ready.entry(&resource.id).or_default().push(step);
        }
        step
    }

    fn goes(&self, id: &ResourceId) -> Option<&'s Resource> {
        self.fates.goes.get(id).copied()
    }

    fn put(&mut self, first: usize, then: usize) {
        self.order.put(first, then);
        self.firm.insert((first, then));
    }

    fn is_main(&self, stack: &ResourceId) -> bool {
        let why = self.case.rack.roots.get(stack);
        why.is_some_and(|it| it.ends_with("is the rack's name")) || stack.key == self.case.rack.name
    }

    /// The steps with their numbers, in their order.
    fn numbered(self, region: &str) -> Vec<Step> {
        let key = |it: usize| {
            let step = &self.steps[it];
            let id = &step.resource.id;
            (words::phase(id.kind, step.goal), id, step.goal)
        };
        let sorted = self.order.sorted(key);
        // By waves, so that the numbers read as the steps run.
        let mut waves = vec![0_u32; self.steps.len()];
        for &step in &sorted {
            let before = self.order.before(step).iter();
            let before = before.map(|it| waves[*it]).max();
            waves[step] = before.map_or(0, |it| it + 1);
        }
        let mut sorted = sorted;
        sorted.sort_by_key(|it| (waves[*it], key(*it)));
        // What a stack takes along has no step any more.
        let is_step = |it: &usize| {
            let step = &self.steps[*it];
            step.goal != Goal::Gone || self.gone.get(&step.resource.id) == Some(it)
        };
        let sorted: Vec<usize> = sorted.into_iter().filter(is_step).collect();
        let numbers: BTreeMap<usize, u32> = sorted.iter().copied().zip(1..).collect();
        let numbered = sorted.iter().map(|it| {
            let sketch = &self.steps[*it];
            let before = self.order.before(*it).iter();
            let mut after: Vec<u32> = before.filter_map(|it| numbers.get(it).copied()).collect();
            after.sort_unstable();
            let resource = sketch.resource;
            let (takes, deadline) = words::time(resource, sketch.goal);
            let ends = matches!(sketch.goal, Goal::Gone | Goal::Empty);
            Step {
                number: numbers.get(it).copied().unwrap_or_default(),
                resource: resource.id.clone(),
                arn: resource.arn.clone(),
                name: resource.name.clone(),
                identity: identity(resource),
                goal: sketch.goal,
                acts: sketch.acts.clone(),
                after,
                why: words::why(resource, sketch.goal, sketch.waits).to_owned(),
                takes,
                deadline,
                loses: fate::loses(resource).filter(|_| ends),
                undo: words::undo(resource, sketch.goal),
                covers: sketch.covers.iter().map(|it| (*it).clone()).collect(),
                region: Bucket::of(&resource.attrs)
                    .and_then(|it| it.region.clone())
                    .filter(|it| it != region),
            }
        });
        numbered.collect()
    }
}

/// By what a thing is told from another of its name.
fn identity(resource: &Resource) -> Identity {
    let told = matches!(
        resource.id.kind,
        Kind::Stack | Kind::LoadBalancer | Kind::TargetGroup | Kind::Listener | Kind::ListenerRule
    );
    Identity {
        created: resource.created,
        unique: resource.arn.clone().filter(|_| told),
    }
}

/// Whether a rule is on and has targets.
fn starts_something(resource: &Resource) -> bool {
    EventRule::of(&resource.attrs).is_some_and(|rule| {
        let aims = rule.targets.known().is_none_or(|it| !it.is_empty());
        aims && rule.state != "DISABLED" && !rule.is_aws_managed()
    })
}
