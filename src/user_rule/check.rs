//! Holds a condition in CEL against the names and types that there are, before anything is judged.
//!
//! CEL by itself finds a wrong name when it comes by it, and finds `"5" == 5` false. Here both are
//! mistakes, found when the rule is loaded.

use std::{collections::BTreeSet, mem};

use cel::{
    IdedExpr,
    common::ast::{
        CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, SourceInfo, operators,
    },
};

use super::{
    language::{BadCondition, Scope},
    shape::Shape,
};
use crate::table;

/// The function that counts what is gone through; nobody can write its name.
pub const COUNT: &str = "@count";
/// How deep a condition may nest.
const DEEPEST: usize = 48;
/// How many loops may stand inside of each other.
const LOOPS: usize = 3;

/// What a condition may call, besides operators and loops; for hints.
const CALLS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "glob",
    "string",
    "days_since",
    "days_until",
    "cidr_within",
    "has",
    "all",
    "exists",
    "exists_one",
    "filter",
    "map",
];

/// Checks a condition, and makes every list that it reads one that is counted.
///
/// # Errors
/// When it is no sound question.
pub fn check(
    expr: &mut IdedExpr,
    source: &SourceInfo,
    scope: &Scope,
) -> Result<BTreeSet<Vec<String>>, BadCondition> {
    let mut checker = Checker {
        scope,
        source,
        variables: Vec::new(),
        paths: BTreeSet::new(),
        loops: 0,
        depth: 0,
    };
    let id = expr.id;
    let shape = checker.shape(expr)?;
    if *shape.certain() != Shape::Bool {
        let message = format!("it must be true or false, and is a {shape}");
        return Err(checker.bad(id, message, "compare it with something: `it.port == 22`"));
    }
    let all = checker.paths;
    let longer =
        |it: &Vec<String>, than: &Vec<String>| it.len() > than.len() && it.starts_with(than);
    let longest = all
        .iter()
        .filter(|it| !all.iter().any(|other| longer(other, it)));
    Ok(longest.cloned().collect())
}

struct Checker<'s> {
    scope: &'s Scope,
    source: &'s SourceInfo,
    /// Those of the loops around, the innermost last.
    variables: Vec<(String, Shape)>,
    paths: BTreeSet<Vec<String>>,
    loops: usize,
    depth: usize,
}

impl Checker<'_> {
    fn bad(&self, id: u64, message: impl Into<String>, hint: impl Into<String>) -> BadCondition {
        let at = self.source.offset_for(id).map_or(0, |it| it.0);
        BadCondition {
            at: usize::try_from(at).unwrap_or_default(),
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The type of an expression, which is sound.
    fn shape(&mut self, expr: &mut IdedExpr) -> Result<Shape, BadCondition> {
        let id = expr.id;
        self.depth += 1;
        if self.depth > DEEPEST {
            let hint = "split the rule in two";
            return Err(self.bad(id, "the condition nests too deep", hint));
        }
        if let Some(path) = self.path(&expr.expr) {
            self.paths.insert(path);
        }
        let mut counted = false;
        let shape = match &mut expr.expr {
            Expr::Literal(it) => literal(it),
            Expr::Ident(name) => {
                counted = !name.starts_with('@');
                self.name(id, name)?
            }
            Expr::Select(it) => {
                counted = !it.test;
                self.field(id, it)?
            }
            Expr::Call(it) => {
                counted = it.func_name == operators::INDEX;
                self.call(id, it)?
            }
            Expr::List(list) => {
                let mut of = Shape::Any;
                for it in &mut list.elements {
                    let id = it.id;
                    let shape = self.shape(it)?;
                    of = self.one_of(id, of, shape)?;
                }
                Shape::list(of)
            }
            Expr::Comprehension(it) => self.comprehension(id, it)?,
            Expr::Map(_) | Expr::Struct(_) => {
                return Err(self.bad(id, "a condition makes no maps", "write a list: `[1, 2]`"));
            }
            Expr::Unspecified => return Err(self.bad(id, "something is missing here", "")),
        };
        if counted && matches!(shape.certain(), Shape::List(_) | Shape::Map(_)) {
            let inner = mem::take(&mut expr.expr);
            expr.expr = Expr::Call(CallExpr {
                func_name: COUNT.to_owned(),
                target: None,
                args: vec![IdedExpr { id, expr: inner }],
            });
        }
        self.depth -= 1;
        Ok(shape)
    }

    /// The path that an expression spells, when it begins with a name of the scope.
    fn path(&self, expr: &Expr) -> Option<Vec<String>> {
        match expr {
            Expr::Ident(name) => {
                let ours = !self.variables.iter().any(|it| it.0 == *name);
                (ours && self.scope.contains_key(name)).then(|| vec![name.clone()])
            }
            Expr::Select(it) if !it.test => {
                let mut path = self.path(&it.operand.expr)?;
                path.push(it.field.clone());
                Some(path)
            }
            Expr::Select(_)
            | Expr::Unspecified
            | Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Struct(_) => None,
        }
    }

    fn name(&self, id: u64, name: &str) -> Result<Shape, BadCondition> {
        let variable = self.variables.iter().rev().find(|it| it.0 == name);
        let found = variable.map(|it| &it.1).or_else(|| self.scope.get(name));
        found.cloned().ok_or_else(|| {
            let message = format!("there is no `{name}`");
            let field = self.scope.get("it").and_then(Shape::fields);
            let hint = if field.is_some_and(|it| it.contains_key(name)) {
                format!("a field of the resource is written `it.{name}`")
            } else {
                did_you_mean(name, self.scope.keys())
            };
            self.bad(id, message, hint)
        })
    }

    fn field(&mut self, id: u64, select: &mut SelectExpr) -> Result<Shape, BadCondition> {
        let operand = self.shape(&mut select.operand)?;
        let name = &select.field;
        match operand.certain() {
            Shape::Map(_) if select.test => Ok(Shape::Bool),
            Shape::Map(of) => Ok(Shape::clone(of)),
            Shape::Record(_) if select.test => {
                let hint = format!("compare it with null: `… .{name} != null`");
                Err(self.bad(id, format!("`{name}` is always there"), hint))
            }
            Shape::Record(fields) => fields.get(name).cloned().ok_or_else(|| {
                let message = format!("there is no field `{name}`");
                self.bad(id, message, did_you_mean(name, fields.keys()))
            }),
            Shape::List(_) => {
                let message = format!("a list has no field `{name}`");
                let hint = format!("ask its entries: `….exists(x, x.{name} == …)`");
                Err(self.bad(id, message, hint))
            }
            Shape::Bool
            | Shape::Number
            | Shape::Text
            | Shape::Moment
            | Shape::Maybe(_)
            | Shape::Fact(_)
            | Shape::Null
            | Shape::Any => Err(self.bad(id, format!("a {operand} has no field `{name}`"), "")),
        }
    }

    fn comprehension(
        &mut self,
        id: u64,
        it: &mut ComprehensionExpr,
    ) -> Result<Shape, BadCondition> {
        let range_id = it.iter_range.id;
        let range = self.shape(&mut it.iter_range)?;
        let entry = match range.certain() {
            Shape::List(of) => Shape::clone(of),
            // Maps have no order that a list made of one could have.
            Shape::Map(_) if !matches!(it.accu_init.expr, Expr::List(_)) => Shape::Text,
            Shape::Map(_) => {
                let hint = "use `exists` or `all`";
                return Err(self.bad(id, "a map cannot be made a list", hint));
            }
            Shape::Record(_)
            | Shape::Bool
            | Shape::Number
            | Shape::Text
            | Shape::Moment
            | Shape::Maybe(_)
            | Shape::Fact(_)
            | Shape::Null
            | Shape::Any => {
                let message = format!("a {range} has no entries to go through");
                return Err(self.bad(range_id, message, ""));
            }
        };
        if self.scope.contains_key(&it.iter_var) {
            let message = format!("`{}` already has a meaning", it.iter_var);
            return Err(self.bad(id, message, "call the entry something else: `x`"));
        }
        self.loops += 1;
        if self.loops > LOOPS {
            let message = format!("more than {LOOPS} loops stand inside of each other");
            return Err(self.bad(id, message, "split the rule in two"));
        }
        let init = self.shape(&mut it.accu_init)?;
        let before = self.variables.len();
        self.variables.push((it.accu_var.clone(), init.clone()));
        self.variables.push((it.iter_var.clone(), entry));
        self.shape(&mut it.loop_cond)?;
        let step_id = it.loop_step.id;
        let step = self.shape(&mut it.loop_step)?;
        let whole = self.one_of(step_id, init, step)?;
        self.variables.truncate(before);
        self.variables.push((it.accu_var.clone(), whole));
        let result = self.shape(&mut it.result)?;
        self.variables.truncate(before);
        self.loops -= 1;
        Ok(result)
    }

    /// What is one or the other.
    fn one_of(&self, id: u64, one: Shape, other: Shape) -> Result<Shape, BadCondition> {
        match (&one, &other) {
            (Shape::Any, _) => Ok(other),
            (_, Shape::Any) => Ok(one),
            (Shape::Null, _) => Ok(Shape::maybe(other)),
            (_, Shape::Null) => Ok(Shape::maybe(one)),
            (Shape::List(a), Shape::List(b)) => {
                let of = self.one_of(id, Shape::clone(a), Shape::clone(b))?;
                Ok(Shape::list(of))
            }
            _ if alike(&one, &other) => Ok(one),
            _ => Err(self.bad(id, format!("a {one} and a {other} do not go together"), "")),
        }
    }

    fn call(&mut self, id: u64, call: &mut CallExpr) -> Result<Shape, BadCondition> {
        let name = call.func_name.clone();
        let mut shapes = Vec::new();
        for it in call
            .target
            .iter_mut()
            .map(|it| &mut **it)
            .chain(&mut call.args)
        {
            shapes.push(self.shape(it)?);
        }
        let certain: Vec<&Shape> = shapes.iter().map(Shape::certain).collect();
        let known = operator(&name, &certain).or_else(|| {
            let method = call.target.is_some();
            function(&name, method, &certain)
        });
        if let Some(shape) = known {
            return Ok(shape);
        }
        let told: Vec<String> = shapes.iter().map(ToString::to_string).collect();
        let told = told.join(" and ");
        let sign = name.trim_matches(['_', '@']);
        if operators::find_operator(sign).is_some() || name.contains('_') && sign.len() < 4 {
            let hint = hint(sign, &certain);
            return Err(self.bad(id, format!("`{sign}` does not work on {told}"), hint));
        }
        if CALLS.contains(&sign) {
            let message = format!("`{sign}` does not work on {told}");
            return Err(self.bad(id, message, ""));
        }
        let message = format!("there is no function `{sign}`");
        if sign == "matches" {
            let hint = "patterns are asked with `glob(name, \"web-*\")`";
            return Err(self.bad(id, message, hint));
        }
        let calls: Vec<String> = CALLS.iter().map(|it| (*it).to_owned()).collect();
        Err(self.bad(id, message, did_you_mean(sign, calls.iter())))
    }
}

fn literal(it: &LiteralValue) -> Shape {
    match it {
        LiteralValue::Boolean(_) => Shape::Bool,
        LiteralValue::Int(_) => Shape::Number,
        LiteralValue::String(_) => Shape::Text,
        LiteralValue::Null => Shape::Null,
        // Nothing that is known of a resource is one of these.
        LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => Shape::Any,
    }
}

/// Whether two values can be one: types are the same but for doubt.
fn alike(one: &Shape, other: &Shape) -> bool {
    match (one.certain(), other.certain()) {
        (Shape::Text | Shape::Moment, Shape::Text | Shape::Moment) => true,
        (Shape::List(a), Shape::List(b)) => **a == Shape::Any || **b == Shape::Any || alike(a, b),
        (a, b) => a == b,
    }
}

/// Whether `==` says something about them.
fn comparable(one: &Shape, other: &Shape) -> bool {
    let plain = |it: &Shape| {
        matches!(
            it,
            Shape::Bool | Shape::Number | Shape::Text | Shape::Moment | Shape::List(_)
        )
    };
    match (one, other) {
        (Shape::Null, Shape::Any) | (Shape::Any, _) => false,
        (Shape::Null, _) | (_, Shape::Null) => true,
        (one, other) => plain(one) && plain(other) && alike(one, other),
    }
}

/// What an operator makes of its operands; `None` where it is none or does not take them.
fn operator(name: &str, of: &[&Shape]) -> Option<Shape> {
    use operators::{
        ADD, CONDITIONAL, DIVIDE, EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS,
        LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, MODULO, MULTIPLY, NEGATE, NOT_EQUALS,
        NOT_STRICTLY_FALSE, SUBSTRACT,
    };
    match (name, of) {
        (LOGICAL_AND | LOGICAL_OR, [Shape::Bool, Shape::Bool])
        | (LOGICAL_NOT | NOT_STRICTLY_FALSE, [Shape::Bool]) => Some(Shape::Bool),
        (EQUALS | NOT_EQUALS, [a, b]) if comparable(a, b) => Some(Shape::Bool),
        (LESS | LESS_EQUALS | GREATER | GREATER_EQUALS, [Shape::Number, Shape::Number])
        | (LESS | LESS_EQUALS | GREATER | GREATER_EQUALS, [Shape::Text, Shape::Text]) => {
            Some(Shape::Bool)
        }
        (IN, [Shape::Text, Shape::Map(_)]) => Some(Shape::Bool),
        (IN, [one, Shape::List(of)]) if comparable(one, of.certain()) => Some(Shape::Bool),
        (ADD | SUBSTRACT | MULTIPLY | DIVIDE | MODULO, [Shape::Number, Shape::Number])
        | (NEGATE, [Shape::Number]) => Some(Shape::Number),
        (ADD, [Shape::Text, Shape::Text]) => Some(Shape::Text),
        (ADD, [Shape::List(a), Shape::List(b)]) => match (&**a, &**b) {
            (Shape::Any, it) | (it, Shape::Any) => Some(Shape::list(it.clone())),
            (a, b) if alike(a, b) => Some(Shape::list(a.clone())),
            _ => None,
        },
        (INDEX, [Shape::List(of), Shape::Number]) | (INDEX, [Shape::Map(of), Shape::Text]) => {
            Some(Shape::clone(of))
        }
        (CONDITIONAL, [Shape::Bool, Shape::Null, it] | [Shape::Bool, it, Shape::Null]) => {
            Some(Shape::maybe((*it).clone()))
        }
        (CONDITIONAL, [Shape::Bool, a, b]) if alike(a, b) => Some((*a).clone()),
        _ => None,
    }
}

/// What a function makes of its arguments, the one before the dot first.
fn function(name: &str, method: bool, of: &[&Shape]) -> Option<Shape> {
    let text = |it: &Shape| matches!(it, Shape::Text | Shape::Moment);
    match (name, method, of) {
        ("size", _, [Shape::List(_) | Shape::Map(_) | Shape::Text]) => Some(Shape::Number),
        ("contains" | "startsWith" | "endsWith", true, [a, b]) if text(a) && text(b) => {
            Some(Shape::Bool)
        }
        ("glob", false, [a, Shape::Text]) if text(a) => Some(Shape::Bool),
        ("string", false, [Shape::Bool | Shape::Number | Shape::Text]) => Some(Shape::Text),
        ("days_since" | "days_until", false, [Shape::Moment]) => Some(Shape::Number),
        ("cidr_within", false, [Shape::Text, Shape::List(of)]) if **of == Shape::Text => {
            Some(Shape::Bool)
        }
        _ => None,
    }
}

/// What to do where an operator does not take what it was given.
fn hint(sign: &str, of: &[&Shape]) -> String {
    let has = |wanted: fn(&Shape) -> bool| of.iter().any(|it| wanted(it));
    if has(|it| matches!(it, Shape::Moment)) && sign.starts_with(['<', '>']) {
        return "moments are compared by age: `days_since(it.created) > 30`".to_owned();
    }
    if has(|it| matches!(it, Shape::Record(_))) {
        return "compare one of its fields".to_owned();
    }
    if has(|it| matches!(it, Shape::Text)) && has(|it| matches!(it, Shape::Number)) {
        return "a number is written without quotes, a text with them".to_owned();
    }
    if has(|it| matches!(it, Shape::Any)) {
        return "numbers are whole: write 5, not 5.0 or 5u".to_owned();
    }
    String::new()
}

/// The names that were meant, or all.
fn did_you_mean<'n>(name: &str, all: impl Iterator<Item = &'n String> + Clone) -> String {
    let near = table::near(name, all.clone().map(String::as_str));
    if near.is_empty() {
        let all: Vec<&str> = all.map(String::as_str).collect();
        return format!("there are {}", all.join(", "));
    }
    format!("did you mean {}?", near.join(" or "))
}
