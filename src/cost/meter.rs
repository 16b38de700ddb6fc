//! Which of CloudWatch's metrics tell how much is used of what is billed by use, and how much
//! that makes in a month.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{
    Month, Origin, Usage, charges,
    usage::{Scope, Used},
};
use crate::{
    charge::Amount,
    id::ResourceId,
    kind::{
        Attrs, classic_load_balancer::ClassicLoadBalancer, function::Function,
        hosted_zone::HostedZone, load_balancer::LoadBalancer, nat_gateway::NatGateway,
        table::Table, vpc_endpoint::VpcEndpoint,
    },
    rule::{Case, measured},
    snapshot::{
        Resource,
        money::{Count, Metered},
    },
};

/// Days that are counted. AWS keeps more; what was long ago says little of next month.
pub const DAYS: i64 = 14;

/// Where alone Route 53 counts queries.
const HOME_OF_ROUTE53: &str = "us-east-1";

/// What metrics say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// So much in all that time: it grows with time.
    Flow,
    /// So much at any time, and it is billed by the month.
    Level,
    /// So much at any time, and it is billed by the hour.
    LevelByHour,
}

/// So many units of the price are so many of the metric's.
#[derive(Clone, Copy, Debug)]
struct Scale {
    units: u64,
    counted: u64,
}

const ONE: Scale = Scale {
    units: 1,
    counted: 1,
};

const GIGABYTE: Scale = Scale {
    units: 1,
    counted: 1 << 30,
};

/// How one component of one resource is metered.
struct Gauge {
    component: &'static str,
    says: Says,
    scale: Scale,
    counts: Vec<Count>,
}

/// The metrics to ask for: those of what the rack is billed for by use, its own and shared, and
/// those that tell whether anybody uses what it is billed for by the hour.
pub fn counts(case: &Case<'_>, region: &str) -> Vec<Count> {
    let gauges = metered(case, region);
    let mut counts: Vec<Count> = gauges.flat_map(|(_, it)| it.counts).collect();
    let balancers = case.ours::<LoadBalancer>();
    counts.extend(balancers.flat_map(|(it, balancer)| measured::of_balancer(it, balancer)));
    let classic = case.ours::<ClassicLoadBalancer>();
    counts.extend(classic.flat_map(|(it, _)| measured::of_classic(it)));
    let gateways = case.ours::<NatGateway>();
    let gateways = gateways.filter(|(_, it)| it.status == "available");
    counts.extend(gateways.flat_map(|(it, _)| measured::of_nat(it)));
    counts.sort();
    counts.dedup();
    counts
}

/// The whole days before a moment that are counted.
pub fn days(now: Timestamp) -> (Timestamp, Timestamp) {
    let day = 86_400;
    let to = now.as_second().div_euclid(day) * day;
    let second = |it: i64| Timestamp::from_second(it).unwrap_or(Timestamp::UNIX_EPOCH);
    (second(to - DAYS * day), second(to))
}

/// How much that makes in a month. Of what one of its metrics has no value, nothing is known.
pub fn usage(case: &Case<'_>, region: &str, metered_: &Metered, month: &Month) -> Usage {
    let known: BTreeMap<Count, Option<Decimal>> = metered_
        .counts
        .iter()
        .map(|it| (question(it), it.value))
        .collect();
    let mut usage = Usage::default();
    for (resource, gauge) in metered(case, region) {
        let seconds = counted_seconds(resource, metered_);
        let values = gauge.counts.iter();
        let values = values.map(|it| known.get(&question(it)).copied().flatten());
        let sum = values.sum::<Option<Decimal>>();
        let quantity = sum.and_then(|it| scaled(it, &gauge, seconds, month));
        if let Some(quantity) = quantity {
            let days = u16::try_from(seconds.div_ceil(86_400)).unwrap_or(u16::MAX);
            let used = Used {
                quantity,
                origin: Origin::Measured { days },
            };
            usage.set(Scope::One(resource.id.clone()), gauge.component, used);
        }
    }
    usage
}

/// The same count as it was asked for.
fn question(count: &Count) -> Count {
    Count {
        value: None,
        ..count.clone()
    }
}

/// How long it was counted: what is younger than the time that was looked at did nothing before.
fn counted_seconds(resource: &Resource, metered: &Metered) -> u64 {
    let from = resource
        .created
        .map_or(metered.from, |it| it.max(metered.from));
    let seconds = metered.to.as_second() - from.as_second();
    u64::try_from(seconds).unwrap_or_default()
}

/// What a month's worth is. Never less than nothing, and nothing of no time at all.
fn scaled(sum: Decimal, gauge: &Gauge, seconds: u64, month: &Month) -> Option<Decimal> {
    if sum.is_sign_negative() || seconds == 0 {
        return None;
    }
    let hours = Decimal::from(month.hours());
    let (times, per) = match gauge.says {
        Says::Level => (Decimal::ONE, Decimal::ONE),
        Says::LevelByHour => (hours, Decimal::ONE),
        Says::Flow => (hours.checked_mul(3600.into())?, seconds.into()),
    };
    // Divided once and last: a fraction in between would be cut off.
    let all = sum
        .checked_mul(gauge.scale.units.into())?
        .checked_mul(times)?;
    let quantity = all.checked_div(per.checked_mul(gauge.scale.counted.into())?)?;
    Some(quantity.round_dp(9).normalize())
}

/// The gauges of all that is billed by use.
fn metered<'a>(
    case: &Case<'a>,
    region: &str,
) -> impl Iterator<Item = (&'a Resource, Gauge)> + use<'a> {
    let ours = case.graph.resources();
    let ours = ours.filter(|it| !case.belongings.of(&it.id).is_foreign());
    let gauges = ours.flat_map(|resource| {
        let charges = charges(case.graph, resource).into_iter();
        let by_use = charges.filter(|it| matches!(it.amount, Amount::Metered(_)));
        by_use.filter_map(move |it| Some((resource, gauge(resource, it.component, region)?)))
    });
    gauges.collect::<Vec<_>>().into_iter()
}

/// Metrics of one namespace about one thing.
struct Meter<'a> {
    resource: &'a ResourceId,
    namespace: &'static str,
    dimensions: BTreeMap<String, String>,
}

impl Meter<'_> {
    fn count(&self, metric: &str, statistic: &str) -> Count {
        Count {
            resource: self.resource.clone(),
            namespace: self.namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions: self.dimensions.clone(),
            statistic: statistic.to_owned(),
            days: None,
            value: None,
        }
    }

    /// The sum of these over all the time.
    fn flow(&self, metrics: &[&str], component: &'static str, scale: Scale) -> Gauge {
        Gauge {
            component,
            says: Says::Flow,
            scale,
            counts: metrics.iter().map(|it| self.count(it, "Sum")).collect(),
        }
    }

    /// What it is on average.
    fn level(&self, metric: &str, component: &'static str, says: Says, scale: Scale) -> Gauge {
        Gauge {
            component,
            says,
            scale,
            counts: vec![self.count(metric, "Average")],
        }
    }
}

/// How a component is metered; `None` where CloudWatch does not count it.
fn gauge(resource: &Resource, component: &'static str, region: &str) -> Option<Gauge> {
    let key = resource.id.key.as_str();
    let on = |namespace, dimensions: &[(&str, &str)]| Meter {
        resource: &resource.id,
        namespace,
        dimensions: dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    match (&resource.attrs, component) {
        (Attrs::LoadBalancer(it), "capacity units") => {
            let name = arn_name(resource, "loadbalancer/")?;
            let meter = on(balancers(it), &[("LoadBalancer", &name)]);
            Some(meter.flow(&["ConsumedLCUs"], component, ONE))
        }
        (Attrs::ClassicLoadBalancer(_), "data processed") => {
            let meter = on("AWS/ELB", &[("LoadBalancerName", key)]);
            Some(meter.flow(&["EstimatedProcessedBytes"], component, GIGABYTE))
        }
        (Attrs::NatGateway(_), "data processed") => {
            let meter = on("AWS/NATGateway", &[("NatGatewayId", key)]);
            let both = ["BytesInFromDestination", "BytesInFromSource"];
            Some(meter.flow(&both, component, GIGABYTE))
        }
        (Attrs::VpcEndpoint(it), "data processed") => {
            let meter = on("AWS/PrivateLinkEndpoints", &endpoint(it, key)?);
            Some(meter.flow(&["BytesProcessed"], component, GIGABYTE))
        }
        (Attrs::HostedZone(it), "queries") => queries(it, region).then(|| {
            let meter = on("AWS/Route53", &[("HostedZoneId", key)]);
            meter.flow(&["DNSQueries"], component, ONE)
        }),
        (Attrs::Bucket(_), "storage") => {
            let standard = [("BucketName", key), ("StorageType", "StandardStorage")];
            let meter = on("AWS/S3", &standard);
            Some(meter.level("BucketSizeBytes", component, Says::Level, GIGABYTE))
        }
        (Attrs::FileSystem(_), "reads" | "writes") => {
            let meter = on("AWS/EFS", &[("FileSystemId", key)]);
            let metric = if component == "reads" {
                "DataReadIOBytes"
            } else {
                "DataWriteIOBytes"
            };
            Some(meter.flow(&[metric], component, GIGABYTE))
        }
        (Attrs::Table(it), "reads" | "writes") => {
            let metric = if component == "reads" {
                "ConsumedReadCapacityUnits"
            } else {
                "ConsumedWriteCapacityUnits"
            };
            let whole = on("AWS/DynamoDB", &[("TableName", key)]);
            let mut gauge = whole.flow(&[metric], component, ONE);
            gauge.counts.extend(indexes(it).map(|index| {
                let of = [("TableName", key), ("GlobalSecondaryIndexName", index)];
                on("AWS/DynamoDB", &of).count(metric, "Sum")
            }));
            Some(gauge)
        }
        (Attrs::Volume(_), "requests") => {
            let meter = on("AWS/EBS", &[("VolumeId", key)]);
            Some(meter.flow(&["VolumeReadOps", "VolumeWriteOps"], component, ONE))
        }
        (Attrs::DbInstance(_), "capacity units") => {
            let meter = on("AWS/RDS", &[("DBInstanceIdentifier", key)]);
            let metric = "ServerlessDatabaseCapacity";
            Some(meter.level(metric, component, Says::LevelByHour, ONE))
        }
        (Attrs::DbCluster(_), _) => {
            let meter = on("AWS/RDS", &[("DBClusterIdentifier", key)]);
            let level = |metric| meter.level(metric, component, Says::Level, GIGABYTE);
            match component {
                "storage" => Some(level("VolumeBytesUsed")),
                "backups" => Some(level("TotalBackupStorageBilled")),
                "requests" => {
                    let both = ["VolumeReadIOPs", "VolumeWriteIOPs"];
                    Some(meter.flow(&both, component, ONE))
                }
                "capacity units" => {
                    let metric = "ServerlessDatabaseCapacity";
                    Some(meter.level(metric, component, Says::LevelByHour, ONE))
                }
                _ => None,
            }
        }
        (Attrs::Queue(_), "requests") => {
            let meter = on("AWS/SQS", &[("QueueName", key)]);
            // Each a request, but for batches, which AWS bills as one.
            let all = [
                "NumberOfEmptyReceives",
                "NumberOfMessagesDeleted",
                "NumberOfMessagesReceived",
                "NumberOfMessagesSent",
            ];
            Some(meter.flow(&all, component, ONE))
        }
        (Attrs::Topic(_), "requests") => {
            let meter = on("AWS/SNS", &[("TopicName", key)]);
            Some(meter.flow(&["NumberOfMessagesPublished"], component, ONE))
        }
        (Attrs::Function(it), "requests" | "duration") => {
            let meter = on("AWS/Lambda", &[("FunctionName", key)]);
            Some(if component == "requests" {
                meter.flow(&["Invocations"], component, ONE)
            } else {
                meter.flow(&["Duration"], component, gigabyte_seconds(it))
            })
        }
        (Attrs::LogGroup(_), "ingestion") => {
            let meter = on("AWS/Logs", &[("LogGroupName", key)]);
            Some(meter.flow(&["IncomingBytes"], component, GIGABYTE))
        }
        _ => None,
    }
}

fn balancers(it: &LoadBalancer) -> &'static str {
    match it.lb_type.as_str() {
        "network" => "AWS/NetworkELB",
        "gateway" => "AWS/GatewayELB",
        _ => "AWS/ApplicationELB",
    }
}

/// What of an ARN follows a mark: `app/shop/0123456789abcdef`.
fn arn_name(resource: &Resource, mark: &str) -> Option<String> {
    let arn = resource.arn.as_deref()?;
    let (_, name) = arn.split_once(mark)?;
    Some(name.to_owned())
}

/// CloudWatch has the bytes of an endpoint only under all four of its marks.
fn endpoint<'a>(it: &'a VpcEndpoint, key: &'a str) -> Option<[(&'static str, &'a str); 4]> {
    Some([
        ("Endpoint Type", it.endpoint_type.as_str()),
        ("Service Name", it.service.as_deref()?),
        ("VPC Endpoint Id", key),
        ("VPC Id", it.vpc.as_str()),
    ])
}

fn queries(it: &HostedZone, region: &str) -> bool {
    !it.private && region == HOME_OF_ROUTE53
}

fn indexes(it: &Table) -> impl Iterator<Item = &str> {
    let facts = it.facts.known().into_iter();
    facts.flat_map(|it| it.indexes.iter().map(|it| it.name.as_str()))
}

/// GB-seconds of a millisecond.
fn gigabyte_seconds(it: &Function) -> Scale {
    Scale {
        units: it.memory.into(),
        counted: 1024 * 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            bucket::Bucket,
            queue::Queue,
            table::{Index, TableFacts},
        },
        testing::owned,
    };

    const REGION: &str = "eu-west-1";

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn asked(resource: &Resource) -> Vec<Count> {
        let resources = std::slice::from_ref(resource);
        owned(resources, &[], |_| true, |case| counts(case, REGION))
    }

    /// What is known of use when CloudWatch told these values, over 14 days, in a month of 730
    /// hours.
    fn told(resource: &Resource, values: &[Option<&str>]) -> Usage {
        let mut counts = asked(resource);
        // Besides, what tells whether it is used at all.
        counts.retain(|it| it.days.is_none());
        assert_eq!(counts.len(), values.len(), "{counts:#?}");
        for (count, value) in counts.iter_mut().zip(values) {
            count.value = value.map(decimal);
        }
        let (from, to) = days("2026-11-15T09:30:00Z".parse().unwrap());
        let metered = Metered { from, to, counts };
        let resources = std::slice::from_ref(resource);
        let month = Month::usual();
        owned(
            resources,
            &[],
            |_| true,
            |case| usage(case, REGION, &metered, &month),
        )
    }

    fn amount(usage: &Usage, resource: &Resource, component: &str) -> Option<String> {
        let used = usage.of(&resource.id, component)?;
        Some(used.quantity.round_dp(6).normalize().to_string())
    }

    #[test]
    fn whole_days_are_counted() {
        let (from, to) = days("2026-11-15T09:30:00Z".parse().unwrap());
        assert_eq!(to.to_string(), "2026-11-15T00:00:00Z");
        assert_eq!(from.to_string(), "2026-11-01T00:00:00Z");
    }

    #[test]
    fn bytes_of_two_weeks_become_gigabytes_of_a_month() {
        let gateway = Resource::new(
            "nat-1",
            NatGateway {
                status: "available".to_owned(),
                ..NatGateway::default()
            },
        );
        // 336 GiB in 336 hours are 1 GiB an hour.
        let half = (168_u64 << 30).to_string();
        let usage = told(&gateway, &[Some(&half), Some(&half)]);
        assert_eq!(amount(&usage, &gateway, "data processed").unwrap(), "730");
        let used = usage.of(&gateway.id, "data processed").unwrap();
        assert_eq!(used.origin, Origin::Measured { days: 14 });
    }

    #[test]
    fn without_a_datapoint_nothing_is_known() {
        let queue = Resource::new("jobs", Queue::default());
        let usage = told(&queue, &[Some("1"), Some("2"), None, Some("4")]);
        assert_eq!(usage, Usage::default());
        let nothing = told(&queue, &[Some("0"); 4]);
        assert_eq!(amount(&nothing, &queue, "requests").unwrap(), "0");
    }

    #[test]
    fn what_is_younger_did_nothing_before_it_was_there() {
        let queue = Resource::new("jobs", Queue::default());
        let created: Timestamp = "2026-11-13T00:00:00Z".parse().unwrap();
        let queue = queue.created(created);
        // 48 in the 48 hours of its life
        let usage = told(&queue, &[Some("12"); 4]);
        assert_eq!(amount(&usage, &queue, "requests").unwrap(), "730");
        let unborn = queue.created("2026-11-15T06:00:00Z".parse::<Timestamp>().unwrap());
        assert_eq!(told(&unborn, &[Some("12"); 4]), Usage::default());
    }

    #[test]
    fn a_gateway_is_asked_about_for_as_long_as_an_idle_one_must_be_silent() {
        let gateway = NatGateway {
            status: "available".to_owned(),
            ..NatGateway::default()
        };
        let counts = asked(&Resource::new("nat-1", gateway));
        let days: Vec<(&str, Option<u16>)> = counts
            .iter()
            .map(|it| (it.metric.as_str(), it.days))
            .collect();
        assert_eq!(
            days,
            [
                ("ActiveConnectionCount", Some(32)),
                ("BytesInFromDestination", None),
                ("BytesInFromSource", None),
                ("PacketsInFromDestination", Some(32)),
                ("PacketsInFromSource", Some(32)),
            ]
        );
    }

    #[test]
    fn a_size_is_the_same_all_month() {
        let bucket = Resource::new("uploads", Bucket::default());
        let size = (5_u64 << 30).to_string();
        let usage = told(&bucket, &[Some(&size)]);
        assert_eq!(amount(&usage, &bucket, "storage").unwrap(), "5");
        assert_eq!(amount(&usage, &bucket, "reads"), None);
    }

    #[test]
    fn duration_is_weighed_with_memory() {
        let function = Function {
            memory: 512,
            ..Function::default()
        };
        let function = Resource::new("resize", function);
        // 336 requests of 120 ms and 512 MiB: 20.16 GB-seconds in 336 hours.
        let usage = told(&function, &[Some("40320"), Some("336")]);
        assert_eq!(amount(&usage, &function, "requests").unwrap(), "730");
        assert_eq!(amount(&usage, &function, "duration").unwrap(), "43.8");
    }

    #[test]
    fn a_table_is_counted_with_its_indexes() {
        let facts = TableFacts {
            billing_mode: "PAY_PER_REQUEST".to_owned(),
            indexes: vec![Index {
                name: "by-day".to_owned(),
                ..Index::default()
            }],
            ..TableFacts::default()
        };
        let table = Table {
            facts: Fact::Known(facts),
            ..Table::default()
        };
        let metrics: Vec<(String, usize)> = asked(&Resource::new("orders", table))
            .into_iter()
            .map(|it| (it.metric, it.dimensions.len()))
            .collect();
        let of = |metric: &str, dimensions| (metric.to_owned(), dimensions);
        assert_eq!(
            metrics,
            [
                of("ConsumedReadCapacityUnits", 2),
                of("ConsumedReadCapacityUnits", 1),
                of("ConsumedWriteCapacityUnits", 2),
                of("ConsumedWriteCapacityUnits", 1),
            ]
        );
    }

    #[test]
    fn a_load_balancer_is_named_as_cloudwatch_names_it() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/shop/0123";
        let balancer = LoadBalancer {
            lb_type: "network".to_owned(),
            ..LoadBalancer::default()
        };
        let counts = asked(&Resource::new("shop", balancer.clone()).arn(arn.to_owned()));
        let metrics: Vec<&str> = counts.iter().map(|it| it.metric.as_str()).collect();
        assert_eq!(
            metrics,
            ["ActiveFlowCount", "ConsumedLCUs", "ProcessedBytes"]
        );
        assert_eq!(counts[1].dimensions["LoadBalancer"], "net/shop/0123");
        assert_eq!(counts[1].namespace, "AWS/NetworkELB");
        assert!(asked(&Resource::new("shop", balancer)).is_empty());
    }
}
