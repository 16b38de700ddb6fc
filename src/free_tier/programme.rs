//! Which of AWS's programmes an account is in, by the day on which it was opened.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::offer::Term;
use crate::{
    kind::Fact,
    snapshot::money::{self, Account},
};

/// Accounts opened from this day on have credits, and no offers of twelve months.
const CREDITS_SINCE: Date = jiff::civil::date(2025, 7, 15);

/// What an account may have for nothing besides what everybody always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programme {
    /// Offers of twelve months, until then.
    TwelveMonths { opened: Date, until: Timestamp },
    /// The twelve months were over before the month began.
    Over { opened: Date },
    /// AWS counts such offers for the account in that month, so that they hold; until when is not
    /// known.
    Running,
    /// Credits in place of them; the day is not always known.
    Credits { opened: Option<Date> },
    /// Nobody told when the account was opened.
    Unknown {
        /// Whether it may still have its twelve months.
        perhaps: bool,
        /// Whether it may have credits: not where AWS says that it has no plan.
        credits: bool,
    },
}

/// Why a day cannot be that on which an account was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOpening {
    #[error("the account cannot have been opened on {opened}: that is after {at}")]
    Future { opened: Date, at: Date },
    #[error("the account cannot have been opened on {0}: there was no AWS yet")]
    Past(Date),
}

/// The first moment of a day, in UTC.
fn midnight(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Whether a moment lies in the month that begins then.
fn is_within(moment: Timestamp, begins: Timestamp) -> bool {
    let month = |it: Timestamp| it.to_zoned(TimeZone::UTC).date().first_of_month();
    month(moment) == month(begins)
}

/// The day a year after one.
fn anniversary(day: Date) -> Option<Timestamp> {
    midnight(day.checked_add(Span::new().years(1)).ok()?)
}

impl Programme {
    /// The programme in a month that begins then, as seen at a moment.
    ///
    /// # Errors
    /// When the account was opened after that moment, or before there was AWS.
    pub fn find(
        opened: Option<Date>,
        account: Option<&Account>,
        begins: Timestamp,
        at: Timestamp,
    ) -> Result<Self, BadOpening> {
        if let Some(opened) = opened {
            let today = at.to_zoned(TimeZone::UTC).date();
            if opened > today {
                return Err(BadOpening::Future { opened, at: today });
            }
            if opened.year() < 2002 {
                return Err(BadOpening::Past(opened));
            }
        }
        let plan = account.map(|it| &it.plan);
        let has_plan = matches!(plan, Some(Fact::Known(Some(_))));
        if has_plan || opened.is_some_and(|it| it >= CREDITS_SINCE) {
            return Ok(Self::Credits { opened });
        }
        let Some(opened) = opened else {
            let counted = account.filter(|it| is_within(it.asked, begins));
            let counted = counted.and_then(|it| it.offers.known());
            let mut offers = counted.into_iter().flatten();
            // What has ended is not counted any more.
            if offers.any(|it| it.kind == money::TWELVE_MONTHS) {
                return Ok(Self::Running);
            }
            // The last account that could have such offers was opened the day before.
            let last = anniversary(CREDITS_SINCE).is_some_and(|it| begins < it);
            return Ok(Self::Unknown {
                perhaps: last,
                credits: !matches!(plan, Some(Fact::Known(None))),
            });
        };
        Ok(match anniversary(opened).filter(|it| *it > begins) {
            Some(until) => Self::TwelveMonths { opened, until },
            None => Self::Over { opened },
        })
    }

    /// Whether offers of that term are counted at all: surely, or only perhaps.
    pub fn has(&self, term: Term) -> Option<Sureness> {
        match (term, self) {
            (Term::Always, _) | (Term::TwelveMonths, Self::TwelveMonths { .. } | Self::Running) => {
                Some(Sureness::Sure)
            }
            (Term::TwelveMonths, Self::Unknown { perhaps: true, .. }) => Some(Sureness::Perhaps),
            (
                Term::TwelveMonths,
                Self::Over { .. } | Self::Credits { .. } | Self::Unknown { .. },
            ) => None,
        }
    }
}

/// Whether an offer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    Sure,
    /// If the account is not older than twelve months, which nobody told.
    Perhaps,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::money::Plan;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn in_may(opened: Option<&str>, year: i16) -> Result<Programme, BadOpening> {
        let opened = opened.map(|it| it.parse().unwrap());
        let begins = at(&format!("{year}-05-01T00:00:00Z"));
        let seen = at(&format!("{year}-05-15T00:00:00Z"));
        Programme::find(opened, None, begins, seen)
    }

    #[test]
    fn twelve_months_end_on_the_day_of_the_opening() {
        let opened = "2017-05-10".parse().unwrap();
        let until = at("2018-05-10T00:00:00Z");
        let programme = Programme::TwelveMonths { opened, until };
        assert_eq!(in_may(Some("2017-05-10"), 2018), Ok(programme));
        let opened = "2017-05-01".parse().unwrap();
        assert_eq!(
            in_may(Some("2017-05-01"), 2018),
            Ok(Programme::Over { opened })
        );
    }

    #[test]
    fn from_july_2025_on_accounts_have_credits() {
        let of = |day: &str| in_may(Some(day), 2026).unwrap();
        assert!(matches!(of("2025-07-14"), Programme::TwelveMonths { .. }));
        assert!(matches!(of("2025-07-15"), Programme::Credits { .. }));
    }

    #[test]
    fn an_account_with_a_plan_has_credits_whenever_it_was_opened() {
        let plan = Plan {
            kind: "FREE".to_owned(),
            status: "ACTIVE".to_owned(),
            credits: None,
            expires: None,
        };
        let account = Account {
            asked: at("2026-05-15T00:00:00Z"),
            offers: Fact::Unread,
            plan: Fact::Known(Some(plan)),
            ..Account::default()
        };
        let begins = at("2026-05-01T00:00:00Z");
        let found = Programme::find(None, Some(&account), begins, account.asked);
        assert_eq!(found, Ok(Programme::Credits { opened: None }));
    }

    /// What becomes of an account of unknown age of which AWS told this, in May of a year.
    fn told(offers: &[&str], year: i16) -> Programme {
        let offer = |kind: &&str| money::Offer {
            kind: (*kind).to_owned(),
            ..money::Offer::default()
        };
        let begins = at(&format!("{year}-05-01T00:00:00Z"));
        let account = Account {
            asked: at(&format!("{year}-05-15T00:00:00Z")),
            offers: Fact::Known(offers.iter().map(offer).collect()),
            plan: Fact::Known(None),
            ..Account::default()
        };
        Programme::find(None, Some(&account), begins, account.asked).unwrap()
    }

    #[test]
    fn offers_that_aws_counts_hold() {
        let programme = told(&["Always Free", "12 Months Free"], 2026);
        assert_eq!(programme, Programme::Running);
        assert_eq!(programme.has(Term::TwelveMonths), Some(Sureness::Sure));
    }

    #[test]
    fn an_account_without_a_plan_has_no_credits() {
        let unknown = |perhaps| Programme::Unknown {
            perhaps,
            credits: false,
        };
        assert_eq!(told(&["Always Free"], 2026), unknown(true));
        assert_eq!(told(&[], 2027), unknown(false));
    }

    #[test]
    fn of_an_account_of_unknown_age_nothing_is_sure_while_there_are_such_offers() {
        let perhaps = |year| in_may(None, year).unwrap().has(Term::TwelveMonths);
        assert_eq!(perhaps(2018), Some(Sureness::Perhaps));
        assert_eq!(perhaps(2027), None);
    }

    #[test]
    fn an_opening_that_cannot_be_is_refused() {
        let said = |day| in_may(Some(day), 2018).unwrap_err().to_string();
        assert_eq!(
            said("2018-05-16"),
            "the account cannot have been opened on 2018-05-16: that is after 2018-05-15"
        );
        assert!(said("1999-01-01").ends_with("there was no AWS yet"));
    }
}
