//! One value of a table: what it says to a person and to a program, and how it compares.

use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{report::csv, text};

/// What a cell says in place of a value that was not read.
pub const NOT_READ: &str = "not read";

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// AWS has nothing there.
    Empty,
    /// Nobody knows: it was not read.
    Unread,
    Text(String),
    Number(Decimal),
    Bool(bool),
    Time(Timestamp),
    List(Vec<String>),
}

impl Cell {
    /// Text, or nothing where it is empty.
    pub fn text(it: impl Into<String>) -> Self {
        let text = it.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    pub fn maybe(it: Option<impl Into<String>>) -> Self {
        it.map_or(Self::Empty, Self::text)
    }

    pub fn number(it: impl Into<Decimal>) -> Self {
        Self::Number(it.into())
    }

    pub fn time(it: Option<Timestamp>) -> Self {
        it.map_or(Self::Empty, Self::Time)
    }

    /// Several texts, each once, in the order in which they come.
    pub fn list<T: Into<String>>(all: impl IntoIterator<Item = T>) -> Self {
        let mut list: Vec<String> = Vec::new();
        for it in all.into_iter().map(Into::into) {
            if !it.is_empty() && !list.contains(&it) {
                list.push(it);
            }
        }
        if list.is_empty() {
            Self::Empty
        } else {
            Self::List(list)
        }
    }

    /// For a person who looks at `now`: times are ages.
    pub fn said(&self, now: Timestamp) -> String {
        match self {
            Self::Time(it) => text::age(*it, now),
            Self::List(all) => all.join(", "),
            Self::Unread => NOT_READ.to_owned(),
            Self::Empty | Self::Text(_) | Self::Number(_) | Self::Bool(_) => self.plain(),
        }
    }

    /// For a spreadsheet, as all our tables write values; what was not read is empty there, and
    /// named in a column of its own.
    pub fn plain(&self) -> String {
        match self {
            Self::Empty | Self::Unread => String::new(),
            Self::Text(it) => it.clone(),
            Self::Number(it) => it.to_string(),
            Self::Bool(it) => it.to_string(),
            Self::Time(it) => csv::stamp(*it),
            Self::List(all) => all.join("|"),
        }
    }

    /// For a program; what was not read is null there, and named beside the values.
    pub fn json(&self) -> Value {
        match self {
            Self::Empty | Self::Unread => Value::Null,
            Self::Text(_) | Self::Time(_) => json!(self.plain()),
            Self::Number(it) => {
                let number = it.to_string().parse::<serde_json::Number>();
                number.map_or_else(|_| json!(it.to_string()), Value::Number)
            }
            Self::Bool(it) => json!(it),
            Self::List(all) => json!(all),
        }
    }

    /// Whether it says exactly this, in any of its forms, or as one entry of a list.
    pub fn is(&self, wanted: &str, now: Timestamp) -> bool {
        let among = match self {
            Self::List(all) => all.iter().any(|it| it == wanted),
            Self::Text(_)
            | Self::Number(_)
            | Self::Bool(_)
            | Self::Time(_)
            | Self::Empty
            | Self::Unread => false,
        };
        among || self.said(now) == wanted || self.plain() == wanted
    }

    /// Whether this is somewhere in it, in capitals or not.
    pub fn holds(&self, wanted: &str, now: Timestamp) -> bool {
        let wanted = wanted.to_lowercase();
        let said = [self.said(now), self.plain()];
        said.iter().any(|it| it.to_lowercase().contains(&wanted))
    }

    /// The order of a column: numbers as numbers, also those in text; then flags, times, texts.
    /// What is empty or was not read comes last, whichever way the column is sorted.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let (a, b) = (self.key(), other.key());
        let last = |it: &Key| matches!(it, Key::Empty | Key::Unread);
        if descending && !last(&a) && !last(&b) {
            return b.cmp(&a);
        }
        a.cmp(&b)
    }

    fn key(&self) -> Key {
        let said = |it: String| match it.parse() {
            Ok(number) => Key::Number(number),
            Err(_) => Key::Text(it.to_lowercase(), it),
        };
        match self {
            Self::Number(it) => Key::Number(*it),
            Self::Bool(it) => Key::Bool(*it),
            Self::Time(it) => Key::Time(*it),
            Self::Text(it) => said(it.clone()),
            Self::List(_) => said(self.plain()),
            Self::Empty => Key::Empty,
            Self::Unread => Key::Unread,
        }
    }
}

/// What a cell is sorted by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(Decimal),
    Bool(bool),
    Time(Timestamp),
    Text(String, String),
    Empty,
    Unread,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut cells: Vec<Cell>, descending: bool) -> Vec<String> {
        cells.sort_by(|a, b| a.compare(b, descending));
        let said = cells.iter().map(|it| it.said(Timestamp::UNIX_EPOCH));
        said.collect()
    }

    #[test]
    fn numbers_sort_as_numbers_also_when_they_are_text() {
        let cells = vec![Cell::text("10"), Cell::number(9), Cell::text("default")];
        assert_eq!(sorted(cells, false), ["9", "10", "default"]);
    }

    #[test]
    fn what_is_empty_or_unread_comes_last_either_way() {
        let cells = vec![Cell::Unread, Cell::number(1), Cell::Empty, Cell::number(2)];
        assert_eq!(sorted(cells.clone(), false), ["1", "2", "", NOT_READ]);
        assert_eq!(sorted(cells, true), ["2", "1", "", NOT_READ]);
    }

    #[test]
    fn a_list_is_found_by_one_of_its_entries() {
        let cell = Cell::list(["a", "b", "a"]);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(cell.plain(), "a|b");
        assert!(cell.is("b", now) && cell.is("a, b", now) && !cell.is("c", now));
    }

    #[test]
    fn what_was_not_read_is_found_by_these_words_and_not_as_empty() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(Cell::Unread.is(NOT_READ, now));
        assert_eq!(Cell::Unread.json(), Value::Null);
    }
}
