//! Recorded answers of the services that speak CBOR (RFC 8949), written as JSON.

use serde_json::Value;

/// The same value as CBOR.
pub fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(value, &mut bytes);
    bytes
}

fn put(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Bool(it) => bytes.push(if *it { 0xf5 } else { 0xf4 }),
        Value::Number(it) => match (it.as_u64(), it.as_f64()) {
            (Some(it), _) => head(0, it, bytes),
            (None, Some(it)) => {
                bytes.push(0xfb);
                bytes.extend(it.to_be_bytes());
            }
            (None, None) => panic!("{it} is no number for CBOR"),
        },
        Value::String(it) => text(it, bytes),
        Value::Array(all) => {
            head(4, all.len() as u64, bytes);
            all.iter().for_each(|it| put(it, bytes));
        }
        Value::Object(all) => {
            head(5, all.len() as u64, bytes);
            for (key, value) in all {
                text(key, bytes);
                put(value, bytes);
            }
        }
    }
}

fn text(it: &str, bytes: &mut Vec<u8>) {
    head(3, it.len() as u64, bytes);
    bytes.extend(it.as_bytes());
}

/// A major type with its number, in the longest form: it is right for every number.
fn head(major: u8, number: u64, bytes: &mut Vec<u8>) {
    bytes.push(major << 5 | 27);
    bytes.extend(number.to_be_bytes());
}
