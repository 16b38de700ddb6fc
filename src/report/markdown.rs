//! Tables for a wiki or a pull request.

use crate::text;

/// A table for a wiki or a pull request. What AWS or a user wrote cannot end a cell.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = header.iter().map(|it| (*it).to_owned()).collect();
    let rule = header.iter().map(|_| "---".to_owned()).collect();
    let rows = rows.into_iter().map(|row| {
        let cells = row.iter().map(|it| cell(it));
        line(cells.collect())
    });
    [line(head), line(rule)].into_iter().chain(rows).collect()
}

/// Text as it may stand in a table or a line of Markdown.
pub fn cell(text: &str) -> String {
    let mut safe = String::new();
    for it in text::harmless(text).chars() {
        if matches!(
            it,
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&'
        ) {
            safe.push('\\');
        }
        safe.push(it);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_be_ended_or_made_to_look_like_more() {
        let rows = vec![vec!["a|b".to_owned(), "<img>\n*".to_owned()]];
        assert_eq!(
            table(&["one", "two"], rows),
            "| one | two |\n| --- | --- |\n| a\\|b | \\<img\\>\\\\u{a}\\* |\n"
        );
    }
}
