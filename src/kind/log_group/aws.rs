//! Reads CloudWatch log groups: one listing.

use aws_sdk_cloudwatchlogs::types;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::LogGroup;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, size},
    },
    kind::Kind,
    snapshot::Resource,
};

const LOG_GROUPS: Call = Call::new(Service::CloudWatchLogs, "DescribeLogGroups");

pub const READING: Reading = Reading {
    calls: &[LOG_GROUPS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::LogGroup);
        let pages = aws
            .logs
            .describe_log_groups()
            .into_paginator()
            .items()
            .send();
        found.pages(LOG_GROUPS, pages, resource).await;
        found
    })
}

fn resource(group: types::LogGroup) -> Result<Resource, Missing> {
    let name = group.log_group_name.need("logGroupName")?;
    let attrs = LogGroup {
        retention_days: group.retention_in_days.map(|it| count(Some(it))),
        stored_bytes: size(Some(group.stored_bytes.need("storedBytes")?)),
        class: group.log_group_class.map(|it| it.as_str().to_owned()),
        key: group.kms_key_id,
        metric_filters: count(group.metric_filter_count),
        deletion_protection: group.deletion_protection_enabled.unwrap_or_default(),
    };
    let created = group.creation_time;
    let arn = group.log_group_arn.or(group.arn);
    Ok(Resource::new(name, attrs)
        .arn(arn.map(|it| it.trim_end_matches(":*").to_owned()))
        .created(created.and_then(|it| Timestamp::from_millisecond(it).ok())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    #[tokio::test]
    async fn no_retention_means_for_ever_on_every_page() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"logGroups":[{"logGroupName":"/ecs/web","storedBytes":7,
                     "creationTime":1525035600000,
                     "arn":"arn:aws:logs:us-east-1:1:log-group:/ecs/web:*"}],"nextToken":"t"}"#,
            )
            .answer(
                200,
                r#"{"logGroups":[{"logGroupName":"b","storedBytes":0,"retentionInDays":7}]}"#,
            );
        let found = list(&tape.aws()).await;
        let of = |at: usize| LogGroup::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).retention_days, None);
        assert_eq!(of(1).retention_days, Some(7));
        let arn = found.resources[0].arn.as_deref();
        assert_eq!(arn, Some("arn:aws:logs:us-east-1:1:log-group:/ecs/web"));
        assert!(found.resources[0].created.is_some());
    }

    #[tokio::test]
    async fn a_group_of_unknown_size_is_a_gap_and_not_an_empty_one() {
        let tape = Tape::default().answer(200, r#"{"logGroups":[{"logGroupName":"a"}]}"#);
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no storedBytes");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let found = list(&Tape::default().answer(400, denied).aws()).await;
        assert_eq!(found.gaps[0].action, "logs:DescribeLogGroups");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
