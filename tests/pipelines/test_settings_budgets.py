"""Budgets of `finops.toml`: typed, named once, and refused with the remedy."""

from decimal import Decimal

import pytest

from pipelines.errors import ConfigurationError
from pipelines.settings import load_settings


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Settings of a file with this text."""

    def load(text: str):
        (tmp_path / "finops.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.toml"))
        return load_settings()

    return load


def test_a_budget_says_its_amount_for_every_month_or_for_some(written):
    (budget,) = written(
        '[[budgets]]\nname = "shop"\nscope = "project"\nvalue = "shop-prod"\namount = 900.50\n'
        'months = {"2026-12" = 1200}\nbasis = "after discounts with tax"\nthresholds = [50, 80.5]\n'
    ).budgets
    assert (budget.amount_of("2026-11"), budget.amount_of("2026-12")) == (Decimal("900.50"), Decimal(1200))
    assert (budget.basis.is_after_discounts, budget.basis.has_tax) == (True, True)
    assert budget.thresholds == (Decimal(50), Decimal("80.5"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('name = "a"', "budget 'a' has no amount; set amount, or months"),
        ('name = "a"\namount = 5\nvalue = "x"', "budget 'a': value names the organization; an organization has none"),
        ('name = "a"\namount = 5\nscope = "team"', "budget 'a': value names the team"),
        ('name = "a"\namount = 5\nscope = "tag"\nvalue = "env"', "value 'env' is no tag; write key=value"),
        ('name = "a"\namount = 5\nscope = "kpi"\nvalue = "x"\nbasis = "cost with tax"', "leave basis out"),
        ('name = "a"\nmonths = {"2026-13" = 5}', "expected a month such as 2026-11"),
        ('name = "a"\namount = 0', "expected greater than 0"),
        ('name = "a"\namount = 5\n[[budgets]]\nname = "a"\namount = 6', "two budgets are named 'a'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(written, text, complaint):
    with pytest.raises(ConfigurationError) as refused:
        written(f"[[budgets]]\n{text}\n")
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_contract_that_ends_before_it_starts_is_refused(written):
    with pytest.raises(ConfigurationError, match="before it starts; swap the days"):
        written('[[commitments]]\nname = "c"\nminimum = 5\nstarts_on = 2026-02-01\nends_on = 2026-01-01\n')


def test_a_known_change_says_when_what_and_where(written):
    first, second = written(
        '[[known_changes]]\nname = "new list"\non = 2026-12-01\nfactor = 1.05\nservice = "Inst*"\n'
        '[[known_changes]]\nname = "support"\non = 2026-12-01\nuntil = 2027-03-01\nmonthly = -120.5\n'
    ).known_changes
    assert (first.factor, first.service, first.project, first.ends) == (Decimal("1.05"), "Inst*", "*", False)
    assert (second.monthly, second.until.isoformat()) == (Decimal("-120.5"), "2027-03-01")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "known change 'a' sets nothing; set one of factor, once, monthly or ends = true"),
        ("factor = 2\nends = true", "known change 'a' sets factor and ends; set one of"),
        ("factor = 0", "expected greater than 0"),
        ("once = 5\nuntil = 2027-01-01", "until 2027-01-01 needs a factor or a monthly amount that began before"),
        ("monthly = 5\nuntil = 2026-11-30", "until 2026-11-30 needs a factor or a monthly amount that began before"),
        ('ends = true\n[[known_changes]]\nname = "a"\non = 2026-12-01\nends = true', "two known changes are named 'a'"),
    ],
)
def test_a_known_change_that_cannot_be_meant_is_refused_in_one_line(written, text, complaint):
    with pytest.raises(ConfigurationError) as refused:
        written(f'[[known_changes]]\nname = "a"\non = 2026-12-01\n{text}\n')
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)
