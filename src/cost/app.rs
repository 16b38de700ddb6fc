//! Which app costs how much of a rack: what it has for itself, and its part of what several share.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    Bill, Line,
    group::Sum,
    owner::{self, maker, stack},
    usage::Quantity,
};
use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        container_instance::ContainerInstance,
        elastic_ip::ElasticIp,
        service::Service,
        target_group::TargetGroup,
        task::Task,
        task_definition::{ContainerDefinition, TaskDefinition},
    },
    price::{Usd, in_cents},
    relation::RelationKind,
    rule::Case,
    snapshot::Resource,
};

/// Places behind the point to which a part is cut; the last of the parts gets what is left over.
const PLACES: u32 = 12;

/// What a vCPU of a machine counts against a GiB of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    cpu: Decimal,
    memory: Decimal,
}

/// What are no weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("weights are not negative, and at least one of them is more than nothing")]
pub struct BadWeights;

impl Weights {
    /// # Errors
    /// When one is negative, or when both are nothing.
    pub fn new(cpu: Decimal, memory: Decimal) -> Result<Self, BadWeights> {
        let negative = cpu.is_sign_negative() || memory.is_sign_negative();
        if negative || (cpu.is_zero() && memory.is_zero()) {
            return Err(BadWeights);
        }
        Ok(Self { cpu, memory })
    }

    /// What so many CPU units and MiB count; units of both are a 1024th.
    fn of(self, cpu: u32, memory: u32) -> Decimal {
        let cpu = self.cpu.saturating_mul(cpu.into());
        cpu.saturating_add(self.memory.saturating_mul(memory.into()))
    }
}

/// Reads `{ cpu = 9, memory = 1 }`.
impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Given {
            cpu: Quantity,
            memory: Quantity,
        }
        let it = Given::deserialize(from)?;
        Self::new(it.cpu.0, it.memory.0).map_err(D::Error::custom)
    }
}

/// As Fargate prices them, near enough: 9 to 1.
impl Default for Weights {
    fn default() -> Self {
        Self {
            cpu: Decimal::from(9),
            memory: Decimal::ONE,
        }
    }
}

/// `9:1`.
impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.cpu.normalize(), self.memory.normalize())
    }
}

/// Who a part of the cost is counted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum App {
    /// `stack NAME` where a stack holds an app, else `service CLUSTER/NAME` or `family NAME`.
    Named(String),
    /// What no app can be told of: the network, the cluster's own.
    Rack,
    /// What of the machines no task has reserved.
    Idle,
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named(name) => name,
            Self::Rack => "the rack itself",
            Self::Idle => "idle machines",
        })
    }
}

/// How a part of the cost came to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It is the app's alone.
    Own,
    /// By what its tasks reserve of a machine.
    Machine,
    /// In equal parts by who is reached through it, or whose task definitions name it.
    Common,
}

impl Way {
    pub const ALL: &[Self] = &[Self::Own, Self::Machine, Self::Common];

    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Machine => "machines",
            Self::Common => "shared",
        }
    }
}

/// One app's part of one line of the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub app: App,
    pub way: Way,
    pub resource: ResourceId,
    pub component: &'static str,
    /// Service code of the line.
    pub service: &'static str,
    pub usd: Usd,
}

/// A rack's bill, dealt out to its apps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// What is known, in order of the bill's lines. All of them come to the bill's total.
    pub shares: Vec<Share>,
    /// By app, lines that depend on use, and lines that nobody can price.
    pub unpriced: BTreeMap<App, (usize, usize)>,
    /// Tasks on machines whose reservations were not read; their part is with the idle.
    pub unreserved: Vec<ResourceId>,
}

/// What of a bill one app comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSum {
    pub app: App,
    pub by_way: BTreeMap<Way, Usd>,
    pub sum: Sum,
}

impl Allocation {
    /// The apps, the dearest first; the rack itself and the idle machines behind them.
    pub fn sums(&self) -> Vec<AppSum> {
        let mut sums: BTreeMap<&App, AppSum> = BTreeMap::new();
        let start = |app: &App| AppSum {
            app: app.clone(),
            by_way: BTreeMap::new(),
            sum: Sum {
                name: app.to_string(),
                ..Sum::default()
            },
        };
        for it in &self.shares {
            let of = sums.entry(&it.app).or_insert_with(|| start(&it.app));
            let way = of.by_way.entry(it.way).or_default();
            *way = *way + it.usd;
            of.sum.usd = of.sum.usd + it.usd;
            of.sum.known += 1;
        }
        for (app, (by_use, unknown)) in &self.unpriced {
            let of = sums.entry(app).or_insert_with(|| start(app));
            of.sum.by_use += by_use;
            of.sum.unknown += unknown;
        }
        let mut sums: Vec<AppSum> = sums.into_values().collect();
        let named = |it: &AppSum| matches!(it.app, App::Named(_));
        sums.sort_by(|a, b| {
            named(b)
                .cmp(&named(a))
                .then(b.sum.usd.cmp(&a.sum.usd))
                .then(a.app.cmp(&b.app))
        });
        sums
    }
}

/// In cents that add up: the apps to what is shown of the whole, an app's ways to what is shown of
/// it.
pub fn rounded(mut sums: Vec<AppSum>) -> Vec<AppSum> {
    let exact: Vec<Usd> = sums.iter().map(|it| it.sum.usd).collect();
    let cents = in_cents(&exact, exact.iter().copied().sum());
    for (app, cents) in sums.iter_mut().zip(cents) {
        app.sum.usd = cents;
        let exact: Vec<Usd> = app.by_way.values().copied().collect();
        let ways = app.by_way.values_mut().zip(in_cents(&exact, cents));
        ways.for_each(|(way, cents)| *way = cents);
    }
    sums
}

/// Deals the lines that count for the rack out to its apps.
///
/// A machine is split by what tasks reserve of the CPU and memory that it has registered, and what
/// is left is idle. A load balancer goes in equal parts to who is reached through it, a log group,
/// an image repository, a secret to whose task definitions name it. What a stack made that holds
/// no cluster is that stack's. The rest is the rack's own.
pub fn allocate(case: &Case<'_>, bill: &Bill<'_>, weights: Weights) -> Allocation {
    let mut dealer = Dealer::new(case, weights);
    let mut allocation = Allocation::default();
    let mut splits: BTreeMap<&ResourceId, Split> = BTreeMap::new();
    for line in bill.own() {
        let split = splits
            .entry(&line.resource)
            .or_insert_with(|| dealer.split(&line.resource));
        deal(&mut allocation, line, split);
    }
    allocation.unreserved = dealer.unreserved.into_iter().collect();
    allocation
}

/// How a resource is split.
#[derive(Clone, Debug)]
struct Split {
    way: Way,
    /// Who, and how much that counts; never empty, and not all nothing.
    parts: Vec<(App, Decimal)>,
}

impl Split {
    fn whole(app: App) -> Self {
        Self {
            way: Way::Own,
            parts: vec![(app, Decimal::ONE)],
        }
    }

    /// In equal parts, or the whole of it where there is one.
    fn equal(apps: BTreeSet<App>) -> Option<Self> {
        let way = match apps.len() {
            0 => return None,
            1 => Way::Own,
            _ => Way::Common,
        };
        let parts = apps.into_iter().map(|it| (it, Decimal::ONE)).collect();
        Some(Self { way, parts })
    }
}

fn deal(allocation: &mut Allocation, line: &Line, split: &Split) {
    let Some(usd) = line.amount.usd() else {
        let app = match &split.parts[..] {
            [(app, _)] => app.clone(),
            _ => App::Rack,
        };
        let (by_use, unknown) = allocation.unpriced.entry(app).or_default();
        match line.amount.price() {
            Some(_) => *by_use += 1,
            None => *unknown += 1,
        }
        return;
    };
    let whole: Decimal = split.parts.iter().map(|it| it.1).sum();
    let mut left = usd.exact();
    let last = split.parts.len().saturating_sub(1);
    for (n, (app, part)) in split.parts.iter().enumerate() {
        let share = if n == last {
            left
        } else {
            (usd.exact() / whole * part).round_dp(PLACES).min(left)
        };
        left -= share;
        allocation.shares.push(Share {
            app: app.clone(),
            way: split.way,
            resource: line.resource.clone(),
            component: line.component,
            service: line.service,
            usd: Usd::new(share),
        });
    }
}

/// Knows whose what is.
struct Dealer<'c, 'a> {
    case: &'c Case<'a>,
    weights: Weights,
    /// Stacks that hold a cluster: what they made is the rack's, not an app's.
    racks: BTreeSet<String>,
    apps: BTreeSet<App>,
    /// By what a service or a task definition names, who it serves.
    users: BTreeMap<ResourceId, BTreeSet<App>>,
    /// By instance, its container instance and what each app's tasks reserve of it.
    machines: BTreeMap<String, Machine<'a>>,
    unreserved: BTreeSet<ResourceId>,
}

#[derive(Clone, Debug)]
struct Machine<'a> {
    registered: &'a ContainerInstance,
    reserved: BTreeMap<App, (u32, u32)>,
}

impl<'c, 'a> Dealer<'c, 'a> {
    fn new(case: &'c Case<'a>, weights: Weights) -> Self {
        let clusters = case.graph.resources();
        let clusters = clusters.filter(|it| it.id.kind == Kind::Cluster);
        let racks = clusters.filter_map(|it| stack(case.graph, it)).collect();
        let mut dealer = Self {
            case,
            weights,
            racks,
            apps: BTreeSet::new(),
            users: BTreeMap::new(),
            machines: BTreeMap::new(),
            unreserved: BTreeSet::new(),
        };
        dealer.look_at_services();
        dealer.look_at_machines();
        dealer.look_at_tasks();
        dealer
    }

    fn note(&mut self, used: ResourceId, app: &App) {
        self.users.entry(used).or_default().insert(app.clone());
    }

    /// What a task definition names serves whoever runs it.
    fn note_definition(&mut self, key: &str, app: &App) {
        let definition = ResourceId::new(Kind::TaskDefinition, key);
        for (used, _) in self.case.graph.uses(&definition) {
            self.note(used.id.clone(), app);
        }
    }

    fn look_at_services(&mut self) {
        let services: Vec<(&Resource, &Service)> = self.case.ours::<Service>().collect();
        for (resource, service) in services {
            let app = self.app_of(resource);
            self.apps.insert(app.clone());
            self.note_definition(&service.task_definition, &app);
            for target in &service.load_balancers {
                for group in target.target_group.iter().chain(&target.alternate) {
                    let group = self.case.graph.get_as::<TargetGroup>(group);
                    for balancer in group.iter().flat_map(|it| &it.1.load_balancers) {
                        self.note(ResourceId::new(Kind::LoadBalancer, balancer), &app);
                    }
                }
                if let Some(classic) = &target.classic {
                    self.note(ResourceId::new(Kind::ClassicLoadBalancer, classic), &app);
                }
            }
        }
    }

    fn look_at_machines(&mut self) {
        for (_, it) in self.case.graph.of::<ContainerInstance>() {
            let Some(instance) = it.instance.clone().filter(|_| it.is_active()) else {
                continue;
            };
            let reserved = BTreeMap::new();
            let registered = it;
            let machine = Machine {
                registered,
                reserved,
            };
            self.machines.insert(instance, machine);
        }
    }

    fn look_at_tasks(&mut self) {
        let tasks: Vec<(&Resource, &Task)> = self.case.graph.of::<Task>().collect();
        for (resource, task) in tasks {
            if task.is_stopped() {
                continue;
            }
            let app = self.app_of(resource);
            self.apps.insert(app.clone());
            self.note_definition(&task.task_definition, &app);
            let on = task.container_instance.as_ref();
            let on = on.and_then(|it| self.case.graph.get_as::<ContainerInstance>(it));
            let Some(instance) = on.and_then(|it| it.1.instance.as_ref()) else {
                continue;
            };
            let Some((cpu, memory)) = reserved(self.case.graph, task) else {
                self.unreserved.insert(resource.id.clone());
                continue;
            };
            if let Some(machine) = self.machines.get_mut(instance) {
                let sum = machine.reserved.entry(app).or_default();
                sum.0 = sum.0.saturating_add(cpu);
                sum.1 = sum.1.saturating_add(memory);
            }
        }
    }

    /// Whose a service or a task is.
    fn app_of(&self, resource: &Resource) -> App {
        if let Some(stack) = owner::stack_of(self.case, resource)
            && !self.racks.contains(&stack)
        {
            return App::Named(format!("stack {stack}"));
        }
        let name = match Task::of(&resource.attrs) {
            Some(task) => match task.service() {
                Some(it) => format!("service {}/{it}", task.cluster),
                None => {
                    let family = task.task_definition.split(':').next();
                    format!("family {}", family.unwrap_or_default())
                }
            },
            None => format!("service {}", resource.id.key),
        };
        App::Named(name)
    }

    fn split(&mut self, id: &ResourceId) -> Split {
        let graph = self.case.graph;
        let Some(resource) = graph.get(id) else {
            return Split::whole(App::Rack);
        };
        if let Some(split) = self.by_machine(resource) {
            return split;
        }
        if id.kind == Kind::Task {
            return Split::whole(self.app_of(resource));
        }
        // What a task made is the task's.
        if let Some(made) = maker(graph, id).filter(|it| it.id.kind == Kind::Task) {
            return Split::whole(self.app_of(made));
        }
        // An address is of what it leads to.
        let whole = ElasticIp::of(&resource.attrs).and_then(|it| leads_to(graph, it));
        if let Some(balancer) = whole {
            return self.split(&balancer);
        }
        let users = self.users.get(id).cloned().unwrap_or_default();
        if let Some(split) = Split::equal(users) {
            return split;
        }
        let stack = owner::stack_of(self.case, resource);
        let app = stack.map(|it| App::Named(format!("stack {it}")));
        // A stack without services holds no app of its own.
        let app = app.filter(|it| self.apps.contains(it));
        Split::whole(app.unwrap_or(App::Rack))
    }

    /// The split of a machine, its disks and its addresses.
    fn by_machine(&self, resource: &Resource) -> Option<Split> {
        let id = &resource.id;
        let address = ElasticIp::of(&resource.attrs);
        let instance = if id.kind == Kind::Instance {
            Some(id.key.clone())
        } else if id.kind == Kind::Volume {
            let mut users = self.case.graph.users(id).into_iter();
            let machine = users.find(|(it, _)| it.id.kind == Kind::Instance);
            machine.map(|(it, _)| it.id.key.clone())
        } else {
            address.and_then(|it| it.instance.clone())
        };
        let machine = self.machines.get(&instance?)?;
        let of = |cpu, memory| self.weights.of(cpu, memory);
        let it = machine.registered;
        let capacity = of(it.registered_cpu, it.registered_memory);
        let reserved = machine.reserved.iter();
        let mut parts: Vec<(App, Decimal)> = reserved
            .map(|(app, (cpu, memory))| (app.clone(), of(*cpu, *memory)))
            .filter(|it| it.1 > Decimal::ZERO)
            .collect();
        let taken: Decimal = parts.iter().map(|it| it.1).sum();
        let idle = capacity.saturating_sub(taken);
        if idle > Decimal::ZERO || parts.is_empty() {
            parts.push((App::Idle, idle.max(Decimal::ONE)));
        }
        let way = Way::Machine;
        Some(Split { way, parts })
    }
}

/// The load balancer that an address leads to.
fn leads_to(graph: &Graph<'_>, address: &ElasticIp) -> Option<ResourceId> {
    let interface = ResourceId::new(Kind::NetworkInterface, address.interface.as_ref()?);
    let mut whole = graph.uses(&interface).into_iter();
    let whole = whole.find(|(_, edge)| edge.kind == RelationKind::PartOf)?;
    Some(whole.0.id.clone()).filter(|it| it.kind == Kind::LoadBalancer)
}

/// CPU units and MiB that are kept for a task; `None` where nothing that was read tells.
fn reserved(graph: &Graph<'_>, task: &Task) -> Option<(u32, u32)> {
    let definition = graph.get_as::<TaskDefinition>(&task.task_definition);
    let containers = definition.map(|it| it.1.containers.as_slice());
    let sum = |of: fn(&ContainerDefinition) -> u32| {
        let all = containers?.iter().map(of);
        Some(all.fold(0, u32::saturating_add))
    };
    let positive = |it: Option<u32>| it.filter(|it| *it > 0);
    let cpu = positive(task.cpu).or_else(|| sum(|it| it.cpu));
    let memory = positive(task.memory)
        .or_else(|| sum(|it| it.memory_reservation.or(it.memory).unwrap_or_default()));
    Some((cpu?, memory?))
}

#[cfg(test)]
mod tests;
