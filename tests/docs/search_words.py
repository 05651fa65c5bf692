"""Words that lead to a block's page by the search field of a built site: ``search_words.py SITE``.

The search of Sphinx looks a query up among the entries of the index first. A word leads to a page
if an entry of that page is the query, in any case, or begins with it and is at most twice as long.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

GNU_RADIO = {
    "Multiply Const": "multiply_const",
    "Throttle": "throttle",
    "Head": "head",
    "Null Sink": "null_sink",
    "Signal Source": "signal_source",
    "Noise Source": "noise_source",
    "Rational Resampler": "rational_resampler",
    "Quadrature Demod": "quadrature_demod",
    "AGC": "automatic_gain_control",
    "Rotator": "frequency_shift",
    "Channel Model": "radio_channel",
    "Stream to Vector": "stream_to_vector",
    "Keep 1 in N": "keep_one_in_n",
    "Tag Debug": "tag_debug",
    "Complex to Mag": "complex_to_mag",
    "DC Blocker": "dc_blocker",
    "Power Squelch": "power_squelch",
    "FFT": "fft",
    "Low Pass": "fir_filter",
    "Probe Rate": "probe_rate",
}

PYTORCH = {
    "DataLoader": "image_source",
    "MNIST": "image_source",
    "randn": "awgn_channel",
    "AWGN": "awgn_channel",
    "Conv1d": "fir_filter",
    "torch.fft": "fft",
    "autoencoder": "semantic_encoder",
    "decoder": "semantic_decoder",
    "nn.Module": "onnx_model",
    "ONNX": "onnx_model",
    "inference": "onnx_model",
    "softmax": "eavesdropper",
    "accuracy": "classification_metrics",
    "PSNR": "image_quality",
    "SSIM": "image_quality",
    "reshape": "vector_to_stream",
    "spectrogram": "waterfall_sink",
    "from_numpy": "vector_source",
    "save_image": "image_sink",
    "fading": "rayleigh_channel",
}


def entries(site: Path) -> dict[str, set[str]]:
    """Return the entries of the built index, in lower case, and the pages that each leads to."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    pages = index["docnames"]
    return {
        entry.lower(): {pages[row[0]] for row in rows}
        for entry, rows in index["indexentries"].items()
    }


def missed(site: Path) -> list[str]:
    """Return the words that do not lead to the page of their block."""
    found = entries(site)
    told = []
    for word, block in {**GNU_RADIO, **PYTORCH}.items():
        query = word.lower()
        pages = {
            page
            for entry, places in found.items()
            if entry.startswith(query) and len(entry) <= 2 * len(query)
            for page in places
        }
        if f"reference/blocks/{block}" not in pages:
            told.append(f"{word!r} does not lead to {block} but to {sorted(pages) or 'nothing'}")
    return told


if __name__ == "__main__":
    faults = missed(Path(sys.argv[1]))
    print("\n".join(faults) or f"{len(GNU_RADIO) + len(PYTORCH)} words lead to their blocks")
    sys.exit(bool(faults))
