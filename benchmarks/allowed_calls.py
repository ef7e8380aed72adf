"""Which calls a key may make under the policy that `finops init` prints, by what Scaleway's IAM says each set reads.

A set's API is written down here once more, from Scaleway's list of permission sets, and not taken from the product:
else a call the product makes would allow itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

READS: Final[Mapping[str, tuple[str, ...]]] = {
    "AppleSiliconReadOnly": ("apple-silicon",),
    "AuditTrailReadOnly": ("audit-trail",),
    "BillingReadOnly": ("billing",),
    "BlockStorageReadOnly": ("block",),
    "ContainerRegistryReadOnly": ("registry",),
    "ContainersReadOnly": ("containers",),
    "DataWarehouseReadOnly": ("datawarehouse",),
    "DediboxReadOnly": ("dedibox",),
    "DistributedDataLabReadOnly": ("datalab",),
    "EdgeServicesReadOnly": ("edge-services",),
    "ElasticMetalReadOnly": ("baremetal", "flexible-ip"),
    "EnvironmentalImpactReadOnly": ("environmental-footprint",),
    "FileStorageReadOnly": ("file",),
    "FunctionsReadOnly": ("functions",),
    "IPAMReadOnly": ("ipam",),
    "InferenceReadOnly": ("inference",),
    "InstancesReadOnly": ("instance",),
    "InterlinkReadOnly": ("interlink",),
    "KafkaClusterReadOnly": ("kafka",),
    "KeyManagerReadOnly": ("key-manager",),
    "KubernetesReadOnly": ("k8s",),
    "LoadBalancersReadOnly": ("lb",),
    "MessagingAndQueuingReadOnly": ("mnq",),
    "MongoDBReadOnly": ("mongodb",),
    "ObjectStorageReadOnly": ("s3",),
    "ObservabilityReadOnly": ("cockpit",),
    "PrivateNetworksReadOnly": ("vpc",),
    "ProjectReadOnly": ("account/v3/projects",),
    "RedisReadOnly": ("redis",),
    "RelationalDatabasesReadOnly": ("rdb",),
    "SearchDBReadOnly": ("searchdb",),
    "SecretManagerReadOnly": ("secret-manager",),
    "ServerlessJobsReadOnly": ("serverless-jobs",),
    "ServerlessSQLDatabaseReadOnly": ("serverless-sqldb",),
    "SiteToSiteVPNReadOnly": ("s2s-vpn",),
    "VPCGatewayReadOnly": ("vpc-gw",),
    "VPCReadOnly": ("vpc",),
    # what has no set of its own
    "AllProductsReadOnly": ("annotations", "autoscaling", "messageq", "mnq"),
}
FOR_EVERYBODY: Final = ("product-catalog/v2alpha1/public-catalog",)
_WITH_A_TOKEN: Final = re.compile(r"opencost/|cockpit/[^/]+/(prometheus|loki)/api/v1/")
"""Cockpit's data and a cluster's OpenCost: opened by a token that reads only, not by IAM; a query may be posted."""
_CHANGES_NOTHING: Final = ("GET", "HEAD")


def is_allowed(method: str, path: str) -> bool:
    """Whether the policy lets this call through; one that could change something never is."""
    place = path.strip("/")
    if not place:  # whether anybody answers there, asked without a key
        return method in _CHANGES_NOTHING
    if _WITH_A_TOKEN.match(place):
        return method in (*_CHANGES_NOTHING, "POST")
    return method in _CHANGES_NOTHING and place.startswith((*FOR_EVERYBODY, *_of_policy()))


@cache
def _of_policy() -> tuple[str, ...]:
    from finops.first_steps import policy_commands

    printed = "\n".join(policy_commands("00000000-0000-4000-8000-000000000000", ".lake"))
    sets = re.findall(r"permission-set-names\.\d+=(\w+)", printed)
    return tuple(f"{place}/" if "/" not in place else place for name in sets for place in READS[name])
