"""What deploys leave behind in Scaleway's answers: images and tags in registries, and the image a container runs."""

from collections.abc import Iterator
from typing import Any

from simulator.deploys_plan import Deploy, tag_of
from simulator.instants import zulu
from simulator.resources import Resource
from simulator.service_parts import Placed, Services, size

REGISTRY_SKU = "/tools/registry/storage/"
USUAL_IMAGES = ("api", "pages", "worker")
KEPT_TAGS = 40


class DeployShapes:
    """Writes images, tags and what containers run."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._deploys = services.world.deploys

    def images(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, REGISTRY_SKU):
            pushed = self._pushed(row, now)
            for name, pushes in pushed.items():
                item = {
                    "id": self._image_id(row, name),
                    "name": name,
                    "namespace_id": row.id,
                    "size": size(row, REGISTRY_SKU) // len(pushed),
                    "status": "ready",
                    "status_message": "",
                    "tags": ["latest", *(tag_of(push) for push in reversed(pushes[-KEPT_TAGS:]))],
                    "visibility": "inherit",
                    "created_at": zulu(pushes[0].started, 430_796) if pushes else self._services.created(row),
                    "updated_at": zulu(pushes[-1].started, 319_162) if pushes else self._services.created(row),
                }
                yield Placed(self._services.region(row), self._services.project_id(row), item)

    def tags(self, now: int) -> Iterator[Placed]:
        """The newest tags of every image; older ones are cleaned up, and `latest` moves on."""
        for row in self._services.billed_for(now, REGISTRY_SKU):
            for name, pushes in self._pushed(row, now).items():
                image = self._image_id(row, name)
                for label, push in [("latest", push) for push in pushes[-1:]] + [
                    (tag_of(push), push) for push in reversed(pushes[-KEPT_TAGS:])
                ]:
                    pushed_at = zulu(push.started, 445_813)
                    first = zulu(pushes[0].started, 445_813)
                    item = {
                        "id": self._services.uuid("image tag", image, label),
                        "name": label,
                        "image_id": image,
                        "status": "ready",
                        "digest": push.digest,
                        "created_at": first if label == "latest" else pushed_at,
                        "updated_at": pushed_at,
                    }
                    yield Placed(self._services.region(row), self._services.project_id(row), item, image)

    def image_count(self, row: Resource, now: int) -> int:
        return len(self._pushed(row, now))

    def running(self, row: Resource, now: int) -> dict[str, Any]:
        """The image of a container, and when it was last replaced."""
        host = f"rg.{self._services.region(row)}.scw.cloud"
        plan = self._deploys.of_group(row.group.name)
        live = self._deploys.live(plan.service, plan.environment, now) if plan else None
        if plan is None or live is None:
            return {"image": f"{host}/registry/{USUAL_IMAGES[0]}:latest"}
        digest, since = live
        namespace = plan.registry or row.project.name
        return {"image": f"{host}/{namespace}/{plan.service}@{digest}", "updated_at": zulu(since)}

    def _pushed(self, row: Resource, now: int) -> dict[str, list[Deploy]]:
        """The images of a registry; one that nothing is deployed from has the usual ones."""
        return self._deploys.pushed(row.group.name, now) or {name: [] for name in USUAL_IMAGES}

    def _image_id(self, row: Resource, name: str) -> str:
        return self._services.uuid("image", row.id, name)
