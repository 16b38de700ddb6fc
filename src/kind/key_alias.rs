//! KMS alias: a name for a key.
//!
//! Key: the alias with its prefix, `alias/NAME`.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyAlias {
    /// The id of the key that it names; AWS's own may name none yet.
    pub target: Option<String>,
    /// Whether AWS keeps it, as it does all of `alias/aws/`.
    pub aws_managed: bool,
}

impl Model for KeyAlias {
    fn relations(&self) -> Vec<Relation> {
        let key = self.target.iter().map(|it| {
            let key = ResourceId::new(Kind::Key, it);
            Relation::new(RelationKind::PartOf, key, "TargetKeyId")
        });
        key.collect()
    }

    fn removal(&self) -> Removal {
        if self.aws_managed {
            return Removal::Never("AWS keeps this alias for its own key");
        }
        Removal::by(Action::DeleteAlias)
    }

    fn summary(&self) -> String {
        match &self.target {
            Some(it) => format!("names key {it}"),
            None => "names no key".to_owned(),
        }
    }
}
