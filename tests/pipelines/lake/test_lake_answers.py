"""What a source answered is kept once, whatever is asked again, in whatever order, and whenever the run dies."""

from datetime import UTC, datetime

import pytest

from pipelines.errors import LakeUnavailable, SourceUnavailable
from pipelines.lake.answers import Recorded, questions_by_month, record
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.sources.answers import Listing, Question, items_of

TABLE = "bronze.charges"
A, B = [{"sku": "/a", "price": {"units": 1}}], [{"sku": "/b"}, {"sku": "/b"}]


@pytest.fixture
def day(answered):
    """The charges of one day of October, as answered at an hour of November 1."""

    def make(number: int, items, hour: int = 0) -> Listing:
        window = {"start_date_after": f"2026-10-{number:02d}T00:00:00Z"}
        at = datetime(2026, 11, 1, hour, tzinfo=UTC)
        return answered("billing.charges", items, at=at, month="2026-10", parameters=window)

    return make


def read(lake: Lake, sql: str) -> list[tuple]:
    return [tuple(row.values()) for row in Catalog(lake, Layered({})).query(sql).to_pylist()]


def rows_of_newest(lake: Lake) -> list[tuple]:
    """What silver sees: items of the newest answer to each question."""
    return read(
        lake,
        f"""
        select newest.question_hash, rows.item from (
            select question_hash, arg_max(answer_hash, asked_at) as answer_hash from bronze.answers group by all
        ) as newest inner join {TABLE} as rows on newest.answer_hash = rows.answer_hash order by all
        """,
    )


def counts(lake: Lake) -> tuple[int, int]:
    return read(lake, f"select (select count(*) from {TABLE}), (select count(*) from bronze.answers)")[0]


def test_an_answer_is_stored_once_however_often_it_is_given(address, day):
    lake = Lake(address)
    assert record(lake, TABLE, [day(1, A), day(2, B), day(3, [])]) == Recorded(asked=3, new=3, rows=3)
    versions = [lake.state(table).version for table in (TABLE, "bronze.answers")]
    assert record(lake, TABLE, [day(n, items, hour=1) for n, items in ((1, A), (2, B), (3, []))]) == Recorded(3, 0, 0)
    assert [lake.state(table).version for table in (TABLE, "bronze.answers")] == versions
    assert counts(lake) == (3, 3)


def test_an_answer_that_comes_back_is_the_newest_again_without_doubling_its_rows(address, day):
    lake = Lake(address)
    told = [record(lake, TABLE, [day(1, items, hour)]) for hour, items in enumerate((A, B, A, A))]
    assert [each.new for each in told] == [1, 1, 1, 0]
    assert counts(lake) == (3, 3)
    assert [item for _, item in rows_of_newest(lake)] == ['{"price":{"units":1},"sku":"/a"}']


def test_an_answer_that_comes_back_within_one_run_is_kept_in_order(tmp_path, day):
    from pipelines.lake.address import parse_address

    lake = Lake(parse_address(str(tmp_path)))
    record(lake, TABLE, [day(1, A, 0), day(1, B, 1), day(1, A, 2)])
    assert [item for _, item in rows_of_newest(lake)] == ['{"price":{"units":1},"sku":"/a"}']


def test_equal_items_of_two_questions_are_both_kept(address, day):
    lake = Lake(address)
    record(lake, TABLE, [day(1, A), day(2, A)])
    assert len(rows_of_newest(lake)) == 2


@pytest.mark.parametrize("dies_before", [TABLE, "bronze.answers"])
def test_a_run_that_dies_between_its_commits_leaves_nothing_lost_or_doubled(address, day, monkeypatch, dies_before):
    lake, undisturbed = Lake(address), Lake(type(address)(f"{address.root}-undisturbed", address.s3))
    append = Lake.append_files

    def dying(self, files, *arguments):
        if files.table == dies_before:
            raise LakeUnavailable(f"{files.table}: the disk is full")
        return append(self, files, *arguments)

    record(lake, TABLE, [day(1, A)])
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append_files", dying)
        with pytest.raises(LakeUnavailable):
            record(lake, TABLE, [day(1, B, 1), day(2, B, 1)])
    assert [item for _, item in rows_of_newest(lake)] == ['{"price":{"units":1},"sku":"/a"}']

    record(lake, TABLE, [day(1, B, 2), day(2, B, 2)])
    for listings in ([day(1, A)], [day(1, B, 2), day(2, B, 2)]):
        record(undisturbed, TABLE, listings)
    assert rows_of_newest(lake) == rows_of_newest(undisturbed)
    assert counts(lake) == counts(undisturbed) == (5, 3)


def test_every_page_is_kept_as_received_and_no_digit_of_an_item_is_lost(address):
    bodies = (b'{"discounts": [{"value": 0.1234567890123456789, "text": "\xc3\xa9"}]}', b'{"discounts":[{"value":2}]}')
    items = tuple(item for body in bodies for item in items_of("billing.discounts", body)[0])
    asked = Question("billing.discounts", "/discounts", (("organization_id", "o"),))
    listing = Listing(asked, bodies, items, {"total": 1}, datetime(2026, 10, 2, 3, 4, 5, 678901, UTC))
    lake = Lake(address)
    record(lake, "bronze.discounts", [listing])
    pages = read(lake, "select page, body, status, parameters, asked_at, billing_month from bronze.answers order by 1")
    assert [page[1].encode() for page in pages] == list(bodies)
    assert {page[2:] for page in pages} == {(200, '{"organization_id": "o"}', listing.asked_at, "2026-10")}
    stored = read(lake, "select item, position, answer_hash from bronze.discounts order by position")
    assert stored[0][0] == '{"text":"é","value":"0.1234567890123456789"}'
    assert [row[1:] for row in stored] == [(0, listing.answer_hash), (1, listing.answer_hash)]


def test_a_product_not_offered_in_a_zone_is_an_answer_too(tmp_path):
    from pipelines.lake.address import parse_address

    lake = Lake(parse_address(str(tmp_path)))
    asked = Question("instance.servers", "/instance/v1/zones/it-mil-1/servers", ())
    nothing = Listing(asked, (), (), {}, datetime(2026, 10, 1, tzinfo=UTC))
    assert record(lake, "bronze.resources", [nothing]) == Recorded(1, 1, 0)
    assert read(lake, "select status, page, body from bronze.answers") == [(404, 1, "")]
    assert record(lake, "bronze.resources", [nothing]) == Recorded(1, 0, 0)


def test_what_was_asked_is_counted_by_month_and_dated_by_source(tmp_path, day, answered):
    from pipelines.lake.address import parse_address

    lake = Lake(parse_address(str(tmp_path)))
    assert questions_by_month(lake, "billing.charges") == {}
    record(lake, TABLE, [day(1, A, 3), day(2, A, 4)])
    record(lake, TABLE, [day(1, B, 5), answered("billing.charges", A, month="2026-09")])
    record(lake, "bronze.taxes", [answered("billing.taxes", A, month="2026-10")])
    assert questions_by_month(lake, "billing.charges") == {"2026-09": 1, "2026-10": 2}


def test_a_reading_cut_off_keeps_what_was_committed_and_goes_on_from_there(address, day):
    lake = Lake(address)

    def listings(until: int):
        yield from (day(number, [{"sku": f"/{number}"}] * 2) for number in range(1, until))

    def cut_off():
        yield from listings(6)
        raise SourceUnavailable("the line is cut")

    with pytest.raises(SourceUnavailable):
        record(lake, TABLE, cut_off(), flush_rows=4)
    assert counts(lake) == (8, 4)
    assert record(lake, TABLE, listings(8), flush_rows=4) == Recorded(asked=7, new=3, rows=6)
    assert counts(lake) == (14, 7)
    assert read(lake, f"select count(distinct item) from {TABLE}") == [(7,)]


def test_a_month_of_daily_answers_stays_a_few_files_and_loses_none(address, day):
    lake = Lake(address)
    before = lake.state(TABLE)
    for hour in range(24):
        for half in range(2):
            record(lake, TABLE, [day(1, [{"sku": f"/{hour}-{half}"}], hour=hour)])
    state = lake.state(TABLE)
    assert before.delta is None
    assert len(state.files()) <= 24
    assert counts(lake) == (48, 48)
    assert state.partitions.keys() == {"2026-10"}
    assert record(lake, TABLE, [day(1, [{"sku": "/23-1"}], hour=23)]) == Recorded(1, 0, 0)
