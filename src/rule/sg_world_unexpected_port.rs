//! Ports that a security group opens to the world although nothing behind it seems to use them.

use std::collections::BTreeSet;

use super::{
    BadWords, Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{self, Answer, Opening, Protocol},
    served::{self, Ports},
    sg_world, sg_world_admin_port, sg_world_data_port, sg_world_wide_range,
};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        classic_load_balancer::ClassicLoadBalancer,
        listener::Listener,
        security_group::{Permission, SecurityGroup},
        service::Service,
        target_group::TargetGroup,
        task::Task,
        task_definition::TaskDefinition,
    },
    relation::RelationKind,
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "sg-world-unexpected-port",
    words: include_str!("../../rules/sg-world-unexpected-port.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

/// What tells which ports are used: where one of them could not be listed, nobody knows.
const TELLING: [Kind; 7] = [
    Kind::LoadBalancer,
    Kind::ClassicLoadBalancer,
    Kind::Listener,
    Kind::TargetGroup,
    Kind::Service,
    Kind::Task,
    Kind::TaskDefinition,
];

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let elsewhere = Elsewhere::of(case).unwrap_or_default();
    // A single service or revision that was not read may be what listens.
    let hidden = case.gap_among(&TELLING);
    let groups = case.ours::<SecurityGroup>();
    let judged = groups.map(|(it, group)| judge(case, words, &elsewhere, hidden, it, group));
    super::unsure(
        judged.collect(),
        case.gap_among(&[Kind::FileSystem, Kind::MountTarget]),
    )
}

/// What other rules tell of, as they are set: what is taken from them is left to this one.
#[derive(Default)]
struct Elsewhere {
    ports: BTreeSet<(Protocol, u16)>,
    /// How many ports in a row are still no wide range.
    widest: u32,
}

impl Elsewhere {
    fn of(case: &Case<'_>) -> Result<Self, BadWords> {
        let admin = case.words_of(&sg_world_admin_port::RULE)?;
        let data = case.words_of(&sg_world_data_port::RULE)?;
        let wide = case.words_of(&sg_world_wide_range::RULE)?;
        let tcp = [&admin, &data].into_iter().flat_map(|it| it.ports("tcp"));
        let tcp = tcp.map(|it| (Protocol::Tcp, it));
        let udp = data.ports("udp").into_iter();
        Ok(Self {
            ports: tcp.chain(udp.map(|it| (Protocol::Udp, it))).collect(),
            widest: sg_world_wide_range::widest(&wide),
        })
    }
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    elsewhere: &Elsewhere,
    hidden: Option<&Gap>,
    resource: &Resource,
    group: &SecurityGroup,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let attached = sg_world::attached(case, id);
    if attached.is_empty() {
        return verdict(Status::NotApplicable, "nothing uses the group".to_owned());
    }
    if exposure::all_traffic(group) == Answer::Open {
        return sg_world::told_already(&RULE, words, id);
    }
    let allowed = words.ports("allowed");
    let used = used(case, &attached);
    let is_surplus = |protocol: Protocol, port: u16| {
        !allowed.contains(&port)
            && !elsewhere.ports.contains(&(protocol, port))
            && !used
                .iter()
                .any(|it| it.protocol == protocol && (it.from..=it.to).contains(&port))
    };
    let runs = [Protocol::Tcp, Protocol::Udp]
        .into_iter()
        .flat_map(|it| exposure::runs(group, it))
        .filter(|it| it.width() <= elsewhere.widest);
    let surplus: Vec<Opening> = runs.flat_map(|it| rest(it, &is_surplus)).collect();
    let others = exposure::other_protocols(group);
    let none = surplus.is_empty() && others.is_empty();
    if none && group.ingress.iter().any(is_hidden_door) {
        return sg_world::listed(&RULE, case, words, id);
    }
    if none {
        let why = "what it opens to the whole internet is in use, or told of by other rules";
        return verdict(Status::Pass, why.to_owned());
    }
    let runs = surplus.iter().map(ToString::to_string);
    let said: Vec<String> = runs
        .chain(others.iter().map(|it| format!("protocol {it}")))
        .collect();
    let said = said.join(", ");
    if let Some(gap) = hidden {
        let why = format!("{said}: open to the whole internet, and what uses it is not known");
        return verdict(Status::Unknown, why).gap(Some(gap));
    }
    if let Some(other) = attached.iter().find(|it| !is_understood(it.kind)) {
        let why = format!(
            "{said}: open to the whole internet, and which ports {other} uses is not known"
        );
        return verdict(Status::Unknown, why);
    }
    let is_balancer =
        |it: &ResourceId| matches!(it.kind, Kind::LoadBalancer | Kind::ClassicLoadBalancer);
    let (severity, who) = if attached.iter().all(is_balancer) {
        let who = "no listener uses it, so nothing answers now, which lowers the severity";
        (Severity::Low, who)
    } else {
        (words.severity, "nothing was seen to use it")
    };
    let why = format!("{said}: open to the whole internet, and {who}");
    let users = attached.iter();
    let users = users.map(|it| Evidence::new(it, "SecurityGroups", &id.key));
    let entries = group.ingress.iter().filter(|entry| {
        let opens = |it: &Opening| sg_world::opens(group, entry, it);
        surplus.iter().any(opens) || others.contains(entry.protocol.as_str())
    });
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(sg_world::evidence(id, entries))
        .evidence(users)
        .detail(said.clone())
}

/// Whether it opens something to those of a prefix list that was not read. Ping is no door.
fn is_hidden_door(it: &Permission) -> bool {
    let has_ports = matches!(it.protocol.as_str(), "-1" | "tcp" | "6" | "udp" | "17");
    (has_ports || exposure::is_other(it)) && it.has_unread_lists()
}

/// What of a run is left, as runs again.
fn rest(run: Opening, is_surplus: &impl Fn(Protocol, u16) -> bool) -> Vec<Opening> {
    let protocol = run.protocol;
    let mut left: Vec<Opening> = Vec::new();
    for port in (run.from..=run.to).filter(|it| is_surplus(protocol, *it)) {
        match left.last_mut() {
            Some(last) if last.to.checked_add(1) == Some(port) => last.to = port,
            _ => left.push(Opening {
                protocol,
                from: port,
                to: port,
            }),
        }
    }
    left
}

/// Whether all ports of such a thing are among those that `used` finds.
fn is_understood(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LoadBalancer
            | Kind::ClassicLoadBalancer
            | Kind::Service
            | Kind::Task
            | Kind::Instance
            | Kind::Function
    )
}

/// The ports that what carries a group answers at, as far as ECS and the load balancers tell.
fn used(case: &Case<'_>, attached: &[ResourceId]) -> Vec<Ports> {
    let mut used: Vec<Ports> = Vec::new();
    for id in attached {
        let Some(resource) = case.graph.get(id) else {
            continue;
        };
        if id.kind == Kind::LoadBalancer {
            let listeners = case.graph.parts::<Listener>(id).into_iter();
            used.extend(listeners.flat_map(|(_, it)| both(&it.protocol, it.port)));
        }
        if let Some(balancer) = ClassicLoadBalancer::of(&resource.attrs) {
            let listeners = balancer.listeners.iter();
            used.extend(listeners.flat_map(|it| both("TCP", it.port)));
        }
        if let Some(service) = Service::of(&resource.attrs) {
            used.extend(of_service(case, service));
        }
        if let Some(task) = Task::of(&resource.attrs) {
            used.extend(served::of_task(case, task));
        }
        if id.kind == Kind::Instance {
            used.extend(of_instance(case, id));
        }
    }
    used
}

/// A port of a protocol of load balancing; some take TCP and UDP.
fn both(protocol: &str, port: u16) -> Vec<Ports> {
    let one = |protocol| Ports {
        protocol,
        from: port,
        to: port,
        container: String::new(),
        inside: None,
    };
    match protocol {
        "UDP" | "QUIC" => vec![one(Protocol::Udp)],
        "TCP_UDP" | "TCP_QUIC" => vec![one(Protocol::Tcp), one(Protocol::Udp)],
        _ => vec![one(Protocol::Tcp)],
    }
}

/// The ports of all revisions that a service runs or is about to run.
fn of_service(case: &Case<'_>, service: &Service) -> Vec<Ports> {
    let revisions = service.deployments.iter().map(|it| &it.task_definition);
    let revisions = revisions.chain([&service.task_definition]);
    revisions
        .filter_map(|it| case.graph.get_as::<TaskDefinition>(it))
        .flat_map(|(_, it)| served::of_definition(it))
        .collect()
}

/// The ports of the tasks on a machine, and those that load balancers send to.
fn of_instance(case: &Case<'_>, id: &ResourceId) -> Vec<Ports> {
    let users = case.graph.users(id);
    let joined = users
        .iter()
        .filter(|(_, edge)| edge.kind == RelationKind::RunsOn);
    let tasks = joined.flat_map(|(it, _)| case.graph.users(&it.id));
    let tasks = tasks.filter(|(_, edge)| edge.kind == RelationKind::RunsOn);
    let tasks = tasks.filter_map(|(it, _)| Task::of(&it.attrs));
    let tasks = tasks.filter(|it| !it.is_stopped());
    let bound = tasks.flat_map(|it| served::of_task(case, it));
    // One of them may send to several ports of the machine, each by an edge of its own.
    let senders = users
        .iter()
        .filter(|(_, edge)| edge.kind == RelationKind::ForwardsTo);
    let mut senders: Vec<&Resource> = senders.map(|(it, _)| *it).collect();
    senders.dedup_by_key(|it| &it.id);
    let groups = senders.iter().filter_map(|it| TargetGroup::of(&it.attrs));
    let targets = groups.flat_map(|group| {
        let targets = group.targets.known().into_iter().flatten();
        let here = targets.filter(|it| it.id == id.key);
        here.filter_map(|it| it.port.or(group.port))
            .flat_map(|port| both(group.protocol.as_deref().unwrap_or_default(), port))
            .collect::<Vec<_>>()
    });
    let classic = senders
        .iter()
        .filter_map(|it| ClassicLoadBalancer::of(&it.attrs));
    let classic = classic.flat_map(|it| &it.listeners);
    let classic = classic.flat_map(|it| both("TCP", it.instance_port));
    bound.chain(targets).chain(classic).collect()
}
