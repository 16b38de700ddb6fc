//! ECR repository: container images, and what tasks are started from.
//!
//! Key: the repository's name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use policy::Strangers;

use super::{Fact, Model, key};
use crate::{
    charge::{Charge, gigabytes},
    relation::Relation,
    removal::{Action, Data, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;
pub mod policy;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Repository {
    /// What a task definition's image begins with.
    pub uri: String,
    /// `MUTABLE` or `IMMUTABLE`, or either with exclusions.
    pub tag_mutability: Option<String>,
    /// The tags that are excepted from it, `*` standing for anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_exclusions: Vec<String>,
    pub scan_on_push: bool,
    /// Whether the registry's own rules have its images scanned, whatever the repository says.
    pub registry_scans: Fact<bool>,
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption: Option<String>,
    /// ARN of the KMS key, where encryption is by KMS.
    pub key: Option<String>,
    pub images: Fact<Images>,
    /// Whether a policy expires old images.
    pub lifecycle_policy: Fact<bool>,
    /// What its policy lets everybody do who has an account of AWS.
    pub strangers: Fact<Strangers>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Images {
    pub count: u64,
    /// The images' sizes added up; a layer that several share is stored and billed once.
    pub bytes: u64,
    /// Those that no tag names.
    pub untagged: u64,
    /// Their tags, sorted.
    pub tags: Vec<String>,
    /// What their digests begin with, `sha256:` and [`DIGITS`] hex digits, sorted; none of a file from
    /// before they were kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<String>,
    /// When the newest one was pushed.
    pub newest_push: Option<Timestamp>,
    /// When any of them was last pulled, as far as AWS recorded it.
    pub last_pull: Option<Timestamp>,
}

/// So many hex digits of a digest are kept: enough to tell the images of one repository apart.
const DIGITS: usize = 16;

/// What is kept of a digest; also of the one that an image is named by.
pub fn shortened(digest: &str) -> &str {
    let end = digest.find(':').map_or(0, |it| it + 1) + DIGITS;
    digest.get(..end).unwrap_or(digest)
}

impl Repository {
    /// Whether a tag can be moved to another image. `None` where it was not told, which tags are
    /// excepted among it.
    pub fn moves(&self, tag: &str) -> Option<bool> {
        let mut excepted = self.tag_exclusions.iter();
        let excepted = match self.tag_exclusions.is_empty() {
            true => None,
            false => Some(excepted.any(|it| text::glob(it, tag))),
        };
        match self.tag_mutability.as_deref()? {
            "MUTABLE" => Some(true),
            "IMMUTABLE" => Some(false),
            "MUTABLE_WITH_EXCLUSION" => excepted.map(|it| !it),
            "IMMUTABLE_WITH_EXCLUSION" => excepted,
            _ => None,
        }
    }
}

impl Model for Repository {
    fn relations(&self) -> Vec<Relation> {
        key::used(self.key.as_deref(), "encryptionConfiguration.kmsKey")
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let empty = self.images.known().is_some_and(|it| it.count == 0);
        if empty {
            return Vec::new();
        }
        vec![Charge::metered(
            "image storage",
            "AmazonECR",
            "TimedStorage-ByteHrs",
            "GB-month",
        )]
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteRepository).losing(Data::Images)
    }

    fn summary(&self) -> String {
        let Some(it) = self.images.known() else {
            return self.uri.clone();
        };
        format!(
            "{} images of {:.1} GB, {} untagged",
            it.count,
            gigabytes(it.bytes),
            it.untagged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_tags_can_be_moved_may_hang_on_the_tag() {
        let moves = |mutability: &str, excepted: &[&str], tag: &str| {
            let repository = Repository {
                tag_mutability: Some(mutability.to_owned()),
                tag_exclusions: excepted.iter().map(|it| (*it).to_owned()).collect(),
                ..Repository::default()
            };
            repository.moves(tag)
        };
        assert_eq!(moves("MUTABLE", &[], "v1"), Some(true));
        assert_eq!(moves("IMMUTABLE", &[], "v1"), Some(false));
        let (mutable, immutable) = ("MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION");
        assert_eq!(moves(mutable, &["v*"], "v1"), Some(false));
        assert_eq!(moves(mutable, &["v*"], "dev"), Some(true));
        assert_eq!(moves(immutable, &["dev*"], "v1"), Some(false));
        assert_eq!(moves(immutable, &["dev*"], "dev-2"), Some(true));
        assert_eq!(moves(immutable, &[], "v1"), None);
        assert_eq!(moves("A_NEW_WORD", &["v*"], "v1"), None);
    }

    #[test]
    fn only_a_repository_known_to_be_empty_costs_nothing() {
        let mut repository = Repository::default();
        assert_eq!(repository.charges().len(), 1);
        repository.images = Fact::Known(Images::default());
        assert!(repository.charges().is_empty());
    }
}
