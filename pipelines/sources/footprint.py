"""The environmental footprint API, an alpha: impact by project, place and SKU for any span of whole UTC days."""

from datetime import date

from pipelines.sources.answers import Listing, items_in
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.paging import question_of
from pipelines.sources.transport import Scaleway

IMPACT = Endpoint(
    "environmental_footprint.projects",
    "scaleway.environmental_footprint.v1alpha1.EnvironmentalFootprintV1Alpha1UserAPI",
    "get_impact_data",
    "EnvironmentalImpactReadOnly",
)


def impact(scaleway: Scaleway, since: date, until: date) -> Listing:
    """What the organization emitted from `since` to the day before `until`, one item a project; it has no pages."""
    request = scaleway.request(IMPACT, start_date=f"{since:%Y-%m-%d}T00:00:00Z", end_date=f"{until:%Y-%m-%d}T00:00:00Z")
    answer = scaleway.send(request)
    items, extra = items_in(IMPACT.source, answer.document)
    question = question_of(IMPACT, request, f"{since:%Y-%m}")
    return Listing(question, (answer.body,), items, extra, answer.asked_at)
