"""The resource types that moto's services have and its CloudFormation leaves out, made as each service makes them."""

import inspect

from moto.autoscaling.models import autoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.core.utils import camelcase_to_underscores
from moto.ecs.models import ecs_backends
from moto.elasticache.models import elasticache_backends
from moto.rds.models import rds_backends
from moto.secretsmanager.models import secretsmanager_backends

from slips.patch import slip
from slips.resource_types import LeftOut, camel, create_by


class Alarm(LeftOut, CloudFormationModel):
    __module__ = "moto.cloudwatch"
    cloudformation_type = staticmethod(lambda: "AWS::CloudWatch::Alarm")


class CacheCluster(LeftOut, CloudFormationModel):
    __module__ = "moto.elasticache"
    cloudformation_type = staticmethod(lambda: "AWS::ElastiCache::CacheCluster")


class CacheSubnetGroup(LeftOut, CloudFormationModel):
    __module__ = "moto.elasticache"
    cloudformation_type = staticmethod(lambda: "AWS::ElastiCache::SubnetGroup")


class CapacityProvider(LeftOut, CloudFormationModel):
    __module__ = "moto.ecs"
    cloudformation_type = staticmethod(lambda: "AWS::ECS::CapacityProvider")


class CapacityProviders(LeftOut, CloudFormationModel):
    __module__ = "moto.ecs"
    cloudformation_type = staticmethod(lambda: "AWS::ECS::ClusterCapacityProviderAssociations")


class DatabaseCluster(LeftOut, CloudFormationModel):
    __module__ = "moto.rds"
    cloudformation_type = staticmethod(lambda: "AWS::RDS::DBCluster")


class Secret(LeftOut, CloudFormationModel):
    __module__ = "moto.secretsmanager"
    cloudformation_type = staticmethod(lambda: "AWS::SecretsManager::Secret")


@slip
def stacks_make_types_that_moto_leaves_out() -> None:
    """CloudFormation makes these types, which moto's says it does not know."""
    for model, make in (
        (Alarm, alarm),
        (CacheCluster, cache_cluster),
        (CacheSubnetGroup, cache_subnet_group),
        (CapacityProvider, capacity_provider),
        (CapacityProviders, capacity_providers),
        (DatabaseCluster, database_cluster),
        (Secret, secret),
    ):
        model.create_from_cloudformation_json = create_by(make, None)


def call(method, properties: dict, **renamed):
    """Calls a method of a backend with the properties of that name, and nothing for those the template leaves out."""
    given = {camelcase_to_underscores(key): value for key, value in properties.items()} | renamed
    taken = inspect.signature(method).parameters.items()
    return method(**{name: given.get(name) for name, it in taken if name in given or it.default is it.empty})


def alarm(moto, name, properties, account, region):
    cloudwatch, name = cloudwatch_backends[account][region], properties.get("AlarmName", name)
    made = call(cloudwatch.put_metric_alarm, properties, name=name, description=properties.get("AlarmDescription"))
    return Alarm(name, lambda: cloudwatch.delete_alarms([name]), tagged=made.alarm_arn)


def cache_cluster(moto, name, properties, account, region):
    elasticache, name = elasticache_backends[account][region], properties.get("ClusterName", name).lower()
    made = call(
        elasticache.create_cache_cluster,
        properties,
        cache_cluster_id=name,
        security_group_ids=properties["VpcSecurityGroupIds"],
    )
    return CacheCluster(name, lambda: elasticache.delete_cache_cluster(name), tagged=made.arn)


def cache_subnet_group(moto, name, properties, account, region):
    elasticache, name = elasticache_backends[account][region], properties.get("CacheSubnetGroupName", name).lower()
    made = elasticache.create_cache_subnet_group(name, properties["Description"], properties["SubnetIds"], tags=[])
    return CacheSubnetGroup(name, lambda: elasticache.cache_subnet_groups.pop(name), tagged=made.arn)


def capacity_provider(moto, name, properties, account, region):
    ecs, name = ecs_backends[account][region], properties.get("Name", name)
    details = camel(properties["AutoScalingGroupProvider"])
    # CloudFormation takes the name of the group as well; ECS answers with its ARN.
    group = autoscaling_backends[account][region].autoscaling_groups.get(details["autoScalingGroupArn"])
    details["autoScalingGroupArn"] = group.arn if group else details["autoScalingGroupArn"]
    made = ecs.create_capacity_provider(name, details, tags=[])
    return CapacityProvider(name, lambda: ecs.delete_capacity_provider(name), tagged=made.capacity_provider_arn)


def capacity_providers(moto, name, properties, account, region):
    ecs, cluster = ecs_backends[account][region], properties["Cluster"]
    strategy = camel(properties["DefaultCapacityProviderStrategy"])
    ecs.put_cluster_capacity_providers(cluster, properties["CapacityProviders"], strategy)
    return CapacityProviders(cluster, lambda: ecs.put_cluster_capacity_providers(cluster, [], []))


def database_cluster(moto, name, properties, account, region):
    rds, name = rds_backends[account][region], properties.get("DBClusterIdentifier", name).lower()
    given = {camelcase_to_underscores(key): value for key, value in properties.items()}
    made = rds.create_db_cluster(given | {"db_cluster_identifier": name})
    return DatabaseCluster(name, lambda: rds.delete_db_cluster(name), tagged=made.db_cluster_arn)


def secret(moto, name, properties, account, region):
    manager, name = secretsmanager_backends[account][region], properties.get("Name", name)
    call(manager.create_secret, properties, name=name, replica_regions=[], force_overwrite=False)
    arn = manager.secrets[name].arn
    return Secret(arn, lambda: manager.delete_secret(name, None, force_delete_without_recovery=True), tagged=arn)
