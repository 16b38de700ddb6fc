//! Log groups that keep everything for ever.

use super::{Case, Cost, Evidence, Rule, Status, Verdict, Words};
use crate::{
    charge::gigabytes,
    kind::{Kind, log_group::LogGroup},
    text,
};

pub const RULE: Rule = Rule {
    id: "logs-no-retention",
    words: include_str!("../../rules/logs-no-retention.toml"),
    needs: &[Kind::LogGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, group): (&crate::snapshot::Resource, &LogGroup)| {
        let id = &resource.id;
        // <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
        if group.class.as_deref() == Some("DELIVERY") {
            let why = "its class is DELIVERY, which keeps events for a day";
            return Verdict::new(&RULE, words, id, Status::Pass, why);
        }
        match group.retention_days {
            Some(days) => {
                let why = format!("events are kept for {days} days");
                Verdict::new(&RULE, words, id, Status::Pass, why)
            }
            None => {
                let why = format!(
                    "events are kept for ever; {} are stored by now",
                    text::bytes(group.stored_bytes)
                );
                let evidence = [
                    Evidence::new(id, "retentionInDays", "absent: never expires"),
                    Evidence::new(id, "storedBytes", group.stored_bytes.to_string()),
                ];
                let stored = Cost::Stored {
                    usage: "TimedStorage-ByteHrs",
                    gigabytes: gigabytes(group.stored_bytes),
                };
                Verdict::new(&RULE, words, id, Status::Fail, why)
                    .evidence(evidence)
                    .cost(stored)
            }
        }
    };
    case.ours::<LogGroup>().map(judge).collect()
}
