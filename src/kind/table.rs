//! DynamoDB table: items, and the capacity that is paid for whether it is used or not.
//!
//! Key: the table's name.

use serde::{Deserialize, Serialize};

use super::{Fact, Model, key};
use crate::{
    charge::{Charge, gigabytes},
    relation::Relation,
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Table {
    /// What `DescribeTable` tells; the listing tells no more than the name.
    pub facts: Fact<TableFacts>,
    /// Whether it can be brought back to any moment of the last days; asked where something was
    /// in it.
    pub point_in_time: Fact<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableFacts {
    /// AWS's word: `ACTIVE`, `DELETING`, `ARCHIVED`.
    pub status: String,
    /// `PROVISIONED` or `PAY_PER_REQUEST`.
    pub billing_mode: String,
    /// Read capacity units of the table itself; 0 when it is paid per request.
    pub read_units: u64,
    /// Write capacity units of the table itself.
    pub write_units: u64,
    /// What AWS last counted, some six hours ago at most.
    pub bytes: u64,
    pub items: u64,
    pub indexes: Vec<Index>,
    pub deletion_protection: bool,
    /// `STANDARD` or `STANDARD_INFREQUENT_ACCESS`.
    pub class: String,
    /// ARN of the KMS key, where it is not the one that DynamoDB owns.
    pub key: Option<String>,
    pub arn: Option<String>,
}

/// A global secondary index, which has capacity and storage of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Index {
    pub name: String,
    pub read_units: u64,
    pub write_units: u64,
    pub bytes: u64,
}

impl TableFacts {
    pub fn is_provisioned(&self) -> bool {
        self.billing_mode == "PROVISIONED"
    }

    fn charges(&self) -> Vec<Charge> {
        let infrequent = self.class == "STANDARD_INFREQUENT_ACCESS";
        let usage = |it: &str| format!("{}{it}", if infrequent { "IA-" } else { "" });
        let sum = |own: u64, of: fn(&Index) -> u64| {
            self.indexes.iter().map(of).fold(own, u64::saturating_add)
        };
        let bytes = sum(self.bytes, |it| it.bytes);
        let storage = Charge::per_month(
            "storage",
            "AmazonDynamoDB",
            usage("TimedStorage-ByteHrs"),
            gigabytes(bytes),
        );
        let capacity =
            |component, it, units| Charge::per_hour(component, "AmazonDynamoDB", usage(it), units);
        let requests =
            |component, it| Charge::metered(component, "AmazonDynamoDB", usage(it), "request unit");
        let throughput = if self.is_provisioned() {
            [
                capacity(
                    "read capacity",
                    "ReadCapacityUnit-Hrs",
                    sum(self.read_units, |it| it.read_units),
                ),
                capacity(
                    "write capacity",
                    "WriteCapacityUnit-Hrs",
                    sum(self.write_units, |it| it.write_units),
                ),
            ]
        } else {
            [
                requests("reads", "ReadRequestUnits"),
                requests("writes", "WriteRequestUnits"),
            ]
        };
        throughput.into_iter().chain([storage]).collect()
    }

    /// Bytes of the table itself, without its indexes, are what is kept for every moment.
    fn recovery(&self, on: &Fact<bool>) -> Option<Charge> {
        let (component, service) = ("point-in-time recovery", "AmazonDynamoDB");
        match on {
            Fact::Known(false) => None,
            Fact::Known(true) => Some(Charge::per_month(
                component,
                service,
                "TimedPITRStorage-ByteHrs",
                gigabytes(self.bytes),
            )),
            // Of an empty table it is not asked, and costs nothing.
            Fact::Unread => (self.bytes > 0).then(|| {
                let why = "whether it can be brought back to any moment was not read";
                Charge::unread(component, service, why)
            }),
        }
    }
}

impl Model for Table {
    fn relations(&self) -> Vec<Relation> {
        let key = self.facts.known().and_then(|it| it.key.as_deref());
        key::used(key, "SSEDescription.KMSMasterKeyArn")
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        self.facts.known().map_or_else(
            || {
                vec![Charge::unread(
                    "table",
                    "AmazonDynamoDB",
                    "its capacity and its size were not read",
                )]
            },
            |it| {
                let mut charges = it.charges();
                charges.extend(it.recovery(&self.point_in_time));
                charges
            },
        )
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteTable).losing(Data::Tables)
    }

    fn state(&self) -> Option<&str> {
        self.facts.known().map(|it| it.status.as_str())
    }

    fn summary(&self) -> String {
        let Some(it) = self.facts.known() else {
            return "not described".to_owned();
        };
        let mode = if it.is_provisioned() {
            format!("{} read and {} write units", it.read_units, it.write_units)
        } else {
            "on demand".to_owned()
        };
        let protected = if it.deletion_protection {
            ", deletion protection on"
        } else {
            ""
        };
        format!(
            "{} items, {:.1} GB, {mode}{protected}",
            it.items,
            gigabytes(it.bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::charge::Amount;

    fn table(facts: TableFacts) -> Table {
        Table {
            facts: Fact::Known(facts),
            ..Table::default()
        }
    }

    #[test]
    fn indexes_pay_for_capacity_of_their_own() {
        let table = table(TableFacts {
            billing_mode: "PROVISIONED".to_owned(),
            read_units: 5,
            indexes: vec![Index {
                read_units: 7,
                ..Index::default()
            }],
            ..TableFacts::default()
        });
        let read = &table.charges()[0];
        assert_eq!(read.usage, "ReadCapacityUnit-Hrs");
        assert_eq!(read.amount, Amount::PerHour(Decimal::from(12)));
    }

    #[test]
    fn an_infrequent_table_on_demand_asks_for_its_own_prices() {
        let table = table(TableFacts {
            billing_mode: "PAY_PER_REQUEST".to_owned(),
            class: "STANDARD_INFREQUENT_ACCESS".to_owned(),
            ..TableFacts::default()
        });
        let usages: Vec<String> = table.charges().into_iter().map(|it| it.usage).collect();
        assert_eq!(
            usages,
            [
                "IA-ReadRequestUnits",
                "IA-WriteRequestUnits",
                "IA-TimedStorage-ByteHrs"
            ]
        );
    }

    #[test]
    fn what_can_be_brought_back_to_any_moment_pays_for_its_size_once_more() {
        let mut table = table(TableFacts {
            bytes: 10 << 30,
            ..TableFacts::default()
        });
        let amount = |table: &Table| table.charges().pop().map(|it| it.amount);
        table.point_in_time = Fact::Known(true);
        assert_eq!(amount(&table), Some(Amount::PerMonth(Decimal::TEN)));
        table.point_in_time = Fact::Unread;
        assert!(matches!(amount(&table), Some(Amount::Unread(_))));
        table.point_in_time = Fact::Known(false);
        assert_eq!(table.charges().len(), 3);
    }

    #[test]
    fn what_was_not_described_costs_nobody_knows_what() {
        let charges = Table::default().charges();
        assert!(matches!(charges[0].amount, Amount::Unread(_)));
        assert_eq!(Table::default().state(), None);
    }
}
