//! What the text of a bucket's policy comes to.

use std::collections::BTreeSet;

use super::PolicyText;
use crate::{
    arn::Arn,
    kind::policy::document::{self, Statement},
    text,
};

/// Reads the policy of the bucket of that name; `None` where it cannot be understood.
pub fn read(policy: &str, bucket: &str) -> Option<PolicyText> {
    let policy = document::parse(policy)?;
    let statements = document::statements(&policy)?;
    let refused: BTreeSet<bool> = statements
        .iter()
        .filter(|it| refuses_plain_http(it))
        .flat_map(|it| it.texts("Resource"))
        .flat_map(|it| parts(it, bucket))
        .collect();
    let accounts: BTreeSet<String> = statements
        .iter()
        .filter(|it| it.allows())
        .flat_map(Statement::principals)
        .filter_map(account)
        .collect();
    let writers: BTreeSet<String> = statements
        .iter()
        .filter(|it| it.allows() && lets_write(it))
        .flat_map(Statement::services)
        .map(ToOwned::to_owned)
        .collect();
    Some(PolicyText {
        denies_plain_http: refused.len() == 2,
        accounts: accounts.into_iter().collect(),
        writers: writers.into_iter().collect(),
        denies_deleting: statements.iter().any(denies_deleting),
    })
}

fn lets_write(statement: &Statement<'_>) -> bool {
    let actions = statement.texts("Action");
    let mut actions = actions.iter().map(|it| it.to_ascii_lowercase());
    actions.any(|it| text::glob(&it, "s3:putobject"))
}

/// Whether it keeps anybody from deleting what is in the bucket, or the bucket. Whom, and when, is
/// not looked at, but for what it says of those who come without TLS: we do not.
fn denies_deleting(statement: &Statement<'_>) -> bool {
    const DELETES: [&str; 3] = [
        "s3:deleteobject",
        "s3:deleteobjectversion",
        "s3:deletebucket",
    ];
    let conditions = statement.conditions();
    let about_tls =
        !conditions.is_empty() && conditions.iter().all(|it| is_plain_http(it.0, it.1, &it.2));
    let actions = statement.texts("Action");
    let named = actions.iter().any(|it| {
        let it = it.to_ascii_lowercase();
        DELETES.iter().any(|name| text::glob(&it, name))
    });
    !statement.allows() && !about_tls && (named || !statement.texts("NotAction").is_empty())
}

/// Whether a condition means those who come without TLS, or with too old a one.
fn is_plain_http(operator: &str, key: &str, value: &str) -> bool {
    let plain = operator.eq_ignore_ascii_case("Bool")
        && key.eq_ignore_ascii_case("aws:SecureTransport")
        && value == "false";
    let old = operator.eq_ignore_ascii_case("NumericLessThan")
        && key.eq_ignore_ascii_case("s3:TlsVersion");
    plain || old
}

/// Whether it keeps out everybody, from every action, who comes without TLS.
fn refuses_plain_http(statement: &Statement<'_>) -> bool {
    let conditions = statement.conditions();
    let [(operator, key, value)] = &conditions[..] else {
        return false;
    };
    let actions = statement.texts("Action");
    !statement.allows()
        && is_plain_http(operator, key, value)
        && statement.principals().contains(&"*")
        && actions.iter().any(|it| matches!(*it, "*" | "s3:*"))
}

/// Of the two parts of a bucket, all its objects and itself, those that a resource means; nothing
/// for less.
fn parts(resource: &str, bucket: &str) -> impl Iterator<Item = bool> {
    let name = resource.rsplit_once(":::").map_or(resource, |it| it.1);
    let every = text::glob(name, &format!("{bucket}/*"));
    let itself = text::glob(name, bucket);
    [(every, true), (itself, false)]
        .into_iter()
        .filter_map(|(is, part)| is.then_some(part))
}

/// The account of a principal: `123456789012`, or of an ARN.
fn account(principal: &str) -> Option<String> {
    if text::is_account(principal) {
        return Some(principal.to_owned());
    }
    let account = Arn::parse(principal)?.account.to_owned();
    text::is_account(&account).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(statements: &str) -> PolicyText {
        read(&format!(r#"{{"Statement":[{statements}]}}"#), "logs").unwrap()
    }

    const PLAIN: &str = r#""Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;

    #[test]
    fn plain_http_is_denied_for_the_bucket_and_its_objects() {
        let both = format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*",
                "Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],{PLAIN}}}"#
        );
        assert!(said(&both).denies_plain_http);
        let objects = format!(
            r#"{{"Effect":"Deny","Principal":{{"AWS":"*"}},"Action":"s3:*",
                "Resource":"arn:aws:s3:::logs/*",{PLAIN}}}"#
        );
        assert!(!said(&objects).denies_plain_http);
        let bucket = objects.replace("logs/*", "logs");
        assert!(said(&format!("{objects},{bucket}")).denies_plain_http);
    }

    #[test]
    fn a_star_may_mean_the_bucket_and_its_objects_and_a_part_of_them_is_not_all() {
        for (resource, all) in [
            ("*", true),
            ("arn:aws:s3:::*", true),
            ("arn:aws:s3:::logs*", true),
            ("arn:aws:s3:::logs/*", false),
            ("arn:aws:s3:::logs/app/*", false),
            ("arn:aws:s3:::other*", false),
        ] {
            let deny = format!(
                r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"{resource}",{PLAIN}}}"#
            );
            assert_eq!(said(&deny).denies_plain_http, all, "{resource}");
        }
    }

    #[test]
    fn a_denial_of_some_actions_or_under_a_second_condition_is_not_enough() {
        let all = r#""Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#;
        let some =
            format!(r#"{{"Effect":"Deny","Principal":"*","Action":"s3:GetObject",{all},{PLAIN}}}"#);
        let narrow = format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*",{all},"Condition":{{
                "Bool":{{"aws:SecureTransport":"false"}},"IpAddress":{{"aws:SourceIp":"1.2.3.4"}}}}}}"#
        );
        assert!(!said(&some).denies_plain_http);
        assert!(!said(&narrow).denies_plain_http);
    }

    #[test]
    fn a_policy_that_denies_deleting_to_anybody_is_told_from_one_about_tls() {
        let deny = |actions: &str, more: &str| {
            let head = r#""Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::logs/*""#;
            said(&format!("{{{head},{actions}{more}}}")).denies_deleting
        };
        assert!(deny(r#""Action":"s3:Delete*""#, ""));
        assert!(deny(
            r#""Action":["s3:GetObject","s3:DeleteObjectVersion"]"#,
            ""
        ));
        assert!(deny(r#""NotAction":"s3:GetObject""#, ""));
        assert!(!deny(r#""Action":"s3:PutObject""#, ""));
        assert!(!deny(r#""Action":"s3:*""#, &format!(",{PLAIN}")));
    }

    #[test]
    fn accounts_are_told_by_id_and_by_arn_and_only_where_they_are_let_in() {
        let text = said(
            r#"{"Effect":"Allow","Principal":{"AWS":["111111111111","arn:aws:iam::222222222222:role/a"]},
                "Action":"s3:GetObject","Resource":"*"},
               {"Effect":"Deny","Principal":{"AWS":"333333333333"},"Action":"*","Resource":"*"},
               {"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},
                "Action":"s3:PutObject","Resource":"*"},
               {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}"#,
        );
        assert_eq!(text.accounts, ["111111111111", "222222222222"]);
        assert_eq!(text.writers, ["delivery.logs.amazonaws.com"]);
    }
}
