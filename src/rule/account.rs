//! What rules make of the plan that the account says it is on.

use super::{Case, Rule, Status, Verdict, Words};
use crate::{id::ResourceId, snapshot::money::Plan};

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
