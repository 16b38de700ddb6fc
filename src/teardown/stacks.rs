//! The rack's CloudFormation stacks as AWS deletes them: a root with all that is nested in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    id::ResourceId,
    kind::{
        Fact, Kind,
        stack::{Member, Stack},
    },
    rule::Case,
    snapshot::Resource,
};

/// A root stack, and what its deletion deletes.
pub(super) struct Tree<'s> {
    pub(super) root: &'s Resource,
    /// What it and those nested in it made, of the kinds that we know, nested stacks included.
    pub(super) members: BTreeSet<&'s ResourceId>,
    /// Members that the deletion leaves there, or may leave: whether it does.
    pub(super) left: BTreeMap<&'s ResourceId, Fact<bool>>,
    /// CloudFormation's types of what it made that we do not know, with how many of each.
    pub(super) strange: BTreeMap<&'s str, usize>,
    /// What of that is left because CloudFormation failed to delete it.
    pub(super) failed: BTreeSet<&'s ResourceId>,
    /// The stacks of the tree, the root first.
    pub(super) stacks: Vec<(&'s Resource, &'s Stack)>,
}

impl<'s> Tree<'s> {
    /// Whether a member is still there when the stack is gone; `None` where that was not read.
    pub(super) fn leaves(&self, member: &ResourceId) -> Option<bool> {
        match self.left.get(member) {
            None => Some(false),
            Some(it) => it.known().copied(),
        }
    }

    /// The same of anything; `None` also for what the stack did not make.
    pub(super) fn leaves_behind(&self, id: &ResourceId) -> Option<bool> {
        self.members.contains(id).then(|| self.leaves(id)).flatten()
    }

    fn add(&mut self, case: &Case<'s>, resource: &'s Resource, stack: &'s Stack, retain: bool) {
        // Of a nested stack nobody can ask CloudFormation to leave anything.
        let asked = retain && resource.id == self.root.id;
        let failed = if asked { stack.failed() } else { Vec::new() };
        let convox = resource.tags.get("System").is_some_and(|it| it == "convox");
        for member in stack.members.known().into_iter().flatten() {
            if member.status == "DELETE_COMPLETE" {
                continue;
            }
            let id = crate::arn::stack_resource(&member.cloudformation, &member.physical);
            let Some(id) = id else {
                if !is_of_another(&member.cloudformation) {
                    *self.strange.entry(&member.cloudformation).or_default() += 1;
                }
                continue;
            };
            let Some(seen) = case.graph.get(&id) else {
                continue;
            };
            if case.belongings.of(&seen.id).is_foreign() {
                continue;
            }
            self.members.insert(&seen.id);
            if failed.contains(&member) {
                self.failed.insert(&seen.id);
                self.left.insert(&seen.id, Fact::Known(true));
                continue;
            }
            if let Some(left) = left(stack, convox, member, id.kind) {
                self.left.insert(&seen.id, left);
            }
        }
    }
}

/// Whether the stack's deletion leaves a member there; `None` for what is taken along as a rule.
fn left(stack: &Stack, convox: bool, member: &Member, kind: Kind) -> Option<Fact<bool>> {
    if member.status == "DELETE_SKIPPED" {
        return Some(Fact::Known(true));
    }
    match stack.kept.known() {
        // With policy `Snapshot` a copy of it stays, not the thing itself.
        Some(kept) => {
            let policy = kept.get(&member.logical);
            let retained = policy.is_some_and(|it| it != "Snapshot");
            retained.then_some(Fact::Known(true))
        }
        // Convox tells CloudFormation to leave its buckets.
        None if kind == Kind::Bucket && convox => Some(Fact::Known(true)),
        None => (kind == Kind::Bucket).then_some(Fact::Unread),
    }
}

/// Whether a type is only a part of something else, which goes with it.
fn is_of_another(cloudformation: &str) -> bool {
    const PARTS: &[&str] = &[
        "AWS::EC2::DHCPOptions",
        "AWS::EC2::EIPAssociation",
        "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetNetworkAclAssociation",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCDHCPOptionsAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "AWS::EFS::AccessPoint",
        "AWS::ElastiCache::ParameterGroup",
        "AWS::ElastiCache::SubnetGroup",
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        "AWS::Events::EventBusPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::RDS::DBClusterParameterGroup",
        "AWS::RDS::DBParameterGroup",
        "AWS::RDS::OptionGroup",
        "AWS::Route53::RecordSet",
        "AWS::Route53::RecordSetGroup",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    ];
    PARTS.contains(&cloudformation)
        || cloudformation.starts_with("AWS::AutoScaling::")
        || cloudformation.starts_with("AWS::ApplicationAutoScaling::")
        || cloudformation.starts_with("AWS::CloudFormation::")
        || cloudformation.starts_with("AWS::EC2::NetworkAclEntry")
}

/// The rack's root stacks, in id order; `retain` where what CloudFormation failed to delete may be
/// left by them.
pub(super) fn trees<'s>(case: &Case<'s>, retain: bool) -> Vec<Tree<'s>> {
    let graph = case.graph;
    let ours = graph
        .of::<Stack>()
        .filter(|(it, _)| !case.belongings.of(&it.id).is_foreign());
    let ours: Vec<(&'s Resource, &'s Stack)> = ours.collect();
    let mut trees: BTreeMap<&'s ResourceId, Tree<'s>> = BTreeMap::new();
    let mut nested: Vec<(&'s ResourceId, &'s Resource, &'s Stack)> = Vec::new();
    for &(resource, stack) in &ours {
        let root = root(case, resource, stack);
        if root.id == resource.id {
            let tree = trees.entry(&root.id).or_insert_with(|| Tree::new(root));
            tree.stacks.push((resource, stack));
            tree.add(case, resource, stack, retain);
        } else {
            nested.push((&root.id, resource, stack));
        }
    }
    for (root, resource, stack) in nested {
        if let Some(tree) = trees.get_mut(root) {
            tree.stacks.push((resource, stack));
            tree.members.insert(&resource.id);
            tree.add(case, resource, stack, retain);
        }
    }
    trees.into_values().collect()
}

impl<'s> Tree<'s> {
    fn new(root: &'s Resource) -> Self {
        Self {
            root,
            members: BTreeSet::new(),
            left: BTreeMap::new(),
            strange: BTreeMap::new(),
            failed: BTreeSet::new(),
            stacks: Vec::new(),
        }
    }
}

/// The stack by whose deletion a nested one is deleted; the last of them that is the rack's.
fn root<'s>(case: &Case<'s>, resource: &'s Resource, stack: &'s Stack) -> &'s Resource {
    let (mut resource, mut stack) = (resource, stack);
    // No deeper than there are stacks, whatever a damaged file says.
    for _ in 0..case.graph.len() {
        let parent = stack.parent.as_ref();
        let parent = parent.and_then(|it| case.graph.get_as::<Stack>(it));
        let parent = parent.filter(|(it, _)| !case.belongings.of(&it.id).is_foreign());
        let Some(parent) = parent else { break };
        (resource, stack) = parent;
    }
    resource
}
