//! Steps that wait for each other: what ties them is cut, or they go together.

use std::collections::BTreeSet;

use super::Draft;
use crate::{
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::{self, Goal},
};

impl<'s> Draft<'_, 's> {
    /// Cuts what is tied in circles; the circles that remain are told with their members, and
    /// broken somewhere so that the rest can be shown.
    pub(super) fn untie(&mut self) -> Vec<Vec<ResourceId>> {
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
}
