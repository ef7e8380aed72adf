"""What a tier allows: the table, and which tier a resource is in."""

from itertools import pairwise

from pipelines.recommendations.rules.tiers import (
    BUSINESS_CRITICAL,
    EXPENDABLE,
    IMPORTANT,
    MISSION_CRITICAL,
    needs_standby,
    tier_of,
)


def test_a_stricter_tier_never_allows_more():
    tiers = [MISSION_CRITICAL, BUSINESS_CRITICAL, IMPORTANT, EXPENDABLE]
    for strict, loose in pairwise(tiers):
        assert strict.rpo_hours <= loose.rpo_hours
        assert strict.rto_hours <= loose.rto_hours
        assert strict.least_backup_days >= loose.least_backup_days
        assert strict.keeps_standby >= loose.keeps_standby
        assert strict.may_migrate <= loose.may_migrate


def test_tags_name_the_tier_and_the_strictest_of_them_holds(thing):
    def of(*tags, environment="dev"):
        return tier_of(thing("rdb_instance", tags=tags, environment=environment))

    assert of("tier=1") is of("Criticality: critical") is of("tier:tier-1") is MISSION_CRITICAL
    assert of("tier=4", "tier=2") is BUSINESS_CRITICAL
    assert of("tier=whatever") is MISSION_CRITICAL
    assert of("frontier=1") is EXPENDABLE
    assert of(environment="prod") is of(environment=None) is BUSINESS_CRITICAL


def test_a_standby_belongs_to_production_and_to_what_must_be_back_soon(thing):
    assert needs_standby(thing("rdb_instance", tags=("tier=4",)))
    assert needs_standby(thing("rdb_instance", tags=("tier=2",), environment="staging"))
    assert not needs_standby(thing("rdb_instance", tags=("tier=3",), environment="staging"))
