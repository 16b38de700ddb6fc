//! Puts reports into a bucket, by a client that can put an object and do nothing else.
//!
//! The one thing that racklens writes besides what a teardown does. An object gets no ACL, so it is
//! as private as its bucket, and AWS checks its content against a SHA-256 before it keeps it.

use aws_config::{Region, SdkConfig};
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeSerializationInterceptorContextRef},
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::{Aws, Call, Service, found};

/// The call; nobody needs it who writes reports to folders.
pub const OBJECT: Call = Call::new(Service::S3, "PutObject");

/// Where S3 says that a bucket is, when it was asked in another region.
const REGION: &str = "x-amz-bucket-region";

/// A client that can only put objects.
#[derive(Clone, Debug)]
pub struct Store {
    config: SdkConfig,
    s3: aws_sdk_s3::Client,
}

impl Store {
    /// With the identity by which an account is read.
    pub fn new(aws: &Aws) -> Self {
        Self::over(aws.config().clone())
    }

    fn over(config: SdkConfig) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(config.endpoint_url().is_some())
            .interceptor(PutOnly);
        let s3 = aws_sdk_s3::Client::from_conf(s3.build());
        Self { config, s3 }
    }

    /// Puts an object in place of what has that key, in whichever region the bucket is.
    ///
    /// # Errors
    /// With AWS's reason; then what had that key is as it was.
    pub async fn put(&mut self, bucket: &str, key: &str, content: &str) -> Result<(), String> {
        match self.try_put(bucket, key, content).await {
            Err(Refused {
                elsewhere: Some(region),
                ..
            }) => {
                let there = self.config.to_builder().region(Region::new(region));
                *self = Self::over(there.build());
                let again = self.try_put(bucket, key, content).await;
                again.map_err(|it| it.why)
            }
            other => other.map_err(|it| it.why),
        }
    }

    async fn try_put(&self, bucket: &str, key: &str, content: &str) -> Result<(), Refused> {
        let digest = BASE64_STANDARD.encode(Sha256::digest(content));
        let request = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type(key))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(digest)
            .body(content.as_bytes().to_vec().into());
        let sent = request.send().await;
        sent.map(drop).map_err(|it| {
            let answer = it.raw_response().filter(|it| !it.status().is_success());
            let region = answer.and_then(|it| it.headers().get(REGION));
            let ours = self.config.region().map(AsRef::as_ref);
            let region = region.filter(|it| Some(*it) != ours).map(str::to_owned);
            let (_, code, message) = found::judge(&it);
            Refused {
                why: format!("{code}: {message}"),
                elsewhere: region,
            }
        })
    }
}

/// Why an object was not taken.
struct Refused {
    why: String,
    /// The bucket's region, where that is another one.
    elsewhere: Option<String>,
}

fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|it| it.1) {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

/// Refuses, before anything is sent, every other call.
#[derive(Debug)]
struct PutOnly;

impl Intercept for PutOnly {
    fn name(&self) -> &'static str {
        "PutOnly"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = config.load::<Metadata>();
        let told = call.map(|it| (it.service(), it.name()));
        if told == Some((OBJECT.service.sdk_id(), OBJECT.operation)) {
            return Ok(());
        }
        Err(format!("refused: {told:?} does not put an object").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    #[tokio::test]
    async fn an_object_is_put_whole() {
        let tape = Tape::default().answer(200, "");
        let mut store = Store::new(&tape.aws());
        store.put("reports", "prod/a.csv", "a,b").await.unwrap();
        let asked = tape.asked();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].starts_with("PUT "), "{asked:?}");
        assert!(asked[0].contains("prod/a.csv"), "{asked:?}");
        assert!(asked[0].ends_with("a,b"), "{asked:?}");
    }

    #[tokio::test]
    async fn nothing_else_goes_through_that_client() {
        let tape = Tape::default();
        let store = Store::new(&tape.aws());
        let gets = store.s3.get_object().bucket("b").key("k").send().await;
        let why = found::causes(&gets.expect_err("it must not be sent"));
        assert!(why.contains("does not put an object"), "{why}");
        let deletes = store.s3.delete_object().bucket("b").key("k").send().await;
        assert!(deletes.is_err());
        assert!(tape.asked().is_empty());
    }

    #[tokio::test]
    async fn a_client_that_reads_cannot_put() {
        let tape = Tape::default();
        let put = tape.aws().s3.put_object().bucket("b").key("k").send().await;
        assert!(put.is_err() && tape.asked().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_says_by_what_code() {
        let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        let tape = Tape::default().answer(403, denied);
        let error = Store::new(&tape.aws()).put("reports", "a", "b").await;
        assert_eq!(error.unwrap_err(), "AccessDenied: no");
    }
}
