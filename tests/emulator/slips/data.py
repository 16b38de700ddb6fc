"""Slips of what keeps data, and of names."""

import re

from moto.elasticache.models import CacheCluster, CacheSubnetGroup, ElastiCacheBackend
from moto.iam.models import InstanceProfile
from moto.moto_api._internal import mock_random
from moto.rds.models import DBCluster
from moto.route53 import models as route53
from moto.route53.models import FakeZone
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.sqs.models import Queue
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.ssm.utils import parameter_arn

from slips.databases import WORD
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
def a_listing_of_buckets_tells_their_regions() -> None:
    """S3 tells each bucket's region as soon as the request has a parameter; moto never does."""

    @around(S3Response, "all_buckets")
    def tell(all_buckets, response):
        status, headers, body = all_buckets(response)
        if not response.querystring:
            return status, headers, body
        region = lambda name: response.backend.get_bucket(name[1]).region_name
        tell = lambda name: f"{name[0]}<BucketRegion>{region(name)}</BucketRegion>"
        return status, headers, re.sub("<Name>([^<]+)</Name>", tell, body)


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
def queues_are_encrypted_in_one_way() -> None:
    """A queue with a key of KMS is not encrypted by SQS as well; moto says both."""

    @around(Queue, "__init__")
    def make(init, queue, *args, **options):
        init(queue, *args, **options)
        if queue.kms_master_key_id:
            queue.sqs_managed_sse_enabled = False


@slip
def databases_have_addresses_of_aws() -> None:
    """All databases of a region bear one id of the account in their names, in one known zone, and those of Aurora
    have no storage of their own kind; moto draws the first and the second, and says gp2."""

    @around(DBCluster, "__init__")
    def make(init, cluster, *args, **options):
        init(cluster, *args, **options)
        cluster.url_identifier = WORD
        cluster.hosted_zone_id = "Z2R2ITUGPM61AM"
        if cluster.engine.startswith("aurora"):
            cluster.storage_type = "aurora"


@slip
def caches_tell_where_they_are() -> None:
    """A cache shows its nodes with their addresses, its security groups, its zone and how it is encrypted, and its
    group of subnets their zones; moto has been told all that, and says nothing of it."""

    @around(CacheCluster, "__init__")
    def make(init, cache, account_id, region_name, *args, **options):
        init(cache, account_id, region_name, *args, **options)
        zone = cache.preferred_availability_zone or f"{region_name}a"
        cache.preferred_availability_zone = zone
        cache.security_groups = [
            {"SecurityGroupId": group, "Status": "active"} for group in cache.security_group_ids
        ]
        cache.transit_encryption_enabled = bool(cache.transit_encryption_enabled)
        cache.at_rest_encryption_enabled = False
        cache.cache_nodes = [
            {
                "CacheNodeId": f"{number:04}",
                "CacheNodeStatus": "available",
                "CacheNodeCreateTime": cache.cache_cluster_create_time,
                "CustomerAvailabilityZone": zone,
                "Endpoint": {
                    "Address": f"{cache.cache_cluster_id}.x7k2qz.{number:04}.use1.cache.amazonaws.com",
                    "Port": cache.port,
                },
            }
            for number in range(1, cache.num_cache_nodes + 1)
        ]

    @around(CacheSubnetGroup, "__init__")
    def group(init, subnets, *args, **options):
        init(subnets, *args, **options)
        for subnet in subnets.subnets:
            if isinstance(zone := subnet.get("subnet_availability_zone"), str):
                subnet["subnet_availability_zone"] = {"Name": zone}


@slip
def deleted_caches_go() -> None:
    """A cache that is deleted goes some minutes later; moto's is being deleted for ever."""

    @around(ElastiCacheBackend, "delete_cache_cluster")
    def delete(delete_cache_cluster, elasticache, name):
        cache = delete_cache_cluster(elasticache, name)
        del elasticache.cache_clusters[name]
        return cache


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
