"""What `finops export focus` writes of a real run passes the official 1.2 rules and our own of 1.4."""

import pytest

from benchmarks import focus_check


@pytest.fixture
def exported(small, finops, tmp_path):
    """A folder with the small organisation's costs in this FOCUS version."""

    def export(version: str):
        out = tmp_path / f"focus-{version}"
        words = ("export", "focus", "--focus-version", version, "--format", "csv", "--out", str(out))
        ran = finops(*words, "--lake", str(small.lake))
        assert ran.code == 0, ran.err
        return out

    return export


def test_the_1_2_export_of_a_run_passes_the_official_validator(exported, pytestconfig):
    python = focus_check.find_python()
    if python is None:
        pytest.skip("no Python >= 3.12 that starts was found, and focus-validator needs one")
    environment = focus_check.validator_environment(python, pytestconfig.cache.mkdir("focus-validator"))
    files = focus_check.data_files(exported("1.2"))
    assert len(files) == 3
    outcome = focus_check.validate_1_2(environment, files[0])
    assert outcome.passed > 200
    assert outcome.unexcused() == {}


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_the_export_of_a_run_breaks_no_rule_of_our_own_table(exported, version, capsys):
    folder = exported(version)
    assert focus_check.version_of(folder) == version
    assert focus_check.check_folder_own(folder, version), capsys.readouterr().out
