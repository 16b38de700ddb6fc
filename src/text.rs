//! Text that came from AWS, made harmless for a terminal or a line of a file.

use std::{borrow::Cow, fmt::Write as _};

use sha2::{Digest, Sha256};

/// The same text with control characters and marks that reorder text shown as escapes.
///
/// A name with an escape sequence in it could otherwise clear a screen, and one with a
/// right-to-left mark could read as another name.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for it in text.chars() {
        if is_harmful(it) {
            safe.extend(it.escape_unicode());
        } else {
            safe.push(it);
        }
    }
    Cow::Owned(safe)
}

/// Control characters, and the marks of Unicode's bidirectional algorithm.
pub fn is_harmful(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Text with runs of white space, line ends among them, made one space each.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first `digits` hex digits of a text's SHA-256.
pub fn digest(text: &[u8], digits: usize) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a `String` cannot fail.
        write!(hex, "{byte:02x}").unwrap_or_default();
    }
    hex.truncate(digits);
    hex
}

/// "1 gap", "2 gaps".
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_reordering_marks_become_visible() {
        assert_eq!(harmless("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(harmless("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(harmless("plain ü 名"), "plain ü 名");
    }
}
