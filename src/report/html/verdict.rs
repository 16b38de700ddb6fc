//! The first sentence of the page: is the rack fine, and how sure are we.

use crate::{
    report::Report,
    rule::{Severity, Status},
    text::count,
};

/// The answer and the sentence that qualifies it.
pub(super) struct Headline {
    pub(super) tone: Tone,
    pub(super) answer: String,
    pub(super) more: String,
}

/// How the answer sounds; the name is the class in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Fair,
    Bad,
    Unsure,
}

impl Tone {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Bad => "bad",
            Self::Unsure => "unsure",
        }
    }

    /// The symbol that says the same without colour.
    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Good => "pass",
            Self::Fair => "info",
            Self::Bad => "fail",
            Self::Unsure => "unknown",
        }
    }
}

impl Headline {
    pub(super) fn of(report: &Report) -> Self {
        let overview = &report.overview;
        let of = |them: &[Severity]| -> usize {
            let failures = overview.failures.iter();
            failures
                .filter(|it| them.contains(&it.0))
                .map(|it| it.1)
                .sum()
        };
        let serious = of(&[Severity::Critical, Severity::High]);
        let minor = of(&[Severity::Medium, Severity::Low]);
        let remarks = of(&[Severity::Info]);
        let ailing = overview.health.iter().any(|it| it.verdict == Status::Fail);
        let unsure = overview.unknown > 0 || !report.coverage.gaps.is_empty();
        let (tone, answer) = if serious > 0 {
            let need = if serious == 1 { "needs" } else { "need" };
            (
                Tone::Bad,
                format!("{} {need} attention", count(serious, "serious problem")),
            )
        } else if ailing {
            (Tone::Bad, "Not everything runs as it should".to_owned())
        } else if minor > 0 {
            (
                Tone::Fair,
                format!("Nothing serious, {}", count(minor, "smaller problem")),
            )
        } else if unsure {
            (
                Tone::Unsure,
                "No problem found, but not everything could be judged".to_owned(),
            )
        } else if overview.passed == 0 {
            (Tone::Unsure, "Nothing was there to be judged".to_owned())
        } else {
            (Tone::Good, "No problems found".to_owned())
        };
        let mut more = Vec::new();
        if serious > 0 && minor > 0 {
            more.push(format!("{minor} of medium or low severity besides"));
        }
        if remarks > 0 {
            more.push(count(remarks, "remark"));
        }
        more.push(format!("{} passed", count(overview.passed, "check")));
        if overview.unknown > 0 {
            more.push(format!(
                "{} could not be judged and may hide more",
                overview.unknown
            ));
        }
        let mut more = more.join(", ");
        more.push('.');
        Self { tone, answer, more }
    }
}

/// What a word for belonging means.
pub(super) fn explained(belonging: &str) -> &'static str {
    match belonging {
        "declared" => "in the rack's stack, or tagged by it",
        "derived" => "made by, or part of, something declared",
        "inferred" => "only this rack uses it",
        "shared" => "others use it too",
        "foreign" | "neighbours" => "others' property, looked at to tell what is shared",
        _ => "",
    }
}

/// Where a word for belonging stands among the others, the rack's own first.
pub(super) fn rank(belonging: &str) -> usize {
    let order = ["declared", "derived", "inferred", "shared", "foreign"];
    let rank = order.iter().position(|it| *it == belonging);
    rank.unwrap_or(order.len())
}

/// How far a severity stands above the least.
pub(super) fn steps(severity: &Severity) -> usize {
    *severity as usize
}

/// What a row's findings weigh when rows are sorted by them: the worst failure counts first.
pub(super) fn weight(findings: &[(Severity, Status, String)]) -> usize {
    let weigh = |it: &(Severity, Status, String)| match it.1 {
        Status::Fail => 10 + it.0 as usize,
        Status::Unknown => 1,
        Status::Pass | Status::NotApplicable => 0,
    };
    findings.iter().map(weigh).max().unwrap_or_default()
}

/// Whether an address may become a link. Anything else could be a script.
pub(super) fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::example;

    fn tone(report: &Report) -> Tone {
        Headline::of(report).tone
    }

    #[test]
    fn the_answer_is_as_bad_as_the_worst_of_what_is_known() {
        let mut report = example::quiet();
        assert_eq!(tone(&report), Tone::Good);
        report.overview.unknown = 1;
        assert_eq!(tone(&report), Tone::Unsure);
        report.overview.failures[3].1 = 1;
        assert_eq!(tone(&report), Tone::Fair);
        report.overview.failures[1].1 = 1;
        assert_eq!(tone(&report), Tone::Bad);
    }

    #[test]
    fn a_rack_that_was_not_read_is_not_called_fine() {
        let mut report = example::quiet();
        report.coverage.gaps = example::rack().coverage.gaps;
        assert_eq!(tone(&report), Tone::Unsure);
    }

    #[test]
    fn a_rack_of_which_nothing_was_judged_is_not_called_fine() {
        let mut report = example::quiet();
        report.overview.passed = 0;
        assert_eq!(tone(&report), Tone::Unsure);
    }

    #[test]
    fn a_sick_service_is_told_even_when_no_rule_minds() {
        let mut report = example::quiet();
        report.overview.health[0].verdict = Status::Fail;
        assert_eq!(tone(&report), Tone::Bad);
    }
}
