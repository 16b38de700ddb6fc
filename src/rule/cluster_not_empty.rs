//! Clusters that must be emptied before ECS deletes them.

use std::collections::BTreeMap;

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    kind::{
        Kind, capacity_provider::is_of_aws, cluster::Cluster,
        container_instance::ContainerInstance, service::Service, task::Task,
    },
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "cluster-not-empty",
    words: include_str!("../../rules/cluster-not-empty.toml"),
    needs: &[
        Kind::Cluster,
        Kind::Service,
        Kind::Task,
        Kind::ContainerInstance,
    ],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let held = held(case);
    let clusters = going::of::<Cluster>(case).filter(|(_, it)| it.status != "INACTIVE");
    clusters
        .map(|(resource, cluster)| {
            let held = held.get(resource.id.key.as_str());
            judge(words, held.copied().unwrap_or_default(), resource, cluster)
        })
        .collect()
}

/// What was seen in a cluster.
#[derive(Clone, Copy, Default)]
struct Held {
    services: usize,
    draining: usize,
    /// Tasks that no service keeps.
    alone: usize,
    machines: usize,
}

/// What is in each cluster, by its key.
fn held<'a>(case: &Case<'a>) -> BTreeMap<&'a str, Held> {
    let mut held: BTreeMap<&str, Held> = BTreeMap::new();
    let services = case.graph.of::<Service>();
    // A service that is draining is in no listing and yet keeps the cluster.
    for (_, it) in services.filter(|(_, it)| it.is_active()) {
        let of = held.entry(&it.cluster).or_default();
        of.services += 1;
        of.draining += usize::from(it.status == "DRAINING");
    }
    let tasks = case.graph.of::<Task>();
    for (_, it) in tasks.filter(|(_, it)| !it.is_stopped() && it.service().is_none()) {
        held.entry(&it.cluster).or_default().alone += 1;
    }
    let machines = case.graph.of::<ContainerInstance>();
    for (_, it) in machines.filter(|(_, it)| it.is_active()) {
        held.entry(&it.cluster).or_default().machines += 1;
    }
    held
}

fn judge(words: &Words, seen: Held, resource: &Resource, cluster: &Cluster) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let told = |number: u32, seen: usize| usize::try_from(number).unwrap_or(usize::MAX).max(seen);
    let held = [
        (told(cluster.services, seen.services), "service"),
        (seen.alone, "task that no service keeps"),
        (
            told(cluster.container_instances, seen.machines),
            "container instance",
        ),
    ];
    let mut parts: Vec<String> = held
        .into_iter()
        .filter(|it| it.0 > 0)
        .map(|(number, what)| match what.split_once(' ') {
            Some(("task", rest)) => format!("{} {rest}", text::count(number, "task")),
            _ => text::count(number, what),
        })
        .collect();
    let own = cluster.capacity_providers.iter();
    let own: Vec<&String> = own.filter(|it| !is_of_aws(it)).collect();
    if !own.is_empty() {
        parts.push(text::count(own.len(), "capacity provider"));
    }
    if parts.is_empty() {
        let why = "it has no service, no task, no machine and no capacity provider of its own";
        return verdict(Status::Pass, why.to_owned());
    }
    let evidence = Evidence::new(id, "activeServicesCount", cluster.services.to_string());
    let draining = match seen.draining {
        0 => String::new(),
        it => format!(", {it} of them still draining"),
    };
    let why = format!(
        "it still has {}{draining}: ECS deletes only a cluster that is empty",
        parts.join(", ")
    );
    verdict(Status::Fail, why).evidence([evidence])
}
