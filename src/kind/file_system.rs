//! EFS file system: files that tasks and instances share.
//!
//! Key: the file system's id.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Fact, Model, Place, key};
use crate::{
    charge::{Charge, gigabytes},
    relation::Relation,
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileSystem {
    /// AWS's word, `LifeCycleState`: `available`, `deleting`.
    pub status: String,
    pub encrypted: bool,
    /// The KMS key's ARN, also where it is AWS's own.
    pub key: Option<String>,
    /// What is metered, of all storage classes.
    pub size_bytes: u64,
    /// The part of it that lies in Infrequent Access.
    pub infrequent_bytes: u64,
    /// The part of it that lies in Archive.
    pub archive_bytes: u64,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `bursting`, `elastic` or `provisioned`.
    pub throughput_mode: String,
    /// MiB/s, where throughput is provisioned.
    pub provisioned_throughput: Option<Decimal>,
    /// The zone that it is kept in, for a One Zone file system.
    pub zone: Option<String>,
    pub mount_targets: u32,
    /// Whether AWS Backup makes a backup of it every day.
    pub backups: Fact<bool>,
}

impl FileSystem {
    /// AWS has removed it and lists it for a while.
    pub fn is_gone(&self) -> bool {
        self.status == "deleted"
    }

    fn storage(&self) -> Vec<Charge> {
        let cold = self.infrequent_bytes.saturating_add(self.archive_bytes);
        let standard = self.size_bytes.saturating_sub(cold);
        let elastic = self.throughput_mode == "elastic";
        let (warm, infrequent) = match (&self.zone, elastic) {
            (Some(_), _) => ("TimedStorage-Z-ByteHrs", "IATimedStorage-Z-ByteHrs"),
            (None, true) => ("TimedStorage-ByteHrs", "IATimedStorage-ET-ByteHrs"),
            (None, false) => ("TimedStorage-ByteHrs", "IATimedStorage-ByteHrs"),
        };
        [
            ("storage", warm, standard),
            (
                "infrequent access storage",
                infrequent,
                self.infrequent_bytes,
            ),
            (
                "archive storage",
                "ArchiveTimedStorage-ByteHrs",
                self.archive_bytes,
            ),
        ]
        .into_iter()
        .filter(|(_, _, bytes)| *bytes > 0)
        .map(|(component, usage, bytes)| {
            Charge::per_month(component, "AmazonEFS", usage, gigabytes(bytes))
        })
        .collect()
    }

    /// Provisioned throughput is billed above the 1 MiB/s that comes with every 20 GiB stored.
    fn throughput(&self) -> Option<Charge> {
        let cold = self.infrequent_bytes.saturating_add(self.archive_bytes);
        let standard = self.size_bytes.saturating_sub(cold);
        let included = gigabytes(standard) / Decimal::from(20);
        let billed = self.provisioned_throughput? - included;
        (billed > Decimal::ZERO).then(|| {
            Charge::per_month(
                "provisioned throughput",
                "AmazonEFS",
                "ProvisionedTP-MiBpsHrs",
                billed,
            )
        })
    }
}

impl Model for FileSystem {
    fn relations(&self) -> Vec<Relation> {
        if self.is_gone() {
            return Vec::new();
        }
        key::used(self.key.as_deref(), "KmsKeyId")
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.is_gone() {
            return Vec::new();
        }
        let mut charges = self.storage();
        charges.extend(self.throughput());
        if self.throughput_mode == "elastic" {
            charges.push(Charge::metered(
                "reads",
                "AmazonEFS",
                "ETDataAccess-Read-Bytes",
                "GB",
            ));
            charges.push(Charge::metered(
                "writes",
                "AmazonEFS",
                "ETDataAccess-Write-Bytes",
                "GB",
            ));
        }
        charges
    }

    fn removal(&self) -> Removal {
        // Its access points are no kind of ours: which there are is asked at the moment of the call.
        // AWS's manual wants them gone first, and they lose nothing that the files do not.
        // <https://docs.aws.amazon.com/efs/latest/ug/delete-efs-fs.html>
        Removal::after([Action::DeleteAccessPoint], Action::DeleteFileSystem)
            .losing(Data::FileSystems)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let encrypted = if self.encrypted {
            "encrypted"
        } else {
            "not encrypted"
        };
        format!(
            "{:.1} GB, {} mount targets, {} throughput, {encrypted}",
            gigabytes(self.size_bytes),
            self.mount_targets,
            self.throughput_mode
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    const GB: u64 = 1 << 30;

    fn usages(fs: &FileSystem) -> Vec<(String, Amount)> {
        let charges = fs.charges().into_iter();
        charges.map(|it| (it.usage, it.amount)).collect()
    }

    #[test]
    fn each_storage_class_is_billed_for_its_part() {
        let fs = FileSystem {
            size_bytes: 10 * GB,
            infrequent_bytes: 4 * GB,
            throughput_mode: "bursting".to_owned(),
            ..FileSystem::default()
        };
        let month = |it: i64| Amount::PerMonth(Decimal::from(it));
        assert_eq!(
            usages(&fs),
            [
                ("TimedStorage-ByteHrs".to_owned(), month(6)),
                ("IATimedStorage-ByteHrs".to_owned(), month(4)),
            ]
        );
    }

    #[test]
    fn provisioned_throughput_is_billed_above_what_storage_brings() {
        let fs = FileSystem {
            size_bytes: 40 * GB,
            throughput_mode: "provisioned".to_owned(),
            provisioned_throughput: Some(Decimal::from(5)),
            ..FileSystem::default()
        };
        assert_eq!(usages(&fs)[1].1, Amount::PerMonth(Decimal::from(3)));
    }

    #[test]
    fn a_deleted_one_holds_no_key_and_bills_nothing() {
        let fs = FileSystem {
            status: "deleted".to_owned(),
            size_bytes: GB,
            key: Some("arn:aws:kms:us-east-1:1:key/k".to_owned()),
            ..FileSystem::default()
        };
        assert!(fs.relations().is_empty());
        assert!(fs.charges().is_empty());
    }
}
