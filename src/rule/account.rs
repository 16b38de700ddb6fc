//! What the account itself says of its plan and its free tier, where it was asked.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{Case, Rule, Status, Verdict, Words};
use crate::{id::ResourceId, kind::Fact, snapshot::money};

/// The account's own figures. Asking for them takes calls that most readings do without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// What `GetAccountPlanState` tells; known to be none of an account that was opened before
    /// there were plans.
    pub plan: Fact<Option<Plan>>,
    /// What `GetFreeTierUsage` tells; offers of which nothing is used are not among them.
    pub offers: Fact<Vec<Offer>>,
}

/// The plan of an account that was opened since there are plans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// `FREE` or `PAID`.
    pub kind: String,
    /// `NOT_STARTED`, `ACTIVE`, `EXPIRED`.
    pub status: String,
    /// US dollars that are left.
    pub credits: Option<Decimal>,
    pub expires: Option<Timestamp>,
}

/// AWS's count of one offer in this month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// `Amazon Elastic Compute Cloud`.
    pub service: String,
    /// `EBS:VolumeUsage`.
    pub usage_type: String,
    /// Used so far, in `unit`.
    pub actual: Decimal,
    /// What AWS thinks the month will come to.
    pub forecast: Decimal,
    pub limit: Decimal,
    pub unit: String,
}

impl Account {
    /// What a snapshot holds of it.
    pub fn told(it: &money::FreeTier) -> Self {
        let offers = it.offers.as_ref();
        let offers = offers.map(|all| all.iter().map(Offer::told).collect());
        Self {
            plan: it
                .plan
                .as_ref()
                .map_or(Fact::Unread, |it| Fact::Known(Plan::told(it))),
            offers: offers.map_or(Fact::Unread, Fact::Known),
        }
    }
}

impl Offer {
    fn told(it: &money::Offer) -> Self {
        Self {
            service: it.service.clone(),
            usage_type: it.usage_type.clone(),
            actual: it.used,
            forecast: it.forecast,
            limit: it.limit,
            unit: it.unit.clone(),
        }
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

    /// Whether it is the one under which the account is closed when it ends.
    pub fn is_free(&self) -> bool {
        self.kind == "FREE"
    }
}

/// Whether the account is on the Free plan, as far as it was asked.
pub fn on_free_plan(case: &Case<'_>) -> Option<bool> {
    let plan = case.account?.plan.known()?;
    Some(plan.as_ref().is_some_and(Plan::is_free))
}

/// What a rule about the Free plan says of something while the account is not known to be on it.
pub fn aside(rule: &Rule, words: &Words, id: &ResourceId, known: Option<bool>) -> Verdict {
    let why = match known {
        Some(_) => "the account is not on the Free plan",
        None => {
            "the account was not asked which plan it is on; it is assumed not to be on the \
                 Free plan"
        }
    };
    Verdict::new(rule, words, id, Status::NotApplicable, why)
}
