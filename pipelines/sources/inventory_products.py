"""The table of products: one entry is all a new product takes.

Every list call of Scaleway that names things an organization has, or the offers they are made from. Fields are the
API's own and silver gives them their meaning, so nothing else here knows a product.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.sources.endpoints import Endpoint
from pipelines.sources.localities import (
    APPLE_ZONES,
    AUTOSCALING_ZONES,
    DATA_LAB_REGIONS,
    DEDIBOX_ZONES,
    ELASTIC_METAL_ZONES,
    GATEWAY_ZONES,
    GLOBAL,
    LOAD_BALANCER_ZONES,
    MESSAGING_REGIONS,
    PARIS,
    REDIS_ZONES,
    REGIONS,
    REGIONS_WITHOUT_MILAN,
    ZONES,
)


@dataclass(frozen=True, kw_only=True)
class InventoryProduct(Endpoint):
    """A list call that is made in each of its localities.

    `resource_type` is None where the items are offers rather than things the organization has. `each` names the
    argument that the call needs one value at a time for, `of` the source whose items have the values as their `id`
    (the projects, or a product of this table), `only_with` a field of those items that must be neither absent, zero
    nor empty for the call to be worth making. `withheld` are fields that hold secrets: their values are not kept.
    """

    resource_type: str | None
    localities: Sequence[str]
    each: str | None = None
    of: str = "account.projects"
    only_with: str | None = None
    withheld: Sequence[str] = ()


def resource_type_of(source: str) -> str:
    """'instance.servers' lists things of type 'instance_server'; silver uses the same rule."""
    return re.sub("s$", "", source.replace(".", "_"))


def _product(
    source: str, call: str, permission_set: str, localities: Sequence[str], **details: Any
) -> InventoryProduct:
    """`call` is the SDK's module, class and method; the details are those of `InventoryProduct`."""
    api, _, method = f"scaleway.{call}".rpartition(".")
    return InventoryProduct(
        source=source,
        resource_type=details.pop("resource_type", resource_type_of(source)),
        api=api,
        method=method,
        permission_set=permission_set,
        localities=localities,
        **details,
    )


_INSTANCE, _BLOCK = "instance.v1.InstanceV1API", "block.v1.BlockV1API"
_METAL, _K8S = "baremetal.v1.BaremetalV1API", "k8s.v1.K8SV1API"
_REGISTRY, _CONTAINERS = "registry.v1.RegistryV1API", "container.v1.ContainerV1API"
_FUNCTIONS, _JOBS = "function.v1beta1.FunctionV1Beta1API", "jobs.v1alpha2.JobsV1Alpha2API"
_SQLDB, _RDB = "serverless_sqldb.v1alpha1.ServerlessSqldbV1Alpha1API", "rdb.v1.RdbV1API"
_MONGODB, _LB = "mongodb.v1.MongodbV1API", "lb.v1.LbV1ZonedAPI"
_GATEWAY, _VPC = "vpcgw.v2.VpcgwV2API", "vpc.v2.VpcV2API"

# these betas have no published permission set of their own
_ANY_PRODUCT = "AllProductsReadOnly"
# what people put there may be a password, whatever Scaleway says of secret variables
_VARIABLES = ("environment_variables", "secret_environment_variables")
_KEPT = {"include_deleted": False, "order_by": "created_at_asc"}
_NOT_DELETED = {"scheduled_for_deletion": False}

_COMPUTE = (
    _product("instance.servers", f"{_INSTANCE}.list_servers", "InstancesReadOnly", ZONES),
    _product("instance.volumes", f"{_INSTANCE}.list_volumes", "InstancesReadOnly", ZONES),
    _product("instance.snapshots", f"{_INSTANCE}.list_snapshots", "InstancesReadOnly", ZONES),
    # otherwise Scaleway's own images come along
    _product("instance.images", f"{_INSTANCE}.list_images", "InstancesReadOnly", ZONES, arguments={"public": False}),
    _product("instance.ips", f"{_INSTANCE}.list_ips", "InstancesReadOnly", ZONES),
    _product(
        "instance.server_types", f"{_INSTANCE}.list_servers_types", "InstancesReadOnly", ZONES, resource_type=None
    ),
    # it-mil-1 is not documented for block storage, but answers
    _product("block.volumes", f"{_BLOCK}.list_volumes", "BlockStorageReadOnly", ZONES, arguments=_KEPT),
    _product("block.snapshots", f"{_BLOCK}.list_snapshots", "BlockStorageReadOnly", ZONES, arguments=_KEPT),
    _product("file.filesystems", "file.v1alpha1.FileV1Alpha1API.list_file_systems", "FileStorageReadOnly", PARIS),
    _product(
        "baremetal.servers", f"{_METAL}.list_servers", "ElasticMetalReadOnly", ELASTIC_METAL_ZONES,
        withheld=("user_data", "service_url"),
    ),
    _product(
        "baremetal.offers", f"{_METAL}.list_offers", "ElasticMetalReadOnly", ELASTIC_METAL_ZONES, resource_type=None
    ),
    _product(
        "flexible_ip.flexible_ips", "flexibleip.v1alpha1.FlexibleipV1Alpha1API.list_flexible_i_ps",
        "ElasticMetalReadOnly", ELASTIC_METAL_ZONES,
    ),
    _product(
        "dedibox.servers", "dedibox.v1.DediboxV1API.list_servers", "DediboxReadOnly", DEDIBOX_ZONES, each="project_id"
    ),
    # the answer holds the password of every machine
    _product(
        "apple_silicon.servers", "applesilicon.v1alpha1.ApplesiliconV1Alpha1API.list_servers",
        "AppleSiliconReadOnly", APPLE_ZONES, withheld=("sudo_password", "vnc_url"),
    ),
    _product(
        "autoscaling.groups", "autoscaling.v1alpha2.AutoscalingV1Alpha2API.list_groups", _ANY_PRODUCT,
        AUTOSCALING_ZONES, each="project_id",
    ),
)  # fmt: skip

_CONTAINER_AND_SERVERLESS = (
    _product("k8s.clusters", f"{_K8S}.list_clusters", "KubernetesReadOnly", REGIONS),
    _product("k8s.pools", f"{_K8S}.list_pools", "KubernetesReadOnly", REGIONS, each="cluster_id", of="k8s.clusters"),
    _product("k8s.nodes", f"{_K8S}.list_nodes", "KubernetesReadOnly", REGIONS, each="cluster_id", of="k8s.clusters"),
    _product(
        "registry.namespaces", f"{_REGISTRY}.list_namespaces", "ContainerRegistryReadOnly", REGIONS_WITHOUT_MILAN
    ),
    _product("registry.images", f"{_REGISTRY}.list_images", "ContainerRegistryReadOnly", REGIONS_WITHOUT_MILAN),
    _product(
        "registry.tags", f"{_REGISTRY}.list_tags", "ContainerRegistryReadOnly", REGIONS_WITHOUT_MILAN,
        each="image_id", of="registry.images",
    ),
    _product(
        "containers.namespaces", f"{_CONTAINERS}.list_namespaces", "ContainersReadOnly", REGIONS_WITHOUT_MILAN,
        withheld=_VARIABLES,
    ),
    _product(
        "containers.containers", f"{_CONTAINERS}.list_containers", "ContainersReadOnly", REGIONS_WITHOUT_MILAN,
        withheld=_VARIABLES,
    ),
    _product(
        "functions.namespaces", f"{_FUNCTIONS}.list_namespaces", "FunctionsReadOnly", REGIONS_WITHOUT_MILAN,
        withheld=_VARIABLES,
    ),
    _product(
        "functions.functions", f"{_FUNCTIONS}.list_functions", "FunctionsReadOnly", REGIONS_WITHOUT_MILAN,
        each="namespace_id", of="functions.namespaces", withheld=_VARIABLES,
    ),
    _product(
        "serverless_jobs.job_definitions", f"{_JOBS}.list_job_definitions", "ServerlessJobsReadOnly",
        REGIONS_WITHOUT_MILAN, withheld=_VARIABLES,
    ),
    _product(
        "serverless_jobs.job_runs", f"{_JOBS}.list_job_runs", "ServerlessJobsReadOnly", REGIONS_WITHOUT_MILAN,
        withheld=_VARIABLES,
    ),
    _product("serverless_sqldb.databases", f"{_SQLDB}.list_databases", "ServerlessSQLDatabaseReadOnly", PARIS),
    _product(
        "serverless_sqldb.backups", f"{_SQLDB}.list_database_backups", "ServerlessSQLDatabaseReadOnly", PARIS,
        each="database_id", of="serverless_sqldb.databases", withheld=("download_url",),
    ),
    _product(
        "inference.deployments", "inference.v1.InferenceV1API.list_deployments", "InferenceReadOnly", PARIS
    ),
)  # fmt: skip

_DATA = (
    _product("rdb.instances", f"{_RDB}.list_instances", "RelationalDatabasesReadOnly", REGIONS_WITHOUT_MILAN),
    # whoever holds the link to a backup can read the database
    _product(
        "rdb.database_backups", f"{_RDB}.list_database_backups", "RelationalDatabasesReadOnly", REGIONS_WITHOUT_MILAN,
        withheld=("download_url",),
    ),
    _product("rdb.snapshots", f"{_RDB}.list_snapshots", "RelationalDatabasesReadOnly", REGIONS_WITHOUT_MILAN),
    _product("redis.clusters", "redis.v1.RedisV1API.list_clusters", "RedisReadOnly", REDIS_ZONES),
    # documented for fr-par alone, sold in the other regions too
    _product("mongodb.instances", f"{_MONGODB}.list_instances", "MongoDBReadOnly", REGIONS_WITHOUT_MILAN),
    _product("mongodb.snapshots", f"{_MONGODB}.list_snapshots", "MongoDBReadOnly", REGIONS_WITHOUT_MILAN),
    _product(
        "datawarehouse.deployments", "datawarehouse.v1beta1.DatawarehouseV1Beta1API.list_deployments",
        "DataWarehouseReadOnly", PARIS,
    ),
    _product("datalab.datalabs", "datalab.v1beta1.DatalabV1Beta1API.list_datalabs", "DistributedDataLabReadOnly",
             DATA_LAB_REGIONS),
    _product(
        "searchdb.deployments", "searchdb.v1alpha1.SearchdbV1Alpha1API.list_deployments", "SearchDBReadOnly", PARIS
    ),
    _product("kafka.clusters", "kafka.v1alpha1.KafkaV1Alpha1API.list_clusters", "KafkaClusterReadOnly", PARIS),
    _product(
        "messageq.deployments", "messageq.v1alpha1.MessageqV1Alpha1API.list_deployments", _ANY_PRODUCT, PARIS
    ),
    _product(
        "mnq.nats_accounts", "mnq.v1beta1.MnqV1Beta1NatsAPI.list_nats_accounts", "MessagingAndQueuingReadOnly",
        MESSAGING_REGIONS, each="project_id",
    ),
)  # fmt: skip

_NETWORK = (
    _product("lb.lbs", f"{_LB}.list_lbs", "LoadBalancersReadOnly", LOAD_BALANCER_ZONES),
    _product("lb.ips", f"{_LB}.list_i_ps", "LoadBalancersReadOnly", LOAD_BALANCER_ZONES),
    _product(
        "lb.backends", f"{_LB}.list_backends", "LoadBalancersReadOnly", LOAD_BALANCER_ZONES,
        each="lb_id", of="lb.lbs", only_with="backend_count",
    ),
    # gateways of the first generation are billed as well
    _product(
        "vpc_gw.gateways", f"{_GATEWAY}.list_gateways", "VPCGatewayReadOnly", GATEWAY_ZONES,
        arguments={"include_legacy": True},
    ),
    _product("vpc_gw.ips", f"{_GATEWAY}.list_i_ps", "VPCGatewayReadOnly", GATEWAY_ZONES),
    _product("vpc.vpcs", f"{_VPC}.list_vp_cs", "VPCReadOnly", REGIONS),
    _product("vpc.private_networks", f"{_VPC}.list_private_networks", "PrivateNetworksReadOnly", REGIONS),
    _product("ipam.ips", "ipam.v1.IpamV1API.list_i_ps", "IPAMReadOnly", REGIONS),
    _product(
        "edge_services.pipelines", "edge_services.v1beta1.EdgeServicesV1Beta1API.list_pipelines",
        "EdgeServicesReadOnly", GLOBAL,
    ),
    _product("s2s_vpn.gateways", "s2s_vpn.v1alpha1.S2SVpnV1Alpha1API.list_vpn_gateways", "SiteToSiteVPNReadOnly",
             REGIONS),
    _product("interlink.links", "interlink.v1beta1.InterlinkV1Beta1API.list_links", "InterlinkReadOnly", REGIONS),
)  # fmt: skip

_PLATFORM = (
    _product(
        "secret_manager.secrets", "secret.v1beta1.SecretV1Beta1API.list_secrets", "SecretManagerReadOnly",
        REGIONS_WITHOUT_MILAN, arguments=_NOT_DELETED,
    ),
    _product(
        "key_manager.keys", "key_manager.v1alpha1.KeyManagerV1Alpha1API.list_keys", "KeyManagerReadOnly",
        REGIONS_WITHOUT_MILAN, arguments=_NOT_DELETED,
    ),
    _product(
        "cockpit.data_sources", "cockpit.v1.CockpitV1RegionalAPI.list_data_sources", "ObservabilityReadOnly",
        REGIONS_WITHOUT_MILAN, each="project_id",
        # they change by themselves or with the place, and what counts of them is measured
        withheld=("current_month_usage", "url"),
    ),
    # keys and values come with the bindings; what is bound to nothing says nothing
    _product("annotations.bindings", "annotations.v1.AnnotationsV1API.list_bindings", _ANY_PRODUCT, GLOBAL),
)  # fmt: skip

INVENTORY_PRODUCTS = (*_COMPUTE, *_CONTAINER_AND_SERVERLESS, *_DATA, *_NETWORK, *_PLATFORM)
