//! Text that came from AWS, made harmless for a terminal or a line of a file.

use std::{
    borrow::Cow,
    io::{self, BufWriter, Write as _},
};

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The same text with control characters and marks that reorder text shown as escapes.
///
/// A name with an escape sequence in it could otherwise clear a screen, and one with a
/// right-to-left mark could read as another name.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_harmful) {
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

/// Whether it is the number of an account of AWS: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())
}

/// Whether it is printable ASCII throughout, as most text is: that is seen many bytes at a time.
pub fn is_plain(text: &str) -> bool {
    let plain = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(true, |all, it| all & matches!(it, b' '..=b'~'))
    };
    text.as_bytes().chunks(64).all(plain)
}

/// Control characters, the marks of Unicode's bidirectional algorithm, and what cannot be seen and
/// so could make one name pass for another.
pub fn is_harmful(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Text with runs of white space, line ends among them, made one space each.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many hex digits a SHA-256 has.
pub const SHA256: usize = 64;

/// Text as one part of a path or an address: what could lead out of it, or be taken for more than
/// a name, is percent-encoded. Two texts never become one.
pub fn path_part(text: &str) -> String {
    let mut part = String::new();
    for (at, it) in text.bytes().enumerate() {
        let plain = it.is_ascii_alphanumeric() || it == b'_' || (at > 0 && b"-.".contains(&it));
        if plain {
            part.push(char::from(it));
        } else {
            part.push_str(&format!("%{it:02X}"));
        }
    }
    // Names of files end at 255 bytes; what is cut is told apart by its digest.
    if part.is_empty() {
        part.push('~');
    } else if part.len() > LONGEST_PART {
        part.truncate(LONGEST_PART - 17);
        part.push_str(&format!("~{}", digest(text.as_bytes(), 16)));
    }
    part
}

/// Bytes of a part of a path, at most.
const LONGEST_PART: usize = 120;
/// A text in lines of at most so many letters, broken between words; a longer word has its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Whether all of a text is what a pattern says: `*` stands for any letters or none, `?` for one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and where what it stands for ends.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern
            .get(p)
            .is_some_and(|it| *it == '?' || *it == text[t])
        {
            p += 1;
            t += 1;
        } else if let Some((at, end)) = star {
            star = Some((at, end + 1));
            p = at + 1;
            t = end + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|it| *it == '*')
}

/// The first `digits` hex digits of a text's SHA-256.
pub fn digest(text: &[u8], digits: usize) -> String {
    hex(&Sha256::digest(text), digits)
}

/// The digest of what [`json`] makes of a value, without holding all of that in memory.
pub fn json_digest(value: &impl Serialize, digits: usize) -> String {
    struct Hash(Sha256);

    impl io::Write for Hash {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut hash = Hash(Sha256::new());
    // A hash takes everything; as for the value, see `json`.
    let mut buffer = BufWriter::with_capacity(1 << 16, &mut hash);
    serde_json::to_writer_pretty(&mut buffer, value)
        .map_err(io::Error::from)
        .and_then(|()| buffer.write_all(b"\n"))
        .and_then(|()| buffer.flush())
        .unwrap_or_default();
    drop(buffer);
    hex(&hash.0.finalize(), digits)
}

/// The first `digits` hex digits of some bytes.
pub fn hex(bytes: &[u8], digits: usize) -> String {
    let halves = bytes.iter().flat_map(|it| [it >> 4, it & 0xf]);
    let digit = |it| char::from_digit(u32::from(it), 16);
    halves.filter_map(digit).take(digits).collect()
}

/// A value as indented JSON with a line end.
pub fn json(value: &impl Serialize) -> String {
    // Only a map with keys that are no text could fail; we have none.
    let mut json = serde_json::to_string_pretty(value).unwrap_or_default();
    json.push('\n');
    json
}

/// "1 gap", "2 gaps".
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

/// "512 bytes", "1.5 GB", "48 GB": in the units that AWS's consoles use, a thousand to the next.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let mut size = 1_u64;
    let mut unit = None;
    for it in UNITS {
        let Some(next) = size.checked_mul(1000).filter(|it| *it <= number) else {
            break;
        };
        size = next;
        unit = Some(it);
    }
    let Some(unit) = unit else {
        return count(usize::try_from(number).unwrap_or(usize::MAX), "byte");
    };
    let whole = number / size;
    match (number % size) * 10 / size {
        tenths if whole < 10 && tenths > 0 => format!("{whole}.{tenths} {unit}"),
        _ => format!("{whole} {unit}"),
    }
}

/// "3 hours", "12 days", "in 20 days": whole units, the largest that fits.
pub fn age(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins();
    let past = minutes.unsigned_abs();
    let (number, unit) = match past {
        0..120 => (past, "minute"),
        120..2880 => (past / 60, "hour"),
        _ => (past / 1440, "day"),
    };
    let ahead = if minutes < 0 { "in " } else { "" };
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    format!("{ahead}{}", count(number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit_that_fits() {
        for (number, said) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_500, "1.5 kB"),
            (48_000_000_000, "48 GB"),
            (500_000_000_000, "500 GB"),
            (u64::MAX, "18446 PB"),
        ] {
            assert_eq!(bytes(number), said);
        }
    }

    #[test]
    fn escapes_and_reordering_marks_become_visible() {
        assert_eq!(harmless("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(harmless("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(harmless("pro\u{200b}d"), "pro\\u{200b}d");
        assert_eq!(harmless("plain ü 名"), "plain ü 名");
    }

    #[test]
    fn a_part_of_a_path_leads_nowhere_else() {
        for (text, part) in [
            ("karim-test", "karim-test"),
            ("..", "%2E."),
            ("../a b", "%2E.%2Fa%20b"),
            ("-rf", "%2Drf"),
            ("c:\\é", "c%3A%5C%C3%A9"),
            ("", "~"),
        ] {
            assert_eq!(path_part(text), part);
        }
        let long = |end: &str| path_part(&format!("{}{end}", "x".repeat(400)));
        assert_eq!(long("a").len(), LONGEST_PART);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn a_star_stands_for_any_letters_and_a_question_mark_for_one() {
        for (pattern, text) in [
            ("sg-0*", "sg-012"),
            ("*", ""),
            ("a*b*c", "a-b-b-c"),
            ("sg-?", "sg-1"),
            ("**", "x"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("sg-0", "sg-01"), ("a*b", "a-b-c"), ("?", ""), ("", "x")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let start = Timestamp::UNIX_EPOCH;
        let after = |minutes| start + jiff::SignedDuration::from_mins(minutes);
        for (minutes, said) in [
            (1, "1 minute"),
            (119, "119 minutes"),
            (43 * 60, "43 hours"),
            (49 * 60, "2 days"),
            (-72 * 60, "in 3 days"),
        ] {
            assert_eq!(age(start, after(minutes)), said);
        }
    }
}
