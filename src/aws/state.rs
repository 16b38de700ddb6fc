//! Fetches a Terraform state from a bucket: the one object that racklens ever reads.

use super::{Aws, Call, Service, found};

/// Not among the calls of a reading: nobody needs it who names no state in a bucket.
pub const OBJECT: Call = Call::new(Service::S3, "GetObject");

/// The object's content.
///
/// # Errors
/// With AWS's reason, or when it has more than `limit` bytes.
pub async fn fetch(aws: &Aws, bucket: &str, key: &str, limit: u64) -> Result<Vec<u8>, String> {
    let request = aws.s3.get_object().bucket(bucket).key(key);
    let mut answer = request.send().await.map_err(|it| {
        let (_, code, message) = found::judge(&it);
        format!("{code}: {message}")
    })?;
    let mut content = Vec::new();
    while let Some(piece) = answer.body.next().await {
        let piece = piece.map_err(|it| found::causes(&it))?;
        content.extend_from_slice(&piece);
        if content.len() as u64 > limit {
            return Err(format!("it has more than {} MiB", limit >> 20));
        }
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    #[tokio::test]
    async fn a_state_comes_whole() {
        let tape = Tape::default().answer(200, r#"{"version":4}"#);
        let text = fetch(&tape.aws(), "states", "shop/it", 100).await.unwrap();
        assert_eq!(text, br#"{"version":4}"#);
    }

    #[tokio::test]
    async fn a_state_that_is_refused_says_by_what_code() {
        let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        let tape = Tape::default().answer(403, denied);
        let error = fetch(&tape.aws(), "states", "shop/it", 100).await;
        assert_eq!(error.unwrap_err(), "AccessDenied: no");
    }

    #[tokio::test]
    async fn what_is_far_too_large_is_not_read_to_its_end() {
        let tape = Tape::default().answer(200, "x".repeat(200));
        assert!(fetch(&tape.aws(), "states", "it", 100).await.is_err());
    }
}
