//! Usage types, in the one form in which they are compared: without their region's prefix.

use std::collections::BTreeMap;

/// What AWS writes before a usage type of a region. In us-east-1 only newer ones have it.
const PREFIXES: &[(&str, &str)] = &[
    ("ap-northeast-1", "APN1-"),
    ("ap-southeast-1", "APS1-"),
    ("ap-southeast-2", "APS2-"),
    ("ca-central-1", "CAN1-"),
    ("eu-central-1", "EUC1-"),
    ("eu-west-1", "EU-"),
    ("eu-west-2", "EUW2-"),
    ("sa-east-1", "SAE1-"),
    ("us-east-1", "USE1-"),
    ("us-east-2", "USE2-"),
    ("us-west-1", "USW1-"),
    ("us-west-2", "USW2-"),
];

/// A usage type, and what narrows it down where it has more than one price.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usage {
    /// `BoxUsage:t2.small`.
    name: String,
    /// By attribute of the price list: `productFamily`, `databaseEngine`.
    filters: BTreeMap<String, String>,
}

impl Usage {
    /// Reads `EU-LoadBalancerUsage|productFamily=Load Balancer`: the region's prefix, if it is
    /// there, counts for nothing, nor does the order of what narrows it down.
    pub fn parse(text: &str, region: &str) -> Self {
        let mut parts = text.split('|');
        let name = parts.next().unwrap_or_default();
        let filters = parts.map(|it| it.split_once('=').unwrap_or((it, "")));
        Self {
            name: without_prefix(name, region).to_owned(),
            filters: filters
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What narrows it down, by attribute.
    pub fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        let filters = self.filters.iter();
        filters.map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Only the whole prefix of this very region goes: `TS-LoadBalancerUsage` is another thing than
/// `LoadBalancerUsage`, and `EU-` in us-east-1 would be no prefix at all.
fn without_prefix<'a>(name: &'a str, region: &str) -> &'a str {
    let prefix = PREFIXES.iter().find(|it| it.0 == region);
    let short = prefix.and_then(|it| name.strip_prefix(it.1));
    // KMS writes the region out.
    let long = || name.strip_prefix(region)?.strip_prefix('-');
    short.or_else(long).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_counts_only_in_its_own_region_and_as_a_whole() {
        for (text, region, name) in [
            ("BoxUsage:t3.micro", "us-east-1", "BoxUsage:t3.micro"),
            (
                "USE1-PublicIPv4:InUseAddress",
                "us-east-1",
                "PublicIPv4:InUseAddress",
            ),
            ("EU-LCUUsage", "eu-west-1", "LCUUsage"),
            ("EU-LCUUsage", "us-east-1", "EU-LCUUsage"),
            ("EUW2-LCUUsage", "eu-west-1", "EUW2-LCUUsage"),
            ("TS-LoadBalancerUsage", "us-east-1", "TS-LoadBalancerUsage"),
            ("eu-west-1-KMS-Keys", "eu-west-1", "KMS-Keys"),
            (
                "IA-TimedStorage-ByteHrs",
                "us-east-1",
                "IA-TimedStorage-ByteHrs",
            ),
        ] {
            assert_eq!(
                Usage::parse(text, region).name(),
                name,
                "{text} in {region}"
            );
        }
    }

    #[test]
    fn the_order_of_filters_counts_for_nothing() {
        let parse = |it| Usage::parse(it, "us-east-1");
        assert_eq!(parse("X|a=1|b=2"), parse("X|b=2|a=1"));
        assert_ne!(parse("X|a=1"), parse("X"));
    }
}
