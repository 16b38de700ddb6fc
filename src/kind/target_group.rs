//! Target group: the machines, addresses or functions among which requests are shared out.
//!
//! Key: the target group's name.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place};
use crate::{
    arn,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetGroup {
    /// AWS's word: `HTTP`, `HTTPS`, `TCP`; absent for functions.
    pub protocol: Option<String>,
    /// `HTTP1`, `HTTP2`, `GRPC`.
    pub protocol_version: Option<String>,
    /// Where a target listens unless it was registered with another port.
    pub port: Option<u16>,
    /// `instance`, `ip`, `lambda`, `alb`.
    pub target_type: String,
    /// Absent for functions.
    pub vpc: Option<String>,
    /// Keys of the load balancers that send to it.
    pub load_balancers: Vec<String>,
    pub health_check: HealthCheck,
    /// What `DescribeTargetHealth` tells.
    pub targets: Fact<Vec<Target>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheck {
    pub enabled: bool,
    pub protocol: Option<String>,
    pub path: Option<String>,
    /// A number, or `traffic-port` for each target's own.
    pub port: Option<String>,
    /// Seconds between checks.
    pub interval: Option<u32>,
    /// Seconds after which no answer is a bad one.
    pub timeout: Option<u32>,
    /// Good answers in a row that make a target healthy.
    pub healthy_threshold: Option<u32>,
    /// Bad answers in a row that make it unhealthy.
    pub unhealthy_threshold: Option<u32>,
    /// Status codes that count as good: `200-299`.
    pub success: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// An instance's id, an address, or an ARN.
    pub id: String,
    pub port: Option<u16>,
    /// Of an address outside of the VPC: `all` or a zone.
    pub zone: Option<String>,
    /// AWS's word: `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable`.
    pub state: String,
    /// AWS's code: `Target.Timeout`, `Elb.InternalError`.
    pub reason: Option<String>,
    pub description: Option<String>,
}

impl TargetGroup {
    /// The resource that a target is; an address is none that can be known here.
    fn resource(&self, target: &Target) -> Option<ResourceId> {
        match self.target_type.as_str() {
            "instance" => Some(ResourceId::new(Kind::Instance, &target.id)),
            _ => arn::resource(&target.id),
        }
    }
}

impl Model for TargetGroup {
    fn relations(&self) -> Vec<Relation> {
        let vpc = self.vpc.iter().map(|it| {
            let vpc = ResourceId::new(Kind::Vpc, it);
            Relation::new(RelationKind::SitsIn, vpc, "VpcId")
        });
        let targets = self.targets.known().into_iter().flatten();
        let targets = targets.filter_map(|it| {
            let evidence = "TargetHealthDescriptions.Target.Id";
            let to = self.resource(it)?;
            Some(Relation::new(RelationKind::ForwardsTo, to, evidence).port(it.port))
        });
        targets.chain(vpc).collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteTargetGroup)
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: self.vpc.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let port = self.port.map(|it| format!(":{it}")).unwrap_or_default();
        let protocol = self.protocol.as_deref().unwrap_or("calls");
        let targets = match self.targets.known() {
            Some(all) => {
                let healthy = all.iter().filter(|it| it.state == "healthy").count();
                format!("{healthy} of {} healthy", all.len())
            }
            None => "health not read".to_owned(),
        };
        format!(
            "{protocol}{port} to {} targets, {targets}",
            self.target_type
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goals(target_type: &str, id: &str) -> Vec<(String, Option<u16>)> {
        let target = Target {
            id: id.to_owned(),
            port: Some(32768),
            ..Target::default()
        };
        let group = TargetGroup {
            target_type: target_type.to_owned(),
            targets: Fact::Known(vec![target]),
            ..TargetGroup::default()
        };
        let relations = group.relations();
        let goals = relations.iter();
        goals.map(|it| (it.to.to_string(), it.port)).collect()
    }

    #[test]
    fn what_a_target_is_depends_on_the_type() {
        for (target_type, id, goal) in [
            ("instance", "i-1", "instance/i-1"),
            (
                "lambda",
                "arn:aws:lambda:us-east-1:1:function:f",
                "function/f",
            ),
            (
                "alb",
                "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/inner/42",
                "load-balancer/inner",
            ),
        ] {
            assert_eq!(goals(target_type, id), [(goal.to_owned(), Some(32768))]);
        }
        assert_eq!(goals("ip", "10.0.1.7"), []);
    }

    #[test]
    fn unread_targets_are_not_none() {
        let mut group = TargetGroup::default();
        assert!(group.summary().ends_with("health not read"));
        group.targets = Fact::Known(Vec::new());
        assert!(group.summary().ends_with("0 of 0 healthy"));
    }
}
