//! ACM certificate: proves a domain to browsers.
//!
//! Key: the last part of its ARN.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Model};
use crate::{
    relation::Relation,
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Certificate {
    pub domain: String,
    /// The first hundred of its names; all of them once it was described.
    pub alternative_names: Vec<String>,
    /// AWS's word: `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`.
    pub cert_type: String,
    /// AWS's word: `ISSUED`, `PENDING_VALIDATION`, `EXPIRED`, `FAILED`, `REVOKED`, `INACTIVE`,
    /// `VALIDATION_TIMED_OUT`.
    pub status: String,
    /// `RSA_2048`, `EC_prime256v1`.
    pub key_algorithm: Option<String>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// Whether ACM will renew it by itself: `ELIGIBLE`, `INELIGIBLE`.
    pub renewal_eligibility: Option<String>,
    /// How its last renewal goes: `PENDING_AUTO_RENEWAL`, `PENDING_VALIDATION`, `SUCCESS`,
    /// `FAILED`; known once it was described.
    pub renewal: Option<String>,
    /// How the domain is proved: `DNS`, `EMAIL`, `HTTP`; known once it was described.
    pub validation: Option<String>,
    /// The service that keeps it: `CLOUDFRONT`.
    pub managed_by: Option<String>,
    /// What the listing tells; who uses it is in `in_use_by`.
    pub in_use: Option<bool>,
    /// ARNs of what uses it, in this account and others.
    pub in_use_by: Fact<Vec<String>>,
}

impl Model for Certificate {
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn removal(&self) -> Removal {
        if self.managed_by.is_some() {
            return Removal::Never("the service that ordered it keeps it");
        }
        Removal::by(Action::DeleteCertificate)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let more = self.alternative_names.iter();
        let more = more.filter(|it| **it != self.domain).count();
        let names = match more {
            0 => self.domain.clone(),
            _ => format!("{} and {more} more", self.domain),
        };
        match self.not_after {
            Some(it) => format!("{names}, until {}", it.strftime("%Y-%m-%d")),
            None => names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_tells_names_and_end() {
        let certificate = Certificate {
            domain: "a.test".to_owned(),
            alternative_names: vec!["a.test".to_owned(), "*.a.test".to_owned()],
            not_after: "2027-01-31T23:59:59Z".parse().ok(),
            ..Certificate::default()
        };
        let summary = certificate.summary();
        assert_eq!(summary, "a.test and 1 more, until 2027-01-31");
    }

    #[test]
    fn a_certificate_that_a_service_keeps_is_not_ours_to_delete() {
        let certificate = Certificate {
            managed_by: Some("CLOUDFRONT".to_owned()),
            ..Certificate::default()
        };
        assert!(matches!(certificate.removal(), Removal::Never(_)));
    }
}
