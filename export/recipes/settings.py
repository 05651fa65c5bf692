"""Settings of a recipe: declared once as fields of a dataclass, documented as data."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from semradio.blocks.api.parameter import type_text
from semradio.blocks.errors import ParameterError, nearest

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Option:
    """One setting, as a help text shows it."""

    name: str
    type: str
    default: Any
    doc: str
    unit: str


def setting(
    default: T, doc: str, *, unit: str = "", low: float | None = None, some: bool = False
) -> T:
    """Declare a field of a recipe's configuration.

    Args:
        default: its value where none is given.
        doc: what it means.
        unit: of the value.
        low: its lowest value.
        some: whether there must be at least one, where several values are taken.
    """
    declared: T = dataclasses.field(
        default=default, metadata={"doc": doc, "unit": unit, "low": low, "some": some}
    )
    return declared


@dataclasses.dataclass(frozen=True)
class RecipeConfig(abc.ABC):
    """Settings of a recipe: a frozen dataclass of this class, of fields made with :func:`setting`.

    Raises :class:`ParameterError` if a setting lies below its lowest value, or names nothing where
    it must name something. A recipe that refuses more calls this ``__post_init__`` from its own.
    """

    seed: int = setting(0, "Seed of everything random in the run.", low=0)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            low, value = field.metadata["low"], getattr(self, field.name)
            if low is not None and value is not None and not value >= low:
                raise ParameterError(
                    f"setting '{field.name}' must be at least {low}, not {value}", field.name
                )
            if field.metadata["some"] and not value:
                raise ParameterError(f"setting '{field.name}' names none", field.name)

    @classmethod
    @abc.abstractmethod
    def quick(cls) -> Self:
        """Return settings for a run of seconds that shows the same relations, less sharply."""

    def refuse_crossed(self, low: str, high: str) -> None:
        """Raise :class:`ParameterError` if the setting ``low`` lies above the setting ``high``."""
        lower, upper = getattr(self, low), getattr(self, high)
        if not lower <= upper:
            raise ParameterError(
                f"setting '{low}' ({lower:g}) lies above '{high}' ({upper:g})", low
            )

    def deciding(self, *free: str) -> dict[str, Any]:
        """Return the settings that decide what is trained, all but ``free``, as plain values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
            if name not in free
        }


C = TypeVar("C", bound=RecipeConfig)


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
    for unknown names and for values of the wrong type or out of their limits, naming the setting.
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
