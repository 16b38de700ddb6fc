//! EBS snapshot: a copy of a volume, kept by itself.
//!
//! Key: the snapshot's id. Those of databases and of backup plans are none of these.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model};
use crate::{
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::Removal,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EbsSnapshot {
    /// Id of the volume that it is a copy of, which may be gone; absent where it is a copy of
    /// another snapshot.
    pub volume: Option<String>,
    /// Of the volume; what the snapshot takes is less, and AWS does not tell it.
    pub size_gib: u32,
    /// AWS's word: `pending`, `completed`, `error`.
    pub status: String,
    /// Free text; AWS's services write into it what they made it for.
    pub description: String,
    pub encrypted: bool,
    /// Key of the KMS key.
    pub key: Option<String>,
    /// Ids of the images that are made of it, disabled ones among them.
    pub images: Fact<Vec<String>>,
    /// Those of them that anybody may launch a machine from.
    pub public_images: Fact<Vec<String>>,
    /// Whether anybody may make a volume of it.
    pub public: Fact<bool>,
}

impl Model for EbsSnapshot {
    fn relations(&self) -> Vec<Relation> {
        Relation::each(RelationKind::Uses, Kind::Key, &self.key, "KmsKeyId").collect()
    }

    fn charges(&self) -> Vec<Charge> {
        vec![Charge::metered(
            "storage",
            "AmazonEC2",
            "EBS:SnapshotUsage",
            "GB-month",
        )]
    }

    fn removal(&self) -> Removal {
        Removal::Never("it may be the only copy of its data")
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let of = self.volume.as_deref();
        let of = of.map(|it| format!(" of {it}")).unwrap_or_default();
        let public = if self.public == Fact::Known(true) {
            ", open to everybody"
        } else {
            ""
        };
        format!("{} GiB{of}{public}", self.size_gib)
    }
}
