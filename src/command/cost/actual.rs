//! What AWS has counted in truth, beside the estimate and never added to it.

use serde_json::{Value, json};

use super::{Table, View};
use crate::{price::Usd, snapshot::money::Spent, text};

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
        Some(format!("{}\n\n{rows}", name(&about(spent))))
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

fn sum(spent: &Spent) -> Usd {
    spent.services.values().copied().map(Usd::new).sum()
}

/// Of when and of what it is.
fn about(spent: &Spent) -> String {
    let tags = spent.tags.iter();
    let tags = tags.map(|(key, values)| format!("{key}={}", values.join(" or ")));
    let tags: Vec<String> = tags.collect();
    let whose = if tags.is_empty() {
        "of the whole account, the rack and all else in it".to_owned()
    } else {
        format!("of what is tagged {}", tags.join(" and "))
    };
    let still = if spent.estimated {
        ", which may still change"
    } else {
        ""
    };
    let asked = text::count(
        usize::try_from(spent.requests).unwrap_or(usize::MAX),
        "request",
    );
    format!(
        "What AWS counted from {} until before {}{still}, in {}, {whose}; not part of the estimate \
         ({asked} of 0.01 USD to Cost Explorer):",
        spent.from, spent.to, spent.currency
    )
}
