"""`[allocation]` of finops.toml: what it may say, and what a mistake in it says."""

import pytest

from pipelines.errors import ConfigurationError
from pipelines.settings import load_settings

WHOLE = """
[allocation]
unallocated_owner = "platform"
pseudonyms = false
[allocation.labels]
owner = ["cost-owner"]
[[allocation.rules]]
name = "payments"
project = ["shop-*", "pay-*"]
sets = { team = "payments", product = "checkout" }
[[allocation.projects]]
project = "default"
sets = { owner = "finops" }
[[allocation.pools]]
name = "platform"
labels = { environment = "shared", owner = "" }
pools = ["clusters"]
[[allocation.pools]]
name = "clusters"
service = "Kubernetes"
split = "kubernetes"
by = ["team", "product"]
[allocation.policy]
required = ["owner", "team"]
[[allocation.policy.products]]
type = "object_storage_bucket"
required = ["owner"]
name_pattern = "[a-z-]+"
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Settings as a project's file says them."""
    monkeypatch.chdir(tmp_path)

    def write(text: str):
        (tmp_path / "finops.toml").write_text(text)
        return load_settings().allocation

    return write


def test_everything_may_be_left_out(written):
    allocation = written("")
    assert (allocation.unallocated_owner, allocation.pseudonyms) == ("finops", True)
    assert (allocation.rules, allocation.pools, allocation.policy.required) == ((), (), None)


def test_a_matcher_is_one_pattern_or_several_and_labels_keep_their_order(written):
    allocation = written(WHOLE)
    assert allocation.rules[0].project == ("shop-*", "pay-*")
    assert allocation.projects[0].project == ("default",)
    assert allocation.pools[0].labels.owner == ("",)
    assert allocation.pools[1].by == ("team", "product")
    assert allocation.labels.owner == ("cost-owner",)


RULE = '[[allocation.rules]]\nname = "a"\nproject = "x"\nsets = { owner = "o" }\n'
POOL = '[[allocation.pools]]\nname = "p"\nservice = "x"\n'
MISTAKES = {
    "a key of a rule": (RULE + 'servise = "x"\n', "unknown key allocation.rules.0.servise; did you mean"),
    "a key of a pool": (POOL + "weigths = { a = 1 }\n", "did you mean allocation.pools.0.weights?"),
    "a label": ('[allocation.labels]\nownr = ["o"]\n', "did you mean allocation.labels.owner?"),
    "a label that is set": (RULE.replace("owner", "onwer"), "did you mean allocation.rules.0.sets.owner?"),
    "a split": (POOL + 'split = "fairly"\n', "allocation.pools.0.split = 'fairly': expected 'cost', 'even'"),
    "a rule for everything": (RULE.replace('project = "x"\n', ""), "rule 'a' would match every charge"),
    "a rule that says nothing": (RULE.replace('owner = "o"', ""), "nothing is set; set one of owner, team"),
    "a pool of everything": (POOL.replace('service = "x"\n', ""), "pool 'p' would hold every charge"),
    "two rules of one name": (RULE * 2, "two rules are named 'a'"),
    "weights without a split": (POOL + "weights = { a = 1 }\n", "split = 'weight' and weights go together"),
    "weights of several labels": (
        POOL + 'split = "weight"\nweights = { a = 1 }\n',
        "name the one label of its weights",
    ),
    "an unknown pool": (POOL + 'pools = ["q"]\n', "passes on to 'q', which is no pool"),
    "a circle": (
        POOL + 'pools = ["q"]\n' + POOL.replace('"p"', '"q"') + 'pools = ["p"]\n',
        "pools feed each other in a circle",
    ),
    "a pattern that is none": ('[allocation.policy]\nname_pattern = "("\n', "expected a regular expression"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_the_file_and_says_what_was_meant(written, tmp_path, mistake):
    text, said = MISTAKES[mistake]
    with pytest.raises(ConfigurationError) as caught:
        written(text)
    assert said in str(caught.value)
    assert str(tmp_path / "finops.toml") in str(caught.value)
