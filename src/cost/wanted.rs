//! The prices that a rack's bill needs, and no others.

use std::collections::BTreeSet;

use super::charges;
use crate::{charge::Amount, price::Key, rule::Case};

/// Whether a usage type's price stands in no list: spot prices change, and what was bought in
/// advance has a price of its own.
fn is_unlisted(usage: &str) -> bool {
    usage.is_empty() || usage.starts_with("SpotUsage:") || usage.contains("|lifecycle=")
}

/// What is asked of the price list for the rack's own and for what it shares.
pub fn wanted(case: &Case<'_>, region: &str) -> BTreeSet<Key> {
    let ours = case.graph.resources();
    let ours = ours.filter(|it| !case.belongings.of(&it.id).is_foreign());
    ours.flat_map(|it| charges(case.graph, it))
        .filter(|it| !matches!(it.amount, Amount::Unread(_)))
        .filter(|it| !is_unlisted(&it.usage))
        .map(|it| Key::new(it.service, region, &it.usage))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{instance::Instance, queue::Queue},
        snapshot::Resource,
        testing::owned,
    };

    #[test]
    fn only_what_the_rack_is_billed_for_is_asked() {
        let spot = Instance {
            instance_type: "t3.large".to_owned(),
            lifecycle: Some("spot".to_owned()),
            status: "running".to_owned(),
            ..Instance::default()
        };
        let resources = [
            Resource::new("jobs", Queue::default()),
            Resource::new("more-jobs", Queue::default()),
            Resource::new("i-1", spot),
            Resource::new(
                "of-others",
                Queue {
                    fifo: true,
                    ..Queue::default()
                },
            ),
        ];
        let ours = |it: &Resource| it.id.key != "of-others";
        let keys = owned(&resources, &[], ours, |case| wanted(case, "eu-north-1"));
        let told: Vec<String> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["AWSQueueService eu-north-1 Requests-RBP"]);
    }
}
