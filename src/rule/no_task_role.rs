//! Containers that act with the credentials of the machine, for want of a role of their own.

use super::{Case, Evidence, Rule, Status, Verdict, Words, revision};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind, container_instance::ContainerInstance, instance::Instance, task::Task,
        task_definition::TaskDefinition,
    },
};

pub const RULE: Rule = Rule {
    id: "no-task-role",
    words: include_str!("../../rules/no-task-role.toml"),
    needs: &[Kind::TaskDefinition, Kind::Task],
    check,
};

/// One verdict for each revision that runs on machines of the rack. Fargate has no machine's role.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    revision::in_use(case)
        .filter_map(|(it, definition)| judge(case, words, &it.id, definition))
        .collect()
}

/// What a task can get at.
enum Reach {
    No(String),
    Unknown(String),
    Yes(Vec<Evidence>, String),
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    definition: &TaskDefinition,
) -> Option<Verdict> {
    let users = revision::users(case, id).into_iter();
    let tasks = users.filter_map(|it| Task::of(&it.attrs));
    let machines: Vec<(&Task, ResourceId, &Instance)> = tasks
        .filter_map(|task| {
            let held = task.container_instance.as_deref()?;
            let (_, held) = case.graph.get_as::<ContainerInstance>(held)?;
            let (it, machine) = case.graph.get_as::<Instance>(held.instance.as_deref()?)?;
            Some((task, it.id.clone(), machine))
        })
        .collect();
    if machines.is_empty() {
        return None;
    }
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(role) = &definition.task_role {
        let why = format!("its containers act as role {role}");
        return Some(verdict(Status::Pass, why));
    }
    let given = machines.iter().all(|(task, _, _)| task.task_role.is_some());
    if given {
        let why = "each of its tasks was given a role at its start".to_owned();
        return Some(verdict(Status::Pass, why));
    }
    let without = machines
        .iter()
        .filter(|(task, _, _)| task.task_role.is_none());
    let reaches: Vec<Reach> = without
        .map(|(_, machine, it)| reach(definition, machine, it))
        .collect();
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
