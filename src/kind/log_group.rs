//! CloudWatch log group: what was printed, kept for as long as its retention says.
//!
//! Key: the log group's name.

use serde::{Deserialize, Serialize};

use super::{Model, key};
use crate::{
    charge::{Charge, gigabytes},
    relation::Relation,
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogGroup {
    /// `None`: its events never expire.
    pub retention_days: Option<u32>,
    pub stored_bytes: u64,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub class: Option<String>,
    /// ARN of the KMS key.
    pub key: Option<String>,
    pub metric_filters: u32,
    pub deletion_protection: bool,
}

impl Model for LogGroup {
    fn relations(&self) -> Vec<Relation> {
        key::used(self.key.as_deref(), "kmsKeyId")
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let ingestion = if self.class.as_deref() == Some("INFREQUENT_ACCESS") {
            "DataProcessingIA-Bytes"
        } else {
            "DataProcessing-Bytes"
        };
        vec![
            Charge::metered("ingestion", "AmazonCloudWatch", ingestion, "GB"),
            Charge::metered(
                "storage",
                "AmazonCloudWatch",
                "TimedStorage-ByteHrs",
                "GB-month",
            ),
        ]
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteLogGroup).losing(Data::Logs)
    }

    fn summary(&self) -> String {
        let kept = match self.retention_days {
            Some(it) => format!("kept {it} days"),
            None => "never expires".to_owned(),
        };
        let protected = if self.deletion_protection {
            ", deletion protection on"
        } else {
            ""
        };
        format!("{:.1} GB, {kept}{protected}", gigabytes(self.stored_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infrequent_access_has_an_ingestion_price_of_its_own() {
        let group = LogGroup {
            class: Some("INFREQUENT_ACCESS".to_owned()),
            ..LogGroup::default()
        };
        assert_eq!(group.charges()[0].usage, "DataProcessingIA-Bytes");
    }
}
