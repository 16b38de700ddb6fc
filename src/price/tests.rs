use proptest::prelude::*;

use super::*;

const HEAD: &str = "service,region,usage,unit,from,to,price,currency,source,as_of,standing\n";

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// What a quantity costs by the prices that racklens brings with it, in us-east-1.
fn cost(service: &str, usage: &str, quantity: &str) -> Usd {
    let book = Book::embedded().unwrap();
    let price = book.price(service, "us-east-1", usage).unwrap();
    let parts = price.tiers.without_allowance().split(decimal(quantity));
    Usd::new(tier::total(&parts.unwrap()).unwrap())
}

fn refusal(rows: &str) -> String {
    Book::parse(&format!("{HEAD}{rows}"))
        .unwrap_err()
        .to_string()
}

#[test]
fn the_book_that_racklens_brings_is_whole() {
    let book = Book::embedded().unwrap();
    assert!(book.len() > 600, "{}", book.len());
    for region in ["us-east-1", "us-west-2", "eu-west-1"] {
        assert!(book.knows_region(region), "{region}");
    }
}

#[test]
fn sixty_tebibytes_in_s3_fall_into_two_tiers() {
    // 51,200 × 0.023 + 10,240 × 0.022 = 1,177.60 + 225.28
    let cost = cost("AmazonS3", "TimedStorage-ByteHrs", "61440");
    assert_eq!(cost.to_string(), "1,402.88");
}

#[test]
fn data_to_the_internet_grows_cheaper() {
    // 12,000 GB less the 100 that are free: 10,240 × 0.09 + 1,660 × 0.085 = 921.60 + 141.10
    let out = |quantity| cost("AWSDataTransfer", "DataTransfer-Out-Bytes", quantity).to_string();
    assert_eq!(out("11900"), "1,062.70");
    // 10,240 × 0.09 + 40,960 × 0.085 + 8,700 × 0.07 = 921.60 + 3,481.60 + 609.00
    assert_eq!(out("59900"), "5,012.20");
}

#[test]
fn twelve_thousand_metrics_less_the_ten_free_ones() {
    // 10,000 × 0.30 + 1,990 × 0.10
    let cost = cost("AmazonCloudWatch", "CW:MetricMonitorUsage", "11990");
    assert_eq!(cost.to_string(), "3,199.00");
}

#[test]
fn lambda_is_gross_and_its_allowance_leaves_forty_cents() {
    // 3 M requests of 120 ms and 512 MB are 180,000 GB-seconds.
    let requests = |it| cost("AWSLambda", "Request", it);
    let duration = |it| cost("AWSLambda", "Lambda-GB-Second", it);
    // 3,000,000 × 0.0000002 + 180,000 × 0.0000166667 = 0.60 + 3.000006
    let gross = requests("3000000") + duration("180000");
    assert_eq!(gross.to_string(), "3.60");
    // Less 1 M requests and 400,000 GB-seconds: 2,000,000 × 0.0000002 + 0
    assert_eq!((requests("2000000") + duration("0")).to_string(), "0.40");
}

#[test]
fn a_first_tier_for_nothing_is_the_organizations_and_not_a_resources() {
    // 20 units × 730 hours × 0.00065, although the list gives the first 18,600 for nothing.
    let book = Book::embedded().unwrap();
    let price = book.price("AmazonDynamoDB", "us-east-1", "WriteCapacityUnit-Hrs");
    assert_eq!(price.unwrap().tiers.first(), Decimal::ZERO);
    let cost = cost("AmazonDynamoDB", "WriteCapacityUnit-Hrs", "14600");
    assert_eq!(cost.exact().normalize(), decimal("9.49"));
}

#[test]
fn half_a_cent_is_a_cent() {
    // 730 × 0.0225
    let usage = "LoadBalancerUsage|productFamily=Load Balancer-Application";
    let cost = cost("AWSELB", usage, "730");
    assert_eq!(cost.exact().normalize(), decimal("16.425"));
    assert_eq!(cost.to_string(), "16.43");
}

#[test]
fn parts_add_up_to_what_is_shown_of_the_whole() {
    let shown = |parts: &[&str]| -> Vec<String> {
        let parts: Vec<Usd> = parts.iter().map(|it| Usd::new(decimal(it))).collect();
        let whole = parts.iter().copied().sum();
        let shown = in_cents(&parts, whole);
        assert_eq!(
            shown.iter().copied().sum::<Usd>().to_string(),
            whole.to_string()
        );
        shown.iter().map(ToString::to_string).collect()
    };
    // 104.193 is shown as 104.19: rounded each for itself, these would be 104.20.
    let rounded = shown(&["34.097", "68.0985", "1.9975"]);
    assert_eq!(rounded, ["34.09", "68.10", "2.00"]);
    assert_eq!(shown(&["0.005"]), ["0.01"]);
    assert_eq!(
        shown(&["0.003", "0.003", "0.003"]),
        ["0.01", "0.00", "0.00"]
    );
    assert_eq!(shown(&["0", "1.10"]), ["0.00", "1.10"]);
    assert!(in_cents(&[], Usd::ZERO).is_empty());
}

#[test]
fn a_filter_more_or_less_is_another_question() {
    let book = Book::embedded().unwrap();
    let known = |usage| book.price("AWSELB", "us-east-1", usage).is_some();
    assert!(known("LoadBalancerUsage|productFamily=Load Balancer"));
    assert!(!known("LoadBalancerUsage"));
    assert!(!known(
        "LoadBalancerUsage|productFamily=Load Balancer|operation=X"
    ));
}

#[test]
fn no_region_lends_its_price_to_another() {
    let book = Book::embedded().unwrap();
    let of = |region| book.price("AmazonEC2", region, "EBS:VolumeUsage.gp2");
    let of = |region| of(region).map(|it| it.tiers.first().normalize());
    assert_eq!(of("us-east-1"), Some(decimal("0.1")));
    assert_eq!(of("eu-west-1"), Some(decimal("0.11")));
    assert_eq!(of("eu-north-1"), None);
}

#[test]
fn hosted_zones_cost_the_same_everywhere() {
    let book = Book::embedded().unwrap();
    assert!(
        book.price("AmazonRoute53", "eu-north-1", "HostedZone")
            .is_some()
    );
}

#[test]
fn prices_that_could_make_a_wrong_bill_are_refused_where_they_stand() {
    let good = "A,r,X,Hrs,0,10,1,USD,s,2026,verified\n";
    for (second, said) in [
        (
            "A,r,Y,Hrs,0,Inf,-1,USD,s,2026,verified",
            "line 3, A r Y: the price -1 is negative",
        ),
        (
            "A,r,X,Hrs,5,Inf,1,USD,s,2026,verified",
            "line 2, A r X: the prices from 5 on overlap",
        ),
        (
            "A,r,X,Hrs,20,Inf,1,USD,s,2026,verified",
            "line 2, A r X: there is no price between 10 and 20",
        ),
        (
            "A,r,X,Hrs,0,10,1,USD,s,2026,verified",
            "line 2, A r X: two prices begin at 0",
        ),
        (
            "A,r,Y,Hrs,5,Inf,1,USD,s,2026,verified",
            "line 3, A r Y: there is no price between 0 and 5",
        ),
        (
            "A,r,Y,Hrs,0,0,1,USD,s,2026,verified",
            "line 3, A r Y: the price from 0 on ends before it begins",
        ),
        (
            "A,r,Y,Days,0,Inf,1,USD,s,2026,verified",
            "line 3, A r Y: the unit `Days` is unknown",
        ),
        (
            "A,r,X,GB,10,Inf,1,USD,s,2026,verified",
            "line 3, A r X: its unit is not that of the line before",
        ),
        (
            "A,r,Y,Hrs,0,Inf,1,CNY,s,2026,verified",
            "line 3, A r Y: prices are in CNY, not in USD",
        ),
        (
            "A,r,Y,Hrs,0,Inf,dear,USD,s,2026,verified",
            "line 3, A r Y: `dear` is no number",
        ),
        (
            "A,r,Y,Hrs,0,Inf,1,USD,s,spring,verified",
            "line 3, A r Y: `spring` is no date, month or year",
        ),
        (
            "A,r,Y,Hrs,0,Inf,1,USD,s,,verified",
            "line 3, A r Y: a verified price needs a date",
        ),
        (
            "A,r,Y,Hrs,0,Inf,1,USD,s,2026,true",
            "line 3, A r Y: `true` is none of verified, derived, unverified",
        ),
    ] {
        assert_eq!(refusal(&format!("{good}{second}\n")), said);
    }
    assert!(refusal("A,r,X\n").starts_with("line 2, a row: "));
}

#[test]
fn a_price_is_as_old_and_as_doubtful_as_the_worst_of_its_tiers() {
    let rows = "A,r,X,Hrs,0,10,2,USD,s,2026-09-29,verified\n\
                A,r,X,Hrs,10,Inf,1,USD,s,2024-07,derived\n";
    let book = Book::parse(&format!("{HEAD}{rows}")).unwrap();
    let price = book.price("A", "r", "X").unwrap();
    assert_eq!(
        (price.as_of.as_str(), price.standing),
        ("2024-07", Standing::Derived)
    );
}

#[test]
fn more_than_there_are_prices_for_has_no_price() {
    let book = Book::embedded().unwrap();
    let tiers = &book
        .price("AWSQueueService", "us-east-1", "Requests-RBP")
        .unwrap()
        .tiers;
    assert!(tiers.split(decimal("100000000000")).is_some());
    assert_eq!(tiers.split(decimal("100000000001")), None);
    assert_eq!(tiers.split(decimal("-1")), None);
}

#[test]
fn an_amount_too_great_to_be_told_is_none() {
    let part = Part {
        units: Decimal::MAX,
        price: decimal("2"),
    };
    assert_eq!(tier::total(&[part]), None);
}

#[test]
fn thousands_are_set_apart() {
    for (number, said) in [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("51200.5", "51,200.5"),
        ("-1234567", "-1,234,567"),
    ] {
        assert_eq!(grouped(decimal(number)), said);
    }
}

/// Tiers with these widths and prices, the last without an end.
fn tiers(steps: &[(u32, u32)]) -> Tiers {
    let mut from = Decimal::ZERO;
    let mut tiers = Vec::new();
    for (n, &(width, price)) in steps.iter().enumerate() {
        let to = from + Decimal::from(width);
        tiers.push(Tier {
            from,
            to: (n + 1 < steps.len()).then_some(to),
            price: Decimal::new(price.into(), 6),
        });
        from = to;
    }
    Tiers::new(tiers).unwrap()
}

proptest! {
    #[test]
    fn more_never_costs_less(
        steps in prop::collection::vec((1..50_000_u32, 0..1_000_000_u32), 1..5),
        less in 0..200_000_u32,
        more in 0..200_000_u32,
    ) {
        let tiers = tiers(&steps);
        let cost = |it: u32| tier::total(&tiers.split(it.into()).unwrap()).unwrap();
        prop_assert!(cost(less) <= cost(less + more));
    }

    #[test]
    fn every_unit_falls_into_one_tier(
        steps in prop::collection::vec((1..50_000_u32, 0..1_000_000_u32), 1..5),
        quantity in 0..200_000_u32,
    ) {
        let parts = tiers(&steps).split(quantity.into()).unwrap();
        let units: Decimal = parts.iter().map(|it| it.units).sum();
        prop_assert_eq!(units, Decimal::from(quantity));
    }
}

#[test]
fn prices_of_ones_own_go_before_the_others() {
    let own = "service,region,usage,unit,from,to,price,currency,source,as_of,standing\n\
               AmazonEC2,us-east-1,BoxUsage:t2.small,Hrs,0,Inf,0.01,USD,contract,2026,verified\n";
    let book = Book::parse(own).unwrap().over(Book::embedded().unwrap());
    let first = |usage| {
        let price = book.price("AmazonEC2", "us-east-1", usage).unwrap();
        price.tiers.first().to_string()
    };
    assert_eq!(first("BoxUsage:t2.small"), "0.01");
    assert_eq!(first("BoxUsage:t2.micro"), "0.0116");
}
