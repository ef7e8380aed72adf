"""Containers, functions, registries, inference, secrets and annotations as their APIs list them."""

from collections.abc import Iterator
from typing import Any

from simulator.deploys_shapes import REGISTRY_SKU, DeployShapes
from simulator.jobs_scenario import Inference
from simulator.resources import Resource
from simulator.service_parts import GB, Placed, Services, amount, meter, size, word

_CONTAINER, _FUNCTION, _SECRETS = "/paas/caas/vcpu/", "/paas/faas/", "/paas/secret_manager/version/"
_INFERENCE = "/ai/inference_dedicated/deployment/"
VERSIONS_OF_A_SECRET = 10

_LISTED_AS = {  # what is billed, and the API and collection that an SRN names
    "/storage/rdb/": "rdb/instances",
    "/storage/redis/": "redis/clusters",
    "/storage/mgdb/": "mongodb/instances",
    "/paas/serverless_sqldb/": "serverless-sqldb/databases",
    REGISTRY_SKU: "registry/namespaces",
    "/network/edge-services/": "edge-services/pipelines",
}
_ZONED = ("instance", "redis")


class ServerlessShapes:
    """Writes what has no machine as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._deploys = DeployShapes(services)

    def registry_namespaces(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, REGISTRY_SKU):
            yield self._services.in_region(row, {
                **self._services.common(row),
                "organization_id": self._services.organization_id,
                "description": "",
                "endpoint": f"rg.{self._services.region(row)}.scw.cloud/{row.name}",
                "status": "ready",
                "status_message": "",
                "is_public": False,
                "size": size(row, REGISTRY_SKU),
                "image_count": self._deploys.image_count(row, now),
            })  # fmt: skip

    def container_namespaces(self, now: int) -> Iterator[Placed]:
        yield from self._namespaces(now, _CONTAINER, {"environment_variables": {}, "secret_environment_variables": {}})

    def function_namespaces(self, now: int) -> Iterator[Placed]:
        yield from self._namespaces(now, _FUNCTION, {
            "environment_variables": {},
            "secret_environment_variables": [],
            "registry_namespace_id": "",
            "registry_endpoint": "",
            "error_message": None,
            "vpc_integration_activated": False,
        })  # fmt: skip

    def containers(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _CONTAINER):
            yield self._services.in_region(row, {
                **self._deployed(row, now, _CONTAINER),
                **self._deploys.running(row, now),
                "id": row.id,
                "error_message": "",
                "min_scale": 1,
                "max_scale": 20,
                "memory_limit_bytes": 2 * GB,
                "mvcpu_limit": 1_000,
                "environment_variables": {"LOG_LEVEL": "info"},
                "secret_environment_variables": {},
                "protocol": "http1",
                "port": 8080,
                "command": [],
                "args": [],
                "https_connections_only": True,
                "local_storage_limit_bytes": GB,
                "scaling_option": {"concurrent_requests_threshold": 50},
                "public_endpoint": f"https://{row.name}.functions.fnc.{self._services.region(row)}.scw.cloud",
                "liveness_probe": None,
                "startup_probe": None,
            })  # fmt: skip

    def functions(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _FUNCTION):
            item = {
                **self._deployed(row, now, _FUNCTION),
                "id": self._services.uuid("function", row.id) if meter(row, _CONTAINER) else row.id,
                "runtime": "python313",
                "runtime_message": "",
                "handler": "handler.handle",
                "build_message": None,
                "error_message": None,
                "domain_name": f"{row.name}.functions.fnc.{self._services.region(row)}.scw.cloud",
                "environment_variables": {},
                "secret_environment_variables": [],
                "http_option": "redirected",
                "memory_limit": 512,
                "cpu_limit": 280,
                "min_scale": 0,
                "max_scale": 20,
                "private_network_id": None,
                "ready_at": self._services.created(row),
            }
            yield self._services.in_region(row, item, self._namespace_id(row, _FUNCTION))

    def inference_deployments(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _INFERENCE):
            served = row.group.inference or Inference()
            yield self._services.in_region(row, {
                **self._services.common(row),
                "node_type_name": word(row, _INFERENCE).upper(),
                "size": amount(row, _INFERENCE, 1),
                "min_size": 1,
                "max_size": amount(row, _INFERENCE, 1),
                "model_id": self._services.uuid("model", served.model),
                "model_name": served.model,
                "quantization": {"bits": served.bits},
                "endpoints": [{
                    "id": self._services.uuid("endpoint", row.id),
                    "url": f"https://{row.id}.ifr.{self._services.region(row)}.scaleway.com",
                    "public_network": {},
                    "disable_auth": False,
                }],
                "error_message": "",
                "status": "ready",
                "tags": list(row.tags_at(now)),
            })  # fmt: skip

    def secrets(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _SECRETS):
            for number in range(max(1, amount(row, _SECRETS) // VERSIONS_OF_A_SECRET)):
                yield self._services.in_region(row, {
                    **self._services.common(row),
                    "id": self._services.uuid("secret", row.id, number) if number else row.id,
                    "name": f"{row.name}-{number + 1:03}",
                    "status": "ready",
                    "tags": list(row.tags_at(now)),
                    "version_count": VERSIONS_OF_A_SECRET,
                    "description": "",
                    "type": "opaque",
                    "path": "/",
                    "managed": False,
                    "protected": False,
                    "used_by": [],
                    "key_id": None,
                    "ephemeral_policy": None,
                    "deletion_requested_at": None,
                })  # fmt: skip

    def bindings(self, now: int) -> Iterator[Placed]:
        """The annotations that a scenario gives its resources."""
        for row in self._services.world.living(now):
            listed = next((told for prefix, told in _LISTED_AS.items() if meter(row, prefix)), "")
            api, _, collection = ("instance/servers" if row.kind == "instance" else listed).partition("/")
            place = f"zones/{row.zone}" if api in _ZONED else f"regions/{row.zone[:6]}"
            for key, value in row.group.annotations.items() if api and not row.server_id else ():
                yield Placed("", self._services.project_id(row), {
                    "id": self._services.uuid("binding", row.id, key),
                    "srn": f"srn://{api}.scw.eu/{place}/{collection}/{row.id}",
                    "key": {"id": self._services.uuid("key", key), "name": key},
                    "value": {"id": self._services.uuid("value", key, value), "name": value},
                })  # fmt: skip

    def _namespaces(self, now: int, prefix: str, more: dict[str, Any]) -> Iterator[Placed]:
        for row in self._services.billed_for(now, prefix):
            yield self._services.in_region(row, {
                **self._services.common(row),
                "id": self._namespace_id(row, prefix),
                "organization_id": self._services.organization_id,
                "description": "",
                "status": "ready",
                "tags": list(row.tags_at(now)),
                **more,
            })  # fmt: skip

    def _namespace_id(self, row: Resource, prefix: str) -> str:
        return self._services.uuid("namespace", prefix, row.id)

    def _deployed(self, row: Resource, now: int, prefix: str) -> dict[str, Any]:
        item = self._services.common(row)
        item.pop("project_id")  # it is the namespace's
        return {
            **item,
            "namespace_id": self._namespace_id(row, prefix),
            "description": "",
            "status": "ready",
            "tags": list(row.tags_at(now)),
            "timeout": "300s",
            "privacy": "public",
        }
