"""Slips of databases and caches."""

import inspect
import string

from moto.ec2.models import ec2_backends
from moto.elasticache.models import CacheCluster, ElastiCacheBackend
from moto.kms.models import kms_backends
from moto.kms.utils import RESERVED_ALIASE_TARGET_KEY_IDS
from moto.moto_api._internal import mock_random
from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstance, DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from slips.ec2 import hold
from slips.patch import around, slip

# RDS draws one word for an account in a region, and writes it into the address of each database there.
WORD = "caxygd3nh0bk"

# What RDS takes where nothing is said.
UNSAID = {
    "auto_minor_version_upgrade": True,
    "backup_retention_period": 1,
    "multi_az": False,
    "publicly_accessible": False,
    "storage_encrypted": False,
}
PARAMETERS = list(inspect.signature(CacheCluster).parameters)
ENGINE_VERSIONS = {"memcached": "1.6.22", "redis": "7.1.0", "valkey": "8.0.1"}


@slip
def databases_have_ids_and_addresses_of_their_own() -> None:
    """Every database has a resource id drawn for it, and an address with a word drawn for its account; moto gives all
    databases of all accounts the same id and the same word."""

    @around(DBInstance, "__init__")
    def make(init, database, *args, **options):
        init(database, *args, **options)
        drawn = "".join(mock_random.choice(string.ascii_uppercase + string.digits) for _ in range(26))
        database.dbi_resource_id = f"db-{drawn}"

    DBInstance.address = property(
        lambda database: f"{database.db_instance_identifier}.{WORD}.{database.region}.rds.amazonaws.com"
    )


@slip
def databases_without_a_subnet_group_get_the_default_one() -> None:
    """A database for which no subnet group is named sits in the group `default`, which RDS makes of the subnets of
    the default VPC; moto's sits nowhere."""

    @around(RDSBackend, "create_db_instance")
    def create(create_db_instance, rds, options):
        if not options.get("db_subnet_group_name") and not options.get("db_cluster_identifier"):
            ec2 = ec2_backends[rds.account_id][rds.region_name]
            subnets = ec2.describe_subnets(filters={"vpc-id": [ec2.default_vpc.id]})
            if "default" not in rds.subnet_groups:
                rds.create_subnet_group("default", "default", subnets, [])
            options["db_subnet_group_name"] = "default"
        return create_db_instance(rds, options)


def key_of_aws(account: str, region: str, alias: str):
    """The key that a service of AWS keeps for an account, which it makes when it first needs it."""
    kms, key_id = kms_backends[account][region], RESERVED_ALIASE_TARGET_KEY_IDS[alias]
    if key_id not in kms.keys:
        key = kms.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", f"Default key of {alias}", None)
        del kms.keys[key.id]
        key.arn = key.arn.replace(key.id, key_id)
        key.id, key.key_manager = key_id, "AWS"
        kms.keys[key_id] = key
        kms.create_alias(key_id, alias)
    return kms.keys[key_id]


@slip
def databases_tell_how_they_are_watched_and_locked() -> None:
    """A database says whether Performance Insights watches it, and an encrypted one for which no key is named uses
    the account's key aws/rds; moto says nothing, and names a key that does not exist."""

    @around(DBInstance, "__init__")
    def make(init, database, *args, **options):
        init(database, *args, **options)
        database.performance_insights_enabled = options.get("enable_performance_insights", False)
        if database.performance_insights_enabled:
            database.performance_insights_retention_period = options.get("performance_insights_retention_period", 7)
        if options.get("storage_encrypted") and not options.get("kms_key_id"):
            database.kms_key_id = key_of_aws(database.account_id, database.region, "alias/aws/rds").arn


@slip
def databases_hold_interfaces() -> None:
    """A database has an interface in a subnet of its group, which RDS holds and takes away; moto makes none."""

    @around(RDSBackend, "create_db_instance")
    def create(create_db_instance, rds, options):
        database = create_db_instance(rds, options)
        if not getattr(database, "db_subnet_group", None):
            return database
        ec2 = ec2_backends[rds.account_id][rds.region_name]
        subnets = [ec2.get_subnet(it["SubnetIdentifier"]) for it in database.db_subnet_group.subnets]
        subnet = next((it for it in subnets if it.availability_zone == database.availability_zone), subnets[0])
        interface = ec2.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(instance=None),
            group_ids=[group["VpcSecurityGroupId"] for group in database.vpc_security_group_membership_list],
            public_ip_auto_assign=bool(database.publicly_accessible),
        )
        hold(interface, "amazon-rds", "RDSNetworkInterface")
        database.interface = interface
        return database

    @around(RDSBackend, "delete_db_instance")
    def delete(delete_db_instance, rds, *args, **options):
        database = delete_db_instance(rds, *args, **options)
        if interface := database.__dict__.pop("interface", None):
            interface.delete()
        return database


@slip
def databases_say_what_nobody_chose() -> None:
    """RDS tells of every instance whether it is public, in two zones, encrypted and backed up; moto only where that was
    said when it was made."""

    @around(DBInstance, "__init__")
    def make(init, instance, *args, **options):
        init(instance, *args, **options)
        # A member of a cluster has none of these of its own.
        for name, value in UNSAID.items():
            for attribute in name, f"_{name}":
                if vars(instance).get(attribute, value) is None:
                    setattr(instance, attribute, value)


@slip
def only_what_is_encrypted_has_a_key() -> None:
    """RDS names a key of what is encrypted; moto names one of every cluster, and of its instances."""

    @around(DBCluster, "__init__")
    def make(init, cluster, *args, **options):
        init(cluster, *args, **options)
        if not cluster.storage_encrypted:
            cluster.kms_key_id = None


@slip
def stacks_know_their_subnet_groups() -> None:
    """CloudFormation's physical id of a DB subnet group is its name; moto's is empty."""
    DBSubnetGroup.physical_resource_id = property(lambda group: group.name)


@slip
def replication_groups_make_clusters() -> None:
    """The members of a replication group are as many as was said, and clusters that ElastiCache lists with all others;
    moto counts replicas alone, and makes no clusters."""

    @around(ElastiCacheBackend, "create_replication_group")
    def create(create_replication_group, backend, **options):
        if options["num_cache_clusters"] and not options["replicas_per_node_group"]:
            options["replicas_per_node_group"] = options["num_cache_clusters"] - 1
        group = create_replication_group(backend, **options)
        unsaid = dict.fromkeys(PARAMETERS)
        for shard in group.node_groups:
            for member in shard["node_group_members"]:
                backend.cache_clusters[member["cache_cluster_id"]] = cluster = CacheCluster(
                    **unsaid
                    | {
                        "account_id": backend.account_id,
                        "auto_minor_version_upgrade": group.auto_minor_version_upgrade,
                        "cache_cluster_id": member["cache_cluster_id"],
                        "cache_node_type": group.cache_node_type,
                        "cache_subnet_group_name": group.cache_subnet_group_name,
                        # moto counts the nodes of this engine alone.
                        "engine": "redis",
                        "engine_version": group.engine_version or ENGINE_VERSIONS[group.engine],
                        "preferred_availability_zone": member["preferred_availability_zone"],
                        "region_name": backend.region_name,
                        "replication_group_id": group.replication_group_id,
                        "security_group_ids": group.security_group_ids,
                        "snapshot_retention_limit": group.snapshot_retention_limit,
                        "transit_encryption_enabled": group.transit_encryption_enabled,
                    }
                )
                cluster.engine = group.engine
                cluster.at_rest_encryption_enabled = group.at_rest_encryption_enabled
        return group


@slip
def parameter_groups_tell_what_they_are_asked_for() -> None:
    """RDS tells of every parameter that it is asked for by name, in the groups of its own making, too, and with the
    value that holds where nobody set one; moto knows no group that nobody made, and only what was set."""

    def of(call, response, group, made):
        filters = {it["Name"]: it["Values"] for it in response.params.get("Filters", [])}
        if "parameter-name" not in filters:
            return call(response)
        told = made[0].parameters if made else {}
        engine, _, version = group.removeprefix("default.").rpartition("postgres")
        version = version.removeprefix("ql").split(".")[0]
        since = 17 if engine else 15
        forced = "1" if version.isdigit() and int(version) >= since else "0"
        usual = {"rds.force_ssl": forced, "require_secure_transport": "0"}
        parameters = [
            told.get(name) or {"ParameterName": name, "ParameterValue": usual[name], "Source": "system"}
            for name in filters["parameter-name"]
        ]
        return ActionResult({"Parameters": parameters})

    @around(RDSResponse, "describe_db_parameters")
    def describe(call, response):
        group = response.params.get("DBParameterGroupName")
        made = response.backend.describe_db_parameter_groups({"db_parameter_group_name": group})
        return of(call, response, group, made)

    @around(RDSResponse, "describe_db_cluster_parameters")
    def describe_of_cluster(call, response):
        group = response.params.get("DBClusterParameterGroupName")
        made = [it for name, it in response.backend.db_cluster_parameter_groups.items() if name == group]
        return of(call, response, group, made)
