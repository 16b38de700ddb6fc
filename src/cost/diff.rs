//! What two bills of a rack differ in, line by line.

use std::{cmp::Reverse, collections::BTreeMap};

use rust_decimal::Decimal;

use super::{Amount, Bill, Line};
use crate::{id::ResourceId, price::Usd};

/// What became of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'b> {
    pub resource: &'b ResourceId,
    pub component: &'static str,
    /// `None`: there was no such line.
    pub old: Option<&'b Line>,
    /// `None`: there is none any more.
    pub new: Option<&'b Line>,
}

impl Change<'_> {
    /// By how much it is dearer, in US dollars; `None` where an amount is not known.
    pub fn more(&self) -> Option<Decimal> {
        let usd = |line: Option<&Line>| match line {
            Some(line) => line.amount.usd().map(Usd::exact),
            None => Some(Decimal::ZERO),
        };
        Some(usd(self.new)? - usd(self.old)?)
    }

    /// `added`, `removed`, `changed`.
    pub fn name(&self) -> &'static str {
        match (self.old, self.new) {
            (None, _) => "added",
            (Some(_), None) => "removed",
            (Some(_), Some(_)) => "changed",
        }
    }
}

/// The lines that differ among those that count for the rack, the greatest change first, and what
/// nobody can price after all.
pub fn changes<'b>(old: &'b Bill<'_>, new: &'b Bill<'_>) -> Vec<Change<'b>> {
    // A resource may have two lines of one component: then their order tells them apart.
    let index = |bill: &'b Bill<'_>| {
        let mut lines: BTreeMap<(&'b ResourceId, &'static str, usize), &'b Line> = BTreeMap::new();
        for line in bill.own() {
            let mut key = (&line.resource, line.component, 0);
            while lines.contains_key(&key) {
                key.2 += 1;
            }
            lines.insert(key, line);
        }
        lines
    };
    let (before, after) = (index(old), index(new));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).copied().collect();
    keys.sort();
    keys.dedup();
    let changes = keys.into_iter().map(|key| Change {
        resource: key.0,
        component: key.1,
        old: before.get(&key).copied(),
        new: after.get(&key).copied(),
    });
    let mut changes: Vec<Change<'b>> = changes.filter(differs).collect();
    changes.sort_by_key(|it| Reverse(it.more().map(|it| it.abs())));
    changes
}

/// Whether there is something to tell: another amount, or that one came, went or became known.
fn differs(change: &Change<'_>) -> bool {
    match (change.old, change.new) {
        (Some(old), Some(new)) => {
            let known = |it: &Line| matches!(it.amount, Amount::Fixed { .. });
            match (known(old), known(new)) {
                (true, true) => change.more() != Some(Decimal::ZERO),
                _ => old.amount.name() != new.amount.name(),
            }
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cost::{
            self, Month, Terms, Usage,
            tests::{BOOK, disk, machine},
        },
        kind::{AsKind as _, queue::Queue, volume::Volume},
        snapshot::Resource,
        testing,
    };

    /// What differs, as a sentence each.
    fn told(old: &[Resource], new: &[Resource]) -> Vec<String> {
        let terms = Terms {
            region: "us-east-1",
            book: &BOOK,
            month: &Month::usual(),
            usage: &Usage::default(),
        };
        let with = |resources: &[Resource], then: &dyn Fn(&Bill<'_>) -> Vec<String>| {
            let test = |case: &crate::rule::Case<'_>| then(&cost::bill(case, &terms));
            testing::owned(resources, &[], |_| true, test)
        };
        with(old, &|old| {
            with(new, &|new| {
                let all = changes(old, new);
                let all = all.iter().map(|it| {
                    let more = it.more().map(|it| it.normalize().to_string());
                    let more = more.unwrap_or_else(|| "?".to_owned());
                    format!("{} {} {more}", it.name(), it.resource)
                });
                all.collect()
            })
        })
    }

    #[test]
    fn a_greater_disk_and_a_gone_one_are_told_the_greatest_change_first() {
        let mut grown = disk(1, 8);
        if let Some(it) = Volume::of_mut(&mut grown.attrs) {
            it.size_gib = 50;
        }
        // 42 × 0.10, 100 × 0.10, 1 × 0.10
        assert_eq!(
            told(
                &[disk(1, 8), disk(2, 100), disk(3, 7)],
                &[grown, disk(3, 7), disk(4, 1)]
            ),
            [
                "removed volume/vol-2-100 -10",
                "changed volume/vol-1-8 4.2",
                "added volume/vol-4-1 0.1"
            ]
        );
    }

    #[test]
    fn what_has_no_amount_is_told_without_one() {
        let queue = Resource::new("q", Queue::default());
        assert_eq!(told(&[], &[queue]), ["added queue/q ?"]);
    }

    #[test]
    fn the_same_rack_differs_in_nothing() {
        let all = [machine(1), disk(1, 8), Resource::new("q", Queue::default())];
        assert_eq!(told(&all, &all), Vec::<String>::new());
    }
}
