//! Asks what the account has used of the free tier, on which plan it is and which budgets it has.

use aws_sdk_freetier::types::FreeTierUsage;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{FREE_TIER, PLAN, budgets, decimal, malformed, unheard};
use crate::{
    aws::{Aws, found, shape},
    kind::Fact,
    snapshot::money::{Account, Offer, Plan, Unheard},
};

/// The most that a page holds.
const PAGE: i32 = 1000;
const OFFERS: &str = "what the account has used of the free tier";
const WHICH: &str = "on which plan the account is";
/// What an account answers that was opened before there were plans.
const NO_PLAN: &str = "ResourceNotFoundException";

/// Asks for the offers, for the plan and for the budgets.
pub async fn ask(aws: &Aws, now: Timestamp) -> (Account, Vec<Unheard>) {
    let mut silence = Vec::new();
    let mut heard = |it: Unheard| silence.push(it);
    let offers = offers(aws).await.map_err(&mut heard);
    let plan = plan(aws).await.map_err(&mut heard);
    let mut budgets = budgets::ask(aws).await.map_err(&mut heard);
    if let Ok(budgets) = &mut budgets {
        let told = budgets::ask_for_notifications(aws, budgets).await;
        told.map_err(&mut heard).unwrap_or_default();
    }
    let account = Account {
        asked: now,
        offers: offers.map_or(Fact::Unread, Fact::Known),
        plan: plan.map_or(Fact::Unread, Fact::Known),
        budgets: budgets.map_or(Fact::Unread, Fact::Known),
    };
    (account, silence)
}

async fn offers(aws: &Aws) -> Result<Vec<Offer>, Unheard> {
    let request = aws.free_tier.get_free_tier_usage().max_results(PAGE);
    let mut pages = request.into_paginator().send();
    let mut offers = Vec::new();
    while let Some(page) = pages.next().await {
        // An allowance that is not told would look untouched.
        let page = page.map_err(|it| unheard(OFFERS, FREE_TIER, &it))?;
        for it in page.free_tier_usages() {
            let offer = offer(it).map_err(|it| malformed(OFFERS, FREE_TIER, it))?;
            offers.push(offer);
        }
    }
    offers.sort();
    Ok(offers)
}

fn offer(it: &FreeTierUsage) -> Result<Offer, &'static str> {
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    let number = |it: f64, name: &'static str| {
        let number = decimal(it).filter(|it| !it.is_sign_negative());
        number.ok_or(name)
    };
    let limit = number(it.limit(), "limit")?;
    // The SDK has 0 where AWS tells none.
    if limit == Decimal::ZERO {
        return Err("limit");
    }
    let usage_type = it.usage_type().filter(|it| !it.is_empty());
    Ok(Offer {
        service: text(it.service()),
        usage_type: usage_type.ok_or("usageType")?.to_owned(),
        operation: text(it.operation()),
        region: text(it.region()),
        kind: text(it.free_tier_type()),
        actual: number(it.actual_usage_amount(), "actualUsageAmount")?,
        forecast: number(it.forecasted_usage_amount(), "forecastedUsageAmount")?,
        limit,
        unit: text(it.unit()),
        description: text(it.description()),
    })
}

/// A word, where AWS gave one.
fn stated(word: &str) -> Option<String> {
    shape::stated(word).filter(|it| !it.is_empty())
}

async fn plan(aws: &Aws) -> Result<Option<Plan>, Unheard> {
    let plan = match aws.free_tier.get_account_plan_state().send().await {
        Ok(it) => it,
        Err(error) if found::code(&error) == Some(NO_PLAN) => return Ok(None),
        Err(error) => return Err(unheard(WHICH, PLAN, &error)),
    };
    let left = plan.account_plan_remaining_credits();
    // AWS counts credits in dollars only; another currency would be another number.
    let left = left.filter(|it| it.unit().as_str() == "USD");
    Ok(Some(Plan {
        kind: stated(plan.account_plan_type().as_str())
            .ok_or_else(|| malformed(WHICH, PLAN, "accountPlanType"))?,
        status: stated(plan.account_plan_status().as_str())
            .ok_or_else(|| malformed(WHICH, PLAN, "accountPlanStatus"))?,
        credits: left.and_then(|it| decimal(it.amount())),
        expires: shape::time(plan.account_plan_expiration_date().copied()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const OFFER: &str = r#"{"actualUsageAmount": 287.0,
        "description": "1000000.0 Request are always free per month as part of AWS Free Usage Tier (Global-Catalog-Request)",
        "forecastedUsageAmount": 2224.25, "freeTierType": "Always Free", "limit": 1000000.0,
        "operation": "Request", "region": "global", "service": "AWS Glue", "unit": "Request",
        "usageType": "Catalog-Request"}"#;
    const NO_SUCH: &str = r#"{"__type": "ResourceNotFoundException", "message": "no plan"}"#;

    fn page(offers: &str, token: &str) -> String {
        format!(r#"{{"freeTierUsages": [{offers}]{token}}}"#)
    }

    async fn asked(tape: &Tape) -> (Account, Vec<Unheard>) {
        // Budgets have tests of their own.
        let tape = tape.clone().answer(200, "{}");
        ask(&tape.aws(), Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test]
    async fn the_account_tells_its_offers_page_by_page_and_that_it_is_an_old_one() {
        let other = OFFER.replace("AWS Glue", "AWS Lambda");
        let tape = Tape::default()
            .answer(200, page(&other, r#", "nextToken": "more""#))
            .answer(200, page(OFFER, ""))
            .answer(400, NO_SUCH);
        let (free_tier, unheard) = asked(&tape).await;
        assert_eq!(unheard, []);
        let offers = free_tier.offers.known().unwrap().clone();
        let told: Vec<String> = offers
            .iter()
            .map(|it| format!("{} {} of {}", it.service, it.actual, it.limit))
            .collect();
        assert_eq!(
            told,
            ["AWS Glue 287 of 1000000", "AWS Lambda 287 of 1000000"]
        );
        assert_eq!(offers[0].forecast.to_string(), "2224.25");
        assert_eq!(free_tier.plan, Fact::Known(None));
    }

    #[tokio::test]
    async fn a_new_account_tells_its_credits_and_their_end() {
        let plan = r#"{"accountId": "123456789012", "accountPlanType": "FREE",
            "accountPlanStatus": "ACTIVE",
            "accountPlanRemainingCredits": {"amount": 87.5, "unit": "USD"},
            "accountPlanExpirationDate": "2026-05-01T00:00:00Z"}"#;
        let tape = Tape::default().answer(200, page("", "")).answer(200, plan);
        let (free_tier, unheard) = asked(&tape).await;
        assert_eq!(unheard, []);
        assert_eq!(free_tier.offers, Fact::Known(Vec::new()));
        let plan = Plan {
            kind: "FREE".to_owned(),
            status: "ACTIVE".to_owned(),
            credits: Some("87.5".parse().unwrap()),
            expires: Some("2026-05-01T00:00:00Z".parse().unwrap()),
        };
        assert_eq!(free_tier.plan, Fact::Known(Some(plan)));
    }

    #[tokio::test]
    async fn a_refusal_is_unknown_and_not_untouched() {
        let denied = r#"{"__type": "AccessDeniedException", "message": "no"}"#;
        let tape = Tape::default().answer(403, denied).answer(403, denied);
        let (free_tier, unheard) = asked(&tape).await;
        assert_eq!(free_tier.offers, Fact::Unread);
        assert_eq!(free_tier.plan, Fact::Unread);
        let told: Vec<(Reason, &str)> = unheard
            .iter()
            .map(|it| (it.reason, it.action.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Reason::Denied, "freetier:GetFreeTierUsage"),
                (Reason::Denied, "freetier:GetAccountPlanState"),
            ]
        );
    }

    #[tokio::test]
    async fn half_a_list_is_none() {
        let tape = Tape::default()
            .answer(200, page(OFFER, r#", "nextToken": "more""#))
            .answer(500, "<!doctype html><h1>Oops</h1>")
            .answer(400, NO_SUCH);
        let (free_tier, unheard) = asked(&tape).await;
        assert_eq!(free_tier.offers, Fact::Unread);
        assert_eq!(unheard.len(), 1);
    }

    #[tokio::test]
    async fn an_offer_without_a_limit_is_no_offer_of_nothing() {
        for (field, lacks) in [("\"limit\"", "limit"), ("\"usageType\"", "usageType")] {
            let tape = Tape::default()
                .answer(200, page(&OFFER.replace(field, "\"other\""), ""))
                .answer(400, NO_SUCH);
            let (free_tier, unheard) = asked(&tape).await;
            assert_eq!(free_tier.offers, Fact::Unread);
            assert_eq!(unheard[0].message, format!("the answer has no {lacks}"));
        }
    }

    #[tokio::test]
    async fn a_plan_of_which_aws_says_nothing_is_unknown() {
        let tape = Tape::default().answer(200, page("", "")).answer(200, "{}");
        let (free_tier, unheard) = asked(&tape).await;
        assert_eq!(free_tier.plan, Fact::Unread);
        assert_eq!(unheard[0].reason, Reason::Malformed);
    }
}
