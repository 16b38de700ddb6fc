//! Reads listener rules: one listing for each listener of an application load balancer.

use aws_sdk_elasticloadbalancingv2::types;
use futures_util::future::BoxFuture;

use super::{Action, Condition, Forward, ListenerRule, Redirect};
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, key},
    },
    kind::{Kind, load_balancer},
    snapshot::Resource,
};

const RULES: Call = Call::new(Service::Elbv2, "DescribeRules");
const TAGS: Call = Call::new(Service::Elbv2, "DescribeTags");
/// The most that DescribeRules gives at once.
const PAGE: i32 = 400;

pub const READING: Reading = Reading {
    calls: &[RULES, TAGS],
    source: Source::InsideRack(Kind::Listener, inside),
    deepen: None,
};

fn inside(aws: &Aws, listeners: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let listeners = listeners.into_iter().filter(is_application);
        let mut found = aws
            .find_each(Kind::ListenerRule, listeners, |it| of_listener(aws, it))
            .await;
        load_balancer::aws::add_tags(aws, &mut found).await;
        found
    })
}

/// Only application load balancers have rules; an ARN tells what it is of.
fn is_application(listener: &Resource) -> bool {
    let arn = listener.arn.as_deref().and_then(Arn::parse);
    arn.is_some_and(|it| it.resource.starts_with("listener/app/"))
}

async fn of_listener(aws: &Aws, listener: Resource) -> Found {
    let mut found = Found::of(Kind::ListenerRule);
    let id = &listener.id;
    let request = aws.elbv2.describe_rules().page_size(PAGE);
    let request = request.set_listener_arn(listener.arn.clone());
    let rules = request.into_paginator().items().send();
    for rule in found.collect(RULES, Some(id), rules).await {
        found.add(RULES, Some(id), resource(&id.key, rule));
    }
    found
}

fn resource(listener: &str, rule: types::Rule) -> Result<Resource, Missing> {
    let arn = rule.rule_arn.need("RuleArn")?;
    let priority = rule.priority.need("Priority")?;
    let attrs = ListenerRule {
        listener: listener.to_owned(),
        priority: match priority.as_str() {
            "default" => None,
            number => Some(number.parse().ok().need("Priority")?),
        },
        conditions: rule
            .conditions
            .unwrap_or_default()
            .into_iter()
            .map(condition)
            .collect::<Result<_, _>>()?,
        actions: actions(rule.actions)?,
    };
    Ok(Resource::new(key(arn.clone()), attrs).arn(arn))
}

/// The actions of a rule or of a listener.
pub fn actions(told: Option<Vec<types::Action>>) -> Result<Vec<Action>, Missing> {
    told.unwrap_or_default().into_iter().map(action).collect()
}

fn action(it: types::Action) -> Result<Action, Missing> {
    let (weighted, sticky) = it
        .forward_config
        .map(|it| {
            let sticky = it.target_group_stickiness_config.and_then(|it| it.enabled);
            (it.target_groups.unwrap_or_default(), sticky)
        })
        .unwrap_or_default();
    let mut targets: Vec<Forward> = weighted
        .into_iter()
        .map(forward)
        .collect::<Result<_, _>>()?;
    // AWS tells a single target group in the old place too.
    if let Some(group) = it.target_group_arn.map(key)
        && targets.iter().all(|it| it.target_group != group)
    {
        targets.push(Forward {
            target_group: group,
            weight: None,
        });
    }
    Ok(Action {
        kind: it.r#type.need("Type")?.as_str().to_owned(),
        order: it.order.map(|it| count(Some(it))),
        targets,
        redirect: it.redirect_config.map(redirect),
        fixed_status: it.fixed_response_config.and_then(|it| it.status_code),
        sticky: sticky.unwrap_or_default(),
    })
}

fn forward(it: types::TargetGroupTuple) -> Result<Forward, Missing> {
    Ok(Forward {
        target_group: key(it.target_group_arn.need("TargetGroupArn")?),
        weight: it.weight.map(|it| count(Some(it))),
    })
}

fn redirect(it: types::RedirectActionConfig) -> Redirect {
    Redirect {
        protocol: it.protocol,
        host: it.host,
        port: it.port,
        path: it.path,
        query: it.query,
        status: it
            .status_code
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
    }
}

/// A condition in the old form has its values at the top, in the new form in a config of its
/// own; AWS often tells both.
fn condition(it: types::RuleCondition) -> Result<Condition, Missing> {
    let mut values = it.values.unwrap_or_default();
    let mut regex = it.regex_values.unwrap_or_default();
    let mut header = None;
    if let Some(it) = it.host_header_config {
        values.extend(it.values.unwrap_or_default());
        regex.extend(it.regex_values.unwrap_or_default());
    }
    if let Some(it) = it.path_pattern_config {
        values.extend(it.values.unwrap_or_default());
        regex.extend(it.regex_values.unwrap_or_default());
    }
    if let Some(it) = it.http_header_config {
        header = it.http_header_name;
        values.extend(it.values.unwrap_or_default());
        regex.extend(it.regex_values.unwrap_or_default());
    }
    if let Some(it) = it.http_request_method_config {
        values.extend(it.values.unwrap_or_default());
    }
    if let Some(it) = it.source_ip_config {
        values.extend(it.values.unwrap_or_default());
    }
    let queries = it.query_string_config.and_then(|it| it.values);
    values.extend(queries.unwrap_or_default().into_iter().map(query));
    Ok(Condition {
        field: it.field.need("Field")?,
        header,
        values: once(values),
        regex: once(regex),
    })
}

fn query(it: types::QueryStringKeyValuePair) -> String {
    let value = it.value.unwrap_or_default();
    match it.key {
        Some(key) => format!("{key}={value}"),
        None => value,
    }
}

/// Each of them once, in their order.
fn once(all: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for it in all {
        if !once.contains(&it) {
            once.push(it);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{AsKind, listener::Listener},
        snapshot::Reason,
        testing::replay::Tape,
    };

    const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:1";

    fn listener(of: &str) -> Resource {
        Resource::new("router/75", Listener::default())
            .arn(format!("{ARN}:listener/{of}/router/42/75"))
    }

    fn page(rules: &str, marker: &str) -> String {
        format!(
            "<DescribeRulesResponse><DescribeRulesResult><Rules>{rules}</Rules>{marker}
            </DescribeRulesResult></DescribeRulesResponse>"
        )
    }

    fn rule(priority: &str, rest: &str) -> String {
        format!(
            "<member><RuleArn>{ARN}:listener-rule/app/router/42/75/r{priority}</RuleArn>
            <Priority>{priority}</Priority>{rest}</member>"
        )
    }

    const NO_TAGS: &str = "<DescribeTagsResponse/>";

    async fn read(rules: &str) -> Found {
        let tape = Tape::default()
            .answer(200, page(rules, ""))
            .answer(200, NO_TAGS);
        inside(&tape.aws(), vec![listener("app")]).await
    }

    fn first(found: &Found) -> &ListenerRule {
        ListenerRule::of(&found.resources[0].attrs).unwrap()
    }

    #[tokio::test]
    async fn all_pages_are_read() {
        let tape = Tape::default()
            .answer(200, page(&rule("1", ""), "<NextMarker>m</NextMarker>"))
            .answer(200, page(&rule("default", ""), ""))
            .answer(200, NO_TAGS);
        let found = inside(&tape.aws(), vec![listener("app")]).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["router/75/r1", "router/75/rdefault"]);
        assert!(tape.asked()[0].contains("PageSize=400"));
        assert_eq!(first(&found).priority, Some(1));
        assert!(
            ListenerRule::of(&found.resources[1].attrs)
                .unwrap()
                .is_default()
        );
    }

    #[tokio::test]
    async fn a_network_load_balancer_is_not_asked_for_rules() {
        let tape = Tape::default();
        let found = inside(&tape.aws(), vec![listener("net")]).await;
        assert!(found.gaps.is_empty() && tape.asked().is_empty());
    }

    #[tokio::test]
    async fn both_forms_of_one_forward_are_one_target() {
        let group = format!("<TargetGroupArn>{ARN}:targetgroup/web/38</TargetGroupArn>");
        let found = read(&rule(
            "1",
            &format!(
                "<Actions><member><Type>forward</Type>{group}<ForwardConfig><TargetGroups>
                <member>{group}<Weight>1</Weight></member></TargetGroups>
                <TargetGroupStickinessConfig><Enabled>true</Enabled>
                </TargetGroupStickinessConfig></ForwardConfig></member></Actions>"
            ),
        ))
        .await;
        let action = &first(&found).actions[0];
        assert_eq!(action.targets.len(), 1);
        assert_eq!(action.targets[0].target_group, "web");
        assert_eq!(action.targets[0].weight, Some(1));
        assert!(action.sticky);
    }

    #[tokio::test]
    async fn both_forms_of_one_condition_are_one() {
        let values = "<Values><member>a.test</member></Values>";
        let found = read(&rule(
            "1",
            &format!(
                "<Conditions><member><Field>host-header</Field>{values}
                <HostHeaderConfig>{values}</HostHeaderConfig></member>
                <member><Field>path-pattern</Field><PathPatternConfig>
                <RegexValues><member>^/v[0-9]</member></RegexValues></PathPatternConfig></member>
                <member><Field>query-string</Field><QueryStringConfig><Values>
                <member><Key>v</Key><Value>2</Value></member><member><Value>beta</Value></member>
                </Values></QueryStringConfig></member></Conditions>"
            ),
        ))
        .await;
        let conditions = &first(&found).conditions;
        assert_eq!(conditions[0].values, ["a.test"]);
        assert_eq!(conditions[1].regex, ["^/v[0-9]"]);
        assert_eq!(conditions[2].values, ["v=2", "beta"]);
    }

    #[tokio::test]
    async fn a_login_leaves_its_type_and_no_secret() {
        let found = read(&rule(
            "1",
            "<Actions><member><Type>authenticate-oidc</Type><Order>1</Order>
            <AuthenticateOidcConfig><ClientId>planted-secret-id</ClientId>
            <ClientSecret>planted-secret-key</ClientSecret></AuthenticateOidcConfig></member>
            <member><Type>a-new-type</Type></member></Actions>",
        ))
        .await;
        let kinds: Vec<&str> = first(&found)
            .actions
            .iter()
            .map(|it| it.kind.as_str())
            .collect();
        assert_eq!(kinds, ["authenticate-oidc", "a-new-type"]);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_rule_without_a_priority_is_a_gap_about_its_listener() {
        let arn = format!("<member><RuleArn>{ARN}:listener-rule/app/r/1/2/3</RuleArn></member>");
        let tape = Tape::default().answer(200, page(&arn, ""));
        let found = inside(&tape.aws(), vec![listener("app")]).await;
        assert_eq!(found.gaps[0].reason, Reason::Malformed);
        assert_eq!(found.gaps[0].resource, Some(listener("app").id));
    }
}
