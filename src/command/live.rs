//! Reads from AWS with a person watching: progress, interruption, and errors that say what to do.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::racks::Seen;
use crate::{
    aws::{
        Aws,
        read::{self, Progress},
        session::{self, Access, Identity, NoAccess},
    },
    failure::{Exit, Failure},
    kind::Kind,
    snapshot::{FORMAT, Snapshot},
    ui,
};

/// Reads a rack into a snapshot.
pub fn snapshot(access: &Access, name: &str) -> Result<Snapshot, Failure> {
    watched(async |watch| {
        let (aws, identity) = open(access, watch).await?;
        let taken = now();
        let begun = Instant::now();
        let read = read::rack(&aws, name, &|it| watch.progress(it)).await?;
        let mut snapshot = Snapshot {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            taken,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            account: identity.account,
            region: aws.region.clone(),
            identity: identity.arn,
            rack: name.to_owned(),
            calls: aws.calls(),
            gaps: read.gaps,
            resources: read.resources,
        };
        snapshot.sort();
        Ok(snapshot)
    })
}

/// Lists what may hold racks.
pub fn look_for_racks(access: &Access) -> Result<Seen, Failure> {
    watched(async |watch| {
        let (aws, _) = open(access, watch).await?;
        let kinds = [Kind::Stack, Kind::Cluster];
        let read = read::kinds(&aws, &kinds, &|it| watch.progress(it)).await;
        Ok(Seen {
            region: aws.region,
            taken: now(),
            resources: read.resources,
            gaps: read.gaps,
        })
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one clock that is asked: when a reading began"
)]
fn now() -> Timestamp {
    // To the second: what is finer says nothing about a rack.
    let now = Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now)
}

async fn open(access: &Access, watch: &Watch) -> Result<(Aws, Identity), Failure> {
    let (aws, identity) = session::open(access).await?;
    watch.line(&format!(
        "reading account {} in {} as {}",
        identity.account, aws.region, identity.arn
    ));
    Ok((aws, identity))
}

/// Runs a reading until it is done or someone asks to stop; nothing is written in between.
fn watched<T>(work: impl AsyncFnOnce(&Watch) -> Result<T, Failure>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|it| Failure::new(Exit::Failed, format!("cannot start: {it}")))?;
    let watch = Watch::new();
    let done = runtime.block_on(async {
        tokio::select! {
            done = work(&watch) => done,
            () = asked_to_stop() => Err(Failure::new(
                Exit::Interrupted,
                "interrupted; nothing was written",
            )),
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
struct Watch(ProgressBar);

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

    fn line(&self, line: &str) {
        if self.0.is_hidden() {
            ui::note(&crate::text::harmless(line));
        } else {
            self.0.set_message(crate::text::harmless(line).into_owned());
            self.0.tick();
        }
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
            NoAccess::NoCredentials(_) => failure
                .hint("give --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                .hint("with SSO: aws sso login --profile NAME"),
            NoAccess::Unreachable { .. } => failure
                .hint("is the network up, the region's name right, a proxy in the way?")
                .hint("an endpoint may be set by --endpoint-url, AWS_ENDPOINT_URL or the profile"),
            NoAccess::Refused { .. } => failure
                .hint("are the credentials expired, or meant for another account?")
                .hint("aws sts get-caller-identity asks the same"),
        }
    }
}
