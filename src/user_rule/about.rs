//! What each field of a kind's description holds, in the words that stand above it in its source.
//!
//! So no list of sentences has to be kept beside the code, and none can fall behind it.

use std::collections::BTreeMap;

use crate::kind::{Kind, for_each_kind};

macro_rules! define_sources {
    ($($variant:ident($module:ident, $name:literal, $group:ident, $cfn:literal),)+) => {
        /// The name of a kind's struct, and the file in which it stands.
        fn source(kind: Kind) -> (&'static str, &'static str) {
            match kind {
                $(Kind::$variant => (
                    stringify!($variant),
                    include_str!(concat!("../kind/", stringify!($module), ".rs")),
                ),)+
            }
        }
    };
}
for_each_kind!(define_sources);

/// No description is nested deeper.
const DEEPEST: usize = 6;

/// A field as it is written: its type and what stands above it.
struct Field<'s> {
    name: &'s str,
    of: &'s str,
    about: String,
}

/// The words about each field of a kind, by its path; fields of a list's entries are told like those
/// of the thing itself. What has no words is left out.
pub fn about(kind: Kind) -> BTreeMap<String, String> {
    let (name, text) = source(kind);
    let structs = structs(text);
    let mut words = BTreeMap::new();
    tell(&structs, name, "", &mut words);
    words
}

/// The same path as these words are told by: without the marks of lists.
pub fn plain(path: &str) -> String {
    path.replace("[]", "")
}

fn tell(
    structs: &BTreeMap<&str, Vec<Field<'_>>>,
    name: &str,
    before: &str,
    words: &mut BTreeMap<String, String>,
) {
    for field in structs.get(name).into_iter().flatten() {
        let path = format!("{before}{}", field.name);
        if !field.about.is_empty() {
            words.insert(path.clone(), field.about.clone());
        }
        let mut parts = field.of.split(|it: char| !it.is_alphanumeric());
        let inner = parts.find(|it| structs.contains_key(it) && *it != name);
        // Types that hold each other have no end.
        if let Some(inner) = inner.filter(|_| path.matches('.').count() < DEEPEST) {
            tell(structs, inner, &format!("{path}."), words);
        }
    }
}

/// The structs of a source file, each with its public fields.
fn structs(text: &str) -> BTreeMap<&str, Vec<Field<'_>>> {
    let mut structs: BTreeMap<&str, Vec<Field<'_>>> = BTreeMap::new();
    let mut within: Option<&str> = None;
    let mut about: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("pub struct ") {
            within = rest.strip_suffix(" {");
            about.clear();
        } else if line == "}" {
            within = None;
        } else if let Some(words) = line.strip_prefix("/// ") {
            about.push(words);
        } else if let (Some(of), Some((name, kind))) = (within, field(line)) {
            let about = std::mem::take(&mut about).join(" ");
            structs.entry(of).or_default().push(Field {
                name,
                of: kind,
                about: about.trim_end_matches('.').to_owned(),
            });
        } else if !line.starts_with('#') {
            about.clear();
        }
    }
    structs
}

/// `pub name: Type,`.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, of) = line.strip_prefix("pub ")?.split_once(": ")?;
    Some((name, of.trim_end_matches(',')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_above_a_field_are_told_of_it_also_inside_of_lists() {
        let words = about(Kind::SecurityGroup);
        assert_eq!(
            words["ingress.from"],
            "First port, or ICMP type; absent when all are meant"
        );
        assert_eq!(plain("ingress[].from"), "ingress.from");
    }

    #[test]
    fn most_fields_of_all_kinds_have_words() {
        for kind in Kind::ALL {
            assert!(!structs(source(*kind).1).is_empty(), "{}", kind.name());
        }
        let all: usize = Kind::ALL.iter().map(|it| about(*it).len()).sum();
        assert!(all > 200, "{all}");
    }
}
