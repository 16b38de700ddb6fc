//! Listener rule: which requests an application load balancer sends where.
//!
//! Key: `load balancer/listener id/rule id`.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{self, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenerRule {
    /// Key of its listener.
    pub listener: String,
    /// Lower ones are tried first; absent on the default rule, which is tried last.
    pub priority: Option<u32>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// Done in their order; the last one answers.
    pub actions: Vec<Action>,
}

/// What a rule or a listener does with a request. Secrets of OIDC clients are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Action {
    /// AWS's word: `forward`, `redirect`, `fixed-response`, `authenticate-oidc`,
    /// `authenticate-cognito`, `jwt-validation`.
    pub kind: String,
    pub order: Option<u32>,
    pub targets: Vec<Forward>,
    pub redirect: Option<Redirect>,
    /// Status code of a fixed response.
    pub fixed_status: Option<String>,
    /// Whether a client keeps coming to the same target group.
    pub sticky: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forward {
    /// Key of the target group.
    pub target_group: String,
    /// 0 to 999; 0 gets nothing. Absent where it is the only one.
    pub weight: Option<u32>,
}

/// Where a client is sent instead. `#{host}` and the like stand for the request's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redirect {
    pub protocol: Option<String>,
    pub host: Option<String>,
    pub port: Option<String>,
    pub path: Option<String>,
    pub query: Option<String>,
    /// `HTTP_301` or `HTTP_302`.
    pub status: String,
}

/// What a request must look like: one of the values, or of the regular expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// AWS's word: `host-header`, `path-pattern`, `http-header`, `http-request-method`,
    /// `query-string`, `source-ip`.
    pub field: String,
    /// Name of the header, for `http-header`.
    pub header: Option<String>,
    /// A query string is written `key=value`, or `value` alone for any key.
    pub values: Vec<String>,
    pub regex: Vec<String>,
}

/// The edges of actions that forward.
pub fn forwards<'a>(
    actions: &'a [Action],
    evidence: &'static str,
) -> impl Iterator<Item = Relation> + 'a {
    actions.iter().flat_map(|it| &it.targets).map(move |it| {
        let group = ResourceId::new(Kind::TargetGroup, &it.target_group);
        Relation::new(RelationKind::ForwardsTo, group, evidence).weight(it.weight)
    })
}

/// What actions do, in words: `forward to web`.
pub fn said(actions: &[Action]) -> String {
    let said = actions.iter().map(|it| {
        let groups = it.targets.iter().map(|it| it.target_group.as_str());
        let groups: Vec<&str> = groups.collect();
        if groups.is_empty() {
            return it.verb();
        }
        format!("{} to {}", it.verb(), groups.join(" and "))
    });
    said.collect::<Vec<_>>().join(", then ")
}

/// What a request must look like, in words: `host a.test or b.test, path /api/*`.
pub fn when(conditions: &[Condition]) -> String {
    if conditions.is_empty() {
        return "any request".to_owned();
    }
    let said: Vec<String> = conditions.iter().map(Condition::said).collect();
    said.join(", ")
}

impl Action {
    /// What it does, without its target groups: `forward`, `answer 404`, `redirect to HTTPS://…`.
    pub fn verb(&self) -> String {
        if let Some(it) = &self.redirect {
            let or = |part: &Option<String>, own: &str| part.clone().unwrap_or(own.to_owned());
            return format!(
                "redirect to {}://{}:{}",
                or(&it.protocol, "#{protocol}"),
                or(&it.host, "#{host}"),
                or(&it.port, "#{port}")
            );
        }
        match &self.fixed_status {
            Some(status) => format!("answer {status}"),
            None => self.kind.clone(),
        }
    }
}

impl Condition {
    /// In words: `host a.test or b.test`.
    pub fn said(&self) -> String {
        let field = match self.field.as_str() {
            "host-header" => "host",
            "path-pattern" => "path",
            "http-request-method" => "method",
            "query-string" => "query",
            "source-ip" => "from",
            "http-header" => self.header.as_deref().unwrap_or("header"),
            other => other,
        };
        let values = self.values.iter().chain(&self.regex);
        let values: Vec<&str> = values.map(String::as_str).collect();
        format!("{field} {}", values.join(" or "))
    }
}

impl ListenerRule {
    pub fn is_default(&self) -> bool {
        self.priority.is_none()
    }
}

impl Model for ListenerRule {
    fn relations(&self) -> Vec<Relation> {
        let listener = ResourceId::new(Kind::Listener, &self.listener);
        forwards(&self.actions, "Actions.TargetGroupArn")
            .chain([Relation::new(RelationKind::PartOf, listener, "RuleArn")])
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.is_default() {
            return Removal::Follows("AWS deletes the default rule with its listener");
        }
        Removal::by(removal::Action::DeleteRule)
    }

    fn summary(&self) -> String {
        match self.priority {
            Some(it) => format!("{it}: {}: {}", when(&self.conditions), said(&self.actions)),
            None => format!("default: {}", said(&self.actions)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(priority: Option<u32>) -> ListenerRule {
        let forward = |group: &str, weight| Forward {
            target_group: group.to_owned(),
            weight: Some(weight),
        };
        ListenerRule {
            listener: "router/75".to_owned(),
            priority,
            actions: vec![Action {
                kind: "forward".to_owned(),
                targets: vec![forward("blue", 100), forward("green", 0)],
                ..Action::default()
            }],
            conditions: vec![Condition {
                field: "host-header".to_owned(),
                values: vec!["a.test".to_owned(), "b.test".to_owned()],
                ..Condition::default()
            }],
        }
    }

    #[test]
    fn each_group_gets_an_edge_with_its_weight() {
        let relations = rule(Some(1)).relations();
        let weights: Vec<(String, Option<u32>)> = relations
            .iter()
            .filter(|it| it.kind == RelationKind::ForwardsTo)
            .map(|it| (it.to.key.clone(), it.weight))
            .collect();
        let expected = [("blue", 100), ("green", 0)];
        assert_eq!(weights, expected.map(|(it, n)| (it.to_owned(), Some(n))));
    }

    #[test]
    fn the_default_rule_goes_with_its_listener() {
        assert!(matches!(rule(None).removal(), Removal::Follows(_)));
        let delete = Removal::by(removal::Action::DeleteRule);
        assert_eq!(rule(Some(1)).removal(), delete);
    }

    #[test]
    fn a_summary_says_which_requests_go_where() {
        assert_eq!(
            rule(Some(5)).summary(),
            "5: host a.test or b.test: forward to blue and green"
        );
    }
}
