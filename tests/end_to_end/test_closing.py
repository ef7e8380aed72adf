"""A month is closed while charges are still restated: closed figures stay, and what became another is told with its
date."""

import json
import re
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from graphlib import TopologicalSorter

import pytest

from assets.made_assets import MAKINGS
from pipelines.lake.build import build

BEFORE_RESTATEMENT = datetime(2026, 7, 1, 6, tzinfo=UTC)
AFTER_THE_INVOICE = datetime(2026, 7, 5, 6, tzinfo=UTC)
MONTHS = ["2026-05", "2026-06", "2026-07"]
CLOSING = {"gold.month_closes", "gold.closed_figures"}
FIGURE = "select {} from {} where figure = 'billed cost' and billing_month = '2026-06'"


def built(catalog, months, tables=None):
    """Bring tables up to date, each after those it reads; all of them, or these and what they are made from."""
    made = {making.made.name: making for making in MAKINGS}
    reads = {name: set(making.made.reads) for name, making in made.items()}
    reads |= {model.table: set(model.reads) for model in catalog.models}
    chosen, waiting = set(), list(reads if tables is None else tables)
    while waiting:
        name = waiting.pop()
        if name in reads and name not in chosen:
            chosen.add(name)
            waiting += reads[name]
    for name in TopologicalSorter({name: reads[name] & chosen for name in chosen}).static_order():
        if name in made:
            made[name].build(catalog, months)
        else:
            build(catalog, catalog.models.by_name[name], months)


class Story:
    """A lake that is read, closed, read again and closed again, and what was said on the way."""

    def __init__(self, folder, state, finops_at, view):
        self.folder, self.state = folder, state
        self.lake = folder / "lake"
        self.finops = finops_at(folder, FINOPS_STATE=str(state), FINOPS_LAKE=str(self.lake))
        self._view = view
        self.said, self.true = {}, {}

    def read(self, scaleway, now):
        """The bill, prices and inventory as of now, and every table made of them."""
        from assets.bronze import reading
        from assets.opening import open_lake_of, open_scaleway
        from pipelines.settings import load_settings

        scaleway.set_clock(now)
        settings = load_settings({"lake": str(self.lake)})
        lake, account = open_lake_of(settings), open_scaleway(settings, lambda: now)
        for read in (reading.read_charges, reading.read_consumptions, reading.read_taxes):
            read(lake, account, MONTHS, now.date())
        for read in (reading.read_invoices, reading.read_products, reading.read_projects, reading.read_resources):
            read(lake, account)
        built(self._view(self.lake).catalog, MONTHS)
        return Decimal(scaleway.truth["months"]["2026-06"]["charges"])

    def rows(self, sql):
        return self._view(self.lake).rows(sql)

    def one(self, sql):
        return self._view(self.lake).one(sql)

    def versions(self):
        return self._view(self.lake).versions()


@pytest.fixture(scope="module")
def story(tmp_path_factory, session_state, serve_watched, finops_at, view):
    from assets.closing import note_restatements
    from pipelines.settings import load_settings

    told = Story(tmp_path_factory.mktemp("closing"), session_state, finops_at, view)
    with serve_watched("small") as scaleway, pytest.MonkeyPatch.context() as patch:
        for name, value in scaleway.sign_in.items():
            patch.setenv(name, value)
        told.true["first"] = told.read(scaleway, BEFORE_RESTATEMENT)
        told.said["refused"] = told.finops("close", "--month", "2026-06")
        told.said["open"] = told.finops("close", "--month", "2026-07")
        before = told.versions()
        told.said["dry"] = told.finops("close", "--month", "2026-06", "--preliminary", "--dry-run", "--json")
        assert told.versions() == before
        told.said["closed"] = told.finops("close", "--month", "2026-06", "--preliminary", "--json")
        told.said["again"] = told.finops("close", "--month", "2026-06", "--preliminary", "--json")
        told.as_closed = shutil.copytree(told.lake, told.folder / "as-closed")
        told.true["last"] = told.read(scaleway, AFTER_THE_INVOICE)
        assert note_restatements(view(told.lake).catalog, load_settings(), AFTER_THE_INVOICE) > 0
        assert note_restatements(view(told.lake).catalog, load_settings(), AFTER_THE_INVOICE) == 0
        told.noted = told.rows("select * from gold.restatements")
        told.said["report"] = told.finops("report", "monthly", "--period", "2026-06", "--out", "out")
        told.page = (told.folder / "out" / "finops-2026-06.html").read_text(encoding="utf-8")
        told.said["kept"] = told.finops("close", "--month", "2026-05", "--json")
    return told


def test_a_month_without_an_invoice_is_closed_only_as_preliminary(story):
    refused = story.said["refused"]
    assert refused.code == 4
    assert "its invoice is not issued yet; wait for it, or close with --preliminary" in refused.complaint
    assert story.said["closed"].code == 0, story.said["closed"].err
    assert story.one("select is_preliminary from gold.month_closes where billing_month = '2026-06'") is True


def test_a_month_that_runs_is_not_closed(story):
    assert story.said["open"].code in (2, 4)  # of its first day nothing is read yet
    assert "2026-07" in story.said["open"].complaint


def test_closing_again_changes_nothing_and_has_the_same_manifest(story):
    dry, closed, again = (json.loads(story.said[name].out) for name in ("dry", "closed", "again"))
    assert dry["manifest_hash"] == closed["manifest_hash"] == again["manifest_hash"]
    assert (closed["is_new"], again["is_new"]) == (True, False)
    assert again["differences"] == []
    assert story.one("select count(*) from gold.month_closes where billing_month = '2026-06'") == 1
    assert len(closed["answers"]) == 30 + 1 + 1  # charges of each day, consumption, tax
    assert {each["table"] for each in closed["inputs"]} >= {"silver.costs", "gold.total_bridge", "silver.prices"}


def test_the_closed_figure_is_what_was_true_then_and_the_restatement_leads_to_what_is_true_now(story):
    assert story.one(FIGURE.format("value", "gold.closed_figures")) == story.true["first"]
    [restated] = [row for row in story.noted if row["figure"] == "billed cost" and row["billing_month"] == "2026-06"]
    assert restated["closed_value"] == story.true["first"]
    assert restated["present_value"] == story.true["last"]
    assert restated["difference"] == story.true["last"] - story.true["first"] != 0
    assert restated["first_seen_at"] == AFTER_THE_INVOICE
    assert restated["causes"].startswith("answers")
    charges = [answer for source, answer, _ in json.loads(restated["answers"]) if source == "billing.charges"]
    days = story.rows("select answer_hash, parameters from silver.latest_answers where billing_month = '2026-06'")
    assert set(charges) <= {row["answer_hash"] for row in days}
    assert 0 < len(charges) < 30


def test_the_report_of_a_closed_month_shows_the_closed_figures_and_the_difference(story):
    assert story.said["report"].code == 0, story.said["report"].err
    text = re.sub(r"<[^>]+>", "", story.page)
    assert f"You spent €{story.true['first']:,.0f} in June 2026" in text.replace("\u2060", "")
    difference = story.true["last"] - story.true["first"]
    sign = "+" if difference > 0 else "−"
    assert f"Restated since: the month&#39;s cost by {sign}€{abs(difference):.2f} to €{story.true['last']:,.2f}" in text
    assert "First seen 2026-07-05" in text


def test_the_same_answers_built_in_another_order_give_the_same_manifest(story):
    from assets.closing_figures import FIGURES, manifest_of
    from pipelines.settings import load_settings

    other = story.as_closed
    for layer in ("silver", "gold"):
        for folder in (other / layer).iterdir():
            if f"{layer}.{folder.name}" not in CLOSING:
                shutil.rmtree(folder)
    for months in (["2026-06"], MONTHS):
        built(story._view(other).catalog, months, FIGURES)
    rebuilt = manifest_of(story._view(other).catalog, "2026-06", load_settings(), is_preliminary=True)
    assert rebuilt.hash == json.loads(story.said["closed"].out)["manifest_hash"]
    assert (
        rebuilt.versions["gold.total_bridge"] != json.loads(story.said["closed"].out)["versions"]["gold.total_bridge"]
    )


def test_a_preliminary_close_becomes_final_and_a_final_one_stays(story):
    final = story.finops("close", "--month", "2026-06", "--json")
    assert final.code == 0, final.err
    assert json.loads(final.out)["is_preliminary"] is False
    again = json.loads(story.finops("close", "--month", "2026-06", "--json").out)
    assert again["is_new"] is False
    assert again["manifest_hash"] == json.loads(final.out)["manifest_hash"]
    values = [row["value"] for row in story.rows(FIGURE.format("value", "gold.closed_figures"))]
    assert sorted(values) == sorted([story.true["first"], story.true["last"]])


def test_a_closed_month_whose_figures_change_is_not_closed_over(story):
    """May was closed after June's restatements; its cost of then is written over by hand."""
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake, PartitionState

    assert story.said["kept"].code == 0, story.said["kept"].err
    catalog = open_catalog(Lake(parse_address(str(story.lake))))
    rows = catalog.query("select * replace (billed_cost + 1 as billed_cost) from gold.monthly_summary")
    rows = rows.cast(catalog.state("gold.monthly_summary").schema)
    may = rows.filter([month == "2026-05" for month in rows["billing_month"].to_pylist()])
    catalog.lake.replace("gold.monthly_summary", may, {"2026-05": PartitionState("other")}, "billing_month")
    refused = story.finops("close", "--month", "2026-05")
    assert refused.code == 4
    assert "2026-05 stays as closed on" in refused.complaint
    assert "billed cost" in refused.complaint
    noted = story.rows("select * from gold.restatements where billing_month = '2026-05'")
    assert {(row["figure"], row["difference"]) for row in noted} == {("billed cost", Decimal(1))}
    story.finops("close", "--month", "2026-05")
    assert len(story.rows("select * from gold.restatements where billing_month = '2026-05'")) == 1
