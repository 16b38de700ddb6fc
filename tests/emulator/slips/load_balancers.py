"""Slips of load balancers, old and new."""

import re

from moto.ec2.models import ec2_backends
from moto.elb.models import ELBBackend
from moto.elbv2 import models as elbv2
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeLoadBalancer, FakeRule, FakeTargetGroup
from moto.moto_api._internal import mock_random

from slips.patch import around, slip

# What AWS drew for load balancers that others refer to by name.
NUMBERS = {
    "ECSTEST-ecs-nodejs-app-alb": 1304928817,
    "cruddur-alb": 1462973582,
    "karim-Route-1B7H2GIJW6LEN": 502343295,
    "karim-Route-9ZQK3WT5BM7X": 1249013377,
    "karim-test": 1783902541,
    "karim-test-payments": 1765241556,
    "webapp-load-balancer": 1711291190,
}


@slip
def load_balancers_have_numbered_names() -> None:
    """The DNS name of a load balancer ends in a number drawn for it, in one known zone of its region, and begins with
    `internal-` if the load balancer is; moto has neither, and a zone that does not exist."""

    def name(balancer, region):
        number = NUMBERS.get(balancer.name) or mock_random.randint(10**8, 2 * 10**9)
        internal = "internal-" if balancer.scheme == "internal" else ""
        balancer.dns_name = f"{internal}{balancer.name}-{number}.{region}.elb.amazonaws.com"

    @around(ELBv2Backend, "create_load_balancer")
    def create(create_load_balancer, elb, *args, **options):
        balancer = create_load_balancer(elb, *args, **options)
        name(balancer, elb.region_name)
        balancer.canonical_hosted_zone_id = "Z35SXDOTRQ7X7K"
        return balancer

    @around(ELBBackend, "create_load_balancer")
    def create_classic(create_load_balancer, elb, *args, **options):
        balancer = create_load_balancer(elb, *args, **options)
        name(balancer, elb.region_name)
        return balancer


@slip
def default_rules_have_ids() -> None:
    """The ARN of a listener's default rule ends in sixteen hex digits; moto's ends in an address in its memory."""

    @around(FakeRule, "__init__")
    def make(init, rule, *args, **options):
        init(rule, *args, **options)
        rule.arn = re.sub("[0-9]+$", mock_random.get_random_hex(16), rule.arn)


@slip
def targets_name_the_port_that_is_checked() -> None:
    """The health of a target names the number of the port that is checked; moto says `traffic-port`."""

    @around(FakeHealthStatus, "__init__")
    def make(init, health, *args, **options):
        init(health, *args, **options)
        if health.health_check_port == "traffic-port":
            health.health_check_port = str(health.port)


@slip
def load_balancers_have_all_their_attributes() -> None:
    """An application load balancer answers with every attribute it can have; moto with four."""

    @around(FakeLoadBalancer, "__init__")
    def make(init, balancer, *args, **options):
        init(balancer, *args, **options)
        if balancer.type == "application":
            balancer.attrs = {
                "access_logs.s3.enabled": "false",
                "access_logs.s3.bucket": "",
                "access_logs.s3.prefix": "",
                "client_keep_alive.seconds": "3600",
                "connection_logs.s3.enabled": "false",
                "connection_logs.s3.bucket": "",
                "connection_logs.s3.prefix": "",
                "deletion_protection.enabled": "false",
                "idle_timeout.timeout_seconds": "60",
                "load_balancing.cross_zone.enabled": "true",
                "routing.http.desync_mitigation_mode": "defensive",
                "routing.http.drop_invalid_header_fields.enabled": "false",
                "routing.http.preserve_host_header.enabled": "false",
                "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
                "routing.http.xff_client_port.enabled": "false",
                "routing.http.xff_header_processing.mode": "append",
                "routing.http2.enabled": "true",
                "waf.fail_open.enabled": "false",
                "zonal_shift.config.enabled": "false",
            }


@slip
def target_groups_name_a_load_balancer_once() -> None:
    """A target group lists each load balancer that sends to it once; moto once for every rule that does."""

    class Once(list):
        def append(self, arn):
            if arn not in self:
                super().append(arn)

    @around(FakeTargetGroup, "__init__")
    def make(init, group, *args, **options):
        init(group, *args, **options)
        group.load_balancer_arns = Once()


@slip
def certificates_name_the_load_balancer_that_uses_them() -> None:
    """A certificate is in use by a load balancer; moto says by its listener."""

    @around(elbv2, "register_certificate")
    def register(register_certificate, account_id, region, arn_certificate, arn_user):
        balancer = arn_user.replace(":listener/", ":loadbalancer/").rsplit("/", 1)[0]
        register_certificate(account_id, region, arn_certificate, balancer)


@slip
def targets_by_address_are_in_a_zone() -> None:
    """A target that is an address of the VPC is told with its zone; moto tells none."""
    target = FakeHealthStatus.target.fget
    FakeHealthStatus.target = property(lambda health: target(health) | getattr(health, "zone", {}))

    @around(FakeTargetGroup, "health_for")
    def tell(health_for, group, told, ec2):
        health = health_for(group, told, ec2)
        for interface in ec2.enis.values():
            if interface.private_ip_address == told["Id"] and interface.vpc_id == group.vpc_id:
                health.zone = {"AvailabilityZone": interface.availability_zone}
        return health


@slip
def classic_load_balancers_begin_complete() -> None:
    """A classic load balancer stands in the zones of its subnets, and checks whether the port of its first listener
    opens until it is told more; moto's stands in no zone and checks nothing."""

    @around(ELBBackend, "create_load_balancer")
    def create(create_load_balancer, elb, name, *args, **options):
        balancer = create_load_balancer(elb, name, *args, **options)
        if not balancer.availability_zones:
            ec2 = ec2_backends[elb.account_id][elb.region_name]
            balancer.availability_zones = [ec2.get_subnet(subnet).availability_zone for subnet in balancer.subnets]
        elb.configure_health_check(name, "5", "10", "2", "30", f"TCP:{balancer.listeners[0].instance_port}")
        return balancer
