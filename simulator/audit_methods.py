"""How the Audit Trail names products, services, methods and kinds of resource."""

from dataclasses import dataclass

from simulator.resources import Resource
from simulator.service_parts import meter


@dataclass(frozen=True, slots=True)
class Methods:
    """One kind of resource and the calls that make, change, resize and delete it."""

    product: str
    service: str
    kind: str
    create: str
    update: str
    delete: str
    resize: str = ""
    is_zonal: bool = False


def _named(product: str, api: str, kind: str, noun: str, resize: str = "", is_zonal: bool = False) -> Methods:
    service = f"scaleway.{api}.{'ZonedApi' if api.startswith('lb.') else 'Api'}"
    update = f"Update{noun}"
    return Methods(product, service, kind, f"Create{noun}", update, f"Delete{noun}", resize or update, is_zonal)


INSTANCES = _named("instance", "instance.v1", "instance_server", "Server", is_zonal=True)
CLUSTERS = _named("kubernetes", "k8s.v1", "kube_cluster", "Cluster", "SetClusterType")
POOLS = _named("kubernetes", "k8s.v1", "kube_pool", "Pool")
CONTAINERS = _named("serverless-containers", "containers.v1", "serverless_containers_container", "Container")

_KINDS = {
    "instance": INSTANCES,
    "block-volume": _named("block-storage", "block.v1", "sbs_volume", "Volume", is_zonal=True),
    "block-snapshot": _named("block-storage", "block.v1", "sbs_snapshot", "Snapshot", is_zonal=True),
    "local-volume": _named("instance", "instance.v1", "instance_volume", "Volume", is_zonal=True),
    "instance-snapshot": _named("instance", "instance.v1", "instance_snapshot", "Snapshot", is_zonal=True),
    "image": _named("instance", "instance.v1", "instance_image", "Image", is_zonal=True),
    "ip": _named("instance", "instance.v1", "ipam_ip", "Ip", is_zonal=True),
}
_SERVICES = {
    "/storage/rdb/": _named("rdb", "rdb.v1", "rdb_instance", "Instance", "UpgradeInstance"),
    "/storage/mgdb/": _named("mongodb", "mongodb.v1", "mongodb_instance", "Instance", "UpgradeInstance"),
    "/k8s/control-plane/": CLUSTERS,
    "/network/loadbalancer/": _named("load-balancer", "lb.v1", "load_balancer_lb", "Lb", "MigrateLb", True),
    "/network/vpc/public-gateway/": _named(
        "public-gateway", "vpc_gw.v2", "vpc_gw_gateway", "Gateway", "UpgradeGateway", True
    ),
    "/baremetal/em-": _named("elastic-metal", "baremetal.v1", "baremetal_server", "Server", is_zonal=True),
    "/paas/caas/vcpu/": CONTAINERS,
    "/paas/faas/": _named("serverless-functions", "functions.v1beta1", "serverless_functions_function", "Function"),
    "/paas/serverless_sqldb/": _named("serverless-sql", "serverless_sqldb.v1alpha1", "ssdb_database", "Database"),
    "/ai/inference_dedicated/": _named(
        "generative-apis", "inference.v1", "gapi_dedicated_deployment", "Deployment"
    ),
    "/observability/cockpit/custom-": _named("cockpit", "cockpit.v1", "observability_datasource", "DataSource"),
    "/paas/secret_manager/version/": _named(
        "secret-manager", "secret_manager.v1beta1", "secret_manager_secret", "Secret"
    ),
}  # fmt: skip


def methods_of(row: Resource) -> Methods | None:
    """The calls of a resource; None where the Audit Trail knows nothing of its kind, as with buckets."""
    if row.kind != "service":
        return _KINDS.get(row.kind)
    return next((methods for prefix, methods in _SERVICES.items() if meter(row, prefix)), None)
