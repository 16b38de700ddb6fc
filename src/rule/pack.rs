//! The rules of a run: ours and the user's, as the configuration sets them.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::civil::Date;

use super::{
    BadWords, Case, Category, Index, Judged, Named, RULES, Rule, Run, Severity, Words, finish, run,
};
use crate::{
    config::{BadConfig, Config, Placed, Setting},
    mute::{About, Notice},
    table,
    user_rule::{BadRule, UserRule},
};

/// All rules that can be asked, by id.
#[derive(Debug)]
pub struct Pack {
    rules: Vec<Ready>,
    /// The day on which the account was opened, where the user says it.
    pub opened: Option<Date>,
}

/// A rule with what the user set for it.
#[derive(Debug)]
pub struct Ready {
    pub id: &'static str,
    /// As they are set.
    pub words: Words,
    pub enabled: bool,
    /// What is not as the rule itself says, by name: `severity`, `enabled`, a parameter's.
    pub set: BTreeMap<String, Set>,
    pub check: Check,
}

/// Something that the user set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// What it would be, as TOML.
    pub usual: String,
    /// `racklens.toml:12`.
    pub place: String,
}

/// What answers.
#[derive(Debug)]
pub enum Check {
    BuiltIn(&'static Rule),
    User(Box<UserRule>),
}

/// A user's rule whose id another rule has.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {bad}")]
pub struct Taken {
    pub file: String,
    pub bad: BadRule,
}

impl Pack {
    /// Our own rules, as they are.
    ///
    /// # Errors
    /// When a rule's file cannot be read.
    pub fn built_in() -> Result<Self, BadWords> {
        let ready = |rule: &'static Rule| {
            Ok(Ready {
                id: rule.id,
                words: rule.words()?,
                enabled: true,
                set: BTreeMap::new(),
                check: Check::BuiltIn(rule),
            })
        };
        let rules = RULES.iter().map(ready).collect::<Result<_, _>>()?;
        Ok(Self {
            rules,
            opened: None,
        })
    }

    /// Adds the user's rules.
    ///
    /// # Errors
    /// When one has the id of another or of one of ours.
    pub fn add(&mut self, own: Vec<UserRule>) -> Result<(), Taken> {
        for rule in own {
            if let Some(other) = self.get(rule.id) {
                let whose = match &other.check {
                    Check::BuiltIn(_) => "one of racklens' own rules".to_owned(),
                    Check::User(it) => format!("the rule in {}", it.file),
                };
                let hint = "give it another; to change a rule of racklens' own, write \
                            [rule.ID] in racklens.toml";
                return Err(Taken {
                    bad: BadRule {
                        line: rule.line,
                        message: format!("the id `{}` is that of {whose}", rule.id),
                        hint: hint.to_owned(),
                    },
                    file: rule.file,
                });
            }
            self.rules.push(Ready {
                id: rule.id,
                words: rule.words.clone(),
                enabled: true,
                set: BTreeMap::new(),
                check: Check::User(Box::new(rule)),
            });
        }
        self.rules.sort_by_key(|it| it.id);
        Ok(())
    }

    /// All, by id.
    pub fn rules(&self) -> &[Ready] {
        &self.rules
    }

    /// The rule of that id.
    pub fn get(&self, id: &str) -> Option<&Ready> {
        self.rules.iter().find(|it| it.id == id)
    }

    /// The ids that a wrong one may have meant.
    pub fn near(&self, id: &str) -> Vec<String> {
        table::near(id, self.rules.iter().map(|it| it.id))
    }

    /// Sets what the configuration says.
    ///
    /// # Errors
    /// When it names a rule or a parameter that there is none of, or gives a parameter something
    /// of another type than it has.
    pub fn set(&mut self, config: &Config, file: &str) -> Result<(), BadConfig> {
        self.opened = config.account.opened;
        for (id, setting) in &config.settings {
            if self.get(id).is_none() {
                return Err(config.bad(setting.line, &self.no_rule(id)));
            }
            for ready in self.rules.iter_mut().filter(|it| it.id == id) {
                ready
                    .set(setting, file)
                    .map_err(|it| config.bad(it.line, &it.value))?;
            }
        }
        for mute in &config.mutes {
            if self.get(&mute.rule).is_none() {
                return Err(config.bad(mute.line, &self.no_rule(&mute.rule)));
            }
        }
        Ok(())
    }

    fn no_rule(&self, id: &str) -> String {
        let near = self.near(id);
        let meant = if near.is_empty() {
            "`racklens rules list` tells which there are".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        let own = "a rule of yours needs its folder: rules = [\"DIR\"]";
        format!("there is no rule `{id}`: {meant} ({own})")
    }

    /// Runs every rule that is about a rack that is to live and is not switched off.
    pub fn audit(&self, case: &Case<'_>) -> Vec<Judged> {
        self.judge(case, |it| it.category != Category::Teardown)
    }

    /// Runs every rule that tells what it means to take the rack down: what is in the way, what is
    /// lost, who else is hit and what stays.
    pub fn review(&self, case: &Case<'_>) -> Vec<Judged> {
        self.judge(case, |it| it.teardown.is_some())
    }

    fn judge(&self, case: &Case<'_>, wanted: impl Fn(&Words) -> bool) -> Vec<Judged> {
        let run = Run {
            pack: Some(self),
            unheard: case.run.unheard,
            used: case.run.used,
            spent: case.run.spent,
            index: Index::default(),
        };
        let case = Case { run: &run, ..*case };
        let asked = self
            .rules
            .iter()
            .filter(|it| it.enabled && wanted(&it.words));
        asked.map(|it| it.judge(&case)).collect()
    }

    /// Which rules are switched off.
    pub fn notices(&self) -> impl Iterator<Item = Notice> {
        let off = self.rules.iter().filter(|it| !it.enabled);
        off.map(|it| Notice {
            about: About::RuleDisabled,
            message: format!("the rule {} is switched off", it.id),
            place: it
                .set
                .get(ENABLED)
                .map(|it| it.place.clone())
                .unwrap_or_default(),
        })
    }
}

const ENABLED: &str = "enabled";
pub const SEVERITY: &str = "severity";

impl Ready {
    /// Runs this rule, whether it is switched off or not.
    pub fn judge(&self, case: &Case<'_>) -> Judged {
        let words = &self.words;
        let (verdicts, file) = match &self.check {
            Check::BuiltIn(rule) => (run(rule, words, case), None),
            Check::User(rule) => {
                let said = rule.judge(case, words);
                let whole = finish(self.id, words, &rule.needs(), said, case);
                (whole, Some(rule.file.clone()))
            }
        };
        let mut verdicts = verdicts;
        if self.set.contains_key(SEVERITY) {
            // Who sets it means all findings of the rule, also those that it finds worse.
            for it in &mut verdicts {
                it.severity = words.severity;
            }
        }
        Judged {
            rule: Named { id: self.id, file },
            words: self.words.clone(),
            verdicts,
        }
    }

    fn set(&mut self, setting: &Setting, file: &str) -> Result<(), Placed<String>> {
        let place = |line: usize| format!("{file}:{line}");
        if let Some(it) = &setting.severity {
            let usual = quoted(self.words.severity);
            self.note(SEVERITY, usual, place(it.line));
            self.words.severity = it.value;
        }
        if let Some(it) = &setting.enabled {
            self.note(ENABLED, self.enabled.to_string(), place(it.line));
            self.enabled = it.value;
        }
        for (name, it) in &setting.parameters {
            let bad = |value: String| {
                Err(Placed {
                    value,
                    line: it.line,
                })
            };
            let Some(usual) = self.words.parameters.get(name) else {
                let all: Vec<&str> = self.words.parameters.keys().map(String::as_str).collect();
                let has = match &all[..] {
                    [] => "it has none".to_owned(),
                    all => format!("it has {}", all.join(", ")),
                };
                return bad(format!(
                    "the rule {} has no parameter `{name}`: {has}",
                    self.id
                ));
            };
            if let Some(why) = unlike(usual, &it.value) {
                return bad(format!("the parameter `{name}` of {} {why}", self.id));
            }
            let usual = usual.to_string();
            self.note(name, usual, place(it.line));
            self.words.parameters.insert(name.clone(), it.value.clone());
        }
        Ok(())
    }

    fn note(&mut self, name: &str, usual: String, place: String) {
        self.set.insert(name.to_owned(), Set { usual, place });
    }
}

fn quoted(severity: Severity) -> String {
    format!("\"{severity}\"")
}

/// Why a parameter cannot be that: it must be like its default.
fn unlike(usual: &toml::Value, given: &toml::Value) -> Option<String> {
    use toml::Value::{Array, Integer, String as Text};
    match (usual, given) {
        (Integer(usual), Integer(given)) if *usual >= 0 && *given < 0 => {
            Some("is never below 0".to_owned())
        }
        (Array(usual), Array(given)) => {
            let first = usual.first()?;
            let ranges = usual.iter().all(is_range);
            given.iter().find_map(|it| match (first, it) {
                // All our lists of numbers are lists of ports.
                (Integer(_), Integer(port)) if u16::try_from(*port).is_err() => {
                    Some(format!("is a list of ports, and {port} is none"))
                }
                (Text(_), Text(text)) if ranges && !is_range(it) => {
                    let what = "a list of ranges like 203.0.113.0/24";
                    Some(format!("is {what}, and `{text}` is none"))
                }
                _ if first.same_type(it) => None,
                _ => Some(format!(
                    "is a list of {}s, not of {}s",
                    first.type_str(),
                    it.type_str()
                )),
            })
        }
        _ if usual.same_type(given) => None,
        _ => Some(format!(
            "is of type {}, not {}",
            usual.type_str(),
            given.type_str()
        )),
    }
}

fn is_range(value: &toml::Value) -> bool {
    value.as_str().is_some_and(|it| it.parse::<IpNet>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing, user_rule, user_rule::cel::Cel};

    fn set(text: &str) -> Result<Pack, String> {
        let mut pack = Pack::built_in().unwrap();
        let config = Config::parse(text).unwrap();
        pack.set(&config, "racklens.toml")
            .map_err(|it| it.to_string())?;
        Ok(pack)
    }

    #[test]
    fn what_is_set_is_told_with_its_place_and_what_it_would_be() {
        let text = "[rule.cert-expiring]\nseverity = \"low\"\n[rule.cert-expiring.parameters]\nsoon = 60\n";
        let pack = set(text).unwrap();
        let rule = pack.get("cert-expiring").unwrap();
        assert_eq!(rule.words.severity, Severity::Low);
        assert_eq!(rule.words.number("soon"), 60);
        assert_eq!(rule.set["soon"].place, "racklens.toml:4");
        assert_eq!(rule.set["soon"].usual, "30");
        assert_eq!(rule.set["severity"].usual, "\"medium\"");
    }

    #[test]
    fn an_unknown_rule_is_refused_with_its_line_and_the_right_name() {
        let said = set("[rule.cert-expired]\nenabled = false\n").unwrap_err();
        assert!(
            said.starts_with("line 1: there is no rule `cert-expired`"),
            "{said}"
        );
        assert!(said.contains("did you mean cert-expiring?"), "{said}");
    }

    #[test]
    fn a_parameter_must_be_there_and_be_like_its_default() {
        for (rule, parameter, why) in [
            (
                "cert-expiring",
                "sooner = 3",
                "has no parameter `sooner`: it has soon, urgent",
            ),
            (
                "cert-expiring",
                "soon = \"3\"",
                "is of type integer, not string",
            ),
            ("cert-expiring", "soon = -3", "is never below 0"),
            (
                "sg-world-unexpected-port",
                "allowed = [70000]",
                "70000 is none",
            ),
            (
                "sg-world-unexpected-port",
                "allowed = [\"80\"]",
                "a list of integers, not of strings",
            ),
            (
                "sg-broad-public-cidr",
                "known = [\"10.0.0/8\"]",
                "`10.0.0/8` is none",
            ),
            ("lb-idle", "soon = 1", "it has days"),
            ("efs-plain", "days = 1", "it has none"),
        ] {
            let text = format!("[rule.{rule}.parameters]\n{parameter}\n");
            let said = set(&text).unwrap_err();
            assert!(said.starts_with("line 2: "), "{said}");
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn an_allowed_range_and_port_are_taken() {
        let text = "[rule.sg-broad-public-cidr.parameters]\nknown = [\"203.0.113.0/24\"]\n\
                    [rule.sg-world-unexpected-port.parameters]\nallowed = []\n";
        let pack = set(text).unwrap();
        let known = &pack.get("sg-broad-public-cidr").unwrap().words;
        assert_eq!(known.texts("known"), ["203.0.113.0/24"]);
    }

    #[test]
    fn a_rule_that_is_switched_off_is_not_asked_and_is_told() {
        let pack = set("[rule.cert-expiring]\nenabled = false\n").unwrap();
        let judged = testing::owned(&[], &[], |_| true, |case| pack.audit(case));
        assert!(judged.iter().all(|it| it.rule.id != "cert-expiring"));
        let notices: Vec<Notice> = pack.notices().collect();
        assert_eq!(notices[0].message, "the rule cert-expiring is switched off");
        assert_eq!(notices[0].place, "racklens.toml:2");
    }

    #[test]
    fn a_mute_of_a_rule_that_is_not_there_is_refused() {
        let text = "[[mute]]\nrule = \"cert\"\nresource = \"*\"\nowner = \"a\"\nreason = \"b\"\nuntil = 2027-01-01\n";
        let said = set(text).unwrap_err();
        assert!(
            said.starts_with("line 2: there is no rule `cert`"),
            "{said}"
        );
    }

    #[test]
    fn an_id_that_another_rule_has_is_refused() {
        let file = |id: &str| {
            let content = include_str!("../../tests/rules/own/bucket-owner.yaml");
            let content = content.replace("id: bucket-owner", &format!("id: {id}"));
            user_rule::read("b.yaml", &content, &Cel).unwrap()
        };
        let mut pack = Pack::built_in().unwrap();
        let ours = pack
            .add(vec![file("cert-expiring")])
            .unwrap_err()
            .to_string();
        assert!(
            ours.contains("is that of one of racklens' own rules"),
            "{ours}"
        );
        let twice = pack.add(vec![file("mine"), file("mine")]).unwrap_err();
        assert!(
            twice.to_string().contains("is that of the rule in b.yaml"),
            "{twice}"
        );
    }
}
