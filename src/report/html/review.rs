//! The page to be read and signed before a rack is taken down.

use askama::Template;

use super::{embedded, filters, policy};
use crate::{report::review::Review, teardown::tell, text};

/// Writes the page.
///
/// # Errors
/// When the template fails to render, which only a broken template does.
pub fn review(review: &Review<'_>) -> Result<String, askama::Error> {
    let style = embedded(concat!(
        include_str!("../../../report-templates/report.css"),
        include_str!("../../../report-templates/review.css")
    ));
    let script = embedded(include_str!("../../../report-templates/report.js"));
    let page = Page {
        review,
        policy: policy(&style, &script),
        style,
        script,
    };
    page.render()
}

#[derive(Template)]
#[template(path = "review.html", config = "src/askama.toml")]
struct Page<'a> {
    review: &'a Review<'a>,
    policy: String,
    style: String,
    script: String,
}
