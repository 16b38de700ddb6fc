//! Small changes of shape from the SDK's types to ours.

use jiff::Timestamp;

use crate::arn;

/// Makes a tag map of any service's list of tags with `key` and `value`.
///
/// A macro, because every SDK crate has a `Tag` type of its own and they share no trait.
macro_rules! tag_map {
    ($tags:expr) => {
        $tags
            .iter()
            .map(|it| $crate::aws::shape::Pair::from((it.key(), it.value())).0)
            .collect::<std::collections::BTreeMap<String, String>>()
    };
}
pub(crate) use tag_map;

/// What AWS lists in no order of its own, in ours: the same account makes the same bytes.
pub fn sorted<T: Ord>(set: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = set.into_iter().collect();
    list.sort();
    list
}

/// A tag, from whichever of `&str` and `Option<&str>` a service uses for its halves.
pub struct Pair(pub (String, String));

impl From<(Option<&str>, Option<&str>)> for Pair {
    fn from((key, value): (Option<&str>, Option<&str>)) -> Self {
        Self::from((key.unwrap_or_default(), value.unwrap_or_default()))
    }
}

impl From<(&str, Option<&str>)> for Pair {
    fn from((key, value): (&str, Option<&str>)) -> Self {
        Self::from((key, value.unwrap_or_default()))
    }
}

impl From<(&str, &str)> for Pair {
    fn from((key, value): (&str, &str)) -> Self {
        Self((key.to_owned(), value.to_owned()))
    }
}

/// The SDK's time as ours, to the millisecond: what is finer is noise of floating point.
///
/// `None` for none and for what lies outside the calendar.
/// The first second of 1970 is none too: the SDK puts it where AWS left out a required time.
pub fn time(it: Option<aws_smithy_types::DateTime>) -> Option<Timestamp> {
    let it = it.filter(|it| it.secs() != 0)?;
    Timestamp::from_millisecond(it.to_millis().ok()?).ok()
}

/// A word of AWS's that the SDK makes up where the answer lacks it.
pub fn stated(it: &str) -> Option<String> {
    (it != "no value was set").then(|| it.to_owned())
}

/// A port as AWS's APIs give it; -1 and what is no port become `None`.
pub fn port(it: Option<i32>) -> Option<u16> {
    it.and_then(|it| u16::try_from(it).ok())
}

/// What follows the last slash: an ARN's or a path's last name.
pub fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// A count as AWS's APIs give it; a negative one becomes 0.
pub fn count(it: Option<i32>) -> u32 {
    it.and_then(|it| u32::try_from(it).ok()).unwrap_or_default()
}

/// A size in bytes, or a count of things, as AWS's APIs give it; a negative one becomes 0.
pub fn size(it: Option<i64>) -> u64 {
    it.and_then(|it| u64::try_from(it).ok()).unwrap_or_default()
}

/// The key of what an ARN names; a text that is no ARN of a kind we know stays as it is.
pub fn key(text: String) -> String {
    arn::resource(&text).map_or(text, |it| it.key)
}

/// A text that says something; `None` for the empty one, which AWS gives where it has nothing to
/// name, and the SDK where AWS left out a required text.
pub fn text(it: Option<String>) -> Option<String> {
    it.filter(|it| !it.is_empty())
}

/// How many bytes a base64 text stands for: three for every four of its digits.
pub fn decoded_len(base64: &str) -> u32 {
    let digits = base64.trim().trim_end_matches('=').len();
    u32::try_from(digits * 3 / 4).unwrap_or(u32::MAX)
}
