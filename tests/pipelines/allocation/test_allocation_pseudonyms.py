"""Tenants are told apart in a report and not named, unless the settings say so."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.allocation_pseudonyms import ensure_salt, salt_of, shown_tenants
from assets.tables import open_catalog
from pipelines.allocation.pseudonyms import draw_salt, pseudonym
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake
from pipelines.settings_allocation import Allocation

SALT = "5a" * 32
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_tenant_keeps_its_pseudonym_and_shares_it_with_no_other(one, other):
    shown = pseudonym("org", one, SALT)
    assert shown == pseudonym("org", f" {one} ", SALT)
    assert (shown == pseudonym("org", other, SALT)) == (one.strip().casefold() == other.strip().casefold())


def test_who_does_not_know_the_salt_cannot_make_the_pseudonym():
    shown = {pseudonym("org", "Maison Verte", salt) for salt in (SALT, draw_salt(), draw_salt())}
    assert len(shown) == 3
    assert pseudonym("org", "Maison Verte", SALT) != pseudonym("other", "Maison Verte", SALT)
    with pytest.raises(ValueError, match="a salt of 2 bytes protects nothing"):
        pseudonym("org", "Maison Verte", "5a5a")


def test_a_report_shows_pseudonyms_that_stay_and_the_names_only_where_the_settings_say_so(tmp_path):
    lake = Lake(parse_address(str(tmp_path / "lake")))
    assert ensure_salt(lake, NOW)
    assert not ensure_salt(lake, NOW)
    shown = [shown_tenants(open_catalog(lake), Allocation())(name) for name in ("Verte", "Bleu", "verte", None)]
    assert shown == [pseudonym("", name, salt_of(lake)) for name in ("Verte", "Bleu", "Verte")] + [None]
    plain = shown_tenants(open_catalog(lake), Allocation(pseudonyms=False))
    assert (plain("Verte"), plain(None)) == ("Verte", None)
