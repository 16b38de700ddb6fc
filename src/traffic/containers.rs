//! Finds the container that answers at a machine's port or at an address.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::{Container, Target};
use crate::{
    graph::Graph,
    kind::{container_instance::ContainerInstance, task::Task, task_definition::TaskDefinition},
};

/// Which container answers at an instance's port or at an address.
pub struct Containers<'g> {
    by_instance: BTreeMap<(&'g str, u16), Container>,
    by_address: BTreeMap<(&'g str, u16), Container>,
}

impl<'g> Containers<'g> {
    pub fn index(graph: &Graph<'g>) -> Self {
        let mut by_instance = BTreeMap::new();
        let mut by_address = BTreeMap::new();
        for (resource, task) in graph.of::<Task>().filter(|(_, it)| !it.is_stopped()) {
            let machine = task
                .container_instance
                .as_deref()
                .and_then(|it| graph.get_as::<ContainerInstance>(it)?.1.instance.as_deref());
            let definition = graph.get_as::<TaskDefinition>(&task.task_definition);
            let on_host = definition.is_some_and(|it| it.1.network_mode.as_deref() == Some("host"));
            let running = task.containers.iter().filter(|it| it.status != "STOPPED");
            for container in running {
                let at = |port| Container {
                    task: resource.id.clone(),
                    service: task.service().unwrap_or_default().to_owned(),
                    name: container.name.clone(),
                    port,
                    image: container.image.clone(),
                };
                for binding in &container.bindings {
                    if let Some(machine) = machine {
                        let answering = at(binding.container_port);
                        by_instance.insert((machine, binding.host_port), answering);
                    }
                }
                let ranges = container.ranges.iter().filter_map(|it| bound(it));
                for (inner, outer) in ranges.flat_map(|(inner, outer)| inner.zip(outer)) {
                    if let Some(machine) = machine {
                        by_instance.insert((machine, outer), at(inner));
                    }
                }
                // With awsvpc a container is reached at the task's own address, at its own port.
                let ports = definition
                    .into_iter()
                    .flat_map(|(_, it)| &it.containers)
                    .filter(|it| it.name == container.name)
                    .flat_map(|it| &it.ports);
                for port in ports {
                    // On the machine's own network there may be no binding, and no need of one.
                    if let Some(machine) = machine.filter(|_| on_host) {
                        let own = (machine, port.container_port);
                        by_instance
                            .entry(own)
                            .or_insert_with(|| at(port.container_port));
                    }
                    for address in &container.private_ips {
                        let answering = at(port.container_port);
                        by_address.insert((address.as_str(), port.container_port), answering);
                    }
                }
            }
        }
        Self {
            by_instance,
            by_address,
        }
    }

    pub fn behind(&self, target: &Target) -> Option<Container> {
        let key = (target.name.as_str(), target.port?);
        let found = self.by_instance.get(&key).or(self.by_address.get(&key));
        found.cloned()
    }
}

/// `8000-8009:49153-49162/tcp` → the container's ports and the machine's.
fn bound(range: &str) -> Option<(RangeInclusive<u16>, RangeInclusive<u16>)> {
    let ports = range.split('/').next()?;
    let (inner, outer) = ports.split_once(':')?;
    let run = |text: &str| {
        let (from, to) = text.split_once('-')?;
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    Some((run(inner)?, run(outer)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            task::{self, Binding},
            task_definition::{ContainerDefinition, PortMapping},
        },
        rule::Status,
        snapshot::Resource,
    };

    /// The name and the port of the container behind a port of the machine.
    fn behind(port: u16, running: task::Container, status: &str, mode: &str) -> Option<u16> {
        let task = Task {
            task_definition: "web:1".to_owned(),
            last_status: status.to_owned(),
            container_instance: Some("c/m".to_owned()),
            containers: vec![running],
            ..Task::default()
        };
        let definition = TaskDefinition {
            network_mode: Some(mode.to_owned()),
            containers: vec![ContainerDefinition {
                ports: vec![PortMapping {
                    container_port: 3000,
                    ..PortMapping::default()
                }],
                ..ContainerDefinition::default()
            }],
            ..TaskDefinition::default()
        };
        let machine = ContainerInstance {
            instance: Some("i-1".to_owned()),
            ..ContainerInstance::default()
        };
        let resources = [
            Resource::new("c/t", task),
            Resource::new("web:1", definition),
            Resource::new("c/m", machine),
        ];
        let target = Target {
            name: "i-1".to_owned(),
            id: None,
            port: Some(port),
            health: String::new(),
            verdict: Status::Unknown,
            reason: String::new(),
        };
        let graph = Graph::build(&resources);
        Containers::index(&graph).behind(&target).map(|it| it.port)
    }

    #[test]
    fn a_port_within_a_range_leads_to_its_counterpart() {
        let running = || task::Container {
            ranges: vec!["8000-8009:49153-49162/tcp".to_owned()],
            ..task::Container::default()
        };
        assert_eq!(behind(49155, running(), "RUNNING", "bridge"), Some(8002));
        assert_eq!(behind(49163, running(), "RUNNING", "bridge"), None);
    }

    #[test]
    fn on_the_machines_own_network_a_port_is_the_machines() {
        let running = task::Container::default();
        assert_eq!(behind(3000, running.clone(), "RUNNING", "host"), Some(3000));
        assert_eq!(behind(3000, running, "RUNNING", "bridge"), None);
    }

    #[test]
    fn a_stopped_task_answers_nobody() {
        let running = task::Container {
            bindings: vec![Binding {
                host_port: 80,
                container_port: 80,
                ..Binding::default()
            }],
            ..task::Container::default()
        };
        assert_eq!(behind(80, running.clone(), "STOPPED", "bridge"), None);
        assert_eq!(behind(80, running, "RUNNING", "bridge"), Some(80));
    }
}
