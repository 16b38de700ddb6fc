"""Slips of databases and caches."""

import inspect

from moto.elasticache.models import CacheCluster, ElastiCacheBackend
from moto.rds.models import DBCluster, DBInstance, DBSubnetGroup

from slips.patch import around, slip

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
def caches_tell_of_their_nodes() -> None:
    """ElastiCache tells of a cluster its version, its zone, its security groups, whether it is encrypted, and each of
    its nodes with its address; moto none of these unless it was said, and of groups and nodes nothing."""

    @around(CacheCluster, "__init__")
    def make(init, cluster, *args, **options):
        init(cluster, *args, **options)
        region = cluster.arn.split(":")[3]
        port = 11211 if cluster.engine == "memcached" else 6379
        zone = cluster.preferred_availability_zone or f"{region}a"
        cluster.preferred_availability_zone = zone
        cluster.engine_version = cluster.engine_version or ENGINE_VERSIONS[cluster.engine]
        cluster.auto_minor_version_upgrade = cluster.auto_minor_version_upgrade is not False
        cluster.transit_encryption_enabled = bool(cluster.transit_encryption_enabled)
        cluster.at_rest_encryption_enabled = False
        cluster.security_groups = [
            {"security_group_id": group, "status": "active"} for group in cluster.security_group_ids
        ]
        name = f"{cluster.cache_cluster_id}.{{}}.cache.amazonaws.com"
        if cluster.engine == "memcached":
            cluster.configuration_endpoint = {"address": name.format("cfg"), "port": port}
        cluster.cache_nodes = [
            {
                "cache_node_id": f"{number:0>4}",
                "cache_node_status": "available",
                "customer_availability_zone": zone,
                "endpoint": {"address": name.format(f"{number:0>4}"), "port": port},
            }
            for number in range(1, (getattr(cluster, "num_cache_nodes", None) or 1) + 1)
        ]


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
