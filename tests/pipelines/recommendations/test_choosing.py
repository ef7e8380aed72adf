"""Of recommendations that overlap, the set that saves the most: against every set there is."""

from decimal import Decimal
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.recommendations import choosing
from pipelines.recommendations.choosing import Option, choose, conflicts_of, heaviest


def option(name: str, saving: int | str, *overlaps_on: str, **more) -> Option:
    return Option(name, Decimal(saving), "EUR", frozenset(overlaps_on or {name}), **more)


@st.composite
def some_options(draw, least=-40):
    count = draw(st.integers(0, 9))
    resources = st.frozensets(st.sampled_from("abcdef"), min_size=1, max_size=3)
    return [
        Option(f"r{number}", Decimal(draw(st.integers(least, 99))), "EUR", draw(resources)) for number in range(count)
    ]


def brute_force(options: list[Option]) -> Decimal:
    """The largest sum of savings of any set in which no two save on one resource."""
    best = Decimal(0)
    for chosen in chain.from_iterable(combinations(options, size) for size in range(len(options) + 1)):
        used = [resource for each in chosen for resource in each.overlaps_on]
        if len(used) == len(set(used)):
            best = max(best, sum((each.monthly_saving for each in chosen), Decimal(0)))
    return best


@given(some_options(least=0))
def test_no_compatible_set_saves_more(options):
    choice = choose(options)
    assert choice.is_exact
    savings = {each.recommendation_id: each.monthly_saving for each in options}
    assert sum((savings[each] for each in choice.counted), Decimal(0)) == brute_force(options)


@given(some_options(), st.randoms(use_true_random=False))
def test_no_two_counted_overlap_and_order_does_not_matter(options, random):
    choice = choose(options)
    assert all(not choice.conflicts[each] & choice.counted for each in choice.counted)
    shuffled = list(options)
    random.shuffle(shuffled)
    assert choose(shuffled) == choice


@given(some_options())
def test_what_is_left_out_overlaps_with_something_counted(options):
    choice = choose(options)
    for each in options:
        if each.recommendation_id not in choice.counted:
            assert choice.conflicts[each.recommendation_id] & choice.counted


def test_many_small_savings_beat_the_one_large_one_they_overlap_with_where_they_are_more():
    server = option("server", 100, "server", "volume", "address")
    parts = [option("resize", 60, "server"), option("tier", 30, "volume")]
    assert choose([server, *parts]).counted == {"server"}
    assert choose([server, *parts, option("release", 20, "address")]).counted == {"resize", "tier", "release"}


def test_to_grow_and_to_delete_one_machine_conflict_and_the_service_goes_first():
    grow, delete = option("grow", -50, "a"), option("delete", 400, "a")
    choice = choose([grow, delete])
    assert choice.counted == {"grow"}
    assert choice.conflicts == {"grow": {"delete"}, "delete": {"grow"}}


def test_of_two_ways_to_grow_the_one_that_spends_more_is_counted():
    assert choose([option("some", -10, "a"), option("more", -30, "a")]).counted == {"more"}


def test_what_people_set_aside_never_takes_the_place_of_what_is_to_do():
    aside = option("aside", 90, "a", is_set_aside=True)
    assert choose([option("open", 5, "a"), aside, option("free", 7, "b", is_set_aside=True)]).counted == {
        "open",
        "free",
    }
    assert choose([aside]).counted == {"aside"}


def test_advice_that_saves_nothing_is_counted_where_nothing_else_is():
    assert choose([option("none", 0, "a"), option("other", 3, "b")]).counted == {"none", "other"}


def test_a_saving_on_everything_is_weighed_exactly_against_thousands():
    machines = [option(f"m{number:05d}", 2, f"m{number:05d}") for number in range(3_000)]
    everything = [each.recommendation_id for each in machines]
    large, small = option("plan", 6_001, *everything), option("plan", 5_999, *everything)
    assert choose([*machines, large]).counted == {"plan"}
    chosen = choose([*machines, small])
    assert (len(chosen.counted), chosen.is_exact) == (3_000, True)


def test_a_part_with_too_many_branches_is_chosen_greedily_and_says_so(monkeypatch):
    ring = [option(f"r{number}", 10 + number % 3, f"e{number}", f"e{(number + 1) % 9}") for number in range(9)]
    assert choose(ring).is_exact
    monkeypatch.setattr(choosing, "STEPS", 0)
    choice = choose(ring)
    assert not choice.is_exact
    assert all(not choice.conflicts[each] & choice.counted for each in choice.counted)


def test_conflicts_name_each_other_and_never_themselves():
    told = conflicts_of([option("x", 1, "a", "b"), option("y", 2, "b"), option("z", 3, "c")])
    assert told == {"x": {"y"}, "y": {"x"}, "z": frozenset()}
    assert heaviest({}, {}) == (set(), True)
