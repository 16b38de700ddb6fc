//! Where other tools are wrong, case by case, and ours must not be.
//!
//! The numbers are those of a study of Prowler, Powerpipe's modules, Cloud Custodian and Trusted
//! Advisor; each test's name says what is right.

use serde::Deserialize;

use super::{Case, RULES, Status, Verdict, Words};
use crate::{kind::Kind, snapshot::Resource, testing};

#[derive(Deserialize)]
struct Account {
    resources: Vec<Resource>,
}

/// What a rule says about everything of an account that is all the rack's.
fn verdicts(rule: &str, account: &str) -> Vec<Verdict> {
    let account: Account = toml::from_str(account).unwrap();
    let rule = RULES.iter().find(|it| it.id == rule).unwrap();
    let words: Words = rule.words().unwrap();
    let check = |case: &Case<'_>| super::run(rule, &words, case);
    testing::owned(&account.resources, &[], |_| true, check)
}

/// What a rule says about one resource, the worst first.
fn said(rule: &str, subject: &str, account: &str) -> Option<Status> {
    let verdicts = verdicts(rule, account);
    let about = verdicts.iter().find(|it| it.subject.to_string() == subject);
    about.map(|it| it.status)
}

const BALANCER: &str = r#"
[[resources]]
id = "load-balancer/router"
created = "1969-01-01T00:00:00Z"
attrs.load-balancer = { type = "application", scheme = "internet-facing" }
[[resources]]
id = "target-group/web"
attrs.target-group = { load_balancers = ["router"], targets = { known = [] } }
"#;

const FORWARD: &str = r#"{ kind = "forward", targets = [{ target_group = "web" }] }"#;
const REDIRECT: &str = r#"{ kind = "redirect", redirect = { protocol = "HTTPS", port = "443", status = "HTTP_301" } }"#;

fn listener(port: u16, protocol: &str, action: &str) -> String {
    format!(
        "[[resources]]\nid = \"listener/router/{port}\"\nattrs.listener = {{ load_balancer = \
         \"router\", port = {port}, protocol = \"{protocol}\", actions = [{action}] }}\n"
    )
}

#[test]
fn d1_every_http_listener_and_every_rule_of_it_must_redirect() {
    let beside = [
        BALANCER,
        &listener(8080, "HTTP", FORWARD),
        &listener(80, "HTTP", REDIRECT),
    ]
    .concat();
    let fails = |account: &str| {
        let verdicts = verdicts("alb-http-not-redirected", account);
        verdicts.iter().any(|it| it.status == Status::Fail)
    };
    assert!(fails(&beside));
    let rule = |key: &str, more: &str, action: &str| {
        format!(
            "[[resources]]\nid = \"listener-rule/{key}\"\nattrs.listener-rule = {{ listener = \
             \"router/80\", {more}actions = [{action}] }}\n"
        )
    };
    let by_rule = [
        BALANCER,
        &listener(80, "HTTP", FORWARD),
        &rule("default", "", FORWARD),
        &rule("1", "priority = 1, ", REDIRECT),
    ]
    .concat();
    assert!(fails(&by_rule));
    assert!(!fails(
        &[BALANCER, &listener(80, "HTTP", REDIRECT)].concat()
    ));
}

#[test]
fn d2_a_load_balancer_with_https_alone_is_fine() {
    let account = [BALANCER, &listener(443, "HTTPS", FORWARD)].concat();
    let verdicts = verdicts("alb-http-not-redirected", &account);
    assert!(verdicts.iter().all(|it| it.status == Status::Pass));
    assert!(!verdicts.is_empty());
}

#[test]
fn d3_a_group_with_target_groups_and_no_classic_load_balancer_is_judged() {
    let account = r#"
[[resources]]
id = "auto-scaling-group/web"
attrs.auto-scaling-group = { health_check_type = "EC2", target_groups = ["web"] }
"#;
    let status = said("asg-ec2-health-only", "auto-scaling-group/web", account);
    assert_eq!(status, Some(Status::Fail));
}

fn definition(containers: &str) -> String {
    format!(
        r#"
[[resources]]
id = "service/prod/web"
attrs.service = {{ cluster = "prod", status = "ACTIVE", task_definition = "web:2" }}
[[resources]]
id = "task-definition/web:2"
attrs.task-definition = {{ family = "web", revision = 2, status = "ACTIVE", containers = [{containers}] }}
"#
    )
}

#[test]
fn d4_one_read_only_container_does_not_speak_for_the_other() {
    let both = r#"{ name = "web", essential = true },
        { name = "log", essential = true, read_only_root = true }"#;
    let status = said(
        "writable-rootfs",
        "task-definition/web:2",
        &definition(both),
    );
    assert_eq!(status, Some(Status::Fail));
}

const SECRET: &str =
    r#"{ name = "web", environment = [{ name = "DATABASE_PASSWORD", length = 20 }] }"#;

#[test]
fn d5_a_plain_secret_is_found_where_no_other_secret_is_declared() {
    let status = said(
        "env-plain-secret",
        "task-definition/web:2",
        &definition(SECRET),
    );
    assert_eq!(status, Some(Status::Fail));
}

#[test]
fn d6_a_service_on_fargate_by_capacity_provider_is_judged() {
    let account = r#"
[[resources]]
id = "service/prod/web"
[resources.attrs.service]
cluster = "prod"
status = "ACTIVE"
capacity_providers = ["FARGATE_SPOT"]
platform_version = "1.3.0"
"#;
    let status = said("old-platform", "service/prod/web", account);
    assert_eq!(status, Some(Status::Fail));
}

#[test]
fn d7_a_load_balancer_whose_groups_are_empty_is_idle() {
    let account = [BALANCER, &listener(80, "HTTP", FORWARD)].concat();
    let status = said("lb-idle", "load-balancer/router", &account);
    assert_eq!(status, Some(Status::Fail));
    // One whose targets are all ill is no waste, and not fine either.
    let ill = account.replace(
        "known = []",
        r#"known = [{ id = "10.0.0.7", state = "unhealthy" }]"#,
    );
    let status = said("no-healthy-target", "target-group/web", &ill);
    assert_eq!(status, Some(Status::Fail));
}

#[test]
fn d8_a_deleted_nat_gateway_is_no_waste_and_one_in_use_is_none_either() {
    let account = |status: &str| {
        format!(
            "[[resources]]\nid = \"nat-gateway/nat-1\"\ncreated = \"1969-01-01T00:00:00Z\"\n\
             attrs.nat-gateway = {{ status = \"{status}\" }}\n"
        )
    };
    let said = |account: &str| said("nat-unrouted", "nat-gateway/nat-1", account);
    assert_eq!(said(&account("deleted")), Some(Status::NotApplicable));
    assert_eq!(said(&account("failed")), Some(Status::NotApplicable));
    assert_eq!(said(&account("available")), Some(Status::Fail));
    let routed = account("available")
        + "[[resources]]\nid = \"route-table/rtb-1\"\nattrs.route-table = { routes = [{ to = \
           \"0.0.0.0/0\", via = \"nat-1\", state = \"active\" }] }\n";
    assert_eq!(said(&routed), Some(Status::Pass));
}

#[test]
fn d9_a_group_that_only_a_template_or_a_service_or_a_schedule_names_is_in_use() {
    let group = "[[resources]]\nid = \"security-group/sg-1\"\nattrs.security-group = { group_name \
                 = \"web\" }\n";
    let said = |more: &str| said("sg-unused", "security-group/sg-1", &[group, more].concat());
    assert_eq!(said(""), Some(Status::Fail));
    for user in [
        "[[resources]]\nid = \"launch-template/lt-1\"\nattrs.launch-template = { versions = { \
         known = [{ number = 1, security_groups = [\"sg-1\"] }] } }\n",
        "[[resources]]\nid = \"service/prod/web\"\nattrs.service = { status = \"ACTIVE\", desired \
         = 0, security_groups = [\"sg-1\"] }\n",
        "[[resources]]\nid = \"launch-configuration/old\"\nattrs.launch-configuration = { \
         security_groups = [\"sg-1\"] }\n",
        "[[resources]]\nid = \"event-rule/nightly\"\nattrs.event-rule = { schedule = \"rate(1 \
         day)\", targets = { known = [{ id = \"1\", task = { security_groups = [\"sg-1\"] } }] } \
         }\n",
        "[[resources]]\nid = \"schedule/hourly\"\nattrs.schedule = { start = { known = { task = { \
         security_groups = [\"sg-1\"] } } } }\n",
        "[[resources]]\nid = \"function/jobs\"\nattrs.function = { security_groups = [\"sg-1\"] }\n",
        "[[resources]]\nid = \"security-group/sg-2\"\nattrs.security-group = { group_name = \
         \"db\", ingress = [{ protocol = \"tcp\", from = 5432, to = 5432, groups = [\"sg-1\"] }] }\n",
    ] {
        assert_eq!(said(user), Some(Status::Pass), "{user}");
    }
}

/// A group that a load balancer without listeners wears.
fn group(ingress: &str) -> String {
    format!(
        "[[resources]]\nid = \"security-group/sg-1\"\nattrs.security-group = {{ group_name = \
         \"web\", vpc = \"vpc-1\", ingress = [{ingress}] }}\n[[resources]]\nid = \
         \"load-balancer/router\"\nattrs.load-balancer = {{ security_groups = [\"sg-1\"] }}\n"
    )
}

/// The rules that tell of ports open to the world.
const WORLD: [&str; 5] = [
    "sg-world-admin-port",
    "sg-world-all-traffic",
    "sg-world-data-port",
    "sg-world-unexpected-port",
    "sg-world-wide-range",
];

/// Which of these rules fail.
fn failing(rules: &[&'static str], ingress: &str) -> Vec<&'static str> {
    let account = group(ingress);
    let fails =
        |rule: &&&'static str| said(rule, "security-group/sg-1", &account) == Some(Status::Fail);
    rules.iter().filter(fails).copied().collect()
}

#[test]
fn d10_a_range_counts_by_all_its_ports_and_ipv6_like_ipv4() {
    let wide = r#"{ protocol = "tcp", from = 80, to = 65535, cidrs = ["0.0.0.0/0"] }"#;
    assert!(!failing(&WORLD, wide).is_empty());
    let v6 = r#"{ protocol = "tcp", from = 8081, to = 8081, cidrs = ["::/0"] }"#;
    assert_eq!(failing(&WORLD, v6), ["sg-world-unexpected-port"]);
}

#[test]
fn d11_logs_that_never_expire_are_a_cost_and_no_virtue() {
    let account = "[[resources]]\nid = \"log-group/web\"\nattrs.log-group = { stored_bytes = 9 }\n";
    let status = said("logs-no-retention", "log-group/web", account);
    assert_eq!(status, Some(Status::Fail));
}

#[test]
fn d12_a_database_with_a_public_address_is_told_of_even_behind_a_closed_group() {
    let account = [
        group(r#"{ protocol = "tcp", from = 5432, to = 5432, cidrs = ["10.0.0.0/8"] }"#).as_str(),
        "[[resources]]\nid = \"db-instance/orders\"\nattrs.db-instance = { status = \"available\", \
         public = true, port = 5432, security_groups = [\"sg-1\"] }\n",
    ]
    .concat();
    let verdicts = verdicts("rds-public", &account);
    let about = verdicts
        .iter()
        .find(|it| it.subject.kind == Kind::DbInstance);
    let about = about.unwrap();
    assert_eq!(about.status, Status::Fail);
    assert_eq!(about.severity, super::Severity::Low);
}

#[test]
fn d13_a_bucket_whose_block_could_not_be_read_is_unknown_and_not_dropped() {
    let account = "[[resources]]\nid = \"bucket/settings\"\nattrs.bucket = { }\n";
    for rule in ["bucket-no-public-block", "bucket-public"] {
        let status = said(rule, "bucket/settings", account);
        assert_eq!(status, Some(Status::Unknown), "{rule}");
    }
}

#[test]
fn d14_an_old_revision_that_nothing_runs_is_no_finding() {
    let old = format!(
        r#"[[resources]]
id = "task-definition/web:1"
attrs.task-definition = {{ family = "web", revision = 1, status = "ACTIVE", containers = [{SECRET}] }}
"#
    );
    let account = definition(r#"{ name = "web" }"#) + &old;
    let said = |id: &str| said("env-plain-secret", id, &account);
    assert_ne!(said("task-definition/web:1"), Some(Status::Fail));
    assert_eq!(said("task-definition/web:2"), Some(Status::Pass));
}

#[test]
fn d15_the_ipv6_world_is_a_world() {
    let v6 = r#"{ protocol = "tcp", from = 22, to = 22, cidrs = ["::/0"] }"#;
    assert!(failing(&WORLD, v6).contains(&"sg-world-admin-port"));
    let routed = r#"{ protocol = "tcp", from = 22, to = 22, cidrs = ["2000::/3"] }"#;
    assert!(failing(&WORLD, routed).contains(&"sg-world-admin-port"));
}

#[test]
fn d16_application_network_and_classic_load_balancers_can_be_idle() {
    for lb in ["application", "network"] {
        let account = format!(
            "[[resources]]\nid = \"load-balancer/old\"\ncreated = \"1969-01-01T00:00:00Z\"\n\
             attrs.load-balancer = {{ type = \"{lb}\" }}\n"
        );
        let status = said("lb-idle", "load-balancer/old", &account);
        assert_eq!(status, Some(Status::Fail), "{lb}");
    }
    let classic = "[[resources]]\nid = \"classic-load-balancer/old\"\ncreated = \
                   \"1969-01-01T00:00:00Z\"\nattrs.classic-load-balancer = { }\n";
    let status = said("lb-idle", "classic-load-balancer/old", classic);
    assert_eq!(status, Some(Status::Fail));
}

#[test]
fn d17_no_rule_has_a_word_about_policies_that_aws_wrote() {
    let account = r#"
[[resources]]
id = "role/web"
arn = "arn:aws:iam::123456789012:role/web"
[resources.attrs.role]
path = "/"
attached = { known = ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }
inline = { known = [] }
allowing_all = { known = [] }
[[resources]]
id = "policy/arn:aws:iam::aws:policy/AdministratorAccess"
attrs.policy = { attachments = 0 }
"#;
    for rule in RULES {
        let verdicts = verdicts(rule.id, account);
        let about = verdicts.iter().find(|it| it.subject.kind == Kind::Policy);
        assert!(
            about.is_none_or(|it| it.status != Status::Fail),
            "{}",
            rule.id
        );
    }
}

#[test]
fn d18_a_snapshot_that_an_image_is_made_of_is_needed_be_the_image_disabled_or_not() {
    // `images` holds disabled ones, too: they are asked for.
    let account = |images: &str| {
        format!(
            "[[resources]]\nid = \"ebs-snapshot/snap-1\"\ncreated = \"1969-01-01T00:00:00Z\"\n\
             attrs.ebs-snapshot = {{ images = {images} }}\n"
        )
    };
    let said = |images: &str| said("snapshot-old", "ebs-snapshot/snap-1", &account(images));
    assert_eq!(said("{ known = [\"ami-1\"] }"), Some(Status::Pass));
    assert_eq!(said("{ known = [] }"), Some(Status::Fail));
    assert_eq!(said("\"unread\""), Some(Status::Unknown));
}

/// Fifteen groups as the study gave them to three tools, and what is true of each.
#[test]
fn the_matrix_of_security_groups_comes_out_right() {
    let open = |ingress: &str| !failing(&WORLD, ingress).is_empty();
    let ssh = |ingress: &str| {
        let rules = [
            "sg-world-admin-port",
            "sg-world-all-traffic",
            "sg-world-wide-range",
        ];
        !failing(&rules, ingress).is_empty()
    };
    let world = r#"cidrs = ["0.0.0.0/0"]"#;
    let entry = |protocol: &str, from: i32, to: i32, who: &str| {
        format!(r#"{{ protocol = "{protocol}", from = {from}, to = {to}, {who} }}"#)
    };
    let halves = r#"cidrs = ["0.0.0.0/1", "128.0.0.0/1"]"#;
    let two = entry("tcp", 0, 32767, world) + ", " + &entry("tcp", 32768, 65535, world);
    for (name, ingress) in [
        ("ssh-v4", entry("tcp", 22, 22, world)),
        ("ssh-v6-only", entry("tcp", 22, 22, r#"cidrs = ["::/0"]"#)),
        ("all-traffic", format!(r#"{{ protocol = "-1", {world} }}"#)),
        ("all-tcp-one", entry("tcp", 0, 65535, world)),
        ("all-tcp-split", two.clone()),
        ("range-incl-22", entry("tcp", 20, 25, world)),
        ("halves", entry("tcp", 22, 22, halves)),
        // Its ranges are read and stand beside the rule's own.
        (
            "via-pl",
            entry(
                "tcp",
                22,
                22,
                r#"cidrs = ["0.0.0.0/0"], read_lists = ["pl-1"]"#,
            ),
        ),
    ] {
        assert!(ssh(&ingress), "{name} lets the world in at SSH's port");
    }
    // All TCP, be it in one entry or in two, and told of once by each rule.
    for all in [entry("tcp", 0, 65535, world), two] {
        assert!(failing(&WORLD, &all).contains(&"sg-world-wide-range"));
        for rule in WORLD {
            let verdicts = verdicts(rule, &group(&all));
            let fails = verdicts.iter().filter(|it| it.status == Status::Fail);
            assert!(fails.count() <= 1, "{rule}");
        }
    }
    let every = format!(r#"{{ protocol = "-1", {world} }}"#);
    assert_eq!(failing(&WORLD, &every), ["sg-world-all-traffic"]);
    // Two halves of the internet may stand in entries for different ports.
    let crossed = entry("tcp", 22, 22, r#"cidrs = ["0.0.0.0/1"]"#)
        + ", "
        + &entry("tcp", 20, 25, r#"cidrs = ["128.0.0.0/1"]"#);
    assert!(ssh(&crossed), "crossed halves");
    assert!(open(&entry("tcp", 80, 65535, world)), "range-80-up");
    for (name, ingress) in [
        ("udp-22", entry("udp", 22, 22, world)),
        ("icmp-any", entry("icmp", -1, -1, world)),
        (
            "private-22",
            entry("tcp", 22, 22, r#"cidrs = ["10.0.0.0/8"]"#),
        ),
        ("self-ref", entry("tcp", 0, 65535, r#"groups = ["sg-1"]"#)),
        (
            "ref-alb",
            entry("tcp", 32768, 65535, r#"groups = ["sg-alb"]"#),
        ),
    ] {
        assert!(!ssh(&ingress), "{name} lets nobody in at SSH's port");
    }
    assert!(!open(&entry("icmp", -1, -1, world)), "ping is no port");
    for (name, ingress) in [
        ("self-ref", entry("tcp", 0, 65535, r#"groups = ["sg-1"]"#)),
        (
            "ref-alb",
            entry("tcp", 32768, 65535, r#"groups = ["sg-alb"]"#),
        ),
        (
            "private-22",
            entry("tcp", 22, 22, r#"cidrs = ["10.0.0.0/8"]"#),
        ),
    ] {
        assert!(!open(&ingress), "{name} is open to nobody outside");
    }
    // A list that could not be read is never taken for a closed door.
    let unread = entry("tcp", 22, 22, r#"prefix_lists = ["pl-1"]"#);
    let status = said(
        "sg-world-admin-port",
        "security-group/sg-1",
        &group(&unread),
    );
    assert_eq!(status, Some(Status::Unknown));
}
