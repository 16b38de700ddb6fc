//! More machine hours than the twelve months' offer of old accounts gives.

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    free_tier::programme::{BadOpening, Programme},
    id::ResourceId,
    kind::{Fact, Kind, instance::Instance},
    text,
};

pub const RULE: Rule = Rule {
    id: "free-hours-over",
    words: include_str!("../../rules/free-hours-over.toml"),
    needs: &[Kind::Instance],
    check,
};

/// On this day the last account that had offers of twelve months has had them.
const LAST: civil::Date = civil::date(2026, 7, 15);

/// One verdict, told of the rack as a whole: hours are added up.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let root = case.whole();
    root.map(|it| judge(case, words, it)).into_iter().collect()
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if is_over(case.taken) {
        let why = "every account's offers of twelve months had lapsed when it was read";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    let plan = case.account.and_then(|it| it.plan.known());
    if plan.is_some_and(Option::is_some) {
        let why = "the account has a plan with credits in place of offers of twelve months";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    let opened = case.run.pack.and_then(|it| it.opened);
    match opened.map(|it| programme(it, case.taken)) {
        Some(Ok(Programme::Over { opened })) => {
            let why = format!(
                "the account was opened on {opened}, and its offers of twelve months had lapsed"
            );
            return verdict(Status::NotApplicable, why);
        }
        Some(Ok(Programme::Credits { .. })) => {
            let why = "the account was opened when there were credits in place of such offers";
            return verdict(Status::NotApplicable, why.to_owned());
        }
        // What cannot be is refused where it is asked for: `cost --free-tier` says so.
        Some(
            Ok(Programme::TwelveMonths { .. } | Programme::Running | Programme::Unknown { .. })
            | Err(_),
        )
        | None => {}
    }
    let running = case.ours::<Instance>().filter(|(_, it)| it.is_running());
    let (mut free, mut unread) = (Vec::new(), None);
    for (resource, instance) in running {
        match instance.free_tier {
            Fact::Known(true) => free.push(resource.id.key.as_str()),
            Fact::Known(false) => {}
            Fact::Unread => unread = unread.or(Some(&resource.id)),
        }
    }
    let number = i64::try_from(free.len()).unwrap_or(i64::MAX);
    let hours = number.saturating_mul(words.number("month"));
    let limit = words.number("hours");
    if hours > limit {
        let instances = text::count(free.len(), "instance");
        let young = match opened {
            Some(_) => "",
            None => "is younger than twelve months and ",
        };
        let why = format!(
            "{instances} of types that it covers come to {hours} hours a month, of which {limit} \
             are free; assumed that the account {young}has nothing else"
        );
        let evidence = Evidence::new(id, "InstanceId", free.join(", "));
        let verdict = verdict(Status::Fail, why).evidence([evidence]);
        // Only the account, or its owner, could tell that it ever had the offer.
        return match (plan, opened) {
            (None, None) => verdict.severity(Severity::Info),
            _ => verdict,
        };
    }
    if let Some(instance) = unread {
        let why = format!("whether the free tier covers {instance} was not read");
        let gap = case.gap_of_call(instance, "DescribeInstanceTypes");
        return verdict(Status::Unknown, why).gap(gap);
    }
    let why = format!("its machines use {hours} of {limit} free hours a month");
    verdict(Status::Pass, why)
}

fn programme(opened: civil::Date, taken: Timestamp) -> Result<Programme, BadOpening> {
    Programme::find(Some(opened), None, taken, taken)
}

fn is_over(taken: Timestamp) -> bool {
    let last = LAST.to_zoned(TimeZone::UTC);
    last.is_ok_and(|it| taken >= it.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Resource, testing};

    #[test]
    fn since_the_last_account_has_had_its_year_it_is_not_judged() {
        let instance = Instance {
            status: "running".to_owned(),
            free_tier: Fact::Known(true),
            ..Instance::default()
        };
        let resources = [
            Resource::new("i-1", instance.clone()),
            Resource::new("i-2", instance),
        ];
        let words = RULE.words().unwrap();
        let said = |taken: &str| {
            let taken = taken.parse().unwrap();
            let check = |case: &Case<'_>| check(&Case { taken, ..*case }, &words);
            testing::owned(&resources, &[], |_| true, check)[0].status
        };
        assert_eq!(said("2026-07-14T23:59:59Z"), Status::Fail);
        assert_eq!(said("2026-07-15T00:00:00Z"), Status::NotApplicable);
    }
}
