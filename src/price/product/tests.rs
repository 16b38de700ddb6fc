use serde_json::{Value, json};

use super::*;

/// What AWS answered in 2026: one instance type, gp3, public IPv4, snapshots; and its own example
/// of 2017.
const RECORDED: &str = include_str!("recorded.json");

fn recorded() -> Vec<Product> {
    let answer: Value = serde_json::from_str(RECORDED).unwrap();
    let list = answer["PriceList"].as_array().unwrap().iter();
    list.map(|it| Product::parse(it.as_str().unwrap()).unwrap())
        .collect()
}

fn price(
    products: &[Product],
    service: &str,
    region: &str,
    usage: &str,
) -> Result<String, NoPrice> {
    let found = Product::find(products, &Key::new(service, region, usage))?;
    let first = found.tiers.first().normalize();
    Ok(format!("{first} per {}", found.unit.name))
}

/// A product as small as it can be.
fn product(usage: &str, dimensions: &Value) -> Value {
    json!({
        "product": {
            "sku": "SKU",
            "productFamily": "Load Balancer-Application",
            "attributes": {"regionCode": "us-east-1", "usagetype": usage},
        },
        "serviceCode": "AWSELB",
        "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions}}},
    })
}

fn dimension(from: &str, to: &str, usd: &str) -> Value {
    json!({
        "unit": "Hrs",
        "beginRange": from,
        "endRange": to,
        "pricePerUnit": {"USD": usd},
    })
}

fn parse(document: &Value) -> Result<Product, BadProduct> {
    Product::parse(&document.to_string())
}

#[test]
fn each_recorded_product_has_its_own_price_and_no_other() {
    let all = recorded();
    // All of them but one of a region that it does not name.
    let wanted = [
        (
            "AmazonEC2",
            "us-east-1",
            "BoxUsage:t3.medium",
            "0.0416 per hour",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:VolumeUsage.gp3",
            "0.08 per GB-month",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:VolumeP-IOPS.gp3",
            "0.005 per IOPS-month",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:VolumeP-Throughput.gp3",
            "40.96 per GiB/s-month",
        ),
        (
            "AmazonVPC",
            "us-east-1",
            "PublicIPv4:InUseAddress",
            "0.005 per hour",
        ),
        (
            "AmazonVPC",
            "us-east-1",
            "PublicIPv4:IdleAddress",
            "0.005 per hour",
        ),
        (
            "AmazonVPC",
            "us-east-1",
            "PublicIPv4:ContiguousBlock",
            "0.008 per hour",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:SnapshotUsage",
            "0.05 per GB-month",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:SnapshotUsage.outposts",
            "0.027 per GB-month",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:SnapshotArchiveStorage",
            "0.0125 per GB-month",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:SnapshotArchiveEarlyDelete",
            "0.0125 per GB-month",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:SnapshotArchiveRetrieval",
            "0.03 per GB",
        ),
        (
            "AmazonVPC",
            "eu-west-1",
            "PublicIPv4:InUseAddress",
            "0.005 per hour",
        ),
        (
            "AmazonVPC",
            "eu-west-1",
            "PublicIPv4:IdleAddress",
            "0.005 per hour",
        ),
        (
            "AmazonVPC",
            "eu-west-1",
            "PublicIPv4:ContiguousBlock",
            "0.008 per hour",
        ),
        (
            "AmazonEC2",
            "eu-west-1",
            "EBS:SnapshotUsage",
            "0.05 per GB-month",
        ),
        (
            "AmazonEC2",
            "eu-west-1",
            "EBS:SnapshotUsage.outposts",
            "0.027 per GB-month",
        ),
        (
            "AmazonEC2",
            "eu-west-1",
            "EBS:SnapshotArchiveStorage",
            "0.0125 per GB-month",
        ),
        (
            "AmazonEC2",
            "eu-west-1",
            "EBS:SnapshotArchiveEarlyDelete",
            "0.0125 per GB-month",
        ),
        (
            "AmazonEC2",
            "eu-west-1",
            "EBS:SnapshotArchiveRetrieval",
            "0.03 per GB",
        ),
        (
            "AmazonEC2",
            "us-east-1",
            "EBS:SnapshotUsageUnderBilling",
            "0.05 per GB-month",
        ),
    ];
    assert_eq!(wanted.len() + 1, all.len());
    for (service, region, usage, wanted) in wanted {
        let found = price(&all, service, region, usage);
        assert_eq!(found.as_deref(), Ok(wanted), "{usage} in {region}");
    }
    let key = Key::new("AmazonEC2", "us-east-1", "EBS:SnapshotUsage");
    let snapshot = Product::find(&all, &key).unwrap();
    assert_eq!(
        snapshot.sku, "7U7TWP44UP36AT3R",
        "not the one of underbilling or Outposts"
    );
}

#[test]
fn the_price_of_another_region_service_or_name_is_no_price() {
    let all = recorded();
    for (service, region, usage) in [
        ("AmazonEC2", "eu-west-1", "EBS:VolumeUsage.gp3"),
        ("AmazonEC2", "ca-central-1", "EBS:VolumeUsage.piops"),
        ("AmazonEC2", "us-east-1", "VolumeUsage.gp3"),
        ("AmazonEC2", "us-east-1", "EBS:VolumeUsage"),
        ("AmazonVPC", "us-east-1", "EBS:VolumeUsage.gp3"),
        (
            "AmazonEC2",
            "us-east-1",
            "BoxUsage:t3.medium|operation=RunInstances:0002",
        ),
    ] {
        assert_eq!(
            price(&all, service, region, usage),
            Err(NoPrice::Absent),
            "{usage}"
        );
    }
}

#[test]
fn public_addresses_have_no_family_and_are_found_all_the_same() {
    let all = recorded();
    let key = Key::new("AmazonVPC", "us-east-1", "PublicIPv4:InUseAddress");
    let address = Product::find(&all, &key).unwrap();
    assert_eq!(address.family, None);
}

#[test]
fn a_longer_usage_type_is_another_one() {
    let hours = json!({"a": dimension("0", "Inf", "0.0225")});
    for usage in [
        "TS-LoadBalancerUsage",
        "Outposts-LoadBalancerUsage",
        "LoadBalancerUsages",
    ] {
        let all = [parse(&product(usage, &hours)).unwrap()];
        let found = price(&all, "AWSELB", "us-east-1", "LoadBalancerUsage");
        assert_eq!(found, Err(NoPrice::Absent), "{usage}");
    }
}

#[test]
fn the_family_tells_load_balancers_apart() {
    let all = [parse(&product(
        "LoadBalancerUsage",
        &json!({"a": dimension("0", "Inf", "1")}),
    ))
    .unwrap()];
    let of = |family: &str| {
        let usage = format!("LoadBalancerUsage|productFamily={family}");
        price(&all, "AWSELB", "us-east-1", &usage)
    };
    assert_eq!(of("Load Balancer-Application").as_deref(), Ok("1 per hour"));
    assert_eq!(of("Load Balancer"), Err(NoPrice::Absent));
}

#[test]
fn two_products_at_one_price_are_one_and_at_two_prices_none() {
    let at = |usd| parse(&product("X", &json!({"a": dimension("0", "Inf", usd)}))).unwrap();
    let same = [at("1"), at("1.0")];
    assert_eq!(
        price(&same, "AWSELB", "us-east-1", "X").as_deref(),
        Ok("1 per hour")
    );
    let ambiguous = NoPrice::Ambiguous("SKU".to_owned(), "SKU".to_owned());
    let differing = [at("1"), at("2")];
    assert_eq!(
        price(&differing, "AWSELB", "us-east-1", "X"),
        Err(ambiguous)
    );
}

#[test]
fn a_twin_for_nothing_is_passed_over_and_alone_is_no_price() {
    let at = |usd| parse(&product("X", &json!({"a": dimension("0", "Inf", usd)}))).unwrap();
    let of = |all: &[Product]| price(all, "AWSELB", "us-east-1", "X");
    assert_eq!(of(&[at("0"), at("2")]).as_deref(), Ok("2 per hour"));
    assert_eq!(of(&[at("0")]), Err(NoPrice::Free("SKU".to_owned())));
}

#[test]
fn storage_of_any_engine_counts_more_than_that_of_one() {
    let of = |engine: &str, usd| {
        let mut it = product("RDS:GP2-Storage", &json!({"a": dimension("0", "Inf", usd)}));
        it["serviceCode"] = json!("AmazonRDS");
        it["product"]["attributes"]["databaseEngine"] = json!(engine);
        parse(&it).unwrap()
    };
    let all = [of("Oracle", "0.2"), of("Any", "0.115")];
    let found = price(&all, "AmazonRDS", "us-east-1", "RDS:GP2-Storage");
    assert_eq!(found.as_deref(), Ok("0.115 per hour"));
}

#[test]
fn what_has_no_region_is_found_where_the_list_names_none() {
    let mut zone = product("HostedZone", &json!({"a": dimension("0", "Inf", "0.5")}));
    zone["serviceCode"] = json!("AmazonRoute53");
    let of = |it: &Value| {
        price(
            &[parse(it).unwrap()],
            "AmazonRoute53",
            "eu-west-1",
            "HostedZone",
        )
    };
    assert_eq!(of(&zone), Err(NoPrice::Absent), "it is that of one region");
    let attributes = zone["product"]["attributes"].as_object_mut().unwrap();
    attributes.remove("regionCode");
    assert_eq!(of(&zone).as_deref(), Ok("0.5 per hour"));
}

#[test]
fn tiers_come_in_no_order_and_the_first_may_be_free() {
    let dimensions = json!({
        "b": dimension("18600", "Inf", "0.00065"),
        "a": dimension("0", "18600", "0.0000000000"),
    });
    let tiers = parse(&product("X", &dimensions)).unwrap().tiers;
    assert_eq!(tiers.first(), Decimal::ZERO);
    assert_eq!(tiers.without_allowance().first(), Decimal::new(65, 5));
}

#[test]
fn what_cannot_be_priced_is_refused_with_the_reason() {
    let good = product("X", &json!({"a": dimension("0", "Inf", "1")}));
    let term = &good["terms"]["OnDemand"]["SKU.JRTCKXETXF"];
    let change = |path: &str, value: Value| {
        let mut document = good.clone();
        *document.pointer_mut(path).unwrap() = value;
        parse(&document).unwrap_err().to_string()
    };
    let first = "/terms/OnDemand/SKU.JRTCKXETXF/priceDimensions/a";
    assert_eq!(
        change(&format!("{first}/pricePerUnit"), json!({"CNY": "1"})),
        "SKU has no price in USD"
    );
    assert_eq!(
        change(&format!("{first}/unit"), json!("Fortnights")),
        "SKU is counted in `Fortnights`, which is unknown"
    );
    assert_eq!(
        change(&format!("{first}/pricePerUnit/USD"), json!("cheap")),
        "SKU: `cheap` is no number"
    );
    assert_eq!(
        change(&format!("{first}/beginRange"), json!("5")),
        "SKU: there is no price between 0 and 5"
    );
    assert_eq!(change("/terms", json!({})), "SKU has no on-demand price");
    let two = json!({"OnDemand": {"SKU.JRTCKXETXF": term, "SKV.JRTCKXETXF": term}});
    assert_eq!(
        change("/terms", two),
        "SKU has more than one on-demand price"
    );
}
