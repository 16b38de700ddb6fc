//! The request that is followed: what a client would send, as far as it decides the way.

use std::{fmt, net::IpAddr};

use serde::Serialize;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Request {
    pub scheme: Option<Scheme>,
    /// As it was written, without a last dot. Its case means nothing.
    pub host: String,
    pub port: Option<u16>,
    /// Begins with a slash.
    pub path: String,
    /// What follows the question mark, as it was written.
    pub query: Option<String>,
    pub method: String,
    /// In the order given.
    pub headers: Vec<(String, String)>,
    /// Where the client is; rules and groups may ask.
    pub source_ip: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a text is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error("`{0}` has no host name")]
    NoHost(String),
    #[error("scheme `{0}` is neither http nor https")]
    Scheme(String),
    #[error("`{0}` is not a port: expected a number from 1 to 65535")]
    Port(String),
    #[error("`{0}` is not a host name: {1}")]
    Host(String, &'static str),
    #[error("`{0}` is not a header: expected 'Name: value'")]
    Header(String),
    #[error("`{0}` is not a request method")]
    Method(String),
}

impl Request {
    /// Reads `[http[s]://]HOST[:PORT][/PATH][?QUERY]`.
    ///
    /// # Errors
    /// When that is not what the text is.
    pub fn parse(text: &str) -> Result<Self, BadRequest> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(self::scheme(scheme)?), rest),
            None => (None, text),
        };
        // A fragment stays with the client.
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(self::port(port)?)),
            None => (authority, None),
        };
        if host.is_empty() {
            return Err(BadRequest::NoHost(text.to_owned()));
        }
        Ok(Self {
            scheme,
            host: self::host(host)?,
            port,
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            query,
            method: "GET".to_owned(),
            headers: Vec::new(),
            source_ip: None,
        })
    }

    /// Adds a header, written `Name: value`.
    ///
    /// # Errors
    /// When it is not written so.
    pub fn header(&mut self, text: &str) -> Result<(), BadRequest> {
        let bad = || BadRequest::Header(text.to_owned());
        let (name, value) = text.split_once(':').ok_or_else(bad)?;
        if !is_token(name) {
            return Err(bad());
        }
        self.headers
            .push((name.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    /// Sets the method. Its case counts.
    ///
    /// # Errors
    /// When it could not stand in a request.
    pub fn method(&mut self, text: &str) -> Result<(), BadRequest> {
        if !is_token(text) {
            return Err(BadRequest::Method(text.to_owned()));
        }
        text.clone_into(&mut self.method);
        Ok(())
    }

    /// The name that a load balancer's rules see: header `Host` where one was given.
    pub fn named(&self) -> &str {
        let given = self.values("host").next();
        // Rules see the name alone, without the port that a client may write.
        let given = given.map(|it| it.split(':').next().unwrap_or_default());
        given.unwrap_or(&self.host)
    }

    /// The values of a header, whose name may be written in any case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of = move |it: &&(String, String)| it.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(of).map(|it| it.1.as_str())
    }

    /// Keys and values of the query; a key without `=` has an empty value.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.query.as_deref().unwrap_or_default().split('&');
        parts
            .filter(|it| !it.is_empty())
            .map(|it| it.split_once('=').unwrap_or((it, "")))
    }

    /// The text by which two requests are the same.
    pub fn key(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        Self {
            host,
            ..self.clone()
        }
        .to_string()
    }

    /// The ports to try, in this order.
    pub fn ports(&self) -> Vec<u16> {
        match (self.port, self.scheme) {
            (Some(port), _) => vec![port],
            (None, Some(scheme)) => vec![scheme.port()],
            (None, None) => vec![Scheme::Https.port(), Scheme::Http.port()],
        }
    }
}

/// As it would stand in an address bar, without a port that is the scheme's own.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(it) = self.scheme {
            write!(f, "{}://", it.name())?;
        }
        write!(f, "{}", self.host)?;
        let usual = self.scheme.map(Scheme::port);
        if let Some(it) = self.port.filter(|it| Some(*it) != usual) {
            write!(f, ":{it}")?;
        }
        if self.path != "/" || self.query.is_some() {
            write!(f, "{}", self.path)?;
        }
        if let Some(it) = &self.query {
            write!(f, "?{it}")?;
        }
        Ok(())
    }
}

fn scheme(text: &str) -> Result<Scheme, BadRequest> {
    match text.to_ascii_lowercase().as_str() {
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        _ => Err(BadRequest::Scheme(text.to_owned())),
    }
}

fn port(text: &str) -> Result<u16, BadRequest> {
    let digits = text.bytes().all(|it| it.is_ascii_digit());
    let port = text.parse().ok().filter(|it| digits && *it > 0);
    port.ok_or_else(|| BadRequest::Port(text.to_owned()))
}

fn host(text: &str) -> Result<String, BadRequest> {
    let bad = |why| Err(BadRequest::Host(text.to_owned(), why));
    let host = text.strip_suffix('.').unwrap_or(text);
    if !host.is_ascii() {
        return bad("write its punycode, xn--…");
    }
    let fits = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    if !host.bytes().all(fits) {
        return bad("letters, digits, hyphens and dots make one");
    }
    if host.len() > 253 || host.split('.').any(|it| it.is_empty() || it.len() > 63) {
        return bad("between its dots stand one to 63 characters, and all are at most 253");
    }
    Ok(host.to_owned())
}

/// Whether a text can be a header's name or a method.
fn is_token(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_as_it_is_written() {
        for (text, said) in [
            ("Web.Example.COM.", "Web.Example.COM"),
            ("https://a.test:443/", "https://a.test"),
            ("http://a.test:8080/x?y=1#z", "http://a.test:8080/x?y=1"),
            ("a.test:81", "a.test:81"),
            ("a.test?x", "a.test/?x"),
        ] {
            assert_eq!(Request::parse(text).unwrap().to_string(), said);
        }
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (text, why) in [
            ("", "has no host name"),
            ("https:///x", "has no host name"),
            ("ftp://a.test", "neither http nor https"),
            ("a.test:0", "not a port"),
            ("a.test:+1", "not a port"),
            ("a.test:http", "not a port"),
            ("a..test", "between its dots"),
            ("*.a.test", "letters, digits"),
            ("me@a.test", "letters, digits"),
            ("bücher.test", "punycode"),
        ] {
            let said = Request::parse(text).unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn rules_see_the_host_that_a_header_gives_without_its_port() {
        let mut request = Request::parse("a.test").unwrap();
        assert_eq!(request.named(), "a.test");
        request.header("Host: b.test:8443").unwrap();
        assert_eq!(request.named(), "b.test");
        assert!(request.header("no header").is_err());
    }

    #[test]
    fn without_port_and_scheme_443_is_tried_before_80() {
        let ports = |it| Request::parse(it).unwrap().ports();
        assert_eq!(ports("a.test"), [443, 80]);
        assert_eq!(ports("http://a.test"), [80]);
        assert_eq!(ports("https://a.test:8443"), [8443]);
    }
}
