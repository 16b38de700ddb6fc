//! What AWS has counted in truth, beside the estimate and never added to it.

use serde_json::{Value, json};

use super::{Table, View};
use crate::{
    cost::spent::{about, sum},
    price::Usd,
};

impl View<'_> {
    /// A paragraph and a table of services, if it was asked for and came.
    pub(super) fn actual_page(&self, table: Table, name: fn(&str) -> String) -> Option<String> {
        let spent = self.material.snapshot.money.spent.as_ref()?;
        let rows = spent.services.iter().map(|(service, amount)| {
            let amount = Usd::new(*amount).to_string();
            vec![service.clone(), amount]
        });
        let mut rows: Vec<Vec<String>> = rows.collect();
        rows.push(vec!["all".to_owned(), sum(spent).to_string()]);
        let rows = table(&["service", "amount"], rows);
        Some(format!("{}:\n\n{rows}", name(&about(spent))))
    }

    pub(super) fn actual_json(&self) -> Value {
        let spent = self.material.snapshot.money.spent.as_ref();
        spent.map_or(Value::Null, |it| {
            json!({
                "from": it.from,
                "to": it.to,
                "tags": it.tags,
                "whole_account": it.tags.is_empty(),
                "estimated": it.estimated,
                "currency": it.currency,
                "services": it.services,
                "sum": sum(it).cents().to_string(),
                "requests": it.requests,
            })
        })
    }
}
