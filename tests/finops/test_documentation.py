"""The documentation's lists are what the code says."""

import pytest

from finops.documentation import ROOT, documents


@pytest.mark.parametrize("path", documents())
def test_a_generated_document_is_current(path):
    current = (ROOT / path).read_text(encoding="utf-8")
    assert current == documents()[path], "run `python -m finops.documentation`"
