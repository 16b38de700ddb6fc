//! Makes the view: looks once at everything and puts it in the order of reading.

#![expect(
    clippy::disallowed_types,
    reason = "what is looked up by name alone and never gone through has no order to leak"
)]

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use foldhash::fast::RandomState;

use super::{
    Container, Costs, Coverage, Finding, Gone, Header, Health, Link, Overview, Path, Report, Row,
    RuleTally, Shelf, Since, Target, money,
};
use crate::{
    belonging::Class,
    diff::{Change, Diff, FindingChange},
    graph::Place,
    id::ResourceId,
    kind::{
        Group, Kind, cluster::Cluster, container_instance::ContainerInstance, service::Service,
        stack::Stack, target_group::TargetGroup,
    },
    mute::Notice,
    rule::{Case, Category, Judged, Severity, Status, Verdict},
    snapshot::Snapshot,
    text,
    traffic::{self, TrafficPath},
};

/// What a report is made of.
pub struct Material<'a> {
    pub snapshot: &'a Snapshot,
    pub case: Case<'a>,
    pub judged: &'a [Judged],
    /// Mutes that have expired, rules that are switched off.
    pub notices: &'a [Notice],
}

/// Looks at everything once, with what became of things since an earlier state where that is told;
/// without `costs` the report tells none.
pub fn make(material: &Material<'_>, since: Option<&Diff>, costs: Option<&Costs<'_>>) -> Report {
    let Material {
        snapshot,
        case,
        judged,
        notices,
    } = material;
    let links = Links::new(case, judged);
    let findings = findings(case, judged, &links, since, costs);
    Report {
        header: header(snapshot, case),
        coverage: coverage(snapshot),
        overview: overview(case, judged),
        since: since.map(compared),
        traffic: traffic::paths(case)
            .into_iter()
            .map(|it| path(it, &links))
            .collect(),
        inventory: inventory(case, &links, &findings),
        rules: judged.iter().map(tally).collect(),
        money: costs.map(|it| money::money(case, it, &findings, &|id| links.to(id))),
        findings,
        notices: notices.to_vec(),
    }
}

/// `r-<kind>-<hash>`, the anchor of a resource's row.
fn anchor(id: &ResourceId) -> String {
    let hash = text::digest(id.to_string().as_bytes(), 8);
    format!("r-{}-{hash}", id.kind.name())
}

/// Which resources have a row to link to.
struct Links<'a> {
    /// In id order.
    shown: Vec<Place>,
    /// By place: those that have a row.
    made: Vec<Option<Arc<Link>>>,
    case: &'a Case<'a>,
}

impl<'a> Links<'a> {
    /// The rack's own, what it shares, and whatever a finding is about.
    fn new(case: &'a Case<'a>, judged: &'a [Judged]) -> Self {
        let graph = case.graph;
        let ours = graph.places();
        let ours = ours.filter(|it| !case.belongings.at(*it).is_foreign());
        let verdicts = judged.iter().flat_map(|it| &it.verdicts);
        let open = verdicts.filter(|it| it.status.is_open());
        let subjects = open.filter_map(|it| graph.place(&it.subject));
        let mut shown: Vec<Place> = ours.chain(subjects).collect();
        shown.sort_unstable();
        shown.dedup();
        let mut made = vec![None; graph.len()];
        for place in &shown {
            let resource = graph.at(*place);
            let anchor = Some(anchor(&resource.id));
            made[place.number()] = Some(Arc::new(link(&resource.id, resource.label(), anchor)));
        }
        Self { shown, made, case }
    }

    fn to(&self, id: &ResourceId) -> Arc<Link> {
        let place = self.case.graph.place(id);
        let shown = place.and_then(|it| self.made[it.number()].clone());
        shown.unwrap_or_else(|| {
            let label = place.map_or(&*id.key, |it| self.case.graph.at(it).label());
            Arc::new(link(id, label, None))
        })
    }
}

fn link(id: &ResourceId, label: &str, anchor: Option<String>) -> Link {
    Link {
        id: id.to_string(),
        kind: id.kind.name(),
        label: label.to_owned(),
        anchor,
    }
}

fn header(snapshot: &Snapshot, case: &Case<'_>) -> Header {
    Header {
        rack: case.rack.name.clone(),
        made_by: case.rack.made_by.name(),
        account: snapshot.account.clone(),
        region: snapshot.region.clone(),
        identity: snapshot.identity.clone(),
        taken: snapshot.taken,
        took: format!(
            "{}.{} s",
            snapshot.took_ms / 1000,
            snapshot.took_ms % 1000 / 100
        ),
        tool: format!("racklens {}", snapshot.tool),
        snapshot: snapshot.digest(16),
    }
}

fn coverage(snapshot: &Snapshot) -> Coverage {
    Coverage {
        calls: snapshot.calls.clone(),
        requests: snapshot.calls.values().sum(),
        gaps: snapshot.gaps.clone(),
    }
}

fn overview(case: &Case<'_>, judged: &[Judged]) -> Overview {
    let verdicts = || judged.iter().flat_map(|it| &it.verdicts);
    let muted = |it: &&Verdict| it.muted.is_some();
    let counted = |it: &&Verdict| it.muted.is_none();
    let of = |status| {
        verdicts()
            .filter(counted)
            .filter(|it| it.status == status)
            .count()
    };
    let failures = Severity::WORST_FIRST.map(|severity| {
        let failed = verdicts().filter(counted);
        let failed = failed.filter(|it| it.status == Status::Fail);
        (
            severity,
            failed.filter(|it| it.severity == severity).count(),
        )
    });
    let classes = [
        Class::Declared,
        Class::Derived,
        Class::Inferred,
        Class::Shared,
    ];
    let mut belonging: Vec<(&'static str, usize)> = classes
        .iter()
        .map(|class| {
            let of_class = case.belongings.ours().filter(|(_, it)| it.class == *class);
            (class.name(), of_class.count())
        })
        .collect();
    let ours: usize = belonging.iter().map(|it| it.1).sum();
    belonging.push((Class::Foreign.name(), case.graph.len().saturating_sub(ours)));
    Overview {
        failures: failures.to_vec(),
        unknown: of(Status::Unknown),
        muted: verdicts().filter(muted).count(),
        passed: of(Status::Pass),
        health: health(case),
        belonging,
    }
}

fn health(case: &Case<'_>) -> Vec<Health> {
    let line = |label, kind, good: usize, all: usize, word: &str| {
        let verdict = match case.gap_in_listing(kind) {
            Some(_) => Status::Unknown,
            None if good == all => Status::Pass,
            None => Status::Fail,
        };
        let unread = if verdict == Status::Unknown {
            "; not all could be read"
        } else {
            ""
        };
        Health {
            label,
            value: format!("{good} of {all} {word}{unread}"),
            verdict,
        }
    };
    let stacks: Vec<&Stack> = case.ours::<Stack>().map(|it| it.1).collect();
    let complete = stacks.iter().filter(|it| it.is_settled()).count();
    let services: Vec<&Service> = case
        .ours::<Service>()
        .map(|it| it.1)
        .filter(|it| it.status == "ACTIVE")
        .collect();
    let steady = services.iter().filter(|it| it.is_steady()).count();
    let agents: Vec<&ContainerInstance> = case.ours::<ContainerInstance>().map(|it| it.1).collect();
    let connected = agents.iter().filter(|it| it.agent_connected).count();
    let clusters = case.ours::<Cluster>();
    let tasks: u32 = clusters.map(|it| it.1.running_tasks).sum();
    let mut lines = Vec::new();
    if !stacks.is_empty() {
        lines.push(line(
            "Stacks",
            Kind::Stack,
            complete,
            stacks.len(),
            "settled",
        ));
    }
    lines.push(line(
        "Services",
        Kind::Service,
        steady,
        services.len(),
        "steady",
    ));
    lines.push(Health {
        label: "Tasks",
        value: format!("{tasks} running"),
        verdict: match case.gap_in_listing(Kind::Cluster) {
            Some(_) => Status::Unknown,
            None => Status::Pass,
        },
    });
    if !agents.is_empty() {
        let all = agents.len();
        lines.push(line(
            "Machines",
            Kind::ContainerInstance,
            connected,
            all,
            "agents connected",
        ));
    }
    lines.extend(targets(case));
    lines
}

/// The health of everything that the rack's load balancers send to; `None` when there is nothing.
fn targets(case: &Case<'_>) -> Option<Health> {
    let groups: Vec<&TargetGroup> = case
        .ours::<TargetGroup>()
        .map(|it| it.1)
        .filter(|it| !it.load_balancers.is_empty())
        .collect();
    let read = groups.iter().filter_map(|it| it.targets.known()).flatten();
    let (healthy, others): (Vec<_>, Vec<_>) = read.partition(|it| it.state == "healthy");
    let unread = groups
        .iter()
        .filter(|it| it.targets.known().is_none())
        .count();
    if groups.is_empty() {
        return None;
    }
    let mut value = format!(
        "{} of {} healthy",
        healthy.len(),
        healthy.len() + others.len()
    );
    let verdict = if unread > 0 {
        value.push_str(&format!("; {} not read", text::count(unread, "group")));
        Status::Unknown
    } else if others.is_empty() {
        Status::Pass
    } else {
        Status::Fail
    };
    Some(Health {
        label: "Targets",
        value,
        verdict,
    })
}

fn compared(diff: &Diff) -> Since {
    let gone = diff.findings.iter().filter(|it| {
        let silent = it.now.is_none_or(|now| !now.0.is_open());
        matches!(it.change, Change::Fixed | Change::Lost) && silent
    });
    Since {
        from: diff.from.taken,
        counts: Change::ALL.map(|it| (it, diff.count(it))).to_vec(),
        gone: gone
            .map(|it| Gone {
                change: it.change,
                rule: it.rule,
                title: it.title.clone(),
                severity: it.severity(),
                label: it.subject.to_string(),
                why: it.why.clone(),
            })
            .collect(),
    }
}

fn findings(
    case: &Case<'_>,
    judged: &[Judged],
    links: &Links<'_>,
    since: Option<&Diff>,
    costs: Option<&Costs<'_>>,
) -> Vec<Finding> {
    let said: Vec<Said> = judged.iter().map(Said::of).collect();
    let open = said.iter().zip(judged).flat_map(|(said, judged)| {
        let verdicts = judged.verdicts.iter();
        let open = verdicts.filter(|it| it.status.is_open());
        open.map(move |it| (said, it))
    });
    let mut open: Vec<(&Said, &Verdict)> = open.collect();
    open.sort_by(|(_, a), (_, b)| {
        let key = |it: &Verdict| {
            let severity = std::cmp::Reverse(it.severity);
            (it.muted.is_some(), it.status, severity, it.rule)
        };
        let subjects = || a.subject.cmp_as_text(&b.subject);
        let order = key(a).cmp(&key(b)).then_with(subjects);
        order.then_with(|| a.why.cmp(&b.why))
    });
    let findings = open.into_iter();
    let findings = findings.map(|(said, it)| finding(case, said, it, links, since, costs));
    let mut findings: Vec<Finding> = findings.collect();
    let mut met: HashMap<&str, usize, RandomState> = HashMap::default();
    let numbers = findings.iter().map(|it| {
        let number = met.entry(&it.fingerprint).or_default();
        *number += 1;
        *number
    });
    let numbers: Vec<usize> = numbers.collect();
    for (it, number) in findings.iter_mut().zip(numbers) {
        if number > 1 {
            it.anchor = format!("{}-{number}", it.anchor);
        }
    }
    findings
}

/// What all findings of a rule say.
struct Said {
    title: Arc<str>,
    category: Category,
    risk: Arc<str>,
    remedy: Arc<[String]>,
    references: Arc<[String]>,
    equivalents: Arc<[String]>,
    is_waste: bool,
}

impl Said {
    fn of(judged: &Judged) -> Self {
        let words = &judged.words;
        Self {
            title: (&*words.title).into(),
            category: words.category,
            risk: text::one_line(&words.risk).into(),
            remedy: (&*words.remedy).into(),
            references: (&*words.references).into(),
            equivalents: (&*words.equivalents).into(),
            is_waste: words.waste,
        }
    }
}

fn finding(
    case: &Case<'_>,
    said: &Said,
    verdict: &Verdict,
    links: &Links<'_>,
    since: Option<&Diff>,
    costs: Option<&Costs<'_>>,
) -> Finding {
    let fingerprint = verdict.fingerprint();
    let change = since.and_then(|it| it.of(&fingerprint));
    let change = change.filter(|it| it.is_of(verdict));
    Finding {
        anchor: format!("finding-{fingerprint}"),
        detail: verdict.detail.clone(),
        change: change.map(|it| it.change),
        is_news: change.is_some_and(FindingChange::is_news),
        fingerprint,
        rule: verdict.rule,
        title: said.title.clone(),
        category: said.category,
        severity: verdict.severity,
        status: verdict.status,
        subject: links.to(&verdict.subject),
        belonging: case.belongings.of(&verdict.subject).class.name(),
        why: verdict.why.clone(),
        risk: said.risk.clone(),
        remedy: said.remedy.clone(),
        references: said.references.clone(),
        equivalents: said.equivalents.clone(),
        evidence: verdict
            .evidence
            .iter()
            .map(|it| (links.to(&it.resource), it.path, it.value.clone()))
            .collect(),
        gap: verdict.gap.clone(),
        is_waste: said.is_waste,
        saves: costs.and_then(|it| money::saved(it, said.category, verdict)),
        muted: verdict.muted.clone(),
    }
}

fn tally(judged: &Judged) -> RuleTally {
    let (muted, counted): (Vec<&Verdict>, _) =
        judged.verdicts.iter().partition(|it| it.muted.is_some());
    let of = |status| counted.iter().filter(|it| it.status == status).count();
    RuleTally {
        id: judged.rule.id,
        title: judged.words.title.clone(),
        severity: judged.words.severity,
        fail: of(Status::Fail),
        unknown: of(Status::Unknown),
        pass: of(Status::Pass),
        not_applicable: of(Status::NotApplicable),
        muted: muted.len(),
    }
}

fn path(it: TrafficPath, links: &Links<'_>) -> Path {
    Path {
        load_balancer: links.to(&it.load_balancer),
        dns_name: it.dns_name,
        protocol: it.protocol,
        port: it.port,
        rule: it.rule,
        conditions: it.conditions,
        action: it.action,
        target_group: it.target_group.as_ref().map(|it| links.to(it)),
        target: it.target.map(|it| Target {
            link: Arc::new(match &it.id {
                Some(id) => Link {
                    label: it.name,
                    ..Link::clone(&links.to(id))
                },
                None => Link {
                    id: it.name.clone(),
                    kind: "address",
                    label: it.name,
                    anchor: None,
                },
            }),
            port: it.port,
            health: it.health,
            verdict: it.verdict,
            reason: it.reason,
        }),
        container: it.container.map(|it| Container {
            task: links.to(&it.task),
            service: it.service,
            name: it.name,
            port: it.port,
            image: it.image,
        }),
        end: it.end,
    }
}

/// Severity, status and anchor of the findings about a resource, by its id.
type About<'a> = HashMap<&'a str, Vec<(Severity, Status, String)>, RandomState>;

fn inventory(case: &Case<'_>, links: &Links<'_>, findings: &[Finding]) -> Vec<Shelf> {
    let mut about: About<'_> = HashMap::default();
    for it in findings.iter().filter(|it| it.muted.is_none()) {
        let entry = (it.severity, it.status, it.anchor.clone());
        about.entry(&it.subject.id).or_default().push(entry);
    }
    let mut rows: BTreeMap<Group, Vec<Row>> = BTreeMap::new();
    for place in &links.shown {
        let group = case.graph.at(*place).id.kind.group();
        let row = row(case, *place, links, &about);
        rows.entry(group).or_default().push(row);
    }
    let shelves = rows.into_iter().map(|(group, rows)| Shelf {
        title: group.title(),
        rows,
    });
    shelves.collect()
}

fn row(case: &Case<'_>, at: Place, links: &Links<'_>, about: &About<'_>) -> Row {
    let resource = case.graph.at(at);
    let model = resource.attrs.model();
    let place = model.place();
    let belonging = case.belongings.at(at);
    let link = links.to(&resource.id);
    Row {
        findings: about.get(link.id.as_str()).cloned().unwrap_or_default(),
        link,
        state: model.state().unwrap_or_default().to_owned(),
        place: place.zone.or(place.vpc).unwrap_or_default().to_owned(),
        created: resource.created,
        summary: model.summary(),
        belonging: belonging.class.name(),
        evidence: belonging.evidence.clone(),
        shared_with: belonging.others.iter().map(ToString::to_string).collect(),
    }
}

/// Whether anything that was asked went unanswered; the line that every output begins with.
pub fn incomplete(gaps: usize) -> Option<String> {
    (gaps > 0).then(|| {
        format!(
            "{} could not be read: what follows may be incomplete",
            text::count(gaps, "thing")
        )
    })
}
