"""Functions: one within a network has interfaces there, and they linger long after it."""

import uuid

from moto.awslambda.models import LambdaBackend
from moto.ec2.models import ec2_backends

from slips.ec2 import hold
from slips.patch import around
from strict.later import after
from strict.patches import patch


@patch
def interfaces_of_functions_linger() -> None:
    """A function within a network has an interface in each of its subnets, which AWS takes away up to 45 minutes after
    the function; moto has none."""

    def of(functions, name: str) -> list:
        ec2 = ec2_backends[functions.account_id][functions.region_name]
        start = f"AWS Lambda VPC ENI-{name}-"
        # Another function's name may begin with this one's.
        return [it for it in ec2.enis.values() if it.description[: -len(str(uuid.uuid4()))] == start]

    @around(LambdaBackend, "create_function")
    def create(create_function, functions, spec):
        function = create_function(functions, spec)
        within = spec.get("VpcConfig") or {}
        ec2 = ec2_backends[functions.account_id][functions.region_name]
        for name in within.get("SubnetIds", []):
            subnet = ec2.get_subnet(name)
            interface = ec2.create_network_interface(
                subnet,
                subnet.get_available_subnet_ip(instance=None),
                group_ids=within.get("SecurityGroupIds", []),
            )
            hold(interface, "amazon-lambda", f"AWS Lambda VPC ENI-{function.function_name}-{uuid.uuid4()}")
        return function

    @around(LambdaBackend, "delete_function")
    def delete(delete_function, functions, function_name, *args, **options):
        left = of(functions, function_name)
        delete_function(functions, function_name, *args, **options)

        def gone():
            for interface in left:
                interface.delete()

        if left:
            after(6, ("ec2:DescribeNetworkInterfaces",), gone)
