//! What was learned about money beside the resources: prices, amounts used, free tier, spending.
//!
//! Nothing of it is read unless it is asked for. What was asked for and did not come is an
//! [`Unheard`], never nothing.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Reason;
use crate::{id::ResourceId, kind::Fact};

/// All that a snapshot may hold about money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Money {
    /// The prices that the rack was counted with, and no others, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<PriceList>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Metered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_tier: Option<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// What was asked for and did not come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unheard: Vec<Unheard>,
}

impl Money {
    /// Takes over what was learned anew.
    pub fn learn(&mut self, new: Self) {
        self.prices = new.prices.or(self.prices.take());
        self.used = new.used.or(self.used.take());
        self.free_tier = new.free_tier.or(self.free_tier.take());
        self.spent = new.spent.or(self.spent.take());
        self.unheard.extend(new.unheard);
        self.unheard.sort();
        self.unheard.dedup();
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A call about money that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unheard {
    /// What is not known because of it, for a person: "the account's free tier".
    pub what: String,
    /// The call, for example `freetier:GetFreeTierUsage`.
    pub call: String,
    /// The IAM action that allows it.
    pub action: String,
    pub reason: Reason,
    /// AWS's error code, or ours where no answer came.
    pub code: String,
    /// What AWS said, cut to 300 characters.
    pub message: String,
}

impl Unheard {
    /// Whether it is the account's free tier that is not known.
    pub fn is_of_free_tier(&self) -> bool {
        self.call.starts_with("freetier:")
    }

    /// Whether it is something else that the account is asked of itself together with that.
    pub fn is_of_budgets(&self) -> bool {
        self.call.starts_with("budgets:")
    }
}

/// For a person: what is not known and why.
impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not known: {} was {} ({}; needs {})",
            self.what,
            self.call,
            self.reason.name(),
            self.code,
            self.action
        )
    }
}

/// Prices that were used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// How they were chosen: `live`, `auto`, `embedded`, or the name of a file.
    pub chosen: String,
    pub rows: Vec<PriceRow>,
}

/// What one usage type costs in one region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    /// Price List service code.
    pub service: String,
    /// `global` for a service that has no prices of a region.
    pub region: String,
    /// Without its region's prefix, with what narrows it down: `LCUUsage|productFamily=…`.
    pub usage: String,
    /// What one is called: `GB-month`.
    pub unit: String,
    /// In US dollars, from nothing on.
    pub tiers: Vec<PriceTier>,
    /// What kind of source tells it.
    pub source: String,
    /// The day, month or year of which it is known; empty where that is not told.
    pub as_of: String,
    /// `verified`, `derived`, `unverified`.
    pub standing: String,
}

/// One price, and from and up to which quantity it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTier {
    pub from: Decimal,
    /// `None` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Decimal>,
    pub price: Decimal,
}

/// What CloudWatch counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metered {
    pub from: Timestamp,
    pub to: Timestamp,
    /// In order of their resources, each once.
    pub counts: Vec<Count>,
}

/// One metric of one resource over the whole time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    pub resource: ResourceId,
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    /// `Sum`, `Average` or `Maximum`: what of each period, and how the periods were put together.
    pub statistic: String,
    /// Whole days before `to`, where it was not counted from `from` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
    /// `None` where CloudWatch has no datapoint, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
}

/// What the account has of the free tier, by its own word, and what it has set itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// When it was asked; the amounts are those of that month so far.
    pub asked: Timestamp,
    /// What `GetFreeTierUsage` tells: offers of which nothing is used are not among them.
    pub offers: Fact<Vec<Offer>>,
    /// What `GetAccountPlanState` tells; known to be none of an account that was opened before
    /// there were plans, on 2025-07-15.
    pub plan: Fact<Option<Plan>>,
    /// What `DescribeBudgets` tells: the limits of which AWS mails when they are near.
    pub budgets: Fact<Vec<Budget>>,
}

/// A limit that the account set itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    pub name: String,
    /// AWS's word: `COST`, `USAGE`, `RI_UTILIZATION`, …
    pub kind: String,
    /// `DAILY`, `MONTHLY`, `QUARTERLY`, `ANNUALLY`, `CUSTOM`.
    pub period: String,
    /// In `unit`; absent where it follows a plan or what was spent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Decimal>,
    /// `USD` of a budget of costs.
    pub unit: String,
    /// Whether AWS tells anybody when it is near or passed. Asked of those of costs, one after the
    /// other until one does.
    pub notifies: Fact<bool>,
}

impl Budget {
    /// Whether it is about money, and not about hours or reservations.
    pub fn is_of_costs(&self) -> bool {
        self.kind == "COST"
    }
}

/// How AWS calls the offers of an account's first twelve months.
pub const TWELVE_MONTHS: &str = "12 Months Free";

/// One allowance, and what of it the whole account has used this month.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// `Amazon Elastic Compute Cloud`.
    pub service: String,
    /// `BoxUsage:freetier.micro`, with or without `Global-` before it.
    pub usage_type: String,
    pub operation: String,
    /// `global`, or a region.
    pub region: String,
    /// `12 Months Free`, `Always Free`, `Free Trial`.
    pub kind: String,
    /// Used so far in this month, in `unit`.
    pub actual: Decimal,
    /// What AWS thinks the month will come to.
    pub forecast: Decimal,
    pub limit: Decimal,
    pub unit: String,
    pub description: String,
}

/// The plan of an account that was opened since there are plans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// `FREE` or `PAID`.
    pub kind: String,
    /// `NOT_STARTED`, `ACTIVE`, `EXPIRED`.
    pub status: String,
    /// US dollars that are left; `None` where AWS told none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl Plan {
    /// Whether it is the one under which the account is closed when it ends.
    pub fn is_free(&self) -> bool {
        self.kind == "FREE"
    }
}

/// What AWS has counted for the month in truth, by Cost Explorer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// The first day, `2026-11-01`.
    pub from: String,
    /// The first day that is not counted any more.
    pub to: String,
    /// The tags by which costs were chosen, with the values that they may have; empty for those of
    /// the whole account.
    pub tags: BTreeMap<String, Vec<String>>,
    /// Whether AWS says that the amounts may still change.
    pub estimated: bool,
    /// `USD`.
    pub currency: String,
    /// By the name that the bill has for a service; taxes and credits have names of their own.
    pub services: BTreeMap<String, Decimal>,
    /// How often Cost Explorer was asked; it takes 0.01 USD each time.
    pub requests: u64,
}
