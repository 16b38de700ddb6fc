//! The statements of a teardown's policy: who may be called, on what, and on whose behalf.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    by_stack,
    scope::{self, Scope},
};
use crate::{
    arn::pattern::{self, Home},
    aws::write,
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::{Act, Plan, Step},
    text,
};

/// When an action is allowed, beyond its resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    Always,
    /// In that region: for what can be allowed on everything or not at all.
    InRegion(String),
    /// In buckets of that account, which their ARNs do not tell.
    InAccount(String),
    /// For a function of these ARNs, by what reads for it.
    ForFunction(BTreeSet<String>),
    /// When CloudFormation asks, which deletes what a stack made and nothing else.
    ByCloudFormation,
    /// When a service asks in its caller's name.
    ByService,
}

impl When {
    fn condition(&self) -> Option<Value> {
        Some(match self {
            Self::Always => return None,
            Self::InRegion(region) => {
                json!({ "StringEquals": { "aws:RequestedRegion": region } })
            }
            Self::InAccount(account) => {
                json!({ "StringEquals": { "aws:ResourceAccount": account } })
            }
            Self::ForFunction(arns) => json!({ "ArnLike": { "lambda:FunctionArn": arns } }),
            Self::ByCloudFormation => json!({
                "ForAnyValue:StringEquals": { "aws:CalledVia": "cloudformation.amazonaws.com" }
            }),
            Self::ByService => json!({ "Bool": { "aws:ViaAWSService": "true" } }),
        })
    }

    /// How the statements of it are called.
    fn name(&self) -> &'static str {
        match self {
            Self::ByCloudFormation => "RacklensStacks",
            Self::ByService => "RacklensServices",
            Self::Always | Self::InRegion(_) | Self::InAccount(_) | Self::ForFunction(_) => {
                "RacklensTearsDown"
            }
        }
    }
}

/// What a service calls in its caller's name to do what it was told, and IAM's reference lists as
/// a dependent action or the service's manual as needed.
const BY_SERVICES: &[(Action, &str)] = &[
    (Action::DeleteCacheCluster, "ec2:DeleteNetworkInterface"),
    (Action::DeleteMountTarget, "ec2:DeleteNetworkInterface"),
    (Action::DeleteNamespace, "route53:DeleteHostedZone"),
    (Action::DeleteReplicationGroup, "ec2:DeleteNetworkInterface"),
    (Action::DeregisterInstance, "route53:DeleteHealthCheck"),
];

/// What IAM asks for besides the action of a call.
const BESIDES: &[(Action, &str)] = &[
    // Deleting a version of an object is another permission than deleting the object.
    (Action::DeleteObjects, "s3:DeleteObjectVersion"),
];

/// IAM's names for what an act asks for in its own name.
fn asked(action: Action) -> BTreeSet<String> {
    let besides = BESIDES.iter().filter(|it| it.0 == action);
    let besides = besides.map(|it| it.1.to_owned());
    let calls = write::changes(action).into_iter().map(|it| it.action());
    calls.chain(besides).collect()
}

/// One action, where it is allowed and when.
struct Grant {
    action: String,
    on: BTreeSet<String>,
    when: When,
}

/// What any teardown may do in an account and a region.
pub(super) fn any(home: &Home<'_>) -> Vec<Value> {
    let direct: BTreeSet<String> = Action::ALL.iter().flat_map(|it| asked(*it)).collect();
    let services = BY_SERVICES.iter().map(|it| it.1.to_owned());
    let services = services.filter(|it| !direct.contains(it));
    let services: Vec<Grant> = services
        .map(|it| everywhere(it, home, Some(When::ByService)))
        .collect();
    let stacks = stacks(home).into_iter();
    let stacks = stacks.filter(|it| !direct.contains(&it.action));
    let direct = direct.iter().map(|it| everywhere(it.clone(), home, None));
    by_services(direct.chain(stacks).chain(services).collect())
}

/// What one plan does, on what it deletes.
pub(super) fn of_plan(plan: &Plan, home: &Home<'_>) -> Vec<Value> {
    let acts = || {
        let steps = plan.steps.iter();
        steps.flat_map(|step| step.acts.iter().map(move |act| (step, act)))
    };
    let mut direct: BTreeMap<(String, When), BTreeSet<String>> = BTreeMap::new();
    for (step, act) in acts() {
        let own = own(step, act, home);
        for action in asked(act.action).into_iter().chain(last_copy(act)) {
            let when = match scope::of(&action) {
                Scope::Every => in_region(home),
                Scope::On(_) => for_function(act, &own),
            };
            let on = direct.entry((action.clone(), when)).or_default();
            on.extend(narrowed(&action, &own, home));
        }
        let services = BY_SERVICES.iter().filter(|it| it.0 == act.action);
        for (_, action) in services {
            let taken = step.covers.iter().flat_map(|it| pattern::of(it, home));
            let taken: Vec<String> = taken.collect();
            let key = ((*action).to_owned(), When::ByService);
            let on = direct.entry(key).or_default();
            on.extend(narrowed(action, &taken, home));
        }
    }
    let direct = direct
        .into_iter()
        .map(|((action, when), on)| Grant { action, on, when });
    let mut statements = by_resources(direct.collect());
    if acts().any(|it| it.1.action == Action::DeleteStack) {
        statements.extend(by_services(stacks(home)));
    }
    statements
}

/// RDS asks for the leave to make a copy where it makes one more as it deletes.
fn last_copy(act: &Act) -> Option<String> {
    const COPIES: &[(Action, &str)] = &[
        (Action::DeleteDBInstance, "rds:CreateDBSnapshot"),
        (Action::DeleteDBCluster, "rds:CreateDBClusterSnapshot"),
    ];
    let copies = act.with.contains_key("FinalDBSnapshotIdentifier");
    let copy = COPIES.iter().find(|it| copies && it.0 == act.action);
    copy.map(|it| it.1.to_owned())
}

/// What CloudFormation may do to delete what stacks made.
fn stacks(home: &Home<'_>) -> Vec<Grant> {
    let actions = by_stack::ACTIONS.iter().flat_map(|it| it.1);
    let actions: BTreeSet<&str> = actions.copied().collect();
    let grants = actions.into_iter();
    let grants = grants.map(|it| everywhere(it.to_owned(), home, Some(When::ByCloudFormation)));
    grants.collect()
}

/// An action on all that it can be allowed on in an account and a region.
fn everywhere(action: String, home: &Home<'_>, when: Option<When>) -> Grant {
    let scope = scope::of(&action);
    let told = home.account != "*" && action.starts_with("s3:");
    let when = when.unwrap_or_else(|| match scope {
        Scope::Every => in_region(home),
        Scope::On(_) if told => When::InAccount(home.account.to_owned()),
        Scope::On(_) => When::Always,
    });
    let on = match scope {
        Scope::Every => BTreeSet::from(["*".to_owned()]),
        Scope::On(forms) => forms.iter().map(|it| home.arn(it)).collect(),
    };
    Grant { action, on, when }
}

fn in_region(home: &Home<'_>) -> When {
    if home.region == "*" {
        return When::Always;
    }
    When::InRegion(home.region.to_owned())
}

/// The mappings of a function have ids of their own, which no plan knows.
fn for_function(act: &Act, own: &[String]) -> When {
    if act.action != Action::DeleteEventSourceMapping {
        return When::Always;
    }
    // A mapping may be of the function, or of a version or an alias of it.
    let arns = own.iter().flat_map(|it| [it.clone(), format!("{it}:*")]);
    When::ForFunction(arns.collect())
}

/// The ARNs of what an act touches: of its resource, and of the copy that it makes.
fn own(step: &Step, act: &Act, home: &Home<'_>) -> Vec<String> {
    // IAM asks about the cluster that the machine is registered with.
    let cluster = act.on.key.split_once('/').map(|it| it.0);
    let cluster = cluster.filter(|_| act.action == Action::DeregisterContainerInstance);
    let cluster = cluster.map(|it| ResourceId::new(Kind::Cluster, it));
    let id = cluster.unwrap_or_else(|| act.on.clone());
    // What AWS itself said is exact. But of a log group policies know two forms, and of what ECS
    // gave a short ARN they ask about the long one, with the cluster, all the same:
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-supported-iam-actions-resources.html
    const OTHERWISE: [Kind; 4] = [
        Kind::ContainerInstance,
        Kind::LogGroup,
        Kind::Service,
        Kind::Task,
    ];
    let exact = step.arn.as_deref().map(pattern::literal);
    let exact = exact.filter(|_| id == step.resource && !OTHERWISE.contains(&id.kind));
    let stack = act.with.get("StackName").map(|it| pattern::literal(it));
    let mut arns = match exact.or(stack) {
        Some(it) => vec![it],
        None => pattern::of(&id, home),
    };
    if id.kind == Kind::Bucket {
        arns.extend(pattern::of(&id, home).iter().map(|it| format!("{it}/*")));
    }
    for (parameter, name) in &act.with {
        let name = pattern::literal(name);
        let copy = match (parameter.as_str(), id.kind) {
            ("SnapshotName", _) => format!("elasticache:{{r}}:{{a}}:snapshot:{name}"),
            ("DBSnapshotIdentifier" | "FinalDBSnapshotIdentifier", Kind::DbInstance) => {
                format!("rds:{{r}}:{{a}}:snapshot:{name}")
            }
            ("DBClusterSnapshotIdentifier" | "FinalDBSnapshotIdentifier", Kind::DbCluster) => {
                format!("rds:{{r}}:{{a}}:cluster-snapshot:{name}")
            }
            _ => continue,
        };
        arns.push(home.arn(&copy));
    }
    arns
}

/// An action on these ARNs, each of its resource types that is among them; on all of a type that
/// is not.
fn narrowed(action: &str, own: &[String], home: &Home<'_>) -> BTreeSet<String> {
    let Scope::On(forms) = scope::of(action) else {
        return BTreeSet::from(["*".to_owned()]);
    };
    let of_form = |form: &&'static str| {
        let form = home.arn(form);
        // What is in a bucket has an ARN that looks like a bucket's.
        let within = form.ends_with("/*");
        let fits = |it: &&String| {
            text::glob(&form, it) && (!form.contains(":s3:::") || it.ends_with("/*") == within)
        };
        let found: Vec<String> = own.iter().filter(fits).cloned().collect();
        if found.is_empty() { vec![form] } else { found }
    };
    // Which of two caches or balancers it is about is known: the other form is not needed.
    let forms = forms.iter().filter(|form| {
        let either = [
            "elasticache:{r}:{a}:cluster:*",
            "elasticache:{r}:{a}:replicationgroup:*",
        ];
        let told = own.iter().any(|it| {
            let mut either = either.iter().filter(|it| *it != *form);
            either.any(|other| text::glob(&home.arn(other), it))
        });
        !(either.contains(form) && told)
    });
    forms.flat_map(of_form).collect()
}

/// Statements of whole resource types: one for each service.
fn by_services(grants: Vec<Grant>) -> Vec<Value> {
    grouped(grants, |it| {
        let (service, _) = it.action.split_once(':').unwrap_or(("", ""));
        let every = it.on.contains("*");
        vec![if every { "*" } else { service }.to_owned()]
    })
}

/// Statements of single resources: one for all that is allowed on the same ones.
fn by_resources(grants: Vec<Grant>) -> Vec<Value> {
    grouped(grants, |it| it.on.iter().cloned().collect())
}

fn grouped(grants: Vec<Grant>, by: impl Fn(&Grant) -> Vec<String>) -> Vec<Value> {
    type Group = (BTreeSet<String>, BTreeSet<String>);
    let mut groups: BTreeMap<(When, Vec<String>), Group> = BTreeMap::new();
    for grant in grants {
        let key = (grant.when.clone(), by(&grant));
        let (actions, on) = groups.entry(key).or_default();
        actions.insert(grant.action);
        on.extend(grant.on);
    }
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut statements = Vec::new();
    for ((when, _), (actions, on)) in &groups {
        let number = numbers.entry(when.name()).or_default();
        *number += 1;
        statements.push(statement(
            &format!("{}{number}", when.name()),
            actions,
            on,
            when.condition(),
        ));
    }
    statements
}

/// A statement that allows these actions on these resources.
pub(super) fn statement(
    sid: &str,
    actions: &BTreeSet<String>,
    on: &BTreeSet<String>,
    when: Option<Value>,
) -> Value {
    let mut statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": on,
    });
    if let (Some(when), Some(fields)) = (when, statement.as_object_mut()) {
        fields.insert("Condition".to_owned(), when);
    }
    statement
}
