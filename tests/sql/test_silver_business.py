"""Business numbers, deploys, jobs, training, inference, the audit trail, vouchers and dates, from files and answers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from assets.import_metrics import import_metrics
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request

SHA_A, SHA_B = (f"sha256:{letter * 64}" for letter in "ab")


@pytest.fixture
def brought_in(answers, tmp_path):
    """`brought_in("deploys", "at,service,…", "…")`: a file of these lines, imported into the lake of `answers`."""

    def bring(kind: str, *lines: str, name: str = "file.csv", at: str = "2026-11-01", source: str = "ci") -> None:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        moment = datetime.fromisoformat(f"{at}T00:00:00+00:00")
        (told,) = import_metrics(answers.lake, [path], Request(KINDS[kind], source), moment)
        assert told.quarantined == 0, told.reasons

    return bring


def seen(answers, day: str, source: str, *items: dict, place: str = "/regions/fr-par") -> None:
    at = datetime.fromisoformat(f"{day}T06:00:00+00:00")
    path = f"/{source.replace('.', '/v1')}{place}"
    answers.answer("bronze.resources", source, items, at=at, path=path)


def by(rows: list[dict[str, Any]], *columns: str) -> list[tuple]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=lambda row: [*map(str, row)])


# --- numbers


def test_numbers_of_a_day_are_added_and_a_part_not_told_is_null_instead_of_too_small(answers, brought_in):
    brought_in(
        "requests",
        "day,service,route,environment,requests,successful",
        "2026-10-01,shop,/a,production,100,90",
        "2026-10-01,shop,/b,Production,50,",
        "2026-10-02,shop,/a,prod,7,7",
        "2026-10-02,shop,/a,staging,1,0",
    )
    rows = answers.built("silver.business_numbers")
    assert by(rows, "usage_date", "route", "environment", "requests", "successful_requests") == [
        (date(2026, 10, 1), "/a", "prod", 100, 90),
        (date(2026, 10, 1), "/b", "prod", 50, None),
        (date(2026, 10, 2), "/a", "prod", 7, 7),
        (date(2026, 10, 2), "/a", "staging", 1, 0),
    ]
    assert {(row["usage_month"], row["is_whole_month"], row["kind"]) for row in rows} == {
        ("2026-10", False, "requests")
    }


def test_hours_of_a_day_become_the_day_and_one_hour_that_says_nothing_leaves_its_sum_unknown(answers, brought_in):
    brought_in(
        "inferences",
        "at,model,deployment,requests,failed,input_tokens",
        "2026-10-01T01:00:00Z,m,chat,10,1,1000",
        "2026-10-01T23:59:59Z,m,chat,20,2,",
        "2026-10-02T01:30:00+02:00,m,chat,5,0,5",
    )
    deployment = {"id": "d-1", "name": "chat", "node_type_name": "L4", "size": 1, "project_id": "p"}
    seen(answers, "2026-10-01", "inference.deployments", deployment)
    (row,) = answers.built("silver.business_numbers")
    assert (row["usage_date"], row["requests"], row["failed_requests"], row["input_tokens"]) == (
        date(2026, 10, 1), 35, 3, None,
    )  # fmt: skip
    assert row["resource_id"] == "d-1"


def test_health_checks_are_counted_apart_and_failures_tell_the_successful_ones(answers, brought_in):
    brought_in(
        "requests",
        "day,service,is_health_check,route,requests,failed",
        "2026-10-01,shop,false,/,100,5",
        "2026-10-01,shop,true,/,2880,0",
        "2026-10-01,shop,true,/live,7,0",
    )
    rows = answers.built("silver.business_numbers")
    assert by(rows, "route", "requests", "successful_requests", "failed_requests", "health_check_requests") == [
        ("/", 100, 95, 5, 2880),
        ("/live", 0, None, None, 7),
    ]


def test_of_two_files_that_speak_of_the_same_the_one_imported_last_holds(answers, brought_in):
    brought_in("requests", "day,service,requests", "2026-09-30,shop,1", "2026-10-01,shop,2", name="q3.csv")
    brought_in(
        "requests", "day,service,requests", "2026-10-01,shop,20", "2026-10-02,shop,30", name="q4.csv", at="2026-11-02"
    )
    brought_in("requests", "day,service,requests", "2026-10-01,shop,99", name="other.csv", source="edge")
    rows = answers.built("silver.business_numbers")
    assert by(rows, "source", "usage_date", "requests") == [
        ("ci", date(2026, 9, 30), 1),
        ("ci", date(2026, 10, 1), 20),
        ("ci", date(2026, 10, 2), 30),
        ("edge", date(2026, 10, 1), 99),
    ]


def test_a_tenants_month_counts_from_its_first_day_with_its_contract_in_its_currency(answers, brought_in):
    brought_in(
        "tenants",
        "tenant,month,active,contract_value,currency",
        "acme,2026-10,true,1200.50,EUR",
        "beta,2026-10,false,,",
    )
    rows = answers.built("silver.business_numbers")
    assert by(
        rows, "tenant", "usage_date", "is_whole_month", "is_active", "contract_value", "billing_currency"
    ) == [
        ("acme", date(2026, 10, 1), True, True, Decimal("1200.5"), "EUR"),
        ("beta", date(2026, 10, 1), True, False, None, None),
    ]  # fmt: skip
    assert all(row["requests"] is None for row in rows)


def test_a_contract_counts_in_each_month_it_touches_as_far_as_the_lake_reaches(answers, brought_in):
    brought_in(
        "tenants",
        "tenant,contract_start,contract_end,contract_value,currency",
        "acme,2026-08-15,,100,EUR",
        "beta,2026-07-01,2026-09-01,50,EUR",
        "late,2026-10-20,2026-10-20,1,EUR",
    )
    answers.charges("2026-10-05")
    rows = answers.built("silver.business_numbers")
    assert by(rows, "tenant", "usage_date", "is_active", "contract_value") == [
        ("acme", date(2026, 8, 1), True, Decimal(100)),
        ("acme", date(2026, 9, 1), True, Decimal(100)),
        ("acme", date(2026, 10, 1), True, Decimal(100)),
        ("beta", date(2026, 7, 1), True, Decimal(50)),
        ("beta", date(2026, 8, 1), True, Decimal(50)),
        ("late", date(2026, 10, 1), True, Decimal(1)),
    ]


# --- deploys


def container(image: str, updated: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "c-1", "name": "shop", "namespace_id": "n-1", "status": "ready", "image": image, "updated_at": updated,
        "tags": ["env=prod"], **fields,
    }  # fmt: skip


def tag(number: int, name: str, digest: str, pushed: str) -> dict[str, Any]:
    return {"id": f"t-{number}", "image_id": "i-1", "name": name, "digest": digest, "updated_at": pushed}


IMAGE = {"id": "i-1", "name": "shop", "namespace_id": "n-2", "tags": ["latest"]}


def deployed(answers) -> list[tuple]:
    rows = answers.built("silver.deploys", "2026-09", "2026-10")
    return by(rows, "billing_month", "source", "service", "environment", "status", "digest", "version")


def test_the_ci_holds_where_it_speaks_then_rollouts_then_pushed_images(answers, brought_in):
    brought_in(
        "deploys",
        "at,service,environment,status,digest,version",
        f"2026-10-05T10:00:00Z,Shop,production,success,{SHA_A},1.4",
    )
    seen(answers, "2026-09-01", "containers.containers", container("rg/shop:1.2", "2026-08-01T00:00:00Z"))
    seen(answers, "2026-09-10", "containers.containers", container("rg/shop:1.3", "2026-09-09T12:00:00Z"))
    seen(answers, "2026-10-06", "containers.containers", container("rg/shop:1.4", "2026-10-05T10:00:00Z"))
    seen(answers, "2026-09-01", "registry.images", IMAGE, {"id": "i-2", "name": "tool", "namespace_id": "n-2"})
    elsewhere = {**tag(9, "v1", SHA_B, "2026-10-20T00:00:00Z"), "image_id": "i-2"}
    seen(answers, "2026-10-21", "registry.tags", tag(1, "1.4", SHA_A, "2026-10-04T00:00:00Z"), elsewhere)
    assert deployed(answers) == [
        ("2026-09", "rollout", "shop", "prod", "successful", None, "1.3"),
        ("2026-10", "ci", "Shop", "prod", "successful", SHA_A, "1.4"),
        ("2026-10", "digest", "tool", "unknown", "successful", SHA_B, "v1"),
    ]
    proxies = {row["service"]: row["is_proxy"] for row in answers.read("silver.deploys")}
    assert proxies == {"shop": False, "Shop": False, "tool": True}


def test_an_image_the_ci_tells_of_is_not_counted_again_under_the_name_of_what_runs_it(answers, brought_in):
    line = f"2026-10-05T10:00:00Z,shop-api,prod,success,{SHA_A}"
    brought_in("deploys", "at,service,environment,status,digest", line)
    for day, image in (("2026-10-01", SHA_B), ("2026-10-06", SHA_A), ("2026-10-08", f"sha256:{'c' * 64}")):
        at = f"{day}T00:00:00Z"
        seen(answers, day, "containers.containers", container(f"rg/shop-api@{image}", at, name="containers-01"))
    rows = answers.built("silver.deploys", "2026-10")
    assert by(rows, "source", "service", "digest") == [
        ("ci", "shop-api", SHA_A),
        ("rollout", "containers-01", f"sha256:{'c' * 64}"),
    ]


def test_an_image_counts_once_for_a_service_environment_and_outcome(answers, brought_in):
    brought_in(
        "deploys",
        "at,service,environment,status,digest",
        f"2026-10-05T10:00:00Z,shop,prod,failed,{SHA_A}",
        f"2026-10-05T11:00:00Z,shop,prod,successful,{SHA_A}",
        f"2026-10-06T11:00:00Z,shop,prd,success,{SHA_A}",
        f"2026-10-06T12:00:00Z,shop,staging,success,{SHA_A}",
        "2026-10-07T12:00:00Z,shop,prod,success,",
        "2026-10-08T12:00:00Z,shop,prod,success,",
        f"2026-10-09T12:00:00Z,shop,prod,rolled_back,{SHA_B}",
    )
    rows = answers.built("silver.deploys", "2026-10")
    counted = by(rows, "environment", "status", "deploy_date")
    assert counted == [
        ("prod", "failed", date(2026, 10, 5)),
        ("prod", "rolled_back", date(2026, 10, 9)),
        ("prod", "successful", date(2026, 10, 5)),
        ("prod", "successful", date(2026, 10, 7)),
        ("prod", "successful", date(2026, 10, 8)),
        ("staging", "successful", date(2026, 10, 6)),
    ]


def event(number: int, method: str, at: str, *resources: dict, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"e-{number}", "recorded_at": at, "method_name": method, "status_code": 200, "resources": list(resources),
        "principal": {"id": "u-1"}, "source_ip": "192.0.2.7", "user_agent": "scw", "locality": "fr-par",
        "product_name": "serverless", "organization_id": "o", "project_id": "p", **fields,
    }  # fmt: skip


def audited(answers, day: str, *items: dict) -> None:
    start = date.fromisoformat(day)
    answers.answer(
        "bronze.audit_events",
        "audit_trail.events",
        items,
        month=day[:7],
        path="/audit-trail/v1alpha1/regions/fr-par/events",
        parameters={"recorded_after": f"{start}T00:00:00Z"},
        at=datetime(start.year, start.month, start.day, 6, tzinfo=UTC),
    )


CONTAINER = {"id": "c-1", "type": "serverless_containers_container", "name": "shop"}


def test_a_redeploy_of_the_same_tag_shows_in_the_audit_trail_only_and_a_refused_one_is_none(answers):
    seen(answers, "2026-10-01", "containers.containers", container("rg/shop:latest", "2026-09-01T00:00:00Z"))
    seen(answers, "2026-10-09", "containers.containers", container("rg/shop:v2", "2026-10-08T09:00:00Z"))
    audited(
        answers,
        "2026-10-05",
        event(1, "RedeployContainer", "2026-10-05T09:00:00Z", CONTAINER),
        event(2, "RedeployContainer", "2026-10-05T09:30:00Z", CONTAINER, status_code=403),
        event(3, "GetContainer", "2026-10-05T09:40:00Z", CONTAINER),
    )
    body = {"image": "rg/shop:v2"}
    audited(answers, "2026-10-08", event(4, "UpdateContainer", "2026-10-08T09:00:05Z", CONTAINER, request_body=body))
    rows = answers.built("silver.deploys", "2026-10")
    assert by(rows, "deployed_at", "told_by", "version", "environment") == [
        (datetime(2026, 10, 5, 9, tzinfo=UTC), "audit_trail", None, "prod"),
        (datetime(2026, 10, 8, 9, 0, 5, tzinfo=UTC), "audit_trail", "v2", "prod"),
    ]


def test_functions_and_pools_roll_out_too_and_one_that_ended_in_error_failed(answers):
    def function(ready: str, status: str = "ready") -> dict[str, Any]:
        return {"id": "f-1", "name": "hook", "namespace_id": "n", "status": status, "ready_at": ready}

    def pool(version: str, at: str) -> dict[str, Any]:
        return {"id": "p-1", "name": "workers", "cluster_id": "k", "version": version, "updated_at": at}

    seen(answers, "2026-10-01", "functions.functions", function("2026-09-01T00:00:00Z"))
    seen(answers, "2026-10-02", "functions.functions", function("2026-10-01T15:00:00Z", "error"))
    seen(answers, "2026-10-01", "k8s.pools", pool("1.34.1", "2026-09-01T00:00:00Z"))
    seen(answers, "2026-10-04", "k8s.pools", pool("1.35.0", "2026-10-03T15:00:00Z"))
    rows = answers.built("silver.deploys", "2026-10")
    assert by(rows, "service", "status", "deploy_date", "version", "resource_type") == [
        ("hook", "failed", date(2026, 10, 1), None, "functions_function"),
        ("workers", "successful", date(2026, 10, 3), "1.35.0", "k8s_pool"),
    ]


# --- the audit trail


def test_every_resource_of_an_event_is_a_row_and_an_event_told_on_two_days_is_one(answers):
    midnight = event(1, "ServerAction", "2026-10-01T00:00:00Z", {"id": "s-1"}, request_body={"action": "poweroff"})
    two = event(2, "DeleteVolume", "2026-09-30T10:00:00Z", {"id": "v-1"}, {"id": "v-2"})
    none = event(3, "Login", "2026-09-30T11:00:00Z", principal=None)
    audited(answers, "2026-09-30", two, none, midnight)
    audited(answers, "2026-10-01", midnight)
    rows = answers.built("silver.audit_events", "2026-09", "2026-10")
    assert by(rows, "event_id", "resource_id", "action", "principal_id", "billing_month") == [
        ("e-1", "s-1", "poweroff", "u-1", "2026-10"),
        ("e-2", "v-1", None, "u-1", "2026-09"),
        ("e-2", "v-2", None, "u-1", "2026-09"),
        ("e-3", "", None, None, "2026-09"),
    ]
    assert {row["source_ip"] for row in rows} == {"192.0.2.7"}


# --- jobs and training


def run(number: int, state: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"r-{number}", "job_definition_id": "j-1", "state": state, "cpu_limit": 1120, "memory_limit": 2048,
        "region": "fr-par", "created_at": "2026-10-01T02:00:00Z", "started_at": "2026-10-01T02:00:05Z",
        "terminated_at": None, "run_duration": None, **fields,
    }  # fmt: skip


def test_a_run_is_told_once_with_its_newest_state_and_stays_when_scaleway_forgets_it(answers):
    job = {"id": "j-1", "name": "nightly", "project_id": "p", "cpu_limit": 1120, "memory_limit": 2048}
    seen(answers, "2026-10-01", "serverless_jobs.job_definitions", job)
    seen(answers, "2026-10-01", "serverless_jobs.job_runs", run(1, "running"))
    ended = {"terminated_at": "2026-10-01T02:10:05Z", "run_duration": "600.5s"}
    seen(answers, "2026-10-02", "serverless_jobs.job_runs", run(1, "succeeded", **ended), run(2, "queued"))
    timed = {"started_at": "2026-10-01T03:00:00Z", "terminated_at": "2026-10-01T03:00:10Z", "reason": "timeout"}
    seen(answers, "2026-10-03", "serverless_jobs.job_runs", run(2, "failed", cpu_limit=None, **timed))
    rows = answers.built("silver.job_runs")
    told = by(rows, "run_id", "job_name", "status", "duration_seconds", "vcpu_seconds", "gb_seconds", "reason")
    assert told == [
        ("r-1", "nightly", "succeeded", Decimal("600.5"), Decimal("672.56"), Decimal("1201"), None),
        ("r-2", "nightly", "failed", Decimal(10), Decimal("11.2"), Decimal(20), "timeout"),
    ]
    assert {(row["project_id"], row["billing_month"], row["source"]) for row in rows} == {
        ("p", "2026-10", "serverless_jobs")
    }


def test_serverless_jobs_multiply_as_scaleways_own_example_does(answers):
    month = run(1, "succeeded", run_duration="432000s", terminated_at="2026-10-06T02:00:05Z")
    seen(answers, "2026-10-02", "serverless_jobs.job_runs", month)
    (row,) = answers.built("silver.job_runs")
    assert (row["vcpu_seconds"], row["gb_seconds"]) == (Decimal(483_840), Decimal(864_000))


def test_imported_runs_stand_beside_them_with_what_they_were_given(answers, brought_in):
    brought_in(
        "jobs",
        "job,started_at,ended_at,duration_s,status,resource_id,cpu,memory",
        "etl,2026-10-01T00:00:00Z,2026-10-01T01:00:00Z,,success,s-1,2,8",
        "etl,2026-10-02T00:00:00Z,,90.5,cancelled,s-1,,",
    )
    rows = answers.built("silver.job_runs")
    told = by(rows, "run_date", "status", "duration_seconds", "ended_at", "vcpu_seconds", "gb_seconds")
    assert told == [
        (
            date(2026, 10, 1), "succeeded", Decimal(3600), datetime(2026, 10, 1, 1, tzinfo=UTC), Decimal(7200),
            Decimal(28_800),
        ),
        (
            date(2026, 10, 2), "interrupted", Decimal("90.5"), datetime(2026, 10, 2, 0, 1, 30, 500_000, tzinfo=UTC),
            None, None,
        ),
    ]  # fmt: skip


def test_a_run_brought_in_beside_the_one_scaleway_lists_counts_once_and_a_forgotten_one_has_its_definitions_share(
    answers, brought_in
):
    job = {"id": "j-1", "name": "nightly", "project_id": "p", "cpu_limit": 2000, "memory_limit": 1024}
    seen(answers, "2026-10-01", "serverless_jobs.job_definitions", job)
    seen(answers, "2026-10-01", "serverless_jobs.job_runs", run(1, "succeeded", run_duration="1s"))
    brought_in(
        "jobs",
        "run_id,job,resource_id,started_at,duration_s,status",
        "r-1,nightly,j-1,2026-10-01T02:00:00Z,1,success",
        "r-0,nightly,j-1,2026-01-01T02:00:00Z,5,failed",
        name="january.csv",
    )
    brought_in(
        "jobs",
        "run_id,job,resource_id,started_at,duration_s,status",
        "r-0,nightly,j-1,2026-01-01T02:00:01Z,10,success",
        at="2026-11-02",
    )
    rows = answers.built("silver.job_runs")
    assert by(rows, "run_id", "source", "job_id", "project_id", "vcpu_seconds", "gb_seconds") == [
        ("r-0", "ci", "j-1", "p", Decimal(20), Decimal(10)),
        ("r-1", "serverless_jobs", "j-1", "p", Decimal("1.12"), Decimal(2)),
    ]


def test_a_training_run_has_all_its_machines_and_its_completed_epochs(answers, brought_in):
    brought_in(
        "training",
        "run,resource_id,started_at,ended_at,epochs,status,model",
        "t1,g2;g1,2026-10-01T00:00:00Z,2026-10-01T10:00:00Z,10,success,m",
        "t2,g1,2026-10-02T00:00:00Z,2026-10-02T00:30:00Z,0,failed,m",
    )
    rows = answers.built("silver.training_runs")
    assert by(rows, "run_id", "resource_ids", "duration_seconds", "completed_epochs", "status") == [
        ("t1", ["g1", "g2"], Decimal(36_000), 10, "completed"),
        ("t2", ["g1"], Decimal(1800), 0, "failed"),
    ]


def test_a_deployments_gpus_are_those_of_the_instance_type_of_its_family_and_size(answers):
    types = [
        {"commercial_type": "H100-2-80G", "gpu": 2, "gpu_info": {"gpu_name": "H100-PCIe", "gpu_memory": 80}},
        {"commercial_type": "H100-1-80G", "gpu": 1, "gpu_info": {"gpu_name": "H100-PCIe", "gpu_memory": 80}},
        {"commercial_type": "PRO2-XXS", "gpu": 0, "gpu_info": None},
    ]
    answers.answer("bronze.server_types", "instance.server_types", types)
    deployments = [
        {"id": name, "name": name, "node_type_name": name, "size": 2, "min_size": 1, "max_size": 3, "model_name": "m"}
        for name in ("H100", "H100-2", "L4")
    ]
    seen(answers, "2026-10-01", "inference.deployments", *deployments)
    rows = answers.built("silver.inference_deployments")
    told = by(rows, "node_type", "gpu_name", "gpus_per_node", "node_count", "min_node_count", "max_node_count")
    assert told == [("H100", "H100-PCIe", 1, 2, 1, 3), ("H100-2", "H100-PCIe", 2, 2, 1, 3), ("L4", None, None, 2, 1, 3)]


# --- vouchers and dates


def voucher(left: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "v-1", "description": "Startup", "mode": "discount_mode_value", "value": "3000",
        "value_used": str(3000 - int(left)), "value_remaining": left, "stop_date": "2026-12-31T23:59:59.999999Z",
        "coupon": {"description": "STARTUP3K"}, "filters": [{"type": "category_name", "value": "Compute"}], **fields,
    }  # fmt: skip


def discounts(answers, day: str, *items: dict) -> None:
    answers.answer(
        "bronze.discounts", "billing.discounts", items, at=datetime.fromisoformat(f"{day}T06:00:00+00:00")
    )  # fmt: skip


CONTRACT = {"id": "k-1", "description": "5 %", "mode": "discount_mode_rate", "stop_date": "2027-06-30T00:00:00Z"}


def test_what_is_left_of_a_voucher_is_a_row_until_it_changes_and_its_inclusive_end_becomes_exclusive(answers):
    discounts(answers, "2026-10-01", voucher("3000"))
    discounts(answers, "2026-10-02", voucher("2000"), CONTRACT)
    discounts(answers, "2026-10-03", voucher("2000"), CONTRACT, {"id": "other", "value": "1"})
    discounts(answers, "2026-10-04", voucher("500"))
    rows = answers.built("silver.vouchers")
    assert by([row for row in rows if row["discount_id"] == "v-1"], "valid_from", "valid_to", "remaining_value") == [
        (date(2026, 10, 1), date(2026, 10, 2), Decimal(3000)),
        (date(2026, 10, 2), date(2026, 10, 4), Decimal(2000)),
        (date(2026, 10, 4), None, Decimal(500)),
    ]
    newest = next(row for row in rows if row["is_current"])
    assert newest["ends_at"] == datetime(2027, 1, 1, tzinfo=UTC)
    assert (newest["remaining_share"], newest["applies_to"]) == (Decimal("0.166666666667"), ["Compute"])
    (contract,) = [row for row in rows if row["discount_id"] == "k-1"]
    assert (contract["is_voucher"], contract["valid_to"], contract["is_current"]) == (False, date(2026, 10, 4), False)


def test_the_calendar_names_each_end_with_the_field_that_says_it(answers):
    discounts(answers, "2026-10-01", voucher("0"), CONTRACT)
    cluster = {"id": "k8s-1", "name": "main", "type": "kapsule-dedicated-4", "project_id": "p"}
    ended = {**cluster, "commitment_ends_at": "2026-12-16T17:42:01Z"}
    seen(answers, "2026-10-01", "k8s.clusters", ended, {"id": "k8s-2", "name": "free", "commitment_ends_at": None})
    mac = {
        "id": "m-1", "name": "mac", "type": "M4-M", "deletable_at": "2026-11-01T00:00:00Z",
        "commitment": {"type": "renewed_monthly", "cancelled": True},
    }  # fmt: skip
    seen(answers, "2026-10-01", "apple_silicon.servers", mac, place="/zones/fr-par-1")
    metal = {
        "id": "em-1", "name": "metal", "offer_id": "o-m", "offer_name": "EM-A", "created_at": "2026-01-15T00:00:00Z",
        "options": [{"name": "License", "expires_at": "2026-12-01T00:00:00Z"}, {"name": "Net", "expires_at": None}],
    }  # fmt: skip
    seen(answers, "2026-10-01", "baremetal.servers", metal, place="/zones/fr-par-2")
    offers = [{"id": "o-m", "name": "EM-A", "subscription_period": "monthly"}]
    answers.answer("bronze.server_types", "baremetal.offers", offers, path="/baremetal/v1/zones/fr-par-2/offers")
    old = {"id": "s-1", "name": "web", "commercial_type": "DEV1-S", "zone": "fr-par-1", "end_of_service": True}
    older = {"id": "s-2", "name": "db", "commercial_type": "START1-S", "zone": "fr-par-1", "end_of_service": True}
    gone = {"id": "s-3", "name": "gone", "commercial_type": "DEV1-S", "zone": "fr-par-1"}
    seen(answers, "2026-09-01", "instance.servers", gone, place="/zones/fr-par-1")
    elsewhere = {"id": "s-4", "name": "far", "commercial_type": "DEV1-S", "zone": "nl-ams-1"}
    seen(answers, "2026-10-01", "instance.servers", old, older, elsewhere, place="/zones/fr-par-1")
    product = {
        "sku": "/compute/dev1_s/run_par1", "product": "DEV1-S", "locality": {"zone": "fr-par-1"},
        "properties": {"instance": {"offer_id": "DEV1-S"}}, "end_of_sale_at": "2027-01-01T00:00:00Z",
        "end_of_life_at": "2027-07-01T00:00:00Z",
    }  # fmt: skip
    answers.answer("bronze.products", "catalog.products", [product])
    rows = answers.built("silver.calendar")
    told = by(rows, "resource_id", "date_kind", "ends_on", "source_field")
    assert told == [
        ("em-1", "commitment_end", None, "baremetal_server.offer.subscription_period"),
        ("em-1", "loyalty_reward", date(2027, 1, 15), "baremetal_server.created_at"),
        ("em-1", "option_end", date(2026, 12, 1), "baremetal_server.options.expires_at"),
        ("k-1", "contract_end", date(2027, 6, 30), "discount.stop_date"),
        ("k8s-1", "commitment_end", date(2026, 12, 16), "k8s_cluster.commitment_ends_at"),
        ("m-1", "commitment_end", date(2026, 11, 1), "apple_silicon_server.deletable_at"),
        ("s-1", "end_of_life", date(2027, 7, 1), "instance_server.catalogue.end_of_life_at"),
        ("s-1", "end_of_sale", date(2027, 1, 1), "instance_server.catalogue.end_of_sale_at"),
        ("s-2", "end_of_service", None, "instance_server.end_of_service"),
        ("v-1", "voucher_end", date(2027, 1, 1), "discount.stop_date"),
    ]
    notes = {row["resource_id"]: row["note"] for row in rows if row["note"]}
    assert notes["v-1"] == "nothing is left of it"
    assert notes["s-2"] == "Scaleway names no date"
