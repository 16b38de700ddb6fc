//! How many hours a month has.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

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
}
