//! One client per service, each behind a guard that lets through what is on a list and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::Region;
use aws_sdk_s3control::config::endpoint::{Params, ResolveEndpoint};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        endpoint::EndpointFuture,
        interceptors::{
            Intercept,
            context::{
                BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
            },
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{config_bag::ConfigBag, endpoint::Endpoint};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::{Call, Found, Service, money, read, state};
use crate::kind::Kind;

/// About how many things one reading asks at once.
///
/// Who asks faster than AWS likes is told so, and asks again after a pause that grows.
const AT_ONCE: usize = 24;

macro_rules! clients {
    ($($field:ident: $crate_:ident,)+) => {
        /// The clients through which an account is read, or a teardown made. Cloning is cheap.
        #[derive(Clone, Debug)]
        pub struct Aws {
            /// The region that is read.
            pub region: String,
            /// The account that is read, twelve digits; empty until AWS has told.
            pub account: String,
            config: aws_config::SdkConfig,
            meter: Meter,
            pub s3: aws_sdk_s3::Client,
            pub s3_control: aws_sdk_s3control::Client,
            $(pub $field: $crate_::Client,)+
        }

        impl Aws {
            /// Clients over one configuration that can make these calls and no others.
            pub(super) fn guarded(config: &aws_config::SdkConfig, calls: &Calls) -> Self {
                let meter = Meter::default();
                let guard = Guard::new(calls, meter.clone());
                // Where someone else answers for AWS, `bucket.host` is seldom a name that resolves.
                let s3 = aws_sdk_s3::config::Builder::from(config)
                    .force_path_style(config.endpoint_url().is_some())
                    .interceptor(guard.clone());
                let mut control = aws_sdk_s3control::config::Builder::from(config)
                    .interceptor(guard.clone());
                if let Some(url) = config.endpoint_url() {
                    control = control.endpoint_resolver(AsGiven(url.to_owned()));
                }
                Self {
                    s3: aws_sdk_s3::Client::from_conf(s3.build()),
                    s3_control: aws_sdk_s3control::Client::from_conf(control.build()),
                    account: String::new(),
                    config: config.clone(),
                    region: config.region().map(ToString::to_string).unwrap_or_default(),
                    $($field: {
                        let builder = $crate_::config::Builder::from(config);
                        $crate_::Client::from_conf(builder.interceptor(guard.clone()).build())
                    },)+
                    meter,
                }
            }
        }
    };
}

clients! {
    acm: aws_sdk_acm,
    application_autoscaling: aws_sdk_applicationautoscaling,
    autoscaling: aws_sdk_autoscaling,
    budgets: aws_sdk_budgets,
    cloudformation: aws_sdk_cloudformation,
    cloudwatch: aws_sdk_cloudwatch,
    costs: aws_sdk_costexplorer,
    discovery: aws_sdk_servicediscovery,
    dynamodb: aws_sdk_dynamodb,
    ec2: aws_sdk_ec2,
    ecr: aws_sdk_ecr,
    ecs: aws_sdk_ecs,
    efs: aws_sdk_efs,
    elasticache: aws_sdk_elasticache,
    elb: aws_sdk_elasticloadbalancing,
    elbv2: aws_sdk_elasticloadbalancingv2,
    events: aws_sdk_eventbridge,
    free_tier: aws_sdk_freetier,
    iam: aws_sdk_iam,
    kms: aws_sdk_kms,
    lambda: aws_sdk_lambda,
    logs: aws_sdk_cloudwatchlogs,
    pricing: aws_sdk_pricing,
    rds: aws_sdk_rds,
    route53: aws_sdk_route53,
    scheduler: aws_sdk_scheduler,
    secrets: aws_sdk_secretsmanager,
    sns: aws_sdk_sns,
    sqs: aws_sdk_sqs,
    ssm: aws_sdk_ssm,
    sts: aws_sdk_sts,
    tagging: aws_sdk_resourcegroupstagging,
}

impl Aws {
    /// What all clients are made of.
    pub(super) fn config(&self) -> &aws_config::SdkConfig {
        &self.config
    }

    /// Clients over one configuration that can only read.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let mut calls: Vec<Call> = read::calls();
        calls.push(state::OBJECT);
        calls.extend(money::CALLS);
        Self::guarded(
            config,
            &Calls {
                what: "only read",
                calls,
            },
        )
    }

    /// The same clients, which know of which account they are.
    pub fn of_account(self, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            ..self
        }
    }

    /// The same identity in another region, for reading.
    pub fn in_region(&self, region: &str) -> Self {
        Self::new(&self.config_in(region)).of_account(&self.account)
    }

    /// The configuration behind these clients, for that region.
    pub(super) fn config_in(&self, region: &str) -> aws_config::SdkConfig {
        let config = self.config.to_builder();
        config.region(Region::new(region.to_owned())).build()
    }

    /// Asks the same question of many things, a bounded number at once, answers in their order.
    pub async fn each<T, A, F>(
        &self,
        items: impl IntoIterator<Item = T>,
        ask: impl FnMut(T) -> F,
    ) -> Vec<A>
    where
        F: Future<Output = A>,
    {
        let mut waiting = items.into_iter().map(ask).enumerate();
        let mut running = FuturesUnordered::new();
        let mut answers = BTreeMap::new();
        loop {
            // Whoever is first in line may be late: that keeps nobody else from being asked.
            while running.len() < AT_ONCE
                && let Some((number, answer)) = waiting.next()
            {
                running.push(numbered(number, answer));
            }
            let Some((number, answer)) = running.next().await else {
                return answers.into_values().collect();
            };
            answers.insert(number, answer);
        }
    }

    /// Asks about many things of one kind, a bounded number at once, and puts together what came.
    pub async fn find_each<T, F>(
        &self,
        kind: Kind,
        items: impl IntoIterator<Item = T>,
        ask: impl FnMut(T) -> F,
    ) -> Found
    where
        F: Future<Output = Found>,
    {
        let mut found = Found::of(kind);
        for one in self.each(items, ask).await {
            found.merge(one);
        }
        found
    }

    /// Requests sent so far, by operation, retries included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.meter.read()
    }
}

/// An answer with its place in line.
async fn numbered<A>(number: usize, answer: impl Future<Output = A>) -> (usize, A) {
    (number, answer.await)
}

/// S3's control is asked at `ACCOUNT.host`, which, where someone else answers for AWS, is seldom a
/// name that resolves: there it is asked at the address that was given.
#[derive(Debug)]
struct AsGiven(String);

impl ResolveEndpoint for AsGiven {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

/// Counts requests.
#[derive(Clone, Debug, Default)]
struct Meter(Arc<Mutex<BTreeMap<String, u64>>>);

impl Meter {
    fn tick(&self, call: String) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(call).or_default() += 1;
    }

    fn read(&self) -> BTreeMap<String, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What a guard lets through.
pub(super) struct Calls {
    /// What they do, for the refusal of any other.
    pub(super) what: &'static str,
    pub(super) calls: Vec<Call>,
}

/// Refuses, before anything is sent, every call that is not on its list.
#[derive(Clone, Debug)]
struct Guard {
    what: &'static str,
    allowed: Arc<BTreeSet<(&'static str, &'static str)>>,
    names: Arc<BTreeMap<&'static str, Service>>,
    meter: Meter,
}

impl Guard {
    fn new(calls: &Calls, meter: Meter) -> Self {
        let each = || calls.calls.iter();
        Self {
            what: calls.what,
            allowed: Arc::new(
                each()
                    .map(|it| (it.service.sdk_id(), it.operation))
                    .collect(),
            ),
            names: Arc::new(each().map(|it| (it.service.sdk_id(), it.service)).collect()),
            meter,
        }
    }
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = config.load::<Metadata>() else {
            return Err("refused: a call without a name".into());
        };
        if self.allowed.contains(&(call.service(), call.name())) {
            return Ok(());
        }
        Err(format!(
            "refused: {} {} is not on the list of calls that {}",
            call.service(),
            call.name(),
            self.what
        )
        .into())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = config.load::<Metadata>()
            && let Some(service) = self.names.get(call.service())
        {
            self.meter
                .tick(format!("{}:{}", service.name(), call.name()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_config::retry::RetryConfig;

    use super::*;
    use crate::{aws::read::Source, snapshot::Reason, testing::replay::Tape};

    const THROTTLED: &str =
        "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
    const NONE: &str =
        "<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>";

    async fn groups(aws: &Aws) -> Found {
        let Source::Region(list) = read::reading(Kind::SecurityGroup).source else {
            panic!("groups are listed for the region")
        };
        list(aws).await
    }

    fn patient(tape: &Tape) -> Aws {
        let retry = RetryConfig::standard().with_max_attempts(3);
        tape.aws_with(retry.with_initial_backoff(Duration::from_millis(1)))
    }

    #[tokio::test]
    async fn one_answer_that_is_late_keeps_nobody_waiting_and_comes_in_its_place() {
        let all_others = tokio::sync::Semaphore::new(0);
        let ask = |number: usize| {
            let all_others = &all_others;
            async move {
                if number == 0 {
                    let others = u32::try_from(2 * AT_ONCE - 1).unwrap();
                    drop(all_others.acquire_many(others).await.unwrap());
                } else {
                    all_others.add_permits(1);
                }
                number
            }
        };
        let aws = Tape::default().aws();
        let answers = aws.each(0..2 * AT_ONCE, ask);
        let answers = tokio::time::timeout(Duration::from_secs(10), answers).await;
        assert_eq!(answers.unwrap(), (0..2 * AT_ONCE).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_call_that_writes_is_refused_before_anything_is_sent() {
        let tape = Tape::default();
        let refused = tape.aws().ec2.delete_vpc().vpc_id("vpc-1").send().await;
        let error = refused.expect_err("it must not be sent");
        let why = crate::aws::found::causes(&error);
        assert!(why.contains("EC2 DeleteVpc is not on the list"), "{why}");
        assert!(tape.asked().is_empty());
    }

    #[tokio::test]
    async fn a_throttled_call_is_asked_again_and_counted_each_time() {
        let tape = Tape::default().answer(503, THROTTLED).answer(200, NONE);
        let aws = patient(&tape);
        let found = groups(&aws).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        assert_eq!(aws.calls()["ec2:DescribeSecurityGroups"], 2);
    }

    #[tokio::test]
    async fn throttled_for_ever_is_a_gap() {
        let tape = (0..3).fold(Tape::default(), |it, _| it.answer(503, THROTTLED));
        let found = groups(&patient(&tape)).await;
        assert_eq!(found.gaps[0].reason, Reason::Throttled);
        assert_eq!(found.gaps[0].code, "RequestLimitExceeded");
    }

    #[tokio::test]
    async fn a_web_page_instead_of_an_answer_is_a_gap() {
        for status in [200, 500] {
            let tape = Tape::default().answer(status, "<!doctype html><h1>Oops</h1>");
            let found = groups(&tape.aws()).await;
            assert_eq!(found.gaps.len(), 1, "{status}");
            assert_eq!(found.gaps[0].reason, Reason::Malformed, "{status}");
        }
    }
}
