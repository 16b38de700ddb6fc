//! A plan in words, for a person who has to answer for it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    plan::{Blocker, Goal, Loss, Plan, Stay, Step, Why},
    refuse, sums,
};
use crate::{id::ResourceId, kind::Kind, price::grouped, removal::Data, text};

/// A piece of what is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Title(String),
    Heading(String),
    Line(String),
    /// A numbered or marked item, and what is said of it besides.
    Item {
        mark: String,
        text: String,
        more: Vec<String>,
    },
}

/// The whole plan, in the order in which a reader wants it.
pub fn plan(plan: &Plan) -> Vec<Piece> {
    let mut pieces = vec![
        Piece::Title(format!("Teardown of {}", plan.rack)),
        Piece::Line(format!(
            "Account {}, {}, as {} saw it on {}.",
            plan.account,
            plan.region,
            plan.identity.as_deref().unwrap_or("somebody unknown"),
            crate::report::csv::stamp(plan.taken)
        )),
        Piece::Line(sums::verdict(plan)),
        Piece::Line(format!("Agreed to: {}.", sums::agreed(plan))),
    ];
    if !plan.blockers.is_empty() {
        pieces.push(Piece::Heading("What stands in the way".to_owned()));
        let items = plan.blockers.iter().zip(1..);
        pieces.extend(items.map(|(it, number)| blocked(it, number)));
    }
    pieces.extend(lost(plan));
    pieces.extend(going(plan));
    pieces.extend(guessed(plan));
    pieces.extend(staying(plan));
    if !plan.notes.is_empty() {
        pieces.push(Piece::Heading("What else to know".to_owned()));
        pieces.extend(plan.notes.iter().map(|it| item("-", it.clone())));
    }
    pieces.push(Piece::Line(neighbours(plan)));
    pieces.push(Piece::Line(format!("The plan's digest: {}", plan.digest)));
    pieces
}

fn item(mark: &str, text: String) -> Piece {
    Piece::Item {
        mark: mark.to_owned(),
        text,
        more: Vec::new(),
    }
}

fn blocked(blocker: &Blocker, number: usize) -> Piece {
    let mut more = vec![format!("How we know: {}.", blocker.evidence)];
    let about: Vec<&String> = blocker
        .by
        .iter()
        .filter(|it| !blocker.what.contains(it.as_str()) && !blocker.evidence.contains(it.as_str()))
        .collect();
    if !about.is_empty() {
        let about: Vec<&str> = about.iter().map(|it| it.as_str()).collect();
        more.push(format!("It is about: {}.", about.join(", ")));
    }
    more.push(format!("What to do: {}.", blocker.remedy));
    Piece::Item {
        mark: format!("{number}."),
        text: format!("{}.", blocker.what),
        more,
    }
}

/// Which steps run at once: each in the first wave after all that it waits for.
pub fn waves(steps: &[Step]) -> Vec<Vec<&Step>> {
    let mut wave_of: BTreeMap<u32, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<&Step>> = Vec::new();
    for step in steps {
        let before = step.after.iter().filter_map(|it| wave_of.get(it));
        let wave = before.max().map_or(0, |it| it + 1);
        wave_of.insert(step.number, wave);
        if waves.len() <= wave {
            waves.resize_with(wave + 1, Vec::new);
        }
        waves[wave].push(step);
    }
    waves
}

/// How long the steps take, in seconds, when each starts as soon as it may.
pub fn takes(steps: &[Step]) -> u32 {
    let mut done: BTreeMap<u32, u32> = BTreeMap::new();
    for step in steps {
        let before = step.after.iter().filter_map(|it| done.get(it));
        let start = before.max().copied().unwrap_or(0);
        done.insert(step.number, start.saturating_add(step.takes));
    }
    done.into_values().max().unwrap_or(0)
}

/// "about 25 minutes".
pub fn duration(seconds: u32) -> String {
    match seconds {
        0..90 => "about a minute".to_owned(),
        90..7200 => format!("about {} minutes", seconds.div_ceil(60)),
        _ => format!("about {} hours", seconds.div_ceil(3600)),
    }
}

/// What a step does, in one word or two.
pub fn verb(step: &Step) -> &'static str {
    match step.goal {
        Goal::Saved => "copy",
        Goal::Unprotected => "unprotect",
        Goal::Stopped => "stop",
        Goal::Drained => "drain",
        Goal::Cut => "untie",
        Goal::Empty => "empty",
        Goal::Gone if step.acts.is_empty() => "wait for the end of",
        Goal::Gone => removed(step.resource.kind),
    }
}

/// AWS's own word for how a kind goes.
fn removed(kind: Kind) -> &'static str {
    const WORDS: &[(Kind, &str)] = &[
        (Kind::TaskDefinition, "deregister"),
        (Kind::ContainerInstance, "deregister"),
        (Kind::ScalableTarget, "deregister"),
        (Kind::Task, "stop"),
        (Kind::Instance, "terminate"),
        (Kind::ElasticIp, "release"),
        (Kind::Key, "schedule the deletion of"),
    ];
    let word = WORDS.iter().find(|it| it.0 == kind);
    word.map_or("delete", |it| it.1)
}

fn going(plan: &Plan) -> Vec<Piece> {
    if plan.steps.is_empty() {
        return Vec::new();
    }
    let gone = plan.goes().len();
    let would = if plan.blockers.is_empty() {
        "What goes"
    } else {
        "What would go as things are"
    };
    let mut pieces = vec![
        Piece::Heading(would.to_owned()),
        Piece::Line(format!(
            "{} in {}, {}; {} gone afterwards. It saves $ {} a month by list prices.",
            text::count(plan.steps.len(), "step"),
            text::count(waves(&plan.steps).len(), "wave"),
            duration(takes(&plan.steps)),
            things(gone),
            grouped(plan.month.saved),
        )),
    ];
    let waves = waves(&plan.steps);
    for (wave, number) in waves.iter().zip(1..) {
        pieces.push(Piece::Line(match number {
            1 => "Wave 1, at once:".to_owned(),
            _ => format!("Wave {number}, each as soon as its own steps are done:"),
        }));
        let alike = wave.chunk_by(|a, b| are_alike(a, b));
        pieces.extend(alike.map(|it| told(plan, it)));
    }
    pieces
}

fn things(number: usize) -> String {
    if number == 1 {
        "one thing is".to_owned()
    } else {
        format!("{number} things are")
    }
}

/// Whether two steps are told in one sentence.
fn are_alike(a: &Step, b: &Step) -> bool {
    let told = |it: &Step| (it.resource.kind, it.goal, it.loses, it.takes, calls(it));
    told(a) == told(b)
        && (&a.after, &a.why, &a.undo) == (&b.after, &b.why, &b.undo)
        && a.covers.is_empty()
        && b.covers.is_empty()
}

/// One step, or several that differ in nothing but their names.
fn told(plan: &Plan, steps: &[&Step]) -> Piece {
    let [step, ..] = steps else {
        return Piece::Line(String::new());
    };
    let mut more = Vec::new();
    if !step.covers.is_empty() {
        more.push(format!("It takes along {}.", by_kind(&step.covers)));
    }
    let lost = lost_along(plan, step);
    if !lost.is_empty() {
        more.push(format!("Data is lost: {}.", lost.join(", ")));
    }
    more.push(format!(
        "{}; {}; {}.",
        match &calls(step)[..] {
            [] => "Without a call".to_owned(),
            calls => format!("By {}", calls.join(", ")),
        },
        duration(step.takes),
        undo(step)
    ));
    let after = match &step.after[..] {
        [] => String::new(),
        after => format!(", after {}", numbers(after)),
    };
    let labels: Vec<String> = steps
        .iter()
        .map(|it| {
            let size = size(plan, it).map(|it| format!(", {it}"));
            format!(
                "{}{}",
                label(&it.resource, it.name.as_deref()),
                size.unwrap_or_default()
            )
        })
        .collect();
    // What has commas of its own is not told apart by them.
    let sized = steps.iter().any(|it| size(plan, it).is_some());
    let between = if sized { "; " } else { ", " };
    let mark = match steps {
        [first, .., last] => format!("{}-{}.", first.number, last.number),
        _ => format!("{}.", step.number),
    };
    Piece::Item {
        mark,
        text: format!(
            "{} {}{after}: {}.",
            verb(step),
            labels.join(between),
            step.why
        ),
        more,
    }
}

/// AWS's names of the calls of a step, in their order.
pub fn calls(step: &Step) -> Vec<&'static str> {
    step.acts.iter().map(|it| it.action.name()).collect()
}

/// How a step is undone: "to undo it: enable it again", "cannot be undone".
pub fn undo(step: &Step) -> String {
    match &step.undo {
        Some(undo) => format!("to undo it: {undo}"),
        None if step.acts.is_empty() => "nothing to undo".to_owned(),
        None => "cannot be undone".to_owned(),
    }
}

/// The classes of data that are lost with a step, whether of its resource or of what goes along.
pub fn lost_with(plan: &Plan, step: &Step) -> Vec<&'static str> {
    let classes: BTreeSet<Data> = plan.lost_with(step).iter().map(|it| it.data).collect();
    classes.into_iter().map(Data::name).collect()
}

/// The same, with how much there is in what goes along.
pub fn lost_along(plan: &Plan, step: &Step) -> Vec<String> {
    let mut classes: BTreeMap<Data, Vec<String>> = BTreeMap::new();
    for it in plan.lost_with(step) {
        let sizes = classes.entry(it.data).or_default();
        if it.resource != step.resource && !it.size.is_empty() {
            sizes.push(format!("{}: {}", it.resource, it.size));
        }
    }
    let classes = classes.into_iter();
    let told = classes.map(|(data, sizes)| match &sizes[..] {
        [] => data.name().to_owned(),
        _ => format!("{} ({})", data.name(), sizes.join("; ")),
    });
    told.collect()
}

/// How much data is lost in the resource of a step itself: "3 objects, 1.2 MB".
pub fn size<'p>(plan: &'p Plan, step: &Step) -> Option<&'p str> {
    let mut lost = plan.lost_with(step).into_iter();
    let own = lost.find(|it| it.resource == step.resource)?;
    Some(own.size.as_str()).filter(|it| !it.is_empty())
}

/// "a, b and c".
pub fn listed(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// "1 to 4, 7 and 9".
fn numbers(all: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &it in all {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == it => *last = it,
            _ => runs.push((it, it)),
        }
    }
    let runs: Vec<String> = runs
        .into_iter()
        .flat_map(|(first, last)| match last - first {
            0 => vec![first.to_string()],
            1 => vec![first.to_string(), last.to_string()],
            _ => vec![format!("{first} to {last}")],
        })
        .collect();
    listed(&runs)
}

/// An id, and the name that a person gave it.
pub fn label(id: &ResourceId, name: Option<&str>) -> String {
    match name {
        Some(name) if !id.key.ends_with(name) => format!("{id} ({name})"),
        Some(_) | None => id.to_string(),
    }
}

/// "3 subnets, 1 vpc".
pub fn by_kind(ids: &[ResourceId]) -> String {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for id in ids {
        *kinds.entry(id.kind).or_default() += 1;
    }
    let kinds = kinds.into_iter().map(|(kind, number)| plural(number, kind));
    kinds.collect::<Vec<_>>().join(", ")
}

fn plural(number: usize, kind: Kind) -> String {
    let name = kind.name().replace('-', " ");
    if number == 1 {
        return format!("1 {name}");
    }
    let plural = match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with('a') && !stem.ends_with('e') => format!("{stem}ies"),
        _ => format!("{name}s"),
    };
    format!("{number} {plural}")
}

/// With a capital letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

/// What data is lost, by class.
pub fn losses(plan: &Plan) -> BTreeMap<Data, Vec<&Loss>> {
    let mut losses: BTreeMap<Data, Vec<&Loss>> = BTreeMap::new();
    for loss in &plan.losses {
        losses.entry(loss.data).or_default().push(loss);
    }
    losses
}

fn lost(plan: &Plan) -> Vec<Piece> {
    let losses = losses(plan);
    if losses.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![Piece::Heading("Data that is lost".to_owned())];
    pieces.extend(losses.into_iter().map(|(data, losses)| {
        let ids = losses.iter().map(|it| {
            let size = Some(it.size.as_str()).filter(|it| !it.is_empty());
            let copied = it.copied.then(|| "copied before".to_owned());
            let kept = (!it.kept.is_empty()).then(|| format!("outlived by {}", it.kept));
            let size = size.map(ToOwned::to_owned);
            let besides: Vec<String> = size.into_iter().chain(copied).chain(kept).collect();
            match &besides[..] {
                [] => it.resource.to_string(),
                _ => format!("{} ({})", it.resource, besides.join("; ")),
            }
        });
        let ids: Vec<String> = ids.collect();
        item("-", format!("{}: {}", data.name(), ids.join(", ")))
    }));
    pieces
}

/// What goes although only its use ties it to the rack, with how it is used.
fn guessed(plan: &Plan) -> Vec<Piece> {
    let mut alike: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, evidence) in &plan.inferred {
        alike.entry(evidence).or_default().push(id.to_string());
    }
    if alike.is_empty() {
        return Vec::new();
    }
    let items = alike
        .into_iter()
        .map(|(evidence, ids)| item("-", format!("{}: {evidence}", ids.join(", "))));
    [
        Piece::Heading("What is only taken for the rack's".to_owned()),
        Piece::Line(
            "No stack, no tag and no definition says that these are the rack's. They go because \
             only the rack was seen to use them."
                .to_owned(),
        ),
    ]
    .into_iter()
    .chain(items)
    .collect()
}

/// Why a thing stays, in words that follow its name.
pub fn why(stay: &Why) -> String {
    let ids = |them: &[ResourceId]| {
        let them: Vec<String> = them.iter().map(ToString::to_string).collect();
        refuse::some(&them)
    };
    match stay {
        Why::Shared { others } if others.is_empty() => "others use it, too".to_owned(),
        Why::Shared { others } => format!("used by {}, too", ids(others)),
        Why::Foreign { evidence } => format!("not the rack's: {evidence}"),
        Why::Unread { call } => format!("whether it may go was not read ({call})"),
        Why::Inferred { evidence } => format!("only its use ties it to the rack: {evidence}"),
        Why::Retained { by } => format!("{by} leaves it there, and nobody agreed to lose it"),
        Why::Protected { guard, field } => {
            format!(
                "{field} is on, and nobody allowed to switch off {}",
                guard.name()
            )
        }
        Why::NoConsent { data } => format!("nobody agreed to lose {}", data.name()),
        Why::Kept { by } => format!("kept by {by}"),
        Why::NeverDeletable { reason } => reason.clone(),
        Why::GoesWith { with } => format!("it cannot go before {with}"),
        Why::Going { reason } => reason.clone(),
    }
}

/// What would have to be said for more of the rack to go, as options of the command line.
pub fn options(plan: &Plan) -> Vec<String> {
    let mut data = BTreeSet::new();
    let mut guards = BTreeSet::new();
    let mut inferred = false;
    for stay in &plan.stays {
        match &stay.why {
            Why::NoConsent { data: it } => {
                data.insert(it.name());
            }
            Why::Protected { guard, .. } => {
                guards.insert(guard.name());
            }
            Why::Inferred { .. } => {
                inferred = true;
                // Who says so without its class would be asked for that next.
                data.extend(stay.data.map(Data::name));
            }
            Why::Retained { .. } => data.extend(stay.data.map(Data::name)),
            Why::Shared { .. }
            | Why::Foreign { .. }
            | Why::Unread { .. }
            | Why::Kept { .. }
            | Why::NeverDeletable { .. }
            | Why::GoesWith { .. }
            | Why::Going { .. } => {}
        }
    }
    let agreed: BTreeSet<&str> = plan.consent.delete.iter().map(|it| it.name()).collect();
    if !data.is_empty() {
        // Each list is whole, so that it can be said instead of the one before.
        data.extend(agreed);
    }
    let list = |them: BTreeSet<&str>| them.into_iter().collect::<Vec<_>>().join(",");
    let mut options = Vec::new();
    if !data.is_empty() {
        options.push(format!("--delete {}", list(data)));
    }
    if !guards.is_empty() {
        options.push(format!("--disable-protection {}", list(guards)));
    }
    if inferred {
        options.push("--include inferred".to_owned());
    }
    options
}

fn staying(plan: &Plan) -> Vec<Piece> {
    let listed = |it: &&Stay| !matches!(it.why, Why::Going { .. });
    let stays: Vec<&Stay> = plan.stays.iter().filter(listed).collect();
    if stays.is_empty() && sums::copies(plan) == 0 {
        return Vec::new();
    }
    let mut pieces = vec![
        Piece::Heading("What stays".to_owned()),
        Piece::Line(kept(plan)),
    ];
    let mut with: BTreeMap<&ResourceId, Vec<ResourceId>> = BTreeMap::new();
    let mut alike: BTreeMap<(Kind, String), Vec<String>> = BTreeMap::new();
    for stay in &stays {
        if let Why::GoesWith { .. } = &stay.why {
            with.entry(end(&stay.resource, &plan.stays))
                .or_default()
                .push(stay.resource.clone());
            continue;
        }
        let month = stay.month.map(|it| format!(" ($ {} a month)", grouped(it)));
        let label = label(&stay.resource, stay.name.as_deref());
        alike
            .entry((stay.resource.kind, why(&stay.why)))
            .or_default()
            .push(format!("{label}{}", month.unwrap_or_default()));
    }
    pieces.extend(
        alike
            .into_iter()
            .map(|((_, why), labels)| item("-", format!("{}: {why}", labels.join(", ")))),
    );
    for (end, members) in with {
        pieces.push(item(
            "-",
            format!(
                "with {end}, which needs them or would take them along: {}",
                kept_with(&members)
            ),
        ));
    }
    let options = options(plan);
    if !options.is_empty() {
        pieces.push(Piece::Line(format!(
            "For more of it to go, say: {}",
            options.join(" ")
        )));
    }
    pieces
}

/// What stays costs, copies among it.
pub fn kept(plan: &Plan) -> String {
    let unknown = match plan.month.unknown {
        0 => String::new(),
        it => format!(", and what {} to is not known", lines(it)),
    };
    let copies = match sums::copies(plan) {
        0 => String::new(),
        1 => " One copy of data is made, which costs besides: its size is not known before."
            .to_owned(),
        it => format!(
            " {it} copies of data are made, which cost besides: their size is not known before."
        ),
    };
    format!(
        "It goes on to cost $ {} a month by list prices{unknown}.{copies}",
        grouped(plan.month.kept)
    )
}

/// What stays with something else: stacks and clusters by their names, for with them a rack stays.
fn kept_with(members: &[ResourceId]) -> String {
    let (whole, rest): (Vec<&ResourceId>, Vec<&ResourceId>) = members
        .iter()
        .partition(|it| matches!(it.kind, Kind::Stack | Kind::Cluster));
    let rest: Vec<ResourceId> = rest.into_iter().cloned().collect();
    let whole = whole.into_iter().map(ToString::to_string);
    let rest = Some(by_kind(&rest)).filter(|it| !it.is_empty());
    whole.chain(rest).collect::<Vec<_>>().join(", ")
}

/// "1 line of the bill comes", "2 lines of the bill come".
pub fn lines(number: u32) -> String {
    match number {
        1 => "1 line of the bill comes".to_owned(),
        _ => format!("{number} lines of the bill come"),
    }
}

/// What a thing stays with in the end.
fn end<'p>(id: &'p ResourceId, stays: &'p [Stay]) -> &'p ResourceId {
    let find = |id: &ResourceId| {
        let found = stays.binary_search_by(|it| it.resource.cmp(id)).ok()?;
        match &stays.get(found)?.why {
            Why::GoesWith { with } => Some(with),
            Why::Shared { .. }
            | Why::Foreign { .. }
            | Why::Unread { .. }
            | Why::Inferred { .. }
            | Why::Retained { .. }
            | Why::Protected { .. }
            | Why::NoConsent { .. }
            | Why::Kept { .. }
            | Why::NeverDeletable { .. }
            | Why::Going { .. } => None,
        }
    };
    let mut end = id;
    let mut seen = BTreeSet::from([id]);
    while let Some(next) = find(end) {
        if !seen.insert(next) {
            break;
        }
        end = next;
    }
    end
}

fn neighbours(plan: &Plan) -> String {
    match plan.neighbours.len() {
        0 => "Nothing of anybody else was seen in this account and region.".to_owned(),
        number => format!(
            "{} in this account and region {} not the rack's; after the teardown all of them are looked for again.",
            text::count(number, "thing"),
            if number == 1 { "is" } else { "are" }
        ),
    }
}
