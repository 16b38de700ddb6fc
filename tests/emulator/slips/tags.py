"""Slips of the service that tells the tags of many services' things."""

from moto.core.resource_tagging import TaggedResource, match_resource_type
from moto.ecr.models import ecr_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from slips.patch import around, slip

REPOSITORY = "ecr:repository"


@slip
def tagged_repositories_are_told() -> None:
    """GetResources lists ECR's repositories that have tags; moto knows of none."""

    @around(ResourceGroupsTaggingAPIBackend, "_get_resources_generator")
    def resources(others, tagging, tag_filters=None, resource_type_filters=None, resource_arn_list=None):
        yield from others(tagging, tag_filters, resource_type_filters, resource_arn_list)
        if tag_filters or not match_resource_type(REPOSITORY, resource_type_filters):
            return
        ecr = ecr_backends[tagging.account_id][tagging.region_name]
        for repository in ecr.repositories.values():
            tags = ecr.tagger.get_tag_dict_for_resource(repository.arn)
            if tags and (not resource_arn_list or repository.arn in resource_arn_list):
                yield TaggedResource(repository.arn, tags, REPOSITORY)
