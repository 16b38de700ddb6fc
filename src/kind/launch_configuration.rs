//! Launch configuration: what an Auto Scaling group launches, in the old style.
//!
//! Key: the configuration's name.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaunchConfiguration {
    pub instance_type: String,
    pub image: String,
    pub key_pair: Option<String>,
    /// Ids, or names where it was made for machines outside of any VPC.
    pub security_groups: Vec<String>,
    /// Key of the instance profile.
    pub profile: Option<String>,
    /// The most that it bids for a spot instance, in USD an hour; absent for on-demand.
    pub spot_price: Option<String>,
    /// Absent where the subnet decides.
    pub public_ip: Option<bool>,
    /// Absent where AWS decides; AWS's default is yes.
    pub detailed_monitoring: Option<bool>,
    /// `enabled`, `disabled`; absent where AWS decides.
    pub metadata_endpoint: Option<String>,
    /// `required`, `optional`; absent where the image or the account decides.
    pub metadata_tokens: Option<String>,
    /// How many networks an answer about metadata may cross; absent where AWS decides.
    pub metadata_hops: Option<u32>,
    /// How long the user data is; what it says is not kept.
    pub user_data_bytes: u32,
    pub devices: Vec<Device>,
}

/// A disk that its instances start with. What is absent is as the image has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// `/dev/xvda`.
    pub name: String,
    pub size_gib: Option<u32>,
    /// AWS's word: `gp2`, `gp3`.
    pub volume_type: Option<String>,
    pub iops: Option<u32>,
    /// MiB/s.
    pub throughput: Option<u32>,
    pub encrypted: Option<bool>,
    /// The KMS key, by id, ARN or alias; a launch configuration cannot name one.
    pub key: Option<String>,
    pub delete_on_termination: Option<bool>,
    pub snapshot: Option<String>,
}

impl Model for LaunchConfiguration {
    fn relations(&self) -> Vec<Relation> {
        let groups = self
            .security_groups
            .iter()
            .filter(|it| it.starts_with("sg-"));
        let uses = RelationKind::Uses;
        Relation::each(uses, Kind::SecurityGroup, groups, "SecurityGroups")
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
            .collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteLaunchConfiguration)
    }

    fn summary(&self) -> String {
        let spot = if self.spot_price.is_some() {
            " spot"
        } else {
            ""
        };
        format!("{}{spot} from {}", self.instance_type, self.image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_goes_by_its_name_is_no_edge() {
        let configuration = LaunchConfiguration {
            security_groups: vec!["default".to_owned(), "sg-1".to_owned()],
            profile: Some("prod-web".to_owned()),
            ..LaunchConfiguration::default()
        };
        let held = configuration.relations();
        let held: Vec<String> = held.iter().map(|it| it.to.to_string()).collect();
        assert_eq!(held, ["security-group/sg-1", "instance-profile/prod-web"]);
    }
}
