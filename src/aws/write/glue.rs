//! Takes away stacks, and what tells one thing of another: queues, topics, functions, rules, logs.

use super::{asked, call, done, not_done, or_already};
use crate::{
    aws::{
        Aws, Call, Service,
        look::{Place, Target, rule_names, topic_arn},
        refusal::{Class, Refusal},
    },
    id::ResourceId,
    kind::schedule,
    teardown::plan::Act,
};

pub(super) const TARGETS: &[Call] = &[call(Service::EventBridge, "ListTargetsByRule")];
pub(super) const MAPPINGS: &[Call] = &[call(Service::Lambda, "ListEventSourceMappings")];

/// The most targets that one call removes.
const BATCH: usize = 10;

const NO_RESOURCE: &[&str] = &["ResourceNotFoundException"];

/// A stack's id where the plan knows it: by its name AWS cannot tell a deleted stack from none.
fn stack_name(act: &Act) -> &str {
    act.with.get("StackName").unwrap_or(&act.on.key)
}

pub(super) async fn delete_stack(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let request = aws
        .cloudformation
        .delete_stack()
        .stack_name(stack_name(act));
    // CloudFormation takes it of a stack whose deletion failed, and of what it failed at, alone.
    let left = act.with.get("RetainResources");
    let left = left.map(|it| it.split(',').map(ToOwned::to_owned).collect());
    let request = request.set_retain_resources(left);
    done(request.send().await, &[])
}

pub(super) async fn protect_stack(aws: &Aws, act: &Act, on: bool) -> Result<(), Refusal> {
    let request = aws.cloudformation.update_termination_protection();
    let request = request.stack_name(stack_name(act));
    done(request.enable_termination_protection(on).send().await, &[])
}

pub(super) async fn delete_alarm(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws
        .cloudwatch
        .delete_alarms()
        .alarm_names(name)
        .send()
        .await;
    done(answer, &["ResourceNotFound", "ResourceNotFoundException"])
}

pub(super) async fn disable_rule(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (bus, name) = rule_names(key);
    let request = aws.events.disable_rule().name(name);
    done(request.set_event_bus_name(bus).send().await, NO_RESOURCE)
}

/// Takes the targets from a rule; AWS answers 200 and says in the answer which it kept.
pub(super) async fn remove_targets(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (bus, name) = rule_names(key);
    let mut ids = Vec::new();
    let mut token = None;
    loop {
        let request = aws.events.list_targets_by_rule().rule(name);
        let request = request.set_event_bus_name(bus.clone());
        let page = asked(request.set_next_token(token).send().await, NO_RESOURCE)?;
        ids.extend(page.targets.unwrap_or_default().into_iter().map(|it| it.id));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    for batch in ids.chunks(BATCH) {
        let request = aws.events.remove_targets().rule(name);
        let request = request.set_event_bus_name(bus.clone());
        let answer = request.set_ids(Some(batch.to_vec())).send().await;
        let answer = asked(answer, NO_RESOURCE)?;
        let failed = answer.failed_entries.unwrap_or_default().into_iter().next();
        if let Some(it) = failed {
            return Err(not_done(it.error_code(), it.error_message(), false));
        }
    }
    Ok(())
}

pub(super) async fn delete_rule(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (bus, name) = rule_names(key);
    let request = aws.events.delete_rule().name(name);
    done(request.set_event_bus_name(bus).send().await, NO_RESOURCE)
}

pub(super) async fn delete_schedule(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (group, name) = schedule::names(key);
    let request = aws.scheduler.delete_schedule().name(name);
    done(request.group_name(group).send().await, NO_RESOURCE)
}

pub(super) async fn delete_mappings(aws: &Aws, function: &str) -> Result<(), Refusal> {
    let request = aws
        .lambda
        .list_event_source_mappings()
        .function_name(function);
    let mut items = request.into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        let it = asked(item, NO_RESOURCE)?;
        if it.state() != Some("Deleting") {
            ids.extend(it.uuid);
        }
    }
    for id in ids {
        let answer = aws
            .lambda
            .delete_event_source_mapping()
            .uuid(id)
            .send()
            .await;
        or_already(done(answer, NO_RESOURCE))?;
    }
    Ok(())
}

pub(super) async fn delete_function(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws
        .lambda
        .delete_function()
        .function_name(name)
        .send()
        .await;
    done(answer, NO_RESOURCE)
}

pub(super) async fn delete_log_group(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws
        .logs
        .delete_log_group()
        .log_group_name(name)
        .send()
        .await;
    done(answer, NO_RESOURCE)
}

pub(super) async fn protect_logs(aws: &Aws, name: &str, on: bool) -> Result<(), Refusal> {
    let request = aws.logs.put_log_group_deletion_protection();
    let request = request.log_group_identifier(name);
    done(
        request.deletion_protection_enabled(on).send().await,
        NO_RESOURCE,
    )
}

pub(super) async fn delete_topic(aws: &Aws, place: &Place, on: &ResourceId) -> Result<(), Refusal> {
    let arn = topic_arn(aws, place, Target::new(on));
    let answer = aws.sns.delete_topic().topic_arn(arn).send().await;
    done(answer, &["NotFound", "NotFoundException"])
}

pub(super) async fn delete_queue(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let gone = &[
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    ];
    let answer = aws.sqs.get_queue_url().queue_name(name).send().await;
    let url = asked(answer, gone)?.queue_url;
    let url = url.ok_or_else(|| Refusal::new(Class::Already, "NotThere", "no such queue"))?;
    done(aws.sqs.delete_queue().queue_url(url).send().await, gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, testing::replay::Tape};

    fn aws(tape: &Tape) -> Aws {
        write::clients(&tape.aws(), "us-east-1")
    }

    #[tokio::test]
    async fn a_target_that_was_not_removed_is_an_error_although_the_answer_is_200() {
        let targets = r#"{"Targets":[{"Id":"1","Arn":"arn:a"}]}"#;
        let failed = r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"1","ErrorCode":"ConcurrentModificationException","ErrorMessage":"busy"}]}"#;
        let tape = Tape::default().answer(200, targets).answer(200, failed);
        let refusal = remove_targets(&aws(&tape), "bus/rule").await.unwrap_err();
        assert_eq!(refusal.message, "busy");
        assert!(tape.asked()[1].contains(r#""EventBusName":"bus""#));
    }

    #[tokio::test]
    async fn a_schedule_goes_from_its_group_and_one_that_is_gone_is_done() {
        let tape = Tape::default().answer(200, "{}");
        assert_eq!(delete_schedule(&aws(&tape), "jobs/nightly").await, Ok(()));
        let asked = &tape.asked()[0];
        assert!(
            asked.contains("/schedules/nightly?groupName=jobs"),
            "{asked}"
        );
        let gone = r#"{"__type":"ResourceNotFoundException"}"#;
        let tape = Tape::default().answer(404, gone);
        let refusal = delete_schedule(&aws(&tape), "nightly").await.unwrap_err();
        assert_eq!(refusal.class, Class::Already);
    }

    #[tokio::test]
    async fn targets_are_removed_ten_at_a_time() {
        let target = |it| format!(r#"{{"Id":"t{it}","Arn":"arn:a"}}"#);
        let targets: Vec<String> = (0..11).map(target).collect();
        let targets = format!(r#"{{"Targets":[{}]}}"#, targets.join(","));
        let done = r#"{"FailedEntryCount":0,"FailedEntries":[]}"#;
        let tape = Tape::default().answer(200, targets);
        let tape = tape.answer(200, done).answer(200, done);
        assert_eq!(remove_targets(&aws(&tape), "rule").await, Ok(()));
        assert_eq!(tape.asked().len(), 3);
    }
}
