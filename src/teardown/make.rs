//! Puts a plan together: fates become steps, holds become their order.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    act::{self, Label},
    fate::{self, Fates},
    hold::{self, First, Hold},
    order::Order,
    plan::{self, Consent, Goal, Identity, Loss, Month, Plan, Stay, Step},
    protection, refuse, size, stacks,
    stacks::Tree,
    words,
};
use crate::{
    belonging::Class,
    cost::Bill,
    id::ResourceId,
    kind::{
        AsKind as _, Kind, auto_scaling_group::AutoScalingGroup, bucket::Bucket, capacity_provider,
        capacity_provider::CapacityProvider, cluster::Cluster, event_rule::EventRule,
        service::Service,
    },
    price::Usd,
    removal::{Action, Removal},
    rule::Case,
    snapshot::{Resource, Snapshot},
};

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
        notes: refuse::notes(case, &trees, &fates, consent),
        inferred: inferred(case, &fates),
        losses: losses(&fates, &steps),
        steps,
        stays,
        blockers,
        neighbours: neighbours(case),
        month,
        digest: String::new(),
    }
    .sealed()
}

fn losses(fates: &Fates<'_>, steps: &[Step]) -> Vec<Loss> {
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

    /// One step for each stack that goes, with all that it takes along.
    fn stacks(&mut self, holds: &[Hold<'s>]) {
        for tree in self.trees {
            let Some(root) = self.goes(&tree.root.id) else {
                continue;
            };
            let acts = act::gone(root, &self.label, self.consent);
            let step = self.add(root, Goal::Gone, acts);
            for member in &tree.members {
                let Some(resource) = self.goes(member) else {
                    continue;
                };
                self.makers.entry(&resource.id).or_insert(step);
                let leaves = tree.leaves(member);
                if tree.failed.contains(member) && blocks(tree, member, holds) {
                    self.early.insert(&resource.id);
                    let acts = act::gone(resource, &self.label, self.consent);
                    self.add(resource, Goal::Gone, acts);
                    continue;
                }
                if leaves == Some(true) {
                    continue;
                }
                // CloudFormation deletes no repository with images in it, and while it works an
                // autoscaler would start what it stops.
                if matches!(member.kind, Kind::Repository | Kind::ScalableTarget) {
                    self.early.insert(&resource.id);
                    let acts = act::gone(resource, &self.label, self.consent);
                    self.add(resource, Goal::Gone, acts);
                    continue;
                }
                // Whether the stack leaves a bucket behind is not known: then it goes afterwards.
                if leaves.is_none() {
                    let acts = act::gone(resource, &self.label, self.consent);
                    self.add(resource, Goal::Gone, acts);
                    continue;
                }
                self.gone.insert(&resource.id, step);
                self.steps[step].covers.insert(&resource.id);
            }
        }
    }

    /// One step for each thing that goes by calls of its own.
    fn own(&mut self) {
        for (id, resource) in &self.fates.goes {
            if self.gone.contains_key(id) || self.follows(resource) || self.goes_along(id) {
                continue;
            }
            let acts = act::gone(resource, &self.label, self.consent);
            if acts.is_empty() && !fate::is_going(resource) {
                continue;
            }
            self.add(resource, Goal::Gone, acts);
        }
    }

    fn follows(&self, resource: &Resource) -> bool {
        let owners = self.fates.owners.get(&resource.id);
        fate::is_follower(resource, owners) && owners.is_some()
    }

    /// Whether it is a part that AWS deletes with its whole: a listener with its load balancer.
    fn goes_along(&self, id: &ResourceId) -> bool {
        matches!(id.kind, Kind::Listener | Kind::ListenerRule) && self.balancer_goes(id)
    }

    fn balancer_goes(&self, id: &ResourceId) -> bool {
        let owners = self.fates.owners.get(id).into_iter().flatten();
        owners.into_iter().any(|it| {
            let whole = matches!(it.kind, Kind::LoadBalancer) && self.goes(it).is_some();
            whole || (it.kind == Kind::Listener && self.goes(it).is_some() && self.goes_along(it))
        })
    }

    /// Ties everything that goes along to the step of what takes it along.
    fn covered(&mut self) {
        let goes: Vec<&'s Resource> = self.fates.goes.values().copied().collect();
        for resource in goes {
            if self.gone.contains_key(&resource.id) {
                continue;
            }
            let mut seen = BTreeSet::new();
            let Some(step) = self.taker(&resource.id, &mut seen) else {
                continue;
            };
            // The interfaces that a service of AWS takes away outlive their owner for a while.
            let lingers = resource.id.kind == Kind::NetworkInterface
                && matches!(
                    self.steps[step].resource.id.kind,
                    Kind::LoadBalancer
                        | Kind::ClassicLoadBalancer
                        | Kind::Function
                        | Kind::VpcEndpoint
                        | Kind::DbInstance
                        | Kind::DbCluster
                        | Kind::CacheCluster
                        | Kind::ReplicationGroup
                );
            if lingers {
                self.add(resource, Goal::Gone, Vec::new());
                self.lingers.insert(&resource.id);
            } else {
                self.gone.insert(&resource.id, step);
                self.steps[step].covers.insert(&resource.id);
            }
        }
    }

    /// The step of the thing that takes this one along.
    fn taker<'a>(
        &'a self,
        id: &'s ResourceId,
        seen: &mut BTreeSet<&'s ResourceId>,
    ) -> Option<usize> {
        if let Some(step) = self.gone.get(id) {
            return Some(*step);
        }
        if !seen.insert(id) {
            return None;
        }
        let mut owners = self.fates.owners.get(id)?.clone();
        // The last to go takes it along: a service before its cluster would leave the question.
        owners.sort_unstable_by_key(|it| (std::cmp::Reverse(it.kind), *it));
        let goes = owners.into_iter().filter(|it| self.goes(it).is_some());
        goes.filter_map(|it| self.taker(it, seen)).next()
    }

    /// What has to be done before AWS or CloudFormation can delete.
    fn before(&mut self) {
        let goes: Vec<&'s Resource> = self.fates.goes.values().copied().collect();
        let provided = self.provided();
        for resource in goes {
            let Some(&step) = self.gone.get(&resource.id) else {
                continue;
            };
            let by_stack = self.steps[step].resource.id != resource.id
                && self.steps[step].resource.id.kind == Kind::Stack;
            let own = self.steps[step].resource.id == resource.id;
            if by_stack {
                let acts = act::unprotected(resource);
                if !acts.is_empty() {
                    self.add(resource, Goal::Unprotected, acts);
                }
                if starts_something(resource) {
                    let acts = vec![plan::Act::new(Action::DisableRule, resource.id.clone())];
                    self.add(resource, Goal::Stopped, acts);
                }
            }
            if runs(resource) {
                self.add(resource, Goal::Drained, act::drained(resource));
            }
            if let Some(group) = AutoScalingGroup::of(&resource.attrs) {
                // CloudFormation brings a group to rest by itself, unless something protects its
                // machines or a capacity provider starts new ones.
                let protects = group.protects_new_instances
                    || group.instances.iter().any(|it| it.protected)
                    || !protection::of(resource).is_empty()
                    || provided.contains(&resource.id);
                if own || protects {
                    self.add(resource, Goal::Drained, act::drained(resource));
                }
            }
            if let Some(cluster) = Cluster::of(&resource.attrs)
                && own
            {
                let mut providers = cluster.capacity_providers.iter();
                if providers.any(|it| !capacity_provider::is_of_aws(it)) {
                    let action = Action::PutClusterCapacityProviders;
                    let acts = vec![plan::Act::new(action, resource.id.clone())];
                    self.add(resource, Goal::Cut, acts);
                }
            }
            self.empty(resource, own);
            let saved = self.consent.backup && fate::can_be_saved(resource);
            if saved && self.fates.holds_data(resource) {
                let acts = act::saved(resource, &self.label);
                self.add(resource, Goal::Saved, acts);
            }
        }
    }

    /// A bucket that its stack may delete must be empty by then.
    fn empty(&mut self, resource: &'s Resource, own: bool) {
        let Some(bucket) = Bucket::of(&resource.attrs) else {
            return;
        };
        if self.stack_step(&resource.id).is_none() {
            return;
        }
        let tree = self
            .trees
            .iter()
            .find(|it| it.members.contains(&resource.id));
        let Some(tree) = tree else { return };
        let left = tree.leaves(&resource.id);
        if left != Some(true) && bucket.is_empty() != Some(true) && (!own || left.is_none()) {
            self.add(resource, Goal::Empty, act::emptied(resource));
        }
    }

    /// Groups of machines that a capacity provider scales.
    fn provided(&self) -> BTreeSet<ResourceId> {
        let providers = self.case.graph.of::<CapacityProvider>();
        let groups = providers.filter(|(_, it)| it.is_active());
        let groups = groups.filter_map(|(_, it)| it.auto_scaling_group.as_ref());
        groups
            .map(|it| ResourceId::new(Kind::AutoScalingGroup, it))
            .collect()
    }

    /// Brings the steps into order by what holds what.
    fn arrange(&mut self, holds: &[Hold<'s>]) {
        self.order = Order::of(self.steps.len());
        let pairs: Vec<(usize, usize)> = self
            .ready
            .iter()
            .flat_map(|(id, steps)| {
                let ends = self.gone.get(id).copied().into_iter();
                let ends = ends.chain(self.stack_step(id)).collect::<Vec<_>>();
                let steps = steps.iter().copied();
                steps
                    .flat_map(|step| ends.iter().map(move |it| (step, *it)).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            })
            .collect();
        for (first, then) in pairs {
            self.put(first, then);
        }
        for tree in self.trees {
            self.around(tree);
        }
        for interface in self.lingers.clone() {
            let owners = self.fates.owners.get(interface).into_iter().flatten();
            let owners: Vec<usize> = owners.filter_map(|it| self.gone.get(it).copied()).collect();
            if let Some(&gone) = self.gone.get(interface) {
                for owner in owners {
                    self.put(owner, gone);
                }
            }
        }
        for hold in holds {
            self.hold(hold);
        }
        self.re_creators();
        self.roots_last();
        self.roles_last();
        self.logs_last();
    }

    fn put(&mut self, first: usize, then: usize) {
        self.order.put(first, then);
        self.firm.insert((first, then));
    }

    /// The step of the stack that made a thing, if that goes.
    fn stack_step(&self, id: &ResourceId) -> Option<usize> {
        self.makers.get(id).copied()
    }

    /// What a stack made and does not take along itself goes before it, or after it.
    fn around(&mut self, tree: &Tree<'s>) {
        let Some(&stack) = self.gone.get(&tree.root.id) else {
            return;
        };
        let drained: Vec<usize> = tree
            .members
            .iter()
            .filter_map(|it| self.ready.get(it))
            .flatten()
            .copied()
            .filter(|it| self.steps[*it].goal == Goal::Drained)
            .collect();
        for member in &tree.members {
            let Some(&gone) = self.gone.get(member) else {
                continue;
            };
            if gone == stack {
                continue;
            }
            if !self.early.contains(member) {
                self.put(stack, gone);
                continue;
            }
            self.put(gone, stack);
            // An autoscaler goes before its service is brought to rest, images after that.
            if member.kind == Kind::Repository {
                for &it in &drained {
                    self.put(it, gone);
                }
            }
        }
        let empties: Vec<usize> = tree
            .members
            .iter()
            .filter_map(|it| self.ready.get(it))
            .flatten()
            .copied()
            .filter(|it| self.steps[*it].goal == Goal::Empty)
            .collect();
        for empty in empties {
            for &it in &drained {
                self.put(it, empty);
            }
        }
    }

    fn hold(&mut self, hold: &Hold<'s>) {
        let (first, then) = match hold.first {
            First::Held | First::RatherHeld => (hold.held, hold.holder),
            First::Holder | First::Knot | First::Rather => (hold.holder, hold.held),
        };
        let (Some(&gone_first), Some(&gone_then)) = (self.gone.get(first), self.gone.get(then))
        else {
            return;
        };
        // What lingers goes after its owner, although it is a part of it.
        let owners = self.fates.owners.get(first).into_iter().flatten();
        if self.lingers.contains(first) && owners.into_iter().any(|it| *it == then) {
            return;
        }
        // What brings a thing to rest waits for what runs on it to have come to rest.
        let rest = |draft: &Self, id| {
            let steps = draft.ready.get(id).into_iter().flatten().copied();
            let mut steps =
                steps.filter(|it| matches!(draft.steps[*it].goal, Goal::Drained | Goal::Cut));
            steps.next()
        };
        if gone_first == gone_then {
            if let (Some(before), Some(resting)) = (rest(self, first), rest(self, then)) {
                self.put(before, resting);
            }
            return;
        }
        let is_early = |it| self.early.contains(it);
        let stacks = (self.stack_step(first), self.stack_step(then));
        let one_stack = stacks.0.is_some() && stacks.0 == stacks.1;
        if one_stack && (is_early(first) || is_early(then)) {
            // Within one stack what goes early has its place already, but for its own owner.
            if first.kind == Kind::ScalableTarget {
                self.ahead(gone_first, then);
            }
            return;
        }
        // What a stack leaves is free of what went with the stack.
        let after_stack = one_stack && stacks.0 == Some(gone_then) && gone_first != gone_then;
        if after_stack {
            return;
        }
        match hold.first {
            First::Knot => {
                self.order.put(gone_first, gone_then);
                let pair = (gone_first, gone_then);
                self.knots.entry(pair).or_default().insert(hold.holder);
            }
            First::Rather | First::RatherHeld => self.order.put(gone_first, gone_then),
            First::Holder | First::Held => self.put(gone_first, gone_then),
        }
        if first.kind == Kind::ScalableTarget {
            self.ahead(gone_first, then);
        }
        if let Some(resting) = rest(self, then)
            && matches!(
                first.kind,
                Kind::Service | Kind::Task | Kind::ScalableTarget | Kind::EventRule
            )
        {
            self.put(gone_first, resting);
        }
        // A cluster lets go of its providers before the machines behind them go.
        if hold.held.kind == Kind::Cluster
            && hold.holder.kind == Kind::AutoScalingGroup
            && let (Some(cut), Some(drained)) = (rest(self, hold.held), rest(self, hold.holder))
        {
            self.put(cut, drained);
        }
    }

    /// An autoscaler goes before what it scales is brought to rest.
    fn ahead(&mut self, gone: usize, scaled: &ResourceId) {
        let steps = self.ready.get(scaled).cloned().unwrap_or_default();
        for step in steps {
            self.put(gone, step);
        }
    }

    /// Rules that start things are stopped before anything that they could start again.
    fn re_creators(&mut self) {
        let rules: Vec<usize> = (0..self.steps.len())
            .filter(|it| {
                let step = &self.steps[*it];
                let stops = step.goal == Goal::Stopped;
                stops || (step.goal == Goal::Gone && starts_something(step.resource))
            })
            .collect();
        if rules.is_empty() {
            return;
        }
        let started: Vec<usize> = (0..self.steps.len())
            .filter(|it| {
                let step = &self.steps[*it];
                let ends = matches!(step.goal, Goal::Drained | Goal::Gone);
                ends && matches!(
                    step.resource.id.kind,
                    Kind::Service | Kind::Task | Kind::AutoScalingGroup | Kind::Stack
                )
            })
            .collect();
        for &rule in &rules {
            for &then in &started {
                // Where they are of one stack the stack deletes both.
                let own = self.steps[rule].goal == Goal::Gone;
                let id = &self.steps[rule].resource.id;
                if !own || self.stack_step(id) != Some(then) {
                    self.order.put(rule, then);
                }
            }
        }
    }

    /// Apps and resources go before the rack that they live on.
    fn roots_last(&mut self) {
        let roots: Vec<(usize, &'s ResourceId)> = self
            .trees
            .iter()
            .filter_map(|it| Some((*self.gone.get(&it.root.id)?, &it.root.id)))
            .collect();
        let main = roots.iter().find(|it| self.is_main(it.1)).copied();
        let Some((main, _)) = main else { return };
        for (other, _) in roots {
            if other != main {
                self.put(other, main);
            }
        }
    }

    fn is_main(&self, stack: &ResourceId) -> bool {
        let why = self.case.rack.roots.get(stack);
        why.is_some_and(|it| it.ends_with("is the rack's name")) || stack.key == self.case.rack.name
    }

    /// A role in which CloudFormation acts is not told by anything that was read: one that no stack
    /// made goes after the stacks.
    fn roles_last(&mut self) {
        let trees = self.trees.iter();
        let stacks: Vec<usize> = trees
            .filter_map(|it| self.gone.get(&it.root.id).copied())
            .collect();
        let roles: Vec<usize> = (0..self.steps.len())
            .filter(|it| {
                let step = &self.steps[*it];
                let id = &step.resource.id;
                step.goal == Goal::Gone && id.kind == Kind::Role && self.stack_step(id).is_none()
            })
            .collect();
        for role in roles {
            for &stack in &stacks {
                self.order.put(stack, role);
            }
        }
    }

    /// Whoever still writes would make a log group again: machines, functions, and a VPC's flow
    /// logs last of all.
    fn logs_last(&mut self) {
        let gone = |draft: &Self, is: &dyn Fn(Kind) -> bool| -> Vec<usize> {
            let steps = draft.steps.iter().enumerate();
            let steps = steps.filter(|(_, it)| it.goal == Goal::Gone && is(it.resource.id.kind));
            steps.map(|it| it.0).collect()
        };
        let writers = gone(self, &|it| {
            matches!(
                it,
                Kind::Vpc
                    | Kind::Function
                    | Kind::Cluster
                    | Kind::AutoScalingGroup
                    | Kind::Instance
                    | Kind::Stack
            )
        });
        // Those that others wait for are gone by then in any case.
        let awaited: BTreeSet<usize> = writers
            .iter()
            .flat_map(|it| self.order.before(*it).iter().copied())
            .collect();
        let logs = gone(self, &|it| it == Kind::LogGroup);
        for logs in logs {
            let stack = self.stack_step(&self.steps[logs].resource.id);
            for writer in writers.iter().filter(|it| !awaited.contains(it)) {
                if stack.is_none_or(|it| it == *writer) {
                    self.order.put(*writer, logs);
                }
            }
        }
    }

    /// Cuts what is tied in circles; the circles that remain are told with their members, and
    /// broken somewhere so that the rest can be shown.
    fn untie(&mut self) -> Vec<Vec<ResourceId>> {
        self.cut_groups();
        for circle in self.order.circles() {
            let within: BTreeSet<usize> = circle.iter().copied().collect();
            self.loosen(&within, |draft, pair| !draft.firm.contains(&pair));
        }
        // What needs something of a stack to be gone, and something else of it to be there, can
        // only go along with it.
        for circle in self.order.circles() {
            let is_stack = |it: &usize| self.steps[*it].resource.id.kind == Kind::Stack;
            let stacks: Vec<usize> = circle.iter().copied().filter(is_stack).collect();
            if let [stack] = stacks[..] {
                for step in circle {
                    if step != stack {
                        self.fold(step, stack);
                    }
                }
            }
        }
        // The rack's own stack is the last, whatever it names of its apps.
        for circle in self.order.circles() {
            let main = circle
                .iter()
                .copied()
                .find(|it| self.is_main(&self.steps[*it].resource.id));
            if let Some(main) = main {
                for then in circle {
                    self.order.drop(main, then);
                }
            }
        }
        let circles = self.order.circles();
        let mut told = Vec::new();
        for circle in circles {
            let within: BTreeSet<usize> = circle.iter().copied().collect();
            let ids = circle.iter().map(|it| self.steps[*it].resource.id.clone());
            let ids: BTreeSet<ResourceId> = ids.collect();
            told.push(ids.into_iter().collect());
            self.loosen(&within, |_, (first, then)| first > then);
        }
        told
    }

    /// Drops the pairs within a circle for which `loose` holds.
    fn loosen(&mut self, within: &BTreeSet<usize>, loose: impl Fn(&Self, (usize, usize)) -> bool) {
        for &then in within {
            let before: Vec<usize> = self
                .order
                .before(then)
                .intersection(within)
                .copied()
                .collect();
            for first in before {
                if loose(self, (first, then)) {
                    self.order.drop(first, then);
                }
            }
        }
    }

    /// Security groups that name each other let go of each other first.
    fn cut_groups(&mut self) {
        for circle in self.order.circles() {
            let within: BTreeSet<usize> = circle.iter().copied().collect();
            let tied = self.knots.iter();
            let tied = tied.filter(|((first, then), _)| {
                within.contains(first)
                    && within.contains(then)
                    && !self.firm.contains(&(*first, *then))
            });
            let tied: Vec<((usize, usize), Vec<&'s ResourceId>)> = tied
                .map(|(pair, groups)| (*pair, groups.iter().copied().collect()))
                .collect();
            for ((first, then), groups) in tied {
                self.order.drop(first, then);
                for group in groups {
                    if let Some(cut) = self.cut(group, first, &within) {
                        self.put(cut, then);
                    }
                }
            }
        }
    }

    /// The step that takes a group's rules away that name others; it goes with step `gone`.
    fn cut(
        &mut self,
        group: &'s ResourceId,
        gone: usize,
        within: &BTreeSet<usize>,
    ) -> Option<usize> {
        let steps = self.ready.get(group).into_iter().flatten().copied();
        let mut cuts = steps.filter(|it| self.steps[*it].goal == Goal::Cut);
        if let Some(cut) = cuts.next() {
            return Some(cut);
        }
        let resource = self.goes(group)?;
        let act = |it| plan::Act::new(it, resource.id.clone());
        let acts = [
            Action::RevokeSecurityGroupIngress,
            Action::RevokeSecurityGroupEgress,
        ];
        let cut = self.add(resource, Goal::Cut, acts.map(act).to_vec());
        self.order.grow();
        // What wears the group is gone by then, unless a stack takes the group along.
        if self.steps[gone].resource.id == *group {
            for first in self.order.before(gone).clone() {
                if !within.contains(&first) {
                    self.order.put(first, cut);
                }
            }
        }
        self.put(cut, gone);
        Some(cut)
    }

    /// Lets a stack take along what cannot go by itself.
    fn fold(&mut self, step: usize, stack: usize) {
        let sketch = &mut self.steps[step];
        if sketch.goal != Goal::Gone {
            return;
        }
        let id = &sketch.resource.id;
        let covers: BTreeSet<&'s ResourceId> = sketch.covers.iter().copied().chain([id]).collect();
        sketch.acts.clear();
        sketch.covers.clear();
        for it in &covers {
            self.gone.insert(it, stack);
        }
        self.steps[stack].covers.extend(covers);
        for first in self.order.before(step).clone() {
            self.order.drop(first, step);
            if first != stack {
                self.order.put(first, stack);
            }
        }
        for then in 0..self.steps.len() {
            if self.order.before(then).contains(&step) {
                self.order.drop(step, then);
                if then != stack {
                    self.order.put(stack, then);
                }
            }
        }
    }

    /// What can be undone comes first: nothing is destroyed before all services have come to rest,
    /// and then every copy is there.
    fn harmless_first(&mut self) {
        let of = |draft: &Self, is: &dyn Fn(&Sketch<'_>) -> bool| -> Vec<usize> {
            let steps = draft.steps.iter().enumerate();
            steps.filter(|(_, it)| is(it)).map(|it| it.0).collect()
        };
        let services = of(self, &|it| {
            it.goal == Goal::Drained && it.resource.id.kind == Kind::Service
        });
        // What must be gone for a service to come to rest loses nothing: autoscalers, rules.
        let mut ahead: BTreeSet<usize> = services.iter().copied().collect();
        let mut open = services.clone();
        while let Some(step) = open.pop() {
            let before = self.order.before(step).iter().copied();
            open.extend(before.filter(|it| ahead.insert(*it)).collect::<Vec<_>>());
        }
        let copies = of(self, &|it| it.goal == Goal::Saved);
        for &copy in &copies {
            for &service in &services {
                self.order.put(service, copy);
            }
        }
        let last = if copies.is_empty() { services } else { copies };
        for step in of(self, &|it| {
            !matches!(it.goal, Goal::Saved | Goal::Stopped)
                && !matches!(it.resource.id.kind, Kind::ScalableTarget | Kind::EventRule)
        }) {
            let first = self.order.before(step).iter().all(|it| ahead.contains(it));
            if first && !ahead.contains(&step) {
                for &it in &last {
                    self.order.put(it, step);
                }
            }
        }
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

/// Whether a member keeps another one, which its stack would take along, from going.
fn blocks(tree: &Tree<'_>, member: &ResourceId, holds: &[Hold<'_>]) -> bool {
    let taken = |it: &ResourceId| tree.leaves_behind(it) == Some(false);
    let mut own = holds.iter().filter(|it| it.holder == member);
    own.any(|it| matches!(it.first, First::Holder | First::Knot) && taken(it.held))
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

/// Whether a service keeps tasks that it can be told to stop.
fn runs(resource: &Resource) -> bool {
    Service::of(&resource.attrs).is_some_and(|it| {
        it.is_active()
            && it.scheduling != "DAEMON"
            && (it.desired > 0 || it.running > 0 || it.pending > 0)
    })
}
