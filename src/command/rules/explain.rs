//! A rule's page: what it means, how to mend what it finds, how it is set.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    kind::Kind,
    rule::{
        Category, Consequence, Status,
        pack::{Check, Ready, SEVERITY},
    },
    text,
};

/// Letters of a line.
const WIDTH: usize = 88;
/// What stands before a further line about something.
const FURTHER: &str = "    ";

/// The page for a person.
pub(super) fn page(rule: &Ready) -> String {
    let words = &rule.words;
    let mut page = Lines::default();
    page.line(&words.title);
    page.line(&format!(
        "{}, {}, {}",
        rule.id,
        words.severity,
        words.category.name()
    ));
    page.line(match rule.check {
        Check::BuiltIn(_) => "one of racklens' own rules",
        Check::User(_) => "a rule of yours",
    });
    for line in asked(rule) {
        page.line(&line);
    }
    if !rule.enabled {
        page.line(&format!("switched off{}", set_in(rule, "enabled")));
    }
    if rule.set.contains_key(SEVERITY) {
        let usual = rule.set.get(SEVERITY).map(|it| it.usual.as_str());
        let usual = usual.unwrap_or_default().trim_matches('"');
        page.line(&format!(
            "its severity is set{}; it would be {usual}",
            set_in(rule, SEVERITY)
        ));
    }
    page.head("What it means");
    page.paragraph(&words.risk);
    page.head("How to fix it");
    for (n, step) in words.remedy.iter().enumerate() {
        page.item(&format!("{}. ", n + 1), step);
    }
    if let Check::User(own) = &rule.check {
        page.head("What it asks");
        page.item(
            "",
            &format!(
                "It is about the kind {}; its file is {}.",
                own.kind.name(),
                own.file
            ),
        );
        if let Some(when) = &own.when {
            page.item("when: ", &text::one_line(when));
        }
        page.item("pass: ", &text::one_line(&own.pass));
    }
    if !words.parameters.is_empty() {
        page.head("Parameters");
        let remarks = remarks(rule);
        for (name, value) in &words.parameters {
            page.item("", &format!("{name} = {value}"));
            page.item(FURTHER, remarks.get(name).map_or("", String::as_str));
            if let Some(set) = rule.set.get(name) {
                let usual = format!("Set in {}; it would be {}.", set.place, set.usual);
                page.item(FURTHER, &usual);
            }
        }
        let table = format!("[rule.{}.parameters]", rule.id);
        page.item(
            "",
            &format!("To set one, write it into racklens.toml, below {table}."),
        );
    }
    let needs = needs(rule);
    if !needs.is_empty() {
        page.head("What it needs to read");
        for (kind, calls) in &needs {
            let calls = match calls.as_str() {
                "" => String::new(),
                calls => format!(": {calls}"),
            };
            page.item("", &format!("{kind}{calls}"));
        }
        page.item("", "What of it cannot be read makes the answer unknown.");
    }
    page.head("Examples");
    for it in &words.example {
        let word = match it.verdict {
            Status::Fail => "fails: ",
            Status::Unknown => "unknown: ",
            Status::Pass => "passes: ",
            Status::NotApplicable => "not applicable: ",
        };
        page.item(word, &it.name);
    }
    if !words.references.is_empty() {
        page.head("References");
        for it in &words.references {
            page.item("", it);
        }
    }
    let ours = matches!(rule.check, Check::BuiltIn(_));
    if ours || !words.equivalents.is_empty() {
        page.head("Elsewhere known as");
    }
    if ours && words.equivalents.is_empty() {
        let none = "No check of Prowler, Security Hub or Trusted Advisor is named for it.";
        page.item("", none);
    }
    for it in &words.equivalents {
        page.item("", it);
    }
    page.0
}

/// When it is asked, and what its failure means on the day on which the rack is taken down.
fn asked(rule: &Ready) -> Vec<String> {
    let words = &rule.words;
    let means = words.teardown.map(|it| match it {
        Consequence::Blocker => "a blocker: AWS refuses to delete it, or waits for ever",
        Consequence::Loss => "a loss: data goes and does not come back",
        Consequence::Shared => "shared: others break",
        Consequence::Leftover => "a leftover: something stays, and may go on costing",
    });
    let Some(means) = means else {
        return Vec::new();
    };
    let only = words.category == Category::Teardown;
    let when = if only {
        "asked by `audit --teardown` and `teardown` alone"
    } else {
        "asked by `audit --teardown`, too"
    };
    vec![format!("{when}; its failure is {means}")]
}

/// The kinds that it cannot do without, with the calls that tell of them.
fn needs(rule: &Ready) -> Vec<(&'static str, String)> {
    let kinds = match &rule.check {
        Check::BuiltIn(it) => it.needs.to_vec(),
        Check::User(it) => it.needs().to_vec(),
    };
    let needs = kinds.into_iter().map(|it| (it.name(), calls(it)));
    needs.collect()
}

/// The calls that a kind is read by.
#[cfg(feature = "aws")]
fn calls(kind: Kind) -> String {
    let calls = crate::aws::read::reading(kind).calls.iter();
    calls
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// This racklens asks AWS nothing.
#[cfg(not(feature = "aws"))]
fn calls(_: Kind) -> String {
    String::new()
}

/// What is said about the parameters of a rule of ours.
fn remarks(rule: &Ready) -> BTreeMap<String, String> {
    match &rule.check {
        Check::BuiltIn(it) => it.remarks(),
        Check::User(_) => BTreeMap::new(),
    }
}

fn set_in(rule: &Ready, name: &str) -> String {
    let place = rule.set.get(name).map(|it| format!(" in {}", it.place));
    place.unwrap_or_default()
}

/// Lines of text; a user's own rule may hold anything.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, line: &str) {
        self.0.push_str(&text::harmless(line));
        self.0.push('\n');
    }

    fn head(&mut self, head: &str) {
        self.0.push('\n');
        self.line(head);
    }

    fn paragraph(&mut self, paragraph: &str) {
        self.item("", paragraph);
    }

    /// Indented, and further lines below the first letter of the first.
    fn item(&mut self, mark: &str, item: &str) {
        let indent = " ".repeat(mark.chars().count());
        let width = WIDTH.saturating_sub(2 + indent.len());
        for (n, line) in text::wrapped(item, width).iter().enumerate() {
            let mark = if n == 0 { mark } else { &indent };
            self.line(&format!("  {mark}{line}"));
        }
    }
}

/// The same for a program.
pub(super) fn json(rule: &Ready) -> Value {
    let words = &rule.words;
    let own = match &rule.check {
        Check::BuiltIn(_) => None,
        Check::User(it) => Some(json!({
            "file": it.file,
            "line": it.line,
            "kind": it.kind.name(),
            "when": it.when,
            "pass": it.pass,
        })),
    };
    let set = rule.set.iter();
    let set = set.map(|(name, it)| json!({ "name": name, "usual": it.usual, "place": it.place }));
    let examples = words.example.iter();
    let examples = examples.map(|it| json!({ "name": it.name, "verdict": it.verdict }));
    json!({
        "id": rule.id,
        "title": words.title,
        "severity": words.severity,
        "category": words.category.name(),
        "enabled": rule.enabled,
        "teardown": words.teardown,
        "needs": needs(rule).iter().map(|it| it.0).collect::<Vec<_>>(),
        "risk": text::one_line(&words.risk),
        "remedy": words.remedy,
        "parameters": words.parameters,
        "remarks": remarks(rule),
        "set": set.collect::<Vec<_>>(),
        "references": words.references,
        "equivalents": words.equivalents,
        "examples": examples.collect::<Vec<_>>(),
        "own": own,
    })
}
