//! `policy`: the least that an identity must be allowed, made from the list of calls.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    definition::{self, Place},
    report::{self, Out},
};
use crate::{
    aws::{money, read, state, store, write},
    failure::{Exit, Failure},
    removal::Action,
    text, ui,
};

mod by_stack;

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
    /// The one region in which a teardown may change anything
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Allow no more than this teardown plan does, in its own region
    #[arg(long, value_name = "FILE", conflicts_with = "region")]
    plan: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verb {
    /// Reading: snapshot, racks, show, audit and report, with what the account says of its free tier
    Snapshot,
    /// The same, with all that may be asked about money: --prices live, --usage, --actual
    Cost,
    /// Running a teardown plan; reading is a policy of its own, which it needs besides
    Teardown,
}

pub fn run(args: &Policy) -> Result<Exit, Failure> {
    let mut statements = match args.verb {
        Verb::Snapshot => {
            let of_account = money::OF_THE_ACCOUNT.iter().map(|it| it.action());
            let all = reading().into_iter().chain(of_account).collect();
            vec![statement("RacklensReads", &all, None)]
        }
        Verb::Cost => {
            let both = reading().into_iter().chain(money()).collect();
            vec![statement("RacklensReads", &both, None)]
        }
        Verb::Teardown => {
            ui::note("it needs what `racklens policy --for snapshot` prints, too");
            match &args.plan {
                Some(path) => plan(path)?,
                None => tearing_down(args.region.as_deref()),
            }
        }
    };
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

/// A statement that allows these, in that region only where one is named.
fn statement(sid: &str, actions: &BTreeSet<String>, region: Option<&str>) -> Value {
    let mut statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": "*",
    });
    if let (Some(region), Some(fields)) = (region, statement.as_object_mut()) {
        let condition = json!({ "StringEquals": { "aws:RequestedRegion": region } });
        fields.insert("Condition".to_owned(), condition);
    }
    statement
}

/// What IAM asks for besides the action of a call that a teardown makes.
const BESIDES: &[(Action, &str)] = &[
    // Deleting a version of an object is another permission than deleting the object.
    (Action::DeleteObjects, "s3:DeleteObjectVersion"),
    // Cloud Map asks with the caller's permissions.
    (Action::DeleteNamespace, "route53:DeleteHostedZone"),
    (Action::DeregisterInstance, "route53:DeleteHealthCheck"),
    // EFS and Lambda take their interfaces away with the caller's permissions.
    (Action::DeleteMountTarget, "ec2:DeleteNetworkInterface"),
];

/// Services without regions: a condition on the region would shut them out.
const GLOBAL: &[&str] = &["iam:", "route53:"];

/// The calls of a teardown that reading does not make, those that change something apart from
/// those that look.
fn tearing_down(region: Option<&str>) -> Vec<Value> {
    allowing(&Action::ALL.iter().copied().collect(), region)
}

/// What one plan does and no more.
fn plan(path: &Path) -> Result<Vec<Value>, Failure> {
    let plan = crate::command::teardown::read_plan(path)?;
    let acts = plan.steps.iter().flat_map(|it| &it.acts);
    let region = Some(plan.region.as_str());
    Ok(allowing(&acts.map(|it| it.action).collect(), region))
}

fn allowing(acts: &BTreeSet<Action>, region: Option<&str>) -> Vec<Value> {
    let besides = BESIDES.iter().filter(|it| acts.contains(&it.0));
    let by_stacks = by_stack::ACTIONS.iter().flat_map(|it| it.1);
    let by_stacks = by_stacks.filter(|_| acts.contains(&Action::DeleteStack));
    let changes: BTreeSet<String> = acts
        .iter()
        .flat_map(|it| write::changes(*it))
        .map(|it| it.action())
        .chain(besides.map(|it| it.1.to_owned()))
        .chain(by_stacks.map(|it| (*it).to_owned()))
        .collect();
    let read = reading();
    let looks: BTreeSet<String> = write::calls_of(acts)
        .iter()
        .filter(|it| **it != read::IDENTITY)
        .map(crate::aws::Call::action)
        .filter(|it| !changes.contains(it) && !read.contains(it))
        .collect();
    let is_global = |it: &String| GLOBAL.iter().any(|global| it.starts_with(global));
    let (global, regional): (BTreeSet<String>, BTreeSet<String>) =
        changes.into_iter().partition(is_global);
    let all = [
        ("RacklensTearsDown", regional, region),
        ("RacklensTearsDownWhatHasNoRegion", global, None),
        ("RacklensLooks", looks, None),
    ];
    // IAM takes no statement without an action.
    let some = all.iter().filter(|it| !it.1.is_empty());
    some.map(|(sid, actions, region)| statement(sid, actions, *region))
        .collect()
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
    use crate::{
        kind::{AsKind as _, stack::Stack},
        snapshot::Snapshot,
    };

    #[test]
    fn every_action_only_reads() {
        let mut actions: BTreeSet<String> = reading().into_iter().chain(money()).collect();
        actions.retain(|it| {
            let (_, name) = it.split_once(':').unwrap();
            !["Describe", "List", "Get", "Head", "View"]
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
        let length = json!(tearing_down(Some("ap-southeast-1")))
            .to_string()
            .len();
        assert!(length < 6144 - 100, "{length}");
    }

    /// The actions of a statement.
    fn actions(statement: &Value) -> Vec<&str> {
        let actions = statement["Action"].as_array().unwrap();
        actions.iter().filter_map(Value::as_str).collect()
    }

    #[test]
    fn a_teardown_looks_without_changing_and_changes_only_in_its_region() {
        let statements = tearing_down(Some("eu-west-1"));
        let [regional, global, looks] = &statements[..] else {
            panic!("{statements:?}")
        };
        let region = &regional["Condition"]["StringEquals"]["aws:RequestedRegion"];
        assert_eq!(region, "eu-west-1");
        assert!(actions(regional).contains(&"ec2:DeleteVpc"));
        assert!(actions(regional).contains(&"s3:DeleteObjectVersion"));
        assert!(actions(global).contains(&"iam:DeleteRole"));
        assert!(global.get("Condition").is_none());
        for action in actions(looks) {
            let (_, name) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List"];
            assert!(reads.iter().any(|it| name.starts_with(it)), "{action}");
        }
    }

    #[test]
    fn a_teardown_may_do_whatever_cloudformation_does_with_the_callers_permissions() {
        let statements = tearing_down(None);
        let allowed: BTreeSet<&str> = statements.iter().flat_map(actions).collect();
        for (kind, needed) in by_stack::ACTIONS {
            for action in *needed {
                assert!(allowed.contains(action), "{kind} {action}");
            }
        }
        // Every type that a stack of the samples is made of.
        for json in [
            include_str!("../../samples/karim-test/snapshot.json"),
            include_str!("../../samples/karim-staging/snapshot.json"),
            include_str!("../../samples/ecs-cluster/snapshot.json"),
        ] {
            let snapshot = Snapshot::parse(json.as_bytes()).unwrap();
            let stacks = snapshot.resources.iter();
            let stacks = stacks.filter_map(|it| Stack::of(&it.attrs));
            for member in stacks.flat_map(|it| it.members.known().into_iter().flatten()) {
                let kind = member.cloudformation.as_str();
                let known = by_stack::ACTIONS.iter().any(|it| it.0 == kind);
                assert!(known || kind.starts_with("Custom::"), "{kind}");
            }
        }
    }

    #[test]
    fn a_policy_for_one_plan_allows_what_that_does_and_no_more() {
        let only = |acts: &[Action]| {
            let statements = allowing(&acts.iter().copied().collect(), Some("us-east-1"));
            let regional = statements.first().map(actions).unwrap_or_default();
            regional
                .iter()
                .map(|it| (*it).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(only(&[Action::DeleteVpc]), ["ec2:DeleteVpc"]);
        let emptied = ["s3:DeleteObject", "s3:DeleteObjectVersion"];
        assert_eq!(only(&[Action::DeleteObjects]), emptied);
        assert!(only(&[Action::DeleteStack]).contains(&"ec2:DeleteRoute".to_owned()));
    }

    #[test]
    fn a_teardown_never_tags_creates_or_reads_what_is_secret() {
        let statements = tearing_down(None);
        for action in statements.iter().flat_map(actions) {
            let (_, name) = action.split_once(':').unwrap();
            assert!(!name.contains("Tag"), "{action}");
            assert_ne!(action, "s3:GetObject");
            assert_ne!(action, "secretsmanager:GetSecretValue");
            let creates = name.starts_with("Create") && !name.contains("Snapshot");
            assert!(!creates || action == "dynamodb:CreateBackup", "{action}");
        }
    }
}
