//! What was found at one moment, and what could not be read: the file format and nothing more.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    definition::Definition,
    id::ResourceId,
    kind::{Attrs, Kind},
    text,
};

mod gaps;
pub mod money;

pub use {gaps::Gaps, money::Money};

/// The format that this version writes. Raised when an older racklens would misread a file.
pub const FORMAT: u32 = 1;

/// Everything known about one rack and its neighbours at one moment.
///
/// Holds no value of an environment variable, a secret, a parameter or user data: the rooms of
/// the kinds store their names, lengths and kinds only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    pub format: u32,
    /// The version of racklens that wrote it.
    pub tool: String,
    /// When reading began; ages are counted from here.
    pub taken: Timestamp,
    /// How long reading took.
    pub took_ms: u64,
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// ARN of who asked.
    pub identity: String,
    /// The rack that was asked for.
    pub rack: String,
    /// What a person said that the rack consists of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Definition>,
    /// Requests sent, by operation, retries included.
    pub calls: BTreeMap<String, u64>,
    pub gaps: Vec<Gap>,
    /// What was learned about money, where it was asked for.
    #[serde(default, skip_serializing_if = "Money::is_empty")]
    pub money: Money,
    /// In order of their ids, each id once.
    pub resources: Vec<Resource>,
    #[serde(skip)]
    pub origin: Origin,
}

/// SHA-256 of the file that a snapshot was read from, unpacked. No part of what it says, so that
/// all of them are equal.
#[derive(Clone, Debug, Default)]
pub struct Origin(Option<String>);

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origin {}

/// One thing that AWS described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    pub id: ResourceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The name that a person gave it, where that is not its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    pub attrs: Attrs,
}

/// What could not be read. A rule that needs it says "unknown", never "fine"; a teardown that
/// needs it refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The kind of which less is known because of it.
    pub kind: Kind,
    /// The one resource that it is about; `None` when a whole listing failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// The call, for example `s3:GetBucketTagging`.
    pub call: String,
    /// The IAM action that allows the call, for example `s3:GetBucketTagging`.
    pub action: String,
    pub reason: Reason,
    /// AWS's error code, or ours where no answer came.
    pub code: String,
    /// What AWS said, cut to 300 characters.
    pub message: String,
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The identity may not ask.
    Denied,
    /// AWS asked for patience more often than we have.
    Throttled,
    /// No answer came in time, or no connection.
    Unreachable,
    /// The answer could not be understood, or lacked what it must have.
    Malformed,
    /// AWS answered with another error.
    Failed,
}

impl Reason {
    /// The word for it in a sentence: "denied".
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::Failed => "failed",
        }
    }
}

impl Resource {
    pub fn new(key: impl Into<String>, attrs: impl Into<Attrs>) -> Self {
        let attrs = attrs.into();
        Self {
            id: ResourceId::new(attrs.kind(), key),
            arn: None,
            name: None,
            created: None,
            tags: BTreeMap::new(),
            attrs,
        }
    }

    pub fn arn(mut self, arn: impl Into<Option<String>>) -> Self {
        self.arn = arn.into();
        self
    }

    /// Kept only when it says more than the key.
    pub fn name(mut self, name: impl Into<Option<String>>) -> Self {
        self.name = name
            .into()
            .filter(|it| *it != self.id.key && !it.is_empty());
        self
    }

    pub fn created(mut self, created: impl Into<Option<Timestamp>>) -> Self {
        self.created = created.into();
        self
    }

    /// Sets the tags, and the name from tag `Name` where AWS itself has only a number for it.
    pub fn tags(mut self, tags: BTreeMap<String, String>) -> Self {
        if self.name.is_none() && self.id.kind.is_named_by_tag() {
            let name = tags.get("Name").cloned();
            self = self.name(name);
        }
        self.tags = tags;
        self
    }

    /// What to call it: its name where it has one, else its key.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.key)
    }
}

/// Why a text is not a snapshot that this version can use.
#[derive(Debug, thiserror::Error)]
pub enum BadSnapshot {
    #[error("not a snapshot: {0}")]
    Foreign(String),
    #[error(
        "format {found}, written by a newer racklens ({tool}); this one reads format {FORMAT} and older"
    )]
    Newer { found: u32, tool: String },
    #[error(
        "written by a newer racklens ({tool}), and this one does not know what stands at `{path}`: \
         {source}"
    )]
    Later {
        path: String,
        tool: String,
        source: serde_json::Error,
    },
    #[error("damaged or cut short at `{path}`: {source}")]
    Damaged {
        path: String,
        source: serde_json::Error,
    },
}

/// What is wrong with a text that is no snapshot of ours.
fn why_bad(json: &[u8], source: serde_json::Error) -> BadSnapshot {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
        #[serde(default)]
        tool: String,
    }
    let head: Head = match serde_json::from_slice(json) {
        Ok(it) => it,
        Err(it) if it.is_eof() => {
            let path = "end of file".to_owned();
            return BadSnapshot::Damaged { path, source: it };
        }
        Err(it) => return BadSnapshot::Foreign(it.to_string()),
    };
    if head.format > FORMAT {
        return BadSnapshot::Newer {
            found: head.format,
            tool: head.tool,
        };
    }
    let mut json = serde_json::Deserializer::from_slice(json);
    let again = serde_path_to_error::deserialize::<_, Snapshot>(&mut json);
    let path = again.map_or_else(|it| it.path().to_string(), |_| String::new());
    if version(&head.tool) > version(env!("CARGO_PKG_VERSION")) {
        let tool = head.tool;
        return BadSnapshot::Later { path, tool, source };
    }
    BadSnapshot::Damaged { path, source }
}

/// The numbers of `racklens 0.2.0`; nothing where there are none.
fn version(tool: &str) -> Vec<u64> {
    let last = tool.split_whitespace().next_back().unwrap_or_default();
    last.split('.').map_while(|it| it.parse().ok()).collect()
}

impl Snapshot {
    /// Reads the JSON of a snapshot file.
    ///
    /// # Errors
    /// When it is no snapshot, was written by a newer format, or is damaged; the error names the
    /// place in the file.
    pub fn parse(json: &[u8]) -> Result<Self, BadSnapshot> {
        // Nearly always it is a good one, and large: only a bad one is read a second time, for the
        // place in it.
        let mut snapshot = match serde_json::from_slice::<Self>(json) {
            Ok(it) if it.format <= FORMAT => it,
            Ok(it) => {
                let (found, tool) = (it.format, it.tool);
                return Err(BadSnapshot::Newer { found, tool });
            }
            Err(source) => return Err(why_bad(json, source)),
        };
        snapshot.sort();
        snapshot.origin = Origin(Some(text::digest(json, text::SHA256)));
        Ok(snapshot)
    }

    /// SHA-256 of its file, unpacked: the first `digits` of its hex digits. Of one that came from
    /// no file it is that of the file which it would be.
    pub fn digest(&self, digits: usize) -> String {
        let digest = match &self.origin.0 {
            Some(it) => Cow::Borrowed(it),
            None => Cow::Owned(text::json_digest(self, text::SHA256)),
        };
        digest.chars().take(digits).collect()
    }

    /// The JSON of a snapshot file: one line a resource would be unreadable, so it is indented.
    pub fn to_json(&self) -> String {
        text::json(self)
    }

    /// Sorts what has no order of its own and keeps each id once, the first one told.
    pub fn sort(&mut self) {
        self.resources.sort_by(|a, b| a.id.cmp(&b.id));
        self.resources.dedup_by(|a, b| a.id == b.id);
        self.gaps.sort();
        self.gaps.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_the_digest_of_its_file_before_and_after_it_is_written() {
        let fresh = Snapshot {
            format: FORMAT,
            tool: "0".to_owned(),
            taken: Timestamp::UNIX_EPOCH,
            took_ms: 0,
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            identity: String::new(),
            rack: "prod".to_owned(),
            definition: None,
            calls: BTreeMap::new(),
            gaps: Vec::new(),
            resources: vec![crate::testing::stack("prod")],
            origin: Origin::default(),
            money: Money::default(),
        };
        let file = fresh.to_json();
        let read = Snapshot::parse(file.as_bytes()).unwrap();
        assert_eq!(fresh.digest(16), read.digest(16));
        assert_eq!(read.digest(64), text::digest(file.as_bytes(), 64));
    }
}
