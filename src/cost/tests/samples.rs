//! The five racks of `samples/`, each added up by hand.

use super::*;
use crate::{
    belonging,
    cost::app::{self, Weights},
    rack,
    rule::Run,
    snapshot::{Gaps, Snapshot},
};

/// Hands a test the case of a rack under `samples/`.
fn sample<T>(text: &str, test: impl FnOnce(&Case<'_>, &Bill<'_>) -> T) -> T {
    let snapshot = Snapshot::parse(text.as_bytes()).unwrap();
    let graph = Graph::build(&snapshot.resources);
    let definition = snapshot.definition.as_ref();
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, definition).unwrap();
    let case = Case {
        graph: &graph,
        rack: &rack,
        belongings: &belonging::decide(&graph, &rack),
        gaps: &Gaps::of(&snapshot.gaps),
        taken: snapshot.taken,
        account: None,
        run: &Run::default(),
    };
    let terms = Terms {
        region: &snapshot.region,
        book: &BOOK,
        month: &Month::usual(),
        usage: &Usage::default(),
    };
    test(&case, &bill(&case, &terms))
}

/// What each component of a rack comes to, exact, and the total.
fn added(text: &str) -> (BTreeMap<&'static str, Decimal>, String) {
    sample(text, |_, bill| {
        let mut sums: BTreeMap<&'static str, Decimal> = BTreeMap::new();
        for line in bill.own() {
            if let Some(usd) = line.amount.usd() {
                *sums.entry(line.component).or_default() += usd.exact();
            }
        }
        sums.retain(|_, usd| !usd.is_zero());
        let total = bill.total().to_string();
        (
            sums.into_iter().map(|(k, v)| (k, v.normalize())).collect(),
            total,
        )
    })
}

/// `4 × 730 × 0.023 + 8 × 0.10`, done.
fn worked(sum: &str) -> Decimal {
    let product = |it: &str| -> Decimal { it.split('×').map(|it| decimal(it.trim())).product() };
    let parts: Decimal = sum.split('+').map(product).sum();
    parts.normalize()
}

fn by_hand<const N: usize>(all: [(&'static str, &str); N]) -> BTreeMap<&'static str, Decimal> {
    BTreeMap::from(all.map(|(component, sum)| (component, worked(sum))))
}

#[test]
fn karim_test_is_the_convox_rack_without_what_is_billed_by_use() {
    let (sums, total) = added(include_str!("../../../samples/karim-test/snapshot.json"));
    let expected = by_hand([
        // One for apps, one classic, both in three zones.
        ("load balancer hours", "730 × 0.0225 + 730 × 0.025"),
        ("public IPv4 addresses", "2 × 3 × 730 × 0.005"),
        // Three run apps, one builds.
        ("instance hours", "4 × 730 × 0.023"),
        ("public IPv4 address", "4 × 730 × 0.005"),
        ("detailed monitoring", "4 × 7 × 0.30"),
        // 3 × (8 + 5 + 50) + 8 + 5 + 200 = 402
        ("storage", "402 × 0.10"),
        // Two tables with an index each, five and five.
        ("read capacity", "20 × 730 × 0.00013"),
        ("write capacity", "20 × 730 × 0.00065"),
        ("key", "1 × 1.00"),
        ("hosted zone", "1 × 0.50"),
    ]);
    assert_eq!(sums, expected);
    assert_eq!(total, "199.82");
}

#[test]
fn cruddur_runs_two_tasks_on_fargate_beside_a_database() {
    let (sums, total) = added(include_str!("../../../samples/cruddur/snapshot.json"));
    let expected = by_hand([
        ("load balancer hours", "730 × 0.0225"),
        ("public IPv4 addresses", "3 × 730 × 0.005"),
        // db.t3.micro with PostgreSQL.
        ("instance hours", "730 × 0.018"),
        ("storage", "20 × 0.115"),
        // Of the database and of two tasks.
        ("public IPv4 address", "3 × 730 × 0.005"),
        ("vCPU", "2 × 0.25 × 730 × 0.04048"),
        ("memory", "2 × 0.5 × 730 × 0.004445"),
    ]);
    assert_eq!(sums, expected);
    assert_eq!(total, "71.79");
}

#[test]
fn ecs_cluster_has_a_database_of_a_size_without_a_price() {
    let text = include_str!("../../../samples/ecs-cluster/snapshot.json");
    let (sums, total) = added(text);
    let expected = by_hand([
        // Two t2.medium.
        ("instance hours", "2 × 730 × 0.0464"),
        ("public IPv4 address", "2 × 730 × 0.005"),
        ("load balancer hours", "730 × 0.025"),
        ("public IPv4 addresses", "2 × 730 × 0.005"),
        // Two disks of 8, and a magnetic one of 20 for the database.
        ("storage", "2 × 8 × 0.10 + 20 × 0.10"),
    ]);
    assert_eq!(sums, expected);
    assert_eq!(total, "104.19");
    let unknown = sample(text, |_, bill| {
        let lines = bill.own().filter(|it| it.amount.name() == "unknown");
        lines.map(|it| it.resource.to_string()).collect::<Vec<_>>()
    });
    assert_eq!(unknown, ["db-instance/webapp-postgres"]);
}

#[test]
fn ecstest_has_no_public_addresses() {
    let (sums, total) = added(include_str!("../../../samples/ecstest/snapshot.json"));
    let expected = by_hand([
        ("load balancer hours", "730 × 0.0225"),
        ("instance hours", "2 × 730 × 0.0116"),
        ("storage", "2 × 8 × 0.10"),
        ("alarm", "8 × 0.10"),
    ]);
    assert_eq!(sums, expected);
    assert_eq!(total, "35.76");
}

#[test]
fn karim_staging_has_an_endpoint_and_a_cache() {
    let (sums, total) = added(include_str!("../../../samples/karim-staging/snapshot.json"));
    let expected = by_hand([
        ("load balancer hours", "730 × 0.0225"),
        ("public IPv4 addresses", "2 × 730 × 0.005"),
        // The machines of the group, and one that stands alone.
        ("instance hours", "2 × 730 × 0.0208 + 730 × 0.0104"),
        ("public IPv4 address", "2 × 730 × 0.005"),
        ("detailed monitoring", "2 × 7 × 0.30"),
        // In two zones.
        ("endpoint hours", "2 × 730 × 0.01"),
        // cache.t3.micro
        ("node hours", "730 × 0.017"),
        // Each machine has a gp3 of 50 and a gp2 of 8.
        ("storage", "2 × 50 × 0.08 + 3 × 8 × 0.10"),
        ("secret", "1 × 0.40"),
        ("alarm", "4 × 0.10"),
    ]);
    assert_eq!(sums, expected);
    assert_eq!(total, "111.40");
}

#[test]
fn the_app_of_karim_test_costs_a_quarter_of_one_machine_and_half_a_load_balancer() {
    let text = include_str!("../../../samples/karim-test/snapshot.json");
    let (app, all, total) = sample(text, |case, bill| {
        let sums = app::allocate(case, bill, Weights::default()).sums();
        let app = sums
            .iter()
            .find(|it| it.sum.name == "stack karim-test-karim-httpd");
        let all: Decimal = sums.iter().map(|it| it.sum.usd.exact()).sum();
        (app.unwrap().sum.usd.exact(), all, bill.total().exact())
    });
    // 256 units and 512 MiB of 1024 and 1993: (9 × 256 + 512) / (9 × 1024 + 1993) = 2816 / 11209
    // of a machine with all its disks, 16.79 + 3.65 + 2.10 + 63 × 0.10 = 28.84: 7.24536.
    // The load balancer with its addresses, 16.425 + 10.95, serves it and the rack's own web.
    let machine = decimal("28.84") * decimal("2816") / decimal("11209");
    let balancer = decimal("27.375") / decimal("2");
    assert_eq!(app.round_dp(9), (machine + balancer).round_dp(9));
    assert_eq!(all, total);
}
