//! At which ports, of which interfaces, the containers of a task answer.

use super::{Case, exposure::Protocol};
use crate::{
    kind::{
        container_instance::ContainerInstance,
        instance::Instance,
        network_interface::NetworkInterface,
        task::{Container, Task},
        task_definition::{ContainerDefinition, TaskDefinition},
    },
    snapshot::Resource,
};

/// A run of ports that lead to one container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    pub protocol: Protocol,
    pub from: u16,
    pub to: u16,
    /// The container's name.
    pub container: String,
    /// The container's own port, where it is a single one that is known.
    pub inside: Option<u16>,
}

impl Ports {
    fn new(protocol: &str, from: u16, to: u16, container: &str) -> Self {
        let protocol = match protocol {
            "udp" => Protocol::Udp,
            _ => Protocol::Tcp,
        };
        let container = container.to_owned();
        Self {
            protocol,
            from,
            to,
            container,
            inside: None,
        }
    }

    fn inside(mut self, port: u16) -> Self {
        self.inside = Some(port);
        self
    }
}

/// The ports of a running task as they are seen from outside: its own where it has an interface,
/// else those of the machine that lead to it.
pub fn of_task(case: &Case<'_>, task: &Task) -> Vec<Ports> {
    if task.interfaces.is_empty() {
        return task.containers.iter().flat_map(bound).collect();
    }
    let definition = case.graph.get_as::<TaskDefinition>(&task.task_definition);
    definition.map_or_else(Vec::new, |(_, it)| of_definition(it))
}

/// The ports at which the containers of a definition listen.
pub fn of_definition(definition: &TaskDefinition) -> Vec<Ports> {
    definition.containers.iter().flat_map(listened).collect()
}

fn listened(it: &ContainerDefinition) -> Vec<Ports> {
    let single = it.ports.iter().map(|port| {
        let number = port.container_port;
        Ports::new(&port.protocol, number, number, &it.name).inside(number)
    });
    let ranges = it.ranges.iter().filter_map(|range| run(range, &it.name));
    single.chain(ranges).collect()
}

/// The machine's ports that lead to a container; what is bound to the machine itself alone leads
/// nobody in.
fn bound(it: &Container) -> Vec<Ports> {
    let single = it.bindings.iter();
    let single = single.filter(|it| !it.bind_ip.starts_with("127.") && it.bind_ip != "::1");
    let single = single
        .map(|port| {
            let outside = port.host_port;
            Ports::new(&port.protocol, outside, outside, &it.name).inside(port.container_port)
        })
        .filter(|it| it.from > 0);
    // `8000-8009:49153-49162/tcp`: the machine's ports stand behind the colon.
    let ranges = it.ranges.iter().filter_map(|range| {
        let outside = range.split_once(':').map_or(range.as_str(), |it| it.1);
        run(outside, &it.name)
    });
    single.chain(ranges).collect()
}

/// `8000-8009/tcp`.
fn run(text: &str, container: &str) -> Option<Ports> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    Some(Ports::new(protocol, from, to, container))
}

/// The machine that a task runs on, where that is one of EC2's.
pub fn machine<'a>(case: &Case<'a>, task: &Task) -> Option<(&'a Resource, &'a Instance)> {
    let held = task.container_instance.as_deref()?;
    let (_, held) = case.graph.get_as::<ContainerInstance>(held)?;
    case.graph.get_as::<Instance>(held.instance.as_deref()?)
}

/// The interfaces at which a task's ports are: its own, else the machine's. `None` where one of
/// them, or the machine, was not seen.
pub fn interfaces<'a>(
    case: &Case<'a>,
    task: &Task,
) -> Option<Vec<(&'a Resource, &'a NetworkInterface)>> {
    let keys = if !task.interfaces.is_empty() {
        &task.interfaces
    } else if task.container_instance.is_some() {
        &machine(case, task)?.1.interfaces
    } else {
        return Some(Vec::new());
    };
    keys.iter()
        .map(|it| case.graph.get_as::<NetworkInterface>(it))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{task::Binding, task_definition::PortMapping},
        testing,
    };

    fn said(resources: &[Resource], task: &Task) -> Vec<(u16, u16)> {
        let ports = testing::owned(resources, &[], |_| true, |case| of_task(case, task));
        ports.iter().map(|it| (it.from, it.to)).collect()
    }

    #[test]
    fn on_a_machine_the_machine_s_ports_count_but_not_its_own_loopback() {
        let binding = |ip: &str, host_port| Binding {
            bind_ip: ip.to_owned(),
            container_port: 80,
            host_port,
            protocol: "tcp".to_owned(),
        };
        let container = Container {
            bindings: vec![binding("0.0.0.0", 32768), binding("127.0.0.1", 9000)],
            ranges: vec!["8000-8009:49153-49162/tcp".to_owned()],
            ..Container::default()
        };
        let task = Task {
            containers: vec![container],
            ..Task::default()
        };
        assert_eq!(said(&[], &task), [(32768, 32768), (49153, 49162)]);
    }

    #[test]
    fn with_an_interface_of_its_own_the_container_s_ports_count() {
        let port = PortMapping {
            container_port: 8080,
            protocol: "tcp".to_owned(),
            ..PortMapping::default()
        };
        let container = ContainerDefinition {
            ports: vec![port],
            ranges: vec!["9000-9009/udp".to_owned()],
            ..ContainerDefinition::default()
        };
        let definition = TaskDefinition {
            containers: vec![container],
            ..TaskDefinition::default()
        };
        let task = Task {
            task_definition: "web:1".to_owned(),
            interfaces: vec!["eni-1".to_owned()],
            ..Task::default()
        };
        let resources = [Resource::new("web:1", definition)];
        assert_eq!(said(&resources, &task), [(8080, 8080), (9000, 9009)]);
    }
}
