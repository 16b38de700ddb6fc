//! An audit as JUnit XML, which most build servers show: a suite for each rule, a case for each
//! resource that it judged.

use super::{Audit, accepted, why};
use crate::{
    report::csv::stamp,
    rule::{Status, Verdict},
    text,
};

/// What a verdict that could not be given counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    Skipped,
    Error,
}

/// Failures and, by `unknown`, unknowns and passes; what is muted is skipped, and what is not
/// applicable is no case.
pub fn write(audit: &Audit<'_>, unknown: Unknown) -> String {
    let cases: Vec<&Verdict> = audit
        .verdicts
        .iter()
        .copied()
        .filter(|it| it.status != Status::NotApplicable)
        .collect();
    let name = format!("racklens {}", audit.material.case.rack.name);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let attributes = counts(&cases, unknown);
    out.push_str(&format!(
        "<testsuites name=\"{}\" {attributes}>\n",
        quoted(&name)
    ));
    let taken = stamp(audit.material.snapshot.taken);
    let timestamp = taken.trim_end_matches('Z');
    for judged in audit.material.judged {
        let rule = judged.rule.id;
        let mut of_rule: Vec<&Verdict> =
            cases.iter().copied().filter(|it| it.rule == rule).collect();
        of_rule.sort_by(|a, b| (&a.subject, &a.detail).cmp(&(&b.subject, &b.detail)));
        if of_rule.is_empty() {
            continue;
        }
        let attributes = counts(&of_rule, unknown);
        out.push_str(&format!(
            "  <testsuite name=\"{}\" {attributes} timestamp=\"{timestamp}\">\n",
            quoted(rule)
        ));
        for it in of_rule {
            case(&mut out, &judged.words.title, it, unknown);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: &[&Verdict], unknown: Unknown) -> String {
    let counted = || cases.iter().filter(|it| it.muted.is_none());
    let of = |status| counted().filter(|it| it.status == status).count();
    let muted = cases.len() - counted().count();
    let (errors, skipped) = match unknown {
        Unknown::Error => (of(Status::Unknown), muted),
        Unknown::Skipped => (0, of(Status::Unknown) + muted),
    };
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{errors}\" skipped=\"{skipped}\"",
        cases.len(),
        of(Status::Fail)
    )
}

fn case(out: &mut String, title: &str, it: &Verdict, unknown: Unknown) {
    let mut name = it.subject.to_string();
    if !it.detail.is_empty() {
        name = format!("{name} ({})", it.detail);
    }
    let (rule, name) = (quoted(it.rule), quoted(&name));
    let head = format!("    <testcase classname=\"{rule}\" name=\"{name}\"");
    let why = quoted(&why(it));
    if let Some(muted) = &it.muted {
        let accepted = quoted(&accepted(muted));
        let word = it.status.word(it.severity);
        let body = format!("<skipped message=\"{accepted}; {word}: {why}\"/>");
        out.push_str(&format!("{head}>\n      {body}\n    </testcase>\n"));
        return;
    }
    let body = match (it.status, unknown) {
        (Status::Fail, _) => format!(
            "<failure type=\"{}\" message=\"{why}\">{}: {why}\nfingerprint {}</failure>",
            it.severity.name(),
            quoted(title),
            it.fingerprint()
        ),
        (Status::Unknown, Unknown::Error) => {
            format!("<error type=\"unknown\" message=\"{why}\">{why}</error>")
        }
        (Status::Unknown, Unknown::Skipped) => format!("<skipped message=\"unknown: {why}\"/>"),
        (Status::Pass | Status::NotApplicable, _) => {
            out.push_str(&format!("{head}/>\n"));
            return;
        }
    };
    out.push_str(&format!("{head}>\n      {body}\n    </testcase>\n"));
}

/// Text of an element or an attribute: no tag, no entity, no character that XML does not allow.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for it in text::harmless(text).chars() {
        match it {
            '&' => quoted.push_str("&amp;"),
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '"' => quoted.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => quoted.push('\u{fffd}'),
            _ => quoted.push(it),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_an_attribute_or_breaks_the_document() {
        assert_eq!(
            quoted("a\"><x y='&amp;'>\u{1}\u{ffff}]]>"),
            "a&quot;&gt;&lt;x y='&amp;amp;'&gt;\\u{1}\u{fffd}]]&gt;"
        );
    }
}
