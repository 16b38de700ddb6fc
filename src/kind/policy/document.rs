//! What a policy's text says, of IAM or of a bucket: statements, read once for all who judge them.

use std::slice;

use serde_json::{Map, Value};

use crate::text;

/// One statement.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a>(&'a Map<String, Value>);

/// A text as the JSON that it is. IAM writes policies with percent signs, as in a URL.
pub fn parse(text: &str) -> Option<Value> {
    let plain = serde_json::from_str(text).ok();
    plain.or_else(|| serde_json::from_str(&decoded(text)?).ok())
}

/// The statements of a policy; `None` where one of them cannot be understood.
pub fn statements(policy: &Value) -> Option<Vec<Statement<'_>>> {
    let statements = each(policy.get("Statement")?).iter();
    statements.map(|it| it.as_object().map(Statement)).collect()
}

/// What it takes to give oneself whatever else is wanted. A statement that names what it does not
/// allow allows everything in the end, as long as it leaves one of these.
const TAKES_THE_REST: [&str; 6] = [
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createpolicyversion",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
];

/// Whether a policy allows everything on everything, with no condition: by naming all, or by naming
/// little that is left out.
pub fn allows_all(policy: &Value) -> Option<bool> {
    let all = |it: &Statement<'_>| {
        it.allows() && !it.is_conditional() && all_actions(it) && all_resources(it)
    };
    Some(statements(policy)?.iter().any(all))
}

fn all_actions(statement: &Statement<'_>) -> bool {
    let left_out = statement.texts("NotAction");
    if left_out.is_empty() {
        let actions = statement.texts("Action");
        return actions.iter().any(|it| matches!(*it, "*" | "*:*"));
    }
    let left_out: Vec<String> = left_out.iter().map(|it| it.to_ascii_lowercase()).collect();
    let is_left = |name: &&str| !left_out.iter().any(|it| text::glob(it, name));
    TAKES_THE_REST.iter().any(is_left)
}

fn all_resources(statement: &Statement<'_>) -> bool {
    let left_out = statement.texts("NotResource");
    if !left_out.is_empty() {
        return !left_out.iter().any(|it| is_every(it));
    }
    statement.texts("Resource").iter().any(|it| is_every(it))
}

/// `*`, and an ARN with nothing in it but stars: `arn:aws:*`, `arn:*:*:*:*:*`.
fn is_every(resource: &str) -> bool {
    let Some(parts) = resource.strip_prefix("arn:") else {
        return resource == "*";
    };
    let Some((partition, rest)) = parts.split_once(':') else {
        return parts == "*";
    };
    let is_partition = partition == "*" || partition.starts_with("aws");
    is_partition && rest.split(':').all(|it| it == "*")
}

impl<'a> Statement<'a> {
    pub fn allows(&self) -> bool {
        self.0.get("Effect").and_then(Value::as_str) == Some("Allow")
    }

    /// Whether it names conditions.
    pub fn is_conditional(&self) -> bool {
        let conditions = self.0.get("Condition").and_then(Value::as_object);
        conditions.is_some_and(|it| !it.is_empty())
    }

    /// The values of a field that is a text or a list of texts: `Action`, `Resource`.
    pub fn texts(&self, field: &str) -> Vec<&'a str> {
        let values = self.0.get(field).map(each).unwrap_or_default().iter();
        values.filter_map(Value::as_str).collect()
    }

    /// Whether it is about everybody, or about everybody but a few.
    pub fn is_about_everybody(&self) -> bool {
        self.principals().contains(&"*") || self.0.contains_key("NotPrincipal")
    }

    /// Whom it is about: `*`, account ids, ARNs. Services and federated users are not told.
    pub fn principals(&self) -> Vec<&'a str> {
        let principal = self.0.get("Principal");
        let aws = principal.and_then(|it| it.get("AWS"));
        let all = principal.filter(|it| it.is_string());
        let told = aws.or(all).map(each).unwrap_or_default().iter();
        told.filter_map(Value::as_str).collect()
    }

    /// The services of AWS that it is about.
    pub fn services(&self) -> Vec<&'a str> {
        let principal = self.0.get("Principal");
        let told = principal.and_then(|it| it.get("Service"));
        let told = told.map(each).unwrap_or_default().iter();
        told.filter_map(Value::as_str).collect()
    }

    /// Its conditions as operator, key and value.
    pub fn conditions(&self) -> Vec<(&'a str, &'a str, String)> {
        let operators = self.0.get("Condition").and_then(Value::as_object);
        let mut all = Vec::new();
        for (operator, keys) in operators.into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                for value in each(values) {
                    let value = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    all.push((operator.as_str(), key.as_str(), value));
                }
            }
        }
        all
    }
}

/// IAM writes a list of one without its brackets.
pub fn each(it: &Value) -> &[Value] {
    it.as_array().map_or(slice::from_ref(it), Vec::as_slice)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (code, after) = rest.split_at_checked(2)?;
        rest = after;
        bytes.push(u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(statement: &str) -> bool {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        allows_all(&parse(&text).unwrap()).unwrap()
    }

    #[test]
    fn everything_on_everything_is_all() {
        assert!(all(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#));
        assert!(all(r#"[{"Effect":"Deny","Action":"iam:*","Resource":"*"},
                {"Effect":"Allow","Action":["s3:*","*:*"],"Resource":["arn:aws:s3:::a","*"]}]"#));
    }

    #[test]
    fn what_is_narrowed_is_not() {
        assert!(!all(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#));
        assert!(!all(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#));
        assert!(!all(
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::a/*"}"#
        ));
        assert!(!all(r#"{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#));
    }

    #[test]
    fn all_but_a_few_is_all_unless_they_are_what_would_give_the_rest() {
        assert!(all(
            r#"{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}"#
        ));
        assert!(all(
            r#"{"Effect":"Allow","NotAction":["iam:DeleteUser","s3:*"],"Resource":"*"}"#
        ));
        assert!(all(
            r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::audit/*"}"#
        ));
        assert!(all(
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:*"}"#
        ));
        assert!(all(
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:*:*:*:*:*"}"#
        ));
        // As AWS's own PowerUserAccess has it.
        assert!(!all(
            r#"{"Effect":"Allow","NotAction":["IAM:*","organizations:*"],"Resource":"*"}"#
        ));
        assert!(!all(
            r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::audit/*"}"#
        ));
        assert!(!all(
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*"}"#
        ));
        assert!(!all(
            r#"{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}"#
        ));
    }

    #[test]
    fn iam_s_percent_signs_are_undone() {
        let text = "%7B%22Statement%22%3A%5B%5D%7D";
        assert_eq!(parse(text).unwrap()["Statement"], Value::Array(Vec::new()));
        assert!(parse("%7").is_none() && parse("not a policy").is_none());
    }

    #[test]
    fn a_statement_that_is_none_leaves_all_of_it_unknown() {
        assert!(statements(&parse(r#"{"Statement":["x"]}"#).unwrap()).is_none());
        assert!(statements(&parse("{}").unwrap()).is_none());
    }
}
