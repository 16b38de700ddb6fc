//! Asks which limits the account has set itself.

use aws_sdk_budgets::types;

use super::{BUDGETS, malformed, unheard};
use crate::{
    aws::{Aws, shape},
    snapshot::money::{Budget, Unheard},
};

const WHAT: &str = "which budgets the account has";

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
}
