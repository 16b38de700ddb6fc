//! How fast an allowance goes: constant streams, each from its own beginning on.

use rust_decimal::Decimal;

/// Something that is used at a constant pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// What a whole month of it comes to.
    pub full: Decimal,
    /// Hours after the month's beginning at which it begins; 0 for what was there before.
    pub from: Decimal,
}

impl Flow {
    /// How much was used until then, in a month of so many hours.
    pub fn until(&self, hour: Decimal, hours: Decimal) -> Decimal {
        let ran = (hour - self.from).max(Decimal::ZERO);
        let used = self.full.saturating_mul(ran);
        used.checked_div(hours).unwrap_or_default()
    }
}

/// What all flows have used until then.
pub fn used(flows: &[Flow], hour: Decimal, hours: Decimal) -> Decimal {
    let each = flows.iter().map(|it| it.until(hour, hours));
    each.fold(Decimal::ZERO, Decimal::saturating_add)
}

/// The hour at which more than `amount` is used; `None` when the month ends before.
pub fn reached(flows: &[Flow], amount: Decimal, hours: Decimal) -> Option<Decimal> {
    if used(flows, hours, hours) <= amount {
        return None;
    }
    let mut flows: Vec<Flow> = flows.iter().filter(|it| it.from < hours).copied().collect();
    flows.sort_by_key(|it| it.from);
    let mut pace = Decimal::ZERO;
    let mut at = Decimal::ZERO;
    let mut sum = Decimal::ZERO;
    for (n, flow) in flows.iter().enumerate() {
        sum = used(flows.get(..n).unwrap_or_default(), flow.from, hours);
        if sum > amount {
            break;
        }
        at = flow.from;
        pace = pace.saturating_add(flow.full);
        let until = flows.get(n + 1).map_or(hours, |it| it.from);
        let then = used(flows.get(..=n).unwrap_or_default(), until, hours);
        if then > amount {
            break;
        }
    }
    let missing = (amount - sum).max(Decimal::ZERO);
    let more = missing.saturating_mul(hours).checked_div(pace)?;
    Some(at.saturating_add(more).min(hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn flow(full: u32, from: u32) -> Flow {
        Flow {
            full: full.into(),
            from: from.into(),
        }
    }

    fn when(flows: &[Flow], amount: &str) -> Option<Decimal> {
        let hour = reached(flows, decimal(amount), 744.into());
        hour.map(|it| it.round_dp(3).normalize())
    }

    #[test]
    fn a_constant_pace_reaches_the_limit_in_proportion() {
        // 30 × 744 / 402
        assert_eq!(when(&[flow(402, 0)], "30"), Some(decimal("55.522")));
        // In parts it is the same.
        let parts = [flow(189, 0), flow(213, 0)];
        assert_eq!(when(&parts, "30"), Some(decimal("55.522")));
    }

    #[test]
    fn what_is_used_up_to_the_limit_is_not_over_it() {
        assert_eq!(when(&[flow(30, 0)], "30"), None);
        assert_eq!(when(&[], "0"), None);
        assert_eq!(when(&[flow(1, 744)], "0"), None);
    }

    #[test]
    fn what_begins_later_counts_from_then_on() {
        // Half a unit an hour for 100 hours makes 50, then a whole one: 50 more hours.
        let flows = [flow(372, 0), flow(372, 100)];
        assert_eq!(when(&flows, "100"), Some(decimal("150")));
        // Or before the second begins at all.
        assert_eq!(when(&flows, "20"), Some(decimal("40")));
        // Nothing runs at first.
        assert_eq!(when(&[flow(744, 10)], "5"), Some(decimal("15")));
    }

    #[test]
    fn amounts_beyond_counting_do_not_break_it() {
        let huge = Flow {
            full: Decimal::MAX,
            from: Decimal::ZERO,
        };
        assert!(reached(&[huge, huge], Decimal::ONE, 744.into()).is_some());
    }
}
