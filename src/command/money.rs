//! What may be learned about money besides prices, if it is asked for: use, free tier, spending.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use crate::{
    aws::{Call, money, session::Access},
    cli::Input,
    cost::{meter, spent},
    failure::Failure,
    snapshot::{
        Snapshot,
        money::{Count, Unheard},
    },
};

/// Under which help tells what is asked only where it is asked for.
pub const HEADING: &str = "Asked of AWS beside";

#[derive(Clone, Debug, Default, Args)]
pub struct Learn {
    /// Let CloudWatch tell how much was used in the last 14 days of what is billed by use
    ///
    /// AWS takes 0.01 USD for each 1,000 metrics. What CloudWatch does not count stays billed by
    /// use, and so does what has no datapoint: that is not zero.
    #[arg(long, value_name = "SOURCE", value_enum, help_heading = HEADING)]
    pub usage: Option<Meter>,
    /// Let Cost Explorer tell what AWS has counted this month; costs 0.01 USD a request
    ///
    /// By service; of what bears the tags of the rack's definition, or the names of its stacks,
    /// where these tags are activated for cost allocation, else of the whole account. It stands
    /// beside the estimate and is never added to it.
    #[arg(long, help_heading = HEADING)]
    pub actual: bool,
}

/// What the account is asked of itself wherever a rack is read to be judged.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OfAccount {
    /// Do not ask the account about its free tier, its plan and its budgets
    ///
    /// With --rack they are asked, for nothing, as rules are about them; of a file nobody is.
    #[arg(long, help_heading = HEADING)]
    no_free_tier: bool,
}

impl OfAccount {
    /// Whether it is asked here: where a rack is read, unless somebody said no.
    pub fn is_asked(self, input: &Input) -> bool {
        input.source.from.is_none() && !self.no_free_tier
    }
}

/// Who counts use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Meter {
    Cloudwatch,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Metrics to count.
    pub counts: Option<Vec<Count>>,
    pub free_tier: bool,
    /// The tags of costs.
    pub spent: Option<BTreeMap<String, Vec<String>>>,
}

impl Learn {
    /// Whether that is what is asked for here.
    pub fn asks(&self, unheard: &Unheard) -> bool {
        let of = |it: Call| unheard.call == it.to_string();
        (self.usage.is_some() && of(money::METRICS)) || (self.actual && of(money::SPENT))
    }

    /// Learns what is asked for, and the account's free tier too if that is.
    ///
    /// # Errors
    /// When AWS cannot be asked at all, or the credentials are of another account.
    pub fn run(
        &self,
        access: &Access,
        snapshot: &mut Snapshot,
        free_tier: bool,
    ) -> Result<(), Failure> {
        if self.usage.is_none() && !self.actual && !free_tier {
            return Ok(());
        }
        if self.usage.is_none() && !self.actual {
            let asked = Asked {
                free_tier,
                ..Asked::default()
            };
            return super::live::money(access, snapshot, &asked);
        }
        let asked = super::look(snapshot, |case| {
            let region = &snapshot.region;
            let counts = self
                .usage
                .map(|Meter::Cloudwatch| meter::counts(case, region));
            let tags = || spent::tags(case, snapshot.definition.as_ref());
            Ok(Asked {
                counts,
                free_tier,
                spent: self.actual.then(tags),
            })
        })?;
        super::live::money(access, snapshot, &asked)
    }
}
