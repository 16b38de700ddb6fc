//! An answer of AWS's as a tree, XML or JSON, so that a test can take something out or change it.

use serde_json::Value;

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Text(String),
    /// A number or a word of JSON's.
    Plain(Value),
    List(Vec<Self>),
    /// A JSON object, or an XML element with elements in it, whose names may repeat.
    Map(Vec<(String, Self)>),
}

/// Where something is: the number of the child at each step.
pub type Path = Vec<usize>;

/// A leaf and how it is found.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub path: Path,
    /// The names on the way to it, without the steps into lists.
    pub names: Vec<String>,
}

impl Leaf {
    pub fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

impl Tree {
    /// Reads an answer; nothing for what is neither XML nor JSON.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?.trim();
        if text.starts_with('{') {
            return Some(Self::from_json(serde_json::from_str(text).ok()?));
        }
        let mut rest = text;
        while let Some(it) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!")) {
            rest = it.split_once('>')?.1.trim_start();
        }
        let named = element(&mut rest)?;
        Some(Self::Map(vec![named]))
    }

    fn from_json(value: Value) -> Self {
        match value {
            Value::String(it) => Self::Text(it),
            Value::Array(it) => Self::List(it.into_iter().map(Self::from_json).collect()),
            Value::Object(it) => {
                let pairs = it.into_iter();
                Self::Map(pairs.map(|(k, v)| (k, Self::from_json(v))).collect())
            }
            it @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Self::Plain(it),
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(it) => Value::String(it.clone()),
            Self::Plain(it) => it.clone(),
            Self::List(it) => it.iter().map(Self::to_json).collect(),
            Self::Map(it) => it.iter().map(|(k, v)| (k.clone(), v.to_json())).collect(),
        }
    }

    pub fn to_xml(&self) -> String {
        match self {
            // It was never unescaped.
            Self::Text(it) => it.clone(),
            Self::Map(it) => {
                let parts = it.iter().map(|(tag, inside)| {
                    let name = tag.split_whitespace().next().unwrap_or(tag);
                    format!("<{tag}>{}</{name}>", inside.to_xml())
                });
                parts.collect()
            }
            Self::Plain(_) | Self::List(_) => unreachable!("XML has none"),
        }
    }

    /// Every text in it, in the order of the answer.
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut all = Vec::new();
        self.gather(&mut Vec::new(), &mut Vec::new(), &mut all);
        all
    }

    fn gather(&self, path: &mut Path, names: &mut Vec<String>, all: &mut Vec<Leaf>) {
        match self {
            Self::Text(_) => all.push(Leaf {
                path: path.clone(),
                names: names.clone(),
            }),
            Self::Plain(_) => {}
            Self::List(it) => {
                for (at, child) in it.iter().enumerate() {
                    path.push(at);
                    child.gather(path, names, all);
                    path.pop();
                }
            }
            Self::Map(it) => {
                for (at, (name, child)) in it.iter().enumerate() {
                    path.push(at);
                    let name = name.split_whitespace().next().unwrap_or(name);
                    names.push(name.to_owned());
                    child.gather(path, names, all);
                    names.pop();
                    path.pop();
                }
            }
        }
    }

    /// The part at a path.
    pub fn at(&mut self, path: &[usize]) -> &mut Self {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        match self {
            Self::List(it) => it[*first].at(rest),
            Self::Map(it) => it[*first].1.at(rest),
            Self::Text(_) | Self::Plain(_) => unreachable!("the path leads into a leaf"),
        }
    }

    /// Takes out what is at a path.
    pub fn remove(&mut self, path: &[usize]) {
        let (last, way) = path.split_last().expect("not the whole tree");
        match self.at(way) {
            Self::List(it) => drop(it.remove(*last)),
            Self::Map(it) => drop(it.remove(*last)),
            Self::Text(_) | Self::Plain(_) => unreachable!("the path leads into a leaf"),
        }
    }
}

/// One XML element with what is in it; its name keeps the attributes.
fn element(rest: &mut &str) -> Option<(String, Tree)> {
    let inside = rest.strip_prefix('<')?;
    let (tag, after) = inside.split_once('>')?;
    if let Some(empty) = tag.strip_suffix('/') {
        *rest = after;
        return Some((empty.trim_end().to_owned(), Tree::Map(Vec::new())));
    }
    *rest = after;
    let mut children = Vec::new();
    loop {
        let (text, markup) = rest.split_at(rest.find('<')?);
        if let Some(end) = markup.strip_prefix("</") {
            *rest = end.split_once('>')?.1;
            let tree = if children.is_empty() && !text.is_empty() {
                Tree::Text(text.to_owned())
            } else {
                Tree::Map(children)
            };
            return Some((tag.to_owned(), tree));
        }
        *rest = markup;
        children.push(element(rest)?);
    }
}
