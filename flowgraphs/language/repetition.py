"""The indices of a file, and what is repeated over them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator

from semradio.flowgraphs.language.document import Section
from semradio.flowgraphs.language.expression import (
    RESERVED,
    WRONG,
    ExpressionError,
    WrongValueError,
)
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.scope import Scope
from semradio.flowgraphs.language.template import Template
from semradio.flowgraphs.plan import Location

LIMIT = 20_000
"""Blocks of one flowgraph at most, files used as blocks counted in."""


class Repetition:
    """Repeats the entries of one file over the indices that they mention.

    Attributes:
        counts: how often each index repeats; None where its value has a problem.

    Args:
        section: the indices as written.
        scope: what expressions outside of entries may use.
        problems: where problems go.
    """

    def __init__(self, section: Section, scope: Scope, problems: Problems) -> None:
        self.scope = scope
        self.problems = problems
        self.counts: dict[str, int | None] = {}
        for name, entry in section.items():
            self.counts[name] = None
            if name in scope.variables:
                problems.add(f"'{name}' is both a variable and an index", entry.key.location)
                continue
            if not name.isidentifier() or name in RESERVED:
                problems.add(f"'{name}' cannot name an index", entry.key.location)
                continue
            value = scope.value(entry.value)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                self.counts[name] = value
            elif value is not WRONG:
                problems.add(
                    f"index '{name}' must be a whole number from 0 on, not {value!r}",
                    entry.value.location,
                )

    @property
    def unknown(self) -> bool:
        """Whether it is not known how often something is repeated."""
        return None in self.counts.values()

    def scopes(
        self, names: Collection[str], location: Location, scope: Scope | None = None
    ) -> Iterator[Scope]:
        """The scopes in which an entry that mentions ``names`` is repeated.

        One for each value of the indices among them; none where such an index has a
        problem.
        """
        scope = scope or self.scope
        chosen = [k for k in self.counts if k in names and k not in scope.variables]
        counts = [self.counts[k] for k in chosen]
        known = [count for count in counts if count is not None]
        if len(known) < len(counts):
            return
        if math.prod(known) > LIMIT:
            self.problems.add(
                f"this would be repeated {math.prod(known)} times, more than {LIMIT}",
                location,
            )
            return
        for values in itertools.product(*map(range, known)):
            yield scope.bound(dict(zip(chosen, values, strict=True)))

    def fill(self, template: Template, scope: Scope, location: Location) -> str | None:
        """Return a name with its brackets filled; None, with the problem noted, if it has one."""
        try:
            return template.filled(scope)
        except ExpressionError as error:
            self.problems.add(str(error), location)
        except WrongValueError:
            pass
        return None
