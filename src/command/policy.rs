//! `policy`: the least that an identity must be allowed, made from the list of calls.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    definition::{self, Place},
    report::{self, Out},
};
use crate::{
    aws::{money, read, state, store},
    failure::{Exit, Failure},
    text, ui,
};

#[derive(Debug, Args)]
pub struct Policy {
    /// The verb that the policy is for
    #[arg(long = "for", value_name = "VERB", value_enum)]
    verb: Verb,
    /// A Terraform state that will be read, s3://BUCKET/KEY
    #[arg(long, value_name = "S3", value_parser = definition::place)]
    tfstate: Vec<Place>,
    /// Where reports will be written, s3://BUCKET/PREFIX
    #[arg(long, value_name = "S3", value_parser = report::out)]
    out: Vec<Out>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verb {
    /// Reading: snapshot, racks, show, audit and report
    Snapshot,
    /// The same, with all that may be asked about money: --prices live, --usage, --free-tier, --actual
    Cost,
}

pub fn run(args: &Policy) -> Result<Exit, Failure> {
    let actions = match args.verb {
        Verb::Snapshot => reading(),
        Verb::Cost => reading().into_iter().chain(money()).collect(),
    };
    let mut statements = vec![json!({
        "Sid": "RacklensReads",
        "Effect": "Allow",
        "Action": actions,
        "Resource": "*",
    })];
    let states = args.tfstate.iter().map(object);
    let states = states.collect::<Result<BTreeSet<String>, Failure>>()?;
    if !states.is_empty() {
        statements.push(json!({
            "Sid": "RacklensReadsTerraformStates",
            "Effect": "Allow",
            "Action": state::OBJECT.action(),
            "Resource": states,
        }));
    }
    let reports: BTreeSet<String> = args.out.iter().map(below).collect::<Result<_, _>>()?;
    if !reports.is_empty() {
        statements.push(json!({
            "Sid": "RacklensWritesReports",
            "Effect": "Allow",
            "Action": store::OBJECT.action(),
            "Resource": reports,
        }));
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    ui::result(&text::json(&document))?;
    Ok(Exit::Fine)
}

/// The ARN of a state in a bucket.
fn object(place: &Place) -> Result<String, Failure> {
    match place {
        Place::S3 { bucket, key } => Ok(format!("arn:aws:s3:::{bucket}/{key}")),
        Place::File(_) => Err(Failure::new(
            Exit::Usage,
            format!("{place} is a file, for which AWS asks no leave"),
        )
        .hint("give s3://BUCKET/KEY, or leave --tfstate out")),
    }
}

/// The ARN of all that is put below a prefix.
fn below(out: &Out) -> Result<String, Failure> {
    match out {
        Out::Bucket { bucket, prefix } => Ok(format!("arn:aws:s3:::{bucket}/{prefix}*")),
        Out::Folder(it) => Err(Failure::new(
            Exit::Usage,
            format!("{} is a folder, for which AWS asks no leave", it.display()),
        )
        .hint("give s3://BUCKET/PREFIX, or leave --out out")),
    }
}

fn money() -> impl Iterator<Item = String> {
    money::CALLS.iter().map(|it| it.action())
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
        let mut actions: BTreeSet<String> = reading().into_iter().chain(money()).collect();
        actions.retain(|it| {
            let (_, name) = it.split_once(':').unwrap();
            !["Describe", "List", "Get", "Head"]
                .iter()
                .any(|verb| name.starts_with(verb))
        });
        assert!(actions.is_empty(), "{actions:?}");
    }

    #[test]
    fn a_state_is_allowed_by_itself_and_a_file_is_none() {
        let state = definition::place("s3://states/shop.tfstate").unwrap();
        assert_eq!(object(&state).unwrap(), "arn:aws:s3:::states/shop.tfstate");
        let file = definition::place("shop.tfstate").unwrap();
        assert_eq!(object(&file).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_place_for_reports_is_allowed_by_itself_and_only_below_its_prefix() {
        let arn = |it: &str| below(&report::out(it).unwrap());
        assert_eq!(arn("s3://r/a/b").unwrap(), "arn:aws:s3:::r/a/b/*");
        assert_eq!(arn("s3://r").unwrap(), "arn:aws:s3:::r/*");
        assert_eq!(arn("reports").unwrap_err().exit, Exit::Usage);
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
        let all = reading().into_iter().chain(money());
        let length: usize = all.map(|it| it.len() + 3).sum();
        assert!(length < 6144 - 200, "{length}");
    }
}
