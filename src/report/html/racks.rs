//! The page that leads to the reports of several racks.

use askama::Template;

use super::{embedded, filters, policy, verdict::Headline};
use crate::{report::Report, text};

/// A report, and the folder beside the page that it lies in.
pub struct Entry<'a> {
    /// Letters, digits, `-` and `_` only: it becomes a part of a link.
    pub folder: &'a str,
    pub report: &'a Report,
}

/// Writes the page, racks in the order given.
///
/// # Errors
/// When the template fails to render, which only a broken template does.
pub fn racks(entries: &[Entry<'_>]) -> Result<String, askama::Error> {
    let style = embedded(include_str!("../../../report-templates/report.css"));
    let script = embedded(include_str!("../../../report-templates/report.js"));
    let cards = entries.iter().map(|it| Card {
        folder: it.folder,
        report: it.report,
        headline: Headline::of(it.report),
    });
    let page = Page {
        cards: cards.collect(),
        policy: policy(&style, &script),
        style,
        script,
    };
    page.render()
}

#[derive(Template)]
#[template(path = "racks.html", config = "src/askama.toml")]
struct Page<'a> {
    cards: Vec<Card<'a>>,
    policy: String,
    style: String,
    script: String,
}

struct Card<'a> {
    folder: &'a str,
    report: &'a Report,
    headline: Headline,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::example;

    #[test]
    fn each_rack_has_a_card_that_leads_to_its_page() {
        let (first, second) = (example::rack(), example::quiet());
        let entries = [("a", &first), ("b", &second)];
        let page = racks(&entries.map(|(folder, report)| Entry { folder, report })).unwrap();
        assert_eq!(page.matches("<li class=\"card\">").count(), 2);
        assert!(page.contains("href=\"a/index.html\"") && page.contains("href=\"b/index.html\""));
    }

    #[test]
    fn a_name_that_means_harm_is_a_name() {
        let report = example::hostile();
        let entry = Entry {
            folder: "a",
            report: &report,
        };
        let page = racks(&[entry]).unwrap();
        let body = page.split_once("</script>").unwrap().1;
        assert!(!body.contains("<script") && !body.contains("<img"));
    }
}
