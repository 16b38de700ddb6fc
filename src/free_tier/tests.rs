use super::*;
use crate::{
    cost::{
        Origin, Terms, Usage, bill,
        tests::{BOOK, convox, decimal, disk, machine},
        usage::{Scope, Used},
    },
    kind::{
        AsKind as _, Fact,
        instance::Instance,
        table::{Table, TableFacts},
    },
    price::Book,
    snapshot::Resource,
    testing,
};

/// What a test asks: resources, their use in a month, the month, the account's opening.
struct Asked {
    resources: Vec<Resource>,
    usage: Vec<(&'static str, &'static str, Decimal)>,
    month: Month,
    opened: Option<&'static str>,
    account: Option<Account>,
    credits: Option<Decimal>,
    /// From when it is looked at; else the month's first moment.
    at: Option<&'static str>,
    book: Book,
}

impl Asked {
    /// A rack that runs from the first moment of May 2018 on, alone in an account of that spring.
    fn of(resources: Vec<Resource>) -> Self {
        Self {
            resources,
            usage: Vec::new(),
            month: Month::parse("2018-05").unwrap(),
            opened: Some("2018-04-29"),
            account: None,
            credits: None,
            at: None,
            book: BOOK.clone(),
        }
    }

    fn in_month(mut self, month: &str, opened: &'static str) -> Self {
        self.month = Month::parse(month).unwrap();
        self.opened = Some(opened);
        self
    }

    fn using(mut self, id: &'static str, component: &'static str, quantity: &str) -> Self {
        self.usage.push((id, component, decimal(quantity)));
        self
    }

    fn assess(&self) -> Result<FreeTier, BadQuestion> {
        let mut usage = Usage::default();
        for (id, component, quantity) in &self.usage {
            let used = Used {
                quantity: *quantity,
                origin: Origin::Given,
            };
            assert!(usage.set(Scope::One(id.parse().unwrap()), component, used));
        }
        let question = Question {
            region: "us-east-1",
            at: match (self.at, &self.account) {
                (Some(it), _) => it.parse().unwrap(),
                (None, Some(it)) => it.asked,
                (None, None) => self.month.begins().unwrap(),
            },
            opened: self.opened.map(|it| it.parse().unwrap()),
            credits: self.credits,
            account: self.account.as_ref(),
        };
        let test = |case: &crate::rule::Case<'_>| {
            let terms = Terms {
                region: "us-east-1",
                book: &self.book,
                month: &self.month,
                usage: &usage,
            };
            assess(&bill(case, &terms), case.graph, &question)
        };
        testing::owned(&self.resources, &[], |_| true, test)
    }

    /// What becomes of one allowance.
    fn allowance(&self, name: &str) -> Allowance {
        let all = self.assess().unwrap().allowances;
        all.into_iter().find(|it| it.offer.name == name).unwrap()
    }

    /// Hours until it is gone, that moment, hours until the mail, that moment.
    fn told(&self, name: &str) -> [String; 2] {
        let it = self.allowance(name);
        [it.end, it.mail].map(|it| match it {
            Some(it) => format!("{} {}", it.hours.round_dp(3).normalize(), it.at),
            None => "never".to_owned(),
        })
    }
}

/// The book of 2018, when addresses in use cost nothing.
fn of_2018() -> Book {
    let catalogue = include_str!("../price/catalogue.csv");
    let rows = catalogue.lines().map(|it| match it.contains("PublicIPv4") {
        true => it.replace(",0.005,", ",0,"),
        false => it.to_owned(),
    });
    Book::parse(&rows.collect::<Vec<_>>().join("\n")).unwrap()
}

/// A table with an index, five units each.
fn table(name: &str) -> Resource {
    let index = crate::kind::table::Index {
        read_units: 5,
        write_units: 5,
        ..Default::default()
    };
    let facts = TableFacts {
        billing_mode: "PROVISIONED".to_owned(),
        read_units: 5,
        write_units: 5,
        indexes: vec![index],
        ..TableFacts::default()
    };
    let facts = Fact::Known(facts);
    let table = Table {
        facts,
        ..Table::default()
    };
    Resource::new(name, table)
}

#[test]
fn four_hundred_gigabytes_use_up_thirty_within_two_days_and_a_half() {
    // 402 GB burn 402 / 744 = 0.54032258 GB-months an hour; 30 × 744 / 402 = 55.522 h, the mail
    // at 0.85 of that, 47.194 h: the story's "after about 2 days".
    let may = Asked::of(convox());
    assert_eq!(
        may.told("EBS storage"),
        ["55.522 2018-05-03T07:31:20Z", "47.194 2018-05-02T23:11:38Z"]
    );
    let it = may.allowance("EBS storage");
    assert_eq!(it.used, decimal("402"));
    assert_eq!(it.percent(), Some(decimal("1340")));
    assert_eq!(it.per_hour.round_dp(8), decimal("0.54032258"));
    // The disk for builds is the greatest of the causes: without it, 30 × 744 / 202 = 110.495 h.
    assert_eq!(it.causes[0].resource.to_string(), "volume/vol-3-200");
    let without = it.without_first.unwrap().unwrap();
    assert_eq!(without.hours.round_dp(3), decimal("110.495"));
    // Not enough goes with it: 402 − 200 − 3 × 50 − 3 × 8 = 28 are within 30, and 36 are not.
    assert_eq!(it.fewest(), Some(7));
    // 372 of the 402 GB are charged, less the first 55.522 of 744 hours: 372 × 0.10.
    assert_eq!(it.costs.exact().round_dp(6), decimal("37.2"));
    assert_eq!(it.saves.exact().round_dp(6), decimal("3"));
}

#[test]
fn in_a_month_of_thirty_days_it_is_sooner() {
    // 30 × 720 / 402 = 53.731, × 0.85 = 45.672
    let june = Asked::of(convox()).in_month("2018-06", "2018-04-29");
    assert_eq!(
        june.told("EBS storage"),
        ["53.731 2018-06-03T05:43:52Z", "45.672 2018-06-02T21:40:17Z"]
    );
}

#[test]
fn both_kinds_of_load_balancer_share_their_hours() {
    // 2 an hour: 750 / 2 = 375 h, × 0.85 = 318.75
    let may = Asked::of(convox());
    assert_eq!(
        may.told("load balancer hours"),
        ["375 2018-05-16T15:00:00Z", "318.75 2018-05-14T06:45:00Z"]
    );
    // Both run 369 more hours: 369 × (0.0225 + 0.025) = 17.5275
    let it = may.allowance("load balancer hours");
    assert_eq!(it.costs.exact().round_dp(6), decimal("17.5275"));
}

#[test]
fn capacity_units_end_or_nearly_end() {
    // 0.1 on average: 15 / 0.1 = 150 h; of 74.4 in the month.
    let busy = Asked::of(convox()).using("load-balancer/router", "capacity units", "74.4");
    assert_eq!(
        busy.told("load balancer capacity units"),
        ["150 2018-05-07T06:00:00Z", "127.5 2018-05-06T07:30:00Z"]
    );
    // 0.02: 14.88 of 15 in the month, 99.2 %.
    let quiet = Asked::of(convox()).using("load-balancer/router", "capacity units", "14.88");
    assert_eq!(
        quiet.told("load balancer capacity units"),
        ["never", "637.5 2018-05-27T13:30:00Z"]
    );
    let percent = quiet.allowance("load balancer capacity units").percent();
    assert_eq!(percent, Some(decimal("99.2")));
}

#[test]
fn ten_metrics_are_free_of_twenty_eight() {
    // 10 × 744 / 28 = 265.714 h, × 0.85 = 225.857
    let may = Asked::of(convox());
    assert_eq!(
        may.told("CloudWatch metrics"),
        [
            "265.714 2018-05-12T01:42:51Z",
            "225.857 2018-05-10T09:51:25Z"
        ]
    );
    // 18 × 0.30
    let it = may.allowance("CloudWatch metrics");
    assert_eq!(it.costs.exact().round_dp(6), decimal("5.4"));
}

#[test]
fn four_fifths_of_a_tables_capacity_never_end() {
    // 20 × 744 = 14,880 of 18,600: 80 %, below the mail.
    let may = Asked::of(convox());
    for name in ["DynamoDB read capacity", "DynamoDB write capacity"] {
        assert_eq!(may.told(name), ["never", "never"]);
        assert_eq!(may.allowance(name).percent(), Some(decimal("80")));
    }
    // One more table and its index: 30 an hour, 18,600 / 30 = 620 h, × 0.85 = 527
    let mut more = convox();
    more.push(table("more"));
    assert_eq!(
        Asked::of(more).told("DynamoDB read capacity"),
        ["620 2018-05-26T20:00:00Z", "527 2018-05-22T23:00:00Z"]
    );
}

#[test]
fn requests_and_logs_end_as_they_are_used() {
    // Polling, 720 an hour: 535,680 of a million.
    let polling = Asked::of(convox())
        .using("queue/q1", "requests", "267840")
        .using("queue/q2", "requests", "267840");
    assert_eq!(polling.told("SQS requests"), ["never", "never"]);
    let percent = polling.allowance("SQS requests").percent();
    assert_eq!(percent, Some(decimal("53.568")));
    // 100 an hour: 20,000 / 100
    let keys = Asked::of(convox()).using("key/key-1", "requests", "74400");
    assert_eq!(
        keys.told("KMS requests"),
        ["200 2018-05-09T08:00:00Z", "170 2018-05-08T02:00:00Z"]
    );
    // 0.02 GB an hour: 5 / 0.02
    let logs = Asked::of(convox()).using("log-group/logs", "ingestion", "14.88");
    assert_eq!(
        logs.told("log ingestion"),
        ["250 2018-05-11T10:00:00Z", "212.5 2018-05-09T20:30:00Z"]
    );
}

#[test]
fn ten_addresses_use_up_their_hours_in_three_days() {
    // 750 / 10 = 75 h, × 0.85 = 63.75
    let may = Asked::of(convox()).in_month("2024-05", "2024-04-29");
    assert_eq!(
        may.told("public IPv4 addresses"),
        ["75 2024-05-04T03:00:00Z", "63.75 2024-05-03T15:45:00Z"]
    );
    // Before they cost something there was no such offer.
    let before = Asked::of(convox()).assess().unwrap();
    let names = before.allowances.iter().map(|it| it.offer.name);
    assert!(!names.into_iter().any(|it| it == "public IPv4 addresses"));
}

#[test]
fn only_micro_machines_have_free_hours() {
    let small = Asked::of(convox()).assess().unwrap();
    assert!(
        small
            .untouched
            .iter()
            .any(|it| it.name == "EC2 micro machine")
    );
    // 4 × 744 × 0.023
    let hours = small.uncovered.iter().find(|it| it.0 == "instance hours");
    assert_eq!(hours.unwrap().1.exact(), decimal("68.448"));
    // If they were t2.micro: 750 / 4 = 187.5 h, × 0.85 = 159.375
    let mut micro = convox();
    for it in &mut micro {
        if let Some(it) = Instance::of_mut(&mut it.attrs) {
            it.instance_type = "t2.micro".to_owned();
        }
    }
    assert_eq!(
        Asked::of(micro).told("EC2 micro machine"),
        ["187.5 2018-05-08T19:30:00Z", "159.375 2018-05-07T15:22:30Z"]
    );
}

#[test]
fn the_month_after_what_is_always_free() {
    // 730 hours: 163.53324 − 20 × 730 × (0.00065 + 0.00013) − 525,600 × 0.0000004 − 10 × 0.30
    // = 163.53324 − 11.388 − 0.21024 − 3 = 148.935
    let mut asked = Asked::of(convox())
        .using("queue/q1", "requests", "262800")
        .using("queue/q2", "requests", "262800");
    asked.month = Month::lasting("2018-05", 730);
    asked.opened = Some("2016-01-01");
    asked.book = of_2018();
    let free = asked.assess().unwrap();
    let exact = |it: Usd| it.exact().round_dp(9).normalize();
    assert_eq!(exact(free.gross), decimal("163.53324"));
    assert_eq!(exact(free.after_always), decimal("148.935"));
    assert_eq!(free.after_always.to_string(), "148.94");
    // Without the ten metrics: 163.53324 − 11.388 − 0.21024 = 151.93500
    let metrics = free.allowances.iter();
    let metrics = metrics.filter(|it| it.offer.name == "CloudWatch metrics");
    let without = free.after_always + metrics.map(|it| it.saves).sum();
    assert_eq!(exact(without), decimal("151.935"));
    assert_eq!(without.to_string(), "151.94");
    assert_eq!(free.after_all, free.after_always);
    let of = |name: &str| {
        let all = free.allowances.iter();
        let saves = all.filter(|it| it.offer.name.starts_with(name));
        exact(saves.map(|it| it.saves).sum())
    };
    assert_eq!(of("DynamoDB"), decimal("11.388"));
    assert_eq!(of("SQS"), decimal("0.21024"));
    assert_eq!(of("CloudWatch metrics"), decimal("3"));
    // Today, with ten addresses: 148.935 + 36.50
    asked.book = BOOK.clone();
    let free = asked.assess().unwrap();
    assert_eq!(exact(free.gross), decimal("200.03324"));
    assert_eq!(exact(free.after_always), decimal("185.435"));
    assert_eq!(free.after_always.to_string(), "185.44");
}

#[test]
fn two_million_lambda_requests_beyond_the_first_cost_forty_cents() {
    // 3 M × 0.12 s × 0.5 GB = 180,000 GB-seconds of 400,000; (3 M − 1 M) × 0.0000002
    let free = Asked::of(convox())
        .using("function/f1", "requests", "3000000")
        .using("function/f1", "duration", "180000");
    let [requests, duration] = ["Lambda requests", "Lambda duration"].map(|it| free.allowance(it));
    assert_eq!(requests.costs.exact().round_dp(9), decimal("0.4"));
    assert_eq!(duration.costs, Usd::ZERO);
}

#[test]
fn twelve_thousand_metrics_less_ten_go_through_their_tiers() {
    // 10,000 × 0.30 + 1,990 × 0.10 = 3,000 + 199
    let mut cluster = testing::cluster("c");
    if let Some(it) = crate::kind::cluster::Cluster::of_mut(&mut cluster.attrs) {
        it.container_insights = Some("enabled".to_owned());
    }
    let asked = Asked::of(vec![cluster]).using("cluster/c", "Container Insights", "12000");
    let it = asked.allowance("CloudWatch metrics");
    assert_eq!(it.costs.exact().round_dp(6), decimal("3199"));
}

#[test]
fn what_is_made_within_the_month_counts_from_then_on() {
    let mut late = disk(1, 402);
    late.created = Some("2018-05-11T00:00:00Z".parse().unwrap());
    let asked = Asked::of(vec![late]);
    // 240 h later than before.
    let [end, _] = asked.told("EBS storage");
    assert_eq!(end, "295.522 2018-05-13T07:31:20Z");
    let free = asked.assess().unwrap();
    assert!(free.partial);
    // 402 × 504 / 744 × 0.10 = 27.2322…
    assert_eq!(free.gross.to_string(), "27.23");
    assert_eq!(free.after_all.to_string(), "24.23");
}

#[test]
fn the_accounts_own_count_goes_before_the_assumption_that_the_rack_is_alone() {
    let item = |actual: &str| money::Offer {
        service: "Amazon Elastic Compute Cloud".to_owned(),
        operation: "CreateVolume-Gp2".to_owned(),
        usage_type: "Global-EBS:VolumeUsage".to_owned(),
        region: "global".to_owned(),
        actual: decimal(actual),
        forecast: Decimal::ZERO,
        limit: decimal("30"),
        unit: "GB-Mo".to_owned(),
        kind: "12 Months Free".to_owned(),
        description: String::new(),
    };
    let counted = |actual: &str| {
        let mut asked = Asked::of(vec![disk(1, 30)]);
        asked.account = Some(Account {
            asked: "2018-05-11T00:00:00Z".parse().unwrap(),
            offers: Fact::Known(vec![item(actual)]),
            plan: Fact::Known(None),
            ..Account::default()
        });
        asked
    };
    // Alone, 30 GB never end. After 240 h they have used 30 × 240 / 744 = 9.677; if AWS counts 20,
    // there is more in the account, and it ends at 240 × 30 / 20 = 360 h.
    assert_eq!(Asked::of(vec![disk(1, 30)]).told("EBS storage")[0], "never");
    assert_eq!(
        counted("20").told("EBS storage")[0],
        "360 2018-05-16T00:00:00Z"
    );
    assert!(counted("20").allowance("EBS storage").counted.is_some());
    // If AWS has counted less than the rack should have used, AWS is right.
    assert_eq!(counted("5").told("EBS storage")[0], "never");
    // A count of something else of that name is not taken for it.
    let mut other = counted("20");
    if let Some(Fact::Known(items)) = other.account.as_mut().map(|it| &mut it.offers) {
        items[0].service = "Amazon Relational Database Service".to_owned();
        items[0].usage_type = "Global-RDS:StorageUsage".to_owned();
    }
    assert_eq!(other.told("EBS storage")[0], "never");
}

#[test]
fn offers_of_twelve_months_end_with_the_twelfth() {
    let mut asked = Asked::of(vec![disk(1, 30)]);
    asked.opened = Some("2017-05-11");
    let it = asked.allowance("EBS storage");
    assert_eq!(it.expires.unwrap().hours, decimal("240"));
    assert_eq!((it.end, it.mail), (it.expires, None));
    assert!(it.lapses());
    // 30 × 504 / 744 × 0.10 = 2.03226
    assert_eq!(it.costs.to_string(), "2.03");
    // Two load balancers would use up their hours by the 16th; the offer ends before the mail.
    let mut balancers = Asked::of(convox());
    balancers.opened = Some("2017-05-11");
    assert_eq!(
        balancers.told("load balancer hours"),
        ["240 2018-05-11T00:00:00Z", "never"]
    );
    // The disks are used up first, and then it is that which ends it.
    assert_eq!(
        balancers.told("EBS storage"),
        ["55.522 2018-05-03T07:31:20Z", "47.194 2018-05-02T23:11:38Z"]
    );
    assert!(!balancers.allowance("EBS storage").lapses());
    asked.opened = Some("2017-05-01");
    let free = asked.assess().unwrap();
    assert!(free.allowances.is_empty());
    assert_eq!(free.after_all.to_string(), "3.00");
}

#[test]
fn of_an_account_of_unknown_age_both_months_are_told() {
    let mut asked = Asked::of(vec![disk(1, 30)]);
    asked.opened = None;
    let free = asked.assess().unwrap();
    assert_eq!(
        free.programme,
        Programme::Unknown {
            perhaps: true,
            credits: true,
        }
    );
    assert_eq!(free.allowances[0].sure, Sureness::Perhaps);
    assert_eq!(free.after_always.to_string(), "3.00");
    assert_eq!(free.after_all.to_string(), "0.00");
}

#[test]
fn credits_last_as_long_as_the_rack_lets_them() {
    // A t2.small with a disk of 8 GB, without monitoring: 0.023 + 0.005 + 8 × 0.10 / 744 an hour.
    let mut one = machine(1);
    if let Some(it) = Instance::of_mut(&mut one.attrs) {
        it.detailed_monitoring = Some(false);
    }
    let mut asked = Asked::of(vec![one, disk(1, 8)]).in_month("2026-05", "2026-05-01");
    asked.credits = Some(decimal("100"));
    let credits = asked.assess().unwrap().credits.unwrap();
    // 0.0290752688… ; 100 / that = 3,439.3491 h = 143 days, 7 h, 20 min, 56 s
    assert_eq!(
        credits.per_hour.exact().round_dp(10),
        decimal("0.0290752688")
    );
    assert_eq!(credits.gone.unwrap().to_string(), "2026-09-21T07:20:56Z");
    let day = |it: Option<Timestamp>| it.unwrap().to_string();
    assert_eq!(day(credits.free_plan_ends), "2026-11-01T00:00:00Z");
    assert_eq!(day(credits.expire), "2027-05-01T00:00:00Z");
    // There are no offers of twelve months then.
    let free = asked.assess().unwrap();
    assert_eq!(free.after_all, free.after_always);
}

#[test]
fn credits_of_a_young_rack_go_at_the_pace_of_all_of_it() {
    // A t2.small with its address since 8 December: 0.028 an hour, 24 × 0.028 = 0.672 a day. Its
    // 24 days of the month are 576 hours, 16.128; the other 3.872 go in 138.2857 hours of January.
    let mut one = machine(1);
    if let Some(it) = Instance::of_mut(&mut one.attrs) {
        it.detailed_monitoring = Some(false);
    }
    one.created = Some("2026-12-08T00:00:00Z".parse().unwrap());
    let mut asked = Asked::of(vec![one.clone()]).in_month("2026-12", "2026-12-01");
    asked.at = Some("2026-12-08T00:00:00Z");
    asked.credits = Some(decimal("20"));
    let credits = asked.assess().unwrap().credits.unwrap();
    assert_eq!(credits.per_hour.exact(), decimal("0.028"));
    assert_eq!(credits.gone.unwrap().to_string(), "2027-01-06T18:17:08Z");
    // Within the month: 5.6 / 0.028 = 200 h.
    asked.credits = Some(decimal("5.6"));
    let credits = asked.assess().unwrap().credits.unwrap();
    assert_eq!(credits.gone.unwrap().to_string(), "2026-12-16T08:00:00Z");
    // Seen from the first, when nothing was there yet, it ends at the same hour.
    asked.at = Some("2026-12-01T00:00:00Z");
    let credits = asked.assess().unwrap().credits.unwrap();
    assert_eq!(credits.gone.unwrap().to_string(), "2026-12-16T08:00:00Z");
    // A table of 50 units that is made on the 8th too draws on 25 that are free: 18,600 unit-hours
    // are gone after 372 of its 576 hours; from January on, half of its 744 hours is charged.
    let mut big = table("big");
    if let Some(Fact::Known(facts)) = Table::of_mut(&mut big.attrs).map(|it| &mut it.facts) {
        facts.indexes.clear();
        facts.read_units = 50;
        facts.write_units = 0;
    }
    big.created = Some("2026-12-08T00:00:00Z".parse().unwrap());
    asked.resources = vec![big];
    asked.at = Some("2026-12-08T00:00:00Z");
    let credits = asked.assess().unwrap().credits.unwrap();
    // (37,200 − 18,600) × 0.00013 / 744
    assert_eq!(credits.per_hour.exact(), decimal("0.00325"));
    // 204 hours of December at 0.0065 are 1.326, the other 4.274 go at 0.00325 in 1,315.0769 h.
    assert_eq!(credits.gone.unwrap().to_string(), "2027-02-24T19:04:36Z");
}

#[test]
fn what_is_used_without_an_amount_is_told_and_not_taken_for_nothing() {
    let it = Asked::of(convox()).allowance("log ingestion");
    let untold: Vec<String> = it.untold.iter().map(|it| it.0.to_string()).collect();
    assert_eq!(untold, ["log-group/logs"]);
}

#[test]
fn windows_has_micro_hours_of_its_own() {
    let mut windows = machine(1);
    let mut linux = machine(2);
    for it in [&mut windows, &mut linux] {
        if let Some(it) = Instance::of_mut(&mut it.attrs) {
            it.instance_type = "t2.micro".to_owned();
        }
    }
    if let Some(it) = Instance::of_mut(&mut windows.attrs) {
        it.usage_operation = Some("RunInstances:0002".to_owned());
    }
    let count = |operation: &str, actual: &str| money::Offer {
        service: "Amazon Elastic Compute Cloud - Compute".to_owned(),
        operation: operation.to_owned(),
        usage_type: "Global-BoxUsage:freetier.micro".to_owned(),
        region: "global".to_owned(),
        actual: decimal(actual),
        limit: decimal("750"),
        kind: money::TWELVE_MONTHS.to_owned(),
        ..money::Offer::default()
    };
    let mut asked = Asked::of(vec![windows, linux]);
    asked.account = Some(Account {
        asked: "2018-05-02T00:00:00Z".parse().unwrap(),
        offers: Fact::Known(vec![
            count("RunInstances:0002", "48"),
            count("RunInstances", "24"),
        ]),
        plan: Fact::Known(None),
        ..Account::default()
    });
    // One an hour, as AWS counted on the first day: 744 of 750.
    assert_eq!(asked.allowance("EC2 micro machine").used, decimal("744"));
    // Its price is not among those that racklens brings, and AWS's count is its own all the same.
    let windows = asked.allowance("EC2 micro machine with Windows");
    assert_eq!(windows.counted.unwrap().actual, decimal("48"));
    assert_eq!(windows.untold.len(), 1);
}

#[test]
fn what_nobody_can_price_makes_the_month_the_least_and_is_told() {
    let mut all = convox();
    all.push(Resource::new("orders", Table::default()));
    let mut asked = Asked::of(all).in_month("2026-05", "2026-05-01");
    asked.credits = Some(decimal("100"));
    let free = asked.assess().unwrap();
    assert!(free.least);
    let unknown: Vec<String> = free.unknown.iter().map(|it| it.0.to_string()).collect();
    assert_eq!(unknown, ["table/orders"]);
    assert!(words::totals(&free).starts_with("the month comes to at least 202."));
    // Capacity units and what S3 holds are billed by use, and there are no twelve months.
    let by_use = |name| free.by_use.iter().any(|it| it.0 == name);
    assert!(by_use("capacity units") && by_use("image storage") != by_use("storage"));
    let told = words::credits(free.credits.as_ref().unwrap()).remove(0);
    assert!(
        told.ends_with("UTC at the latest, as not all that the rack costs is known"),
        "{told}"
    );
    let mut known = Asked::of(vec![disk(1, 8)]).in_month("2026-05", "2026-05-01");
    known.credits = Some(decimal("100"));
    let free = known.assess().unwrap();
    assert!(!free.least && free.by_use.is_empty());
    assert!(!free.credits.unwrap().at_the_latest);
}

#[test]
fn no_line_draws_on_two_allowances() {
    let test = |case: &crate::rule::Case<'_>| {
        let terms = Terms {
            region: "us-east-1",
            book: &BOOK,
            month: &Month::usual(),
            usage: &Usage::default(),
        };
        let place = Place {
            region: "us-east-1",
        };
        for line in bill(case, &terms).own() {
            let covering = OFFERS.iter().filter(|it| it.covers(line, place));
            assert!(covering.count() <= 1, "{line:?}");
        }
    };
    testing::owned(&convox(), &[], |_| true, test);
}

#[test]
fn a_question_about_no_month_or_another_is_refused() {
    let mut asked = Asked::of(Vec::new());
    asked.account = Some(Account {
        asked: "2018-06-01T00:00:00Z".parse().unwrap(),
        offers: Fact::Unread,
        plan: Fact::Unread,
        ..Account::default()
    });
    let why = asked.assess().unwrap_err().to_string();
    assert_eq!(why, "2018-06-01T00:00:00Z does not lie in 2018-05");
    let mut asked = Asked::of(Vec::new());
    asked.opened = Some("2018-05-02");
    let why = asked.assess().unwrap_err().to_string();
    assert!(why.contains("that is after 2018-05-01"), "{why}");
}
