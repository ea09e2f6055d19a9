"""Quantisation, the model file, and the reference evaluation of what is in it.

The file is described in models/classify/README.md and read by stages/classify/model.c. `Quantised.classify` computes with the file's
own numbers, in float32 and in the order of the C code: it makes the golden vectors.
"""
import hashlib
import os
import struct

import numpy as np

from data import NOT_A_CODE
from cues import FULL, SCALE, Cues
from features import BEGINNING_BYTES, GRAM_MAX, GRAM_MIN, GRAM_WEIGHT, GRAM_WORD_MAX, WORD_WEIGHT, cues, features

MAGIC = b"GLHS6M\x00\x03"
HEADER, ALIGN = 256, 64
BUCKET_BITS = 16


LENGTHS = 8     # of texts, each with a temperature and a ceiling of each level: 1 word, 2, 3 to 4, 5 to 8, ..., more than 64


def length_of(words):
    """Which of LENGTHS a text of so many words has."""
    return min(int(max(words - 1, 0)).bit_length(), LENGTHS - 1)


def shipped(codes):
    """How many of the codes are in the file: the first ones."""
    return len(codes) - (codes[-1] == NOT_A_CODE)


class Quantised:
    """rows: 4 bits (-7 to 7) with a scale each; head: 8 bits with a scale each. Before it ships it needs temperatures, ceilings, abstain_ppm and mix."""
    ARRAYS = ("vocabulary", "bias", "row_scale", "rows", "head_scale", "head")

    def __init__(self, vocabulary, model, codes, found):
        """`found`: the cues of the same rows, tied to the codes that ship."""
        count = shipped(codes)
        self.cues = found
        self.vocabulary, self.codes, self.bias = vocabulary, codes[:count], model.bias[:count].astype(np.float32)
        self.row_scale, self.rows = self.symmetric(model.embed, 7)
        self.head_scale, self.head = self.symmetric(model.head[:count], 127)

    @classmethod
    def of(cls, codes, arrays):
        """From ARRAYS that were kept."""
        made = cls.__new__(cls)
        made.codes = codes[:len(arrays["bias"])]
        for name in cls.ARRAYS:
            setattr(made, name, arrays[name])
        made.cues = Cues.of(arrays, len(made.codes))
        return made

    def arrays(self):
        return {**{name: getattr(self, name) for name in self.ARRAYS}, **self.cues.arrays()}

    @staticmethod
    def symmetric(weights, limit):
        scale = (np.abs(weights).max(axis=1) / limit).astype(np.float32)
        # For few levels a smaller scale that clips the largest is often nearer: the best of some is taken, row by row.
        best = np.full(len(weights), np.inf, np.float32)
        out_scale, out = scale.copy(), np.zeros(weights.shape, np.int8)
        for factor in (1.0, 0.92, 0.85, 0.78, 0.7) if limit < 16 else (1.0,):
            s = np.maximum(scale * np.float32(factor), np.float32(1e-12))
            q = np.clip(np.rint(weights / s[:, None]), -limit, limit)
            error = np.square(q * s[:, None] - weights).sum(axis=1)
            better = error < best
            best[better], out_scale[better], out[better] = error[better], s[better], q[better].astype(np.int8)
        return out_scale, out

    def dense(self, model_type):
        return model_type(self.rows * self.row_scale[:, None], self.head * self.head_scale[:, None], self.bias)

    def classify(self, text, top=3):
        """[(code, confidence)], best first; [] when no feature is known."""
        hidden, total = np.zeros(self.rows.shape[1], np.float32), np.float32(0)
        for value, weight in features(text):
            row = np.searchsorted(self.vocabulary, value)
            if row == len(self.vocabulary) or self.vocabulary[row] != value:
                continue
            weight = np.float32(weight)
            hidden += (weight * self.row_scale[row]) * self.rows[row].astype(np.float32)
            total += weight
        if not total > 0:
            return []
        hidden *= np.float32(1) / np.sqrt(total)
        largest = np.abs(hidden).max()
        unit = np.float32(0)
        quantised = np.zeros(len(hidden), np.int32)
        if largest > 0:
            quantised = np.rint(hidden * (np.float32(32767) / largest)).astype(np.int32)
            unit = largest / np.float32(32767)
        logits = (self.head.astype(np.int32) @ quantised).astype(np.float32) * (self.head_scale * unit) + self.bias
        self.add_cues(text, logits)
        length = length_of(len(text.split(" ")))
        scaled = (logits - logits.max()).astype(np.float64) / float(self.temperatures[length])
        p = np.exp(scaled)
        p *= float(self.ceilings[-1][length]) / p.sum()
        order = np.argsort(-logits, kind="stable")[:top]
        return [(self.codes[i], float(p[i])) for i in order]

    def add_cues(self, text, logits):
        at = np.searchsorted(self.cues.hashes, np.array(cues(text), np.uint32))
        found = [i for i, value in zip(at, cues(text)) if i < len(self.cues.hashes) and self.cues.hashes[i] == value]
        weights = self.cues.weights[found]
        unit = np.float32(SCALE) / (np.float32(FULL) * np.sqrt(max(np.square(weights).sum(dtype=np.float32), np.float32(1e-9))))
        for i, weight in zip(found, weights):
            ties = self.cues.ties[i]
            logits[ties.indices] += weight * unit * ties.data.astype(np.float32)

    def to_bytes(self, name):
        width = self.rows.shape[1]
        bucket = np.searchsorted(self.vocabulary, np.arange(1 << BUCKET_BITS, dtype=np.uint64) << (32 - BUCKET_BITS)).astype("<u4")
        bucket = np.append(bucket, np.uint32(len(self.vocabulary))).astype("<u4")
        nibbles = (self.rows.astype(np.int16) + 8).astype(np.uint8)
        packed = nibbles[:, :width // 2] | (nibbles[:, width // 2:] << 4)
        sections = ["".join(self.codes).encode(), self.mix.astype("<f4").tobytes(), self.bias.astype("<f4").tobytes(), self.head_scale.astype("<f4").tobytes(),
                    self.head.astype(np.int8).tobytes(), bucket.tobytes(), self.vocabulary.astype("<u4").tobytes(),
                    self.row_scale.astype("<f4").tobytes(), packed.tobytes(), self.cues.hashes.astype("<u4").tobytes(),
                    self.cues.weights.astype("<f4").tobytes(), self.cues.ties.indptr.astype("<u4").tobytes(),
                    self.cues.ties.indices.astype("<u2").tobytes(), self.cues.ties.data.astype(np.uint8).tobytes()]
        body = b"".join(s + b"\0" * (-len(s) % ALIGN) for s in sections)
        size = HEADER + len(body) + 32
        header = MAGIC + struct.pack("<IIIIIIIIIff", width, len(self.codes), len(self.vocabulary), BUCKET_BITS, GRAM_MIN, GRAM_MAX,
                                     GRAM_WORD_MAX, self.abstain_ppm, len(self.mix), WORD_WEIGHT, GRAM_WEIGHT)
        header += name.encode().ljust(32, b"\0") + b"\0" * 4 + struct.pack("<Q", size) + self.temperatures.astype("<f4").tobytes() + self.ceilings.astype("<f4").tobytes()
        header += struct.pack("<IIIf", len(self.cues.hashes), self.cues.ties.nnz, BEGINNING_BYTES, SCALE)
        header = header.ljust(HEADER, b"\0")
        return header + body + hashlib.sha256(header + body).digest()


def write_if_changed(path, data):
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read() == data:
                return
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)
