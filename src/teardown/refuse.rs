//! What stands in the way of a teardown.

use std::collections::BTreeSet;

use super::{
    fate::{self, Fates},
    plan::{Blocker, Consent},
    stacks::Tree,
};
use crate::{
    id::ResourceId,
    kind::{AsKind as _, Kind, bucket::Bucket, db_cluster::DbCluster},
    rule::Case,
    snapshot::{Gap, Resource, Snapshot},
    text,
};

mod stacks;

/// Everything because of which the plan must not be run.
pub(super) fn all(
    snapshot: &Snapshot,
    case: &Case<'_>,
    trees: &[Tree<'_>],
    fates: &Fates<'_>,
    consent: &Consent,
) -> Vec<Blocker> {
    let mut blockers = stacks::all(case, trees, fates, consent);
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
        | Kind::Schedule
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
    // Tags again, of many things at once.
    if action == "tag:GetResources" {
        return true;
    }
    let about = [
        "DBClusterParameters",
        "DBClusterSnapshot",
        "DBParameters",
        "DBSnapshot",
        "LoadBalancerPolicies",
        "MultipartUploads",
        "Replication",
        "SSLPolicies",
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
