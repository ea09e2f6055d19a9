"""Features of a normalised text, as stages/classify/model.c makes them.

A word gives itself and its character n-grams (bytes, with a mark at both ends); two neighbours give a pair. A feature is known by
its 32-bit FNV-1a hash over a kind byte and its bytes. Always holds: hashes are never 0 (0 marks an empty slot in the model).
"""
import numpy as np
import scipy.sparse as sp

WORD, PAIR, GRAM = b"\x01", b"\x02", b"\x03"
GRAM_MIN, GRAM_MAX = 3, 5
GRAM_WORD_MAX = 32      # bytes of a word that give n-grams
WEIGHT = {WORD: 1.0, PAIR: 0.7}
GRAM_WEIGHT = 1.0       # shared by the n-grams of one word
_memo = {}


def fnv1a(data):
    value = _memo.get(data)
    if value is None:
        value = 0x811C9DC5
        for byte in data:
            value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
        value = value or 1
        _memo[data] = value
    return value


def features(text):
    """[(hash, weight)] in the order in which inference adds them."""
    out = []
    before = None
    for word in text.encode("utf-8").split(b" "):
        if not word:
            continue
        out.append((fnv1a(WORD + word), WEIGHT[WORD]))
        if before is not None:
            out.append((fnv1a(PAIR + before + b" " + word), WEIGHT[PAIR]))
        before = word
        marked = b"<" + word[:GRAM_WORD_MAX] + b">"
        grams = [marked[i:i + n] for n in range(GRAM_MIN, GRAM_MAX + 1) for i in range(len(marked) - n + 1)]
        for gram in grams:
            out.append((fnv1a(GRAM + gram), GRAM_WEIGHT / len(grams)))
    return out


def matrix(texts):
    """(hashes sorted, CSR matrix texts x hashes of summed weights)."""
    indptr, hashes, weights = [0], [], []
    for text in texts:
        for value, weight in features(text):
            hashes.append(value)
            weights.append(weight)
        indptr.append(len(hashes))
    vocabulary, columns = np.unique(np.array(hashes, dtype=np.uint32), return_inverse=True)
    rows = sp.csr_matrix((np.array(weights, dtype=np.float32), columns.astype(np.int32), np.array(indptr)),
                         shape=(len(texts), len(vocabulary)))
    rows.sum_duplicates()
    return vocabulary, rows
