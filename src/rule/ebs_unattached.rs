//! Disks that are paid for and that no machine has.

use std::collections::BTreeMap;

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, task_definition::TaskDefinition, volume::Volume},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "ebs-unattached",
    words: include_str!("../../rules/ebs-unattached.toml"),
    needs: &[Kind::Volume],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mounted = mounted_by_name(case);
    let judge = |(resource, volume)| judge(case, words, &mounted, resource, volume);
    case.ours::<Volume>().map(judge).collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    mounted: &BTreeMap<&str, &ResourceId>,
    resource: &Resource,
    volume: &Volume,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if volume.status != "available" || !volume.attachments.is_empty() {
        let status = match volume.status.as_str() {
            "in-use" => Status::Pass,
            "available" | "creating" | "deleting" | "deleted" | "error" => Status::NotApplicable,
            _ => Status::Unknown,
        };
        return verdict(status, format!("it is {}", volume.status));
    }
    if let Some(service) = volume.managed_by.as_deref().filter(|it| !it.is_empty()) {
        let why = format!("service {service} made it and deletes it");
        return verdict(Status::NotApplicable, why);
    }
    let name = resource.tags.get("Name");
    if let Some(user) = name.and_then(|it| mounted.get(it.as_str())) {
        let why = format!("tasks of {user} attach it by its name");
        return verdict(Status::Pass, why);
    }
    let evidence = [
        Evidence::new(id, "State", "available"),
        Evidence::new(id, "Size", format!("{} GiB", volume.size_gib)),
    ];
    let size = format!("{} GiB of {}", volume.size_gib, volume.volume_type);
    let Some(created) = resource.created else {
        let why = format!("nothing has it ({size}), but how old it is was not told");
        return verdict(Status::Unknown, why).evidence(evidence);
    };
    let age = text::age(created, case.taken);
    if case.hours_since(created) < words.number("days").saturating_mul(24) {
        let why = format!("nothing has it yet; it was made {age} ago");
        return verdict(Status::Pass, why);
    }
    let why = format!("nothing has it; {size} are paid for, made {age} ago");
    verdict(Status::Fail, why).evidence(evidence)
}

/// The names of volumes that tasks bring with them, each with the first definition that says so.
fn mounted_by_name<'c>(case: &Case<'c>) -> BTreeMap<&'c str, &'c ResourceId> {
    let mut mounted = BTreeMap::new();
    for (resource, definition) in case.graph.of::<TaskDefinition>() {
        for it in &definition.volumes {
            if it.driver.as_deref().is_some_and(|it| it != "local") {
                mounted.entry(it.name.as_str()).or_insert(&resource.id);
            }
        }
    }
    mounted
}
