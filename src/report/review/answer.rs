//! How a plan answers what a rule found.

use crate::{
    id::ResourceId,
    kind::Kind,
    removal::Data,
    rule::{Status, Verdict},
    teardown::{Goal, Loss, Plan, Step},
};

/// What becomes of a finding when the plan is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The plan says so itself, among what stands in the way.
    Blocks,
    /// The step of that number takes care of it.
    Step(u32),
    /// A copy is made first, in the step of that number.
    Copied(u32),
    /// Somebody agreed to the loss.
    Agreed(Data),
    /// What it is about stays as it is.
    Stays,
    /// A copy of it, or itself, is there afterwards and costs.
    Left,
    /// Nothing in the plan answers it.
    Open,
    /// It could not be judged, and the plan does not know either.
    Unknown,
}

impl Answer {
    /// What to say beside a finding.
    pub fn words(self) -> String {
        match self {
            Self::Blocks => "stands in the way, see above".to_owned(),
            Self::Step(number) => format!("step {number} takes care of it"),
            Self::Copied(number) => format!("step {number} makes a copy first"),
            Self::Agreed(data) => format!("agreed to: --delete {}", data.name()),
            Self::Stays => "it stays".to_owned(),
            Self::Left => "something is left there, and costs".to_owned(),
            Self::Open => "open: nothing in the plan answers it".to_owned(),
            Self::Unknown => "nobody knows: look yourself".to_owned(),
        }
    }

    /// The colour that a page gives it.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Blocks | Self::Open => "critical",
            Self::Unknown => "unknown",
            Self::Agreed(_) => "medium",
            Self::Step(_) | Self::Copied(_) | Self::Stays | Self::Left => "good",
        }
    }
}

/// How a plan answers a verdict that is not a pass.
pub fn answer(plan: &Plan, verdict: &Verdict) -> Answer {
    if verdict.status == Status::Unknown {
        return Answer::Unknown;
    }
    let id = &verdict.subject;
    let goes = |it: &ResourceId| plan.gone_with(it).is_some();
    match verdict.rule {
        // About the key, and what else has to go with it.
        "key-still-needed" if goes(id) => {
            let mut users = verdict.evidence.iter().map(|it| &it.resource);
            return match plan.gone_with(id) {
                Some(step) if users.all(|it| it == id || goes(it)) => Answer::Step(step.number),
                _ => Answer::Open,
            };
        }
        // About a zone that stays, and what its names lead to.
        "dangling-name" => {
            let mut goals = verdict.evidence.iter().map(|it| &it.resource);
            return if goals.any(goes) {
                Answer::Open
            } else {
                Answer::Stays
            };
        }
        // A stack is told for what it leaves there of kinds that are not read.
        "kept-by-template" => {
            let copied = verdict.evidence.iter().any(|it| it.value == "Snapshot");
            return match plan.gone_with(id) {
                Some(step) if !copied && id.kind != Kind::Stack => Answer::Step(step.number),
                _ => Answer::Left,
            };
        }
        _ => {}
    }
    let named = id.to_string();
    let mut blockers = plan.blockers.iter();
    if blockers.any(|it| it.resource.as_ref() == Some(id) || it.by.contains(&named)) {
        return Answer::Blocks;
    }
    if let Some(loss) = loss_of(plan, id) {
        let copy = step_of(plan, id).filter(|it| it.goal == Goal::Saved);
        return match copy {
            Some(step) if loss.copied || id.kind == Kind::Volume => Answer::Copied(step.number),
            _ => Answer::Agreed(loss.data),
        };
    }
    if let Some(step) = step_of(plan, id).or_else(|| plan.gone_with(id)) {
        return Answer::Step(step.number);
    }
    if plan.stays.iter().any(|it| it.resource == *id) {
        return Answer::Stays;
    }
    Answer::Open
}

/// The data that is lost with a thing; what is on a machine's disks is told of the machine.
fn loss_of<'p>(plan: &'p Plan, id: &ResourceId) -> Option<&'p Loss> {
    let own = plan.losses.iter().find(|it| it.resource == *id);
    let whole = plan.gone_with(id).filter(|_| id.kind == Kind::Volume);
    let on_disks = |it: &&Loss| it.data == Data::Volumes && it.resource.kind == Kind::Instance;
    own.or_else(|| plan.lost_with(whole?).into_iter().find(on_disks))
}

/// The first step that is about a thing itself; a copy before all others.
fn step_of<'p>(plan: &'p Plan, id: &ResourceId) -> Option<&'p Step> {
    let mut own = plan.steps.iter().filter(|it| it.resource == *id);
    let first = own.clone().next();
    own.find(|it| it.goal == Goal::Saved).or(first)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rule::{Evidence, RULES, Severity};

    /// A plan in which the rack's key goes with its stack in step 1 one queue by itself,
    /// and a machine with its disk.
    fn plan() -> Plan {
        let step = |number: u32, resource: &str, covers: &[&str]| {
            json!({ "number": number, "resource": resource, "identity": {}, "goal": "gone",
                    "acts": [], "after": [], "why": "", "takes": 1, "deadline": 1,
                    "covers": covers })
        };
        let plan = json!({
            "format": 1, "racklens": "0", "rack": "prod", "account": "123456789012",
            "region": "us-east-1", "identity": null, "taken": "2018-05-01T17:53:44Z",
            "consent": {},
            "steps": [step(1, "stack/prod", &["key/k-1", "bucket/going"]), step(2, "queue/q", &[]),
                      step(3, "instance/i-1", &["volume/vol-1"])],
            "losses": [{ "data": "queues", "resource": "queue/q", "copied": false },
                       { "data": "volumes", "resource": "instance/i-1", "copied": false }],
            "stays": [{ "resource": "vpc/vpc-1", "why": { "shared": { "others": [] } } }],
            "blockers": [], "notes": [], "neighbours": [],
            "month": { "saved": "0", "kept": "0", "unknown": 0 },
        });
        serde_json::from_value(plan).unwrap()
    }

    fn found(rule: &str, subject: &str, about: &[&str]) -> Answer {
        let rule = RULES.iter().find(|it| it.id == rule).unwrap();
        let words = rule.words().unwrap();
        let subject: ResourceId = subject.parse().unwrap();
        let evidence = about
            .iter()
            .map(|it| Evidence::new(&it.parse().unwrap(), "A", "b"));
        let verdict = Verdict::new(rule, &words, &subject, Status::Fail, "so".to_owned());
        assert!(verdict.severity >= Severity::Low);
        answer(&plan(), &verdict.evidence(evidence.collect::<Vec<_>>()))
    }

    #[test]
    fn a_loss_that_was_agreed_to_is_answered_and_so_is_what_a_step_does() {
        assert_eq!(
            found("data-protected", "queue/q", &[]),
            Answer::Agreed(Data::Queues)
        );
        assert_eq!(found("stack-protected", "stack/prod", &[]), Answer::Step(1));
        assert_eq!(found("shared-resource", "vpc/vpc-1", &[]), Answer::Stays);
    }

    #[test]
    fn the_loss_of_a_machines_disk_is_agreed_to_with_the_machines() {
        let agreed = Answer::Agreed(Data::Volumes);
        assert_eq!(found("no-recent-backup", "volume/vol-1", &[]), agreed);
    }

    #[test]
    fn a_key_is_answered_only_where_all_that_needs_it_goes() {
        let key = "key/k-1";
        assert_eq!(
            found("key-still-needed", key, &["bucket/going"]),
            Answer::Step(1)
        );
        assert_eq!(
            found("key-still-needed", key, &["bucket/other"]),
            Answer::Open
        );
    }

    #[test]
    fn what_a_template_keeps_is_left_unless_a_step_deletes_it() {
        assert_eq!(found("kept-by-template", "queue/q", &[]), Answer::Step(2));
        assert_eq!(found("kept-by-template", "bucket/kept", &[]), Answer::Left);
        assert_eq!(found("kept-by-template", "stack/prod", &[]), Answer::Left);
    }

    #[test]
    fn a_name_that_leads_to_what_goes_is_open() {
        let zone = "hosted-zone/Z1";
        assert_eq!(found("dangling-name", zone, &["queue/q"]), Answer::Open);
        assert_eq!(
            found("dangling-name", zone, &["queue/other"]),
            Answer::Stays
        );
    }
}
