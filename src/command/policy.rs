//! `policy`: the least that an identity must be allowed, made from the list of calls.

use std::{collections::BTreeSet, path::PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    definition::{self, Place},
    report::{self, Out},
    teardown,
};
use crate::{
    arn::pattern::{self, Home},
    aws::{money, read, state, store, write},
    failure::{Exit, Failure},
    removal::Action,
    teardown::Plan,
    text, ui,
};

mod by_stack;
mod grant;
mod pages;
mod scope;

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
    /// The one account in which a teardown may change anything, twelve digits
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<String>,
    /// Allow no more than this teardown plan does, on what it deletes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["region", "account"])]
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
            vec![allowed("RacklensReads", &all)]
        }
        Verb::Cost => {
            let both = reading().into_iter().chain(money()).collect();
            vec![allowed("RacklensReads", &both)]
        }
        Verb::Teardown => {
            ui::note("it needs what `racklens policy --for snapshot` prints, too");
            match &args.plan {
                Some(path) => of_plan(&teardown::read_plan(path)?),
                None => tearing_down(args.region.as_deref(), args.account.as_deref()),
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
    let documents = pages::of(statements);
    if documents.len() > 1 {
        ui::note(&format!(
            "these are {} documents, because AWS takes {} characters in one managed policy: make a \
             policy of each and attach them all",
            documents.len(),
            pages::LIMIT
        ));
    }
    let documents: String = documents.iter().map(text::json).collect();
    ui::result(&documents)?;
    Ok(Exit::Fine)
}

/// The calls of a teardown that only look, and that reading does not make.
fn looks(acts: &BTreeSet<Action>) -> Option<Value> {
    let read = reading();
    let changes = acts.iter().flat_map(|it| write::changes(*it));
    let changes: BTreeSet<String> = changes.map(|it| it.action()).collect();
    let looks: BTreeSet<String> = write::calls_of(acts)
        .iter()
        .filter(|it| **it != read::IDENTITY)
        .map(crate::aws::Call::action)
        .filter(|it| !changes.contains(it) && !read.contains(it))
        .collect();
    // IAM takes no statement without an action.
    (!looks.is_empty()).then(|| allowed("RacklensLooks", &looks))
}

/// What any teardown does, in a region and an account where they are told.
fn tearing_down(region: Option<&str>, account: Option<&str>) -> Vec<Value> {
    let home = Home {
        partition: region.map_or("aws", pattern::partition),
        region: region.unwrap_or("*"),
        account: account.unwrap_or("*"),
    };
    let acts = Action::ALL.iter().copied().collect();
    let looks = looks(&acts).into_iter();
    grant::any(&home).into_iter().chain(looks).collect()
}

/// What one plan does and no more.
fn of_plan(plan: &Plan) -> Vec<Value> {
    let home = Home {
        partition: pattern::partition(&plan.region),
        region: &plan.region,
        account: &plan.account,
    };
    let acts = plan.steps.iter().flat_map(|it| &it.acts);
    let looks = looks(&acts.map(|it| it.action).collect()).into_iter();
    grant::of_plan(plan, &home)
        .into_iter()
        .chain(looks)
        .collect()
}

/// A statement that allows these everywhere: what only reads.
fn allowed(sid: &str, actions: &BTreeSet<String>) -> Value {
    grant::statement(sid, actions, &BTreeSet::from(["*".to_owned()]), None)
}

fn account(text: &str) -> Result<String, String> {
    if text::is_account(text) {
        Ok(text.to_owned())
    } else {
        Err("an account has twelve digits".to_owned())
    }
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
        id::ResourceId,
        kind::{AsKind as _, Kind, stack::Stack},
        snapshot::{Resource, Snapshot},
        testing,
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

    /// The actions of a statement.
    fn actions(statement: &Value) -> Vec<&str> {
        texts(&statement["Action"])
    }

    fn texts(list: &Value) -> Vec<&str> {
        let list = list.as_array().unwrap();
        list.iter().filter_map(Value::as_str).collect()
    }

    /// Whether IAM would let a call through that somebody makes himself, on one resource.
    fn allows(statements: &[Value], action: &str, arn: &str) -> bool {
        statements.iter().any(|it| {
            let condition = it["Condition"].to_string();
            let himself = !condition.contains("Via");
            let on = texts(&it["Resource"]);
            himself && actions(it).contains(&action) && on.iter().any(|on| text::glob(on, arn))
        })
    }

    /// Whether somebody may make it himself on anything at all.
    fn everywhere(statements: &[Value], action: &str) -> bool {
        let of = statements.iter().filter(|it| actions(it).contains(&action));
        of.into_iter()
            .any(|it| texts(&it["Resource"]).contains(&"*"))
    }

    const SAMPLES: &[(&str, &str)] = &[
        (
            "karim-test",
            include_str!("../../samples/karim-test/snapshot.json"),
        ),
        (
            "karim-staging",
            include_str!("../../samples/karim-staging/snapshot.json"),
        ),
        (
            "ecs-cluster",
            include_str!("../../samples/ecs-cluster/snapshot.json"),
        ),
        (
            "ecstest",
            include_str!("../../samples/ecstest/snapshot.json"),
        ),
        (
            "cruddur",
            include_str!("../../samples/cruddur/snapshot.json"),
        ),
    ];

    /// The snapshot of each sample with the plan that takes everything.
    fn plans() -> Vec<(&'static str, Snapshot, Plan)> {
        let plans = SAMPLES.iter().map(|(name, json)| {
            let snapshot = Snapshot::parse(json.as_bytes()).unwrap();
            let plan = testing::planned(&snapshot, &testing::all());
            (*name, snapshot, plan)
        });
        plans.collect()
    }

    /// The ARN by which IAM asks about a resource: the one that AWS gave it, told by the snapshot,
    /// or by IAM's reference for a type of which AWS tells none in its answers, or one without
    /// the cluster.
    fn arn(resource: &Resource) -> Option<String> {
        let key = &resource.id.key;
        let short = resource.id.kind == Kind::Service;
        let told = resource.arn.clone().filter(|_| !short);
        const HEADS: &[(Kind, &str)] = &[
            (
                Kind::ClassicLoadBalancer,
                "elasticloadbalancing:T:loadbalancer/",
            ),
            (Kind::Bucket, "s3:::"),
            (Kind::HostedZone, "route53:::hostedzone/"),
            (Kind::Table, "dynamodb:T:table/"),
            (Kind::Queue, "sqs:T:"),
            (Kind::NatGateway, "ec2:T:natgateway/"),
            (Kind::ElasticIp, "ec2:T:elastic-ip/"),
            (Kind::Instance, "ec2:T:instance/"),
            (Kind::InternetGateway, "ec2:T:internet-gateway/"),
            (Kind::KeyPair, "ec2:T:key-pair/"),
            (Kind::LaunchTemplate, "ec2:T:launch-template/"),
            (Kind::NetworkAcl, "ec2:T:network-acl/"),
            (Kind::NetworkInterface, "ec2:T:network-interface/"),
            (Kind::RouteTable, "ec2:T:route-table/"),
            (Kind::Service, "ecs:T:service/"),
            (Kind::Volume, "ec2:T:volume/"),
            (Kind::Vpc, "ec2:T:vpc/"),
            (Kind::VpcEndpoint, "ec2:T:vpc-endpoint/"),
        ];
        told.or_else(|| {
            let head = HEADS.iter().find(|it| it.0 == resource.id.kind)?.1;
            let head = head.replace(":T:", ":us-east-1:123456789012:");
            Some(format!("arn:aws:{head}{key}"))
        })
    }

    #[test]
    fn every_action_of_a_teardown_says_on_what_it_can_be_allowed() {
        let mut every = Vec::new();
        for statement in tearing_down(None, None) {
            if statement["Sid"] == "RacklensLooks" {
                continue;
            }
            for action in actions(&statement) {
                assert!(scope::SCOPES.iter().any(|it| it.0 == action), "{action}");
                if texts(&statement["Resource"]).contains(&"*") {
                    every.push(action.to_owned());
                }
            }
        }
        assert_eq!(every, ["ecs:DeregisterTaskDefinition", "sns:Unsubscribe"]);
        let all = tearing_down(None, None);
        let all: BTreeSet<&str> = all.iter().flat_map(actions).collect();
        for (action, _) in scope::SCOPES {
            assert!(all.contains(action), "{action} is never asked for");
        }
    }

    #[test]
    fn no_document_is_longer_than_aws_takes() {
        let money = allowed("M", &reading().into_iter().chain(money()).collect());
        assert_eq!(pages::of(vec![money]).len(), 1);
        let mut all = vec![tearing_down(Some("ap-southeast-1"), Some("123456789012"))];
        all.extend(plans().iter().map(|it| of_plan(&it.2)));
        for statements in all {
            let count = statements.len();
            let pages = pages::of(statements);
            // A role takes ten, unless its quota was raised.
            assert!(pages.len() < 8, "{} documents", pages.len());
            let told: usize = pages
                .iter()
                .map(|it| it["Statement"].as_array().unwrap().len())
                .sum();
            assert!(told >= count);
            for page in pages {
                assert!(pages::size(&page) <= pages::LIMIT);
            }
        }
    }

    #[test]
    fn the_policy_of_a_plan_lets_each_of_its_calls_through_and_none_on_a_neighbour() {
        let mut neighbours = 0;
        for (name, snapshot, plan) in plans() {
            let statements = of_plan(&plan);
            let find = |id: &ResourceId| snapshot.resources.iter().find(|it| it.id == *id).unwrap();
            let mut judged = BTreeSet::new();
            for step in &plan.steps {
                for act in &step.acts {
                    for action in write::changes(act.action) {
                        let action = action.action();
                        // Its id is another than that of the function.
                        if action == "lambda:DeleteEventSourceMapping" {
                            continue;
                        }
                        let machine = act.action == Action::DeregisterContainerInstance;
                        let cluster = act.on.key.split_once('/').filter(|_| machine);
                        let cluster = cluster.map(|it| ResourceId::new(Kind::Cluster, it.0));
                        let resource = find(cluster.as_ref().unwrap_or(&act.on));
                        let Some(mut arn) = arn(resource) else {
                            assert_eq!(act.on.kind, Kind::MountTarget, "{name} {}", act.on);
                            continue;
                        };
                        if ["s3:DeleteObject", "s3:AbortMultipartUpload"].contains(&action.as_str())
                        {
                            arn.push_str("/a/file");
                        }
                        assert!(allows(&statements, &action, &arn), "{name} {action} {arn}");
                        judged.insert((action, act.on.kind));
                    }
                }
            }
            let goes = plan.goes();
            for (action, kind) in &judged {
                if everywhere(&statements, action) {
                    assert_eq!(action, "ecs:DeregisterTaskDefinition");
                    continue;
                }
                // What a subnet gets instead is no part of the plan.
                if action == "ec2:ReplaceNetworkAclAssociation" {
                    continue;
                }
                let of_kind = snapshot.resources.iter().filter(|it| it.id.kind == *kind);
                for resource in of_kind.filter(|it| !goes.contains(&it.id)) {
                    let touched = plan.steps.iter().any(|it| it.resource == resource.id);
                    if let Some(arn) = arn(resource).filter(|_| !touched) {
                        assert!(!allows(&statements, action, &arn), "{name} {action} {arn}");
                        neighbours += 1;
                    }
                }
            }
        }
        assert!(neighbours > 50, "{neighbours}");
    }

    #[test]
    fn a_service_with_a_short_arn_is_allowed_by_its_long_one() {
        let plans = plans();
        let (_, snapshot, plan) = plans.iter().find(|it| it.0 == "ecs-cluster").unwrap();
        let mut resources = snapshot.resources.iter();
        let service = resources.find(|it| it.id.kind == Kind::Service).unwrap();
        let short = service.arn.as_deref().unwrap();
        assert!(!short.contains(&service.id.key), "{short}");
        let allowed = of_plan(plan);
        assert!(!allows(&allowed, "ecs:DeleteService", short));
        let long = arn(service).unwrap();
        assert!(allows(&allowed, "ecs:DeleteService", &long), "{long}");
    }

    #[test]
    fn what_cloudformation_does_nobody_may_do_himself() {
        let plans = plans();
        let (_, _, plan) = plans.iter().find(|it| it.0 == "karim-test").unwrap();
        let statements = of_plan(plan);
        let by_stack = statements.iter().filter(|it| {
            let when = &it["Condition"]["ForAnyValue:StringEquals"];
            when["aws:CalledVia"] == "cloudformation.amazonaws.com"
        });
        let by_stack: BTreeSet<&str> = by_stack.flat_map(actions).collect();
        assert!(by_stack.contains("ec2:DeleteVpc") && by_stack.contains("ec2:DeleteRoute"));
        let vpc = "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1";
        assert!(!allows(&statements, "ec2:DeleteVpc", vpc));
    }

    #[test]
    fn a_policy_without_a_plan_holds_for_one_account_and_one_region() {
        let statements = tearing_down(Some("cn-north-1"), Some("123456789012"));
        for statement in &statements {
            if statement["Sid"] == "RacklensLooks" {
                continue;
            }
            for on in texts(&statement["Resource"]) {
                assert!(on == "*" || on.starts_with("arn:aws-cn:"), "{on}");
                let told = on.contains("123456789012")
                    || ["*", "arn:aws-cn:ec2:cn-north-1::snapshot/*"].contains(&on)
                    || on.contains(":route53:")
                    || on.contains(":s3:");
                assert!(told, "{on}");
                if on == "*" {
                    let when = statement["Condition"].to_string();
                    let bound = when.contains("cn-north-1") || when.contains("CalledVia");
                    assert!(bound, "{statement}");
                }
                if on.contains(":s3:") {
                    assert!(
                        statement["Condition"]
                            .to_string()
                            .contains("aws:ResourceAccount")
                    );
                }
            }
        }
        assert_eq!(
            account("12345"),
            Err("an account has twelve digits".to_owned())
        );
    }

    #[test]
    fn a_teardown_looks_without_changing() {
        let statements = tearing_down(Some("eu-west-1"), None);
        let looks = statements.iter().find(|it| it["Sid"] == "RacklensLooks");
        for action in actions(looks.unwrap()) {
            let (_, name) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List"];
            assert!(reads.iter().any(|it| name.starts_with(it)), "{action}");
        }
    }

    #[test]
    fn a_teardown_may_do_whatever_cloudformation_does_with_the_callers_permissions() {
        let statements = tearing_down(None, None);
        let allowed: BTreeSet<&str> = statements.iter().flat_map(actions).collect();
        for (kind, needed) in by_stack::ACTIONS {
            for action in *needed {
                assert!(allowed.contains(action), "{kind} {action}");
            }
        }
        // Every type that a stack of the samples is made of.
        for (_, json) in SAMPLES {
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
    fn a_teardown_never_tags_creates_or_reads_what_is_secret() {
        let statements = tearing_down(None, None);
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
