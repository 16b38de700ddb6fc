//! Turns text into HTML that shows it and can do nothing else.
//!
//! Askama escapes `< > & " '` wherever a template prints something. Text from AWS needs more: a
//! name may hold marks that turn the order of letters around, or characters that cannot be seen,
//! and so pass for another name. These are shown as escapes, and the text is set apart from its
//! surroundings with `<bdi>`, so that Hebrew or Arabic in it moves nothing else.

use std::fmt::Write as _;

use crate::text;

/// The text in an element that keeps its direction to itself, with a chance to break after some
/// of its characters; nothing for no text.
pub(super) fn apart(text: &str, breaks: &[char]) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut html = String::from("<bdi>");
    push(&mut html, text, breaks);
    html.push_str("</bdi>");
    html
}

/// The text as text, not as HTML, with its escapes written out.
pub(super) fn bare(text: &str) -> String {
    let mut bare = String::new();
    for it in text.chars() {
        match escape(it) {
            Some(escape) => bare.push_str(&escape),
            None => bare.push(it),
        }
    }
    bare
}

/// The text with what stands between backticks as code.
pub(super) fn words(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut html = String::new();
    // An even number of parts means a lone backtick, which then is just a backtick.
    if parts.len().is_multiple_of(2) {
        push(&mut html, text, &[]);
        return html;
    }
    for (index, part) in parts.into_iter().enumerate() {
        let is_code = index % 2 == 1;
        html.push_str(if is_code { "<code>" } else { "" });
        push(&mut html, part, &[]);
        html.push_str(if is_code { "</code>" } else { "" });
    }
    html
}

/// A number of twelve digits in three elements, so that the style sheet can set its groups apart
/// and what is copied still has no spaces in it.
pub(super) fn account(text: &str) -> String {
    if !text::is_account(text) {
        return apart(text, &[]);
    }
    let (a, b, c) = (&text[..4], &text[4..8], &text[8..]);
    format!("<span>{a}</span><span>{b}</span><span>{c}</span>")
}

fn push(html: &mut String, text: &str, breaks: &[char]) {
    for it in text.chars() {
        match (it, escape(it)) {
            (_, Some(escape)) => {
                // Writing to a `String` cannot fail.
                write!(html, "<span class=\"escape\">{escape}</span>").unwrap_or_default();
            }
            ('<', None) => html.push_str("&lt;"),
            ('>', None) => html.push_str("&gt;"),
            ('&', None) => html.push_str("&amp;"),
            ('"', None) => html.push_str("&quot;"),
            ('\'', None) => html.push_str("&#39;"),
            (_, None) => html.push(it),
        }
        if breaks.contains(&it) {
            html.push_str("<wbr>");
        }
    }
}

/// How a character that cannot be seen, or that moves others, is shown.
fn escape(it: char) -> Option<String> {
    match it {
        '\n' | '\r' | '\t' => Some(it.escape_default().to_string()),
        _ if text::is_harmful(it) => Some(it.escape_unicode().to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_an_element_or_the_end_of_one_is_text() {
        let html = apart("<b a=\"x\" c='y'>&amp;</bdi>", &[]);
        let expected = "<bdi>&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/bdi&gt;</bdi>";
        assert_eq!(html, expected);
    }

    #[test]
    fn marks_that_turn_the_order_around_are_shown_as_escapes() {
        let marks = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        let shown = bare(marks);
        assert!(
            shown.is_ascii() && shown.matches("\\u{").count() == 12,
            "{shown}"
        );
        assert!(apart("a\u{202e}b", &[]).contains("a<span class=\"escape\">\\u{202e}</span>b"));
    }

    #[test]
    fn what_cannot_be_seen_can_be_seen() {
        for it in [
            "\u{200b}",
            "\u{feff}",
            "\u{ad}",
            "\u{2028}",
            "\u{e0041}",
            "\u{3164}",
        ] {
            assert!(bare(it).starts_with("\\u{"), "{}", bare(it));
        }
        assert_eq!(
            bare("a\nb\tc\u{1b}[2J\u{0}\u{85}"),
            "a\\nb\\tc\\u{1b}[2J\\u{0}\\u{85}"
        );
    }

    #[test]
    fn letters_of_every_script_stay_as_they_are() {
        for text in ["שלום", "مرحبا", "日本語", "naïve Straße", "🚀"] {
            assert_eq!(bare(text), text);
        }
    }

    #[test]
    fn a_long_name_may_break_where_its_parts_meet() {
        assert_eq!(apart("a/b_c", &['/', '_']), "<bdi>a/<wbr>b_<wbr>c</bdi>");
        assert_eq!(apart("", &['/']), "");
    }

    #[test]
    fn code_is_set_as_code_and_a_lone_backtick_is_a_backtick() {
        assert_eq!(words("run `aws <x>`."), "run <code>aws &lt;x&gt;</code>.");
        assert_eq!(words("a ` b"), "a ` b");
    }

    #[test]
    fn an_account_is_grouped_to_the_eye_only() {
        let html = account("123456789012");
        assert_eq!(html, "<span>1234</span><span>5678</span><span>9012</span>");
        assert_eq!(account("<b>"), "<bdi>&lt;b&gt;</bdi>");
    }
}
