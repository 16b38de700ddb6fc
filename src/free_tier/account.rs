//! AWS's own count of an offer, where the account was asked for it.

use super::offer::Offer;
use crate::snapshot::money::{self, Account};

/// AWS's count of an offer in a region; of several the one that is nearest to its end.
pub(super) fn count<'a>(
    account: &'a Account,
    offer: &Offer,
    region: &str,
) -> Option<&'a money::Offer> {
    let counts = account.offers.known()?.iter();
    let matching = counts.filter(|it| is_of(it, offer, region));
    matching.max_by_key(|it| it.actual.checked_div(it.limit).unwrap_or_default())
}

fn is_of(count: &money::Offer, offer: &Offer, region: &str) -> bool {
    let name = &count.usage_type;
    let name = name.strip_prefix("Global-").unwrap_or(name);
    let here = !offer.regional || count.region == region;
    let named = name == offer.counted_as && count.service.contains(offer.counted_by);
    here && named && (offer.operation)(&count.operation)
}
