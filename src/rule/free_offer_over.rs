//! Offers of the free tier that the account uses up within the month.

use rust_decimal::Decimal;

use super::{Case, Evidence, Rule, Status, Verdict, Words, account};
use crate::{id::ResourceId, snapshot::money::Offer};

pub const RULE: Rule = Rule {
    id: "free-offer-over",
    words: include_str!("../../rules/free-offer-over.toml"),
    needs: &[],
    check,
};

/// One verdict for each offer that is used, told of the rack as a whole: AWS counts by account.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let Some(root) = case.whole() else {
        return Vec::new();
    };
    let verdict = |status, why: &str| Verdict::new(&RULE, words, root, status, why);
    let Some(said) = case.account else {
        let why = "the account was not asked what of its free tier it uses";
        return vec![verdict(Status::NotApplicable, why)];
    };
    let Some(offers) = said.offers.known() else {
        let why = "what of its free tier the account uses was not read";
        let gap = account::gap(case, "GetFreeTierUsage");
        return vec![verdict(Status::Unknown, why).gap(gap.as_ref())];
    };
    let over: Vec<Verdict> = offers
        .iter()
        .filter_map(|it| judge(words, root, it))
        .collect();
    if over.is_empty() {
        let why = "no offer of the free tier is near its end";
        return vec![verdict(Status::Pass, why)];
    }
    over
}

fn judge(words: &Words, root: &ResourceId, offer: &Offer) -> Option<Verdict> {
    let near = offer.limit * Decimal::new(words.number("percent"), 2);
    let what = format!("{} ({})", offer.usage_type, offer.service);
    let Offer {
        actual,
        forecast,
        limit,
        unit,
        ..
    } = offer;
    let why = if actual >= limit {
        format!("the month's {limit} {unit} of {what} are used up: {actual} so far")
    } else if forecast > limit {
        format!(
            "AWS thinks that the month will come to {forecast} {unit} of {what}, of which {limit} \
             are free"
        )
    } else if *actual >= near {
        format!("{actual} of the month's {limit} free {unit} of {what} are used")
    } else {
        return None;
    };
    let evidence = Evidence::new(root, "forecastedUsageAmount", forecast.to_string());
    let verdict = Verdict::new(&RULE, words, root, Status::Fail, why);
    Some(verdict.detail(key(offer)).evidence([evidence]))
}

/// What tells an offer from every other one: storage of S3, of EFS and of ECR have one usage type,
/// and so have the hours of Linux and of Windows.
fn key(offer: &Offer) -> String {
    let service = offer.service.trim_start_matches("Amazon ");
    let region = Some(offer.region.as_str()).filter(|it| *it != "global");
    let parts = [
        Some(offer.usage_type.as_str()),
        Some(service),
        Some(offer.operation.as_str()),
        region,
    ];
    let parts = parts.into_iter().flatten().filter(|it| !it.is_empty());
    parts.collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::Fact,
        rule::Run,
        snapshot::{
            Reason,
            money::{Account, Unheard},
        },
        testing,
    };

    fn said(actual: i64, forecast: i64) -> Status {
        let offer = Offer {
            service: "Amazon EBS".to_owned(),
            usage_type: "EBS:VolumeUsage".to_owned(),
            actual: Decimal::from(actual),
            forecast: Decimal::from(forecast),
            limit: Decimal::from(100),
            unit: "GB-Mo".to_owned(),
            ..Offer::default()
        };
        let account = Account {
            offers: Fact::Known(vec![offer]),
            ..Account::default()
        };
        let words = RULE.words().unwrap();
        let resources = [testing::cluster("prod")];
        let said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let account = Some(&account);
                check(&Case { account, ..*case }, &words)
            },
        );
        said[0].status
    }

    #[test]
    fn an_answer_that_was_refused_is_unknown_with_the_action_that_is_missing() {
        let unheard = [Unheard {
            what: "the account's free tier".to_owned(),
            call: "freetier:GetFreeTierUsage".to_owned(),
            action: "freetier:GetFreeTierUsage".to_owned(),
            reason: Reason::Denied,
            code: "AccessDeniedException".to_owned(),
            message: "no".to_owned(),
        }];
        let run = Run {
            unheard: &unheard,
            ..Run::default()
        };
        let account = Account::default();
        let words = RULE.words().unwrap();
        let resources = [testing::cluster("prod")];
        let said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let (account, run) = (Some(&account), &run);
                check(
                    &Case {
                        account,
                        run,
                        ..*case
                    },
                    &words,
                )
            },
        );
        assert_eq!(said[0].status, Status::Unknown);
        assert_eq!(
            said[0].gap.as_ref().unwrap().action,
            "freetier:GetFreeTierUsage"
        );
    }

    #[test]
    fn offers_of_one_usage_type_are_two_findings() {
        let offer = |service: &str| Offer {
            service: service.to_owned(),
            usage_type: "Global-TimedStorage-ByteHrs".to_owned(),
            region: "global".to_owned(),
            actual: Decimal::from(6),
            limit: Decimal::from(5),
            ..Offer::default()
        };
        let account = Account {
            offers: Fact::Known(vec![offer("Amazon S3"), offer("Amazon EFS")]),
            ..Account::default()
        };
        let words = RULE.words().unwrap();
        let resources = [testing::cluster("prod")];
        let said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let account = Some(&account);
                check(&Case { account, ..*case }, &words)
            },
        );
        assert_eq!(said[0].detail, "Global-TimedStorage-ByteHrs / S3");
        assert_ne!(said[0].fingerprint(), said[1].fingerprint());
    }

    #[test]
    fn an_offer_is_over_when_aws_thinks_so_or_when_little_is_left() {
        assert_eq!(said(50, 90), Status::Pass);
        assert_eq!(said(50, 101), Status::Fail);
        assert_eq!(said(85, 90), Status::Fail);
        assert_eq!(said(100, 100), Status::Fail);
    }
}
