//! Reads from AWS with a person watching: progress, interruption, and errors that say what to do.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::{
    definition::{Fetched, LARGEST_STATE, Outline, Said},
    money::Asked,
    racks::{Regions, Seen},
};
use crate::{
    aws::{
        Aws,
        money::{self, prices::Answer},
        read::{self, Progress},
        session::{self, Access, Identity, NoAccess},
        state,
        store::{self, Store},
    },
    cost::{meter, spent},
    definition::Definition,
    executor::{approval::Here, pace::Stop},
    failure::{Exit, Failure},
    kind::Kind,
    price::Key,
    snapshot::{FORMAT, Money, Origin, Snapshot},
    text, ui,
};

/// Reads a rack, by its name and what is said of it, into a snapshot.
pub fn snapshot(
    access: &Access,
    name: &str,
    said: &Said,
    for_teardown: bool,
) -> Result<Snapshot, Failure> {
    let outline = said.of(name)?;
    watched(async |watch| {
        let (aws, identity) = open(access, watch).await?;
        let definition = match outline {
            Some(it) => Some(complete(&aws, &identity, it).await?),
            None => None,
        };
        let taken = now();
        let begun = Instant::now();
        let asked = read::Asked {
            name,
            definition: definition.as_ref(),
            for_teardown,
        };
        let read = read::rack(&aws, asked, &|it| watch.progress(it)).await?;
        let mut snapshot = Snapshot {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            taken,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            account: identity.account,
            region: aws.region.clone(),
            identity: identity.arn,
            rack: name.to_owned(),
            definition,
            calls: aws.calls(),
            gaps: read.gaps,
            money: Money::default(),
            resources: read.resources,
            origin: Origin::default(),
        };
        snapshot.sort();
        Ok(snapshot)
    })
}

/// Asks AWS's price list. Who may not ask it learns no price, and why.
pub fn prices(
    access: &Access,
    endpoint: &str,
    keys: Vec<Key>,
) -> Result<Vec<(Key, Answer)>, Failure> {
    watched(async |watch| {
        let asked = text::count(keys.len(), "price");
        watch.line(&format!("asking AWS's price list for {asked}"));
        Ok(match session::prices(access, endpoint).await {
            Ok(aws) => money::prices::ask(&aws, keys).await,
            Err(why) => {
                let silent = money::prices::unasked(&why.to_string());
                let answer = |key| (key, Answer::Unheard(silent.clone()));
                keys.into_iter().map(answer).collect()
            }
        })
    })
}

/// Learns about money what is asked for, and adds it to what the snapshot holds.
pub fn money(access: &Access, snapshot: &mut Snapshot, asked: &Asked) -> Result<(), Failure> {
    let access = Access {
        region: Some(snapshot.region.clone()),
        ..access.clone()
    };
    let (learned, calls) = watched(async |watch| {
        let (aws, identity) = open(&access, watch).await?;
        if identity.account != snapshot.account {
            let message = format!(
                "the snapshot is of account {}, and the credentials are of {}",
                snapshot.account, identity.account
            );
            return Err(Failure::new(Exit::Usage, message)
                .hint("give the --profile or the --role-arn with which the snapshot was taken"));
        }
        let now = now();
        let mut learned = Money::default();
        if let Some(counts) = &asked.counts {
            let (from, to) = meter::days(now);
            let count = text::count(counts.len(), "metric");
            watch.line(&format!("asking CloudWatch for {count}"));
            let (used, unheard) = money::metrics::count(&aws, from, to, counts).await;
            learned.used = Some(used);
            learned.unheard.extend(unheard);
        }
        if asked.free_tier {
            let (free_tier, unheard) = money::free_tier::ask(&aws, now).await;
            learned.free_tier = Some(free_tier);
            learned.unheard.extend(unheard);
        }
        if let Some(tags) = &asked.spent {
            let (from, to) = spent::days(now);
            watch.line("asking Cost Explorer, for which AWS takes 0.01 USD a request");
            match money::spent::ask(&aws, from, to, tags).await {
                Ok(it) => learned.spent = Some(it),
                Err(it) => learned.unheard.push(it),
            }
        }
        learned.unheard.sort();
        Ok((learned, aws.calls()))
    })?;
    for (call, times) in calls {
        *snapshot.calls.entry(call).or_default() += times;
    }
    snapshot.money.learn(learned);
    // It is no longer what its file says.
    snapshot.origin = Origin::default();
    Ok(())
}

/// Lists what may hold racks, in each of these regions, or in that of the configuration.
pub fn look_for_racks(access: &Access, regions: &Regions) -> Result<Vec<Seen>, Failure> {
    watched(async |watch| {
        let (aws, _) = open(access, watch).await?;
        let names = match regions {
            Regions::Own => vec![aws.region.clone()],
            Regions::These(names) => names.clone(),
            Regions::All => session::regions(&aws).await.map_err(|it| {
                Failure::new(
                    Exit::Incomplete,
                    format!("which regions there are is not known: {it}"),
                )
                .hint("name them: --regions us-east-1,eu-west-1")
                .hint("or allow ec2:DescribeRegions")
            })?,
        };
        let kinds = [Kind::Stack, Kind::Cluster];
        let seen = aws.each(names, async |region| {
            let there = aws.in_region(&region);
            let read = read::kinds(&there, &kinds, &|_| ()).await;
            watch.line(&format!("{region} was looked through"));
            Seen {
                region,
                taken: now(),
                resources: read.resources,
                gaps: read.gaps,
            }
        });
        Ok(seen.await)
    })
}

/// Puts files into a bucket below a prefix, in their order.
pub fn put(
    access: &Access,
    bucket: &str,
    prefix: &str,
    files: &[(String, String)],
) -> Result<(), Failure> {
    watched(async |watch| {
        let (aws, _) = session::open(access).await?;
        let mut store = Store::new(&aws);
        for (name, content) in files {
            let key = format!("{prefix}{name}");
            watch.line(&format!("writing s3://{bucket}/{key}"));
            store.put(bucket, &key, content).await.map_err(|it| {
                let message = format!("cannot write s3://{bucket}/{key}: {it}");
                Failure::new(Exit::Failed, message)
                    .hint(format!(
                        "it takes {} below that prefix",
                        store::OBJECT.action()
                    ))
                    .hint("`racklens policy --for snapshot --out s3://…` prints the statement")
            })?;
        }
        Ok(())
    })
}

/// Adds to what is said of a rack the Terraform states that lie in buckets.
async fn complete(aws: &Aws, identity: &Identity, outline: Outline) -> Result<Definition, Failure> {
    let mut fetched = Fetched::new();
    for (place, bucket, key) in outline.remote() {
        let text = state::fetch(aws, bucket, key, LARGEST_STATE).await;
        let text = text.map_err(|it| {
            Failure::new(Exit::Failed, format!("cannot read {place}: {it}"))
                .hint(format!(
                    "it takes {} on that object",
                    state::OBJECT.action()
                ))
                .hint("or copy the state and give the file: --tfstate FILE")
        })?;
        fetched.insert(place.clone(), text);
    }
    outline.complete(&identity.account, &aws.region, &fetched)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one clock that is asked: when a reading began, a call was made"
)]
pub fn now() -> Timestamp {
    // To the second: what is finer says nothing about a rack.
    let now = Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now)
}

/// Who asks, and where.
pub fn identity(access: &Access) -> Result<Here, Failure> {
    watched(async |_| {
        let (aws, identity) = session::open(access).await?;
        Ok(Here {
            account: identity.account,
            region: aws.region,
            identity: identity.arn,
        })
    })
}

pub async fn open(access: &Access, watch: &Watch) -> Result<(Aws, Identity), Failure> {
    let (aws, identity) = session::open(access).await?;
    watch.line(&format!(
        "reading account {} in {} as {}",
        identity.account, aws.region, identity.arn
    ));
    Ok((aws, identity))
}

/// Runs a reading until it is done or someone asks to stop; nothing is written in between.
pub fn watched<T>(work: impl AsyncFnOnce(&Watch) -> Result<T, Failure>) -> Result<T, Failure> {
    until(work, async |_| {
        asked_to_stop().await;
        Failure::new(Exit::Interrupted, "interrupted; nothing was written")
    })
}

/// Runs a teardown until it is done. Asked once, it is to finish what is under way and stop; asked
/// twice, it stops where it is.
pub fn watched_until<T>(
    stop: &Stop,
    work: impl AsyncFnOnce(&Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    until(work, async |watch| {
        asked_to_stop().await;
        stop.ask();
        watch.say("stopping: finishing what is under way; Ctrl-C once more stops at once");
        asked_to_stop().await;
        Failure::new(
            Exit::Interrupted,
            "stopped at once; a call may still take effect",
        )
    })
}

/// Runs `work` until it or `end` is done.
fn until<T>(
    work: impl AsyncFnOnce(&Watch) -> Result<T, Failure>,
    end: impl AsyncFnOnce(&Watch) -> Failure,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|it| Failure::new(Exit::Failed, format!("cannot start: {it}")))?;
    let watch = Watch::new();
    let done = runtime.block_on(async {
        tokio::select! {
            done = work(&watch) => done,
            failure = end(&watch) => Err(failure),
        }
    });
    watch.end();
    // Requests under way are let go, not waited for.
    runtime.shutdown_background();
    done
}

/// Ends with Ctrl-C, or with the signal by which a service manager asks to end.
async fn asked_to_stop() {
    let ctrl_c = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = ctrl_c => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    ctrl_c.await.unwrap_or_default();
}

/// A bar on a terminal, a line a phase elsewhere.
pub struct Watch(ProgressBar);

impl Watch {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len} {wide_msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    fn progress(&self, progress: Progress) {
        match progress {
            Progress::Done { done, of } => {
                self.0.set_length(of as u64);
                self.0.set_position(done as u64);
            }
            Progress::Listed { resources } => {
                self.line(&format!(
                    "{resources} resources listed; reading the rack's own in depth"
                ));
            }
        }
    }

    /// What goes on now; on a terminal the next one takes its place.
    pub fn line(&self, line: &str) {
        if self.0.is_hidden() {
            ui::note(&text::harmless(line));
        } else {
            self.0.set_message(text::harmless(line).into_owned());
            self.0.tick();
        }
    }

    /// What happened, to stay to be read.
    pub fn say(&self, line: &str) {
        let line = text::harmless(line);
        self.0.suspend(|| ui::note(&line));
    }

    /// What is waited for, every now and then: beside the bar in few words, elsewhere a line each.
    pub fn beat(&self, short: &str, lines: &[String]) {
        if self.is_terminal() {
            return self.line(short);
        }
        for line in lines {
            self.line(line);
        }
    }

    /// Whether there is a bar.
    pub fn is_terminal(&self) -> bool {
        !self.0.is_hidden()
    }

    /// So many steps are done.
    pub fn steps(&self, done: usize, of: usize) {
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl From<NoAccess> for Failure {
    fn from(error: NoAccess) -> Self {
        let failure = Self::new(Exit::Failed, error.to_string());
        match error {
            NoAccess::NoRegion => Self {
                exit: Exit::Usage,
                ..failure
            }
            .hint("give --region, set AWS_REGION, or set one in the profile"),
            NoAccess::NoEndpoint => Self {
                exit: Exit::Usage,
                ..failure
            }
            .hint("unset AWS_ENDPOINT_URL, or say where it is to lead"),
            NoAccess::NoCredentials(_) => failure
                .hint("give --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                .hint("with SSO: aws sso login --profile NAME"),
            NoAccess::Unreachable {
                meant: Some(meant), ..
            } => failure.hint(format!("there is no such region; did you mean {meant}?")),
            NoAccess::Unreachable { meant: None, .. } => failure
                .hint("is the network up, the region's name right, a proxy in the way?")
                .hint("an endpoint may be set by --endpoint-url, AWS_ENDPOINT_URL or the profile"),
            NoAccess::Refused { .. } => failure
                .hint("are the credentials expired, or meant for another account?")
                .hint("aws sts get-caller-identity asks the same"),
        }
    }
}
