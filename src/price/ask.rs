//! Questions for AWS's own price list: where to ask, what narrows them down, what answers them.

use jiff::Timestamp;

use super::{
    GLOBAL, Key, Price, Standing,
    product::{NoPrice, PLAIN_LINUX, Product},
};

/// What prices are told to come from that were asked for.
pub const SOURCE: &str = "AWS Price List API";

/// How a value is held against an attribute of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    Equals,
    /// Is part of it: usage types have a prefix that differs from region to region.
    Contains,
}

/// What narrows an answer down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub how: Match,
    pub field: String,
    pub value: String,
}

/// Why AWS's price list cannot tell a region's prices in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AWS's price list has no prices in US dollars for this region")]
pub struct NoList;

/// The nearest of the three regions from which the price list of all regions is told.
///
/// # Errors
/// For regions of China, GovCloud and the secret ones, which have none or one in another currency.
pub fn endpoint(region: &str) -> Result<&'static str, NoList> {
    let starts = |names: &[&str]| names.iter().any(|it| region.starts_with(it));
    if starts(&["cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-"]) {
        Err(NoList)
    } else if starts(&["eu-", "me-", "il-", "af-"]) {
        Ok("eu-central-1")
    } else if starts(&["ap-"]) {
        Ok("ap-south-1")
    } else {
        Ok("us-east-1")
    }
}

impl Key {
    /// What to ask `GetProducts`. What comes may still hold other things than the one that is
    /// meant: [`Key::answer`] picks it out.
    pub fn filters(&self) -> Vec<Filter> {
        let equals = |field: &str, value: &str| Filter {
            how: Match::Equals,
            field: field.to_owned(),
            value: value.to_owned(),
        };
        let mut filters = Vec::new();
        if self.region != GLOBAL {
            filters.push(equals("regionCode", &self.region));
        }
        let narrowed = self.usage.filters();
        filters.extend(narrowed.map(|(field, value)| equals(field, value)));
        let size = self.usage.name().strip_prefix("BoxUsage:");
        if let Some(size) = size {
            filters.push(equals("instanceType", size));
        }
        if size.is_some() && self.usage.filters().next().is_none() {
            filters.extend(PLAIN_LINUX.iter().map(|it| equals(it.0, it.1)));
        } else {
            filters.push(Filter {
                how: Match::Contains,
                field: "usagetype".to_owned(),
                value: self.usage.name().to_owned(),
            });
        }
        filters
    }

    /// The price that answers it.
    ///
    /// # Errors
    /// When none of the products is what was asked for, when two are at different prices, or when
    /// it costs nothing.
    pub fn answer(&self, products: &[Product]) -> Result<Price, NoPrice> {
        let found = Product::find(products, self)?;
        let published = found.published.as_deref();
        let published = published.and_then(|it| it.parse::<Timestamp>().ok());
        Ok(Price {
            unit: found.unit.of(self.usage.name()),
            tiers: found.tiers.clone(),
            source: SOURCE.to_owned(),
            as_of: published.map_or_else(String::new, |it| it.strftime("%Y-%m-%d").to_string()),
            // Nobody can tell whether it still holds when nobody knows since when.
            standing: match published {
                Some(_) => Standing::Verified,
                None => Standing::Unverified,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(service: &str, region: &str, usage: &str) -> Vec<String> {
        let filters = Key::new(service, region, usage).filters().into_iter();
        filters
            .map(|it| {
                let sign = match it.how {
                    Match::Equals => "=",
                    Match::Contains => "~",
                };
                format!("{}{sign}{}", it.field, it.value)
            })
            .collect()
    }

    #[test]
    fn a_plain_linux_instance_is_told_from_reserved_capacity_and_other_software() {
        let filters = asked("AmazonEC2", "eu-north-1", "BoxUsage:t3.micro");
        let wanted = [
            "regionCode=eu-north-1",
            "instanceType=t3.micro",
            "operatingSystem=Linux",
            "preInstalledSw=NA",
            "tenancy=Shared",
            "capacitystatus=Used",
            "marketoption=OnDemand",
        ];
        assert_eq!(filters, wanted);
    }

    #[test]
    fn a_load_balancer_is_told_by_its_family() {
        let usage = "LoadBalancerUsage|productFamily=Load Balancer-Network";
        assert_eq!(
            asked("AWSELB", "us-east-2", usage),
            [
                "regionCode=us-east-2",
                "productFamily=Load Balancer-Network",
                "usagetype~LoadBalancerUsage",
            ]
        );
    }

    #[test]
    fn what_is_priced_alike_everywhere_is_asked_for_no_region() {
        let zone = asked("AmazonRoute53", "us-east-2", "HostedZone");
        assert_eq!(zone, ["usagetype~HostedZone"]);
    }

    #[test]
    fn prices_are_asked_for_where_the_list_is_told() {
        for (region, wanted) in [
            ("sa-east-1", Ok("us-east-1")),
            ("eu-north-1", Ok("eu-central-1")),
            ("ap-southeast-2", Ok("ap-south-1")),
            ("cn-north-1", Err(NoList)),
            ("us-gov-west-1", Err(NoList)),
        ] {
            assert_eq!(endpoint(region), wanted, "{region}");
        }
    }
}
