//! What a reading brought home: resources, and a gap for whatever did not come.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Call;
use crate::{
    id::ResourceId,
    kind::Kind,
    snapshot::{Gap, Reason, Resource},
};

/// Resources and gaps of one kind's reading.
#[derive(Clone, Debug)]
pub struct Found {
    /// The kind that a gap is about when nothing narrower is said.
    pub kind: Kind,
    pub resources: Vec<Resource>,
    pub gaps: Vec<Gap>,
}

/// What every operation's error is.
pub trait AwsError: ProvideErrorMetadata + std::error::Error + 'static {}

impl<E: ProvideErrorMetadata + std::error::Error + 'static> AwsError for E {}

/// A required field that AWS's answer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub &'static str);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer has no {}", self.0)
    }
}

/// Asks for a field that must be there: `it.vpc_id().need("VpcId")?`.
pub trait Need<T> {
    fn need(self, field: &'static str) -> Result<T, Missing>;
}

impl<T> Need<T> for Option<T> {
    fn need(self, field: &'static str) -> Result<T, Missing> {
        self.ok_or(Missing(field))
    }
}

/// For the fields that the SDK leaves empty when AWS leaves them out.
impl Need<Self> for String {
    fn need(self, field: &'static str) -> Result<Self, Missing> {
        Some(self).filter(|it| !it.is_empty()).need(field)
    }
}

impl Found {
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            resources: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Follows a listing to its end and makes a resource of each item.
    ///
    /// An item that lacks a required field becomes a gap, and so does an error, which ends the
    /// listing; what was read before it is kept.
    pub async fn pages<T, E>(
        &mut self,
        call: Call,
        mut items: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
        mut make: impl FnMut(T) -> Result<Resource, Missing>,
    ) where
        E: AwsError,
    {
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => self.add(call, None, make(item)),
                Err(error) => return self.failed(call, None, &error),
            }
        }
    }

    /// Follows a listing to its end; an error becomes a gap, what was read before it is returned.
    pub async fn collect<T, E>(
        &mut self,
        call: Call,
        about: Option<&ResourceId>,
        mut items: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
    ) -> Vec<T>
    where
        E: AwsError,
    {
        let mut all = Vec::new();
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => all.push(item),
                Err(error) => {
                    self.failed(call, about, &error);
                    break;
                }
            }
        }
        all
    }

    /// Keeps a resource, or the gap where it should have been.
    pub fn add(&mut self, call: Call, about: Option<&ResourceId>, made: Result<Resource, Missing>) {
        match made {
            // The SDK has the empty text where AWS left out a name that it always has.
            Ok(resource) if resource.id.key.is_empty() => {
                self.malformed(call, about, Missing("name"));
            }
            Ok(resource) => self.resources.push(resource),
            Err(missing) => self.malformed(call, about, missing),
        }
    }

    /// The answer of a call that stands for itself, or `None` and a gap.
    pub fn answer<T, E>(
        &mut self,
        call: Call,
        about: Option<&ResourceId>,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Option<T>
    where
        E: AwsError,
    {
        answer
            .inspect_err(|error| self.failed(call, about, error))
            .ok()
    }

    /// The same for a call that may fail with the code `none` to say that there is nothing.
    pub fn optional<T, E>(
        &mut self,
        call: Call,
        about: Option<&ResourceId>,
        none: &str,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Option<Option<T>>
    where
        E: AwsError,
    {
        match answer {
            Err(error) if code(&error) == Some(none) => Some(None),
            answer => self.answer(call, about, answer).map(Some),
        }
    }

    /// Notes a call that failed.
    pub fn failed<E>(
        &mut self,
        call: Call,
        about: Option<&ResourceId>,
        error: &SdkError<E, HttpResponse>,
    ) where
        E: AwsError,
    {
        let (reason, code, message) = judge(error);
        self.gap(call, about, reason, code, &message);
    }

    /// Notes an answer that lacks what it must have.
    pub fn malformed(&mut self, call: Call, about: Option<&ResourceId>, missing: Missing) {
        self.gap(
            call,
            about,
            Reason::Malformed,
            "MissingField".to_owned(),
            &missing.to_string(),
        );
    }

    /// Notes anything else that is not known, with AWS's words for it.
    pub fn gap(
        &mut self,
        call: Call,
        about: Option<&ResourceId>,
        reason: Reason,
        code: String,
        message: &str,
    ) {
        tracing::debug!(%call, about = about.map(tracing::field::display), %code, "not read");
        self.gaps.push(Gap {
            kind: self.kind,
            resource: about.cloned(),
            call: call.to_string(),
            action: call.action(),
            reason,
            code,
            message: message.chars().take(300).collect(),
        });
    }

    /// Gives each resource the tags that came for it by `of`.
    ///
    /// Where AWS was asked and answered for others only, its tags are not known: a gap.
    pub fn tag(
        &mut self,
        call: Call,
        asked: &BTreeSet<String>,
        mut tags: BTreeMap<String, BTreeMap<String, String>>,
        of: impl Fn(&Resource) -> Option<&String>,
    ) {
        let mut untold = Vec::new();
        for resource in &mut self.resources {
            let Some(name) = of(resource) else { continue };
            match tags.remove(name) {
                Some(it) => resource.tags = it,
                None if asked.contains(name) => untold.push(resource.id.clone()),
                None => {}
            }
        }
        for id in untold {
            self.malformed(call, Some(&id), Missing("tags of it"));
        }
    }

    /// Takes over what another reading brought.
    pub fn merge(&mut self, other: Self) {
        self.resources.extend(other.resources);
        self.gaps.extend(other.gaps);
    }
}

/// AWS's error code, or `None` when no answer with a code came.
pub fn code<E: AwsError>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// What an error means for what we know, by AWS's error code and never by its text.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a variant that a later SDK adds is an answer that we cannot use, too"
)]
pub fn judge<E>(error: &SdkError<E, HttpResponse>) -> (Reason, String, String)
where
    E: AwsError,
{
    match error {
        SdkError::TimeoutError(_) => (
            Reason::Unreachable,
            "Timeout".to_owned(),
            "no answer in time".to_owned(),
        ),
        SdkError::DispatchFailure(it) => (
            Reason::Unreachable,
            "NoConnection".to_owned(),
            it.as_connector_error()
                .map_or_else(|| "no connection".to_owned(), |it| causes(it)),
        ),
        SdkError::ConstructionFailure(_) => (Reason::Failed, "NotSent".to_owned(), causes(error)),
        SdkError::ServiceError(it) => {
            let status = it.raw().status().as_u16();
            let code = it.err().code();
            let message = it.err().message().unwrap_or_default().to_owned();
            let reason = match code {
                Some(code) if is_denial(code) => Reason::Denied,
                Some(code) if is_throttle(code) => Reason::Throttled,
                _ if status == 429 => Reason::Throttled,
                _ if status == 401 || status == 403 => Reason::Denied,
                None => Reason::Malformed,
                Some(_) => Reason::Failed,
            };
            let code = code.map_or_else(|| format!("HTTP{status}"), ToOwned::to_owned);
            (reason, code, message)
        }
        other => (
            Reason::Malformed,
            other.raw_response().map_or_else(
                || "NoAnswer".to_owned(),
                |it| format!("HTTP{}", it.status().as_u16()),
            ),
            causes(other),
        ),
    }
}

/// An error with all that caused it, on one line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let more = it.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = it.source();
    }
    text
}

fn is_denial(code: &str) -> bool {
    code.starts_with("AccessDenied")
        || code.starts_with("AuthorizationError")
        || matches!(
            code,
            "UnauthorizedOperation"
                | "UnauthorizedAccess"
                | "NotAuthorized"
                | "AuthFailure"
                | "OptInRequired"
                | "AuthorizationErrorException"
                | "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "ExpiredToken"
                | "ExpiredTokenException"
                | "SignatureDoesNotMatch"
        )
}

fn is_throttle(code: &str) -> bool {
    code.starts_with("Throttl")
        || code.starts_with("RequestLimitExceeded")
        || matches!(
            code,
            "TooManyRequestsException"
                | "SlowDown"
                | "PriorRequestNotComplete"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "ProvisionedThroughputExceededException"
                | "BandwidthLimitExceeded"
        )
}
