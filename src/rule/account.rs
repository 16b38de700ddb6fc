//! What rules make of the plan that the account says it is on.

use super::{Case, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::Kind,
    snapshot::{Gap, money::Plan},
};

/// What tells the account's plan.
pub const PLAN: &str = "GetAccountPlanState";

/// Whether the account is on the Free plan, as far as it was asked.
pub fn on_free_plan(case: &Case<'_>) -> Option<bool> {
    let plan = case.account?.plan.known()?;
    Some(plan.as_ref().is_some_and(Plan::is_free))
}

/// Why what a call tells of the account is not known, where it was made and did not answer.
pub fn gap(case: &Case<'_>, call: &str) -> Option<Gap> {
    let mut unheard = case.run.unheard.iter();
    let unheard = unheard.find(|it| it.call.ends_with(call))?;
    Some(Gap {
        // It is about the account, which is no resource; it is judged where the rack begins.
        kind: case.whole().map_or(Kind::Cluster, |it| it.kind),
        resource: None,
        call: unheard.call.clone(),
        action: unheard.action.clone(),
        reason: unheard.reason,
        code: unheard.code.clone(),
        message: unheard.message.clone(),
    })
}

/// What a rule about the Free plan says of something while the account is not known to be on it.
pub fn aside(rule: &Rule, words: &Words, id: &ResourceId, case: &Case<'_>) -> Verdict {
    let why = match (on_free_plan(case), gap(case, PLAN)) {
        (Some(_), _) => "the account is not on the Free plan".to_owned(),
        (None, None) => {
            "the account was not asked which plan it is on; it is assumed not to be on \
                         the Free plan"
                .to_owned()
        }
        (None, Some(gap)) => format!(
            "the account did not tell which plan it is on ({} needs {}); it is assumed not to be \
             on the Free plan",
            gap.call, gap.action
        ),
    };
    Verdict::new(rule, words, id, Status::NotApplicable, why)
}
