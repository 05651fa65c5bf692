"""The header: what it says comes through, and what does not come through is not believed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import Array
from semradio.blocks.phy import burst_header as module
from semradio.blocks.phy.burst_header import COUNTERS, HEADER, Header, decode, encode

CODE = 0xABCDE


def noisy(symbols: Array, snr_db: float, count: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, HEADER, 2)).astype(np.float32).view(np.complex64)[:, :, 0]
    return (symbols + noise * np.float32(10 ** (-snr_db / 20) / np.sqrt(2))).astype(np.complex64)


@given(
    st.integers(0, COUNTERS - 1),
    st.integers(0, 2047),
    st.booleans(),
    st.integers(0, (1 << 20) - 1),
    st.floats(1e-6, 1e6),
)
def test_what_is_sent_is_read(
    counter: int, frames: int, last: bool, code: int, gain: float
) -> None:
    header = Header(counter, frames, last)
    symbols = encode(header, code)
    np.testing.assert_allclose(np.abs(symbols), 1, rtol=1e-6)
    assert decode(symbols[None] * np.float32(gain)) == [(header, code)]


def test_the_counter_wraps() -> None:
    assert decode(encode(Header(COUNTERS + 3, 5, False), CODE)[None]) == [
        (Header(3, 5, False), CODE)
    ]


def test_words_differ_in_28_places() -> None:
    words = module._codewords()
    assert len(words) == 4096 and set(np.unique(words)) == {-1, 1}
    distances = (64 - words[::37] @ words.T) / 2
    assert distances[distances > 0].min() == 28
    assert np.count_nonzero(distances == 0) == len(words[::37])


def test_every_short_burst_of_errors_shows() -> None:
    """Of 20 bits at most in a row, counted over fields and check together."""
    rng = np.random.default_rng(1)
    for fields in (0, (1 << 28) - 1, 0x5A5A5A5):
        sent = fields << 20 | module._check(fields)
        for width in range(1, 21):
            for shift in range(49 - width):
                error = (1 | 1 << (width - 1) | int(rng.integers(0, 1 << width))) << shift
                got = sent ^ error
                assert module._check(got >> 20) != got & 0xFFFFF


def test_noise_is_not_believed() -> None:
    """Of 4,000 headers of noise alone, none has the right check: one in a million would."""
    noise = noisy(np.zeros(HEADER, np.complex64), 0.0, 4_000, 3)
    assert not [read for read, code in decode(noise) if code == CODE]


def test_headers_in_noise() -> None:
    """In step with the phase: 1.5 % at most are refused at -3 dB, and none is misread."""
    header = Header(54321, 200, True)
    found = decode(noisy(encode(header, CODE), -3.0, 4000, 5))
    refused = [read for read in found if read[1] != CODE]
    assert 0 < len(refused) <= 60
    assert all(read == (header, CODE) for read in found if read[1] == CODE)
    assert not [
        read for read in decode(noisy(encode(header, CODE), 0.0, 2000, 6)) if read[1] != CODE
    ]


def test_one_by_one_or_together() -> None:
    symbols = noisy(encode(Header(7, 8, False), CODE), -6.0, 50, 7)
    assert decode(symbols) == [decode(row[None])[0] for row in symbols]
