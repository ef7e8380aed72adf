"""Who a charge belongs to: the labels that tags, annotations, rules, project defaults and names give it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from simulator.instants import DAY
from simulator.kpi_costs import Spent
from simulator.kpi_settings import DIMENSIONS, AllocationRules, OrganizationSettings, Patterns, PoolRule, Rule, matches
from simulator.price_book import Offer
from simulator.resources import Resource
from simulator.world import World

SPELLINGS: Mapping[str, str] = {
    **dict.fromkeys(("prod", "production", "prd"), "prod"),
    **dict.fromkeys(("staging", "stage", "preprod"), "staging"),
    **dict.fromkeys(("dev", "development", "develop", "test"), "dev"),
    **dict.fromkeys(("sandbox", "sbx"), "sandbox"),
    "shared": "shared",
}
"""Spellings of an environment and the one word for each."""
_PAIR = re.compile(r"([^=:]+)[=:](.+)", re.DOTALL)
_NAMED = re.compile(rf"(?:^|[-_ ])({'|'.join(SPELLINGS)})(?:[-_ ]|$)")

Labels = Mapping[str, str]
"""Label by dimension; what nobody decided is not there."""


@dataclass(frozen=True)
class Owned:
    """The labels of a charge, and the pool it belongs to, if it is shared cost."""

    labels: Labels
    pool: str | None


@dataclass
class Labeller:
    """Decides by the rules of an organisation; equal questions are answered once."""

    world: World
    settings: OrganizationSettings
    _known: dict[tuple[str, str, tuple[str, ...]], Owned] = field(default_factory=dict)

    @property
    def rules(self) -> AllocationRules:
        return self.settings.allocation

    def of(self, spent: Spent) -> Owned:
        """Labels as of the end of the charge's day."""
        resource = spent.resource
        tags = resource.tags_at(spent.day + DAY - 1)
        key = resource.id, spent.offer.sku, tags
        if key not in self._known:
            self._known[key] = self._decided(resource, spent.offer, tags)
        return self._known[key]

    def pairs(self, spent: Spent) -> list[tuple[str, str]]:
        """Key and value of every tag and annotation as of the end of the charge's day."""
        tags = spent.resource.tags_at(spent.day + DAY - 1)
        return [*(_pair(tag) for tag in tags), *spent.resource.group.annotations.items()]

    def tagged_environment(self, spent: Spent) -> str | None:
        """The environment that tags or annotations say."""
        pairs = self.pairs(spent)
        count = len(pairs) - len(spent.resource.group.annotations)
        return self._tagged("environment", pairs[:count]) or self._tagged("environment", pairs[count:])

    def _decided(self, resource: Resource, offer: Offer, tags: tuple[str, ...]) -> Owned:
        facts = self._facts(resource, offer, tags)
        project = {"project": facts["project"]}
        overriding = [rule for rule in self.rules.rules if rule.overrides_tags and _all_match(rule.matchers, facts)]
        others = [rule for rule in self.rules.rules if not rule.overrides_tags and _all_match(rule.matchers, facts)]
        defaults = [rule for rule in self.rules.defaults if _all_match(rule.matchers, project)]
        labels: dict[str, str] = {}
        for name in DIMENSIONS:
            answers = (
                _said(overriding, name),
                self._tagged(name, [_pair(tag) for tag in tags]),
                self._tagged(name, list(resource.group.annotations.items())),
                _said(others, name),
                _said(defaults, name),
                _named_environment(resource.project.name) if name == "environment" else None,
            )
            found = next((answer for answer in answers if answer), None)
            if found:
                labels[name] = _spelled(name, found)
        return Owned(labels, next((p.name for p in self.rules.pools if _belongs(p, facts, labels)), None))

    def _facts(self, resource: Resource, offer: Offer, tags: tuple[str, ...]) -> dict[str, list[str]]:
        """What matchers are held against: every text of which one must match."""
        pairs = [_pair(tag) for tag in tags] + list(resource.group.annotations.items())
        return {
            "project": [resource.project.name, self.world.project_id(resource.project)],
            "sku": [offer.sku],
            "region": [resource.zone[:6]],
            "resource": [resource.id, *_names(resource)],
            "tag": [f"{key}={value}" if value else key for key, value in pairs],
        }

    def _tagged(self, name: str, pairs: list[tuple[str, str]]) -> str | None:
        """What the first key of a label says; a bare tag may name an environment or a team.

        An environment counts in a known spelling only.
        """
        for key in self.rules.keys[name]:
            said = sorted(_spelled(name, value) for told, value in pairs if value and told.lower() == key.lower())
            said = [value for value in said if name != "environment" or value in SPELLINGS]
            if said:
                return _without_prefix(name, said[0])
        bare = sorted(told.lower() for told, value in pairs if not value)
        if name == "environment":
            return next((tag for tag in bare if tag in SPELLINGS), None)
        if name in ("owner", "team"):
            return next((_without_prefix(name, tag) for tag in bare if tag.startswith("team-")), None)
        return None


def _names(resource: Resource) -> Iterator[str]:
    """The name on a charge, and that of the inventory, which for a control plane is its cluster's."""
    if resource.group.named:
        yield resource.name
    if resource.kind == "service" and resource.group.kapsule:
        yield resource.group.kapsule.cluster


def _pair(tag: str) -> tuple[str, str]:
    found = _PAIR.fullmatch(tag.strip())
    return (found[1], found[2]) if found else (tag.strip(), "")


def _spelled(name: str, value: str) -> str:
    """Labels are in small letters, tenants as they are written; an environment has one word."""
    if name == "tenant":
        return value
    return SPELLINGS.get(value.lower(), value.lower()) if name == "environment" else value.lower()


def _without_prefix(name: str, value: str) -> str:
    """`owner=data` and `team-data` name the same team."""
    return value.removeprefix("team-") if name in ("owner", "team") else value


def _said(rules: list[Rule], name: str) -> str | None:
    return next((rule.sets[name] for rule in rules if rule.sets.get(name)), None)


def _named_environment(project: str) -> str | None:
    found = _NAMED.search(project.lower())
    return found[1] if found else None


def _belongs(pool: PoolRule, facts: Mapping[str, list[str]], labels: Labels) -> bool:
    return _all_match(pool.matchers, facts) and fits(pool.labels, labels)


def fits(wanted: Mapping[str, Patterns], labels: Labels) -> bool:
    """Whether labels are as a filter wants them; an empty pattern means a label nobody decided."""
    return all(matches(patterns, [labels.get(name, "")]) for name, patterns in wanted.items())


def _all_match(matchers: Mapping[str, Patterns], facts: Mapping[str, list[str]]) -> bool:
    return all(matches(patterns, facts[name]) for name, patterns in matchers.items())


def pools_in_order(rules: AllocationRules) -> Iterator[PoolRule]:
    """Each pool after all that pass cost on to it."""
    left = {pool.name: pool for pool in rules.pools}
    while left:
        fed = {name for pool in left.values() for name in pool.pools}
        ready = [name for name in left if name not in fed]
        if not ready:
            raise ValueError(f"pools feed each other in a circle: {', '.join(left)}")
        for name in ready:
            yield left.pop(name)
