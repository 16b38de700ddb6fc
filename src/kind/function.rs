//! Lambda function: code that runs when something calls it.
//!
//! Key: the function's name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, Place, key};
use crate::{
    arn,
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Function {
    pub arn: String,
    /// `nodejs22.x`; absent where the code is a container image.
    pub runtime: Option<String>,
    /// `Zip` or `Image`.
    pub package_type: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: Option<String>,
    /// AWS's word, `Active` or `Inactive`; a listing may leave it out.
    pub state: Option<String>,
    /// ARN of the role that it runs with.
    pub role: String,
    /// MiB.
    pub memory: u32,
    /// Seconds.
    pub timeout: u32,
    /// Bytes.
    pub code_size: u64,
    pub last_modified: Option<Timestamp>,
    pub vpc: Option<String>,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    /// ARNs of layer versions.
    pub layers: Vec<String>,
    /// Unread where Lambda could not decrypt it.
    pub environment: Fact<Vec<Variable>>,
    /// The KMS key's ARN, where its environment is encrypted with a chosen one.
    pub key: Option<String>,
    pub log_group: String,
    /// ARN of the queue or topic for events that failed.
    pub dead_letter: Option<String>,
    /// What AWS polls on its behalf.
    pub event_sources: Fact<Vec<EventSource>>,
}

/// An environment variable without its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variable {
    pub name: String,
    /// Bytes of the value.
    pub length: u64,
}

/// One event source mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventSource {
    /// Id of the mapping.
    pub uuid: String,
    /// ARN of a queue or a stream; absent where the source is no resource of AWS.
    pub arn: Option<String>,
    /// AWS's word: `Enabled`, `Disabled`, `Deleting`.
    pub state: Option<String>,
}

impl Function {
    fn sources(&self) -> impl Iterator<Item = Relation> {
        let sources = self.event_sources.known().into_iter().flatten();
        sources.filter_map(|it| {
            let source = arn::beside(it.arn.as_ref()?, &self.arn)?;
            Some(Relation::new(RelationKind::Uses, source, "EventSourceArn"))
        })
    }
}

impl Model for Function {
    fn relations(&self) -> Vec<Relation> {
        let subnets = self.subnets.iter().map(|it| {
            let subnet = ResourceId::new(Kind::Subnet, it);
            Relation::new(RelationKind::SitsIn, subnet, "VpcConfig.SubnetIds")
        });
        let groups = self.security_groups.iter().map(|it| {
            let group = ResourceId::new(Kind::SecurityGroup, it);
            Relation::new(RelationKind::Uses, group, "VpcConfig.SecurityGroupIds")
        });
        let role = arn::resource(&self.role);
        let role = role.map(|it| Relation::new(RelationKind::Uses, it, "Role"));
        let dead = self.dead_letter.as_deref();
        let dead = dead.and_then(|it| arn::beside(it, &self.arn)).map(|it| {
            let evidence = "DeadLetterConfig.TargetArn";
            Relation::new(RelationKind::WritesTo, it, evidence)
        });
        let logs = ResourceId::new(Kind::LogGroup, &self.log_group);
        subnets
            .chain(groups)
            .chain(role)
            .chain(dead)
            .chain(key::used(self.key.as_deref(), "KMSKeyArn"))
            .chain(self.sources())
            .chain([Relation::new(
                RelationKind::WritesTo,
                logs,
                "LoggingConfig.LogGroup",
            )])
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let arm = self.architecture.as_deref() == Some("arm64");
        let (requests, duration) = if arm {
            ("Request-ARM", "Lambda-GB-Second-ARM")
        } else {
            ("Request", "Lambda-GB-Second")
        };
        vec![
            Charge::metered("requests", "AWSLambda", requests, "request"),
            Charge::metered("duration", "AWSLambda", duration, "GB-second"),
        ]
    }

    fn removal(&self) -> Removal {
        let fed = self.event_sources.known().is_none_or(|it| !it.is_empty());
        if fed {
            return Removal::after([Action::DeleteEventSourceMapping], Action::DeleteFunction);
        }
        Removal::by(Action::DeleteFunction)
    }

    fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: self.vpc.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let runtime = self.runtime.as_deref().unwrap_or("container image");
        format!("{runtime}, {} MiB, up to {} s", self.memory, self.timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed_by(sources: Fact<Vec<EventSource>>) -> Function {
        Function {
            arn: "arn:aws:lambda:us-east-1:1:function:f".to_owned(),
            role: "arn:aws:iam::1:role/service/runner".to_owned(),
            log_group: "/aws/lambda/f".to_owned(),
            event_sources: sources,
            ..Function::default()
        }
    }

    fn source(arn: &str) -> EventSource {
        EventSource {
            arn: Some(arn.to_owned()),
            ..EventSource::default()
        }
    }

    #[test]
    fn it_uses_its_role_and_what_feeds_it_and_writes_to_its_log() {
        let function = fed_by(Fact::Known(vec![
            source("arn:aws:sqs:us-east-1:1:jobs"),
            source("arn:aws:dynamodb:us-east-1:1:table/builds/stream/2018-04-29T21:00:00.000"),
            source("arn:aws:sqs:us-east-1:2:jobs-of-others"),
        ]));
        let edges: Vec<String> = function
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            edges,
            [
                "uses role/runner",
                "uses queue/jobs",
                "uses table/builds",
                "writes-to log-group//aws/lambda/f"
            ]
        );
    }

    #[test]
    fn mappings_go_first_unless_there_are_none() {
        let alone = Removal::by(Action::DeleteFunction);
        assert_eq!(fed_by(Fact::Known(Vec::new())).removal(), alone);
        assert_ne!(fed_by(Fact::Unread).removal(), alone);
    }
}
