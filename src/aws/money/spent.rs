//! Asks Cost Explorer what AWS has counted for a time in truth. Each call costs 0.01 USD.

use std::collections::BTreeMap;

use aws_sdk_costexplorer::types::{
    DateInterval, Expression, Granularity, Group, GroupDefinition, GroupDefinitionType, TagValues,
};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{SPENT, malformed, unheard};
use crate::{
    aws::Aws,
    snapshot::money::{Spent, Unheard},
};

const WHAT: &str = "what AWS has counted in truth";
/// What is added up: each thing at the price that it has, before it is shared out in an
/// organization.
const METRIC: &str = "UnblendedCost";

/// Asks by service for the days from `from` until before `to`; only what bears the tags, if any
/// are given.
///
/// Where nothing bears them, the whole account is asked for: a tag that was never activated for
/// cost allocation is on no cost, and 0 would be wrong.
///
/// # Errors
/// When AWS does not answer, or answers in more than one currency.
pub async fn ask(
    aws: &Aws,
    from: Date,
    to: Date,
    tags: &BTreeMap<String, Vec<String>>,
) -> Result<Spent, Unheard> {
    let mut spent = by_service(aws, from, to, tags).await?;
    if spent.services.is_empty() && !tags.is_empty() {
        spent = by_service(aws, from, to, &BTreeMap::new()).await?;
    }
    spent.requests = aws.calls().get(&SPENT.to_string()).copied().unwrap_or(0);
    Ok(spent)
}

async fn by_service(
    aws: &Aws,
    from: Date,
    to: Date,
    tags: &BTreeMap<String, Vec<String>>,
) -> Result<Spent, Unheard> {
    let days = DateInterval::builder()
        .start(from.to_string())
        .end(to.to_string());
    let days = days.build().map_err(|_| malformed(WHAT, SPENT, "time"))?;
    let service = GroupDefinition::builder()
        .r#type(GroupDefinitionType::Dimension)
        .key("SERVICE")
        .build();
    let request = aws
        .costs
        .get_cost_and_usage()
        .time_period(days)
        .granularity(Granularity::Monthly)
        .metrics(METRIC)
        .group_by(service)
        .set_filter(filter(tags));
    let mut spent = Spent {
        from: from.to_string(),
        to: to.to_string(),
        tags: tags.clone(),
        estimated: false,
        currency: String::new(),
        services: BTreeMap::new(),
        requests: 0,
    };
    let mut token = None;
    loop {
        let request = request.clone().set_next_page_token(token.take());
        // Without the rest it would look cheaper than it was.
        let page = request.send().await;
        let page = page.map_err(|it| unheard(WHAT, SPENT, &it))?;
        let times = page.results_by_time.as_deref();
        for time in times.ok_or_else(|| malformed(WHAT, SPENT, "ResultsByTime"))? {
            spent.estimated |= time.estimated();
            for group in time.groups() {
                add(&mut spent, group).map_err(|it| malformed(WHAT, SPENT, it))?;
            }
        }
        match page.next_page_token.filter(|it| !it.is_empty()) {
            Some(it) => token = Some(it),
            None => return Ok(spent),
        }
    }
}

fn add(spent: &mut Spent, group: &Group) -> Result<(), &'static str> {
    let name = group.keys().first().ok_or("Keys")?;
    let amount = group
        .metrics()
        .and_then(|it| it.get(METRIC))
        .ok_or(METRIC)?;
    let currency = amount.unit().ok_or("Unit")?;
    if spent.currency.is_empty() {
        currency.clone_into(&mut spent.currency);
    } else if spent.currency != currency {
        return Err("one currency for all of it");
    }
    let amount: Option<Decimal> = amount.amount().and_then(|it| it.parse().ok());
    let sum = spent.services.entry(name.clone()).or_default();
    *sum = sum
        .checked_add(amount.ok_or("Amount")?)
        .ok_or("amount that can be told")?;
    Ok(())
}

/// What bears, of each tag, one of its values.
fn filter(tags: &BTreeMap<String, Vec<String>>) -> Option<Expression> {
    let tags = tags.iter().map(|(key, values)| {
        let tag = TagValues::builder().key(key);
        let tag = tag.set_values(Some(values.clone())).build();
        Expression::builder().tags(tag).build()
    });
    let mut tags: Vec<Expression> = tags.collect();
    match tags.len() {
        // AWS takes one by itself, and refuses an "and" of one.
        0 | 1 => tags.pop(),
        _ => Some(Expression::builder().set_and(Some(tags)).build()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const NONE: &str = r#"{"ResultsByTime": [{"Groups": [], "Estimated": true}]}"#;

    fn page(service: &str, usd: &str, token: &str) -> String {
        format!(
            r#"{{"ResultsByTime": [{{"Groups": [{{"Keys": ["{service}"], "Metrics":
            {{"UnblendedCost": {{"Amount": "{usd}", "Unit": "USD"}}}}}}], "Estimated": true}}]{token}}}"#
        )
    }

    async fn asked(tape: &Tape, tags: &[(&str, &str)]) -> Result<Spent, Unheard> {
        let tags = tags.iter();
        let tags = tags.map(|it| (it.0.to_owned(), vec![it.1.to_owned()]));
        let day = |it| Date::new(2026, 11, it).unwrap();
        ask(&tape.aws(), day(1), day(21), &tags.collect()).await
    }

    #[tokio::test]
    async fn services_are_added_up_over_pages_and_every_request_is_counted() {
        let tape = Tape::default()
            .answer(200, page("AWS Lambda", "0.25", r#", "NextPageToken": "t""#))
            .answer(200, page("AWS Lambda", "0.0000000001", ""));
        let spent = asked(&tape, &[("app", "shop"), ("env", "prod")])
            .await
            .unwrap();
        assert_eq!(spent.services["AWS Lambda"].to_string(), "0.2500000001");
        assert_eq!((&*spent.currency, spent.estimated), ("USD", true));
        assert_eq!((spent.requests, spent.tags.len()), (2, 2));
        let asked = tape.asked();
        assert!(asked[0].contains(r#""TimePeriod":{"Start":"2026-11-01","End":"2026-11-21"}"#));
        assert!(asked[0].contains(r#""And":[{"Tags":{"Key":"app","Values":["shop"]"#));
        assert!(asked[1].contains(r#""NextPageToken":"t""#));
    }

    #[tokio::test]
    async fn where_nothing_bears_the_tag_the_whole_account_is_told() {
        let tape = Tape::default()
            .answer(200, NONE)
            .answer(200, page("Tax", "-1.5", ""));
        let spent = asked(&tape, &[("app", "shop")]).await.unwrap();
        assert!(spent.tags.is_empty());
        assert_eq!(spent.services["Tax"].to_string(), "-1.5");
        assert!(!tape.asked()[1].contains("Filter"));
    }

    #[tokio::test]
    async fn what_did_not_come_whole_is_no_sum() {
        let more = r#", "NextPageToken": "t""#;
        for (status, body, reason) in [
            (
                400,
                r#"{"__type": "AccessDeniedException"}"#,
                Reason::Denied,
            ),
            (
                400,
                r#"{"__type": "LimitExceededException"}"#,
                Reason::Failed,
            ),
            (429, "{}", Reason::Throttled),
            (500, "<!doctype html><h1>Oops</h1>", Reason::Malformed),
            (200, "{}", Reason::Malformed),
        ] {
            let tape = Tape::default()
                .answer(200, page("AWS Lambda", "0.25", more))
                .answer(status, body);
            let why = asked(&tape, &[]).await.unwrap_err();
            assert_eq!(why.reason, reason, "{status} {body}");
        }
    }

    #[tokio::test]
    async fn an_amount_that_is_none_and_two_currencies_are_refused() {
        let other = page("Tax", "1", "").replace("USD", "CNY");
        let more = r#", "NextPageToken": "t""#;
        for second in [other, page("Tax", "much", "")] {
            let tape = Tape::default()
                .answer(200, page("AWS Lambda", "0.25", more))
                .answer(200, second);
            let why = asked(&tape, &[]).await.unwrap_err();
            assert_eq!(why.reason, Reason::Malformed);
        }
    }
}
