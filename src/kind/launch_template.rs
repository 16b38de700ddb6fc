//! Launch template: what an Auto Scaling group or a person launches, in numbered versions.
//!
//! Key: the template's id.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, key, launch_configuration::Device};
use crate::{
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaunchTemplate {
    /// The version that is meant where none is named.
    pub default_version: u64,
    pub latest_version: u64,
    /// The default and the latest version, one entry where they are the same.
    pub versions: Fact<Vec<Version>>,
}

/// What one version says. What is absent is left to whoever launches, to the image or to AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Version {
    pub number: u64,
    /// Absent also where it asks for any type that has so many CPUs and so much memory.
    pub instance_type: Option<String>,
    /// Id, or `resolve:ssm:` and a parameter's name.
    pub image: Option<String>,
    pub key_pair: Option<String>,
    /// Ids, those of its network interfaces included; names where it was made for machines
    /// outside of any VPC.
    pub security_groups: Vec<String>,
    /// Subnets that its network interfaces name.
    pub subnets: Vec<String>,
    /// Key of the instance profile.
    pub profile: Option<String>,
    pub spot: bool,
    /// The most that it bids for a spot instance, in USD an hour.
    pub spot_price: Option<String>,
    /// Absent where the subnet decides.
    pub public_ip: Option<bool>,
    pub detailed_monitoring: Option<bool>,
    /// `enabled`, `disabled`.
    pub metadata_endpoint: Option<String>,
    /// `required`, `optional`; absent where the image or the account decides.
    pub metadata_tokens: Option<String>,
    /// How many networks an answer about metadata may cross.
    pub metadata_hops: Option<u32>,
    /// How long the user data is; what it says is not kept.
    pub user_data_bytes: u32,
    pub devices: Vec<Device>,
}

impl Version {
    fn relations(&self) -> impl Iterator<Item = Relation> {
        let groups = self
            .security_groups
            .iter()
            .filter(|it| it.starts_with("sg-"));
        let keys = self.devices.iter();
        let keys = keys.filter_map(|it| key::used(it.key.as_deref(), "Ebs.KmsKeyId"));
        let uses = RelationKind::Uses;
        Relation::each(uses, Kind::SecurityGroup, groups, "SecurityGroupIds")
            .chain(Relation::each(
                uses,
                Kind::Subnet,
                &self.subnets,
                "NetworkInterfaces.SubnetId",
            ))
            .chain(Relation::each(
                uses,
                Kind::InstanceProfile,
                &self.profile,
                "IamInstanceProfile",
            ))
            .chain(Relation::each(
                uses,
                Kind::KeyPair,
                &self.key_pair,
                "KeyName",
            ))
            .chain(keys)
    }
}

impl Model for LaunchTemplate {
    fn relations(&self) -> Vec<Relation> {
        let versions = self.versions.known().into_iter().flatten();
        versions.flat_map(Version::relations).collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteLaunchTemplate)
    }

    fn summary(&self) -> String {
        let versions = self.versions.known().into_iter().flatten();
        let usual = versions.filter(|it| it.number == self.default_version);
        let usual = usual.map(|it| {
            let what = it.instance_type.as_deref().unwrap_or("no instance type");
            let spot = if it.spot { " spot" } else { "" };
            let image = it.image.as_deref().unwrap_or("no image");
            format!("{what}{spot} from {image}, ")
        });
        format!(
            "{}version {} is the default, {} the latest",
            usual.collect::<String>(),
            self.default_version,
            self.latest_version
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_uses_what_its_default_and_its_latest_version_name() {
        let old = Version {
            number: 1,
            security_groups: vec!["sg-old".to_owned(), "default".to_owned()],
            ..Version::default()
        };
        let new = Version {
            number: 2,
            security_groups: vec!["sg-new".to_owned()],
            profile: Some("prod-web".to_owned()),
            key_pair: Some("ops".to_owned()),
            devices: vec![Device {
                key: Some("arn:aws:kms:us-east-1:1:key/k".to_owned()),
                ..Device::default()
            }],
            ..Version::default()
        };
        let template = LaunchTemplate {
            default_version: 1,
            latest_version: 2,
            versions: Fact::Known(vec![old, new]),
        };
        let held = template.relations();
        let held: Vec<String> = held.iter().map(|it| it.to.to_string()).collect();
        assert_eq!(
            held,
            [
                "security-group/sg-old",
                "security-group/sg-new",
                "instance-profile/prod-web",
                "key-pair/ops",
                "key/k"
            ]
        );
    }
}
