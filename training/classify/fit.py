"""The model and its training: hidden = (sum of weight x embedding) / sqrt(sum of weights); logits = hidden x head + bias.

An embedding has a part that is trained and one that is not (meaning.py). Loss: CE of the subheading + 0.5 CE of its heading + 0.3 CE of its chapter, all from one softmax over the subheadings. The head starts
as the embedding of each subheading's legal text. Always holds: the same seed, rows and library versions give the same weights.
"""
import time

import numpy as np

HEADING, CHAPTER = 0.5, 0.3


def groups(codes, digits):
    """Start index of each group in the sorted codes, and the group of each code."""
    prefix = np.array([code[:digits] for code in codes])
    start = np.flatnonzero(np.r_[True, prefix[1:] != prefix[:-1]])
    return start, np.cumsum(np.r_[False, prefix[1:] != prefix[:-1]])


def softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


class Adam:
    """Adam; `rows` restricts a step to some rows (moments of the others wait)."""

    def __init__(self, shape, rate):
        self.rate, self.step = rate, 0
        self.m, self.v = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def update(self, weights, grad, rows=slice(None), scale=1.0):
        self.step += 1
        m, v = self.m[rows], self.v[rows]
        m += 0.1 * (grad - m)
        v += 0.001 * (grad * grad - v)
        self.m[rows], self.v[rows] = m, v
        rate = self.rate * scale * np.sqrt(1 - 0.999 ** self.step) / (1 - 0.9 ** self.step)
        weights[rows] -= rate * m / (np.sqrt(v) + 1e-8)


def scaled_rows(x):
    """Each row over the square root of its sum (the mean was measured to be 4 to 8 points worse)."""
    total = np.asarray(x.sum(axis=1)).ravel()
    x = x.copy()
    x.data /= np.repeat(np.sqrt(np.maximum(total, 1e-9)), np.diff(x.indptr)).astype(np.float32)
    return x


class Model:
    def __init__(self, embed, head, bias):
        self.embed, self.head, self.bias = embed, head, bias

    def hidden(self, x):
        return scaled_rows(x) @ self.embed

    def logits(self, x):
        return self.hidden(x) @ self.head.T + self.bias


def balanced(model, width):
    """The same model with both parts of an embedding of one size: what is kept in four bits has one scale."""
    used = np.abs(model.embed[:, :width]).max(axis=1) > 0
    size = [np.sqrt(np.square(part[used]).mean()) for part in (model.embed[:, :width], model.embed[:, width:])]
    scale = np.float32(size[0] / max(size[1], 1e-9))
    embed, head = model.embed.copy(), model.head.copy()
    embed[:, width:] *= scale
    head[:, width:] /= scale
    return Model(embed, head, model.bias)


def fit(x, labels, weights, codes, legal, width, seed, fixed, trained, epochs=10, batch=256, rate=8e-3, dropout=0.15, progress=None):
    """`x`: CSR rows x features; `weights`: mean draws of each row in an epoch; `legal`: row of each subheading's legal text; `fixed`: features x
    width, the part that is not trained; `trained`: is the feature in a row? The others have only the fixed part."""
    rng = np.random.default_rng(seed)
    learnt = rng.standard_normal((x.shape[1], width), dtype=np.float32) * np.float32(1 / np.sqrt(width))
    learnt[~trained] = 0
    embed = np.hstack([learnt, fixed])
    head = (scaled_rows(x[legal]) @ embed).astype(np.float32)
    head *= 3.0 / np.maximum(np.linalg.norm(head, axis=1, keepdims=True), 1e-6).astype(np.float32)
    bias = np.zeros(len(codes), np.float32)
    start4, group4 = groups(codes, 4)
    start2, group2 = groups(codes, 2)
    opt_e, opt_h, opt_b = Adam(learnt.shape, rate), Adam(head.shape, rate), Adam(bias.shape, rate)
    total = int(epochs * weights.sum() / batch)
    done, began = 0, time.time()
    for epoch in range(epochs):
        order = np.repeat(np.arange(x.shape[0]), np.floor(weights + rng.random(x.shape[0])).astype(int))
        rng.shuffle(order)
        loss_sum = 0.0
        for at in range(0, len(order), batch):
            pick = order[at:at + batch]
            xb = x[pick]
            xb.data = xb.data * (rng.random(len(xb.data)) >= dropout)
            xb = scaled_rows(xb)
            used, local = np.unique(xb.indices, return_inverse=True)
            xb = type(xb)((xb.data, local.astype(np.int32), xb.indptr), shape=(len(pick), len(used)))
            hidden = xb @ embed[used]
            y = labels[pick]
            rows = np.arange(len(pick))
            p = softmax(hidden @ head.T + bias)
            loss_sum -= np.log(p[rows, y] + 1e-30).sum()
            grad = p * np.float32(1 + HEADING + CHAPTER)
            grad[rows, y] -= 1
            for start, group, share in ((start4, group4, HEADING), (start2, group2, CHAPTER)):
                g = group[y]
                lo, hi = start[g], np.r_[start, len(codes)][g + 1]
                for r in range(len(pick)):
                    part = p[r, lo[r]:hi[r]]
                    grad[r, lo[r]:hi[r]] -= np.float32(share) * part / (part.sum() + np.float32(1e-30))
            grad /= np.float32(len(pick))
            scale = max(0.02, 1 - done / total)
            d_hidden = grad @ head
            opt_h.update(head, grad.T @ hidden, scale=scale)
            opt_b.update(bias, grad.sum(axis=0), scale=scale)
            opt_e.update(embed[:, :width], xb.T @ d_hidden[:, :width], rows=used, scale=scale)
            done += 1
        if progress:
            progress(epoch, loss_sum / len(order), time.time() - began, Model(embed, head, bias))
    return Model(embed, head, bias)
