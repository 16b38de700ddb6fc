//! How much a rack uses of what is billed by use: what the user told, or what was measured.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use crate::{arn, id::ResourceId, kind::Kind};

/// Who told an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The resource's own description: so big, so many hours.
    Described,
    /// A `usage` table of `racklens.toml`.
    Given,
    /// CloudWatch's count over the last days, made out for a month.
    Measured { days: u16 },
}

impl Origin {
    /// For a table of the machine's: `described`, `given`, `measured`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Described => "described",
            Self::Given => "given",
            Self::Measured { .. } => "measured",
        }
    }
}

/// How much of one component is used in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// In units of the component's price: GB, requests, GB-months, LCU-hours.
    pub quantity: Decimal,
    pub origin: Origin,
}

/// Whose use it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Of each resource of that kind that has no amount of its own.
    Each(Kind),
    One(ResourceId),
}

/// Amounts used in a month, by whose they are and what of it.
///
/// Components are those of [`crate::charge::Charge::component`], for example "capacity units".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(BTreeMap<Scope, BTreeMap<&'static str, Used>>);

/// What each kind has that is billed by use. A kind that is not here has none.
fn components(kind: Kind) -> &'static [&'static str] {
    let known = COMPONENTS.iter().find(|it| it.0 == kind);
    known.map_or(&[], |it| it.1)
}

const COMPONENTS: &[(Kind, &[&str])] = &[
    (Kind::Cluster, &["Container Insights"]),
    (Kind::LoadBalancer, &["capacity units"]),
    (Kind::ClassicLoadBalancer, &["data processed"]),
    (Kind::NatGateway, &["data processed"]),
    (Kind::VpcEndpoint, &["data processed"]),
    (Kind::HostedZone, &["queries"]),
    (Kind::Bucket, &["storage", "writes and listings", "reads"]),
    (Kind::FileSystem, &["reads", "writes"]),
    (Kind::Table, &["reads", "writes"]),
    (Kind::Volume, &["requests"]),
    (Kind::EbsSnapshot, &["storage"]),
    (Kind::DbInstance, &["capacity units", "requests", "backups"]),
    (
        Kind::DbCluster,
        &["storage", "requests", "backups", "capacity units"],
    ),
    (Kind::ReplicationGroup, &["backups"]),
    (Kind::CacheCluster, &["backups"]),
    (Kind::Repository, &["image storage"]),
    (Kind::Queue, &["requests"]),
    (
        Kind::Topic,
        &["requests", "HTTP deliveries", "email deliveries"],
    ),
    (Kind::Function, &["requests", "duration"]),
    (Kind::Key, &["requests"]),
    (Kind::Secret, &["requests"]),
    (Kind::LogGroup, &["ingestion", "storage"]),
    (Kind::Alarm, &["alarm"]),
];

/// A component as it is written in a file: "capacity-units".
fn key(component: &str) -> String {
    component.to_ascii_lowercase().replace(' ', "-")
}

impl Usage {
    /// Notes an amount; `false` when that kind has no such component that is billed by use.
    pub fn set(&mut self, scope: Scope, component: &str, used: Used) -> bool {
        let kind = match &scope {
            Scope::Each(kind) => *kind,
            Scope::One(id) => id.kind,
        };
        let known = components(kind).iter().find(|it| **it == component);
        if let Some(component) = known {
            self.0.entry(scope).or_default().insert(component, used);
        }
        known.is_some()
    }

    /// How much a resource uses of a component; `None` when nobody told.
    pub fn of(&self, id: &ResourceId, component: &str) -> Option<Used> {
        let at = |scope: &Scope| self.0.get(scope)?.get(component).copied();
        at(&Scope::One(id.clone())).or_else(|| at(&Scope::Each(id.kind)))
    }

    /// These amounts, and those of `other` where these tell none.
    #[must_use]
    pub fn over(self, mut other: Self) -> Self {
        for (scope, amounts) in self.0 {
            // What is said of each counts more than what was measured of one.
            if let Scope::Each(kind) = scope {
                let of_kind = |it: &Scope| matches!(it, Scope::One(id) if id.kind == kind);
                for (_, theirs) in other.0.iter_mut().filter(|(it, _)| of_kind(it)) {
                    theirs.retain(|component, _| !amounts.contains_key(component));
                }
            }
            other.0.entry(scope).or_default().extend(amounts);
        }
        other
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it tells of single resources.
    pub fn told_of_one(&self) -> impl Iterator<Item = (&ResourceId, &'static str)> {
        let told = self.0.iter().filter_map(|(scope, amounts)| match scope {
            Scope::One(id) => Some((id, amounts)),
            Scope::Each(_) => None,
        });
        told.flat_map(|(id, amounts)| amounts.keys().map(move |it| (id, *it)))
    }

    /// The resources that it names.
    pub fn named(&self) -> impl Iterator<Item = &ResourceId> {
        self.0.keys().filter_map(|it| match it {
            Scope::One(id) => Some(id),
            Scope::Each(_) => None,
        })
    }
}

/// Reads a table such as
///
/// ```toml
/// log-group = { ingestion = 2.5 }
/// "bucket/uploads" = { storage = 120, reads = 3_000_000 }
/// ```
impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Scopes)
    }
}

struct Scopes;

impl<'de> Visitor<'de> for Scopes {
    type Value = Usage;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table of amounts by KIND or KIND/KEY")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Usage, A::Error> {
        let mut usage = Usage::default();
        while let Some(scope) = map.next_key::<Scope>()? {
            let kind = match &scope {
                Scope::Each(kind) => *kind,
                Scope::One(id) => id.kind,
            };
            let amounts = map.next_value_seed(Amounts(kind))?;
            usage.0.entry(scope).or_default().extend(amounts);
        }
        Ok(usage)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let scope = match Kind::from_name(&text) {
            Some(kind) => Self::Each(kind),
            None => Self::One(match arn::resource(&text) {
                Some(id) => id,
                None => text.parse().map_err(D::Error::custom)?,
            }),
        };
        let (Self::Each(kind) | Self::One(ResourceId { kind, .. })) = &scope;
        if components(*kind).is_empty() {
            let why = format!("nothing of a {} is billed by use", kind.name());
            return Err(D::Error::custom(why));
        }
        Ok(scope)
    }
}

/// The amounts of one kind of resource.
struct Amounts(Kind);

impl<'de> DeserializeSeed<'de> for Amounts {
    type Value = BTreeMap<&'static str, Used>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Amounts {
    type Value = BTreeMap<&'static str, Used>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table of amounts by component")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut amounts = BTreeMap::new();
        while let Some(component) = map.next_key_seed(Component(self.0))? {
            let quantity = map.next_value::<Quantity>()?.0;
            let origin = Origin::Given;
            amounts.insert(component, Used { quantity, origin });
        }
        Ok(amounts)
    }
}

struct Component(Kind);

impl<'de> DeserializeSeed<'de> for Component {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'static str, D::Error> {
        let text = String::deserialize(from)?;
        let known = components(self.0);
        known
            .iter()
            .copied()
            .find(|it| key(it) == text)
            .ok_or_else(|| {
                let keys: Vec<String> = known.iter().map(|it| key(it)).collect();
                let kind = self.0.name();
                let keys = keys.join(", ");
                D::Error::custom(format!("`{text}` of a {kind} is unknown; known: {keys}"))
            })
    }
}

/// An amount that is not negative: a number, or a text of one where a number is too coarse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(pub Decimal);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected an amount, such as 120 or 0.5")]
        enum Given {
            Whole(i64),
            Fraction(f64),
            Text(String),
        }
        let text = match Given::deserialize(from)? {
            Given::Whole(it) => it.to_string(),
            // Written out as it was read, so that 0.1 stays a tenth.
            Given::Fraction(it) => it.to_string(),
            Given::Text(it) => it,
        };
        match text.parse::<Decimal>() {
            Ok(it) if !it.is_sign_negative() => Ok(Self(it)),
            _ => Err(D::Error::custom(format!(
                "`{text}` is no amount: expected a number that is not negative"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn of(usage: &Usage, id: &str, component: &str) -> Option<String> {
        let used = usage.of(&id.parse().unwrap(), component)?;
        Some(format!("{} {}", used.quantity, used.origin.name()))
    }

    fn parse(text: &str) -> Usage {
        Config::parse(text).unwrap().usage
    }

    fn refused(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_told_of_one_counts_more_than_what_is_told_of_each() {
        let usage = parse(
            "[usage]\nbucket = { storage = 5 }\n\"bucket/uploads\" = { storage = 0.1, \
             writes-and-listings = \"1000000\" }\n",
        );
        assert_eq!(of(&usage, "bucket/other", "storage").unwrap(), "5 given");
        assert_eq!(
            of(&usage, "bucket/uploads", "storage").unwrap(),
            "0.1 given"
        );
        let writes = of(&usage, "bucket/uploads", "writes and listings");
        assert_eq!(writes.unwrap(), "1000000 given");
        assert_eq!(of(&usage, "bucket/other", "reads"), None);
        assert_eq!(of(&usage, "queue/q", "requests"), None);
    }

    #[test]
    fn what_nobody_can_use_is_refused_with_its_line() {
        for (text, said) in [
            (
                "[usage]\nbucket = { storage = 5 }\nbuckets = { storage = 5 }\n",
                "line 3: `buckets` is not a resource name",
            ),
            (
                "[usage.bucket]\nstorage = 5\nread = 5\n",
                "line 3: `read` of a bucket is unknown; known: storage, writes-and-listings, reads",
            ),
            (
                "[usage]\nsubnet = { storage = 5 }\n",
                "line 2: nothing of a subnet is billed by use",
            ),
            (
                "[usage.bucket]\n\nstorage = -5\n",
                "line 3: `-5` is no amount: expected a number that is not negative",
            ),
            (
                "[usage.bucket]\nstorage = \"much\"\n",
                "line 2: `much` is no amount",
            ),
            (
                "[usage.bucket]\nstorage = nan\n",
                "line 2: `NaN` is no amount",
            ),
            (
                "[usage.bucket]\nstorage = true\n",
                "line 2: expected an amount, such as 120 or 0.5",
            ),
            (
                "[rack.shop.usage.queue]\nrequest = 5\n",
                "line 2: `request` of a queue is unknown; known: requests",
            ),
        ] {
            let why = refused(text);
            assert!(why.starts_with(said), "{why}");
        }
    }

    #[test]
    fn what_was_told_of_each_counts_more_than_what_was_measured_of_one() {
        let given = parse("[usage]\nqueue = { requests = 5 }\n");
        let mut measured = Usage::default();
        let used = Used {
            quantity: Decimal::TEN,
            origin: Origin::Measured { days: 14 },
        };
        let one = |it: &str| Scope::One(it.parse().unwrap());
        assert!(measured.set(one("queue/q"), "requests", used));
        assert!(measured.set(one("topic/t"), "requests", used));
        let both = given.over(measured);
        assert_eq!(of(&both, "queue/q", "requests").unwrap(), "5 given");
        assert_eq!(of(&both, "topic/t", "requests").unwrap(), "10 measured");
    }

    #[test]
    fn what_is_told_of_single_resources_can_be_gone_through() {
        let usage = parse("[usage]\nqueue = { requests = 5 }\n\"table/t\" = { reads = 5 }\n");
        let told: Vec<String> = usage
            .told_of_one()
            .map(|(id, component)| format!("{component} of {id}"))
            .collect();
        assert_eq!(told, ["reads of table/t"]);
    }

    #[test]
    fn an_amount_of_what_no_kind_has_is_not_taken() {
        let used = Used {
            quantity: Decimal::ONE,
            origin: Origin::Given,
        };
        assert!(!Usage::default().set(Scope::Each(Kind::Bucket), "storage hours", used));
    }
}
