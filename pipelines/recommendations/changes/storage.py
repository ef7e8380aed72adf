"""Lifecycle rules of a bucket: the whole configuration, since setting it replaces every rule, and the way back.

The commands are those of the AWS command line against Scaleway's endpoint, which takes S3's own JSON. Terraform's
`scaleway_object_bucket` knows prefixes, tags, moves, expiry and aborted uploads; where a rule says more, the same
configuration is given as `aws_s3_bucket_lifecycle_configuration`, for a provider that points at Scaleway's endpoint.
"""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.lifecycle.rules import LifecycleRule, Transition, written
from pipelines.recommendations.changes.change import Change, File, label
from pipelines.recommendations.world import Resource

_INDENT = "  "


def lifecycle_set(
    bucket: Resource, old: Sequence[LifecycleRule], new: Sequence[LifecycleRule], notes: tuple[str, ...] = ()
) -> Change:
    """Put all rules, old ones and new, in place of the old ones; without any, the configuration is taken away."""
    return Change(
        cli=(_set(bucket, new), _aws(bucket, "get-bucket-lifecycle-configuration")),
        undo_cli=(_set(bucket, old),),
        terraform=terraform(bucket, new) if new else "",
        undo_terraform=terraform(bucket, old) if old else "",
        notes=(
            "The first command replaces every rule of the bucket: it holds those in place and the new ones. "
            "The second reads them back: undo the first if a filter is missing.",
            f"What changes:\n{difference(old, new)}",
            *notes,
        ),
        files=tuple(_files(old, new)),
    )


def looked_into(bucket: Resource, notes: tuple[str, ...]) -> Change:
    """Nothing is set: a person looks at the bucket first."""
    return Change(
        cli=(_aws(bucket, "list-objects-v2", "--max-items", "20"), _aws(bucket, "get-bucket-tagging")),
        undo_cli=(),
        notes=(*notes, "The commands only look: there is nothing to take back."),
    )


def difference(old: Sequence[LifecycleRule], new: Sequence[LifecycleRule]) -> str:
    """Line by line, as `diff -u` writes it."""
    before, after = (json.dumps(written(rules), indent=2, ensure_ascii=False).splitlines() for rules in (old, new))
    return "\n".join(difflib.unified_diff(before, after, "rules in place", "rules advised", lineterm="", n=1))


def terraform(bucket: Resource, rules: Sequence[LifecycleRule]) -> str:
    """The rules as configuration; empty where they hold what no provider can say."""
    if all(_is_plain(rule) for rule in rules):
        lines = [f'resource "scaleway_object_bucket" "{label(bucket.resource_name)}" {{']
        lines += [
            f"{_INDENT}name = {_text(bucket.resource_name)}",
            f"{_INDENT}region = {_text(bucket.region_id or '')}",
        ]
        for rule in rules:
            lines += _indented(_block("lifecycle_rule", _plain_rule(rule)))
        return "\n".join([*lines, "}", ""])
    if any(rule.others or rule.form in ("old", "none") for rule in rules):
        return ""
    lines = [f'resource "aws_s3_bucket_lifecycle_configuration" "{label(bucket.resource_name)}" {{']
    lines.append(f"{_INDENT}bucket = {_text(bucket.resource_name)}")
    for rule in rules:
        lines += _indented(_block("rule", _full_rule(rule)))
    return "\n".join([*lines, "}", ""])


def _files(old: Sequence[LifecycleRule], new: Sequence[LifecycleRule]) -> Iterator[File]:
    """As the first command's --lifecycle-configuration file://… takes it."""
    for name, place, rules in (
        ("lifecycle.json", "all rules of the bucket as advised, for --lifecycle-configuration file://", new),
        ("lifecycle-before.json", "the rules in place, for the way back", old),
    ):
        if rules:
            yield File(name, place, json.dumps(written(rules), indent=2, ensure_ascii=False) + "\n")


def _set(bucket: Resource, rules: Sequence[LifecycleRule]) -> str:
    return _put(bucket, rules) if rules else _aws(bucket, "delete-bucket-lifecycle")


def _put(bucket: Resource, rules: Sequence[LifecycleRule]) -> str:
    told = json.dumps(written(rules), ensure_ascii=False, separators=(",", ":"))
    return _aws(bucket, "put-bucket-lifecycle-configuration", "--lifecycle-configuration", told)


def _aws(bucket: Resource, call: str, *words: str) -> str:
    endpoint = f"https://s3.{bucket.region_id}.scw.cloud"
    return shlex.join(["aws", "s3api", call, "--endpoint-url", endpoint, "--bucket", bucket.resource_name, *words])


def _is_plain(rule: LifecycleRule) -> bool:
    """Whether Scaleway's own provider can say it."""
    more = (rule.larger_than, rule.smaller_than, rule.expire_markers, rule.noncurrent_days)
    dated = any(each.days is None or each.others for each in rule.transitions)
    return not (rule.others or rule.noncurrent_transitions or dated) and all(each is None for each in more)


_Body = Sequence[tuple[str, Any]]


def _plain_rule(rule: LifecycleRule) -> Iterator[tuple[str, Any]]:
    if rule.rule_id is not None:
        yield "id", _text(rule.rule_id)
    yield "enabled", "true" if rule.is_enabled else "false"
    if rule.prefix:
        yield "prefix", _text(rule.prefix)
    if rule.tags:
        yield "tags", _map(dict(rule.tags))
    if rule.abort_days is not None:
        yield "abort_incomplete_multipart_upload_days", str(rule.abort_days)
    if rule.expire_days is not None:
        yield "expiration", [("days", str(rule.expire_days))]
    yield from (("transition", _transition(each, "days")) for each in rule.transitions)


def _full_rule(rule: LifecycleRule) -> Iterator[tuple[str, Any]]:
    yield "id", _text(rule.rule_id or "rule")
    yield "status", _text(rule.status)
    yield "filter", _filter(rule)
    if rule.abort_days is not None:
        yield "abort_incomplete_multipart_upload", [("days_after_initiation", str(rule.abort_days))]
    if rule.expire_days is not None:
        yield "expiration", [("days", str(rule.expire_days))]
    elif rule.expire_markers is not None:
        yield "expiration", [("expired_object_delete_marker", "true" if rule.expire_markers else "false")]
    yield from (("transition", _transition(each, "days")) for each in rule.transitions)
    if rule.noncurrent_days is not None:
        yield "noncurrent_version_expiration", [("noncurrent_days", str(rule.noncurrent_days))]
    for each in rule.noncurrent_transitions:
        yield "noncurrent_version_transition", _transition(each, "noncurrent_days")


def _filter(rule: LifecycleRule) -> _Body:
    body: list[tuple[str, Any]] = [("prefix", _text(rule.prefix or ""))] if rule.prefix is not None else []
    sizes = (("object_size_greater_than", rule.larger_than), ("object_size_less_than", rule.smaller_than))
    body += [(name, str(size)) for name, size in sizes if size is not None]
    if rule.form == "and":
        return [("and", [*body, ("tags", _map(dict(rule.tags)))] if rule.tags else body)]
    return [*body, *(("tag", [("key", _text(key)), ("value", _text(value))]) for key, value in rule.tags)]


def _transition(transition: Transition, days: str) -> _Body:
    told = [] if transition.days is None else [(days, str(transition.days))]
    return [*told, ("storage_class", _text(transition.storage_class))]


def _block(name: str, body: Any) -> list[str]:
    """A block with attributes (text) and blocks (lists) inside, in the order given."""
    lines = [f"{name} {{"]
    for key, value in body:
        lines += [f"{_INDENT}{key} = {value}"] if isinstance(value, str) else _indented(_block(key, value))
    return [*lines, "}"]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"{_INDENT}{line}" for line in lines]


def _map(values: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{_text(key)} = {_text(value)}" for key, value in values.items()) + " }"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
