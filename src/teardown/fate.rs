//! Who of the rack goes and who stays, and why.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    elsewhere,
    hold::Hold,
    plan::{Consent, Why},
    protection,
    stacks::Tree,
};
use crate::{
    arn,
    belonging::Class,
    id::ResourceId,
    kind::{
        AsKind as _, Fact, Kind, alarm::Alarm, bucket::Bucket, cache_cluster::CacheCluster,
        db_cluster::DbCluster, db_instance::DbInstance, instance::Instance,
        network_interface::NetworkInterface, queue::Queue, replication_group::ReplicationGroup,
        table::Table, topic::Topic, volume::Volume,
    },
    relation::RelationKind,
    removal::{Data, Removal},
    rule::Case,
    snapshot::{Resource, Snapshot},
};

/// What becomes of everything that is the rack's, or used by it.
pub(super) struct Fates<'s> {
    /// Why each thing stays that does.
    pub(super) stays: BTreeMap<&'s ResourceId, Why>,
    /// All that goes, in id order.
    pub(super) goes: BTreeMap<&'s ResourceId, &'s Resource>,
    /// By what each thing goes that has no removal of its own.
    pub(super) owners: BTreeMap<&'s ResourceId, Vec<&'s ResourceId>>,
}

impl<'s> Fates<'s> {
    /// Whether what is in a thing that goes is lost with it, and no other thing has it.
    pub(super) fn holds_data(&self, resource: &Resource) -> bool {
        holds_data(resource, &self.goes, &self.owners)
    }

    /// The disks that go with a machine.
    pub(super) fn disks(&self, machine: &Resource) -> Vec<&'s Resource> {
        let disks = self.goes.values().filter(|it| it.id.kind == Kind::Volume);
        let of = |it: &&&Resource| {
            let owners = self.owners.get(&it.id).into_iter().flatten();
            owners.into_iter().any(|it| **it == machine.id)
        };
        disks.filter(of).copied().collect()
    }
}

pub(super) fn decide<'s>(
    snapshot: &Snapshot,
    case: &Case<'s>,
    trees: &[Tree<'s>],
    holds: &[Hold<'s>],
    consent: &Consent,
) -> Fates<'s> {
    let ours: BTreeMap<&'s ResourceId, &'s Resource> = case
        .belongings
        .ours()
        .filter_map(|(id, _)| case.graph.get(id))
        .map(|it| (&it.id, it))
        .collect();
    let owners = owners(case, &ours);
    let strangers = strangers(&ours, holds);
    let saved = keys_of_copies(&ours, &owners, trees, consent);
    let left: BTreeMap<&ResourceId, &ResourceId> = trees
        .iter()
        .flat_map(|tree| {
            let left = tree.left.iter().filter(|it| it.1 == &Fact::Known(true));
            left.map(|it| (*it.0, &tree.root.id))
        })
        .collect();
    let mut stays: BTreeMap<&'s ResourceId, Why> = BTreeMap::new();
    for (id, resource) in &ours {
        let follows = is_follower(resource, owners.get(id));
        let why = kept(case, resource, consent)
            .or_else(|| {
                if follows {
                    lone(resource, &owners)
                } else {
                    None
                }
            })
            .or_else(|| {
                let others = strangers.get(id).cloned().unwrap_or_default();
                (!follows).then(|| direct(case, resource, others, consent))?
            })
            .or_else(|| elsewhere::used(snapshot, case, resource, &ours))
            .or_else(|| {
                // One that is empty today may hold something by the day on which it goes.
                let data = class(resource)?;
                let agreed = consent.delete.contains(&data);
                (!agreed && left.contains_key(id)).then_some(Why::NoConsent { data })
            })
            .or_else(|| {
                let copies = saved.get(id)?;
                let by = format!("the copy of {copies}, which cannot be read without it");
                Some(Why::Kept { by })
            });
        let why = match (why, left.get(id)) {
            (Some(Why::NoConsent { .. }), Some(stack)) => Some(Why::Retained {
                by: (*stack).clone(),
            }),
            (why, _) => why,
        };
        if let Some(why) = why {
            stays.insert(id, why);
        }
    }
    let mut spread = Spread {
        ours: &ours,
        open: stays.keys().copied().collect(),
        stays,
    };
    spread.run(case, trees, holds, &owners);
    // A key goes only where all that stays was asked which key it has.
    if let Some(call) = unread_lock(case, &ours, &spread.stays) {
        let keys = ours.values().filter(|it| it.id.kind == Kind::Key);
        for key in keys.filter(|it| !is_follower(it, owners.get(&it.id))) {
            spread.withhold(&key.id, Why::Unread { call: call.clone() });
        }
        spread.run(case, trees, holds, &owners);
    }
    let stays = spread.stays;
    let goes = ours.iter().filter(|it| !stays.contains_key(*it.0));
    let goes = goes.map(|(id, it)| (*id, *it)).collect();
    Fates {
        stays,
        goes,
        owners,
    }
}

/// The call that would tell with which key something is encrypted that is not to go; `None` where
/// all were asked.
fn unread_lock(
    case: &Case<'_>,
    ours: &BTreeMap<&ResourceId, &Resource>,
    stays: &BTreeMap<&ResourceId, Why>,
) -> Option<String> {
    let goes = |it: &ResourceId| ours.contains_key(it) && !stays.contains_key(it);
    let mut lasting = case.graph.resources().filter(|it| !goes(&it.id));
    lasting.find_map(|it| {
        let attrs = &it.attrs;
        let bucket = Bucket::of(attrs).filter(|it| it.encryption == Fact::Unread);
        let table = Table::of(attrs).filter(|it| it.facts == Fact::Unread);
        let queue = Queue::of(attrs).filter(|it| it.facts == Fact::Unread);
        let topic = Topic::of(attrs).filter(|it| it.facts == Fact::Unread);
        let call = bucket
            .map(|_| "s3:GetEncryptionConfiguration")
            .or(table.map(|_| "dynamodb:DescribeTable"))
            .or(queue.map(|_| "sqs:GetQueueAttributes"))
            .or(topic.map(|_| "sns:GetTopicAttributes"))?;
        Some(format!("{call} of {}", it.id))
    })
}

/// Makers and wholes of what is the rack's, among the rack's own.
fn owners<'s>(
    case: &Case<'s>,
    ours: &BTreeMap<&'s ResourceId, &'s Resource>,
) -> BTreeMap<&'s ResourceId, Vec<&'s ResourceId>> {
    let mut owners: BTreeMap<&'s ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
    let mut add = |of: &'s ResourceId, owner: &'s ResourceId| {
        if ours.contains_key(of) && ours.contains_key(owner) {
            owners.entry(of).or_default().push(owner);
        }
    };
    for (from, edge, to) in case.graph.edges() {
        match edge.kind {
            RelationKind::Makes => add(to, from),
            RelationKind::PartOf => add(from, to),
            // RDS makes the secret of a database and deletes it with that.
            RelationKind::Uses if to.kind == Kind::Secret && is_database(from.kind) => {
                add(to, from);
            }
            RelationKind::Uses
            | RelationKind::Declares
            | RelationKind::SitsIn
            | RelationKind::RunsOn
            | RelationKind::ForwardsTo
            | RelationKind::RoutesTo
            | RelationKind::Admits
            | RelationKind::WritesTo
            | RelationKind::Watches => {}
        }
    }
    for (database, interface) in of_databases(ours) {
        add(interface, database);
    }
    for (alarm, told) in case.graph.of::<Alarm>() {
        if let Some(scaled) = told.made_for().and_then(|it| case.graph.get(&it)) {
            add(&alarm.id, &scaled.id);
        }
    }
    owners
}

fn is_database(kind: Kind) -> bool {
    matches!(kind, Kind::DbInstance | Kind::DbCluster)
}

/// Which interfaces RDS may hold for which databases: it does not say, but each is in the security
/// groups of its own.
fn of_databases<'s>(
    ours: &BTreeMap<&'s ResourceId, &'s Resource>,
) -> Vec<(&'s ResourceId, &'s ResourceId)> {
    let groups = |them: &'s [String]| them.iter().collect::<BTreeSet<&String>>();
    let databases: Vec<(&'s ResourceId, BTreeSet<&String>)> = ours
        .values()
        .filter_map(|it| {
            let instance = DbInstance::of(&it.attrs).map(|it| &it.security_groups);
            let cluster = DbCluster::of(&it.attrs).map(|it| &it.security_groups);
            Some((&it.id, groups(instance.or(cluster)?)))
        })
        .collect();
    let interfaces = ours.values().filter_map(|it| {
        let told = NetworkInterface::of(&it.attrs)?;
        let rds = told.description == "RDSNetworkInterface";
        rds.then(|| (&it.id, groups(&told.security_groups)))
    });
    let mut pairs = Vec::new();
    for (interface, worn) in interfaces {
        let like = databases.iter().filter(|it| it.1 == worn);
        pairs.extend(like.map(|it| (it.0, interface)));
    }
    pairs
}

/// What foreign things hold on to of what is the rack's.
fn strangers<'s>(
    ours: &BTreeMap<&'s ResourceId, &'s Resource>,
    holds: &[Hold<'s>],
) -> BTreeMap<&'s ResourceId, Vec<ResourceId>> {
    let mut strangers: BTreeMap<&'s ResourceId, Vec<ResourceId>> = BTreeMap::new();
    for hold in holds {
        // That somebody else's machine is in the same subnet does not make it a user of an
        // endpoint; a route does.
        let near = hold.held.kind == Kind::VpcEndpoint && hold.holder.kind != Kind::RouteTable;
        let both = ours.contains_key(hold.held) && !ours.contains_key(hold.holder);
        if hold.keeps && both && !near {
            let others = strangers.entry(hold.held).or_default();
            others.push(hold.holder.clone());
        }
    }
    for others in strangers.values_mut() {
        others.sort();
        others.dedup();
    }
    strangers
}

/// Whether a thing goes with another and has no removal of its own.
pub(super) fn is_follower(resource: &Resource, owners: Option<&Vec<&ResourceId>>) -> bool {
    match resource.attrs.model().removal() {
        Removal::Follows(_) => true,
        // A namespace deletes its own zone.
        Removal::By { .. } | Removal::Never(_) => {
            let owners = owners.into_iter().flatten();
            resource.id.kind == Kind::HostedZone
                && owners.into_iter().any(|it| it.kind == Kind::Namespace)
        }
    }
}

/// Why a thing that only goes with others stays, when there is no such other.
fn lone(resource: &Resource, owners: &BTreeMap<&ResourceId, Vec<&ResourceId>>) -> Option<Why> {
    let Removal::Follows(reason) = resource.attrs.model().removal() else {
        return None;
    };
    if owners.contains_key(&resource.id) || is_going(resource) {
        return None;
    }
    let reason = reason.to_owned();
    // A terminated instance holds nothing; one that runs in somebody else's group holds a lot.
    Some(if is_over(resource) {
        Why::Going { reason }
    } else {
        Why::NeverDeletable { reason }
    })
}

/// Whether it is only still listed, or about to go by itself on a day that is told.
fn is_over(resource: &Resource) -> bool {
    const OVER: &[&str] = &[
        "INACTIVE",
        "DELETE_IN_PROGRESS",
        "DEREGISTERED",
        "STOPPED",
        "deleted",
        "terminated",
    ];
    let state = resource.attrs.model().state().unwrap_or_default();
    OVER.contains(&state) || matches!(resource.id.kind, Kind::Key | Kind::Secret)
}

/// Whether AWS is about to delete it, so that it is only waited for.
pub(super) fn is_going(resource: &Resource) -> bool {
    let model = resource.attrs.model();
    matches!(
        resource.id.kind,
        Kind::DbInstance
            | Kind::DbCluster
            | Kind::CacheCluster
            | Kind::ReplicationGroup
            | Kind::NatGateway
            | Kind::VpcEndpoint
            | Kind::Volume
    ) && model.state() == Some("deleting")
}

/// Which of these a person wants to keep.
fn kept(case: &Case<'_>, resource: &Resource, consent: &Consent) -> Option<Why> {
    if case.rack.keep.contains(&resource.id) {
        let by = "the definition of the rack".to_owned();
        return Some(Why::Kept { by });
    }
    let named = consent.keep.iter().find(|it| is_named(resource, it))?;
    Some(Why::Kept {
        by: format!("--spare {named}"),
    })
}

/// Whether an entry of a keep list means that resource.
pub(super) fn is_named(resource: &Resource, entry: &str) -> bool {
    if let Some(tag) = entry.strip_prefix("tag:") {
        return match tag.split_once('=') {
            Some((key, value)) => resource.tags.get(key).is_some_and(|it| it == value),
            None => resource.tags.contains_key(tag),
        };
    }
    let id = arn::resource(entry).or_else(|| entry.parse().ok());
    id.as_ref() == Some(&resource.id)
        || resource.arn.as_deref() == Some(entry)
        || resource.id.key == entry
        || resource.name.as_deref() == Some(entry)
}

/// Why a thing with a removal of its own stays, leaving others out of account.
fn direct(
    case: &Case<'_>,
    resource: &Resource,
    mut others: Vec<ResourceId>,
    consent: &Consent,
) -> Option<Why> {
    let belonging = case.belongings.of(&resource.id);
    if let Removal::Never(reason) = resource.attrs.model().removal() {
        let reason = reason.to_owned();
        return Some(Why::NeverDeletable { reason });
    }
    if belonging.class == Class::Shared || !others.is_empty() {
        others.extend(belonging.others.iter().cloned());
        others.extend(runners(case, &others));
        others.sort();
        others.dedup();
        return Some(Why::Shared { others });
    }
    if belonging.class == Class::Inferred && !consent.inferred {
        let evidence = belonging.evidence.clone();
        return Some(Why::Inferred { evidence });
    }
    for protection in protection::of(resource) {
        if protection.state.known().is_none() {
            let call = protection.call.to_owned();
            return Some(Why::Unread { call });
        }
        if !consent.disable.contains(&protection.guard) {
            return Some(Why::Protected {
                guard: protection.guard,
                field: protection.field.to_owned(),
            });
        }
    }
    let data = loses(resource)?;
    (!consent.delete.contains(&data)).then_some(Why::NoConsent { data })
}

/// Who runs the revisions among what is not the rack's: by a service one knows whose an image is.
fn runners(case: &Case<'_>, others: &[ResourceId]) -> Vec<ResourceId> {
    let revisions = others.iter().filter(|it| it.kind == Kind::TaskDefinition);
    let users = revisions.flat_map(|it| case.graph.users(it));
    let users = users.map(|(it, _)| it.id.clone());
    users
        .filter(|it| case.belongings.of(it).is_foreign())
        .collect()
}

/// The class of data that is lost with a thing.
pub(super) fn loses(resource: &Resource) -> Option<Data> {
    let empty = Bucket::of(&resource.attrs).is_some_and(|it| it.is_empty() == Some(true));
    class(resource).filter(|_| !empty)
}

/// The class of data that things like it have, whether there is any in this one or not.
pub(super) fn class(resource: &Resource) -> Option<Data> {
    // A machine that nothing replaces has its data on the disks that go with it.
    let machine = Instance::of(&resource.attrs);
    let machine = machine.filter(|it| it.auto_scaling_group.is_none() && !it.is_gone());
    if machine.is_some_and(|it| it.volumes.iter().any(|it| it.delete_on_termination)) {
        return Some(Data::Volumes);
    }
    match resource.attrs.model().removal() {
        Removal::By { loses, .. } => loses,
        Removal::Follows(_) | Removal::Never(_) => None,
    }
}

fn holds_data(
    resource: &Resource,
    all: &BTreeMap<&ResourceId, &Resource>,
    owners: &BTreeMap<&ResourceId, Vec<&ResourceId>>,
) -> bool {
    if loses(resource).is_some() && resource.id.kind != Kind::Instance {
        return true;
    }
    let mut owners = owners.get(&resource.id).into_iter().flatten();
    resource.id.kind == Kind::Volume
        && owners.any(|it| {
            let machine = all.get(*it).filter(|it| it.id.kind == Kind::Instance);
            machine.is_some_and(|it| loses(it).is_some())
        })
}

/// Whether AWS can make a copy of a thing's data that outlives it, be it now or in another state
/// of it.
pub(super) fn is_copyable(resource: &Resource) -> bool {
    let attrs = &resource.attrs;
    // A replica and a member of a cluster have the data of another.
    let instance =
        DbInstance::of(attrs).is_some_and(|it| it.cluster.is_none() && it.replica_of.is_none());
    let cache = CacheCluster::of(attrs).is_some_and(|it| {
        it.replication_group.is_none() && matches!(it.engine.as_str(), "redis" | "valkey")
    });
    let always = matches!(
        resource.id.kind,
        Kind::DbCluster | Kind::Table | Kind::Volume | Kind::ReplicationGroup
    );
    instance || cache || always
}

/// The state that keeps AWS from copying it, with the one that it should have.
pub(super) fn not_ready(resource: &Resource) -> Option<(String, &'static str)> {
    const AVAILABLE: &[&str] = &["available"];
    let attrs = &resource.attrs;
    let state = resource.attrs.model().state();
    let ready: &[&str] = if DbInstance::of(attrs).is_some() {
        &["available", "storage-optimization"]
    } else if Table::of(attrs).is_some() {
        &["ACTIVE", "UPDATING"]
    } else if Volume::of(attrs).is_some() {
        &["available", "in-use"]
    } else if DbCluster::of(attrs).is_some()
        || CacheCluster::of(attrs).is_some()
        || ReplicationGroup::of(attrs).is_some()
    {
        AVAILABLE
    } else {
        return None;
    };
    let state = state.unwrap_or("not known");
    let [wanted, ..] = ready else { return None };
    (!ready.contains(&state)).then(|| (state.to_owned(), *wanted))
}

/// Whether AWS can make a copy of a thing's data now.
pub(super) fn can_be_saved(resource: &Resource) -> bool {
    is_copyable(resource) && not_ready(resource).is_none()
}

/// Keys that copies of the rack's data need, with one of what is copied: by us, or by a stack whose
/// template asks for it.
fn keys_of_copies<'s>(
    ours: &BTreeMap<&'s ResourceId, &'s Resource>,
    owners: &BTreeMap<&'s ResourceId, Vec<&'s ResourceId>>,
    trees: &[Tree<'s>],
    consent: &Consent,
) -> BTreeMap<ResourceId, &'s ResourceId> {
    let mut keys = BTreeMap::new();
    let stacks = trees.iter().flat_map(|it| &it.stacks);
    let kept = stacks.flat_map(|it| it.1.keeps().into_iter().flatten());
    let kept = kept.filter(|it| it.1 == "Snapshot");
    let kept = kept.filter_map(|(it, _)| arn::stack_resource(&it.cloudformation, &it.physical));
    let kept = kept.filter_map(|it| ours.get(&it).copied());
    let ours_own = ours
        .values()
        .copied()
        .filter(|it| consent.backup && can_be_saved(it));
    let ours_own = ours_own.filter(|it| holds_data(it, ours, owners));
    for resource in kept.chain(ours_own) {
        for relation in resource.attrs.model().relations() {
            if relation.to.kind == Kind::Key {
                keys.entry(relation.to).or_insert(&resource.id);
            }
        }
    }
    keys
}

/// Staying is catching: what stays keeps what it needs.
struct Spread<'o, 's> {
    ours: &'o BTreeMap<&'s ResourceId, &'s Resource>,
    stays: BTreeMap<&'s ResourceId, Why>,
    open: VecDeque<&'s ResourceId>,
}

impl<'s> Spread<'_, 's> {
    /// Keeps a thing for a reason of its own.
    fn withhold(&mut self, id: &'s ResourceId, why: Why) {
        if !self.stays.contains_key(id) {
            self.stays.insert(id, why);
            self.open.push_back(id);
        }
    }

    fn keep(&mut self, id: &'s ResourceId, with: &ResourceId) {
        if self.ours.contains_key(id) && !self.stays.contains_key(id) {
            let with = with.clone();
            self.stays.insert(id, Why::GoesWith { with });
            self.open.push_back(id);
        }
    }

    fn run(
        &mut self,
        case: &Case<'s>,
        trees: &[Tree<'s>],
        holds: &[Hold<'s>],
        owners: &BTreeMap<&'s ResourceId, Vec<&'s ResourceId>>,
    ) {
        let mut held: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
        for hold in holds.iter().filter(|it| it.keeps) {
            held.entry(hold.holder).or_default().push(hold.held);
        }
        let mut parts: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
        for (part, owners) in owners {
            for owner in owners {
                parts.entry(owner).or_default().push(part);
            }
        }
        let mut stack_of: BTreeMap<&ResourceId, &Tree<'s>> = BTreeMap::new();
        for tree in trees {
            stack_of.insert(&tree.root.id, tree);
            for member in &tree.members {
                stack_of.entry(member).or_insert(tree);
            }
        }
        while let Some(id) = self.open.pop_front() {
            // What AWS is already deleting keeps nothing for long.
            if matches!(self.stays.get(id), Some(Why::Going { .. })) {
                continue;
            }
            if let Some(tree) = stack_of.get(id) {
                if tree.root.id == *id {
                    // What it would leave there is in use as long as the stack is.
                    for member in &tree.members {
                        self.keep(member, id);
                    }
                } else if tree.leaves(id) != Some(true) {
                    self.keep(&tree.root.id, id);
                }
            }
            for next in held.get(id).into_iter().flatten() {
                self.keep(next, id);
            }
            for part in parts.get(id).into_iter().flatten() {
                if self.stays_with(case, part, id, owners) {
                    self.keep(part, id);
                }
            }
        }
    }

    /// Whether a part, or a thing that somebody made, stays because its owner does.
    fn stays_with(
        &self,
        case: &Case<'_>,
        part: &ResourceId,
        owner: &ResourceId,
        owners: &BTreeMap<&'s ResourceId, Vec<&'s ResourceId>>,
    ) -> bool {
        let Some(resource) = self.ours.get(part) else {
            return false;
        };
        if is_follower(resource, owners.get(part)) {
            let mut owners = owners.get(part).into_iter().flatten();
            return owners.all(|it| self.stays.contains_key(it));
        }
        // What is the rack's only as a part of something stays with it, unless that merely keeps
        // its data: a file system can be kept without its mount targets.
        let derived = case.belongings.of(part).class == Class::Derived;
        derived
            && match self.stays.get(owner) {
                Some(
                    Why::NoConsent { .. }
                    | Why::Protected { .. }
                    | Why::Retained { .. }
                    | Why::GoesWith { .. }
                    | Why::Going { .. },
                )
                | None => false,
                Some(
                    Why::Shared { .. }
                    | Why::Foreign { .. }
                    | Why::Unread { .. }
                    | Why::Inferred { .. }
                    | Why::Kept { .. }
                    | Why::NeverDeletable { .. },
                ) => true,
            }
    }
}
