"""Image links over a MIMO interference channel: the scheme IRSC, its baselines, and better ones."""

SUMMARY = (
    "Image links of several users over a MIMO interference channel (Wang, Guo, Dong, Zhao): trains "
    "all transmitters and receivers end to end, with the channel state at the receivers, at both "
    "ends or nowhere, with interference alignment or turns instead, and with an LMMSE filter "
    "inside the receiver, which beats all that know the channel at the receivers alone."
)
