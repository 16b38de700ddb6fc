//! What about the rack's stacks stands in the way: CloudFormation deletes a stack whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::some;
use crate::{
    arn,
    id::ResourceId,
    kind::{AsKind as _, Fact, Kind, network_interface::NetworkInterface, stack::Stack},
    rule::Case,
    snapshot::Resource,
    teardown::{
        fate::Fates,
        plan::{Blocker, Consent, Why},
        stacks::Tree,
    },
};

/// Everything because of which one of these must not be deleted.
pub(super) fn all(
    case: &Case<'_>,
    trees: &[Tree<'_>],
    fates: &Fates<'_>,
    consent: &Consent,
) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    for tree in trees {
        for (resource, stack) in &tree.stacks {
            blockers.extend(busy(resource, &stack.status));
            blockers.extend(unopened(case, resource, stack));
            blockers.extend(retained(resource, stack));
            blockers.extend(failed(resource, stack, tree.root, consent));
            blockers.extend(unseen_importers(case, resource, stack));
        }
        if fates.stays.contains_key(&tree.root.id) {
            blockers.extend(held_up(case, tree, trees, fates));
        }
    }
    blockers
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
            format!(
                "allow {call}, read the rack again (`teardown --rack`, or `snapshot --teardown`), \
                 and plan anew"
            ),
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
