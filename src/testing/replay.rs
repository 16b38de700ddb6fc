//! Plays recorded AWS answers back, in order, and keeps what was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
            http_client_fn,
        },
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;

use crate::aws::Aws;

/// Answers to come, and requests that came.
#[derive(Clone, Debug, Default)]
pub struct Tape(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    answers: VecDeque<(u16, Vec<u8>)>,
    asked: Vec<String>,
}

impl Tape {
    pub fn answer(self, status: u16, body: impl Into<Vec<u8>>) -> Self {
        self.0
            .lock()
            .unwrap()
            .answers
            .push_back((status, body.into()));
        self
    }

    /// Method, path and body of each request so far.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Clients that get these answers; they do not retry.
    pub fn aws(&self) -> Aws {
        self.aws_with(RetryConfig::disabled())
    }

    pub fn aws_with(&self, retry: RetryConfig) -> Aws {
        let tape = self.clone();
        let http: SharedHttpClient =
            http_client_fn(move |_, _| SharedHttpConnector::new(tape.clone()));
        let credentials = aws_sdk_sts::config::Credentials::new("a", "b", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(
                credentials,
            ))
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .retry_config(retry)
            .http_client(http)
            .build();
        Aws::new(&config).of_account("123456789012")
    }
}

impl HttpConnector for Tape {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut inner = self.0.lock().unwrap();
        let body = request
            .body()
            .bytes()
            .map(|it| String::from_utf8_lossy(it).into_owned());
        let asked = format!(
            "{} {} {}",
            request.method(),
            request.uri(),
            body.unwrap_or_default()
        );
        inner.asked.push(asked);
        let (status, body) = inner
            .answers
            .pop_front()
            .expect("the tape ran out of answers");
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}
