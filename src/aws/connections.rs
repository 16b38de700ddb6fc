//! One pool of connections, and one list of trusted certificates, for all that is asked of AWS.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use tokio::sync::Semaphore;

/// How many answers one host is waited for at once.
///
/// What a reading asks about many things at once multiplies: without a limit, a rack with many
/// buckets opens some hundreds of connections, and each takes memory.
const AT_ONCE: usize = 128;

/// How long to wait for a connection, and for an answer.
type Patience = (Option<Duration>, Option<Duration>);

/// The client of all services. Each would otherwise make its own, and read the system's trusted
/// certificates for it.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<BTreeMap<Patience, SharedHttpConnector>>);

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let patience = (settings.connect_timeout(), settings.read_timeout());
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = made.entry(patience).or_insert_with(|| {
            let mut builder = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .proxy_config(ProxyConfig::from_env())
                .connector_settings(settings.clone());
            builder.set_sleep_impl(components.sleep_impl());
            SharedHttpConnector::new(Limited {
                inner: SharedHttpConnector::new(builder.build()),
                hosts: Mutex::default(),
            })
        });
        connector.clone()
    }
}

/// Lets a host be asked by no more than so many at once; the others wait.
#[derive(Debug)]
struct Limited {
    inner: SharedHttpConnector,
    hosts: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Limited {
    fn turns(&self, request: &HttpRequest) -> Arc<Semaphore> {
        let uri = request.uri();
        let host = uri.split("//").nth(1).unwrap_or(uri);
        let host = host.split(['/', '?']).next().unwrap_or(host);
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = hosts.entry(host.to_owned());
        turns
            .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)))
            .clone()
    }
}

impl HttpConnector for Limited {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, turns) = (self.inner.clone(), self.turns(&request));
        HttpConnectorFuture::new(async move {
            // Nobody closes it; if somebody did, asking would still be right.
            let _turn = turns.acquire().await;
            inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;
    use futures_util::future;

    use super::*;

    /// How many requests it answers now, and how many at most.
    #[derive(Clone, Debug, Default)]
    struct Answering(Arc<(AtomicUsize, AtomicUsize)>);

    impl HttpConnector for Answering {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let counts = self.0.clone();
            HttpConnectorFuture::new(async move {
                let now = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
                counts.1.fetch_max(now, Ordering::SeqCst);
                tokio::task::yield_now().await;
                counts.0.fetch_sub(1, Ordering::SeqCst);
                Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::empty()))
            })
        }
    }

    /// How many of these are asked at once, all at the same time.
    async fn most(uris: impl Iterator<Item = String>) -> usize {
        let answering = Answering::default();
        let connector = Limited {
            inner: SharedHttpConnector::new(answering.clone()),
            hosts: Mutex::default(),
        };
        let ask = |uri: String| {
            let mut request = HttpRequest::empty();
            request.set_uri(uri).unwrap();
            connector.call(request)
        };
        for it in future::join_all(uris.map(ask)).await {
            assert_eq!(it.unwrap().status().as_u16(), 200);
        }
        answering.0.1.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn one_host_is_asked_by_no_more_than_so_many_at_once() {
        let uris = (0..3 * AT_ONCE).map(|it| format!("https://s3.us-east-1.amazonaws.com/{it}"));
        assert_eq!(most(uris).await, AT_ONCE);
    }

    #[tokio::test]
    async fn hosts_do_not_wait_for_each_other() {
        let uris = (0..2 * AT_ONCE).map(|it| format!("https://host-{it}.test?x"));
        assert_eq!(most(uris).await, 2 * AT_ONCE);
    }
}
