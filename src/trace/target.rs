//! From a target group, or a classic load balancer, through its targets to the container.

use super::{
    Outcome, Step, What,
    admission::{self, Admission, Direction, Side},
    balancer::transport,
    request::Request,
    walk::{Asked, Walk},
};
use crate::{
    id::ResourceId,
    kind::{
        Fact, Kind,
        classic_load_balancer::{ClassicListener, ClassicLoadBalancer},
        container_instance::ContainerInstance,
        function::Function,
        instance::Instance,
        network_interface::NetworkInterface,
        target_group::{self, TargetGroup},
        task::Task,
    },
    rule::{
        Status,
        exposure::{Answer, Protocol},
    },
    snapshot::{Gap, Resource},
    traffic::{self, Target},
};

/// The load balancer that sends.
pub(super) struct Sender<'w> {
    pub(super) resource: &'w Resource,
    /// A network load balancer may speak with the client's own address.
    pub(super) is_network: bool,
    pub(super) groups: &'w [String],
    pub(super) subnets: &'w [String],
}

/// What a load balancer makes of a target's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    Bad,
    /// Coming, going or not used: it gets nothing whatever the others are.
    Out,
    Unknown,
}

impl Health {
    fn of(target: &target_group::Target) -> Self {
        let unchecked = target.reason.as_deref() == Some("Target.HealthCheckDisabled");
        match target.state.as_str() {
            "healthy" => Self::Good,
            // Nobody asks after its health, so it gets its share.
            "unavailable" if unchecked => Self::Good,
            "unhealthy" | "unavailable" => Self::Bad,
            "initial" | "draining" | "unused" | "unhealthy.draining" => Self::Out,
            _ => Self::Unknown,
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Good => Outcome::Answered,
            Self::Bad | Self::Out => Outcome::DeadEnd,
            Self::Unknown => Outcome::Unknown,
        }
    }
}

impl<'a> Walk<'a> {
    /// On from a target group, which gets a share where there are several.
    pub(super) fn group(
        &self,
        sender: &Sender<'_>,
        key: &str,
        share: Option<String>,
        used: bool,
        asked: Asked<'_>,
    ) -> Step {
        let id = ResourceId::new(Kind::TargetGroup, key);
        let Some((_, group)) = self.graph().get_as::<TargetGroup>(key) else {
            let why = format!("{id} was not seen");
            return Step::unknown(why, self.gap_in(Kind::TargetGroup));
        };
        let (then, note) = if used {
            self.targets(sender, &id, group, asked)
        } else {
            (vec![Step::dead_end("weight 0: it gets nothing")], None)
        };
        let what = What::TargetGroup {
            resource: id,
            target_type: group.target_type.clone(),
            protocol: group.protocol.clone(),
            share,
        };
        Step::then(what, then).note(note)
    }

    fn targets(
        &self,
        sender: &Sender<'_>,
        id: &ResourceId,
        group: &TargetGroup,
        asked: Asked<'_>,
    ) -> (Vec<Step>, Option<String>) {
        let targets = match &group.targets {
            Fact::Unread => {
                let why = "its targets and their health were not read";
                return (vec![Step::unknown(why, self.case.gap_about(id))], None);
            }
            Fact::Known(it) if it.is_empty() => {
                let why = "it has no targets: the request is answered with 503";
                return (vec![Step::dead_end(why)], None);
            }
            Fact::Known(it) => it,
        };
        let mut targets: Vec<&target_group::Target> = targets.iter().collect();
        targets.sort_by(|a, b| (&a.id, a.port).cmp(&(&b.id, b.port)));
        let is = |health| targets.iter().any(|it| Health::of(it) == health);
        let note = if is(Health::Good) || is(Health::Unknown) {
            None
        } else if is(Health::Bad) {
            Some("no target is healthy: it sends to all of them all the same (fail open)")
        } else {
            Some("no target is healthy: they are coming, going or not used")
        };
        let note = note.map(ToOwned::to_owned);
        let steps = targets
            .into_iter()
            .map(|it| self.target(sender, group, it, asked))
            .collect();
        (steps, note)
    }

    fn target(
        &self,
        sender: &Sender<'_>,
        group: &TargetGroup,
        told: &target_group::Target,
        asked: Asked<'_>,
    ) -> Step {
        let seen = traffic::target(self.graph(), group, told);
        let health = Health::of(told);
        let protocol = transport(group.protocol.as_deref().unwrap_or_default());
        let (then, admission) = match group.target_type.as_str() {
            "lambda" => (self.function(&seen), None),
            "alb" => {
                let inner = Request {
                    port: seen.port,
                    ..asked.request.clone()
                };
                (self.inner(sender, &seen, &inner, asked.before), None)
            }
            _ => {
                let admission = self.admitted(sender, &seen, protocol, asked.request);
                (self.container(&seen), Some(admission))
            }
        };
        at(seen, then, health.outcome(), admission)
    }

    /// Instances that are registered with a classic load balancer.
    pub(super) fn registered(
        &self,
        sender: &Sender<'_>,
        lb: &ClassicLoadBalancer,
        listener: &ClassicListener,
        request: &Request,
    ) -> Vec<Step> {
        if lb.instances.is_empty() {
            let why = "no instance is registered with it: the request is answered with 503";
            return vec![Step::dead_end(why)];
        }
        let gap = self.case.gap_about(&sender.resource.id);
        let targets = traffic::registered(lb, listener.instance_port);
        let steps = targets.into_iter().map(|seen| {
            let outcome = match seen.health.as_str() {
                "InService" => Outcome::Answered,
                "OutOfService" => Outcome::DeadEnd,
                _ => Outcome::Unknown,
            };
            let note = match (lb.health.known(), gap) {
                (Some(_), _) => None,
                (None, Some(gap)) => Some(format!(
                    "its health was not read: {} was {} (needs {})",
                    gap.call,
                    gap.reason.name(),
                    gap.action
                )),
                (None, None) => Some("its health was not read".to_owned()),
            };
            let admission = self.admitted(sender, &seen, Protocol::Tcp, request);
            let then = self.container(&seen);
            at(seen, then, outcome, Some(admission)).note(note)
        });
        steps.collect()
    }

    /// A machine or a task that a record names by its address, without a load balancer.
    pub(super) fn straight(
        &self,
        machine: Option<&str>,
        address: &str,
        asked: Asked<'_>,
    ) -> Option<Step> {
        let at_port = |port: u16| Target {
            name: machine.unwrap_or(address).to_owned(),
            id: machine.map(|it| ResourceId::new(Kind::Instance, it)),
            port: Some(port),
            health: "not checked".to_owned(),
            verdict: Status::Unknown,
            reason: "no load balancer stands before it".to_owned(),
        };
        let ports = asked.request.ports();
        let answering = ports
            .iter()
            .find(|it| self.containers.behind(&at_port(**it)).is_some());
        // A machine is something to name, though nothing on it may answer.
        let port = *answering.or(ports.first().filter(|_| machine.is_some()))?;
        let seen = at_port(port);
        let then = self.container(&seen);
        let groups = self.groups_of(&seen);
        let client = asked.request.source_ip;
        let door = admission::clients(self.graph(), &groups, client, Protocol::Tcp, port);
        Some(at(seen, then, Outcome::Answered, Some(door)))
    }

    /// Whether the load balancer's requests leave it and reach the target.
    fn admitted(
        &self,
        sender: &Sender<'_>,
        target: &Target,
        protocol: Protocol,
        request: &Request,
    ) -> Admission {
        let unknown = |why: &str| Admission::new(Answer::Unknown, why);
        let Some(port) = target.port else {
            return unknown("at which port it listens is not known");
        };
        let groups = self.groups_of(target);
        if groups.is_empty() {
            return unknown("its security groups are not known");
        }
        let graph = self.graph();
        let asks =
            |peer: &Side| admission::admits(graph, &groups, Direction::In, peer, protocol, port);
        let own = Side::within(graph, sender.subnets, sender.groups);
        let mut answer = asks(&own);
        let said = groups.join(" and ");
        let mut doubt = "a prefix list, a group or a subnet that is not known decides";
        // A member of a group is let in whatever address it speaks with.
        let member = Side {
            groups: sender.groups.to_vec(),
            ranges: Vec::new(),
        };
        let other = || asks(&Side::at(request.source_ip));
        if sender.is_network && asks(&member) != Answer::Open && answer != other() {
            answer = Answer::Unknown;
            doubt = "it may speak with the client's own address";
        }
        let inward = match answer {
            Answer::Open => Admission::new(answer, "security group admits the load balancer"),
            Answer::Closed => {
                let why = format!(
                    "security group {said} does not admit the load balancer at port {port}"
                );
                Admission::new(answer, why)
            }
            Answer::Unknown => {
                let why = format!(
                    "whether security group {said} admits the load balancer is not known: {doubt}"
                );
                Admission::new(answer, why)
            }
        };
        inward.and(self.lets_out(sender, &groups, target, protocol, port))
    }

    fn lets_out(
        &self,
        sender: &Sender<'_>,
        groups: &[String],
        target: &Target,
        protocol: Protocol,
        port: u16,
    ) -> Admission {
        let open = Admission::new(Answer::Open, "");
        if sender.groups.is_empty() {
            return open;
        }
        let address = match self.graph().get_as::<Instance>(&target.name) {
            Some((_, it)) => it.private_ip.clone(),
            None => Some(target.name.clone()),
        };
        let peer = Side {
            groups: groups.to_vec(),
            ..Side::at(address.and_then(|it| it.parse().ok()))
        };
        let graph = self.graph();
        let answer = admission::admits(graph, sender.groups, Direction::Out, &peer, protocol, port);
        let said = sender.groups.join(" and ");
        match answer {
            Answer::Open => open,
            Answer::Closed => {
                let why = format!(
                    "the load balancer's security group {said} lets nothing out to port {port}"
                );
                Admission::new(answer, why)
            }
            Answer::Unknown => {
                let why = format!(
                    "whether the load balancer's security group {said} lets it out is not known"
                );
                Admission::new(answer, why)
            }
        }
    }

    /// The security groups at a target's door.
    fn groups_of(&self, target: &Target) -> Vec<String> {
        if let Some((_, it)) = self.graph().get_as::<Instance>(&target.name) {
            return it.security_groups.clone();
        }
        let interface = self.graph().of::<NetworkInterface>().find(|(_, it)| {
            let own = it.private_ips.iter().chain(&it.private_ip);
            own.chain(&it.ipv6_addresses).any(|it| *it == target.name)
        });
        interface
            .map(|(_, it)| it.security_groups.clone())
            .unwrap_or_default()
    }

    /// The container that answers at a target, or why there is none.
    fn container(&self, target: &Target) -> Step {
        if let Some(it) = self.containers.behind(target) {
            let task = self.graph().get_as::<Task>(&it.task.key);
            let what = What::Container {
                container_instance: task.and_then(|(_, it)| it.container_instance.clone()),
                task: it.task,
                service: it.service,
                name: it.name,
                port: it.port,
                image: it.image,
            };
            return Step::new(what, Outcome::Answered);
        }
        let kinds = [Kind::Task, Kind::ContainerInstance, Kind::TaskDefinition];
        if let Some(gap) = kinds.into_iter().find_map(|it| self.gap_in(it)) {
            return Step::unknown("which container answers is not known", Some(gap));
        }
        if let Some(id) = &target.id {
            if self.is_foreign(id) {
                let why = format!("{id} is a neighbour's, of which the tasks are not read");
                return Step::unknown(why, None);
            }
            let mut machines = self.graph().of::<ContainerInstance>();
            if !machines.any(|(_, it)| it.instance.as_deref() == Some(&target.name)) {
                let why = format!("{id} has joined no cluster that was seen: no task runs on it");
                return Step::dead_end(why);
            }
        }
        let port = target.port.map(|it| format!(" {it}")).unwrap_or_default();
        Step::dead_end(format!("no running task that was seen owns port{port}"))
    }

    fn function(&self, target: &Target) -> Step {
        let known = target.id.as_ref();
        let known = known.and_then(|it| self.graph().get_as::<Function>(&it.key));
        let name = known.map_or(target.name.clone(), |(it, _)| it.id.key.clone());
        let what = What::Function { name };
        match known {
            Some(_) => Step::new(what, Outcome::Answered),
            None => {
                let gap: Option<&Gap> = self.gap_in(Kind::Function);
                let end = Step::unknown("this function was not seen", gap);
                Step::then(what, vec![end])
            }
        }
    }

    /// A load balancer behind a load balancer.
    fn inner(
        &self,
        sender: &Sender<'_>,
        target: &Target,
        request: &Request,
        before: &[String],
    ) -> Step {
        let Some(id) = &target.id else {
            let why = format!("{} was not seen", target.name);
            return Step::unknown(why, self.gap_in(Kind::LoadBalancer));
        };
        let mut before = before.to_vec();
        before.push(sender.resource.id.to_string());
        if before.contains(&id.to_string()) {
            return Step::dead_end(format!("{id} sends to itself"));
        }
        let before = &before;
        self.balancer(id, "target of the one before", Asked { request, before })
    }
}

/// A target with what is behind it: as good as the worst of its health, its door and that.
fn at(seen: Target, then: Step, health: Outcome, admission: Option<Admission>) -> Step {
    let door = admission
        .as_ref()
        .map_or(Outcome::Answered, Admission::outcome);
    let outcome = then.outcome.and(health).and(door);
    let what = What::Target {
        name: seen.name,
        resource: seen.id,
        port: seen.port,
        health: seen.health,
        reason: seen.reason,
        admission,
    };
    Step::then(what, vec![then]).outcome(outcome)
}
