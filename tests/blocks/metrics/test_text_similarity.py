"""Similarity of texts against the plain definitions, and figures of NLTK and RapidFuzz."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from semradio.blocks.api import Array, Tag
from semradio.blocks.metrics.edit_distance import edit_distance
from semradio.blocks.metrics.text_similarity import TextSimilarity

draw = random.Random(3)


def table(a: Sequence[object], b: Sequence[object]) -> int:
    """The distance by the table of Wagner and Fischer."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def items(texts: Sequence[str], length: int = 80) -> Array:
    raw = b"".join(text.encode().ljust(length, b"\0") for text in texts)
    return np.frombuffer(raw, np.uint8).reshape(len(texts), length)


def test_distances_against_the_table() -> None:
    for _ in range(400):
        a, b = ("".join(draw.choices("abcdé", k=draw.randrange(80))) for _ in range(2))
        assert edit_distance(a, b) == table(a, b)
    assert edit_distance([], ["x", "y"]) == edit_distance(["x", "y"], []) == 2


def test_known_distances() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("Saturday", "Sunday") == 3
    assert edit_distance(["to", "be", "or", "not"], ["to", "be", "not"]) == 1


SENT = [
    "the quick brown fox jumps over the lazy dog",
    "a stream is cut as the runtime likes",
    "to be or not to be that is the question",
]
RECEIVED = [
    "the quick brown box jumps over lazy dog",
    "a stream is cut as the runtime likes",
    "to be or not to be this is a question the",
]

NLTK_BLEU, NLTK_BLEU_1 = 0.609448163518931, 0.8888888888888888
RAPIDFUZZ = 0.8880695783702023


def test_figures_that_others_find() -> None:
    """NLTK 3.10 (corpus_bleu), RapidFuzz 3.14 (Levenshtein)."""
    found = TextSimilarity()(items(SENT), items(RECEIVED, 100))
    assert found["bleu"] == pytest.approx(NLTK_BLEU, abs=1e-12)
    assert found["similarity"] == pytest.approx(RAPIDFUZZ, abs=1e-12)
    assert found["items"] == 3
    assert found["exact"] == 1 / 3
    assert TextSimilarity(order=1)(items(SENT), items(RECEIVED))["bleu"] == pytest.approx(
        NLTK_BLEU_1, abs=1e-12
    )


def test_error_rates_are_ratios_of_sums() -> None:
    found = TextSimilarity()(items(SENT), items(RECEIVED))
    pairs = list(zip(SENT, RECEIVED, strict=True))
    errors = sum(table(s, r) for s, r in pairs)
    assert found["cer"] == errors / sum(map(len, SENT))
    word_errors = sum(table(s.split(), r.split()) for s, r in pairs)
    assert found["wer"] == word_errors / sum(len(s.split()) for s in SENT)


def test_bleu_counts_a_word_as_often_as_it_was_sent() -> None:
    """The example of Papineni et al., section 2.1: "the" seven times."""
    found = TextSimilarity(order=1)(
        items(["the cat is on the mat"]), items(["the the the the the the the"])
    )
    assert found["bleu"] == pytest.approx(2 / 7)


def test_bleu_of_what_is_too_short() -> None:
    found = TextSimilarity(order=1)(items(["a b c d e f"]), items(["a b c"]))
    assert found["bleu"] == pytest.approx(math.exp(1 - 6 / 3))


def test_what_has_no_divisor_is_null() -> None:
    nothing = TextSimilarity()(items([]), items([]))
    assert {key: value for key, value in nothing.items() if value is not None} == {"items": 0}
    empty = TextSimilarity()(items([""]), items([""]))
    assert (empty["similarity"], empty["exact"], empty["cer"], empty["bleu"]) == (1, 1, None, None)
    assert TextSimilarity()(items(["a b c d"]), items(["d c b a"]))["bleu"] == 0
    assert TextSimilarity()(items(["a"]), items([""]))["similarity"] == 0


def test_characters_are_compared_and_not_bytes() -> None:
    found = TextSimilarity()(items(["Schloß"]), items(["Schlos"]))
    assert found["similarity"] == pytest.approx(5 / 6)
    torn = items(["Schloß"]).copy()
    torn[0, 6] = 0xFF
    # Two bytes that are no UTF-8: one that begins a character, and one that is none.
    assert TextSimilarity()(items(["Schloß"]), torn)["cer"] == pytest.approx(2 / 6)


def test_stretches_add_up() -> None:
    tags = [Tag(0, "arn", True), Tag(1, "arn", False)]
    found = TextSimilarity()(items(SENT), items(RECEIVED), tags=tags)
    whole = TextSimilarity()(items(SENT), items(RECEIVED))
    first, second = found.pop("segments")
    assert found == whole
    assert (first["items"], second["items"]) == (1, 2)
    alone = TextSimilarity()(items(SENT[1:]), items(RECEIVED[1:]))
    assert {key: second[key] for key in alone if key != "items"} == {
        key: value for key, value in alone.items() if key != "items"
    }
