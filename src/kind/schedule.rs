//! EventBridge Scheduler's schedule: one thing that is called at a time, of which a task may come.
//!
//! Key: the schedule's name, `group/name` in any group but the default one.

use serde::{Deserialize, Serialize};

use super::{
    Fact, Kind, Model,
    event_rule::{Fields, TaskTarget, acts_as},
};
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
pub struct Schedule {
    pub arn: String,
    /// AWS's word: `ENABLED`, `DISABLED`.
    pub state: String,
    pub group: String,
    /// ARN of what it calls; of a call of any service's API the call: `arn:aws:scheduler:::aws-sdk:ecs:runTask`.
    pub target: String,
    /// Asked only of those that call ECS.
    pub start: Fact<Start>,
}

/// What only a call for each schedule tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Start {
    /// `rate(1 minute)`, `cron(0 12 * * ? *)`, `at(2026-01-31T12:00:00)`.
    pub expression: String,
    /// Of the expression: `Europe/Berlin`.
    pub timezone: Option<String>,
    /// ARN of the role that it acts as.
    pub role: Option<String>,
    /// Bytes of the text that it sends; what the text says is not kept, but for what follows.
    pub input_bytes: u64,
    /// ARN of the queue for what did not get through.
    pub dead_letter: Option<String>,
    /// ARN of the cluster that the text names, where the target is a call of ECS's.
    pub cluster: Option<String>,
    /// The task that is started.
    pub task: Option<TaskTarget>,
}

const FIELDS: Fields = Fields {
    definition: "Target.EcsParameters.TaskDefinitionArn",
    subnets: "Target.EcsParameters.AwsvpcConfiguration.Subnets",
    groups: "Target.EcsParameters.AwsvpcConfiguration.SecurityGroups",
    providers: "Target.EcsParameters.CapacityProviderStrategy",
};

/// The key of a schedule in that group.
pub fn key(group: &str, name: &str) -> String {
    if group == "default" {
        return name.to_owned();
    }
    format!("{group}/{name}")
}

/// Group and name that a key stands for.
pub fn names(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("default", key))
}

/// Whether that target is a cluster, or a call of ECS's.
pub fn calls_ecs(target: &str) -> bool {
    let is_call = target.contains(":scheduler:::aws-sdk:ecs:");
    is_call || arn::resource(target).is_some_and(|it| it.kind == Kind::Cluster)
}

impl Schedule {
    /// Whether it may start tasks, and what it starts was not read.
    pub fn is_unread(&self) -> bool {
        calls_ecs(&self.target) && self.start.known().is_none()
    }

    /// The task that it starts, as far as it was read, with its cluster's ARN.
    pub fn task(&self) -> Option<(&str, &TaskTarget)> {
        let start = self.start.known()?;
        let cluster = start.cluster.as_deref().unwrap_or(&self.target);
        Some((cluster, start.task.as_ref()?))
    }
}

impl Model for Schedule {
    fn relations(&self) -> Vec<Relation> {
        let to = |kind, arn: &str, evidence| {
            let id: Option<ResourceId> = arn::beside(arn, &self.arn);
            id.map(|it| Relation::new(kind, it, evidence))
        };
        let goal = to(RelationKind::ForwardsTo, &self.target, "Target.Arn");
        let start = self.start.known().into_iter();
        goal.into_iter()
            .chain(start.flat_map(|it| {
                let cluster = it.cluster.as_deref();
                let dead = it.dead_letter.as_deref();
                let task = it.task.iter();
                cluster
                    .and_then(|it| to(RelationKind::ForwardsTo, it, "Target.Input.Cluster"))
                    .into_iter()
                    .chain(dead.and_then(|it| {
                        to(RelationKind::WritesTo, it, "Target.DeadLetterConfig.Arn")
                    }))
                    .chain(acts_as(it.role.as_deref(), "Target.RoleArn"))
                    .chain(task.flat_map(|it| it.relations(&self.arn, &FIELDS)))
            }))
            .collect()
    }

    /// The stack that made one knows its name alone, whatever group it is in.
    fn other_keys(&self) -> Vec<String> {
        let name = self.arn.rsplit_once('/').map(|it| it.1.to_owned());
        name.into_iter()
            .filter(|_| self.group != "default")
            .collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteSchedule)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.state)
    }

    fn summary(&self) -> String {
        let Some(start) = self.start.known() else {
            return self.target.clone();
        };
        match &start.task {
            Some(it) => format!("{}, starts {}", start.expression, it.definition()),
            None => format!("{}, calls {}", start.expression, self.target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::Graph, snapshot::Resource};

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/prod";

    fn schedule(target: &str, start: Fact<Start>) -> Schedule {
        Schedule {
            arn: "arn:aws:scheduler:us-east-1:1:schedule/jobs/nightly".to_owned(),
            state: "ENABLED".to_owned(),
            group: "jobs".to_owned(),
            target: target.to_owned(),
            start,
        }
    }

    fn report() -> TaskTarget {
        TaskTarget {
            task_definition: "arn:aws:ecs:us-east-1:1:task-definition/report:3".to_owned(),
            subnets: vec!["subnet-1".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            ..TaskTarget::default()
        }
    }

    fn edges(schedule: &Schedule) -> Vec<String> {
        let relations = schedule.relations();
        let edges = relations.iter();
        edges
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect()
    }

    #[test]
    fn a_task_that_it_starts_is_used_with_all_that_it_wears() {
        let start = Start {
            role: Some("arn:aws:iam::1:role/scheduler".to_owned()),
            dead_letter: Some("arn:aws:sqs:us-east-1:1:dead".to_owned()),
            task: Some(report()),
            ..Start::default()
        };
        let schedule = schedule(CLUSTER, Fact::Known(start));
        assert_eq!(
            edges(&schedule),
            [
                "forwards-to cluster/prod",
                "writes-to queue/dead",
                "uses role/scheduler",
                "uses task-definition/report:3",
                "uses subnet/subnet-1",
                "uses security-group/sg-1"
            ]
        );
        assert_eq!(schedule.task(), Some((CLUSTER, &report())));
    }

    #[test]
    fn a_call_of_ecs_goes_to_the_cluster_that_it_names() {
        let start = Start {
            cluster: Some(CLUSTER.to_owned()),
            task: Some(report()),
            ..Start::default()
        };
        let call = "arn:aws:scheduler:::aws-sdk:ecs:runTask";
        let schedule = schedule(call, Fact::Known(start));
        assert_eq!(edges(&schedule)[0], "forwards-to cluster/prod");
        assert_eq!(schedule.task().unwrap().0, CLUSTER);
    }

    #[test]
    fn only_of_one_that_calls_ecs_something_is_missing() {
        for (target, unread) in [
            (CLUSTER, true),
            ("arn:aws:scheduler:::aws-sdk:ecs:updateService", true),
            ("arn:aws:scheduler:::aws-sdk:rds:startDBInstance", false),
            ("arn:aws:lambda:us-east-1:1:function:f", false),
        ] {
            let schedule = schedule(target, Fact::Unread);
            assert_eq!(schedule.is_unread(), unread, "{target}");
        }
    }

    #[test]
    fn a_stack_finds_by_its_name_the_one_in_a_group_of_its_own_unless_two_bear_it() {
        let in_group = |group: &str| {
            let schedule = Schedule {
                arn: format!("arn:aws:scheduler:us-east-1:1:schedule/{group}/a"),
                group: group.to_owned(),
                ..Schedule::default()
            };
            Resource::new(key(group, "a"), schedule)
        };
        let found = |groups: &[&str]| {
            let all: Vec<Resource> = groups.iter().map(|it| in_group(it)).collect();
            let graph = Graph::build(&all);
            let named = graph.get(&ResourceId::new(Kind::Schedule, "a"));
            named.map(|it| it.id.key.clone())
        };
        assert_eq!(found(&["jobs"]).as_deref(), Some("jobs/a"));
        assert_eq!(found(&["jobs", "more"]), None);
        assert_eq!(found(&["default", "jobs"]).as_deref(), Some("a"));
    }

    #[test]
    fn a_key_leads_back_to_group_and_name() {
        for (group, name) in [("default", "a"), ("jobs", "a")] {
            assert_eq!(names(&key(group, name)), (group, name));
        }
    }
}
