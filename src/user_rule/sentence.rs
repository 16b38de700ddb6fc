//! The sentence of a finding, with places for what is known of the resource: `{name}`.

use super::{
    language::{Datum, Facts, Scope},
    shape::Shape,
};

/// A text with places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Vec<String>),
}

/// Letters that a place takes at most.
const WIDEST: usize = 80;
/// Entries of a list that are told.
const SHOWN: usize = 5;

impl Sentence {
    /// Reads a sentence; a place is a path in braces.
    ///
    /// # Errors
    /// When a brace is not closed, or a place is no path to something that can be written.
    pub fn parse(text: &str, scope: &Scope) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((path, after)) = after.split_once('}') else {
                return Err(format!("`{{{after}` has no closing `}}`"));
            };
            let steps: Vec<String> = path.split('.').map(|it| it.trim().to_owned()).collect();
            writable(path, &steps, scope)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place(steps));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The paths of its places.
    pub fn paths(&self) -> impl Iterator<Item = &Vec<String>> {
        self.0.iter().filter_map(|it| match it {
            Part::Place(path) => Some(path),
            Part::Text(_) => None,
        })
    }

    /// The sentence about one resource.
    pub fn write(&self, facts: &Facts) -> String {
        let parts = self.0.iter().map(|it| match it {
            Part::Text(it) => it.clone(),
            Part::Place(path) => said(at(facts, path)),
        });
        parts.collect()
    }
}

fn writable(path: &str, steps: &[String], scope: &Scope) -> Result<(), String> {
    let mut names = steps.iter();
    let mut shape = names.next().and_then(|it| scope.get(it));
    for name in names {
        shape = shape.and_then(|it| match it.certain() {
            Shape::Record(fields) => fields.get(name),
            Shape::Map(of) => Some(&**of),
            Shape::Bool
            | Shape::Number
            | Shape::Text
            | Shape::Moment
            | Shape::List(_)
            | Shape::Maybe(_)
            | Shape::Fact(_)
            | Shape::Null
            | Shape::Any => None,
        });
    }
    match shape.map(Shape::certain) {
        None => Err(format!("there is no `{{{path}}}`")),
        Some(Shape::Record(_) | Shape::Map(_)) => Err(format!(
            "`{{{path}}}` is no single value: name one of its fields"
        )),
        Some(_) => Ok(()),
    }
}

/// What lies at the end of a path.
pub fn at<'f>(facts: &'f Facts, path: &[String]) -> Option<&'f Datum> {
    let mut names = path.iter();
    let mut found = facts.get(names.next()?);
    for name in names {
        found = match found? {
            Datum::Record(fields) => fields.get(name),
            other @ (Datum::Null | Datum::Unread) => return Some(other),
            Datum::Bool(_) | Datum::Number(_) | Datum::Text(_) | Datum::List(_) => None,
        };
    }
    found
}

/// A value in a sentence.
pub fn said(datum: Option<&Datum>) -> String {
    let said = match datum {
        None | Some(Datum::Null) => "nothing".to_owned(),
        Some(Datum::Unread) => "something not read".to_owned(),
        Some(Datum::Bool(it)) => it.to_string(),
        Some(Datum::Number(it)) => it.to_string(),
        Some(Datum::Text(it)) => it.clone(),
        Some(Datum::List(all)) => {
            let shown: Vec<String> = all.iter().take(SHOWN).map(|it| said(Some(it))).collect();
            match (all.len(), all.len().saturating_sub(SHOWN)) {
                (0, _) => "nothing".to_owned(),
                (_, 0) => shown.join(", "),
                (_, more) => format!("{} and {more} more", shown.join(", ")),
            }
        }
        Some(Datum::Record(fields)) => {
            let plain = fields.iter().filter(|(_, it)| match it {
                Datum::Null | Datum::List(_) | Datum::Record(_) | Datum::Unread => false,
                Datum::Text(it) => !it.is_empty(),
                Datum::Bool(_) | Datum::Number(_) => true,
            });
            let plain: Vec<String> = plain
                .map(|(name, it)| format!("{name}={}", said(Some(it))))
                .collect();
            plain.join(" ")
        }
    };
    if said.chars().count() > WIDEST {
        let cut: String = said.chars().take(WIDEST).collect();
        return format!("{cut}…");
    }
    said
}
