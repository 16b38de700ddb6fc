//! The filters that the templates use.

use askama::{Result, Values, filters::Safe};
use jiff::Timestamp;

use super::harmless;
use crate::report::{Finding, Link};

/// Text from AWS, for the body of the page.
#[askama::filter_fn]
pub fn aws(it: impl AsRef<str>, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(harmless::apart(it.as_ref(), &[])))
}

/// Text from AWS for a narrow place: it may break where its parts meet.
#[askama::filter_fn]
pub fn long(it: impl AsRef<str>, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(harmless::apart(it.as_ref(), &['/', '_', ':', '.'])))
}

/// Text from AWS for places that take no elements: the title. Askama escapes what comes out.
#[askama::filter_fn]
pub fn bare(it: impl AsRef<str>, _: &dyn Values) -> Result<String> {
    Ok(harmless::bare(it.as_ref()))
}

/// What stands behind the last slash, which is enough where the rest stands nearby.
#[askama::filter_fn]
pub fn tail<'l>(it: &'l str, _: &dyn Values) -> Result<&'l str> {
    Ok(it.rsplit('/').find(|it| !it.is_empty()).unwrap_or(it))
}

/// A rule's own words, with their code set as code.
#[askama::filter_fn]
pub fn words(it: impl AsRef<str>, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(harmless::words(it.as_ref())))
}

/// The lines that mute a finding.
#[askama::filter_fn]
pub fn mute(it: &Finding, _: &dyn Values, taken: &Timestamp) -> Result<String> {
    Ok(super::mute::lines(it, taken))
}

/// "2018-05-01 16:52:13 UTC".
#[askama::filter_fn]
pub fn utc(it: &Timestamp, _: &dyn Values) -> Result<String> {
    Ok(it.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// "2018-05-01".
#[askama::filter_fn]
pub fn day(it: &Timestamp, _: &dyn Values) -> Result<String> {
    Ok(it.strftime("%Y-%m-%d").to_string())
}

/// "9,413".
#[askama::filter_fn]
pub fn grouped(it: impl ToString, _: &dyn Values) -> Result<String> {
    let digits = it.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    Ok(grouped)
}

/// An account's number in groups that are set apart to the eye only.
#[askama::filter_fn]
pub fn account(it: impl AsRef<str>, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(harmless::account(it.as_ref())))
}

/// AWS's own identifier in a link, where its label does not tell it.
#[askama::filter_fn]
pub fn key<'l>(it: &'l Link, _: &dyn Values) -> Result<Option<&'l str>> {
    let key = it.id.split_once('/').map_or(it.id.as_str(), |(_, key)| key);
    let last = key.rsplit('/').next().unwrap_or(key);
    Ok((key != it.label && last != it.label).then_some(key))
}
