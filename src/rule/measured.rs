//! What CloudWatch counted of things that are paid for by the hour: whether anybody uses them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Case, Evidence};
use crate::{
    id::ResourceId,
    kind::load_balancer::LoadBalancer,
    snapshot::{
        Gap, Resource,
        money::{Count, Metered},
    },
};

/// Days for which a NAT gateway must be silent: Compute Optimizer's own measure of an idle one.
pub const NAT_DAYS: u16 = 32;

/// What is known of a thing's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nobody asked CloudWatch.
    NotAsked,
    /// It was asked, and had no datapoint of at least one metric, which is not zero.
    Untold,
    /// The thing is younger than the time that was looked at.
    Young,
    /// Every metric was zero, all the time, for so many days.
    None { days: u64, evidence: Vec<Evidence> },
    /// Of this metric, so much, in so many days.
    Some {
        metric: &'static str,
        much: Decimal,
        days: u64,
    },
}

/// What tells whether anything goes through a load balancer. Empty for those of which CloudWatch
/// has no such thing, and where its ARN was not told.
pub fn of_balancer(resource: &Resource, it: &LoadBalancer) -> Vec<Count> {
    let arn = resource.arn.as_deref();
    let Some((_, name)) = arn.and_then(|it| it.split_once("loadbalancer/")) else {
        return Vec::new();
    };
    // What it has to do with its targets; health checks are in none of these.
    let (namespace, metrics): (&str, &[(&str, &str)]) = match it.lb_type.as_str() {
        "application" => ("AWS/ApplicationELB", &[("RequestCount", "Sum")]),
        "network" => (
            "AWS/NetworkELB",
            &[("ActiveFlowCount", "Maximum"), ("ProcessedBytes", "Sum")],
        ),
        _ => return Vec::new(),
    };
    let counts = metrics.iter();
    let counts = counts.map(|(metric, statistic)| Count {
        resource: resource.id.clone(),
        namespace: namespace.to_owned(),
        metric: (*metric).to_owned(),
        dimensions: BTreeMap::from([("LoadBalancer".to_owned(), name.to_owned())]),
        statistic: (*statistic).to_owned(),
        days: None,
        value: None,
    });
    counts.collect()
}

/// What tells whether anything goes through a classic load balancer, whatever it speaks.
pub fn of_classic(resource: &Resource) -> Vec<Count> {
    let metrics = ["EstimatedProcessedBytes", "RequestCount"];
    let counts = metrics.into_iter().map(|metric| Count {
        resource: resource.id.clone(),
        namespace: "AWS/ELB".to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::from([("LoadBalancerName".to_owned(), resource.id.key.clone())]),
        statistic: "Sum".to_owned(),
        days: None,
        value: None,
    });
    counts.collect()
}

/// What tells whether anything goes through a NAT gateway.
pub fn of_nat(resource: &Resource) -> Vec<Count> {
    let metrics = [
        ("ActiveConnectionCount", "Maximum"),
        ("PacketsInFromDestination", "Sum"),
        ("PacketsInFromSource", "Sum"),
    ];
    let counts = metrics.into_iter().map(|(metric, statistic)| Count {
        resource: resource.id.clone(),
        namespace: "AWS/NATGateway".to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::from([("NatGatewayId".to_owned(), resource.id.key.clone())]),
        statistic: statistic.to_owned(),
        days: Some(NAT_DAYS),
        value: None,
    });
    counts.collect()
}

/// All that CloudWatch counted, by what it was counted of: gathered once, asked of each thing.
pub struct Counts<'a> {
    metered: Option<&'a Metered>,
    of: BTreeMap<&'a ResourceId, Vec<&'a Count>>,
}

impl<'a> Counts<'a> {
    pub fn of(case: &Case<'a>) -> Self {
        let metered = case.run.used;
        let mut of: BTreeMap<&ResourceId, Vec<&Count>> = BTreeMap::new();
        for it in metered.into_iter().flat_map(|it| &it.counts) {
            of.entry(&it.resource).or_default().push(it);
        }
        Self { metered, of }
    }

    /// What these counts came to, of a thing that is older than the time that was looked at.
    pub fn used(&self, resource: &Resource, asked: &[Count]) -> Use {
        let Some(metered) = self.metered.filter(|_| !asked.is_empty()) else {
            return Use::NotAsked;
        };
        let told: Vec<&Count> = asked.iter().filter_map(|it| self.told(it)).collect();
        if told.is_empty() {
            return Use::NotAsked;
        }
        let days = told.iter().map(|it| days(metered, it)).max();
        let days = days.unwrap_or_default();
        let seconds = i64::try_from(days.saturating_mul(86_400)).unwrap_or(i64::MAX);
        let from = metered.to.as_second().saturating_sub(seconds);
        if resource.created.is_none_or(|it| it.as_second() > from) {
            return Use::Young;
        }
        let more = |it: &&&Count| it.value.is_some_and(|it| it > Decimal::ZERO);
        if let Some((much, metric)) = told.iter().find(more).and_then(|it| {
            let of_ours = METRICS.iter().find(|name| **name == it.metric)?;
            Some((it.value?, *of_ours))
        }) {
            return Use::Some { metric, much, days };
        }
        if told.len() < asked.len() || told.iter().any(|it| it.value.is_none()) {
            return Use::Untold;
        }
        let evidence = told.iter().filter_map(|it| {
            let metric = METRICS.iter().find(|name| **name == it.metric)?;
            let value = format!("0 in {days} days ({})", it.namespace);
            Some(Evidence::new(&resource.id, metric, value))
        });
        Use::None {
            days,
            evidence: evidence.collect(),
        }
    }

    /// The gigabytes that these gateways took in over the time that was looked at, both ways, and
    /// the days of it; `None` where that was not measured of each.
    pub fn gigabytes(&self, gateways: &[ResourceId]) -> Option<(Decimal, u64)> {
        let (bytes, days) = self.bytes(gateways)?;
        let gigabytes = bytes.checked_div(Decimal::from(1_u64 << 30))?;
        Some((gigabytes.round_dp(1).normalize(), days))
    }

    /// The same in bytes.
    pub fn bytes(&self, gateways: &[ResourceId]) -> Option<(Decimal, u64)> {
        let metered = self.metered?;
        let mut sum = Decimal::ZERO;
        for gateway in gateways {
            for metric in ["BytesInFromDestination", "BytesInFromSource"] {
                let count = self.of.get(gateway)?.iter().find(|it| {
                    it.namespace == "AWS/NATGateway" && it.metric == metric && it.days.is_none()
                });
                sum = sum.checked_add(count?.value?)?;
            }
        }
        Some((sum, window(metered)))
    }

    /// The answer to a question.
    fn told(&self, asked: &Count) -> Option<&'a Count> {
        let same = |it: &&&Count| {
            let unanswered = Count {
                value: None,
                ..(**it).clone()
            };
            unanswered == *asked
        };
        self.of.get(&asked.resource)?.iter().find(same).copied()
    }
}

/// Why CloudWatch did not tell, where that is known.
pub fn gap(case: &Case<'_>) -> Option<Gap> {
    super::account::gap(case, "GetMetricData")
}

/// The names of all metrics that are asked for here.
const METRICS: [&str; 7] = [
    "ActiveConnectionCount",
    "ActiveFlowCount",
    "EstimatedProcessedBytes",
    "PacketsInFromDestination",
    "PacketsInFromSource",
    "ProcessedBytes",
    "RequestCount",
];

fn days(metered: &Metered, count: &Count) -> u64 {
    count.days.map_or_else(|| window(metered), u64::from)
}

fn window(metered: &Metered) -> u64 {
    let seconds = metered.to.as_second() - metered.from.as_second();
    u64::try_from(seconds).unwrap_or_default() / 86_400
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::nat_gateway::NatGateway, rule::Run, testing};

    /// What is known of a gateway made then, of whose three metrics these values came.
    fn said(created: &str, values: &[Option<i64>]) -> Use {
        let nat = Resource::new("nat-1", NatGateway::default());
        let nat = nat.created(created.parse::<jiff::Timestamp>().unwrap());
        let mut counts = of_nat(&nat);
        counts.truncate(values.len());
        for (count, value) in counts.iter_mut().zip(values) {
            count.value = value.map(Decimal::from);
        }
        let metered = Metered {
            from: "2026-11-01T00:00:00Z".parse().unwrap(),
            to: "2026-11-15T00:00:00Z".parse().unwrap(),
            counts,
        };
        let run = Run {
            used: Some(&metered),
            ..Run::default()
        };
        let resources = [nat];
        testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let case = Case { run: &run, ..*case };
                Counts::of(&case).used(&resources[0], &of_nat(&resources[0]))
            },
        )
    }

    const OLD: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn only_zeros_for_all_the_time_are_none() {
        let zero = Some(0);
        let Use::None { days, evidence } = said(OLD, &[zero, zero, zero]) else {
            panic!("nothing went through it")
        };
        assert_eq!((days, evidence.len()), (32, 3));
        assert_eq!(said(OLD, &[zero, zero, None]), Use::Untold);
        assert_eq!(said(OLD, &[zero, zero]), Use::Untold);
        assert_eq!(said(OLD, &[]), Use::NotAsked);
        // Made after the 32 days had begun.
        assert_eq!(
            said("2026-10-20T00:00:00Z", &[zero, zero, zero]),
            Use::Young
        );
    }

    #[test]
    fn one_metric_that_is_not_zero_is_use_whatever_is_not_known_of_the_others() {
        let seen = Use::Some {
            metric: "PacketsInFromDestination",
            much: Decimal::from(7),
            days: 32,
        };
        assert_eq!(said(OLD, &[None, Some(7), None]), seen);
    }

    #[test]
    fn each_kind_of_balancer_is_asked_for_what_cloudwatch_has_of_it() {
        let arn = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/shop/0123";
        let metrics = |lb_type: &str| {
            let balancer = LoadBalancer {
                lb_type: lb_type.to_owned(),
                ..LoadBalancer::default()
            };
            let resource = Resource::new("shop", balancer.clone()).arn(arn.to_owned());
            let counts = of_balancer(&resource, &balancer);
            counts.into_iter().map(|it| it.metric).collect::<Vec<_>>()
        };
        assert_eq!(metrics("application"), ["RequestCount"]);
        assert_eq!(metrics("network"), ["ActiveFlowCount", "ProcessedBytes"]);
        assert!(metrics("gateway").is_empty());
    }
}
