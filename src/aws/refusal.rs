//! What AWS says to a call that a teardown makes, judged: wait, go on, or leave it.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

use super::found::{self, AwsError, Missing};

/// Why a call did not do what it was to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// AWS's error code, or ours where no answer came.
    pub code: String,
    /// What AWS said, on one line.
    pub message: String,
    pub class: Class,
}

/// What a refusal means for the step that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// What was asked for is so already.
    Already,
    /// Asked too fast, or AWS's own failure: the same call may do later.
    Soon,
    /// No answer came. The call may have done its work.
    Unclear,
    /// Something still holds it, or it is not ready: later, when that is over.
    Held,
    /// Not allowed, protected, or not understood: asking again does not help.
    Never,
    /// The credentials are no good any more: no call will do.
    Expired,
}

impl Refusal {
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: cut(&message.into()),
            class,
        }
    }

    /// An error of AWS, judged by its code; `already` are the codes that say that what the call
    /// is about is gone.
    pub fn of<E: AwsError>(error: &SdkError<E, HttpResponse>, already: &[&str]) -> Self {
        let status = error.raw_response().map(|it| it.status().as_u16());
        let (_, code, message) = found::judge(error);
        let class = if already.contains(&code.as_str()) {
            Class::Already
        } else {
            classify(&code, &message, status)
        };
        Self {
            code,
            message: cut(&message),
            class,
        }
    }
}

impl From<Missing> for Refusal {
    fn from(missing: Missing) -> Self {
        Self::new(Class::Never, "MissingField", missing.to_string())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.message.is_empty() {
            return f.write_str(&self.code);
        }
        write!(f, "{}: {}", self.code, self.message)
    }
}

fn cut(message: &str) -> String {
    crate::text::one_line(message).chars().take(500).collect()
}

/// Codes that say that something holds the thing or that it is on its way to another state.
const HELD: &[&str] = &[
    "BucketNotEmpty",
    "ClusterContainsCapacityProviderException",
    "ClusterContainsContainerInstancesException",
    "ClusterContainsServicesException",
    "ClusterContainsTasksException",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConcurrentUpdateException",
    "ConflictException",
    "DeleteConflict",
    "DependencyTimeout",
    "DependencyViolation",
    "DuplicateRequest",
    "FileSystemInUse",
    "HostedZoneNotEmpty",
    "InUseException",
    "IncorrectFileSystemLifeCycleState",
    "IncorrectInstanceState",
    "IncorrectState",
    "InvalidCacheClusterState",
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "InvalidDBInstanceStateFault",
    "InvalidDBSubnetGroupStateFault",
    "InvalidDBSubnetStateFault",
    "InvalidGroup.InUse",
    "InvalidIPAddress.InUse",
    "InvalidReplicationGroupState",
    "OperationAborted",
    "OperationAbortedException",
    "OperationInProgressException",
    "PriorRequestNotComplete",
    "RepositoryNotEmptyException",
    "ResourceConflictException",
    "ResourceContention",
    "ResourceInUse",
    "ResourceInUseException",
    "ResourceInUseFault",
    "ScalingActivityInProgress",
    "UpdateInProgressException",
    "VolumeInUse",
];

/// Codes that say that who asks is not let in any more, rather than not allowed this.
const EXPIRED: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "NoCredentials",
    "RequestExpired",
    "UnrecognizedClientException",
];

/// Codes of AWS's own failures and of its requests for patience.
const SOON: &[&str] = &[
    "BandwidthLimitExceeded",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "InternalServiceErrorException",
    "KMSInternalException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "ServerException",
    "ServiceException",
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "TooManyRequestsException",
    "Unavailable",
];

fn classify(code: &str, message: &str, status: Option<u16>) -> Class {
    let says = |text: &str| message.contains(text);
    if EXPIRED.contains(&code) {
        return Class::Expired;
    }
    // These codes mean many things; only AWS's words tell which.
    let held = match code {
        "InvalidParameterValue" => says("currently in use"),
        "InvalidParameterException" => {
            says("deployments are active") || says("scaled above 0") || says("Found running tasks")
        }
        "ValidationException" => says("has targets"),
        "InvalidRequestException" => says("in progress"),
        _ => HELD.contains(&code),
    };
    if held {
        return Class::Held;
    }
    if SOON.contains(&code) || code.starts_with("Throttl") {
        return Class::Soon;
    }
    match status {
        None if matches!(code, "Timeout" | "NoConnection" | "NoAnswer") => Class::Unclear,
        Some(429 | 500..) => Class::Soon,
        _ => Class::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_thing_is_waited_for_and_what_protects_it_is_not() {
        let held = classify("DependencyViolation", "", Some(400));
        assert_eq!(held, Class::Held);
        let protected = "Cannot delete protected DB Instance";
        let protected = classify("InvalidParameterCombination", protected, Some(400));
        assert_eq!(protected, Class::Never);
    }

    #[test]
    fn one_code_with_two_meanings_is_told_by_its_words() {
        let busy = "Network interface 'eni-1' is currently in use.";
        let busy = classify("InvalidParameterValue", busy, Some(400));
        assert_eq!(busy, Class::Held);
        let wrong = classify("InvalidParameterValue", "no such thing", Some(400));
        assert_eq!(wrong, Class::Never);
    }

    #[test]
    fn a_web_page_with_a_server_error_is_asked_again() {
        assert_eq!(classify("HTTP500", "", Some(500)), Class::Soon);
    }

    #[test]
    fn expired_credentials_are_no_refusal_of_one_call() {
        assert_eq!(classify("ExpiredToken", "", Some(403)), Class::Expired);
        assert_eq!(classify("AccessDenied", "", Some(403)), Class::Never);
    }
}
