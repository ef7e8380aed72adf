"""The projects of the organisation, as the lake knows them."""

from assets.tables import open_catalog
from pipelines.lake.store import Lake
from pipelines.sources.inventory import PROJECTS, projects
from pipelines.sources.transport import Scaleway


def known_projects(lake: Lake, scaleway: Scaleway) -> dict[str, str]:
    """Names by id, of the newest answer in the lake, else asked for."""
    rows = open_catalog(lake).query(
        "select projects.item ->> '$.id' as id, projects.item ->> '$.name' as name "
        "from bronze.projects as projects "
        "inner join silver.latest_answers as latest on projects.answer_hash = latest.answer_hash "
        f"where latest.source = '{PROJECTS.source}' "
        f"and (projects.item ->> '$.organization_id') = '{scaleway.organization_id}' order by id"
    )
    known = {row["id"]: row["name"] or row["id"] for row in rows.to_pylist()}
    return known or {str(each["id"]): str(each.get("name") or each["id"]) for each in projects(scaleway).items}
