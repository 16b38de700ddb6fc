"""Slips of RDS."""

import string

from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends
from moto.kms.utils import RESERVED_ALIASE_TARGET_KEY_IDS
from moto.moto_api._internal import mock_random
from moto.rds.models import DBInstance, RDSBackend

from slips.ec2 import hold
from slips.patch import around, slip

# RDS draws one word for an account in a region, and writes it into the address of each database there.
WORD = "caxygd3nh0bk"


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
        if not database.db_subnet_group:
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
