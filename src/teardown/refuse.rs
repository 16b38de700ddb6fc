//! What stands in the way of a teardown, and what a person should know before it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    fate::{self, Fates},
    plan::{Blocker, Consent, Why},
    stacks::Tree,
};
use crate::{
    arn,
    belonging::{self, Class},
    id::ResourceId,
    kind::{
        AsKind as _, Fact, Kind, bucket::Bucket, cluster::Cluster, db_cluster::DbCluster,
        elastic_ip::ElasticIp, hosted_zone::HostedZone, network_interface::NetworkInterface,
        stack::Stack, volume::Volume,
    },
    rack::{Maker, STACK_ID_TAG},
    removal::Removal,
    rule::{Case, dangling_name::Goals},
    snapshot::{Gap, Resource, Snapshot},
    text,
};

/// Everything because of which the plan must not be run.
pub(super) fn all(
    snapshot: &Snapshot,
    case: &Case<'_>,
    trees: &[Tree<'_>],
    fates: &Fates<'_>,
    consent: &Consent,
) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    for tree in trees {
        blockers.extend(tree.stacks.iter().filter_map(|it| busy(it.0, &it.1.status)));
        blockers.extend(
            tree.stacks
                .iter()
                .filter_map(|it| unopened(case, it.0, it.1)),
        );
        blockers.extend(tree.stacks.iter().flat_map(|it| retained(it.0, it.1)));
        if fates.stays.contains_key(&tree.root.id) {
            blockers.extend(held_up(case, tree, trees, fates));
        }
        let stacks = tree.stacks.iter();
        blockers.extend(stacks.filter_map(|it| failed(it.0, it.1, tree.root, consent)));
        let strange = tree.stacks.iter();
        blockers.extend(strange.flat_map(|it| unseen_importers(case, it.0, it.1)));
    }
    blockers.extend(gaps(snapshot, case, fates));
    blockers.extend(mistaken(case, consent));
    let going = || fates.goes.values();
    blockers.extend(going().filter_map(|it| locked(it)));
    blockers.extend(going().filter_map(|it| asleep(it)));
    if consent.backup {
        blockers.extend(going().filter_map(|it| not_copied_now(it, fates)));
    }
    blockers
}

/// Steps that wait for each other.
pub(super) fn circle(members: &[ResourceId]) -> Blocker {
    Blocker {
        resource: members.first().cloned(),
        what: format!(
            "{} hold each other, so that none of them can go first",
            text::count(members.len(), "thing")
        ),
        by: members.iter().map(ToString::to_string).collect(),
        evidence: "their own descriptions name each other".to_owned(),
        remedy: "take one of them off the others by hand, read the rack again, and plan anew"
            .to_owned(),
        consent: None,
    }
}

fn busy(stack: &Resource, status: &str) -> Option<Blocker> {
    let busy = status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
    busy.then(|| Blocker {
        resource: Some(stack.id.clone()),
        what: format!("{} is being changed by CloudFormation", stack.id),
        by: vec!["cloudformation".to_owned()],
        evidence: format!("StackStatus is {status}"),
        remedy: "wait until it is done, read the rack again, and plan anew".to_owned(),
        consent: None,
    })
}

/// A stack that CloudFormation could not delete, or not bring back to what it was: it would fail
/// there again, when everything else is gone.
fn failed(stack: &Resource, told: &Stack, root: &Resource, consent: &Consent) -> Option<Blocker> {
    let id = &stack.id;
    let retainable = stack.id == root.id && !told.failed().is_empty();
    if retainable && consent.retain {
        return None;
    }
    let remedy = match told.status.as_str() {
        "DELETE_FAILED" if retainable => "see in its events why and take the cause away, or say \
             --retain-resources: then the stack goes without what it failed at, and that goes by \
             itself where it may, and else stays"
            .to_owned(),
        "DELETE_FAILED" => format!(
            "see in its events why, take the cause away or delete it there with --retain-resources \
             (aws cloudformation delete-stack --stack-name {}), and read the rack again",
            id.key
        ),
        "UPDATE_ROLLBACK_FAILED" => format!(
            "see in its events why, then: aws cloudformation continue-update-rollback --stack-name \
             {}; and read the rack again",
            id.key
        ),
        _ => return None,
    };
    let members = told.members.known().into_iter().flatten();
    let culprits = members.filter(|it| it.status.ends_with("_FAILED"));
    let culprits: Vec<String> = culprits
        .map(|it| format!("{} ({})", it.logical, it.cloudformation))
        .collect();
    let evidence = if culprits.is_empty() {
        format!("StackStatus is {}", told.status)
    } else {
        format!(
            "StackStatus is {}, because of {}",
            told.status,
            culprits.join(", ")
        )
    };
    Some(Blocker {
        resource: Some(id.clone()),
        what: format!("CloudFormation failed at {id} the last time, and would fail again"),
        by: vec!["cloudformation".to_owned()],
        evidence,
        remedy,
        consent: retainable.then(|| "--retain-resources".to_owned()),
    })
}

/// A bucket whose versions nobody can delete, or not without a device.
fn locked(resource: &Resource) -> Option<Blocker> {
    let bucket = Bucket::of(&resource.attrs)?;
    if bucket.is_empty() == Some(true) {
        return None;
    }
    let id = &resource.id;
    let lock = bucket.lock.known().and_then(Option::as_ref);
    let (by, evidence) = match lock {
        Some(lock) => {
            let mode = lock.mode.as_deref();
            let mode = mode.map_or_else(String::new, |it| format!(", mode {it}"));
            ("Object Lock", format!("ObjectLockEnabled is on{mode}"))
        }
        None if bucket.mfa_delete => ("MFA delete", "MFADelete is Enabled".to_owned()),
        None => return None,
    };
    Some(Blocker {
        resource: Some(id.clone()),
        what: format!("{by} keeps what is in {id} from being deleted"),
        by: vec![by.to_owned()],
        evidence,
        remedy: format!(
            "say --spare {id} and let it stay, or empty it yourself and read the rack again"
        ),
        consent: None,
    })
}

/// A database cluster that AWS does not delete as it is.
fn asleep(resource: &Resource) -> Option<Blocker> {
    let cluster = DbCluster::of(&resource.attrs)?;
    let id = &resource.id;
    matches!(cluster.status.as_str(), "stopped" | "stopping").then(|| Blocker {
        resource: Some(id.clone()),
        what: format!("{id} is stopped, and AWS deletes the instances of a running cluster only"),
        by: vec!["rds".to_owned()],
        evidence: format!("Status is {}", cluster.status),
        remedy: format!(
            "aws rds start-db-cluster --db-cluster-identifier {}; read the rack again when it is \
             available",
            id.key
        ),
        consent: None,
    })
}

/// What AWS could copy, but not in the state that it is in. To destroy it all the same would be
/// the opposite of what --backup asks for.
fn not_copied_now(resource: &Resource, fates: &Fates<'_>) -> Option<Blocker> {
    let wanted = fates.holds_data(resource) && fate::is_copyable(resource);
    let (state, ready) = fate::not_ready(resource).filter(|_| wanted)?;
    let id = &resource.id;
    (!fate::is_going(resource)).then(|| Blocker {
        resource: Some(id.clone()),
        what: format!("No copy can be made of {id} as it is, and --backup asks for one"),
        by: vec![id.to_string()],
        evidence: format!("its state is {state}; AWS copies what is {ready}"),
        remedy: format!(
            "bring it to {ready} and read the rack again, or say --spare {id}; without --backup it \
             is deleted without a copy"
        ),
        consent: None,
    })
}

/// A stack of which it was not read what it deletes, what it leaves, or who needs it.
fn unopened(case: &Case<'_>, resource: &Resource, stack: &Stack) -> Option<Blocker> {
    let id = &resource.id;
    let mut exports = stack.exports.known().into_iter().flatten();
    let (what, evidence, call) = if stack.members == Fact::Unread {
        let what = format!("What {id} would delete is not known");
        (what, "its resources were not read", "ListStackResources")
    } else if stack.kept == Fact::Unread {
        let what = format!("What {id} would leave behind is not known");
        (what, "its template was not read", "GetTemplate")
    } else if stack.exports == Fact::Unread {
        let what = format!("Whether other stacks need {id} is not known");
        (what, "which values it exports was not read", "ListExports")
    } else if let Some(export) = exports.find(|it| it.importers == Fact::Unread) {
        let what = format!(
            "Whether other stacks need {} of {id} is not known",
            export.name
        );
        (what, "who imports it was not read", "ListImports")
    } else {
        return None;
    };
    let mut gaps = case.gaps.iter();
    let gap = gaps.find(|it| it.resource.as_ref() == Some(id) && it.action.ends_with(call));
    let call = gap.map_or(format!("cloudformation:{call}"), |it| it.action.clone());
    Some(Blocker {
        resource: Some(id.clone()),
        what,
        by: vec![call.clone()],
        evidence: evidence.to_owned(),
        remedy: format!("allow {call}, read the rack again, and plan anew"),
        consent: None,
    })
}

/// Nested stacks that the deletion of their parent would leave there.
fn retained(parent: &Resource, stack: &Stack) -> Vec<Blocker> {
    let kept = stack.keeps().into_iter().flatten();
    let kept = kept.filter(|it| it.1 != "Snapshot");
    let kept = kept.filter_map(|(member, policy)| {
        let id = arn::stack_resource(&member.cloudformation, &member.physical)?;
        (id.kind == Kind::Stack).then_some((id, policy))
    });
    kept.map(|(nested, policy)| Blocker {
        what: format!(
            "{} is deleted without {nested}, which is nested in it",
            parent.id
        ),
        by: vec![parent.id.to_string()],
        evidence: format!("its template gives it DeletionPolicy {policy}"),
        remedy: format!(
            "take the policy out of the template of {}, update the stack, and read the rack again",
            parent.id
        ),
        resource: Some(nested),
        consent: None,
    })
    .collect()
}

/// Stacks that nobody has seen and that import a value of one that goes.
fn unseen_importers(case: &Case<'_>, resource: &Resource, stack: &Stack) -> Vec<Blocker> {
    let exports = stack.exports.known().into_iter().flatten();
    let pairs = exports.flat_map(|export| {
        let importers = export.importers.known().into_iter().flatten();
        importers.map(|it| (&export.name, ResourceId::new(Kind::Stack, it)))
    });
    let unseen = pairs.filter(|(_, it)| case.graph.get(it).is_none());
    unseen
        .map(|(export, importer)| Blocker {
            resource: Some(resource.id.clone()),
            what: format!(
                "{} is needed by {importer}, of which nothing was read",
                resource.id
            ),
            by: vec![importer.to_string()],
            evidence: format!("it imports {export}"),
            remedy: format!("take the import out of {importer}, or delete that first"),
            consent: None,
        })
        .collect()
}

/// Why a stack of the rack cannot be deleted, told by what it would take along.
fn held_up(
    case: &Case<'_>,
    tree: &Tree<'_>,
    trees: &[Tree<'_>],
    fates: &Fates<'_>,
) -> Vec<Blocker> {
    let root = &tree.root.id;
    // What another stack of the rack would take along is told of that stack.
    let is_told = |it: &ResourceId| {
        let mut trees = trees.iter();
        trees.any(|tree| tree.root.id == *it || tree.leaves_behind(it) == Some(false))
    };
    let mut reasons: BTreeMap<&Why, Vec<&ResourceId>> = BTreeMap::new();
    let members = tree.members.iter().copied().chain([root]);
    for member in members.filter(|it| tree.leaves(it) != Some(true)) {
        let Some(why) = fates.stays.get(member) else {
            continue;
        };
        if let Why::GoesWith { with } = why {
            // Whatever is behind it stands in the way, too, where no stack takes it along.
            if let Some(why) = cause(with, fates)
                && !is_told(with)
            {
                reasons.entry(why).or_default().push(member);
            }
        } else if !matches!(why, Why::Going { .. }) {
            reasons.entry(why).or_default().push(member);
        }
    }
    let mut merged: BTreeMap<(String, Option<String>), Vec<Blocker>> = BTreeMap::new();
    for (why, members) in reasons {
        let blocker = hindered(case, root, why, &members);
        let key = (blocker.remedy.clone(), blocker.consent.clone());
        merged.entry(key).or_default().push(blocker);
    }
    merged.into_values().flatten().collect()
}

/// The reason at the end of a chain of things that stay with each other.
fn cause<'f>(id: &ResourceId, fates: &'f Fates<'_>) -> Option<&'f Why> {
    let mut why = fates.stays.get(id)?;
    let mut seen = BTreeSet::from([id]);
    while let Why::GoesWith { with } = why {
        if !seen.insert(with) {
            return None;
        }
        why = fates.stays.get(with)?;
    }
    Some(why)
}

fn names(ids: &[&ResourceId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// A few names, and how many more there are.
pub(super) fn some(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => {
            format!("{one}, {two} and {} more", rest.len())
        }
    }
}

fn hindered(case: &Case<'_>, root: &ResourceId, why: &Why, members: &[&ResourceId]) -> Blocker {
    let theirs = names(members);
    let told = some(&theirs);
    let (what, evidence, by, remedy, consent) = match why {
        Why::NoConsent { data } => (
            format!(
                "Deleting {root} deletes {told}, and nobody agreed to lose {}",
                data.name()
            ),
            "CloudFormation deletes what a stack made and is not told to retain".to_owned(),
            theirs,
            format!("if their data may go, say --delete {}", data.name()),
            Some(format!("--delete {}", data.name())),
        ),
        Why::Protected { guard, field } => (
            match members {
                [_] => format!("{told} must not be deleted: its protection is on"),
                _ => format!("{told} must not be deleted: their protection is on"),
            },
            format!("{field} is on"),
            theirs,
            format!(
                "if it may go all the same, say --disable-protection {}",
                guard.name()
            ),
            Some(format!("--disable-protection {}", guard.name())),
        ),
        Why::Shared { others } => {
            let remedy = apart(case, members, others);
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            (
                format!("Deleting {root} deletes {told}, which others use, too"),
                format!("used by {}", some(&others)),
                others,
                remedy,
                None,
            )
        }
        Why::Kept { by } => (
            format!("Deleting {root} deletes {told}, which is to be kept"),
            format!("kept by {by}"),
            vec![by.clone()],
            "give it DeletionPolicy Retain in the stack's template and update the stack, or do \
             without keeping it"
                .to_owned(),
            None,
        ),
        Why::Unread { call } => (
            format!("Whether {told} may be deleted is not known"),
            format!("{call} was not answered"),
            vec![call.clone()],
            format!("allow {call}, read the rack again, and plan anew"),
            None,
        ),
        Why::Inferred { evidence } => (
            format!(
                "{told} {} only taken for the rack's, and {root} cannot go before",
                is_are(members)
            ),
            evidence.clone(),
            theirs,
            "if it is the rack's, say --include inferred".to_owned(),
            Some("--include inferred".to_owned()),
        ),
        Why::NeverDeletable { reason } => (
            format!("{told} cannot be deleted"),
            reason.clone(),
            theirs,
            "see who holds it in the AWS console, and read the rack again when it is gone"
                .to_owned(),
            None,
        ),
        Why::Retained { by } => (
            format!(
                "{told} {} left by {by}, with what is needed there",
                is_are(members)
            ),
            "what stays needs it".to_owned(),
            theirs,
            "agree to lose it, too, or let what it needs stay".to_owned(),
            None,
        ),
        Why::Foreign { evidence } => (
            format!("{told} {} not the rack's", is_are(members)),
            evidence.clone(),
            theirs,
            "leave it".to_owned(),
            None,
        ),
        Why::GoesWith { .. } | Why::Going { .. } => (
            format!("{told} stays"),
            "it cannot go yet".to_owned(),
            theirs,
            "read the rack again in a while".to_owned(),
            None,
        ),
    };
    Blocker {
        resource: Some(root.clone()),
        what,
        by,
        evidence,
        remedy,
        consent,
    }
}

fn is_are(members: &[&ResourceId]) -> &'static str {
    if members.len() == 1 { "is" } else { "are" }
}

/// Whether it is an interface that AWS made for something that is gone.
fn is_remnant(case: &Case<'_>, id: &ResourceId) -> bool {
    let interface = case.graph.get(id);
    let interface = interface.and_then(|it| NetworkInterface::of(&it.attrs));
    let owner = interface.and_then(NetworkInterface::owner);
    owner.is_some_and(|it| case.graph.get(&it).is_none())
}

/// How a thing comes to be the rack's alone.
fn apart(case: &Case<'_>, members: &[&ResourceId], others: &[ResourceId]) -> String {
    if others.iter().all(|it| is_remnant(case, it)) {
        return "wait: AWS takes it away by itself some time after what it was made for, in minutes \
                for a load balancer and in up to an hour for a function; then read the rack again"
            .to_owned();
    }
    let tables: Vec<&str> = others
        .iter()
        .filter(|it| it.kind == Kind::RouteTable)
        .map(|it| it.key.as_str())
        .collect();
    match members {
        [one] if one.kind == Kind::VpcEndpoint && tables.len() == others.len() => format!(
            "if their owner agrees: aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} \
             --remove-route-table-ids {}; then read the rack again. Whatever is behind these tables \
             loses the endpoint: its traffic goes through a NAT gateway, which bills it, or stops \
             where there is none",
            one.key,
            tables.join(" ")
        ),
        _ => {
            "move its other users away from it, or ask whoever owns them; then read the rack again"
                .to_owned()
        }
    }
}

/// What could not be read, and may hide a user of what is to go.
fn gaps(snapshot: &Snapshot, case: &Case<'_>, fates: &Fates<'_>) -> Vec<Blocker> {
    let kinds: BTreeSet<Kind> = fates.goes.keys().map(|it| it.kind).collect();
    let matters = |gap: &&Gap| match &gap.resource {
        // Of a listing that failed nobody knows what it holds on to.
        None => kinds.iter().any(|it| may_hold(gap.kind, *it)),
        Some(id) => fates.goes.contains_key(id) && !is_harmless(&gap.action),
    };
    let missing = snapshot.gaps.iter().filter(matters);
    missing
        .map(|gap| {
            let about = match &gap.resource {
                Some(id) => format!("{id} was not read whole"),
                None => format!(
                    "Whether a {} uses what is to go is not known",
                    gap.kind.name()
                ),
            };
            Blocker {
                resource: gap
                    .resource
                    .clone()
                    .filter(|it| case.graph.get(it).is_some()),
                what: about,
                by: vec![gap.call.clone()],
                evidence: format!("{} was {} ({})", gap.call, gap.reason.name(), gap.code),
                remedy: format!("allow {}, read the rack again, and plan anew", gap.action),
                consent: None,
            }
        })
        .collect()
}

/// Whether a thing of one kind may keep one of the other kind from going, or be hurt by it.
fn may_hold(holder: Kind, held: Kind) -> bool {
    match holder {
        // These hold nothing but keys.
        Kind::Bucket
        | Kind::Table
        | Kind::FileSystem
        | Kind::Repository
        | Kind::Parameter
        | Kind::Volume
        | Kind::EbsSnapshot
        | Kind::LogGroup
        | Kind::KeyAlias => matches!(held, Kind::Key),
        Kind::Queue => matches!(held, Kind::Key | Kind::Queue),
        // These hold nothing.
        Kind::Key
        | Kind::KeyPair
        | Kind::Certificate
        | Kind::ElasticIp
        | Kind::Policy
        | Kind::Vpc => false,
        Kind::Alarm => matches!(held, Kind::Topic | Kind::Function | Kind::Alarm),
        Kind::Stack
        | Kind::Cluster
        | Kind::Service
        | Kind::Task
        | Kind::TaskDefinition
        | Kind::ContainerInstance
        | Kind::CapacityProvider
        | Kind::ScalableTarget
        | Kind::LoadBalancer
        | Kind::Listener
        | Kind::ListenerRule
        | Kind::TargetGroup
        | Kind::ClassicLoadBalancer
        | Kind::AutoScalingGroup
        | Kind::LaunchConfiguration
        | Kind::LaunchTemplate
        | Kind::Instance
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::InternetGateway
        | Kind::NatGateway
        | Kind::NetworkInterface
        | Kind::SecurityGroup
        | Kind::NetworkAcl
        | Kind::VpcEndpoint
        | Kind::HostedZone
        | Kind::Namespace
        | Kind::DiscoveryService
        | Kind::MountTarget
        | Kind::DbInstance
        | Kind::DbCluster
        | Kind::DbSubnetGroup
        | Kind::ReplicationGroup
        | Kind::CacheCluster
        | Kind::Topic
        | Kind::Function
        | Kind::EventRule
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::Secret => true,
    }
}

/// Whether a call only tells of things that no removal depends on.
fn is_harmless(action: &str) -> bool {
    let (_, call) = action.split_once(':').unwrap_or(("", action));
    // Without it nobody knows whether a lock keeps its versions.
    if call == "GetBucketVersioning" {
        return false;
    }
    let about = [
        "Metric",
        "Tag",
        "Policy",
        "Encryption",
        "Lifecycle",
        "Public",
        "Health",
        "Cost",
        "Usage",
        "Version",
    ];
    about.iter().any(|it| call.contains(it))
}

/// What a person wanted to keep and nobody has seen: it may be a slip of the pen.
fn mistaken(case: &Case<'_>, consent: &Consent) -> Vec<Blocker> {
    let unmatched = consent.keep.iter().filter(|entry| {
        let mut all = case.graph.resources();
        !all.any(|it| fate::is_named(it, entry))
    });
    unmatched
        .map(|entry| Blocker {
            resource: None,
            what: format!("Nothing is called {entry}, which is to be kept"),
            by: vec![format!("--spare {entry}")],
            evidence: "no resource of the snapshot has that id, ARN, name or tag".to_owned(),
            remedy: "write it as `racklens list` shows it".to_owned(),
            consent: None,
        })
        .collect()
}

/// What a person should know although nothing waits for it: whole sentences.
pub(super) fn notes(
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
const NAMED: usize = 20;

/// That a part of the rack is gone, and what may have been its: what only its use tied to it cannot
/// be told from anybody's any more.
fn half_gone(case: &Case<'_>) -> Option<String> {
    let evidence = part_is_gone(case)?;
    let graph = case.graph;
    let used: BTreeSet<&ResourceId> = graph.edges().into_iter().map(|it| it.2).collect();
    let unused = graph.resources().filter(|it| {
        let ours = !case.belongings.of(&it.id).is_foreign();
        let goes = matches!(it.attrs.model().removal(), Removal::By { .. });
        let lone = !matches!(it.id.kind, Kind::Stack | Kind::Cluster | Kind::Alarm);
        // What another stack made, or left, is told by its tags whose it is.
        let tagged = it.tags.contains_key(STACK_ID_TAG);
        !ours && goes && lone && !tagged && !used.contains(&it.id)
    });
    let unused: Vec<String> = unused.map(|it| it.id.to_string()).collect();
    let them = match unused.split_at_checked(NAMED) {
        None => unused.join(", "),
        Some((named, [])) => named.join(", "),
        Some((named, rest)) => format!("{} and {} more", named.join(", "), rest.len()),
    };
    let them = match unused.len() {
        0 => "Nothing was seen that is used by nobody.".to_owned(),
        _ => format!("Used by nobody that was seen: {them}."),
    };
    Some(format!(
        "A part of the rack is gone already: {evidence}. What only its use tied to it is in this \
         plan no more, for it cannot be told from anybody else's. {them} If racklens began this \
         teardown, go on with it instead: racklens teardown --resume JOURNAL."
    ))
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
    let works = graph.resources().any(|it| {
        matches!(
            it.id.kind,
            Kind::Service | Kind::Task | Kind::ContainerInstance
        ) && ours(it)
    });
    (!works).then(|| "no service, task or machine is in its clusters".to_owned())
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
