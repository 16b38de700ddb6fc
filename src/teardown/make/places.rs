//! Where the steps stand: what holds what, and what must not come too early.

use std::collections::BTreeSet;

use super::{Draft, Sketch, starts_something};
use crate::{
    id::ResourceId,
    kind::Kind,
    teardown::{
        hold::{First, Hold},
        order::Order,
        plan::Goal,
        stacks::Tree,
    },
};

impl<'s> Draft<'_, 's> {
    /// Brings the steps into order by what holds what.
    pub(super) fn arrange(&mut self, holds: &[Hold<'s>]) {
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

    /// The step of the stack that made a thing, if that goes.
    pub(super) fn stack_step(&self, id: &ResourceId) -> Option<usize> {
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
                Kind::Service
                    | Kind::Task
                    | Kind::ScalableTarget
                    | Kind::EventRule
                    | Kind::Schedule
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

    /// Rules that start things are stopped, and schedules deleted, before anything that they could
    /// start again.
    fn re_creators(&mut self) {
        let rules: Vec<usize> = (0..self.steps.len())
            .filter(|it| {
                let step = &self.steps[*it];
                let stops = step.goal == Goal::Stopped;
                let starts = || {
                    let is_schedule = step.resource.id.kind == Kind::Schedule;
                    is_schedule || starts_something(step.resource)
                };
                stops || (step.goal == Goal::Gone && starts())
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

    /// What can be undone comes first: nothing is destroyed before all services have come to rest,
    /// and then every copy is there.
    pub(super) fn harmless_first(&mut self) {
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
                && !matches!(
                    it.resource.id.kind,
                    Kind::ScalableTarget | Kind::EventRule | Kind::Schedule
                )
        }) {
            let first = self.order.before(step).iter().all(|it| ahead.contains(it));
            if first && !ahead.contains(&step) {
                for &it in &last {
                    self.order.put(it, step);
                }
            }
        }
    }
}
