//! Clusters that must be emptied before ECS deletes them.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    id::ResourceId,
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
    let clusters = going::of::<Cluster>(case).filter(|(_, it)| it.status != "INACTIVE");
    clusters
        .map(|(resource, cluster)| judge(case, words, resource, cluster))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, cluster: &Cluster) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let within = |it: &str| it == id.key;
    // A service that is draining is in no listing and yet keeps the cluster.
    let services = case.graph.of::<Service>();
    let services: Vec<(&ResourceId, &Service)> = services
        .filter(|(_, it)| it.is_active() && within(&it.cluster))
        .map(|(it, service)| (&it.id, service))
        .collect();
    let draining = services.iter().filter(|it| it.1.status == "DRAINING");
    let draining = draining.count();
    let tasks = case.graph.of::<Task>();
    let tasks = tasks.filter(|(_, it)| !it.is_stopped() && within(&it.cluster));
    let alone = tasks.filter(|(_, it)| it.service().is_none()).count();
    let machines = case.graph.of::<ContainerInstance>();
    let machines = machines.filter(|(_, it)| it.is_active() && within(&it.cluster));
    let told = |number: u32, seen: usize| usize::try_from(number).unwrap_or(usize::MAX).max(seen);
    let held = [
        (told(cluster.services, services.len()), "service"),
        (alone, "task that no service keeps"),
        (
            told(cluster.container_instances, machines.count()),
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
    let draining = match draining {
        0 => String::new(),
        it => format!(", {it} of them still draining"),
    };
    let why = format!(
        "it still has {}{draining}: ECS deletes only a cluster that is empty",
        parts.join(", ")
    );
    verdict(Status::Fail, why).evidence([evidence])
}
