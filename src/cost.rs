//! What a rack costs a month by list prices, line by line, and what of it cannot be told.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::{
    belonging::Class,
    charge::{Amount as Asked, Charge},
    id::ResourceId,
    kind::Kind,
    price::{Basis, Book, Part, Price, Standing, Usd, tier},
    rule::Case,
    snapshot::{Gap, Resource},
    table::{self, column},
};

pub mod app;
mod asked;
pub mod diff;
pub mod group;
pub mod meter;
pub mod month;
mod owner;
pub mod service;
pub mod spent;
pub mod usage;
mod wanted;

pub use {
    asked::charges,
    month::Month,
    usage::{Origin, Usage},
    wanted::wanted,
};

/// What a bill is made with.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    pub region: &'a str,
    pub book: &'a Book,
    pub month: &'a Month,
    /// How much is used of what is billed by use.
    pub usage: &'a Usage,
}

/// What these figures are, and what they leave out.
pub const LIMITS: &str = "list prices, on demand; no free tier, no discounts, no data transfer, no taxes; S3 as if all \
     were of its Standard class";

/// One thing that a resource bills for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub resource: ResourceId,
    /// `stack NAME` or `service CLUSTER/NAME`; `None` where nothing tells.
    pub owner: Option<String>,
    /// What else uses the resource. Its lines do not count for the rack.
    pub shared_with: Option<Vec<ResourceId>>,
    /// What a person calls it: "instance hours".
    pub component: &'static str,
    /// Price List service code.
    pub service: &'static str,
    /// Usage type without its region's prefix; empty where none can be named.
    pub usage: String,
    pub amount: Amount,
}

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Known from the description of the resource, or from what was told of its use.
    Fixed {
        /// In units of the price, for the whole month.
        quantity: Decimal,
        /// The quantity, tier by tier.
        parts: Vec<Part>,
        usd: Usd,
        price: Price,
        origin: Origin,
    },
    /// As much as it is used, which nobody described.
    ByUse(Price),
    /// Not nothing: unknown.
    Unknown {
        /// Without a full stop.
        why: String,
        /// Because something could not be read, and not because no price is known.
        unread: bool,
    },
}

impl Amount {
    /// The amount, if it is known.
    pub fn usd(&self) -> Option<Usd> {
        match self {
            Self::Fixed { usd, .. } => Some(*usd),
            Self::ByUse(_) | Self::Unknown { .. } => None,
        }
    }

    /// The price that it is counted with, or would be.
    pub fn price(&self) -> Option<&Price> {
        match self {
            Self::Fixed { price, .. } | Self::ByUse(price) => Some(price),
            Self::Unknown { .. } => None,
        }
    }

    /// Who told the quantity, if one is known.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Fixed { origin, .. } => Some(*origin),
            Self::ByUse(_) | Self::Unknown { .. } => None,
        }
    }

    /// `known`, `by-use`, `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fixed { .. } => "known",
            Self::ByUse(_) => "by-use",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// What one rack costs in one month.
#[derive(Clone, Debug)]
pub struct Bill<'a> {
    /// In order of their resources.
    pub lines: Vec<Line>,
    pub month: Month,
    /// What could not be listed, although it may cost.
    pub gaps: Vec<&'a Gap>,
    /// Stacks of the rack that were not opened, so that what they declare is not known.
    pub unopened: Vec<ResourceId>,
    /// Resources that cost and were taken for foreign although their tags were not read.
    pub untold: Vec<ResourceId>,
}

impl Bill<'_> {
    /// The lines that count for the rack.
    pub fn own(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|it| it.shared_with.is_none())
    }

    /// The lines of what others use too. They do not count.
    pub fn shared(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|it| it.shared_with.is_some())
    }

    /// What is known of the rack's month; at least so much.
    pub fn total(&self) -> Usd {
        sum(self.own())
    }

    /// What of the total rests on prices that are not verified.
    pub fn doubtful(&self) -> Usd {
        let verified = |it: &Price| it.standing == Standing::Verified;
        sum(self
            .own()
            .filter(|it| it.amount.price().is_some_and(|it| !verified(it))))
    }

    /// The oldest and the newest date of the prices that the total rests on.
    pub fn dates(&self) -> Option<(&str, &str)> {
        let counted = self.own().filter(|it| it.amount.usd().is_some());
        let prices = counted.filter_map(|it| it.amount.price());
        let dates = prices.map(|it| it.as_of.as_str());
        let dates: BTreeSet<&str> = dates.filter(|it| !it.is_empty()).collect();
        Some((dates.first()?, dates.last()?))
    }

    /// Whether all that may cost was read. Use and missing prices are another matter.
    pub fn is_read(&self) -> bool {
        let unread = |it: &Line| matches!(it.amount, Amount::Unknown { unread: true, .. });
        self.gaps.is_empty()
            && self.unopened.is_empty()
            && self.untold.is_empty()
            && !self.own().any(unread)
    }

    /// Whether a line of the rack is unknown, so that the total is too low.
    pub fn has_unknown(&self) -> bool {
        let unknown = |it: &Line| matches!(it.amount, Amount::Unknown { .. });
        self.own().any(unknown)
    }
}

/// What these lines are known to come to.
pub fn sum<'l>(lines: impl IntoIterator<Item = &'l Line>) -> Usd {
    lines.into_iter().filter_map(|it| it.amount.usd()).sum()
}

/// Makes out what a rack costs in a month.
///
/// What the rack uses alone counts, however it came to be its own; what it shares is priced too,
/// and set apart. Tiers begin anew with each line, as nobody here knows the whole organization.
pub fn bill<'a>(case: &Case<'a>, terms: &Terms<'_>) -> Bill<'a> {
    let ours = case.graph.resources();
    let ours = ours.filter(|it| !case.belongings.of(&it.id).is_foreign());
    let lines = ours.flat_map(|resource| {
        let belonging = case.belongings.of(&resource.id);
        let shared = (belonging.class == Class::Shared).then(|| belonging.others.clone());
        let owner = owner::of(case, resource);
        let charges = charges(case.graph, resource).into_iter();
        charges.map(move |charge| Line {
            resource: resource.id.clone(),
            owner: owner.clone(),
            shared_with: shared.clone(),
            component: charge.component,
            service: charge.service,
            amount: amount(&resource.id, &charge, terms),
            usage: charge.usage,
        })
    });
    let lines: Vec<Line> = lines.collect();
    let kinds = Kind::ALL.iter().filter(|it| may_cost(**it));
    let mut gaps: Vec<&Gap> = kinds.flat_map(|it| table::missing(case, *it)).collect();
    gaps.sort();
    gaps.dedup();
    let untold = |it: &&Resource| {
        let foreign = case.belongings.of(&it.id).is_foreign();
        foreign && may_cost(it.id.kind) && column::tags_unread(case, it)
    };
    Bill {
        lines,
        month: terms.month.clone(),
        gaps,
        unopened: table::unopened(case),
        untold: case
            .graph
            .resources()
            .filter(untold)
            .map(|it| it.id.clone())
            .collect(),
    }
}

fn amount(id: &ResourceId, charge: &Charge, terms: &Terms<'_>) -> Amount {
    let unknown = |why: String| Amount::Unknown { why, unread: false };
    if let Asked::Unread(why) = charge.amount {
        return Amount::Unknown {
            why: why.to_owned(),
            unread: true,
        };
    }
    let Some(price) = terms
        .book
        .price(charge.service, terms.region, &charge.usage)
    else {
        return unknown(no_price(charge, terms));
    };
    let hours = Decimal::from(terms.month.hours());
    let (quantity, basis, origin) = match charge.amount {
        Asked::PerHour(units) => (units.checked_mul(hours), Basis::Hour, Origin::Described),
        Asked::PerMonth(units) => (Some(units), Basis::Month, Origin::Described),
        Asked::Metered(_) => match terms.usage.of(id, charge.component) {
            Some(used) => (Some(used.quantity), price.unit.basis, used.origin),
            None => return Amount::ByUse(price.clone()),
        },
        Asked::Unread(why) => return unknown(why.to_owned()),
    };
    // An hourly price of what is counted by the month, or the other way round, is wrong 730 times.
    if price.unit.basis != basis {
        return unknown(format!("its price is by the {}", price.unit.name));
    }
    let parts = quantity.and_then(|it| price.tiers.without_allowance().split(it));
    let counted = quantity.zip(parts);
    let counted = counted.and_then(|(quantity, parts)| {
        let usd = Usd::new(tier::total(&parts)?);
        Some(Amount::Fixed {
            quantity,
            parts,
            usd,
            price: price.clone(),
            origin,
        })
    });
    counted.unwrap_or_else(|| unknown("it is more than there are prices for".to_owned()))
}

/// Why there is no price.
fn no_price(charge: &Charge, terms: &Terms<'_>) -> String {
    let region = terms.region;
    let usage = &charge.usage;
    let used = match charge.amount {
        Asked::Metered(unit) => format!("it is billed by use, by the {unit}, and "),
        Asked::PerHour(_) | Asked::PerMonth(_) | Asked::Unread(_) => String::new(),
    };
    if usage.starts_with("SpotUsage:") {
        return "spot prices change and stand in no list".to_owned();
    }
    if terms.book.knows_region(region) {
        format!("{used}no price of {usage} in {region} is known")
    } else {
        format!("{used}no prices of {region} are known")
    }
}

/// Whether a resource of that kind may have a price of its own.
fn may_cost(kind: Kind) -> bool {
    match kind {
        Kind::Cluster
        | Kind::Task
        | Kind::LoadBalancer
        | Kind::ClassicLoadBalancer
        | Kind::Instance
        | Kind::Volume
        | Kind::NatGateway
        | Kind::ElasticIp
        | Kind::NetworkInterface
        | Kind::VpcEndpoint
        | Kind::HostedZone
        | Kind::Bucket
        | Kind::FileSystem
        | Kind::Table
        | Kind::DbInstance
        | Kind::DbCluster
        | Kind::ReplicationGroup
        | Kind::CacheCluster
        | Kind::Repository
        | Kind::Queue
        | Kind::Topic
        | Kind::Function
        | Kind::Key
        | Kind::Secret
        | Kind::Parameter
        | Kind::EbsSnapshot
        | Kind::LogGroup
        | Kind::Alarm => true,
        Kind::Stack
        | Kind::Service
        | Kind::TaskDefinition
        | Kind::ContainerInstance
        | Kind::CapacityProvider
        | Kind::ScalableTarget
        | Kind::Listener
        | Kind::ListenerRule
        | Kind::TargetGroup
        | Kind::AutoScalingGroup
        | Kind::LaunchConfiguration
        | Kind::LaunchTemplate
        | Kind::KeyPair
        | Kind::Vpc
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::InternetGateway
        | Kind::SecurityGroup
        | Kind::NetworkAcl
        | Kind::Certificate
        | Kind::Namespace
        | Kind::DiscoveryService
        | Kind::MountTarget
        | Kind::DbSubnetGroup
        | Kind::EventRule
        | Kind::Schedule
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::Policy
        | Kind::KeyAlias => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
