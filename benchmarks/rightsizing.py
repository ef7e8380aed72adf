"""What is the product's rightsizing worth on recorded loads, beside what others would have advised?

`python -m benchmarks.rightsizing DIR [--fit] [--recommend OUT.csv] [--risk P]` learns from the first 14 days of the
recording and is judged by the following ones, at several splits in time where the recording is long enough. A machine
is harmed when the offer advised is over its capacity for more than 1 % of the time; it forfeits its saving and costs
one month's price. Rows marked "cross-validated" use a risk fitted without the machine it judges. `--fit` prints the
coefficients fitted on the folder. `--recommend` writes what the product's own rule advises from the first 14 days.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.rightsizing_fit import (
    Examples,
    demand_before,
    examples,
    fit,
    folds,
    models_by_machine,
    reliability,
    size_groups,
    told_and_came,
)
from benchmarks.rightsizing_rivals import HINDSIGHT, RIVALS, Case, Worth, cases, hindsight_advice, rival_advice, worth
from benchmarks.rightsizing_traces import (
    BINS,
    DAY,
    HOURS,
    SAMPLES,
    TRAINED,
    Machine,
    current_offer,
    first_seconds,
    read_machines,
    read_offers,
)
from pipelines.recommendations.rightsizing.answers import Answer, Resize, Unjudged
from pipelines.recommendations.rightsizing.deciding import rightsize
from pipelines.recommendations.rightsizing.offers import Offer, Policy
from pipelines.recommendations.rightsizing.risk import CPU_MODEL, MEMORY_MODEL, NOISE, RiskModel
from pipelines.recommendations.rightsizing.summaries import Floats

_STORED = {"cpu": CPU_MODEL, "memory": MEMORY_MODEL}
_LEAST_MACHINES = 12  # below that a fit says more about the machines than about machines
_RISKS = (0.05, 0.10, 0.20, 0.30)
Models = dict[str, dict[str, RiskModel] | RiskModel]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a folder with usage.parquet, or with a Bitbrains trace")
    parser.add_argument("--fit", action="store_true", help="print the coefficients fitted on this folder")
    parser.add_argument("--recommend", type=Path, help="write resource_id and offer; a row left out means keep")
    parser.add_argument("--risk", type=float, default=Policy().risk, help="the probability of saturation accepted")
    given = parser.parse_args(arguments)
    began, policy = time.process_time(), Policy(risk=given.risk)
    machines = read_machines(given.folder)
    offers, told = read_offers(given.folder)
    without = [machine.name for machine in machines if current_offer(machine, offers) is None]
    print(f"{len(machines)} machines; {told}")
    if without:
        print(f"left out, no offer is as large as they are: {', '.join(without)}")
    if given.recommend:
        _write(given.recommend, _answers(machines, offers, policy))
    splits = splits_of(machines, offers)
    if not splits:
        print("nothing to judge by: no machine has samples after the first 14 days")
        return 0
    models = _cross_validated([case for span in splits.values() for case in span])
    for name, span in splits.items():
        _print_split(name, span, offers, policy, models)
    _print_risks(next(iter(splits.values())), offers, policy, models)
    _print_calibration(splits, offers, models, given.fit)
    _print_summary_cost(splits, offers, policy)
    print(f"\n{time.process_time() - began:.0f} s of CPU")
    return 0


def splits_of(machines: list[Machine], offers: list[Offer]) -> dict[str, list[Case]]:
    """The first 14 days judged by the next 14, then other beginnings, then one week judged, where there is time."""
    begins = first_seconds(machines)
    whole = max((int(machine.seconds[-1]) + 1 - begins[machine.name]) / DAY for machine in machines)
    found = {}
    for judged, starts in ((14, (0, 1, 2, 7, 14, 28)), (7, (0, 3, 6, 9))):
        for start in starts:
            if start and start + TRAINED + judged > whole + 0.1:
                continue
            span = cases(machines, offers, start, judged)
            if span:
                found[f"days {start}-{start + TRAINED} → next {judged}"] = span
    return found


def _cross_validated(every: list[Case]) -> Models:
    """Per measure, for each machine the model fitted without it; the stored one where there are too few machines."""
    found: Models = {}
    for measure, stored in _STORED.items():
        rows = _rows(every, measure)
        enough = len(set(rows.machines)) >= _LEAST_MACHINES
        found[measure] = models_by_machine(rows, folds(rows.machines)) if enough else stored
    return found


def _rows(every: list[Case], measure: str) -> Examples:
    """What the product's form of the measure's risk learns from."""
    rows = examples(every, measure)
    return rows.without_replay() if measure == "memory" else rows


def _model(models: Models, measure: str, name: str) -> RiskModel:
    of_measure = models[measure]
    return of_measure if isinstance(of_measure, RiskModel) else of_measure.get(name, _STORED[measure])


def _answer(case: Case, offers: list[Offer], policy: Policy, models: Models, kept: str = BINS) -> Answer:
    name, load = case.machine.name, case.machine.load(case.start, case.split, kept)
    both = _model(models, "cpu", name), _model(models, "memory", name)
    return rightsize(load, case.current, offers, policy, *both)


def _advice(span: list[Case], offers: list[Offer], policy: Policy, models: Models, kept: str = BINS) -> list[Offer]:
    answers = [_answer(case, offers, policy, models, kept) for case in span]
    return [
        answer.offer if isinstance(answer, Resize) else case.current for answer, case in zip(answers, span, strict=True)
    ]


def _print_split(name: str, span: list[Case], offers: list[Offer], policy: Policy, models: Models) -> None:
    bill = sum(float(case.current.eur_per_month) for case in span)
    unjudged = sum(isinstance(_answer(case, offers, policy, dict(_STORED)), Unjudged) for case in span)
    print(f"\n{name} days: {len(span)} machines, {bill:.2f} € a month; could not judge {unjudged}")
    print(f"  {'':36}{'moved':>6}{'net €':>10}{'harmed':>8}{'net € with':>12}{'over, all':>10}{'net € with':>12}")
    print(f"  {'':36}{'':6}{'saved':>10}{'':>8}{'more spent':>12}{'machines':>10}{'kept harmed':>12}")
    advised = {"ours, as stored": _advice(span, offers, policy, dict(_STORED))}
    advised["ours, cross-validated"] = _advice(span, offers, policy, models)
    advised |= {rival: [rival_advice(case, offers, needs) for case in span] for rival, needs in RIVALS.items()}
    advised[HINDSIGHT] = [hindsight_advice(case, offers) for case in span]
    for rule, chosen in advised.items():
        _print_worth(rule, worth(span, chosen), len(span))
    answers = [(_answer(case, offers, policy, models), case) for case in span]
    moves = [(each.risk, float(case.is_over(each.offer))) for each, case in answers if isinstance(each, Resize)]
    told, came = np.array(moves).reshape(-1, 2).T
    if len(told):
        print(
            f"  moves advised (cross-validated): risk told {told.mean():.3f} on average, harmed {came.mean():.3f}, "
            f"Brier {_brier(told, came):.4f}"
        )


def _print_worth(rule: str, came: Worth, machines: int) -> None:
    print(
        f"  {rule:36}{came.moved:6}{came.saved:10.2f}{came.harmed:8}{came.with_more:12.2f}"
        f"{came.over / machines:10.1%}{came.with_kept:12.2f}"
    )


def _print_risks(span: list[Case], offers: list[Offer], policy: Policy, models: Models) -> None:
    print("\nthe first split again, cross-validated, by the risk accepted")
    for risk in _RISKS:
        chosen = _advice(span, offers, replace(policy, risk=risk), models)
        _print_worth(f"{risk:.0%}", worth(span, chosen), len(span))


def _print_calibration(splits: dict[str, list[Case]], offers: list[Offer], models: Models, shows_fit: bool) -> None:
    every = [case for span in splits.values() for case in span]
    for measure, stored in _STORED.items():
        rows, sizes = _rows(every, measure), _sizes(offers, measure)
        names = len(set(rows.machines))
        if not names:
            print(f"\n{measure}: not measured here")
            continue
        kinds: dict[str, dict[str, RiskModel] | RiskModel] = {"as stored": stored}
        if names >= _LEAST_MACHINES:
            kinds |= {"fitted here": fit(rows), "cross-validated over machines": models[measure]}
            kinds["each size of machine left out"] = models_by_machine(rows, size_groups(every))
        print(f"\n{measure}: risk told for each size sold up to the machine's own, {names} machines, all splits")
        for kind, model in kinds.items():
            print(f"  Brier {_brier(*told_and_came(every, measure, sizes, model)):.4f}  {kind}")
        shown = models[measure]
        for name, span in splits.items():
            print(f"  Brier {_brier(*told_and_came(span, measure, sizes, shown)):.4f}  cross-validated, {name}")
        print("  reliability (cross-validated): risk told, pairs, mean told, share that came")
        for low, high, count, mean, share in reliability(*told_and_came(every, measure, sizes, shown)):
            print(f"    {low:4.0%} to {high:4.0%}{count:7}{mean:9.3f}{share:9.3f}")
        if shows_fit:
            _print_model(rows)


def _print_model(rows: Examples) -> None:
    model = fit(rows)
    print(f"  fitted on {len(rows.saturated)} examples: intercept {model.intercept:.3f}")
    print(f"    worst_week=({', '.join(f'{each:.3f}' for each in model.worst_week)})")
    print(f"    newest=({', '.join(f'{each:.3f}' for each in model.newest)})")
    print(f"    share=({', '.join(f'{each:.3f}' for each in model.share)})  days={model.days:.3f}")


def _print_summary_cost(splits: dict[str, list[Case]], offers: list[Offer], policy: Policy) -> None:
    """What the summaries cost in accuracy: the same rule on single samples."""
    every, sizes = [case for span in splits.values() for case in span], _sizes(offers, "cpu")
    exact = _advice(every, offers, policy, dict(_STORED), SAMPLES)
    print(
        "\nwhat is kept of the samples (as stored, all splits): net € saved, Brier, advice as from single samples, p99"
    )
    for kept in (SAMPLES, BINS, HOURS):
        told = exact if kept == SAMPLES else _advice(every, offers, policy, dict(_STORED), kept)
        same = sum(one == two for one, two in zip(told, exact, strict=True))
        brier = _brier(*told_and_came(every, "cpu", sizes, CPU_MODEL, kept))
        known = [(demand_before(case, "cpu", kept), demand_before(case, "cpu", SAMPLES)) for case in every]
        off = [one.p99 / two.p99 - 1 for one, two in known if one and two and two.p99 > NOISE] or [0.0]
        print(
            f"  {kept:10}{worth(every, told).saved:10.2f}{brier:9.4f}{same:6} of {len(every)}"
            f"   {np.mean(off):+.1%} on average, {np.min(off):+.1%} to {np.max(off):+.1%}"
        )


def _sizes(offers: list[Offer], measure: str) -> Floats:
    return np.array(sorted({each.vcpus if measure == "cpu" else each.memory_gib for each in offers}), dtype=float)


def _brier(told: Floats, came: Floats) -> float:
    return float(np.mean((told - came) ** 2)) if len(told) else float("nan")


def _answers(machines: list[Machine], offers: list[Offer], policy: Policy) -> list[Answer]:
    """What the rule says from the first 14 days of the recording; a machine recorded later has its own first days."""
    begins, found = first_seconds(machines), []
    for machine in machines:
        current, start = current_offer(machine, offers), begins[machine.name]
        if current is not None:
            found.append(rightsize(machine.load(start, start + TRAINED * DAY), current, offers, policy))
    return found


def _write(path: Path, answers: list[Answer]) -> None:
    advice = [(answer.resource_id, answer.offer.name) for answer in answers if isinstance(answer, Resize)]
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([("resource_id", "offer"), *advice])
    print(f"{len(advice)} of {len(answers)} machines to move, written to {path}")


if __name__ == "__main__":
    raise SystemExit(main())
