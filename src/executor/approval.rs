//! Whether a plan may be run: by whom, where, and with whose word for it.

use jiff::{SignedDuration, Timestamp};

use crate::{arn::Arn, teardown::plan::Plan, text};

/// Who asks AWS now, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    pub account: String,
    pub region: String,
    /// ARN.
    pub identity: String,
}

/// How it is made sure that this rack is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A person typed it on a terminal.
    Typed(String),
    /// `--confirm`, with the accounts in which that is enough.
    Confirmed { name: String, accounts: Vec<String> },
    /// Neither.
    None,
}

/// Why a plan is not run, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A sentence without its full stop.
    pub what: String,
    pub remedy: String,
}

fn refuse(what: impl Into<String>, remedy: impl Into<String>) -> Refused {
    Refused {
        what: what.into(),
        remedy: remedy.into(),
    }
}

/// What does not depend on a person's word.
///
/// # Errors
/// With the first thing that is not as the plan has it.
pub fn check(
    plan: &Plan,
    here: &Here,
    now: Timestamp,
    max_age: SignedDuration,
) -> Result<(), Refused> {
    let version = env!("CARGO_PKG_VERSION");
    if plan.racklens != version {
        let what = format!(
            "the plan was made by racklens {}, and this is {version}",
            plan.racklens
        );
        return Err(refuse(what, anew(plan)));
    }
    place(plan, here)?;
    identity(plan, here)?;
    if let Some(blocker) = plan.blockers.first() {
        let what = format!(
            "{} in the plan, the first: {}",
            match plan.blockers.len() {
                1 => "something stands in the way".to_owned(),
                it => format!("{it} things stand in the way"),
            },
            blocker.what
        );
        return Err(refuse(what, blocker.remedy.clone()));
    }
    let age = now.duration_since(plan.taken);
    if age > max_age {
        let what = format!(
            "the plan was made from what was there {} ago",
            text::age(plan.taken, now)
        );
        return Err(refuse(what, format!("{}, or give --max-age", anew(plan))));
    }
    if age < -SignedDuration::from_mins(5) {
        let what = "the plan was made in the future, by this machine's clock";
        return Err(refuse(what, "set the clock right"));
    }
    Ok(())
}

/// Whether this is the account and the region of the plan; enough for whoever only looks.
///
/// # Errors
/// With what is not as the plan has it.
pub fn place(plan: &Plan, here: &Here) -> Result<(), Refused> {
    if plan.account != here.account {
        let what = format!(
            "the plan is for account {}, and the credentials are for account {}",
            plan.account, here.account
        );
        return Err(refuse(
            what,
            "use the credentials of the plan's account: --profile NAME",
        ));
    }
    if plan.region != here.region {
        let what = format!(
            "the plan is for region {}, and this would run in {}",
            plan.region, here.region
        );
        let remedy = format!("give --region {}", plan.region);
        return Err(refuse(what, remedy));
    }
    Ok(())
}

/// Whether who asks is who made the plan.
fn identity(plan: &Plan, here: &Here) -> Result<(), Refused> {
    match &plan.identity {
        Some(planned) if who(planned) == who(&here.identity) => Ok(()),
        Some(planned) => {
            let what = format!(
                "the plan was made as {planned}, and this is {}",
                here.identity
            );
            let remedy = "run it with the identity that made it, or make the plan anew as this one";
            Err(refuse(what, remedy))
        }
        None => {
            let what = "the plan does not tell who made it";
            Err(refuse(what, anew(plan)))
        }
    }
}

fn anew(plan: &Plan) -> String {
    format!(
        "make the plan anew: racklens teardown --rack {} --plan FILE",
        text::harmless(&plan.rack)
    )
}

/// Whether the word that was given is for this rack and this account.
///
/// # Errors
/// With what is missing or wrong.
pub fn agreed(plan: &Plan, word: &Word) -> Result<(), Refused> {
    let rack = text::harmless(&plan.rack);
    match word {
        Word::None => Err(refuse(
            "nobody confirmed that this rack is to go",
            format!(
                "give --confirm {rack} --accounts {}, or run it on a terminal",
                plan.account
            ),
        )),
        Word::Typed(name) if *name == plan.rack => Ok(()),
        Word::Confirmed { name, accounts } if *name == plan.rack => {
            if accounts.contains(&plan.account) {
                return Ok(());
            }
            Err(refuse(
                format!(
                    "account {} is not among those where this may run unattended",
                    plan.account
                ),
                format!(
                    "give --accounts {}, or name it in racklens.toml: [teardown] accounts = [\"{}\"]",
                    plan.account, plan.account
                ),
            ))
        }
        Word::Typed(name) | Word::Confirmed { name, .. } => Err(refuse(
            format!(
                "`{}` is not the name of the rack of this plan",
                text::harmless(name)
            ),
            format!("it is `{rack}`"),
        )),
    }
}

/// An identity without what changes from session to session: a role's session name.
fn who(arn: &str) -> &str {
    let assumed = Arn::parse(arn).is_some_and(|it| it.resource.starts_with("assumed-role/"));
    match arn.rsplit_once('/') {
        Some((role, _)) if assumed => role,
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::testing;

    fn here() -> Here {
        Here {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            identity: "arn:aws:iam::123456789012:user/ops".to_owned(),
        }
    }

    fn refused(change: impl FnOnce(&mut Plan, &mut Here)) -> String {
        let (mut plan, mut here) = (testing::plan(Vec::new()), here());
        change(&mut plan, &mut here);
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let checked = check(&plan, &here, now, SignedDuration::from_hours(24));
        checked.map_or_else(|it| it.what, |()| "may run".to_owned())
    }

    #[test]
    fn a_plan_of_here_and_now_may_run() {
        assert_eq!(refused(|_, _| {}), "may run");
    }

    #[test]
    fn a_plan_of_another_account_is_refused() {
        let said = refused(|_, here| here.account = "999999999999".to_owned());
        assert!(said.contains("for account 123456789012"), "{said}");
    }

    #[test]
    fn a_plan_of_another_region_is_refused() {
        let said = refused(|_, here| here.region = "eu-west-1".to_owned());
        assert!(said.contains("for region us-east-1"), "{said}");
    }

    #[test]
    fn a_plan_of_another_identity_is_refused() {
        let said =
            refused(|_, here| here.identity = "arn:aws:iam::123456789012:user/eve".to_owned());
        assert!(said.contains("user/eve"), "{said}");
    }

    #[test]
    fn another_session_of_the_same_role_is_the_same_identity() {
        let role = "arn:aws:sts::123456789012:assumed-role/Ops";
        assert_eq!(
            who(&format!("{role}/monday")),
            who(&format!("{role}/tuesday"))
        );
        assert_ne!(who("arn:aws:iam::1:user/a"), who("arn:aws:iam::1:user/b"));
    }

    #[test]
    fn a_plan_of_another_version_is_refused() {
        let said = refused(|plan, _| plan.racklens = "0.0.1".to_owned());
        assert!(said.contains("made by racklens 0.0.1"), "{said}");
    }

    #[test]
    fn a_plan_older_than_a_day_is_refused() {
        let said = refused(|plan, _| plan.taken -= SignedDuration::from_hours(24));
        assert!(said.contains("25 hours ago"), "{said}");
    }

    #[test]
    fn the_wrong_name_is_refused_and_the_right_one_told() {
        let plan = testing::plan(Vec::new());
        let refused = agreed(&plan, &Word::Typed("prod".to_owned())).unwrap_err();
        assert!(refused.what.contains("`prod`"), "{refused:?}");
        assert!(refused.remedy.contains("`shop`"), "{refused:?}");
    }

    #[test]
    fn without_a_terminal_the_account_must_be_named_too() {
        let plan = testing::plan(Vec::new());
        let confirmed = |accounts: &[&str]| Word::Confirmed {
            name: "shop".to_owned(),
            accounts: accounts.iter().map(|it| (*it).to_owned()).collect(),
        };
        assert!(agreed(&plan, &confirmed(&[])).is_err());
        assert!(agreed(&plan, &confirmed(&["999999999999"])).is_err());
        assert!(agreed(&plan, &confirmed(&["123456789012"])).is_ok());
        assert!(agreed(&plan, &Word::None).is_err());
    }
}
