//! The terminal: results on stdout, everything else on stderr. The only place that prints.

use std::{
    io::{self, IsTerminal as _, Write as _},
    ops::RangeInclusive,
};

use anstream::{AutoStream, ColorChoice};
use owo_colors::{OwoColorize as _, Style};

use crate::{
    failure::{Exit, Failure},
    rule::{Severity, Status},
    text,
};

/// Writes a result to stdout.
///
/// # Errors
/// When stdout takes no more. A reader that has seen enough (`| head`) is no error.
pub fn result(content: &str) -> Result<(), Failure> {
    let mut out = AutoStream::new(io::stdout(), choice());
    let written = out.write_all(content.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(it) if it.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Failed,
            format!("cannot write to standard output: {it}"),
        )),
        _ => Ok(()),
    }
}

/// Says something beside the result, on stderr.
pub fn note(line: &str) {
    let mut err = AutoStream::new(io::stderr(), choice());
    // Nobody is left to tell when stderr is closed.
    writeln!(err, "{line}").unwrap_or_default();
}

/// Asks for an answer on the same line, on stderr.
pub fn ask(question: &str) {
    let mut err = AutoStream::new(io::stderr(), choice());
    // Who cannot see it does not answer, and nothing is done.
    write!(err, "{question}")
        .and_then(|()| err.flush())
        .unwrap_or_default();
}

/// Says why a run came to nothing.
pub fn failure(failure: &Failure) {
    for line in failure.lines() {
        let coloured = line
            .replacen(
                "error:",
                &"error:".style(Style::new().red().bold()).to_string(),
                1,
            )
            .replacen("help:", &"help:".style(Style::new().cyan()).to_string(), 1);
        note(&coloured);
    }
}

/// anstream's own order: NO_COLOR, CLICOLOR_FORCE, CLICOLOR, then whether it is a terminal.
fn choice() -> ColorChoice {
    ColorChoice::Auto
}

/// A word about a verdict in its colour; the word alone says it too.
pub fn verdict(status: Status, severity: Severity) -> String {
    let style = match (status, severity) {
        (Status::Fail, Severity::Critical | Severity::High) => Style::new().red().bold(),
        (Status::Fail, Severity::Medium) => Style::new().yellow(),
        (Status::Unknown, _) => Style::new().magenta(),
        (Status::Pass, _) => Style::new().green(),
        (Status::Fail, Severity::Low | Severity::Info) | (Status::NotApplicable, _) => {
            Style::new().dimmed()
        }
    };
    status.word(severity).style(style).to_string()
}

/// A heading.
pub fn strong(text: &str) -> String {
    text.style(Style::new().bold()).to_string()
}

/// A line that may begin with whether a plan can be run, that in its colour.
pub fn outcome(line: &str) -> String {
    let colours = [
        ("NOT SAFE", Style::new().red().bold()),
        ("SAFE", Style::new().green().bold()),
    ];
    for (word, style) in colours {
        if let Some(rest) = line.strip_prefix(word) {
            return format!("{}{rest}", word.style(style));
        }
    }
    line.to_owned()
}

/// A table for a person, its cells made harmless; columns as wide as they need to be.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    aligned(header, rows, None).join("\n") + "\n"
}

/// A table whose last column is sentences. A screen folds them, or has them below their rows where
/// too little is left beside; elsewhere a row is a line.
pub fn told(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let screen = io::stdout().is_terminal();
    let width = terminal_size::terminal_size().map(|it| usize::from(it.0.0));
    laid(header, rows, screen.then_some(width.unwrap_or(SCREEN))).join("\n") + "\n"
}

/// Columns of a screen that does not say how many it has.
const SCREEN: usize = 80;
/// Between how many letters a sentence is folded beside its row: fewer make a ribbon, more are hard
/// to read.
const BESIDE: RangeInclusive<usize> = 40..=100;
/// How far a sentence below its row is set in.
const INDENT: usize = 4;

fn laid(header: &[&str], mut rows: Vec<Vec<String>>, screen: Option<usize>) -> Vec<String> {
    let (Some(screen), Some((_, others))) = (screen, header.split_last()) else {
        return aligned(header, &rows, None);
    };
    let ends: Vec<String> = rows.iter_mut().filter_map(Vec::pop).collect();
    let lines = aligned(others, &rows, None);
    let taken = lines.iter().map(|it| it.chars().count()).max().unwrap_or(0);
    let room = screen.saturating_sub(taken + 3);
    let short = ends.iter().all(|it| it.chars().count() <= *BESIDE.start());
    if short || room >= *BESIDE.start() {
        for (row, end) in rows.iter_mut().zip(ends) {
            row.push(end);
        }
        let room = room.clamp(*BESIDE.start(), *BESIDE.end());
        return aligned(header, &rows, Some(room));
    }
    let mut lines = lines.into_iter();
    let mut all: Vec<String> = lines.next().into_iter().collect();
    for (line, end) in lines.zip(ends) {
        all.push(line);
        let end = text::harmless(&end);
        let room = screen.saturating_sub(INDENT).max(*BESIDE.start());
        let folded = text::wrapped(&end, room.min(*BESIDE.end()));
        all.extend(folded.iter().map(|it| format!("{:INDENT$}{it}", "")));
    }
    all
}

/// The lines of a table, each cell on one, but for the last column folded at so many letters.
fn aligned(header: &[&str], rows: &[Vec<String>], fold: Option<usize>) -> Vec<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header.iter().map(|it| it.to_uppercase()));
    for row in rows {
        let cells = row.iter().map(|it| text::harmless(it).into_owned());
        let mut cells: Vec<String> = cells.collect();
        if let (Some(width), Some(last)) = (fold, cells.last_mut()) {
            *last = text::wrapped(last, width).join("\n");
        }
        table.add_row(cells);
    }
    let lines = table.to_string();
    lines.lines().map(|it| it.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "it is so and so, since this and that stands where the other should be";

    fn shown(screen: Option<usize>) -> Vec<String> {
        let row = vec![
            "high".to_owned(),
            "bucket/a\nb".to_owned(),
            SENTENCE.to_owned(),
        ];
        laid(&["verdict", "resource", "why"], vec![row], screen)
    }

    #[test]
    fn without_a_screen_a_row_is_a_line_and_no_name_breaks_it() {
        let lines = shown(None);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[1], format!(" high     bucket/a\\u{{a}}b  {SENTENCE}"));
    }

    #[test]
    fn a_screen_folds_the_sentences_beside_their_rows() {
        let lines = shown(Some(80));
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[1].starts_with(" high     bucket/a"), "{lines:?}");
        assert!(lines[2].ends_with("  other should be"), "{lines:?}");
        assert!(lines.iter().all(|it| it.len() <= 80), "{lines:?}");
    }

    #[test]
    fn what_is_short_stays_in_its_column_however_narrow_the_screen() {
        let row = vec!["machines".to_owned(), "12.40".to_owned()];
        let lines = laid(&["what", "usd"], vec![row], Some(10));
        assert_eq!(lines, [" WHAT      USD", " machines  12.40"]);
    }

    #[test]
    fn a_narrow_screen_has_the_sentences_below_their_rows() {
        let lines = shown(Some(60));
        assert_eq!(
            lines,
            [
                " VERDICT  RESOURCE",
                " high     bucket/a\\u{a}b",
                "    it is so and so, since this and that stands where the",
                "    other should be"
            ]
        );
    }
}
