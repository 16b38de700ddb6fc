//! What to ask AWS about the costs that it has counted in truth.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    belonging::Class, definition::Definition, kind::Kind, price::Usd, rack::STACK_NAME_TAG,
    rule::Case, snapshot::money::Spent, text,
};

/// The days of the month so far, and the first that does not count any more; on the first of a
/// month the whole month before.
pub fn days(now: Timestamp) -> (Date, Date) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let first = today.first_of_month();
    if today == first {
        let before = today.yesterday().unwrap_or(today);
        return (before.first_of_month(), today);
    }
    (first, today)
}

/// The tags that costs of the rack bear, and which values they may have: those of its definition,
/// or the names of its stacks. Empty where nothing tells its costs from others.
pub fn tags(case: &Case<'_>, definition: Option<&Definition>) -> BTreeMap<String, Vec<String>> {
    let defined = definition.map(|it| &it.tags).filter(|it| !it.is_empty());
    if let Some(tags) = defined {
        let tags = tags.iter();
        return tags
            .map(|(key, value)| (key.clone(), vec![value.clone()]))
            .collect();
    }
    let own = |class| matches!(class, Class::Declared | Class::Derived | Class::Inferred);
    let stacks = case
        .graph
        .resources()
        .filter(|it| it.id.kind == Kind::Stack);
    let stacks = stacks.filter(|it| own(case.belongings.of(&it.id).class));
    let names: Vec<String> = stacks.map(|it| it.id.key.clone()).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    BTreeMap::from([(STACK_NAME_TAG.to_owned(), names)])
}

/// All that was counted.
pub fn sum(spent: &Spent) -> Usd {
    spent.services.values().copied().map(Usd::new).sum()
}

/// Of when and of what it is; no full stop.
pub fn about(spent: &Spent) -> String {
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
         ({asked} of 0.01 USD to Cost Explorer)",
        spent.from, spent.to, spent.currency
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        snapshot::Resource,
        testing::{cluster, owned, stack},
    };

    fn asked(now: &str) -> String {
        let (from, to) = days(now.parse().unwrap());
        format!("{from} {to}")
    }

    #[test]
    fn the_month_so_far_is_asked_for_and_on_its_first_day_the_one_before() {
        assert_eq!(asked("2026-11-21T23:59:59Z"), "2026-11-01 2026-11-21");
        assert_eq!(asked("2026-11-02T00:00:00Z"), "2026-11-01 2026-11-02");
        assert_eq!(asked("2026-03-01T12:00:00Z"), "2026-02-01 2026-03-01");
    }

    #[test]
    fn costs_are_told_by_the_tags_of_the_definition_or_else_by_the_stacks() {
        let resources = [stack("shop"), stack("of-others"), cluster("shop")];
        let definition = Definition {
            tags: BTreeMap::from([("app".to_owned(), "shop".to_owned())]),
            ..Definition::default()
        };
        let ours = |it: &Resource| it.id.key == "shop";
        owned(&resources, &[], ours, |case| {
            let tags = |definition| format!("{:?}", tags(case, definition));
            assert_eq!(tags(Some(&definition)), r#"{"app": ["shop"]}"#);
            assert_eq!(tags(None), r#"{"aws:cloudformation:stack-name": ["shop"]}"#);
        });
        owned(&resources[2..], &[], ours, |case| {
            assert!(tags(case, None).is_empty());
        });
    }
}
