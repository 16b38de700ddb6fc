//! EFS mount target: a file system's address in one subnet.
//!
//! Key: the mount target's id.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MountTarget {
    pub file_system: String,
    pub subnet: String,
    pub zone: Option<String>,
    pub vpc: Option<String>,
    /// Its IPv4 address.
    pub ip: Option<String>,
    /// The network interface that AWS made for it, and removes with it.
    pub interface: Option<String>,
    /// AWS's word, `LifeCycleState`: `available`, `deleting`.
    pub status: String,
}

impl Model for MountTarget {
    fn relations(&self) -> Vec<Relation> {
        if self.status == "deleted" {
            return Vec::new();
        }
        let file_system = ResourceId::new(Kind::FileSystem, &self.file_system);
        let subnet = ResourceId::new(Kind::Subnet, &self.subnet);
        let interface = self.interface.iter().map(|it| {
            let interface = ResourceId::new(Kind::NetworkInterface, it);
            Relation::new(RelationKind::Makes, interface, "NetworkInterfaceId")
        });
        let fixed = [
            Relation::new(RelationKind::PartOf, file_system, "FileSystemId"),
            Relation::new(RelationKind::SitsIn, subnet, "SubnetId"),
        ];
        fixed.into_iter().chain(interface).collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteMountTarget)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            vpc: self.vpc.as_deref(),
            subnet: Some(&self.subnet),
        }
    }

    fn summary(&self) -> String {
        let ip = self.ip.as_deref().unwrap_or("no IPv4 address");
        format!("{ip} of {}", self.file_system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_makes_its_interface_and_is_part_of_its_file_system() {
        let mut target = MountTarget {
            file_system: "fs-1".to_owned(),
            subnet: "subnet-1".to_owned(),
            interface: Some("eni-1".to_owned()),
            ..MountTarget::default()
        };
        let edges: Vec<String> = target
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            edges,
            [
                "part-of file-system/fs-1",
                "sits-in subnet/subnet-1",
                "makes network-interface/eni-1"
            ]
        );
        target.status = "deleted".to_owned();
        assert!(target.relations().is_empty());
    }
}
