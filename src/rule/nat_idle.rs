//! NAT gateways that routes lead to and through which nothing goes.

use std::slice;

use rust_decimal::prelude::ToPrimitive as _;

use super::{
    Case, Evidence, Rule, Status, Verdict, Words,
    measured::{self, Counts, Use},
    nat_unrouted,
};
use crate::{
    id::ResourceId,
    kind::{Kind, nat_gateway::NatGateway},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "nat-idle",
    words: include_str!("../../rules/nat-idle.toml"),
    needs: &[Kind::NatGateway],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let counts = Counts::of(case);
    let judge = |(resource, nat)| judge(case, words, &counts, resource, nat);
    case.ours::<NatGateway>().map(judge).collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    counts: &Counts<'_>,
    resource: &Resource,
    nat: &NatGateway,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if nat.status != "available" {
        return verdict(Status::NotApplicable, format!("it is {}", nat.status));
    }
    if nat_unrouted::leading(case, id).is_none() {
        let why = "no route that was read leads to it, which is told of by nat-unrouted";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    match counts.used(resource, &measured::of_nat(resource)) {
        Use::None { days, evidence } => {
            let why = format!(
                "routes lead to it, but nothing went through it in {days} days, as CloudWatch \
                 counted; it is paid for by the hour"
            );
            verdict(Status::Fail, why).evidence(evidence)
        }
        Use::Some { metric, much, days } => {
            if let Some((bytes, days)) = little(words, counts, id) {
                let bytes = text::bytes(bytes);
                let why = format!(
                    "routes lead to it, but only {bytes} went through it in {days} days, as \
                     CloudWatch counted; it is paid for by the hour"
                );
                let value = format!("{bytes}, both ways");
                let evidence = Evidence::new(id, "BytesInFromSource", value);
                return verdict(Status::Fail, why).evidence([evidence]);
            }
            let why = format!("it is used: {metric} {much} in {days} days, measured");
            verdict(Status::Pass, why)
        }
        Use::Young => {
            let why = "it is too young to tell whether it is used";
            verdict(Status::NotApplicable, why.to_owned())
        }
        Use::NotAsked => {
            let why = "what goes through it was not measured (`racklens snapshot --usage \
                       cloudwatch` does)";
            verdict(Status::NotApplicable, why.to_owned())
        }
        Use::Untold => {
            let why = "CloudWatch was asked what goes through it, and did not tell all of it";
            verdict(Status::Unknown, why.to_owned()).gap(measured::gap(case).as_ref())
        }
    }
}

/// The bytes that went through it, and in how many days, where that is next to nothing.
fn little(words: &Words, counts: &Counts<'_>, id: &ResourceId) -> Option<(u64, u64)> {
    let (bytes, days) = counts.bytes(slice::from_ref(id))?;
    let bytes = bytes.to_u64()?;
    let least = u64::try_from(words.number("megabytes")).ok()? << 20;
    (bytes < least.saturating_mul(days)).then_some((bytes, days))
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::{
        kind::route_table::{Route, RouteTable},
        rule::Run,
        snapshot::money::{Count, Metered},
        testing,
    };

    /// What is said of one through which so many bytes went each way.
    fn said(routed: bool, values: Option<[Option<i64>; 3]>, bytes: Option<i64>) -> Status {
        let nat = NatGateway {
            status: "available".to_owned(),
            ..NatGateway::default()
        };
        let created: jiff::Timestamp = "1969-01-01T00:00:00Z".parse().unwrap();
        let nat = Resource::new("nat-1", nat).created(created);
        let table = RouteTable {
            routes: vec![Route {
                to: "0.0.0.0/0".to_owned(),
                via: "nat-1".to_owned(),
                state: "active".to_owned(),
            }],
            ..RouteTable::default()
        };
        let values = values.map(|it| it.map(|it| it.map(Decimal::from)));
        let counts = measured::of_nat(&nat).into_iter();
        let in_both = ["BytesInFromDestination", "BytesInFromSource"].into_iter();
        let in_both = in_both.filter_map(|metric| {
            Some(Count {
                metric: metric.to_owned(),
                days: None,
                value: Some(Decimal::from(bytes?)),
                ..measured::of_nat(&nat).remove(0)
            })
        });
        let metered = values.map(|values| Metered {
            from: "1969-12-01T00:00:00Z".parse().unwrap(),
            to: "1969-12-15T00:00:00Z".parse().unwrap(),
            counts: counts
                .zip(values)
                .map(|(it, value)| Count { value, ..it })
                .chain(in_both)
                .collect(),
        });
        let run = Run {
            used: metered.as_ref(),
            ..Run::default()
        };
        let resources: Vec<Resource> = [nat]
            .into_iter()
            .chain(routed.then(|| Resource::new("rtb-1", table)))
            .collect();
        let words = RULE.words().unwrap();
        let said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| check(&Case { run: &run, ..*case }, &words),
        );
        said[0].status
    }

    #[test]
    fn only_what_was_measured_is_judged() {
        let zero = Some(0);
        let some = [zero, Some(3), zero];
        assert_eq!(said(true, Some([zero; 3]), None), Status::Fail);
        assert_eq!(said(true, Some(some), None), Status::Pass);
        assert_eq!(said(true, Some([zero, None, zero]), None), Status::Unknown);
        assert_eq!(said(true, None, None), Status::NotApplicable);
        // Of one that nothing leads to another rule tells.
        let unrouted = said(false, Some([zero; 3]), None);
        assert_eq!(unrouted, Status::NotApplicable);
    }

    #[test]
    fn next_to_nothing_is_told_too() {
        let some = Some([Some(1), Some(3), Some(3)]);
        // Of fourteen days, a megabyte on each.
        assert_eq!(said(true, some, Some(7 << 20)), Status::Pass);
        assert_eq!(said(true, some, Some((7 << 20) - 1)), Status::Fail);
    }
}
