//! Builders for the unit tests: the smallest resource that shows a thing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    belonging,
    graph::Graph,
    kind::{
        AsKind, Fact, Kind,
        cluster::Cluster,
        stack::{Member, Stack},
    },
    rack::{self, Maker, Rack},
    removal::Data,
    rule::{Case, Run},
    snapshot::{Gap, Gaps, Money, Origin, Reason, Resource, Snapshot},
    teardown::{self, Consent, Plan, protection::Guard},
};

#[cfg(feature = "aws")]
pub mod cbor;
#[cfg(feature = "aws")]
pub mod replay;

/// Everything is allowed.
pub fn all() -> Consent {
    Consent {
        delete: Data::ALL.iter().copied().collect(),
        disable: Guard::ALL.iter().copied().collect(),
        inferred: true,
        ..Consent::default()
    }
}

/// The plan of a snapshot's rack.
pub fn planned(snapshot: &Snapshot, consent: &Consent) -> Plan {
    let graph = Graph::build(&snapshot.resources);
    let definition = snapshot.definition.as_ref();
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, definition).unwrap();
    let belongings = belonging::decide(&graph, &rack);
    let case = Case {
        graph: &graph,
        rack: &rack,
        belongings: &belongings,
        gaps: &Gaps::of(&snapshot.gaps),
        taken: snapshot.taken,
        account: None,
        run: &Run::default(),
    };
    teardown::make(snapshot, &case, None, consent)
}

/// A snapshot of these alone.
pub fn snapshot(resources: Vec<Resource>) -> Snapshot {
    Snapshot {
        format: 1,
        tool: "test".to_owned(),
        taken: Timestamp::UNIX_EPOCH,
        took_ms: 0,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        identity: "arn:aws:iam::123456789012:user/karim".to_owned(),
        rack: "prod".to_owned(),
        definition: None,
        calls: BTreeMap::new(),
        gaps: Vec::new(),
        money: Money::default(),
        resources,
        origin: Origin::default(),
    }
}

/// A live stack of that name, not opened.
pub fn stack(name: &str) -> Resource {
    let arn = format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/0000");
    let attrs = Stack {
        arn: arn.clone(),
        status: "CREATE_COMPLETE".to_owned(),
        ..Stack::default()
    };
    Resource::new(name, attrs).arn(arn)
}

/// An active cluster of that name.
pub fn cluster(name: &str) -> Resource {
    let status = "ACTIVE".to_owned();
    Resource::new(
        name,
        Cluster {
            status,
            ..Cluster::default()
        },
    )
}

/// The same resource with these tags.
pub fn tagged<const N: usize>(resource: Resource, tags: [(&str, &str); N]) -> Resource {
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    resource.tags(BTreeMap::from(tags))
}

/// Hands a test the case of a rack that owns what `is_ours` says.
pub fn owned<T>(
    resources: &[Resource],
    gaps: &[Gap],
    is_ours: impl Fn(&Resource) -> bool,
    test: impl FnOnce(&Case<'_>) -> T,
) -> T {
    let graph = Graph::build(resources);
    let ours = resources.iter().filter(|it| is_ours(it));
    let rack = Rack {
        name: "prod".to_owned(),
        made_by: Maker::Unknown,
        roots: ours.map(|it| (it.id.clone(), String::new())).collect(),
        keep: BTreeSet::new(),
        unseen: Vec::new(),
    };
    test(&Case {
        graph: &graph,
        rack: &rack,
        belongings: &belonging::decide(&graph, &rack),
        gaps: &Gaps::of(gaps),
        taken: Timestamp::UNIX_EPOCH,
        account: None,
        run: &Run::default(),
    })
}

/// A refused listing.
pub fn gap(kind: Kind, call: &str) -> Gap {
    Gap {
        kind,
        resource: None,
        call: call.to_owned(),
        action: call.to_owned(),
        reason: Reason::Denied,
        code: "AccessDenied".to_owned(),
        message: "not allowed".to_owned(),
    }
}

/// The same stack, opened: it made these, told by type and physical id, by which its template names
/// them, too; it leaves nothing there, and nobody needs a value of it.
pub fn opened(mut stack: Resource, members: &[(&str, &str)]) -> Resource {
    let members = members.iter().map(|(kind, physical)| Member {
        logical: (*physical).to_owned(),
        cloudformation: (*kind).to_owned(),
        physical: (*physical).to_owned(),
        status: "CREATE_COMPLETE".to_owned(),
    });
    if let Some(attrs) = Stack::of_mut(&mut stack.attrs) {
        attrs.members = Fact::Known(members.collect());
        attrs.kept = Fact::Known(BTreeMap::new());
        attrs.exports = Fact::Known(Vec::new());
    }
    stack
}
