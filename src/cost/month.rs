//! How many hours a month has.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

/// A month to count hours for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    hours: u32,
    /// `2018-05`; `None` for the usual month of estimates.
    pub name: Option<String>,
}

/// What is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no month")]
pub struct NoMonth(pub String);

impl Month {
    /// The month of AWS's own calculator: a twelfth of a year, 730 hours.
    pub fn usual() -> Self {
        Self {
            hours: 730,
            name: None,
        }
    }

    /// The month of the calendar that is written `2018-05`.
    ///
    /// # Errors
    /// When there is none.
    pub fn parse(text: &str) -> Result<Self, NoMonth> {
        let bad = || NoMonth(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(bad)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(bad());
        }
        let year = year.parse().map_err(|_| bad())?;
        let month = month.parse().map_err(|_| bad())?;
        let first = Date::new(year, month, 1).map_err(|_| bad())?;
        Ok(Self::of(first))
    }

    /// The month of the calendar, in UTC, in which a moment lies.
    pub fn around(moment: Timestamp) -> Self {
        Self::of(moment.to_zoned(TimeZone::UTC).date())
    }

    fn of(date: Date) -> Self {
        Self {
            hours: u32::from(date.days_in_month().unsigned_abs()) * 24,
            name: Some(date.strftime("%Y-%m").to_string()),
        }
    }

    pub fn hours(&self) -> u32 {
        self.hours
    }

    /// A month of the calendar that is cut or drawn out to so many hours.
    #[cfg(test)]
    pub(crate) fn lasting(name: &str, hours: u32) -> Self {
        Self {
            hours,
            name: Some(name.to_owned()),
        }
    }

    /// Its first moment, in UTC; `None` of the usual month of estimates, which lies nowhere.
    pub fn begins(&self) -> Option<Timestamp> {
        let first: Date = format!("{}-01", self.name.as_ref()?).parse().ok()?;
        let midnight = first.to_zoned(TimeZone::UTC).ok()?;
        Some(midnight.timestamp())
    }

    /// Hours from its first moment to another, exact to the second; negative for what was before.
    pub fn hours_until(&self, moment: Timestamp) -> Option<Decimal> {
        let seconds = moment.as_second() - self.begins()?.as_second();
        Some(Decimal::from(seconds) / Decimal::from(3600))
    }

    /// The moment so many hours after its first, whole seconds.
    pub fn after(&self, hours: Decimal) -> Option<Timestamp> {
        let seconds = hours.checked_mul(Decimal::from(3600))?.floor().to_i64()?;
        Timestamp::from_second(self.begins()?.as_second().checked_add(seconds)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_of_the_calendar_has_28_to_31_days() {
        for (text, hours) in [
            ("2018-02", 672),
            ("2024-02", 696),
            ("2018-04", 720),
            ("2018-05", 744),
        ] {
            assert_eq!(Month::parse(text).unwrap().hours(), hours, "{text}");
        }
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in [
            "2018-13", "2018-00", "2018", "18-05", "2018-5", "May 2018", "-018-05", "",
        ] {
            assert_eq!(Month::parse(text), Err(NoMonth(text.to_owned())));
        }
    }

    #[test]
    fn a_moment_lies_in_its_month() {
        let moment = "2018-05-31T23:59:59Z".parse().unwrap();
        let month = Month::around(moment);
        assert_eq!(
            (month.hours(), month.name.as_deref()),
            (744, Some("2018-05"))
        );
    }

    #[test]
    fn hours_and_moments_of_a_month_are_the_same_thing() {
        let month = Month::parse("2018-05").unwrap();
        let moment = "2018-05-03T07:30:00Z".parse().unwrap();
        let hours = Decimal::new(555, 1);
        assert_eq!(month.hours_until(moment), Some(hours));
        assert_eq!(month.after(hours), Some(moment));
        assert_eq!(Month::usual().begins(), None);
    }
}
