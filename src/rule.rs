//! Checks over the graph: each rule is one function and one file of words in `rules/`.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    belonging::Belongings,
    graph::Graph,
    id::ResourceId,
    kind::{AsKind, Kind, stack::Stack},
    mute::Muted,
    rack::Rack,
    snapshot::{
        Gap, Gaps, Resource,
        money::{Account, Metered, Spent, Unheard},
    },
    text,
};

pub mod exposure;
pub mod facing;
pub mod going;
pub mod index;
pub mod internet;
pub mod launch;
pub mod measured;
pub mod origin;
pub mod pack;
pub mod revision;
pub mod served;
pub mod written;

pub use index::Index;
pub use pack::Pack;

pub mod account;
pub mod alb_http_not_redirected;
pub mod asg_ec2_health_only;
pub mod asg_protected;
pub mod asg_single_az;
pub mod bucket_no_public_block;
pub mod bucket_not_empty;
pub mod bucket_orphan;
pub mod bucket_other_accounts;
pub mod bucket_plain_http;
pub mod bucket_public;
pub mod bucket_unbounded;
pub mod cert_expiring;
pub mod cluster_not_empty;
pub mod dangling_name;
pub mod data_protected;
pub mod database_lost;
pub mod database_protected;
pub mod dynamic_ports_open;
pub mod ebs_unattached;
pub mod ebs_unencrypted;
pub mod ecr_no_lifecycle;
pub mod efs_plain;
pub mod eip_unassociated;
pub mod env_plain_secret;
pub mod export_imported;
pub mod free_hours_over;
pub mod free_offer_over;
pub mod free_plan_ending;
pub mod host_mount;
pub mod host_network;
pub mod host_pid_ipc;
pub mod image_latest;
pub mod image_missing;
pub mod imdsv1_allowed;
pub mod instance_not_free;
pub mod instance_protected;
pub mod ipv4_bill;
pub mod kept_by_template;
pub mod key_still_needed;
pub mod lb_idle;
pub mod lb_protected;
pub mod lb_public_by_mistake;
pub mod lb_single_az;
pub mod listener_weak_tls;
pub mod logs_no_retention;
pub mod managed_termination_protection_off;
pub mod nat_idle;
pub mod nat_unrouted;
pub mod nat_without_gateway_endpoint;
pub mod never_free;
pub mod no_budget;
pub mod no_healthy_target;
pub mod no_logging;
pub mod no_recent_backup;
pub mod no_task_role;
pub mod old_platform;
pub mod privileged;
pub mod public_ip_on_compute;
pub mod rds_no_backup;
pub mod rds_public;
pub mod rds_single_az;
pub mod rds_tls_not_forced;
pub mod rds_unencrypted;
pub mod repository_not_empty;
pub mod repository_public;
pub mod repository_tag_mutable;
pub mod repository_unscanned;
pub mod role_admin;
pub mod runs_as_root;
pub mod service_not_steady;
pub mod service_single_task;
pub mod sg_broad_public_cidr;
pub mod sg_default_allows;
pub mod sg_named_elsewhere;
pub mod sg_unused;
pub mod sg_world;
pub mod sg_world_admin_port;
pub mod sg_world_all_traffic;
pub mod sg_world_data_port;
pub mod sg_world_unexpected_port;
pub mod sg_world_wide_range;
pub mod shared_resource;
pub mod slow_interface;
pub mod snapshot_old;
pub mod snapshot_public;
pub mod stack_protected;
pub mod stack_unhealthy;
pub mod task_directly_reachable;
pub mod taskdef_stale;
pub mod tg_orphan;
pub mod used_definition;
pub mod vpc_no_flow_logs;
pub mod writable_rootfs;

#[cfg(test)]
mod defects;

/// Every rule, in the order of their ids.
pub const RULES: &[Rule] = &[
    alb_http_not_redirected::RULE,
    asg_ec2_health_only::RULE,
    asg_protected::RULE,
    asg_single_az::RULE,
    bucket_no_public_block::RULE,
    bucket_not_empty::RULE,
    bucket_orphan::RULE,
    bucket_other_accounts::RULE,
    bucket_plain_http::RULE,
    bucket_public::RULE,
    bucket_unbounded::RULE,
    cert_expiring::RULE,
    cluster_not_empty::RULE,
    dangling_name::RULE,
    data_protected::RULE,
    database_lost::RULE,
    database_protected::RULE,
    dynamic_ports_open::RULE,
    ebs_unattached::RULE,
    ebs_unencrypted::RULE,
    ecr_no_lifecycle::RULE,
    efs_plain::RULE,
    eip_unassociated::RULE,
    env_plain_secret::RULE,
    export_imported::RULE,
    free_hours_over::RULE,
    free_offer_over::RULE,
    free_plan_ending::RULE,
    host_mount::RULE,
    host_network::RULE,
    host_pid_ipc::RULE,
    image_latest::RULE,
    image_missing::RULE,
    imdsv1_allowed::RULE,
    instance_not_free::RULE,
    instance_protected::RULE,
    ipv4_bill::RULE,
    kept_by_template::RULE,
    key_still_needed::RULE,
    lb_idle::RULE,
    lb_protected::RULE,
    lb_public_by_mistake::RULE,
    lb_single_az::RULE,
    listener_weak_tls::RULE,
    logs_no_retention::RULE,
    managed_termination_protection_off::RULE,
    nat_idle::RULE,
    nat_unrouted::RULE,
    nat_without_gateway_endpoint::RULE,
    never_free::RULE,
    no_budget::RULE,
    no_healthy_target::RULE,
    no_logging::RULE,
    no_recent_backup::RULE,
    no_task_role::RULE,
    old_platform::RULE,
    privileged::RULE,
    public_ip_on_compute::RULE,
    rds_no_backup::RULE,
    rds_public::RULE,
    rds_single_az::RULE,
    rds_tls_not_forced::RULE,
    rds_unencrypted::RULE,
    repository_not_empty::RULE,
    repository_public::RULE,
    repository_tag_mutable::RULE,
    repository_unscanned::RULE,
    role_admin::RULE,
    runs_as_root::RULE,
    service_not_steady::RULE,
    service_single_task::RULE,
    sg_broad_public_cidr::RULE,
    sg_default_allows::RULE,
    sg_named_elsewhere::RULE,
    sg_unused::RULE,
    sg_world_admin_port::RULE,
    sg_world_all_traffic::RULE,
    sg_world_data_port::RULE,
    sg_world_unexpected_port::RULE,
    sg_world_wide_range::RULE,
    shared_resource::RULE,
    slow_interface::RULE,
    snapshot_old::RULE,
    snapshot_public::RULE,
    stack_protected::RULE,
    stack_unhealthy::RULE,
    task_directly_reachable::RULE,
    taskdef_stale::RULE,
    tg_orphan::RULE,
    vpc_no_flow_logs::RULE,
    writable_rootfs::RULE,
];

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Kebab-case; also the name of its two files and its anchor in a report. Never changes.
    pub id: &'static str,
    /// `rules/<id>.toml`: everything about it that is words or numbers.
    pub words: &'static str,
    /// The kinds that it cannot do without: when one of them could not be listed, the rule's
    /// answer is unknown.
    pub needs: &'static [Kind],
    /// Judges every resource that it is about. Silence about a resource means that the rule has
    /// nothing to do with it.
    pub check: fn(&Case<'_>, &Words) -> Vec<Verdict>,
}

/// What a rule looks at: one rack at one moment.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub graph: &'a Graph<'a>,
    pub rack: &'a Rack,
    pub belongings: &'a Belongings,
    pub gaps: &'a Gaps<'a>,
    /// When the snapshot was taken; ages are counted from here.
    pub taken: Timestamp,
    /// What the account says of its free tier, where it was asked.
    pub account: Option<&'a Account>,
    pub run: &'a Run<'a>,
}

/// What one run of the rules has besides the rack.
#[derive(Debug, Default)]
pub struct Run<'a> {
    /// All rules as they are set, where they are run together.
    pub pack: Option<&'a Pack>,
    /// What the account was asked about money and did not tell.
    pub unheard: &'a [Unheard],
    /// What CloudWatch counted, where it was asked.
    pub used: Option<&'a Metered>,
    /// What Cost Explorer says was spent, where it was asked.
    pub spent: Option<&'a Spent>,
    /// What is looked up once for all rules.
    pub index: Index,
}

impl<'a> Case<'a> {
    /// The words of a rule as they are set in this run, else as they are in its file.
    ///
    /// # Errors
    /// When a rule's file cannot be read.
    pub fn words_of(&self, rule: &Rule) -> Result<Cow<'a, Words>, BadWords> {
        match self.run.pack.and_then(|it| it.get(rule.id)) {
            Some(ready) => Ok(Cow::Borrowed(&ready.words)),
            None => rule.words().map(Cow::Owned),
        }
    }

    /// The rack's resources of one kind, typed, shared ones included.
    pub fn ours<K: AsKind + 'a>(&self) -> impl Iterator<Item = (&'a Resource, &'a K)> {
        let places = self.graph.places_of(K::KIND);
        places
            .filter(|it| !self.belongings.at(*it).is_foreign())
            .filter_map(|it| {
                let resource = self.graph.at(it);
                K::of(&resource.attrs).map(|it| (resource, it))
            })
    }

    /// What stands for the rack where a word is about all of it: what it is named after, if that
    /// is one of its roots.
    pub fn whole(&self) -> Option<&'a ResourceId> {
        let roots = || self.rack.roots.keys();
        let named = roots().find(|it| it.key == self.rack.name);
        let named = named.or_else(|| roots().find(|it| it.key.ends_with(&self.rack.name)));
        named.or_else(|| roots().next())
    }

    /// Whole hours from a moment to the snapshot's.
    pub fn hours_since(&self, moment: Timestamp) -> i64 {
        self.taken.duration_since(moment).as_hours()
    }

    /// Why something about this one resource is not known.
    pub fn gap_about(&self, id: &ResourceId) -> Option<&'a Gap> {
        self.gaps.about(id).next()
    }

    /// Why what one call tells of this resource is not known; there may be gaps of other calls.
    pub fn gap_of_call(&self, id: &ResourceId, call: &str) -> Option<&'a Gap> {
        self.gaps.about(id).find(|it| it.call.contains(call))
    }

    /// The first of these kinds of which not all is known, by what hid it: a listing that failed,
    /// or the reading of one of them.
    pub fn gap_among(&self, kinds: &[Kind]) -> Option<&'a Gap> {
        let mut listings = kinds.iter().filter_map(|it| self.gap_in_listing(*it));
        let lost = |gap: &&Gap| {
            let id = gap.resource.as_ref();
            id.is_some_and(|it| kinds.contains(&it.kind) && self.graph.get(it).is_none())
        };
        listings.next().or_else(|| self.gaps.iter().find(lost))
    }

    /// Stacks of the rack's of which is not known what they made, and why.
    pub fn closed_stacks(&self) -> impl Iterator<Item = (&'a ResourceId, &'a Gap)> {
        let closed = self.ours::<Stack>();
        let closed = closed.filter(|(_, it)| it.members.known().is_none());
        closed.filter_map(|(it, _)| {
            let gap = self.gap_of_call(&it.id, "ListStackResources")?;
            Some((&it.id, gap))
        })
    }

    /// Why not all of a kind is known: its listing failed for the region, or within something of
    /// the rack's that holds such things.
    pub fn gap_in_listing(&self, kind: Kind) -> Option<&'a Gap> {
        self.gaps.of_kind(kind).find(|gap| {
            gap.resource.as_ref().is_none_or(|within| {
                within.kind != kind && !self.belongings.of(within).is_foreign()
            })
        })
    }
}

/// The text and numbers of a rule, from its file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Words {
    /// What is wrong when it fails, in a few words.
    pub title: String,
    pub severity: Severity,
    pub category: Category,
    /// What it means for whoever takes the rack down; rules without one are no part of that
    /// review.
    #[serde(default)]
    pub teardown: Option<Consequence>,
    /// Whether what it is about could go, and all that it costs with it.
    #[serde(default)]
    pub waste: bool,
    /// What it means for a rack.
    pub risk: String,
    /// Steps that mend it.
    pub remedy: Vec<String>,
    /// `https://` addresses.
    pub references: Vec<String>,
    /// What Prowler, Security Hub and Trusted Advisor call their nearest check.
    #[serde(default)]
    pub equivalents: Vec<String>,
    /// Its adjustable numbers and lists, with their defaults.
    #[serde(default)]
    pub parameters: toml::Table,
    /// Small accounts on which it must fail, pass or not know.
    pub example: Vec<Example>,
}

impl Words {
    /// A parameter that is a list of ports.
    pub fn ports(&self, name: &str) -> Vec<u16> {
        let ports = self.parameters.get(name).and_then(toml::Value::as_array);
        let ports = ports.into_iter().flatten();
        ports
            .filter_map(|it| u16::try_from(it.as_integer()?).ok())
            .collect()
    }

    /// A parameter that is a list of texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let texts = self.parameters.get(name).and_then(toml::Value::as_array);
        let texts = texts.into_iter().flatten();
        texts.filter_map(toml::Value::as_str).collect()
    }

    /// A parameter that is a text; empty where it is missing.
    pub fn text(&self, name: &str) -> &str {
        let text = self.parameters.get(name).and_then(toml::Value::as_str);
        text.unwrap_or_default()
    }

    /// A parameter that is a number; 0 where it is missing.
    pub fn number(&self, name: &str) -> i64 {
        let number = self.parameters.get(name).and_then(toml::Value::as_integer);
        number.unwrap_or_default()
    }
}

/// A small account and what the rule must say about one resource in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Example {
    /// What it shows, as a sentence without its full stop.
    pub name: String,
    pub subject: ResourceId,
    pub verdict: Status,
    /// What the account says of itself, where it was asked.
    #[serde(default)]
    pub account: Option<Account>,
    /// What CloudWatch counted, where it was asked.
    #[serde(default)]
    pub used: Option<Metered>,
    pub resources: Vec<Resource>,
}

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// From the worst down, as reports show them.
    pub const WORST_FIRST: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    Exposure,
    Data,
    Reliability,
    Cost,
    /// What stands in the way on the day on which the rack is taken down; told on that day, and
    /// not while it is to live.
    Teardown,
}

impl Category {
    pub const ALL: &[Self] = &[
        Self::Exposure,
        Self::Data,
        Self::Reliability,
        Self::Cost,
        Self::Teardown,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Data => "data",
            Self::Reliability => "reliability",
            Self::Cost => "cost",
            Self::Teardown => "teardown",
        }
    }
}

/// What a failure means for whoever takes the rack down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// AWS refuses to delete it, or waits for ever.
    Blocker,
    /// Data goes and does not come back.
    Loss,
    /// Others break.
    Shared,
    /// Something stays, and may go on costing.
    Leftover,
}

impl Consequence {
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Loss => "loss",
            Self::Shared => "shared",
            Self::Leftover => "leftover",
        }
    }
}

/// What a rule says about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Fail,
    /// Something that the answer hangs on could not be read.
    Unknown,
    Pass,
    /// The rule is about such resources, but not about this one.
    NotApplicable,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
        }
    }
}

impl Status {
    /// Whether someone has to look at it: a failure, or what could not be judged.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Fail | Self::Unknown)
    }

    /// The one word for a verdict: how bad a failure is, else the status.
    pub fn word(self, severity: Severity) -> &'static str {
        match self {
            Self::Fail => severity.name(),
            Self::Unknown | Self::Pass | Self::NotApplicable => self.name(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What one rule says about one resource, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub rule: &'static str,
    pub subject: ResourceId,
    pub status: Status,
    pub severity: Severity,
    /// A sentence about this resource, without its full stop.
    pub why: String,
    /// What was looked at.
    pub evidence: Vec<Evidence>,
    /// What else of one resource this is about, where it can fail in several ways at once: a
    /// port, a listener. Part of the fingerprint, so it must not change from run to run.
    pub detail: String,
    /// What could not be read, for `Unknown`.
    pub gap: Option<Box<Gap>>,
    /// Who has accepted it, where someone has.
    pub muted: Option<Box<Muted>>,
    /// What costs, where that is not what its subject costs in full.
    pub cost: Option<Cost>,
}

/// What it is of a rack that costs what a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// What the subject stores, billed for under this usage type by the month.
    Stored {
        usage: &'static str,
        /// Of 2³⁰ bytes, as AWS bills them.
        gigabytes: Decimal,
    },
    /// All that the rack is billed for under usage types that begin so.
    Usage(&'static str),
    /// What these cost in full.
    Of(Vec<ResourceId>),
    /// What these are billed for under usage types that end so, at the most.
    Part {
        of: Vec<ResourceId>,
        usage: &'static str,
    },
}

/// A value that was seen, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub resource: ResourceId,
    /// AWS's names of the fields that lead to it: `IpPermissions.IpRanges`.
    pub path: &'static str,
    pub value: String,
}

impl Evidence {
    pub fn new(resource: &ResourceId, path: &'static str, value: impl Into<String>) -> Self {
        Self {
            resource: resource.clone(),
            path,
            value: value.into(),
        }
    }
}

impl Verdict {
    /// A verdict of the rule's usual severity.
    pub fn new(
        rule: &Rule,
        words: &Words,
        subject: &ResourceId,
        status: Status,
        why: impl Into<String>,
    ) -> Self {
        Self::of(rule.id, words, subject, status, why)
    }

    /// The same, of a rule that may be a user's.
    pub fn of(
        rule: &'static str,
        words: &Words,
        subject: &ResourceId,
        status: Status,
        why: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            subject: subject.clone(),
            status,
            severity: words.severity,
            why: why.into(),
            evidence: Vec::new(),
            detail: String::new(),
            gap: None,
            muted: None,
            cost: None,
        }
    }

    /// Whether someone has to look at it: it failed or could not be judged, and nobody has
    /// accepted that.
    pub fn is_open(&self) -> bool {
        self.status.is_open() && self.muted.is_none()
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Names what could not be read where that left it unknown.
    pub fn gap_if_unknown(self, gap: Option<&Gap>) -> Self {
        match self.status {
            Status::Unknown => self.gap(gap),
            Status::Fail | Status::Pass | Status::NotApplicable => self,
        }
    }

    pub fn gap(mut self, gap: Option<&Gap>) -> Self {
        self.gap = gap.cloned().map(Box::new);
        self
    }

    /// Sixteen hex digits that stay the same from run to run for the same cause.
    ///
    /// Two revisions of one task definition with the same fault have one cause, and so the same
    /// digits: the next deployment neither mends it nor makes it anew.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let subject = revision::lasting(&self.subject);
        for part in [
            &[self.rule][..],
            &[subject.kind.name(), "/", &subject.key],
            &[&self.detail],
        ] {
            part.iter().for_each(|it| hash.update(it));
            hash.update([0]);
        }
        text::hex(&hash.finalize(), 16)
    }
}

/// A rule's file that cannot be understood; a test keeps this from ever being seen.
#[derive(Debug, thiserror::Error)]
#[error("rules/{id}.toml: {source}")]
pub struct BadWords {
    id: &'static str,
    source: toml::de::Error,
}

impl Rule {
    /// Reads the rule's file.
    ///
    /// # Errors
    /// When the file is not what a rule's file should be.
    pub fn words(&self) -> Result<Words, BadWords> {
        toml::from_str(self.words).map_err(|source| BadWords {
            id: self.id,
            source,
        })
    }

    /// What its file remarks on its parameters, by their names. A remark stands above the
    /// parameters that it is about.
    pub fn remarks(&self) -> BTreeMap<String, String> {
        let lines = self.words.lines();
        let lines = lines.skip_while(|it| *it != "[parameters]").skip(1);
        let mut remarks = BTreeMap::new();
        let mut remark: Vec<&str> = Vec::new();
        let mut above = false;
        for line in lines.take_while(|it| !it.starts_with('[')) {
            if let Some(text) = line.strip_prefix("# ") {
                if !above {
                    remark.clear();
                }
                remark.push(text);
                above = true;
            } else {
                above = false;
                let name = line.split_once(" = ").map(|it| it.0);
                // What is indented goes on with a list.
                if let Some(name) = name.filter(|it| !it.starts_with(' ')) {
                    remarks.insert(name.to_owned(), remark.join(" "));
                }
            }
        }
        remarks
    }
}

/// Which rule it is, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: &'static str,
    /// The file of a user's rule.
    pub file: Option<String>,
}

/// One rule's words with all that it said.
#[derive(Clone, Debug)]
pub struct Judged {
    pub rule: Named,
    pub words: Words,
    pub verdicts: Vec<Verdict>,
}

/// Runs every rule of ours that is about a rack that is to live, as it is.
///
/// # Errors
/// When a rule's file cannot be read.
pub fn audit(case: &Case<'_>) -> Result<Vec<Judged>, BadWords> {
    Pack::built_in().map(|it| it.audit(case))
}

/// Takes back every good word that hangs on what was not read.
fn unsure(mut verdicts: Vec<Verdict>, gap: Option<&Gap>) -> Vec<Verdict> {
    let Some(gap) = gap else { return verdicts };
    for it in &mut verdicts {
        if matches!(it.status, Status::Pass | Status::NotApplicable) {
            it.status = Status::Unknown;
            it.why = format!(
                "{} was {}: {} may not hold",
                gap.call,
                gap.reason.name(),
                it.why
            );
            it.gap = Some(Box::new(gap.clone()));
        }
    }
    verdicts
}

/// Kinds whose listing tells no tags, so that often only a stack tells whose they are.
const TOLD_BY_STACK: &[Kind] = &[Kind::Role, Kind::Table];

fn run(rule: &Rule, words: &Words, case: &Case<'_>) -> Vec<Verdict> {
    let verdicts = (rule.check)(case, words);
    finish(rule.id, words, rule.needs, verdicts, case)
}

/// Adds what a rule cannot know, and puts all in order.
fn finish(
    rule: &'static str,
    words: &Words,
    needs: &[Kind],
    mut verdicts: Vec<Verdict>,
    case: &Case<'_>,
) -> Vec<Verdict> {
    if let Some(root) = case.rack.roots.keys().next() {
        for gap in needs.iter().filter_map(|it| case.gap_in_listing(*it)) {
            let why = format!("{} was {}: there may be more", gap.call, gap.reason.name());
            let verdict = Verdict::of(rule, words, root, Status::Unknown, why);
            verdicts.push(verdict.detail(&gap.call).gap(Some(gap)));
        }
    }
    if needs.iter().any(|it| TOLD_BY_STACK.contains(it)) {
        verdicts.extend(case.closed_stacks().map(|(stack, gap)| {
            let why = format!(
                "{} was {}: it may have made more",
                gap.call,
                gap.reason.name()
            );
            let verdict = Verdict::of(rule, words, stack, Status::Unknown, why);
            verdict.detail(&gap.call).gap(Some(gap))
        }));
    }
    verdicts.sort_by(|a, b| {
        let key = |it: &Verdict| (it.status, std::cmp::Reverse(it.severity));
        (key(a), &a.subject, &a.detail).cmp(&(key(b), &b.subject, &b.detail))
    });
    verdicts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::owned;

    fn words(rule: &Rule) -> Words {
        rule.words().unwrap_or_else(|it| panic!("{it}"))
    }

    /// What a rule says where all is the rack's but what is tagged `owner = "nobody"`.
    fn verdicts(rule: &Rule, example: &Example) -> Vec<Verdict> {
        let nobodys = |it: &Resource| it.tags.get("owner").is_some_and(|it| it == "nobody");
        owned(
            &example.resources,
            &[],
            |it| !nobodys(it),
            |case| {
                let account = example.account.as_ref();
                let asked = Run {
                    used: example.used.as_ref(),
                    ..Run::default()
                };
                let case = Case {
                    account,
                    run: &asked,
                    ..*case
                };
                run(rule, &words(rule), &case)
            },
        )
    }

    #[test]
    fn every_rule_has_its_file_and_every_file_its_rule() {
        let files: BTreeSet<String> = std::fs::read_dir("rules")
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        let rules = RULES.iter().map(|it| format!("{}.toml", it.id)).collect();
        assert_eq!(files, rules);
        assert!(RULES.is_sorted_by_key(|it| it.id));
    }

    #[test]
    fn every_rule_shows_a_failing_and_a_passing_example_and_means_them() {
        for rule in RULES {
            let words = words(rule);
            let shown: BTreeSet<Status> = words.example.iter().map(|it| it.verdict).collect();
            assert!(shown.contains(&Status::Fail), "{} has no fail", rule.id);
            assert!(shown.contains(&Status::Pass), "{} has no pass", rule.id);
            for example in &words.example {
                let said: Vec<Status> = verdicts(rule, example)
                    .into_iter()
                    .filter(|it| it.subject == example.subject)
                    .map(|it| it.status)
                    .collect();
                let meant = said.contains(&example.verdict);
                assert!(meant, "{}: {}: {said:?}", rule.id, example.name);
            }
        }
    }

    #[test]
    fn every_rule_says_what_it_means_and_how_to_mend_it() {
        for rule in RULES {
            let words = words(rule);
            assert!(!words.risk.is_empty() && !words.remedy.is_empty());
            for address in &words.references {
                assert!(address.starts_with("https://"), "{}: {address}", rule.id);
            }
        }
    }

    #[test]
    fn the_next_revision_of_a_task_definition_has_the_same_fingerprint() {
        let words = words(&runs_as_root::RULE);
        let of = |key: &str| {
            let subject = ResourceId::new(Kind::TaskDefinition, key);
            Verdict::new(&runs_as_root::RULE, &words, &subject, Status::Fail, "").fingerprint()
        };
        assert_eq!(of("web:3"), of("web:4"));
        assert_ne!(of("web:3"), of("api:3"));
    }

    #[test]
    fn a_rack_that_is_to_live_is_not_told_what_keeps_it_from_going() {
        let resources = [crate::testing::cluster("prod")];
        let of = |judge: fn(&Pack, &Case<'_>) -> Vec<Judged>| {
            let judged = owned(
                &resources,
                &[],
                |_| true,
                |case| judge(&Pack::built_in().unwrap(), case),
            );
            let ids: BTreeSet<&str> = judged.iter().map(|it| it.rule.id).collect();
            ids
        };
        let (audit, review) = (of(Pack::audit), of(Pack::review));
        assert!(review.contains("cluster-not-empty") && !audit.contains("cluster-not-empty"));
        assert!(review.contains("stack-unhealthy") && audit.contains("stack-unhealthy"));
        assert!(audit.contains("env-plain-secret") && !review.contains("env-plain-secret"));
    }

    #[test]
    fn a_rule_about_the_teardown_says_what_its_failure_means_for_it() {
        for rule in RULES {
            let words = words(rule);
            let of_teardown = words.category == Category::Teardown;
            assert!(!of_teardown || words.teardown.is_some(), "{}", rule.id);
        }
    }

    #[test]
    fn every_parameter_says_what_it_is() {
        for rule in RULES {
            let remarks = rule.remarks();
            for name in words(rule).parameters.keys() {
                let remark = remarks.get(name).map(String::as_str);
                assert!(
                    remark.is_some_and(|it| it.len() > 10),
                    "{}: {name}",
                    rule.id
                );
            }
        }
    }

    #[test]
    fn a_kind_that_could_not_be_listed_makes_its_rules_unknown() {
        let gaps = [crate::testing::gap(
            Kind::LogGroup,
            "logs:DescribeLogGroups",
        )];
        let root = [crate::testing::stack("prod")];
        let judged = owned(&root, &gaps, |_| true, |case| audit(case).unwrap());
        let logs = judged.iter().find(|it| it.rule.id == "logs-no-retention");
        let verdict = &logs.unwrap().verdicts[0];
        assert_eq!(verdict.status, Status::Unknown);
        assert!(
            verdict
                .gap
                .as_ref()
                .unwrap()
                .action
                .contains("DescribeLogGroups")
        );
    }

    #[test]
    fn every_kind_that_could_not_be_listed_is_named() {
        let gaps = [
            crate::testing::gap(Kind::Bucket, "s3:ListBuckets"),
            crate::testing::gap(Kind::Stack, "cloudformation:DescribeStacks"),
        ];
        let root = [crate::testing::stack("prod")];
        let judged = owned(&root, &gaps, |_| true, |case| audit(case).unwrap());
        let orphans = judged.iter().find(|it| it.rule.id == "bucket-orphan");
        let calls: Vec<&str> = orphans
            .unwrap()
            .verdicts
            .iter()
            .map(|it| it.detail.as_str())
            .collect();
        assert_eq!(calls, ["cloudformation:DescribeStacks", "s3:ListBuckets"]);
    }
}
