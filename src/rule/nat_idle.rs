//! NAT gateways that routes lead to and through which nothing goes.

use super::{
    Case, Rule, Status, Verdict, Words,
    measured::{self, Counts, Use},
    nat_unrouted,
};
use crate::{
    kind::{Kind, nat_gateway::NatGateway},
    snapshot::Resource,
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

    fn said(routed: bool, values: Option<[Option<i64>; 3]>) -> Status {
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
        let metered = values.map(|values| Metered {
            from: "1969-12-01T00:00:00Z".parse().unwrap(),
            to: "1969-12-15T00:00:00Z".parse().unwrap(),
            counts: counts
                .zip(values)
                .map(|(it, value)| Count { value, ..it })
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
        assert_eq!(said(true, Some([zero; 3])), Status::Fail);
        assert_eq!(said(true, Some([zero, Some(3), zero])), Status::Pass);
        assert_eq!(said(true, Some([zero, None, zero])), Status::Unknown);
        assert_eq!(said(true, None), Status::NotApplicable);
        // Of one that nothing leads to another rule tells.
        assert_eq!(said(false, Some([zero; 3])), Status::NotApplicable);
    }
}
