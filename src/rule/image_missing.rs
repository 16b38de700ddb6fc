//! Revisions whose next task would not start, since their image is gone.

use super::{Case, Evidence, Rule, Status, Verdict, Words, revision, used_definition};
use crate::{
    kind::{
        Fact, Kind,
        event_rule::EventRule,
        repository::{Repository, shortened},
        schedule::Schedule,
        task_definition::{ContainerDefinition, TaskDefinition},
    },
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "image-missing",
    words: include_str!("../../rules/image-missing.toml"),
    needs: &[
        Kind::Repository,
        Kind::Cluster,
        Kind::Service,
        Kind::Task,
        Kind::TaskDefinition,
    ],
    check,
};

/// What is known of one container's image.
enum Image<'a> {
    There,
    Missing(String),
    Unread(String, Option<&'a Gap>),
    /// Named by its digest, in a file from before those of the images were kept.
    ByDigest,
    /// Of a registry that is not asked.
    Elsewhere,
}

/// Revisions that something uses: one that nothing starts misses nothing.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, definition)| judge(case, words, resource, definition);
    let judged = revision::in_use(case).map(judge).collect();
    let mut judged = super::unsure(judged, revision::gap(case));
    judged.extend(used_definition::unread(&RULE, case, words));
    let rules = case.ours::<EventRule>();
    let silent = rules.filter(|(_, it)| it.targets == Fact::Unread && it.managed_by.is_none());
    let silent = silent.map(|(it, _)| it);
    let schedules = case.ours::<Schedule>();
    let schedules = schedules.filter(|(_, it)| it.is_unread());
    let silent = silent.chain(schedules.map(|(it, _)| it));
    judged.extend(silent.map(|it| {
        let why = "which revisions it starts was not read";
        let verdict = Verdict::new(&RULE, words, &it.id, Status::Unknown, why);
        verdict.gap(case.gap_about(&it.id))
    }));
    judged
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    resource: &Resource,
    definition: &TaskDefinition,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let (mut missing, mut evidence, mut there) = (Vec::new(), Vec::new(), 0_usize);
    let mut unread = None;
    for container in &definition.containers {
        match find(case, container) {
            Image::There => there += 1,
            Image::Missing(why) => {
                missing.push(format!("{why} (container {})", container.name));
                let path = "containerDefinitions.image";
                evidence.push(Evidence::new(id, path, container.image.as_str()));
            }
            Image::Unread(why, gap) => unread = unread.or(Some((why, gap))),
            Image::ByDigest => {}
            Image::Elsewhere => {
                let why = format!(
                    "whether {} is still there only its own registry could tell",
                    container.image
                );
                unread = unread.or(Some((why, None)));
            }
        }
    }
    if !missing.is_empty() {
        let why = format!("{}: its next task cannot start", missing.join(", "));
        return verdict(Status::Fail, why).evidence(evidence);
    }
    if let Some((why, gap)) = unread {
        return verdict(Status::Unknown, why).gap(gap);
    }
    if there == 0 {
        let why = "all of its images are named by their digests, of which none were kept";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    verdict(Status::Pass, "its images are there".to_owned())
}

fn find<'a>(case: &Case<'a>, container: &ContainerDefinition) -> Image<'a> {
    let digest = container.image.split_once('@').map(|it| it.1);
    let Some(name) = &container.repository else {
        return Image::Elsewhere;
    };
    let last = container.image.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map_or("latest", |it| it.1);
    let Some((repository, held)) = case.graph.get_as::<Repository>(name) else {
        return match case.gap_in_listing(Kind::Repository) {
            Some(gap) => Image::Unread(format!("repository {name} was not read"), Some(gap)),
            None => Image::Missing(format!("there is no repository {name}")),
        };
    };
    let Some(images) = held.images.known() else {
        let gap = case.gap_of_call(&repository.id, "DescribeImages");
        return Image::Unread(format!("the images of {name} were not read"), gap);
    };
    if let Some(digest) = digest {
        let kept = shortened(digest);
        if images.digests.iter().any(|it| it == kept) {
            return Image::There;
        }
        if images.digests.is_empty() && images.count > 0 {
            return Image::ByDigest;
        }
        return Image::Missing(format!("repository {name} has no image {kept}…"));
    }
    // Of a file from before tags were kept none are known.
    if images.tags.is_empty() && images.count > images.untagged {
        return Image::Unread(format!("the tags of {name} were not kept"), None);
    }
    if images.tags.iter().any(|it| it == tag) {
        Image::There
    } else {
        Image::Missing(format!("repository {name} has no image tagged {tag}"))
    }
}
