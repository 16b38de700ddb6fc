"""Load balancers: protected ones stay, their interfaces linger, and their certificates are in use until after them."""

from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.ec2.models import ec2_backends
from moto.elb.models import ELBBackend, elb_backends
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.s3.models import s3_backends

from slips.patch import around, computed
from strict.later import after
from strict.patches import patch
from strict.rules import Refused, refuses

# Certificates of load balancers that are gone, which ACM still takes for used.
REMEMBERED: dict[str, str] = {}


@refuses("elasticloadbalancing:DeleteLoadBalancer")
def protected_balancers_stay(call) -> None:
    """A load balancer with deletion protection stays."""
    balancer = call.backend("elbv2").load_balancers.get(call["LoadBalancerArn"])
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise Refused(
            "OperationNotPermitted",
            f"Load balancer '{balancer.arn}' cannot be deleted because deletion protection is enabled",
        )


@refuses("elasticloadbalancing:DeleteRule")
def default_rules_stay(call) -> None:
    """The default rule of a listener goes with the listener alone; moto breaks."""
    name = call["RuleArn"]
    for balancer in call.backend("elbv2").load_balancers.values():
        for listener in balancer.listeners.values():
            if any(rule.arn == name and rule.is_default for rule in listener.rules.values()):
                raise Refused("OperationNotPermitted", f"Default rule '{name}' cannot be deleted")


@refuses("acm:DeleteCertificate")
def certificates_go_unused(call) -> None:
    """A certificate goes when no listener has it."""
    name = call["CertificateArn"]
    if users(name, call.backend("acm").account_id, call.region):
        raise Refused(
            "ResourceInUseException",
            f"Certificate {name} in account {call.backend('acm').account_id} is in use.",
        )


def users(certificate: str, account: str, region: str) -> list[str]:
    users = [
        balancer.arn
        for balancer in elbv2_backends[account][region].load_balancers.values()
        for listener in balancer.listeners.values()
        if certificate in (listener.certificates or [])
        or certificate in [getattr(it, "arn", it) for it in [listener.certificate] if it]
    ]
    for balancer in elb_backends[account][region].load_balancers.values():
        if any(certificate == listener.ssl_certificate_id for listener in balancer.listeners):
            users.append(f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{balancer.name}")
    users += [REMEMBERED[certificate]] if certificate in REMEMBERED else []
    return list(dict.fromkeys(users))


@patch
def certificates_know_who_uses_them() -> None:
    """A certificate tells the load balancers that use it now, and for some minutes more; moto's tells of all that ever
    did."""

    def home(bundle):
        _, _, _, region, account, _ = bundle.arn.split(":")
        return account, region

    computed(CertBundle, "in_use_by", lambda bundle: users(bundle.arn, *home(bundle)))
    AWSCertificateManagerBackend.set_certificate_in_use_by = lambda acm, arn, balancer: acm.get_certificate(arn)


@patch
def interfaces_linger() -> None:
    """The interfaces of a deleted load balancer are in use for some minutes more, and then the last lines of its access
    log come; moto has none, and the slips take them away at once."""

    def linger(ec2, description: str, delete, bucket: str | None = None) -> None:
        left = {name: it for name, it in ec2.enis.items() if it.description == description}
        for name in left:
            del ec2.enis[name]
        delete()
        ec2.enis.update(left)

        def gone():
            for name, interface in left.items():
                if name in ec2.enis:
                    interface.delete()
            s3 = s3_backends[ec2.account_id]["aws"]
            if bucket in s3.buckets:
                # The last lines of its access log come when it is gone already.
                s3.put_object(bucket, f"late/{description.replace(' ', '-')}.log.gz", b"one line of an access log")

        if left:
            after(3, ("ec2:DescribeNetworkInterfaces",), gone)

    @around(ELBv2Backend, "delete_load_balancer")
    def delete(delete_load_balancer, elb, arn):
        if balancer := elb.load_balancers.get(arn):
            for listener in balancer.listeners.values():
                for certificate in [*(listener.certificates or []), listener.certificate]:
                    if name := certificate and getattr(certificate, "arn", certificate):
                        REMEMBERED[name] = arn
                        after(2, ("acm:DescribeCertificate",), lambda name=name: REMEMBERED.pop(name, None))
        attributes = elb.load_balancers[arn].attrs if arn in elb.load_balancers else {}
        logs = attributes.get("access_logs.s3.enabled") == "true" and attributes.get("access_logs.s3.bucket")
        name = f"ELB {arn.split('loadbalancer/')[-1]}"
        linger(elb.ec2_backend, name, lambda: delete_load_balancer(elb, arn), logs or None)

    @around(ELBBackend, "delete_load_balancer")
    def delete_classic(delete_load_balancer, elb, name):
        ec2 = ec2_backends[elb.account_id][elb.region_name]
        linger(ec2, f"ELB {name}", lambda: delete_load_balancer(elb, name))
