//! Reads event rules: one listing per event bus, then targets and tags of all that people made.

use aws_sdk_eventbridge::types;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{EventRule, Target, TaskTarget, key};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, tag_map, text},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const BUSES: Call = Call::new(Service::EventBridge, "ListEventBuses");
const RULES: Call = Call::new(Service::EventBridge, "ListRules");
const TARGETS: Call = Call::new(Service::EventBridge, "ListTargetsByRule");
const TAGS: Call = Call::new(Service::EventBridge, "ListTagsForResource");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[BUSES, RULES, TARGETS, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::EventRule);
        let others = other_buses(aws, &mut found).await;
        let buses = ["default".to_owned()].into_iter().chain(others);
        found.merge(
            aws.find_each(Kind::EventRule, buses, |it| on(aws, it))
                .await,
        );
        found
    })
}

/// Every account has the default bus, so that it need not be found.
async fn other_buses(aws: &Aws, found: &mut Found) -> Vec<String> {
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let request = aws.events.list_event_buses().limit(PAGE);
        let answer = request.set_next_token(token).send().await;
        let Some(answer) = found.answer(BUSES, None, answer) else {
            return names;
        };
        let told = answer.event_buses.unwrap_or_default();
        names.extend(told.into_iter().filter_map(|it| it.name));
        token = text(answer.next_token);
        if token.is_none() {
            names.retain(|it| it != "default");
            return names;
        }
    }
}

async fn on(aws: &Aws, bus: String) -> Found {
    let mut found = Found::of(Kind::EventRule);
    let mut token = None;
    loop {
        let request = aws.events.list_rules().limit(PAGE).event_bus_name(&bus);
        let answer = request.set_next_token(token).send().await;
        let Some(answer) = found.answer(RULES, None, answer) else {
            return found;
        };
        for it in answer.rules.unwrap_or_default() {
            found.add(RULES, None, resource(it, &bus));
        }
        token = text(answer.next_token);
        if token.is_none() {
            return found;
        }
    }
}

fn resource(rule: types::Rule, bus: &str) -> Result<Resource, Missing> {
    let name = text(rule.name).need("Name")?;
    let arn = text(rule.arn).need("Arn")?;
    let pattern = text(rule.event_pattern);
    let told = pattern.as_deref();
    let told: Value = told
        .and_then(|it| serde_json::from_str(it).ok())
        .unwrap_or_default();
    let attrs = EventRule {
        arn: arn.clone(),
        state: rule.state.need("State")?.as_str().to_owned(),
        bus: bus.to_owned(),
        schedule: text(rule.schedule_expression),
        has_pattern: pattern.is_some(),
        sources: words(&told["source"]),
        detail_types: words(&told["detail-type"]),
        managed_by: text(rule.managed_by),
        role: text(rule.role_arn),
        targets: Fact::Unread,
    };
    Ok(Resource::new(key(bus, &name), attrs).arn(arn))
}

/// The texts of a list; a pattern may also hold tests, which are none.
fn words(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

fn deepen(aws: &Aws, rules: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::EventRule, rules, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut rule: Resource) -> Found {
    let mut found = Found::of(Kind::EventRule);
    let id = rule.id.clone();
    let Some(attrs) = EventRule::of_mut(&mut rule.attrs) else {
        return found;
    };
    if !attrs.is_aws_managed() {
        if let Some(targets) = targets(aws, &id, &attrs.bus, &mut found).await {
            attrs.targets = Fact::Known(targets);
        }
        let request = aws.events.list_tags_for_resource();
        let answer = request.resource_arn(&attrs.arn).send().await;
        if let Some(answer) = found.answer(TAGS, Some(&id), answer) {
            rule = rule.tags(tag_map!(answer.tags.unwrap_or_default()));
        }
    }
    found.resources.push(rule);
    found
}

/// All targets, or none and a gap: half of them would be taken for all.
async fn targets(aws: &Aws, id: &ResourceId, bus: &str, found: &mut Found) -> Option<Vec<Target>> {
    let name = id.key.rsplit('/').next().unwrap_or(&id.key);
    let mut targets = Vec::new();
    let mut token = None;
    loop {
        let request = aws.events.list_targets_by_rule().limit(PAGE);
        let request = request.rule(name).event_bus_name(bus);
        let answer = request.set_next_token(token).send().await;
        let answer = found.answer(TARGETS, Some(id), answer)?;
        for it in answer.targets.unwrap_or_default() {
            match target(it) {
                Ok(it) => targets.push(it),
                Err(missing) => {
                    found.malformed(TARGETS, Some(id), missing);
                    return None;
                }
            }
        }
        token = text(answer.next_token);
        if token.is_none() {
            return Some(targets);
        }
    }
}

/// What it is sent ends here, but for its length.
fn target(it: types::Target) -> Result<Target, Missing> {
    let input = it.input.map(|it| it.len()).unwrap_or_default();
    Ok(Target {
        id: it.id,
        arn: it.arn.need("Targets.Arn")?,
        role: text(it.role_arn),
        input_bytes: u64::try_from(input).unwrap_or(u64::MAX),
        dead_letter: it.dead_letter_config.and_then(|it| text(it.arn)),
        task: it.ecs_parameters.map(task).transpose()?,
    })
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
        task_definition: it
            .task_definition_arn
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const DENIED: &str = r#"{"__type":"AccessDeniedException"}"#;
    const ONLY_DEFAULT: &str = r#"{"EventBuses":[{"Name":"default"}]}"#;

    fn rule(name: &str, inside: &str) -> String {
        format!(
            r#"{{"Name":"{name}","State":"ENABLED",
                "Arn":"arn:aws:events:us-east-1:1:rule/{name}"{inside}}}"#
        )
    }

    fn rules(all: &[String], token: &str) -> String {
        format!(r#"{{"Rules":[{}]{token}}}"#, all.join(","))
    }

    fn one(inside: &str) -> Vec<Resource> {
        let rule = types::Rule::builder()
            .name("nightly")
            .arn("arn:aws:events:us-east-1:1:rule/nightly")
            .state("ENABLED".into());
        let rule = if inside.is_empty() {
            rule
        } else {
            rule.managed_by(inside)
        };
        vec![resource(rule.build(), "orders").unwrap()]
    }

    #[tokio::test]
    async fn every_bus_is_listed_to_its_end() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"EventBuses":[{"Name":"default"}],"NextToken":"t"}"#,
            )
            .answer(200, r#"{"EventBuses":[{"Name":"orders"}]}"#)
            .answer(200, rules(&[rule("a", "")], r#","NextToken":"t""#))
            .answer(200, rules(&[rule("c", "")], ""))
            .answer(200, rules(&[rule("b", ""), "{}".to_owned()], ""));
        let found = list(&tape.aws()).await;
        let mut keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        keys.sort_unstable();
        // The tape does not tell the buses apart: which of them answered last is no matter here.
        assert_eq!(keys.len(), 3);
        assert_eq!(
            keys.iter().filter(|it| it.starts_with("orders/")).count(),
            1
        );
        assert_eq!(found.gaps[0].message, "the answer has no Name");
    }

    #[tokio::test]
    async fn of_a_pattern_only_who_and_what_are_kept() {
        let inside = r#","EventPattern":"{\"source\":[\"aws.ecs\",{\"prefix\":\"x\"}],\"detail-type\":[\"ECS Task State Change\"],\"detail\":{\"note\":[\"planted-secret-pattern\"]}}""#;
        let tape = Tape::default()
            .answer(200, ONLY_DEFAULT)
            .answer(200, rules(&[rule("a", inside)], ""));
        let found = list(&tape.aws()).await;
        let rule = EventRule::of(&found.resources[0].attrs).unwrap();
        assert!(rule.has_pattern);
        assert_eq!(rule.sources, ["aws.ecs"]);
        assert_eq!(rule.detail_types, ["ECS Task State Change"]);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn without_the_buses_the_default_one_is_listed() {
        let tape = Tape::default()
            .answer(400, DENIED)
            .answer(200, rules(&[rule("a", "")], ""));
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.to_string(), "event-rule/a");
        assert_eq!(found.gaps[0].action, "events:ListEventBuses");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn of_what_a_target_is_sent_only_the_length_is_kept() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"Targets":[{"Id":"1","Arn":"arn:aws:ecs:us-east-1:1:cluster/prod",
                    "RoleArn":"arn:aws:iam::1:role/events","Input":"planted-secret-input",
                    "DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:1:dead"},
                    "EcsParameters":{"TaskDefinitionArn":"arn:aws:ecs:us-east-1:1:task-definition/report:3",
                      "LaunchType":"FARGATE","NetworkConfiguration":{"awsvpcConfiguration":{
                        "Subnets":["subnet-1"],"SecurityGroups":["sg-1"],"AssignPublicIp":"ENABLED"}}}}],
                    "NextToken":"t"}"#,
            )
            .answer(200, r#"{"Targets":[{"Id":"2","Arn":"arn:aws:sns:us-east-1:1:t"}]}"#)
            .answer(200, r#"{"Tags":[{"Key":"team","Value":"web"}]}"#);
        let found = deepen(&tape.aws(), one("")).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        assert_eq!(found.resources[0].tags["team"], "web");
        let rule = EventRule::of(&found.resources[0].attrs).unwrap();
        let targets = rule.targets.known().unwrap();
        assert_eq!(targets.len(), 2);
        assert_eq!(targets[0].input_bytes, 20);
        let task = targets[0].task.as_ref().unwrap();
        assert_eq!((task.count, task.assign_public_ip), (1, Some(true)));
        assert_eq!(task.subnets, ["subnet-1"]);
        assert!(!format!("{found:?}").contains("planted-secret"));
        let asked = &tape.asked()[0];
        assert!(asked.contains(r#""EventBusName":"orders""#), "{asked}");
        assert!(asked.contains(r#""Rule":"nightly""#), "{asked}");
    }

    #[tokio::test]
    async fn targets_of_which_some_were_not_told_stay_unread() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"Targets":[{"Id":"1","Arn":"arn:a"}],"NextToken":"t"}"#,
            )
            .answer(400, DENIED)
            .answer(400, DENIED);
        let found = deepen(&tape.aws(), one("")).await;
        let rule = EventRule::of(&found.resources[0].attrs).unwrap();
        assert_eq!(rule.targets, Fact::Unread);
        let gaps: Vec<&str> = found.gaps.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(
            gaps,
            ["events:ListTargetsByRule", "events:ListTagsForResource"]
        );
    }

    #[tokio::test]
    async fn a_rule_of_an_aws_service_is_not_asked_about() {
        let tape = Tape::default();
        let found = deepen(&tape.aws(), one("autoscaling.amazonaws.com")).await;
        assert_eq!(found.resources.len(), 1);
        assert!(found.gaps.is_empty() && tape.asked().is_empty());
    }
}
