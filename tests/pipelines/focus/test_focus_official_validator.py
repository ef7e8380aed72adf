"""The 1.2 export passes the official focus-validator, run in its own environment."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from benchmarks import focus_check
from pipelines.focus.export import export_focus

CREATED = datetime(2026, 11, 18, 6, tzinfo=UTC)


@pytest.fixture(scope="session")
def validator(pytestconfig):
    """The validator's environment, kept in pytest's cache; without any Python >= 3.12 the test is skipped."""
    python = focus_check.find_python()
    if python is None:
        pytest.skip("no Python >= 3.12 that starts was found, and focus-validator needs one")
    return focus_check.validator_environment(python, pytestconfig.cache.mkdir("focus-validator"))


def test_a_scaleway_month_passes_the_official_rules_of_1_2(scaleway_rows, tmp_path, validator):
    done = export_focus(
        scaleway_rows.to_batches, version="1.2", out=tmp_path / "out", file_format="csv", created_at=CREATED
    )
    outcome = focus_check.validate_1_2(validator, done.files[0])
    assert outcome.unexcused() == {}
    assert outcome.passed > 200


def test_the_official_rules_are_really_run(scaleway_rows, tmp_path, validator):
    rows = scaleway_rows.to_pylist()
    rows[0] |= {"pricing_quantity": None, "list_unit_price": Decimal(-1)}
    table = pa.Table.from_pylist(rows, scaleway_rows.schema)
    done = export_focus(table.to_batches, version="1.2", out=tmp_path / "out", file_format="csv", created_at=CREATED)
    wrong = focus_check.validate_1_2(validator, done.files[0]).unexcused()
    assert {"PricingUnit-C-005-C", "ListUnitPrice-C-008-M"} <= set(wrong)


def test_our_own_rules_catch_what_the_official_check_of_1_2_lets_pass(scaleway_rows, tmp_path, capsys):
    rows = scaleway_rows.to_pylist()
    rows[0] |= {"list_cost": Decimal(99), "service_category": "Cloud"}
    table = pa.Table.from_pylist(rows, scaleway_rows.schema)
    export_focus(table.to_batches, version="1.2", out=tmp_path / "out", file_format="csv", created_at=CREATED)
    assert not focus_check.check_folder_own(tmp_path / "out", "1.2")
    printed = capsys.readouterr().out
    assert "FAIL ListCost-product" in printed
    assert "FAIL ServiceCategory-allowed-value" in printed


def test_a_listing_that_does_not_add_up_is_an_error_and_never_a_pass():
    listing = (
        "❌ A-C-001-M: FAIL  (violations=2, msg=A MUST be B., 1.0ms)\nTotal: 2 | Pass: 1 | Fail: {} | Skipped: 0\n"
    )
    assert focus_check.parse_outcome(listing.format(1)).failed == {"A-C-001-M": "A MUST be B."}
    with pytest.raises(RuntimeError, match="counts 2 failed rules and lists 1"):
        focus_check.parse_outcome(listing.format(2))
    with pytest.raises(RuntimeError, match="printed no result"):
        focus_check.parse_outcome("Traceback: no such file")


def test_a_rule_is_excused_only_through_its_excused_parts():
    child = "AND failed - failed child rules: [InvoiceId-C-003-C]"
    other = "AND failed - failed child rules: [InvoiceId-C-003-C, InvoiceId-C-001-M]"
    failed = {"InvoiceId-C-003-C": "OR failed", "InvoiceId-C-000-O": child}
    assert focus_check.Outcome(1, 0, failed).unexcused() == {}
    failed |= {"InvoiceId-C-000-O": other, "InvoiceId-C-001-M": "InvoiceId MUST be of type String."}
    assert set(focus_check.Outcome(1, 0, failed).unexcused()) == {"InvoiceId-C-000-O", "InvoiceId-C-001-M"}


def test_a_python_that_is_named_but_does_not_start_is_passed_over(tmp_path, monkeypatch):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho not installed >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert focus_check.find_python() != shim
    shim.write_text("#!/bin/sh\necho Python 3.12.9\n")
    assert focus_check.find_python() == shim


def test_without_a_python_the_1_2_check_is_skipped_aloud_and_the_1_4_check_still_runs(
    scaleway_rows, tmp_path, monkeypatch, capsys
):
    for version in ("1.2", "1.4"):
        export_focus(
            scaleway_rows.to_batches, version=version, out=tmp_path / version, file_format="csv", created_at=CREATED
        )
    monkeypatch.setattr(focus_check, "find_python", lambda: None)
    assert focus_check.main([str(tmp_path / "1.2"), str(tmp_path / "1.4")]) == 6
    printed = capsys.readouterr().out
    assert "1.2  skipped: no Python >= 3.12" in printed
    assert printed.count(" 0 broken") == 4
