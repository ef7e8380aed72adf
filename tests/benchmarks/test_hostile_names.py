"""A slice of the hostile names through everything but the browser, and proof that each check can fail."""

import pytest

from benchmarks import hostile_sinks
from benchmarks.hostile_browser import Opened, problems
from benchmarks.hostile_lake import _walked
from benchmarks.hostile_names import renaming
from benchmarks.hostile_payloads import KINDS, hostile_names
from benchmarks.hostile_sinks import CHECKS
from finops.streams import visible, write_line
from pipelines.recommendations.changes.change import Change, block

NAMES = hostile_names(30, 7)
LINE_ENDS = "web\nrm -rf /\r\n\u2028x"


@pytest.mark.parametrize("place", CHECKS)
def test_a_slice_of_names_stays_names(place, tmp_path):
    names = NAMES if place != "plans (shell, HCL, files)" else [*NAMES[:6], LINE_ENDS]
    assert list(CHECKS[place](names, tmp_path)) == []


def test_names_are_different_of_every_kind_and_made_again_by_their_seed():
    assert len(set(hostile_names(500, 1))) == 500
    assert hostile_names(40, 3) == hostile_names(40, 3)
    assert any("{{" in name for name in hostile_names(len(KINDS) * 20, 1))


def test_a_terminal_sees_what_it_would_obey_and_json_says_the_same(capsys):
    write_line('{"name": "\x1b[2J\u202e"}')
    assert capsys.readouterr().out == '{"name": "\\u001b[2J\\u202e"}\n'
    assert visible("plain é\n") == "plain é\n"


def test_a_comment_of_a_plan_ends_where_its_line_ends_and_a_command_keeps_its_words():
    change = Change((f"# set {LINE_ENDS}", "scw a 'b\nc'"), ())
    assert change.cli == ("# set web rm -rf / x", "scw a 'b\nc'")


def test_configuration_spells_out_what_nobody_sees():
    assert "\\u202e" in block("x", name="a\u202eb")
    assert '"a\\u0008 \\\\b"' in block("x", name="a\b \\b")


def test_the_checks_see_a_name_that_gets_through(tmp_path, monkeypatch):
    monkeypatch.setattr(hostile_sinks, "csv_text", lambda rows: "a,b\r\n" + "=1+1,1\r\n" * rows.num_rows)
    assert list(CHECKS["CSV"](["=1+1"], tmp_path))
    monkeypatch.setattr(hostile_sinks, "escaped", lambda name: name)
    assert list(CHECKS["Markdown"](["[a](http://b)"], tmp_path))
    monkeypatch.setattr(hostile_sinks, "write_line", lambda text: print(text))
    assert list(CHECKS["terminal"](["\x1b[2J"], tmp_path))
    assert list(hostile_sinks._of_command("scw a; rm -rf /"))
    assert list(hostile_sinks._of_command("scw a $(id)"))
    assert list(problems(Opened(), Opened(executed=1, asked=["http://x"], tags={"script": 1}, handlers=1, links=1)))


def test_each_kind_gets_other_names_in_each_world_and_json_is_walked():
    known = {"resource": ["a", "b"], "project": ["c"]}
    worlds = [renaming(known, NAMES, world) for world in range(3)]
    assert len({tuple(sorted(world.items())) for world in worlds}) == 3
    assert _walked({"k": ["a", {"n": "a"}], "m": 1}, str.upper) == {"k": ["A", {"n": "A"}], "m": 1}
