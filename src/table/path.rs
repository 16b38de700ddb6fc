//! A dotted way into a resource's description, as `show` prints it: `containers[0].image`.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::cell::Cell;

/// Names of fields; a list is gone through whole unless a number in brackets picks one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Entry(usize),
}

/// What lies at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'v> {
    /// There is no such field.
    Missing,
    /// Nothing lies on the way, so that nobody can tell whether there is such a field.
    Nothing,
    /// Not read, or something on the way to it was not.
    Unread,
    Value(&'v Value),
    /// What lies at the ends of a list's entries.
    Several(Vec<Self>),
}

impl Path {
    /// `None` when it is not of that form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, mut rest) = match part.split_once('[') {
                Some((name, _)) => (name, &part[name.len()..]),
                None => (part, ""),
            };
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            while !rest.is_empty() {
                let (number, after) = rest.strip_prefix('[')?.split_once(']')?;
                steps.push(Step::Entry(number.parse().ok()?));
                rest = after;
            }
        }
        Some(Self(steps))
    }

    /// What lies at its end.
    pub fn walk<'v>(&self, value: &'v Value) -> Found<'v> {
        walk(value, &self.0)
    }
}

fn walk<'v>(value: &'v Value, steps: &[Step]) -> Found<'v> {
    let Some(value) = fact(value) else {
        return Found::Unread;
    };
    let Some((step, rest)) = steps.split_first() else {
        return Found::Value(value);
    };
    match (value, step) {
        (Value::Null, _) => Found::Nothing,
        (Value::Array(all), Step::Entry(n)) => {
            all.get(*n).map_or(Found::Nothing, |it| walk(it, rest))
        }
        (Value::Array(all), Step::Field(_)) => match &all[..] {
            [] => Found::Nothing,
            all => Found::Several(all.iter().map(|it| walk(it, steps)).collect()),
        },
        (Value::Object(map), Step::Field(name)) => {
            map.get(name).map_or(Found::Missing, |it| walk(it, rest))
        }
        (Value::Bool(_) | Value::Number(_) | Value::String(_), _)
        | (Value::Object(_), Step::Entry(_)) => Found::Missing,
    }
}

/// The value of what takes a call of its own to learn; `None` when it was not read.
///
/// The file writes such a fact as `"unread"` or `{"known": …}`, which nobody should have to type.
fn fact(value: &Value) -> Option<&Value> {
    if value == "unread" {
        return None;
    }
    let alone = value.as_object().filter(|it| it.len() == 1);
    Some(alone.and_then(|it| it.get("known")).unwrap_or(value))
}

impl Found<'_> {
    /// Whether such a field was seen.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Value(_) => true,
            Self::Several(all) => all.iter().any(Self::is_there),
            Self::Missing | Self::Nothing | Self::Unread => false,
        }
    }

    /// Whether it was seen that there is no such field.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Several(all) => all.iter().any(Self::is_missing),
            Self::Value(_) | Self::Nothing | Self::Unread => false,
        }
    }

    pub fn cell(&self) -> Cell {
        match self {
            Self::Missing | Self::Nothing => Cell::Empty,
            Self::Unread => Cell::Unread,
            Self::Value(it) => cell(it),
            Self::Several(all) => {
                let cells: Vec<Cell> = all.iter().map(Self::cell).collect();
                // One unknown entry makes the list one that may hold more.
                if cells.contains(&Cell::Unread) {
                    return Cell::Unread;
                }
                Cell::list(cells.iter().map(Cell::plain))
            }
        }
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::Bool(it) => Cell::Bool(*it),
        Value::Number(it) => {
            let number = it.to_string().parse();
            number.map_or_else(|_| Cell::text(it.to_string()), Cell::Number)
        }
        Value::String(it) => match it.parse::<Timestamp>() {
            Ok(time) => Cell::Time(time),
            Err(_) => Cell::text(it),
        },
        Value::Array(all) => Cell::list(all.iter().map(|it| cell(it).plain())),
        Value::Object(map) => object(map),
    }
}

/// `name=web port=80`: what is empty is left out.
fn object(map: &Map<String, Value>) -> Cell {
    let fields = map.iter().map(|(name, value)| match fact(value) {
        Some(value) => (name, cell(value).plain()),
        None => (name, super::cell::NOT_READ.to_owned()),
    });
    let fields = fields.filter(|(_, it)| !it.is_empty());
    let fields: Vec<String> = fields.map(|(name, it)| format!("{name}={it}")).collect();
    Cell::text(fields.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(value: &Value, path: &str) -> Cell {
        Path::parse(path).unwrap().walk(value).cell()
    }

    #[test]
    fn a_list_is_gone_through_whole_or_by_number() {
        let value = json!({ "containers": [{ "image": "a" }, { "image": "b" }] });
        assert_eq!(at(&value, "containers.image"), Cell::list(["a", "b"]));
        assert_eq!(at(&value, "containers[1].image"), Cell::text("b"));
        assert_eq!(at(&value, "containers[2].image"), Cell::Empty);
    }

    #[test]
    fn a_fact_is_its_value_or_not_read() {
        let known = json!({ "facts": { "known": { "bytes": 7 } } });
        assert_eq!(at(&known, "facts.bytes"), Cell::number(7));
        let unread = json!({ "facts": "unread" });
        assert_eq!(at(&unread, "facts.bytes"), Cell::Unread);
        assert_eq!(at(&unread, "facts"), Cell::Unread);
    }

    #[test]
    fn a_field_that_is_not_there_differs_from_one_that_holds_nothing() {
        let value = json!({ "zone": null, "list": [], "port": 80 });
        let walk = |path: &str| Path::parse(path).unwrap().walk(&value);
        assert!(walk("zone").is_there());
        assert!(walk("zoen").is_missing() && walk("port.name").is_missing());
        let list = walk("list.name");
        assert!(!list.is_there() && !list.is_missing());
    }

    #[test]
    fn a_time_is_a_time_and_a_number_a_number() {
        let value = json!({ "at": "2018-05-01T18:00:00Z", "price": "0.10" });
        assert!(matches!(at(&value, "at"), Cell::Time(_)));
        assert_eq!(at(&value, "price"), Cell::text("0.10"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".", "a..b", "a[", "a[x]", "a[1]b", "[0]"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
