//! Finds the container that answers at a machine's port or at an address.

use std::collections::BTreeMap;

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
        for (resource, task) in graph.of::<Task>() {
            let machine = task
                .container_instance
                .as_deref()
                .and_then(|it| graph.get_as::<ContainerInstance>(it)?.1.instance.as_deref());
            for container in &task.containers {
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
                // With awsvpc a container is reached at the task's own address, at its own port.
                let ports = graph
                    .get_as::<TaskDefinition>(&task.task_definition)
                    .into_iter()
                    .flat_map(|(_, it)| &it.containers)
                    .filter(|it| it.name == container.name)
                    .flat_map(|it| &it.ports);
                for port in ports {
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
