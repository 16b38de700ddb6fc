//! Reads SQS queues: their URLs, then the attributes of the rack's own.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use super::{Queue, QueueFacts};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const QUEUES: Call = Call::new(Service::Sqs, "ListQueues");
const ATTRIBUTES: Call = Call::new(Service::Sqs, "GetQueueAttributes");
/// Only a listing that asks for pages has more than one.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[QUEUES, ATTRIBUTES],
    source: Source::Region(list),
    deepen: Some(deepen),
};

type Attributes = BTreeMap<Name, String>;

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Queue);
        let request = aws.sqs.list_queues().max_results(PAGE);
        let pages = request.into_paginator().items().send();
        found.pages(QUEUES, pages, resource).await;
        found
    })
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn resource(url: String) -> Result<Resource, Missing> {
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let name = name.need("QueueName")?;
    let attrs = Queue {
        fifo: name.ends_with(".fifo"),
        url,
        facts: Fact::Unread,
    };
    Ok(Resource::new(name, attrs))
}

/// Asks for all attributes, the key among them.
pub fn deepen(aws: &Aws, queues: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Queue, queues, |it| describe(aws, it)))
}

async fn describe(aws: &Aws, mut queue: Resource) -> Found {
    let mut found = Found::of(Kind::Queue);
    let id = queue.id.clone();
    let Some(attrs) = Queue::of_mut(&mut queue.attrs) else {
        return found;
    };
    let request = aws.sqs.get_queue_attributes().queue_url(&attrs.url);
    let answer = request.attribute_names(Name::All).send().await;
    if let Some(answer) = found.answer(ATTRIBUTES, Some(&id), answer) {
        let told = answer.attributes.into_iter().flatten().collect();
        match facts(&told) {
            Ok(facts) => attrs.facts = Fact::Known(facts),
            Err(missing) => found.malformed(ATTRIBUTES, Some(&id), missing),
        }
        let created = number(&told, &Name::CreatedTimestamp);
        queue = queue
            .arn(told.get(&Name::QueueArn).cloned())
            .created(created.and_then(|it| Timestamp::from_second(it).ok()));
    }
    found.resources.push(queue);
    found
}

fn facts(told: &Attributes) -> Result<QueueFacts, Missing> {
    let text = |name| told.get(&name).cloned().filter(|it| !it.is_empty());
    let redrive = text(Name::RedrivePolicy);
    let redrive: Value = redrive
        .and_then(|it| serde_json::from_str(&it).ok())
        .unwrap_or_default();
    Ok(QueueFacts {
        messages: number(told, &Name::ApproximateNumberOfMessages)
            .need("ApproximateNumberOfMessages")?,
        in_flight: number(told, &Name::ApproximateNumberOfMessagesNotVisible)
            .need("ApproximateNumberOfMessagesNotVisible")?,
        delayed: number(told, &Name::ApproximateNumberOfMessagesDelayed).unwrap_or_default(),
        retention_seconds: number(told, &Name::MessageRetentionPeriod),
        visibility_seconds: number(told, &Name::VisibilityTimeout),
        key: text(Name::KmsMasterKeyId),
        sqs_managed_encryption: told
            .get(&Name::SqsManagedSseEnabled)
            .is_some_and(|it| it == "true"),
        has_policy: text(Name::Policy).is_some(),
        dead_letter: redrive["deadLetterTargetArn"].as_str().map(Into::into),
        max_receives: max_receives(&redrive["maxReceiveCount"]),
    })
}

fn number<N: std::str::FromStr>(told: &Attributes, name: &Name) -> Option<N> {
    told.get(name)?.parse().ok()
}

/// AWS writes it as a number or as a text, as whoever set it did.
fn max_receives(count: &Value) -> Option<u32> {
    let text = count.as_str().and_then(|it| it.parse().ok());
    text.or_else(|| u32::try_from(count.as_u64()?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    const URL: &str = "https://sqs.us-east-1.amazonaws.com/1/jobs.fifo";

    fn jobs() -> Vec<Resource> {
        vec![resource(URL.to_owned()).unwrap()]
    }

    #[tokio::test]
    async fn the_name_is_the_end_of_the_url_on_every_page() {
        let tape = Tape::default()
            .answer(200, format!(r#"{{"QueueUrls":["{URL}"],"NextToken":"t"}}"#))
            .answer(
                200,
                r#"{"QueueUrls":["https://sqs.us-east-1.amazonaws.com/1/mail"]}"#,
            );
        let found = list(&tape.aws()).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["jobs.fifo", "mail"]);
        assert!(Queue::of(&found.resources[0].attrs).unwrap().fifo);
    }

    #[tokio::test]
    async fn of_its_policy_only_that_there_is_one_is_kept() {
        let tape = Tape::default().answer(
            200,
            r#"{"Attributes":{"ApproximateNumberOfMessages":"3",
                "ApproximateNumberOfMessagesNotVisible":"1","CreatedTimestamp":"1525035600",
                "QueueArn":"arn:aws:sqs:us-east-1:1:jobs.fifo",
                "Policy":"{\"Id\":\"planted-secret-policy\"}",
                "RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:1:dead\",\"maxReceiveCount\":\"5\"}"}}"#,
        );
        let found = deepen(&tape.aws(), jobs()).await;
        let queue = &found.resources[0];
        let facts = Queue::of(&queue.attrs).unwrap().facts.known().unwrap();
        assert!(facts.has_policy);
        assert_eq!((facts.messages, facts.max_receives), (3, Some(5)));
        assert_eq!(queue.created.unwrap().as_second(), 1_525_035_600);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_queue_whose_messages_were_not_counted_stays_unread() {
        let tape = Tape::default().answer(200, r#"{"Attributes":{}}"#);
        let found = deepen(&tape.aws(), jobs()).await;
        let queue = Queue::of(&found.resources[0].attrs).unwrap();
        assert_eq!(queue.facts, Fact::Unread);
        let message = &found.gaps[0].message;
        assert_eq!(message, "the answer has no ApproximateNumberOfMessages");
    }

    #[tokio::test]
    async fn refused_attributes_are_a_gap_about_that_queue() {
        let tape = Tape::default().answer(403, r#"{"__type":"AccessDeniedException"}"#);
        let found = deepen(&tape.aws(), jobs()).await;
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "queue/jobs.fifo");
    }
}
