//! Repositories whose tags can be moved while tasks are started by tag.

use std::collections::BTreeMap;

use super::{Case, Evidence, Rule, Status, Verdict, Words, image_latest, revision};
use crate::{
    id::ResourceId,
    kind::{Kind, repository::Repository, task_definition::ContainerDefinition},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "repository-tag-mutable",
    words: include_str!("../../rules/repository-tag-mutable.toml"),
    needs: &[
        Kind::Repository,
        Kind::Cluster,
        Kind::Service,
        Kind::Task,
        Kind::TaskDefinition,
    ],
    check,
};

/// A container, and the revision that it is of.
type Container<'a> = (&'a ResourceId, &'a ContainerDefinition);

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut by_repository: BTreeMap<&str, Vec<Container<'_>>> = BTreeMap::new();
    for (resource, definition) in revision::in_use(case) {
        for container in &definition.containers {
            if let Some(repository) = container.repository.as_deref() {
                let users = by_repository.entry(repository).or_default();
                users.push((&resource.id, container));
            }
        }
    }
    let judge = |(resource, repository): (&Resource, &Repository)| {
        let users = by_repository.get(resource.id.key.as_str());
        let users = users.map(Vec::as_slice).unwrap_or_default();
        judge(words, &resource.id, repository, users)
    };
    let judged = case.ours::<Repository>().map(judge);
    super::unsure(judged.collect(), revision::gap(case))
}

fn judge(words: &Words, id: &ResourceId, it: &Repository, users: &[Container<'_>]) -> Verdict {
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    let by_tag: Vec<_> = users
        .iter()
        .filter(|(_, it)| !it.image.contains('@') && !image_latest::is_latest(&it.image))
        .collect();
    let latest = users
        .iter()
        .any(|(_, it)| image_latest::is_latest(&it.image));
    match it.tag_mutability.as_deref() {
        Some("IMMUTABLE") => {
            return verdict(Status::Pass, "a tag always means the same image");
        }
        _ if users.is_empty() => {
            return verdict(Status::NotApplicable, "nothing that runs comes from it");
        }
        // One cause is told of once.
        _ if by_tag.is_empty() && latest => {
            let why = "what runs is started by the tag latest, which is told of by image-latest";
            return verdict(Status::NotApplicable, why);
        }
        _ if by_tag.is_empty() => {
            return verdict(Status::Pass, "what runs names its images by digest");
        }
        Some("MUTABLE") => {}
        Some(_) => {
            let why = "only some of its tags can be moved, and which was not read";
            return verdict(Status::Unknown, why);
        }
        None => {
            return verdict(
                Status::Unknown,
                "whether its tags can be moved was not read",
            );
        }
    }
    let mutable = Evidence::new(id, "imageTagMutability", "MUTABLE");
    let images = by_tag
        .iter()
        .map(|(definition, it)| Evidence::new(definition, "containerDefinitions.image", &it.image));
    verdict(
        Status::Fail,
        "its tags can be moved to other images, and what runs is started by tag",
    )
    .evidence([mutable])
    .evidence(images)
}
