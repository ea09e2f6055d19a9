"""Cues: words, and beginnings of longer words, each with the subheadings whose texts have it, as stages/classify/cues.c reads them.

A cue's weight is the inverse frequency of the texts that have it. Its strength for a subheading has two parts: the largest share (cosine) that it
has of one of the subheading's texts, and the share of the subheading among the parcel texts that have the cue: what is usually declared of it.
A text's score for a subheading is the sum over its cues, each by the share that it has of the text. The bag of embeddings generalises and blurs;
cues do not: scores times SCALE are added to its logits. Nothing is fitted but what is counted: cues that were fitted together with the bag, each
row without what it says itself, were measured and are worse (3 points of parcel texts).
"""
import numpy as np
import scipy.sparse as sp

from features import cues

DECLARED, DECLARED_UNSEEN = 0.75, 1.0   # of the second part, beside 1 of the first; texts with the cue that are taken to be of no subheading that is known
SCALE = 8.0 * (1 + DECLARED)
FULL = 255      # of a strength of 1
WIDEST = 600    # subheadings: a cue of more of them ("of", "other") says nothing, and is none


class Cues:
    """hashes rising, weights of each, ties: hashes x classes in FULL."""
    ARRAYS = ("cue_hashes", "cue_weights", "tie_starts", "tie_classes", "tie_strengths")

    def __init__(self, hashes, weights, ties):
        self.hashes, self.weights, self.ties = hashes, weights, ties

    @classmethod
    def of(cls, arrays, class_count):
        hashes, weights, starts, classes, strengths = (arrays[name] for name in cls.ARRAYS)
        return cls(hashes, weights, sp.csr_matrix((strengths, classes, starts), shape=(len(hashes), class_count)))

    def arrays(self):
        return dict(zip(self.ARRAYS, (self.hashes, self.weights, self.ties.indptr, self.ties.indices, self.ties.data)))

    def shares(self, x):
        """Of a matrix texts x cues of ones: what share each cue has, rows of length 1."""
        x = (x @ sp.diags(self.weights)).tocsr().astype(np.float32)
        length = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
        x.data /= np.repeat(np.maximum(length, np.float32(1e-9)), np.diff(x.indptr)).astype(np.float32)
        return x

    def scores(self, texts):
        """texts x classes, to be added to logits."""
        x = self.shares(matrix(texts, self.hashes))
        return np.asarray((x @ self.ties.astype(np.float32)).todense(), np.float32) * np.float32(SCALE / FULL)


def matrix(texts, hashes):
    """texts x hashes: 1 where a text has the cue."""
    found = [cues(text) for text in texts]
    indptr = np.r_[0, np.cumsum([len(row) for row in found])]
    values = np.array([value for row in found for value in row], np.uint32)
    columns = np.minimum(np.searchsorted(hashes, values), len(hashes) - 1)
    x = sp.csr_matrix(((hashes[columns] == values).astype(np.float32), columns, indptr), shape=(len(texts), len(hashes)))
    x.eliminate_zeros()
    return x


def fitted(texts, labels, declared, class_count):
    """`declared`: is it a parcel text? Rows of other classes take part in the weights only."""
    hashes = np.unique(np.array([value for text in texts for value in cues(text)], np.uint32))
    x = matrix(texts, hashes)
    weights = (np.log((1 + len(texts)) / (1 + np.bincount(x.indices, minlength=len(hashes)))) + 1).astype(np.float32)
    wide = np.diff(largest(x, labels, class_count).indptr)
    kept = np.flatnonzero((wide > 0) & (wide <= WIDEST))
    found, x = Cues(hashes[kept], weights[kept], None), x[:, kept]
    strengths = (largest(found.shares(x), labels, class_count) + DECLARED * usual(x[declared], labels[declared], class_count)) / (1 + DECLARED)
    found.ties = sp.csr_matrix((np.clip(np.rint(strengths.data * FULL), 1, FULL).astype(np.uint8), strengths.indices, strengths.indptr), shape=strengths.shape)
    return found


def entries(x, labels, class_count):
    """(cue, class, value) of the rows whose class is known."""
    x = x.tocoo()
    known = labels[x.row] < class_count
    return x.col[known], labels[x.row][known], x.data[known]


def largest(shares, labels, class_count):
    """cues x classes: the largest share."""
    cue, label, share = entries(shares, labels, class_count)
    order = np.lexsort((-share, label, cue))
    cue, label, share = cue[order], label[order], share[order]
    first = np.r_[True, (cue[1:] != cue[:-1]) | (label[1:] != label[:-1])]
    return sp.csr_matrix((share[first], (cue[first], label[first])), shape=(shares.shape[1], class_count))


def usual(x, labels, class_count):
    """cues x classes: which part of the texts with a cue is of the class."""
    cue, label, _ = entries(x, labels, class_count)
    count = sp.csr_matrix((np.ones(len(cue), np.float32), (cue, label)), shape=(x.shape[1], class_count))
    return sp.diags(1 / (np.asarray(count.sum(axis=1)).ravel() + DECLARED_UNSEEN)) @ count
