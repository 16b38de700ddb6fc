//! Reading is honest: whatever AWS does to a call, what is not known is never taken for nothing.

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use jiff::Timestamp;
use racklens::{
    aws::{
        Aws,
        read::{self, Asked},
    },
    rack::NoSuchRack,
    snapshot::{FORMAT, Snapshot},
};

use crate::support::{
    emulator::Emulator,
    recorded::{Plan, Recorded},
};

/// Longer than any healthy answer takes.
const PATIENT: Duration = Duration::from_secs(30);

/// A rack as it is read where all is well.
struct Scene {
    rack: &'static str,
    recorded: Recorded,
}

/// The recorded racks, made by the first test that asks.
fn scenes() -> &'static [Scene] {
    static SCENES: OnceLock<Vec<Scene>> = OnceLock::new();
    SCENES.get_or_init(|| {
        let rack = "karim-test";
        let recorded = Recorded::take(&Emulator::shared().endpoint, |endpoint| {
            read(endpoint, rack, RetryConfig::disabled(), PATIENT).unwrap();
        });
        vec![Scene { rack, recorded }]
    })
}

/// Reads a rack from an endpoint.
fn read(
    endpoint: &str,
    rack: &str,
    retry: RetryConfig,
    patience: Duration,
) -> Result<Snapshot, NoSuchRack> {
    let credentials = Credentials::new("testing", "testing", None, None, "test");
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience);
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(retry)
        .timeout_config(timeouts.build())
        .endpoint_url(endpoint)
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let aws = Aws::new(&config);
    let asked = Asked {
        name: rack,
        definition: None,
    };
    let read = runtime.block_on(read::rack(&aws, asked, &|_| ()))?;
    let mut snapshot = Snapshot {
        format: FORMAT,
        tool: String::new(),
        taken: Timestamp::UNIX_EPOCH,
        took_ms: 0,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        identity: String::new(),
        rack: rack.to_owned(),
        definition: None,
        calls: aws.calls(),
        gaps: read.gaps,
        resources: read.resources,
    };
    snapshot.sort();
    Ok(snapshot)
}

#[test]
fn a_replayed_rack_is_the_recorded_one_and_every_request_is_told_by_its_call() {
    for scene in scenes() {
        for latency in [Duration::ZERO, Duration::from_millis(20)] {
            let served = scene.recorded.serve(Plan::default().latency(latency));
            let begun = std::time::Instant::now();
            let snapshot = read(
                &served.endpoint,
                scene.rack,
                RetryConfig::disabled(),
                PATIENT,
            );
            let snapshot = snapshot.unwrap();
            println!("{:?} {} requests", begun.elapsed(), served.requests().len());
            assert_eq!(snapshot.gaps, []);
            assert_eq!(served.unforeseen(), 0);
            let mut told: BTreeMap<String, u64> = BTreeMap::new();
            for seen in served.requests() {
                assert!(seen.answered - seen.came >= latency);
                *told.entry(seen.asked.call).or_default() += 1;
            }
            assert_eq!(told, snapshot.calls);
        }
    }
}
