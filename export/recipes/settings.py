"""Settings of a recipe: declared once as fields of a dataclass, documented as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from semradio.blocks.api.parameter import type_text
from semradio.blocks.errors import ParameterError, nearest

T = TypeVar("T")


class RecipeConfig(Protocol):
    """A frozen dataclass of settings, each made with :func:`setting`."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def seed(self) -> int:
        """Seed of everything random in the run."""

    @classmethod
    def quick(cls) -> Self:
        """Return settings for a run of seconds that shows the same relations, less sharply."""


C = TypeVar("C", bound=RecipeConfig)


@dataclasses.dataclass(frozen=True)
class Option:
    """One setting, as a help text shows it."""

    name: str
    type: str
    default: Any
    doc: str
    unit: str


def setting(default: T, doc: str, *, unit: str = "", low: float | None = None) -> T:
    """Declare a field of a recipe's configuration: default, meaning, unit and lowest value."""
    declared: T = dataclasses.field(
        default=default, metadata={"doc": doc, "unit": unit, "low": low}
    )
    return declared


def options(config_class: type[RecipeConfig]) -> list[Option]:
    """Return the settings of a configuration class in their order."""
    hints = get_type_hints(config_class)
    return [
        Option(
            field.name,
            type_text(hints[field.name]),
            field.default,
            field.metadata["doc"],
            field.metadata["unit"],
        )
        for field in dataclasses.fields(config_class)
    ]


def check_limits(config: RecipeConfig) -> None:
    """Raise :class:`ParameterError` if a setting lies below its lowest value."""
    for field in dataclasses.fields(config):
        low, value = field.metadata["low"], getattr(config, field.name)
        if low is not None and value is not None and not value >= low:
            raise ParameterError(
                f"setting '{field.name}' must be at least {low}, not {value}", field.name
            )


def parse_overrides(words: Iterable[str]) -> dict[str, str]:
    """Turn ``NAME=VALUE`` words into a mapping; raises :class:`ParameterError` for others."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"'{word}' is not NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def with_overrides(config: C, overrides: Mapping[str, str]) -> C:
    """Return the configuration with settings replaced, given as text.

    ``none`` is no value, several values are separated by commas. Raises :class:`ParameterError`
    for unknown names and for values of the wrong type, naming the setting.
    """
    config_class = type(config)
    hints = get_type_hints(config_class)
    changes = {}
    for name, text in overrides.items():
        if name not in hints:
            known = ", ".join(hints)
            raise ParameterError(
                f"no setting '{name}'{nearest(name, hints)}; settings: {known}", name
            )
        nothing = text.lower() == "none"
        value: Any = text
        if get_origin(hints[name]) is tuple:
            value = [] if nothing else [part.strip() for part in text.split(",")]
        elif nothing and type(None) in get_args(hints[name]):
            value = None
        try:
            changes[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError as error:
            raise ParameterError(f"setting '{name}={text}': {error}", name) from error
    return dataclasses.replace(config, **changes)
