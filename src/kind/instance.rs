//! EC2 instance: a machine.
//!
//! Key: the instance's id. AWS lists a terminated one for about an hour.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place};
use crate::{
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

/// AWS's code for running a plain Linux, which is all that the instance hour pays for.
const LINUX: &str = "RunInstances";

/// How many metrics detailed monitoring adds, each billed like one of the account's own.
const DETAILED_METRICS: u32 = 7;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instance {
    pub instance_type: String,
    /// AWS's word: `pending`, `running`, `shutting-down`, `terminated`, `stopping`, `stopped`.
    pub status: String,
    pub zone: Option<String>,
    pub vpc: Option<String>,
    pub subnet: Option<String>,
    pub private_ip: Option<String>,
    pub public_ip: Option<String>,
    /// Public IPv4 addresses that AWS lends it while it runs; Elastic IPs are not among them.
    pub lent_addresses: u32,
    pub ipv6_addresses: Vec<String>,
    pub image: Option<String>,
    pub key_pair: Option<String>,
    /// AWS's words, such as `Windows` or `Red Hat Enterprise Linux`; absent for plain Linux.
    pub platform: Option<String>,
    /// AWS's code for the software that is billed with it: `RunInstances:0002`.
    pub usage_operation: Option<String>,
    /// `x86_64`, `arm64`.
    pub architecture: Option<String>,
    /// `spot`, `scheduled`, `capacity-block`; absent for on-demand.
    pub lifecycle: Option<String>,
    /// `dedicated`, `host`; absent for shared hardware.
    pub tenancy: Option<String>,
    pub security_groups: Vec<String>,
    /// Key of the instance profile.
    pub profile: Option<String>,
    /// The Auto Scaling group that launched it, from tag `aws:autoscaling:groupName`.
    pub auto_scaling_group: Option<String>,
    /// Keys of its network interfaces.
    pub interfaces: Vec<String>,
    /// Those of `interfaces` that are only detached when it goes.
    pub lasting_interfaces: Vec<String>,
    pub volumes: Vec<Attached>,
    /// `None` where AWS says something else than on or off.
    pub detailed_monitoring: Option<bool>,
    /// Whether its metadata can be asked for at all: `enabled`, `disabled`.
    pub metadata_endpoint: Option<String>,
    /// Whether its metadata is given to those with a token only: `required`, `optional`.
    pub metadata_tokens: Option<String>,
    /// How many networks an answer about metadata may cross.
    pub metadata_hops: Option<u32>,
    /// When it was started last.
    pub launched: Option<Timestamp>,
    /// Asked for a teardown, of the rack's own that no Auto Scaling group keeps: a group terminates
    /// its instances all the same.
    pub protection: Fact<Protection>,
    /// Whether the account's free tier covers the type; asked of the rack's own.
    pub free_tier: Fact<bool>,
}

/// What `DescribeInstanceAttribute` tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Protection {
    /// Attribute `disableApiTermination`.
    pub termination: bool,
    /// Attribute `disableApiStop`, which keeps it from being terminated, too.
    pub stop: bool,
}

/// A volume that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attached {
    /// Key of the volume.
    pub volume: String,
    /// `/dev/xvda`.
    pub device: String,
    pub delete_on_termination: bool,
}

impl Instance {
    /// Deleted, and merely still listed.
    pub fn is_gone(&self) -> bool {
        self.status == "terminated"
    }

    pub fn is_running(&self) -> bool {
        self.status == "running"
    }

    /// The usage type of its hours.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn hours(&self) -> Result<String, &'static str> {
        let name = match (self.lifecycle.as_deref(), self.tenancy.as_deref()) {
            (_, Some("host")) => {
                return Err("its dedicated host is billed, and hosts are not read");
            }
            (Some("spot"), _) => "SpotUsage",
            (_, Some("dedicated")) => "DedicatedUsage",
            _ => "BoxUsage",
        };
        let usage = format!("{name}:{}", self.instance_type);
        if let Some(bought) = self.lifecycle.as_deref().filter(|it| *it != "spot") {
            return Ok(format!("{usage}|lifecycle={bought}"));
        }
        // Other software than Linux has the same usage type at another price.
        match (self.usage_operation.as_deref(), self.platform.as_deref()) {
            (None, None) | (Some(LINUX), _) => Ok(usage),
            (Some(software), _) => Ok(format!("{usage}|operation={software}")),
            (None, Some(software)) => Ok(format!("{usage}|operatingSystem={software}")),
        }
    }
}

impl Model for Instance {
    fn relations(&self) -> Vec<Relation> {
        if self.is_gone() {
            return Vec::new();
        }
        let (uses, makes) = (RelationKind::Uses, RelationKind::Makes);
        let volumes = self.volumes.iter().map(|it| {
            let kind = if it.delete_on_termination {
                makes
            } else {
                uses
            };
            let volume = ResourceId::new(Kind::Volume, &it.volume);
            Relation::new(kind, volume, "BlockDeviceMappings.Ebs.VolumeId")
        });
        let interfaces = self.interfaces.iter().map(|it| {
            let kind = if self.lasting_interfaces.contains(it) {
                uses
            } else {
                makes
            };
            let interface = ResourceId::new(Kind::NetworkInterface, it);
            Relation::new(kind, interface, "NetworkInterfaces.NetworkInterfaceId")
        });
        let sits = RelationKind::SitsIn;
        interfaces
            .chain(volumes)
            .chain(Relation::each(
                uses,
                Kind::SecurityGroup,
                &self.security_groups,
                "SecurityGroups",
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
            .chain(Relation::each(sits, Kind::Subnet, &self.subnet, "SubnetId"))
            .chain(Relation::each(sits, Kind::Vpc, &self.vpc, "VpcId"))
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if !self.is_running() {
            return Vec::new();
        }
        let (component, service) = ("instance hours", "AmazonEC2");
        let hours = match self.hours() {
            Ok(usage) => Charge::per_hour(component, service, usage, 1),
            Err(why) => Charge::unread(component, service, why),
        };
        let lent = (self.lent_addresses > 0).then(|| {
            Charge::per_hour(
                "public IPv4 address",
                "AmazonVPC",
                "PublicIPv4:InUseAddress",
                self.lent_addresses,
            )
        });
        let metrics = match self.detailed_monitoring {
            Some(false) => None,
            Some(true) => Some(Charge::per_month(
                "detailed monitoring",
                "AmazonCloudWatch",
                "CW:MetricMonitorUsage",
                DETAILED_METRICS,
            )),
            None => Some(Charge::unread(
                "detailed monitoring",
                "AmazonCloudWatch",
                "AWS's word for how it is monitored is not known",
            )),
        };
        [Some(hours), lent, metrics].into_iter().flatten().collect()
    }

    fn removal(&self) -> Removal {
        if self.is_gone() {
            return Removal::Follows("it is terminated; AWS lists it for about an hour more");
        }
        if self.auto_scaling_group.is_some() {
            return Removal::Follows("its Auto Scaling group terminates it");
        }
        Removal::by(Action::TerminateInstances)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            vpc: self.vpc.as_deref(),
            subnet: self.subnet.as_deref(),
        }
    }

    fn summary(&self) -> String {
        let words = [
            Some(&self.instance_type),
            self.lifecycle.as_ref(),
            self.platform.as_ref(),
            self.zone.as_ref(),
            self.private_ip.as_ref(),
            self.public_ip.as_ref(),
        ];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    fn instance() -> Instance {
        Instance {
            detailed_monitoring: Some(false),
            instance_type: "t2.small".to_owned(),
            status: "running".to_owned(),
            subnet: Some("subnet-1".to_owned()),
            ..Instance::default()
        }
    }

    fn edges(instance: &Instance) -> Vec<String> {
        let edges = instance.relations();
        edges
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect()
    }

    #[test]
    fn it_makes_what_goes_with_it_and_uses_what_stays() {
        let disk = |volume: &str, delete_on_termination| Attached {
            volume: volume.to_owned(),
            delete_on_termination,
            ..Attached::default()
        };
        let instance = Instance {
            interfaces: vec!["eni-1".to_owned(), "eni-2".to_owned()],
            lasting_interfaces: vec!["eni-2".to_owned()],
            volumes: vec![disk("vol-1", true), disk("vol-2", false)],
            ..instance()
        };
        assert_eq!(
            edges(&instance),
            [
                "makes network-interface/eni-1",
                "uses network-interface/eni-2",
                "makes volume/vol-1",
                "uses volume/vol-2",
                "sits-in subnet/subnet-1"
            ]
        );
    }

    #[test]
    fn a_terminated_one_holds_and_costs_nothing() {
        let mut instance = instance();
        instance.status = "terminated".to_owned();
        assert!(instance.relations().is_empty());
        assert!(instance.charges().is_empty());
    }

    #[test]
    fn a_stopped_one_holds_on_but_is_not_billed() {
        let mut instance = instance();
        instance.status = "stopped".to_owned();
        assert_eq!(edges(&instance), ["sits-in subnet/subnet-1"]);
        assert!(instance.charges().is_empty());
    }

    #[test]
    fn only_plain_linux_has_the_plain_price() {
        for (operation, platform, usage) in [
            ("", "", "BoxUsage:t2.small"),
            ("RunInstances", "", "BoxUsage:t2.small"),
            (
                "RunInstances:0002",
                "Windows",
                "BoxUsage:t2.small|operation=RunInstances:0002",
            ),
            ("", "windows", "BoxUsage:t2.small|operatingSystem=windows"),
        ] {
            let some = |it: &str| (!it.is_empty()).then(|| it.to_owned());
            let instance = Instance {
                usage_operation: some(operation),
                platform: some(platform),
                ..instance()
            };
            assert_eq!(instance.hours().as_deref(), Ok(usage));
        }
    }

    #[test]
    fn spot_and_dedicated_machines_have_prices_of_their_own() {
        let mut instance = instance();
        instance.lifecycle = Some("spot".to_owned());
        assert_eq!(instance.hours().as_deref(), Ok("SpotUsage:t2.small"));
        instance.lifecycle = None;
        instance.tenancy = Some("dedicated".to_owned());
        assert_eq!(instance.hours().as_deref(), Ok("DedicatedUsage:t2.small"));
    }

    #[test]
    fn what_was_bought_in_advance_has_not_the_price_on_demand() {
        let mut instance = instance();
        instance.lifecycle = Some("capacity-block".to_owned());
        let usage = "BoxUsage:t2.small|lifecycle=capacity-block";
        assert_eq!(instance.hours().as_deref(), Ok(usage));
    }

    #[test]
    fn on_a_dedicated_host_the_host_is_billed_and_was_not_read() {
        let mut instance = instance();
        instance.tenancy = Some("host".to_owned());
        assert!(matches!(instance.charges()[0].amount, Amount::Unread(_)));
    }

    #[test]
    fn detailed_monitoring_is_seven_metrics() {
        let instance = Instance {
            detailed_monitoring: Some(true),
            ..instance()
        };
        let seven = Amount::PerMonth(7.into());
        assert_eq!(instance.charges()[1].amount, seven);
    }

    #[test]
    fn an_address_of_its_own_is_billed_with_it() {
        let mut instance = instance();
        instance.public_ip = Some("203.0.113.9".to_owned());
        assert_eq!(
            instance.charges().len(),
            1,
            "an Elastic IP bills for itself"
        );
        instance.lent_addresses = 1;
        assert_eq!(instance.charges()[1].usage, "PublicIPv4:InUseAddress");
    }

    #[test]
    fn a_group_would_replace_what_we_terminate() {
        let mut instance = instance();
        let terminate = Removal::by(Action::TerminateInstances);
        assert_eq!(instance.removal(), terminate);
        instance.auto_scaling_group = Some("prod-instances".to_owned());
        assert!(matches!(instance.removal(), Removal::Follows(_)));
    }
}
