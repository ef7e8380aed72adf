"""Listings of every other product: one table of paths, places and shapes; what a world has none of is empty."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import answer, invalid, not_found, page_of, whole_number
from simulator.database_shapes import DatabaseShapes
from simulator.deploys_shapes import DeployShapes
from simulator.gate import Gate
from simulator.jobs_shapes import JobShapes
from simulator.kubernetes_shapes import KubernetesShapes
from simulator.metal_shapes import MetalShapes
from simulator.network_shapes import NetworkShapes
from simulator.price_book import REGIONS, ZONES
from simulator.serverless_shapes import ServerlessShapes
from simulator.service_parts import Placed, Services
from simulator.world import Clock, World

PAGE = 20
ANYWHERE = ("",)
PARIS = ("fr-par",)
WITHOUT_MILAN = REGIONS[:3]
METAL_ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "nl-ams-2", "pl-waw-2", "pl-waw-3")
REDIS_ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "nl-ams-2", "pl-waw-1", "pl-waw-2")
BALANCER_ZONES = tuple(zone for zone in ZONES if zone not in ("fr-par-3", "it-mil-1"))
GATEWAY_ZONES = tuple(zone for zone in ZONES if zone != "fr-par-3")

Shape = Callable[[int], Iterable[Placed]]


@dataclass(frozen=True)
class Listed:
    """One listing. `parent` is the part of the path or the parameter that names what the items belong to."""

    path: str
    key: str
    places: tuple[str, ...]
    shape: Shape
    parent: str = ""
    needs_project: bool = False
    is_by_token: bool = False


def nothing(_: int) -> Iterable[Placed]:
    """A product nobody in this world uses."""
    return ()


def listings(world: World) -> list[Listed]:
    """Every product beyond Instances and block storage."""
    services = Services(world)
    return [*_machines(services), *_platform(services), *_data(services), *_networks(services)]


def product_routes(world: World, clock: Clock) -> list[Route]:
    """A route for each listing."""
    gate = Gate(world)
    return [Route(listed.path, _endpoint(listed, clock, gate)) for listed in listings(world)]


def _machines(services: Services) -> list[Listed]:
    metal, kubernetes = MetalShapes(services), KubernetesShapes(services)
    k8s = "/k8s/v1/regions/{region}/clusters"
    return [
        Listed("/baremetal/v1/zones/{zone}/servers", "servers", METAL_ZONES, metal.servers),
        Listed("/baremetal/v1/zones/{zone}/offers", "offers", METAL_ZONES, metal.offers),
        Listed("/flexible-ip/v1alpha1/zones/{zone}/fips", "flexible_ips", METAL_ZONES, metal.flexible_addresses),
        Listed("/apple-silicon/v1alpha1/zones/{zone}/servers", "servers", ("fr-par-1", "fr-par-3"), nothing),
        Listed(
            "/dedibox/v1/zones/{zone}/servers", "servers", ("fr-par-1", "fr-par-2", "nl-ams-1"), nothing,
            needs_project=True,
        ),
        Listed(
            "/autoscaling/v1alpha2/zones/{zone}/groups", "group_summaries", ZONES[:3], nothing,
            needs_project=True, is_by_token=True,
        ),
        Listed("/file/v1alpha1/regions/{region}/filesystems", "filesystems", PARIS, nothing),
        Listed(k8s, "clusters", REGIONS, kubernetes.clusters),
        Listed(f"{k8s}/{{cluster_id}}/pools", "pools", REGIONS, kubernetes.pools, parent="cluster_id"),
        Listed(f"{k8s}/{{cluster_id}}/nodes", "nodes", REGIONS, kubernetes.nodes, parent="cluster_id"),
    ]  # fmt: skip


def _platform(services: Services) -> list[Listed]:
    own, deployed, run = ServerlessShapes(services), DeployShapes(services), JobShapes(services)
    registry, containers = "/registry/v1/regions/{region}", "/containers/v1/regions/{region}"
    functions, jobs = "/functions/v1beta1/regions/{region}", "/serverless-jobs/v1alpha2/regions/{region}"
    return [
        Listed(f"{registry}/namespaces", "namespaces", WITHOUT_MILAN, own.registry_namespaces),
        Listed(f"{registry}/images", "images", WITHOUT_MILAN, deployed.images),
        Listed(f"{registry}/images/{{image_id}}/tags", "tags", WITHOUT_MILAN, deployed.tags, parent="image_id"),
        Listed(f"{containers}/namespaces", "namespaces", WITHOUT_MILAN, own.container_namespaces),
        Listed(f"{containers}/containers", "containers", WITHOUT_MILAN, own.containers),
        Listed(f"{functions}/namespaces", "namespaces", WITHOUT_MILAN, own.function_namespaces),
        Listed(f"{functions}/functions", "functions", WITHOUT_MILAN, own.functions, parent="namespace_id"),
        Listed(f"{jobs}/job-definitions", "job_definitions", WITHOUT_MILAN, run.definitions),
        Listed(f"{jobs}/job-runs", "job_runs", WITHOUT_MILAN, run.runs),
        Listed("/inference/v1/regions/{region}/deployments", "deployments", PARIS, own.inference_deployments),
        Listed("/secret-manager/v1beta1/regions/{region}/secrets", "secrets", WITHOUT_MILAN, own.secrets),
        Listed("/key-manager/v1alpha1/regions/{region}/keys", "keys", WITHOUT_MILAN, nothing),
        Listed("/annotations/v1/bindings", "bindings", ANYWHERE, own.bindings),
    ]  # fmt: skip


def _data(services: Services) -> list[Listed]:
    own = DatabaseShapes(services)
    rdb, mongodb = "/rdb/v1/regions/{region}", "/mongodb/v1/regions/{region}"
    sqldb = "/serverless-sqldb/v1alpha1/regions/{region}"
    return [
        Listed(f"{rdb}/instances", "instances", WITHOUT_MILAN, own.rdb_instances),
        Listed(f"{rdb}/backups", "database_backups", WITHOUT_MILAN, own.rdb_backups),
        Listed(f"{rdb}/snapshots", "snapshots", WITHOUT_MILAN, nothing),
        Listed("/redis/v1/zones/{zone}/clusters", "clusters", REDIS_ZONES, own.redis_clusters),
        Listed(f"{mongodb}/instances", "instances", WITHOUT_MILAN, own.mongodb_instances),
        Listed(f"{mongodb}/snapshots", "snapshots", WITHOUT_MILAN, own.mongodb_snapshots),
        Listed(f"{sqldb}/databases", "databases", PARIS, own.sql_databases),
        Listed(f"{sqldb}/backups", "backups", PARIS, nothing, parent="database_id"),
        Listed("/datawarehouse/v1beta1/regions/{region}/deployments", "deployments", PARIS, nothing),
        Listed("/datalab/v1beta1/regions/{region}/datalabs", "datalabs", ("fr-par", "it-mil"), nothing),
        Listed("/searchdb/v1alpha1/regions/{region}/deployments", "deployments", PARIS, nothing),
        Listed("/kafka/v1alpha1/regions/{region}/clusters", "clusters", PARIS, nothing),
        Listed("/messageq/v1alpha1/regions/{region}/deployments", "deployments", PARIS, nothing),
        Listed(
            "/mnq/v1beta1/regions/{region}/nats-accounts", "nats_accounts", ("fr-par", "nl-ams"), nothing,
            needs_project=True,
        ),
    ]  # fmt: skip


def _networks(services: Services) -> list[Listed]:
    own = NetworkShapes(services)
    lb, gateways, vpc = "/lb/v1/zones/{zone}", "/vpc-gw/v2/zones/{zone}", "/vpc/v2/regions/{region}"
    return [
        Listed(f"{lb}/lbs", "lbs", BALANCER_ZONES, own.balancers),
        Listed(f"{lb}/ips", "ips", BALANCER_ZONES, own.balancer_addresses),
        Listed(f"{lb}/lbs/{{lb_id}}/backends", "backends", BALANCER_ZONES, own.backends, parent="lb_id"),
        Listed(f"{gateways}/gateways", "gateways", GATEWAY_ZONES, own.gateways),
        Listed(f"{gateways}/ips", "ips", GATEWAY_ZONES, own.gateway_addresses),
        Listed(f"{vpc}/vpcs", "vpcs", REGIONS, own.vpcs),
        Listed(f"{vpc}/private-networks", "private_networks", REGIONS, own.private_networks),
        Listed("/ipam/v1/regions/{region}/ips", "ips", REGIONS, own.addresses),
        Listed("/edge-services/v1beta1/pipelines", "pipelines", ANYWHERE, own.pipelines),
        Listed("/s2s-vpn/v1alpha1/regions/{region}/vpn-gateways", "gateways", REGIONS, nothing),
        Listed("/interlink/v1beta1/regions/{region}/links", "links", REGIONS, nothing),
    ]


def _endpoint(listed: Listed, clock: Clock, gate: Gate) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        gate.check(request)
        place = request.path_params.get("zone") or request.path_params.get("region") or ""
        if place not in listed.places:
            raise not_found("locality", place)
        query = request.query_params
        project = query.get("project_id")
        if listed.needs_project and not project:
            raise invalid("project_id", "required", "project_id is required")
        parent = request.path_params.get(listed.parent) or query.get(listed.parent) if listed.parent else None
        if listed.parent and not parent:
            raise invalid(listed.parent, "required", f"{listed.parent} is required")
        rows = [
            each.item
            for each in listed.shape(clock.instant)
            if each.place == place
            and (not project or each.project_id == project)
            and (not parent or each.parent == parent)
        ]
        if listed.is_by_token:
            whole_number(query, "page_size", PAGE)
            return answer({listed.key: rows, "total_count": len(rows), "next_page_token": None})
        return answer({listed.key: page_of(query, rows, PAGE), "total_count": len(rows)})

    return endpoint
