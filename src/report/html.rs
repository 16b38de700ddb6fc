//! The page for people: one file that needs no network, no server and no JavaScript.
//!
//! Everything is in the file when it is written; the script only makes it handier. The page
//! carries its own Content-Security-Policy, which allows the one script and the one style sheet
//! that racklens put there and nothing else: should a resource's name ever get past the escaping,
//! the browser still neither runs nor fetches anything.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use rust_decimal::Decimal;

use super::{Finding, Gone, Link, Money, Report, Row, money};
use crate::{
    cost::LIMITS,
    diff::Change,
    id::ResourceId,
    price::Usd,
    rule::{Severity, Status},
    snapshot::Reason,
    text,
};
use choice::Choice;
use traffic::Balancer;
use verdict::Headline;

mod choice;
#[expect(unreachable_pub, reason = "what askama makes of a filter is `pub`")]
mod filters;
mod harmless;
mod mute;
mod racks;
mod review;
mod traffic;
mod verdict;

pub use {
    racks::{Entry, racks},
    review::review,
};

#[cfg(test)]
mod example;
/// What the example is made of.
#[cfg(test)]
mod model {
    pub(super) use crate::{
        diff::Change,
        id::ResourceId,
        kind::Kind,
        price::Usd,
        report::*,
        rule::{Category, Severity, Status},
        snapshot::{Gap, Reason},
    };
}

/// How many rows of one table a browser is asked to carry. A page of 2,000 rows opens at once;
/// one of 10,000 takes seconds.
const LIMIT: usize = 2000;

/// Writes the page.
///
/// # Errors
/// When a template fails to render, which only a broken template does.
pub fn page(report: &Report) -> Result<String, askama::Error> {
    Page::new(report).render()
}

#[derive(Template)]
#[template(path = "page.html", config = "src/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    headline: Headline,
    policy: String,
    style: String,
    script: String,
    findings: Choice<&'a Finding>,
    shelves: Vec<Shelf<'a>>,
    /// How many resources the shelves show and how many there are.
    shown: usize,
    resources: usize,
    balancers: Vec<Balancer<'a>>,
    paths_shown: usize,
    /// The kinds and belongings that the shelves show, for the filters.
    kinds: BTreeMap<&'a str, usize>,
    belongings: Vec<&'a str>,
    /// Every anchor that the page has; a link to anything else is written as plain text.
    anchors: BTreeSet<&'a str>,
    /// The anchors of the rows by resource.
    rows: BTreeMap<&'a str, &'a str>,
}

struct Shelf<'a> {
    title: &'static str,
    rows: Vec<&'a Row>,
}

impl<'a> Page<'a> {
    fn new(report: &'a Report) -> Self {
        let style = embedded(include_str!("../../report-templates/report.css"));
        let script = embedded(include_str!("../../report-templates/report.js"));
        let findings = choice::choose(&report.findings, |it| it.status == Status::Fail);
        let shelves = report.inventory.iter();
        let rows: Vec<(&'static str, &Row)> = shelves
            .flat_map(|shelf| shelf.rows.iter().map(|it| (shelf.title, it)))
            .collect();
        let chosen = choice::choose(&rows, |(_, it)| !it.findings.is_empty());
        let resources = chosen.of;
        let shelves: Vec<Shelf<'a>> = chosen
            .items
            .chunk_by(|(a, _), (b, _)| a == b)
            .map(|them| Shelf {
                title: them[0].0,
                rows: them.iter().map(|(_, it)| *it).collect(),
            })
            .collect();
        let rows = || shelves.iter().flat_map(|it| it.rows.iter().copied());
        let mut kinds = BTreeMap::new();
        for it in rows() {
            *kinds.entry(it.link.kind).or_default() += 1;
        }
        let mut belongings: Vec<&str> = rows().map(|it| it.belonging).collect();
        belongings.sort_by_key(|it| (verdict::rank(it), *it));
        belongings.dedup();
        let paths = choice::choose(&report.traffic, traffic::is_trouble);
        Self {
            report,
            headline: Headline::of(report),
            policy: policy(&style, &script),
            style,
            script,
            anchors: rows()
                .filter_map(|it| it.link.anchor.as_deref())
                .chain(findings.items.iter().map(|it| it.anchor.as_str()))
                .collect(),
            rows: rows()
                .filter_map(|it| Some((it.link.id.as_str(), it.link.anchor.as_deref()?)))
                .collect(),
            findings,
            shown: rows().count(),
            resources,
            shelves,
            paths_shown: paths.items.len(),
            balancers: traffic::balancers(&paths.items),
            kinds,
            belongings,
        }
    }

    /// Where a link leads, when the page has that place.
    fn place<'l>(&self, link: &'l Link) -> Option<&'l str> {
        let anchor = link.anchor.as_deref()?;
        self.anchors.contains(anchor).then_some(anchor)
    }

    fn has(&self, anchor: &str) -> bool {
        self.anchors.contains(anchor)
    }

    /// The anchor of a resource's row.
    fn row(&self, id: &ResourceId) -> Option<&'a str> {
        self.rows.get(id.to_string().as_str()).copied()
    }

    /// Whether the shelves hold all that a counter of a belonging counts. Of what is foreign they
    /// hold only what a finding is about.
    fn holds(&self, belonging: &str, count: &usize) -> bool {
        let rows = self.shelves.iter().flat_map(|it| &it.rows);
        *count > 0 && rows.filter(|it| it.belonging == belonging).count() == *count
    }

    /// The failures that the first screen names.
    fn worst(&self) -> impl Iterator<Item = &'a Finding> {
        self.failed().take(5)
    }

    fn failed(&self) -> impl Iterator<Item = &'a Finding> {
        let all = self.report.findings.iter();
        all.filter(|it| it.status == Status::Fail && it.muted.is_none())
    }

    /// What is worth a look for who knows the state compared with, as far as the first screen
    /// holds it.
    fn news(&self) -> impl Iterator<Item = &'a Finding> {
        self.all_news().take(5)
    }

    fn all_news(&self) -> impl Iterator<Item = &'a Finding> {
        self.report.findings.iter().filter(|it| it.is_news)
    }

    /// The first of what was fixed or is out of sight.
    fn gone(&self) -> impl Iterator<Item = &'a Gone> {
        let gone = self.report.since.iter().flat_map(|it| &it.gone);
        gone.take(LIMIT)
    }

    /// The words for what findings came to, for the filter.
    fn found_changes(&self) -> impl Iterator<Item = Change> {
        let has = |it: &Change| {
            let mut shown = self.findings.items.iter();
            shown.any(|of| of.change == Some(*it))
        };
        Change::ALL.into_iter().filter(has)
    }

    /// The resources that the findings are about, for the filter.
    fn found_resources(&self) -> BTreeSet<&'a str> {
        let shown = self.findings.items.iter();
        shown.map(|it| it.subject.id.as_str()).collect()
    }

    /// Where a counter of failures leads without the script: to the first of them.
    fn first(&self, severity: &Severity) -> Option<&'a str> {
        let mut failed = self.failed().filter(|it| it.severity == *severity);
        failed.next().map(|it| it.anchor.as_str())
    }

    fn first_unknown(&self) -> Option<&'a str> {
        let mut shown = self.findings.items.iter();
        let unknown = shown.find(|it| it.status == Status::Unknown && it.muted.is_none());
        unknown.map(|it| it.anchor.as_str())
    }

    /// The severities that the findings have, for the filter.
    fn severities(&self) -> impl Iterator<Item = Severity> {
        let has = |it: &Severity| self.findings.items.iter().any(|of| of.severity == *it);
        Severity::WORST_FIRST.into_iter().filter(has)
    }

    /// The rules that the findings are of, for the filter.
    fn found_rules(&self) -> BTreeSet<&'static str> {
        self.findings.items.iter().map(|it| it.rule).collect()
    }

    fn has_muted(&self) -> bool {
        self.findings.items.iter().any(|it| it.muted.is_some())
    }

    fn has_tally(&self, rule: &str) -> bool {
        self.report.rules.iter().any(|it| it.id == rule)
    }

    /// What the figures of cost are, and what they leave out.
    fn limits(&self) -> String {
        let mut letters = LIMITS.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }

    fn dearest_app(&self, money: &'a Money) -> Option<&'a money::App> {
        let apps = money.apps.iter();
        apps.take(1)
            .find(|it| it.is_named && it.bar.usd > Some(Usd::ZERO))
    }

    /// The IAM actions whose lack left a gap.
    fn denied(&self) -> BTreeSet<&'a str> {
        let gaps = self.report.coverage.gaps.iter();
        gaps.filter(|it| it.reason == Reason::Denied)
            .map(|it| it.action.as_str())
            .collect()
    }
}

/// A file as it stands in the page. A browser reads CRLF as LF before it checks a hash, so on a
/// checkout with CRLF the hash of the file as it is would not match.
fn embedded(file: &str) -> String {
    file.replace("\r\n", "\n")
}

/// The policy that allows this style and this script only.
fn policy(style: &str, script: &str) -> String {
    let hash = |it: &str| BASE64_STANDARD.encode(Sha256::digest(it));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        hash(script),
        hash(style)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(report: &Report) -> String {
        page(report).unwrap()
    }

    /// What stands between two texts.
    fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
        let (_, rest) = page.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    }

    /// The page without its style and its script: what the templates and the report made.
    fn body(page: &str) -> &str {
        page.split_once("</script>").unwrap().1
    }

    #[test]
    fn the_same_report_makes_the_same_bytes() {
        assert_eq!(html(&example::rack()), html(&example::rack()));
    }

    #[test]
    fn the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() {
        let page = html(&example::rack());
        let style = between(&page, "<style>", "</style>");
        let script = between(&page, "<script>", "</script>");
        let told = between(&page, "Content-Security-Policy\" content=\"", "\">");
        assert_eq!(told.replace("&#39;", "'"), policy(style, script));
        assert!(page.find("Content-Security-Policy") < page.find("<style"));
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<style").count(), 1);
        assert!(told.starts_with("default-src &#39;none&#39;;") && !told.contains("unsafe"));
    }

    #[test]
    fn a_checkout_with_other_line_ends_has_the_same_hash() {
        assert_eq!(embedded("a {\r\n}\r\n"), "a {\n}\n");
    }

    #[test]
    fn nothing_in_the_page_needs_what_the_policy_forbids() {
        let page = html(&example::rack());
        let body = body(&page);
        for forbidden in [
            " style=",
            " onclick=",
            " src=",
            "javascript:",
            "<iframe",
            "<form",
        ] {
            assert!(!body.contains(forbidden), "{forbidden}");
        }
        let style = between(&page, "<style>", "</style>");
        assert!(!style.contains("url(") && !style.contains("@import"));
    }

    #[test]
    fn a_name_that_means_harm_is_a_name() {
        let page = html(&example::hostile());
        let body = body(&page);
        assert!(!body.contains("<script") && !body.contains("<img"));
        assert!(!body.contains("</style") && !body.contains("</title"));
        assert!(body.contains("&lt;script&gt;document.title=&#39;owned&#39;"));
        assert_eq!(page.matches("</title>").count(), 1);
        // Its placeholder is text, its entity is shown as it was written.
        assert!(body.contains("{{7*7}}&amp;lt;"));
    }

    #[test]
    fn no_mark_or_control_character_of_a_name_is_in_the_page() {
        let page = html(&example::hostile());
        let odd = page.chars().find(|it| text::is_harmful(*it) && *it != '\n');
        assert_eq!(odd, None);
        assert!(page.contains(r"\u{202e}</span>gpj.exe"));
    }

    #[test]
    fn only_an_address_of_the_web_becomes_a_link() {
        let page = html(&example::hostile());
        let links = page.split("href=\"").skip(1);
        let addresses = links.map(|it| it.split('"').next().unwrap());
        for it in addresses {
            let known = ["#", "https://", "data:image/svg+xml,"];
            assert!(known.iter().any(|start| it.starts_with(start)), "{it}");
        }
        assert!(page.contains("<bdi>javascript:alert(1)</bdi>"));
    }

    #[test]
    fn what_could_not_be_read_is_told_first_and_in_full() {
        let page = html(&example::rack());
        assert!(page.contains("3 things could not be read</a>: results below may be incomplete"));
        assert!(page.contains("\"<bdi>s3:GetEncryptionConfiguration</bdi>\""));
        let page = html(&example::quiet());
        assert!(page.contains("everything asked was answered"));
        assert!(page.contains("Everything that racklens asked for was answered."));
    }

    #[test]
    fn a_rack_with_nothing_to_tell_says_so_in_every_section() {
        let page = html(&example::quiet());
        for sentence in [
            "No problems found",
            "No check failed, and all could be judged.",
            "No load balancer of this rack was seen.",
        ] {
            assert!(page.contains(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_it_costs_is_told_for_what_since_when_and_until_when() {
        let page = html(&example::rack());
        let cost = between(&page, "<section id=\"cost\"", "</section>");
        for said in [
            "At least 199.82 USD a month",
            "Most of it for Amazon Elastic Compute Cloud, 107.36",
            "It has cost about 9.76 USD since 2018-04-29",
            "What AWS counted in truth: 71.20 USD",
            "own 1.20, machines 3.40",
            "The free EBS storage of 2018-05 lasts until 2018-05-03 07:31 UTC",
            "What is shared with other racks, 1.00 USD, is not in it.",
            "points=\"0,0 54,200\"",
        ] {
            assert!(cost.contains(said), "{said}");
        }
        // What has no amount has none, and not 0.00.
        assert!(cost.contains("not known") && !cost.contains(">0.00<"));
    }

    #[test]
    fn a_report_without_costs_has_no_section_of_them() {
        let mut report = example::rack();
        report.money = None;
        let page = html(&report);
        assert!(!page.contains("id=\"cost\"") && !page.contains("#cost"));
    }

    #[test]
    fn a_muted_finding_is_shown_with_its_reason_and_is_not_among_the_worst() {
        let mut report = example::rack();
        let title = report.findings[0].title.clone();
        report.findings[0].muted = Some(Box::new(crate::mute::Muted {
            owner: "jane".to_owned(),
            reason: "the bastion goes <b>in May".to_owned(),
            until: jiff::civil::date(2027, 1, 31),
            place: "racklens.toml:3".to_owned(),
        }));
        report.overview.muted = 1;
        report.notices.push(crate::mute::Notice {
            about: crate::mute::About::MuteExpired,
            message: "the mute of <i>x ended".to_owned(),
            place: "racklens.toml:9".to_owned(),
        });
        let worst: Vec<String> = Page::new(&report)
            .worst()
            .map(|it| it.title.to_string())
            .collect();
        assert!(!worst.contains(&title.to_string()), "{worst:?}");
        let page = html(&report);
        assert!(page.contains("data-status=\"muted\""));
        assert!(page.contains("Muted until 2027-01-31 by <bdi>jane</bdi>"));
        assert!(page.contains("the bastion goes &lt;b&gt;in May"));
        assert!(page.contains("data-with=\"status=muted\"><b>1</b>"));
        assert!(page.contains("the mute of &lt;i&gt;x ended"));
    }

    #[test]
    fn a_link_to_what_the_page_does_not_show_is_text() {
        let mut report = example::rack();
        report.inventory.clear();
        let page = html(&report);
        assert!(!page.contains("href=\"#r-"));
        assert!(page.contains("No resource was seen."));
    }

    #[test]
    fn a_long_inventory_is_cut_and_a_long_list_of_failures_is_not() {
        let page = html(&example::large(9413));
        assert!(page.contains("Showing 2,000 of 9,465"));
        let mut report = example::rack();
        let failure = report.findings[0].clone();
        report.findings = (0..2500)
            .map(|it| Finding {
                anchor: format!("f-{it}"),
                ..failure.clone()
            })
            .collect();
        assert_eq!(
            html(&report).matches("<details class=\"finding").count(),
            2500
        );
    }
}
