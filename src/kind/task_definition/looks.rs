//! What a secret looks like: told once, where a text is read, so that the text need not be kept.

/// The word for a text that has the form of a secret; never a part of the text.
///
/// A form tells more than a name does: few texts are taken for one that are none.
pub fn looks(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----") {
        return Some(PRIVATE_KEY);
    }
    text.split(|it: char| it.is_whitespace() || matches!(it, '"' | '\'' | ',' | ';'))
        .find_map(|word| {
            let value = word.rsplit('=').next().unwrap_or(word);
            of_word(word).or_else(|| of_word(value))
        })
}

/// The word for the value of a variable: of a secret, else of what is none, whatever the variable is
/// called.
pub fn looks_of_variable(value: &str) -> Option<&'static str> {
    looks(value).or_else(|| of_no_secret(value))
}

/// Whether a word is of a secret's form, which tells more than a name does.
pub fn is_form(word: &str) -> bool {
    ![NAMED, REFERENCE, NUMBER].contains(&word)
}

/// Whether a word is of a value that is no secret.
pub fn is_harmless(word: &str) -> bool {
    [REFERENCE, NUMBER].contains(&word)
}

/// The same of the words of a command, where a name may stand before its value.
pub fn looks_in_command<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut named = false;
    for text in words {
        found.extend(looks(text));
        for word in text.split_whitespace() {
            if named && is_given(word) && !word.starts_with('-') {
                found.push(NAMED);
            }
            named = false;
            match word.split_once('=') {
                Some((name, value)) if is_secrets_name(name) && is_given(value) => {
                    found.push(NAMED);
                }
                Some(_) => {}
                None => named = word.starts_with("--") && is_secrets_name(word),
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The same of an option, whose name tells, too.
pub fn looks_of_option(name: &str, value: &str) -> Option<&'static str> {
    let named = (is_secrets_name(name) && is_given(value)).then_some(NAMED);
    looks(value).or(named)
}

const PRIVATE_KEY: &str = "private-key";
const NAMED: &str = "named-secret";
const REFERENCE: &str = "reference";
const NUMBER: &str = "number";

/// What only says where something is kept, and what is counted.
fn of_no_secret(value: &str) -> Option<&'static str> {
    let is_kept = ["arn:aws", "{{resolve:", "alias/"];
    let is_kept = is_kept.iter().any(|it| value.starts_with(it));
    if is_kept || is_path(value) {
        return Some(REFERENCE);
    }
    let is_number = |it: u8| it.is_ascii_digit() || matches!(it, b'.' | b'-');
    let counted = !value.is_empty() && value.bytes().all(is_number);
    counted.then_some(NUMBER)
}

/// `/run/secrets/db`: small letters alone, as a random text that begins so has others, too.
fn is_path(value: &str) -> bool {
    let is_part = |it: u8| {
        it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'/' | b'-' | b'_' | b'.')
    };
    value.starts_with('/') && value.bytes().all(is_part)
}

fn of_word(word: &str) -> Option<&'static str> {
    if has_access_key(word) {
        return Some("aws-access-key");
    }
    if has_password(word) {
        return Some("url-with-password");
    }
    if is_web_token(word) {
        return Some("json-web-token");
    }
    let long = |rest: &str| rest.len() >= 16;
    let known = TOKENS
        .iter()
        .any(|it| word.strip_prefix(it).is_some_and(long));
    known.then_some("service-token")
}

/// How tokens of services that many use begin.
const TOKENS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "rk_live_",
    "AIza",
    "https://hooks.slack.com/services/",
];

/// `AKIA` or `ASIA` and sixteen more capitals and digits.
fn has_access_key(word: &str) -> bool {
    let is_part = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
    let mut parts = word.split(|it| !is_part(it));
    parts.any(|it| it.len() == 20 && (it.starts_with("AKIA") || it.starts_with("ASIA")))
}

/// `postgres://user:password@host/name`.
fn has_password(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, host)) = authority.rsplit_once('@') else {
        return false;
    };
    let password = user.split_once(':').map(|it| it.1);
    !host.is_empty() && password.is_some_and(is_given)
}

/// Three parts in the letters of base64url; the first one is an object.
fn is_web_token(word: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    let parts: Vec<&str> = word.split('.').collect();
    let [head, body, signature] = parts[..] else {
        return false;
    };
    head.starts_with("eyJ")
        && [head, body, signature]
            .iter()
            .all(|it| it.len() >= 10 && it.bytes().all(is_letter))
}

/// Whether it is a value and not the name of one that is put in later.
fn is_given(value: &str) -> bool {
    let is_place = value.starts_with(['$', '{', '<', '%', '*']);
    value.len() >= 4 && !is_place
}

/// `--db-password`, `splunk-token`, `apikey`.
fn is_secrets_name(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_lowercase();
    let name = name.replace('_', "-");
    ENDS.iter().any(|it| name.ends_with(it))
}

const ENDS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "api-key",
    "apikey",
    "secret-key",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_a_secret_is_known_whatever_it_is_called() {
        for (text, word) in [
            ("postgres://app:hunter22@db:5432/app", "url-with-password"),
            ("AKIAIOSFODNN7EXAMPLE", "aws-access-key"),
            ("key=AKIAIOSFODNN7EXAMPLE", "aws-access-key"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "private-key"),
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
                "json-web-token",
            ),
            ("ghp_0123456789abcdefghij", "service-token"),
        ] {
            assert_eq!(looks(text), Some(word), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_secret_is_none() {
        for text in [
            "postgres://db:5432/app",
            "postgres://app@db/app",
            "postgres://app:$PASSWORD@db/app",
            "https://example.com/a:b@c",
            "arn:aws:iam::123456789012:role/AKIA",
            "www.example.com",
            "-----BEGIN CERTIFICATE-----",
            "production",
        ] {
            assert_eq!(looks(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_that_only_names_a_place_or_counts_is_told_from_a_secret() {
        for (value, word) in [
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-1a2b3c",
                Some("reference"),
            ),
            ("{{resolve:ssm-secure:/prod/db}}", Some("reference")),
            ("alias/orders", Some("reference")),
            ("/run/secrets/db_password", Some("reference")),
            ("1800000000", Some("number")),
            ("postgres://app:hunter22@db/app", Some("url-with-password")),
            ("/7MDENG/bPxRfiCYEXAMPLEKEY", None),
            ("hunter2hunter2", None),
            ("", None),
        ] {
            let said = looks_of_variable(value);
            assert_eq!(said, word, "{value}");
            let is_secret = said == Some("url-with-password");
            assert_eq!(said.is_some_and(is_form), is_secret, "{value}");
            let is_none = matches!(said, Some("reference" | "number"));
            assert_eq!(said.is_some_and(is_harmless), is_none, "{value}");
        }
        // What is only called a secret has no secret's form, and may be one.
        assert!(!is_form("named-secret") && !is_harmless("named-secret"));
    }

    #[test]
    fn a_command_gives_secrets_by_name_too() {
        let found = |words: &[&str]| looks_in_command(words.iter().copied());
        assert_eq!(
            found(&["serve", "--db-password=hunter22"]),
            ["named-secret"]
        );
        assert_eq!(found(&["--token", "abcdef"]), ["named-secret"]);
        assert_eq!(
            found(&["sh", "-c", "API_TOKEN=abcdef ./run"]),
            ["named-secret"]
        );
        assert!(found(&["--token", "$TOKEN", "--token-file=/run/token"]).is_empty());
    }

    #[test]
    fn an_option_of_a_log_driver_may_be_a_secret() {
        assert_eq!(
            looks_of_option("splunk-token", "abcdef"),
            Some("named-secret")
        );
        assert_eq!(looks_of_option("awslogs-group", "/ecs/web"), None);
    }
}
