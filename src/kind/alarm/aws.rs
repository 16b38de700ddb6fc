//! Reads CloudWatch alarms: one listing, then the tags of the rack's own.

use aws_sdk_cloudwatch::types::{self, AlarmType};
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use super::{Alarm, Dimension, Metric, is_of_target_tracking};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const ALARMS: Call = Call::new(Service::CloudWatch, "DescribeAlarms");
const TAGS: Call = Call::new(Service::CloudWatch, "ListTagsForResource");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[ALARMS, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Alarm);
        // Without types AWS leaves the composite ones out.
        let request = aws
            .cloudwatch
            .describe_alarms()
            .max_records(PAGE)
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm);
        let pages = request.into_paginator().send();
        for page in found.collect(ALARMS, None, pages).await {
            for it in page.metric_alarms.unwrap_or_default() {
                found.add(ALARMS, None, metric_alarm(it));
            }
            for it in page.composite_alarms.unwrap_or_default() {
                found.add(ALARMS, None, composite_alarm(it));
            }
        }
        found
    })
}

fn metric_alarm(it: types::MetricAlarm) -> Result<Resource, Missing> {
    let name = text(it.alarm_name).need("AlarmName")?;
    let arn = text(it.alarm_arn).need("AlarmArn")?;
    let queries = it.metrics.unwrap_or_default();
    let insights = queries.iter().filter_map(|it| it.expression());
    let insights = insights.map(|it| it.trim_start().to_ascii_uppercase());
    let insights = insights.into_iter().any(|it| it.starts_with("SELECT"));
    let math = queries.iter().any(|it| it.expression.is_some());
    let statistic = it.statistic.map(|it| it.as_str().to_owned());
    let single = it.metric_name.map(|name| Metric {
        namespace: it.namespace.unwrap_or_default(),
        name,
        dimensions: dimensions(it.dimensions),
        statistic: statistic.or(it.extended_statistic),
        period_s: it.period.map(|it| count(Some(it))),
        account: None,
    });
    let attrs = Alarm {
        arn: arn.clone(),
        state: it.state_value.need("StateValue")?.as_str().to_owned(),
        metrics: single
            .into_iter()
            .chain(queries.into_iter().filter_map(metric))
            .collect(),
        metric_math: math,
        metrics_insights: insights,
        anomaly_detection: it.threshold_metric_id.is_some(),
        rule: None,
        suppressor: None,
        threshold: it.threshold.and_then(|it| Decimal::try_from(it).ok()),
        comparison: it.comparison_operator.map(|it| it.as_str().to_owned()),
        evaluation_periods: it.evaluation_periods.map(|it| count(Some(it))),
        datapoints_to_alarm: it.datapoints_to_alarm.map(|it| count(Some(it))),
        treat_missing_data: text(it.treat_missing_data),
        actions_enabled: it.actions_enabled.need("ActionsEnabled")?,
        alarm_actions: it.alarm_actions.unwrap_or_default(),
        ok_actions: it.ok_actions.unwrap_or_default(),
        insufficient_data_actions: it.insufficient_data_actions.unwrap_or_default(),
        target_tracking: is_of_target_tracking(&name),
    };
    Ok(Resource::new(name, attrs).arn(arn))
}

/// A metric that a formula takes; what is itself a formula or a query is none.
fn metric(it: types::MetricDataQuery) -> Option<Metric> {
    let stat = it.metric_stat?;
    let metric = stat.metric?;
    Some(Metric {
        namespace: metric.namespace.unwrap_or_default(),
        name: metric.metric_name?,
        dimensions: dimensions(metric.dimensions),
        statistic: stat.stat,
        period_s: stat.period.map(|it| count(Some(it))),
        account: text(it.account_id),
    })
}

fn dimensions(told: Option<Vec<types::Dimension>>) -> Vec<Dimension> {
    let told = told.unwrap_or_default().into_iter();
    told.map(|it| Dimension {
        name: it.name.unwrap_or_default(),
        value: it.value.unwrap_or_default(),
    })
    .collect()
}

fn composite_alarm(it: types::CompositeAlarm) -> Result<Resource, Missing> {
    let name = text(it.alarm_name).need("AlarmName")?;
    let arn = text(it.alarm_arn).need("AlarmArn")?;
    let attrs = Alarm {
        arn: arn.clone(),
        state: it.state_value.need("StateValue")?.as_str().to_owned(),
        rule: Some(text(it.alarm_rule).need("AlarmRule")?),
        suppressor: text(it.actions_suppressor),
        actions_enabled: it.actions_enabled.need("ActionsEnabled")?,
        alarm_actions: it.alarm_actions.unwrap_or_default(),
        ok_actions: it.ok_actions.unwrap_or_default(),
        insufficient_data_actions: it.insufficient_data_actions.unwrap_or_default(),
        ..Alarm::default()
    };
    Ok(Resource::new(name, attrs).arn(arn))
}

fn deepen(aws: &Aws, alarms: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Alarm, alarms, |it| tags(aws, it)))
}

async fn tags(aws: &Aws, mut alarm: Resource) -> Found {
    let mut found = Found::of(Kind::Alarm);
    let request = aws.cloudwatch.list_tags_for_resource();
    let answer = request.set_resource_arn(alarm.arn.clone()).send().await;
    if let Some(answer) = found.answer(TAGS, Some(&alarm.id), answer) {
        alarm = alarm.tags(tag_map!(answer.tags.unwrap_or_default()));
    }
    found.resources.push(alarm);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        kind::AsKind,
        snapshot::Reason,
        testing::{cbor, replay::Tape},
    };

    fn arn(name: &str) -> String {
        format!("arn:aws:cloudwatch:us-east-1:1:alarm:{name}")
    }

    fn cpu(name: &str) -> Value {
        json!({
            "AlarmName": name, "AlarmArn": arn(name), "StateValue": "ALARM",
            "ActionsEnabled": true, "AlarmActions": ["arn:aws:sns:us-east-1:1:pager"],
            "MetricName": "CPUUtilization", "Namespace": "AWS/ECS", "Statistic": "Average",
            "Dimensions": [{"Name": "ClusterName", "Value": "prod"}],
            "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 80.5,
            "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching",
        })
    }

    async fn listed(answers: &[Value]) -> (Found, Vec<String>) {
        let mut tape = Tape::default();
        for it in answers {
            tape = tape.answer(200, cbor::encoded(it));
        }
        let found = list(&tape.aws()).await;
        (found, tape.asked())
    }

    #[tokio::test]
    async fn alarms_of_both_sorts_are_asked_for_and_listed_to_the_end() {
        let composite = json!({
            "AlarmName": "both", "AlarmArn": arn("both"), "StateValue": "OK",
            "ActionsEnabled": false, "AlarmRule": "ALARM(cpu)", "ActionsSuppressor": "deploy",
        });
        let (found, asked) = listed(&[
            json!({"MetricAlarms": [cpu("cpu")], "CompositeAlarms": [], "NextToken": "t"}),
            json!({"MetricAlarms": [cpu("TargetTracking-service/prod/web-AlarmHigh-u")],
                   "CompositeAlarms": [composite]}),
        ])
        .await;
        assert!(asked[0].contains("MetricAlarm") && asked[0].contains("CompositeAlarm"));
        let alarms: Vec<&Alarm> = found
            .resources
            .iter()
            .filter_map(|it| Alarm::of(&it.attrs))
            .collect();
        let [first, made, both] = &alarms[..] else {
            panic!("{found:?}")
        };
        assert_eq!(first.threshold.unwrap().to_string(), "80.5");
        assert_eq!(first.metrics[0].period_s, Some(60));
        assert_eq!(first.metrics[0].dimensions[0].value, "prod");
        assert!(made.target_tracking && !first.target_tracking);
        assert_eq!(both.rule.as_deref(), Some("ALARM(cpu)"));
        assert!(!both.actions_enabled);
    }

    #[tokio::test]
    async fn a_formula_leaves_the_metrics_that_it_takes() {
        let (found, _) = listed(&[json!({"MetricAlarms": [{
            "AlarmName": "rate", "AlarmArn": arn("rate"), "StateValue": "OK",
            "ActionsEnabled": true, "ThresholdMetricId": "ad1",
            "Metrics": [
                {"Id": "e1", "Expression": "m1 / 2", "ReturnData": true},
                {"Id": "m1", "AccountId": "2", "MetricStat": {
                    "Metric": {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent",
                               "Dimensions": [{"Name": "QueueName", "Value": "jobs"}]},
                    "Period": 10, "Stat": "Sum"}}],
        }]})])
        .await;
        let alarm = Alarm::of(&found.resources[0].attrs).unwrap();
        assert!(alarm.metric_math && alarm.anomaly_detection && !alarm.metrics_insights);
        assert_eq!(alarm.metrics.len(), 1);
        assert_eq!(alarm.metrics[0].account.as_deref(), Some("2"));
    }

    #[tokio::test]
    async fn a_query_over_metrics_is_known_by_its_first_word() {
        let (found, _) = listed(&[json!({"MetricAlarms": [{
            "AlarmName": "query", "AlarmArn": arn("query"), "StateValue": "OK",
            "ActionsEnabled": true,
            "Metrics": [{"Id": "q1", "Expression": "select AVG(CPUUtilization) FROM \"AWS/EC2\""}],
        }]})])
        .await;
        let alarm = Alarm::of(&found.resources[0].attrs).unwrap();
        assert!(alarm.metrics_insights && alarm.metrics.is_empty());
    }

    #[tokio::test]
    async fn one_without_its_state_is_a_gap() {
        let (found, _) = listed(&[json!({"MetricAlarms": [
            {"AlarmName": "a", "AlarmArn": arn("a"), "ActionsEnabled": true}]})])
        .await;
        assert_eq!(found.gaps[0].message, "the answer has no StateValue");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = json!({"__type": "com.amazon#AccessDenied", "message": "no"});
        let tape = Tape::default().answer(403, cbor::encoded(&denied));
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "cloudwatch:DescribeAlarms");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn refused_tags_leave_the_alarm_and_a_gap_about_it() {
        let told = json!({"Tags": [{"Key": "team", "Value": "web"}]});
        let denied = json!({"__type": "AccessDenied"});
        let tape = Tape::default()
            .answer(200, cbor::encoded(&told))
            .answer(403, cbor::encoded(&denied));
        let (found, _) = listed(&[json!({"MetricAlarms": [cpu("a"), cpu("b")]})]).await;
        let found = deepen(&tape.aws(), found.resources).await;
        assert_eq!(found.resources[0].tags["team"], "web");
        assert_eq!(found.resources.len(), 2);
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "alarm/b");
    }
}
