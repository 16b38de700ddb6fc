//! Empties buckets and deletes them.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{asked, call, done, or_already};
use crate::{
    aws::{
        Aws, Call, Service,
        refusal::{Class, Refusal},
    },
    text,
};

pub(super) const VERSIONS: &[Call] =
    &[call(Service::S3, "ListObjectVersions").allowed_by("ListBucketVersions")];
pub(super) const UPLOADS: &[Call] =
    &[call(Service::S3, "ListMultipartUploads").allowed_by("ListBucketMultipartUploads")];

const NO_BUCKET: &[&str] = &["NoSuchBucket"];

/// The most objects that one call deletes.
const BATCH: usize = 1000;

/// Pages of a thousand after which a bucket is given back to the run, which looks whether it may go
/// on and begins anew: a million objects take minutes.
const PAGES: usize = 20;

/// The code of ours that says that a part of the work is done and the rest is to be asked for.
pub const MORE: &str = "MoreToDelete";

pub(super) async fn delete_policy(aws: &Aws, bucket: &str) -> Result<(), Refusal> {
    let answer = aws.s3.delete_bucket_policy().bucket(bucket).send().await;
    done(answer, &["NoSuchBucket", "NoSuchBucketPolicy"])
}

/// Ends uploads that were begun and not finished, a page of them at a time: what was ended is not
/// listed any more.
pub(super) async fn abort_uploads(aws: &Aws, bucket: &str) -> Result<(), Refusal> {
    let mut ended = 0;
    for _ in 0..PAGES {
        let answer = aws.s3.list_multipart_uploads().bucket(bucket).send().await;
        let uploads = asked(answer, NO_BUCKET)?.uploads.unwrap_or_default();
        if uploads.is_empty() {
            return Ok(());
        }
        ended += uploads.len();
        for upload in uploads {
            let request = aws.s3.abort_multipart_upload().bucket(bucket);
            let request = request.set_key(upload.key).set_upload_id(upload.upload_id);
            or_already(done(request.send().await, &["NoSuchUpload"]))?;
        }
    }
    Err(more(&text::count(ended, "unfinished upload"), "ended"))
}

/// Deletes every version of every object, and every mark of a deletion, until there are none.
///
/// Page by page from the beginning: what was deleted is not listed any more. Logs are delivered
/// late, so it may fill while it is emptied.
pub(super) async fn empty(aws: &Aws, bucket: &str) -> Result<(), Refusal> {
    empty_within(aws, bucket, PAGES).await
}

async fn empty_within(aws: &Aws, bucket: &str, pages: usize) -> Result<(), Refusal> {
    let mut deleted = 0;
    for _ in 0..pages {
        let request = aws.s3.list_object_versions().bucket(bucket);
        let page = asked(request.send().await, NO_BUCKET)?;
        let versions = page.versions.unwrap_or_default().into_iter();
        let versions = versions.map(|it| (it.key, it.version_id));
        let marks = page.delete_markers.unwrap_or_default().into_iter();
        let marks = marks.map(|it| (it.key, it.version_id));
        let objects = versions.chain(marks).filter_map(|(key, version)| {
            let object = ObjectIdentifier::builder().set_key(key);
            object.set_version_id(version).build().ok()
        });
        let objects: Vec<ObjectIdentifier> = objects.collect();
        if objects.is_empty() {
            return Ok(());
        }
        for batch in objects.chunks(BATCH) {
            delete_objects(aws, bucket, batch).await?;
            deleted += batch.len();
        }
    }
    Err(more(&text::count(deleted, "object"), "deleted"))
}

/// A part is done, and the rest is there still, or came meanwhile.
fn more(what: &str, done: &str) -> Refusal {
    let message = format!("{what} more {done}, and it is not empty yet");
    Refusal::new(Class::Soon, MORE, message)
}

/// AWS answers 200 and says in the answer which objects it did not delete.
async fn delete_objects(
    aws: &Aws,
    bucket: &str,
    objects: &[ObjectIdentifier],
) -> Result<(), Refusal> {
    let delete = Delete::builder().set_objects(Some(objects.to_vec()));
    let delete = delete.quiet(true).build();
    let delete = delete.map_err(|it| Refusal::new(Class::Never, "NotAsked", it.to_string()))?;
    let request = aws.s3.delete_objects().bucket(bucket).delete(delete);
    let answer = asked(request.send().await, NO_BUCKET)?;
    let errors = answer.errors.unwrap_or_default();
    let gone =
        |it: &&aws_sdk_s3::types::Error| !matches!(it.code(), Some("NoSuchKey" | "NoSuchVersion"));
    let mut left = errors.iter().filter(gone);
    let Some(first) = left.next() else {
        return Ok(());
    };
    let class = match first.code() {
        Some("InternalError" | "SlowDown" | "ServiceUnavailable") => Class::Soon,
        _ => Class::Never,
    };
    let message = format!(
        "{} of {} objects were not deleted, {} for example: {}",
        left.count() + 1,
        objects.len(),
        first.key().unwrap_or_default(),
        first.message().unwrap_or_default()
    );
    Err(Refusal::new(
        class,
        first.code().unwrap_or("Errors"),
        message,
    ))
}

pub(super) async fn delete(aws: &Aws, bucket: &str) -> Result<(), Refusal> {
    done(
        aws.s3.delete_bucket().bucket(bucket).send().await,
        NO_BUCKET,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, testing::replay::Tape};

    const PAGE: &str = "<ListVersionsResult><Name>b</Name>\
        <Version><Key>a</Key><VersionId>1</VersionId></Version>\
        <DeleteMarker><Key>z</Key><VersionId>2</VersionId></DeleteMarker>\
        </ListVersionsResult>";
    const NONE: &str = "<ListVersionsResult><Name>b</Name></ListVersionsResult>";
    const DONE: &str = "<DeleteResult/>";

    fn aws(tape: &Tape) -> Aws {
        write::clients(&tape.aws(), "us-east-1")
    }

    #[tokio::test]
    async fn versions_and_marks_of_deletion_go_and_it_is_looked_again() {
        let tape = Tape::default().answer(200, PAGE).answer(200, DONE);
        let tape = tape.answer(200, NONE);
        assert_eq!(empty(&aws(&tape), "b").await, Ok(()));
        let asked = tape.asked();
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!(
            asked[1].contains("<VersionId>1</VersionId>"),
            "{}",
            asked[1]
        );
        assert!(
            asked[1].contains("<VersionId>2</VersionId>"),
            "{}",
            asked[1]
        );
    }

    #[tokio::test]
    async fn an_object_that_stays_is_an_error_although_the_answer_is_200() {
        let locked = "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code>\
            <Message>object is locked</Message></Error></DeleteResult>";
        let tape = Tape::default().answer(200, PAGE).answer(200, locked);
        let refusal = empty(&aws(&tape), "b").await.unwrap_err();
        assert_eq!(refusal.class, Class::Never);
        assert_eq!(
            refusal.message,
            "1 of 2 objects were not deleted, a for example: object is locked"
        );
    }

    #[tokio::test]
    async fn a_bucket_is_emptied_part_by_part_and_each_part_told() {
        let tape = (0..3).fold(Tape::default(), |it, _| {
            it.answer(200, PAGE).answer(200, DONE)
        });
        let refusal = empty_within(&aws(&tape), "b", 3).await.unwrap_err();
        assert_eq!((refusal.class, refusal.code.as_str()), (Class::Soon, MORE));
        assert_eq!(
            refusal.message,
            "6 objects more deleted, and it is not empty yet"
        );
    }
}
