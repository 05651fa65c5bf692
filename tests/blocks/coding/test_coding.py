"""Checks, the LDPC code and QAM against the text of the standard, spelt out a second time."""

from __future__ import annotations

import binascii
import math

import numpy as np
import pytest

from semradio.blocks.api import ItemTypeError, ParameterError, find
from semradio.blocks.coding import base_graph, checksum, ldpc_code, transport
from semradio.blocks.coding.min_sum import MinSum

rng = np.random.default_rng(212)


def bits(*shape: int) -> np.ndarray:
    return rng.integers(0, 2, shape, dtype=np.uint8)


@pytest.mark.parametrize("kind", checksum.POLYNOMIALS)
def test_a_check_is_the_remainder_of_a_long_division(kind: str) -> None:
    count, polynomial = checksum.POLYNOMIALS[kind]
    for length in (1, 7, 100):
        words = bits(3, length)
        found = checksum.checksum(words, kind)
        for word, check in zip(words, found, strict=True):
            rest = int("".join(map(str, word)) + "0" * count, 2)
            for power in range(length - 1, -1, -1):
                if rest >> (power + count) & 1:
                    rest ^= ((1 << count) | polynomial) << power
            assert "".join(map(str, check)) == f"{rest:0{count}b}"


def test_crc16_is_that_of_the_python_library() -> None:
    message = np.frombuffer(b"a message of some length", np.uint8)
    sent = find("crc_append")(kind="crc16")(message[None])[0]
    assert int.from_bytes(sent[-2:].tobytes(), "big") == binascii.crc_hqx(message.tobytes(), 0)


def test_each_flipped_bit_is_noticed() -> None:
    sent = find("crc_append")()(rng.integers(0, 256, (1, 30), np.uint8))
    damaged = np.repeat(sent, 8 * sent.shape[1], axis=0)
    for k in range(len(damaged)):
        damaged[k, k // 8] ^= 1 << k % 8
    block = find("crc_check")()
    _, good = block(damaged)
    assert not good.any()
    assert block.results() == {"messages": len(damaged), "failed": len(damaged), "bler": 1.0}


def dense(graph: int, size: int) -> np.ndarray:
    """The parity-check matrix of a base graph: one shifted unit matrix for each of its ones."""
    rows, columns = {1: (46, 68), 2: (42, 52)}[graph]
    matrix = np.zeros((rows * size, columns * size), np.uint8)
    lines = np.arange(size)
    for k, row in enumerate(base_graph.lifted(graph, size)):
        for column, shift in zip(row.columns, row.shifts, strict=True):
            matrix[k * size + lines, column * size + (lines + shift) % size] = 1
    return matrix


SIZES = sorted(a << j for a in (2, 3, 5, 7, 9, 11, 13, 15) for j in range(8) if a << j <= 384)


def test_the_tables_have_the_sizes_of_the_standard() -> None:
    assert len(SIZES) == 51
    for graph, rows, columns, ones in ((1, 46, 68, 316), (2, 42, 52, 197)):
        table = base_graph._table(graph)
        assert len(table) == ones == len({line[:2] for line in table})
        assert (max(line[0] for line in table) + 1, max(line[1] for line in table) + 1) == (
            rows,
            columns,
        )
        # Below the core each row has one bit of parity, with which nothing is shifted.
        core = columns - rows + 4
        for line in table:
            if line[1] >= core:
                assert line[1] - core == line[0] - 4
                assert not any(line[2:])


def test_spot_values_of_the_tables() -> None:
    found = {(graph, *line[:2]): line[2:] for graph in (1, 2) for line in base_graph._table(graph)}
    assert found[1, 0, 0] == (250, 307, 73, 223, 211, 294, 0, 135)
    assert found[2, 0, 0] == (9, 174, 0, 72, 3, 156, 143, 145)


@pytest.mark.parametrize("graph", [1, 2])
@pytest.mark.parametrize("size", [s for s in SIZES if s <= 30] + [36, 52, 112, 208, 240, 288])
def test_code_words_pass_every_check(graph: int, size: int) -> None:
    words = ldpc_code.encode(
        bits(2, {1: 22, 2: 10}[graph] * size), graph, size, {1: 68, 2: 52}[graph]
    )
    lines = np.arange(size)
    for row in base_graph.lifted(graph, size):
        total = sum(
            words[:, c * size + (lines + s) % size].astype(int)
            for c, s in zip(row.columns, row.shifts, strict=True)
        )
        assert not (total % 2).any()
    if size <= 16:
        assert not (dense(graph, size).astype(int) @ words.T % 2).any()


def reference_sent(message: np.ndarray, coded: int, order: int, graph: int) -> np.ndarray:
    """Segmentation, encoding by elimination-free checks, rate matching: loops as in the text."""
    largest, known, width = {1: (8448, 22, 66), 2: (3840, 10, 50)}[graph]
    length = len(message)
    count = 1 if length <= largest else math.ceil(length / (largest - 24))
    check = 24 if count > 1 else 0
    held = math.ceil((length + count * check) / count)
    kb = known if graph == 1 else 10 if length > 640 else 9 if length > 560 else 8
    if graph == 2 and length <= 192:
        kb = 6
    size = min(s for s in SIZES if kb * s >= held)
    sent: list[int] = []
    for r in range(count):
        part = message[r * (held - check) : (r + 1) * (held - check)]
        part = np.concatenate([part, np.zeros(held - check - len(part), np.uint8)])
        if check:
            part = np.concatenate([part, checksum.checksum(part[None], "crc24b")[0]])
        filled = np.concatenate([part, np.zeros(known * size - held, np.uint8)])
        word = ldpc_code.encode(filled[None], graph, size, width + 2)[0]
        null = np.zeros(len(word), bool)
        null[held : known * size] = True
        word, null = word[2 * size :], null[2 * size :]
        blocks = coded // order
        e = order * (blocks // count if r <= count - blocks % count - 1 else -(-blocks // count))
        chosen, j = [], 0
        while len(chosen) < e:
            if not null[j % len(word)]:
                chosen.append(int(word[j % len(word)]))
            j += 1
        sent += [chosen[i * (e // order) + j] for j in range(e // order) for i in range(order)]
    return np.array(sent, np.uint8)


@pytest.mark.parametrize(
    ("size", "coded", "points", "graph"),
    [
        (10, 240, 16, 2), (10, 1200, 4, 2), (30, 252, 64, 1), (75, 1800, 16, 2),
        (400, 4800, 256, 1), (1200, 14412, 64, 1), (1100, 18000, 16, 1), (1000, 30000, 16, 2),
        (2500, 60000, 256, 1),
    ],
)  # fmt: skip
def test_what_is_sent_is_what_the_standard_says(size, coded, points, graph) -> None:
    message = rng.integers(0, 256, (2, size), np.uint8)
    block = find("ldpc_encoder")(coded_bits=coded, order=points, base_graph=graph)
    sent = block(message)
    m = points.bit_length() - 1
    for k in range(2):
        expected = reference_sent(np.unpackbits(message[k]), coded, m, graph)
        np.testing.assert_array_equal(sent[k], expected)
    decoder = find("ldpc_decoder")(message_size=size, order=points, base_graph=graph)
    np.testing.assert_array_equal(decoder(4 - 8 * sent.astype(np.float32)), message)


def test_the_standard_chooses_the_base_graph() -> None:
    # TS 38.212, 7.2.2: 2 for short messages and for low rates.
    for message, coded, graph in [
        (292, 320, 2), (296, 400, 1), (3824, 7648, 2), (3832, 7664, 1), (9000, 36000, 2),
        (9000, 35000, 1),
    ]:  # fmt: skip
        assert transport.transport(message, coded, 2).graph == graph


def waterfall(message: int, coded: int, ebn0_db: float, count: int) -> float:
    """Block error rate of code blocks over a Gaussian channel, two bits to a symbol."""
    way = transport.transport(message, coded, 1)
    sent = way.segment(bits(count, message))
    places = way.places(coded)
    words = ldpc_code.encode(sent, way.graph, way.size, way.columns)
    snr = 10 ** (ebn0_db / 10) * 2 * message / coded
    received = 1 - 2.0 * words[:, places] + rng.standard_normal((count, coded)) / math.sqrt(snr)
    ratios = np.zeros((count, words.shape[1]), np.float32)
    ratios[:, places] = 2 * snr * received
    found = MinSum(way.graph, way.size, way.columns)(ratios, way.filled - way.held)
    return float((found.bits != sent).any(axis=1).mean())


def test_fewer_and_repeated_bits_are_decoded_together() -> None:
    message = rng.integers(0, 256, (8, 10), np.uint8)
    sent = find("ldpc_encoder")(coded_bits=1200, order=4)(message).astype(np.float32)
    noisy = 1 - 2 * sent + rng.standard_normal(sent.shape) * 1.9
    ratios = (2 * noisy / 1.9**2).astype(np.float32)
    np.testing.assert_array_equal(find("ldpc_decoder")(message_size=10, order=4)(ratios), message)


def test_a_word_that_is_lost_is_said_to_be() -> None:
    noise = rng.standard_normal((5, 480)).astype(np.float32)
    decoder = find("ldpc_decoder")(message_size=20)
    decoder(noise)
    assert decoder.results() == {"blocks": 5, "failed": 5, "bler": 1.0, "iterations": 20.0}


def test_codes_that_do_not_exist_are_refused() -> None:
    message = np.zeros((1, 10), np.uint8)
    with pytest.raises(ParameterError, match="82 coded bits are not whole symbols of 4 bits"):
        find("ldpc_encoder")(coded_bits=82)(message)
    with pytest.raises(ParameterError, match="80 bits of message and check do not fit into 80"):
        find("ldpc_encoder")(coded_bits=80)(message)
    with pytest.raises(ItemTypeError, match="3 bits are not whole symbols of 4 bits"):
        find("qam_mapper")()(np.zeros((1, 3), np.uint8))


def symbol(word: list[int]) -> complex:
    """TS 38.211, section 5.1, as it is written there."""
    b = [1 - 2 * bit for bit in word]
    if len(b) == 2:
        return complex(b[0], b[1]) / math.sqrt(2)
    if len(b) == 4:
        return complex(b[0] * (2 - b[2]), b[1] * (2 - b[3])) / math.sqrt(10)
    if len(b) == 6:
        return complex(b[0] * (4 - b[2] * (2 - b[4])), b[1] * (4 - b[3] * (2 - b[5]))) / 42**0.5
    return (
        complex(
            b[0] * (8 - b[2] * (4 - b[4] * (2 - b[6]))),
            b[1] * (8 - b[3] * (4 - b[5] * (2 - b[7]))),
        )
        / 170**0.5
    )


@pytest.mark.parametrize("order", [4, 16, 64, 256])
def test_symbols_and_ratios_are_those_of_the_definition(order: int) -> None:
    m = order.bit_length() - 1
    words = (np.arange(order)[:, None] >> np.arange(m - 1, -1, -1)) & 1
    points = np.array([symbol(list(map(int, word))) for word in words])
    mapped = find("qam_mapper")(order=order)(words.astype(np.uint8))[:, 0]
    np.testing.assert_allclose(mapped, points, atol=1e-6)
    received = (rng.standard_normal(50) + 1j * rng.standard_normal(50)).astype(np.complex64)
    metric = -(np.abs(received[:, None] - points) ** 2) / 10**-0.7
    for method in ("exact", "max-log"):
        join = np.logaddexp.reduce if method == "exact" else np.maximum.reduce
        expected = [
            [join(each[words[:, k] == 0]) - join(each[words[:, k] == 1]) for k in range(m)]
            for each in metric
        ]
        block = find("qam_demapper")(order=order, snr_db=7.0, method=method)
        np.testing.assert_allclose(block(received[None])[0], np.ravel(expected), atol=2e-4)


@pytest.mark.parametrize("order", [4, 16, 64, 256])
def test_bit_errors_over_noise_are_those_of_theory(order: int) -> None:
    m, side = order.bit_length() - 1, math.isqrt(order)
    snr_db = {4: 6.0, 16: 13.0, 64: 19.0, 256: 25.0}[order]
    sent = bits(1, 240_000)
    symbols = find("qam_mapper")(order=order)(sent)
    noise = rng.standard_normal((2, symbols.size)) * math.sqrt(10 ** (-snr_db / 10) / 2)
    received = (symbols[0] + noise[0] + 1j * noise[1]).astype(np.complex64)[None]
    ratios = find("qam_demapper")(order=order, snr_db=snr_db)(received)
    errors = float(((ratios < 0) != (sent == 1)).mean())
    # Cho and Yoon, 2002: the exact bit error rate of Gray-coded square QAM.
    argument = math.sqrt(3 * 10 ** (snr_db / 10) / (2 * (order - 1)))
    rail = m // 2
    total = 0.0
    for k in range(1, rail + 1):
        for i in range(int((1 - 2.0**-k) * side)):
            turn = i * 2 ** (k - 1) / side
            sign = (-1) ** math.floor(turn)
            weight = 2 ** (k - 1) - math.floor(turn + 0.5)
            total += sign * weight * math.erfc((2 * i + 1) * argument)
    expected = total / (side * rail)
    assert abs(errors - expected) < 4 * math.sqrt(expected / sent.size)


def test_what_is_interleaved_comes_back() -> None:
    x = rng.standard_normal((3, 37)).astype(np.float32)
    mixed = find("bit_interleaver")(rows=5)(x)
    assert mixed[0, 1] == x[0, 8]
    np.testing.assert_array_equal(find("bit_interleaver")(rows=5, undo=True)(mixed), x)


@pytest.mark.parametrize(
    ("message", "coded", "ebn0_db"), [(4224, 12672, 0.8), (4224, 8448, 1.4), (4224, 6336, 2.25)]
)
def test_the_waterfall_is_where_it_belongs(message: int, coded: int, ebn0_db: float) -> None:
    assert waterfall(message, coded, ebn0_db, 60) < 0.1
    assert waterfall(message, coded, ebn0_db - 0.7, 20) > 0.5


def test_words_that_wait_take_the_places_of_those_that_are_done() -> None:
    way = transport.transport(200, 400, 1)
    sent = way.segment(bits(45, 200))
    words = ldpc_code.encode(sent, way.graph, way.size, way.columns)
    # Some are done at once, some late, and some never.
    deviation = np.resize([0.3, 0.8, 3.0, 0.7, 0.5], 45)[:, None]
    received = 1 - 2.0 * words + deviation * rng.standard_normal(words.shape)
    ratios = (2 * received / deviation**2).astype(np.float32)
    ratios[:, : 2 * way.size] = 0
    decode, filler = MinSum(way.graph, way.size, way.columns), way.filled - way.held
    together = decode(ratios, filler)
    assert len(set(together.iterations.tolist())) > 4
    assert 9 <= int((~together.good).sum()) < 30
    for k in range(45):
        alone = decode(ratios[k : k + 1], filler)
        np.testing.assert_array_equal(alone.bits[0], together.bits[k])
        assert (alone.good[0], alone.iterations[0]) == (together.good[k], together.iterations[k])
    assert len(decode(ratios[:0], filler).bits) == 0
