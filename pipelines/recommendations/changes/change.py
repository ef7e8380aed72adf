"""A change and its undo, as text a person can paste: commands of `scw` and Terraform's configuration language."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

_ESCAPES = {"b": "\\u0008", "f": "\\u000c"}
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
Literal: TypeAlias = str | int | bool | Decimal | Sequence[str]


@dataclass(frozen=True)
class File:
    """A configuration that is ready to use: a plain file name that no other file of the change has, where its text
    goes, and the text, which parses as what the name's ending says."""

    name: str
    place: str
    text: str

    @property
    def step(self) -> str:
        """What stands among the commands for it."""
        return f"# {self.name}: {self.place}"


@dataclass(frozen=True)
class Change:
    """What to type, in order, and what undoes it.

    `terraform` is what the configuration should hold afterwards (HCL that parses), empty where the resource is to be
    taken out of it. `notes` say what must be true first, what is lost, and what the commands cannot do. `files` go to
    what is configured by files.
    """

    cli: tuple[str, ...]
    undo_cli: tuple[str, ...]
    terraform: str = ""
    undo_terraform: str = ""
    notes: tuple[str, ...] = ()
    files: tuple[File, ...] = ()

    def __post_init__(self) -> None:
        """A comment is one line, whatever line ends a name in it holds: the next line would be a command."""
        for name in ("cli", "undo_cli"):
            lines = (" ".join(line.split()) if line.startswith("#") else line for line in getattr(self, name))
            object.__setattr__(self, name, tuple(lines))


def scw(*words: str, **arguments: Literal) -> str:
    """A command of Scaleway's command line: `scw instance server stop ID zone=fr-par-1`, each word quoted as needed.

    Arguments are written `name=value` with dashes for underscores, `true` and `false` for booleans.
    """
    told = [f"{name.replace('_', '-')}={_plain(value)}" for name, value in arguments.items()]
    return shlex.join(["scw", *words, *told])


def block(kind: str, *labels: str, **attributes: Literal) -> str:
    """A block of HCL with attributes in the order given: `resource "scaleway_instance_server" "name" { … }`.

    Strings are quoted and escaped, templates (`${…}`) in them too.
    """
    head = " ".join([kind, *(_quoted(label) for label in labels)])
    width = max((len(name) for name in attributes), default=0)
    lines = [f"  {name.ljust(width)} = {_hcl(value)}" for name, value in attributes.items()]
    return "\n".join([f"{head} {{", *lines, "}"]) + "\n"


def label(resource_name: str) -> str:
    """A name Terraform takes as a label, made from a resource's own."""
    told = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in resource_name.lower())
    return told if told[:1].isalpha() else f"r_{told}"


def removed(resource_type: str, resource_name: str) -> str:
    """What tells Terraform that a resource is to be destroyed: its block goes, and this stands in its place."""
    return (
        f"removed {{\n  from = {resource_type}.{label(resource_name)}\n\n  lifecycle {{\n    destroy = true\n  }}\n}}\n"
    )


def as_mapping(change: Change) -> Mapping[str, object]:
    """For JSON: what a table keeps of it. `files` is only there where there are any."""
    told: dict[str, object] = {
        "cli": list(change.cli),
        "terraform": change.terraform,
        "notes": list(change.notes),
    }
    if change.files:
        told["files"] = [{"name": file.name, "place": file.place, "text": file.text} for file in change.files]
    return told


def undo_as_mapping(change: Change) -> Mapping[str, object]:
    """For JSON: the way back."""
    return {"cli": list(change.undo_cli), "terraform": change.undo_terraform}


def _plain(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    return ",".join(value)


def _hcl(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    return f"[{', '.join(_quoted(each) for each in value)}]"


def _quoted(value: str) -> str:
    """HCL knows fewer escapes than JSON; what a reader of the plan could not see is spelled out."""
    told = json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    told = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), told)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", told)
