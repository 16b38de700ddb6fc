//! Whether a request meets the conditions of a listener rule, as AWS decides it.

use std::net::IpAddr;

use ipnet::IpNet;

use super::request::Request;
use crate::kind::listener_rule::Condition;

/// Whether a rule takes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    Yes,
    /// With the condition that does not hold.
    No(String),
    /// It hangs on what is not known; says what would have to be so.
    Maybe(Doubt),
}

/// What a match hangs on, as the end of the sentence "if …" and its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub holds: String,
    pub fails: String,
}

/// Whether all of these conditions hold. No condition is always met.
pub fn all(conditions: &[Condition], request: &Request) -> Match {
    let mut doubts = Vec::new();
    for condition in conditions {
        match one(condition, request) {
            Match::Yes => {}
            // One that fails decides, whatever the doubtful ones would say.
            Match::No(why) => return Match::No(why),
            Match::Maybe(it) => doubts.push(it),
        }
    }
    if doubts.is_empty() {
        return Match::Yes;
    }
    let join = |said: fn(&Doubt) -> &str, word: &str| {
        let said: Vec<&str> = doubts.iter().map(said).collect();
        said.join(word)
    };
    Match::Maybe(Doubt {
        holds: join(|it| &it.holds, " and "),
        fails: join(|it| &it.fails, " or "),
    })
}

/// Whether one condition holds: one of its values has to.
pub fn one(condition: &Condition, request: &Request) -> Match {
    let any = |holds: &dyn Fn(&str) -> bool| condition.values.iter().any(|it| holds(it));
    let holds = match condition.field.as_str() {
        "host-header" => any(&|it| like(it, request.named(), Case::Folded)),
        "path-pattern" => any(&|it| like(it, &request.path, Case::Exact)),
        "http-request-method" => any(&|it| it == request.method),
        "query-string" => any(&|it| asks(it, request)),
        "http-header" => {
            let name = condition.header.as_deref().unwrap_or_default();
            any(&|it| request.values(name).any(|own| like(it, own, Case::Folded)))
        }
        "source-ip" => return from(condition, request.source_ip),
        other => return unsure(&format!("condition {other}"), "is met"),
    };
    if holds {
        return Match::Yes;
    }
    if condition.regex.is_empty() {
        return Match::No(condition.said());
    }
    // A header that was not sent is like nothing.
    let header = condition.header.as_deref();
    if header.is_some_and(|it| request.values(it).next().is_none()) {
        return Match::No(condition.said());
    }
    unsure(
        &format!("regular expression {}", condition.regex.join(" or ")),
        "matches",
    )
}

fn unsure(what: &str, verb: &str) -> Match {
    Match::Maybe(Doubt {
        holds: format!("{what} {verb}"),
        fails: format!("not: {what} {verb}"),
    })
}

fn from(condition: &Condition, client: Option<IpAddr>) -> Match {
    let ranges = condition.values.join(" or ");
    let Some(client) = client else {
        return Match::Maybe(Doubt {
            holds: format!("the client is in {ranges}"),
            fails: format!("the client is not in {ranges}"),
        });
    };
    if condition.values.iter().any(|it| holds(it, client)) {
        Match::Yes
    } else {
        Match::No(condition.said())
    }
}

/// Whether an address is in a range, or is it.
pub fn holds(range: &str, address: IpAddr) -> bool {
    let net = range.parse::<IpNet>();
    let net = net.or_else(|_| range.parse::<IpAddr>().map(IpNet::from));
    net.is_ok_and(|it| it.contains(&address))
}

/// Whether a pair of the query is like `key=value`, or has a value like `value`.
fn asks(wanted: &str, request: &Request) -> bool {
    let like = |pattern: &str, text: &str| like(pattern, text, Case::FoldedEscaped);
    request.pairs().any(|(key, value)| {
        wanted.split_once('=').map_or_else(
            || like(wanted, value),
            |(name, wanted)| like(name, key) && like(wanted, value),
        )
    })
}

/// How a pattern is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Exact,
    Folded,
    /// Only here AWS lets a backslash take away what `*` and `?` mean.
    FoldedEscaped,
}

/// One sign of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Any,
    One,
    Is(char),
}

/// Whether a text is like a pattern, in which `*` stands for any text and `?` for one character.
pub fn like(pattern: &str, text: &str, case: Case) -> bool {
    let fold = |it: char| match case {
        Case::Exact => it,
        Case::Folded | Case::FoldedEscaped => it.to_ascii_lowercase(),
    };
    let pattern: Vec<Sign> = signs(pattern, case)
        .into_iter()
        .map(|it| match it {
            Sign::Is(it) => Sign::Is(fold(it)),
            Sign::Any | Sign::One => it,
        })
        .collect();
    let text: Vec<char> = text.chars().map(fold).collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and up to where it reaches so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let fits = match pattern.get(p) {
            Some(Sign::Any) => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(Sign::One) => true,
            Some(Sign::Is(it)) => *it == text[t],
            None => false,
        };
        if fits {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, reach)) = star {
            star = Some((at, reach + 1));
            (p, t) = (at + 1, reach + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|it| *it == Sign::Any)
}

fn signs(pattern: &str, case: Case) -> Vec<Sign> {
    let mut signs = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(it) = rest.next() {
        let escaped = rest.next_if(|next| {
            it == '\\' && case == Case::FoldedEscaped && matches!(next, '*' | '?' | '\\')
        });
        signs.push(match (it, escaped) {
            (_, Some(literal)) => Sign::Is(literal),
            ('*', None) => Sign::Any,
            ('?', None) => Sign::One,
            (it, None) => Sign::Is(it),
        });
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(field: &str, values: &[&str]) -> Condition {
        Condition {
            field: field.to_owned(),
            values: values.iter().map(|it| (*it).to_owned()).collect(),
            ..Condition::default()
        }
    }

    fn request(text: &str) -> Request {
        Request::parse(text).unwrap()
    }

    /// Whether a condition of these values holds for the request.
    fn met(field: &str, values: &[&str], request: &Request) -> bool {
        match one(&condition(field, values), request) {
            Match::Yes => true,
            Match::No(_) => false,
            Match::Maybe(it) => panic!("{it:?}"),
        }
    }

    #[test]
    fn stars_and_question_marks_match_as_much_as_they_may() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*", "a", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("*.a.test", "a.test", false),
            ("*.a.test", "x.y.a.test", true),
            ("/a*b*c", "/a1b2b3c", true),
            ("/a*b*c", "/a1b2b3", false),
            ("/img/*/pics", "/img/1/2/pics", true),
            ("/img", "/img/", false),
        ] {
            assert_eq!(like(pattern, text, Case::Exact), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_time_to_speak_of() {
        let text = "a".repeat(2_000);
        let pattern = format!("{}b", "a*".repeat(60));
        assert!(!like(&pattern, &text, Case::Exact));
    }

    #[test]
    fn a_host_is_compared_without_case_and_a_path_with() {
        let it = request("www.example.com/Img/cat");
        assert!(met("host-header", &["no.test", "*.EXAMPLE.com"], &it));
        assert!(met("path-pattern", &["/Img/*"], &it));
        assert!(!met("path-pattern", &["/img/*"], &it));
    }

    #[test]
    fn a_path_pattern_does_not_see_the_query() {
        let it = request("a.test/img?x=/deep");
        assert!(met("path-pattern", &["/img"], &it));
        assert!(!met("path-pattern", &["*deep"], &it));
    }

    #[test]
    fn a_method_is_compared_to_the_letter() {
        let mut it = request("a.test");
        it.method("get").unwrap();
        assert!(!met("http-request-method", &["GET"], &it));
        // `*` has no meaning here.
        assert!(!met("http-request-method", &["*"], &it));
    }

    #[test]
    fn a_header_may_come_several_times_and_in_any_case() {
        let mut it = request("a.test");
        it.header("x-env: blue").unwrap();
        it.header("X-ENV: Green1").unwrap();
        let mut wanted = condition("http-header", &["gr?en*"]);
        wanted.header = Some("X-Env".to_owned());
        assert_eq!(one(&wanted, &it), Match::Yes);
        wanted.header = Some("X-Other".to_owned());
        assert_eq!(one(&wanted, &it), Match::No("X-Other gr?en*".to_owned()));
    }

    #[test]
    fn a_query_is_met_by_a_pair_or_by_any_keys_value() {
        let it = request("a.test/?version=V1&q=big*cat&flag");
        assert!(met("query-string", &["version=v?"], &it));
        assert!(met("query-string", &["*cat"], &it));
        assert!(met("query-string", &[r"q=big\*cat"], &it));
        assert!(!met("query-string", &[r"q=b\*t"], &it));
        assert!(met("query-string", &["flag=*"], &it));
        assert!(!met("query-string", &["other=*"], &it));
    }

    #[test]
    fn where_the_client_is_decides_once_it_is_known() {
        let wanted = condition("source-ip", &["10.0.0.0/8", "2001:db8::/32"]);
        let mut it = request("a.test");
        let Match::Maybe(doubt) = one(&wanted, &it) else {
            panic!("it is not known")
        };
        assert_eq!(
            doubt.fails,
            "the client is not in 10.0.0.0/8 or 2001:db8::/32"
        );
        it.source_ip = Some("10.1.2.3".parse().unwrap());
        assert_eq!(one(&wanted, &it), Match::Yes);
        it.source_ip = Some("192.0.2.1".parse().unwrap());
        assert!(matches!(one(&wanted, &it), Match::No(_)));
    }

    #[test]
    fn a_regular_expression_is_not_judged_unless_a_value_holds() {
        let mut wanted = condition("path-pattern", &["/a"]);
        wanted.regex.push("^/b+$".to_owned());
        assert_eq!(one(&wanted, &request("a.test/a")), Match::Yes);
        let maybe = one(&wanted, &request("a.test/bb"));
        assert!(matches!(maybe, Match::Maybe(_)));
    }

    #[test]
    fn one_condition_that_fails_decides_over_doubtful_ones() {
        let conditions = [
            condition("source-ip", &["10.0.0.0/8"]),
            condition("host-header", &["b.test"]),
        ];
        let it = request("a.test");
        assert_eq!(all(&conditions, &it), Match::No("host b.test".to_owned()));
        assert!(matches!(all(&conditions[..1], &it), Match::Maybe(_)));
        assert_eq!(all(&[], &it), Match::Yes);
    }
}
