//! What fields a kind's description has, and of which types: asked of the types themselves.
//!
//! A kind is read from a source that has an answer to everything and writes down what it was
//! asked for. So no list of fields has to be kept beside the code, and none can fall behind it.

use std::{cell::RefCell, collections::BTreeMap, fmt, sync::Arc};

use serde::{
    Deserialize as _, Deserializer,
    de::{
        self, DeserializeSeed, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess,
        VariantAccess, Visitor,
    },
};

use crate::kind::{Attrs, Kind};

/// The type of a value that an expression can see.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Bool,
    Number,
    Text,
    /// A text that tells a moment: `2018-05-01T18:00:00Z`.
    Moment,
    List(Arc<Self>),
    /// From texts to values: tags, options.
    Map(Arc<Self>),
    /// Fields that are always there.
    Record(Arc<BTreeMap<String, Self>>),
    /// Null where AWS says nothing.
    Maybe(Arc<Self>),
    /// Takes a call of its own to learn, and so may not be known.
    Fact(Arc<Self>),
    /// Null, and nothing else.
    Null,
    /// Nothing can be said about it: an entry of a list that is empty as it is written.
    Any,
}

impl Shape {
    /// The fields of a kind's own description.
    ///
    /// `Any` where the description cannot be asked; a test keeps this from ever being seen.
    pub fn of(kind: Kind) -> Self {
        let state = State {
            kind: kind.name(),
            tries: RefCell::default(),
            last: RefCell::default(),
        };
        // Each round may find that one more text has a form of its own.
        for _ in 0..ROUNDS {
            let mut shape = Self::Any;
            let tracer = Tracer::new(&state, String::new(), &mut shape);
            if Attrs::deserialize(tracer).is_ok() {
                return shape;
            }
            let last = state.last.borrow().clone();
            let mut tries = state.tries.borrow_mut();
            let tried = tries.entry(last).or_default();
            *tried += 1;
            if *tried >= TEXTS.len() {
                break;
            }
        }
        Self::Any
    }

    pub fn list(of: Self) -> Self {
        Self::List(Arc::new(of))
    }

    pub fn map(of: Self) -> Self {
        Self::Map(Arc::new(of))
    }

    pub fn maybe(of: Self) -> Self {
        Self::Maybe(Arc::new(of))
    }

    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, it)| (name.into(), it));
        Self::Record(Arc::new(fields.collect()))
    }

    /// Without the doubt whether there is one.
    pub fn certain(&self) -> &Self {
        match self {
            Self::Maybe(it) | Self::Fact(it) => it.certain(),
            Self::Bool
            | Self::Number
            | Self::Text
            | Self::Moment
            | Self::List(_)
            | Self::Map(_)
            | Self::Record(_)
            | Self::Null
            | Self::Any => self,
        }
    }

    /// Its fields, where it has some.
    pub fn fields(&self) -> Option<&BTreeMap<String, Self>> {
        match self.certain() {
            Self::Record(it) => Some(it),
            Self::Bool
            | Self::Number
            | Self::Text
            | Self::Moment
            | Self::List(_)
            | Self::Map(_)
            | Self::Maybe(_)
            | Self::Fact(_)
            | Self::Null
            | Self::Any => None,
        }
    }

    /// Every path into it with the shape at its end, entries of lists written `[]`.
    pub fn paths(&self) -> Vec<(String, &Self)> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect<'a>(&'a self, path: &str, paths: &mut Vec<(String, &'a Self)>) {
        match self.certain() {
            Self::Record(fields) => {
                for (name, field) in fields.iter() {
                    let path = match path {
                        "" => name.clone(),
                        path => format!("{path}.{name}"),
                    };
                    paths.push((path.clone(), field));
                    field.collect(&path, paths);
                }
            }
            Self::List(of) => of.collect(&format!("{path}[]"), paths),
            Self::Map(of) => of.collect(&format!("{path}[NAME]"), paths),
            Self::Bool
            | Self::Number
            | Self::Text
            | Self::Moment
            | Self::Maybe(_)
            | Self::Fact(_)
            | Self::Null
            | Self::Any => {}
        }
    }
}

/// "list of texts, or null".
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Number => f.write_str("number"),
            Self::Text => f.write_str("text"),
            Self::Moment => f.write_str("moment"),
            Self::List(of) => match of.certain() {
                Self::Record(_) => f.write_str("list of records"),
                Self::Text => f.write_str("list of texts"),
                Self::Number => f.write_str("list of numbers"),
                Self::Bool
                | Self::Moment
                | Self::List(_)
                | Self::Map(_)
                | Self::Maybe(_)
                | Self::Fact(_)
                | Self::Null
                | Self::Any => f.write_str("list"),
            },
            Self::Map(_) => f.write_str("map"),
            Self::Record(_) => f.write_str("record"),
            Self::Maybe(it) => write!(f, "{it}, or null"),
            Self::Fact(it) => write!(f, "{it}, or not read"),
            Self::Null => f.write_str("null"),
            Self::Any => f.write_str("anything"),
        }
    }
}

/// How often a kind is read at most: as often as it has texts of a form of their own.
const ROUNDS: usize = 64;
/// How deep descriptions nest at most.
const DEEPEST: usize = 12;
/// Texts, one of which every field takes.
const TEXTS: [&str; 5] = [
    "",
    "2018-05-01T18:00:00Z",
    "1",
    "vpc/vpc-0123",
    "10.0.0.0/8",
];
const MOMENT: usize = 1;

struct State {
    kind: &'static str,
    /// Which of the texts is given at each path.
    tries: RefCell<BTreeMap<String, usize>>,
    /// Where a text was asked for last: what refuses it ends the round.
    last: RefCell<String>,
}

/// Answers whatever is asked of it, and writes down what that was.
struct Tracer<'s, 'o> {
    state: &'s State,
    path: String,
    out: &'o mut Shape,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl<'s, 'o> Tracer<'s, 'o> {
    fn new(state: &'s State, path: String, out: &'o mut Shape) -> Self {
        Self { state, path, out }
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let tried = self.state.tries.borrow().get(&self.path).copied();
        let tried = tried.unwrap_or_default();
        *self.out = if tried == MOMENT {
            Shape::Moment
        } else {
            Shape::Text
        };
        self.state.last.replace(self.path);
        visitor.visit_str(TEXTS.get(tried).copied().unwrap_or_default())
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        *self.out = Shape::Number;
        visitor.visit_u8(1)
    }
}

macro_rules! answer {
    ($($ask:ident => $with:ident),+ $(,)?) => {
        $(
            fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
                self.$with(visitor)
            }
        )+
    };
}

impl<'de> Deserializer<'de> for Tracer<'_, '_> {
    type Error = Refused;

    answer! {
        deserialize_i8 => number, deserialize_i16 => number, deserialize_i32 => number,
        deserialize_i64 => number, deserialize_u8 => number, deserialize_u16 => number,
        deserialize_u32 => number, deserialize_u64 => number, deserialize_f32 => number,
        deserialize_f64 => number,
        deserialize_any => text, deserialize_char => text, deserialize_str => text,
        deserialize_string => text, deserialize_bytes => text, deserialize_byte_buf => text,
        deserialize_identifier => text, deserialize_ignored_any => text,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        *self.out = Shape::Bool;
        visitor.visit_bool(true)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let mut inner = Shape::Any;
        let read = visitor.visit_some(Tracer::new(self.state, self.path, &mut inner));
        *self.out = Shape::maybe(inner);
        read
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        *self.out = Shape::Null;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let mut inner = Shape::Any;
        let path = format!("{}[]", self.path);
        let read = visitor.visit_seq(Once(Some(Tracer::new(self.state, path, &mut inner))));
        *self.out = Shape::list(inner);
        read
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let mut inner = Shape::Any;
        let path = format!("{}[NAME]", self.path);
        let read = visitor.visit_map(Once(Some(Tracer::new(self.state, path, &mut inner))));
        *self.out = Shape::map(inner);
        read
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if self.path.split('.').count() > DEEPEST {
            return Err(de::Error::custom(format!("{name} holds itself")));
        }
        let mut shapes = BTreeMap::new();
        let read = visitor.visit_map(Fields {
            state: self.state,
            path: &self.path,
            names: fields.iter(),
            now: None,
            shapes: &mut shapes,
        });
        *self.out = Shape::Record(Arc::new(shapes));
        read
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let variant = match name {
            "Attrs" => self.state.kind,
            "Fact" => "known",
            _ => variants.first().copied().unwrap_or_default(),
        };
        let mut inner = Shape::Text;
        let tracer = Tracer::new(self.state, self.path, &mut inner);
        let read = visitor.visit_enum(Variant(variant, tracer));
        *self.out = match name {
            "Fact" => Shape::Fact(Arc::new(inner)),
            _ => inner,
        };
        read
    }
}

/// One entry of a list or of a map.
struct Once<'s, 'o>(Option<Tracer<'s, 'o>>);

impl<'de> SeqAccess<'de> for Once<'_, '_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        self.0.take().map(|it| seed.deserialize(it)).transpose()
    }
}

impl<'de> MapAccess<'de> for Once<'_, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some(tracer) = &self.0 else {
            return Ok(None);
        };
        let mut key = Shape::Any;
        let tracer = Tracer::new(tracer.state, format!("{}key", tracer.path), &mut key);
        seed.deserialize(tracer).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        match self.0.take() {
            Some(it) => seed.deserialize(it),
            None => Err(de::Error::custom("a value without a key")),
        }
    }
}

/// The fields of a struct.
struct Fields<'s, 'o> {
    state: &'s State,
    path: &'o str,
    names: std::slice::Iter<'static, &'static str>,
    now: Option<&'static str>,
    shapes: &'o mut BTreeMap<String, Shape>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        self.now = self.names.next().copied();
        let name = self.now.map(|it| seed.deserialize(it.into_deserializer()));
        name.transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        let name = self.now.unwrap_or_default();
        let mut shape = Shape::Any;
        let path = format!("{}.{name}", self.path);
        let read = seed.deserialize(Tracer::new(self.state, path, &mut shape));
        self.shapes.insert(name.to_owned(), shape);
        read
    }
}

/// A variant, and what answers for what it holds.
struct Variant<'s, 'o>(&'static str, Tracer<'s, 'o>);

impl<'de, 's, 'o> EnumAccess<'de> for Variant<'s, 'o> {
    type Error = Refused;
    type Variant = Tracer<'s, 'o>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Tracer<'s, 'o>), Refused> {
        let name = seed.deserialize(self.0.into_deserializer())?;
        Ok((name, self.1))
    }
}

impl<'de> VariantAccess<'de> for Tracer<'_, '_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        *self.out = Shape::Text;
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::column::fields;

    fn at(kind: Kind, path: &str) -> Shape {
        let shape = Shape::of(kind);
        let found = shape.paths().into_iter().find(|it| it.0 == path);
        found.unwrap_or_else(|| panic!("no {path}")).1.clone()
    }

    #[test]
    fn every_field_of_every_kind_is_known_with_its_type() {
        for kind in Kind::ALL {
            let shape = Shape::of(*kind);
            let paths = shape.paths();
            assert!(!paths.is_empty(), "{}", kind.name());
            for (path, field) in &paths {
                let known = *field.certain() != Shape::Any;
                assert!(known, "{}: {path} is {field:?}", kind.name());
            }
            let blank = fields(&Attrs::blank(*kind));
            for name in blank.as_object().into_iter().flatten().map(|it| it.0) {
                assert!(paths.iter().any(|it| it.0 == *name), "{name}");
            }
        }
    }

    #[test]
    fn a_field_inside_of_a_list_inside_of_a_fact_is_known() {
        assert_eq!(at(Kind::TargetGroup, "targets[].state"), Shape::Text);
        let targets = at(Kind::TargetGroup, "targets");
        assert_eq!(targets.to_string(), "list of records, or not read");
    }

    #[test]
    fn numbers_moments_and_maps_are_told_from_texts() {
        let port = at(Kind::SecurityGroup, "ingress[].from");
        assert_eq!(*port.certain(), Shape::Number);
        let ends = at(Kind::Certificate, "not_after");
        assert_eq!(ends.to_string(), "moment, or null");
    }
}
