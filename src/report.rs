//! The one view of a rack that every written format is made from.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    diff::Change,
    mute::{Muted, Notice},
    price::Usd,
    rule::{Category, Severity, Status},
    snapshot::Gap,
};

pub mod audit;
pub mod csv;
pub mod html;
mod make;
pub mod markdown;
pub mod money;
pub mod review;

pub use crate::traffic::End;
pub use make::{Material, incomplete, make};
pub use money::{Costs, Money};

/// Everything a report shows, in the order in which it shows it. Strings hold AWS's text as it
/// is: each format makes it harmless in its own way.
#[derive(Clone, Debug)]
pub struct Report {
    pub header: Header,
    pub coverage: Coverage,
    pub overview: Overview,
    /// What became of what an earlier report told, where there is one to compare with.
    pub since: Option<Since>,
    /// Fails first, then unknowns, each from the worst down; what is muted comes last.
    pub findings: Vec<Finding>,
    /// What every rule came to, by id.
    pub rules: Vec<RuleTally>,
    /// How requests come in, by load balancer, port and the order of the rules.
    pub traffic: Vec<Path>,
    /// The rack's resources, shelf by shelf; empty shelves are left out.
    pub inventory: Vec<Shelf>,
    /// What it costs, where that was counted.
    pub money: Option<Money>,
    /// Mutes that have expired, rules that are switched off.
    pub notices: Vec<Notice>,
}

/// Whose report it is, and of when.
#[derive(Clone, Debug)]
pub struct Header {
    pub rack: String,
    /// "Convox", "ecs-cli", "CloudFormation", "no stack".
    pub made_by: &'static str,
    pub account: String,
    pub region: String,
    /// ARN of who asked.
    pub identity: String,
    pub taken: Timestamp,
    /// For a person: "3.2 s".
    pub took: String,
    /// "racklens 0.1.0".
    pub tool: String,
    /// First sixteen hex digits of the snapshot's SHA-256.
    pub snapshot: String,
}

/// How much of what was asked came back.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Requests sent, by operation.
    pub calls: BTreeMap<String, u64>,
    pub requests: u64,
    /// Everything that could not be read.
    pub gaps: Vec<Gap>,
}

/// The first screen.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Failures by severity, from the worst down, zeros included.
    pub failures: Vec<(Severity, usize)>,
    pub unknown: usize,
    /// Failures and unknowns that someone has accepted; counted nowhere else.
    pub muted: usize,
    pub passed: usize,
    /// "Services", "3 of 3 steady", and whether that is as it should be.
    pub health: Vec<Health>,
    /// How many resources there are of each belonging, foreign ones as neighbours.
    pub belonging: Vec<(&'static str, usize)>,
}

/// A comparison with an earlier state of the rack.
#[derive(Clone, Debug)]
pub struct Since {
    /// When that was taken.
    pub from: Timestamp,
    /// How many findings had each fate, zeros included.
    pub counts: Vec<(Change, usize)>,
    /// What was found then and is not now: fixed, or out of sight.
    pub gone: Vec<Gone>,
}

impl Since {
    /// How many findings had that fate.
    pub fn count(&self, change: Change) -> usize {
        let counts = self.counts.iter().find(|it| it.0 == change);
        counts.map_or(0, |it| it.1)
    }
}

/// Something that was found and is not now.
#[derive(Clone, Debug)]
pub struct Gone {
    pub change: Change,
    pub rule: &'static str,
    pub title: String,
    pub severity: Severity,
    /// What it was about.
    pub label: String,
    pub why: String,
}

/// One line about how the rack is.
#[derive(Clone, Debug)]
pub struct Health {
    pub label: &'static str,
    pub value: String,
    pub verdict: Status,
}

/// One thing that is wrong, or that could not be judged.
#[derive(Clone, Debug)]
pub struct Finding {
    /// `finding-<fingerprint>`, from the second of one cause on with its number behind.
    pub anchor: String,
    /// Stays the same from run to run; two revisions of one task definition may share it.
    pub fingerprint: String,
    /// What of its subject it is about, where that is not all of it.
    pub detail: String,
    /// What became of it since the state compared with.
    pub change: Option<Change>,
    /// Whether that is worth a look: it is new, worse, or out of sight.
    pub is_news: bool,
    pub rule: &'static str,
    pub title: Arc<str>,
    pub category: Category,
    pub severity: Severity,
    /// `Fail` or `Unknown`.
    pub status: Status,
    pub subject: Arc<Link>,
    /// "declared", "shared", "foreign".
    pub belonging: &'static str,
    pub why: String,
    pub risk: Arc<str>,
    pub remedy: Arc<[String]>,
    pub references: Arc<[String]>,
    pub equivalents: Arc<[String]>,
    /// Resource, field, value.
    pub evidence: Vec<(Arc<Link>, &'static str, String)>,
    /// What could not be read, where that is why it is unknown.
    pub gap: Option<Box<Gap>>,
    /// Whether what it is about could go, and all that it costs with it.
    pub is_waste: bool,
    /// What it is about costs a month, known and at least, where the finding is about cost.
    pub saves: Option<Usd>,
    /// Who has accepted it, where someone has.
    pub muted: Option<Box<Muted>>,
}

/// A resource's name and where the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `kind/key`.
    pub id: String,
    /// "security-group".
    pub kind: &'static str,
    /// What to call it.
    pub label: String,
    /// `r-<kind>-<hash>`, or `None` when the page has no row for it.
    pub anchor: Option<String>,
}

/// What one rule came to.
#[derive(Clone, Debug)]
pub struct RuleTally {
    pub id: &'static str,
    pub title: String,
    pub severity: Severity,
    pub fail: usize,
    pub unknown: usize,
    pub pass: usize,
    pub not_applicable: usize,
    /// Failures and unknowns that someone has accepted; counted nowhere else.
    pub muted: usize,
}

/// One way from a name to a container, or to where it ends.
#[derive(Clone, Debug)]
pub struct Path {
    pub load_balancer: Arc<Link>,
    pub dns_name: String,
    /// "HTTPS".
    pub protocol: String,
    pub port: u16,
    /// "rule 18108", "default rule"; empty for a classic load balancer.
    pub rule: String,
    /// "host web.example.com, path /api/*"; "any request" for a default rule.
    pub conditions: String,
    /// "forward", "redirect to HTTPS://#{host}:443", "answer 404".
    pub action: String,
    /// Where the path ends early these are missing, and `end` says why.
    pub target_group: Option<Arc<Link>>,
    pub target: Option<Target>,
    pub container: Option<Container>,
    /// Where the path ends when there is no container at its end.
    pub end: Option<End>,
}

/// Something that a target group or a classic load balancer sends to.
#[derive(Clone, Debug)]
pub struct Target {
    /// An instance with a row, or an address.
    pub link: Arc<Link>,
    pub port: Option<u16>,
    /// AWS's word: "healthy", "InService"; "unknown" when health was not read.
    pub health: String,
    /// Whether that word is good, bad, or not known.
    pub verdict: Status,
    /// Why AWS says so; empty when it does not.
    pub reason: String,
}

/// The container that answers.
#[derive(Clone, Debug)]
pub struct Container {
    pub task: Arc<Link>,
    /// The service's name; empty for a task on its own.
    pub service: String,
    pub name: String,
    pub port: u16,
    pub image: String,
}

/// One shelf of the inventory.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// One resource.
#[derive(Clone, Debug)]
pub struct Row {
    pub link: Arc<Link>,
    pub state: String,
    /// Zone, else VPC; empty for what is nowhere in particular.
    pub place: String,
    pub created: Option<Timestamp>,
    pub summary: String,
    pub belonging: &'static str,
    pub evidence: String,
    /// Names of foreign things that use it too.
    pub shared_with: Vec<String>,
    /// Anchors of its failures and unknowns, worst first.
    pub findings: Vec<(Severity, Status, String)>,
}
