//! Reports to try the page with.
//!
//! Shared with the tests in a browser, which name the view's types through `model` as well.

use std::{collections::BTreeMap, sync::Arc};

use rust_decimal::Decimal;

use super::model::{
    Category, Change, Container, Coverage, End, Finding, Gap, Gone, Header, Health, Kind, Link,
    Overview, Path, Reason, Report, ResourceId, Row, RuleTally, Severity, Shelf, Since, Status,
    Target, Usd,
    money::{Actual, App, Bar, Burn, ByUse, Confidence, Curve, Day, Money, Source, Unknown, Waste},
};

const ROUTER: &str = "karim-Route-1B7H2GIJW6LEN";
const CLUSTER: &str = "karim-test-Cluster-15PZO1CID2K5Q";

/// The inventory: a heading for each shelf, and for each resource a line of kind, key, name,
/// state, summary, place, day, belonging and evidence.
const INVENTORY: &str = include_str!("example.txt");

/// The Convox rack `karim-test`, with something of every sort to show.
pub(super) fn rack() -> Report {
    let findings = findings();
    let shelves = INVENTORY.split("# ").skip(1).map(|shelf| {
        let (title, rows) = shelf.split_once('\n').expect("a heading");
        let rows = rows.lines().map(|it| row(cells(it), &findings));
        Shelf {
            title,
            rows: rows.collect(),
        }
    });
    let shelves: Vec<Shelf> = shelves.collect();
    let rows = || shelves.iter().flat_map(|it| &it.rows);
    let ours = ["declared", "derived", "inferred", "shared", "foreign"].map(|word| {
        let count = rows().filter(|it| it.belonging == word).count();
        (word, if word == "foreign" { 214 } else { count })
    });
    Report {
        header: Header {
            rack: "karim-test".to_owned(),
            made_by: "Convox",
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            identity: "arn:aws:sts::123456789012:assumed-role/read-only/karim".to_owned(),
            taken: "2018-05-01T18:12:44.381Z".parse().expect("a time"),
            took: "3.2 s".to_owned(),
            tool: "racklens 0.1.0".to_owned(),
            snapshot: "7f3c91d20be4a658".to_owned(),
        },
        coverage: Coverage {
            calls: calls(),
            requests: 128,
            gaps: gaps(),
        },
        overview: Overview {
            failures: vec![
                (Severity::Critical, 1),
                (Severity::High, 2),
                (Severity::Medium, 2),
                (Severity::Low, 1),
                (Severity::Info, 1),
            ],
            unknown: 2,
            muted: 0,
            passed: 37,
            health: vec![
                health("Stacks", "3 of 3 settled", Status::Pass),
                health("Services", "2 of 3 steady", Status::Fail),
                health("Tasks", "4 running", Status::Pass),
                health("Machines", "4 of 4 agents connected", Status::Pass),
                health(
                    "Targets",
                    "2 of 3 healthy; 1 group not read",
                    Status::Unknown,
                ),
            ],
            belonging: ours.to_vec(),
        },
        since: None,
        rules: rules(),
        traffic: traffic(),
        inventory: shelves,
        findings,
        money: Some(money()),
        notices: Vec::new(),
    }
}

/// What the rack costs, with something of every sort.
fn money() -> Money {
    let usd = |cents: i64| Usd::new(Decimal::new(cents, 2));
    let bar = |name: &str, cents: Option<i64>, length| Bar {
        name: name.to_owned(),
        usd: cents.map(usd),
        length,
        by_use: 2,
        unknown: usize::from(cents.is_none()),
    };
    let app = |name: &str, cents, length, is_named| App {
        is_named,
        bar: bar(name, Some(cents), length),
        ways: "own 1.20, machines 3.40".to_owned(),
    };
    let balancer = link("load-balancer", ROUTER);
    let curve = |number: &str, name, end: Option<&str>, points: &str, label| Curve {
        number: number.to_owned(),
        name,
        counted: end.is_none(),
        perhaps: end.is_some(),
        used: "402".to_owned(),
        limit: "30 GB-months".to_owned(),
        per_hour: "0.5403".to_owned(),
        percent: "1,340".to_owned(),
        mail: "2018-05-02 23:11 UTC".to_owned(),
        end: end.unwrap_or("not this month").to_owned(),
        ends: end.is_some(),
        costs: end.map(|_| usd(3720)),
        cause: "volume/vol-0f12a1865c64413da".to_owned(),
        points: points.to_owned(),
        label,
    };
    let ends = Some("2018-05-03 07:31 UTC");
    Money {
        total: usd(19982),
        least: true,
        per_hour: Decimal::new(2737, 4),
        month: None,
        hours: 730,
        shared: usd(100),
        since: Some("2018-04-29T22:53:44Z".parse().expect("a time")),
        so_far: usd(976),
        services: vec![
            bar("Amazon Elastic Compute Cloud", Some(10736), 100),
            bar("Amazon Virtual Private Cloud", Some(3650), 34),
            bar("Amazon Simple Notification Service", None, 0),
        ],
        apps: vec![
            app("stack karim-test-karim-httpd", 2093, 18, true),
            app("idle machines", 11488, 100, false),
            app("the rack itself", 4209, 37, false),
        ],
        weights: "9:1".to_owned(),
        idle: usd(11488),
        doubtful: usd(1314),
        confidence: vec![
            Confidence {
                name: "described",
                lines: 36,
                usd: Some(usd(19982)),
                why: "list price × what AWS describes, for all hours of the month",
            },
            Confidence {
                name: "by use",
                lines: 28,
                usd: None,
                why: "has a price for each unit, and nobody told how many; not in the total",
            },
        ],
        waste: vec![Waste {
            title: "Elastic IP that nothing uses".to_owned(),
            anchor: "f-nowhere".to_owned(),
            subject: balancer.clone(),
            usd: usd(365),
        }],
        wasted: usd(365),
        by_use: vec![ByUse {
            link: balancer.clone(),
            component: "capacity units",
            rate: "0.008 per LCU-hour".to_owned(),
        }],
        unknown: vec![Unknown {
            link: balancer,
            component: "instance hours",
            why: "no price of BoxUsage:x9.huge in us-east-1 is known".to_owned(),
        }],
        sources: vec![Source {
            name: "AWS Price List".to_owned(),
            standing: "verified",
            lines: 64,
            usd: usd(19982),
            oldest: "2023".to_owned(),
            newest: "2026-09-29".to_owned(),
        }],
        of: BTreeMap::new(),
        burn: Some(Burn {
            month: "2018-05".to_owned(),
            facts: texts(["assumes that the rack is alone in the account"]),
            curves: vec![
                curve("1", "EBS storage", ends, "0,0 54,200", (54, 200)),
                curve(
                    "2",
                    "DynamoDB read capacity",
                    None,
                    "0,0 720,160",
                    (720, 160),
                ),
            ],
            untold: vec!["log ingestion"],
            now: 12,
            mail_height: 170,
            days: vec![Day { at: 0, number: 1 }, Day { at: 116, number: 6 }],
            first: Some(("EBS storage".to_owned(), "2018-05-03 07:31 UTC".to_owned())),
            first_past: false,
            first_perhaps: true,
            stories: texts(["EBS storage: is gone on 2018-05-03 07:31 UTC."]),
            note: Some("Public IPv4 addresses in use cost nothing before 2024-02-01"),
            gross: usd(20269),
            after: usd(16728),
        }),
        actual: Some(Actual {
            about: "What AWS counted from 2018-05-01 until before 2018-05-15, in USD".to_owned(),
            sum: usd(7120),
            services: vec![("Amazon Elastic Compute Cloud".to_owned(), usd(7120))],
        }),
    }
}

/// The same a week after another report: one finding is new, one has grown worse, one is gone.
pub(super) fn compared() -> Report {
    let mut report = rack();
    for (at, it) in report.findings.iter_mut().enumerate() {
        it.change = Some(match at {
            0 => Change::New,
            1 => Change::Changed,
            _ => Change::Still,
        });
        it.is_news = at < 2;
    }
    let still = report.findings.len() - 2;
    report.since = Some(Since {
        from: "2018-04-24T18:00:00Z".parse().expect("a time"),
        counts: vec![
            (Change::New, 1),
            (Change::Changed, 1),
            (Change::Lost, 0),
            (Change::Fixed, 1),
            (Change::Still, still),
        ],
        gone: vec![Gone {
            change: Change::Fixed,
            rule: "logs-no-retention",
            title: "Log group keeps events for ever".to_owned(),
            severity: Severity::Low,
            label: "log-group/karim-test-LogGroup-PUBRBTCTRYC".to_owned(),
            why: "events are kept for 30 days".to_owned(),
        }],
    });
    report
}

/// A rack of which there is nothing bad to tell, and little else.
pub(super) fn quiet() -> Report {
    let mut report = rack();
    report.findings.clear();
    report.traffic.clear();
    report.coverage.gaps.clear();
    report.overview.unknown = 0;
    report.overview.failures = Severity::WORST_FIRST.map(|it| (it, 0)).to_vec();
    for line in &mut report.overview.health {
        line.verdict = Status::Pass;
    }
    for row in report.inventory.iter_mut().flat_map(|it| &mut it.rows) {
        row.findings.clear();
    }
    for rule in &mut report.rules {
        (rule.fail, rule.unknown) = (0, 0);
    }
    report
}

/// A rack whose names try to be more than names.
pub(super) fn hostile() -> Report {
    let mut report = compared();
    for it in report.since.iter_mut().flat_map(|it| &mut it.gone) {
        it.label = HOSTILE.to_owned();
        it.why = HOSTILE.to_owned();
    }
    report.header.rack = format!("</title>{HOSTILE}");
    report.header.region = HOSTILE.to_owned();
    report.header.identity = HOSTILE.to_owned();
    report.header.account = HOSTILE.to_owned();
    for gap in &mut report.coverage.gaps {
        gap.message = HOSTILE.to_owned();
        gap.code = HOSTILE.to_owned();
        gap.call = HOSTILE.to_owned();
        gap.action = HOSTILE.to_owned();
    }
    for it in &mut report.findings {
        it.why = HOSTILE.to_owned();
        it.detail = HOSTILE.to_owned();
        Arc::make_mut(&mut it.subject).id = format!("bucket/{HOSTILE}");
        Arc::make_mut(&mut it.subject).label = HOSTILE.to_owned();
        it.references = vec![
            "javascript:alert(1)".to_owned(),
            " JavaScript:alert(1)".to_owned(),
            "data:text/html,<script>alert(1)</script>".to_owned(),
            "https://example.com/\"onmouseover=\"alert(1)".to_owned(),
        ]
        .into();
        it.evidence
            .push((it.subject.clone(), "Tags", HOSTILE.to_owned()));
    }
    for it in &mut report.traffic {
        it.dns_name = HOSTILE.to_owned();
        it.conditions = HOSTILE.to_owned();
        it.action = HOSTILE.to_owned();
        Arc::make_mut(&mut it.load_balancer).label = HOSTILE.to_owned();
        if let Some(target) = &mut it.target {
            target.health = HOSTILE.to_owned();
            target.reason = HOSTILE.to_owned();
        }
        if let Some(container) = &mut it.container {
            container.image = HOSTILE.to_owned();
            container.name = HOSTILE.to_owned();
            container.service = HOSTILE.to_owned();
        }
        if let Some(end) = &mut it.end {
            HOSTILE.clone_into(&mut end.why);
        }
    }
    if let Some(money) = &mut report.money {
        for it in &mut money.apps {
            it.bar.name = HOSTILE.to_owned();
        }
        for it in &mut money.waste {
            Arc::make_mut(&mut it.subject).label = HOSTILE.to_owned();
        }
        for it in &mut money.unknown {
            Arc::make_mut(&mut it.link).label = HOSTILE.to_owned();
            it.why = HOSTILE.to_owned();
        }
        for it in &mut money.by_use {
            Arc::make_mut(&mut it.link).label = HOSTILE.to_owned();
        }
        for it in &mut money.sources {
            it.name = HOSTILE.to_owned();
        }
        for it in money.burn.iter_mut().flat_map(|it| &mut it.curves) {
            it.cause = HOSTILE.to_owned();
        }
    }
    for row in report.inventory.iter_mut().flat_map(|it| &mut it.rows) {
        Arc::make_mut(&mut row.link).label = HOSTILE.to_owned();
        row.state = HOSTILE.to_owned();
        row.place = HOSTILE.to_owned();
        row.summary = HOSTILE.to_owned();
        row.evidence = HOSTILE.to_owned();
        row.shared_with = vec![HOSTILE.to_owned()];
    }
    report
}

/// What [`hostile`] puts everywhere: an element, ends of attributes and elements, a reversal, an
/// invisible character and a control character.
pub(super) const HOSTILE: &str = "<script>document.title='owned'</script>\"'><img src=x onerror=\"document.title='owned'\">\
                           </style></script>\n\u{202e}gpj.exe\u{2066}\u{200b}\u{1b}[2J{{7*7}}&lt;";

/// A rack with more resources than a page shows.
pub(super) fn large(resources: usize) -> Report {
    let mut report = rack();
    let rows = (0..resources).map(|number| {
        let mut row = report.inventory[0].rows[1].clone();
        row.link = Arc::new(Link {
            id: format!("volume/vol-{number:017x}"),
            kind: "volume",
            label: format!("resource-{number}"),
            anchor: Some(format!("r-volume-{number:08x}")),
        });
        row
    });
    let rows = rows.collect();
    report.inventory.push(Shelf {
        title: "Many more",
        rows,
    });
    report
}

fn health(label: &'static str, value: &str, verdict: Status) -> Health {
    let value = value.to_owned();
    Health {
        label,
        value,
        verdict,
    }
}

/// Stands in for the hash of a resource's id.
fn hash(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5, |hash, it| {
        (hash ^ u32::from(it)).wrapping_mul(0x0100_0193)
    })
}

fn cells(line: &'static str) -> [&'static str; 9] {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    cells.try_into().expect("nine cells")
}

fn link(kind: &'static str, key: &str) -> Arc<Link> {
    let lines = INVENTORY.lines().filter(|it| !it.starts_with('#'));
    let row = lines.map(cells).find(|it| it[..2] == [kind, key]);
    let id = format!("{kind}/{key}");
    Arc::new(Link {
        kind,
        label: match row {
            Some(it) if !it[2].is_empty() => it[2],
            _ => key,
        }
        .to_owned(),
        anchor: row.map(|_| format!("r-{kind}-{:08x}", hash(&id))),
        id,
    })
}

fn row(cells: [&'static str; 9], findings: &[Finding]) -> Row {
    let [
        kind,
        key,
        _,
        state,
        summary,
        place,
        day,
        belonging,
        evidence,
    ] = cells;
    let link = link(kind, key);
    let about = findings.iter().filter(|it| it.subject.id == link.id);
    let others = [
        "key-alias/alias/team-secrets",
        "bucket/payments-archive",
        "role/payments-deployer",
    ];
    Row {
        findings: about
            .map(|it| (it.severity, it.status, it.anchor.clone()))
            .collect(),
        link,
        state: state.to_owned(),
        place: place.to_owned(),
        created: format!("{day}T16:52:13Z").parse().ok(),
        summary: summary.to_owned(),
        belonging,
        evidence: evidence.to_owned(),
        shared_with: match belonging {
            "shared" => others.map(str::to_owned).to_vec(),
            _ => Vec::new(),
        },
    }
}

fn finding(
    rule: &'static str,
    (severity, status): (Severity, Status),
    (title, category): (&str, Category),
    subject: Arc<Link>,
    why: &str,
) -> Finding {
    let fingerprint = format!("{:08x}{:08x}", hash(&subject.id), hash(why));
    Finding {
        anchor: format!("finding-{fingerprint}"),
        detail: String::new(),
        change: None,
        is_news: false,
        fingerprint,
        rule,
        title: title.into(),
        category,
        severity,
        status,
        belonging: "declared",
        subject,
        why: why.to_owned(),
        risk: "".into(),
        remedy: Arc::default(),
        references: Arc::default(),
        equivalents: Arc::default(),
        evidence: Vec::new(),
        gap: None,
        is_waste: false,
        saves: None,
        muted: None,
    }
}

fn texts<T: From<[String; N]>, const N: usize>(them: [&str; N]) -> T {
    them.map(str::to_owned).into()
}

fn findings() -> Vec<Finding> {
    let group = link("security-group", "sg-035b4f34a054d3787");
    let balancer = link(
        "load-balancer",
        "app/karim-Route-1B7H2GIJW6LEN/42515dec79b9a90b",
    );
    let targets = link("target-group", "karim-Route-MEXGH7ABK6U/704eb1cba209b19e");
    let web = link("target-group", "karim-Balan-6O2Y7D0PHCFF/387ff7d390b1f7a9");
    let logs = link("log-group", "karim-test-karim-httpd-LogGroup-1A2B3C4D5E6F");
    let orphan = link("bucket", "old-rack-settings-6x8yq0k3zj1d");
    let files = link("file-system", "fs-d9d57e91");
    let certificate = link("certificate", "6b2f9c1e-94a3-4b7e-9e0c-2f7a5f5a9b10");
    let mut findings = vec![
        Finding {
            risk: "Requests that a load balancer sends to this group are answered with an error, or by fewer containers than you pay for. With no healthy target at all, the app behind it is down.".into(),
            remedy: texts([
                "Read why: `aws elbv2 describe-target-health --target-group-arn ARN`. `Target.Timeout` is mostly a closed security group, `Target.ResponseCodeMismatch` a wrong health check path.",
                "Check that the service runs: `aws ecs describe-services --cluster CLUSTER --services SERVICE` tells its last events.",
                "Check that the machine's security group admits the load balancer's on the port that the task was given.",
                "If nothing should answer here any more, remove the rule that forwards to the group.",
            ]),
            references: texts(["https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"]),
            evidence: vec![
                (targets.clone(), "TargetHealthDescriptions", "i-07b70fbb192cb6917:32769 is unhealthy (Target.Timeout: Request timed out)".to_owned()),
                (targets.clone(), "TargetHealthDescriptions", "i-0dd4788a2d7e9c77e:32771 is unhealthy (Target.ResponseCodeMismatch: Health checks failed with these codes: [502])".to_owned()),
            ],
            ..finding("no-healthy-target", (Severity::Critical, Status::Fail), ("Target group without a healthy target", Category::Reliability), targets, "none of its 2 targets is healthy")
        },
        Finding {
            risk: "Anyone can try to log in to the machines that carry your containers. One guessed password, one leaked key or one flaw in the service behind the port, and every task on the machine, its role's credentials and its network neighbours are reachable.".into(),
            remedy: texts([
                "Find out who needs the port: `aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP`.",
                "Use Session Manager (`aws ssm start-session`) or ECS Exec instead: both need no open port.",
                "Remove the rule: `aws ec2 revoke-security-group-ingress --group-id GROUP --security-group-rule-ids SGR`, or narrow its range to your own addresses.",
                "Make the same change where the group is declared (stack template, Terraform, Convox parameter), or the next update brings the rule back.",
            ]),
            references: texts([
                "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
                "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
            ]),
            equivalents: texts([
                "Prowler ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
                "Security Hub EC2.13, EC2.14, EC2.19",
                "Trusted Advisor HCP4007jGY",
            ]),
            evidence: vec![
                (group.clone(), "IpPermissions", "tcp 22 from 0.0.0.0/0".to_owned()),
                (link("instance", "i-007670c6b3c8e2ee0"), "SecurityGroups", "sg-035b4f34a054d3787, public address 52.23.187.4".to_owned()),
            ],
            ..finding("sg-world-admin-port", (Severity::High, Status::Fail), ("Administration port open to the whole internet", Category::Exposure), group, "SSH (tcp 22) is open to the whole internet; i-007670c6b3c8e2ee0 and 3 more use the group")
        },
        Finding {
            risk: "Browsers refuse the app from that moment on.".into(),
            remedy: texts(["Import the renewed certificate under the same ARN: `aws acm import-certificate --certificate-arn ARN …`.", "Better: let ACM issue it, then it renews itself."]),
            references: texts(["https://docs.aws.amazon.com/acm/latest/userguide/import-certificate.html"]),
            evidence: vec![(certificate.clone(), "NotAfter", "2018-05-24T12:00:00Z".to_owned())],
            ..finding("certificate-expiry", (Severity::High, Status::Fail), ("Certificate runs out soon and nothing renews it", Category::Reliability), certificate, "it was imported, so ACM does not renew it, and it runs out in 22 days")
        },
        Finding {
            risk: "Passwords, cookies and answers cross the network readable and changeable by anyone on the way. One rule that forwards plain HTTP is enough: browsers and scripts that come by HTTP stay there.".into(),
            remedy: texts(["Give the HTTP listener a default action that redirects: `aws elbv2 modify-listener --listener-arn ARN --default-actions 'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_301}'`.", "Remove the rules of that listener that forward (`aws elbv2 delete-rule`), or turn each into a redirect."]),
            references: texts(["https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html"]),
            equivalents: texts(["Prowler elbv2_ssl_listeners", "Security Hub ELB.1"]),
            evidence: vec![
                (balancer.clone(), "Actions", "rule 18108 forwards".to_owned()),
                (balancer.clone(), "Actions", "rule 23081 forwards".to_owned()),
                (balancer.clone(), "DefaultActions", "forward".to_owned()),
            ],
            ..finding("alb-http-not-redirected", (Severity::Medium, Status::Fail), ("HTTP is served without a redirect to HTTPS", Category::Data), balancer, "3 rules of port 80 forward plain HTTP")
        },
        Finding {
            belonging: "foreign",
            risk: "Deleting a stack does not delete a bucket that is retained or not empty. What stays is billed, holds releases, settings or logs of something that no longer runs, and belongs to nobody who would notice a leak.".into(),
            remedy: texts(["Look at what is in it: `aws s3 ls s3://BUCKET --recursive --summarize`.", "Copy what is still of use.", "Empty it, all versions and delete markers included, then remove it."]),
            references: texts(["https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html"]),
            evidence: vec![(orphan.clone(), "TagSet", "aws:cloudformation:stack-name = old-rack".to_owned())],
            ..finding("bucket-orphan", (Severity::Medium, Status::Fail), ("Bucket left behind by a stack that is gone", Category::Cost), orphan, "stack old-rack is gone and nothing that was seen refers to the bucket")
        },
        Finding {
            risk: "Storage of logs is billed by the month for as long as they are kept.".into(),
            remedy: texts(["Decide how long the logs are of use: 30 days serve most racks.", "Set it: `aws logs put-retention-policy --log-group-name GROUP --retention-in-days 30`."]),
            references: texts(["https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html"]),
            evidence: vec![(logs.clone(), "retentionInDays", "absent: never expires".to_owned()), (logs.clone(), "storedBytes", "318464".to_owned())],
            ..finding("logs-no-retention", (Severity::Low, Status::Fail), ("Log group keeps events for ever", Category::Cost), logs, "no retention is set, and 311 KiB are kept already")
        },
        Finding {
            risk: "What was written before encryption was turned on stays readable to whoever gets at the disk.".into(),
            remedy: texts(["Make a new file system with encryption and copy the data: it cannot be turned on later."]),
            ..finding("efs-not-encrypted", (Severity::Info, Status::Fail), ("File system is not encrypted at rest", Category::Data), files, "encryption at rest is off")
        },
        Finding {
            gap: gaps().into_iter().next().map(Box::new),
            risk: "Requests that a load balancer sends to this group are answered with an error, or by fewer containers than you pay for.".into(),
            remedy: texts(["Read why: `aws elbv2 describe-target-health --target-group-arn ARN`."]),
            ..finding("no-healthy-target", (Severity::Medium, Status::Unknown), ("Target group without a healthy target", Category::Reliability), web, "the health of its targets was not read")
        },
        Finding {
            gap: gaps().into_iter().nth(2).map(Box::new),
            risk: "Storage of logs is billed by the month for as long as they are kept.".into(),
            ..finding("logs-no-retention", (Severity::Low, Status::Unknown), ("Log group keeps events for ever", Category::Cost), link("stack", "karim-test"), "logs:DescribeLogGroups was throttled: there may be more")
        },
    ];
    findings.sort_by_key(|it| (it.status, std::cmp::Reverse(it.severity)));
    findings
}

fn gap(kind: Kind, key: Option<&str>, call: &str, reason: Reason, message: &str) -> Gap {
    Gap {
        kind,
        resource: key.map(|it| ResourceId::new(kind, it)),
        call: call.to_owned(),
        action: call.to_owned(),
        reason,
        code: match reason {
            Reason::Denied => "AccessDenied",
            Reason::Throttled => "ThrottlingException",
            Reason::Unreachable | Reason::Malformed | Reason::Failed => "Failed",
        }
        .to_owned(),
        message: message.to_owned(),
    }
}

fn gaps() -> Vec<Gap> {
    let denied = |action: &str| {
        format!(
            "User: arn:aws:sts::123456789012:assumed-role/read-only/karim is not authorized to perform: {action} because no identity-based policy allows the {action} action"
        )
    };
    let targets = Some("karim-Balan-6O2Y7D0PHCFF/387ff7d390b1f7a9");
    let bucket = Some("karim-test-logs-s3rlg8rqvcpf");
    let health = "elasticloadbalancing:DescribeTargetHealth";
    vec![
        gap(
            Kind::TargetGroup,
            targets,
            health,
            Reason::Denied,
            &denied(health),
        ),
        gap(
            Kind::Bucket,
            bucket,
            "s3:GetEncryptionConfiguration",
            Reason::Denied,
            &denied("s3:GetEncryptionConfiguration"),
        ),
        gap(
            Kind::LogGroup,
            None,
            "logs:DescribeLogGroups",
            Reason::Throttled,
            "Rate exceeded",
        ),
    ]
}

fn calls() -> BTreeMap<String, u64> {
    let calls = [
        ("acm:DescribeCertificate", 1),
        ("acm:ListCertificates", 1),
        ("autoscaling:DescribeAutoScalingGroups", 1),
        ("cloudformation:DescribeStacks", 1),
        ("cloudformation:ListStackResources", 3),
        ("ec2:DescribeInstances", 1),
        ("ec2:DescribeSecurityGroups", 2),
        ("ec2:DescribeSubnets", 1),
        ("ecs:DescribeClusters", 1),
        ("ecs:DescribeServices", 2),
        ("ecs:DescribeTasks", 2),
        ("elasticloadbalancing:DescribeRules", 2),
        ("elasticloadbalancing:DescribeTargetHealth", 2),
        ("logs:DescribeLogGroups", 5),
        ("s3:GetBucketTagging", 7),
        ("sts:GetCallerIdentity", 1),
    ];
    calls.map(|(name, count)| (name.to_owned(), count)).into()
}

fn rules() -> Vec<RuleTally> {
    let rule =
        |id, title: &str, severity, [fail, unknown, pass, not_applicable]: [usize; 4]| RuleTally {
            id,
            title: title.to_owned(),
            severity,
            fail,
            unknown,
            pass,
            not_applicable,
            muted: 0,
        };
    vec![
        rule(
            "alb-http-not-redirected",
            "HTTP is served without a redirect to HTTPS",
            Severity::Medium,
            [1, 0, 0, 0],
        ),
        rule(
            "bucket-orphan",
            "Bucket left behind by a stack that is gone",
            Severity::Medium,
            [1, 0, 3, 0],
        ),
        rule(
            "certificate-expiry",
            "Certificate runs out soon and nothing renews it",
            Severity::High,
            [1, 0, 0, 0],
        ),
        rule(
            "efs-not-encrypted",
            "File system is not encrypted at rest",
            Severity::Info,
            [1, 0, 0, 0],
        ),
        rule(
            "logs-no-retention",
            "Log group keeps events for ever",
            Severity::Low,
            [1, 1, 1, 0],
        ),
        rule(
            "no-healthy-target",
            "Target group without a healthy target",
            Severity::Medium,
            [1, 1, 0, 2],
        ),
        rule(
            "sg-world-admin-port",
            "Administration port open to the whole internet",
            Severity::High,
            [1, 0, 15, 0],
        ),
        rule(
            "sg-world-data-port",
            "Database, cache or broker port open to the whole internet",
            Severity::High,
            [0, 0, 16, 0],
        ),
    ]
}

fn traffic() -> Vec<Path> {
    let web = link("target-group", "karim-Balan-6O2Y7D0PHCFF/387ff7d390b1f7a9");
    let api = link("target-group", "karim-Route-MEXGH7ABK6U/704eb1cba209b19e");
    let start = |protocol: &str, port, rule: &str, conditions: &str, group: &Arc<Link>| Path {
        load_balancer: link(
            "load-balancer",
            "app/karim-Route-1B7H2GIJW6LEN/42515dec79b9a90b",
        ),
        dns_name: format!("{ROUTER}-502343295.us-east-1.elb.amazonaws.com"),
        protocol: protocol.to_owned(),
        port,
        rule: rule.to_owned(),
        conditions: conditions.to_owned(),
        action: "forward".to_owned(),
        target_group: Some(group.clone()),
        target: None,
        container: None,
        end: None,
    };
    let target = |instance: &str, port, health: &str, verdict, reason: &str| {
        Some(Target {
            link: Arc::new(Link {
                label: instance.to_owned(),
                ..Link::clone(&link("instance", instance))
            }),
            port: Some(port),
            health: health.to_owned(),
            verdict,
            reason: reason.to_owned(),
        })
    };
    let container = |task: &str, service: &str, port, image: &str| {
        Some(Container {
            task: link("task", &format!("{CLUSTER}/{task}")),
            service: service.to_owned(),
            name: "web".to_owned(),
            port,
            image: image.to_owned(),
        })
    };
    let httpd = || {
        container(
            "a41421cf-18f7-493f-9701-625f5656bc83",
            "karim-test-karim-httpd-ServiceWebService-1U2P72L9RYM2M",
            80,
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/karim-regis-ovc6lz8vjn1k:web.BFQSVNPXUVL",
        )
    };
    let rack = |task| {
        container(
            task,
            "karim-test-ApiWebService-UDRJX1DMZ2EV",
            3000,
            "convox/rack:20180427180425",
        )
    };
    let hosts = [
        ("rule 18108", "host web.karim-httpd.karim-test.convox"),
        (
            "rule 23081",
            "host karim-httpd-web.karim-Route-1B7H2GIJW6LEN-502343295.us-east-1.convox.site",
        ),
    ];
    let mut paths = Vec::new();
    for (rule, host) in hosts {
        paths.push(Path {
            target: target("i-007670c6b3c8e2ee0", 32768, "unknown", Status::Unknown, ""),
            container: httpd(),
            ..start("HTTP", 80, rule, host, &web)
        });
    }
    paths.push(Path {
        target: target(
            "i-07b70fbb192cb6917",
            32769,
            "unhealthy",
            Status::Fail,
            "Target.Timeout: Request timed out",
        ),
        container: rack("0f6d1d2c-2f3e-4f3b-9a53-51cfb6a9c8e1"),
        ..start("HTTP", 80, "default rule", "any request", &api)
    });
    paths.push(Path {
        target: target(
            "i-0dd4788a2d7e9c77e",
            32771,
            "unhealthy",
            Status::Fail,
            "Target.ResponseCodeMismatch: Health checks failed with these codes: [502]",
        ),
        end: Some(End {
            verdict: Status::Fail,
            why: "no running task that was seen owns this port".to_owned(),
        }),
        ..start("HTTP", 80, "default rule", "any request", &api)
    });
    paths.push(Path {
        action: "redirect to HTTPS://#{host}:443".to_owned(),
        target_group: None,
        end: Some(End {
            verdict: Status::Pass,
            why: "answered by the load balancer itself".to_owned(),
        }),
        ..start(
            "HTTPS",
            443,
            "rule 10",
            "host old.example.com, path /v1/*",
            &web,
        )
    });
    paths.push(Path {
        target: target("i-007670c6b3c8e2ee0", 32768, "healthy", Status::Pass, ""),
        container: httpd(),
        ..start("HTTPS", 443, "rule 18108", hosts[0].1, &web)
    });
    paths.push(Path {
        end: Some(End {
            verdict: Status::Fail,
            why: "it has no targets".to_owned(),
        }),
        ..start("HTTPS", 443, "default rule", "any request", &api)
    });
    paths
}
