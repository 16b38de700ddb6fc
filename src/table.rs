//! Tables of resources: which rows and columns were asked for, and what they say.

use std::{cmp::Ordering, collections::BTreeSet};

use column::{Column, Part, Row};

use crate::{
    id::ResourceId,
    kind::{AsKind, Fact, Kind, stack::Stack, target_group::TargetGroup, task::Task},
    rule::Case,
    snapshot::{Gap, Resource},
};

pub mod cell;
pub mod column;
pub mod path;
pub mod sheet;

pub use {cell::Cell, column::NoSuchColumn};

/// What a table has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Kind(Kind),
    /// Each container of each task.
    Containers,
    /// Each target of each target group.
    TargetHealth,
}

/// Other tools' names for our tables, and short ones, without their `s`.
const ALIASES: &[(&str, Subject)] = &[
    ("container-cluster", Subject::Kind(Kind::Cluster)),
    ("container-service", Subject::Kind(Kind::Service)),
    ("container-task", Subject::Kind(Kind::TaskDefinition)),
    ("cache", Subject::Kind(Kind::CacheCluster)),
    ("database", Subject::Kind(Kind::DbInstance)),
    ("database-cluster", Subject::Kind(Kind::DbCluster)),
    ("endpoint", Subject::Kind(Kind::VpcEndpoint)),
    ("rule", Subject::Kind(Kind::ListenerRule)),
    ("scaling-group", Subject::Kind(Kind::AutoScalingGroup)),
    ("ssm-parameter", Subject::Kind(Kind::Parameter)),
    ("zone", Subject::Kind(Kind::HostedZone)),
    ("container", Subject::Containers),
    ("target", Subject::TargetHealth),
    ("target-health", Subject::TargetHealth),
];

/// A word that is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is nothing that can be listed")]
pub struct NoSuchTable {
    pub name: String,
    pub near: Vec<String>,
    pub all: Vec<String>,
}

impl Subject {
    /// Every table, kinds first.
    pub fn all() -> impl Iterator<Item = Self> {
        let kinds = Kind::ALL.iter().map(|it| Self::Kind(*it));
        kinds.chain([Self::Containers, Self::TargetHealth])
    }

    /// The table of that name: singular or plural, with or without `-`, ours or another tool's.
    ///
    /// # Errors
    /// When there is none.
    pub fn parse(name: &str) -> Result<Self, NoSuchTable> {
        let is = |one: &str| column::same(one, name) || column::same(&plural(one), name);
        let kind = Kind::ALL.iter().find(|it| is(it.name()));
        let alias = ALIASES.iter().find(|it| is(it.0)).map(|it| it.1);
        kind.map(|it| Self::Kind(*it)).or(alias).ok_or_else(|| {
            let all: Vec<String> = Self::all().map(Self::name).collect();
            NoSuchTable {
                name: name.to_owned(),
                near: near(name, all.iter().map(String::as_str)),
                all,
            }
        })
    }

    /// Its name in the plural: `security-groups`.
    pub fn name(self) -> String {
        match self {
            Self::Kind(it) => plural(it.name()),
            Self::Containers => "containers".to_owned(),
            Self::TargetHealth => "target-health".to_owned(),
        }
    }

    /// The kind whose resources its rows are, or are parts of.
    pub fn kind(self) -> Kind {
        match self {
            Self::Kind(it) => it,
            Self::Containers => Kind::Task,
            Self::TargetHealth => Kind::TargetGroup,
        }
    }

    /// The kinds through which its own is found, theirs included: where their listing failed,
    /// some of its rows may be missing too.
    fn through(self) -> Vec<Kind> {
        let mut through = vec![self.kind()];
        let mut n = 0;
        while let Some(kind) = through.get(n) {
            let more = found_through(*kind)
                .0
                .iter()
                .filter(|it| !through.contains(it));
            let more: Vec<Kind> = more.copied().collect();
            through.extend(more);
            n += 1;
        }
        through
    }

    /// Whether its kind is looked for in all of the region, and not only within the rack.
    pub fn is_region_wide(self) -> bool {
        found_through(self.kind()).1
    }

    fn rows<'a>(self, case: &'a Case<'a>, resource: &'a Resource) -> Vec<Row<'a>> {
        let row = |part| Row::new(case, resource, part);
        match self {
            Self::Kind(_) => vec![row(Part::Whole)],
            Self::Containers => {
                let task = Task::of(&resource.attrs).into_iter();
                let parts = task.flat_map(|task| {
                    let all = task.containers.iter();
                    all.map(Part::Container)
                });
                parts.map(row).collect()
            }
            Self::TargetHealth => {
                let group = TargetGroup::of(&resource.attrs).into_iter();
                let parts = group.flat_map(|group| match &group.targets {
                    Fact::Unread => vec![Part::Target(group, None)],
                    Fact::Known(all) => {
                        let all = all.iter().map(|it| Part::Target(group, Some(it)));
                        all.collect()
                    }
                });
                parts.map(row).collect()
            }
        }
    }
}

/// Within what a kind is found or by what it is known, and whether neighbours' are too.
fn found_through(kind: Kind) -> (&'static [Kind], bool) {
    match kind {
        Kind::Service => (&[Kind::Cluster], true),
        Kind::Task | Kind::ContainerInstance => (&[Kind::Cluster], false),
        Kind::TaskDefinition => (&[Kind::Service, Kind::Task], false),
        Kind::Listener => (&[Kind::LoadBalancer], false),
        Kind::ListenerRule => (&[Kind::Listener], false),
        Kind::MountTarget => (&[Kind::FileSystem], false),
        Kind::DiscoveryService => (&[Kind::Namespace], true),
        Kind::Parameter => (&[Kind::Stack, Kind::TaskDefinition], false),
        Kind::Stack
        | Kind::Cluster
        | Kind::CapacityProvider
        | Kind::ScalableTarget
        | Kind::LoadBalancer
        | Kind::TargetGroup
        | Kind::ClassicLoadBalancer
        | Kind::AutoScalingGroup
        | Kind::LaunchConfiguration
        | Kind::LaunchTemplate
        | Kind::Instance
        | Kind::Volume
        | Kind::EbsSnapshot
        | Kind::KeyPair
        | Kind::Vpc
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::InternetGateway
        | Kind::NatGateway
        | Kind::ElasticIp
        | Kind::NetworkInterface
        | Kind::SecurityGroup
        | Kind::NetworkAcl
        | Kind::VpcEndpoint
        | Kind::HostedZone
        | Kind::Certificate
        | Kind::Namespace
        | Kind::Bucket
        | Kind::FileSystem
        | Kind::Table
        | Kind::DbInstance
        | Kind::DbCluster
        | Kind::DbSubnetGroup
        | Kind::ReplicationGroup
        | Kind::CacheCluster
        | Kind::Repository
        | Kind::Queue
        | Kind::Topic
        | Kind::Function
        | Kind::EventRule
        | Kind::Schedule
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::Policy
        | Kind::Key
        | Kind::KeyAlias
        | Kind::Secret
        | Kind::LogGroup
        | Kind::Alarm => (&[], true),
    }
}

/// "vpcs", "policies", "key-aliases", "target-health".
fn plural(name: &str) -> String {
    if name.ends_with("health") {
        return name.to_owned();
    }
    let stem = name.strip_suffix('y');
    match stem.filter(|it| !it.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => format!("{stem}ies"),
        None if name.ends_with('s') => format!("{name}es"),
        None => format!("{name}s"),
    }
}

/// The names that a wrong one may have meant, the likeliest first.
pub fn near<'n>(name: &str, all: impl Iterator<Item = &'n str>) -> Vec<String> {
    let name = name.to_lowercase();
    let mut near: Vec<(f64, &str)> = all
        .map(|it| (strsim::jaro_winkler(it, &name), it))
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let near = near.into_iter().take(3);
    near.map(|(_, it)| it.to_owned()).collect()
}

/// What a user asks of a table.
#[derive(Clone)]
pub struct Question {
    pub subject: Subject,
    /// Empty for the usual ones.
    pub columns: Vec<Column>,
    /// All of them must hold.
    pub filters: Vec<Filter>,
    pub sort: Option<Sort>,
    /// The whole region, not only what belongs to the rack.
    pub all: bool,
}

/// Which rows are kept.
#[derive(Clone)]
pub struct Filter {
    pub column: Column,
    pub test: Test,
    pub wanted: String,
}

/// How a cell is held against what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    Is,
    Holds,
}

/// In which order rows come.
#[derive(Clone)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

/// Why a filter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadFilter {
    #[error("`{0}` is no filter")]
    Form(String),
    #[error(transparent)]
    Column(#[from] NoSuchColumn),
}

impl Filter {
    /// `column=value` or `column~part`.
    ///
    /// # Errors
    /// When it is of neither form, or names no column.
    pub fn parse(subject: Subject, text: &str) -> Result<Self, BadFilter> {
        let form = || BadFilter::Form(text.to_owned());
        let at = text.find(['=', '~']).ok_or_else(form)?;
        let (name, wanted) = text.split_at(at);
        if name.is_empty() {
            return Err(form());
        }
        let test = if wanted.starts_with('=') {
            Test::Is
        } else {
            Test::Holds
        };
        Ok(Self {
            column: Column::find(subject, name)?,
            test,
            wanted: wanted[1..].to_owned(),
        })
    }

    /// Whether it keeps a row; `None` when that hangs on what was not read.
    fn keeps(&self, row: &Row<'_>) -> Option<bool> {
        let cell = self.column.cell(row);
        let now = row.case.taken;
        let kept = match self.test {
            Test::Is => cell.is(&self.wanted, now),
            Test::Holds => cell.holds(&self.wanted, now),
        };
        (kept || cell != Cell::Unread).then_some(kept)
    }
}

impl Sort {
    /// `column`, or `-column` for the greatest first.
    ///
    /// # Errors
    /// When it names no column.
    pub fn parse(subject: Subject, text: &str) -> Result<Self, NoSuchColumn> {
        let name = text.strip_prefix('-');
        Ok(Self {
            column: Column::find(subject, name.unwrap_or(text))?,
            descending: name.is_some(),
        })
    }
}

/// What a table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub columns: Vec<String>,
    pub lines: Vec<Line>,
    /// Rows before any filter.
    pub considered: usize,
    /// What makes it possible that rows are missing.
    pub gaps: Vec<&'a Gap>,
    /// What was asked in vain about the resources of its rows, where a column tells of it.
    pub causes: Vec<&'a Gap>,
    /// Stacks of the rack that were not opened, so that what they declare is not known.
    pub unopened: Vec<ResourceId>,
    /// Resources taken for foreign although their tags, which may say otherwise, were not read.
    pub untold: Vec<ResourceId>,
    /// Rows left out because what a filter asks of them was not read.
    pub undecided: Vec<ResourceId>,
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub resource: ResourceId,
    pub cells: Vec<Cell>,
}

impl Answer<'_> {
    /// How many values of its rows were not read.
    pub fn unread(&self) -> usize {
        let cells = self.lines.iter().flat_map(|it| &it.cells);
        cells.filter(|it| **it == Cell::Unread).count()
    }

    /// Whether all that was asked is known.
    pub fn is_whole(&self) -> bool {
        let rows = self.gaps.is_empty() && self.unopened.is_empty() && self.untold.is_empty();
        let values = self.causes.is_empty() && self.unread() == 0;
        rows && self.undecided.is_empty() && values
    }
}

/// Answers a question about a rack.
///
/// # Errors
/// When a column is a field that no row has.
pub fn ask<'a>(case: &'a Case<'a>, question: &Question) -> Result<Answer<'a>, NoSuchColumn> {
    let subject = question.subject;
    let kind = subject.kind();
    let ours = |it: &Resource| !case.belongings.of(&it.id).is_foreign();
    let seen = case.graph.resources().filter(|it| it.id.kind == kind);
    let (meant, others): (Vec<_>, Vec<_>) = seen.partition(|it| question.all || ours(it));
    let rows = meant.iter().flat_map(|it| subject.rows(case, it));
    let rows: Vec<Row<'_>> = rows.collect();
    let columns = columns(question);
    refute(question, &columns, &rows)?;
    let considered = rows.len();
    let untold = others.iter().filter(|it| column::tags_unread(case, it));
    let untold = untold.map(|it| it.id.clone()).collect();
    let (mut rows, undecided) = filtered(rows, &question.filters);
    sort(&mut rows, question);
    let lines = rows.iter().map(|row| Line {
        resource: row.resource.id.clone(),
        cells: columns.iter().map(|it| it.cell(row)).collect(),
    });
    let lines: Vec<Line> = lines.collect();
    Ok(Answer {
        causes: causes(case, &columns, &lines, &undecided),
        lines,
        columns: columns.into_iter().map(|it| it.name).collect(),
        considered,
        gaps: gaps(case, subject, question.all),
        unopened: if question.all {
            Vec::new()
        } else {
            unopened(case)
        },
        untold,
        undecided,
    })
}

/// The columns that were asked for, or the usual ones.
fn columns(question: &Question) -> Vec<Column> {
    if !question.columns.is_empty() {
        return question.columns.clone();
    }
    let mut names = sheet::of(question.subject).shown.to_vec();
    if question.all && !names.contains(&sheet::BELONGING) {
        names.push(sheet::BELONGING);
    }
    let columns = names.iter().map(|it| Column::find(question.subject, it));
    columns.filter_map(Result::ok).collect()
}

fn refute(question: &Question, columns: &[Column], rows: &[Row<'_>]) -> Result<(), NoSuchColumn> {
    let filters = question.filters.iter().map(|it| &it.column);
    let sort = question.sort.iter().map(|it| &it.column);
    let mut all = columns.iter().chain(filters).chain(sort);
    match all.find(|it| it.is_refuted_by(rows)) {
        Some(it) => Err(NoSuchColumn::new(question.subject, it.name.clone())),
        None => Ok(()),
    }
}

/// What all filters keep, and the resources of rows of which one cannot tell.
fn filtered<'a>(rows: Vec<Row<'a>>, filters: &[Filter]) -> (Vec<Row<'a>>, Vec<ResourceId>) {
    let mut kept = Vec::new();
    let mut undecided: Vec<ResourceId> = Vec::new();
    for row in rows {
        let said: Vec<Option<bool>> = filters.iter().map(|it| it.keeps(&row)).collect();
        if said.contains(&Some(false)) {
            continue;
        }
        if said.contains(&None) {
            undecided.push(row.resource.id.clone());
        } else {
            kept.push(row);
        }
    }
    undecided.dedup();
    (kept, undecided)
}

/// As asked, else as the table is usually sorted; what is alike stays in id order.
fn sort(rows: &mut [Row<'_>], question: &Question) {
    let by = |column: &Column, descending: bool, a: &Row<'_>, b: &Row<'_>| {
        column.cell(a).compare(&column.cell(b), descending)
    };
    if let Some(sort) = &question.sort {
        rows.sort_by(|a, b| by(&sort.column, sort.descending, a, b));
        return;
    }
    let names = sheet::of(question.subject).sorted.iter();
    let columns = names.filter_map(|it| Column::find(question.subject, it).ok());
    let columns: Vec<Column> = columns.collect();
    rows.sort_by(|a, b| {
        let orders = columns.iter().map(|it| by(it, false, a, b));
        orders.fold(Ordering::Equal, Ordering::then)
    });
}

/// Why not all rows are known: a listing failed, for the region or within something, or one
/// resource that must be there could not be read at all.
fn gaps<'a>(case: &Case<'a>, subject: Subject, all: bool) -> Vec<&'a Gap> {
    let kinds = subject.through();
    let matters = |gap: &Gap, about: &ResourceId| {
        if about.kind == gap.kind {
            return case.graph.get(about).is_none();
        }
        all || !case.belongings.of(about).is_foreign()
    };
    let gaps = case.gaps.iter().filter(|it| kinds.contains(&it.kind));
    gaps.filter(|gap| gap.resource.as_ref().is_none_or(|it| matters(gap, it)))
        .collect()
}

/// What makes it possible that resources of a kind are missing, which the rack may have.
pub fn missing<'a>(case: &Case<'a>, kind: Kind) -> Vec<&'a Gap> {
    gaps(case, Subject::Kind(kind), false)
}

/// Why values are not known: what was asked in vain about a resource, where its row lacks a value
/// or sums up all that is known of it.
fn causes<'a>(
    case: &Case<'a>,
    columns: &[Column],
    lines: &[Line],
    undecided: &[ResourceId],
) -> Vec<&'a Gap> {
    let sums_up = columns.iter().any(|it| it.name == sheet::SUMMARY);
    let lacking = lines.iter();
    let lacking = lacking.filter(|it| sums_up || it.cells.contains(&Cell::Unread));
    let about: BTreeSet<&ResourceId> = lacking.map(|it| &it.resource).chain(undecided).collect();
    let gaps = case.gaps.iter().filter(|it| {
        let own = it.resource.as_ref().filter(|about| about.kind == it.kind);
        own.is_some_and(|it| about.contains(it))
    });
    gaps.collect()
}

/// The rack's stacks of which nobody knows what they declare.
pub fn unopened(case: &Case<'_>) -> Vec<ResourceId> {
    let stacks = case.ours::<Stack>();
    let stacks = stacks.filter(|(_, it)| it.members == Fact::Unread);
    stacks.map(|(it, _)| it.id.clone()).collect()
}

#[cfg(test)]
mod tests;
