//! Containers whose image may be another one at every start.

use super::{
    Case, Rule, Verdict, Words,
    used_definition::{self, Judgement},
};
use crate::kind::{repository::Repository, task_definition::ContainerDefinition};

pub const RULE: Rule = Rule {
    id: "image-latest",
    words: include_str!("../../rules/image-latest.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        let all = definition.containers.iter();
        let moving = all.filter(|it| is_latest(&it.image) && !is_fixed(case, it));
        let bad: Vec<&ContainerDefinition> = moving.collect();
        if bad.is_empty() {
            return Judgement::Pass("no image is named by the tag latest".to_owned());
        }
        let path = "containerDefinitions.image";
        let evidence = used_definition::seen(resource, &bad, path, |it| it.image.clone());
        let why = format!(
            "the image of {} may be another one after each deployment",
            used_definition::named(&bad)
        );
        Judgement::Fail(why, evidence)
    })
}

/// Whether an image is named by `latest`, in so many words or by saying nothing.
pub fn is_latest(image: &str) -> bool {
    // A registry may have a port: only what comes after the last slash can be a tag.
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name.split_once(':').map(|(_, tag)| tag);
    !image.contains('@') && tag.is_none_or(|it| it == "latest")
}

/// Whether its repository lets no tag move.
fn is_fixed(case: &Case<'_>, container: &ContainerDefinition) -> bool {
    let name = container.repository.as_deref();
    let repository = name.and_then(|it| case.graph.get_as::<Repository>(it));
    repository.is_some_and(|(_, it)| it.tag_mutability.as_deref() == Some("IMMUTABLE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tag_means_latest() {
        for image in ["nginx", "nginx:latest", "registry:5000/team/web"] {
            assert!(is_latest(image), "{image}");
        }
    }

    #[test]
    fn a_version_or_a_digest_is_not_latest() {
        let digest = "nginx@sha256:0123";
        for image in [
            "nginx:1.27",
            digest,
            "nginx:latest@sha256:0123",
            "registry:5000/web:7",
        ] {
            assert!(!is_latest(image), "{image}");
        }
    }
}
