"""Containers, functions, jobs, registry, inference, secrets, telemetry and annotations as their APIs list them."""

from collections.abc import Iterator
from typing import Any

from simulator.instants import DAY, day_start, zulu
from simulator.resources import Resource
from simulator.service_parts import GB, Placed, Services, amount, meter, size, word

_CONTAINER, _FUNCTION, _JOB = "/paas/caas/vcpu/", "/paas/faas/", "/paas/jobs/vcpu/"
_REGISTRY, _SECRETS = "/tools/registry/storage/", "/paas/secret_manager/version/"
_INFERENCE, _COCKPIT = "/ai/inference_dedicated/deployment/", "/observability/cockpit/"
IMAGES = ("api", "pages", "worker")
RUNS_A_DAY = 4
DAYS_OF_RUNS = 60
MILLI_CPUS = 4_000
VERSIONS_OF_A_SECRET = 10

_LISTED_AS = {  # what is billed, and the API and collection that an SRN names
    "/storage/rdb/": "rdb/instances",
    "/storage/redis/": "redis/clusters",
    "/storage/mgdb/": "mongodb/instances",
    "/paas/serverless_sqldb/": "serverless-sqldb/databases",
    _REGISTRY: "registry/namespaces",
    "/network/edge-services/": "edge-services/pipelines",
}
_ZONED = ("instance", "redis")


class ServerlessShapes:
    """Writes what has no machine as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def registry_namespaces(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _REGISTRY):
            yield self._services.in_region(row, {
                **self._services.common(row),
                "organization_id": self._services.organization_id,
                "description": "",
                "endpoint": f"rg.{self._services.region(row)}.scw.cloud/{row.name}",
                "status": "ready",
                "status_message": "",
                "is_public": False,
                "size": size(row, _REGISTRY),
                "image_count": len(IMAGES),
            })  # fmt: skip

    def registry_images(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _REGISTRY):
            created = self._services.created(row)
            for name in IMAGES:
                item = {
                    "id": self._services.uuid("image", row.id, name),
                    "name": name,
                    "namespace_id": row.id,
                    "size": size(row, _REGISTRY) // len(IMAGES),
                    "status": "ready",
                    "status_message": "",
                    "tags": ["latest"],
                    "visibility": "inherit",
                    "created_at": created,
                    "updated_at": created,
                }
                yield Placed(self._services.region(row), self._services.project_id(row), item)

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
                "id": row.id,
                "error_message": "",
                "min_scale": 1,
                "max_scale": 20,
                "memory_limit_bytes": 2 * GB,
                "mvcpu_limit": 1_000,
                "image": f"rg.{self._services.region(row)}.scw.cloud/registry/api:latest",
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

    def job_definitions(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _JOB):
            yield self._services.in_region(row, {
                **self._services.common(row),
                **self._limits(),
                "cron_schedule": {"schedule": "0 */6 * * *", "timezone": "Europe/Paris"},
                "image_uri": f"rg.{self._services.region(row)}.scw.cloud/registry/worker:latest",
                "job_timeout": "86400s",
                "description": "",
            })  # fmt: skip

    def job_runs(self, now: int) -> Iterator[Placed]:
        """Runs are kept for 60 days; the last one may still be under way."""
        for row in self._services.billed_for(now, _JOB):
            usual = amount(row, _JOB) * 1_000 // (RUNS_A_DAY * MILLI_CPUS)
            first = max(row.start, day_start(now) - DAYS_OF_RUNS * DAY)
            for started in range(day_start(first), now, DAY // RUNS_A_DAY):
                if started >= first:
                    yield self._services.in_region(row, self._run(row, started, usual, now))

    def inference_deployments(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _INFERENCE):
            yield self._services.in_region(row, {
                **self._services.common(row),
                "node_type_name": word(row, _INFERENCE).upper(),
                "size": amount(row, _INFERENCE, 1),
                "min_size": 1,
                "max_size": amount(row, _INFERENCE, 1),
                "model_id": self._services.uuid("model", row.name),
                "model_name": "meta/llama-3.1-8b-instruct:bf16",
                "quantization": {"bits": 16},
                "endpoints": [],
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

    def data_sources(self, now: int) -> Iterator[Placed]:
        """Scaleway's own metrics and logs wherever a project has something, and custom ones that are billed."""
        places = sorted({(row.project.name, row.zone[:6]) for row in self._services.world.living(now)})
        for project, region in places:
            project_id = self._services.world.project_ids[project]
            for kind in ("metrics", "logs"):
                identifier = self._services.uuid("data source", project, region, kind)
                item = self._data_source(identifier, f"Scaleway {kind.title()}", kind, "scaleway", now)
                yield Placed(region, project_id, {**item, "project_id": project_id, "region": region})
        for row in self._services.billed_for(now, f"{_COCKPIT}custom-"):
            kind = "metrics" if meter(row, f"{_COCKPIT}custom-sample/") else "logs"
            item = self._data_source(row.id, row.name, kind, "custom", row.start)
            yield self._services.in_region(row, {**item, "project_id": self._services.project_id(row)})

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

    def _limits(self) -> dict[str, Any]:
        return {
            "cpu_limit": MILLI_CPUS,
            "memory_limit": 8_192,
            "local_storage_capacity": 5_120,
            "environment_variables": {},
            "command": "",
            "startup_command": [],
            "args": [],
        }

    def _run(self, row: Resource, started: int, usual: int, now: int) -> dict[str, Any]:
        identity = self._services.world.identity
        seconds = usual * (90 + identity.millionths("run", row.id, started) % 21) // 100
        ended = started + seconds
        is_over = ended <= now
        return {
            **self._limits(),
            "id": self._services.uuid("run", row.id, started),
            "job_definition_id": row.id,
            "state": "succeeded" if is_over else "running",
            "created_at": zulu(started),
            "started_at": zulu(started, 500_000),
            "terminated_at": zulu(ended, 500_000) if is_over else None,
            "run_duration": f"{seconds}s" if is_over else None,
            "updated_at": zulu(ended if is_over else started, 500_000),
        }

    def _data_source(self, identifier: str, name: str, kind: str, origin: str, since: int) -> dict[str, Any]:
        start = self._services.world.start if origin == "scaleway" else since
        return {
            "id": identifier,
            "name": name,
            "type": kind,
            "origin": origin,
            "retention_days": 31 if kind == "metrics" else 7,
            "synchronized_with_grafana": True,
            "url": f"https://{identifier}.{kind}.cockpit.scw.cloud",
            "created_at": zulu(start),
            "updated_at": zulu(start),
        }
