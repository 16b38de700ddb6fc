//! Reads schedules: one listing, then what those start that call ECS.

use aws_sdk_scheduler::types;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Schedule, Start, calls_ecs, key, names};
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, stated, text},
    },
    kind::{AsKind, Fact, Kind, event_rule::TaskTarget},
    snapshot::Resource,
};

const SCHEDULES: Call = Call::new(Service::Scheduler, "ListSchedules");
const SCHEDULE: Call = Call::new(Service::Scheduler, "GetSchedule");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[SCHEDULES, SCHEDULE],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Schedule);
        let request = aws.scheduler.list_schedules().max_results(PAGE);
        let pages = request.into_paginator().items().send();
        found.pages(SCHEDULES, pages, resource).await;
        found
    })
}

fn resource(schedule: types::ScheduleSummary) -> Result<Resource, Missing> {
    let name = text(schedule.name).need("Name")?;
    let group = text(schedule.group_name).need("GroupName")?;
    let arn = text(schedule.arn).need("Arn")?;
    let target = schedule.target.and_then(|it| text(Some(it.arn)));
    let attrs = Schedule {
        arn: arn.clone(),
        state: schedule.state.need("State")?.as_str().to_owned(),
        target: target.need("Target.Arn")?,
        group: group.clone(),
        start: Fact::Unread,
    };
    Ok(Resource::new(key(&group, &name), attrs)
        .arn(arn)
        .created(shape::time(schedule.creation_date)))
}

fn deepen(aws: &Aws, schedules: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Schedule, schedules, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut schedule: Resource) -> Found {
    let mut found = Found::of(Kind::Schedule);
    let id = schedule.id.clone();
    if let Some(attrs) = Schedule::of_mut(&mut schedule.attrs)
        && calls_ecs(&attrs.target)
    {
        let (group, name) = names(&id.key);
        let request = aws.scheduler.get_schedule().group_name(group).name(name);
        if let Some(answer) = found.answer(SCHEDULE, Some(&id), request.send().await) {
            let expression = text(answer.schedule_expression);
            let timezone = text(answer.schedule_expression_timezone);
            match start(expression, timezone, answer.target, &attrs.arn) {
                Ok(start) => attrs.start = Fact::Known(start),
                Err(missing) => found.malformed(SCHEDULE, Some(&id), missing),
            }
        }
    }
    found.resources.push(schedule);
    found
}

/// What it sends ends here, but for its length, and for what a call of ECS's is to start.
fn start(
    expression: Option<String>,
    timezone: Option<String>,
    target: Option<types::Target>,
    own: &str,
) -> Result<Start, Missing> {
    let target = target.need("Target")?;
    let input = target.input.unwrap_or_default();
    let mut start = Start {
        expression: expression.need("ScheduleExpression")?,
        timezone,
        role: text(Some(target.role_arn)),
        input_bytes: u64::try_from(input.len()).unwrap_or(u64::MAX),
        dead_letter: target.dead_letter_config.and_then(|it| text(it.arn)),
        cluster: None,
        task: target.ecs_parameters.map(task).transpose()?,
    };
    if let Some((_, operation)) = target.arn.split_once(":aws-sdk:ecs:") {
        let said: Value = serde_json::from_str(&input)
            .ok()
            .filter(Value::is_object)
            .need("Target.Input")?;
        let cluster = said["Cluster"].as_str().unwrap_or("default");
        start.cluster = beside(own, "cluster", cluster);
        if matches!(operation, "runTask" | "startTask") {
            start.task = Some(asked(&said, own).need("Target.Input.TaskDefinition")?);
        }
    }
    Ok(start)
}

fn task(it: types::EcsParameters) -> Result<TaskTarget, Missing> {
    let network = it.network_configuration;
    let network = network.and_then(|it| it.awsvpc_configuration);
    let public = network
        .as_ref()
        .and_then(|it| it.assign_public_ip.as_ref())
        .map(|it| *it == types::AssignPublicIp::Enabled);
    let providers = it.capacity_provider_strategy.unwrap_or_default();
    let (subnets, groups) = match network {
        Some(it) => (it.subnets, it.security_groups.unwrap_or_default()),
        None => (Vec::new(), Vec::new()),
    };
    Ok(TaskTarget {
        task_definition: text(Some(it.task_definition_arn))
            .and_then(|it| stated(&it))
            .need("EcsParameters.TaskDefinitionArn")?,
        // AWS starts one where no count is given.
        count: it.task_count.map_or(1, |it| count(Some(it))),
        launch_type: it.launch_type.map(|it| it.as_str().to_owned()),
        capacity_providers: providers
            .into_iter()
            .map(|it| it.capacity_provider)
            .collect(),
        subnets,
        security_groups: groups,
        assign_public_ip: public,
    })
}

/// The task that a call of ECS's is told to start.
fn asked(said: &Value, own: &str) -> Option<TaskTarget> {
    let words = |it: &Value| -> Vec<String> {
        let all = it.as_array().into_iter().flatten();
        all.filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect()
    };
    let network = &said["NetworkConfiguration"]["AwsvpcConfiguration"];
    let providers = said["CapacityProviderStrategy"].as_array();
    let providers = providers.into_iter().flatten();
    let number = said["Count"].as_u64().and_then(|it| u32::try_from(it).ok());
    Some(TaskTarget {
        task_definition: beside(own, "task-definition", said["TaskDefinition"].as_str()?)?,
        count: number.unwrap_or(1),
        launch_type: said["LaunchType"].as_str().map(ToOwned::to_owned),
        capacity_providers: providers
            .filter_map(|it| it["CapacityProvider"].as_str())
            .map(ToOwned::to_owned)
            .collect(),
        subnets: words(&network["Subnets"]),
        security_groups: words(&network["SecurityGroups"]),
        assign_public_ip: network["AssignPublicIp"].as_str().map(|it| it == "ENABLED"),
    })
}

/// The ARN of what is named so, by a name or by an ARN, beside the schedule.
fn beside(own: &str, what: &str, name: &str) -> Option<String> {
    if name.starts_with("arn:") {
        return Some(name.to_owned());
    }
    let Arn {
        partition,
        region,
        account,
        ..
    } = Arn::parse(own)?;
    Some(format!(
        "arn:{partition}:ecs:{region}:{account}:{what}/{name}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const OWN: &str = "arn:aws:scheduler:us-east-1:1:schedule/jobs/nightly";

    fn summary(name: &str, inside: &str) -> String {
        format!(
            r#"{{"Name":"{name}","GroupName":"default","State":"ENABLED",
                "Arn":"arn:aws:scheduler:us-east-1:1:schedule/default/{name}"{inside}}}"#
        )
    }

    fn one(target: &str) -> Vec<Resource> {
        let schedule = Schedule {
            arn: OWN.to_owned(),
            target: target.to_owned(),
            ..Schedule::default()
        };
        vec![Resource::new("jobs/nightly", schedule)]
    }

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/prod";

    #[tokio::test]
    async fn all_pages_are_listed_and_one_without_its_target_is_a_gap() {
        let target = format!(r#","Target":{{"Arn":"{CLUSTER}"}}"#);
        let first = summary("a", &target);
        let tape = Tape::default()
            .answer(200, format!(r#"{{"Schedules":[{first}],"NextToken":"t"}}"#))
            .answer(200, format!(r#"{{"Schedules":[{}]}}"#, summary("b", "")));
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.to_string(), "schedule/a");
        let schedule = Schedule::of(&found.resources[0].attrs).unwrap();
        assert!(schedule.is_unread());
        assert_eq!(found.gaps[0].message, "the answer has no Target.Arn");
    }

    #[tokio::test]
    async fn of_what_it_sends_only_the_length_is_kept() {
        let tape = Tape::default().answer(
            200,
            format!(
                r#"{{"ScheduleExpression":"rate(1 day)","Target":{{"Arn":"{CLUSTER}",
                    "RoleArn":"arn:aws:iam::1:role/r","Input":"planted-secret-input",
                    "EcsParameters":{{"TaskDefinitionArn":"arn:aws:ecs:us-east-1:1:task-definition/report:3",
                      "NetworkConfiguration":{{"awsvpcConfiguration":{{"Subnets":["subnet-1"],
                        "AssignPublicIp":"ENABLED"}}}}}}}}}}"#
            ),
        );
        let found = deepen(&tape.aws(), one(CLUSTER)).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let schedule = Schedule::of(&found.resources[0].attrs).unwrap();
        let start = schedule.start.known().unwrap();
        assert_eq!(
            (start.expression.as_str(), start.input_bytes),
            ("rate(1 day)", 20)
        );
        let task = start.task.as_ref().unwrap();
        assert_eq!((task.count, task.assign_public_ip), (1, Some(true)));
        assert!(!format!("{found:?}").contains("planted-secret"));
        let asked = &tape.asked()[0];
        assert!(
            asked.contains("/schedules/nightly?groupName=jobs"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn a_call_of_ecs_tells_in_its_text_what_it_starts() {
        let input = r#"{\"Cluster\":\"prod\",\"TaskDefinition\":\"report\",\"LaunchType\":\"FARGATE\",\"NetworkConfiguration\":{\"AwsvpcConfiguration\":{\"SecurityGroups\":[\"sg-1\"]}},\"Overrides\":{\"planted-secret\":1}}"#;
        let call = "arn:aws:scheduler:::aws-sdk:ecs:runTask";
        let answer = format!(
            r#"{{"ScheduleExpression":"rate(1 day)","Target":{{"Arn":"{call}","RoleArn":"arn:aws:iam::1:role/r","Input":"{input}"}}}}"#
        );
        let tape = Tape::default().answer(200, answer);
        let found = deepen(&tape.aws(), one(call)).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let schedule = Schedule::of(&found.resources[0].attrs).unwrap();
        let (cluster, task) = schedule.task().unwrap();
        assert_eq!(cluster, CLUSTER);
        assert_eq!(
            task.task_definition,
            "arn:aws:ecs:us-east-1:1:task-definition/report"
        );
        assert_eq!(task.security_groups, ["sg-1"]);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn what_was_not_told_stays_unread_and_other_targets_are_not_asked_about() {
        let tape = Tape::default().answer(400, r#"{"__type":"AccessDeniedException"}"#);
        let found = deepen(&tape.aws(), one(CLUSTER)).await;
        let schedule = Schedule::of(&found.resources[0].attrs).unwrap();
        assert_eq!(schedule.start, Fact::Unread);
        assert_eq!(found.gaps[0].action, "scheduler:GetSchedule");
        assert_eq!(found.gaps[0].reason, Reason::Denied);

        let tape = Tape::default();
        let other = one("arn:aws:lambda:us-east-1:1:function:f");
        assert!(deepen(&tape.aws(), other).await.gaps.is_empty());
        assert!(tape.asked().is_empty());
    }
}
