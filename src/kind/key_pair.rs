//! Key pair: the public half of a key that opens a shell on instances.
//!
//! Key: the pair's name, by which instances and launch configurations refer to it.

use serde::{Deserialize, Serialize};

use super::Model;
use crate::{
    relation::Relation,
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPair {
    /// `key-…`; unlike the name it is never used again.
    pub key_pair_id: String,
    /// `rsa` or `ed25519`.
    #[serde(rename = "type")]
    pub key_type: Option<String>,
}

impl Model for KeyPair {
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteKeyPair)
    }

    fn summary(&self) -> String {
        let key_type = self.key_type.as_deref().unwrap_or("type unknown");
        format!("{key_type}, {}", self.key_pair_id)
    }
}
