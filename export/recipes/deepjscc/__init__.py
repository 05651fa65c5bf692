"""A colour link for pictures of any size: one network for all SNR and rates."""

SUMMARY = (
    "A colour link for pictures of any size by deep joint source-channel coding: trains a fully "
    "convolutional encoder and decoder for complex symbols, one model for all SNR from -5 to 20 dB "
    "(attention on features, Xu et al.) and for all rates from 1/24 to 1/3 (a nested code: the "
    "first symbols decode alone), or the five-layer network of Bourtsoulatze et al. to compare "
    "with."
)
