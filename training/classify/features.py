"""Features of a normalised text, as stages/classify/model.c makes them.

A word gives itself and its character n-grams (bytes, with a mark at both ends). Pairs of words were measured and gave nothing (43.3 / 52.9
without, 45.0 / 52.7 % with them, parcels / search terms) for half of the table. A feature is known by its 32-bit FNV-1a hash over
a kind byte and its bytes.
"""
import numpy as np
import scipy.sparse as sp

WORD, GRAM, CUE, BEGINNING = b"\x01", b"\x02", b"\x03", b"\x04"
GRAM_MIN, GRAM_MAX = 3, 5
GRAM_WORD_MAX = 32      # bytes of a word that give n-grams
WORD_WEIGHT = 1.0
GRAM_WEIGHT = 1.0       # shared by the n-grams of one word
BEGINNING_BYTES = 5     # of a cue's beginning; longer words have one
_memo = {}


def fnv1a(data):
    value = _memo.get(data)
    if value is None:
        value = 0x811C9DC5
        for byte in data:
            value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
        _memo[data] = value
    return value


def features(text):
    """[(hash, weight)] in the order in which inference adds them."""
    out = []
    for word in text.encode("utf-8").split(b" "):
        if not word:
            continue
        out.append((fnv1a(WORD + word), WORD_WEIGHT))
        marked = b"<" + word[:GRAM_WORD_MAX] + b">"
        grams = [marked[i:i + n] for n in range(GRAM_MIN, GRAM_MAX + 1) for i in range(len(marked) - n + 1)]
        for gram in grams:
            out.append((fnv1a(GRAM + gram), GRAM_WEIGHT / len(grams)))
    return out


def singular(word):
    """An English plural's singular (bytes), roughly; other words as they are."""
    if len(word) > 4 and word.endswith(b"ies"):
        return word[:-3] + b"y"
    if len(word) > 4 and word.endswith((b"ches", b"shes", b"sses", b"xes", b"zes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith(b"s") and not word.endswith(b"ss") else word


def cues(text):
    """Hashes of the text's cues (cues.py), each once, in their order: every word without its plural, and the beginnings of longer ones."""
    out = {}
    for word in text.encode("utf-8").split(b" "):
        if word:
            word = singular(word)
            out[fnv1a(CUE + word)] = None
            if len(word) > BEGINNING_BYTES:
                out[fnv1a(BEGINNING + word[:BEGINNING_BYTES])] = None
    return list(out)


def word_hashes(texts):
    return {fnv1a(WORD + word) for text in texts for word in text.encode("utf-8").split(b" ") if word}


def matrix(texts, vocabulary=None):
    """(hashes sorted, CSR matrix texts x hashes of summed weights). With `vocabulary`, other features are left out."""
    indptr, hashes, weights = [0], [], []
    for text in texts:
        for value, weight in features(text):
            hashes.append(value)
            weights.append(weight)
        indptr.append(len(hashes))
    hashes, weights = np.array(hashes, dtype=np.uint32), np.array(weights, dtype=np.float32)
    if vocabulary is None:
        vocabulary = np.unique(hashes)
    columns = np.minimum(np.searchsorted(vocabulary, hashes), len(vocabulary) - 1)
    weights[vocabulary[columns] != hashes] = 0
    rows = sp.csr_matrix((weights, columns.astype(np.int32), np.array(indptr)), shape=(len(texts), len(vocabulary)))
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return vocabulary, rows


def choose(texts, least):
    """The vocabulary of a model: every word of `texts`, and every n-gram in at least `least` of them."""
    vocabulary, rows = matrix(texts)
    frequency = np.bincount(rows.indices, minlength=len(vocabulary))
    words = np.isin(vocabulary, np.array(sorted(word_hashes(texts)), dtype=np.uint32))
    return vocabulary[words | (frequency >= least)]
