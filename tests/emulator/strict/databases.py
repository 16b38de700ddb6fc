"""Databases, caches and tables: protected ones stay, all take their time, and their groups of subnets wait for them."""

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.ec2.models import EC2Backend
from moto.elasticache.models import ElastiCacheBackend
from moto.rds.models import RDSBackend

from slips.patch import around
from strict.later import after
from strict.patches import patch
from strict.rules import Refused, refuses

LOOKS = ("rds:DescribeDBInstances", "rds:DescribeDBClusters", "ec2:DescribeNetworkInterfaces")
CACHES = (
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "ec2:DescribeNetworkInterfaces",
)


@refuses("rds:DeleteDBInstance")
def databases_go_with_a_word_about_their_snapshot(call) -> None:
    """A database goes when it is said either what its last snapshot is called or that there is to be none, and once."""
    database = call.backend("rds").databases.get(call["DBInstanceIdentifier"])
    if database is None:
        return
    if database.status == "deleting":
        raise Refused(
            "InvalidDBInstanceState", f"Instance {database.db_instance_identifier} is already being deleted."
        )
    if database.deletion_protection:
        return  # moto says so
    if getattr(database, "db_cluster_identifier", None):
        return
    if call["FinalDBSnapshotIdentifier"] and call.says("SkipFinalSnapshot"):
        raise Refused(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when deleting without a final snapshot.",
        )
    if not call["FinalDBSnapshotIdentifier"] and not call.says("SkipFinalSnapshot"):
        raise Refused(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )


@refuses("rds:DeleteDBCluster")
def clusters_go_after_their_members(call) -> None:
    """A cluster goes when all its databases are on their way."""
    cluster = call.backend("rds").clusters.get(call["DBClusterIdentifier"])
    if cluster is None:
        return
    if cluster.status == "deleting":
        raise Refused(
            "InvalidDBClusterStateFault", f"Cluster {call['DBClusterIdentifier']} is already being deleted."
        )
    if any(member.status != "deleting" for member in cluster.members):
        raise Refused(
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        )
    if not cluster.deletion_protection and not call["FinalDBSnapshotIdentifier"] and not call.says("SkipFinalSnapshot"):
        raise Refused(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )


@refuses("rds:DeleteDBSubnetGroup")
def groups_of_subnets_go_unused(call) -> None:
    """A group of subnets goes when no database is in it, in whatever state."""
    rds, name = call.backend("rds"), str(call["DBSubnetGroupName"]).lower()
    for database in rds.databases.values():
        if getattr(getattr(database, "db_subnet_group", None), "name", None) == name:
            raise Refused(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{database.db_instance_identifier} is still using it.",
            )
    for key, cluster in rds.clusters.items():
        if cluster.db_subnet_group_name == name:
            raise Refused(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database cluster: {key} is still "
                "using it.",
            )


@refuses("elasticache:DeleteCacheSubnetGroup")
def groups_of_subnets_of_caches_go_unused(call) -> None:
    """A group of subnets goes when no cache is in it."""
    name = str(call["CacheSubnetGroupName"]).lower()
    for cache in call.backend("elasticache").cache_clusters.values():
        if str(cache.cache_subnet_group_name).lower() == name:
            raise Refused("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")


@refuses("elasticache:DeleteCacheCluster")
def caches_go_once(call) -> None:
    """A cache that goes is not available for anything, and one of a replication group goes with that."""
    cache = call.backend("elasticache").cache_clusters.get(call["CacheClusterId"])
    if cache and cache.cache_cluster_status == "deleting":
        raise Refused("InvalidCacheClusterState", "Cache cluster is not in available state.")
    if cache and getattr(cache, "replication_group_id", None):
        raise Refused(
            "InvalidCacheClusterState",
            f"Cache cluster {cache.cache_cluster_id} is serving as primary for replication group "
            f"{cache.replication_group_id} and cannot be deleted.",
        )


@refuses("dynamodb:DeleteTable")
def tables_go_unprotected(call) -> None:
    """A table goes when it is active and not protected; moto has other words."""
    table = call.backend("dynamodb").tables.get(str(call["TableName"]).split("/")[-1])
    if table and table.deletion_protection_enabled:
        raise Refused(
            "ValidationException",
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first.",
        )
    if table and table.table_status != "ACTIVE":
        raise Refused(
            "ResourceInUseException",
            f"Attempt to change a resource which is still in use: Table is being deleted: {table.name}",
        )


@patch
def databases_take_their_time() -> None:
    """A database is being deleted for some minutes, and holds its interface until then; its last snapshot is made at
    once. moto's is gone."""

    @around(RDSBackend, "delete_db_instance")
    def delete(
        end,
        rds,
        db_instance_identifier,
        final_db_snapshot_identifier=None,
        skip_final_snapshot=False,
        delete_automated_backups=True,
    ):
        database = rds.databases.get(db_instance_identifier)
        if database is None or database.deletion_protection:
            return end(rds, db_instance_identifier)
        if final_db_snapshot_identifier and not skip_final_snapshot:
            rds.create_db_snapshot(db_instance_identifier, final_db_snapshot_identifier, snapshot_type="manual")
        database.status = "deleting"
        gone = lambda: end(rds, db_instance_identifier, None, True, delete_automated_backups)  # noqa: E731
        after(4, LOOKS, gone)
        return database

    @around(RDSBackend, "delete_db_cluster")
    def delete_cluster(end, rds, cluster_identifier, snapshot_name=None):
        cluster = rds.clusters.get(cluster_identifier)
        if cluster is None or cluster.deletion_protection:
            return end(rds, cluster_identifier)
        if snapshot_name:
            rds.create_db_cluster_snapshot(cluster_identifier, snapshot_name)
        cluster.status = "deleting"

        def gone():
            if cluster.members:
                after(1, LOOKS, gone)
            else:
                end(rds, cluster_identifier)

        after(2, LOOKS, gone)
        return cluster


@patch
def copies_take_their_time() -> None:
    """A snapshot or a backup is being made for a while, and is good for nothing until it is there; moto's is there."""

    def slowly(states, seen_by):
        def make(create, backend, *args, **options):
            made = create(backend, *args, **options)
            made.status, ready = states
            after(2, seen_by, lambda: setattr(made, "status", ready))
            return made

        return make

    for name in "create_db_snapshot", "create_db_cluster_snapshot":
        looks = "rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots", *LOOKS
        around(RDSBackend, name)(slowly(("creating", "available"), looks))
    around(EC2Backend, "create_snapshot")(slowly(("pending", "completed"), ("ec2:DescribeSnapshots",)))
    backups = "dynamodb:DescribeBackup", "dynamodb:ListBackups"
    around(DynamoDBBackend, "create_backup")(slowly(("CREATING", "AVAILABLE"), backups))


@patch
def caches_take_their_time() -> None:
    """A cache is being deleted for some minutes, and so is a group of them with all its members; the slips' go at once,
    and moto's groups never."""

    @around(ElastiCacheBackend, "delete_cache_cluster")
    def delete(end, caches, cache_cluster_id):
        name = cache_cluster_id
        cache = caches.cache_clusters.get(name)
        if cache is None:
            return end(caches, name)
        cache.cache_cluster_status = "deleting"
        after(3, CACHES, lambda: end(caches, name))
        return cache

    @around(ElastiCacheBackend, "delete_replication_group")
    def delete_group(end, caches, replication_group_id, retain_primary_cluster):
        name = replication_group_id
        group = caches.replication_groups.get(name)
        if group is None:
            return end(caches, name, retain_primary_cluster)
        group.status = "deleting"
        members = [key for key, it in caches.cache_clusters.items() if getattr(it, "replication_group_id", "") == name]
        for key in members:
            caches.cache_clusters[key].cache_cluster_status = "deleting"

        def gone():
            for key in members:
                caches.cache_clusters.pop(key, None)
            caches.replication_groups.pop(name, None)

        after(3, CACHES, gone)
        return group


@patch
def tables_take_their_time() -> None:
    """A table is being deleted for a while; moto's is gone."""
    Table.table_status = "ACTIVE"

    @around(Table, "describe")
    def describe(describe, table, *args, **options):
        told = describe(table, *args, **options)
        for described in told.values():
            described["TableStatus"] = table.table_status
        return told

    @around(DynamoDBBackend, "delete_table")
    def delete(end, dynamodb, name):
        table = dynamodb.get_table(name)
        if table.deletion_protection_enabled:
            return end(dynamodb, name)
        table.table_status = "DELETING"
        after(2, ("dynamodb:DescribeTable",), lambda: end(dynamodb, name))
        return table
