//! How one resource holds on to another.

use serde::{Deserialize, Serialize};

use crate::{id::ResourceId, kind::Kind};

/// An edge, told by the resource whose description reveals it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    pub to: ResourceId,
    pub kind: RelationKind,
    /// The AWS field that says so, for example `SubnetId`.
    pub evidence: &'static str,
    /// The port that traffic arrives at, where the edge carries traffic.
    pub port: Option<u16>,
    /// Share of the traffic, as AWS writes it (0–999), where a forward has several goals.
    pub weight: Option<u32>,
}

impl Relation {
    pub fn new(kind: RelationKind, to: ResourceId, evidence: &'static str) -> Self {
        Self {
            to,
            kind,
            evidence,
            port: None,
            weight: None,
        }
    }

    /// The same edge to each resource of one kind.
    pub fn each<'k>(
        kind: RelationKind,
        held: Kind,
        keys: impl IntoIterator<Item = &'k String>,
        evidence: &'static str,
    ) -> impl Iterator<Item = Self> {
        keys.into_iter()
            .map(move |it| Self::new(kind, ResourceId::new(held, it), evidence))
    }

    pub fn port(mut self, port: impl Into<Option<u16>>) -> Self {
        self.port = port.into();
        self
    }

    pub fn weight(mut self, weight: impl Into<Option<u32>>) -> Self {
        self.weight = weight.into();
        self
    }
}

/// What an edge means for belonging, for traffic and for the order of removal.
///
/// Every edge points from the holder to what is held, so a holder goes before what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// A stack created it and deletes it.
    Declares,
    /// Brought it into being and replaces it when it goes: a group its instances, a service its
    /// tasks, a load balancer its interfaces.
    Makes,
    /// Cannot exist without it: a listener without its load balancer.
    PartOf,
    /// Placed inside it: an instance in a subnet, a subnet in a VPC.
    SitsIn,
    /// Needs it while it exists.
    Uses,
    /// Runs on its machine: a task on a container instance.
    RunsOn,
    /// Sends requests on to it.
    ForwardsTo,
    /// Sends packets or names to it: a route table to a gateway, a record to a load balancer.
    RoutesTo,
    /// Names it as a permitted peer; can be cut ahead of time.
    Admits,
    /// Delivers logs or events into it.
    WritesTo,
    /// Measures it, and could do without: an alarm and the thing whose metric it is about.
    Watches,
}

impl RelationKind {
    /// Whether the held thing exists because of the holder.
    pub fn is_origin(self) -> bool {
        matches!(self, Self::Declares | Self::Makes)
    }

    /// Kebab-case name, as in the snapshot file and in `edges.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declares => "declares",
            Self::Makes => "makes",
            Self::PartOf => "part-of",
            Self::SitsIn => "sits-in",
            Self::Uses => "uses",
            Self::RunsOn => "runs-on",
            Self::ForwardsTo => "forwards-to",
            Self::RoutesTo => "routes-to",
            Self::Admits => "admits",
            Self::WritesTo => "writes-to",
            Self::Watches => "watches",
        }
    }
}
