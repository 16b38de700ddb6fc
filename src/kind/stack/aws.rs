//! Reads stacks: all of them by name, the rack's own with what they made, keep and export.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types;
use futures_util::future::BoxFuture;

use super::{Export, Member, Stack, template};
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, stated, tag_map, text},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const STACKS: Call = Call::new(Service::CloudFormation, "DescribeStacks");
const MEMBERS: Call = Call::new(Service::CloudFormation, "ListStackResources");
const TEMPLATE: Call = Call::new(Service::CloudFormation, "GetTemplate");
const EXPORTS: Call = Call::new(Service::CloudFormation, "ListExports");
const IMPORTS: Call = Call::new(Service::CloudFormation, "ListImports");

pub const READING: Reading = Reading {
    calls: &[STACKS, MEMBERS, TEMPLATE, EXPORTS, IMPORTS],
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
    let internal_only = parameters
        .iter()
        .find(|it| it.parameter_key() == Some("InternalOnly"))
        .and_then(|it| match it.parameter_value()? {
            "Yes" => Some(true),
            "No" => Some(false),
            _ => None,
        });
    let attrs = Stack {
        arn: arn.clone(),
        status: status.need("StackStatus")?,
        parent: stack.parent_id.as_deref().and_then(name_of),
        parameters: parameters
            .into_iter()
            .filter_map(|it| it.parameter_key)
            .collect(),
        rack_parameter,
        internal_only,
        role: stack.role_arn.map(shape::key),
        termination_protection: stack.enable_termination_protection.unwrap_or_default(),
        ..Stack::default()
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
    Box::pin(async move {
        let mut found = Found::of(Kind::Stack);
        let exports = exports(aws, &stacks, &mut found).await;
        let open = |it| open(aws, it, exports.as_ref());
        found.merge(aws.find_each(Kind::Stack, stacks, open).await);
        found
    })
}

/// The names of all exports of the region by the ARN of the stack that exports them.
type Exports = BTreeMap<String, Vec<String>>;

/// One listing for all of them. What it hides it hides of each.
async fn exports(aws: &Aws, stacks: &[Resource], found: &mut Found) -> Option<Exports> {
    let pages = aws.cloudformation.list_exports().into_paginator().items();
    let answer: Result<Vec<types::Export>, _> = pages.send().try_collect().await;
    let told = match answer {
        Ok(it) => it,
        Err(error) => {
            for stack in stacks {
                found.failed(EXPORTS, Some(&stack.id), &error);
            }
            return None;
        }
    };
    let mut exports = Exports::new();
    for it in told {
        if let (Some(stack), Some(name)) = (it.exporting_stack_id, it.name) {
            exports.entry(stack).or_default().push(name);
        }
    }
    Some(exports)
}

/// Asks at once: none of the questions needs another's answer.
async fn open(aws: &Aws, mut stack: Resource, exports: Option<&Exports>) -> Found {
    let mut found = Found::of(Kind::Stack);
    let mut of_exports = Found::of(Kind::Stack);
    let id = stack.id.clone();
    let Some(attrs) = Stack::of_mut(&mut stack.attrs) else {
        return found;
    };
    let names = exports.map(|it| it.get(&attrs.arn).map(Vec::as_slice).unwrap_or_default());
    let members = aws
        .cloudformation
        .list_stack_resources()
        .stack_name(&attrs.arn);
    let template = aws.cloudformation.get_template().stack_name(&attrs.arn);
    let template = template.template_stage(types::TemplateStage::Processed);
    let (members, template, importers) = tokio::join!(
        members.into_paginator().items().send().try_collect(),
        template.send(),
        imported(aws, &id, names.unwrap_or_default(), &mut of_exports),
    );
    found.merge(of_exports);
    if let Some(members) = found.answer(MEMBERS, Some(&id), members) {
        let members: Vec<types::StackResourceSummary> = members;
        match members.into_iter().map(member).collect() {
            Ok(members) => attrs.members = Fact::Known(members),
            Err(missing) => found.malformed(MEMBERS, Some(&id), missing),
        }
    }
    if let Some(answer) = found.answer(TEMPLATE, Some(&id), template) {
        match answer.template_body.as_deref().and_then(template::kept) {
            Some(kept) => attrs.kept = Fact::Known(kept),
            None => found.malformed(TEMPLATE, Some(&id), Missing("TemplateBody")),
        }
    }
    if names.is_some() {
        attrs.exports = Fact::Known(importers);
    }
    found.resources.push(stack);
    found
}

/// Who uses these exports of a stack.
async fn imported(aws: &Aws, id: &ResourceId, names: &[String], found: &mut Found) -> Vec<Export> {
    let answers = aws.each(names.to_vec(), |name| {
        let request = aws.cloudformation.list_imports().export_name(name);
        request.into_paginator().items().send().try_collect()
    });
    let mut exports = Vec::new();
    for (name, answer) in names.iter().zip(answers.await) {
        // So CloudFormation says that nobody imports it.
        let importers = found.optional(IMPORTS, Some(id), "ValidationError", answer);
        let importers = importers.map(Option::unwrap_or_default);
        exports.push(Export {
            name: name.clone(),
            importers: importers.map_or(Fact::Unread, Fact::Known),
        });
    }
    exports
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
    async fn of_a_switch_that_is_known_the_side_is_kept_and_of_nothing_else() {
        for (key, value, kept) in [
            ("InternalOnly", "Yes", Some(true)),
            ("InternalOnly", "No", Some(false)),
            ("InternalOnly", "planted-secret", None),
            ("Private", "Yes", None),
        ] {
            let page = PAGE
                .replace("Password", key)
                .replace("planted-secret-parameter", value);
            let found = list(&Tape::default().answer(200, page).aws()).await;
            let stack = Stack::of(&found.resources[0].attrs).unwrap();
            assert_eq!(stack.internal_only, kept, "{key}={value}");
            assert!(!format!("{found:?}").contains("planted"));
        }
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
        let tape = Tape::default()
            .answer(200, NO_EXPORTS)
            .answer(200, half)
            .answer(200, template("{}"));
        let found = deepen(&tape.aws(), stacks[..1].to_vec()).await;
        let stack = Stack::of(&found.resources[0].attrs).unwrap();
        assert_eq!(stack.members, Fact::Unread);
        assert_eq!(found.gaps[0].message, "the answer has no ResourceStatus");
    }

    const NO_EXPORTS: &str = "<ListExportsResponse><ListExportsResult><Exports/></ListExportsResult></ListExportsResponse>";

    fn template(text: &str) -> String {
        format!(
            "<GetTemplateResponse><GetTemplateResult><TemplateBody>{text}</TemplateBody>
             </GetTemplateResult></GetTemplateResponse>"
        )
    }

    async fn opened(tape: Tape) -> (Stack, Found) {
        let mut stacks = list(&Tape::default().answer(200, PAGE).aws()).await;
        stacks.resources.truncate(1);
        let found = deepen(&tape.aws(), stacks.resources).await;
        let stack = Stack::of(&found.resources[0].attrs).unwrap().clone();
        (stack, found)
    }

    const MEMBERS: &str = "<ListStackResourcesResponse><ListStackResourcesResult>
        <StackResourceSummaries/></ListStackResourcesResult></ListStackResourcesResponse>";

    #[tokio::test]
    async fn a_template_leaves_what_it_keeps_and_nothing_else() {
        let text = r#"{"Parameters":{"P":{"Default":"planted-secret"}},
            "Resources":{"Logs":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain"}}}"#;
        let tape = Tape::default()
            .answer(200, NO_EXPORTS)
            .answer(200, MEMBERS)
            .answer(200, template(text));
        let (stack, found) = opened(tape).await;
        assert_eq!(stack.kept.known().unwrap()["Logs"], "Retain");
        assert_eq!(stack.exports, Fact::Known(Vec::new()));
        assert!(found.gaps.is_empty() && !format!("{found:?}").contains("planted"));
    }

    #[tokio::test]
    async fn a_template_that_cannot_be_understood_is_a_gap_that_tells_nothing_of_it() {
        let tape = Tape::default()
            .answer(200, NO_EXPORTS)
            .answer(200, MEMBERS)
            .answer(200, template("{ planted-secret"));
        let (stack, found) = opened(tape).await;
        assert_eq!(stack.kept, Fact::Unread);
        assert_eq!(found.gaps[0].call, "cloudformation:GetTemplate");
        assert!(!format!("{found:?}").contains("planted"));
    }

    #[tokio::test]
    async fn exports_tell_who_imports_them() {
        let export = |name: &str, stack: &str| {
            format!(
                "<member><Name>{name}</Name><Value>planted-secret</Value>
                 <ExportingStackId>{stack}</ExportingStackId></member>"
            )
        };
        let ours = "arn:aws:cloudformation:us-east-1:1:stack/prod/u1";
        let exports = export("prod:Vpc", ours) + &export("prod:Key", ours) + &export("x", "other");
        let exports = NO_EXPORTS.replace("<Exports/>", &format!("<Exports>{exports}</Exports>"));
        let tape = Tape::default()
            .answer(200, exports)
            .answer(200, MEMBERS)
            .answer(200, template("{}"))
            .answer(
                200,
                "<ListImportsResponse><ListImportsResult><Imports><member>billing</member>
                 </Imports></ListImportsResult></ListImportsResponse>",
            )
            .answer(
                400,
                "<ErrorResponse><Error><Code>ValidationError</Code>
                 <Message>Export is not imported by any stack.</Message></Error></ErrorResponse>",
            );
        let (stack, found) = opened(tape).await;
        let exports = stack.exports.known().unwrap();
        let importers = |at: usize| exports[at].importers.known().unwrap().clone();
        assert_eq!(importers(0), ["billing"]);
        assert!(importers(1).is_empty() && exports.len() == 2);
        assert!(found.gaps.is_empty() && !format!("{found:?}").contains("planted"));
    }

    #[tokio::test]
    async fn refused_exports_are_a_gap_about_each_stack_and_none_of_the_listing() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default()
            .answer(403, denied)
            .answer(200, MEMBERS)
            .answer(200, template("{}"));
        let (stack, found) = opened(tape).await;
        assert_eq!(stack.exports, Fact::Unread);
        assert_eq!(found.gaps[0].resource, Some(found.resources[0].id.clone()));
        assert_eq!(found.gaps[0].action, "cloudformation:ListExports");
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
