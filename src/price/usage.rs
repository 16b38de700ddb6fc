//! Usage types, in the one form in which they are compared: without their region's prefix.

use std::{collections::BTreeMap, fmt};

/// What AWS writes before a usage type of a region, as its page of billing codes has them. In
/// us-east-1 only newer ones have it.
const PREFIXES: &[(&str, &str)] = &[
    ("af-south-1", "AFS1-"),
    ("ap-east-1", "APE1-"),
    ("ap-east-2", "APE2-"),
    ("ap-northeast-1", "APN1-"),
    ("ap-northeast-2", "APN2-"),
    ("ap-northeast-3", "APN3-"),
    ("ap-south-1", "APS3-"),
    ("ap-south-2", "APS5-"),
    ("ap-southeast-1", "APS1-"),
    ("ap-southeast-2", "APS2-"),
    ("ap-southeast-3", "APS4-"),
    ("ap-southeast-4", "APS6-"),
    ("ap-southeast-5", "APS7-"),
    ("ap-southeast-6", "APS8-"),
    ("ap-southeast-7", "APS9-"),
    ("ca-central-1", "CAN1-"),
    ("ca-west-1", "CAN2-"),
    ("eu-central-1", "EUC1-"),
    ("eu-central-2", "EUC2-"),
    ("eu-north-1", "EUN1-"),
    ("eu-south-1", "EUS1-"),
    ("eu-south-2", "EUS2-"),
    ("eu-west-1", "EU-"),
    ("eu-west-2", "EUW2-"),
    ("eu-west-3", "EUW3-"),
    ("il-central-1", "ILC1-"),
    ("me-central-1", "MEC1-"),
    ("me-south-1", "MES1-"),
    ("mx-central-1", "MXC1-"),
    ("sa-east-1", "SAE1-"),
    ("us-east-1", "USE1-"),
    ("us-east-2", "USE2-"),
    ("us-gov-east-1", "UGE1-"),
    ("us-gov-west-1", "UGW1-"),
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

/// As it is written in a book, and read again by [`Usage::parse`].
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.filters()
            .try_for_each(|(key, value)| write!(f, "|{key}={value}"))
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
    fn a_usage_type_is_written_as_it_is_read() {
        let text = "InstanceUsage:db.t3.micro|databaseEngine=MySQL|licenseModel=None";
        assert_eq!(Usage::parse(text, "us-east-1").to_string(), text);
    }

    #[test]
    fn the_order_of_filters_counts_for_nothing() {
        let parse = |it| Usage::parse(it, "us-east-1");
        assert_eq!(parse("X|a=1|b=2"), parse("X|b=2|a=1"));
        assert_ne!(parse("X|a=1"), parse("X"));
    }
}
