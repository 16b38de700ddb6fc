//! SNS topic: what it is told it tells its subscribers.
//!
//! Key: the topic's name.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, key};
use crate::{
    arn,
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topic {
    pub arn: String,
    /// Whether it keeps the order of messages; the name of such a topic ends in `.fifo`.
    pub fifo: bool,
    /// What `GetTopicAttributes` tells; the listing tells no more than the ARN.
    pub facts: Fact<TopicFacts>,
    pub subscriptions: Fact<Vec<Subscription>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicFacts {
    pub subscriptions_confirmed: u32,
    pub subscriptions_pending: u32,
    /// The KMS key, by id, ARN or alias.
    pub key: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// `sqs`, `lambda`, `https`, `email`.
    pub protocol: String,
    /// ARN of a queue, a function or a mobile endpoint. Addresses of people, and URLs, which may
    /// hold a token, are not kept.
    pub endpoint: Option<String>,
    /// Whether the subscriber agreed.
    pub confirmed: bool,
}

impl Subscription {
    /// The queue or function of ours that it delivers to.
    fn goal(&self, topic: &str) -> Option<Relation> {
        let goal = arn::beside(self.endpoint.as_ref()?, topic)?;
        matches!(goal.kind, Kind::Queue | Kind::Function)
            .then(|| Relation::new(RelationKind::ForwardsTo, goal, "Endpoint"))
    }
}

impl Model for Topic {
    fn relations(&self) -> Vec<Relation> {
        let goals = self.subscriptions.known().into_iter().flatten();
        let goals = goals.filter_map(|it| it.goal(&self.arn));
        let key = self.facts.known().and_then(|it| it.key.as_deref());
        goals.chain(key::used(key, "KmsMasterKeyId")).collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let usage = if self.fifo {
            "F-Request-Tier1"
        } else {
            "Requests-Tier1"
        };
        // Those to queues and functions cost nothing.
        let paid = [
            (&["http", "https"][..], "HTTP deliveries", "HTTP"),
            (&["email", "email-json"], "email deliveries", "SMTP"),
        ];
        let subscriptions = self.subscriptions.known().map(Vec::as_slice);
        let deliveries = paid.into_iter().filter_map(|(protocols, component, way)| {
            let mut confirmed = subscriptions.unwrap_or_default().iter();
            confirmed.find(|it| it.confirmed && protocols.contains(&&*it.protocol))?;
            let usage = format!("DeliveryAttempts-{way}");
            Some(Charge::metered(
                component,
                "AmazonSNS",
                usage,
                "notification",
            ))
        });
        let requests = Charge::metered("requests", "AmazonSNS", usage, "request");
        [requests].into_iter().chain(deliveries).collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteTopic)
    }

    fn summary(&self) -> String {
        let Some(subscriptions) = self.subscriptions.known() else {
            return "subscriptions not read".to_owned();
        };
        let pending = subscriptions.iter().filter(|it| !it.confirmed).count();
        match pending {
            0 => format!("{} subscriptions", subscriptions.len()),
            it => format!(
                "{} subscriptions, {it} of them not confirmed",
                subscriptions.len()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(protocol: &str, endpoint: &str) -> Subscription {
        Subscription {
            protocol: protocol.to_owned(),
            endpoint: Some(endpoint.to_owned()),
            confirmed: true,
        }
    }

    #[test]
    fn deliveries_to_the_web_and_by_email_cost_and_those_to_queues_do_not() {
        let mut pending = to("https", "");
        pending.confirmed = false;
        let mut topic = Topic {
            subscriptions: Fact::Known(vec![to("sqs", "arn:aws:sqs:us-east-1:1:jobs"), pending]),
            ..Topic::default()
        };
        assert_eq!(topic.charges().len(), 1);
        topic.subscriptions = Fact::Known(vec![
            to("email", ""),
            to("email-json", ""),
            to("https", ""),
            to("http", ""),
        ]);
        let usages: Vec<String> = topic.charges().into_iter().map(|it| it.usage).collect();
        assert_eq!(
            usages,
            [
                "Requests-Tier1",
                "DeliveryAttempts-HTTP",
                "DeliveryAttempts-SMTP"
            ]
        );
    }

    #[test]
    fn it_forwards_to_queues_and_functions_beside_it() {
        let topic = Topic {
            arn: "arn:aws:sns:us-east-1:1:alarms".to_owned(),
            subscriptions: Fact::Known(vec![
                to("sqs", "arn:aws:sqs:us-east-1:1:jobs"),
                to("lambda", "arn:aws:lambda:us-east-1:1:function:page:live"),
                to("sqs", "arn:aws:sqs:us-east-1:2:jobs-of-others"),
                to("application", "arn:aws:sns:us-east-1:1:endpoint/GCM/a/1"),
            ]),
            ..Topic::default()
        };
        let goals: Vec<String> = topic
            .relations()
            .iter()
            .map(|it| it.to.to_string())
            .collect();
        assert_eq!(goals, ["queue/jobs", "function/page"]);
    }
}
