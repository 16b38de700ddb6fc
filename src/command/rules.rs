//! `rules`: which rules there are, what each means, and how to write one's own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{
    definition::Said,
    ruleset::{self, BadFile, Dirs, RuleSet},
};
use crate::{
    cli::Format,
    failure::{Exit, Failure},
    kind::Kind,
    report::csv,
    rule::pack::{Check, Ready},
    table::{NoSuchTable, Subject},
    text, ui,
    user_rule::{about, facts, schema},
};

mod explain;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens rules list                              all rules, with what racklens.toml sets
  racklens rules explain sg-world-admin-port       what it means, how to mend it, how to set it
  racklens rules facts security-group              what a rule of yours can ask of one
  racklens rules test my-rules                     run the examples of your own rules")]
pub struct Rules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List all rules, yours among them
    List(List),
    /// Tell what a rule means, how to mend what it finds, and how it is set
    Explain(Explain),
    /// Run the examples of your own rules
    Test(Test),
    /// List what a rule of yours can ask of a kind of resource
    Facts(Facts),
    /// Print the JSON Schema of a rule's file or of racklens.toml, for an editor
    Schema(Schema),
}

/// Where rules of one's own and what is set for rules come from.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    dirs: Dirs,
    /// Configuration file [default: racklens.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn said(&self) -> Said {
        Said {
            config: self.config.clone(),
            ..Said::default()
        }
    }

    fn load(&self) -> Result<RuleSet, Failure> {
        RuleSet::load(&self.said(), &self.dirs)
    }
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct Explain {
    /// The rule's id, as `racklens rules list` and every finding tell it
    id: String,
    #[command(flatten)]
    place: Place,
    #[arg(long, value_enum, default_value_t)]
    format: Page,
}

/// A rule is no table: as text, or as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Page {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
struct Test {
    /// Folders of rules; without one, those that racklens.toml names
    dirs: Vec<PathBuf>,
    /// Configuration file [default: racklens.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Facts {
    /// A kind of resource: security-group, task-definition, …
    kind: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct Schema {
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// A file of one of your rules
    Rule,
    /// racklens.toml
    Config,
}

pub fn run(args: &Rules) -> Result<Exit, Failure> {
    match &args.what {
        What::List(it) => list(it),
        What::Explain(it) => explain(it),
        What::Test(it) => test(it),
        What::Facts(it) => tell_facts(it),
        What::Schema(it) => tell_schema(it.of),
    }
}

fn list(args: &List) -> Result<Exit, Failure> {
    let set = args.place.load()?;
    let rules = set.pack.rules();
    let rows = || {
        rules.iter().map(|it| {
            let words = &it.words;
            let severity = if it.enabled {
                words.severity.name()
            } else {
                "off"
            };
            vec![
                it.id.to_owned(),
                severity.to_owned(),
                words.category.name().to_owned(),
                words.title.clone(),
                origin(it),
            ]
        })
    };
    ui::result(&match args.format {
        Format::Table => ui::told(
            &["rule", "severity", "category", "title", "from"],
            rows().collect(),
        ),
        Format::Json => text::json(&rules.iter().map(explain::json).collect::<Vec<_>>()),
        Format::Csv => csv::simple(&["RuleId", "Severity", "Category", "Title", "From"], rows())
            .map_err(|it| Failure::new(Exit::Failed, it.to_string()))?,
    })?;
    Ok(Exit::Fine)
}

/// Whose rule it is, and what sets it.
fn origin(it: &Ready) -> String {
    let own = match &it.check {
        Check::BuiltIn(_) => "racklens",
        Check::User(rule) => &rule.file,
    };
    let places: std::collections::BTreeSet<&str> =
        it.set.values().map(|it| it.place.as_str()).collect();
    let places: Vec<&str> = places.into_iter().collect();
    if places.is_empty() {
        own.to_owned()
    } else {
        format!("{own}, {}", places.join(", "))
    }
}

fn explain(args: &Explain) -> Result<Exit, Failure> {
    let set = args.place.load()?;
    let Some(rule) = set.pack.get(&args.id) else {
        let failure = Failure::new(Exit::Usage, format!("there is no rule `{}`", args.id));
        let near = set.pack.near(&args.id);
        return Err(if near.is_empty() {
            failure.hint("`racklens rules list` tells which there are")
        } else {
            failure.hint(format!("did you mean {}?", near.join(" or ")))
        });
    };
    ui::result(&match args.format {
        Page::Text => explain::page(rule),
        Page::Json => text::json(&explain::json(rule)),
    })?;
    Ok(Exit::Fine)
}

fn test(args: &Test) -> Result<Exit, Failure> {
    let said = Said {
        config: args.config.clone(),
        ..Said::default()
    };
    let dirs = Dirs {
        rules: args.dirs.clone(),
    };
    let (config, path) = said.configuration()?;
    let folders = if args.dirs.is_empty() {
        ruleset::folders(&config, &path, &dirs)
    } else {
        args.dirs.clone()
    };
    if folders.is_empty() {
        let message = "there are no rules of your own to test";
        return Err(Failure::new(Exit::Usage, message)
            .hint("name their folder: `racklens rules test DIR`")
            .hint("or write it into racklens.toml: rules = [\"DIR\"]"));
    }
    let mut lines = Vec::new();
    let mut bad = 0;
    let mut good = Vec::new();
    for dir in folders {
        for (path, rule) in ruleset::read(&dir)? {
            match rule {
                Ok(rule) => {
                    let examples = text::count(rule.words.example.len(), "example");
                    lines.push(format!("{}: {}, {examples} right", rule.file, rule.id));
                    good.push(rule);
                }
                Err(it) => {
                    bad += 1;
                    let hint = it.hint.clone();
                    lines.push(BadFile { path, bad: it }.line());
                    if !hint.is_empty() {
                        lines.push(format!("  help: {hint}"));
                    }
                }
            }
        }
    }
    let number = good.len();
    let mut set = RuleSet::built_in()?;
    if let Err(it) = set.pack.add(good) {
        bad += 1;
        lines.push(format!("{}, {}", it.file, it.bad));
        lines.push(format!("  help: {}", it.bad.hint));
    }
    lines.push(match bad {
        0 => format!("{} fine", text::count(number, "rule")),
        bad => format!("{} cannot be used", text::count(bad, "rule")),
    });
    let lines = lines
        .iter()
        .map(|it| text::harmless(it).into_owned() + "\n");
    ui::result(&lines.collect::<String>())?;
    Ok(if bad == 0 { Exit::Fine } else { Exit::Usage })
}

/// What of a resource can be asked, in which words.
struct Fact {
    path: String,
    shape: String,
    about: String,
}

fn tell_facts(args: &Facts) -> Result<Exit, Failure> {
    let Some(name) = &args.kind else {
        let names = Kind::ALL.iter().map(|it| format!("{}\n", it.name()));
        ui::result(&names.collect::<String>())?;
        ui::note("`racklens rules facts KIND` tells what a rule can ask of one");
        return Ok(Exit::Fine);
    };
    let kind = kind(name)?;
    let facts = facts_of(kind);
    let rows = || {
        facts
            .iter()
            .map(|it| vec![it.path.clone(), it.shape.clone(), it.about.clone()])
    };
    ui::result(&match args.format {
        Format::Table => ui::told(&["name", "type", "what"], rows().collect()),
        Format::Json => {
            let facts = facts.iter();
            let facts =
                facts.map(|it| json!({ "name": it.path, "type": it.shape, "what": it.about }));
            text::json(&facts.collect::<Vec<_>>())
        }
        Format::Csv => csv::simple(&["Name", "Type", "What"], rows())
            .map_err(|it| Failure::new(Exit::Failed, it.to_string()))?,
    })?;
    Ok(Exit::Fine)
}

fn kind(name: &str) -> Result<Kind, Failure> {
    match Subject::parse(name) {
        Ok(it) => Ok(it.kind()),
        Err(NoSuchTable { name, near, all }) => {
            let failure = Failure::new(Exit::Usage, format!("`{name}` is no kind of resource"));
            Err(if near.is_empty() {
                failure.hint(format!("there are {}", all.join(", ")))
            } else {
                failure.hint(format!("did you mean {}?", near.join(" or ")))
            })
        }
    }
}

fn facts_of(kind: Kind) -> Vec<Fact> {
    let fact = |path: &str, shape: &str, about: &str| Fact {
        path: path.to_owned(),
        shape: shape.to_owned(),
        about: about.to_owned(),
    };
    let scope = facts::scope(kind, &toml::Table::new());
    let common = facts::COMMON.iter().map(|(name, about)| {
        let shape = scope.get(*name).map(ToString::to_string);
        fact(name, &shape.unwrap_or_default(), about)
    });
    let neighbours = [
        fact(
            "uses.KIND",
            "list of records",
            "what it holds on to: `uses.subnet.all(x, x.it.zone != null)`",
        ),
        fact(
            "users.KIND",
            "list of records",
            "what holds on to it; each has all of this table, `relation` and `port`",
        ),
        fact("params.NAME", "as given", "the rule's own parameters"),
    ];
    let functions = facts::FUNCTIONS
        .iter()
        .map(|(name, shape, about)| fact(name, shape, about));
    let fields = facts::fields_of(kind);
    let fields = fields.paths();
    let words = about::about(kind);
    let fields = fields.iter().map(|(path, shape)| {
        let about = words.get(&about::plain(path));
        let about = about.map_or("", String::as_str);
        fact(&format!("it.{path}"), &shape.to_string(), about)
    });
    common
        .chain(fields)
        .chain(neighbours)
        .chain(functions)
        .collect()
}

fn tell_schema(of: Of) -> Result<Exit, Failure> {
    let schema = match of {
        Of::Rule => schema::rule(),
        Of::Config => schema::config(&RuleSet::built_in()?.pack),
    };
    ui::result(&text::json(&schema))?;
    Ok(Exit::Fine)
}
