//! The file of a user's rule: read, checked, and its examples run, or refused with its line.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::{
    Shown, UserRule, facts,
    facts::Wanted,
    for_good,
    language::{BadCondition, Condition, Language, Scope},
    sentence::Sentence,
};
use crate::{
    id::ResourceId,
    kind::Kind,
    rule::{Category, Consequence, Example, Severity, Status, Words},
    snapshot::Resource,
    table, text,
};

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    id: Spanned<String>,
    title: String,
    severity: Severity,
    category: Category,
    kind: Spanned<String>,
    when: Option<Spanned<String>>,
    pass: Spanned<String>,
    why: Option<Spanned<String>>,
    risk: String,
    #[serde(deserialize_with = "one_or_more")]
    remedy: Vec<String>,
    #[serde(default)]
    references: Vec<Spanned<String>>,
    #[serde(default)]
    equivalents: Vec<String>,
    parameters: Option<Spanned<toml::Table>>,
    examples: Spanned<Vec<Spanned<ExampleForm>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleForm {
    name: String,
    subject: ResourceId,
    verdict: Status,
    resources: Vec<Resource>,
    #[serde(default)]
    taken: Option<Timestamp>,
    #[serde(default)]
    foreign: BTreeSet<ResourceId>,
}

/// Why a file is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadRule {
    /// From 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// A sentence without its full stop.
    pub message: String,
    /// What to do; empty when the message says it all.
    pub hint: String,
}

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        f.write_str(&self.message)
    }
}

impl BadRule {
    fn new(line: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// Reads a rule and runs its examples.
///
/// # Errors
/// When it is no YAML, has an unknown field or lacks one, when a condition is not sound, or when
/// its examples are missing or say something else than it does.
pub fn read(file: &str, content: &str, language: &dyn Language) -> Result<UserRule, BadRule> {
    let form: Form = serde_saphyr::from_str(content).map_err(|it| unreadable(&it))?;
    let rule = build(file, form, language)?;
    if let Some(broken) = rule.test().first() {
        let hint = "mend the condition or the example: a rule is only used when all its examples \
                    come out as they are meant";
        return Err(BadRule::new(broken.line, broken.to_string(), hint));
    }
    Ok(rule)
}

fn unreadable(error: &serde_saphyr::Error) -> BadRule {
    let line = error.location().map_or(0, |it| it.line());
    let line = usize::try_from(line).unwrap_or_default();
    let plain = error.without_snippet().to_string();
    let message = plain.split('\n').next().unwrap_or_default();
    // It tells the place once more, in its own way, and what a programmer could set.
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.split(", set ").next().unwrap_or_default();
    let message = message.trim_start_matches("error: ");
    let message = if message.starts_with("multiple YAML documents") {
        "a file holds one rule, and this one holds several"
    } else if message.starts_with("unexpected end of input") {
        "the file is empty, or ends too early"
    } else {
        message
    };
    let hint = if message.contains("unknown field") {
        "`racklens rules schema rule` tells which there are"
    } else {
        "`racklens rules schema rule` tells what a rule's file holds"
    };
    BadRule::new(line, text::one_line(message), hint)
}

fn line<T>(it: &Spanned<T>) -> usize {
    usize::try_from(it.referenced.line()).unwrap_or_default()
}

fn build(file: &str, form: Form, language: &dyn Language) -> Result<UserRule, BadRule> {
    named(&form.id)?;
    let kind = kind(&form.kind)?;
    worded(&form)?;
    let parameters = form.parameters.as_ref();
    let place = parameters.map_or(0, line);
    let parameters = parameters.map(|it| it.value.clone()).unwrap_or_default();
    usable(&parameters, place)?;
    let scope = facts::scope(kind, &parameters);
    let condition = |name: &str, it: &Spanned<String>| {
        let read = language.read(&it.value, &scope);
        read.map_err(|bad| unsound(name, it, &bad))
    };
    let about = form
        .when
        .as_ref()
        .map(|it| condition("when", it))
        .transpose()?;
    let fine = condition("pass", &form.pass)?;
    let why = why(form.why.as_ref(), &scope)?;
    let mut paths: BTreeSet<Vec<String>> = fine.paths().clone();
    paths.extend(about.iter().flat_map(|it| it.paths()).cloned());
    used(&parameters, place, &paths)?;
    let wanted = Wanted::new(paths.iter().chain(why.paths()));
    let shown = shown(&*fine);
    let examples = examples(&form.examples, kind)?;
    let words = Words {
        title: form.title,
        severity: form.severity,
        category: form.category,
        risk: form.risk,
        remedy: form.remedy,
        references: form.references.into_iter().map(|it| it.value).collect(),
        equivalents: form.equivalents,
        parameters,
        // What a person asks on that day by a rule of his own is to hold him up.
        teardown: (form.category == Category::Teardown).then_some(Consequence::Blocker),
        // Who writes a rule of his own about cost means what could go.
        waste: form.category == Category::Cost,
        example: examples.iter().map(|it| it.example.clone()).collect(),
    };
    Ok(UserRule {
        id: for_good(&form.id.value),
        file: file.to_owned(),
        line: line(&form.id),
        kind,
        words,
        when: form.when.map(|it| it.value),
        pass: form.pass.value,
        about,
        fine,
        why,
        wanted,
        shown,
        examples,
    })
}

/// Letters that an id has at most: it is part of anchors and of file names.
const LONGEST_ID: usize = 60;

fn named(id: &Spanned<String>) -> Result<(), BadRule> {
    let name = &id.value;
    let letters = name
        .chars()
        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    let begins = name.starts_with(|it: char| it.is_ascii_lowercase());
    if letters && begins && !name.ends_with('-') && name.len() <= LONGEST_ID {
        return Ok(());
    }
    let message = format!("`{name}` is no id");
    let hint = "write small letters, digits and `-`, 60 at most: `logs-kept-a-month`";
    Err(BadRule::new(line(id), message, hint))
}

fn kind(name: &Spanned<String>) -> Result<Kind, BadRule> {
    let given = name.value.replace('_', "-");
    Kind::from_name(&given).ok_or_else(|| {
        let all = Kind::ALL.iter().map(|it| it.name());
        let near = table::near(&given, all.clone());
        let hint = if near.is_empty() {
            let all: Vec<&str> = all.collect();
            format!("there are {}", all.join(", "))
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        let message = format!("`{}` is no kind of resource", name.value);
        BadRule::new(line(name), message, hint)
    })
}

fn worded(form: &Form) -> Result<(), BadRule> {
    let empty = [("title", &form.title), ("risk", &form.risk)];
    if let Some((name, _)) = empty.iter().find(|it| it.1.trim().is_empty()) {
        let hint = "whoever reads the finding needs it";
        return Err(BadRule::new(0, format!("`{name}` is empty"), hint));
    }
    if form.remedy.is_empty() {
        let hint = "say how to mend it, step by step";
        return Err(BadRule::new(0, "`remedy` is empty", hint));
    }
    let bad = form
        .references
        .iter()
        .find(|it| !it.value.starts_with("https://"));
    bad.map_or(Ok(()), |it| {
        let message = format!("the reference `{}` is no https:// address", it.value);
        Err(BadRule::new(line(it), message, "write the whole address"))
    })
}

fn usable(given: &toml::Table, line: usize) -> Result<(), BadRule> {
    for (name, value) in given {
        let mut letters = name.chars();
        let begins = letters.next().is_some_and(|it| it.is_ascii_lowercase());
        let plain = letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
        if !(begins && plain) {
            let message = format!("the parameter `{name}` cannot be named in a condition");
            let hint = "write small letters, digits and `_`";
            return Err(BadRule::new(line, message, hint));
        }
        if facts::parameter(value).is_none() {
            let message = format!("the parameter `{name}` is nothing that a condition can use");
            let hint = "give a whole number, a text, true or false, or a list of one of these";
            return Err(BadRule::new(line, message, hint));
        }
    }
    Ok(())
}

/// Whether every parameter is looked at: one that is not is a typo, or does nothing.
fn used(given: &toml::Table, line: usize, paths: &BTreeSet<Vec<String>>) -> Result<(), BadRule> {
    let is_used = |name: &str| {
        paths.iter().any(|it| {
            it.first().is_some_and(|it| it == "params") && it.get(1).is_none_or(|it| it == name)
        })
    };
    match given.keys().find(|it| !is_used(it)) {
        Some(name) => {
            let message = format!("no condition uses the parameter `{name}`");
            let hint = format!("write `params.{name}` where it counts, or leave it out");
            Err(BadRule::new(line, message, hint))
        }
        None => Ok(()),
    }
}

fn unsound(name: &str, given: &Spanned<String>, bad: &BadCondition) -> BadRule {
    let text = &given.value;
    let before: String = text.chars().take(bad.at).collect();
    let further = before.matches('\n').count();
    let here = text.lines().nth(further).unwrap_or_default().trim();
    let message = if here.chars().count() > 70 {
        format!("`{name}`: {}", bad.message)
    } else {
        format!("`{name}`: {} in `{here}`", bad.message)
    };
    BadRule::new(line(given) + further, message, bad.hint.as_str())
}

fn why(given: Option<&Spanned<String>>, scope: &Scope) -> Result<Sentence, BadRule> {
    let usual = "its condition does not hold";
    let text = given.map_or(usual, |it| it.value.trim().trim_end_matches('.'));
    Sentence::parse(text, scope).map_err(|message| {
        let hint = "write a path as conditions do: `{name}`, `{it.FIELD}`, `{params.NAME}`";
        BadRule::new(given.map_or(0, line), format!("`why`: {message}"), hint)
    })
}

/// The fields that a condition looks at, as evidence names them.
fn shown(fine: &dyn Condition) -> Vec<(&'static str, Vec<String>)> {
    let paths = fine.paths().iter();
    let own = paths.filter(|it| !matches!(it[0].as_str(), "params" | "uses" | "users" | "id"));
    let own = own.filter(|it| it.len() > 1 || it[0] != "it");
    own.map(|it| {
        let fields = it.strip_prefix(&["it".to_owned()]).unwrap_or(it);
        (for_good(&fields.join(".")), it.clone())
    })
    .collect()
}

fn examples(given: &Spanned<Vec<Spanned<ExampleForm>>>, kind: Kind) -> Result<Vec<Shown>, BadRule> {
    for wanted in [Status::Fail, Status::Pass] {
        if !given.value.iter().any(|it| it.value.verdict == wanted) {
            let message = format!("no example is meant to {wanted}");
            let hint = "give one that fails and one that passes: a rule that never fires, or \
                        always does, is found that way";
            return Err(BadRule::new(line(given), message, hint));
        }
    }
    given.value.iter().map(|it| example(it, kind)).collect()
}

fn example(given: &Spanned<ExampleForm>, kind: Kind) -> Result<Shown, BadRule> {
    let ExampleForm {
        name,
        subject,
        verdict,
        resources,
        taken,
        foreign,
    } = &given.value;
    let bad = |message: String, hint: &str| Err(BadRule::new(line(given), message, hint));
    if subject.kind != kind {
        let message = format!(
            "the example `{name}` is about {subject}, and the rule is about the kind {}",
            kind.name()
        );
        return bad(message, "give it a subject of that kind");
    }
    let there = |id: &ResourceId| resources.iter().any(|it| it.id == *id);
    if let Some(id) = std::iter::once(subject)
        .chain(foreign)
        .find(|it| !there(it))
    {
        let message = format!("{id} is not among the resources of the example `{name}`");
        return bad(message, "add it, or name one that is there");
    }
    if let Some(it) = resources.iter().find(|it| it.id.kind != it.attrs.kind()) {
        let message = format!(
            "{} has the attrs of the kind {}",
            it.id,
            it.attrs.kind().name()
        );
        return bad(message, "name the same kind in `id` and below `attrs`");
    }
    Ok(Shown {
        example: Example {
            name: name.clone(),
            subject: subject.clone(),
            verdict: *verdict,
            resources: resources.clone(),
            account: None,
            used: None,
        },
        line: line(given),
        taken: taken.unwrap_or(Timestamp::UNIX_EPOCH),
        foreign: foreign.clone(),
    })
}

/// One text, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Given {
        One(String),
        More(Vec<String>),
    }
    Ok(match Given::deserialize(from)? {
        Given::One(it) => vec![it],
        Given::More(it) => it,
    })
}
