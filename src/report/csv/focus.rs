//! `costs.focus.csv`: the bill in the columns of FOCUS 1.2, for tools that read bills.
//!
//! It has the form of FOCUS and is no bill: each row says of itself that it is an estimate, and all
//! four costs are the list price. A cost may not be empty there, so that what has no known amount
//! has no row.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned, tz::TimeZone};
use rust_decimal::Decimal;

use super::{Cell, Failed, Material, stamp, table};
use crate::{
    cost::{
        Amount, Bill, Line,
        app::{Allocation, App},
        service::Service,
    },
    id::ResourceId,
    price::Part,
    text,
};

/// Columns of FOCUS in the order of their names, then ours.
const COLUMNS: &[&str] = &[
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_App",
    "x_Confidence",
    "x_CostSource",
    "x_EstimateMethod",
    "x_PriceAsOf",
    "x_PriceSource",
    "x_RackName",
    "x_RacklensId",
    "x_SnapshotId",
    "x_UsageType",
];

/// AWS's names of its regions, as far as we know them.
const REGIONS: &[(&str, &str)] = &[
    ("ap-northeast-1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "Asia Pacific (Seoul)"),
    ("ap-south-1", "Asia Pacific (Mumbai)"),
    ("ap-southeast-1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "Asia Pacific (Sydney)"),
    ("ca-central-1", "Canada (Central)"),
    ("eu-central-1", "Europe (Frankfurt)"),
    ("eu-north-1", "Europe (Stockholm)"),
    ("eu-west-1", "Europe (Ireland)"),
    ("eu-west-2", "Europe (London)"),
    ("eu-west-3", "Europe (Paris)"),
    ("sa-east-1", "South America (Sao Paulo)"),
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
];

/// One row for each price that a line of the bill is counted with.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn focus(
    material: &Material<'_>,
    bill: &Bill<'_>,
    apps: &Allocation,
) -> Result<String, Failed> {
    let (start, end) = period(bill, material.snapshot.taken);
    let context = Context {
        material,
        snapshot: text::json_digest(material.snapshot, 16),
        bill,
        apps: whose(apps),
        start: stamp(start),
        end: stamp(end),
    };
    let rows = bill.own().flat_map(|line| context.rows(line));
    table(COLUMNS, rows.collect::<Vec<_>>())
}

/// The month of the calendar that the rows are of: the bill's, or that of the snapshot.
fn period(bill: &Bill<'_>, taken: Timestamp) -> (Timestamp, Timestamp) {
    let moment = bill.month.begins().unwrap_or(taken);
    let first = moment.to_zoned(TimeZone::UTC).date().first_of_month();
    let midnight =
        |it: jiff::civil::Date| it.to_zoned(TimeZone::UTC).map(|it: Zoned| it.timestamp());
    let start = midnight(first).unwrap_or(moment);
    let next = first.last_of_month().tomorrow();
    let end = next.and_then(midnight).unwrap_or(start);
    (start, end)
}

/// The one app that a resource is counted for, where it is counted for one.
fn whose(apps: &Allocation) -> BTreeMap<&ResourceId, Option<&str>> {
    let mut whose: BTreeMap<&ResourceId, Option<&str>> = BTreeMap::new();
    for share in &apps.shares {
        let name = match &share.app {
            App::Named(name) => Some(name.as_str()),
            App::Rack | App::Idle => None,
        };
        let known = whose.entry(&share.resource).or_insert(name);
        if *known != name {
            *known = None;
        }
    }
    whose
}

struct Context<'c, 'a> {
    material: &'c Material<'a>,
    /// First digits of the snapshot's SHA-256.
    snapshot: String,
    bill: &'c Bill<'a>,
    apps: BTreeMap<&'c ResourceId, Option<&'c str>>,
    start: String,
    end: String,
}

impl<'c> Context<'c, '_> {
    fn rows(&self, line: &'c Line) -> Vec<Vec<Cell<'c>>> {
        match &line.amount {
            Amount::Fixed { parts, .. } => parts.iter().map(|it| self.row(line, it)).collect(),
            Amount::ByUse(_) | Amount::Unknown { .. } => Vec::new(),
        }
    }

    fn row(&self, line: &'c Line, part: &Part) -> Vec<Cell<'c>> {
        let snapshot = self.material.snapshot;
        let resource = self.material.case.graph.get(&line.resource);
        let place = resource.map(|it| it.attrs.model().place());
        let price = line.amount.price();
        let number = |it: Decimal| Cell::plain(&it.normalize());
        let cost = || number(part.units.saturating_mul(part.price));
        let unit = || {
            price.map_or(Cell::Empty, |it| {
                Cell::Plain(counted_in(it.unit.name).into())
            })
        };
        let Service {
            category,
            name: service,
            subcategory,
        } = Service::of(line.service, &line.usage);
        let region = price.is_none_or(|_| line.service != "AmazonRoute53");
        let region = region.then_some(snapshot.region.as_str());
        let named = REGIONS.iter().find(|it| Some(it.0) == region);
        let account = || Cell::text(&*snapshot.account);
        let start = || Cell::Plain(self.start.clone().into());
        let end = || Cell::Plain(self.end.clone().into());
        let name = resource.map_or(&*line.resource.key, |it| it.label());
        let arn = resource.and_then(|it| it.arn.as_deref());
        let tags = resource.map(|it| &it.tags).filter(|it| !it.is_empty());
        let tags = tags.and_then(|it| serde_json::to_string(it).ok());
        let dated = price
            .map(|it| it.as_of.as_str())
            .filter(|it| !it.is_empty());
        let hours = self.bill.month.hours();
        let origin = line.amount.origin();
        let method = origin.map(|it| format!("list price, {hours} hours, quantity {}", it.name()));
        vec![
            Cell::maybe(place.and_then(|it| it.zone)),
            cost(),
            account(),
            Cell::Empty,
            Cell::word("USD"),
            end(),
            start(),
            Cell::word("Usage"),
            Cell::Empty,
            Cell::word(line.component),
            Cell::word("Usage-Based"),
            end(),
            start(),
            number(part.units),
            unit(),
            cost(),
            number(part.price),
            cost(),
            Cell::Empty,
            Cell::word("AWS"),
            cost(),
            number(part.price),
            Cell::word("Standard"),
            number(part.units),
            unit(),
            Cell::word("AWS"),
            Cell::word("AWS"),
            Cell::maybe(region),
            named.map_or(Cell::Empty, |it| Cell::word(it.1)),
            Cell::text(arn.unwrap_or(&line.resource.key)),
            Cell::text(name),
            Cell::word(line.resource.kind.cloudformation()),
            Cell::word(category),
            Cell::word(service),
            Cell::word(subcategory),
            // Nobody told AWS's own codes of it, and without them FOCUS has no meter.
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            account(),
            Cell::Empty,
            Cell::maybe(tags),
            Cell::maybe(self.apps.get(&line.resource).copied().flatten()),
            price.map_or(Cell::Empty, |it| Cell::word(it.standing.name())),
            Cell::word("estimate"),
            method.map_or(Cell::Empty, |it| Cell::Plain(it.into())),
            dated.map_or(Cell::Empty, Cell::word),
            Cell::maybe(price.map(|it| &*it.source)),
            Cell::text(&*self.material.case.rack.name),
            Cell::text(line.resource.to_string()),
            Cell::Plain(self.snapshot.clone().into()),
            Cell::text(&*line.usage),
        ]
    }
}

/// A unit in FOCUS's way: `Hours`, `GB-Months`.
fn counted_in(unit: &str) -> String {
    let words = unit.split(['-', ' ']).map(|word| {
        if word == "vCPU" {
            return word.to_owned();
        }
        let mut letters = word.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    let words: Vec<String> = words.collect();
    match words.join("-") {
        it if it == "GB" => it,
        it => match it.strip_suffix("uery") {
            Some(before) => format!("{before}ueries"),
            None => format!("{it}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cost::{
            self, Month, Terms, Usage,
            app::Weights,
            tests::{BOOK, convox, decimal},
        },
        snapshot::{Money, Origin, Snapshot},
        testing,
    };

    /// The table of a Convox rack's month, by column.
    fn rows(month: &Month) -> Vec<BTreeMap<String, String>> {
        let resources = convox();
        let snapshot = Snapshot {
            format: 1,
            tool: "0".to_owned(),
            taken: "2018-05-15T09:00:00Z".parse().unwrap(),
            took_ms: 0,
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            identity: String::new(),
            rack: "prod".to_owned(),
            definition: None,
            calls: BTreeMap::new(),
            gaps: Vec::new(),
            money: Money::default(),
            resources: resources.clone(),
            origin: Origin::default(),
        };
        let test = |case: &crate::rule::Case<'_>| {
            let bill = cost::bill(
                case,
                &Terms {
                    region: "us-east-1",
                    book: &BOOK,
                    month,
                    usage: &Usage::default(),
                },
            );
            let material = Material {
                snapshot: &snapshot,
                case: *case,
                judged: &[],
                notices: &[],
            };
            let apps = cost::app::allocate(case, &bill, Weights::default());
            focus(&material, &bill, &apps).unwrap()
        };
        let table = testing::owned(&resources, &[], |_| true, test);
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        reader.deserialize().map(|it| it.unwrap()).collect()
    }

    #[test]
    fn its_costs_come_to_the_bills_total() {
        // The Convox rack of today without its polling: 200.03324 − 0.21024
        let sum = |column: &str| -> Decimal {
            let rows = rows(&Month::usual());
            rows.iter().map(|it| decimal(&it[column])).sum()
        };
        for column in ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"] {
            assert_eq!(sum(column).normalize(), decimal("199.823"), "{column}");
        }
    }

    #[test]
    fn each_row_is_marked_as_an_estimate_of_a_whole_month() {
        for row in rows(&Month::parse("2018-05").unwrap()) {
            assert_eq!(row["x_CostSource"], "estimate");
            assert_eq!(row["ChargePeriodStart"], "2018-05-01T00:00:00Z");
            assert_eq!(row["BillingPeriodEnd"], "2018-06-01T00:00:00Z");
            let [quantity, price] =
                ["PricingQuantity", "ListUnitPrice"].map(|it| decimal(&row[it]));
            assert_eq!(decimal(&row["ListCost"]), quantity * price);
        }
    }

    #[test]
    fn what_must_be_told_is_told_and_what_must_be_empty_is() {
        let must = [
            "BilledCost",
            "BillingAccountId",
            "BillingCurrency",
            "BillingPeriodEnd",
            "BillingPeriodStart",
            "ChargeCategory",
            "ChargePeriodEnd",
            "ChargePeriodStart",
            "ContractedCost",
            "EffectiveCost",
            "InvoiceIssuerName",
            "ListCost",
            "ProviderName",
            "PublisherName",
            "ServiceCategory",
            "ServiceName",
        ];
        for row in rows(&Month::usual()) {
            for column in must {
                assert!(!row[column].is_empty(), "{column}");
            }
            for column in [
                "ChargeClass",
                "InvoiceId",
                "SkuId",
                "SkuMeter",
                "SkuPriceId",
            ] {
                assert_eq!(row[column], "", "{column}");
            }
        }
    }

    #[test]
    fn a_disk_is_storage_and_a_machine_is_compute() {
        let all = rows(&Month::usual());
        let of = |id: &str| {
            let row = all.iter().find(|it| it["x_RacklensId"] == id).unwrap();
            ["ServiceCategory", "ServiceName", "PricingUnit"].map(|it| row[it].clone())
        };
        assert_eq!(
            of("volume/vol-3-200"),
            ["Storage", "Amazon Elastic Block Store", "GB-Months"]
        );
        assert_eq!(
            of("instance/i-1"),
            ["Compute", "Amazon Elastic Compute Cloud", "Hours"]
        );
        // A zone is of no region.
        let zone = all
            .iter()
            .find(|it| it["x_RacklensId"] == "hosted-zone/zone-1");
        assert_eq!(zone.unwrap()["RegionId"], "");
    }

    #[test]
    fn units_are_written_as_focus_writes_them() {
        let units = ["hour", "vCPU-hour", "GB", "query", "IOPS-month"].map(counted_in);
        let expected = ["Hours", "vCPU-Hours", "GB", "Queries", "IOPS-Months"];
        assert_eq!(units, expected);
    }

    #[test]
    fn columns_of_our_own_come_last_and_say_so() {
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            COLUMNS.iter().partition(|it| it.starts_with("x_"));
        assert_eq!([theirs.clone(), ours].concat(), COLUMNS);
        assert!(theirs.is_sorted());
    }
}
