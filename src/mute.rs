//! Mutes: findings that someone has accepted until a day, and what is to be said about them.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use crate::{
    rule::{Judged, Verdict},
    text,
};

/// An entry `[[mute]]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// The rule's id.
    pub rule: String,
    /// `KIND/KEY` with `*` and `?`.
    pub resource: String,
    /// A pattern for what of the resource it is about, where the rule can fail in several ways.
    pub key: Option<String>,
    /// A pattern for the names of racks; every rack, if there is none.
    pub rack: Option<String>,
    pub owner: String,
    pub reason: String,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Line of the configuration that names the rule, from 1.
    pub line: usize,
}

/// What a muted verdict tells of its mute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Muted {
    pub owner: String,
    pub reason: String,
    pub until: Date,
    /// `racklens.toml:12`.
    pub place: String,
}

/// Something to be said beside the verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub about: About,
    /// A sentence without its full stop.
    pub message: String,
    /// `racklens.toml:12`.
    pub place: String,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    MuteExpired,
    MuteMatchesNothing,
    RuleDisabled,
}

impl Mute {
    fn is_of(&self, verdict: &Verdict) -> bool {
        self.rule == verdict.rule && text::glob(&self.resource, &verdict.subject.to_string())
    }

    fn has_key_of(&self, verdict: &Verdict) -> bool {
        let key = self.key.as_deref();
        key.is_none_or(|it| text::glob(it, &verdict.detail))
    }

    /// `sg-world-admin-port for security-group/sg-1 (tcp/22)`
    fn named(&self) -> String {
        let key = self.key.as_ref().map(|it| format!(" ({it})"));
        let key = key.unwrap_or_default();
        format!("{} for {}{key}", self.rule, self.resource)
    }
}

/// "`tcp 22`, `tcp 3389`", no more than a reader takes in; the empty key has a word of its own.
fn quoted(keys: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 8;
    let more = keys.len().saturating_sub(SHOWN);
    let shown = keys.iter().take(SHOWN).map(|it| match *it {
        "" => "one without a key".to_owned(),
        key => format!("`{key}`"),
    });
    let shown: Vec<String> = shown.collect();
    let rest = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{rest}", shown.join(", "))
}

/// Mutes what is muted, and tells which mutes have expired or match nothing.
///
/// Days are counted to the moment of the snapshot: what is said of it does not change with the
/// day on which it is looked at.
pub fn apply(
    judged: &mut [Judged],
    mutes: &[Mute],
    file: &str,
    (rack, taken): (&str, Timestamp),
) -> Vec<Notice> {
    let today = taken.to_zoned(TimeZone::UTC).date();
    let mut notices = Vec::new();
    let here = |it: &&Mute| it.rack.as_ref().is_none_or(|it| text::glob(it, rack));
    let asked: BTreeSet<&str> = judged.iter().map(|it| it.rule.id).collect();
    // Of a rule that was not asked nobody knows what it would find.
    let of_asked = |it: &&Mute| asked.contains(it.rule.as_str());
    for mute in mutes.iter().filter(here).filter(of_asked) {
        let place = format!("{file}:{}", mute.line);
        let rules = judged.iter_mut().filter(|it| it.rule.id == mute.rule);
        let verdicts = rules.flat_map(|it| &mut it.verdicts);
        let open = verdicts.filter(|it| it.status.is_open() && mute.is_of(it));
        let (meant, others): (Vec<&mut Verdict>, Vec<&mut Verdict>) =
            open.partition(|it| mute.has_key_of(it));
        let keys: BTreeSet<&str> = others.iter().map(|it| it.detail.as_str()).collect();
        let mut say = |about, message| {
            notices.push(Notice {
                about,
                message,
                place: place.clone(),
            });
        };
        match (meant.len(), mute.until < today) {
            (0, false) if !keys.is_empty() => say(
                About::MuteMatchesNothing,
                format!(
                    "the mute of {} matches no finding by its key: there is {}",
                    mute.named(),
                    quoted(&keys)
                ),
            ),
            (0, false) => say(
                About::MuteMatchesNothing,
                format!(
                    "the mute of {} matches no finding: delete it, mend it, or say with `rack` of \
                     which rack it is",
                    mute.named()
                ),
            ),
            (0, true) => say(
                About::MuteExpired,
                format!(
                    "the mute of {} ended on {} and matches no finding: delete it",
                    mute.named(),
                    mute.until
                ),
            ),
            (number, true) => say(
                About::MuteExpired,
                format!(
                    "the mute of {} ended on {}: {} back; ask {}",
                    mute.named(),
                    mute.until,
                    match number {
                        1 => "its finding is".to_owned(),
                        more => format!("its {more} findings are"),
                    },
                    mute.owner
                ),
            ),
            (_, false) => {
                for it in meant {
                    // The first that matches tells why.
                    it.muted.get_or_insert_with(|| {
                        Box::new(Muted {
                            owner: mute.owner.clone(),
                            reason: mute.reason.clone(),
                            until: mute.until,
                            place: place.clone(),
                        })
                    });
                }
            }
        }
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::ResourceId,
        kind::Kind,
        rule::{Named, Pack, Status},
    };

    /// One rule's verdicts about these groups, with a port each.
    fn judged(groups: &[(&str, &str, Status)]) -> Vec<Judged> {
        let pack = Pack::built_in().unwrap();
        let words = pack.get("sg-world-admin-port").unwrap().words.clone();
        let id = "sg-world-admin-port";
        let verdicts = groups.iter().map(|(key, port, status)| {
            let subject = ResourceId::new(Kind::SecurityGroup, *key);
            Verdict::of(id, &words, &subject, *status, "it is open").detail(*port)
        });
        let verdicts = verdicts.collect();
        let rule = Named { id, file: None };
        vec![Judged {
            rule,
            words,
            verdicts,
        }]
    }

    fn mute(resource: &str, key: Option<&str>, until: &str) -> Mute {
        Mute {
            rule: "sg-world-admin-port".to_owned(),
            resource: resource.to_owned(),
            key: key.map(ToOwned::to_owned),
            rack: None,
            owner: "jane".to_owned(),
            reason: "the bastion".to_owned(),
            until: until.parse().unwrap(),
            line: 3,
        }
    }

    fn applied(judged: &mut [Judged], mutes: &[Mute]) -> Vec<Notice> {
        apply(
            judged,
            mutes,
            "racklens.toml",
            ("prod", "2026-11-21T23:00:00Z".parse().unwrap()),
        )
    }

    fn muted(judged: &[Judged]) -> Vec<bool> {
        let verdicts = judged[0].verdicts.iter();
        verdicts.map(|it| it.muted.is_some()).collect()
    }

    #[test]
    fn a_mute_takes_what_its_pattern_and_key_say_and_nothing_else() {
        let mut all = judged(&[
            ("sg-01", "tcp/22", Status::Fail),
            ("sg-01", "tcp/3389", Status::Fail),
            ("sg-02", "tcp/22", Status::Pass),
            ("sg-11", "tcp/22", Status::Unknown),
        ]);
        let mute = mute("security-group/sg-0*", Some("tcp/22"), "2026-12-01");
        assert!(applied(&mut all, &[mute]).is_empty());
        assert_eq!(muted(&all), [true, false, false, false]);
        let told = all[0].verdicts[0].muted.as_ref().unwrap();
        assert_eq!(told.place, "racklens.toml:3");
        assert!(!all[0].verdicts[0].is_open());
    }

    #[test]
    fn the_last_day_still_counts_and_the_day_after_brings_the_finding_back() {
        let fail = [("sg-01", "", Status::Fail)];
        let mut today = judged(&fail);
        assert!(applied(&mut today, &[mute("*", None, "2026-11-21")]).is_empty());
        assert_eq!(muted(&today), [true]);
        let mut late = judged(&fail);
        let notices = applied(&mut late, &[mute("*", None, "2026-11-20")]);
        assert_eq!(muted(&late), [false]);
        assert_eq!(notices[0].about, About::MuteExpired);
        assert_eq!(
            notices[0].message,
            "the mute of sg-world-admin-port for * ended on 2026-11-20: its finding is back; ask jane"
        );
    }

    #[test]
    fn a_mute_that_matches_nothing_is_told() {
        let mut all = judged(&[("sg-01", "", Status::Pass)]);
        let notices = applied(
            &mut all,
            &[mute("security-group/sg-02", None, "2027-01-01")],
        );
        assert_eq!(notices[0].about, About::MuteMatchesNothing);
        assert_eq!(notices[0].place, "racklens.toml:3");
    }

    #[test]
    fn a_key_that_is_nearly_right_is_answered_with_those_that_there_are() {
        let mut all = judged(&[
            ("sg-01", "tcp 22", Status::Fail),
            ("sg-01", "tcp 3389", Status::Fail),
        ]);
        let wrong = mute("security-group/sg-01", Some("tcp/22"), "2027-01-01");
        let notices = applied(&mut all, &[wrong]);
        assert_eq!(
            notices[0].message,
            "the mute of sg-world-admin-port for security-group/sg-01 (tcp/22) matches no finding \
             by its key: there is `tcp 22`, `tcp 3389`"
        );
    }

    #[test]
    fn a_mute_of_a_rule_that_was_not_asked_is_not_told_to_match_nothing() {
        let other = |until| Mute {
            rule: "cluster-not-empty".to_owned(),
            ..mute("*", None, until)
        };
        let mut all = judged(&[("sg-01", "", Status::Fail)]);
        let notices = applied(&mut all, &[other("2027-01-01"), other("2026-01-01")]);
        assert_eq!(notices, []);
    }

    #[test]
    fn a_mute_of_another_rack_is_neither_used_nor_told() {
        let mut all = judged(&[("sg-01", "", Status::Fail)]);
        let other = Mute {
            rack: Some("stag*".to_owned()),
            ..mute("*", None, "2027-01-01")
        };
        assert!(applied(&mut all, std::slice::from_ref(&other)).is_empty());
        assert_eq!(muted(&all), [false]);
        let ours = Mute {
            rack: Some("pro*".to_owned()),
            ..other
        };
        assert!(applied(&mut all, &[ours]).is_empty());
        assert_eq!(muted(&all), [true]);
    }
}
