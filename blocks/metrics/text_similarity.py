"""How well text arrived."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from semradio.blocks.api import Array, Input, block, parameter
from semradio.blocks.media.text_items import text_of
from semradio.blocks.metrics.edit_distance import edit_distance
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 64


@dataclass
class Differences:
    """Counts over some texts."""

    items: int = 0
    exact: int = 0
    similarity: float = 0.0
    """Sum over texts."""
    characters: int = 0
    """Of the sent texts, and so on."""
    character_errors: int = 0
    words: int = 0
    word_errors: int = 0
    received_words: int = 0
    matches: list[int] = field(default_factory=list)
    """For n = 1, 2, ...: n words in a row of received texts that are also in the sent ones."""
    grams: list[int] = field(default_factory=list)
    """For n = 1, 2, ...: n words in a row of received texts."""

    def plus(self, other: Differences) -> Differences:
        """Return the measure of these texts and those that follow."""
        return Differences(
            self.items + other.items,
            self.exact + other.exact,
            self.similarity + other.similarity,
            self.characters + other.characters,
            self.character_errors + other.character_errors,
            self.words + other.words,
            self.word_errors + other.word_errors,
            self.received_words + other.received_words,
            [a + b for a, b in zip(self.matches, other.matches, strict=True)],
            [a + b for a, b in zip(self.grams, other.grams, strict=True)],
        )


@block("text_similarity", category="metrics")
class TextSimilarity(GroupedSink[Differences]):
    """Compare received texts with the sent ones: edit distances, and BLEU.

    Texts are items of ``text_source``: UTF-8 up to the first zero. What is no UTF-8 counts as
    U+FFFD. Words are what stands between white space, as it stands: nothing is made lower case, and
    a comma belongs to its word.

    Results:
        With d the Levenshtein distance (insertions, deletions and replacements of one character
        each) of a sent text s and the received one r: ``items``; ``exact``, the share of texts
        with d = 0; ``similarity``, the mean of 1 - d(s, r) / max(|s|, |r|) over items, 1 where both
        are empty; ``cer``, the sum of d over that of |s|, and ``wer``, the same of words, which may
        be larger than 1.

        ``bleu``, of all texts together with the sent one as the only reference: min(1, exp(1 - S /
        R)) (p_1 p_2 ... p_N)^(1/N), where S and R count the words of sent and received texts,
        and p_n is the share of n words in a row of the received texts that stand in the sent one,
        each as often as there at most. There is no smoothing: it is 0 where some p_n is 0.
        N is ``order``; compare with no BLEU of another one. Figures are null where they have no
        divisor. Where the tag ``segments`` changes its value on the way, a list ``segments`` has
        the same for each stretch. Where tags tell of losses, ``missing`` counts them.

    Example:
        >>> sent, received = (np.frombuffer(t, np.uint8)[None] for t in (b"kitten", b"sitten"))
        >>> found = TextSimilarity()(sent, received)
        >>> round(found["similarity"], 3), found["wer"]
        (0.833, 1.0)

    Source:
        V. Levenshtein, Soviet Physics Doklady 10(8), 1966; K. Papineni et al., "BLEU: a Method for
        Automatic Evaluation of Machine Translation", ACL 2002, section 2.3.
    """

    order: int = parameter(4, low=1, high=9, doc="Longest row of words that BLEU looks at.")

    sent = Input("uint8[*]", doc="The sent text.")
    received = Input("uint8[*]", doc="The received text; its items may have another length.")

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, sent: Array, received: Array, at: int) -> None:
        self.gather(at, sent, received)

    def blank(self) -> Differences:
        return Differences(matches=[0] * self.order, grams=[0] * self.order)

    def add(self, measure: Differences, *group: Array) -> None:
        for pair in zip(*group, strict=True):
            sent, received = (text_of(item) for item in pair)
            distance = edit_distance(sent, received)
            measure.exact += not distance
            longer = max(len(sent), len(received))
            measure.similarity += 1 - distance / longer if longer else 1.0
            measure.characters += len(sent)
            measure.character_errors += distance
            self._add_words(measure, sent.split(), received.split())

    def _add_words(self, measure: Differences, sent: list[str], received: list[str]) -> None:
        measure.words += len(sent)
        measure.word_errors += edit_distance(sent, received)
        measure.received_words += len(received)
        for k in range(self.order):
            there, here = _rows(sent, k + 1), _rows(received, k + 1)
            measure.matches[k] += (there & here).total()
            measure.grams[k] += here.total()

    def figures(self, measure: Differences) -> dict[str, Any]:
        items = measure.items
        return {
            "items": items,
            "exact": _share(measure.exact, items),
            "similarity": _share(measure.similarity, items),
            "cer": _share(measure.character_errors, measure.characters),
            "wer": _share(measure.word_errors, measure.words),
            "bleu": _bleu(measure),
        }


def _rows(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    """Count the rows of n words."""
    return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _bleu(measure: Differences) -> float | None:
    if not min(measure.grams):
        return None
    if not min(measure.matches):
        return 0.0
    pairs = zip(measure.matches, measure.grams, strict=True)
    mean = sum(math.log(matches / grams) for matches, grams in pairs) / len(measure.grams)
    return math.exp(min(0.0, 1 - measure.words / measure.received_words) + mean)
