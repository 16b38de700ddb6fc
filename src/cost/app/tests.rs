use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::{
    cost::{Month, Terms, Usage, bill},
    kind::{
        db_instance::DbInstance,
        instance::{self, Instance},
        load_balancer::LoadBalancer,
        log_group::LogGroup,
        network_interface::NetworkInterface,
        service::ServiceTarget,
        volume::Volume,
    },
    price::Book,
    testing,
};

static BOOK: LazyLock<Book> = LazyLock::new(|| Book::embedded().unwrap());

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A machine of 0.023 an hour with 1 vCPU and 2 GiB, in cluster `c`, and a disk of its own.
fn machine(name: &str, gib: u32) -> [Resource; 3] {
    let disk = instance::Attached {
        volume: format!("vol-{name}"),
        delete_on_termination: true,
        ..instance::Attached::default()
    };
    let attrs = Instance {
        instance_type: "t2.small".to_owned(),
        status: "running".to_owned(),
        detailed_monitoring: Some(false),
        volumes: vec![disk],
        ..Instance::default()
    };
    let joined = ContainerInstance {
        cluster: "c".to_owned(),
        instance: Some(format!("i-{name}")),
        status: "ACTIVE".to_owned(),
        registered_cpu: 1024,
        registered_memory: 2048,
        ..ContainerInstance::default()
    };
    let volume = Volume {
        size_gib: gib,
        volume_type: "gp2".to_owned(),
        ..Volume::default()
    };
    [
        Resource::new(format!("i-{name}"), attrs),
        Resource::new(format!("c/{name}"), joined),
        Resource::new(format!("vol-{name}"), volume),
    ]
}

/// A task of a service of cluster `c`, on a machine, that reserves so much.
fn task(service: &str, machine: &str, cpu: u32, memory: u32) -> Resource {
    let attrs = Task {
        cluster: "c".to_owned(),
        group: format!("service:{service}"),
        task_definition: format!("{service}:1"),
        launch_type: Some("EC2".to_owned()),
        cpu: Some(cpu),
        memory: Some(memory),
        container_instance: Some(format!("c/{machine}")),
        ..Task::default()
    };
    Resource::new(format!("c/{service}-{machine}"), attrs)
}

fn service(name: &str, target: Option<&str>) -> Resource {
    let target = target.map(|it| ServiceTarget {
        target_group: Some(it.to_owned()),
        ..ServiceTarget::default()
    });
    let attrs = Service {
        cluster: "c".to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: format!("{name}:1"),
        load_balancers: target.into_iter().collect(),
        ..Service::default()
    };
    Resource::new(format!("c/{name}"), attrs)
}

/// What each app comes to in a usual month, exact, and the rack's total.
fn dealt(resources: &[Resource], weights: Weights) -> (BTreeMap<String, Decimal>, Decimal) {
    let test = |case: &Case<'_>| {
        let bill = bill(
            case,
            &Terms {
                region: "us-east-1",
                book: &BOOK,
                month: &Month::usual(),
                usage: &Usage::default(),
            },
        );
        let sums = allocate(case, &bill, weights).sums().into_iter();
        let sums = sums.map(|it| (it.sum.name, it.sum.usd.exact().normalize()));
        (sums.collect(), bill.total().exact())
    };
    testing::owned(resources, &[], |_| true, test)
}

fn expected<const N: usize>(all: [(&str, &str); N]) -> BTreeMap<String, Decimal> {
    let all = all.map(|(name, usd)| (name.to_owned(), decimal(usd)));
    BTreeMap::from(all)
}

#[test]
fn a_quarter_of_a_machine_costs_a_quarter_of_its_price() {
    // The machine counts 9 × 1 + 1 × 2 = 11, the task 9 × 0.25 + 1 × 0.5 = 2.75, which is 0.25 of
    // it: 0.25 × 0.023 = 0.00575 an hour, × 730 = 4.1975; idle 16.79 − 4.1975 = 12.5925.
    let [instance, joined, _] = machine("1", 0);
    let all = [instance, joined, task("web", "1", 256, 512)];
    let (sums, _) = dealt(&all, Weights::default());
    let known = expected([("service c/web", "4.1975"), ("idle machines", "12.5925")]);
    assert_eq!(sums, known);
}

#[test]
fn a_disk_goes_with_its_machine() {
    // 30 × 0.10 = 3, of which a quarter is 0.75.
    let mut all = machine("1", 30).to_vec();
    all.push(task("web", "1", 256, 512));
    let (sums, _) = dealt(&all, Weights::default());
    assert_eq!(sums["service c/web"], decimal("4.9475"));
}

#[test]
fn weights_are_the_users_to_choose() {
    // By memory alone: 512 of 2048 MiB. By CPU alone: 512 of 1024 units.
    let [instance, joined, _] = machine("1", 0);
    let all = [instance, joined, task("web", "1", 512, 512)];
    let weights = |cpu: u32, memory: u32| Weights::new(cpu.into(), memory.into()).unwrap();
    let (by_memory, _) = dealt(&all, weights(0, 1));
    assert_eq!(by_memory["service c/web"], decimal("4.1975"));
    let (by_cpu, _) = dealt(&all, weights(1, 0));
    assert_eq!(by_cpu["service c/web"], decimal("8.395"));
    assert_eq!(Weights::new(0.into(), 0.into()), Err(BadWeights));
    assert_eq!(Weights::new(1.into(), (-1).into()), Err(BadWeights));
}

#[test]
fn a_machine_without_tasks_is_idle() {
    let (sums, total) = dealt(&machine("1", 10), Weights::default());
    assert_eq!(sums, expected([("idle machines", "17.79")]));
    assert_eq!(total, decimal("17.79"));
}

#[test]
fn what_the_definition_reserves_counts_where_the_task_does_not_tell() {
    let mut running = task("web", "1", 0, 0);
    if let Some(it) = Task::of_mut(&mut running.attrs) {
        (it.cpu, it.memory) = (None, None);
    }
    let container = |memory, memory_reservation| ContainerDefinition {
        cpu: 128,
        memory,
        memory_reservation,
        ..ContainerDefinition::default()
    };
    // What is kept free counts, not the limit.
    let containers = vec![container(Some(256), None), container(Some(999), Some(256))];
    let definition = TaskDefinition {
        containers,
        ..TaskDefinition::default()
    };
    let [instance, joined, _] = machine("1", 0);
    let definition = Resource::new("web:1", definition);
    let (sums, _) = dealt(
        &[
            instance.clone(),
            joined.clone(),
            running.clone(),
            definition,
        ],
        Weights::default(),
    );
    assert_eq!(sums["service c/web"], decimal("4.1975"));
    // Without it nobody knows, and it is idle and said.
    let all = [instance, joined, running];
    let (sums, _) = dealt(&all, Weights::default());
    assert_eq!(sums, expected([("idle machines", "16.79")]));
    let unreserved = testing::owned(
        &all,
        &[],
        |_| true,
        |case| Dealer::new(case, Weights::default()).unreserved,
    );
    assert_eq!(unreserved.len(), 1);
}

#[test]
fn a_load_balancer_goes_in_equal_parts_to_who_is_reached_through_it() {
    let group = |lb: &str| TargetGroup {
        load_balancers: vec![lb.to_owned()],
        ..TargetGroup::default()
    };
    let balancer = LoadBalancer {
        lb_type: "application".to_owned(),
        ..LoadBalancer::default()
    };
    let all = [
        Resource::new("both", balancer.clone()),
        Resource::new("alone", balancer.clone()),
        Resource::new("nobodys", balancer),
        Resource::new("web", group("both")),
        Resource::new("api", group("both")),
        Resource::new("api-alone", group("alone")),
        service("web", Some("web")),
        service("api", Some("api")),
        service("jobs", None),
        service("edge", Some("api-alone")),
    ];
    // Each 730 × 0.0225 = 16.425; half of it 8.2125.
    let (sums, _) = dealt(&all, Weights::default());
    let known = expected([
        ("service c/web", "8.2125"),
        ("service c/api", "8.2125"),
        ("service c/edge", "16.425"),
        ("the rack itself", "16.425"),
    ]);
    assert_eq!(sums, known);
}

#[test]
fn what_a_task_definition_names_is_its_services() {
    let container = ContainerDefinition {
        log_group: Some("logs".to_owned()),
        ..ContainerDefinition::default()
    };
    let definition = TaskDefinition {
        containers: vec![container],
        ..TaskDefinition::default()
    };
    let all = [
        Resource::new("logs", LogGroup::default()),
        Resource::new("web:1", definition),
        service("web", None),
    ];
    let unpriced = testing::owned(
        &all,
        &[],
        |_| true,
        |case| {
            let terms = Terms {
                region: "us-east-1",
                book: &BOOK,
                month: &Month::usual(),
                usage: &Usage::default(),
            };
            allocate(case, &bill(case, &terms), Weights::default()).unpriced
        },
    );
    let app = App::Named("service c/web".to_owned());
    assert_eq!(unpriced, BTreeMap::from([(app, (2, 0))]));
}

#[test]
fn a_fargate_task_and_its_address_are_its_services() {
    let mut running = task("web", "none", 256, 512);
    if let Some(it) = Task::of_mut(&mut running.attrs) {
        it.launch_type = Some("FARGATE".to_owned());
        it.container_instance = None;
        it.interfaces = vec!["eni-1".to_owned()];
    }
    let interface = NetworkInterface {
        description: "arn:aws:ecs:us-east-1:123456789012:attachment/1".to_owned(),
        requester_managed: true,
        public_ip: Some("203.0.113.9".to_owned()),
        ..NetworkInterface::default()
    };
    // 0.25 × 730 × 0.04048 + 0.5 × 730 × 0.004445 + 730 × 0.005 = 7.3876 + 1.622425 + 3.65
    let (sums, _) = dealt(
        &[running, Resource::new("eni-1", interface)],
        Weights::default(),
    );
    assert_eq!(sums, expected([("service c/web", "12.660025")]));
}

#[test]
fn a_stack_without_a_cluster_is_an_app_with_all_that_it_made() {
    let of =
        |it: Resource, stack: &str| testing::tagged(it, [("aws:cloudformation:stack-name", stack)]);
    let database = || DbInstance {
        engine: "mysql".to_owned(),
        class: "db.t3.large".to_owned(),
        storage_type: "gp2".to_owned(),
        ..DbInstance::default()
    };
    let all = [
        of(testing::cluster("c"), "rack"),
        of(service("monitor", None), "rack"),
        of(service("web", None), "shop"),
        of(Resource::new("shop-db", database()), "shop"),
        of(Resource::new("rack-db", database()), "rack"),
        of(Resource::new("other-db", database()), "data"),
    ];
    // Each 730 × 0.136 = 99.28.
    let (sums, _) = dealt(&all, Weights::default());
    let known = expected([("stack shop", "99.28"), ("the rack itself", "198.56")]);
    assert_eq!(sums, known);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_parts_come_to_the_whole_whatever_is_reserved(
        tasks in prop::collection::vec((0..3_usize, 0..3_usize, 0..5000_u32, 0..9000_u32), 0..12),
        cpu in 0..20_u32,
        memory in 1..20_u32,
    ) {
        let mut all: Vec<Resource> = ["a", "b", "c"].iter().flat_map(|it| machine(it, 7)).collect();
        for (n, (service, on, cpu, memory)) in tasks.into_iter().enumerate() {
            let mut it = task(["x", "y", "z"][service], ["a", "b", "c"][on], cpu, memory);
            it.id.key.push_str(&n.to_string());
            all.push(it);
        }
        let weights = Weights::new(cpu.into(), memory.into()).unwrap();
        let (sums, total) = dealt(&all, weights);
        prop_assert_eq!(sums.values().sum::<Decimal>(), total);
        prop_assert!(sums.values().all(|it| *it >= Decimal::ZERO));
    }
}
