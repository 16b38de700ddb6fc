//! STUB

use serde::{Deserialize, Serialize};

use super::Model;
use crate::{relation::Relation, removal::Removal};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bucket {}

impl Model for Bucket {
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn removal(&self) -> Removal {
        Removal::Never("stub")
    }

    fn summary(&self) -> String {
        String::new()
    }
}
