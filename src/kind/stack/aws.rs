//! Reads stacks: all of them by name, the rack's own with what they made.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types;
use futures_util::future::BoxFuture;

use super::{Member, Stack};
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, stated, tag_map, text},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const STACKS: Call = Call::new(Service::CloudFormation, "DescribeStacks");
const MEMBERS: Call = Call::new(Service::CloudFormation, "ListStackResources");

pub const READING: Reading = Reading {
    calls: &[STACKS, MEMBERS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Stack);
        let pages = aws
            .cloudformation
            .describe_stacks()
            .into_paginator()
            .items()
            .send();
        let told = found.collect(STACKS, None, pages).await;
        let names: BTreeSet<String> = told.iter().filter_map(|it| it.stack_name.clone()).collect();
        for stack in told {
            found.add(STACKS, None, resource(stack, &names));
        }
        found
    })
}

fn resource(stack: types::Stack, names: &BTreeSet<String>) -> Result<Resource, Missing> {
    let name = stack.stack_name.need("StackName")?;
    let arn = stack.stack_id.need("StackId")?;
    let status = stack.stack_status.and_then(|it| stated(it.as_str()));
    let parameters = stack.parameters.unwrap_or_default();
    // The value of a parameter may be a secret; the name of a stack is none.
    let rack_parameter = parameters
        .iter()
        .find(|it| it.parameter_key() == Some("Rack"))
        .and_then(|it| it.parameter_value.clone())
        .filter(|it| names.contains(it));
    let attrs = Stack {
        arn: arn.clone(),
        status: status.need("StackStatus")?,
        parent: stack.parent_id.as_deref().and_then(name_of),
        parameters: parameters
            .into_iter()
            .filter_map(|it| it.parameter_key)
            .collect(),
        rack_parameter,
        termination_protection: stack.enable_termination_protection.unwrap_or_default(),
        members: Fact::Unread,
    };
    Ok(Resource::new(name, attrs)
        .arn(arn)
        .created(shape::time(stack.creation_time))
        .tags(tag_map!(stack.tags.unwrap_or_default())))
}

/// `arn:…:stack/NAME/UUID` → `NAME`.
fn name_of(arn: &str) -> Option<String> {
    Some(Arn::parse(arn)?.rest().split('/').next()?.to_owned())
}

fn deepen(aws: &Aws, stacks: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Stack, stacks, |it| open(aws, it)))
}

async fn open(aws: &Aws, mut stack: Resource) -> Found {
    let mut found = Found::of(Kind::Stack);
    let id = stack.id.clone();
    let Some(attrs) = Stack::of_mut(&mut stack.attrs) else {
        return found;
    };
    let request = aws
        .cloudformation
        .list_stack_resources()
        .stack_name(&attrs.arn);
    let answer = request.into_paginator().items().send().try_collect().await;
    if let Some(members) = found.answer(MEMBERS, Some(&id), answer) {
        match members.into_iter().map(member).collect() {
            Ok(members) => attrs.members = Fact::Known(members),
            Err(missing) => found.malformed(MEMBERS, Some(&id), missing),
        }
    }
    found.resources.push(stack);
    found
}

fn member(it: types::StackResourceSummary) -> Result<Member, Missing> {
    let status = it.resource_status.and_then(|it| stated(it.as_str()));
    Ok(Member {
        logical: text(it.logical_resource_id).need("LogicalResourceId")?,
        cloudformation: text(it.resource_type).need("ResourceType")?,
        physical: it.physical_resource_id.unwrap_or_default(),
        status: status.need("ResourceStatus")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    const PAGE: &str = r#"<DescribeStacksResponse><DescribeStacksResult><Stacks>
        <member><StackName>prod</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
          <StackId>arn:aws:cloudformation:us-east-1:1:stack/prod/u1</StackId>
          <CreationTime>2018-04-29T21:00:00Z</CreationTime>
          <Parameters><member><ParameterKey>Password</ParameterKey>
            <ParameterValue>planted-secret-parameter</ParameterValue></member></Parameters>
          <Tags><member><Key>System</Key><Value>convox</Value></member></Tags></member>
        <member><StackName>prod-web</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
          <StackId>arn:aws:cloudformation:us-east-1:1:stack/prod-web/u2</StackId>
          <CreationTime>2018-04-29T21:00:00Z</CreationTime>
          <Parameters><member><ParameterKey>Rack</ParameterKey>
            <ParameterValue>prod</ParameterValue></member></Parameters></member>
        </Stacks></DescribeStacksResult></DescribeStacksResponse>"#;

    #[tokio::test]
    async fn parameters_leave_their_names_and_a_stack_they_name() {
        let tape = Tape::default().answer(200, PAGE);
        let found = list(&tape.aws()).await;
        let stacks: Vec<&Stack> = found
            .resources
            .iter()
            .filter_map(|it| Stack::of(&it.attrs))
            .collect();
        assert_eq!(stacks[0].parameters, ["Password"]);
        assert_eq!(stacks[1].rack_parameter.as_deref(), Some("prod"));
        assert_eq!(found.resources[0].tags["System"], "convox");
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_stack_without_a_name_is_a_gap() {
        let nameless = PAGE.replacen("<StackName>prod</StackName>", "", 1);
        let found = list(&Tape::default().answer(200, nameless).aws()).await;
        let keys: Vec<&str> = found.resources.iter().map(|it| &*it.id.key).collect();
        assert_eq!(keys, ["prod-web"]);
        assert_eq!(found.gaps[0].message, "the answer has no name");
    }

    #[tokio::test]
    async fn a_member_that_is_told_by_half_leaves_the_members_unread() {
        let stacks = list(&Tape::default().answer(200, PAGE).aws())
            .await
            .resources;
        let half = "<ListStackResourcesResponse><ListStackResourcesResult>
            <StackResourceSummaries><member><LogicalResourceId>Vpc</LogicalResourceId>
            <ResourceType>AWS::EC2::VPC</ResourceType></member></StackResourceSummaries>
            </ListStackResourcesResult></ListStackResourcesResponse>";
        let tape = Tape::default().answer(200, half);
        let found = deepen(&tape.aws(), stacks[..1].to_vec()).await;
        let stack = Stack::of(&found.resources[0].attrs).unwrap();
        assert_eq!(stack.members, Fact::Unread);
        assert_eq!(found.gaps[0].message, "the answer has no ResourceStatus");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let tape = Tape::default().answer(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        );
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].action, "cloudformation:DescribeStacks");
        assert_eq!(found.gaps[0].reason, crate::snapshot::Reason::Denied);
    }
}
