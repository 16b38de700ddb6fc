//! The rules and mutes of a run, put together: our rules, folders of the user's, `racklens.toml`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use super::definition::Said;
use crate::{
    config::Config,
    failure::{Exit, Failure},
    file,
    mute::Mute,
    rule::{Case, Judged, Pack},
    text,
    user_rule::{self, BadRule, UserRule, cel::Cel},
};

/// Where the command line says that the user's own rules lie.
#[derive(Clone, Debug, Default, Args)]
pub struct Dirs {
    /// Folder of your own rules, one YAML file each; may be given again
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

/// What a rack is judged by.
pub struct RuleSet {
    pub pack: Pack,
    pub mutes: Vec<Mute>,
    /// The configuration, as it is named to the user.
    pub file: String,
    /// Whether it is asked what it would mean to take the rack down, and not how it lives.
    pub teardown: bool,
}

/// A file of the user's that is no rule, or not one that can be used.
pub struct BadFile {
    pub path: PathBuf,
    pub bad: BadRule,
}

impl BadFile {
    /// `rules/a.yaml, line 3: …`
    pub fn line(&self) -> String {
        let place = if self.bad.line > 0 { ", " } else { ": " };
        format!("{}{place}{}", self.path.display(), self.bad)
    }
}

/// A file of a folder of rules, and what it came to.
pub type Read = (PathBuf, Result<UserRule, BadRule>);

/// A rule's file larger than this is none.
const LARGEST: u64 = 1 << 20;

impl RuleSet {
    /// The verdicts of its rules.
    pub fn judged(&self, case: &Case<'_>) -> Vec<Judged> {
        if self.teardown {
            self.pack.review(case)
        } else {
            self.pack.audit(case)
        }
    }

    /// The same, asked what it would mean to take the rack down.
    pub fn of_teardown(self) -> Self {
        Self {
            teardown: true,
            ..self
        }
    }

    /// Our own rules as they are, and nothing muted.
    pub fn built_in() -> Result<Self, Failure> {
        let failed = |it: &dyn std::fmt::Display| Failure::new(Exit::Failed, it.to_string());
        Ok(Self {
            pack: Pack::built_in().map_err(|it| failed(&it))?,
            mutes: Vec::new(),
            file: String::new(),
            teardown: false,
        })
    }

    /// All that the user says about rules. Nothing is read of the rack before this is right.
    pub fn load(said: &Said, dirs: &Dirs) -> Result<Self, Failure> {
        let (config, path) = said.configuration()?;
        let mut set = Self::built_in()?;
        let mut own = Vec::new();
        let mut refused = Vec::new();
        for dir in folders(&config, &path, dirs) {
            for (path, rule) in read(&dir)? {
                match rule {
                    Ok(it) => own.push(it),
                    Err(bad) => refused.push(BadFile { path, bad }),
                }
            }
        }
        if let Some(first) = refused.first() {
            let failure = Failure::new(Exit::Usage, first.line());
            let failure = match first.bad.hint.as_str() {
                "" => failure,
                hint => failure.hint(hint),
            };
            return Err(match refused.len() {
                1 => failure,
                all => failure.hint(format!(
                    "{} cannot be used: `racklens rules test` tells of all",
                    text::count(all, "rule")
                )),
            });
        }
        set.pack.add(own).map_err(|it| {
            let message = format!("{}, {}", it.file, it.bad);
            Failure::new(Exit::Usage, message).hint(it.bad.hint)
        })?;
        set.file = path.display().to_string();
        set.pack.set(&config, &set.file).map_err(|it| {
            let message = format!("{}, {it}", set.file);
            Failure::new(Exit::Usage, message).hint(format!("the line is: {}", it.text))
        })?;
        set.mutes = config.mutes;
        Ok(set)
    }
}

/// The folders of the user's rules: those of the configuration, then those of the command line.
pub fn folders(config: &Config, path: &Path, dirs: &Dirs) -> Vec<PathBuf> {
    let beside = path.parent().unwrap_or(Path::new(""));
    let configured = config.rules.iter().map(|it| beside.join(it));
    let mut all: Vec<PathBuf> = Vec::new();
    for it in configured.chain(dirs.rules.iter().cloned()) {
        // Named twice is meant once.
        if !all.contains(&it) {
            all.push(it);
        }
    }
    all
}

/// Every rule of a folder, by the names of the files.
pub fn read(dir: &Path) -> Result<Vec<Read>, Failure> {
    let cannot = |it: std::io::Error| {
        let message = format!("cannot read the rules in {}: {it}", dir.display());
        Failure::new(Exit::Usage, message).hint("give a folder of YAML files, one rule each")
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|it| it.to_string_lossy().starts_with('.'));
        let yaml = path
            .extension()
            .is_some_and(|it| it == "yaml" || it == "yml");
        if yaml && !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        let message = format!("{} holds no rule: no file ends in .yaml", dir.display());
        return Err(Failure::new(Exit::Usage, message).hint("is it the right folder?"));
    }
    let read = |path: PathBuf| {
        let content = file::read_text(&path, LARGEST)
            .map_err(|it| it.hint("a rule is a text of a few lines: is it the right folder?"))?;
        let rule = user_rule::read(&path.display().to_string(), &content, &Cel);
        Ok((path, rule))
    };
    paths.into_iter().map(read).collect()
}
