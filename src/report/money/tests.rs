use super::*;
use crate::{
    cost::{
        self, Month, Terms, Usage,
        app::{Weights, allocate},
        tests::{BOOK, convox, decimal, disk},
    },
    kind::{elastic_ip::ElasticIp, log_group::LogGroup},
    rule,
    snapshot::{Gap, Origin, Resource, Snapshot},
    testing,
};

/// What a report of these tells of costs, and its findings.
fn told<T>(
    resources: &[Resource],
    gaps: &[Gap],
    then: impl FnOnce(&crate::report::Report, &Money) -> T,
) -> T {
    let snapshot = Snapshot {
        format: 1,
        tool: "0".to_owned(),
        taken: Timestamp::UNIX_EPOCH,
        took_ms: 0,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        identity: String::new(),
        rack: "prod".to_owned(),
        definition: None,
        calls: BTreeMap::new(),
        gaps: gaps.to_vec(),
        money: crate::snapshot::Money::default(),
        resources: resources.to_vec(),
        origin: Origin::default(),
    };
    let test = |case: &Case<'_>| {
        let terms = Terms {
            region: "us-east-1",
            book: &BOOK,
            month: &Month::usual(),
            usage: &Usage::default(),
        };
        let bill = cost::bill(case, &terms);
        let costs = Costs {
            bill: &bill,
            apps: &allocate(case, &bill, Weights::default()),
            weights: Weights::default(),
            free: None,
            spent: None,
        };
        let judged = rule::audit(case).unwrap();
        let material = crate::report::Material {
            snapshot: &snapshot,
            case: *case,
            judged: &judged,
            notices: &[],
        };
        let report = crate::report::make(&material, None, Some(&costs));
        let money = report.money.clone().unwrap();
        then(&report, &money)
    };
    testing::owned(resources, gaps, |_| true, test)
}

#[test]
fn services_apps_and_sources_come_to_the_same_total() {
    told(&convox(), &[], |_, money| {
        let total = money.total.exact();
        let exact =
            |all: Vec<Option<Usd>>| -> Decimal { all.into_iter().flatten().map(Usd::exact).sum() };
        assert_eq!(total, decimal("199.823"));
        // What is shown of these adds up to what is shown of the total.
        let shown = money.total.cents();
        assert_eq!(
            exact(money.services.iter().map(|it| it.usd).collect()),
            shown
        );
        assert_eq!(
            exact(money.apps.iter().map(|it| it.bar.usd).collect()),
            shown
        );
        assert_eq!(
            exact(money.sources.iter().map(|it| Some(it.usd)).collect()),
            total
        );
        assert_eq!(
            exact(money.confidence.iter().map(|it| it.usd).collect()),
            total
        );
        assert_eq!(
            exact(money.of.values().map(|it| Some(*it)).collect()),
            total
        );
        assert!(!money.least);
    });
}

#[test]
fn what_is_only_billed_by_use_has_no_amount() {
    told(&convox(), &[], |_, money| {
        let service = |name: &str| money.services.iter().find(|it| it.name == name).unwrap();
        let topics = service("Amazon Simple Notification Service");
        assert_eq!(topics.usd, None);
        assert_eq!((topics.by_use, topics.length), (3, 0));
        assert_eq!(service("Amazon Elastic Compute Cloud").length, 100);
    });
}

#[test]
fn a_finding_about_cost_tells_what_its_resource_costs() {
    let idle = ElasticIp {
        public_ip: "203.0.113.9".to_owned(),
        ..ElasticIp::default()
    };
    let all = [Resource::new("eipalloc-1", idle), disk(1, 8)];
    told(&all, &[], |report, money| {
        let finding = report
            .findings
            .iter()
            .find(|it| it.rule == "eip-unassociated");
        // 730 × 0.005
        assert_eq!(finding.unwrap().saves, Some(Usd::new(decimal("3.650"))));
        let waste: Vec<String> = money.waste.iter().map(|it| it.usd.to_string()).collect();
        assert_eq!(waste, ["3.65"]);
        assert_eq!(money.wasted.to_string(), "3.65");
        let other = report
            .findings
            .iter()
            .find(|it| it.category != Category::Cost);
        assert_eq!(other.unwrap().saves, None);
    });
}

#[test]
fn what_is_stored_for_ever_tells_what_it_costs_and_is_no_waste() {
    let logs = LogGroup {
        stored_bytes: 500 << 30,
        ..LogGroup::default()
    };
    told(
        &[Resource::new("app", logs), disk(1, 8)],
        &[],
        |report, money| {
            let mut findings = report.findings.iter();
            let finding = findings.find(|it| it.rule == "logs-no-retention");
            // 500 × 0.03
            assert_eq!(finding.unwrap().saves, Some(Usd::new(decimal("15.00"))));
            assert!(money.waste.is_empty());
        },
    );
}

#[test]
fn what_was_paid_so_far_is_counted_from_when_each_thing_was_made() {
    let mut old = disk(1, 73);
    old.created = Some("1969-12-30T04:00:00Z".parse().unwrap());
    let young = disk(2, 73);
    told(&[old, young], &[], |_, money| {
        // 73 × 0.10 / 730 = 0.01 an hour, for 44 hours; of the other it is not known.
        assert_eq!(money.so_far.exact().normalize(), decimal("0.44"));
        assert_eq!(money.since.unwrap().to_string(), "1969-12-30T04:00:00Z");
    });
}

#[test]
fn a_total_that_lacks_something_is_at_least_so_much() {
    let gap = testing::gap(crate::kind::Kind::NatGateway, "ec2:DescribeNatGateways");
    told(&[disk(1, 8)], &[gap], |_, money| assert!(money.least));
}

#[test]
fn what_could_be_saved_at_a_nat_gateway_is_at_most_what_its_gigabytes_cost() {
    use crate::{
        cost::{
            Origin as Told,
            usage::{Scope, Used},
        },
        kind::nat_gateway::NatGateway,
        rule::{Category, Cost, nat_without_gateway_endpoint::RULE},
    };
    let nat = |key: &str| {
        let nat = NatGateway {
            status: "available".to_owned(),
            ..NatGateway::default()
        };
        Resource::new(key, nat)
    };
    let resources = [nat("nat-1"), nat("nat-2")];
    let id = &resources[0].id;
    let of = |measured: bool| {
        let mut usage = Usage::default();
        for it in resources.iter().filter(|_| measured) {
            let used = Used {
                quantity: decimal("100"),
                origin: Told::Measured { days: 14 },
            };
            usage.set(Scope::One(it.id.clone()), "data processed", used);
        }
        let test = |case: &Case<'_>| {
            let terms = Terms {
                region: "us-east-1",
                book: &BOOK,
                month: &Month::usual(),
                usage: &usage,
            };
            let bill = cost::bill(case, &terms);
            let costs = Costs {
                bill: &bill,
                apps: &allocate(case, &bill, Weights::default()),
                weights: Weights::default(),
                free: None,
                spent: None,
            };
            let words = RULE.words().unwrap();
            let verdict = Verdict::new(&RULE, &words, id, Status::Fail, "so it is");
            let cost = Cost::Part {
                of: vec![id.clone()],
                usage: "NatGateway-Bytes",
            };
            saved(&costs, Category::Cost, &verdict.cost(cost))
        };
        testing::owned(&resources, &[], |_| true, test)
    };
    // 100 × 0.045, and nothing of its hours or of the other's gigabytes.
    assert_eq!(of(true), Some(Usd::new(decimal("4.500"))));
    assert_eq!(of(false), None);
}
