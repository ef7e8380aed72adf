"""docs/business-numbers.md says what the code does."""

from pathlib import Path

from pipelines.imports.kinds import DEPLOY_OUTCOMES, JOB_OUTCOMES, TRAINING_OUTCOMES, kinds_as_markdown
from pipelines.sources.audit import HISTORY_DAYS

DOC = (Path(__file__).parents[3] / "docs" / "business-numbers.md").read_text(encoding="utf-8")


def test_the_kinds_and_columns_listed_are_those_of_the_code():
    assert DOC.split("<!-- kinds: generated -->\n")[1].split("\n<!-- end of kinds -->")[0] == kinds_as_markdown()


def test_every_word_for_an_outcome_is_named():
    told = DOC.split("as CI systems and schedulers do:")[1].split("\n## ")[0]
    for kind, outcomes in (("deploys", DEPLOY_OUTCOMES), ("jobs", JOB_OUTCOMES), ("training", TRAINING_OUTCOMES)):
        (line,) = [line for line in told.splitlines() if line.startswith(f"* {kind}: ")]
        assert {
            word.strip() for part in line.split(": ", 1)[1].split(";") for word in part.split(":")[1].split(",")
        } == (set(outcomes))


def test_the_days_the_audit_trail_is_read_back_are_named():
    assert f"for the {HISTORY_DAYS} days that" in " ".join(DOC.split())
