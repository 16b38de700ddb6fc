//! Checks over the graph: each rule is one function and one file of words in `rules/`.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{
    belonging::Belongings,
    graph::Graph,
    id::ResourceId,
    kind::{AsKind, Kind, stack::Stack},
    rack::Rack,
    snapshot::{
        Gap, Gaps, Resource,
        money::{Account, Metered, Spent, Unheard},
    },
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
pub mod verdict;
pub mod words;
pub mod written;

pub use index::Index;
pub use pack::Pack;
pub use verdict::{Category, Consequence, Cost, Evidence, Severity, Status, Verdict};
pub use words::{BadWords, Example, Words};

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
#[cfg(test)]
mod tests;

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
