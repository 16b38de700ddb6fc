//! What is told of two small accounts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;
use crate::{
    kind::{
        Fact, Kind,
        auto_scaling_group::AutoScalingGroup,
        bucket::Bucket,
        instance::Instance,
        log_group::LogGroup,
        security_group::SecurityGroup,
        service::Service,
        stack::Stack,
        target_group::{Target, TargetGroup},
        task::Task,
        task_definition::{ContainerDefinition, TaskDefinition},
    },
    mute::{self, Mute},
    rule::{self, Status},
    snapshot::{FORMAT, Gap, Money, Origin, Reason, Resource},
    testing,
};

fn snapshot(resources: &[Resource], gaps: &[Gap]) -> Snapshot {
    Snapshot {
        format: FORMAT,
        tool: "0.1.0".to_owned(),
        taken: Timestamp::UNIX_EPOCH,
        took_ms: 0,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        identity: String::new(),
        rack: "prod".to_owned(),
        definition: None,
        calls: BTreeMap::new(),
        gaps: gaps.to_vec(),
        resources: resources.to_vec(),
        origin: Origin::default(),
        money: Money::default(),
    }
}

type Seen<'a> = (&'a [Resource], &'a [Gap]);

/// Compares two accounts in which all is the rack's.
fn diff(old: Seen<'_>, new: Seen<'_>) -> Diff {
    muted((old, &[]), (new, &[]))
}

/// The same, with what is accepted in each.
fn muted(old: (Seen<'_>, &[Mute]), new: (Seen<'_>, &[Mute])) -> Diff {
    let with_material = |(seen, mutes): (Seen<'_>, &[Mute]), then: &dyn Fn(&Material<'_>)| {
        let (resources, gaps) = seen;
        let snapshot = snapshot(resources, gaps);
        testing::owned(
            resources,
            gaps,
            |_| true,
            |case| {
                let mut judged = rule::audit(case).unwrap();
                let here = ("prod", Timestamp::UNIX_EPOCH);
                drop(mute::apply(&mut judged, mutes, "racklens.toml", here));
                then(&Material {
                    snapshot: &snapshot,
                    case: *case,
                    judged: &judged,
                    notices: &[],
                });
            },
        );
    };
    let result = std::cell::RefCell::new(None);
    with_material(old, &|old| {
        with_material(new, &|new| {
            drop(result.replace(Some(compare(old, new, Scope::Rack))));
        });
    });
    result.into_inner().unwrap()
}

/// "changed auto-scaling-group/workers: max 3 → 5".
fn resources(diff: &Diff) -> Vec<String> {
    let line = |it: &ResourceChange| {
        let fields: Vec<String> = it
            .fields
            .iter()
            .map(|it| {
                let or_none = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
                format!("{} {} → {}", it.field, or_none(&it.old), or_none(&it.new))
            })
            .collect();
        let line = format!("{} {}: {}", it.what.name(), it.id, fields.join("; "));
        line.trim_end_matches(": ").to_owned()
    };
    diff.resources.iter().map(line).collect()
}

/// "new rule on resource".
fn findings(diff: &Diff, rule: &str) -> Vec<String> {
    let of_rule = diff.findings.iter().filter(|it| it.rule == rule);
    of_rule
        .map(|it| format!("{} {}", it.change.name(), it.subject))
        .collect()
}

fn group(max: u32) -> Resource {
    let group = AutoScalingGroup {
        max,
        ..AutoScalingGroup::default()
    };
    Resource::new("workers", group)
}

fn machine(id: &str, instance_type: &str) -> Resource {
    let instance = Instance {
        instance_type: instance_type.to_owned(),
        status: "running".to_owned(),
        private_ip: Some(format!("10.0.0.{}", id.len())),
        auto_scaling_group: Some("workers".to_owned()),
        ..Instance::default()
    };
    Resource::new(id, instance)
}

fn service(revision: u32) -> Resource {
    let service = Service {
        cluster: "prod".to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: format!("web:{revision}"),
        desired: 2,
        running: 2,
        ..Service::default()
    };
    Resource::new("prod/web", service)
}

fn revision(number: u32, image: &str) -> Resource {
    let container = ContainerDefinition {
        name: "app".to_owned(),
        image: image.to_owned(),
        ..ContainerDefinition::default()
    };
    let definition = TaskDefinition {
        arn: format!("arn:aws:ecs:us-east-1:123456789012:task-definition/web:{number}"),
        family: "web".to_owned(),
        revision: number,
        status: "ACTIVE".to_owned(),
        containers: vec![container],
        ..TaskDefinition::default()
    };
    Resource::new(format!("web:{number}"), definition)
}

fn task(id: &str, revision: u32) -> Resource {
    let task = Task {
        cluster: "prod".to_owned(),
        task_definition: format!("web:{revision}"),
        group: "service:web".to_owned(),
        last_status: "RUNNING".to_owned(),
        ..Task::default()
    };
    Resource::new(format!("prod/{id}"), task)
}

fn log_group(days: Option<u32>) -> Resource {
    let group = LogGroup {
        retention_days: days,
        stored_bytes: u64::from(days.unwrap_or(7)),
        ..LogGroup::default()
    };
    Resource::new("app", group)
}

#[test]
fn a_field_is_told_with_what_it_was_and_is() {
    let diff = diff((&[group(3)], &[]), (&[group(5)], &[]));
    assert_eq!(
        resources(&diff),
        ["changed auto-scaling-group/workers: max 3 → 5"]
    );
}

#[test]
fn what_came_and_what_went_is_told() {
    let old = [Resource::new("a", Bucket::default())];
    let new = [Resource::new("b", Bucket::default())];
    let diff = diff((&old, &[]), (&new, &[]));
    assert_eq!(resources(&diff), ["removed bucket/a", "added bucket/b"]);
}

#[test]
fn entries_of_a_list_are_told_and_not_the_whole_list() {
    let with = |groups: &[&str]| {
        let instance = Instance {
            status: "running".to_owned(),
            security_groups: groups.iter().map(|it| (*it).to_owned()).collect(),
            ..Instance::default()
        };
        [Resource::new("i-1", instance)]
    };
    let diff = diff(
        (&with(&["sg-a", "sg-b"]), &[]),
        (&with(&["sg-c", "sg-b"]), &[]),
    );
    assert_eq!(
        resources(&diff),
        ["changed instance/i-1: security_groups[] sg-a → sg-c"]
    );
}

#[test]
fn machines_of_a_group_that_were_replaced_are_one_line_and_no_change() {
    let old = [
        group(3),
        machine("i-1", "t3.small"),
        machine("i-2", "t3.small"),
    ];
    let new = [
        group(3),
        machine("i-2", "t3.small"),
        machine("i-33", "t3.small"),
    ];
    let diff = diff((&old, &[]), (&new, &[]));
    assert_eq!(
        resources(&diff),
        ["replaced instance of auto-scaling-group/workers"]
    );
    assert_eq!(
        (diff.resources[0].replaced, diff.resources[0].count),
        (1, (2, 2))
    );
}

#[test]
fn another_type_of_machine_in_a_group_is_a_change() {
    let old = [group(3), machine("i-1", "t3.small")];
    let new = [
        group(3),
        machine("i-2", "t3.large"),
        machine("i-3", "t3.large"),
    ];
    let diff = diff((&old, &[]), (&new, &[]));
    assert_eq!(
        resources(&diff),
        [
            "changed instance of auto-scaling-group/workers: count 1 → 2; \
          instance_type[] t3.small → t3.large"
        ]
    );
}

#[test]
fn a_deployment_is_told_by_its_family_alone() {
    let old = [service(3), revision(3, "app:1"), task("1", 3), task("2", 3)];
    let new = [
        service(4),
        revision(3, "app:1"),
        revision(4, "app:2"),
        task("3", 4),
        task("4", 4),
    ];
    let diff = diff((&old, &[]), (&new, &[]));
    assert_eq!(
        resources(&diff),
        [
            "replaced task of service/prod/web",
            "changed task-definition/web: containers[app].image app:1 → app:2; revision 3 → 4",
        ]
    );
}

#[test]
fn a_deployment_makes_no_finding_new() {
    let old = [service(3), revision(3, "app:1"), task("1", 3)];
    let new = [
        service(4),
        revision(3, "app:1"),
        revision(4, "app:2"),
        task("2", 4),
    ];
    let diff = diff((&old, &[]), (&new, &[]));
    assert_eq!(
        findings(&diff, "no-logging"),
        ["still task-definition/web:4"]
    );
    assert_eq!((diff.count(Change::New), diff.count(Change::Fixed)), (0, 0));
}

#[test]
fn a_machine_that_was_replaced_makes_no_finding_new() {
    let open = |id: &str| {
        let mut it = machine(id, "t3.small");
        if let Some(attrs) = crate::kind::AsKind::of_mut(&mut it.attrs) {
            let attrs: &mut Instance = attrs;
            attrs.metadata_tokens = Some("optional".to_owned());
            attrs.metadata_endpoint = Some("enabled".to_owned());
        }
        it
    };
    let diff = diff(
        (&[group(3), open("i-1")], &[]),
        (&[group(3), open("i-2")], &[]),
    );
    assert_eq!(
        findings(&diff, "imdsv1-allowed"),
        ["still auto-scaling-group/workers"]
    );
}

#[test]
fn targets_are_told_by_how_many_are_well() {
    let with = |states: &[&str]| {
        let target = |(number, state): (usize, &&str)| Target {
            id: format!("10.0.0.{number}"),
            state: (*state).to_owned(),
            ..Target::default()
        };
        let targets = states.iter().enumerate().map(target).collect();
        let group = TargetGroup {
            targets: Fact::Known(targets),
            ..TargetGroup::default()
        };
        [Resource::new("web", group)]
    };
    let diff = diff(
        (&with(&["healthy", "healthy"]), &[]),
        (&with(&["healthy", "unhealthy"]), &[]),
    );
    assert_eq!(
        resources(&diff),
        ["changed target-group/web: targets.healthy 2 → 1; targets.unhealthy - → 1"]
    );
}

#[test]
fn what_use_changes_by_itself_is_no_change() {
    let grown = |bytes| {
        let group = LogGroup {
            retention_days: Some(7),
            stored_bytes: bytes,
            ..LogGroup::default()
        };
        [Resource::new("app", group)]
    };
    let diff = diff((&grown(1), &[]), (&grown(2), &[]));
    assert_eq!(resources(&diff), [""; 0]);
}

#[test]
fn a_thing_of_the_same_name_that_was_made_anew_is_changed() {
    let made = |second| {
        let bucket = Resource::new("logs", Bucket::default());
        [bucket.created(Timestamp::from_second(second).unwrap())]
    };
    let diff = diff((&made(0), &[]), (&made(60), &[]));
    assert_eq!(
        resources(&diff),
        ["changed bucket/logs: created 1970-01-01T00:00:00Z → 1970-01-01T00:01:00Z"]
    );
}

#[test]
fn a_finding_that_goes_is_fixed_and_one_that_comes_is_new() {
    let forth = diff((&[log_group(None)], &[]), (&[log_group(Some(7))], &[]));
    assert_eq!(
        findings(&forth, "logs-no-retention"),
        ["fixed log-group/app"]
    );
    let back = diff((&[log_group(Some(7))], &[]), (&[log_group(None)], &[]));
    assert_eq!(findings(&back, "logs-no-retention"), ["new log-group/app"]);
}

#[test]
fn what_went_with_its_resource_is_fixed_and_says_so() {
    let diff = diff((&[log_group(None)], &[]), (&[], &[]));
    let fixed = &diff.findings[0];
    assert_eq!(
        (fixed.change, fixed.why.as_str()),
        (Change::Fixed, "it is gone")
    );
}

#[test]
fn what_could_not_be_listed_is_neither_gone_nor_fixed() {
    let root = testing::stack("prod");
    let gaps = [testing::gap(Kind::LogGroup, "logs:DescribeLogGroups")];
    let diff = diff((&[root.clone(), log_group(None)], &[]), (&[root], &gaps));
    assert!(
        findings(&diff, "logs-no-retention").contains(&"lost log-group/app".to_owned()),
        "{:?}",
        findings(&diff, "logs-no-retention")
    );
    assert_eq!(diff.count(Change::Fixed), 0);
    assert_eq!(resources(&diff), ["unread log-group/app"]);
    assert!(diff.is_unsure());
}

#[test]
fn what_could_not_be_listed_before_is_not_called_added() {
    let gaps = [testing::gap(Kind::LogGroup, "logs:DescribeLogGroups")];
    let diff = diff((&[], &gaps), (&[log_group(Some(7))], &[]));
    assert_eq!(resources(&diff), ["seen log-group/app"]);
}

#[test]
fn a_fact_that_was_not_read_is_not_an_empty_one() {
    let stack = |members| {
        let stack = Stack {
            status: "CREATE_COMPLETE".to_owned(),
            members,
            ..Stack::default()
        };
        [Resource::new("prod", stack)]
    };
    let gap = Gap {
        resource: Some(crate::id::ResourceId::new(Kind::Stack, "prod")),
        reason: Reason::Denied,
        ..testing::gap(Kind::Stack, "cloudformation:ListStackResources")
    };
    let diff = diff(
        (&stack(Fact::Known(Vec::new())), &[]),
        (&stack(Fact::Unread), &[gap]),
    );
    assert_eq!(
        resources(&diff),
        ["changed stack/prod: members - → (not read)"]
    );
}

#[test]
fn a_severity_that_rose_is_news_and_one_that_fell_is_not() {
    let change = |before, now| FindingChange {
        change: Change::Changed,
        fingerprint: String::new(),
        rule: "",
        title: String::new(),
        subject: crate::id::ResourceId::new(Kind::Vpc, "vpc-1"),
        before: Some((Status::Fail, before)),
        now: Some((Status::Fail, now)),
        why: String::new(),
        gap: None,
    };
    use crate::rule::Severity::{High, Low};
    assert!(change(Low, High).is_news());
    assert!(!change(High, Low).is_news());
}

#[test]
fn only_snapshots_of_one_rack_can_be_compared() {
    let one = snapshot(&[], &[]);
    let other = |change: fn(&mut Snapshot)| {
        let mut it = one.clone();
        change(&mut it);
        comparable(&it, &one).unwrap_err().to_string()
    };
    assert!(comparable(&one, &one).is_ok());
    assert_eq!(
        other(|it| "999999999999".clone_into(&mut it.account)),
        "it is of account 999999999999, and this one of account 123456789012"
    );
    assert_eq!(
        other(|it| "eu-west-1".clone_into(&mut it.region)),
        "it is of region eu-west-1, and this one of region us-east-1"
    );
    assert_eq!(
        other(|it| "staging".clone_into(&mut it.rack)),
        "it is of rack `staging`, and this one of rack `prod`"
    );
}

#[test]
fn rules_of_a_security_group_read_as_words() {
    let with = |json: &str| {
        let group: SecurityGroup = serde_json::from_str(json).unwrap();
        [Resource::new("sg-1", group)]
    };
    let old = with(
        r#"{"ingress": [{"protocol": "tcp", "from": 443, "to": 443, "cidrs": ["0.0.0.0/0"]}]}"#,
    );
    let new =
        with(r#"{"ingress": [{"protocol": "tcp", "from": 22, "to": 22, "cidrs": ["0.0.0.0/0"]}]}"#);
    let diff = diff((&old, &[]), (&new, &[]));
    assert_eq!(
        resources(&diff),
        [
            "changed security-group/sg-1: ingress[] cidrs=0.0.0.0/0 from=443 protocol=tcp to=443 → \
          cidrs=0.0.0.0/0 from=22 protocol=tcp to=22"
        ]
    );
}

fn mute(rule: &str) -> Mute {
    Mute {
        rule: rule.to_owned(),
        resource: "*".to_owned(),
        key: None,
        rack: None,
        owner: "jane".to_owned(),
        reason: "it goes in May".to_owned(),
        until: jiff::civil::date(1970, 1, 31),
        line: 1,
    }
}

#[test]
fn what_is_accepted_now_is_muted_and_no_news() {
    let (old, new) = ([log_group(Some(7))], [log_group(None)]);
    let mutes = [mute("logs-no-retention")];
    let diff = muted(((&old, &[]), &mutes), ((&new, &[]), &mutes));
    let found = findings(&diff, "logs-no-retention");
    assert_eq!(found, ["muted log-group/app"]);
    assert!(!diff.findings.iter().any(FindingChange::is_news));
}

#[test]
fn what_is_accepted_no_more_is_new() {
    let group = [log_group(None)];
    let mutes = [mute("logs-no-retention")];
    let diff = muted(((&group, &[]), &mutes), ((&group, &[]), &[]));
    let found = findings(&diff, "logs-no-retention");
    assert_eq!(found, ["new log-group/app"]);
}

#[test]
fn what_is_accepted_and_mended_is_fixed() {
    let (old, new) = ([log_group(None)], [log_group(Some(7))]);
    let mutes = [mute("logs-no-retention")];
    let diff = muted(((&old, &[]), &mutes), ((&new, &[]), &mutes));
    let found = findings(&diff, "logs-no-retention");
    assert_eq!(found, ["fixed log-group/app"]);
}
