//! The terminal: results on stdout, everything else on stderr. The only place that prints.

use std::io::{self, IsTerminal as _, Write as _};

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

/// How wide the last column of a table may be on a screen: sentences stand there.
const SENTENCE: usize = 76;

/// The cells of a row, made harmless; for a screen the last one is folded.
fn cells(row: &[String], screen: bool) -> Vec<String> {
    let mut cells: Vec<String> = row
        .iter()
        .map(|it| text::harmless(it).into_owned())
        .collect();
    if let Some(last) = cells.last_mut().filter(|_| screen && row.len() > 1) {
        *last = text::wrapped(last, SENTENCE).join("\n");
    }
    cells
}

/// A table for a person, its cells made harmless; columns as wide as they need to be. On a screen
/// the last one is folded, elsewhere a row is a line.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header.iter().map(|it| it.to_uppercase()));
    let screen = io::stdout().is_terminal();
    for row in rows {
        table.add_row(cells(&row, screen));
    }
    let lines = table.to_string();
    let lines: Vec<&str> = lines.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_screen_the_last_column_is_folded_and_no_name_breaks_a_row() {
        let long = "word ".repeat(30);
        let row = ["a\nb".to_owned(), long.trim_end().to_owned()];
        let [first, last] = &cells(&row, true)[..] else {
            panic!("two cells")
        };
        assert_eq!(first, "a\\u{a}b");
        assert_eq!(last.lines().count(), 2);
        assert_eq!(cells(&row, false)[1], row[1]);
    }
}
