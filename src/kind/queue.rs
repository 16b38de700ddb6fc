//! SQS queue: messages on their way.
//!
//! Key: the queue's name.

use serde::{Deserialize, Serialize};

use super::{Fact, Model, key};
use crate::{
    arn,
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    pub url: String,
    /// Whether it keeps the order of messages; the name of such a queue ends in `.fifo`.
    pub fifo: bool,
    /// What `GetQueueAttributes` tells; the listing tells no more than the URL.
    pub facts: Fact<QueueFacts>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueFacts {
    /// About how many messages wait.
    pub messages: u64,
    /// About how many were received and not yet deleted.
    pub in_flight: u64,
    /// About how many are held back for a while.
    pub delayed: u64,
    /// How long a message is kept.
    pub retention_seconds: Option<u64>,
    /// How long a received message is hidden from others.
    pub visibility_seconds: Option<u64>,
    /// The KMS key, by id, ARN or alias.
    pub key: Option<String>,
    /// Encrypted with a key that SQS owns.
    pub sqs_managed_encryption: bool,
    /// Whether it has a policy; what the policy says is not kept.
    pub has_policy: bool,
    /// ARN of the queue for messages that were received too often.
    pub dead_letter: Option<String>,
    /// How often is too often.
    pub max_receives: Option<u32>,
}

impl Model for Queue {
    fn relations(&self) -> Vec<Relation> {
        let Some(facts) = self.facts.known() else {
            return Vec::new();
        };
        // A queue and its dead letters are always in one account and region.
        let dead = facts.dead_letter.as_deref().and_then(arn::resource);
        let dead = dead.map(|it| {
            let evidence = "RedrivePolicy.deadLetterTargetArn";
            Relation::new(RelationKind::ForwardsTo, it, evidence)
        });
        let key = key::used(facts.key.as_deref(), "KmsMasterKeyId");
        dead.into_iter().chain(key).collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let usage = if self.fifo {
            "Requests-FIFO-RBP"
        } else {
            "Requests-RBP"
        };
        vec![Charge::metered(
            "requests",
            "AWSQueueService",
            usage,
            "request",
        )]
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteQueue).losing(Data::Queues)
    }

    fn summary(&self) -> String {
        let order = if self.fifo { "FIFO, " } else { "" };
        let Some(it) = self.facts.known() else {
            return format!("{order}not described");
        };
        let dead = if it.dead_letter.is_some() {
            ""
        } else {
            ", no dead letter queue"
        };
        format!(
            "{order}{} messages waiting, {} in flight{dead}",
            it.messages, it.in_flight
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_go_on_to_their_queue() {
        let queue = Queue {
            facts: Fact::Known(QueueFacts {
                dead_letter: Some("arn:aws:sqs:us-east-1:1:dead".to_owned()),
                key: Some("alias/aws/sqs".to_owned()),
                ..QueueFacts::default()
            }),
            ..Queue::default()
        };
        let relations = queue.relations();
        assert_eq!(relations.len(), 1);
        assert_eq!(relations[0].kind, RelationKind::ForwardsTo);
        assert_eq!(relations[0].to.to_string(), "queue/dead");
    }
}
