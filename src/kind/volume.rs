//! EBS volume: a disk.
//!
//! Key: the volume's id.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    charge::{Amount, Charge},
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

/// What every gp3 volume has without paying for it.
const GP3_IOPS: u32 = 3000;
/// MiB/s that every gp3 volume has without paying for them.
const GP3_THROUGHPUT: u32 = 125;
/// Where the second and the third price for io2's IOPS begin.
const IO2_TIERS: [u32; 2] = [32_000, 64_000];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Volume {
    pub size_gib: u32,
    /// AWS's word: `gp2`, `gp3`, `io1`, `io2`, `st1`, `sc1`, `standard`.
    pub volume_type: String,
    /// Absent where the type has no such number.
    pub iops: Option<u32>,
    /// MiB/s; absent where the type has no such number.
    pub throughput: Option<u32>,
    pub encrypted: bool,
    /// Key of the KMS key.
    pub key: Option<String>,
    pub zone: String,
    /// `available` where nothing has it, `in-use`, `creating`, `deleting`, `error`.
    pub status: String,
    pub attachments: Vec<Attachment>,
    /// The snapshot that it was made from.
    pub snapshot: Option<String>,
    /// The AWS service that made it and deletes it; empty where AWS does not name it.
    pub managed_by: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachment {
    /// Absent where the instance is a service's and not ours to see.
    pub instance: Option<String>,
    pub device: Option<String>,
    /// `attached`, `detaching`, `busy`.
    pub status: String,
    pub delete_on_termination: bool,
}

impl Volume {
    /// Deleted, and merely still listed.
    pub fn is_gone(&self) -> bool {
        matches!(self.status.as_str(), "deleting" | "deleted")
    }

    /// What its IOPS and throughput cost on top of its size.
    fn speed(&self) -> Vec<Charge> {
        let iops = self.iops.unwrap_or_default();
        match self.volume_type.as_str() {
            "gp3" => {
                let throughput = self.throughput.unwrap_or_default();
                let paid = throughput.saturating_sub(GP3_THROUGHPUT);
                vec![
                    month(
                        "IOPS",
                        "EBS:VolumeP-IOPS.gp3",
                        iops.saturating_sub(GP3_IOPS),
                    ),
                    // AWS counts MiB/s here and bills GiB/s.
                    month(
                        "throughput",
                        "EBS:VolumeP-Throughput.gp3",
                        Decimal::from(paid) / Decimal::from(1024),
                    ),
                ]
            }
            "io1" => vec![month("IOPS", "EBS:VolumeP-IOPS.piops", iops)],
            "io2" => {
                let [second, third] = IO2_TIERS;
                let above = iops.saturating_sub(second);
                let far_above = iops.saturating_sub(third);
                vec![
                    month("IOPS", "EBS:VolumeP-IOPS.io2", iops.min(second)),
                    month("IOPS", "EBS:VolumeP-IOPS.io2.tier2", above - far_above),
                    month("IOPS", "EBS:VolumeP-IOPS.io2.tier3", far_above),
                ]
            }
            "standard" => vec![Charge::metered(
                "requests",
                "AmazonEC2",
                "EBS:VolumeIOUsage",
                "request",
            )],
            _ => Vec::new(),
        }
    }
}

fn month(component: &'static str, usage: &str, units: impl Into<Decimal>) -> Charge {
    Charge::per_month(component, "AmazonEC2", usage, units)
}

impl Model for Volume {
    fn relations(&self) -> Vec<Relation> {
        if self.is_gone() {
            return Vec::new();
        }
        Relation::each(RelationKind::Uses, Kind::Key, &self.key, "KmsKeyId").collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.is_gone() {
            return Vec::new();
        }
        let usage = match self.volume_type.as_str() {
            "standard" => "EBS:VolumeUsage".to_owned(),
            "io1" => "EBS:VolumeUsage.piops".to_owned(),
            other => format!("EBS:VolumeUsage.{other}"),
        };
        let nothing = Amount::PerMonth(Decimal::ZERO);
        let speed = self.speed().into_iter().filter(|it| it.amount != nothing);
        [month("storage", &usage, self.size_gib)]
            .into_iter()
            .chain(speed)
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.is_gone() {
            return Removal::Follows("AWS is deleting it already");
        }
        if self.managed_by.is_some() {
            return Removal::Follows("the AWS service that made the volume deletes it");
        }
        if self.attachments.iter().any(|it| it.delete_on_termination) {
            return Removal::Follows("AWS deletes the volume with its instance");
        }
        Removal::by(Action::DeleteVolume).losing(Data::Volumes)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: Some(&self.zone),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let encrypted = if self.encrypted {
            "encrypted"
        } else {
            "not encrypted"
        };
        let users = self
            .attachments
            .iter()
            .filter_map(|it| it.instance.as_deref());
        let users: Vec<&str> = users.collect();
        let users = if users.is_empty() {
            "on nothing".to_owned()
        } else {
            format!("on {}", users.join(", "))
        };
        format!(
            "{} GiB {}, {encrypted}, {users}",
            self.size_gib, self.volume_type
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(volume_type: &str, iops: u32, throughput: u32) -> Volume {
        Volume {
            size_gib: 100,
            volume_type: volume_type.to_owned(),
            iops: Some(iops),
            throughput: Some(throughput),
            ..Volume::default()
        }
    }

    fn bill(volume: &Volume) -> Vec<String> {
        let charges = volume.charges().into_iter();
        let line = |it: Charge| match it.amount {
            Amount::PerMonth(units) => format!("{} {}", it.usage, units.normalize()),
            Amount::PerHour(_) | Amount::Metered(_) | Amount::Unread(_) => it.usage,
        };
        charges.map(line).collect()
    }

    #[test]
    fn only_speed_above_the_baseline_is_paid_for() {
        assert_eq!(bill(&volume("gp3", 3000, 125)), ["EBS:VolumeUsage.gp3 100"]);
        assert_eq!(
            bill(&volume("gp3", 4000, 637)),
            [
                "EBS:VolumeUsage.gp3 100",
                "EBS:VolumeP-IOPS.gp3 1000",
                "EBS:VolumeP-Throughput.gp3 0.5"
            ]
        );
        // AWS tells the IOPS of a gp2 volume too, but they come with its size.
        assert_eq!(bill(&volume("gp2", 300, 0)), ["EBS:VolumeUsage.gp2 100"]);
    }

    #[test]
    fn the_iops_of_an_io2_volume_have_three_prices() {
        assert_eq!(
            bill(&volume("io2", 70_000, 0)),
            [
                "EBS:VolumeUsage.io2 100",
                "EBS:VolumeP-IOPS.io2 32000",
                "EBS:VolumeP-IOPS.io2.tier2 32000",
                "EBS:VolumeP-IOPS.io2.tier3 6000"
            ]
        );
    }

    #[test]
    fn old_types_have_names_of_their_own_on_the_bill() {
        assert_eq!(
            bill(&volume("io1", 500, 0)),
            ["EBS:VolumeUsage.piops 100", "EBS:VolumeP-IOPS.piops 500"]
        );
        assert_eq!(
            bill(&volume("standard", 0, 0)),
            ["EBS:VolumeUsage 100", "EBS:VolumeIOUsage"]
        );
    }

    #[test]
    fn a_disk_that_outlives_its_instance_needs_consent() {
        let mut volume = volume("gp3", 3000, 125);
        volume.attachments.push(Attachment::default());
        let consent = Removal::by(Action::DeleteVolume).losing(Data::Volumes);
        assert_eq!(volume.removal(), consent);
        volume.attachments[0].delete_on_termination = true;
        assert!(matches!(volume.removal(), Removal::Follows(_)));
    }
}
