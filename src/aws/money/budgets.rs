//! Asks which limits the account has set itself, and whether anybody is told of them.

use aws_sdk_budgets::types;

use super::{BUDGETS, NOTIFICATIONS, malformed, unheard};
use crate::{
    aws::{Aws, shape},
    kind::Fact,
    snapshot::money::{Budget, Unheard},
};

const WHAT: &str = "which budgets the account has";
const WHOM: &str = "whether anybody is told when a budget is passed";

/// Asks for every budget of the account.
///
/// # Errors
/// When a page does not come: one that is not told would look as if nobody had set it.
pub(super) async fn ask(aws: &Aws) -> Result<Vec<Budget>, Unheard> {
    let request = aws.budgets.describe_budgets().account_id(&aws.account);
    let mut pages = request.into_paginator().send();
    let mut budgets = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|it| unheard(WHAT, BUDGETS, &it))?;
        for it in page.budgets.unwrap_or_default() {
            budgets.push(budget(it).map_err(|it| malformed(WHAT, BUDGETS, it))?);
        }
    }
    budgets.sort();
    Ok(budgets)
}

/// Asks of the budgets of costs whether they tell anybody, one after the other until one does: more
/// nobody needs to know.
///
/// # Errors
/// When an answer does not come; what was asked before it is kept.
pub(super) async fn ask_for_notifications(
    aws: &Aws,
    budgets: &mut [Budget],
) -> Result<(), Unheard> {
    for budget in budgets.iter_mut().filter(|it| it.is_of_costs()) {
        let request = aws.budgets.describe_notifications_for_budget();
        let request = request.account_id(&aws.account).budget_name(&budget.name);
        let answer = request.send().await;
        let answer = answer.map_err(|it| unheard(WHOM, NOTIFICATIONS, &it))?;
        // Each has a subscriber: with the last of them AWS deletes it.
        let notifies = !answer.notifications().is_empty() || answer.next_token.is_some();
        budget.notifies = Fact::Known(notifies);
        if notifies {
            break;
        }
    }
    Ok(())
}

fn budget(it: types::Budget) -> Result<Budget, &'static str> {
    let limit = it.budget_limit;
    let amount = limit.as_ref().and_then(|it| it.amount.parse().ok());
    let word = |it: &str, name: &'static str| {
        let word = shape::stated(it).filter(|it| !it.is_empty());
        word.ok_or(name)
    };
    Ok(Budget {
        kind: word(it.budget_type.as_str(), "BudgetType")?,
        period: word(it.time_unit.as_str(), "TimeUnit")?,
        limit: amount,
        unit: limit.map(|it| it.unit).unwrap_or_default(),
        name: it.budget_name,
        notifies: Fact::Unread,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    fn page(name: &str, token: &str) -> String {
        format!(
            r#"{{"Budgets": [{{"BudgetName": "{name}", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                "BudgetLimit": {{"Amount": "50.5", "Unit": "USD"}}}}]{token}}}"#
        )
    }

    #[tokio::test]
    async fn all_pages_of_the_accounts_own_budgets_are_read() {
        let tape = Tape::default()
            .answer(200, page("team", r#", "NextToken": "more""#))
            .answer(200, page("all", ""));
        let budgets = ask(&tape.aws()).await.unwrap();
        let told: Vec<&str> = budgets.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(told, ["all", "team"]);
        assert_eq!(budgets[0].limit.unwrap().to_string(), "50.5");
        assert!(tape.asked().iter().all(|it| it.contains("123456789012")));
    }

    #[tokio::test]
    async fn an_account_without_any_has_none() {
        let tape = Tape::default().answer(200, "{}");
        assert_eq!(ask(&tape.aws()).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn a_page_that_is_refused_hides_them_all_and_names_its_permission() {
        let tape = Tape::default()
            .answer(200, page("team", r#", "NextToken": "more""#))
            .answer(
                400,
                r#"{"__type": "AccessDeniedException", "Message": "no"}"#,
            );
        let unheard = ask(&tape.aws()).await.unwrap_err();
        assert_eq!(unheard.reason, Reason::Denied);
        assert_eq!(unheard.action, "budgets:ViewBudget");
        assert_eq!(unheard.call, "budgets:DescribeBudgets");
    }

    #[tokio::test]
    async fn a_budget_of_no_kind_is_no_answer() {
        let strange = page("team", "").replace("\"COST\"", "\"\"");
        let tape = Tape::default().answer(200, strange);
        assert_eq!(
            ask(&tape.aws()).await.unwrap_err().reason,
            Reason::Malformed
        );
    }

    fn costs(names: &[&str]) -> Vec<Budget> {
        let budgets = names.iter().map(|it| Budget {
            name: (*it).to_owned(),
            kind: "COST".to_owned(),
            ..Budget::default()
        });
        budgets.collect()
    }

    #[tokio::test]
    async fn it_is_asked_until_one_tells_somebody() {
        let one = r#"{"Notifications": [{"NotificationType": "ACTUAL",
            "ComparisonOperator": "GREATER_THAN", "Threshold": 80}]}"#;
        let tape = Tape::default().answer(200, "{}").answer(200, one);
        let mut budgets = costs(&["a", "b", "c"]);
        budgets.push(Budget::default());
        assert_eq!(
            ask_for_notifications(&tape.aws(), &mut budgets).await,
            Ok(())
        );
        let told: Vec<Fact<bool>> = budgets.iter().map(|it| it.notifies).collect();
        let unread = Fact::Unread;
        assert_eq!(
            told,
            [Fact::Known(false), Fact::Known(true), unread, unread]
        );
        assert_eq!(tape.asked().len(), 2);
    }

    #[tokio::test]
    async fn a_refusal_leaves_it_open_whether_anybody_is_told() {
        let denied = r#"{"__type": "AccessDeniedException", "Message": "no"}"#;
        let tape = Tape::default().answer(400, denied);
        let mut budgets = costs(&["a"]);
        let unheard = ask_for_notifications(&tape.aws(), &mut budgets).await;
        assert_eq!(
            unheard.unwrap_err().call,
            "budgets:DescribeNotificationsForBudget"
        );
        assert_eq!(budgets[0].notifies, Fact::Unread);
    }
}
