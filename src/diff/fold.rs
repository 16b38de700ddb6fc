//! What lasts behind what comes and goes: the service behind a task, the group behind a machine.

use std::collections::BTreeMap;

use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind, container_instance::ContainerInstance, instance::Instance,
        network_interface::NetworkInterface, task::Task,
    },
    rule::{Case, origin, revision},
    snapshot::Resource,
};

/// The lasting names of one snapshot.
pub(super) struct Names<'a> {
    names: BTreeMap<&'a ResourceId, String>,
    /// Ids, ARNs and addresses of what comes and goes, by which others speak of it.
    words: BTreeMap<&'a str, String>,
}

impl<'a> Names<'a> {
    pub(super) fn of(case: &Case<'a>) -> Self {
        let mut it = Self {
            names: BTreeMap::new(),
            words: BTreeMap::new(),
        };
        for resource in case.graph.resources() {
            let Some(lasting) = behind(case, resource) else {
                continue;
            };
            let kind = resource.id.kind;
            let name = if lasting.kind == kind {
                lasting.to_string()
            } else {
                format!("{} of {lasting}", kind.name())
            };
            let words = [Some(resource.id.key.as_str()), resource.arn.as_deref()];
            for word in words
                .into_iter()
                .flatten()
                .chain(addresses(resource, &lasting))
            {
                it.words.insert(word, name.clone());
            }
            it.names.insert(&resource.id, name);
        }
        it
    }

    /// What a resource is told of by: "task of service/prod/web", or its own id.
    pub(super) fn name(&self, id: &ResourceId) -> String {
        let name = self.names.get(id).cloned();
        name.unwrap_or_else(|| id.to_string())
    }

    /// The same text, with what it names put as what lasts behind that.
    pub(super) fn word(&self, text: &str) -> String {
        if let Some(name) = self.words.get(text) {
            return name.clone();
        }
        let revision = text.rsplit_once(':');
        match revision {
            Some((family, number))
                if family.contains(":task-definition/")
                    && number.bytes().all(|it| it.is_ascii_digit()) =>
            {
                family.to_owned()
            }
            _ => text.to_owned(),
        }
    }
}

/// Whether things of this kind are replaced by their like in the course of a day.
pub(super) fn comes_and_goes(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Task
            | Kind::Instance
            | Kind::Volume
            | Kind::NetworkInterface
            | Kind::ContainerInstance
    )
}

/// What lasts behind a resource; `None` where that is the resource itself.
fn behind(case: &Case<'_>, resource: &Resource) -> Option<ResourceId> {
    let id = &resource.id;
    if id.kind == Kind::TaskDefinition {
        return Some(revision::lasting(id).into_owned());
    }
    if !comes_and_goes(id.kind) {
        return None;
    }
    let machine = ContainerInstance::of(&resource.attrs).and_then(|it| it.instance.as_ref());
    let machine = machine.map(|it| ResourceId::new(Kind::Instance, it));
    let lasting = origin::of(case, machine.as_ref().unwrap_or(id));
    let lasting = revision::lasting(&lasting).into_owned();
    let task = case.graph.get(&lasting).and_then(|it| Task::of(&it.attrs));
    // A task that no service started stands for what it was started from.
    if let Some(task) = task {
        let definition = ResourceId::new(Kind::TaskDefinition, &task.task_definition);
        return Some(revision::lasting(&definition).into_owned());
    }
    (lasting != *id).then_some(lasting)
}

/// Addresses that go with what has them.
fn addresses<'a>(resource: &'a Resource, lasting: &ResourceId) -> Vec<&'a str> {
    // Those of a load balancer or a NAT gateway last.
    if !matches!(
        lasting.kind,
        Kind::AutoScalingGroup
            | Kind::Service
            | Kind::EventRule
            | Kind::Schedule
            | Kind::TaskDefinition
    ) {
        return Vec::new();
    }
    let texts: Vec<&String> = if let Some(it) = Instance::of(&resource.attrs) {
        it.private_ip.iter().chain(&it.public_ip).collect()
    } else if let Some(it) = NetworkInterface::of(&resource.attrs) {
        it.private_ips.iter().chain(&it.public_ip).collect()
    } else if let Some(it) = Task::of(&resource.attrs) {
        it.containers
            .iter()
            .flat_map(|it| &it.private_ips)
            .collect()
    } else {
        Vec::new()
    };
    texts.into_iter().map(String::as_str).collect()
}
