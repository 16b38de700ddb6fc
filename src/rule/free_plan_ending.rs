//! Accounts on the Free plan, which AWS closes when it ends.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, account};
use crate::{id::ResourceId, snapshot::money::Plan, text};

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
    let (severity, why) = meaning(plan, words, case.taken);
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
}

fn meaning(plan: &Plan, words: &Words, taken: Timestamp) -> (Severity, String) {
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
    let severity = if soon || short {
        Severity::High
    } else {
        Severity::Info
    };
    // Told from the end: "in 20 days".
    let when = text::age(expires, taken);
    let why = format!(
        "the account is on the Free plan, which ends {when}, or when the credits are used up; \
         AWS then closes the account{left}"
    );
    (severity, why)
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
