//! Reads buckets: the region's own with their tags, then six questions to each of the rack's,
//! and as many more as their answers leave open.

use aws_sdk_s3::{
    operation::{
        get_bucket_encryption::GetBucketEncryptionOutput,
        get_bucket_policy_status::GetBucketPolicyStatusOutput,
        list_objects_v2::ListObjectsV2Output,
    },
    types,
};
use futures_util::future::BoxFuture;

use super::{
    Bucket, Contents, Grant, LifecycleRule, Lock, PolicyFacts, PublicAccessBlock, Replication,
    Uploads, policy,
};
use crate::{
    arn,
    aws::{
        Aws, Call, Found, Service,
        found::{self, Missing, Need},
        read::{Reading, Source},
        shape::{self, count, size, tag_map},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const BUCKETS: Call = Call::new(Service::S3, "ListBuckets").allowed_by("ListAllMyBuckets");
const LOCATION: Call = Call::new(Service::S3, "GetBucketLocation");
const TAGGING: Call = Call::new(Service::S3, "GetBucketTagging");
const VERSIONING: Call = Call::new(Service::S3, "GetBucketVersioning");
const POLICY: Call = Call::new(Service::S3, "GetBucketPolicyStatus");
const BLOCK: Call =
    Call::new(Service::S3, "GetPublicAccessBlock").allowed_by("GetBucketPublicAccessBlock");
const ACCOUNT: Call =
    Call::new(Service::S3Control, "GetPublicAccessBlock").allowed_by("GetAccountPublicAccessBlock");
const ENCRYPTION: Call =
    Call::new(Service::S3, "GetBucketEncryption").allowed_by("GetEncryptionConfiguration");
const LIFECYCLE: Call = Call::new(Service::S3, "GetBucketLifecycleConfiguration")
    .allowed_by("GetLifecycleConfiguration");
const OBJECTS: Call = Call::new(Service::S3, "ListObjectsV2").allowed_by("ListBucket");
const TEXT: Call = Call::new(Service::S3, "GetBucketPolicy");
const ACL: Call = Call::new(Service::S3, "GetBucketAcl");
const LOCK: Call = Call::new(Service::S3, "GetObjectLockConfiguration")
    .allowed_by("GetBucketObjectLockConfiguration");
const REPLICATION: Call =
    Call::new(Service::S3, "GetBucketReplication").allowed_by("GetReplicationConfiguration");
const VERSIONS: Call =
    Call::new(Service::S3, "ListObjectVersions").allowed_by("ListBucketVersions");
const UPLOADS: Call =
    Call::new(Service::S3, "ListMultipartUploads").allowed_by("ListBucketMultipartUploads");
/// What S3 answers of a bucket, or of an account, that was never given a block.
const NO_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";
/// What S3 answers of a bucket that encrypts nothing by itself.
const NOT_ENCRYPTED: &str = "ServerSideEncryptionConfigurationNotFoundError";
/// Only an answer by the page tells where each bucket lies.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[
        BUCKETS,
        LOCATION,
        TAGGING,
        VERSIONING,
        POLICY,
        BLOCK,
        ENCRYPTION,
        LIFECYCLE,
        OBJECTS,
        TEXT,
        ACL,
        LOCK,
        REPLICATION,
        VERSIONS,
        ACCOUNT,
        UPLOADS,
    ],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Bucket);
        let pages = aws
            .s3
            .list_buckets()
            .bucket_region(&aws.region)
            .max_buckets(PAGE)
            .into_paginator()
            .items()
            .send();
        let buckets = found.collect(BUCKETS, None, pages).await;
        let read = aws.each(buckets, |it| introduce(aws, it)).await;
        read.into_iter().for_each(|it| found.merge(it));
        found
    })
}

/// Where a bucket lies, seen from the region that is read.
enum Place {
    Here,
    Elsewhere,
    Unknown,
}

/// One bucket with its tags, or nothing when it lies in another region.
async fn introduce(aws: &Aws, bucket: types::Bucket) -> Found {
    let mut found = Found::of(Kind::Bucket);
    let name = match bucket.name.need("Name") {
        Ok(it) => it,
        Err(missing) => {
            found.malformed(BUCKETS, None, missing);
            return found;
        }
    };
    let id = ResourceId::new(Kind::Bucket, &name);
    let region = match bucket.bucket_region {
        Some(it) if it == aws.region => Place::Here,
        Some(_) => Place::Elsewhere,
        None => locate(aws, &id, &mut found).await,
    };
    let region = match region {
        Place::Here => Some(aws.region.clone()),
        Place::Unknown => None,
        Place::Elsewhere => return found,
    };
    let answer = aws.s3.get_bucket_tagging().bucket(&name).send().await;
    let tags = found.optional(TAGGING, Some(&id), "NoSuchTagSet", answer);
    let attrs = Bucket {
        region,
        ..Bucket::default()
    };
    found.resources.push(
        Resource::new(name, attrs)
            .arn(bucket.bucket_arn)
            .created(shape::time(bucket.creation_date))
            .tags(
                tags.flatten()
                    .map(|it| tag_map!(it.tag_set))
                    .unwrap_or_default(),
            ),
    );
    found
}

async fn locate(aws: &Aws, id: &ResourceId, found: &mut Found) -> Place {
    let answer = aws.s3.get_bucket_location().bucket(&id.key).send().await;
    let elsewhere = ["PermanentRedirect", "AuthorizationHeaderMalformed"];
    if let Err(error) = &answer
        && found::code(error).is_some_and(|it| elsewhere.contains(&it))
    {
        return Place::Elsewhere;
    }
    let Some(answer) = found.answer(LOCATION, Some(id), answer) else {
        return Place::Unknown;
    };
    let constraint = answer.location_constraint;
    let region = match constraint.as_ref().map_or("", |it| it.as_str()) {
        "" => "us-east-1",
        "EU" => "eu-west-1",
        it => it,
    };
    if region == aws.region {
        Place::Here
    } else {
        Place::Elsewhere
    }
}

/// The account's own block is asked once for all of them. What is refused hides it of each.
fn deepen(aws: &Aws, buckets: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let request = aws.s3_control.get_public_access_block();
        let (account, mut found) = tokio::join!(
            request.account_id(&aws.account).send(),
            look_into_each(aws, buckets)
        );
        let block = match &account {
            Ok(answer) => {
                let block = answer.public_access_block_configuration.as_ref();
                Fact::Known(block.map(accounts_block).unwrap_or_default())
            }
            Err(error) if found::code(error) == Some(NO_BLOCK) => Fact::Known(Default::default()),
            Err(error) => {
                let ids: Vec<ResourceId> = found.resources.iter().map(|it| it.id.clone()).collect();
                for id in ids {
                    found.failed(ACCOUNT, Some(&id), error);
                }
                Fact::Unread
            }
        };
        for bucket in &mut found.resources {
            if let Some(attrs) = Bucket::of_mut(&mut bucket.attrs) {
                attrs.account_block = block.clone();
            }
        }
        found
    })
}

fn look_into_each(aws: &Aws, buckets: Vec<Resource>) -> impl Future<Output = Found> {
    aws.find_each(Kind::Bucket, buckets, |it| look_into(aws, it))
}

/// Asks with which key buckets encrypt, and nothing else.
pub fn ask_for_key(aws: &Aws, buckets: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Bucket, buckets, |it| key_of(aws, it)))
}

async fn key_of(aws: &Aws, mut bucket: Resource) -> Found {
    let mut found = Found::of(Kind::Bucket);
    let id = bucket.id.clone();
    let answer = aws.s3.get_bucket_encryption().bucket(&id.key).send().await;
    let answer = found.optional(ENCRYPTION, Some(&id), NOT_ENCRYPTED, answer);
    if let (Some(answer), Some(attrs)) = (answer, Bucket::of_mut(&mut bucket.attrs)) {
        encryption(attrs, answer);
    }
    found.resources.push(bucket);
    found
}

/// Asks all questions at once: none needs another's answer.
async fn look_into(aws: &Aws, mut bucket: Resource) -> Found {
    let mut found = Found::of(Kind::Bucket);
    let id = bucket.id.clone();
    let name = &id.key;
    let (policy, block, encrypted, versioning, lifecycle, page) = tokio::join!(
        aws.s3.get_bucket_policy_status().bucket(name).send(),
        aws.s3.get_public_access_block().bucket(name).send(),
        aws.s3.get_bucket_encryption().bucket(name).send(),
        aws.s3.get_bucket_versioning().bucket(name).send(),
        aws.s3
            .get_bucket_lifecycle_configuration()
            .bucket(name)
            .send(),
        aws.s3.list_objects_v2().bucket(name).max_keys(PAGE).send(),
    );
    let about = Some(&id);
    let policy = found.optional(POLICY, about, "NoSuchBucketPolicy", policy);
    let block = found.optional(BLOCK, about, NO_BLOCK, block);
    let encrypted = found.optional(ENCRYPTION, about, NOT_ENCRYPTED, encrypted);
    let versioning = found.answer(VERSIONING, about, versioning);
    let none = "NoSuchLifecycleConfiguration";
    let lifecycle = found.optional(LIFECYCLE, about, none, lifecycle);
    let page = found.answer(OBJECTS, about, page);
    if let Some(attrs) = Bucket::of_mut(&mut bucket.attrs) {
        attrs.policy = fact(policy.map(|it| it.map(policy_facts)));
        let blocks = block.map(|it| it.and_then(|it| it.public_access_block_configuration));
        attrs.public_access_block = fact(blocks.map(|it| it.as_ref().map(public_access_block)));
        if let Some(answer) = encrypted {
            encryption(attrs, answer);
        }
        attrs.mfa_delete = versioning
            .as_ref()
            .is_some_and(|it| it.mfa_delete == Some(types::MfaDeleteStatus::Enabled));
        let status = versioning.map(|it| it.status);
        let status = status.map(|it| it.as_ref().map_or("Off", |it| it.as_str()).to_owned());
        attrs.versioning = fact(status);
        let rules = lifecycle.map(|it| it.and_then(|it| it.rules).unwrap_or_default());
        let rules = rules.map(|it| it.into_iter().map(lifecycle_rule).collect());
        attrs.lifecycle = fact(rules);
        attrs.contents = fact(page.map(contents));
        ask_further(aws, &id, attrs, &mut found).await;
    }
    found.resources.push(bucket);
    found
}

/// Asks at once what the first answers leave open, which is nothing for most buckets.
async fn ask_further(aws: &Aws, id: &ResourceId, attrs: &mut Bucket, found: &mut Found) {
    let versioning = attrs.versioning.known().map(String::as_str);
    let has_policy = matches!(attrs.policy, Fact::Known(Some(_)));
    // Without versions there is no lock and no copying, and no list counts where grants to all are
    // void.
    let has_versions = versioning == Some("Enabled");
    let block = attrs.public_access_block.known();
    let void = block.is_some_and(|it| it.as_ref().is_some_and(|it| it.ignore_public_acls));
    let is_read = attrs.contents.known().is_some() && versioning.is_some();
    let may_hide = is_read && attrs.is_empty().is_none();
    // Where a rule ends them nobody needs to know of uploads.
    let may_pile = attrs.ends_uploads() == Some(false);
    let name = &id.key;
    let (text, lock, replication, acl, versions, uploads) = tokio::join!(
        ask(has_policy, || aws
            .s3
            .get_bucket_policy()
            .bucket(name)
            .send()),
        ask(has_versions, || {
            let request = aws.s3.get_object_lock_configuration();
            request.bucket(name).send()
        }),
        ask(has_versions, || {
            let request = aws.s3.get_bucket_replication();
            request.bucket(name).send()
        }),
        ask(!void, || aws.s3.get_bucket_acl().bucket(name).send()),
        ask(may_hide, || {
            let request = aws.s3.list_object_versions().bucket(name);
            request.max_keys(1).send()
        }),
        ask(may_pile, || {
            let request = aws.s3.list_multipart_uploads();
            request.bucket(name).max_uploads(PAGE).send()
        }),
    );
    let about = Some(id);
    let text = text.and_then(|it| found.answer(TEXT, about, it));
    if let (Some(answer), Fact::Known(Some(facts))) = (text, &mut attrs.policy) {
        let says = answer
            .policy
            .as_deref()
            .and_then(|it| policy::read(it, name));
        if says.is_none() {
            found.malformed(TEXT, about, Missing("Policy"));
        }
        facts.says = fact(says);
    }
    let none = "ObjectLockConfigurationNotFoundError";
    attrs.lock = match (versioning, lock) {
        (_, Some(answer)) => {
            let answer = found.optional(LOCK, about, none, answer);
            let told = answer.map(|it| it.and_then(|it| it.object_lock_configuration));
            fact(told.map(|it| it.and_then(|it| locked(&it))))
        }
        (Some(_), None) => Fact::Known(None),
        (None, None) => Fact::Unread,
    };
    let none = "ReplicationConfigurationNotFoundError";
    attrs.replication = match (versioning, replication) {
        (_, Some(answer)) => {
            let answer = found.optional(REPLICATION, about, none, answer);
            fact(answer.map(|it| {
                let told = it.and_then(|it| it.replication_configuration);
                let rules = told.map(|it| it.rules).unwrap_or_default();
                rules.into_iter().filter_map(copying).collect()
            }))
        }
        (Some(_), None) => Fact::Known(Vec::new()),
        (None, None) => Fact::Unread,
    };
    if let Some(answer) = acl.and_then(|it| found.answer(ACL, about, it)) {
        let grants = answer.grants.unwrap_or_default();
        attrs.acl = Fact::Known(grants.into_iter().filter_map(grant).collect());
    }
    if let Some(answer) = versions.and_then(|it| found.answer(VERSIONS, about, it)) {
        let markers = answer.delete_markers.unwrap_or_default();
        let any = !markers.is_empty() || !answer.versions.unwrap_or_default().is_empty();
        attrs.old_versions = Fact::Known(any);
    }
    if let Some(answer) = uploads.and_then(|it| found.answer(UPLOADS, about, it)) {
        let begun = answer.uploads.unwrap_or_default();
        attrs.uploads = Fact::Known(Uploads {
            count: u64::try_from(begun.len()).unwrap_or(u64::MAX),
            oldest: begun
                .iter()
                .filter_map(|it| shape::time(it.initiated))
                .min(),
            complete: answer.is_truncated != Some(true),
        });
    }
}

/// Asks only where the answer is wanted.
async fn ask<T, F: Future<Output = T>>(wanted: bool, question: impl FnOnce() -> F) -> Option<T> {
    if wanted { Some(question().await) } else { None }
}

fn locked(it: &types::ObjectLockConfiguration) -> Option<Lock> {
    if it.object_lock_enabled != Some(types::ObjectLockEnabled::Enabled) {
        return None;
    }
    let rule = it.rule.as_ref();
    let default = rule.and_then(|it| it.default_retention.as_ref());
    let number = |it: Option<i32>| it.map(|it| count(Some(it)));
    let mode = default.and_then(|it| it.mode.as_ref());
    Some(Lock {
        mode: mode.map(|it| it.as_str().to_owned()),
        days: number(default.and_then(|it| it.days)),
        years: number(default.and_then(|it| it.years)),
    })
}

/// A rule of copying; one that names no bucket copies nothing.
fn copying(it: types::ReplicationRule) -> Option<Replication> {
    let given = |it: Option<&String>| it.is_some_and(|it| !it.is_empty());
    let filter = it.filter.as_ref();
    // The prefix outside the filter is how rules were written before there were filters.
    #[expect(deprecated, reason = "old rules still have it")]
    let prefix = it.prefix.as_ref();
    let filtered = given(prefix)
        || filter
            .is_some_and(|it| given(it.prefix.as_ref()) || it.tag.is_some() || it.and.is_some());
    let to = arn::resource(&it.destination?.bucket)?;
    Some(Replication {
        to: to.key,
        enabled: it.status == types::ReplicationRuleStatus::Enabled,
        filtered,
    })
}

/// A grant to more than the account.
fn grant(it: types::Grant) -> Option<Grant> {
    let uri = it.grantee?.uri?;
    let group = shape::last(&uri);
    matches!(group, "AllUsers" | "AuthenticatedUsers").then(|| Grant {
        group: group.to_owned(),
        permission: it
            .permission
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
    })
}

fn fact<T>(answer: Option<T>) -> Fact<T> {
    answer.map_or(Fact::Unread, Fact::Known)
}

fn policy_facts(it: GetBucketPolicyStatusOutput) -> PolicyFacts {
    let is_public = it.policy_status.and_then(|it| it.is_public);
    PolicyFacts {
        is_public: is_public.unwrap_or_default(),
        says: Fact::Unread,
    }
}

fn public_access_block(it: &types::PublicAccessBlockConfiguration) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: it.block_public_acls.unwrap_or_default(),
        ignore_public_acls: it.ignore_public_acls.unwrap_or_default(),
        block_public_policy: it.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: it.restrict_public_buckets.unwrap_or_default(),
    }
}

fn accounts_block(
    it: &aws_sdk_s3control::types::PublicAccessBlockConfiguration,
) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: it.block_public_acls.unwrap_or_default(),
        ignore_public_acls: it.ignore_public_acls.unwrap_or_default(),
        block_public_policy: it.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: it.restrict_public_buckets.unwrap_or_default(),
    }
}

fn encryption(attrs: &mut Bucket, answer: Option<GetBucketEncryptionOutput>) {
    let rules = answer.and_then(|it| it.server_side_encryption_configuration);
    let default = rules
        .map(|it| it.rules)
        .unwrap_or_default()
        .into_iter()
        .find_map(|it| it.apply_server_side_encryption_by_default);
    let algorithm = default.as_ref().map(|it| it.sse_algorithm.as_str());
    attrs.encryption = Fact::Known(algorithm.map(ToOwned::to_owned));
    attrs.encryption_key = default.and_then(|it| it.kms_master_key_id);
}

fn contents(page: ListObjectsV2Output) -> Contents {
    let objects = page.contents.unwrap_or_default();
    Contents {
        objects: u64::try_from(objects.len()).unwrap_or(u64::MAX),
        bytes: objects.iter().map(|it| size(it.size)).sum(),
        complete: page.is_truncated == Some(false),
        newest: objects
            .iter()
            .filter_map(|it| shape::time(it.last_modified))
            .max(),
    }
}

fn lifecycle_rule(it: types::LifecycleRule) -> LifecycleRule {
    let days = |it: Option<i32>| it.map(|it| count(Some(it)));
    let prefixed = |it: Option<String>| it.is_some_and(|it| !it.is_empty());
    let narrowed = it.filter.is_some_and(|it| {
        prefixed(it.prefix)
            || it.tag.is_some()
            || it.and.is_some()
            || it.object_size_greater_than.is_some()
            || it.object_size_less_than.is_some()
    });
    // The prefix outside the filter is how rules were written before there were filters.
    #[expect(deprecated, reason = "old rules still have it")]
    let prefix = it.prefix;
    LifecycleRule {
        id: it.id,
        enabled: it.status == types::ExpirationStatus::Enabled,
        filtered: narrowed || prefixed(prefix),
        expiration_days: days(it.expiration.and_then(|it| it.days)),
        noncurrent_days: days(
            it.noncurrent_version_expiration
                .and_then(|it| it.noncurrent_days),
        ),
        abort_multipart_days: days(
            it.abort_incomplete_multipart_upload
                .and_then(|it| it.days_after_initiation),
        ),
        transitions: it
            .transitions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.storage_class)
            .map(|it| it.as_str().to_owned())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    fn error(code: &str) -> String {
        format!("<Error><Code>{code}</Code><Message>so it is</Message></Error>")
    }

    fn listing(buckets: &str) -> String {
        format!("<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>")
    }

    fn logs() -> Resource {
        Resource::new("logs", Bucket::default())
    }

    #[tokio::test]
    async fn a_neighbours_bucket_is_asked_for_its_key_and_nothing_else() {
        let key = "arn:aws:kms:us-east-1:1:key/k-1";
        let tape = Tape::default().answer(
            200,
            format!(
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>
                 <SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>{key}</KMSMasterKeyID>
                 </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
            ),
        );
        let found = ask_for_key(&tape.aws(), vec![logs()]).await;
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        assert_eq!(bucket.encryption_key.as_deref(), Some(key));
        assert_eq!(tape.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_neighbours_bucket_that_does_not_tell_its_key_stays_unread() {
        let tape = Tape::default().answer(403, error("AccessDenied"));
        let found = ask_for_key(&tape.aws(), vec![logs()]).await;
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        assert_eq!(bucket.encryption, Fact::Unread);
        assert_eq!(found.gaps.len(), 1);
    }

    #[tokio::test]
    async fn a_bucket_of_another_region_is_left_out() {
        let tape = Tape::default()
            .answer(
                200,
                listing(
                    "<Bucket><Name>here</Name><BucketRegion>us-east-1</BucketRegion></Bucket>
                     <Bucket><Name>there</Name><BucketRegion>eu-west-1</BucketRegion></Bucket>",
                ),
            )
            .answer(
                200,
                "<Tagging><TagSet><Tag><Key>Rack</Key><Value>prod</Value></Tag></TagSet></Tagging>",
            );
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 1);
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert!(found.gaps.is_empty());
    }

    #[tokio::test]
    async fn a_bucket_that_the_listing_does_not_place_is_asked_where_it_lies() {
        let tape = Tape::default()
            .answer(200, listing("<Bucket><Name>old</Name></Bucket>"))
            .answer(200, "<LocationConstraint>EU</LocationConstraint>");
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty() && found.gaps.is_empty());
    }

    #[tokio::test]
    async fn a_bucket_that_cannot_be_placed_is_kept_with_a_gap() {
        let tape = Tape::default()
            .answer(200, listing("<Bucket><Name>shy</Name></Bucket>"))
            .answer(403, error("AccessDenied"))
            .answer(404, error("NoSuchTagSet"));
        let found = list(&tape.aws()).await;
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        assert_eq!(bucket.region, None);
        assert_eq!(found.gaps.len(), 1);
        assert_eq!(found.gaps[0].action, "s3:GetBucketLocation");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn pages_of_buckets_become_one_listing() {
        let bucket = |name: &str| {
            format!("<Bucket><Name>{name}</Name><BucketRegion>us-east-1</BucketRegion></Bucket>")
        };
        let first = format!(
            "<ListAllMyBucketsResult><Buckets>{}</Buckets>
             <ContinuationToken>t</ContinuationToken></ListAllMyBucketsResult>",
            bucket("a")
        );
        let tape = Tape::default()
            .answer(200, first)
            .answer(200, listing(&bucket("b")))
            .answer(404, error("NoSuchTagSet"))
            .answer(404, error("NoSuchTagSet"));
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert!(tape.asked()[1].contains("continuation-token=t"));
    }

    #[tokio::test]
    async fn what_aws_says_is_not_there_is_known_to_be_absent() {
        let tape = Tape::default()
            .answer(404, error("NoSuchBucketPolicy"))
            .answer(404, error("NoSuchPublicAccessBlockConfiguration"))
            .answer(404, error("ServerSideEncryptionConfigurationNotFoundError"))
            .answer(200, "<VersioningConfiguration/>")
            .answer(404, error("NoSuchLifecycleConfiguration"))
            .answer(
                200,
                "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            )
            .answer(200, "<AccessControlPolicy/>")
            .answer(200, "<ListMultipartUploadsResult/>");
        let found = look_into_each(&tape.aws(), vec![logs()]).await;
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        assert_eq!(bucket.uploads.known().unwrap().count, 0);
        assert_eq!(bucket.policy, Fact::Known(None));
        assert_eq!(bucket.public_access_block, Fact::Known(None));
        assert_eq!(bucket.encryption, Fact::Known(None));
        assert_eq!(bucket.lifecycle, Fact::Known(Vec::new()));
        assert_eq!(bucket.lock, Fact::Known(None));
        assert_eq!(bucket.replication, Fact::Known(Vec::new()));
        assert_eq!(bucket.acl, Fact::Known(Vec::new()));
        assert_eq!(bucket.is_empty(), Some(true));
    }

    #[tokio::test]
    async fn what_the_first_answers_leave_open_is_asked_further() {
        let tape = Tape::default()
            .answer(200, "<PolicyStatus/>")
            .answer(404, error("NoSuchPublicAccessBlockConfiguration"))
            .answer(404, error("ServerSideEncryptionConfigurationNotFoundError"))
            .answer(
                200,
                "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>
                 </VersioningConfiguration>",
            )
            .answer(404, error("NoSuchLifecycleConfiguration"))
            .answer(
                200,
                "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            )
            .answer(
                200,
                r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},
                    "Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/planted-secret"}}"#,
            )
            .answer(
                200,
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>
                   <DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention>
                 </Rule></ObjectLockConfiguration>",
            )
            .answer(
                200,
                "<ReplicationConfiguration><Role>r</Role><Rule><Status>Enabled</Status>
                   <Filter><Prefix></Prefix></Filter><Destination><Bucket>arn:aws:s3:::far</Bucket>
                   </Destination></Rule><Rule><Status>Disabled</Status><Prefix>a/</Prefix>
                   <Destination><Bucket>arn:aws:s3:::old</Bucket></Destination></Rule>
                 </ReplicationConfiguration>",
            )
            .answer(
                200,
                r#"<AccessControlPolicy><AccessControlList>
                     <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                       xsi:type="CanonicalUser"><ID>own</ID></Grantee>
                       <Permission>FULL_CONTROL</Permission></Grant>
                     <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                       xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>
                       </Grantee><Permission>READ</Permission></Grant>
                   </AccessControlList></AccessControlPolicy>"#,
            )
            .answer(
                200,
                "<ListVersionsResult><DeleteMarker><Key>a</Key></DeleteMarker></ListVersionsResult>",
            )
            .answer(
                200,
                "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>
                   <Upload><Key>planted</Key><Initiated>2018-04-29T21:00:00Z</Initiated></Upload>
                   <Upload><Key>planted</Key><Initiated>2019-04-29T21:00:00Z</Initiated></Upload>
                 </ListMultipartUploadsResult>",
            );
        let found = look_into_each(&tape.aws(), vec![logs()]).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        let policy = bucket.policy.known().unwrap().as_ref().unwrap();
        assert_eq!(policy.says.known().unwrap().accounts, ["111111111111"]);
        let lock = bucket.lock.known().unwrap().as_ref().unwrap();
        assert_eq!(
            (lock.mode.as_deref(), lock.days),
            (Some("COMPLIANCE"), Some(30))
        );
        let copied = bucket.copied_by().unwrap();
        assert_eq!((copied.len(), &*copied[0].to), (1, "far"));
        let [far, old] = &bucket.replication.known().unwrap()[..] else {
            panic!("{:?}", bucket.replication)
        };
        assert!(!far.filtered && old.filtered);
        let grants = bucket.acl.known().unwrap();
        assert_eq!(
            (&*grants[0].group, &*grants[0].permission),
            ("AllUsers", "READ")
        );
        assert_eq!(grants.len(), 1);
        let uploads = bucket.uploads.known().unwrap();
        assert_eq!((uploads.count, uploads.complete), (2, true));
        assert_eq!(uploads.oldest.unwrap().to_string(), "2018-04-29T21:00:00Z");
        assert!(bucket.mfa_delete);
        assert_eq!(bucket.is_empty(), Some(false));
        assert!(!format!("{found:?}").contains("planted"));
    }

    #[tokio::test]
    async fn what_stays_open_because_it_was_refused_is_a_gap() {
        let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        let tape = Tape::default()
            .answer(200, "<PolicyStatus/>")
            .answer(403, error("AccessDenied"))
            .answer(403, error("AccessDenied"))
            .answer(200, enabled)
            .answer(404, error("NoSuchLifecycleConfiguration"))
            .answer(
                200,
                "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            )
            .answer(200, "no policy")
            .answer(403, error("AccessDenied"))
            .answer(403, error("AccessDenied"))
            .answer(403, error("AccessDenied"))
            .answer(403, error("AccessDenied"))
            .answer(403, error("AccessDenied"));
        let found = look_into_each(&tape.aws(), vec![logs()]).await;
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        assert_eq!((&bucket.lock, bucket.is_empty()), (&Fact::Unread, None));
        assert_eq!(bucket.acl, Fact::Unread);
        let actions: Vec<&str> = found.gaps.iter().map(|it| &*it.action).collect();
        assert_eq!(
            actions,
            [
                "s3:GetBucketPublicAccessBlock",
                "s3:GetEncryptionConfiguration",
                "s3:GetBucketPolicy",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:GetBucketAcl",
                "s3:ListBucketVersions",
                "s3:ListBucketMultipartUploads"
            ]
        );
    }

    #[tokio::test]
    async fn every_refused_question_is_a_gap_and_the_rest_is_kept() {
        let tape = Tape::default()
            .answer(
                200,
                "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>",
            )
            .answer(403, error("AccessDenied"))
            .answer(
                200,
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>
                   <SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k-1</KMSMasterKeyID>
                 </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
            )
            .answer(
                200,
                "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
            )
            .answer(
                200,
                "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status>
                   <Prefix>convox/logs</Prefix><Expiration><Days>5</Days></Expiration>
                 </Rule></LifecycleConfiguration>",
            )
            .answer(
                200,
                "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key>
                   <Size>7</Size><LastModified>2018-04-29T21:00:00Z</LastModified></Contents>
                 </ListBucketResult>",
            )
            .answer(200, r#"{"Statement":[]}"#)
            .answer(200, "<AccessControlPolicy/>")
            .answer(200, "<ListMultipartUploadsResult/>");
        let found = look_into_each(&tape.aws(), vec![logs()]).await;
        let bucket = Bucket::of(&found.resources[0].attrs).unwrap();
        assert_eq!(found.gaps[0].action, "s3:GetBucketPublicAccessBlock");
        assert_eq!(bucket.public_access_block, Fact::Unread);
        assert!(bucket.policy.known().unwrap().as_ref().unwrap().is_public);
        assert_eq!(bucket.encryption_key.as_deref(), Some("k-1"));
        assert_eq!(bucket.versioning, Fact::Known("Suspended".to_owned()));
        let rule = &bucket.lifecycle.known().unwrap()[0];
        assert!(rule.enabled && rule.filtered);
        assert_eq!(rule.expiration_days, Some(5));
        let contents = bucket.contents.known().unwrap();
        assert_eq!((contents.objects, contents.bytes), (1, 7));
        assert!(!contents.complete && contents.newest.is_some());
    }

    /// What two buckets have of the account's block, and which of them have a gap about it.
    async fn of_the_account(
        status: u16,
        body: String,
    ) -> (Vec<Fact<PublicAccessBlock>>, Vec<String>) {
        let mut tape = Tape::default().answer(status, body);
        for _ in 0..14 {
            tape = tape.answer(403, error("AccessDenied"));
        }
        let found = deepen(
            &tape.aws(),
            vec![logs(), Resource::new("more", Bucket::default())],
        )
        .await;
        let first = &tape.asked()[0];
        assert!(
            first.contains("123456789012.s3-control.us-east-1.amazonaws.com"),
            "{first}"
        );
        let buckets = found
            .resources
            .iter()
            .filter_map(|it| Bucket::of(&it.attrs));
        let gaps = found
            .gaps
            .iter()
            .filter(|it| it.call.starts_with("s3control:"));
        let about = gaps.map(|it| format!("{}: {}", it.resource.as_ref().unwrap(), it.action));
        (
            buckets.map(|it| it.account_block.clone()).collect(),
            about.collect(),
        )
    }

    #[tokio::test]
    async fn the_accounts_own_block_is_asked_once_for_all_buckets() {
        let answer = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>
            <IgnorePublicAcls>false</IgnorePublicAcls><RestrictPublicBuckets>true
            </RestrictPublicBuckets></PublicAccessBlockConfiguration>";
        let (blocks, gaps) = of_the_account(200, answer.replace("\n            ", "")).await;
        let block = PublicAccessBlock {
            block_public_acls: true,
            restrict_public_buckets: true,
            ..PublicAccessBlock::default()
        };
        assert_eq!(blocks, [Fact::Known(block.clone()), Fact::Known(block)]);
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[tokio::test]
    async fn an_account_that_was_never_given_a_block_blocks_nothing() {
        let error =
            "<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error>
            </ErrorResponse>";
        let (blocks, gaps) = of_the_account(404, error.to_owned()).await;
        let none = Fact::Known(PublicAccessBlock::default());
        assert_eq!((blocks, gaps), (vec![none.clone(), none], Vec::new()));
    }

    #[tokio::test]
    async fn a_refused_block_of_the_account_is_a_gap_of_each_bucket() {
        let error = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let (blocks, gaps) = of_the_account(403, error.to_owned()).await;
        assert_eq!(blocks, [Fact::Unread, Fact::Unread]);
        let action = "s3:GetAccountPublicAccessBlock";
        assert_eq!(
            gaps,
            [
                format!("bucket/logs: {action}"),
                format!("bucket/more: {action}")
            ]
        );
    }
}
