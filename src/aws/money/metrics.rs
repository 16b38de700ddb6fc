//! Lets CloudWatch count how much was used.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::{METRICS, decimal, silent, unheard};
use crate::{
    aws::Aws,
    snapshot::{
        Reason,
        money::{Count, Metered, Unheard},
    },
};

/// The most metrics that one call takes.
const BATCH: usize = 500;
/// One datapoint a day.
const PERIOD_S: i32 = 86_400;
/// What is not known when CloudWatch does not answer.
const WHAT: &str = "how much is used of what is billed by use";

/// Fills in the value of each count, over whole days: from `from` on, or as many before `to` as it
/// says itself.
///
/// A count whose metric has no datapoint, or of which not all came, stays without a value.
pub async fn count(
    aws: &Aws,
    from: Timestamp,
    to: Timestamp,
    counts: &[Count],
) -> (Metered, Vec<Unheard>) {
    let mut by_days: BTreeMap<Option<u16>, Vec<Count>> = BTreeMap::new();
    for count in counts {
        by_days.entry(count.days).or_default().push(count.clone());
    }
    let batches = by_days.iter().flat_map(|(days, counts)| {
        let from = days.map_or(from, |it| before(to, it));
        counts.chunks(BATCH).map(move |it| (from, it.to_vec()))
    });
    let answers = aws
        .each(batches, |(from, it)| batch(aws, from, to, it))
        .await;
    let mut unheard = Vec::new();
    let mut counts = Vec::new();
    for (some, silent) in answers {
        counts.extend(some);
        unheard.extend(silent);
    }
    counts.sort();
    unheard.sort();
    unheard.dedup();
    (Metered { from, to, counts }, unheard)
}

fn before(to: Timestamp, days: u16) -> Timestamp {
    let hours = i64::from(days) * 24;
    to.checked_sub(SignedDuration::from_hours(hours))
        .unwrap_or(to)
}

/// What has come of one metric so far.
#[derive(Default)]
struct Series {
    values: Vec<Decimal>,
    complete: bool,
    /// A value that is no number.
    strange: bool,
}

impl Series {
    /// The days put together. `None` without any.
    fn value(&self, statistic: &str) -> Option<Decimal> {
        if !self.complete || self.strange || self.values.is_empty() {
            return None;
        }
        let sum = self
            .values
            .iter()
            .try_fold(Decimal::ZERO, |sum, it| sum.checked_add(*it))?;
        match statistic {
            "Average" => sum.checked_div(self.values.len().into()),
            "Maximum" => self.values.iter().max().copied(),
            _ => Some(sum),
        }
        .map(|it| it.normalize())
    }
}

async fn batch(
    aws: &Aws,
    from: Timestamp,
    to: Timestamp,
    mut counts: Vec<Count>,
) -> (Vec<Count>, Vec<Unheard>) {
    let queries = counts.iter().enumerate().map(|(n, it)| query(n, it));
    let request = aws
        .cloudwatch
        .get_metric_data()
        .start_time(DateTime::from_secs(from.as_second()))
        .end_time(DateTime::from_secs(to.as_second()))
        .scan_by(ScanBy::TimestampAscending)
        .set_metric_data_queries(Some(queries.collect()));
    let mut pages = request.into_paginator().send();
    let mut all: BTreeMap<String, Series> = BTreeMap::new();
    let mut silence = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(it) => it,
            Err(error) => {
                // Without the rest every sum would be too small.
                return (counts, vec![unheard(WHAT, METRICS, &error)]);
            }
        };
        for it in page.metric_data_results() {
            let Some(id) = it.id() else { continue };
            let series = all.entry(id.to_owned()).or_default();
            let values = it.values().iter().map(|it| decimal(*it));
            for value in values {
                match value {
                    Some(it) => series.values.push(it),
                    None => series.strange = true,
                }
            }
            // Said of every page; the last one counts.
            series.complete = it.status_code() == Some(&StatusCode::Complete);
            if it.status_code() == Some(&StatusCode::Forbidden) {
                let code = "Forbidden".to_owned();
                silence.push(silent(WHAT, METRICS, Reason::Denied, code, ""));
            }
        }
    }
    for (n, count) in counts.iter_mut().enumerate() {
        let series = all.remove(&id(n)).unwrap_or_default();
        if !series.complete || series.strange {
            let why = format!("{} of {} did not come whole", count.metric, count.resource);
            let code = "PartialData".to_owned();
            silence.push(silent(WHAT, METRICS, Reason::Malformed, code, &why));
        }
        count.value = series.value(&count.statistic);
    }
    (counts, silence)
}

/// CloudWatch wants names that begin with a small letter.
fn id(n: usize) -> String {
    format!("m{n}")
}

fn query(n: usize, count: &Count) -> MetricDataQuery {
    let dimensions = count.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| Dimension::builder().name(name).value(value));
    let metric = Metric::builder()
        .namespace(&count.namespace)
        .metric_name(&count.metric)
        .set_dimensions(Some(dimensions.map(|it| it.build()).collect()))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(PERIOD_S)
        .stat(&count.statistic)
        .build();
    MetricDataQuery::builder()
        .id(id(n))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{cbor, replay::Tape};

    fn wanted(metric: &str, statistic: &str) -> Count {
        Count {
            resource: "queue/jobs".parse().unwrap(),
            namespace: "AWS/SQS".to_owned(),
            metric: metric.to_owned(),
            dimensions: BTreeMap::from([("QueueName".to_owned(), "jobs".to_owned())]),
            statistic: statistic.to_owned(),
            days: None,
            value: None,
        }
    }

    fn page(results: &Value, token: Option<&str>) -> Vec<u8> {
        let mut page = json!({"MetricDataResults": results});
        if let Some(it) = token {
            page["NextToken"] = json!(it);
        }
        cbor::encoded(&page)
    }

    async fn counted(tape: &Tape, counts: Vec<Count>) -> (Vec<Option<String>>, Vec<Unheard>) {
        let from = "2026-11-01T00:00:00Z".parse().unwrap();
        let to = "2026-11-15T00:00:00Z".parse().unwrap();
        let (metered, unheard) = count(&tape.aws(), from, to, &counts).await;
        let values = metered.counts.iter();
        let values = values.map(|it| it.value.map(|it| it.to_string()));
        (values.collect(), unheard)
    }

    #[tokio::test]
    async fn days_are_summed_up_over_pages() {
        let first = json!([
            {"Id": "m0", "Values": [100.5, 200.0], "StatusCode": "PartialData"},
            {"Id": "m1", "Values": [4.0, 8.0], "StatusCode": "Complete"},
        ]);
        let second = json!([{"Id": "m0", "Values": [0.5], "StatusCode": "Complete"}]);
        let tape = Tape::default()
            .answer(200, page(&first, Some("more")))
            .answer(200, page(&second, None));
        let counts = vec![wanted("Sent", "Sum"), wanted("Size", "Average")];
        let (values, unheard) = counted(&tape, counts).await;
        assert_eq!(values, [Some("301".to_owned()), Some("6".to_owned())]);
        assert_eq!(unheard, []);
    }

    #[tokio::test]
    async fn no_datapoint_is_no_zero_and_no_fault() {
        let none = json!([{"Id": "m0", "Values": [], "StatusCode": "Complete"}]);
        let tape = Tape::default().answer(200, page(&none, None));
        let (values, unheard) = counted(&tape, vec![wanted("Sent", "Sum")]).await;
        assert_eq!((values, unheard), (vec![None], Vec::new()));
    }

    #[tokio::test]
    async fn what_did_not_come_whole_has_no_value_and_is_said() {
        for results in [
            json!([{"Id": "m0", "Values": [5.0], "StatusCode": "PartialData"}]),
            json!([{"Id": "m0", "Values": [], "StatusCode": "InternalError"}]),
            json!([{"Values": [5.0], "StatusCode": "Complete"}]),
            json!([]),
        ] {
            let tape = Tape::default().answer(200, page(&results, None));
            let (values, unheard) = counted(&tape, vec![wanted("Sent", "Sum")]).await;
            assert_eq!(values, [None], "{results}");
            assert_eq!(unheard.len(), 1, "{results}");
            assert_eq!(unheard[0].action, "cloudwatch:GetMetricData");
        }
    }

    #[tokio::test]
    async fn a_page_that_fails_takes_what_came_before_with_it() {
        let first = json!([{"Id": "m0", "Values": [5.0], "StatusCode": "PartialData"}]);
        let tape = Tape::default()
            .answer(200, page(&first, Some("more")))
            .answer(500, "<!doctype html><h1>Oops</h1>");
        let (values, unheard) = counted(&tape, vec![wanted("Sent", "Sum")]).await;
        assert_eq!(values, [None]);
        assert_eq!(unheard[0].reason, Reason::Malformed);
    }

    #[tokio::test]
    async fn more_than_five_hundred_are_asked_in_two_calls() {
        let tape = Tape::default()
            .answer(200, page(&json!([]), None))
            .answer(200, page(&json!([]), None));
        let counts = (0..501).map(|it| wanted(&format!("M{it:03}"), "Sum"));
        let (values, _) = counted(&tape, counts.collect()).await;
        assert_eq!((values.len(), tape.asked().len()), (501, 2));
    }

    #[tokio::test]
    async fn what_is_to_be_looked_at_for_longer_is_asked_by_itself_and_its_peak_is_told() {
        let peak = json!([{"Id": "m0", "Values": [0.0, 4.0, 1.0], "StatusCode": "Complete"}]);
        let tape = Tape::default()
            .answer(200, page(&json!([]), None))
            .answer(200, page(&peak, None));
        let long = Count {
            days: Some(32),
            ..wanted("Connections", "Maximum")
        };
        let counts = vec![long, wanted("Sent", "Sum")];
        let (values, _) = counted(&tape, counts).await;
        assert_eq!(values, [Some("4".to_owned()), None]);
        assert_eq!(tape.asked().len(), 2);
        let to = "2026-11-15T00:00:00Z".parse().unwrap();
        assert_eq!(before(to, 32).to_string(), "2026-10-14T00:00:00Z");
    }
}
