"""`[recommendations]` of `finops.toml`: typed, refused with the remedy; thresholds are checked against their rule."""

from datetime import date
from decimal import Decimal

import pytest

from assets.recommendations_policy import asides_of, policy_of
from pipelines.errors import ConfigurationError
from pipelines.settings import load_settings

from .recommendations.small_world import Thresholds, rule


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Settings of a file with this text."""

    def load(text: str):
        (tmp_path / "finops.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.toml"))
        return load_settings().recommendations

    return load


def test_standby_copies_drills_and_legal_holds_are_protected_unless_somebody_says_otherwise(written):
    assert set(written("").protected_tags) == {"role=dr-*", "purpose=restore-drill", "legal-hold", "finops:keep"}
    assert written('[recommendations]\nprotected_tags = ["keep"]\ndust_floor = 2.5\n').protected_tags == ("keep",)


def test_suppressions_and_thresholds_are_read(written):
    found = written(
        '[[recommendations.suppressions]]\nrule = "idle*"\nproject = "shop"\nreason = "test"\nowner = "ops"\n'
        "until = 2026-12-31\n[recommendations.rules.idle]\nleast_saving = 2.5\ndays = 21\nis_strict = true\n"
    )
    (aside,) = asides_of(found)
    assert (aside.rule, aside.resource, aside.project, aside.until) == ("idle*", "*", "shop", date(2026, 12, 31))
    policy = policy_of(found, [rule("idle"), rule("size")])
    assert policy.thresholds == {"idle": Thresholds(Decimal("2.5"), 21, 0.5, True)}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("dust_flor = 5", "unknown key recommendations.dust_flor; did you mean recommendations.dust_floor?"),
        ("dust_floor = -1", "recommendations.dust_floor"),
        ('[[recommendations.suppressions]]\nrule = "a"\nowner = "a"\nuntil = 2026-12-01', "reason: Field required"),
        ('[[recommendations.suppressions]]\nrule = "a"\nreason = "a"\nuntil = 2026-12-01', "owner: Field required"),
        ('[[recommendations.suppressions]]\nrule = "a"\nreason = "a"\nowner = "a"', "until: Field required"),
        (
            '[[recommendations.suppressions]]\nreason = "a"\nowner = "b"\nuntil = 2026-12-01',
            "suppression 'a' leaves out everything; set one of rule, resource, project or tag",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_place(written, text, complaint):
    with pytest.raises(ConfigurationError) as error:
        written(f"[recommendations]\n{text}\n" if not text.startswith("[[") else text)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[recommendations.rules.idel]\ndays = 3",
            "recommendations.rules.idel: no rule is called so; did you mean idle?",
        ),
        (
            "[recommendations.rules.zzz]\ndays = 3",
            "recommendations.rules.zzz: no rule is called so; they are idle, size",
        ),
        ("[recommendations.rules.idle]\ndyas = 3", "idle has no such threshold; did you mean days?"),
        (
            "[recommendations.rules.idle]\nxxxxx = 3",
            "idle has no such threshold; it has days, is_strict, least_saving, share",
        ),
        ('[recommendations.rules.idle]\ndays = "many"', "recommendations.rules.idle.days: 'many': Input should be"),
    ],
)
def test_an_unknown_rule_threshold_or_value_names_the_one_that_is_meant(written, text, complaint):
    with pytest.raises(ConfigurationError) as error:
        policy_of(written(text), [rule("idle"), rule("size")])
    assert complaint in str(error.value)
