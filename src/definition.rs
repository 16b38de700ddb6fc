//! What a person says that a rack consists of, where the account alone does not tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{arn, id::ResourceId};

/// A rack by what declares it: a table `[rack.NAME]` of `racklens.toml`, a Terraform state, or both.
///
/// It travels in the snapshot, so that a file tells of the same rack wherever it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Definition {
    /// Names of CloudFormation stacks; those nested in them belong with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<String>,
    /// Name of an ECS cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What bears all of these tags is the rack's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is the rack's because someone says so.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "references")]
    pub own: Vec<ResourceId>,
    /// What stays when the rack goes.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "references")]
    pub keep: Vec<ResourceId>,
    /// What Terraform manages, with the address that it has there: `aws_lb.main`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub terraform: BTreeMap<ResourceId, String>,
}

impl Definition {
    /// Whether it says nothing about what the rack is.
    pub fn is_empty(&self) -> bool {
        let Self {
            stacks,
            cluster,
            tags,
            own,
            keep: _,
            terraform,
        } = self;
        stacks.is_empty()
            && cluster.is_none()
            && tags.is_empty()
            && own.is_empty()
            && terraform.is_empty()
    }
}

/// Reads resource names written `KIND/KEY` or as ARNs.
pub fn references<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ResourceId>, D::Error> {
    let all = Vec::<String>::deserialize(from)?;
    all.iter()
        .map(|it| match arn::resource(it) {
            Some(id) => Ok(id),
            None => it.parse().map_err(D::Error::custom),
        })
        .collect()
}
