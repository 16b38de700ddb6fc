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
    if it.tag_mutability.as_deref() == Some("IMMUTABLE") {
        return verdict(Status::Pass, "a tag always means the same image");
    }
    if users.is_empty() {
        return verdict(Status::NotApplicable, "nothing that runs comes from it");
    }
    // One cause is told of once.
    if by_tag.is_empty() && latest {
        let why = "what runs is started by the tag latest, which is told of by image-latest";
        return verdict(Status::NotApplicable, why);
    }
    if by_tag.is_empty() {
        return verdict(Status::Pass, "what runs names its images by digest");
    }
    let moves = |wanted: Option<bool>| {
        let all = by_tag.iter();
        all.filter(move |(_, container)| it.moves(tag(&container.image)) == wanted)
    };
    if moves(Some(true)).next().is_none() {
        if moves(None).next().is_none() {
            let why = "the tags that what runs is started by always mean the same image";
            return verdict(Status::Pass, why);
        }
        let why = "whether the tags that what runs is started by can be moved was not read";
        return verdict(Status::Unknown, why);
    }
    let mutability = it.tag_mutability.as_deref().unwrap_or_default();
    let mutable = Evidence::new(id, "imageTagMutability", mutability);
    let images = moves(Some(true))
        .map(|(definition, it)| Evidence::new(definition, "containerDefinitions.image", &it.image));
    verdict(
        Status::Fail,
        "its tags can be moved to other images, and what runs is started by tag",
    )
    .evidence([mutable])
    .evidence(images)
}

/// The tag of an image that is named by one: `web:1` → `1`.
fn tag(image: &str) -> &str {
    // A registry may have a port: only what comes after the last slash can be a tag.
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map_or("latest", |it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tags_that_are_deployed_count_where_some_can_be_moved() {
        let said = |mutability: &str, image: &str| {
            let repository = Repository {
                tag_mutability: Some(mutability.to_owned()),
                tag_exclusions: vec!["v*".to_owned()],
                ..Repository::default()
            };
            let container = ContainerDefinition {
                image: image.to_owned(),
                ..ContainerDefinition::default()
            };
            let words = RULE.words().unwrap();
            let id = ResourceId::new(Kind::Repository, "web");
            judge(&words, &id, &repository, &[(&id, &container)]).status
        };
        let (release, other) = ("host:5000/web:v1", "host:5000/web:dev");
        assert_eq!(said("MUTABLE_WITH_EXCLUSION", release), Status::Pass);
        assert_eq!(said("MUTABLE_WITH_EXCLUSION", other), Status::Fail);
        assert_eq!(said("IMMUTABLE_WITH_EXCLUSION", release), Status::Fail);
        assert_eq!(said("IMMUTABLE_WITH_EXCLUSION", other), Status::Pass);
        assert_eq!(said("A_NEW_WORD", other), Status::Unknown);
    }
}
