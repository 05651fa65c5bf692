"""Source and channel coding: picture codecs, checksums, the LDPC code of 5G, QAM."""
