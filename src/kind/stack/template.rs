//! What a template says about the day on which its stack is deleted; nothing else of it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

#[derive(Deserialize)]
struct Template {
    #[serde(default, rename = "Resources")]
    resources: BTreeMap<String, Declared>,
}

#[derive(Deserialize)]
struct Declared {
    #[serde(default, rename = "Type")]
    cloudformation: String,
    #[serde(rename = "DeletionPolicy")]
    policy: Option<String>,
    #[serde(rename = "Properties")]
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "DBClusterIdentifier")]
    cluster: Option<IgnoredAny>,
}

impl Declared {
    /// CloudFormation's word, where it is another than `Delete`.
    fn kept(self) -> Option<String> {
        let of_cluster = self.properties.is_some_and(|it| it.cluster.is_some());
        match (self.policy, self.cloudformation.as_str()) {
            (Some(policy), _) => (policy != "Delete").then_some(policy),
            (None, "AWS::RDS::DBCluster") => Some("Snapshot".to_owned()),
            (None, "AWS::RDS::DBInstance") if !of_cluster => Some("Snapshot".to_owned()),
            (None, _) => None,
        }
    }
}

/// What stays of a template's resources, by their names in it: `Retain`, `RetainExceptOnCreate` or
/// `Snapshot`. A database is kept as a snapshot even where the template says nothing.
///
/// `None` when the text is neither JSON nor YAML of a template; why is not told, for that would
/// tell what stands in it.
pub fn kept(text: &str) -> Option<BTreeMap<String, String>> {
    let template: Template = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).ok()?
    } else {
        serde_saphyr::from_str(text).ok()?
    };
    let resources = template.resources.into_iter();
    Some(
        resources
            .filter_map(|(name, it)| Some((name, it.kept()?)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(String, String)> {
        kept(text).unwrap().into_iter().collect()
    }

    fn pair(name: &str, policy: &str) -> (String, String) {
        (name.to_owned(), policy.to_owned())
    }

    #[test]
    fn json_tells_what_stays() {
        let text = r#"{"Parameters":{"A":{"Default":"x"}},"Resources":{
            "Logs":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain"},
            "Queue":{"Type":"AWS::SQS::Queue","DeletionPolicy":"Delete"},
            "Topic":{"Type":"AWS::SNS::Topic","Properties":{"Name":{"Fn::Sub":"a-${B}"}}}}}"#;
        assert_eq!(said(text), [pair("Logs", "Retain")]);
    }

    #[test]
    fn yaml_with_short_functions_tells_what_stays() {
        let text = "AWSTemplateFormatVersion: 2010-09-09\n\
            Conditions:\n  Big: !Not [!Equals [!Ref A, \"\"]]\n\
            Resources:\n  Logs:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n    \
            Properties:\n      BucketName: !Sub \"${AWS::StackName}-logs\"\n      Tags:\n        - Key: a\n          \
            Value: !If [Big, !GetAtt It.Arn, !Ref AWS::NoValue]\n  \
            Topic:\n    Type: AWS::SNS::Topic\nOutputs:\n  It:\n    Value: !GetAtt Logs.Arn\n";
        assert_eq!(said(text), [pair("Logs", "Retain")]);
    }

    #[test]
    fn a_database_leaves_a_snapshot_unless_its_cluster_does() {
        let text = r#"{"Resources":{
            "Alone":{"Type":"AWS::RDS::DBInstance","Properties":{"Engine":"postgres"}},
            "Gone":{"Type":"AWS::RDS::DBInstance","DeletionPolicy":"Delete"},
            "Member":{"Type":"AWS::RDS::DBInstance","Properties":{"DBClusterIdentifier":{"Ref":"C"}}},
            "C":{"Type":"AWS::RDS::DBCluster"}}}"#;
        assert_eq!(
            said(text),
            [pair("Alone", "Snapshot"), pair("C", "Snapshot")]
        );
    }

    #[test]
    fn of_what_is_no_template_nothing_is_told() {
        assert!(kept("{\"Resources\": [").is_none());
        assert!(kept("Resources: [1, 2").is_none());
    }
}
