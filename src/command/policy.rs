//! `policy`: the least that an identity must be allowed, made from the list of calls.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    aws::read,
    failure::{Exit, Failure},
    text, ui,
};

#[derive(Debug, Args)]
pub struct Policy {
    /// The verb that the policy is for
    #[arg(long = "for", value_name = "VERB", value_enum)]
    verb: Verb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verb {
    /// Reading: snapshot, racks, show, audit and report
    Snapshot,
}

pub fn run(args: &Policy) -> Result<Exit, Failure> {
    let actions = match args.verb {
        Verb::Snapshot => reading(),
    };
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "RacklensReads",
            "Effect": "Allow",
            "Action": actions,
            "Resource": "*",
        }],
    });
    ui::result(&text::json(&document))?;
    Ok(Exit::Fine)
}

/// `sts:GetCallerIdentity` is not among them: it needs no permission.
fn reading() -> BTreeSet<String> {
    read::calls()
        .iter()
        .filter(|it| **it != read::IDENTITY)
        .map(crate::aws::Call::action)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_only_reads() {
        let mut actions = reading();
        actions.retain(|it| {
            let (_, name) = it.split_once(':').unwrap();
            !["Describe", "List", "Get", "Head"]
                .iter()
                .any(|verb| name.starts_with(verb))
        });
        assert!(actions.is_empty(), "{actions:?}");
    }

    #[test]
    fn no_action_reads_what_is_secret() {
        let actions = reading();
        for secret in [
            "s3:GetObject",
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
        ] {
            assert!(!actions.contains(secret));
        }
    }

    #[test]
    fn the_policy_fits_into_one_managed_policy() {
        let length: usize = reading().iter().map(|it| it.len() + 3).sum();
        assert!(length < 6144 - 200, "{length}");
    }
}
