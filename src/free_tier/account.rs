//! What AWS itself says of an account's free tier: its own count, and the plan with its credits.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::offer::Offer;
use crate::{kind::Fact, snapshot::money};

/// The account's own figures, all of them optional: reading them takes calls of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// When the figures were read. They are of the month in which that lies.
    pub read: Timestamp,
    /// What `GetFreeTierUsage` tells. Offers of which nothing is used are not among them.
    pub usage: Fact<Vec<Item>>,
    /// What `GetAccountPlanState` tells; known to be none of accounts that have no plan, as they
    /// were opened before there were any.
    pub plan: Fact<Option<Plan>>,
}

/// AWS's count of one offer in this month. Names are AWS's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// `Amazon Elastic Compute Cloud`.
    pub service: String,
    pub operation: String,
    /// `EBS:VolumeUsage`, with or without `Global-` before it.
    pub usage_type: String,
    /// `global`, or a region.
    pub region: String,
    /// Used so far in this month, in `unit`.
    pub actual: Decimal,
    /// What AWS thinks the month will come to.
    pub forecast: Decimal,
    pub limit: Decimal,
    pub unit: String,
    /// `12 Months Free`, `Always Free`, `Free Trial`.
    pub offer: String,
}

/// The plan of an account that was opened since there are plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `FREE` or `PAID`.
    pub kind: String,
    /// `NOT_STARTED`, `ACTIVE`, `EXPIRED`.
    pub status: String,
    /// US dollars that are left.
    pub credits: Option<Decimal>,
    pub expires: Option<Timestamp>,
}

impl Account {
    /// The figures that a snapshot holds.
    pub fn told(it: &money::FreeTier) -> Self {
        let items = |all: &Vec<money::Offer>| all.iter().map(Item::told).collect();
        Self {
            read: it.asked,
            usage: it
                .offers
                .as_ref()
                .map_or(Fact::Unread, |it| Fact::Known(items(it))),
            plan: it
                .plan
                .as_ref()
                .map_or(Fact::Unread, |it| Fact::Known(Plan::told(it))),
        }
    }

    /// AWS's count of an offer in a region; of several the one that is nearest to its end.
    pub fn of(&self, offer: &Offer, region: &str) -> Option<&Item> {
        let items = self.usage.known()?.iter();
        let matching = items.filter(|it| it.is_of(offer, region));
        matching.max_by_key(|it| it.actual.checked_div(it.limit).unwrap_or_default())
    }

    /// The plan, where there is one and it was read.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.known()?.as_ref()
    }
}

impl Plan {
    fn told(it: &money::Plan) -> Option<Self> {
        match it {
            money::Plan::Legacy => None,
            money::Plan::Credits {
                kind,
                status,
                left,
                ends,
            } => Some(Self {
                kind: kind.clone(),
                status: status.clone(),
                credits: *left,
                expires: *ends,
            }),
        }
    }
}

impl Item {
    fn told(it: &money::Offer) -> Self {
        Self {
            service: it.service.clone(),
            operation: it.operation.clone(),
            usage_type: it.usage_type.clone(),
            region: it.region.clone(),
            actual: it.used,
            forecast: it.forecast,
            limit: it.limit,
            unit: it.unit.clone(),
            offer: it.kind.clone(),
        }
    }

    fn is_of(&self, offer: &Offer, region: &str) -> bool {
        let name = &self.usage_type;
        let name = name.strip_prefix("Global-").unwrap_or(name);
        let here = !offer.regional || self.region == region;
        here && name == offer.counted_as && self.service.contains(offer.counted_by)
    }
}
