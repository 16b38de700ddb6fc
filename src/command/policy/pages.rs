//! A policy as documents that AWS takes: one where it fits, more where it does not.

use serde_json::{Value, json};

/// The most that a managed policy may have, in characters that are not white.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) const LIMIT: usize = 6144;

/// The statements in as few documents as their order allows.
pub(super) fn of(statements: Vec<Value>) -> Vec<Value> {
    let mut pages: Vec<Vec<Value>> = Vec::new();
    for statement in statements.into_iter().flat_map(small_enough) {
        match pages.last_mut() {
            Some(page) if fits(page, &statement) => page.push(statement),
            _ => pages.push(vec![statement]),
        }
    }
    pages.into_iter().map(|it| document(&it)).collect()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn fits(page: &[Value], more: &Value) -> bool {
    let all: Vec<Value> = page.iter().chain([more]).cloned().collect();
    size(&document(&all)) <= LIMIT
}

/// Its characters; white ones within its texts, which AWS would not count, among them.
pub(super) fn size(document: &Value) -> usize {
    document.to_string().chars().count()
}

/// A statement that alone is too long for a document, as several about a part of its resources
/// each.
fn small_enough(statement: Value) -> Vec<Value> {
    if size(&document(std::slice::from_ref(&statement))) <= LIMIT {
        return vec![statement];
    }
    let all = statement["Resource"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if all.len() < 2 {
        return vec![statement];
    }
    let (one, other) = all.split_at(all.len() / 2);
    let sid = statement["Sid"].as_str().unwrap_or_default().to_owned();
    let part = |on: &[Value], suffix: &str| {
        let mut part = statement.clone();
        part["Resource"] = json!(on);
        part["Sid"] = json!(format!("{sid}{suffix}"));
        small_enough(part)
    };
    [part(one, "a"), part(other, "b")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: &str, resources: usize) -> Value {
        let on: Vec<String> = (0..resources)
            .map(|it| format!("arn:aws:ec2:us-east-1:123456789012:subnet/subnet-{it:017}"))
            .collect();
        json!({ "Sid": sid, "Effect": "Allow", "Action": ["ec2:DeleteSubnet"], "Resource": on })
    }

    #[test]
    fn what_fits_is_one_document_and_what_does_not_loses_nothing() {
        assert_eq!(of(vec![statement("A", 3), statement("B", 3)]).len(), 1);
        let pages = of(vec![statement("A", 60), statement("B", 300)]);
        assert!(pages.len() > 3, "{}", pages.len());
        let mut subnets = 0;
        for page in &pages {
            assert!(size(page) <= LIMIT, "{}", size(page));
            let mut sids = Vec::new();
            for statement in page["Statement"].as_array().unwrap() {
                subnets += statement["Resource"].as_array().unwrap().len();
                sids.push(statement["Sid"].as_str().unwrap().to_owned());
            }
            sids.dedup();
            assert_eq!(sids.len(), page["Statement"].as_array().unwrap().len());
        }
        assert_eq!(subnets, 360);
    }
}
