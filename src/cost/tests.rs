mod samples;

use std::{collections::BTreeMap, sync::LazyLock};

use proptest::prelude::*;

use super::*;
use crate::{
    graph::Graph,
    kind::{
        AsKind as _, Fact,
        alarm::Alarm,
        bucket::Bucket,
        cache_cluster::CacheCluster,
        classic_load_balancer::ClassicLoadBalancer,
        cluster::Cluster,
        db_instance::DbInstance,
        ebs_snapshot::EbsSnapshot,
        elastic_ip::ElasticIp,
        file_system::FileSystem,
        function::Function,
        hosted_zone::HostedZone,
        instance::Instance,
        key::{Key, KeyFacts},
        load_balancer::LoadBalancer,
        log_group::LogGroup,
        nat_gateway::NatGateway,
        network_interface::NetworkInterface,
        parameter::Parameter,
        queue::Queue,
        replication_group::ReplicationGroup,
        repository::Repository,
        secret::Secret,
        service::Service,
        table::{Index, Table, TableFacts},
        task::Task,
        topic::{Subscription, Topic},
        volume::Volume,
        vpc_endpoint::VpcEndpoint,
    },
    testing::{self, cluster},
};

const REGION: &str = "us-east-1";

pub(crate) static BOOK: LazyLock<Book> = LazyLock::new(|| Book::embedded().unwrap());

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn words<const N: usize>(all: [&str; N]) -> Vec<String> {
    all.map(ToOwned::to_owned).to_vec()
}

/// Hands a test the bill of a rack that all of these are of.
fn billed<T>(
    resources: &[Resource],
    gaps: &[Gap],
    region: &str,
    month: &Month,
    test: impl FnOnce(&Bill<'_>) -> T,
) -> T {
    testing::owned(
        resources,
        gaps,
        |_| true,
        |case| {
            let terms = Terms {
                region,
                book: &BOOK,
                month,
                usage: &Usage::default(),
            };
            test(&bill(case, &terms))
        },
    )
}

fn total(resources: &[Resource]) -> String {
    billed(resources, &[], REGION, &Month::usual(), |it| {
        it.total().to_string()
    })
}

/// The one line of that resource and component, as it would be told.
fn told(resources: &[Resource], region: &str, component: &str) -> String {
    billed(resources, &[], region, &Month::usual(), |bill| {
        let mut lines = bill.lines.iter().filter(|it| it.component == component);
        let line = lines.next().unwrap();
        match &line.amount {
            Amount::Fixed { usd, .. } => usd.to_string(),
            Amount::ByUse(price) => format!("by the {}", price.unit.name),
            Amount::Unknown { why, .. } => why.clone(),
        }
    })
}

pub(crate) fn machine(n: usize) -> Resource {
    let attrs = Instance {
        instance_type: "t2.small".to_owned(),
        status: "running".to_owned(),
        lent_addresses: 1,
        detailed_monitoring: Some(true),
        ..Instance::default()
    };
    Resource::new(format!("i-{n}"), attrs)
}

pub(crate) fn disk(n: usize, gib: u32) -> Resource {
    let attrs = Volume {
        size_gib: gib,
        volume_type: "gp2".to_owned(),
        ..Volume::default()
    };
    Resource::new(format!("vol-{n}-{gib}"), attrs)
}

fn fargate(architecture: &str) -> Resource {
    let attrs = Task {
        launch_type: Some("FARGATE".to_owned()),
        architecture: Some(architecture.to_owned()),
        cpu: Some(256),
        memory: Some(512),
        interfaces: words(["eni-1"]),
        ..Task::default()
    };
    Resource::new("web/1", attrs)
}

/// A Convox rack as its template of 2018 makes it: three machines of 8 + 5 + 50 GB and one that
/// builds of 8 + 5 + 200, in three zones.
pub(crate) fn convox() -> Vec<Resource> {
    let zones = words(["us-east-1a", "us-east-1b", "us-east-1c"]);
    let facing = "internet-facing".to_owned();
    let table = |name: &str| {
        let facts = TableFacts {
            billing_mode: "PROVISIONED".to_owned(),
            read_units: 5,
            write_units: 5,
            indexes: vec![Index {
                read_units: 5,
                write_units: 5,
                ..Index::default()
            }],
            ..TableFacts::default()
        };
        let facts = Fact::Known(facts);
        Resource::new(
            name,
            Table {
                facts,
                ..Table::default()
            },
        )
    };
    let key = KeyFacts {
        manager: "CUSTOMER".to_owned(),
        state: "Enabled".to_owned(),
        ..KeyFacts::default()
    };
    let balancer = LoadBalancer {
        lb_type: "application".to_owned(),
        scheme: facing.clone(),
        zones: zones.clone(),
        ..LoadBalancer::default()
    };
    let classic = ClassicLoadBalancer {
        scheme: facing,
        zones,
        ..ClassicLoadBalancer::default()
    };
    let mut all = vec![
        Resource::new("router", balancer),
        Resource::new("balancer", classic),
        Resource::new("fs-1", FileSystem::default()),
        table("builds"),
        table("releases"),
        Resource::new(
            "key-1",
            Key {
                facts: Fact::Known(key),
            },
        ),
        Resource::new("zone-1", HostedZone::default()),
        Resource::new("logs", LogGroup::default()),
    ];
    all.extend((0..4).map(machine));
    for n in 0..3 {
        all.extend([8, 5, 50].map(|gib| disk(n, gib)));
    }
    all.extend([8, 5, 200].map(|gib| disk(3, gib)));
    all.extend(["q1", "q2"].map(|it| Resource::new(it, Queue::default())));
    all.extend(["t1", "t2", "t3"].map(|it| Resource::new(it, Topic::default())));
    all.extend(["f1", "f2"].map(|it| Resource::new(it, Function::default())));
    all.extend(["b1", "b2"].map(|it| Resource::new(it, Bucket::default())));
    all.extend(["c1", "c2"].map(cluster));
    all
}

/// What the rack's own process asks of its two queues: 720 requests an hour.
fn polling(hours: u32) -> Usd {
    let price = BOOK
        .price("AWSQueueService", REGION, "Requests-RBP")
        .unwrap();
    let parts = price.tiers.split(Decimal::from(hours * 720)).unwrap();
    Usd::new(tier::total(&parts).unwrap())
}

/// The rack's month by component, exact, and all of it, with its polling.
fn convox_month(book: &Book, month: &Month) -> (BTreeMap<&'static str, Decimal>, Usd) {
    testing::owned(
        &convox(),
        &[],
        |_| true,
        |case| {
            let terms = Terms {
                region: REGION,
                book,
                month,
                usage: &Usage::default(),
            };
            let bill = bill(case, &terms);
            let mut sums = BTreeMap::new();
            for line in bill.own() {
                if let Some(usd) = line.amount.usd() {
                    *sums.entry(line.component).or_default() += usd.exact();
                }
            }
            (sums, bill.total() + polling(month.hours()))
        },
    )
}

#[test]
fn a_convox_rack_of_today_costs_200_dollars_before_any_free_tier() {
    let (sums, total) = convox_month(&BOOK, &Month::usual());
    let expected = [
        // 730 × 0.0225 + 730 × 0.025 = 16.425 + 18.25
        ("load balancer hours", "34.675"),
        // 4 × 730 × 0.023
        ("instance hours", "67.16"),
        // 402 × 0.10, and tables of nothing
        ("storage", "40.2"),
        // 4 × 7 × 0.30
        ("detailed monitoring", "8.4"),
        // 20 × 730 × 0.00013
        ("read capacity", "1.898"),
        // 20 × 730 × 0.00065
        ("write capacity", "9.49"),
        ("key", "1"),
        ("hosted zone", "0.5"),
        // 4 × 730 × 0.005
        ("public IPv4 address", "14.6"),
        // 2 × 3 × 730 × 0.005
        ("public IPv4 addresses", "21.9"),
    ];
    let expected = expected.map(|(name, usd)| (name, decimal(usd)));
    let sums: BTreeMap<_, _> = sums.into_iter().map(|(k, v)| (k, v.normalize())).collect();
    assert_eq!(sums, BTreeMap::from(expected));
    // And 525,600 × 0.0000004 = 0.21024 for polling.
    assert_eq!(total.exact().normalize(), decimal("200.03324"));
    assert_eq!(total.to_string(), "200.03");
    // The calendar's months: 744 hours and 720.
    for (month, exact) in [("2026-05", "202.908672"), ("2026-04", "197.97936")] {
        let (_, total) = convox_month(&BOOK, &Month::parse(month).unwrap());
        assert_eq!(total.exact().normalize(), decimal(exact), "{month}");
    }
}

#[test]
fn what_a_story_does_not_tell_is_unknown_and_not_in_its_total() {
    // Four machines, two load balancers, a key, a zone: 67.16 + 16.425 + 18.25 + 1 + 0.50. Of the
    // tables no capacity is known, of the machines not how they are monitored and not which
    // interfaces they have, of load balancers not who reaches them, of disks nothing.
    let told = [
        Kind::Instance,
        Kind::LoadBalancer,
        Kind::ClassicLoadBalancer,
        Kind::Key,
        Kind::HostedZone,
    ];
    let mut all = convox();
    all.retain(|it| told.contains(&it.id.kind));
    for it in &mut all {
        if let Some(it) = Instance::of_mut(&mut it.attrs) {
            it.detailed_monitoring = None;
            it.lent_addresses = 0;
        }
        if let Some(it) = LoadBalancer::of_mut(&mut it.attrs) {
            it.scheme = String::new();
        }
        if let Some(it) = ClassicLoadBalancer::of_mut(&mut it.attrs) {
            it.scheme = String::new();
        }
    }
    all.extend(["builds", "releases"].map(|it| Resource::new(it, Table::default())));
    let gaps = [
        testing::gap(Kind::Volume, "ec2:DescribeVolumes"),
        testing::gap(Kind::NetworkInterface, "ec2:DescribeNetworkInterfaces"),
    ];
    billed(&all, &gaps, REGION, &Month::usual(), |bill| {
        assert_eq!(bill.total().exact().normalize(), decimal("103.335"));
        assert_eq!(bill.total().to_string(), "103.34");
        let unknown = bill.lines.iter().filter(|it| it.amount.name() == "unknown");
        let unknown: Vec<&str> = unknown.map(|it| it.component).collect();
        let count = |name| unknown.iter().filter(|it| **it == name).count();
        let counts = ["detailed monitoring", "table", "public IPv4 addresses"].map(count);
        assert_eq!((counts, unknown.len()), ([4, 2, 2], 8));
        assert_eq!(bill.gaps.len(), 2);
        assert!(!bill.is_read());
    });
}

#[test]
fn in_2018_it_cost_163_dollars_as_addresses_were_free() {
    let catalogue = include_str!("../price/catalogue.csv");
    let rows = catalogue.lines().map(|it| match it.contains("PublicIPv4") {
        true => it.replace(",0.005,", ",0,"),
        false => it.to_owned(),
    });
    let book = Book::parse(&rows.collect::<Vec<_>>().join("\n")).unwrap();
    let (_, total) = convox_month(&book, &Month::usual());
    assert_eq!(total.exact().normalize(), decimal("163.53324"));
    assert_eq!(total.to_string(), "163.53");
    // The calendar's months: 744 hours and 720.
    for (month, exact) in [("2018-05", "165.708672"), ("2018-04", "161.97936")] {
        let (_, total) = convox_month(&book, &Month::parse(month).unwrap());
        assert_eq!(total.exact().normalize(), decimal(exact), "{month}");
    }
}

#[test]
fn a_fast_disk_pays_for_size_iops_and_throughput() {
    // 100 × 0.08 + 1,000 × 0.005 + (125 / 1024) × 40.96 = 8 + 5 + 5
    let attrs = Volume {
        size_gib: 100,
        volume_type: "gp3".to_owned(),
        iops: Some(4000),
        throughput: Some(250),
        ..Volume::default()
    };
    assert_eq!(total(&[Resource::new("vol-1", attrs)]), "18.00");
}

#[test]
fn a_small_fargate_task_costs_9_dollars_and_7_on_arm() {
    // 0.25 × 730 × 0.04048 + 0.5 × 730 × 0.004445 = 7.3876 + 1.622425
    assert_eq!(total(&[fargate("x86_64")]), "9.01");
    // 0.25 × 730 × 0.03238 + 0.5 × 730 × 0.00356 = 5.90935 + 1.2994
    assert_eq!(total(&[fargate("arm64")]), "7.21");
}

#[test]
fn scratch_disk_of_a_fargate_task_costs_beyond_its_first_twenty_gigabytes() {
    let mut task = fargate("x86_64");
    if let Some(it) = Task::of_mut(&mut task.attrs) {
        it.ephemeral_storage = Some(50);
    }
    // 30 × 730 × 0.000111 = 2.4309
    assert_eq!(told(&[task], REGION, "ephemeral storage"), "2.43");
}

#[test]
fn the_address_of_a_machine_that_stands_still_is_idle() {
    let address = ElasticIp {
        association: Some("eipassoc-1".to_owned()),
        instance: Some("i-1".to_owned()),
        ..ElasticIp::default()
    };
    let usage = |status: &str| {
        let machine = Instance {
            status: status.to_owned(),
            ..Instance::default()
        };
        let address = Resource::new("eipalloc-1", address.clone());
        let all = [Resource::new("i-1", machine), address];
        let charges = charges(&Graph::build(&all), &all[1]);
        charges[0].usage.clone()
    };
    assert_eq!(usage("running"), "PublicIPv4:InUseAddress");
    assert_eq!(usage("stopped"), "PublicIPv4:IdleAddress");
}

#[test]
fn the_public_address_of_a_fargate_task_costs_too() {
    let interface = NetworkInterface {
        description: "arn:aws:ecs:us-east-1:123456789012:attachment/1".to_owned(),
        requester_managed: true,
        public_ip: Some("203.0.113.9".to_owned()),
        ..NetworkInterface::default()
    };
    // 9.01 and 730 × 0.005 = 3.65
    let all = [fargate("x86_64"), Resource::new("eni-1", interface)];
    assert_eq!(total(&all), "12.66");
}

/// An internet-facing network load balancer in two zones, with this many Elastic IPs of ours.
fn network_balancer(addresses: usize, managed_by: Option<&str>) -> Vec<Resource> {
    let balancer = LoadBalancer {
        lb_type: "network".to_owned(),
        scheme: "internet-facing".to_owned(),
        zones: words(["us-east-1a", "us-east-1b"]),
        ..LoadBalancer::default()
    };
    let mut all = vec![Resource::new("edge", balancer)];
    for n in 0..2 {
        let key = format!("eipalloc-{n}");
        let ours = n < addresses;
        let interface = NetworkInterface {
            description: "ELB net/edge/50dc6c495c0c9188".to_owned(),
            requester_managed: true,
            public_ip: Some(format!("203.0.113.{n}")),
            elastic_ips: ours.then(|| key.clone()).into_iter().collect(),
            ..NetworkInterface::default()
        };
        all.push(Resource::new(format!("eni-{n}"), interface));
        let address = ElasticIp {
            association: Some("eipassoc-1".to_owned()),
            managed_by: managed_by.map(ToOwned::to_owned),
            ..ElasticIp::default()
        };
        all.extend(ours.then(|| Resource::new(key, address)));
    }
    all
}

#[test]
fn a_network_load_balancer_pays_once_for_each_address() {
    // 730 × 0.0225 + 2 × 730 × 0.005 = 16.425 + 7.30, whoever's the addresses are
    for addresses in 0..=2 {
        assert_eq!(total(&network_balancer(addresses, None)), "23.73");
        assert_eq!(total(&network_balancer(addresses, Some("nlb"))), "23.73");
    }
    let all = network_balancer(2, None);
    let charges = charges(&Graph::build(&all), &all[0]);
    assert!(charges.iter().all(|it| it.service != "AmazonVPC"));
}

#[test]
fn a_bill_is_as_old_as_the_prices_that_it_counts_with() {
    // A zone is a line of its own and never the 26th, whose price is older.
    let zone = [Resource::new("zone-1", HostedZone::default())];
    billed(&zone, &[], REGION, &Month::usual(), |bill| {
        assert_eq!(bill.dates(), Some(("2024-07-01", "2024-07-01")));
        assert_eq!(bill.total().to_string(), "0.50");
    });
}

#[test]
fn what_is_stopped_costs_no_hours() {
    let attrs = Instance {
        instance_type: "t2.small".to_owned(),
        status: "stopped".to_owned(),
        ..Instance::default()
    };
    assert_eq!(total(&[Resource::new("i-1", attrs), disk(1, 8)]), "0.80");
}

#[test]
fn what_nobody_can_price_is_unknown_and_never_nothing() {
    let instance = |instance_type: &str, lifecycle: Option<&str>| {
        let attrs = Instance {
            instance_type: instance_type.to_owned(),
            status: "running".to_owned(),
            lifecycle: lifecycle.map(ToOwned::to_owned),
            ..Instance::default()
        };
        [Resource::new("i-1", attrs)]
    };
    let hours = |it: &[Resource], region| told(it, region, "instance hours");
    assert_eq!(hours(&instance("t2.small", None), REGION), "16.79");
    for (resources, region, why) in [
        (
            instance("x9.huge", None),
            REGION,
            "no price of BoxUsage:x9.huge in us-east-1 is known",
        ),
        (
            instance("t2.small", Some("spot")),
            REGION,
            "spot prices change and stand in no list",
        ),
        (
            instance("t2.small", Some("capacity-block")),
            REGION,
            "no price of BoxUsage:t2.small|lifecycle=capacity-block in us-east-1 is known",
        ),
        (
            instance("t2.small", None),
            "eu-north-1",
            "no prices of eu-north-1 are known",
        ),
    ] {
        assert_eq!(hours(&resources, region), why);
        billed(&resources, &[], region, &Month::usual(), |bill| {
            assert!(bill.has_unknown());
            assert_eq!(bill.total(), Usd::ZERO);
        });
    }
}

/// What a charge comes to in a usual month.
fn counted(charge: &Charge, book: &Book) -> Amount {
    let terms = Terms {
        region: REGION,
        book,
        month: &Month::usual(),
        usage: &Usage::default(),
    };
    amount(&ResourceId::new(Kind::Instance, "i-1"), charge, &terms)
}

#[test]
fn a_price_by_the_month_is_never_multiplied_with_hours() {
    let table = "service,region,usage,unit,from,to,price,currency,source,as_of,standing\n\
                 AmazonEC2,us-east-1,BoxUsage:t2.small,GB-Mo,0,Inf,9,USD,s,2026,verified\n";
    let book = Book::parse(table).unwrap();
    let charge = Charge::per_hour("instance hours", "AmazonEC2", "BoxUsage:t2.small", 1);
    let amount = counted(&charge, &book);
    let why = "its price is by the GB-month".to_owned();
    assert_eq!(amount, Amount::Unknown { why, unread: false });
}

#[test]
fn an_amount_that_cannot_be_counted_is_unknown() {
    for units in [Decimal::MAX, decimal("-1")] {
        let charge = Charge::per_hour("vCPU", "AmazonECS", "Fargate-vCPU-Hours:perCPU", units);
        let amount = counted(&charge, &BOOK);
        assert_eq!(amount.usd(), None, "{units}");
    }
}

#[test]
fn what_depends_on_use_has_a_price_and_no_amount() {
    let all = [Resource::new("b", Bucket::default())];
    assert_eq!(told(&all, REGION, "storage"), "by the GB-month");
    billed(&all, &[], REGION, &Month::usual(), |bill| {
        assert!(!bill.has_unknown() && bill.is_read());
    });
}

/// The month of these resources when so much of them is used.
fn used(resources: &[Resource], amounts: &[(&str, &str, &str)]) -> Usd {
    let mut usage = Usage::default();
    for (id, component, quantity) in amounts {
        let used = usage::Used {
            quantity: decimal(quantity),
            origin: Origin::Given,
        };
        let scope = usage::Scope::One(id.parse().unwrap());
        assert!(usage.set(scope, component, used), "{component}");
    }
    let test = |case: &Case<'_>| {
        let terms = Terms {
            region: REGION,
            book: &BOOK,
            month: &Month::usual(),
            usage: &usage,
        };
        bill(case, &terms).total()
    };
    testing::owned(resources, &[], |_| true, test)
}

#[test]
fn what_is_used_is_priced_by_its_tiers() {
    let bucket = [Resource::new("b", Bucket::default())];
    // 60 TiB: 51,200 × 0.023 + 10,240 × 0.022 = 1,177.60 + 225.28
    let storage = [("bucket/b", "storage", "61440")];
    assert_eq!(used(&bucket, &storage).to_string(), "1,402.88");
    // 1,000,000 × 0.000005 + 2,000,000 × 0.0000004 = 5 + 0.80
    let requests = [
        ("bucket/b", "writes and listings", "1000000"),
        ("bucket/b", "reads", "2000000"),
    ];
    assert_eq!(used(&bucket, &requests).to_string(), "5.80");
    let balancer = LoadBalancer {
        lb_type: "application".to_owned(),
        ..LoadBalancer::default()
    };
    // 1.08 capacity units on average: 730 × (0.0225 + 1.08 × 0.008) = 22.7322
    let units = [("load-balancer/lb", "capacity units", "788.4")];
    let total = used(&[Resource::new("lb", balancer)], &units);
    assert_eq!(total.exact().normalize(), decimal("22.7322"));
}

#[test]
fn a_bill_tells_who_told_an_amount() {
    let all = [disk(1, 8), Resource::new("q", Queue::default())];
    let mut usage = Usage::default();
    let used = usage::Used {
        quantity: decimal("525600"),
        origin: Origin::Measured { days: 14 },
    };
    assert!(usage.set(usage::Scope::Each(Kind::Queue), "requests", used));
    let origins = testing::owned(
        &all,
        &[],
        |_| true,
        |case| {
            let terms = Terms {
                region: REGION,
                book: &BOOK,
                month: &Month::usual(),
                usage: &usage,
            };
            let lines = bill(case, &terms).lines.into_iter();
            let origins = lines.map(|it| match it.amount {
                Amount::Fixed { origin, usd, .. } => format!("{} {usd}", origin.name()),
                Amount::ByUse(_) | Amount::Unknown { .. } => String::new(),
            });
            origins.collect::<Vec<_>>()
        },
    );
    assert_eq!(origins, ["described 0.80", "measured 0.21"]);
}

#[test]
fn what_was_not_read_leaves_the_bill_unread() {
    let unread = [Resource::new("t", Table::default())];
    billed(&unread, &[], REGION, &Month::usual(), |bill| {
        assert!(bill.has_unknown() && !bill.is_read());
    });
}

#[test]
fn only_a_gap_in_what_may_cost_matters() {
    for (kind, matters) in [
        (Kind::Instance, true),
        // Tasks are found within clusters.
        (Kind::Cluster, true),
        (Kind::Role, false),
    ] {
        let gaps = [testing::gap(kind, "x:List")];
        let read = billed(&[], &gaps, REGION, &Month::usual(), |it| it.is_read());
        assert_eq!(read, !matters, "{kind:?}");
    }
}

#[test]
fn what_kinds_ask_for_stands_in_the_book_under_that_name() {
    let volume = |volume_type: &str| {
        let attrs = Volume {
            size_gib: 100,
            volume_type: volume_type.to_owned(),
            iops: Some(70_000),
            throughput: Some(250),
            ..Volume::default()
        };
        Resource::new(volume_type, attrs)
    };
    let mut all = convox();
    all.extend(["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"].map(volume));
    all.extend([fargate("x86_64"), network_balancer(0, None).swap_remove(0)]);
    let nat = NatGateway {
        status: "available".to_owned(),
        ..NatGateway::default()
    };
    let endpoint = VpcEndpoint {
        endpoint_type: "Interface".to_owned(),
        status: "available".to_owned(),
        ..VpcEndpoint::default()
    };
    let arm = Function {
        architecture: Some("arm64".to_owned()),
        ..Function::default()
    };
    let cache = CacheCluster {
        engine: "redis".to_owned(),
        node_type: "cache.t3.micro".to_owned(),
        node_count: 1,
        snapshot_retention_days: 1,
        ..CacheCluster::default()
    };
    let database = DbInstance {
        engine: "mysql".to_owned(),
        class: "db.t3.large".to_owned(),
        storage_type: "gp3".to_owned(),
        storage_gib: 100,
        iops: Some(4000),
        backup_retention_days: 1,
        ..DbInstance::default()
    };
    let insights = Cluster {
        container_insights: Some("enabled".to_owned()),
        ..Cluster::default()
    };
    let replicas = ReplicationGroup {
        snapshot_retention_days: 1,
        ..ReplicationGroup::default()
    };
    let kept = TableFacts {
        bytes: 1 << 30,
        ..TableFacts::default()
    };
    let kept = Table {
        facts: Fact::Known(kept),
        point_in_time: Fact::Known(true),
    };
    let shared = FileSystem {
        throughput_mode: "elastic".to_owned(),
        ..FileSystem::default()
    };
    let lent = NetworkInterface {
        description: "arn:aws:ecs:us-east-1:123456789012:attachment/1".to_owned(),
        requester_managed: true,
        public_ip: Some("203.0.113.9".to_owned()),
        ..NetworkInterface::default()
    };
    let parameter = Parameter {
        tier: Some("Advanced".to_owned()),
        ..Parameter::default()
    };
    let fifo = Queue {
        fifo: true,
        ..Queue::default()
    };
    let announcing = Topic {
        fifo: true,
        ..Topic::default()
    };
    let to = |protocol: &str| Subscription {
        protocol: protocol.to_owned(),
        confirmed: true,
        ..Subscription::default()
    };
    let telling = Topic {
        subscriptions: Fact::Known(vec![to("https"), to("email")]),
        ..Topic::default()
    };
    all.extend([
        Resource::new("nat-1", nat),
        Resource::new("eip-1", ElasticIp::default()),
        Resource::new("vpce-1", endpoint),
        Resource::new("arm", arm),
        Resource::new("cache", cache),
        Resource::new("db", database),
        Resource::new("parameter", parameter),
        Resource::new("secret", Secret::default()),
        Resource::new("repository", Repository::default()),
        Resource::new("fifo", fifo),
        Resource::new("announcing", announcing),
        Resource::new("telling", telling),
        Resource::new("insights", insights),
        Resource::new("replicas", replicas),
        Resource::new("kept", kept),
        Resource::new("eni-1", lent),
        Resource::new("fs-2", shared),
        Resource::new("snap-1", EbsSnapshot::default()),
        Resource::new("alarm", Alarm::default()),
    ]);
    billed(&all, &[], REGION, &Month::usual(), |bill| {
        let unknown = bill.lines.iter().filter(|it| it.amount.price().is_none());
        let unknown: Vec<_> = unknown.map(|it| (&it.resource, &it.usage)).collect();
        assert_eq!(unknown, []);
        // Of Aurora and its like racklens brings no prices.
        let asked: BTreeSet<Kind> = bill.lines.iter().map(|it| it.resource.kind).collect();
        let costs = Kind::ALL.iter().filter(|it| may_cost(**it));
        let left_out: Vec<&Kind> = costs.filter(|it| !asked.contains(it)).collect();
        assert_eq!(left_out, [&Kind::DbCluster]);
        for line in &bill.lines {
            let kind = line.resource.kind;
            assert!(may_cost(kind), "{kind:?}");
            if matches!(line.amount, Amount::ByUse(_)) {
                let used = usage::Used {
                    quantity: Decimal::ONE,
                    origin: Origin::Given,
                };
                let scope = usage::Scope::Each(kind);
                let mut usage = Usage::default();
                assert!(usage.set(scope, line.component, used), "{line:?}");
            }
        }
    });
}

#[test]
fn the_owner_is_the_stack_or_else_the_service() {
    let task = |key: &str| {
        let mut resource = fargate("x86_64");
        resource.id.key = format!("c/{key}");
        if let Some(task) = Task::of_mut(&mut resource.attrs) {
            task.cluster = "c".to_owned();
            task.group = format!("service:{key}");
        }
        resource
    };
    let service = |key: &str| {
        let attrs = Service {
            cluster: "c".to_owned(),
            ..Service::default()
        };
        Resource::new(format!("c/{key}"), attrs)
    };
    let tag = [("aws:cloudformation:stack-name", "shop")];
    let all = [
        task("web"),
        service("web"),
        task("api"),
        testing::tagged(service("api"), tag),
        disk(1, 8),
    ];
    let owner = |bill: &Bill<'_>, id: &str| {
        let line = bill.lines.iter().find(|it| it.resource.to_string() == id);
        line.unwrap().owner.clone()
    };
    billed(&all, &[], REGION, &Month::usual(), |bill| {
        assert_eq!(owner(bill, "task/c/web").as_deref(), Some("service c/web"));
        assert_eq!(owner(bill, "task/c/api").as_deref(), Some("stack shop"));
        assert_eq!(owner(bill, "volume/vol-1-8"), None);
    });
}

#[test]
fn the_dearest_come_first_and_the_rest_in_one_row() {
    let all = [disk(1, 1), disk(2, 100), disk(3, 10)];
    billed(&all, &[], REGION, &Month::usual(), |bill| {
        let sums = group::cut(group::sums(bill.own(), group::By::Resource), 1);
        let sums: Vec<String> = sums
            .iter()
            .map(|it| format!("{} {}", it.name, it.usd))
            .collect();
        assert_eq!(sums, ["volume/vol-2-100 10.00", "2 others 1.10"]);
    });
}

/// Disks of these sizes.
fn disks(sizes: &[u16]) -> Vec<Resource> {
    let sizes = sizes.iter().enumerate();
    sizes.map(|(n, it)| disk(n, (*it).into())).collect()
}

fn exact(resources: &[Resource]) -> Decimal {
    billed(resources, &[], REGION, &Month::usual(), |it| {
        it.total().exact()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_greater_disk_never_makes_a_rack_cheaper(
        sizes in prop::collection::vec(any::<u16>(), 1..6),
        more in any::<u16>(),
    ) {
        let mut greater = sizes.clone();
        greater[0] = greater[0].saturating_add(more);
        prop_assert!(exact(&disks(&sizes)) <= exact(&disks(&greater)));
    }

    #[test]
    fn a_rack_costs_what_its_resources_cost_in_any_order(
        sizes in prop::collection::vec(any::<u16>(), 1..6),
        machines in 0..4_usize,
    ) {
        let mut all = disks(&sizes);
        all.extend((0..machines).map(machine));
        let apart = all.iter().map(|it| exact(std::slice::from_ref(it)));
        let apart: Decimal = apart.sum();
        prop_assert_eq!(exact(&all), apart);
        all.reverse();
        prop_assert_eq!(exact(&all), apart);
    }
}
