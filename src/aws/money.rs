//! What AWS tells about money: list prices, counts of use, the free tier, what was spent.

pub mod bucket;
pub mod budgets;
pub mod free_tier;
pub mod metrics;
pub mod prices;
pub mod spent;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use rust_decimal::Decimal;

use super::{
    Call, Service,
    found::{self, AwsError},
};
use crate::snapshot::{Reason, money::Unheard};

pub const PRODUCTS: Call = Call::new(Service::Pricing, "GetProducts");
pub const METRICS: Call = Call::new(Service::CloudWatch, "GetMetricData");
pub const FREE_TIER: Call = Call::new(Service::FreeTier, "GetFreeTierUsage");
pub const PLAN: Call = Call::new(Service::FreeTier, "GetAccountPlanState");
/// The limits that an account set itself.
pub const BUDGETS: Call = Call::new(Service::Budgets, "DescribeBudgets").allowed_by("ViewBudget");
/// Whether anybody is told when one of them is near.
pub const NOTIFICATIONS: Call =
    Call::new(Service::Budgets, "DescribeNotificationsForBudget").allowed_by("ViewBudget");
/// The one call that AWS takes money for: 0.01 USD each.
pub const SPENT: Call = Call::new(Service::CostExplorer, "GetCostAndUsage");

/// The code of what was not asked at all.
pub const NOT_ASKED: &str = "NotAsked";

/// Every call about money. None is made unless it is asked for.
pub const CALLS: [Call; 7] = [
    PRODUCTS,
    METRICS,
    FREE_TIER,
    PLAN,
    BUDGETS,
    NOTIFICATIONS,
    SPENT,
];

/// What the account is asked of itself: what is left of its free tier, its plan, its budgets. AWS
/// takes nothing for these, and an audit or a report of a rack that is read asks them.
pub const OF_THE_ACCOUNT: [Call; 4] = [FREE_TIER, PLAN, BUDGETS, NOTIFICATIONS];

/// Notes a call that failed, and what is not known because of it.
fn unheard<E: AwsError>(what: &str, call: Call, error: &SdkError<E, HttpResponse>) -> Unheard {
    let (reason, code, message) = found::judge(error);
    tracing::debug!(%call, %code, "not read");
    silent(what, call, reason, code, &message)
}

/// Notes an answer that lacks what it must have.
fn malformed(what: &str, call: Call, lacks: &str) -> Unheard {
    let message = format!("the answer has no {lacks}");
    silent(
        what,
        call,
        Reason::Malformed,
        "MissingField".to_owned(),
        &message,
    )
}

/// Notes what is not known, with AWS's words for it.
fn silent(what: &str, call: Call, reason: Reason, code: String, message: &str) -> Unheard {
    Unheard {
        what: what.to_owned(),
        call: call.to_string(),
        action: call.action(),
        reason,
        code,
        message: message.chars().take(300).collect(),
    }
}

/// A number of AWS's, which is a binary fraction there. `None` for what is no number.
fn decimal(number: f64) -> Option<Decimal> {
    Decimal::try_from(number).ok().map(|it| it.normalize())
}
