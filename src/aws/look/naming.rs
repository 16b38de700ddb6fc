//! Looks at names and at what proves them.

use super::{Look, Place, Seen, Target, There, told};
use crate::aws::{Aws, shape};

pub(super) async fn zone(aws: &Aws, id: &str) -> Look {
    let answer = aws.route53.get_hosted_zone().id(id).send().await;
    let told = told(answer, &["NoSuchHostedZone"])?;
    Ok(told.map_or(Seen::Gone, |_| There::default().into()))
}

/// A certificate's ARN: its key is the last part of it.
pub fn certificate_arn(aws: &Aws, place: &Place, target: Target<'_>) -> String {
    let made = || {
        place.arn(
            "acm",
            &aws.region,
            &format!("certificate/{}", target.id.key),
        )
    };
    target.arn.map_or_else(made, ToOwned::to_owned)
}

pub(super) async fn certificate(aws: &Aws, place: &Place, target: Target<'_>) -> Look {
    let arn = certificate_arn(aws, place, target);
    let request = aws.acm.describe_certificate().certificate_arn(arn);
    let told = told(request.send().await, &["ResourceNotFoundException"])?;
    let found = told.and_then(|it| it.certificate);
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.created_at.or(it.imported_at)))
            .state(it.status.map(|it| it.as_str().to_owned()))
            .into()
    }))
}

pub(super) async fn namespace(aws: &Aws, id: &str) -> Look {
    let answer = aws.discovery.get_namespace().id(id).send().await;
    let told = told(answer, &["NamespaceNotFound"])?;
    let found = told.and_then(|it| it.namespace);
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.create_date)).into()
    }))
}

pub(super) async fn service(aws: &Aws, id: &str) -> Look {
    let answer = aws.discovery.get_service().id(id).send().await;
    let told = told(answer, &["ServiceNotFound"])?;
    let found = told.and_then(|it| it.service);
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.create_date)).into()
    }))
}
