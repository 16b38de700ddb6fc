//! Reads Lambda functions: one listing, then what feeds the rack's own.

use aws_sdk_lambda::types;
use futures_util::future::BoxFuture;

use super::{EventSource, Function, Variable};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, size},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::{Reason, Resource},
};

const FUNCTIONS: Call = Call::new(Service::Lambda, "ListFunctions");
const MAPPINGS: Call = Call::new(Service::Lambda, "ListEventSourceMappings");
const TAGS: Call = Call::new(Service::Lambda, "ListTags");

pub const READING: Reading = Reading {
    calls: &[FUNCTIONS, MAPPINGS, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Function);
        let pages = aws.lambda.list_functions().into_paginator().items().send();
        for function in found.collect(FUNCTIONS, None, pages).await {
            note_unreadable_environment(&function, &mut found);
            found.add(FUNCTIONS, None, resource(function));
        }
        found
    })
}

/// Lambda tells an error in place of variables that it could not decrypt.
fn note_unreadable_environment(function: &types::FunctionConfiguration, found: &mut Found) {
    if let Some(name) = function.function_name()
        && let Some(error) = function.environment().and_then(|it| it.error())
    {
        let id = ResourceId::new(Kind::Function, name);
        let code = error.error_code().unwrap_or("EnvironmentError").to_owned();
        let message = error.message().unwrap_or_default().to_owned();
        found.gap(FUNCTIONS, Some(&id), Reason::Failed, code, &message);
    }
}

fn resource(function: types::FunctionConfiguration) -> Result<Resource, Missing> {
    let name = function.function_name.need("FunctionName")?;
    let arn = function.function_arn.need("FunctionArn")?;
    let vpc = function.vpc_config;
    let logging = function.logging_config;
    let modified = function.last_modified.as_deref();
    let architecture = function
        .architectures
        .unwrap_or_default()
        .into_iter()
        .next();
    let attrs = Function {
        arn: arn.clone(),
        runtime: function.runtime.map(|it| it.as_str().to_owned()),
        package_type: function.package_type.map(|it| it.as_str().to_owned()),
        architecture: architecture.map(|it| it.as_str().to_owned()),
        state: function.state.map(|it| it.as_str().to_owned()),
        role: function.role.need("Role")?,
        memory: count(function.memory_size),
        timeout: count(function.timeout),
        code_size: size(Some(function.code_size)),
        last_modified: modified.and_then(|it| it.parse().ok()),
        vpc: vpc
            .as_ref()
            .and_then(|it| it.vpc_id.clone())
            .filter(|it| !it.is_empty()),
        subnets: vpc
            .as_ref()
            .map(|it| it.subnet_ids().to_vec())
            .unwrap_or_default(),
        security_groups: vpc.and_then(|it| it.security_group_ids).unwrap_or_default(),
        layers: function
            .layers
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.arn)
            .collect(),
        environment: environment(function.environment),
        key: function.kms_key_arn,
        log_group: logging
            .and_then(|it| it.log_group)
            .unwrap_or_else(|| format!("/aws/lambda/{name}")),
        dead_letter: function.dead_letter_config.and_then(|it| it.target_arn),
        event_sources: Fact::Unread,
    };
    Ok(Resource::new(name, attrs).arn(arn))
}

/// Names and lengths; the values end here.
fn environment(told: Option<types::EnvironmentResponse>) -> Fact<Vec<Variable>> {
    let Some(told) = told else {
        return Fact::Known(Vec::new());
    };
    if told.error.is_some() {
        return Fact::Unread;
    }
    let mut variables: Vec<Variable> = told
        .variables
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| Variable {
            name,
            length: u64::try_from(value.len()).unwrap_or(u64::MAX),
        })
        .collect();
    variables.sort();
    Fact::Known(variables)
}

fn deepen(aws: &Aws, functions: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Function, functions, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut function: Resource) -> Found {
    let mut found = Found::of(Kind::Function);
    let id = function.id.clone();
    let Some(attrs) = Function::of_mut(&mut function.attrs) else {
        return found;
    };
    let request = aws.lambda.list_event_source_mappings();
    let request = request.function_name(&id.key).into_paginator();
    let answer = request.items().send().try_collect().await;
    if let Some(mappings) = found.answer(MAPPINGS, Some(&id), answer) {
        attrs.event_sources = Fact::Known(mappings.into_iter().map(event_source).collect());
    }
    let answer = aws.lambda.list_tags().resource(&attrs.arn).send().await;
    if let Some(answer) = found.answer(TAGS, Some(&id), answer) {
        let tags = answer.tags.unwrap_or_default();
        function = function.tags(tags.into_iter().collect());
    }
    found.resources.push(function);
    found
}

fn event_source(it: types::EventSourceMappingConfiguration) -> EventSource {
    EventSource {
        uuid: it.uuid.unwrap_or_default(),
        arn: it.event_source_arn,
        state: it.state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    fn function(rest: &str) -> String {
        format!(
            r#"{{"FunctionName":"f","FunctionArn":"arn:aws:lambda:us-east-1:1:function:f",
                 "Role":"arn:aws:iam::1:role/r"{rest}}}"#
        )
    }

    fn of(found: &Found) -> &Function {
        Function::of(&found.resources[0].attrs).unwrap()
    }

    async fn listed(functions: &str) -> Found {
        let tape = Tape::default().answer(200, format!(r#"{{"Functions":[{functions}]}}"#));
        list(&tape.aws()).await
    }

    #[tokio::test]
    async fn of_its_environment_names_and_lengths_are_kept() {
        let environment = r#","Environment":{"Variables":{"TOKEN":"planted-secret-1"}}"#;
        let found = listed(&function(environment)).await;
        let variables = of(&found).environment.known().unwrap();
        assert_eq!(variables[0].name, "TOKEN");
        assert_eq!(variables[0].length, 16);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn an_environment_that_cannot_be_decrypted_is_unread() {
        let environment = r#","Environment":{"Error":{"ErrorCode":"AccessDeniedException"}}"#;
        let found = listed(&function(environment)).await;
        assert_eq!(of(&found).environment, Fact::Unread);
        assert_eq!(found.gaps[0].code, "AccessDeniedException");
    }

    #[tokio::test]
    async fn a_log_group_of_its_own_takes_the_place_of_the_usual_one() {
        let found = listed(&function("")).await;
        assert_eq!(of(&found).log_group, "/aws/lambda/f");
        let found = listed(&function(r#","LoggingConfig":{"LogGroup":"shared"}"#)).await;
        assert_eq!(of(&found).log_group, "shared");
    }

    #[tokio::test]
    async fn lambda_writes_time_in_a_way_of_its_own() {
        let modified = r#","LastModified":"2018-04-29T21:00:00.000+0000""#;
        let found = listed(&function(modified)).await;
        let modified = of(&found).last_modified.unwrap();
        assert_eq!(modified.as_second(), 1_525_035_600);
    }

    #[tokio::test]
    async fn a_function_without_a_role_is_a_gap() {
        let found = listed(r#"{"FunctionName":"f","FunctionArn":"arn"}"#).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no Role");
    }

    #[tokio::test]
    async fn mappings_are_read_over_all_pages_and_refused_tags_are_a_gap() {
        let found = listed(&function("")).await;
        let tape = Tape::default()
            .answer(
                200,
                r#"{"EventSourceMappings":[{"UUID":"a",
                    "EventSourceArn":"arn:aws:sqs:us-east-1:1:jobs"}],"NextMarker":"m"}"#,
            )
            .answer(200, r#"{"EventSourceMappings":[{"UUID":"b"}]}"#)
            .answer(403, r#"{"__type":"AccessDeniedException"}"#);
        let found = deepen(&tape.aws(), found.resources).await;
        assert_eq!(of(&found).event_sources.known().unwrap().len(), 2);
        assert_eq!(found.gaps[0].action, "lambda:ListTags");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
