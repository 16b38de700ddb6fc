//! Reads listeners: one listing for each load balancer, one more for each that speaks TLS.

use std::mem;

use aws_sdk_elasticloadbalancingv2::types;
use futures_util::future::BoxFuture;

use super::Listener;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, key},
    },
    kind::{
        AsKind, Kind, listener_rule,
        load_balancer::{self, LoadBalancer},
    },
    snapshot::Resource,
};

const LISTENERS: Call = Call::new(Service::Elbv2, "DescribeListeners");
const CERTIFICATES: Call = Call::new(Service::Elbv2, "DescribeListenerCertificates");
const TAGS: Call = Call::new(Service::Elbv2, "DescribeTags");

pub const READING: Reading = Reading {
    calls: &[LISTENERS, CERTIFICATES, TAGS],
    source: Source::InsideRack(Kind::LoadBalancer, inside),
    deepen: None,
};

fn inside(aws: &Aws, balancers: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Listener);
        let read = aws.each(balancers, |it| of_balancer(aws, it)).await;
        read.into_iter().for_each(|it| found.merge(it));
        let listeners = mem::take(&mut found.resources);
        let read = aws.each(listeners, |it| certificates(aws, it)).await;
        read.into_iter().for_each(|it| found.merge(it));
        load_balancer::aws::add_tags(aws, &mut found).await;
        found
    })
}

async fn of_balancer(aws: &Aws, balancer: Resource) -> Found {
    let mut found = Found::of(Kind::Listener);
    let request = aws.elbv2.describe_listeners();
    let request = request.set_load_balancer_arn(balancer.arn.clone());
    let listeners = request.into_paginator().items().send();
    let id = &balancer.id;
    for listener in found.collect(LISTENERS, Some(id), listeners).await {
        found.add(LISTENERS, Some(id), resource(&balancer, listener));
    }
    found
}

fn resource(balancer: &Resource, listener: types::Listener) -> Result<Resource, Missing> {
    let arn = listener.listener_arn.need("ListenerArn")?;
    let gateway = LoadBalancer::of(&balancer.attrs).is_some_and(|it| it.lb_type == "gateway");
    let (port, protocol) = if gateway {
        (0, "GENEVE".to_owned())
    } else {
        let protocol = listener.protocol.need("Protocol")?;
        let port = shape::port(listener.port).need("Port")?;
        (port, protocol.as_str().to_owned())
    };
    let attrs = Listener {
        load_balancer: balancer.id.key.clone(),
        port,
        protocol,
        ssl_policy: listener.ssl_policy,
        certificates: listener
            .certificates
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.certificate_arn)
            .map(key)
            .collect(),
        actions: listener_rule::aws::actions(listener.default_actions)?,
        mutual_tls: listener.mutual_authentication.and_then(|it| it.mode),
    };
    Ok(Resource::new(key(arn.clone()), attrs).arn(arn))
}

/// Adds the certificates that it has for other names; the listing tells the default one only.
async fn certificates(aws: &Aws, mut listener: Resource) -> Found {
    let mut found = Found::of(Kind::Listener);
    let request = aws.elbv2.describe_listener_certificates();
    let request = request.set_listener_arn(listener.arn.clone());
    if let Some(attrs) = Listener::of_mut(&mut listener.attrs)
        && matches!(attrs.protocol.as_str(), "HTTPS" | "TLS")
    {
        let told = request.into_paginator().items().send();
        let told = found.collect(CERTIFICATES, Some(&listener.id), told).await;
        for certificate in told
            .into_iter()
            .filter_map(|it| it.certificate_arn)
            .map(key)
        {
            if !attrs.certificates.contains(&certificate) {
                attrs.certificates.push(certificate);
            }
        }
    }
    found.resources.push(listener);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:1";
    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
    const NO_TAGS: &str = "<DescribeTagsResponse/>";

    fn balancer(lb_type: &str) -> Resource {
        let attrs = LoadBalancer {
            lb_type: lb_type.to_owned(),
            ..LoadBalancer::default()
        };
        Resource::new("router", attrs).arn(format!("{ARN}:loadbalancer/app/router/42"))
    }

    fn listeners(fields: &str) -> String {
        format!(
            "<DescribeListenersResponse><DescribeListenersResult><Listeners><member>
            <ListenerArn>{ARN}:listener/app/router/42/75</ListenerArn>{fields}</member>
            </Listeners></DescribeListenersResult></DescribeListenersResponse>"
        )
    }

    fn certificate(id: &str) -> String {
        format!(
            "<member><CertificateArn>arn:aws:acm:us-east-1:1:certificate/{id}</CertificateArn>
            </member>"
        )
    }

    fn first(found: &Found) -> &Listener {
        Listener::of(&found.resources[0].attrs).unwrap()
    }

    #[tokio::test]
    async fn the_certificates_for_other_names_are_asked_for() {
        let https = format!(
            "<Port>443</Port><Protocol>HTTPS</Protocol><SslPolicy>p</SslPolicy>
            <Certificates>{}</Certificates>",
            certificate("a")
        );
        let more = format!(
            "<DescribeListenerCertificatesResponse><DescribeListenerCertificatesResult>
            <Certificates>{}{}</Certificates></DescribeListenerCertificatesResult>
            </DescribeListenerCertificatesResponse>",
            certificate("a"),
            certificate("b")
        );
        let tape = Tape::default()
            .answer(200, listeners(&https))
            .answer(200, more)
            .answer(200, NO_TAGS);
        let found = inside(&tape.aws(), vec![balancer("application")]).await;
        assert_eq!(found.resources[0].id.key, "router/75");
        assert_eq!(first(&found).certificates, ["a", "b"]);
        assert_eq!(first(&found).port, 443);
    }

    #[tokio::test]
    async fn plain_http_has_no_certificates_to_ask_for() {
        let http = "<Port>80</Port><Protocol>HTTP</Protocol>";
        let tape = Tape::default()
            .answer(200, listeners(http))
            .answer(200, NO_TAGS);
        inside(&tape.aws(), vec![balancer("application")]).await;
        assert_eq!(tape.asked().len(), 2);
    }

    #[tokio::test]
    async fn a_refusal_is_a_gap_about_the_load_balancer() {
        let tape = Tape::default().answer(403, DENIED);
        let found = inside(&tape.aws(), vec![balancer("application")]).await;
        assert_eq!(found.gaps[0].call, "elbv2:DescribeListeners");
        assert_eq!(found.gaps[0].resource, Some(balancer("").id));
    }

    #[tokio::test]
    async fn a_port_is_missed_except_where_there_is_none() {
        let read = async |lb_type| {
            let tape = Tape::default()
                .answer(200, listeners("<Protocol>HTTP</Protocol>"))
                .answer(200, NO_TAGS);
            inside(&tape.aws(), vec![balancer(lb_type)]).await
        };
        let found = read("application").await;
        assert_eq!(found.gaps[0].message, "the answer has no Port");
        assert_eq!(first(&read("gateway").await).protocol, "GENEVE");
    }
}
