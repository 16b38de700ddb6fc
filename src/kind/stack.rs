//! CloudFormation stack: what made most of a rack, and what takes it away again.
//!
//! Key: the stack's name. Of deleted stacks racklens knows nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model};
use crate::{
    arn,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;
pub mod template;

/// CloudFormation's type for a stack in a stack.
const NESTED: &str = "AWS::CloudFormation::Stack";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stack {
    /// The stack's ARN; unlike the name it is never used again.
    pub arn: String,
    /// AWS's word: `CREATE_COMPLETE`, `DELETE_FAILED`.
    pub status: String,
    /// The name of the stack that it is nested in.
    pub parent: Option<String>,
    /// Names of its parameters; their values are not kept.
    pub parameters: Vec<String>,
    /// The value of parameter `Rack`, kept only where it is the name of a stack in the region.
    pub rack_parameter: Option<String>,
    /// Whether Convox's parameter `InternalOnly` says that only the network should reach the rack;
    /// absent where it says neither `Yes` nor `No`. Its other parameters of such names, `Internal`
    /// and `Private`, leave the public router where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_only: Option<bool>,
    pub termination_protection: bool,
    /// Key of the role that CloudFormation changes it with; absent where that is who asks.
    pub role: Option<String>,
    /// What it made, for the rack's own stacks.
    pub members: Fact<Vec<Member>>,
    /// What stays when the stack is deleted, by its name in the template: CloudFormation's word
    /// for how, `Retain`, `RetainExceptOnCreate` or `Snapshot`.
    pub kept: Fact<BTreeMap<String, String>>,
    /// Values that other stacks may use.
    pub exports: Fact<Vec<Export>>,
}

/// One entry of `ListExports`; the value is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Export {
    pub name: String,
    /// Names of the stacks that use it.
    pub importers: Fact<Vec<String>>,
}

/// One entry of `ListStackResources`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// Its name in the template.
    pub logical: String,
    /// CloudFormation's type: `AWS::S3::Bucket`.
    #[serde(rename = "type")]
    pub cloudformation: String,
    /// An id, an ARN or a URL, as the type has it; empty while it is being made.
    pub physical: String,
    pub status: String,
}

impl Stack {
    /// Whether its last operation ended well, and none is under way.
    pub fn is_settled(&self) -> bool {
        matches!(
            self.status.as_str(),
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE"
        )
    }

    /// What it made, of the kinds that we know, with the name in the template.
    pub fn members(&self) -> impl Iterator<Item = (ResourceId, &str)> {
        let members = self.members.known().into_iter().flatten();
        members
            .filter(|it| it.status != "DELETE_COMPLETE")
            .filter_map(|it| {
                let id = arn::stack_resource(&it.cloudformation, &it.physical)?;
                Some((id, it.logical.as_str()))
            })
    }

    /// What stays when it is deleted and is there now, with CloudFormation's word for how.
    /// `None` where its template or what it made was not read.
    pub fn keeps(&self) -> Option<Vec<(&Member, &str)>> {
        let kept = self.kept.known()?;
        let members = self.members.known()?.iter();
        let members = members.filter(|it| it.status != "DELETE_COMPLETE");
        Some(
            members
                .filter_map(|it| Some((it, kept.get(&it.logical)?.as_str())))
                .collect(),
        )
    }

    /// What CloudFormation failed to delete and can leave there when it is asked once more.
    ///
    /// Empty where its last deletion did not fail, where it was not read at what, and where that is
    /// a stack nested in it: with that one CloudFormation would leave all that is in it.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html>
    pub fn failed(&self) -> Vec<&Member> {
        if self.status != "DELETE_FAILED" {
            return Vec::new();
        }
        let members = self.members.known().into_iter().flatten();
        let failed: Vec<&Member> = members.filter(|it| it.status == "DELETE_FAILED").collect();
        let nested = failed.iter().any(|it| it.cloudformation == NESTED);
        if nested { Vec::new() } else { failed }
    }

    /// What it made, of the kinds that we know.
    pub fn declares(&self) -> impl Iterator<Item = ResourceId> {
        self.members().map(|it| it.0)
    }
}

impl Model for Stack {
    fn relations(&self) -> Vec<Relation> {
        let parent = self.parent.as_ref().map(|it| {
            let parent = ResourceId::new(Kind::Stack, it);
            Relation::new(RelationKind::PartOf, parent, "ParentId")
        });
        self.declares()
            .map(|it| Relation::new(RelationKind::Declares, it, "PhysicalResourceId"))
            .chain(parent)
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.parent.is_some() {
            return Removal::Follows("a nested stack goes with its root stack");
        }
        Removal::by(Action::DeleteStack)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let members = match self.members.known() {
            Some(it) => text::count(it.len(), "resource"),
            None => "not opened".to_owned(),
        };
        if self.termination_protection {
            return format!("{members}, termination protection on");
        }
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(kind: &str, physical: &str, status: &str) -> Member {
        Member {
            logical: "It".to_owned(),
            cloudformation: kind.to_owned(),
            physical: physical.to_owned(),
            status: status.to_owned(),
        }
    }

    #[test]
    fn it_declares_what_it_made_and_still_has() {
        let stack = Stack {
            members: Fact::Known(vec![
                member("AWS::EC2::VPC", "vpc-1", "CREATE_COMPLETE"),
                member("AWS::EC2::Subnet", "subnet-1", "DELETE_COMPLETE"),
                member("Custom::EC2AvailabilityZones", "zones", "CREATE_COMPLETE"),
            ]),
            ..Stack::default()
        };
        let ids: Vec<String> = stack.declares().map(|it| it.to_string()).collect();
        assert_eq!(ids, ["vpc/vpc-1"]);
    }
}
