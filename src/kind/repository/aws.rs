//! Reads ECR repositories: one listing with their tags, then the images of the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecr::types;
use futures_util::future::BoxFuture;

use super::{
    Images, Repository,
    policy::{self, Strangers},
    shortened,
};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, size, tag_map},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const REPOSITORIES: Call = Call::new(Service::Ecr, "DescribeRepositories");
const IMAGES: Call = Call::new(Service::Ecr, "DescribeImages");
const LIFECYCLE: Call = Call::new(Service::Ecr, "GetLifecyclePolicy");
const POLICY: Call = Call::new(Service::Ecr, "GetRepositoryPolicy");
const TAGS: Call = Call::new(Service::ResourceGroupsTagging, "GetResources");
const SCANNING: Call = Call::new(Service::Ecr, "GetRegistryScanningConfiguration");
/// The most that one page holds; the default is a tenth of it.
const PAGE: i32 = 1000;
/// The most that one page of tagged things holds; the default is half of it.
const TAGGED: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[REPOSITORIES, IMAGES, LIFECYCLE, POLICY, TAGS, SCANNING],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Repository);
        let request = aws.ecr.describe_repositories().max_results(PAGE);
        let pages = request.into_paginator().items().send();
        found.pages(REPOSITORIES, pages, resource).await;
        if !found.resources.is_empty() {
            tags(aws, &mut found).await;
        }
        found
    })
}

/// The tags of all at once: ECR tells those of one repository only. What has none is not listed.
async fn tags(aws: &Aws, found: &mut Found) {
    let request = aws
        .tagging
        .get_resources()
        .resource_type_filters("ecr:repository")
        .resources_per_page(TAGGED);
    let mut pages = request.into_paginator().items().send();
    let mut tags: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    // Whoever is not told of has none only where all were told of.
    let mut untold = false;
    while let Some(told) = pages.next().await {
        match told {
            Ok(it) => match it.resource_arn {
                Some(arn) => drop(tags.insert(arn, tag_map!(it.tags.unwrap_or_default()))),
                None => untold = true,
            },
            Err(error) => {
                for id in without(found, &tags) {
                    found.failed(TAGS, Some(&id), &error);
                }
                break;
            }
        }
    }
    if untold {
        for id in without(found, &tags) {
            found.malformed(TAGS, Some(&id), Missing("ResourceARN"));
        }
    }
    found.tag(TAGS, &BTreeSet::new(), tags, |it| it.arn.as_ref());
}

/// The repositories of which no tags were told.
fn without(found: &Found, tags: &BTreeMap<String, BTreeMap<String, String>>) -> Vec<ResourceId> {
    let told = |it: &&Resource| it.arn.as_ref().is_some_and(|it| tags.contains_key(it));
    let all = found.resources.iter().filter(|it| !told(it));
    all.map(|it| it.id.clone()).collect()
}

fn resource(repository: types::Repository) -> Result<Resource, Missing> {
    let name = repository.repository_name.need("repositoryName")?;
    let encryption = repository.encryption_configuration;
    let scanning = repository.image_scanning_configuration;
    let exclusions = repository.image_tag_mutability_exclusion_filters;
    let exclusions = exclusions.unwrap_or_default();
    let attrs = Repository {
        uri: repository.repository_uri.need("repositoryUri")?,
        tag_exclusions: exclusions.into_iter().map(|it| it.filter).collect(),
        tag_mutability: repository
            .image_tag_mutability
            .map(|it| it.as_str().to_owned()),
        scan_on_push: scanning.is_some_and(|it| it.scan_on_push),
        encryption: encryption
            .as_ref()
            .map(|it| it.encryption_type.as_str().to_owned()),
        key: encryption.and_then(|it| it.kms_key),
        ..Repository::default()
    };
    Ok(Resource::new(name, attrs)
        // Its tags are told by it.
        .arn(repository.repository_arn.need("repositoryArn")?)
        .created(shape::time(repository.created_at)))
}

fn deepen(aws: &Aws, repositories: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let look = |it| look_into(aws, it);
        let mut found = aws.find_each(Kind::Repository, repositories, look).await;
        let alone = |it: &Resource| Repository::of(&it.attrs).is_some_and(|it| !it.scan_on_push);
        if found.resources.iter().any(alone) {
            scanning(aws, &mut found).await;
        }
        found
    })
}

/// One question for the registry, which is the account's in the region. What it hides it hides of
/// each repository.
async fn scanning(aws: &Aws, found: &mut Found) {
    let request = aws.ecr.get_registry_scanning_configuration();
    let rules = match request.send().await {
        Ok(it) => it.scanning_configuration.and_then(|it| it.rules),
        Err(error) => {
            let ids: Vec<ResourceId> = found.resources.iter().map(|it| it.id.clone()).collect();
            for id in ids {
                found.failed(SCANNING, Some(&id), &error);
            }
            return;
        }
    };
    let rules = rules.unwrap_or_default();
    for repository in &mut found.resources {
        let scanned = rules.iter().any(|it| scans(it, &repository.id.key));
        if let Some(attrs) = Repository::of_mut(&mut repository.attrs) {
            attrs.registry_scans = Fact::Known(scanned);
        }
    }
}

/// Whether a rule has the images of a repository scanned without somebody asking for it.
fn scans(rule: &types::RegistryScanningRule, name: &str) -> bool {
    let by_itself = rule.scan_frequency != types::ScanFrequency::Manual;
    let mut filters = rule.repository_filters.iter();
    by_itself && filters.any(|it| matches(&it.filter, name))
}

/// ECR's filters: an asterisk stands for anything; without one, a part of the name is enough.
fn matches(filter: &str, name: &str) -> bool {
    let Some((first, rest)) = filter.split_once('*') else {
        return name.contains(filter);
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    left.ends_with(last)
}

/// Asks all questions at once: none needs another's answer.
async fn look_into(aws: &Aws, mut repository: Resource) -> Found {
    let mut found = Found::of(Kind::Repository);
    let mut of_images = Found::of(Kind::Repository);
    let id = repository.id.clone();
    let (images, lifecycle, policy) = tokio::join!(
        images(aws, &id, &mut of_images),
        aws.ecr
            .get_lifecycle_policy()
            .repository_name(&id.key)
            .send(),
        aws.ecr
            .get_repository_policy()
            .repository_name(&id.key)
            .send(),
    );
    found.merge(of_images);
    let none = "LifecyclePolicyNotFoundException";
    let lifecycle = found.optional(LIFECYCLE, Some(&id), none, lifecycle);
    let none = "RepositoryPolicyNotFoundException";
    let policy = found.optional(POLICY, Some(&id), none, policy);
    let strangers = policy.and_then(|it| match it {
        None => Some(Strangers::default()),
        Some(it) => {
            let read = it.policy_text.as_deref().and_then(policy::read);
            if read.is_none() {
                found.malformed(POLICY, Some(&id), Missing("policyText"));
            }
            read
        }
    });
    if let Some(attrs) = Repository::of_mut(&mut repository.attrs) {
        attrs.images = images.map_or(Fact::Unread, Fact::Known);
        let lifecycle = lifecycle.map(|it| it.is_some());
        attrs.lifecycle_policy = lifecycle.map_or(Fact::Unread, Fact::Known);
        attrs.strangers = strangers.map_or(Fact::Unread, Fact::Known);
    }
    found.resources.push(repository);
    found
}

/// All images counted, or `None` and a gap when the listing broke off.
async fn images(aws: &Aws, id: &ResourceId, found: &mut Found) -> Option<Images> {
    let request = aws.ecr.describe_images().repository_name(&id.key);
    let mut pages = request.max_results(PAGE).into_paginator().items().send();
    let mut images = Images::default();
    while let Some(image) = pages.next().await {
        let image = found.answer(IMAGES, Some(id), image)?;
        images.count += 1;
        images.bytes = images.bytes.saturating_add(size(image.image_size_in_bytes));
        let tags = image.image_tags.unwrap_or_default();
        images.untagged += u64::from(tags.is_empty());
        images.tags.extend(tags);
        let digest = image.image_digest.as_deref().map(shortened);
        images.digests.extend(digest.map(str::to_owned));
        let pushed = shape::time(image.image_pushed_at);
        images.newest_push = images.newest_push.max(pushed);
        let pulled = shape::time(image.last_recorded_pull_time);
        images.last_pull = images.last_pull.max(pulled);
    }
    images.tags.sort_unstable();
    images.digests.sort_unstable();
    Some(images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const NO_POLICY: &str = r#"{"__type":"RepositoryPolicyNotFoundException"}"#;

    fn web() -> Vec<Resource> {
        let arn = "arn:aws:ecr:us-east-1:1:repository/web".to_owned();
        vec![Resource::new("web", Repository::default()).arn(arn)]
    }

    #[test]
    fn a_filter_of_the_registry_matches_as_ecr_says() {
        for (filter, name, is) in [
            ("*", "web", true),
            ("prod", "my-prod-web", true),
            ("prod*", "prod-web", true),
            ("prod*", "my-prod", false),
            ("*web", "prod-web", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c", false),
            ("api", "web", false),
        ] {
            assert_eq!(matches(filter, name), is, "{filter} {name}");
        }
    }

    #[test]
    fn the_tags_that_may_still_be_moved_are_kept() {
        let filter = types::ImageTagMutabilityExclusionFilter::builder()
            .filter_type(types::ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter("dev*");
        let told = types::Repository::builder()
            .repository_name("web")
            .repository_uri("1.dkr.ecr/web")
            .repository_arn("arn:aws:ecr:us-east-1:1:repository/web")
            .image_tag_mutability(types::ImageTagMutability::ImmutableWithExclusion)
            .image_tag_mutability_exclusion_filters(filter.build().unwrap());
        let resource = resource(told.build()).unwrap();
        let repository = Repository::of(&resource.attrs).unwrap();
        assert_eq!(repository.moves("dev-2"), Some(true));
        assert_eq!(repository.moves("v1"), Some(false));
    }

    #[tokio::test]
    async fn the_registry_s_rules_count_for_each_repository() {
        let none = r#"{"imageDetails":[]}"#;
        let tape = Tape::default()
            .answer(200, none)
            .answer(400, r#"{"__type":"LifecyclePolicyNotFoundException"}"#)
            .answer(400, NO_POLICY)
            .answer(
                200,
                r#"{"scanningConfiguration":{"scanType":"BASIC","rules":[
                    {"scanFrequency":"MANUAL",
                     "repositoryFilters":[{"filter":"*","filterType":"WILDCARD"}]},
                    {"scanFrequency":"SCAN_ON_PUSH",
                     "repositoryFilters":[{"filter":"w*","filterType":"WILDCARD"}]}]}}"#,
            );
        let found = deepen(&tape.aws(), web()).await;
        let repository = Repository::of(&found.resources[0].attrs).unwrap();
        assert_eq!(repository.registry_scans, Fact::Known(true));
        assert!(found.gaps.is_empty());
    }

    // The other questions are asked while the first page is on its way.
    #[tokio::test]
    async fn images_are_counted_over_all_pages() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"imageDetails":[{"imageDigest":"a","imageTags":["1"],
                     "imageSizeInBytes":10,"imagePushedAt":1525035600}],"nextToken":"t"}"#,
            )
            .answer(400, r#"{"__type":"LifecyclePolicyNotFoundException"}"#)
            .answer(400, NO_POLICY)
            .answer(
                200,
                r#"{"imageDetails":[{"imageDigest":"b","imageSizeInBytes":5,
                     "imagePushedAt":1525035500}]}"#,
            )
            .answer(200, "{}");
        let found = deepen(&tape.aws(), web()).await;
        let repository = Repository::of(&found.resources[0].attrs).unwrap();
        let images = repository.images.known().unwrap();
        assert_eq!((images.count, images.bytes, images.untagged), (2, 15, 1));
        assert_eq!(images.tags, ["1"]);
        assert_eq!(images.digests, ["a", "b"]);
        assert_eq!(images.newest_push.unwrap().as_second(), 1_525_035_600);
        assert_eq!(repository.lifecycle_policy, Fact::Known(false));
        assert_eq!(repository.strangers, Fact::Known(Strangers::default()));
        assert!(found.gaps.is_empty());
    }

    #[tokio::test]
    async fn images_are_unread_when_a_page_fails() {
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let tape = Tape::default()
            .answer(
                200,
                r#"{"imageDetails":[{"imageDigest":"a"}],"nextToken":"t"}"#,
            )
            .answer(200, r#"{"lifecyclePolicyText":"{}"}"#)
            .answer(400, NO_POLICY)
            .answer(400, denied)
            .answer(400, denied);
        let found = deepen(&tape.aws(), web()).await;
        let repository = Repository::of(&found.resources[0].attrs).unwrap();
        assert_eq!(repository.images, Fact::Unread);
        assert_eq!(repository.lifecycle_policy, Fact::Known(true));
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn a_repository_without_its_uri_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            r#"{"repositories":[{"repositoryName":"a"},
                {"repositoryName":"b","repositoryUri":"1.dkr.ecr/b",
                 "repositoryArn":"arn:aws:ecr:us-east-1:1:repository/b",
                 "encryptionConfiguration":{"encryptionType":"KMS","kmsKey":"arn:aws:kms:r:1:key/k"}}]}"#,
        ).answer(200, r#"{"ResourceTagMappingList":[]}"#);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].message, "the answer has no repositoryUri");
        let relations = found.resources[0].attrs.model().relations();
        assert_eq!(relations[0].to.to_string(), "key/k");
    }

    const BOTH: &str = r#"{"repositories":[
        {"repositoryName":"a","repositoryUri":"1.dkr.ecr/a","repositoryArn":"arn:a"},
        {"repositoryName":"b","repositoryUri":"1.dkr.ecr/b","repositoryArn":"arn:b"}]}"#;

    #[tokio::test]
    async fn the_tags_of_all_are_told_at_once_and_to_the_end() {
        let tape = Tape::default()
            .answer(200, BOTH)
            .answer(
                200,
                r#"{"ResourceTagMappingList":[{"ResourceARN":"arn:of-another","Tags":[]}],
                    "PaginationToken":"t"}"#,
            )
            .answer(
                200,
                r#"{"ResourceTagMappingList":[{"ResourceARN":"arn:b",
                    "Tags":[{"Key":"Rack","Value":"prod"}]}],"PaginationToken":""}"#,
            );
        let found = list(&tape.aws()).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        assert!(found.resources[0].tags.is_empty());
        assert_eq!(found.resources[1].tags["Rack"], "prod");
        let asked = &tape.asked()[1];
        assert!(asked.contains(r#"["ecr:repository"]"#), "{asked}");
    }

    #[tokio::test]
    async fn tags_that_were_not_told_are_a_gap_of_each_repository() {
        let tape = Tape::default()
            .answer(200, BOTH)
            .answer(
                200,
                r#"{"ResourceTagMappingList":[{"ResourceARN":"arn:b","Tags":[]}],
                    "PaginationToken":"t"}"#,
            )
            .answer(400, r#"{"__type":"AccessDeniedException"}"#);
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert_eq!(found.gaps.len(), 1);
        assert_eq!(found.gaps[0].action, "tag:GetResources");
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "repository/a");
    }

    #[tokio::test]
    async fn what_the_policy_lets_everybody_do_is_kept() {
        let open = r#"{"policyText":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr:BatchGetImage\"}]}"}"#;
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let read = async |status, policy: &str| {
            let tape = Tape::default()
                .answer(200, r#"{"imageDetails":[]}"#)
                .answer(200, r#"{"lifecyclePolicyText":"{}"}"#)
                .answer(status, policy)
                .answer(200, "{}");
            let found = deepen(&tape.aws(), web()).await;
            let repository = Repository::of(&found.resources[0].attrs).unwrap();
            let gaps = found.gaps.iter().map(|it| it.action.clone()).collect();
            (repository.strangers.clone(), gaps)
        };
        let said = |may: &str| {
            Fact::Known(Strangers {
                may: vec![may.to_owned()],
                denied: false,
            })
        };
        let none: Vec<String> = Vec::new();
        assert_eq!(read(200, open).await, (said("ecr:BatchGetImage"), none));
        let gap = vec!["ecr:GetRepositoryPolicy".to_owned()];
        assert_eq!(read(400, denied).await, (Fact::Unread, gap.clone()));
        let odd = r#"{"policyText":"no policy"}"#;
        assert_eq!(read(200, odd).await, (Fact::Unread, gap));
    }
}
