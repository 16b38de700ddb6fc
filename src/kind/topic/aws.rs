//! Reads SNS topics: their ARNs, then attributes and subscriptions of the rack's own.

use std::collections::BTreeMap;

use aws_sdk_sns::types;
use futures_util::future::BoxFuture;

use super::{Subscription, Topic, TopicFacts};
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const TOPICS: Call = Call::new(Service::Sns, "ListTopics");
const ATTRIBUTES: Call = Call::new(Service::Sns, "GetTopicAttributes");
const SUBSCRIPTIONS: Call = Call::new(Service::Sns, "ListSubscriptionsByTopic");

pub const READING: Reading = Reading {
    calls: &[TOPICS, ATTRIBUTES, SUBSCRIPTIONS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Topic);
        let pages = aws.sns.list_topics().into_paginator().items().send();
        found.pages(TOPICS, pages, resource).await;
        found
    })
}

fn resource(topic: types::Topic) -> Result<Resource, Missing> {
    let arn = topic.topic_arn.need("TopicArn")?;
    let name = Arn::parse(&arn).need("TopicArn")?.resource.to_owned();
    let attrs = Topic {
        arn: arn.clone(),
        fifo: name.ends_with(".fifo"),
        ..Topic::default()
    };
    Ok(Resource::new(name, attrs).arn(arn))
}

fn deepen(aws: &Aws, topics: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Topic, topics, |it| describe(aws, it)))
}

/// Asks with which key topics are encrypted, and not who subscribes to them.
pub fn ask_for_key(aws: &Aws, topics: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(
        aws.find_each(Kind::Topic, topics, move |mut it| async move {
            let mut found = Found::of(Kind::Topic);
            let id = it.id.clone();
            if let Some(attrs) = Topic::of_mut(&mut it.attrs) {
                ask(aws, &id, attrs, &mut found).await;
            }
            found.resources.push(it);
            found
        }),
    )
}

async fn ask(aws: &Aws, id: &ResourceId, attrs: &mut Topic, found: &mut Found) {
    let request = aws.sns.get_topic_attributes().topic_arn(&attrs.arn);
    if let Some(answer) = found.answer(ATTRIBUTES, Some(id), request.send().await) {
        match facts(&answer.attributes.into_iter().flatten().collect()) {
            Ok(facts) => attrs.facts = Fact::Known(facts),
            Err(missing) => found.malformed(ATTRIBUTES, Some(id), missing),
        }
    }
}

async fn describe(aws: &Aws, mut topic: Resource) -> Found {
    let mut found = Found::of(Kind::Topic);
    let id = topic.id.clone();
    let Some(attrs) = Topic::of_mut(&mut topic.attrs) else {
        return found;
    };
    ask(aws, &id, attrs, &mut found).await;
    let request = aws.sns.list_subscriptions_by_topic().topic_arn(&attrs.arn);
    let answer = request.into_paginator().items().send().try_collect().await;
    if let Some(told) = found.answer(SUBSCRIPTIONS, Some(&id), answer) {
        let subscriptions = told.into_iter().filter_map(subscription).collect();
        attrs.subscriptions = Fact::Known(subscriptions);
    }
    found.resources.push(topic);
    found
}

fn facts(told: &BTreeMap<String, String>) -> Result<TopicFacts, Missing> {
    let number = |name| told.get(name).and_then(|it| it.parse().ok());
    Ok(TopicFacts {
        subscriptions_confirmed: number("SubscriptionsConfirmed").need("SubscriptionsConfirmed")?,
        subscriptions_pending: number("SubscriptionsPending").need("SubscriptionsPending")?,
        key: told.get("KmsMasterKeyId").cloned(),
    })
}

/// `None` for one that is deleted and still listed.
fn subscription(it: types::Subscription) -> Option<Subscription> {
    let arn = it.subscription_arn.unwrap_or_default();
    let protocol = it.protocol.unwrap_or_default();
    let is_resource = matches!(protocol.as_str(), "sqs" | "lambda" | "application");
    (arn != "Deleted").then(|| Subscription {
        endpoint: it.endpoint.filter(|_| is_resource),
        confirmed: arn != "PendingConfirmation",
        protocol,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    const ARN: &str = "arn:aws:sns:us-east-1:1:alarms";

    fn alarms() -> Vec<Resource> {
        let topic = types::Topic::builder().topic_arn(ARN).build();
        vec![resource(topic).unwrap()]
    }

    fn listing(inside: &str) -> String {
        format!(
            "<ListTopicsResponse><ListTopicsResult>{inside}</ListTopicsResult></ListTopicsResponse>"
        )
    }

    fn attributes(entries: &str) -> String {
        format!(
            "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>{entries}
             </Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>"
        )
    }

    fn subscriptions(inside: &str) -> String {
        format!(
            "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult>{inside}
             </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
        )
    }

    #[tokio::test]
    async fn pages_of_topics_become_one_listing() {
        let topics = format!("<Topics><member><TopicArn>{ARN}</TopicArn></member></Topics>");
        let tape = Tape::default()
            .answer(200, listing(&format!("{topics}<NextToken>t</NextToken>")))
            .answer(
                200,
                listing(
                    "<Topics><member><TopicArn>arn:aws:sns:us-east-1:1:b</TopicArn></member>
                     <member/></Topics>",
                ),
            );
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert_eq!(found.resources[0].id.key, "alarms");
        assert_eq!(found.gaps[0].message, "the answer has no TopicArn");
    }

    #[tokio::test]
    async fn addresses_of_people_and_urls_are_not_kept() {
        let entry = |key: &str| format!("<entry><key>{key}</key><value>2</value></entry>");
        let counts = entry("SubscriptionsConfirmed") + &entry("SubscriptionsPending");
        let tape = Tape::default()
            .answer(200, attributes(&counts))
            .answer(
                200,
                subscriptions(
                    "<Subscriptions>
                     <member><SubscriptionArn>arn:1</SubscriptionArn><Protocol>https</Protocol>
                       <Endpoint>https://hooks/planted-secret-token</Endpoint></member>
                     <member><SubscriptionArn>PendingConfirmation</SubscriptionArn>
                       <Protocol>email</Protocol><Endpoint>planted-secret-person@x</Endpoint></member>
                     <member><SubscriptionArn>Deleted</SubscriptionArn><Protocol>sqs</Protocol>
                       <Endpoint>arn:aws:sqs:us-east-1:1:gone</Endpoint></member>
                     <member><SubscriptionArn>arn:2</SubscriptionArn><Protocol>sqs</Protocol>
                       <Endpoint>arn:aws:sqs:us-east-1:1:jobs</Endpoint></member>
                     </Subscriptions>",
                ),
            );
        let found = deepen(&tape.aws(), alarms()).await;
        let topic = Topic::of(&found.resources[0].attrs).unwrap();
        let kept = topic.subscriptions.known().unwrap();
        let protocols: Vec<&str> = kept.iter().map(|it| it.protocol.as_str()).collect();
        assert_eq!(protocols, ["https", "email", "sqs"]);
        assert!(!kept[1].confirmed);
        assert_eq!(topic.relations_named(), ["queue/jobs"]);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    impl Topic {
        fn relations_named(&self) -> Vec<String> {
            use crate::kind::Model;
            self.relations()
                .iter()
                .map(|it| it.to.to_string())
                .collect()
        }
    }

    #[tokio::test]
    async fn refused_subscriptions_stay_unread() {
        let denied =
            "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>";
        let tape = Tape::default()
            .answer(200, attributes(""))
            .answer(403, denied);
        let found = deepen(&tape.aws(), alarms()).await;
        let topic = Topic::of(&found.resources[0].attrs).unwrap();
        assert_eq!(topic.subscriptions, Fact::Unread);
        assert_eq!(topic.facts, Fact::Unread);
        let calls: Vec<&str> = found.gaps.iter().map(|it| it.call.as_str()).collect();
        assert_eq!(
            calls,
            ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"]
        );
    }
}
