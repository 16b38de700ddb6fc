//! Reads listeners: one listing for each load balancer, one more for each that speaks TLS, and what
//! their policies take, once for all.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use aws_sdk_elasticloadbalancingv2::types;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Listener, ServerCertificate, is_iams};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, key},
    },
    id::ResourceId,
    kind::{
        AsKind, Fact, Kind, listener_rule,
        load_balancer::{self, LoadBalancer},
    },
    snapshot::Resource,
};

const LISTENERS: Call = Call::new(Service::Elbv2, "DescribeListeners");
const CERTIFICATES: Call = Call::new(Service::Elbv2, "DescribeListenerCertificates");
/// Also of classic load balancers.
pub const SERVER_CERTIFICATES: Call = Call::new(Service::Iam, "ListServerCertificates");
const POLICIES: Call = Call::new(Service::Elbv2, "DescribeSSLPolicies");
const TAGS: Call = Call::new(Service::Elbv2, "DescribeTags");

pub const READING: Reading = Reading {
    calls: &[LISTENERS, CERTIFICATES, SERVER_CERTIFICATES, POLICIES, TAGS],
    source: Source::InsideRack(Kind::LoadBalancer, inside),
    deepen: None,
};

fn inside(aws: &Aws, balancers: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Listener);
        let read = aws.each(balancers, |it| of_balancer(aws, it)).await;
        read.into_iter().for_each(|it| found.merge(it));
        let listeners = mem::take(&mut found.resources);
        // None of the three needs another's answer, and each fills another field.
        let alike = || {
            let mut alike = Found::of(Kind::Listener);
            alike.resources.clone_from(&listeners);
            alike
        };
        let (mut versed, mut tagged) = (alike(), alike());
        let (read, (), ()) = tokio::join!(
            aws.each(listeners, |it| certificates(aws, it)),
            add_versions(aws, &mut versed),
            load_balancer::aws::add_tags(aws, &mut tagged),
        );
        read.into_iter().for_each(|it| found.merge(it));
        let others = versed.resources.into_iter().zip(tagged.resources);
        for (listener, (versed, tagged)) in found.resources.iter_mut().zip(others) {
            listener.tags = tagged.tags;
            let versed = Listener::of(&versed.attrs).map(|it| it.tls_versions.clone());
            if let (Some(attrs), Some(it)) = (Listener::of_mut(&mut listener.attrs), versed) {
                attrs.tls_versions = it;
            }
        }
        found.gaps.extend(versed.gaps);
        found.gaps.extend(tagged.gaps);
        add_server_certificates(aws, &mut found).await;
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
        tls_versions: Fact::Unread,
        server_certificates: Fact::Unread,
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

/// Asks which versions of TLS the policies take that these listeners have, if they have any.
async fn add_versions(aws: &Aws, found: &mut Found) {
    let listeners = found.resources.iter();
    let named = listeners.filter_map(|it| Some((it.id.clone(), policy(it)?)));
    let named: Vec<(ResourceId, String)> = named.collect();
    if named.is_empty() {
        return;
    }
    let names: BTreeSet<String> = named.iter().map(|it| it.1.clone()).collect();
    let request = aws.elbv2.describe_ssl_policies();
    let request = request.set_names(Some(names.into_iter().collect()));
    let policies = match request.send().await {
        Ok(it) => it.ssl_policies.unwrap_or_default(),
        Err(error) => {
            for (id, _) in &named {
                found.failed(POLICIES, Some(id), &error);
            }
            return;
        }
    };
    let versions = policies.into_iter().filter_map(|it| {
        Some((
            it.name?,
            shape::sorted(it.ssl_protocols.unwrap_or_default()),
        ))
    });
    let versions: BTreeMap<String, Vec<String>> = versions.collect();
    for (id, name) in &named {
        if !versions.contains_key(name) {
            found.malformed(POLICIES, Some(id), Missing("SslPolicies.Name"));
        }
    }
    for listener in &mut found.resources {
        let versions = policy(listener).and_then(|it| versions.get(&it));
        if let (Some(it), Some(attrs)) = (versions, Listener::of_mut(&mut listener.attrs)) {
            attrs.tls_versions = Fact::Known(it.clone());
        }
    }
}

async fn add_server_certificates(aws: &Aws, found: &mut Found) {
    let of = |it: &Resource| Listener::of(&it.attrs).map(|it| it.certificates.clone());
    let named = found.resources.iter();
    let named = named.map(|it| (it.id.clone(), of(it).unwrap_or_default()));
    let told = server_certificates(aws, &named.collect::<Vec<_>>(), found).await;
    for (listener, told) in found.resources.iter_mut().zip(told) {
        if let Some(attrs) = Listener::of_mut(&mut listener.attrs) {
            attrs.server_certificates = told;
        }
    }
}

/// What IAM says of those of these certificates that are its own, in the order in which they are
/// given; it is asked once, and only where there are any. What is refused hides it of each.
pub async fn server_certificates(
    aws: &Aws,
    named: &[(ResourceId, Vec<String>)],
    found: &mut Found,
) -> Vec<Fact<Vec<ServerCertificate>>> {
    let of_iam = |all: &[String]| all.iter().any(|it| is_iams(it));
    if !named.iter().any(|(_, all)| of_iam(all)) {
        return vec![Fact::Known(Vec::new()); named.len()];
    }
    let pages = aws.iam.list_server_certificates().into_paginator();
    let answer: Result<Vec<_>, _> = pages.items().send().try_collect().await;
    let told: BTreeMap<String, Option<Timestamp>> = match answer {
        Ok(told) => told
            .into_iter()
            .map(|it| (it.arn, shape::time(it.expiration)))
            .collect(),
        Err(error) => {
            let facts = named.iter().map(|(id, all)| {
                if !of_iam(all) {
                    return Fact::Known(Vec::new());
                }
                found.failed(SERVER_CERTIFICATES, Some(id), &error);
                Fact::Unread
            });
            return facts.collect();
        }
    };
    let facts = named.iter().map(|(_, all)| {
        let own = all.iter().filter(|it| is_iams(it));
        let own = own.map(|arn| ServerCertificate {
            arn: arn.clone(),
            not_after: told.get(arn).copied().flatten(),
        });
        Fact::Known(own.collect())
    });
    facts.collect()
}

fn policy(listener: &Resource) -> Option<String> {
    Listener::of(&listener.attrs)?.ssl_policy.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:1";
    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
    const NO_TAGS: &str = "<DescribeTagsResponse/>";
    const POLICY: &str = "<DescribeSSLPoliciesResponse><DescribeSSLPoliciesResult><SslPolicies>
        <member><Name>p</Name><SslProtocols><member>TLSv1.2</member><member>TLSv1.1</member>
        </SslProtocols></member></SslPolicies></DescribeSSLPoliciesResult>
        </DescribeSSLPoliciesResponse>";

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
            .answer(200, POLICY)
            .answer(200, NO_TAGS);
        let found = inside(&tape.aws(), vec![balancer("application")]).await;
        let mut gaps = found.gaps.iter();
        assert!(gaps.all(|it| it.call != "elbv2:DescribeSSLPolicies"));
        let versions = first(&found).tls_versions.known().unwrap();
        assert_eq!(versions, &["TLSv1.1", "TLSv1.2"]);
        assert_eq!(found.resources[0].id.key, "router/75");
        assert_eq!(first(&found).certificates, ["a", "b"]);
        assert_eq!(first(&found).port, 443);
    }

    #[tokio::test]
    async fn versions_that_are_refused_or_not_told_are_a_gap_about_the_listener() {
        let https = "<Port>443</Port><Protocol>HTTPS</Protocol><SslPolicy>p</SslPolicy>";
        let other = POLICY.replace(">p<", ">q<");
        for (status, answer) in [(403, DENIED), (200, &other)] {
            let tape = Tape::default()
                .answer(200, listeners(https))
                .answer(200, "<DescribeListenerCertificatesResponse/>")
                .answer(status, answer)
                .answer(200, NO_TAGS);
            let found = inside(&tape.aws(), vec![balancer("application")]).await;
            assert_eq!(first(&found).tls_versions, Fact::Unread);
            let mut gaps = found.gaps.iter();
            let gap = gaps.find(|it| it.call == "elbv2:DescribeSSLPolicies");
            let about = gap.unwrap().resource.as_ref();
            assert_eq!(about, Some(&found.resources[0].id));
        }
    }

    #[tokio::test]
    async fn iam_is_asked_once_when_the_certificates_end_that_it_keeps() {
        let arn = |it: &str| format!("arn:aws:iam::1:server-certificate/{it}");
        let listener = |it: &str| ResourceId::new(Kind::Listener, it);
        let named = [
            (listener("a"), vec![arn("old"), "acm".to_owned()]),
            (listener("b"), vec!["acm".to_owned()]),
            (listener("c"), vec![arn("lost")]),
        ];
        let listing = format!(
            "<ListServerCertificatesResponse><ListServerCertificatesResult>
             <ServerCertificateMetadataList><member><Arn>{}</Arn><Path>/</Path>
             <ServerCertificateName>old</ServerCertificateName><ServerCertificateId>A
             </ServerCertificateId><Expiration>2026-12-01T00:00:00Z</Expiration></member>
             </ServerCertificateMetadataList></ListServerCertificatesResult>
             </ListServerCertificatesResponse>",
            arn("old")
        );
        let tape = Tape::default().answer(200, listing);
        let mut found = Found::of(Kind::Listener);
        let told = server_certificates(&tape.aws(), &named, &mut found).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let ends = |at: usize| {
            let all = told[at].known().unwrap().iter();
            all.map(|it| it.not_after.map(|it| it.to_string()))
                .collect::<Vec<_>>()
        };
        assert_eq!(ends(0), [Some("2026-12-01T00:00:00Z".to_owned())]);
        assert_eq!((ends(1), ends(2)), (Vec::new(), vec![None]));

        let tape = Tape::default().answer(403, DENIED);
        let told = server_certificates(&tape.aws(), &named, &mut found).await;
        let unread = told.iter().filter(|it| **it == Fact::Unread).count();
        assert_eq!((unread, found.gaps.len()), (2, 2));
        assert_eq!(found.gaps[0].action, "iam:ListServerCertificates");

        let none = server_certificates(&tape.aws(), &named[1..2], &mut found).await;
        assert_eq!(none, [Fact::Known(Vec::new())]);
        assert_eq!(tape.asked().len(), 1);
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
