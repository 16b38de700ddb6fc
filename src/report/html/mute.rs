//! The lines of `racklens.toml` that mute a finding, for the reader to copy.

use jiff::{SignedDuration, Timestamp};

use crate::{report::Finding, text};

/// How long a mute lasts unless the reader says otherwise.
const DAYS: i64 = 90;

/// A mute of one finding; owner and reason are left to the reader.
pub(super) fn lines(finding: &Finding, taken: &Timestamp) -> String {
    let until = taken.checked_add(SignedDuration::from_hours(24 * DAYS));
    let until = until.unwrap_or(*taken).strftime("%Y-%m-%d");
    let id = &finding.subject.id;
    // The next deployment has another number, and the same cause.
    let revision = id
        .rsplit_once(':')
        .filter(|_| finding.subject.kind == "task-definition");
    let resource = match revision {
        Some((family, _)) => format!("{family}:*"),
        None => id.clone(),
    };
    let mut lines = vec![
        "[[mute]]".to_owned(),
        format!("rule = {}", quoted(finding.rule)),
        format!("resource = {}", quoted(&resource)),
    ];
    if !finding.detail.is_empty() {
        lines.push(format!("key = {}", quoted(&finding.detail)));
    }
    lines.push("owner = \"\"".to_owned());
    lines.push("reason = \"\"".to_owned());
    lines.push(format!("until = {until}"));
    lines.join("\n")
}

/// A text as TOML writes it, with what cannot be seen, or could mislead, as escapes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => quoted.extend(['\\', it]),
            _ if text::is_harmful(it) => {
                quoted.push_str(&format!("\\U{:08X}", u32::from(it)));
            }
            _ => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::html::example;

    #[test]
    fn a_mute_is_toml_that_names_what_it_mutes_and_lasts_three_months() {
        let mut finding = example::rack().findings[0].clone();
        Arc::make_mut(&mut finding.subject).id = "bucket/a\"b\\c\u{202e}\nd".to_owned();
        finding.detail = "tcp 22".to_owned();
        let lines = lines(&finding, &Timestamp::UNIX_EPOCH);
        let table: toml::Table = toml::from_str(&lines).unwrap();
        let mute = &table["mute"][0];
        assert_eq!(mute["rule"].as_str(), Some(finding.rule));
        assert_eq!(mute["resource"].as_str(), Some(finding.subject.id.as_str()));
        assert_eq!(mute["key"].as_str(), Some("tcp 22"));
        assert_eq!(mute["until"].to_string(), "1970-04-01");
        assert!(!lines.contains('\u{202e}'));
    }

    #[test]
    fn a_mute_of_a_revision_lasts_to_the_next() {
        let mut finding = example::rack().findings[0].clone();
        Arc::make_mut(&mut finding.subject).kind = "task-definition";
        Arc::make_mut(&mut finding.subject).id = "task-definition/web:3".to_owned();
        let lines = lines(&finding, &Timestamp::UNIX_EPOCH);
        assert!(
            lines.contains("resource = \"task-definition/web:*\""),
            "{lines}"
        );
    }
}
