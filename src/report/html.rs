//! STUB

use super::Report;

pub fn page(_report: &Report) -> Result<String, std::fmt::Error> {
    Ok(String::new())
}
