"""What simple classifiers say of the same rows, learnt from the same rows: nearest neighbours by TF-IDF, and fastText."""
import os
import tempfile

import numpy as np
import scipy.sparse as sp

NEIGHBOURS = 20
FASTTEXT = {"dim": 100, "epoch": 5, "lr": 0.5, "wordNgrams": 2, "minn": 3, "maxn": 5, "bucket": 500000, "loss": "hs", "thread": 1, "verbose": 0}


def tfidf(texts, table=None):
    """Rows of length 1, words x inverse document frequency. `table`: ({word: column}, weights) of the training texts."""
    words = [text.split(" ") for text in texts]
    if table is None:
        columns = {word: i for i, word in enumerate(sorted({word for row in words for word in row}))}
        seen = np.bincount([columns[word] for row in words for word in set(row)], minlength=len(columns))
        table = columns, np.log((1 + len(texts)) / (1 + seen)) + 1
    columns, weights = table
    entries = [[columns[word] for word in row if word in columns] for row in words]
    indptr = np.r_[0, np.cumsum([len(row) for row in entries])]
    x = sp.csr_matrix((np.ones(indptr[-1]), np.concatenate([np.array(row, int) for row in entries]), indptr), shape=(len(texts), len(weights)))
    x.sum_duplicates()
    x = x.multiply(weights).tocsr()
    length = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return sp.diags(1 / np.maximum(length, 1e-9)) @ x, table


def neighbours(texts, labels, weights, asked, code_count):
    """The three codes that the nearest rows vote for, by similarity x weight; -1 where there are fewer."""
    x, table = tfidf(texts)
    likeness = tfidf(asked, table)[0] @ x.T.tocsr()
    best = np.full((len(asked), 3), -1)
    for i in range(len(asked)):
        row = likeness.getrow(i)
        take = np.argsort(-row.data, kind="stable")[:NEIGHBOURS]
        votes = np.bincount(labels[row.indices[take]], weights=row.data[take] ** 2 * weights[row.indices[take]], minlength=code_count)
        order = np.argsort(-votes, kind="stable")[:3]
        best[i, :len(order)] = np.where(votes[order] > 0, order, -1)
    return best


def fasttext(texts, labels, asked, seed):
    """The three likeliest codes, or None where the package fasttext-wheel is not installed."""
    try:
        from fasttext.FastText import train_supervised
    except ImportError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"__label__{label} {text}\n" for label, text in zip(labels, texts))
        model = train_supervised(path, seed=seed, **FASTTEXT)
    answers = [[label for _, label in model.f.predict(text + "\n", 3, 0.0, "strict")] for text in asked]
    return np.array([[int(label.removeprefix("__label__")) for label in row] + [-1] * (3 - len(row)) for row in answers])
