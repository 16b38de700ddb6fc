//! Reads certificates: one listing, then description and tags of the rack's own.

use aws_sdk_acm::types::{self, CertificateDetail, CertificateSummary, Filters, KeyAlgorithm};
use futures_util::future::BoxFuture;

use super::Certificate;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, key, tag_map},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const LIST: Call = Call::new(Service::Acm, "ListCertificates");
const DESCRIBE: Call = Call::new(Service::Acm, "DescribeCertificate");
const TAGS: Call = Call::new(Service::Acm, "ListTagsForCertificate");

pub const READING: Reading = Reading {
    calls: &[LIST, DESCRIBE, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Certificate);
        let pages = aws
            .acm
            .list_certificates()
            .includes(every_key_type())
            .into_paginator()
            .items()
            .send();
        found.pages(LIST, pages, resource).await;
        found
    })
}

/// Unless told otherwise the listing leaves out all but short RSA keys.
fn every_key_type() -> Filters {
    let types = KeyAlgorithm::values().iter();
    let types = types.map(|it| KeyAlgorithm::from(*it)).collect();
    Filters::builder().set_key_types(Some(types)).build()
}

fn resource(it: CertificateSummary) -> Result<Resource, Missing> {
    let arn = it.certificate_arn.need("CertificateArn")?;
    let domain = it.domain_name.need("DomainName")?;
    let names = it.subject_alternative_name_summaries;
    let attrs = Certificate {
        domain: domain.clone(),
        alternative_names: names.unwrap_or_default(),
        cert_type: it.r#type.need("Type")?.as_str().to_owned(),
        status: it.status.need("Status")?.as_str().to_owned(),
        key_algorithm: it.key_algorithm.map(|it| it.as_str().to_owned()),
        not_before: shape::time(it.not_before),
        not_after: shape::time(it.not_after),
        renewal_eligibility: it.renewal_eligibility.map(|it| it.as_str().to_owned()),
        renewal: None,
        validation: None,
        managed_by: it.managed_by.map(|it| it.as_str().to_owned()),
        in_use: it.in_use,
        in_use_by: Fact::Unread,
    };
    let created = shape::time(it.created_at.or(it.imported_at));
    Ok(Resource::new(key(arn.clone()), attrs)
        .name(domain)
        .arn(arn)
        .created(created))
}

fn deepen(aws: &Aws, certificates: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Certificate, certificates, |it| open(aws, it)))
}

async fn open(aws: &Aws, mut certificate: Resource) -> Found {
    let mut found = Found::of(Kind::Certificate);
    let id = certificate.id.clone();
    let arn = certificate.arn.clone();
    let request = aws.acm.describe_certificate();
    let answer = request.set_certificate_arn(arn.clone()).send().await;
    let answer = found.answer(DESCRIBE, Some(&id), answer);
    let told = answer.and_then(|it| it.certificate);
    if let (Some(told), Some(attrs)) = (told, Certificate::of_mut(&mut certificate.attrs)) {
        describe(attrs, told);
    }
    let request = aws.acm.list_tags_for_certificate();
    let answer = request.set_certificate_arn(arn).send().await;
    if let Some(answer) = found.answer(TAGS, Some(&id), answer) {
        certificate.tags = tag_map!(answer.tags());
    }
    found.resources.push(certificate);
    found
}

fn describe(attrs: &mut Certificate, told: CertificateDetail) {
    if let Some(names) = told.subject_alternative_names {
        attrs.alternative_names = names;
    }
    let proofs = told.domain_validation_options.unwrap_or_default();
    let method = |it: types::DomainValidation| it.validation_method;
    let method = proofs.into_iter().find_map(method);
    attrs.status = told
        .status
        .map_or(attrs.status.clone(), |it| it.as_str().to_owned());
    attrs.not_before = shape::time(told.not_before).or(attrs.not_before);
    attrs.not_after = shape::time(told.not_after).or(attrs.not_after);
    attrs.renewal = told
        .renewal_summary
        .map(|it| it.renewal_status.as_str().to_owned());
    attrs.validation = method.map(|it| it.as_str().to_owned());
    attrs.in_use_by = Fact::Known(told.in_use_by.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const ARN: &str = "arn:aws:acm:us-east-1:1:certificate/12-ab";
    const DENIED: &str = r#"{"__type":"AccessDeniedException"}"#;
    const TAGGED: &str = r#"{"Tags":[{"Key":"Rack","Value":"prod"}]}"#;

    fn summary(fields: &str) -> String {
        format!(r#"{{"CertificateArn":"{ARN}","DomainName":"a.test","Status":"ISSUED"{fields}}}"#)
    }

    async fn deepened(tape: &Tape) -> Found {
        let attrs = Certificate {
            status: "ISSUED".to_owned(),
            ..Certificate::default()
        };
        deepen(
            &tape.aws(),
            vec![Resource::new("12-ab", attrs).arn(ARN.to_owned())],
        )
        .await
    }

    fn first(found: &Found) -> &Certificate {
        Certificate::of(&found.resources[0].attrs).unwrap()
    }

    #[tokio::test]
    async fn every_key_type_is_asked_for_on_every_page() {
        let issued = summary(r#","Type":"A_NEW_TYPE","NotAfter":1800000000"#);
        let broken = summary("");
        let tape = Tape::default()
            .answer(
                200,
                format!(r#"{{"CertificateSummaryList":[{issued}],"NextToken":"t"}}"#),
            )
            .answer(200, format!(r#"{{"CertificateSummaryList":[{broken}]}}"#));
        let found = list(&tape.aws()).await;
        let asked = &tape.asked()[1];
        assert!(asked.contains("EC_secp521r1") && asked.contains("RSA_4096"));
        assert_eq!(found.resources[0].id.key, "12-ab");
        assert_eq!(first(&found).cert_type, "A_NEW_TYPE");
        assert_eq!(found.gaps[0].message, "the answer has no Type");
    }

    #[tokio::test]
    async fn a_description_tells_who_uses_it_and_how_renewal_goes() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"Certificate":{"SubjectAlternativeNames":["a.test","b.test"],
                "InUseBy":["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/r/42"],
                "DomainValidationOptions":[{"DomainName":"a.test","ValidationMethod":"DNS"}],
                "RenewalSummary":{"RenewalStatus":"PENDING_VALIDATION","UpdatedAt":1,
                    "DomainValidationOptions":[]}}}"#,
            )
            .answer(200, TAGGED);
        let found = deepened(&tape).await;
        let certificate = first(&found);
        assert_eq!(certificate.in_use_by.known().unwrap().len(), 1);
        assert_eq!(certificate.renewal.as_deref(), Some("PENDING_VALIDATION"));
        assert_eq!(certificate.validation.as_deref(), Some("DNS"));
        assert_eq!(certificate.status, "ISSUED");
        assert_eq!(found.resources[0].tags["Rack"], "prod");
    }

    #[tokio::test]
    async fn who_uses_it_is_not_known_when_asking_is_refused() {
        let tape = Tape::default().answer(403, DENIED).answer(200, TAGGED);
        let found = deepened(&tape).await;
        assert_eq!(first(&found).in_use_by, Fact::Unread);
        assert_eq!(found.gaps[0].action, "acm:DescribeCertificate");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
        assert_eq!(found.resources[0].tags["Rack"], "prod");
    }
}
