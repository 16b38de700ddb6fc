//! S3 bucket: objects, logs and settings that outlive what wrote them.
//!
//! Key: the bucket's name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Model, key};
use crate::{
    charge::Charge,
    relation::Relation,
    removal::{Action, Data, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;
pub mod policy;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bucket {
    /// `None` when it could not be read; a bucket that is known to be elsewhere is not kept.
    pub region: Option<String>,
    /// AWS's word, `Enabled` or `Suspended`; `Off` where it was never turned on.
    pub versioning: Fact<String>,
    /// What its policy opens, where it has one.
    pub policy: Fact<Option<PolicyFacts>>,
    /// The bucket's own block; the account may have another one.
    pub public_access_block: Fact<Option<PublicAccessBlock>>,
    /// The account's own block, which holds for each of its buckets; nothing of it is on in an
    /// account that was never given one.
    pub account_block: Fact<PublicAccessBlock>,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub encryption: Fact<Option<String>>,
    /// The KMS key, by id, ARN or alias, where one was chosen.
    pub encryption_key: Option<String>,
    pub lifecycle: Fact<Vec<LifecycleRule>>,
    /// The current versions of its objects, as far as one page tells.
    pub contents: Fact<Contents>,
    /// Whether old versions or delete markers are left; asked where no object is current and
    /// versions were kept at some time.
    pub old_versions: Fact<bool>,
    /// Uploads that were begun and not ended; asked where no lifecycle rule ends them.
    pub uploads: Fact<Uploads>,
    /// How Object Lock keeps versions from being deleted, where it is on.
    pub lock: Fact<Option<Lock>>,
    /// Deleting a version takes a code from somebody's device. Told with `versioning`.
    pub mfa_delete: bool,
    /// What its access control list grants to everybody; asked where its block does not make
    /// such grants void.
    pub acl: Fact<Vec<Grant>>,
    /// The rules by which S3 copies what is written into it; asked where versions are kept, which
    /// copying needs.
    pub replication: Fact<Vec<Replication>>,
}

/// One rule by which S3 copies objects to another bucket as they are written. What was there before
/// the rule is not copied by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replication {
    /// Name of the bucket that the copies go to, of whatever account and region.
    pub to: String,
    pub enabled: bool,
    /// Whether it is narrowed to some of the objects by prefix or tag.
    pub filtered: bool,
}

/// The first page of uploads in parts, which are billed and which no listing of objects shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    pub count: u64,
    /// When the oldest of them was begun.
    pub oldest: Option<Timestamp>,
    /// Whether that was all; else there are at least that many.
    pub complete: bool,
}

/// How long Object Lock keeps a version that was written without a date of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lock {
    /// `GOVERNANCE` or `COMPLIANCE`; absent where versions are kept only if they say so.
    pub mode: Option<String>,
    pub days: Option<u32>,
    pub years: Option<u32>,
}

/// What an access control list grants to more than the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// `AllUsers`, or `AuthenticatedUsers` for whoever has any AWS account.
    pub group: String,
    /// AWS's word: `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP`, `FULL_CONTROL`.
    pub permission: String,
}

/// What `GetBucketPolicyStatus` tells, and what the policy's text comes to; the text is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyFacts {
    /// AWS's verdict: it lets anyone in.
    pub is_public: bool,
    /// What its statements say.
    pub says: Fact<PolicyText>,
}

/// What the statements of a bucket's policy come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyText {
    /// It refuses whoever comes without TLS, for all that is in it.
    pub denies_plain_http: bool,
    /// Accounts that it lets in, twelve digits each; organisations and services are not told.
    pub accounts: Vec<String>,
    /// Services of AWS that it lets write objects: `delivery.logs.amazonaws.com`.
    pub writers: Vec<String>,
    /// It refuses somebody, maybe us, who deletes objects or the bucket itself.
    pub denies_deleting: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifecycleRule {
    pub id: Option<String>,
    pub enabled: bool,
    /// Whether it is narrowed to some of the objects by prefix, tag or size.
    pub filtered: bool,
    /// Days until the current version goes.
    pub expiration_days: Option<u32>,
    /// Days until a version goes after a newer one took its place.
    pub noncurrent_days: Option<u32>,
    /// Days until an upload that was never finished goes.
    pub abort_multipart_days: Option<u32>,
    /// Storage classes that objects move to.
    pub transitions: Vec<String>,
}

/// The first thousand objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contents {
    pub objects: u64,
    pub bytes: u64,
    /// Whether that was all; else there are at least that many.
    pub complete: bool,
    pub newest: Option<Timestamp>,
}

/// One of the four parts of a block on public access, in AWS's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    BlockPublicAcls,
    IgnorePublicAcls,
    BlockPublicPolicy,
    RestrictPublicBuckets,
}

impl Part {
    pub const ALL: [Self; 4] = [
        Self::BlockPublicAcls,
        Self::IgnorePublicAcls,
        Self::BlockPublicPolicy,
        Self::RestrictPublicBuckets,
    ];

    /// AWS's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BlockPublicAcls => "BlockPublicAcls",
            Self::IgnorePublicAcls => "IgnorePublicAcls",
            Self::BlockPublicPolicy => "BlockPublicPolicy",
            Self::RestrictPublicBuckets => "RestrictPublicBuckets",
        }
    }
}

impl PublicAccessBlock {
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::BlockPublicAcls => self.block_public_acls,
            Part::IgnorePublicAcls => self.ignore_public_acls,
            Part::BlockPublicPolicy => self.block_public_policy,
            Part::RestrictPublicBuckets => self.restrict_public_buckets,
        }
    }
}

impl Bucket {
    /// Whether its own block or the account's has that part on, either of which is enough.
    /// `None` where one of them was not read and the other has it off.
    pub fn blocks(&self, part: Part) -> Option<bool> {
        let own = self.public_access_block.known();
        let own = own.map(|it| it.as_ref().is_some_and(|it| it.has(part)));
        let account = self.account_block.known().map(|it| it.has(part));
        match (own, account) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            (None, _) | (_, None) => None,
        }
    }

    /// AWS's verdict on its policy; a bucket without a policy is not made public by one. `None`
    /// where it was not read.
    pub fn has_public_policy(&self) -> Option<bool> {
        let policy = self.policy.known()?;
        Some(policy.as_ref().is_some_and(|it| it.is_public))
    }

    /// Whether its policy keeps somebody from deleting what is in it.
    pub fn denies_deleting(&self) -> bool {
        let policy = self.policy.known().and_then(Option::as_ref);
        let says = policy.and_then(|it| it.says.known());
        says.is_some_and(|it| it.denies_deleting)
    }

    /// Whether a lifecycle rule ends uploads that nobody went on with. `None` where the rules were
    /// not read.
    pub fn ends_uploads(&self) -> Option<bool> {
        let mut rules = self.lifecycle.known()?.iter();
        let ends =
            |it: &LifecycleRule| it.enabled && !it.filtered && it.abort_multipart_days.is_some();
        Some(rules.any(ends))
    }

    /// The rules that are on by which S3 copies what is written into it. `None` when that was not
    /// read.
    pub fn copied_by(&self) -> Option<Vec<&Replication>> {
        if self.versioning.known().is_some_and(|it| it != "Enabled") {
            return Some(Vec::new());
        }
        let rules = self.replication.known()?;
        Some(rules.iter().filter(|it| it.enabled).collect())
    }

    /// Whether nothing is in it. `None` when that is not known, and that is so where old versions
    /// may be left of objects that are gone.
    pub fn is_empty(&self) -> Option<bool> {
        let contents = self.contents.known()?;
        if contents.objects > 0 {
            return Some(false);
        }
        if self.versioning.known()? == "Off" {
            return Some(true);
        }
        self.old_versions.known().map(|it| !it)
    }
}

impl Model for Bucket {
    fn relations(&self) -> Vec<Relation> {
        key::used(self.encryption_key.as_deref(), "KMSMasterKeyID")
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        vec![
            Charge::metered("storage", "AmazonS3", "TimedStorage-ByteHrs", "GB-month"),
            Charge::metered(
                "writes and listings",
                "AmazonS3",
                "Requests-Tier1",
                "request",
            ),
            Charge::metered("reads", "AmazonS3", "Requests-Tier2", "request"),
        ]
    }

    fn removal(&self) -> Removal {
        Removal::after([Action::DeleteObjects], Action::DeleteBucket).losing(Data::Buckets)
    }

    fn summary(&self) -> String {
        let mut parts = Vec::new();
        if let Some(it) = self.contents.known() {
            let least = if it.complete { "" } else { "at least " };
            let number = usize::try_from(it.objects).unwrap_or(usize::MAX);
            parts.push(format!("{least}{}", text::count(number, "object")));
        }
        match self.versioning.known().map(String::as_str) {
            None | Some("Off") => {}
            Some(it) => parts.push(format!("versioning {it}")),
        }
        if let Some(Some(it)) = self.encryption.known() {
            parts.push(format!("encrypted with {it}"));
        }
        if let Some(Some(it)) = self.policy.known()
            && it.is_public
        {
            parts.push("policy is public".to_owned());
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(objects: u64, versioning: &str) -> Bucket {
        Bucket {
            versioning: Fact::Known(versioning.to_owned()),
            contents: Fact::Known(Contents {
                objects,
                complete: true,
                ..Contents::default()
            }),
            ..Bucket::default()
        }
    }

    #[test]
    fn a_bucket_is_empty_only_where_no_old_version_can_hide() {
        assert_eq!(Bucket::default().is_empty(), None);
        assert_eq!(holding(0, "Off").is_empty(), Some(true));
        assert_eq!(holding(0, "Suspended").is_empty(), None);
        let mut bucket = holding(0, "Suspended");
        bucket.old_versions = Fact::Known(true);
        assert_eq!(bucket.is_empty(), Some(false));
        assert_eq!(holding(1, "Enabled").is_empty(), Some(false));
    }

    #[test]
    fn a_chosen_key_is_used() {
        let mut bucket = holding(0, "Off");
        assert!(bucket.relations().is_empty());
        bucket.encryption_key = Some("alias/data".to_owned());
        assert_eq!(bucket.relations()[0].to.to_string(), "key-alias/alias/data");
    }
}
