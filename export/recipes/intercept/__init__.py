"""Eavesdroppers on the colour link, with and without a keyed rotation."""

SUMMARY = (
    "Eavesdroppers on the colour link: convolutional classifiers that read a picture's class from "
    "its complex symbols, or from the picture that they decode with a copy of the receiver; one "
    "pair that learnt from the link without a key, and one that has reacted and learnt from "
    "symbols under a keyed rotation, without the key."
)
