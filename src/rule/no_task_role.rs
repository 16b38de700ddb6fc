//! Containers that act with the credentials of the machine, for want of a role of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case, Evidence, Rule, Status, Verdict, Words, revision,
    used_definition::{self, starters},
};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        container_instance::ContainerInstance,
        event_rule::{EventRule, TaskTarget},
        instance::Instance,
        schedule::Schedule,
        service::Service,
        task::Task,
        task_definition::TaskDefinition,
    },
};

pub const RULE: Rule = Rule {
    id: "no-task-role",
    words: include_str!("../../rules/no-task-role.toml"),
    needs: &[Kind::TaskDefinition, Kind::Task],
    check,
};

/// One verdict for each revision that runs on machines of the rack, or that a service or a schedule
/// would start there. Fargate has no machine's role.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let machines = machines(case);
    let judged = revision::in_use(case)
        .filter_map(|(it, definition)| judge(case, words, &machines, &it.id, definition));
    // On Fargate alone there is no machine whose role a revision that was not read could take.
    let unread = used_definition::unread(&RULE, case, words);
    let unread = unread.into_iter().filter(|_| !machines.is_empty());
    judged.chain(unread).collect()
}

/// Machines by their cluster's key.
type Machines<'a> = BTreeMap<&'a str, Vec<Place<'a>>>;

/// The machines of each cluster, one of all that are alike in what is asked here: a cluster may have
/// thousands.
fn machines<'a>(case: &Case<'a>) -> Machines<'a> {
    let mut machines: Machines<'_> = BTreeMap::new();
    let mut met = BTreeSet::new();
    for (_, held) in case.ours::<ContainerInstance>() {
        let Some(place) = place(case, false, held) else {
            continue;
        };
        let it = place.machine;
        let alike = (
            &*held.cluster,
            &it.profile,
            &it.metadata_endpoint,
            &it.metadata_tokens,
            it.metadata_hops,
        );
        if met.insert(alike) {
            machines.entry(&held.cluster).or_default().push(place);
        }
    }
    machines
}

/// A machine on which a revision runs or would be started, and whether the task that runs there was
/// given a role at its start.
#[derive(Clone, Copy)]
struct Place<'a> {
    given: bool,
    id: &'a ResourceId,
    machine: &'a Instance,
}

/// Where the tasks run that use a revision.
fn running<'a>(case: &Case<'a>, id: &ResourceId) -> Vec<Place<'a>> {
    let users = revision::users(case, id).into_iter();
    let tasks = users.filter_map(|it| Task::of(&it.attrs));
    let places = tasks.filter_map(|task| {
        let held = task.container_instance.as_deref()?;
        let (_, held) = case.graph.get_as::<ContainerInstance>(held)?;
        place(case, task.task_role.is_some(), held)
    });
    places.collect()
}

/// Where services and schedules would start the next task of a revision: on any machine of their
/// clusters.
fn startable<'a>(case: &Case<'a>, machines: &Machines<'a>, id: &ResourceId) -> Vec<Place<'a>> {
    let mut clusters: BTreeSet<&str> = BTreeSet::new();
    for starter in starters(case, id) {
        if let Some((_, it)) = case.graph.get_as::<Service>(&starter.key)
            && starter.kind == Kind::Service
            && on_machines(it.launch_type.as_deref(), &it.capacity_providers)
        {
            clusters.insert(&it.cluster);
        }
        if let Some((_, it)) = case.graph.get_as::<EventRule>(&starter.key)
            && starter.kind == Kind::EventRule
        {
            clusters.extend(it.tasks().filter_map(scheduled));
        }
        if let Some((_, it)) = case.graph.get_as::<Schedule>(&starter.key)
            && starter.kind == Kind::Schedule
        {
            clusters.extend(it.task().and_then(scheduled));
        }
    }
    let near = clusters.iter().filter_map(|it| machines.get(it));
    near.flatten().copied().collect()
}

/// The cluster on whose machines a task is started, if it is.
fn scheduled<'a>((cluster, task): (&'a str, &TaskTarget)) -> Option<&'a str> {
    let on = on_machines(task.launch_type.as_deref(), &task.capacity_providers);
    cluster.rsplit('/').next().filter(|_| on)
}

fn place<'a>(case: &Case<'a>, given: bool, held: &ContainerInstance) -> Option<Place<'a>> {
    let (it, machine) = case.graph.get_as::<Instance>(held.instance.as_deref()?)?;
    Some(Place {
        given,
        id: &it.id,
        machine,
    })
}

/// Whether what is started so lands on a machine. Nothing said means so: AWS's own default, but for a
/// cluster with a strategy of its own.
fn on_machines(launch_type: Option<&str>, providers: &[String]) -> bool {
    let fargate = |it: &String| it.starts_with("FARGATE");
    match launch_type {
        Some(it) => it == "EC2",
        None => !providers.iter().any(fargate),
    }
}

/// What a task can get at.
enum Reach {
    No(String),
    Unknown(String),
    Yes(Vec<Evidence>, String),
}

fn judge<'a>(
    case: &Case<'a>,
    words: &Words,
    machines: &Machines<'a>,
    id: &ResourceId,
    definition: &TaskDefinition,
) -> Option<Verdict> {
    let mut places = running(case, id);
    places.extend(startable(case, machines, id));
    if places.is_empty() {
        return None;
    }
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(role) = &definition.task_role {
        let why = format!("its containers act as role {role}");
        return Some(verdict(Status::Pass, why));
    }
    if places.iter().all(|it| it.given) {
        let why = "each of its tasks was given a role at its start".to_owned();
        return Some(verdict(Status::Pass, why));
    }
    let without = places.iter().filter(|it| !it.given);
    let reaches = without.map(|it| reach(definition, it.id, it.machine));
    let mut unknown = None;
    let mut no = None;
    for it in reaches {
        match it {
            Reach::Yes(evidence, why) => {
                let role = Evidence::new(id, "taskRoleArn", "absent");
                return Some(
                    verdict(Status::Fail, why)
                        .evidence([role])
                        .evidence(evidence),
                );
            }
            Reach::Unknown(why) => unknown = unknown.or(Some(why)),
            Reach::No(why) => no = no.or(Some(why)),
        }
    }
    unknown
        .map(|why| verdict(Status::Unknown, why))
        .or(no.map(|why| verdict(Status::Pass, why)))
}

/// Whether a container of that definition gets the machine's credentials from its metadata.
fn reach(definition: &TaskDefinition, id: &ResourceId, machine: &Instance) -> Reach {
    let Some(profile) = &machine.profile else {
        return Reach::No("its machine has no role to take".to_owned());
    };
    if machine.metadata_endpoint.as_deref() == Some("disabled") {
        return Reach::No("its machine gives no metadata".to_owned());
    }
    let mode = definition.network_mode.as_deref().unwrap_or("bridge");
    let evidence = [
        Evidence::new(id, "IamInstanceProfile", profile),
        Evidence::new(
            id,
            "MetadataOptions.HttpPutResponseHopLimit",
            machine
                .metadata_hops
                .map_or("absent".to_owned(), |it| it.to_string()),
        ),
    ];
    let tokens = machine.metadata_tokens.as_deref();
    let yes = |how: &str| {
        let why = format!(
            "it has no role of its own, and {how}: its containers can act as the machine, by \
             instance profile {profile}"
        );
        Reach::Yes(evidence.to_vec(), why)
    };
    match (mode, machine.metadata_hops, tokens) {
        ("none", _, _) => Reach::No("it has no network".to_owned()),
        ("host", _, _) => yes("it shares the machine's network"),
        ("awsvpc", _, _) => Reach::Unknown(
            "it has no role of its own; whether the machine's agent keeps it from the machine's \
             metadata (ECS_AWSVPC_BLOCK_IMDS) stands in user data, which is not kept"
                .to_owned(),
        ),
        // The limit holds for the answer that brings the token, so it holds only where one is
        // needed.
        (_, _, Some("optional")) => yes("its machine answers without a token"),
        (_, Some(hops), _) if hops >= 2 => yes("its machine's metadata reaches containers"),
        (_, Some(_), Some("required")) => {
            Reach::No("its machine's metadata does not reach containers".to_owned())
        }
        _ => Reach::Unknown("how far its machine's metadata reaches was not told".to_owned()),
    }
}
