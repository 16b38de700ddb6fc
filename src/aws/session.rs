//! Credentials, region and endpoint, found as the AWS CLI finds them.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

use aws_sdk_sts::config::{ProvideCredentials, SharedCredentialsProvider};

use super::{Aws, Call, Service, connections::Connections, found};
use crate::snapshot::Reason;

/// Which regions there are; asked only for a look at all of them.
pub const REGIONS: Call = Call::new(Service::Ec2, "DescribeRegions");

/// What the command line says about how to reach AWS; what it leaves out comes from the
/// environment, the profile, SSO, a container's or an instance's role.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Access {
    /// Profile of the AWS configuration file
    #[arg(long, env = "AWS_PROFILE", value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region to read
    #[arg(long, value_name = "REGION", help_heading = "AWS")]
    pub region: Option<String>,
    /// Role to assume for reading
    #[arg(long, value_name = "ARN", help_heading = "AWS")]
    pub role_arn: Option<String>,
    /// Send requests here instead of to AWS
    #[arg(long, value_name = "URL", help_heading = "AWS")]
    pub endpoint_url: Option<String>,
}

/// Who asks, and in which account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// Why AWS cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum NoAccess {
    #[error("no region is set")]
    NoRegion,
    #[error("the endpoint of AWS is set, and set to nothing")]
    NoEndpoint,
    #[error("no credentials were found: {0}")]
    NoCredentials(String),
    #[error("no answer from {endpoint}: {why}")]
    Unreachable {
        endpoint: String,
        why: String,
        /// A region that exists, where the one that was asked for does not and looks like it.
        meant: Option<&'static str>,
    },
    #[error("AWS refused sts:GetCallerIdentity in {region}: {code}: {message}")]
    Refused {
        region: String,
        code: String,
        message: String,
    },
}

/// Finds credentials and region and asks AWS who we are.
///
/// # Errors
/// When no region or credentials are found, or when the identity call fails: without it nothing
/// that follows would be worth reading.
pub async fn open(access: &Access) -> Result<(Aws, Identity), NoAccess> {
    let config = configure(access).await;
    if config.region().is_none() {
        return Err(NoAccess::NoRegion);
    }
    // The SDK does not bear that.
    let unset = std::env::var_os("AWS_ENDPOINT_URL").is_some_and(|it| it.is_empty());
    if config.endpoint_url().map_or(unset, str::is_empty) {
        return Err(NoAccess::NoEndpoint);
    }
    let aws = Aws::new(&config);
    credentials(&config).await?;
    let identity = who(&aws, &config).await?;
    Ok((aws.of_account(&identity.account), identity))
}

/// Clients for AWS's price list, which is told in few regions, and no account's own.
///
/// # Errors
/// When no credentials are found: AWS tells prices to its customers only.
pub async fn prices(access: &Access, endpoint: &str) -> Result<Aws, NoAccess> {
    let config = configure(access).await.into_builder();
    // There are prices without it: nobody waits for them as for a rack.
    let patience = patience().with_max_attempts(5);
    let config = config
        .region(Region::new(endpoint.to_owned()))
        .retry_config(patience)
        .build();
    credentials(&config).await?;
    Ok(Aws::new(&config))
}

/// Which regions the account has switched on, sorted.
///
/// # Errors
/// With AWS's reason.
pub async fn regions(aws: &Aws) -> Result<Vec<String>, String> {
    let answer = aws.ec2.describe_regions().send().await.map_err(|it| {
        let (_, code, message) = found::judge(&it);
        format!("{code}: {message}")
    })?;
    let regions = answer.regions.unwrap_or_default().into_iter();
    let mut names: Vec<String> = regions.filter_map(|it| it.region_name).collect();
    names.sort();
    Ok(names)
}

async fn configure(access: &Access) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(Connections::default())
        .retry_config(patience())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .operation_attempt_timeout(Duration::from_secs(30))
                .build(),
        );
    if let Some(profile) = &access.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &access.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let Some(role) = &access.role_arn else {
        return config;
    };
    let assumed = aws_config::sts::AssumeRoleProvider::builder(role)
        .configure(&config)
        .session_name("racklens")
        .build()
        .await;
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(assumed))
        .build()
}

/// How a refusal for haste is met: asked again soon, then later and later, for some ten seconds.
///
/// Not adaptively: the SDK's adaptive mode slows a whole service down to a request in two seconds
/// for a refusal or two, and a rack of some size would take minutes to read.
fn patience() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(10)
        .with_initial_backoff(Duration::from_millis(25))
}

async fn who(aws: &Aws, config: &SdkConfig) -> Result<Identity, NoAccess> {
    // Nothing was read yet that would be worth a long wait.
    let impatient = aws_sdk_sts::config::Builder::new()
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    let question = aws.sts.get_caller_identity().customize();
    let answer = question.config_override(impatient).send().await;
    let refused = |code: String, message: String| NoAccess::Refused {
        region: aws.region.clone(),
        code,
        message,
    };
    match answer.map_err(|it| found::judge(&it)) {
        Ok(it) => match (it.account, it.arn) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(refused(
                "MissingField".to_owned(),
                "the answer names no account".to_owned(),
            )),
        },
        Err((Reason::Unreachable, _, why)) => {
            let endpoint = config.endpoint_url().map_or_else(
                || format!("the endpoint of sts in {}", aws.region),
                ToOwned::to_owned,
            );
            let meant = region_like(&aws.region);
            Err(NoAccess::Unreachable {
                endpoint,
                why,
                meant,
            })
        }
        Err((_, code, message)) => Err(refused(code, message)),
    }
}

/// Every region that AWS has opened to everyone, by 2026. A newer one is asked all the same: the
/// list only serves to guess what a wrong name meant.
const REGIONS_KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// The region that a name which is none looks like.
fn region_like(name: &str) -> Option<&'static str> {
    if REGIONS_KNOWN.contains(&name) {
        return None;
    }
    let distance = |it: &&str| strsim::damerau_levenshtein(it, name);
    let nearest = REGIONS_KNOWN.iter().copied().min_by_key(distance)?;
    (distance(&nearest) <= 3).then_some(nearest)
}

/// Asks for credentials before anything is sent, so that their absence is told from a refusal.
async fn credentials(config: &SdkConfig) -> Result<(), NoAccess> {
    let none = || NoAccess::NoCredentials("no provider is configured".to_owned());
    let provider = config.credentials_provider().ok_or_else(none)?;
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error) => Err(NoAccess::NoCredentials(found::causes(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_does_not_exist_is_taken_for_the_nearest_that_does() {
        assert_eq!(region_like("us-esat-1"), Some("us-east-1"));
        assert_eq!(region_like("eu-central"), Some("eu-central-1"));
        assert_eq!(region_like("us-east-1"), None);
        assert_eq!(region_like("mars-north-1"), None);
    }
}
