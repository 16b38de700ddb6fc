//! EventBridge rule: what happens at a time, or when something was told to an event bus.
//!
//! Key: the rule's name, `bus/name` on any bus but the default one.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model};
use crate::{
    arn,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventRule {
    pub arn: String,
    /// AWS's word: `ENABLED`, `DISABLED`, `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    /// Name of its event bus.
    pub bus: String,
    /// `rate(1 minute)`, `cron(0 12 * * ? *)`.
    pub schedule: Option<String>,
    /// Whether it waits for events; of the pattern only the next two are kept.
    pub has_pattern: bool,
    /// Who tells the events that it waits for: `aws.ecs`.
    pub sources: Vec<String>,
    /// What they are about: `ECS Task State Change`.
    pub detail_types: Vec<String>,
    /// The AWS service that made it and keeps it: `autoscaling.amazonaws.com`.
    pub managed_by: Option<String>,
    /// ARN of the role that it reaches its targets with.
    pub role: Option<String>,
    /// Unread for rules of AWS's services.
    pub targets: Fact<Vec<Target>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    pub id: String,
    pub arn: String,
    pub role: Option<String>,
    /// Bytes of the fixed text that it is sent; what the text says is not kept.
    pub input_bytes: u64,
    /// ARN of the queue for events that did not get through.
    pub dead_letter: Option<String>,
    /// The task that is started, where the target is a cluster.
    pub task: Option<TaskTarget>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskTarget {
    /// ARN of the task definition; without a revision AWS takes the latest.
    pub task_definition: String,
    pub count: u32,
    /// `EC2`, `FARGATE`, `EXTERNAL`; absent where capacity providers decide.
    pub launch_type: Option<String>,
    pub capacity_providers: Vec<String>,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    /// Absent outside of network mode `awsvpc`.
    pub assign_public_ip: Option<bool>,
}

/// The key of a rule on that bus.
pub fn key(bus: &str, name: &str) -> String {
    if bus == "default" {
        return name.to_owned();
    }
    format!("{bus}/{name}")
}

/// Which fields of AWS's say what a task that is started wears.
pub(super) struct Fields {
    pub(super) definition: &'static str,
    pub(super) subnets: &'static str,
    pub(super) groups: &'static str,
    pub(super) providers: &'static str,
}

const FIELDS: Fields = Fields {
    definition: "Targets.EcsParameters.TaskDefinitionArn",
    subnets: "Targets.EcsParameters.AwsvpcConfiguration.Subnets",
    groups: "Targets.EcsParameters.AwsvpcConfiguration.SecurityGroups",
    providers: "Targets.EcsParameters.CapacityProviderStrategy",
};

impl TaskTarget {
    pub(super) fn relations(&self, own: &str, fields: &Fields) -> impl Iterator<Item = Relation> {
        let definition = arn::beside(&self.task_definition, own);
        let uses = RelationKind::Uses;
        let definition = definition.map(|it| Relation::new(uses, it, fields.definition));
        definition
            .into_iter()
            .chain(Relation::each(
                uses,
                Kind::Subnet,
                &self.subnets,
                fields.subnets,
            ))
            .chain(Relation::each(
                uses,
                Kind::SecurityGroup,
                &self.security_groups,
                fields.groups,
            ))
            .chain(super::capacity_provider::used(
                &self.capacity_providers,
                fields.providers,
            ))
    }

    /// What it names its task definition by: a family, or one revision of it, `web:3`.
    pub fn definition(&self) -> &str {
        let name = self.task_definition.rsplit('/').next();
        name.unwrap_or(&self.task_definition)
    }
}

impl Target {
    fn relations(&self, own: &str) -> impl Iterator<Item = Relation> {
        let goal = arn::beside(&self.arn, own);
        let goal = goal.map(|it| Relation::new(RelationKind::ForwardsTo, it, "Targets.Arn"));
        let dead = self.dead_letter.as_deref();
        let dead = dead.and_then(|it| arn::beside(it, own)).map(|it| {
            let evidence = "Targets.DeadLetterConfig.Arn";
            Relation::new(RelationKind::WritesTo, it, evidence)
        });
        let task = self.task.iter().flat_map(|it| it.relations(own, &FIELDS));
        goal.into_iter()
            .chain(dead)
            .chain(acts_as(self.role.as_deref(), "Targets.RoleArn"))
            .chain(task)
    }
}

pub(super) fn acts_as(role: Option<&str>, evidence: &'static str) -> Option<Relation> {
    let role = arn::resource(role?)?;
    Some(Relation::new(RelationKind::Uses, role, evidence))
}

impl EventRule {
    /// The tasks that it starts, as far as its targets were read, each with its cluster's ARN.
    pub fn tasks(&self) -> impl Iterator<Item = (&str, &TaskTarget)> {
        let targets = self.targets.known().into_iter().flatten();
        targets.filter_map(|it| Some((it.arn.as_str(), it.task.as_ref()?)))
    }

    /// Whether a service of AWS made it and keeps it.
    pub fn is_aws_managed(&self) -> bool {
        self.managed_by.is_some()
    }
}

impl Model for EventRule {
    fn relations(&self) -> Vec<Relation> {
        let targets = self.targets.known().into_iter().flatten();
        acts_as(self.role.as_deref(), "RoleArn")
            .into_iter()
            .chain(targets.flat_map(|it| it.relations(&self.arn)))
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.is_aws_managed() {
            return Removal::Never("a service of AWS manages this rule");
        }
        let aims = self.targets.known().is_none_or(|it| !it.is_empty());
        if aims {
            return Removal::after([Action::RemoveTargets], Action::DeleteEventRule);
        }
        Removal::by(Action::DeleteEventRule)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.state)
    }

    fn summary(&self) -> String {
        let pattern = self.has_pattern.then(|| match &self.sources[..] {
            [] => "events".to_owned(),
            all => format!("events of {}", all.join(", ")),
        });
        let when: Vec<String> = self.schedule.clone().into_iter().chain(pattern).collect();
        let targets = match (self.targets.known(), &self.managed_by) {
            (Some(all), _) => text::count(all.len(), "target"),
            (None, Some(service)) => format!("managed by {service}"),
            (None, None) => "targets not read".to_owned(),
        };
        format!("{}, {targets}", when.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(targets: Fact<Vec<Target>>) -> EventRule {
        EventRule {
            arn: "arn:aws:events:us-east-1:1:rule/nightly".to_owned(),
            targets,
            ..EventRule::default()
        }
    }

    fn to(arn: &str) -> Target {
        Target {
            arn: arn.to_owned(),
            ..Target::default()
        }
    }

    fn edges(rule: &EventRule) -> Vec<String> {
        let relations = rule.relations();
        let edges = relations.iter();
        edges
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect()
    }

    #[test]
    fn it_forwards_to_its_targets_beside_it() {
        let jobs = Target {
            role: Some("arn:aws:iam::1:role/sender".to_owned()),
            dead_letter: Some("arn:aws:sqs:us-east-1:1:dead".to_owned()),
            ..to("arn:aws:sqs:us-east-1:1:jobs")
        };
        let rule = rule(Fact::Known(vec![
            jobs,
            to("arn:aws:lambda:us-east-1:1:function:f:live"),
            to("arn:aws:logs:us-east-1:1:log-group:/aws/events/all"),
            to("arn:aws:sns:us-east-1:2:of-others"),
        ]));
        assert_eq!(
            edges(&rule),
            [
                "forwards-to queue/jobs",
                "writes-to queue/dead",
                "uses role/sender",
                "forwards-to function/f",
                "forwards-to log-group//aws/events/all"
            ]
        );
    }

    #[test]
    fn a_task_that_it_starts_is_used_with_all_that_it_wears() {
        let task = |definition: &str| TaskTarget {
            task_definition: format!("arn:aws:ecs:us-east-1:1:task-definition/{definition}"),
            subnets: vec!["subnet-1".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            capacity_providers: vec!["FARGATE".to_owned(), "prod".to_owned()],
            ..TaskTarget::default()
        };
        let starts = |definition| Target {
            task: Some(task(definition)),
            ..to("arn:aws:ecs:us-east-1:1:cluster/prod")
        };
        let fixed = edges(&rule(Fact::Known(vec![starts("report:3")])));
        assert_eq!(
            fixed,
            [
                "forwards-to cluster/prod",
                "uses task-definition/report:3",
                "uses subnet/subnet-1",
                "uses security-group/sg-1",
                "uses capacity-provider/prod"
            ]
        );
        let latest = edges(&rule(Fact::Known(vec![starts("report")])));
        assert_eq!(latest[1], "uses task-definition/report");
    }

    #[test]
    fn targets_go_first_unless_there_are_none_and_those_of_aws_stay() {
        let alone = Removal::by(Action::DeleteEventRule);
        assert_eq!(rule(Fact::Known(Vec::new())).removal(), alone);
        assert_ne!(rule(Fact::Unread).removal(), alone);
        let mut managed = rule(Fact::Unread);
        managed.managed_by = Some("autoscaling.amazonaws.com".to_owned());
        assert!(matches!(managed.removal(), Removal::Never(_)));
    }
}
