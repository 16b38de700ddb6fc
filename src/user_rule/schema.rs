//! JSON Schemas of what users write, for editors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{cel::LONGEST, facts, shape::Shape};
use crate::{
    kind::Kind,
    rule::{
        Category, Pack, Severity, Status,
        pack::{Check, Ready},
    },
};

/// The schema that ours are written in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a rule's file.
pub fn rule() -> Value {
    let kinds = Kind::ALL.iter().map(|it| it.name());
    let attrs = Kind::ALL.iter().map(|it| {
        let schema = of(&facts::fields_of(*it));
        (it.name().to_owned(), schema)
    });
    let attrs: Map<String, Value> = attrs.collect();
    json!({
        "$schema": DIALECT,
        "title": "A rule for racklens",
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "title", "severity", "category", "kind", "pass", "risk", "remedy", "examples"],
        "properties": {
            "id": {
                "description": "Small letters, digits and `-`; no other rule's, and never changed",
                "type": "string", "pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$", "maxLength": 60,
            },
            "title": {
                "description": "What is wrong when it fails, in a few words",
                "type": "string", "minLength": 1,
            },
            "severity": { "enum": severities() },
            "category": { "enum": categories() },
            "kind": {
                "description": "What the rule is about",
                "enum": kinds.collect::<Vec<_>>(),
            },
            "when": condition("Of which of them, as a condition in CEL; of all, if it is left out"),
            "pass": condition("What is true of one that is fine, as a condition in CEL"),
            "why": {
                "description": "The sentence of a finding, with places: `{name} keeps {it.retention_days} days`",
                "type": "string",
            },
            "risk": {
                "description": "What it means for a rack when it fails",
                "type": "string", "minLength": 1,
            },
            "remedy": {
                "description": "Steps that mend it",
                "anyOf": [texts(), { "type": "string" }],
            },
            "references": {
                "type": "array",
                "items": { "type": "string", "pattern": "^https://" },
            },
            "equivalents": texts(),
            "parameters": {
                "description": "Numbers, texts and lists that racklens.toml may set; a condition writes `params.NAME`",
                "type": "object",
                "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
                "additionalProperties": {
                    "anyOf": [
                        { "type": ["string", "integer", "boolean"] },
                        { "type": "array", "items": { "type": ["string", "integer", "boolean"] } },
                    ],
                },
            },
            "examples": {
                "description": "At least one that fails and one that passes; they are run before the rule is used",
                "type": "array", "minItems": 2, "items": { "$ref": "#/$defs/example" },
            },
        },
        "$defs": {
            "example": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name", "subject", "verdict", "resources"],
                "properties": {
                    "name": { "description": "What it shows", "type": "string" },
                    "subject": { "description": "The resource that is judged", "$ref": "#/$defs/id" },
                    "verdict": { "enum": statuses() },
                    "taken": {
                        "description": "When it is so; ages are counted from here",
                        "type": "string", "format": "date-time",
                    },
                    "foreign": {
                        "description": "Which of the resources are not the rack's",
                        "type": "array", "items": { "$ref": "#/$defs/id" },
                    },
                    "resources": { "type": "array", "items": { "$ref": "#/$defs/resource" } },
                },
            },
            "id": {
                "description": "KIND/KEY",
                "type": "string", "pattern": "^[a-z-]+/.+$",
            },
            "resource": {
                "description": "As `racklens show KIND/KEY --format json` prints it below `resource`",
                "type": "object",
                "additionalProperties": false,
                "required": ["id", "attrs"],
                "properties": {
                    "id": { "$ref": "#/$defs/id" },
                    "arn": { "type": "string" },
                    "name": { "type": "string" },
                    "created": { "type": "string", "format": "date-time" },
                    "tags": { "type": "object", "additionalProperties": { "type": "string" } },
                    "attrs": {
                        "type": "object",
                        "additionalProperties": false,
                        "minProperties": 1, "maxProperties": 1,
                        "properties": attrs,
                    },
                },
            },
        },
    })
}

/// The schema of `racklens.toml`, with the parameters of our own rules.
pub fn config(pack: &Pack) -> Value {
    let rules = pack.rules().iter();
    let rules: Map<String, Value> = rules.map(|it| (it.id.to_owned(), setting(it))).collect();
    json!({
        "$schema": DIALECT,
        "title": "racklens.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "rack": {
                "description": "Racks by name",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "stacks": texts(),
                        "cluster": { "type": "string" },
                        "tags": { "type": "object", "additionalProperties": { "type": "string" } },
                        "terraform": { "anyOf": [texts(), { "type": "string" }] },
                        "own": texts(),
                        "keep": texts(),
                        "usage": usage("How much the rack uses of what is billed by use; counts more than `usage` of the file"),
                    },
                },
            },
            "rules": {
                "description": "Folders of your own rules, beside this file",
                "anyOf": [texts(), { "type": "string" }],
            },
            "rule": {
                "description": "What is set for a rule, by its id",
                "type": "object",
                "properties": rules,
                "additionalProperties": anyones(),
            },
            "usage": usage("How much any rack uses a month of what is billed by use"),
            "cost": {
                "description": "How costs are counted",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "weights": {
                        "description": "What a vCPU counts against a GiB of memory when a machine is split among apps",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["cpu", "memory"],
                        "properties": { "cpu": amount(), "memory": amount() },
                    },
                },
            },
            "account": {
                "description": "What of the account AWS does not tell",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "opened": {
                        "description": "The day on which it, or the one that pays for it, was opened: 2018-04-29",
                        "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$",
                    },
                    "credits": amount(),
                },
            },
            "mute": {
                "description": "Findings that someone has accepted until a day",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["rule", "resource", "owner", "reason", "until"],
                    "properties": {
                        "rule": { "description": "The rule's id", "type": "string" },
                        "resource": {
                            "description": "KIND/KEY, where `*` stands for any letters and `?` for one",
                            "type": "string", "minLength": 1,
                        },
                        "key": {
                            "description": "Which of several findings about the resource, as audit's JSON tells it below `detail`; `*` stands for any letters",
                            "type": "string",
                        },
                        "rack": {
                            "description": "Names of racks, `*` for any letters; every rack, if it is left out",
                            "type": "string", "minLength": 1,
                        },
                        "owner": { "type": "string", "minLength": 1 },
                        "reason": { "type": "string", "minLength": 1 },
                        "until": {
                            "description": "The last day on which it holds: 2027-01-31",
                            "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$",
                        },
                    },
                },
            },
        },
    })
}

/// Amounts by KIND or KIND/KEY, then by what of it.
fn usage(about: &str) -> Value {
    json!({
        "description": about,
        "type": "object",
        "additionalProperties": { "type": "object", "additionalProperties": amount() },
    })
}

fn amount() -> Value {
    json!({
        "anyOf": [
            { "type": "number", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
        ],
    })
}

fn setting(rule: &Ready) -> Value {
    let remarks = match &rule.check {
        Check::BuiltIn(it) => it.remarks(),
        Check::User(_) => BTreeMap::new(),
    };
    let parameters = rule.words.parameters.iter();
    let parameters: Map<String, Value> = parameters
        .map(|(name, usual)| {
            let remark = remarks.get(name).map_or("", String::as_str);
            (name.clone(), parameter(usual, remark))
        })
        .collect();
    json!({
        "description": rule.words.title,
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "severity": { "enum": severities() },
            "enabled": { "type": "boolean" },
            "parameters": {
                "type": "object",
                "additionalProperties": false,
                "properties": parameters,
            },
        },
    })
}

/// What may be set for a rule that only the user knows.
fn anyones() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "severity": { "enum": severities() },
            "enabled": { "type": "boolean" },
            "parameters": { "type": "object" },
        },
    })
}

fn parameter(usual: &toml::Value, remark: &str) -> Value {
    let mut schema = match usual {
        toml::Value::Integer(_) => json!({ "type": "integer" }),
        toml::Value::Boolean(_) => json!({ "type": "boolean" }),
        toml::Value::Float(_) => json!({ "type": "number" }),
        toml::Value::Array(all) => match all.first() {
            Some(toml::Value::Integer(_)) => {
                json!({ "type": "array", "items": { "type": "integer" } })
            }
            _ => texts(),
        },
        toml::Value::String(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
            json!({ "type": "string" })
        }
    };
    if let (Some(schema), Ok(usual)) = (schema.as_object_mut(), serde_json::to_value(usual)) {
        schema.insert("description".to_owned(), remark.into());
        schema.insert("default".to_owned(), usual);
    }
    schema
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn condition(about: &str) -> Value {
    json!({ "description": about, "type": "string", "minLength": 1, "maxLength": LONGEST })
}

fn severities() -> Vec<&'static str> {
    Severity::WORST_FIRST.iter().map(|it| it.name()).collect()
}

fn categories() -> Vec<&'static str> {
    Category::ALL.iter().map(|it| it.name()).collect()
}

fn statuses() -> [&'static str; 4] {
    [
        Status::Fail,
        Status::Unknown,
        Status::Pass,
        Status::NotApplicable,
    ]
    .map(Status::name)
}

/// A type of the snapshot as the snapshot writes it.
fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "integer" }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Moment => json!({ "type": "string", "format": "date-time" }),
        Shape::List(it) => json!({ "type": "array", "items": of(it) }),
        Shape::Map(it) => json!({ "type": "object", "additionalProperties": of(it) }),
        Shape::Record(fields) => {
            let fields: Map<String, Value> = fields
                .iter()
                .map(|(name, it)| (name.clone(), of(it)))
                .collect();
            json!({ "type": "object", "additionalProperties": false, "properties": fields })
        }
        Shape::Maybe(it) => json!({ "anyOf": [of(it), { "type": "null" }] }),
        Shape::Fact(it) => json!({
            "anyOf": [
                { "const": "unread" },
                {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["known"],
                    "properties": { "known": of(it) },
                },
            ],
        }),
        Shape::Null => json!({ "type": "null" }),
        Shape::Any => json!({}),
    }
}
