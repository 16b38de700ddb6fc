//! Secrets that stand in a task definition, told by the names of variables and by their form.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, revision, used_definition};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        task_definition::{ContainerDefinition, EnvName, looks},
    },
};

pub const RULE: Rule = Rule {
    id: "env-plain-secret",
    words: include_str!("../../rules/env-plain-secret.toml"),
    needs: &[
        Kind::Cluster,
        Kind::Service,
        Kind::Task,
        Kind::TaskDefinition,
    ],
    check,
};

/// One failure for each container with such variables, and a pass for a revision without any.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let names = Names::new(words);
    let mut verdicts = Vec::new();
    for (resource, definition) in revision::in_use(case) {
        let containers = definition.containers.iter();
        let failing = containers.filter_map(|it| judge(words, &names, &resource.id, it));
        let before = verdicts.len();
        verdicts.extend(failing);
        if verdicts.len() == before {
            let why = "no variable has the name or the form of a secret";
            verdicts.push(Verdict::new(&RULE, words, &resource.id, Status::Pass, why));
        }
    }
    verdicts.extend(used_definition::unread(&RULE, case, words));
    verdicts
}

fn judge(
    words: &Words,
    names: &Names<'_>,
    id: &ResourceId,
    container: &ContainerDefinition,
) -> Option<Verdict> {
    let mut found: Vec<&EnvName> = container
        .environment
        .iter()
        .filter(|it| has_form(it.looks.as_deref()) || names.tell(it))
        .collect();
    found.sort_by_key(|it| &it.name);
    let names = found.iter().map(|it| it.name.as_str());
    let mut places: Vec<&str> = container.in_plain.iter().map(|it| it.at.as_str()).collect();
    places.dedup();
    let names: Vec<&str> = names.chain(places).collect();
    if names.is_empty() {
        return None;
    }
    let said: Vec<String> = found
        .iter()
        .map(|it| told(&it.name, it.looks.as_deref()))
        .chain(
            container
                .in_plain
                .iter()
                .map(|it| told(&it.at, Some(&it.looks))),
        )
        .collect();
    let by_form = found.iter().any(|it| has_form(it.looks.as_deref()))
        || container
            .in_plain
            .iter()
            .any(|it| looks::is_form(&it.looks));
    let (severity, judged) = if by_form {
        let judged = "its form tells that it is a secret, which raises the severity; values are \
                      not kept";
        (Severity::High, judged)
    } else {
        let judged = "judged by name, length and form: values are not kept";
        (words.severity, judged)
    };
    let why = format!(
        "container {} gets {} in plain text, {judged}",
        container.name,
        said.join(", ")
    );
    let variables = found.iter().map(|it| {
        let value = format!("{}: {} characters", it.name, it.length);
        Evidence::new(id, "containerDefinitions.environment", value)
    });
    let others = container.in_plain.iter().map(|it| {
        let value = format!("{}: {}", it.at, form(&it.looks));
        Evidence::new(id, "containerDefinitions", value)
    });
    let verdict = Verdict::new(&RULE, words, id, Status::Fail, why)
        .severity(severity)
        .evidence(variables)
        .evidence(others)
        .detail(format!("{}: {}", container.name, names.join(", ")));
    Some(verdict)
}

/// "DATABASE_URL (a URL with a password)".
fn told(name: &str, looks: Option<&str>) -> String {
    match looks {
        Some(looks) => format!("{name} ({})", form(looks)),
        None => name.to_owned(),
    }
}

/// Whether a value has a secret's form, whatever it is called.
fn has_form(looks: Option<&str>) -> bool {
    looks.is_some_and(looks::is_form)
}

/// A form of secrets for a person.
fn form(looks: &str) -> &str {
    match looks {
        "url-with-password" => "a URL with a password",
        "aws-access-key" => "an AWS access key",
        "private-key" => "a private key",
        "json-web-token" => "a JSON Web Token",
        "service-token" => "a token of a well-known service",
        "named-secret" => "named like a secret",
        other => other,
    }
}

/// The words that a secret's name holds, and those that make it the name of something else.
struct Names<'w> {
    secret: Vec<&'w str>,
    harmless: Vec<&'w str>,
    shortest: usize,
}

/// A word that is long enough to be known inside of another: `PGPASSWORD`.
const TELLING: usize = 6;

impl<'w> Names<'w> {
    fn new(words: &'w Words) -> Self {
        let shortest = words.number("shortest");
        Self {
            secret: words.texts("secret"),
            harmless: words.texts("harmless"),
            shortest: usize::try_from(shortest).unwrap_or_default(),
        }
    }

    /// Whether a variable seems to hold a secret.
    fn tell(&self, variable: &EnvName) -> bool {
        let name = upper_snake(&variable.name);
        let mut parts = name.split('_');
        let harmless = variable.looks.as_deref().is_some_and(looks::is_harmless);
        !harmless
            && variable.length >= self.shortest
            && !parts.any(|it| self.harmless.contains(&it))
            && self.secret.iter().any(|it| holds(&name, it))
    }
}

/// Whether a name holds a word as a part of its own, or at the end of a part where it is telling.
fn holds(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        let before = name[..at].chars().next_back();
        let after = name[at + word.len()..].chars().next();
        after.is_none_or(|it| it == '_')
            && (before.is_none_or(|it| it == '_') || word.len() >= TELLING)
    })
}

/// `dbPassword`, `db-password` → `DB_PASSWORD`.
fn upper_snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before_lower = false;
    for it in name.chars() {
        if it.is_ascii_uppercase() && before_lower {
            snake.push('_');
        }
        before_lower = it.is_ascii_lowercase() || it.is_ascii_digit();
        if it.is_ascii_alphanumeric() {
            snake.push(it.to_ascii_uppercase());
        } else {
            snake.push('_');
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::task_definition::InPlain;

    fn tells(name: &str, length: usize) -> bool {
        tells_of(name, length, None)
    }

    fn tells_of(name: &str, length: usize, looks: Option<&str>) -> bool {
        let words = RULE.words().unwrap();
        let variable = EnvName {
            name: name.to_owned(),
            length,
            looks: looks.map(str::to_owned),
        };
        Names::new(&words).tell(&variable)
    }

    /// What is said of one container with these variables and this in its command.
    fn severity(variables: &[(&str, Option<&str>)], command: Option<&str>) -> Option<Severity> {
        let variables = variables.iter().map(|(name, looks)| EnvName {
            name: (*name).to_owned(),
            length: 20,
            looks: looks.map(str::to_owned),
        });
        let command = command.map(|it| InPlain {
            at: "command".to_owned(),
            looks: it.to_owned(),
        });
        let container = ContainerDefinition {
            environment: variables.collect(),
            in_plain: command.into_iter().collect(),
            ..ContainerDefinition::default()
        };
        let words = RULE.words().unwrap();
        let id = ResourceId::new(Kind::TaskDefinition, "web:1");
        judge(&words, &Names::new(&words), &id, &container).map(|it| it.severity)
    }

    #[test]
    fn what_has_the_form_of_a_secret_is_worse_than_what_is_only_called_one() {
        let (name, url) = (("DB_PASSWORD", None), ("URL", Some("url-with-password")));
        let (medium, high) = (Some(Severity::Medium), Some(Severity::High));
        assert_eq!(severity(&[name], None), medium);
        assert_eq!(severity(&[], Some("named-secret")), medium);
        assert_eq!(severity(&[name, url], None), high);
        assert_eq!(severity(&[], Some("aws-access-key")), high);
    }

    #[test]
    fn a_value_that_points_at_a_secret_or_counts_is_none() {
        for looks in ["reference", "number"] {
            assert!(!tells_of("DB_PASSWORD", 70, Some(looks)), "{looks}");
            assert_eq!(severity(&[("DB_PASSWORD", Some(looks))], None), None);
        }
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "PASSWORD",
            "DB_PASS",
            "PGPASSWORD",
            "dbPassword",
            "AWS_SECRET_ACCESS_KEY",
            "SECRET_KEY_BASE",
            "RAILS_MASTER_KEY",
            "DB_PWD",
            "GITHUB_TOKEN",
            "stripe-api-key",
        ] {
            assert!(tells(name, 20), "{name}");
        }
    }

    #[test]
    fn what_only_speaks_of_a_secret_is_none() {
        for name in [
            "DB_SECRET_ARN",
            "SECRET_NAME",
            "TOKEN_ENDPOINT",
            "PASSWORD_FILE",
            "TOKEN_TTL_SECONDS",
            "MAX_TOKENS",
            "COMPASS",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "NEXT_PUBLIC_MAPBOX_TOKEN",
            "ENCRYPTION_KEY",
            "PARTITION_KEY",
            "AWS_ACCESS_KEY_ID",
        ] {
            assert!(!tells(name, 20), "{name}");
        }
    }

    #[test]
    fn a_value_as_short_as_yes_is_none() {
        assert!(!tells("MYSQL_RANDOM_ROOT_PASSWORD", 3));
        assert!(!tells("PASSWORD", 0));
    }
}
