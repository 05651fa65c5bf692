"""The signal-to-noise ratio of MIMO links, defined here and nowhere else.

SNR = P / sigma^2: P is the mean power of a signal per transmit antenna and slot, sigma^2 = E|n|^2
that of the complex noise per receive antenna and slot, half of it on each rail. A channel of
E|h|^2 = 1 thus receives Nt times that SNR per receive antenna.
"""

from __future__ import annotations


def noise_variance(snr_db: float, power: float = 1.0) -> float:
    """Return sigma^2 = P / SNR of the complex noise per receive antenna and slot.

    Args:
        snr_db: P / sigma^2 in dB.
        power: P, the mean power per transmit antenna and slot (linear).
    """
    return power / float(10 ** (snr_db / 10))
