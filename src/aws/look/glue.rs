//! Looks at stacks, and at what tells one thing of another: queues, topics, functions, rules, logs.

use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::Timestamp;

use super::{Look, Place, Seen, Target, There, told};
use crate::{
    aws::{Aws, refusal::Refusal, shape},
    kind::schedule,
    text,
};

pub(super) async fn stack(aws: &Aws, target: Target<'_>) -> Look {
    // By its id a deleted stack is told from one that never was.
    let id = target.unique.or(target.arn).unwrap_or(&target.id.key);
    let answer = aws.cloudformation.describe_stacks().stack_name(id).send();
    let told = match told(answer.await, &[]) {
        Err(it) if it.code == "ValidationError" && it.message.contains("does not exist") => None,
        other => other?,
    };
    let Some(it) = told.and_then(|it| it.stacks?.into_iter().next()) else {
        return Ok(Seen::Gone);
    };
    let status = it.stack_status.as_ref().map(|it| it.as_str());
    let there = There::made(shape::time(it.creation_time)).state(status);
    Ok(match status {
        Some("DELETE_COMPLETE") => Seen::Gone,
        Some("DELETE_IN_PROGRESS") => {
            Seen::Going("CloudFormation is deleting the stack".to_owned())
        }
        Some("DELETE_FAILED") => There {
            stuck: Some(failure(aws, id, it.stack_status_reason).await?),
            unique: it.stack_id,
            ..there
        }
        .into(),
        _ => There {
            stuck: cancelled(aws, id, status).await?,
            unique: it.stack_id,
            ..there
        }
        .into(),
    })
}

/// What a stack's events say of the last deletion that failed, resource by resource.
async fn failure(aws: &Aws, id: &str, reason: Option<String>) -> Result<String, Refusal> {
    let mut said = Vec::new();
    let request = aws.cloudformation.describe_stack_events().stack_name(id);
    let mut events = request.into_paginator().items().send();
    // Newest first; older ones are of other tries.
    while let Some(event) = events.next().await {
        let Some(it) = told(event, &[])? else { break };
        let status = it.resource_status.as_ref().map(|it| it.as_str());
        let own = it.physical_resource_id == it.stack_id;
        if own && status == Some("DELETE_IN_PROGRESS") {
            break;
        }
        if !own && status == Some("DELETE_FAILED") {
            said.push(format!(
                "{} ({}): {}",
                it.logical_resource_id.unwrap_or_default(),
                it.physical_resource_id.unwrap_or_default(),
                text::one_line(&it.resource_status_reason.unwrap_or_default())
            ));
        }
    }
    if said.is_empty() {
        said.push(reason.unwrap_or_else(|| "CloudFormation does not say why".to_owned()));
    }
    Ok(said.join("; "))
}

/// Why a deletion that AWS had accepted was cancelled: an export of the stack is in use.
async fn cancelled(aws: &Aws, id: &str, status: Option<&str>) -> Result<Option<String>, Refusal> {
    if !status.is_some_and(|it| it.ends_with("_COMPLETE")) {
        return Ok(None);
    }
    let request = aws.cloudformation.describe_stack_events().stack_name(id);
    let answer = told(request.send().await, &[])?;
    let newest = answer.and_then(|it| it.stack_events?.into_iter().next());
    let reason = newest.and_then(|it| it.resource_status_reason);
    Ok(reason.filter(|it| it.starts_with("Delete canceled")))
}

pub(super) async fn queue(aws: &Aws, name: &str) -> Look {
    let gone = [
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    ];
    let answer = aws.sqs.get_queue_url().queue_name(name).send().await;
    let Some(url) = told(answer, &gone)?.and_then(|it| it.queue_url) else {
        return Ok(Seen::Gone);
    };
    let request = aws.sqs.get_queue_attributes().queue_url(url);
    let request = request.attribute_names(QueueAttributeName::CreatedTimestamp);
    let Some(it) = told(request.send().await, &gone)? else {
        return Ok(Seen::Gone);
    };
    let attributes = it.attributes.unwrap_or_default();
    let created = attributes.get(&QueueAttributeName::CreatedTimestamp);
    let created = created.and_then(|it| it.parse().ok());
    let created = created.and_then(|it| Timestamp::from_second(it).ok());
    Ok(There::made(created).into())
}

/// A topic's ARN: its key is the last part of it.
pub fn topic_arn(aws: &Aws, place: &Place, target: Target<'_>) -> String {
    let made = || place.arn("sns", &aws.region, &target.id.key);
    target.arn.map_or_else(made, ToOwned::to_owned)
}

pub(super) async fn topic(aws: &Aws, place: &Place, target: Target<'_>) -> Look {
    let arn = topic_arn(aws, place, target);
    let answer = aws.sns.get_topic_attributes().topic_arn(arn).send().await;
    let told = told(answer, &["NotFound", "NotFoundException"])?;
    Ok(told.map_or(Seen::Gone, |_| There::default().into()))
}

/// A function is gone at once. Interfaces of it that AWS takes away in up to 45 minutes have steps
/// of their own; by their description alone those of another function of a like name are not told
/// apart.
pub(super) async fn function(aws: &Aws, name: &str) -> Look {
    let request = aws.lambda.get_function_configuration();
    let answer = request.function_name(name).send().await;
    let told = told(answer, &["ResourceNotFoundException"])?;
    Ok(told.map_or(Seen::Gone, |it| {
        There::default()
            .state(it.state.map(|it| it.as_str().to_owned()))
            .into()
    }))
}

pub(super) async fn event_rule(aws: &Aws, key: &str) -> Look {
    let (bus, name) = rule_names(key);
    let request = aws.events.describe_rule().name(name);
    let answer = request.set_event_bus_name(bus).send().await;
    let told = told(answer, &["ResourceNotFoundException"])?;
    Ok(told.map_or(Seen::Gone, |it| {
        There::default()
            .state(it.state.map(|it| it.as_str().to_owned()))
            .into()
    }))
}

pub(super) async fn schedule(aws: &Aws, key: &str) -> Look {
    let (group, name) = schedule::names(key);
    let request = aws.scheduler.get_schedule().group_name(group);
    let answer = request.name(name).send().await;
    let told = told(answer, &["ResourceNotFoundException"])?;
    Ok(told.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.creation_date))
            .state(it.state.map(|it| it.as_str().to_owned()))
            .into()
    }))
}

/// A rule's bus, where it is not the default one, and its name. A partner's bus has slashes.
pub fn rule_names(key: &str) -> (Option<String>, &str) {
    match key.rsplit_once('/') {
        Some((bus, name)) => (Some(bus.to_owned()), name),
        None => (None, key),
    }
}

pub(super) async fn log_group(aws: &Aws, name: &str) -> Look {
    let request = aws.logs.describe_log_groups().log_group_name_prefix(name);
    let mut items = request.into_paginator().items().send();
    while let Some(item) = items.next().await {
        let Some(it) = told(item, &[])? else { break };
        if it.log_group_name() == Some(name) {
            let created = it.creation_time;
            let created = created.and_then(|it| Timestamp::from_millisecond(it).ok());
            return Ok(There::made(created).into());
        }
    }
    Ok(Seen::Gone)
}

pub(super) async fn alarm(aws: &Aws, name: &str) -> Look {
    let request = aws.cloudwatch.describe_alarms().alarm_names(name);
    let request = request.alarm_types(AlarmType::MetricAlarm);
    let answer = request.alarm_types(AlarmType::CompositeAlarm).send().await;
    let Some(it) = told(answer, &[])? else {
        return Ok(Seen::Gone);
    };
    let found = it.metric_alarms.map_or(0, |it| it.len());
    let found = found + it.composite_alarms.map_or(0, |it| it.len());
    Ok(match found {
        0 => Seen::Gone,
        _ => There::default().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, id::ResourceId, kind::Kind, testing::replay::Tape};

    const ID: &str = "arn:aws:cloudformation:us-east-1:1:stack/shop/1";

    async fn look(tape: &Tape) -> Look {
        let id = ResourceId::new(Kind::Stack, "shop");
        let target = Target {
            unique: Some(ID),
            ..Target::new(&id)
        };
        // Events are on a teardown's list of calls, not on that of a reading.
        stack(&write::clients(&tape.aws(), "us-east-1"), target).await
    }

    fn described(status: &str) -> String {
        format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
             <StackId>{ID}</StackId><StackName>shop</StackName>\
             <CreationTime>2018-05-01T00:00:00Z</CreationTime>\
             <StackStatus>{status}</StackStatus></member></Stacks></DescribeStacksResult>\
             </DescribeStacksResponse>"
        )
    }

    fn event(physical: &str, status: &str, reason: &str) -> String {
        format!(
            "<member><StackId>{ID}</StackId><EventId>e</EventId><StackName>shop</StackName>\
             <LogicalResourceId>Thing</LogicalResourceId>\
             <PhysicalResourceId>{physical}</PhysicalResourceId>\
             <Timestamp>2018-05-01T00:00:00Z</Timestamp>\
             <ResourceStatus>{status}</ResourceStatus>\
             <ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    }

    fn events(events: &[String]) -> String {
        format!(
            "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{}\
             </StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>",
            events.concat()
        )
    }

    #[tokio::test]
    async fn a_stack_that_would_not_go_names_what_of_it_and_why_of_the_last_try_only() {
        let said = events(&[
            event(ID, "DELETE_FAILED", "The following resource(s) failed"),
            event("sg-1", "DELETE_FAILED", "has a dependent object"),
            event(ID, "DELETE_IN_PROGRESS", "User Initiated"),
            event("bucket", "DELETE_FAILED", "an older try"),
        ]);
        let tape = Tape::default().answer(200, described("DELETE_FAILED"));
        let tape = tape.answer(200, said);
        let Ok(Seen::There(there)) = look(&tape).await else {
            panic!("it is there")
        };
        assert_eq!(
            there.stuck.as_deref(),
            Some("Thing (sg-1): has a dependent object")
        );
    }

    #[tokio::test]
    async fn a_deletion_that_was_cancelled_later_says_why() {
        let why = "Delete canceled. Cannot delete export A as it is in use by B.";
        let tape = Tape::default().answer(200, described("UPDATE_COMPLETE"));
        let tape = tape.answer(200, events(&[event(ID, "UPDATE_COMPLETE", why)]));
        let Ok(Seen::There(there)) = look(&tape).await else {
            panic!("it is there")
        };
        assert_eq!(there.stuck.as_deref(), Some(why));
    }

    #[tokio::test]
    async fn a_stack_is_asked_for_by_its_id_and_gone_once_it_is_deleted() {
        let tape = Tape::default().answer(200, described("DELETE_COMPLETE"));
        assert_eq!(look(&tape).await, Ok(Seen::Gone));
        assert!(
            tape.asked()[0].contains("stack%2Fshop%2F1"),
            "{:?}",
            tape.asked()
        );
    }

    #[tokio::test]
    async fn a_function_is_gone_whatever_interfaces_of_it_are_still_there() {
        let gone = r#"{"Type":"User","Message":"Function not found: jobs","__type":"ResourceNotFoundException"}"#;
        let tape = Tape::default().answer(404, gone);
        let id = ResourceId::new(Kind::Function, "jobs");
        let aws = write::clients(&tape.aws(), "us-east-1");
        assert_eq!(function(&aws, &id.key).await, Ok(Seen::Gone));
        assert_eq!(tape.asked().len(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_looked_at_is_not_taken_for_gone() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default().answer(403, denied);
        assert!(look(&tape).await.is_err());
    }
}
