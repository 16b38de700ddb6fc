//! Accounts that set themselves no limit of which AWS would tell.

use super::{Case, Evidence, Rule, Status, Verdict, Words, account};
use crate::{
    id::ResourceId,
    kind::Fact,
    snapshot::money::{Account, Budget},
    text,
};

pub const RULE: Rule = Rule {
    id: "no-budget",
    words: include_str!("../../rules/no-budget.toml"),
    needs: &[],
    check,
};

/// One verdict, told of the rack as a whole: budgets are the account's.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let root = case.whole();
    root.map(|it| judge(case, words, it)).into_iter().collect()
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(budgets) = case.account.map(|it: &Account| &it.budgets) else {
        let why = "the account was not asked whether it has a budget";
        return verdict(Status::NotApplicable, why.to_owned());
    };
    let Some(budgets) = budgets.known() else {
        let gap = account::gap(case, "DescribeBudgets");
        // A snapshot of an earlier racklens has an account, and nobody asked it that.
        if gap.is_none() {
            let why = "the account was not asked whether it has a budget";
            return verdict(Status::NotApplicable, why.to_owned());
        }
        let why = "whether the account has a budget was not read".to_owned();
        return verdict(Status::Unknown, why).gap(gap.as_ref());
    };
    let costs: Vec<&Budget> = budgets.iter().filter(|it| it.is_of_costs()).collect();
    if !costs.is_empty() {
        return of_costs(case, words, id, &costs);
    }
    let other = budgets.iter().map(|it: &Budget| {
        let value = format!("{}: {}", it.name, it.kind);
        Evidence::new(id, "Budgets.BudgetType", value)
    });
    let why = match budgets.len() {
        0 => "the account has no budget: nobody is told when the rack begins to cost more",
        _ => {
            "no budget of the account is about its costs: nobody is told when the rack begins to \
             cost more"
        }
    };
    verdict(Status::Fail, why.to_owned()).evidence(other)
}

/// Of an account that has budgets of its costs: whether any of them tells anybody.
fn of_costs(case: &Case<'_>, words: &Words, id: &ResourceId, costs: &[&Budget]) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let has = format!(
        "the account has {} of its costs",
        text::count(costs.len(), "budget")
    );
    if costs.iter().any(|it| it.notifies == Fact::Known(true)) {
        let why = format!("{has}, and somebody is told when it is near");
        return verdict(Status::Pass, why);
    }
    if costs.iter().all(|it| it.notifies == Fact::Known(false)) {
        let evidence = costs
            .iter()
            .map(|it| Evidence::new(id, "Notifications", format!("none of {}", it.name)));
        let why = format!("{has}, but no alert is set: nobody is told when it is passed");
        return verdict(Status::Fail, why).evidence(evidence);
    }
    match account::gap(case, "DescribeNotificationsForBudget") {
        Some(gap) => {
            let why = format!("{has}, but whether anybody is told of it was not read");
            verdict(Status::Unknown, why).gap(Some(&gap))
        }
        // Of a snapshot of an earlier racklens.
        None => {
            let why = format!("{has}; whether anybody is told of it was not asked");
            verdict(Status::Pass, why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rule::Run,
        snapshot::{Reason, money::Unheard},
        testing,
    };

    fn said(account: Option<&Account>, unheard: &[Unheard]) -> Verdict {
        let words = RULE.words().unwrap();
        let resources = [testing::cluster("prod")];
        let run = Run {
            unheard,
            ..Run::default()
        };
        let mut said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let case = Case {
                    account,
                    run: &run,
                    ..*case
                };
                check(&case, &words)
            },
        );
        said.remove(0)
    }

    fn with(kinds: &[&str]) -> Account {
        let budgets = kinds.iter().map(|it| Budget {
            kind: (*it).to_owned(),
            ..Budget::default()
        });
        Account {
            budgets: Fact::Known(budgets.collect()),
            ..Account::default()
        }
    }

    #[test]
    fn only_a_budget_of_costs_watches_costs() {
        assert_eq!(said(Some(&with(&[])), &[]).status, Status::Fail);
        let hours = said(Some(&with(&["USAGE", "RI_UTILIZATION"])), &[]);
        assert_eq!((hours.status, hours.evidence.len()), (Status::Fail, 2));
        let costs = said(Some(&with(&["USAGE", "COST"])), &[]);
        assert_eq!(costs.status, Status::Pass);
    }

    #[test]
    fn a_budget_that_tells_nobody_warns_nobody() {
        let told = |notifies| {
            let mut account = with(&["COST", "COST"]);
            if let Fact::Known(budgets) = &mut account.budgets {
                budgets[0].notifies = Fact::Known(false);
                budgets[1].notifies = notifies;
            }
            account
        };
        let mute = said(Some(&told(Fact::Known(false))), &[]);
        assert_eq!((mute.status, mute.evidence.len()), (Status::Fail, 2));
        let loud = said(Some(&told(Fact::Known(true))), &[]);
        assert_eq!(loud.status, Status::Pass);
        let refused = refused("budgets:DescribeNotificationsForBudget");
        let unread = said(Some(&told(Fact::Unread)), &[refused]);
        assert_eq!(unread.status, Status::Unknown);
    }

    fn refused(call: &str) -> Unheard {
        Unheard {
            what: "which budgets the account has".to_owned(),
            call: call.to_owned(),
            action: "budgets:ViewBudget".to_owned(),
            reason: Reason::Denied,
            code: "AccessDeniedException".to_owned(),
            message: "no".to_owned(),
        }
    }

    #[test]
    fn a_refusal_is_unknown_with_the_action_that_is_missing() {
        let unheard = refused("budgets:DescribeBudgets");
        let said = said(Some(&Account::default()), &[unheard]);
        assert_eq!(said.status, Status::Unknown);
        assert_eq!(said.gap.unwrap().action, "budgets:ViewBudget");
    }

    #[test]
    fn an_account_that_was_not_asked_is_not_judged() {
        assert_eq!(said(None, &[]).status, Status::NotApplicable);
        let earlier = said(Some(&Account::default()), &[]);
        assert_eq!(earlier.status, Status::NotApplicable);
    }
}
