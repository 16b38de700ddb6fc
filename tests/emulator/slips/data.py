"""Slips of what keeps data, and of names."""

from moto.iam.models import InstanceProfile
from moto.moto_api._internal import mock_random
from moto.route53 import models as route53
from moto.route53.models import FakeZone
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.sqs.models import Queue
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.ssm.utils import parameter_arn

from slips.patch import around, slip


@slip
def buckets_are_encrypted() -> None:
    """Every bucket encrypts what is put in it, with a key of S3's unless told otherwise; moto's say they do not."""

    @around(FakeBucket, "__init__")
    def make(init, bucket, *args, **options):
        init(bucket, *args, **options)
        bucket.encryption = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}


@slip
def versioning_is_told_in_the_element_of_s3() -> None:
    """S3 answers GetBucketVersioning with VersioningConfiguration; moto with the operation's name."""

    @around(S3Response, "get_bucket_versioning")
    def tell(get_bucket_versioning, response):
        status, headers, body = get_bucket_versioning(response)
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")


@slip
def zones_have_ids_that_begin_with_z() -> None:
    """The id of a hosted zone begins with a Z; moto's with any letter."""

    @around(route53, "create_route53_zone_id")
    def draw(create_route53_zone_id, *args, **options):
        return "Z" + create_route53_zone_id(*args, **options)[:13]


@slip
def zones_begin_with_one_line_of_authority() -> None:
    """The SOA record of a zone has one value; moto's has the text of a Python dictionary."""

    @around(FakeZone, "add_rrset")
    def add(add_rrset, zone, record_set):
        if record_set["Type"] == "SOA":
            record_set["ResourceRecords"] = [record["Value"] for record in record_set["ResourceRecords"]]
        return add_rrset(zone, record_set)


@slip
def instance_profiles_have_ids_of_iam() -> None:
    """The id of an instance profile begins with AIPA; moto's is twenty letters and digits."""

    @around(InstanceProfile, "__init__")
    def make(init, profile, *args, **options):
        init(profile, *args, **options)
        profile.id = "AIPA" + mock_random.get_random_string(17).upper()


@slip
def queues_have_addresses_of_aws() -> None:
    """The URL of a queue is that of SQS in its region; moto's is that of its own server."""
    Queue.url = lambda queue, request_url: queue.physical_resource_id


@slip
def parameters_tell_their_arn() -> None:
    """DescribeParameters tells each parameter's ARN and never a value; moto tells the value and no ARN."""

    @around(SimpleSystemManagerResponse, "describe_parameters")
    def described(describe_parameters, response):
        told = describe_parameters(response)
        for parameter in told.result["Parameters"]:
            del parameter["Value"]
            parameter["ARN"] = parameter_arn(response.current_account, response.region, parameter["Name"])
        return told
