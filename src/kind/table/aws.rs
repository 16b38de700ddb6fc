//! Reads DynamoDB tables: their names, then what the rack's own are.

use aws_sdk_dynamodb::types;
use futures_util::future::BoxFuture;

use super::{Index, Table, TableFacts};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, size},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const TABLES: Call = Call::new(Service::DynamoDb, "ListTables");
const DESCRIBE: Call = Call::new(Service::DynamoDb, "DescribeTable");
const BACKUPS: Call = Call::new(Service::DynamoDb, "DescribeContinuousBackups");

pub const READING: Reading = Reading {
    calls: &[TABLES, DESCRIBE, BACKUPS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Table);
        let pages = aws.dynamodb.list_tables().into_paginator().items().send();
        let resource = |name| Ok(Resource::new(name, Table::default()));
        found.pages::<String, _>(TABLES, pages, resource).await;
        found
    })
}

fn deepen(aws: &Aws, tables: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Table, tables, |it| describe(aws, it)))
}

/// Asks with which key tables are encrypted, and not how they are backed up.
pub fn ask_for_key(aws: &Aws, tables: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Table, tables, move |it| async move {
        let mut found = Found::of(Kind::Table);
        let table = ask(aws, it, &mut found).await;
        found.resources.push(table);
        found
    }))
}

async fn ask(aws: &Aws, table: Resource, found: &mut Found) -> Resource {
    let id = table.id.clone();
    let answer = aws.dynamodb.describe_table().table_name(&id.key).send();
    match found.answer(DESCRIBE, Some(&id), answer.await) {
        None => table,
        Some(answer) => match described(&table, answer.table) {
            Ok(table) => table,
            Err(missing) => {
                found.malformed(DESCRIBE, Some(&id), missing);
                table
            }
        },
    }
}

async fn describe(aws: &Aws, table: Resource) -> Found {
    let mut found = Found::of(Kind::Table);
    let id = table.id.clone();
    let mut described = ask(aws, table, &mut found).await;
    if let Some(attrs) = Table::of_mut(&mut described.attrs)
        && attrs.facts.known().is_some_and(|it| it.items > 0)
    {
        attrs.point_in_time = point_in_time(aws, &id, &mut found).await;
    }
    found.resources.push(described);
    found
}

async fn point_in_time(aws: &Aws, id: &ResourceId, found: &mut Found) -> Fact<bool> {
    let request = aws.dynamodb.describe_continuous_backups();
    let answer = request.table_name(&id.key).send().await;
    let Some(answer) = found.answer(BACKUPS, Some(id), answer) else {
        return Fact::Unread;
    };
    let told = answer.continuous_backups_description;
    let told = told.and_then(|it| it.point_in_time_recovery_description);
    match told.and_then(|it| it.point_in_time_recovery_status) {
        Some(it) => Fact::Known(it == types::PointInTimeRecoveryStatus::Enabled),
        None => {
            let field = "PointInTimeRecoveryStatus";
            found.malformed(BACKUPS, Some(id), Missing(field));
            Fact::Unread
        }
    }
}

fn described(
    named: &Resource,
    table: Option<types::TableDescription>,
) -> Result<Resource, Missing> {
    let table = table.need("Table")?;
    let created = shape::time(table.creation_date_time);
    let facts = facts(table)?;
    let arn = facts.arn.clone();
    let table = Table {
        facts: Fact::Known(facts),
        ..Table::default()
    };
    Ok(Resource::new(&named.id.key, table)
        .arn(arn)
        .created(created)
        .tags(named.tags.clone()))
}

fn facts(table: types::TableDescription) -> Result<TableFacts, Missing> {
    let status = table.table_status.need("TableStatus")?;
    // AWS names the mode only of tables that were on demand at some time, and the class only of
    // those that had another one.
    let mode = table.billing_mode_summary.and_then(|it| it.billing_mode);
    let mode = mode.unwrap_or(types::BillingMode::Provisioned);
    let class = table.table_class_summary.and_then(|it| it.table_class);
    let class = class.unwrap_or(types::TableClass::Standard);
    let (read_units, write_units) = units(table.provisioned_throughput.as_ref());
    let indexes = table.global_secondary_indexes.unwrap_or_default();
    Ok(TableFacts {
        status: status.as_str().to_owned(),
        billing_mode: mode.as_str().to_owned(),
        read_units,
        write_units,
        bytes: size(table.table_size_bytes),
        items: size(table.item_count),
        indexes: indexes.into_iter().map(index).collect(),
        deletion_protection: table.deletion_protection_enabled.unwrap_or_default(),
        class: class.as_str().to_owned(),
        key: table.sse_description.and_then(|it| it.kms_master_key_arn),
        arn: table.table_arn,
    })
}

fn index(it: types::GlobalSecondaryIndexDescription) -> Index {
    let (read_units, write_units) = units(it.provisioned_throughput.as_ref());
    Index {
        name: it.index_name.unwrap_or_default(),
        read_units,
        write_units,
        bytes: size(it.index_size_bytes),
    }
}

/// Read and write capacity units.
fn units(it: Option<&types::ProvisionedThroughputDescription>) -> (u64, u64) {
    (
        size(it.and_then(|it| it.read_capacity_units)),
        size(it.and_then(|it| it.write_capacity_units)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    fn builds() -> Vec<Resource> {
        vec![Resource::new("builds", Table::default())]
    }

    fn facts_of(found: &Found) -> Option<&TableFacts> {
        Table::of(&found.resources[0].attrs).unwrap().facts.known()
    }

    #[tokio::test]
    async fn pages_of_names_become_one_listing() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"TableNames":["builds"],"LastEvaluatedTableName":"builds"}"#,
            )
            .answer(200, r#"{"TableNames":["releases"]}"#);
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert!(tape.asked()[1].contains(r#""ExclusiveStartTableName":"builds""#));
    }

    #[tokio::test]
    async fn a_table_that_was_never_on_demand_is_provisioned() {
        let tape = Tape::default().answer(
            200,
            r#"{"Table":{"TableName":"builds","TableStatus":"ACTIVE","ItemCount":12,
                "TableArn":"arn:aws:dynamodb:us-east-1:1:table/builds",
                "ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":1}}}"#,
        );
        let tape = tape.answer(
            200,
            r#"{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",
                "PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}"#,
        );
        let found = deepen(&tape.aws(), builds()).await;
        let facts = facts_of(&found).unwrap();
        assert!(facts.is_provisioned());
        assert_eq!((facts.read_units, facts.items), (5, 12));
        assert!(found.resources[0].arn.is_some());
        let table = Table::of(&found.resources[0].attrs).unwrap();
        assert_eq!(table.point_in_time, Fact::Known(true));
    }

    #[tokio::test]
    async fn a_table_without_its_status_keeps_its_name_and_leaves_a_gap() {
        let tape = Tape::default().answer(200, r#"{"Table":{"TableName":"builds"}}"#);
        let found = deepen(&tape.aws(), builds()).await;
        assert_eq!(facts_of(&found), None);
        let told: Vec<&str> = found.gaps.iter().map(|it| &*it.message).collect();
        assert_eq!(told, ["the answer has no TableStatus"]);
    }

    #[tokio::test]
    async fn a_refused_description_is_a_gap_about_that_table() {
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let tape = Tape::default().answer(400, denied);
        let found = deepen(&tape.aws(), builds()).await;
        assert_eq!(facts_of(&found), None);
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "table/builds");
    }
}
