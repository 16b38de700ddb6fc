//! Asks AWS's price list, which is the same for every account.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_pricing::types::{Filter, FilterType};

use super::{NOT_ASKED, PRODUCTS, bucket::Bucket, malformed, silent, unheard};
use crate::{
    aws::Aws,
    price::{
        Key, Price,
        ask::{self, Match},
        product::{NoPrice, Product},
    },
    snapshot::{Reason, money::Unheard},
};

/// The most that a page holds.
const PAGE: i32 = 100;
/// What is not known when the list does not answer.
const WHAT: &str = "AWS's list prices";

/// What AWS's price list says to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Price(Price),
    /// It answered, and has no one price for it: a clause that says why.
    None(String),
    /// It did not answer.
    Unheard(Unheard),
}

/// Asks for each of these prices, in their order, as fast as AWS likes it and no faster.
///
/// Who may not ask for one may not ask for the others: after such a refusal, or when nobody is
/// there, nothing more is asked.
pub async fn ask(aws: &Aws, keys: Vec<Key>) -> Vec<(Key, Answer)> {
    let bucket = Bucket::new();
    let hopeless = AtomicBool::new(false);
    let answers = aws.each(keys, |key| async {
        if hopeless.load(Ordering::Relaxed) {
            let why = "it was refused before";
            let silent = silent(WHAT, PRODUCTS, Reason::Failed, NOT_ASKED.to_owned(), why);
            return (key, Answer::Unheard(silent));
        }
        let answer = one(aws, &bucket, &key).await;
        if let Answer::Unheard(it) = &answer
            && matches!(it.reason, Reason::Denied | Reason::Unreachable)
        {
            hopeless.store(true, Ordering::Relaxed);
        }
        (key, answer)
    });
    let mut answers = answers.await;
    // What was not asked has the reason of what was.
    let refused = answers.iter().find_map(|(_, it)| match it {
        Answer::Unheard(it) if it.code != NOT_ASKED => Some(it.clone()),
        Answer::Price(_) | Answer::None(_) | Answer::Unheard(_) => None,
    });
    for (_, answer) in &mut answers {
        if let (Answer::Unheard(it), Some(refused)) = (answer, &refused)
            && it.code == NOT_ASKED
        {
            *it = refused.clone();
        }
    }
    answers
}

/// Why nothing could be asked at all.
pub fn unasked(why: &str) -> Unheard {
    silent(
        WHAT,
        PRODUCTS,
        Reason::Unreachable,
        NOT_ASKED.to_owned(),
        why,
    )
}

async fn one(aws: &Aws, bucket: &Bucket, key: &Key) -> Answer {
    let mut request = aws
        .pricing
        .get_products()
        .service_code(&key.service)
        .format_version("aws_v1")
        .max_results(PAGE);
    for filter in key.filters() {
        match sdk(&filter) {
            Some(it) => request = request.filters(it),
            None => return Answer::Unheard(malformed(WHAT, PRODUCTS, "filter")),
        }
    }
    let mut products = Vec::new();
    let mut strange = None;
    let mut next: Option<String> = None;
    loop {
        // Each page is a question of its own.
        bucket.take().await;
        let page = request.clone().set_next_token(next.clone()).send().await;
        let page = match page {
            Ok(it) => it,
            // A price is only told by the whole list: a later page may have another.
            Err(error) => return Answer::Unheard(unheard(WHAT, PRODUCTS, &error)),
        };
        for document in page.price_list() {
            match Product::parse(document) {
                Ok(it) => products.push(it),
                Err(it) => strange = strange.or(Some(it)),
            }
        }
        let token = page.next_token.filter(|it| !it.is_empty());
        // A list that points at its own page has no end.
        if token.is_none() || token == next {
            break;
        }
        next = token;
    }
    match (key.answer(&products), strange) {
        (Ok(price), _) => Answer::Price(price),
        (Err(NoPrice::Absent), Some(strange)) => {
            Answer::None(format!("none of its products can be read: {strange}"))
        }
        (Err(why), _) => Answer::None(why.to_string()),
    }
}

fn sdk(filter: &ask::Filter) -> Option<Filter> {
    let how = match filter.how {
        Match::Equals => FilterType::TermMatch,
        Match::Contains => FilterType::Contains,
    };
    let filter = Filter::builder()
        .r#type(how)
        .field(&filter.field)
        .value(&filter.value);
    filter.build().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::replay::Tape;

    const RECORDED: &str = include_str!("../../price/product/recorded.json");

    /// A recorded answer, cut in two pages before this product.
    fn pages(cut: usize) -> [String; 2] {
        let answer: Value = serde_json::from_str(RECORDED).unwrap();
        let list = answer["PriceList"].as_array().unwrap();
        let page = |products: &[Value], token: Option<&str>| {
            let mut page = json!({"FormatVersion": "aws_v1", "PriceList": products});
            if let Some(it) = token {
                page["NextToken"] = json!(it);
            }
            page.to_string()
        };
        [page(&list[..cut], Some("more")), page(&list[cut..], None)]
    }

    fn key(usage: &str) -> Key {
        Key::new("AmazonVPC", "us-east-1", usage)
    }

    async fn answers(tape: &Tape, keys: Vec<Key>) -> Vec<Answer> {
        let answers = ask(&tape.aws(), keys).await;
        answers.into_iter().map(|it| it.1).collect()
    }

    async fn answer(tape: &Tape) -> Answer {
        let keys = vec![key("PublicIPv4:InUseAddress")];
        answers(tape, keys).await.remove(0)
    }

    #[tokio::test]
    async fn a_price_is_found_on_the_second_page_and_bears_its_date() {
        let [first, second] = pages(1);
        let tape = Tape::default().answer(200, first).answer(200, second);
        let Answer::Price(price) = answer(&tape).await else {
            panic!("it is there")
        };
        assert_eq!(price.tiers.first().normalize().to_string(), "0.005");
        assert_eq!((&*price.as_of, &*price.source), ("2026-07-24", ask::SOURCE));
        let asked = tape.asked();
        assert!(asked[0].contains(r#""Type":"CONTAINS","Field":"usagetype""#));
        assert!(asked[0].contains(r#""Field":"regionCode","Value":"us-east-1""#));
        assert!(asked[1].contains(r#""NextToken":"more""#), "{}", asked[1]);
    }

    #[tokio::test]
    async fn a_list_that_breaks_off_tells_no_price() {
        let [first, _] = pages(8);
        let tape = Tape::default().answer(200, first).answer(500, "{}");
        assert!(matches!(answer(&tape).await, Answer::Unheard(_)));
    }

    #[tokio::test]
    async fn an_empty_list_is_no_price_and_no_zero() {
        let tape = Tape::default().answer(200, r#"{"PriceList": []}"#);
        let why = "none of the products is what was asked for";
        assert_eq!(answer(&tape).await, Answer::None(why.to_owned()));
    }

    #[tokio::test]
    async fn products_that_cannot_be_read_are_said() {
        let tape = Tape::default().answer(200, r#"{"PriceList": ["{\"product\":1}"]}"#);
        let Answer::None(why) = answer(&tape).await else {
            panic!("there is no price")
        };
        assert!(why.starts_with("none of its products can be read"), "{why}");
    }

    #[tokio::test]
    async fn a_refusal_is_not_asked_for_again_with_each_price() {
        let denied = r#"{"__type": "AccessDeniedException", "message": "no"}"#;
        let tape = (0..10).fold(Tape::default(), |it, _| it.answer(400, denied));
        let keys = (0..13).map(|it| key(&format!("X{it}"))).collect();
        let answers = answers(&tape, keys).await;
        for answer in &answers {
            let Answer::Unheard(it) = answer else {
                panic!("{answer:?}")
            };
            assert_eq!(it.reason, Reason::Denied);
            assert_eq!(it.action, "pricing:GetProducts");
        }
        assert!(tape.asked().len() <= 10, "{}", tape.asked().len());
    }

    #[tokio::test]
    async fn haste_a_fault_and_a_web_page_are_told_by_their_reasons() {
        for (status, body, reason) in [
            (
                400,
                r#"{"__type": "ThrottlingException"}"#,
                Reason::Throttled,
            ),
            (429, "{}", Reason::Throttled),
            (
                500,
                r#"{"__type": "InternalErrorException"}"#,
                Reason::Failed,
            ),
            (500, "<!doctype html><h1>Oops</h1>", Reason::Malformed),
            (200, "<!doctype html><h1>Oops</h1>", Reason::Malformed),
        ] {
            let tape = Tape::default().answer(status, body);
            let Answer::Unheard(it) = answer(&tape).await else {
                panic!("{body}")
            };
            assert_eq!(it.reason, reason, "{status} {body}");
        }
    }
}
