"""Where settings are written: finding and reading `finops.toml`, and saying in one line what is wrong in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from pipelines.errors import ConfigurationError
from pipelines.files.small import read_small

FILE_NAME: Final = "finops.toml"
_SECRET_WORDS: Final = ("key", "secret", "token", "password")
_LONGEST_VALUE = 60


class SettingsFile(TomlConfigSettingsSource):
    """One finops.toml; relative folders in it count from where it lies."""

    def __init__(self, settings_cls: type[BaseSettings], file: Path) -> None:
        try:
            read_small(file)
            super().__init__(settings_cls, file)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(_malformed(file, error)) from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{file} is not UTF-8 text; save it as UTF-8") from None
        except RecursionError:
            raise ConfigurationError(f"{file} is nested too deeply; no setting needs more than two levels") from None
        except ValueError as error:  # a number longer than Python reads
            raise ConfigurationError(f"{file} cannot be read: {str(error)[:200]}; correct the value") from None
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be read: {error.strerror}; check it") from None
        self.folder = file.parent

    def __call__(self) -> dict[str, Any]:
        """The file's tables, its folders made absolute."""
        tables = dict(super().__call__())
        for key in ("lake", "state"):
            if key in tables:
                tables[key] = self._anchored(tables[key])
        report = tables.get("report")
        if isinstance(report, dict) and "out" in report:
            tables["report"] = report | {"out": self._anchored(report["out"])}
        return tables

    def _anchored(self, value: object) -> object:
        if not isinstance(value, str) or not value or "://" in value or value.startswith("~"):
            return value
        return str(self.folder / value)


def project_file(environment: Mapping[str, str], folder: Path) -> Path | None:
    """`FINOPS_CONFIG`, else the nearest finops.toml from the folder upwards, else None."""
    if chosen := environment.get("FINOPS_CONFIG"):
        file = folder / Path(chosen).expanduser()
        if not file.is_file():
            raise ConfigurationError(f"FINOPS_CONFIG = {chosen!r}: no such file; correct it or unset it")
        return file
    candidates = (parent / FILE_NAME for parent in (folder, *folder.parents))
    return next((file for file in candidates if file.is_file()), None)


def user_file(environment: Mapping[str, str]) -> Path:
    """Where a user keeps settings for all projects, whether the file exists or not."""
    base = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or "~").expanduser() / ".config"
    return Path(base) / "finops" / FILE_NAME


def settings_files(environment: Mapping[str, str], folder: Path) -> list[Path]:
    """The files that exist, the strongest first, none twice."""
    project, user = project_file(environment, folder), user_file(environment)
    files = [project] if project else []
    return [*files, user] if user.is_file() and user != project else files


def variable_name(key: str) -> str:
    """The environment variable that sets a dotted key: lake_s3.region is FINOPS_LAKE_S3_REGION."""
    return "FINOPS_" + key.replace(".", "_").upper()


def flattened(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping) and value:
            flat.update(flattened(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def explained(error: ValidationError, model: type[BaseModel], origins: Mapping[str, str]) -> str:
    """All that is wrong, in one line: where, which key, which value, what is expected."""
    return "; ".join(_complaints(error, model, origins))


def _complaints(error: ValidationError, model: type[BaseModel], origins: Mapping[str, str]) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        path = [str(part) for part in detail["loc"]]
        key = ".".join(path)
        place = _place(path, origins)
        if detail["type"] == "extra_forbidden":
            yield f"{place}: unknown key {key}{_suggestion(path, model)}"
        elif detail["type"] == "model_type":
            yield f"{place}: {key} = {_shown(detail['input'])}: expected a table [{key}]"
        elif isinstance(detail["input"], BaseModel | Mapping):
            yield f"{place}: {key}: {_expected(detail['msg'])}"
        else:
            yield f"{place}: {key} = {_shown(detail['input'])}: {_expected(detail['msg'])}"


def _place(path: list[str], origins: Mapping[str, str]) -> str:
    """Where a key, what is below it, or else the list it stands in was written."""
    key = ".".join(path)
    above = (origins.get(".".join(path[:length])) for length in range(len(path), 0, -1))
    below = (origin for name, origin in origins.items() if name.startswith(f"{key}."))
    return next((origin for origin in (*above, *below) if origin), "settings")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section a key holds, alone or in a list."""
    found = (each for each in (annotation, *get_args(annotation)) if isinstance(each, type))
    return next((each for each in found if issubclass(each, BaseModel)), None)


def _suggestion(path: list[str], model: type[BaseModel]) -> str:
    """What was probably meant, looked for beside the key first and then everywhere."""
    *sections, name = path
    for section in sections:
        if section.isdecimal():
            continue
        field = model.model_fields.get(section)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            break
        model = inner
    if close := get_close_matches(name, model.model_fields, n=1):
        return f"; did you mean {'.'.join([*sections, close[0]])}?"
    if any(word in name.lower() for word in _SECRET_WORDS):
        return "; keys and secrets come only from the environment or the scw profile, take it out of the file"
    return f"; known here: {', '.join(model.model_fields)}"


def _expected(message: str) -> str:
    message = re.sub(r"^Value error, ", "", message)
    return re.sub(r"^Input should be ", "expected ", message)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(str(value)) if not isinstance(value, int | float) else str(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _malformed(file: Path, error: tomllib.TOMLDecodeError) -> str:
    reason = str(error)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", reason)
    if place is None:
        return f"{file}: not TOML: {reason.replace(' (at end of document)', ', at the end of the file')}"
    return f"{file}: line {place[1]}, column {place[2]}: not TOML: {reason[: place.start()]}"
