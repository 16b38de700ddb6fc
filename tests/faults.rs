//! Reading is honest: whatever AWS does to a call, what is not known is never taken for nothing.
//!
//! A rack is recorded once. Then it is read again and again, each time with one fault in one
//! call, and compared with the healthy reading: nothing may be otherwise, what is less must have
//! its gap, and no rule may be content that was not content before.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, OnceLock},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use jiff::Timestamp;
use racklens::{
    aws::{
        Aws,
        read::{self, Source},
    },
    belonging::{self, Class},
    graph::Graph,
    id::ResourceId,
    kind::Kind,
    rack::{self, NoSuchRack},
    rule::{self, Case, Run, Status},
    snapshot::{FORMAT, Gap, Gaps, Money, Origin, Reason, Snapshot},
};
use serde_json::Value;

use crate::support::{
    emulator::Emulator,
    recorded::{Answer, Asked, Deed, Desk, Plan, Recorded, Wire},
    tree::{Leaf, Tree},
};

/// What is recorded: racks of `tests/emulator/racks` that stand in one account, and the name of
/// the one that is read. A call is tried on the first that makes it.
const RACKS: &[(&[&str], &str)] = &[
    (&["karim_test", "neighbours"], "karim-test"),
    (&["karim_test", "karim_staging"], "karim-staging"),
    (&["cruddur"], "cruddur"),
    (&["ecstest"], "ECSTEST"),
];

/// Calls that no recorded rack makes, and why.
const UNREACHED: &[(&str, &str)] = &[
    ("ec2:DescribeRegions", "not part of reading a rack"),
    (
        "ec2:DescribeVpcBlockPublicAccessExclusions",
        "only asked where an account blocks public access: `vpc` tests it",
    ),
    (
        "ecs:ListTaskDefinitions",
        "only asked of families at a hundredth revision: `task_definition` tests it",
    ),
    (
        "elb:DescribeLoadBalancerPolicies",
        "only asked of those that end TLS: `classic_load_balancer` tests it",
    ),
    (
        "iam:ListServerCertificates",
        "only asked where a listener has a certificate of IAM's: `listener` tests it",
    ),
    (
        "rds:DescribeDBClusterSnapshotAttributes",
        "only asked of clusters that are not encrypted: `db_cluster` tests it",
    ),
    (
        "rds:DescribeDBSnapshotAttributes",
        "only asked of databases that are not encrypted: `db_instance` tests it",
    ),
    (
        "s3:GetBucketLocation",
        "only asked where a listing leaves a bucket's region out, which S3 does not: `bucket` tests it",
    ),
    (
        "sts:GetCallerIdentity",
        "its failure ends a run, as it must",
    ),
];

/// Calls that AWS answers on one page, and one of whose pages is enough; and CloudWatch's, which are
/// written in CBOR, so that no page of theirs can be planted here: `alarm` tests its own.
const ON_ONE_PAGE: &[&str] = &[
    "acm:DescribeCertificate",
    "acm:ListTagsForCertificate",
    "cloudformation:GetTemplate",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListTagsForResource",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "ec2:DescribeAddresses",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeVpcBlockPublicAccessOptions",
    "ec2:GetEbsEncryptionByDefault",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRegistryScanningConfiguration",
    "ecr:GetRepositoryPolicy",
    "ecs:DescribeClusters",
    "ecs:DescribeContainerInstances",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "efs:DescribeBackupPolicy",
    "elasticache:ListTagsForResource",
    "elb:DescribeInstanceHealth",
    "elb:DescribeLoadBalancerAttributes",
    "elb:DescribeTags",
    "elbv2:DescribeLoadBalancerAttributes",
    "elbv2:DescribeSSLPolicies",
    "elbv2:DescribeTags",
    "elbv2:DescribeTargetHealth",
    "events:ListTagsForResource",
    "iam:GetPolicyVersion",
    "kms:DescribeKey",
    "lambda:ListTags",
    "rds:ListTagsForResource",
    "route53:GetHostedZone",
    "route53:ListTagsForResources",
    "s3:GetBucketAcl",
    "s3:GetBucketEncryption",
    "s3:GetBucketLifecycleConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketReplication",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetObjectLockConfiguration",
    "s3:GetPublicAccessBlock",
    "s3:ListMultipartUploads",
    "s3:ListObjectVersions",
    "s3:ListObjectsV2",
    "s3control:GetPublicAccessBlock",
    "scheduler:GetSchedule",
    "servicediscovery:ListTagsForResource",
    "sns:GetTopicAttributes",
    "sqs:GetQueueAttributes",
    "ssm:ListTagsForResource",
];

/// What AWS itself leaves out to say something.
const SAID_BY_SILENCE: &[(&str, &str, &str)] = &[
    (
        "cloudformation:ListStackResources",
        "PhysicalResourceId",
        "it is not made yet",
    ),
    (
        "efs:DescribeMountTargets",
        "NetworkInterfaceId",
        "it has none yet",
    ),
    (
        "s3:GetBucketVersioning",
        "Status",
        "versioning was never switched on",
    ),
];

/// Calls, or parts of their names, that add to a list of which some is known without them: that
/// there may be more is told by their gap alone.
const ADDS: &[&str] = &[
    "Tag",
    "elbv2:DescribeListenerCertificates",
    "resourcegroupstaggingapi:GetResources",
];

/// Whose account the emulator is.
const ACCOUNT: &str = "123456789012";

/// A value that no version of the SDK knows.
const NEW: &str = "brand-new-value";

/// A rack, and how it is read where all is well.
struct Scene {
    rack: &'static str,
    recorded: Recorded,
    healthy: Reading,
    /// One request of each kind that was made, by call.
    asked: BTreeMap<String, Vec<Asked>>,
    /// How many requests of each call were not refused.
    granted: BTreeMap<String, u64>,
}

/// A snapshot and all that is concluded from it.
struct Reading {
    snapshot: Snapshot,
    resources: BTreeMap<ResourceId, Value>,
    verdicts: BTreeMap<(&'static str, ResourceId, String), Status>,
    classes: BTreeMap<ResourceId, Class>,
}

/// The recorded racks, made by the first test that asks.
fn scenes() -> &'static [Scene] {
    static SCENES: OnceLock<Vec<Scene>> = OnceLock::new();
    SCENES.get_or_init(|| {
        let scene = |(racks, rack): &(&[&str], &'static str)| {
            let endpoint = if *racks == ["karim_test", "neighbours"] {
                Emulator::shared().endpoint.clone()
            } else {
                // Lives as long as the tests: what a fault makes a reading ask for, it answers.
                Box::leak(Box::new(Emulator::start(racks))).endpoint.clone()
            };
            Scene::record(&endpoint, rack)
        };
        let mut scenes: Vec<Scene> = RACKS.iter().map(scene).collect();
        // What one rack has shown of a call another need not show again.
        let mut shown = BTreeSet::new();
        for scene in &mut scenes {
            scene.asked.retain(|call, _| shown.insert(call.clone()));
        }
        scenes
    })
}

impl Scene {
    fn record(endpoint: &str, rack: &'static str) -> Self {
        let recorded = Recorded::take(endpoint, |endpoint| {
            read_by(&at(endpoint), rack).unwrap();
        });
        let desk = recorded.desk(Plan::default());
        let snapshot = read_at(&desk, rack, RetryConfig::disabled()).unwrap();
        let mut asked: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
        let mut granted: BTreeMap<String, u64> = BTreeMap::new();
        for seen in desk.requests() {
            let is_granted = recorded.answer(&seen.asked).0.status < 300;
            *granted.entry(seen.asked.call.clone()).or_default() += u64::from(is_granted);
            asked
                .entry(seen.asked.call.clone())
                .or_default()
                .push(seen.asked);
        }
        Self {
            rack,
            recorded,
            healthy: Reading::of(snapshot).unwrap(),
            asked,
            granted,
        }
    }

    /// The true answers of a call that say something, as trees.
    fn answers(&self, call: &str) -> Vec<Tree> {
        let asked = self.asked[call].iter();
        let answers = asked.map(|it| self.recorded.answer(it).0);
        let good = answers.filter(|it| it.status < 300);
        good.filter_map(|it| Tree::parse(&it.body)).collect()
    }
}

fn config() -> SdkConfig {
    let credentials = Credentials::new("testing", "testing", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::disabled())
        .build()
}

/// Clients that ask a server.
fn at(endpoint: &str) -> Aws {
    Aws::new(&config().into_builder().endpoint_url(endpoint).build()).of_account(ACCOUNT)
}

/// Reads a rack without a network.
fn read_at(
    desk: &std::sync::Arc<Desk>,
    rack: &str,
    retry: RetryConfig,
) -> Result<Snapshot, NoSuchRack> {
    // An answer that comes at all is there at once, so short patience loses none.
    let patience = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(50));
    let config = config()
        .into_builder()
        .http_client(desk.client())
        .endpoint_url("http://aws")
        .timeout_config(patience.build())
        .retry_config(retry)
        .build();
    read_by(&Aws::new(&config).of_account(ACCOUNT), rack)
}

fn read_by(aws: &Aws, rack: &str) -> Result<Snapshot, NoSuchRack> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let asked = read::Asked {
        name: rack,
        definition: None,
        for_teardown: true,
    };
    let read = runtime.block_on(read::rack(aws, asked, &|_| ()))?;
    let mut snapshot = Snapshot {
        format: FORMAT,
        tool: String::new(),
        taken: Timestamp::UNIX_EPOCH,
        took_ms: 0,
        account: ACCOUNT.to_owned(),
        region: "us-east-1".to_owned(),
        identity: String::new(),
        rack: rack.to_owned(),
        definition: None,
        calls: aws.calls(),
        gaps: read.gaps,
        money: Money::default(),
        resources: read.resources,
        origin: Origin::default(),
    };
    snapshot.sort();
    Ok(snapshot)
}

impl Reading {
    fn of(snapshot: Snapshot) -> Result<Self, NoSuchRack> {
        let graph = Graph::build(&snapshot.resources);
        let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, None)?;
        let belongings = belonging::decide(&graph, &rack);
        let case = Case {
            graph: &graph,
            rack: &rack,
            belongings: &belongings,
            gaps: &Gaps::of(&snapshot.gaps),
            taken: snapshot.taken,
            account: None,
            run: &Run::default(),
        };
        let audit = rule::audit(&case).unwrap();
        let verdicts = audit
            .into_iter()
            .chain(rule::Pack::built_in().unwrap().review(&case));
        let verdicts = verdicts
            .flat_map(|it| it.verdicts)
            .map(|it| ((it.rule, it.subject, it.detail), it.status))
            .collect();
        let classes = snapshot.resources.iter();
        let classes = classes
            .map(|it| (it.id.clone(), belongings.of(&it.id).class))
            .collect();
        let resources = snapshot.resources.iter();
        let resources = resources
            .map(|it| (it.id.clone(), serde_json::to_value(it).unwrap()))
            .collect();
        drop(graph);
        Ok(Self {
            resources,
            verdicts,
            classes,
            snapshot,
        })
    }
}

/// One fault in one call, and how it showed in what was read.
struct Trial<'a> {
    scene: &'a Scene,
    call: &'a str,
    harm: Harm,
    /// What was done, for a person.
    what: String,
}

/// How a field of a faulty reading is not as it was.
#[derive(Debug)]
enum Difference {
    /// It takes a call of its own, or many an answer, and was not read.
    Unread(String),
    /// It is not there, as if AWS had not said it.
    Unsaid(String),
    /// It says something else.
    Other(String),
}

/// How much a fault takes away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// Whole answers: whatever is less must have a gap.
    Answers,
    /// Parts of an answer. What AWS leaves out is not said, and no gap: what is not read is.
    Parts,
}

impl Trial<'_> {
    /// Reads with a fault and tells whatever is wrong with the result.
    fn run(&self, plan: Plan, retry: RetryConfig) -> (Option<Reading>, Vec<String>) {
        let desk = self.scene.recorded.desk(plan);
        let read = || read_at(&desk, self.scene.rack, retry).and_then(Reading::of);
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(reading)) => {
                let wrong = self.judge(&reading);
                (Some(reading), wrong)
            }
            // What tells which racks there are may leave it open, and must say why.
            Ok(Err(NoSuchRack::Unread { gaps, .. }))
                if gaps.iter().any(|it| it.call == self.call) =>
            {
                (None, Vec::new())
            }
            Ok(Err(error)) => (None, vec![format!("it ended: {error}")]),
            Err(_) => (None, vec!["it panicked".to_owned()]),
        }
    }

    fn judge(&self, faulty: &Reading) -> Vec<String> {
        let healthy = &self.scene.healthy;
        let mut wrong = Vec::new();
        let mut less: BTreeMap<&ResourceId, String> = BTreeMap::new();
        for (id, was) in &healthy.resources {
            let Some(is) = faulty.resources.get(id) else {
                less.insert(id, "the whole of it".to_owned());
                continue;
            };
            let mut differences = Vec::new();
            compare("", is, was, &mut differences);
            for difference in differences {
                match difference {
                    Difference::Unsaid(it) if it != ".tags" && self.harm == Harm::Parts => {}
                    Difference::Unread(it) | Difference::Unsaid(it) => drop(less.insert(id, it)),
                    Difference::Other(it) => wrong.push(format!("{id} is told otherwise: {it}")),
                }
            }
        }
        for id in faulty.resources.keys() {
            if !healthy.resources.contains_key(id) {
                wrong.push(format!("{id} came out of nowhere"));
            }
        }
        let told = Told::new(healthy, &less, &faulty.snapshot.gaps);
        for (id, what) in &less {
            if !told.explains(id) {
                wrong.push(format!("{id} lost {what} without a gap"));
            }
        }
        for (id, class) in &faulty.classes {
            let was = healthy.classes.get(id).copied().unwrap_or(Class::Foreign);
            let alone = |it| matches!(it, Class::Declared | Class::Derived | Class::Inferred);
            if alone(*class) && !alone(was) && !told.explains(id) {
                let (was, is) = (was.name(), class.name());
                wrong.push(format!("{id} was {was} and is {is} without a gap"));
            }
        }
        wrong.extend(content(faulty, healthy));
        wrong
    }
}

/// What rules say that they must not.
fn content(faulty: &Reading, healthy: &Reading) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, status) in &faulty.verdicts {
        let was = healthy.verdicts.get(key);
        if matches!(status, Status::Pass | Status::NotApplicable) && was != Some(status) {
            let was = was.map_or("nothing", |it| it.name());
            wrong.push(format!("{key:?} was {was} and is {status}"));
        }
    }
    for (key, status) in &healthy.verdicts {
        let same = faulty.verdicts.get(key).is_some_and(|it| it.is_open());
        let unknown = || {
            let mut all = faulty.verdicts.iter();
            all.any(|(it, status)| it.0 == key.0 && *status == Status::Unknown)
        };
        if *status == Status::Fail && !same && !unknown() {
            wrong.push(format!("{key:?} failed and is not spoken of any more"));
        }
    }
    wrong
}

/// Compares what is read of one thing with what it is.
fn compare(path: &str, is: &Value, was: &Value, all: &mut Vec<Difference>) {
    let unsaid = |it: &Value| it.is_null() || *it == "";
    match (is, was) {
        _ if is == was => {}
        (Value::String(it), Value::String(_)) if it.contains(NEW) => {}
        (Value::String(it), _) if it == "unread" => all.push(Difference::Unread(path.to_owned())),
        _ if unsaid(is) => all.push(Difference::Unsaid(path.to_owned())),
        (Value::Object(is), Value::Object(was)) => {
            for (key, was) in was {
                let is = is.get(key).unwrap_or(&Value::Null);
                compare(&format!("{path}.{key}"), is, was, all);
            }
            for (key, is) in is {
                if !was.contains_key(key) {
                    all.push(Difference::Other(format!(
                        "{path}.{key} = {is}, was not there"
                    )));
                }
            }
        }
        (Value::Array(is), Value::Array(was)) => compare_lists(path, is, was, all),
        _ => all.push(Difference::Other(format!("{path} = {is}, was {was}"))),
    }
}

/// Each of what is there must be one of what was there, or less of it.
fn compare_lists(path: &str, is: &[Value], was: &[Value], all: &mut Vec<Difference>) {
    let mut left: Vec<&Value> = was.iter().collect();
    let mut changed: Vec<&Value> = Vec::new();
    for item in is {
        match left.iter().position(|it| *it == item) {
            Some(at) => drop(left.remove(at)),
            None => changed.push(item),
        }
    }
    for item in changed {
        let mut best: Option<(usize, Vec<Difference>)> = None;
        for (at, was) in left.iter().enumerate() {
            let mut differences = Vec::new();
            compare(&format!("{path}[]"), item, was, &mut differences);
            let lies = differences
                .iter()
                .any(|it| matches!(it, Difference::Other(_)));
            if !lies
                && best
                    .as_ref()
                    .is_none_or(|it| differences.len() < it.1.len())
            {
                best = Some((at, differences));
            }
        }
        match best {
            Some((at, differences)) => {
                left.remove(at);
                all.extend(differences);
            }
            None => all.push(Difference::Other(format!("{path}[] has {item}"))),
        }
    }
    if !left.is_empty() {
        all.push(Difference::Unsaid(format!("{path}[]")));
    }
}

/// Which losses the gaps of a reading account for.
struct Told<'a> {
    gaps: &'a [Gap],
    less: &'a BTreeMap<&'a ResourceId, String>,
    /// Who holds whom, both ways.
    near: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
}

impl<'a> Told<'a> {
    fn new(healthy: &Reading, less: &'a BTreeMap<&'a ResourceId, String>, gaps: &'a [Gap]) -> Self {
        let mut near: BTreeMap<ResourceId, BTreeSet<ResourceId>> = BTreeMap::new();
        for resource in &healthy.snapshot.resources {
            for relation in resource.attrs.model().relations() {
                let (from, to) = (resource.id.clone(), relation.to);
                near.entry(to.clone()).or_default().insert(from.clone());
                near.entry(from).or_default().insert(to);
            }
        }
        Self { gaps, less, near }
    }

    /// Whether a gap is about it, about all of its kind, or about something near it that is the
    /// worse for it, and through which it is known.
    fn explains(&self, id: &ResourceId) -> bool {
        let mut seen = BTreeSet::from([id.clone()]);
        let mut next = vec![id.clone()];
        while let Some(it) = next.pop() {
            if self.about(&it) || self.unasked(&it) {
                return true;
            }
            for near in self.near.get(&it).into_iter().flatten() {
                if self.own(near) {
                    return true;
                }
                if self.less.contains_key(near) && seen.insert(near.clone()) {
                    next.push(near.clone());
                }
            }
        }
        false
    }

    /// Whether it is one that is asked for its key because the rack has a key, and a gap hides
    /// whether it has.
    fn unasked(&self, id: &ResourceId) -> bool {
        let locked = matches!(
            id.kind,
            Kind::Bucket | Kind::Queue | Kind::Table | Kind::Topic
        );
        let hides = |it: &Gap| matches!(it.kind, Kind::Key | Kind::Stack);
        locked && self.gaps.iter().any(hides)
    }

    fn own(&self, id: &ResourceId) -> bool {
        self.gaps.iter().any(|it| it.resource.as_ref() == Some(id))
    }

    fn about(&self, id: &ResourceId) -> bool {
        let listing = |kind: Kind| {
            let within = |gap: &Gap| gap.resource.as_ref().is_none_or(|it| it.kind != kind);
            self.gaps.iter().any(|it| it.kind == kind && within(it))
        };
        self.own(id) || lineage(id.kind).into_iter().any(listing)
    }
}

/// A kind, and those within which it is looked for.
fn lineage(kind: Kind) -> Vec<Kind> {
    let mut all = vec![kind];
    while let Some(Source::Inside(parent, _) | Source::InsideRack(parent, _)) =
        all.last().map(|it| &read::reading(*it).source)
    {
        all.push(*parent);
    }
    all
}

/// Runs a test for every call that a recorded rack makes, on the first that makes it.
fn each_call(test: impl Fn(&Scene, &str) -> Vec<String>) {
    let mut tried = BTreeSet::new();
    let mut wrong = Vec::new();
    for scene in scenes() {
        for call in scene.asked.keys() {
            if tried.insert(call) {
                let more = test(scene, call).into_iter();
                wrong.extend(more.map(|it| format!("{call} {it}")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Refuses every request of a call; the reading must have a gap that names it.
fn refused(reason: Reason, deed: fn(&Asked) -> Deed) {
    each_call(|scene, call| {
        let trial = Trial {
            scene,
            call,
            harm: Harm::Answers,
            what: reason.name().to_owned(),
        };
        let faulty = call.to_owned();
        let plan = Plan::default().fault(move |it, _| (it.call == faulty).then(|| deed(it)));
        let (reading, mut wrong) = trial.run(plan, RetryConfig::disabled());
        if let Some(reading) = reading {
            let mut gaps = reading.snapshot.gaps.iter();
            if !gaps.any(|it| it.call == call && it.reason == reason) {
                wrong.push(format!("no gap says {}", reason.name()));
            }
            wrong.extend(idle(scene, &reading));
        }
        shorten(&trial.what, wrong)
    });
}

/// Gaps about one thing beside which it is told as if all of it were known: a "none" that is true
/// by chance only.
fn idle(scene: &Scene, faulty: &Reading) -> Vec<String> {
    let gaps = faulty.snapshot.gaps.iter();
    let gaps = gaps.filter(|it| !ADDS.iter().any(|more| it.call.contains(more)));
    gaps.filter_map(|gap| {
        let id = gap.resource.as_ref().filter(|it| it.kind == gap.kind)?;
        let same = faulty.resources.get(id)? == scene.healthy.resources.get(id)?;
        same.then(|| format!("{id} is told as if nothing were unknown of it"))
    })
    .collect()
}

/// The first few, as one line is as good as a hundred.
fn shorten(what: &str, mut wrong: Vec<String>) -> Vec<String> {
    let more = wrong.len().saturating_sub(6);
    wrong.truncate(6);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    wrong
        .into_iter()
        .map(|it| format!("({what}): {it}"))
        .collect()
}

fn denied(asked: &Asked) -> Deed {
    let code = match asked.wire() {
        Wire::Ec2Query => "UnauthorizedOperation",
        Wire::Query | Wire::RestXml | Wire::S3 => "AccessDenied",
        Wire::Json | Wire::RestJson | Wire::Cbor => "AccessDeniedException",
    };
    Deed::Answer(asked.error(403, code))
}

fn throttled(asked: &Asked) -> Deed {
    let code = match asked.wire() {
        Wire::Ec2Query => "RequestLimitExceeded",
        Wire::Query | Wire::RestXml => "Throttling",
        Wire::S3 => "SlowDown",
        Wire::Json | Wire::RestJson | Wire::Cbor => "ThrottlingException",
    };
    Deed::Answer(asked.error(429, code))
}

#[test]
fn a_replayed_rack_is_the_recorded_one_and_every_request_is_told_by_its_call() {
    for scene in scenes() {
        let healthy = &scene.healthy.snapshot;
        assert_eq!(healthy.gaps, []);
        let latency = Duration::from_millis(5);
        let served = scene.recorded.serve(Plan::default().latency(latency));
        let again = read_by(&at(&served.endpoint), scene.rack).unwrap();
        assert_eq!(&again, healthy);
        assert_eq!(served.unforeseen(), 0);
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        let mut requests = served.requests();
        requests.sort_by_key(|it| it.asked.number);
        for (number, seen) in requests.into_iter().enumerate() {
            assert_eq!(seen.asked.number, number);
            assert!(seen.answered - seen.came >= latency && seen.status < 500);
            *told.entry(seen.asked.call).or_default() += 1;
        }
        assert_eq!(told, healthy.calls);
    }
}

#[test]
fn every_call_of_a_reading_is_made_by_a_recorded_rack_or_has_its_excuse() {
    let made: BTreeSet<String> = scenes()
        .iter()
        .flat_map(|it| it.asked.keys().cloned())
        .collect();
    let excused: BTreeSet<String> = UNREACHED.iter().map(|it| it.0.to_owned()).collect();
    let all: BTreeSet<String> = read::calls().iter().map(ToString::to_string).collect();
    let missing: Vec<&String> = all
        .iter()
        .filter(|it| !made.contains(*it) && !excused.contains(*it))
        .collect();
    assert!(
        missing.is_empty(),
        "put one into a rack of the emulator: {missing:?}"
    );
    let stale: Vec<&String> = excused
        .iter()
        .filter(|it| made.contains(*it) || !all.contains(*it))
        .collect();
    assert!(stale.is_empty(), "excused without need: {stale:?}");
}

#[test]
fn a_call_that_is_refused_leaves_gaps() {
    refused(Reason::Denied, denied);
}

#[test]
fn a_call_that_is_throttled_for_ever_leaves_gaps() {
    refused(Reason::Throttled, throttled);
}

#[test]
fn a_call_that_is_answered_by_a_web_page_leaves_gaps() {
    refused(Reason::Malformed, |_| {
        Deed::Answer(Answer::new(
            500,
            "<!doctype html><html><h1>Oops</h1></html>",
        ))
    });
}

#[test]
fn a_call_that_is_never_answered_leaves_gaps() {
    refused(Reason::Unreachable, |_| Deed::Hang);
}

/// Reads each rack with a fault that must not show, and for which so much of a call is asked again.
fn healed(plan: impl Fn() -> Plan, retry: &RetryConfig, more: impl Fn(&Scene, &str) -> u64) {
    let mut wrong = Vec::new();
    for scene in scenes() {
        let desk = scene.recorded.desk(plan());
        let again = read_at(&desk, scene.rack, retry.clone()).unwrap();
        let healthy = &scene.healthy.snapshot;
        for (call, count) in &healthy.calls {
            let count = count + more(scene, call);
            if again.calls.get(call) != Some(&count) {
                wrong.push(format!("{call} was not sent {count} times"));
            }
        }
        wrong.extend(
            again
                .gaps
                .iter()
                .map(|it| format!("there is a gap: {it:?}")),
        );
        if again.resources != healthy.resources {
            wrong.push(format!("{} reads otherwise", scene.rack));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn calls_that_are_throttled_once_are_as_if_they_never_were() {
    let retry = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let plan = || Plan::default().fault(|it, _| (it.attempt() == 1).then(|| throttled(it)));
    healed(plan, &retry, |scene, call| {
        scene.healthy.snapshot.calls[call]
    });
}

#[test]
fn an_empty_page_does_not_end_a_listing() {
    let pages = |call: &str| !ON_ONE_PAGE.contains(&call);
    let plan = || {
        let later: Mutex<Vec<Asked>> = Mutex::default();
        Plan::default().fault(move |asked, recorded| {
            if !pages(&asked.call) {
                return None;
            }
            let mut later = later.lock().unwrap();
            let question = format!("{} {}", asked.path, asked.text());
            if let Some(page) = question.split("planted-page-").nth(1) {
                let digits = page.chars().take_while(char::is_ascii_digit);
                let at: usize = digits.collect::<String>().parse().unwrap();
                return Some(Deed::Answer(recorded.answer(&later[at]).0));
            }
            let (answer, _) = recorded.answer(asked);
            // A refusal has no pages.
            if answer.status != 200 {
                return None;
            }
            let tree = Tree::parse(&answer.body)?;
            later.push(asked.clone());
            let token = format!("planted-page-{}", later.len() - 1);
            let page = empty(tree, !is_json(&answer), &token);
            Some(changed(answer, &page))
        })
    };
    let pages = |scene: &Scene, call: &str| match pages(call) {
        true => scene.granted[call],
        false => 0,
    };
    healed(plan, &RetryConfig::disabled(), pages);
}

#[test]
fn an_answer_without_what_it_must_have_leaves_gaps() {
    each_call(|scene, call| {
        let leaves = scene.answers(call);
        let leaves = leaves.iter().flat_map(Tree::leaves);
        let silent = |leaf: &Leaf| {
            let mut all = SAID_BY_SILENCE.iter();
            all.any(|it| it.0 == call && it.1 == leaf.name())
        };
        let leaves = leaves.filter(|it| (is_key(it) || is_word(it)) && !silent(it));
        let names: BTreeSet<Vec<String>> = leaves.map(|it| it.names).collect();
        // Of the things that it lists, not of what is within them.
        let depth = names.iter().map(Vec::len).min().unwrap_or_default();
        let names = names.into_iter().filter(|it| it.len() <= depth);
        let mut wrong = Vec::new();
        for names in names {
            let trial = Trial {
                scene,
                call,
                harm: Harm::Parts,
                what: format!("without {}", names.join(".")),
            };
            let plan = changing(call, move |tree| {
                let leaf = tree.leaves().into_iter().find(|it| it.names == names);
                if let Some(leaf) = leaf {
                    tree.remove(&leaf.path);
                }
            });
            let (_, found) = trial.run(plan, RetryConfig::disabled());
            wrong.extend(shorten(&trial.what, found));
        }
        wrong
    });
}

#[test]
fn a_value_that_is_new_to_us_is_no_good_news() {
    each_call(|scene, call| {
        let trial = Trial {
            scene,
            call,
            harm: Harm::Parts,
            what: "new values".to_owned(),
        };
        let plan = changing(call, |tree| {
            for leaf in tree.leaves().iter().filter(|it| is_word(it)) {
                *tree.at(&leaf.path) = Tree::Text(NEW.to_owned());
            }
        });
        let (_, wrong) = trial.run(plan, RetryConfig::disabled());
        shorten(&trial.what, wrong)
    });
}

/// Answers a call with a change in every answer that says something.
fn changing(call: &str, change: impl Fn(&mut Tree) + Send + Sync + 'static) -> Plan {
    let call = call.to_owned();
    Plan::default().fault(move |asked, recorded| {
        if asked.call != call {
            return None;
        }
        let (answer, _) = recorded.answer(asked);
        let mut tree = Tree::parse(&answer.body).filter(|_| answer.status < 300)?;
        change(&mut tree);
        Some(changed(answer, &tree))
    })
}

fn is_json(answer: &Answer) -> bool {
    answer.body.trim_ascii_start().starts_with(b"{")
}

fn changed(answer: Answer, tree: &Tree) -> Deed {
    let body = if is_json(&answer) {
        tree.to_json().to_string()
    } else {
        tree.to_xml()
    };
    Deed::Answer(Answer {
        body: body.into_bytes(),
        ..answer
    })
}

/// Whether a text is what a thing is known by, to all appearance.
fn is_key(leaf: &Leaf) -> bool {
    let name = leaf.name().to_ascii_lowercase();
    let ends = ["id", "arn", "name"];
    let noise = ["requestid", "ownerid", "reservationid"];
    ends.iter().any(|it| name.ends_with(it)) && !noise.contains(&name.as_str())
}

/// Whether a text is one of AWS's own words, of which it makes new ones.
fn is_word(leaf: &Leaf) -> bool {
    let lower = |it: &String| it.to_ascii_lowercase();
    let name = lower(&leaf.name().to_owned());
    let within = leaf
        .names
        .iter()
        .rev()
        .nth(1)
        .map(lower)
        .unwrap_or_default();
    let ends = ["state", "status", "scheme"];
    ends.iter().any(|it| name.ends_with(it)) || name == "name" && within.ends_with("state")
}

/// An answer with nothing on it but where the next page begins, in every way that AWS has.
fn empty(mut tree: Tree, is_xml: bool, token: &str) -> Tree {
    let names = [
        "ContinuationToken",
        "LastEvaluatedTableName",
        "Marker",
        "NextMarker",
        "NextRecordName",
        "NextToken",
        "PaginationToken",
        "nextToken",
    ];
    let tokens = names.map(|it| (it.to_owned(), Tree::Text(token.to_owned())));
    let page = if is_xml { result(&mut tree) } else { &mut tree };
    let Tree::Map(page) = page else {
        unreachable!("an answer has parts")
    };
    page.retain(|(name, _)| !names.contains(&name.as_str()) && !name.ends_with("Truncated"));
    for (_, part) in page.iter_mut() {
        match part {
            Tree::List(it) => it.clear(),
            Tree::Map(it) => it.clear(),
            Tree::Text(_) | Tree::Plain(_) => {}
        }
    }
    page.extend(tokens);
    let yes = if is_xml {
        Tree::Text("true".to_owned())
    } else {
        Tree::Plain(true.into())
    };
    let more = ["IsTruncated", "Truncated"].map(|it| (it.to_owned(), yes.clone()));
    page.extend(more);
    tree
}

/// Where an XML answer has its fields: in its root, or where the protocol wraps them once more.
fn result(tree: &mut Tree) -> &mut Tree {
    let root = tree.at(&[0]);
    let wrapped = match root {
        Tree::Map(it) => it.iter().position(|(name, _)| name.ends_with("Result")),
        Tree::Text(_) | Tree::Plain(_) | Tree::List(_) => None,
    };
    match wrapped {
        Some(at) => root.at(&[at]),
        None => root,
    }
}
