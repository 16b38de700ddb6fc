//! What a person should know before a teardown although nothing waits for it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    fate::{self, Fates},
    plan::Consent,
    refuse::some,
    stacks::Tree,
};
use crate::{
    arn,
    belonging::{self, Class},
    id::ResourceId,
    kind::{
        AsKind as _, Fact, Kind, bucket::Bucket, cluster::Cluster, elastic_ip::ElasticIp,
        function::Function, hosted_zone::HostedZone, volume::Volume,
    },
    rack::{Maker, STACK_ID_TAG},
    relation::RelationKind,
    removal::Removal,
    rule::{Case, dangling_name::Goals},
    snapshot::Resource,
};

/// Whole sentences.
pub(super) fn all(
    case: &Case<'_>,
    trees: &[Tree<'_>],
    fates: &Fates<'_>,
    consent: &Consent,
) -> Vec<String> {
    let mut notes = Vec::new();
    if case.rack.made_by == Maker::Terraform {
        notes.push(
            "Terraform manages this rack: `terraform destroy` is the other way. After this one its \
             state still lists what is gone until `terraform apply -refresh-only`."
                .to_owned(),
        );
    }
    for tree in trees {
        if !tree.strange.is_empty() && fates.goes.contains_key(&tree.root.id) {
            let types: Vec<String> = tree
                .strange
                .iter()
                .map(|(name, number)| match number {
                    1 => (*name).to_owned(),
                    _ => format!("{number} × {name}"),
                })
                .collect();
            notes.push(format!(
                "{} also deletes what racklens does not know, with whatever data is in it: {}.",
                tree.root.id,
                types.join(", ")
            ));
        }
        let unknown: Vec<String> = tree
            .left
            .iter()
            .filter(|(id, left)| **left == Fact::Unread && fates.goes.contains_key(**id))
            .map(|(id, _)| id.to_string())
            .collect();
        if !unknown.is_empty() {
            notes.push(format!(
                "Whether {} leaves {} behind was not read; either way it is gone in the end.",
                tree.root.id,
                some(&unknown)
            ));
        }
    }
    notes.extend(
        trees
            .iter()
            .filter_map(|it| without(case, it, fates, consent)),
    );
    notes.extend(trees.iter().flat_map(|it| copies(it, fates)));
    notes.extend(half_gone(case));
    notes.extend(dangling(case, fates));
    notes.extend(addresses(fates));
    notes.extend(uncopied(fates, consent));
    notes.extend(unseen(case, fates));
    notes
}

/// All that is lost without a copy, each by its name.
fn uncopied(fates: &Fates<'_>, consent: &Consent) -> Vec<String> {
    let named = |them: Vec<&Resource>| {
        let them: Vec<String> = them.iter().map(|it| it.id.to_string()).collect();
        them.join(", ")
    };
    let lost = fates.goes.values().copied();
    let lost = lost.filter(|it| fates.holds_data(it) && !fate::is_going(it));
    let (copyable, lost): (Vec<&Resource>, Vec<&Resource>) =
        lost.partition(|it| fate::is_copyable(it));
    let (files, lost): (Vec<&Resource>, Vec<&Resource>) = lost
        .into_iter()
        .partition(|it| it.id.kind == Kind::FileSystem);
    let mut notes = Vec::new();
    if !consent.backup && !copyable.is_empty() {
        notes.push(format!(
            "No copy is made of {}: with --backup one is made before anything is destroyed.",
            named(copyable)
        ));
    }
    if !files.is_empty() {
        notes.push(format!(
            "No copy is made of {}: only AWS Backup copies a file system, and racklens does not \
             ask it to. Back it up there first, if anybody may want its files.",
            named(files)
        ));
    }
    if consent.backup && !lost.is_empty() {
        notes.push(format!(
            "No copy is made of {}: what is in there is lost.",
            named(lost)
        ));
    }
    notes
}

/// What may be in the way, or be hurt, and is of no kind that was read.
fn unseen(case: &Case<'_>, fates: &Fates<'_>) -> Vec<String> {
    let of = |kind: Kind| -> Vec<String> {
        let goes = fates.goes.keys().filter(|it| it.kind == kind);
        goes.map(ToString::to_string).collect()
    };
    let mut notes = Vec::new();
    let buckets = fates.goes.values().filter(|it| {
        Bucket::of(&it.attrs)
            .is_some_and(|bucket| bucket.denies_deleting() && bucket.is_empty() != Some(true))
    });
    let buckets: Vec<String> = buckets.map(|it| it.id.to_string()).collect();
    if !buckets.is_empty() {
        notes.push(format!(
            "A policy denies deleting in {}: it is taken away first, and is not put back if the \
             rest fails.",
            buckets.join(", ")
        ));
    }
    let vpcs = of(Kind::Vpc);
    if !vpcs.is_empty() {
        notes.push(format!(
            "Peerings, virtual private gateways, egress-only gateways and transit gateway \
             attachments of {} were not looked at: AWS refuses to delete a VPC that has one.",
            vpcs.join(", ")
        ));
    }
    let groups = of(Kind::SecurityGroup);
    if !groups.is_empty() {
        notes.push(format!(
            "Rules of peered VPCs in other accounts and regions were not looked at: AWS refuses to \
             delete a group that one of them names, which may be {}.",
            some(&groups)
        ));
    }
    let files = of(Kind::FileSystem);
    if !files.is_empty() {
        notes.push(format!(
            "Whether {} is replicated to another file system was not looked at: AWS refuses to \
             delete one that is.",
            files.join(", ")
        ));
    }
    let disks = case.graph.of::<Volume>().filter(|(it, disk)| {
        let foreign = case.belongings.of(&it.id).is_foreign();
        foreign && disk.status == "available" && it.tags.is_empty()
    });
    let disks: Vec<String> = disks.map(|it| it.0.id.to_string()).collect();
    if !disks.is_empty() {
        notes.push(format!(
            "No machine has {}, and nothing tells whose it is: no plan takes it, and it costs.",
            disks.join(", ")
        ));
    }
    let keys = of(Kind::Key);
    if !keys.is_empty() {
        notes.push(format!(
            "Nothing that was read and stays needs {}. Not looked at: snapshots of databases, \
             recovery points of AWS Backup, objects with a key of their own, kinds that racklens \
             does not read, and other accounts. For {} days the deletion can be cancelled.",
            keys.join(", "),
            super::act::WINDOW_DAYS
        ));
    }
    let global = fates.goes.keys().filter(|it| {
        let kind = matches!(it.kind, Kind::Role | Kind::InstanceProfile | Kind::Policy);
        kind && case.belongings.of(it).class == Class::Inferred
    });
    let global: Vec<String> = global.map(ToString::to_string).collect();
    if !global.is_empty() {
        notes.push(format!(
            "IAM is of all regions, and other regions were not read: {} may be used there, too. If \
             in doubt, say --spare.",
            global.join(", ")
        ));
    }
    notes.extend(images(case, fates));
    let pairs = of(Kind::KeyPair);
    if !pairs.is_empty() {
        notes.push(format!(
            "Of {} AWS has the public half alone: whoever has the private half keeps it.",
            pairs.join(", ")
        ));
    }
    let ran = [Kind::Cluster, Kind::Service, Kind::TaskDefinition];
    if ran.into_iter().any(|it| !of(it).is_empty()) {
        notes.push(
            "Revisions of task definitions that nothing runs were not read and stay: AWS goes on \
             showing what stands in them, environment variables included."
                .to_owned(),
        );
    }
    notes
}

/// That a function may run an image that goes: its listing does not tell which one it has.
fn images(case: &Case<'_>, fates: &Fates<'_>) -> Option<String> {
    let names = |them: Vec<&ResourceId>| {
        let them: Vec<String> = them.iter().map(ToString::to_string).collect();
        some(&them)
    };
    let held = fates.goes.keys().copied();
    let held: Vec<&ResourceId> = held.filter(|it| it.kind == Kind::Repository).collect();
    let functions = case.graph.of::<Function>().filter(|(it, function)| {
        let image = function.package_type.as_deref() == Some("Image");
        image && !fates.goes.contains_key(&it.id)
    });
    let functions: Vec<&ResourceId> = functions.map(|it| &it.0.id).collect();
    (!held.is_empty() && !functions.is_empty()).then(|| {
        format!(
            "Which images these functions run was not read: {}. See that none is of {}, or they \
             stop working.",
            names(functions),
            names(held)
        )
    })
}

/// What a stack leaves because CloudFormation failed at it, and of which nothing was read.
fn without(
    case: &Case<'_>,
    tree: &Tree<'_>,
    fates: &Fates<'_>,
    consent: &Consent,
) -> Option<String> {
    let root = &tree.root.id;
    let (_, stack) = tree.stacks.iter().find(|it| it.0.id == *root)?;
    if !consent.retain || !fates.goes.contains_key(root) {
        return None;
    }
    let unseen = stack.failed().into_iter().filter(|it| {
        let id = arn::stack_resource(&it.cloudformation, &it.physical);
        id.is_none_or(|it| case.graph.get(&it).is_none())
    });
    let unseen: Vec<String> = unseen
        .map(|it| format!("{} ({} {})", it.logical, it.cloudformation, it.physical))
        .collect();
    (!unseen.is_empty()).then(|| {
        format!(
            "{root} is deleted without {}, at which CloudFormation failed: racklens did not read \
             whether that is still there and what it costs.",
            unseen.join(", ")
        )
    })
}

/// Copies that CloudFormation makes because a template asks for them, and leaves there.
fn copies(tree: &Tree<'_>, fates: &Fates<'_>) -> Vec<String> {
    let going = tree
        .stacks
        .iter()
        .filter(|it| fates.goes.contains_key(&it.0.id));
    let kept = going.flat_map(|(resource, stack)| {
        let kept = stack.keeps().into_iter().flatten();
        let copied = kept.filter(|it| it.1 == "Snapshot");
        copied.map(|(member, _)| {
            format!(
                "{} makes a last snapshot of {} ({}), as its template says; it stays and costs.",
                resource.id, member.physical, member.cloudformation
            )
        })
    });
    kept.collect()
}

/// How many things a note names.
const NAMED: usize = 60;

/// That a part of the rack is gone, and what may have been its: what only its use tied to it cannot
/// be told from anybody's any more.
fn half_gone(case: &Case<'_>) -> Option<String> {
    let evidence = part_is_gone(case);
    let mut roots = case.rack.roots.keys();
    let by_use = case.rack.made_by == Maker::Unknown && roots.any(|it| it.kind == Kind::Cluster);
    if evidence.is_none() && !by_use {
        return None;
    }
    let unused: Vec<String> = unused(case).iter().map(ToString::to_string).collect();
    let them = match unused.split_at_checked(NAMED) {
        None => unused.join(", "),
        Some((named, [])) => named.join(", "),
        Some((named, rest)) => format!("{} and {} more", named.join(", "), rest.len()),
    };
    let them = match unused.len() {
        0 => "Nothing was seen that is used by nobody.".to_owned(),
        _ => format!("Used by nobody that was seen: {them}."),
    };
    let begun = "If racklens began this teardown, go on with it instead: racklens teardown --resume \
                 JOURNAL.";
    Some(match evidence {
        Some(evidence) => format!(
            "It looks as if a part of the rack were gone already: {evidence}. What only its use tied \
             to it is in this plan no more, for it cannot be told from anybody else's. {them} {begun}"
        ),
        None => format!(
            "The rack is known by its use alone: what only something used that is gone already is \
             not in this plan. {them} {begun}"
        ),
    })
}

/// What is nobody's and is used by nothing, or by such things alone, in id order.
fn unused<'s>(case: &Case<'s>) -> BTreeSet<&'s ResourceId> {
    let graph = case.graph;
    let mut users: BTreeMap<&ResourceId, Vec<&ResourceId>> = BTreeMap::new();
    for (holder, edge, held) in graph.edges() {
        // That groups let each other in is no use; an interface is there for something else.
        if edge.kind != RelationKind::Admits && holder.kind != Kind::NetworkInterface {
            users.entry(held).or_default().push(holder);
        }
    }
    let removal = |it: &Resource| it.attrs.model().removal();
    let lone = graph.resources().filter(|it| {
        let foreign = case.belongings.of(&it.id).is_foreign();
        let own = matches!(it.id.kind, Kind::Stack | Kind::Cluster | Kind::Alarm);
        // What another stack made, or left, is told by its tags whose it is.
        let others = own || it.tags.contains_key(STACK_ID_TAG);
        foreign && !others && !matches!(removal(it), Removal::Never(_))
    });
    let lone: Vec<&ResourceId> = lone.map(|it| &it.id).collect();
    let mut unused: BTreeSet<&ResourceId> = BTreeSet::new();
    loop {
        let before = unused.len();
        for id in &lone {
            let mut users = users.get(id).into_iter().flatten();
            if users.all(|it| unused.contains(it)) {
                unused.insert(id);
            }
        }
        if unused.len() == before {
            // What is only a part of something is told with it.
            let by_itself = |it: &Resource| matches!(removal(it), Removal::By { .. });
            unused.retain(|it| graph.get(it).is_some_and(by_itself));
            return unused;
        }
    }
}

/// By what one sees that a part of the rack is gone.
fn part_is_gone(case: &Case<'_>) -> Option<String> {
    let ours = |it: &Resource| !case.belongings.of(&it.id).is_foreign();
    let graph = case.graph;
    if let Some(id) = case.rack.unseen.first() {
        return Some(format!("no {id} was seen"));
    }
    let left = graph.resources().filter(|it| ours(it));
    let mut left = left.filter_map(|it| Some((&it.id, belonging::left_by(it, graph)?)));
    if let Some((id, stack)) = left.next() {
        return Some(format!("{id} is left of stack {stack}"));
    }
    graph.of::<Cluster>().find(|it| ours(it.0))?;
    let works = graph
        .resources()
        .any(|it| matches!(it.id.kind, Kind::Service | Kind::Task) && ours(it));
    (!works).then(|| "no service and no task is in its clusters".to_owned())
}

/// Names in zones that stay that lead to what goes, and zones of which nobody knows.
fn dangling(case: &Case<'_>, fates: &Fates<'_>) -> Vec<String> {
    let goals = Goals::of(case.graph, |it| fates.goes.contains_key(it));
    if goals.is_empty() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let mut unread = Vec::new();
    for (zone, told) in case.graph.of::<HostedZone>() {
        if fates.goes.contains_key(&zone.id) || told.linked_service.is_some() {
            continue;
        }
        let Some(records) = told.records.known() else {
            unread.push(super::tell::label(&zone.id, zone.name.as_deref()));
            continue;
        };
        for (name, goal) in goals.led(records) {
            notes.push(format!(
                "{name} in {} leads to {goal} and then to nothing: take the record away, or \
                 somebody else may take over the name.",
                zone.id
            ));
        }
    }
    notes.sort();
    notes.dedup();
    if !unread.is_empty() {
        notes.push(format!(
            "Names in {} were not looked at: any that leads to what goes leads to nothing then, and \
             somebody else may take it over.",
            unread.join(", ")
        ));
    }
    notes
}

/// Addresses that are lost for good.
fn addresses(fates: &Fates<'_>) -> Option<String> {
    let addresses = fates.goes.values();
    let addresses = addresses.filter_map(|it| ElasticIp::of(&it.attrs));
    let addresses = addresses.map(|it| it.public_ip.clone());
    let addresses: Vec<String> = addresses.collect();
    (!addresses.is_empty()).then(|| {
        format!(
            "Public addresses that do not come back: {}. Tell whoever lets them in by number.",
            addresses.join(", ")
        )
    })
}
