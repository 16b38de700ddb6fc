//! Which steps there are: one for each thing that goes by a call, and what has to be done before.

use std::collections::BTreeSet;

use super::{Draft, starts_something};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind, auto_scaling_group::AutoScalingGroup, bucket::Bucket, capacity_provider,
        capacity_provider::CapacityProvider, cluster::Cluster, service::Service,
    },
    removal::Action,
    snapshot::Resource,
    teardown::{
        act, fate,
        hold::{First, Hold},
        plan::{self, Goal},
        protection,
        stacks::Tree,
    },
};

impl<'s> Draft<'_, 's> {
    /// One step for each stack that goes, with all that it takes along.
    pub(super) fn stacks(&mut self, holds: &[Hold<'s>]) {
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
                // autoscaler would start what it stops, and so would a schedule.
                if matches!(
                    member.kind,
                    Kind::Repository | Kind::ScalableTarget | Kind::Schedule
                ) {
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
    pub(super) fn own(&mut self) {
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
    pub(super) fn covered(&mut self) {
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
    pub(super) fn before(&mut self) {
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
}

/// Whether a member keeps another one, which its stack would take along, from going.
fn blocks(tree: &Tree<'_>, member: &ResourceId, holds: &[Hold<'_>]) -> bool {
    let taken = |it: &ResourceId| tree.leaves_behind(it) == Some(false);
    let mut own = holds.iter().filter(|it| it.holder == member);
    own.any(|it| matches!(it.first, First::Holder | First::Knot) && taken(it.held))
}

/// Whether a service keeps tasks that it can be told to stop.
fn runs(resource: &Resource) -> bool {
    Service::of(&resource.attrs).is_some_and(|it| {
        it.is_active()
            && it.scheduling != "DAEMON"
            && (it.desired > 0 || it.running > 0 || it.pending > 0)
    })
}
