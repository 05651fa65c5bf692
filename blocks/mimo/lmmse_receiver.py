"""The linear MMSE receiver of one user."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.mimo.links import antennas_of, check_user
from semradio.blocks.mimo.lmmse import lmmse_filter
from semradio.blocks.mimo.snr import noise_variance


@block("lmmse_receiver", category="mimo")
class LmmseReceiver(SyncBlock):
    """Estimate a user's frame with least mean square error: ``X^ = W Y``.

    ``W = P H_kk^H (sum_j P H_kj H_kj^H + (sigma^2 + K Nt P e) I)^-1``. The symbols of all
    antennas and users count as white, of power P; e, ``csi_error``, is the variance of an entry's
    estimation error where ``h`` is an estimate. The filter needs the receiver's own row of H and
    sigma^2, nothing at the transmitters. Two antennas null one interfering antenna at high SNR,
    not two; what is left over is noise to what follows. An SNR above 70 dB counts as 70 dB.

    Raises:
        ItemTypeError: ``h`` has other receive antennas than ``y``, or no user ``user``.
        StreamError: a frame or a channel state holds NaN or infinity.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> x = rng.choice([-1, 1], (9, 1, 16)).astype(np.complex64)
        >>> h = ChannelStateSource(users=2, rx_antennas=2, tx_antennas=1, frames=9)()
        >>> y = MimoInterferenceChannel(users=2, snr_db=60)(x, -x[::-1], h)
        >>> estimate = LmmseReceiver(user=0, snr_db=60)(y[0], h)
        >>> bool(np.abs(estimate - x).max() < 0.1)
        True

    Source:
        Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", 12.6.
    """

    user: int = parameter(0, low=0, doc="Whose frame, counted from 0.")
    snr_db: float = parameter(
        10.0,
        unit="dB",
        low=-100,
        high=200,
        live=True,
        doc="P / sigma^2 per receive antenna and slot, as the receiver believes it.",
    )
    power: float = parameter(
        1.0, above=0, doc="P, mean power per transmit antenna and slot (linear)."
    )
    csi_error: float = parameter(
        0.0, low=0, live=True, doc="e, error variance of an entry of 'h'; 0 for perfect knowledge."
    )

    y = Input("complex64[*,*]", doc="What the user's receiver gets: (receive antenna, slot).")
    h = Input("complex64[*,*,*,*]", doc="The channel state of each frame, as known.")
    x = Output("complex64[*,*]", doc="The estimated frame: (transmit antenna, slot).")

    def configure(self) -> None:
        self._noise_variance = noise_variance(self.snr_db, self.power)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        received, links = inputs["y"], inputs["h"]
        users, rx, tx = antennas_of(self.name, links)
        check_user(self.name, self.user, users, "h", links)
        if received.shape[0] != rx:
            raise ItemTypeError(
                f"input 'h' of block '{self.name}' is for {rx} receive antennas ({links}), but "
                f"the frames on input 'y' have {received.shape[0]} ({received}): they must agree"
            )
        return {"x": ItemType("complex64", (tx, received.shape[1]))}

    def work(self, y: Array, h: Array, at: int) -> Array:
        check_finite(y, at, "y")
        check_finite(h, at, "h")
        w = lmmse_filter(h, self._noise_variance, self.user, self.power, self.csi_error)
        x: Array = np.matmul(w, np.ascontiguousarray(y))
        return x
