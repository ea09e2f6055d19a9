"""The model and its training: hidden = (sum of weight x embedding) / sqrt(sum of weights); logits = hidden x head + bias.

An embedding has a part that is trained and one that is not (meaning.py). Loss: CE of the subheading + 0.5 CE of its heading + 0.3 CE of its
chapter, all from one softmax over the subheadings. The head starts as the embedding of each subheading's legal text. Always holds: the same
seed, rows, library versions and kind of processor give the same weights (one thread; products in bfloat16 where the processor has them).
"""
import math
import time

import numpy as np
import torch
from torch.nn import functional as F

HEADING, CHAPTER = 0.5, 0.3
CHUNK = 1024


def groups(codes, digits):
    """Start index of each group in the sorted codes, and the group of each code."""
    prefix = np.array([code[:digits] for code in codes])
    start = np.flatnonzero(np.r_[True, prefix[1:] != prefix[:-1]])
    return start, np.cumsum(np.r_[False, prefix[1:] != prefix[:-1]])


def softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


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


class RowAdam:
    """Adam over some rows of a table at a time; the moments of the others wait."""

    def __init__(self, table, rate):
        self.table, self.rate, self.step = table, rate, 0
        self.m, self.v = torch.zeros_like(table), torch.zeros_like(table)

    def update(self, rows, values, grad, scale):
        """`values`: of the table's `rows`, as they were when the gradient was made."""
        self.step += 1
        m, v = self.m[rows].lerp_(grad, 0.1), self.v[rows].lerp_(grad * grad, 0.001)
        self.m[rows], self.v[rows] = m, v
        rate = self.rate * scale * math.sqrt(1 - 0.999 ** self.step) / (1 - 0.9 ** self.step)
        self.table[rows] = values - rate * m / (v.sqrt() + 1e-8)


class Siblings:
    """Of each code: the codes of its group, for the loss of a coarser level."""

    def __init__(self, codes, digits):
        start, group = groups(codes, digits)
        end = np.r_[start[1:], len(codes)]
        members = start[:, None] + np.arange((end - start).max())
        self.members = torch.from_numpy(np.where(members < end[:, None], members, len(codes)))
        self.group = torch.from_numpy(group)

    def loss(self, log_p, y):
        """-log of the group's share. `log_p` has one more column, of nothing."""
        return -torch.logsumexp(log_p.gather(1, self.members[self.group[y]]), 1)


def bag(x, table):
    """x @ table, for a CSR matrix x, so that gradients reach the table."""
    return F.embedding_bag(torch.from_numpy(x.indices.astype(np.int64)), table, torch.from_numpy(x.indptr[:-1].astype(np.int64)),
                           mode="sum", per_sample_weights=torch.from_numpy(x.data))


def dropped(x, rng, share):
    """x without `share` of its entries, in rows of one size."""
    x.data *= rng.random(len(x.data), dtype=np.float32) >= share
    x.eliminate_zeros()
    return scaled_rows(x)


def subheading_head(x, legal, learnt, fixed):
    """The hidden vectors of the legal texts, of length 3 each."""
    texts = scaled_rows(x[legal])
    head = torch.cat([bag(texts, learnt), bag(texts, fixed)], 1)
    return 3 * head / head.norm(dim=1, keepdim=True).clamp(min=1e-6)


def fit(x, labels, weights, codes, legal, width, seed, fixed, trained, epochs, batch=256, rate=8e-3, dropout=0.15, hidden_dropout=0.2,
        progress=None):
    """`x`: CSR rows x features; `weights`: mean draws of each row in an epoch; `legal`: row of each subheading's legal text; `fixed`: features x
    width, the part that is not trained; `trained`: is the feature in a row? The others have only the fixed part."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    rng = np.random.default_rng(seed)
    learnt = rng.standard_normal((x.shape[1], width), dtype=np.float32) * np.float32(1 / np.sqrt(width))
    learnt[~trained] = 0
    learnt, fixed, y = torch.from_numpy(learnt), torch.from_numpy(fixed), torch.from_numpy(labels)
    head = subheading_head(x, legal, learnt, fixed).requires_grad_()
    bias = torch.zeros(len(codes), requires_grad=True)
    dense, sparse = torch.optim.Adam([head, bias], lr=rate, fused=True), RowAdam(learnt, rate)
    coarser = [(HEADING, Siblings(codes, 4)), (CHAPTER, Siblings(codes, 2))]
    total, done, began = int(epochs * weights.sum() / batch), 0, time.time()
    for epoch in range(epochs):
        order = np.repeat(np.arange(x.shape[0]), np.floor(weights + rng.random(x.shape[0])).astype(int))
        rng.shuffle(order)
        loss_sum = 0.0
        for at in range(0, len(order), batch):
            pick = order[at:at + batch]
            xb = dropped(x[pick], rng, dropout)
            used, local = np.unique(xb.indices, return_inverse=True)
            rows = torch.from_numpy(used.astype(np.int64))
            some = learnt[rows].requires_grad_()
            hidden = torch.cat([bag(type(xb)((xb.data, local, xb.indptr), shape=(len(pick), len(used))), some), bag(xb, fixed)], 1)
            log_p = F.log_softmax(F.dropout(hidden, hidden_dropout) @ head.T + bias, 1)
            fine = F.nll_loss(log_p, y[pick], reduction="sum")
            log_p = F.pad(log_p, (0, 1), value=-1e4)
            loss = fine + sum(share * siblings.loss(log_p, y[pick]).sum() for share, siblings in coarser)
            dense.zero_grad()
            (loss / len(pick)).backward()
            scale = max(0.02, 1 - done / total)
            dense.param_groups[0]["lr"] = rate * scale
            dense.step()
            sparse.update(rows, some.detach(), some.grad, scale)
            loss_sum += fine.item()
            done += 1
        if progress:
            progress(epoch, loss_sum / len(order), time.time() - began)
    return Model(torch.cat([learnt, fixed], 1).numpy(), head.detach().numpy(), bias.detach().numpy())
