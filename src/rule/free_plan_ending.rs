//! Accounts on the Free plan, which AWS closes when it ends.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, account};
use crate::{
    id::ResourceId,
    snapshot::money::{Plan, Spent},
    text,
};

pub const RULE: Rule = Rule {
    id: "free-plan-ending",
    words: include_str!("../../rules/free-plan-ending.toml"),
    needs: &[],
    check,
};

/// One verdict, told of the rack as a whole.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let root = case.whole();
    root.map(|it| judge(case, words, it)).into_iter().collect()
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(said) = case.account else {
        let why = "the account was not asked which plan it is on";
        return verdict(Status::NotApplicable, why.to_owned());
    };
    let Some(plan) = said.plan.known() else {
        let why = "the account's plan was not read".to_owned();
        let gap = account::gap(case, account::PLAN);
        return verdict(Status::Unknown, why).gap(gap.as_ref());
    };
    let Some(plan) = plan.as_ref().filter(|it| it.is_free()) else {
        return verdict(
            Status::Pass,
            "the account is on no plan that ends".to_owned(),
        );
    };
    let evidence = [
        Evidence::new(id, "accountPlanStatus", plan.status.as_str()),
        Evidence::new(
            id,
            "accountPlanExpirationDate",
            plan.expires
                .map_or_else(|| "untold".to_owned(), |it| it.to_string()),
        ),
    ];
    let (severity, why) = meaning(plan, words, case.taken, case.run.spent);
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
}

fn meaning(
    plan: &Plan,
    words: &Words,
    taken: Timestamp,
    spent: Option<&Spent>,
) -> (Severity, String) {
    if plan.status == "EXPIRED" {
        let why = "the account's Free plan is over: AWS closes the account, and the rack with it";
        return (Severity::Critical, why.to_owned());
    }
    let left = plan
        .credits
        .map(|it| format!("; {it} USD of credits are left"));
    let left = left.unwrap_or_default();
    let few = Decimal::from(words.number("credits"));
    let short = plan.credits.is_some_and(|it| it < few);
    let Some(expires) = plan.expires else {
        let severity = if short {
            Severity::High
        } else {
            Severity::Info
        };
        let why = format!("the account is on the Free plan, and when that ends was not told{left}");
        return (severity, why);
    };
    let hours = expires.duration_since(taken).as_hours();
    let soon = hours < words.number("days").saturating_mul(24);
    let days = Decimal::from(hours.max(0)).checked_div(Decimal::from(24));
    let needed = days.and_then(|it| it.checked_mul(a_day(spent?)?));
    let needed = needed.filter(|it| plan.credits.is_some_and(|left| left < *it));
    let severity = if soon || short || needed.is_some() {
        Severity::High
    } else {
        Severity::Info
    };
    let needed = needed.map(|it| {
        let it = it.round_dp(0);
        format!("; at the pace of the last weeks {it} USD are used until then")
    });
    let needed = needed.unwrap_or_default();
    // Told from the end: "in 20 days".
    let when = text::age(expires, taken);
    let why = format!(
        "the account is on the Free plan, which ends {when}, or when the credits are used up; \
         AWS then closes the account{left}{needed}"
    );
    (severity, why)
}

/// US dollars that were used on a day on average, by the rack or by the whole account, credits and
/// refunds aside. `None` where that is not told in dollars or for no time.
fn a_day(spent: &Spent) -> Option<Decimal> {
    let day = |it: &str| it.parse::<Date>().ok();
    let span = day(&spent.from)?.until(day(&spent.to)?).ok()?;
    let days = Decimal::from(span.get_days());
    let used = spent.services.values().filter(|it| **it > Decimal::ZERO);
    let used: Decimal = used.sum();
    let told = spent.currency == "USD" && days > Decimal::ZERO;
    used.checked_div(days).filter(|_| told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::Fact, snapshot::money::Account, testing};

    fn said(account: Option<&Account>) -> (Status, Severity) {
        let words = RULE.words().unwrap();
        let resources = [testing::cluster("prod")];
        let said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| check(&Case { account, ..*case }, &words),
        );
        (said[0].status, said[0].severity)
    }

    fn plan(kind: &str, status: &str, days: i64, credits: i64) -> Account {
        let expires = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(days * 24);
        Account {
            plan: Fact::Known(Some(Plan {
                kind: kind.to_owned(),
                status: status.to_owned(),
                credits: Some(Decimal::from(credits)),
                expires: Some(expires),
            })),
            ..Account::default()
        }
    }

    #[test]
    fn the_nearer_its_end_the_louder() {
        let fail = Status::Fail;
        for (account, expected) in [
            (plan("FREE", "ACTIVE", 100, 90), (fail, Severity::Info)),
            (plan("FREE", "ACTIVE", 20, 90), (fail, Severity::High)),
            (plan("FREE", "ACTIVE", 100, 5), (fail, Severity::High)),
            (plan("FREE", "EXPIRED", 0, 0), (fail, Severity::Critical)),
        ] {
            assert_eq!(said(Some(&account)), expected, "{account:?}");
        }
    }

    #[test]
    fn credits_that_will_not_last_until_the_end_are_a_high_risk() {
        let spent = |usd: i64| Spent {
            from: "1969-12-01".to_owned(),
            to: "1969-12-31".to_owned(),
            tags: Default::default(),
            estimated: false,
            currency: "USD".to_owned(),
            services: [
                ("EC2".to_owned(), Decimal::from(usd)),
                ("Credits".to_owned(), Decimal::from(-usd)),
            ]
            .into(),
            requests: 1,
        };
        let account = plan("FREE", "ACTIVE", 100, 90);
        let said = |spent: &Spent| {
            let words = RULE.words().unwrap();
            let plan = account.plan.known().unwrap().as_ref().unwrap();
            meaning(plan, &words, Timestamp::UNIX_EPOCH, Some(spent))
        };
        // One dollar a day for a hundred days, of ninety.
        let (severity, why) = said(&spent(30));
        assert_eq!(severity, Severity::High);
        assert!(why.contains("100 USD are used until then"), "{why}");
        assert_eq!(said(&spent(15)).0, Severity::Info);
    }

    #[test]
    fn an_account_that_pays_or_has_no_plan_is_fine_and_one_not_asked_is_not_judged() {
        assert_eq!(said(Some(&plan("PAID", "ACTIVE", 20, 0))).0, Status::Pass);
        let none = Account {
            plan: Fact::Known(None),
            ..Account::default()
        };
        assert_eq!(said(Some(&none)).0, Status::Pass);
        assert_eq!(said(Some(&Account::default())).0, Status::Unknown);
        assert_eq!(said(None).0, Status::NotApplicable);
    }
}
