//! Names for resources: a kind and AWS's own identifier within one account and region.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use crate::kind::Kind;

/// Identifies one resource within one account and region, written `kind/key`.
///
/// Ordered by kind, then by key, so that everything printed from a map keyed by it comes out in
/// the same order every time. The key is the shortest name that AWS itself keeps unique: an EC2
/// id, a bucket name, `cluster/service` for an ECS service. Each kind says what it takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    pub kind: Kind,
    pub key: String,
}

impl ResourceId {
    pub fn new(kind: Kind, key: impl Into<String>) -> Self {
        Self {
            kind,
            key: key.into(),
        }
    }

    /// How the two compare when they are written.
    pub fn cmp_as_text(&self, other: &Self) -> Ordering {
        let kind = |it: &Self| it.kind.name().bytes().chain([b'/']);
        if self.kind == other.kind {
            self.key.cmp(&other.key)
        } else {
            kind(self).cmp(kind(other))
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        f.write_str("/")?;
        f.write_str(&self.key)
    }
}

/// A text that is not `kind/key` with a kind that racklens knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a resource name: expected KIND/KEY, for example security-group/sg-0123")]
pub struct NotAnId(String);

impl FromStr for ResourceId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let no = || NotAnId(text.to_owned());
        let (kind, key) = text.split_once('/').ok_or_else(no)?;
        let kind = Kind::from_name(kind).ok_or_else(no)?;
        if key.is_empty() {
            return Err(no());
        }
        Ok(Self::new(kind, key))
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads it from where it stands in the file, without a copy.
struct Text;

impl Visitor<'_> for Text {
    type Value = ResourceId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource name")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ResourceId, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_hold_slashes() {
        let id: ResourceId = "service/prod/web".parse().unwrap();
        assert_eq!(id, ResourceId::new(Kind::Service, "prod/web"));
        assert_eq!(id.to_string(), "service/prod/web");
    }

    #[test]
    fn what_is_not_an_id_says_what_one_looks_like() {
        for text in ["", "vpc", "vpc/", "planet/mars"] {
            let error = text.parse::<ResourceId>().unwrap_err();
            assert!(error.to_string().contains("KIND/KEY"), "{error}");
        }
    }
}
