//! Whole teardowns in an account that refuses what AWS refuses: all five racks, and bad days.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    program::{racklens, run},
    strict::{Fingerprint, Strict},
};

/// A rack, and what stands beside it.
struct Rack {
    name: &'static str,
    /// What the rack is said to be, beyond its name.
    said: &'static [&'static str],
    /// What stands in the account, by module of `tests/emulator/racks`.
    stands: &'static [&'static str],
    /// Which of these is the rack.
    own: &'static str,
    /// What stands in the same module and is others', by a part of what is told of it.
    others: &'static [&'static str],
    /// What is there afterwards although no plan tells of it, by a part of its name in a
    /// fingerprint.
    left: &'static [&'static str],
    /// What AWS itself changes or makes while the rack goes.
    touched: &'static [&'static str],
}

/// Revisions that nothing runs are not read, so they stay.
const OLD_REVISIONS: &[&str] = &["ecs describe_task_definition "];

const KARIM_TEST: Rack = Rack {
    name: "karim-test",
    said: &[],
    stands: &["karim_test", "neighbours"],
    own: "karim_test",
    others: &[],
    left: &[],
    touched: &[],
};
/// Its buckets and images are retained by its stacks, and the last lines of an access log come into
/// one of them.
const KARIM_TEST_BUT_ITS_BUCKETS: Rack = Rack {
    touched: &["s3 list_object_versions karim-test-logs-"],
    ..KARIM_TEST
};
const KARIM_STAGING: Rack = Rack {
    name: "karim-staging",
    said: &[],
    stands: &["karim_test", "karim_staging"],
    own: "karim_staging",
    others: &[],
    left: &[],
    // The last lines of an access log, and the last snapshot of a cluster whose template asks for
    // one.
    touched: &[
        "s3 list_object_versions karim-test-logs-",
        "rds describe_db_cluster_snapshots karim-staging-database-snapshot-cluster",
    ],
};
const CRUDDUR: Rack = Rack {
    name: "cruddur",
    said: &[],
    stands: &["cruddur"],
    own: "cruddur",
    others: &["ledger", "wiki"],
    left: OLD_REVISIONS,
    touched: &[],
};
const ECS_CLUSTER: Rack = Rack {
    name: "ecs-cluster",
    said: &[],
    stands: &["ecs_cluster"],
    own: "ecs_cluster",
    others: &["reporting"],
    left: OLD_REVISIONS,
    touched: &[],
};
const ECSTEST: Rack = Rack {
    name: "ECSTEST",
    said: &[
        "--tfstate",
        "s3://encompass-terraform-state/ecstest/terraform.tfstate",
    ],
    stands: &["ecstest"],
    own: "ecstest",
    others: &["consul", "haproxy"],
    left: OLD_REVISIONS,
    touched: &[],
};

const EVERYTHING: &[&str] = &[
    "--delete=all",
    "--disable-protection=all",
    "--include=inferred",
];

/// One rack in a strict account, with a plan of its teardown.
struct Trial {
    rack: &'static Rack,
    /// What may go and be switched off.
    consents: &'static [&'static str],
    /// More that is said when the plan is made.
    wishes: &'static [&'static str],
    account: Strict,
    before: Fingerprint,
    folder: TempDir,
}

impl Trial {
    fn of(rack: &'static Rack) -> Self {
        let account = Strict::start(rack.stands);
        Self {
            rack,
            consents: EVERYTHING,
            wishes: &[],
            before: account.fingerprint(),
            account,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn plan_file(&self) -> PathBuf {
        self.folder.path().join("plan.json")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("plan.json.journal.jsonl")
    }

    fn program(&self) -> assert_cmd::Command {
        let mut command = racklens();
        command.envs(self.account.emulator.env());
        // Where a configuration is that says what else is the rack's.
        command.current_dir(self.folder.path());
        command
    }

    fn plan(&self) -> Value {
        let (code, stdout, stderr) = run(self
            .program()
            .args(["teardown", "--rack", self.rack.name])
            .args(self.rack.said)
            .args(self.consents)
            .args(self.wishes)
            .arg("--plan")
            .arg(self.plan_file()));
        assert_eq!(code, 0, "{stdout}\n{stderr}");
        let told = fs::read_to_string(self.plan_file()).unwrap();
        serde_json::from_str(&told).unwrap()
    }

    /// The arguments of the run, so that it can also be started to be killed.
    fn execute_args(&self) -> Vec<String> {
        let plan = self.plan_file().display().to_string();
        let args = ["teardown", "--execute", &plan, "--confirm", self.rack.name];
        let mut args: Vec<String> = args.map(ToOwned::to_owned).to_vec();
        args.extend(["--accounts", "123456789012"].map(ToOwned::to_owned));
        args.extend(self.rack.said.iter().map(|it| (*it).to_owned()));
        self.with_pace(args)
    }

    fn resume_args(&self) -> Vec<String> {
        let journal = self.journal().display().to_string();
        let args = ["teardown", "--resume", &journal].map(ToOwned::to_owned);
        self.with_pace(args.to_vec())
    }

    /// Seconds are short here, and no other test may think that this rack is its own.
    fn with_pace(&self, mut args: Vec<String>) -> Vec<String> {
        let state = self.folder.path().display().to_string();
        args.extend(["--second", "20", "--state-home", &state].map(ToOwned::to_owned));
        args
    }

    fn execute(&self) -> (i32, String, String) {
        run(self.program().args(self.execute_args()))
    }

    fn resume(&self) -> (i32, String, String) {
        run(self.program().args(self.resume_args()))
    }

    fn verify(&self) -> (i32, String, String) {
        let journal = self.journal();
        let journal = journal.to_str().unwrap();
        run(self.program().args(["teardown", "--verify", journal]))
    }

    /// What is gone was the rack's; what is there was to stay and is to the byte what it was;
    /// nothing is new.
    fn nothing_else_happened(&self, plan: &Value) {
        let after = self.account.fingerprint();
        let own = self.own();
        let touched = |name: &str| self.rack.touched.iter().any(|it| name.starts_with(it));
        let mut kept = ids(&plan["stays"]);
        let neighbours = plan["neighbours"].as_array().unwrap().iter();
        kept.extend(neighbours.filter_map(|it| key(it.as_str()?)));
        for (name, told) in &self.before {
            match after.get(name) {
                None => assert!(own.contains(name), "{name} is gone, and was not the rack's"),
                // A key is gone when it waits for its end.
                Some(now) if now.contains("\"PendingDeletion\"") => assert!(own.contains(name)),
                Some(now) => {
                    assert!(
                        now == told || touched(name),
                        "{name} was\n{told}\nand is\n{now}"
                    );
                    let left = self.rack.left.iter().any(|it| name.starts_with(it));
                    let planned = left || kept.iter().any(|it| names(name, it));
                    let waits = name.starts_with("kms ");
                    assert!(!own.contains(name) || planned || waits, "{name} is left");
                }
            }
        }
        let mut new = after.keys().filter(|it| !self.before.contains_key(*it));
        let new = new.find(|it| !touched(it));
        assert_eq!(new, None);
    }

    /// The names of what came with the rack's own module, without the others that stand in it.
    fn own(&self) -> BTreeSet<String> {
        let earlier = self.account.before(self.rack.own);
        let at = self.rack.stands.iter().position(|it| *it == self.rack.own);
        let next = at.and_then(|at| self.rack.stands.get(at + 1));
        let stood = next.map(|it| self.account.before(it));
        let stood = stood.unwrap_or_else(|| self.before.keys().cloned().collect());
        let of_others = |it: &String| {
            // What is told only of what was still there before the teardown.
            let told = self.before.get(it);
            let mut others = self.rack.others.iter();
            others.any(|other| it.contains(other) || told.is_some_and(|it| it.contains(other)))
        };
        let own = stood.difference(&earlier);
        own.filter(|it| !of_others(it)).cloned().collect()
    }
}

/// The keys of the resources in a list of a plan.
fn ids(listed: &Value) -> Vec<&str> {
    let listed = listed.as_array().unwrap().iter();
    listed
        .filter_map(|it| key(it["resource"].as_str()?))
        .collect()
}

/// What comes after the kind in a resource's id.
fn key(id: &str) -> Option<&str> {
    id.split_once('/').map(|(_, key)| key)
}

/// Whether the name in a fingerprint is that of the resource with this key.
fn names(name: &str, key: &str) -> bool {
    let last = key.rsplit('/').next().unwrap();
    name.contains(key) || name.contains(last)
}

fn goes_down_without_a_refusal(rack: &'static Rack) {
    let trial = Trial::of(rack);
    down_without_a_refusal(&trial);
}

fn down_without_a_refusal(trial: &Trial) {
    let plan = trial.plan();
    let (code, stdout, stderr) = trial.execute();
    let refused = trial.account.refusals();
    assert_eq!(refused, [], "{stdout}\n{stderr}");
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
    let (code, stdout, stderr) = trial.verify();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
}

#[test]
fn karim_test_goes_down_without_a_refusal() {
    goes_down_without_a_refusal(&KARIM_TEST);
}

#[test]
fn karim_staging_goes_down_without_a_refusal() {
    let mut trial = Trial::of(&KARIM_STAGING);
    // An endpoint of its stack serves the other rack, too, and the plan says what to do about it.
    let refused = trial
        .program()
        .args(["teardown", "--rack", "karim-staging"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(20));
    let told = String::from_utf8(refused.stdout).unwrap();
    let remedy = told
        .lines()
        .find(|it| it.contains("aws ec2 modify-vpc-endpoint"));
    let word = |after: &str| {
        let (_, rest) = remedy.unwrap().split_once(after).unwrap();
        rest.split([' ', ';']).next().unwrap().to_owned()
    };
    let with = json!({
        "VpcEndpointId": word("--vpc-endpoint-id "),
        "RemoveRouteTableIds": [word("--remove-route-table-ids ")],
    });
    let done = json!([{"service": "ec2", "call": "modify_vpc_endpoint", "with": with}]);
    trial.account.somebody_else(&done);
    trial.before = trial.account.fingerprint();
    down_without_a_refusal(&trial);
}

#[test]
fn cruddur_goes_down_without_a_refusal() {
    goes_down_without_a_refusal(&CRUDDUR);
}

#[test]
fn ecs_cluster_goes_down_without_a_refusal() {
    goes_down_without_a_refusal(&ECS_CLUSTER);
}

#[test]
fn ecstest_goes_down_without_a_refusal() {
    goes_down_without_a_refusal(&ECSTEST);
}

/// What somebody switches on: the protections of a rack's stack and of what is in it.
fn protections(trial: &Trial) -> Value {
    let find = |call: &str, part: &str| {
        let mut names = trial.before.keys().filter_map(|it| it.strip_prefix(call));
        let name = names.find(|it| it.contains(part)).unwrap();
        name.trim().to_owned()
    };
    let group = find(
        "autoscaling describe_auto_scaling_groups",
        "karim-test-Instances",
    );
    let told = &trial.before[&format!("autoscaling describe_auto_scaling_groups {group}")];
    let told: Value = serde_json::from_str(told).unwrap();
    let machines = told["Instances"].as_array().unwrap().iter();
    let machines: Vec<&str> = machines
        .map(|it| it["InstanceId"].as_str().unwrap())
        .collect();
    assert!(!machines.is_empty());
    let balancer = find("elbv2 describe_load_balancers", "karim-Route");
    let log_group = find("logs describe_log_groups", "karim-test-LogGroup-P");
    json!([
        {"service": "cloudformation", "call": "update_termination_protection",
         "with": {"StackName": "karim-test", "EnableTerminationProtection": true}},
        {"service": "elbv2", "call": "modify_load_balancer_attributes",
         "with": {"LoadBalancerArn": balancer,
                  "Attributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]}},
        {"service": "dynamodb", "call": "update_table",
         "with": {"TableName": "karim-test-releases", "DeletionProtectionEnabled": true}},
        {"service": "autoscaling", "call": "set_instance_protection",
         "with": {"AutoScalingGroupName": group, "InstanceIds": machines,
                  "ProtectedFromScaleIn": true}},
        {"service": "autoscaling", "call": "update_auto_scaling_group",
         "with": {"AutoScalingGroupName": group, "DeletionProtection": "prevent-all-deletion"}},
        {"service": "logs", "call": "put_log_group_deletion_protection",
         "with": {"logGroupIdentifier": log_group, "deletionProtectionEnabled": true}},
    ])
}

#[test]
fn a_protected_rack_goes_down_without_a_refusal_once_that_is_allowed() {
    let mut trial = Trial::of(&KARIM_TEST);
    trial.account.somebody_else(&protections(&trial));
    trial.before = trial.account.fingerprint();
    down_without_a_refusal(&trial);
}

#[test]
fn what_cloudformation_failed_at_goes_by_itself_once_that_is_allowed() {
    let mut trial = Trial::of(&KARIM_TEST);
    let logs = trial.before.keys().find_map(|it| {
        let name = it.strip_prefix("logs describe_log_groups ")?;
        name.contains("karim-httpd").then(|| name.to_owned())
    });
    let protect = |on: bool| {
        json!({"service": "logs", "call": "put_log_group_deletion_protection",
               "with": {"logGroupIdentifier": logs, "deletionProtectionEnabled": on}})
    };
    let delete = json!({"service": "cloudformation", "call": "delete_stack",
                        "with": {"StackName": "karim-test-karim-httpd"}});
    trial.account.somebody_else(&json!([protect(true), delete]));
    let look = json!([{"service": "cloudformation", "call": "describe_stacks"}]);
    let failed = |trial: &Trial| {
        let there = trial.account.fingerprint();
        there.iter().any(|(name, told)| {
            name.starts_with("cloudformation describe_stacks ") && told.contains("DELETE_FAILED")
        })
    };
    let mut looks = 0;
    while !failed(&trial) {
        looks += 1;
        assert!(looks < 100, "the stack does not fail");
        trial.account.somebody_else(&look);
    }
    trial.account.somebody_else(&json!([protect(false)]));
    trial.before = trial.account.fingerprint();
    let refused = trial
        .program()
        .args(["teardown", "--rack", "karim-test"])
        .args(EVERYTHING)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(20));
    let told = String::from_utf8(refused.stdout).unwrap();
    assert!(told.contains("--retain-resources"), "{told}");
    trial.wishes = &["--retain-resources"];
    down_without_a_refusal(&trial);
}

#[test]
fn a_function_within_a_network_goes_down_with_its_lingering_interfaces() {
    let mut trial = Trial::of(&ECS_CLUSTER);
    let told = |call: &str, part: &str| {
        let mut told = trial.before.iter();
        let found = told.find(|(name, told)| name.starts_with(call) && told.contains(part));
        found.map(|it| serde_json::from_str::<Value>(it.1).unwrap())
    };
    let subnet = told("ec2 describe_subnets", "PubSubnetAz1").unwrap();
    let role = told("iam list_roles", "ecsServiceRole").unwrap();
    let group = told("ec2 describe_security_groups", "EcsSecurityGroup").unwrap();
    let nothing_zipped = format!("PK\u{5}\u{6}{}", "\0".repeat(18));
    let make = json!([{"service": "lambda", "call": "create_function", "with": {
        "FunctionName": "thumbnails",
        "Runtime": "python3.12",
        "Role": role["Arn"],
        "Handler": "index.handler",
        "Code": {"ZipFile": nothing_zipped},
        "VpcConfig": {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [group["GroupId"]]},
    }}]);
    trial.account.somebody_else(&make);
    let config = "[rack.ecs-cluster]\nown = [\"function/thumbnails\"]\n";
    fs::write(trial.folder.path().join("racklens.toml"), config).unwrap();
    trial.before = trial.account.fingerprint();
    down_without_a_refusal(&trial);
    let journal = fs::read_to_string(trial.journal()).unwrap();
    let plan: Value =
        serde_json::from_str(&fs::read_to_string(trial.plan_file()).unwrap()).unwrap();
    let waits = plan["steps"].as_array().unwrap().iter().any(|it| {
        let interface = it["resource"]
            .as_str()
            .unwrap()
            .starts_with("network-interface/");
        interface && it["acts"] == json!([]) && it["deadline"] == 3600
    });
    assert!(waits, "no step waits for the function's interface");
    assert!(journal.contains("function/thumbnails"));
}

/// Nobody may delete the database.
fn protected_database(trial: &mut Trial) {
    let with = json!({
        "DBInstanceIdentifier": "cruddur-db-instance",
        "DeletionProtection": true,
        "ApplyImmediately": true,
    });
    let protect = json!([{"service": "rds", "call": "modify_db_instance", "with": with}]);
    trial.account.somebody_else(&protect);
    trial.before = trial.account.fingerprint();
}

#[test]
fn a_copy_is_there_before_anything_is_destroyed() {
    let mut trial = Trial::of(&CRUDDUR);
    protected_database(&mut trial);
    trial.wishes = &["--backup"];
    trial.plan();
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    assert_eq!(trial.account.refusals(), [], "{stdout}\n{stderr}");
    let writes = trial.account.writes();
    let copied = writes
        .iter()
        .position(|it| it.call == "rds:CreateDBSnapshot");
    // A schedule holds nothing that could be copied, and would start what is brought to rest.
    let destroyed = writes.iter().position(|it| {
        let call = it.call.split_once(':').unwrap().1;
        let destroys = call.starts_with("Delete") || call.starts_with("Terminate");
        destroys && call != "DeleteSchedule"
    });
    assert!(copied.unwrap() < destroyed.unwrap(), "{writes:?}");
    let after = trial.account.fingerprint();
    let new = after.keys().filter(|it| !trial.before.contains_key(*it));
    let new: Vec<&String> = new.collect();
    let copies = |it: &&String| it.starts_with("rds describe_db_snapshots racklens-cruddur-");
    assert!(!new.is_empty() && new.iter().all(copies), "{new:?}");
}

#[test]
fn a_protection_is_on_again_when_the_deletion_fails() {
    let mut trial = Trial::of(&CRUDDUR);
    protected_database(&mut trial);
    let plan = trial.plan();
    trial
        .account
        .order(&json!([{"on": "rds:DeleteDBInstance", "what": "broken"}]));
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 22, "{stdout}\n{stderr}");
    let there = trial.account.fingerprint();
    let database = &there["rds describe_db_instances cruddur-db-instance"];
    assert!(
        database.contains("\"DeletionProtection\": true"),
        "{stdout}\n{stderr}"
    );
    trial.account.order(&json!([]));
    let (code, stdout, stderr) = trial.resume();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
}

// ---- bad days ----------------------------------------------------------------------------------

/// Runs the plan on these bad days; it may need to be resumed, and then all is as on a good one.
fn goes_down_all_the_same(faults: &Value) {
    goes_down_on(&Trial::of(&CRUDDUR), faults);
}

fn goes_down_on(trial: &Trial, faults: &Value) {
    let plan = trial.plan();
    trial.account.order(faults);
    let (mut code, mut stdout, mut stderr) = trial.execute();
    for _ in 0..5 {
        if code == 0 {
            break;
        }
        assert!([21, 22].contains(&code), "{code}: {stdout}\n{stderr}");
        assert!(stderr.contains("--resume"), "{stderr}");
        (code, stdout, stderr) = trial.resume();
    }
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    let met = trial.account.refusals().len() - trial.account.earnest().len();
    assert!(met > 0, "no fault met the run");
    trial.account.order(&json!([]));
    trial.nothing_else_happened(&plan);
}

#[test]
fn a_fifth_of_all_calls_throttled() {
    goes_down_all_the_same(&json!([{"on": "all", "every": 5, "what": "throttle"}]));
}

#[test]
fn pages_of_html_for_every_sixth_change() {
    goes_down_all_the_same(&json!([{"on": "writes", "every": 6, "what": "broken"}]));
}

#[test]
fn answers_lost_after_the_change_was_made() {
    goes_down_all_the_same(&json!([{"on": "writes", "every": 3, "what": "lost"}]));
}

#[test]
fn answers_too_late_after_the_change_was_made() {
    let late = json!([{"on": "writes", "every": 4, "what": "late", "seconds": 0.5}]);
    goes_down_all_the_same(&late);
}

#[test]
fn stacks_go_on_bad_days_and_leave_what_they_are_to_leave() {
    let mut trial = Trial::of(&KARIM_TEST_BUT_ITS_BUCKETS);
    trial.consents = &[
        "--delete=caches,databases,dns,file-systems,keys,logs,queues,secrets,tables,volumes",
        "--include=inferred",
    ];
    let others = json!([
        {"service": "dynamodb", "call": "delete_table", "with": {"TableName": "karim-test-builds"}},
        {"service": "cloudformation", "call": "delete_stack",
         "with": {"StackName": "convox-events"}},
    ]);
    let faults = json!([
        {"on": "ecs:UpdateService", "at": 1, "what": "do", "calls": others},
        {"on": "cloudformation:DeleteStack", "at": 1, "what": "lost"},
        {"on": "all", "every": 5, "what": "throttle"},
    ]);
    goes_down_on(&trial, &faults);
    let kept = |it: &&String| it.starts_with("s3 list_object_versions karim-test-");
    let names: Vec<&String> = trial.before.keys().filter(kept).collect();
    assert!(names.len() >= 3, "{names:?}");
    let after = trial.account.fingerprint();
    assert!(names.iter().all(|it| after.contains_key(*it)), "{names:?}");
}

#[test]
fn a_group_of_machines_goes_on_bad_days() {
    let others = json!([
        {"service": "logs", "call": "delete_log_group",
         "with": {"logGroupName": "tf-ecs-group/ecs-agent"}},
        {"service": "cloudwatch", "call": "delete_alarms",
         "with": {"AlarmNames": ["ECSTEST-ecs-cluster-cpu-high"]}},
    ]);
    let faults = json!([
        {"on": "writes", "at": 3, "what": "do", "calls": others},
        {"on": "autoscaling:UpdateAutoScalingGroup", "at": 1, "what": "lost"},
        {"on": "autoscaling:DeleteAutoScalingGroup", "at": 1, "what": "lost"},
        {"on": "all", "every": 5, "what": "throttle"},
    ]);
    goes_down_on(&Trial::of(&ECSTEST), &faults);
}

#[test]
fn what_is_spared_and_what_nobody_agreed_to_lose_is_there_untouched() {
    let mut trial = Trial::of(&CRUDDUR);
    trial.consents = &["--delete=images,logs", "--include=inferred"];
    trial.wishes = &["--spare", "log-group/cruddur"];
    let plan = trial.plan();
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    assert_eq!(trial.account.refusals(), [], "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
    let after = trial.account.fingerprint();
    for name in [
        "rds describe_db_instances cruddur-db-instance",
        "logs describe_log_groups cruddur",
    ] {
        assert_eq!(after.get(name), trial.before.get(name), "{name}");
        assert!(after.contains_key(name), "{name}");
    }
    assert!(stdout.contains("were to stay as planned"), "{stdout}");
}

#[test]
fn killed_while_a_stack_is_being_deleted_it_waits_for_that_and_goes_on() {
    let trial = Trial::of(&KARIM_TEST);
    let plan = trial.plan();
    let deleted = |journal: &str| {
        let mut lines = journal.lines().skip_while(|it| {
            let call = it.contains("\"intent\"") && it.contains("DeleteStack");
            !(call && it.contains("\"stack/karim-test\""))
        });
        lines.next().is_some() && lines.any(|it| it.contains("\"result\""))
    };
    assert!(killed_when(&trial, &trial.execute_args(), &deleted));
    let there = trial.account.fingerprint();
    let going = there.iter().filter(|(name, told)| {
        name.starts_with("cloudformation describe_stacks ") && told.contains("DELETE_IN_PROGRESS")
    });
    assert_eq!(going.count(), 1);
    let (code, stdout, stderr) = trial.resume();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    assert_eq!(trial.account.earnest(), [], "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
    // Nobody asked twice.
    let writes = trial.account.writes();
    let asked = writes.iter().filter(|it| {
        it.call == "cloudformation:DeleteStack" && it.resource.contains("stack/karim-test/")
    });
    assert_eq!(asked.count(), 1, "{writes:?}");
}

#[test]
fn credentials_that_expire_end_a_run_that_can_be_resumed() {
    let trial = Trial::of(&CRUDDUR);
    let plan = trial.plan();
    let expired = json!([
        {"on": "ecs:DeleteCluster", "at": 1, "what": "expired"},
        {"on": "elasticloadbalancing:DeleteTargetGroup", "what": "expired"},
        {"on": "ec2:DeleteSecurityGroup", "what": "expired"},
    ]);
    trial.account.order(&expired);
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 22, "{stdout}\n{stderr}");
    assert!(stderr.contains("takes the credentials no more"), "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");
    trial.account.order(&json!([]));
    let (code, stdout, stderr) = trial.resume();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
}

#[test]
fn what_somebody_else_deletes_is_gone_all_the_same() {
    let trial = Trial::of(&CRUDDUR);
    let plan = trial.plan();
    let gone = json!([
        {"service": "ecr", "call": "delete_repository",
         "with": {"repositoryName": "backend-flask", "force": true}},
        {"service": "logs", "call": "delete_log_group", "with": {"logGroupName": "cruddur"}},
        {"service": "iam", "call": "delete_role_policy",
         "with": {"RoleName": "CruddurTaskRole", "PolicyName": "SSMAccessPolicy"}},
    ]);
    let other = json!([{"on": "writes", "at": 3, "what": "do", "calls": gone}]);
    trial.account.order(&other);
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.account.order(&json!([]));
    trial.nothing_else_happened(&plan);
}

#[test]
fn what_somebody_adds_in_mid_run_is_named_and_kept() {
    let trial = Trial::of(&CRUDDUR);
    let plan = trial.plan();
    let steps = plan["steps"].as_array().unwrap().iter();
    let mut groups = steps.filter(|it| {
        it["resource"]
            .as_str()
            .unwrap()
            .starts_with("security-group/")
    });
    let group = groups.find(|it| it["name"] == "crud-srv-sg").unwrap()["resource"]
        .as_str()
        .unwrap();
    let group = group.trim_start_matches("security-group/").to_owned();
    // Somebody's machine puts the group on that is about to go.
    let made = json!([{"service": "ec2", "call": "run_instances", "with": {
        "ImageId": "ami-aff65ad2", "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1,
        "SecurityGroupIds": [group],
    }}]);
    let other = json!([{"on": "writes", "at": 1, "what": "do", "calls": made}]);
    trial.account.order(&other);
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 22, "{stdout}\n{stderr}");
    let told = format!("{stdout}{stderr}");
    assert!(told.contains(&group) && told.contains("eni-"), "{told}");
    // It still runs; and when its owner takes it away the run ends.
    let mut machines: Vec<String> = trial.account.fingerprint().into_keys().collect();
    machines
        .retain(|it| it.starts_with("ec2 describe_instances ") && !trial.before.contains_key(it));
    let [machine] = &machines[..] else {
        panic!("{machines:?}")
    };
    let machine = machine.rsplit(' ').next().unwrap();
    trial.account.order(&json!([]));
    let with = json!({"InstanceIds": [machine]});
    let terminate = json!([{"service": "ec2", "call": "terminate_instances", "with": with}]);
    trial.account.somebody_else(&terminate);
    let (code, stdout, stderr) = trial.resume();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
}

#[test]
fn a_protection_that_was_switched_on_after_the_plan_is_respected() {
    let trial = Trial::of(&CRUDDUR);
    let plan = trial.plan();
    let protect = |value: &str| {
        let balancers = trial.before.keys();
        let mut arns = balancers.filter_map(|it| it.strip_prefix("elbv2 describe_load_balancers "));
        let arn = arns.find(|it| it.contains("cruddur-alb")).unwrap();
        let attributes = json!([{"Key": "deletion_protection.enabled", "Value": value}]);
        let with = json!({"LoadBalancerArn": arn, "Attributes": attributes});
        json!([{"service": "elbv2", "call": "modify_load_balancer_attributes", "with": with}])
    };
    let other = json!([{"on": "writes", "at": 1, "what": "do", "calls": protect("true")}]);
    trial.account.order(&other);
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 22, "{stdout}\n{stderr}");
    assert!(stdout.contains("protection"), "{stdout}\n{stderr}");
    let there = trial.account.fingerprint();
    assert!(
        there
            .keys()
            .any(|it| it.contains("loadbalancer/app/cruddur-alb"))
    );
    trial.account.order(&json!([]));
    trial.account.somebody_else(&protect("false"));
    let (code, stdout, stderr) = trial.resume();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
}

#[test]
fn a_machine_whose_agent_is_silent_leaves_its_cluster_all_the_same() {
    let trial = Trial::of(&ECS_CLUSTER);
    let plan = trial.plan();
    let steps = plan["steps"].as_array().unwrap().iter();
    let mut machines = steps.flat_map(|it| it["covers"].as_array().into_iter().flatten());
    let machine = machines.find_map(|it| it.as_str().unwrap().strip_prefix("instance/"));
    trial.account.disconnect(machine.unwrap());
    let (code, stdout, stderr) = trial.execute();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
}

#[test]
fn killed_again_and_again_it_ends_all_the_same() {
    let trial = Trial::of(&CRUDDUR);
    let plan = trial.plan();
    let mut lines = 4;
    let mut args = trial.execute_args();
    for _ in 0..8 {
        if !killed_at_line(&trial, &args, lines) {
            break;
        }
        args = trial.resume_args();
        lines = written(&trial.journal()) + 7;
    }
    let (code, stdout, stderr) = trial.resume();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    trial.nothing_else_happened(&plan);
    assert_eq!(trial.account.earnest(), [], "{stdout}\n{stderr}");
}

/// Starts the run and kills it when its journal has that many lines; whether it lived so long.
fn killed_at_line(trial: &Trial, args: &[String], lines: usize) -> bool {
    killed_when(trial, args, &|it| it.lines().count() >= lines)
}

/// Starts the run and kills it when its journal is like that; whether it lived so long.
fn killed_when(trial: &Trial, args: &[String], is_time: &dyn Fn(&str) -> bool) -> bool {
    let mut child: Child = Command::new(env!("CARGO_BIN_EXE_racklens"))
        .args(args)
        .env_clear()
        .envs(trial.account.emulator.env())
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if fs::read_to_string(trial.journal()).is_ok_and(|it| is_time(&it)) {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn written(journal: &Path) -> usize {
    fs::read_to_string(journal).map_or(0, |it| it.lines().count())
}
