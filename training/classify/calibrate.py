"""Confidence that holds: a temperature by a text's length, and a ceiling by length and level, from rows that models had not seen.

The temperature of a length is that of least log loss (sources weigh by the square root of their rows). The shares of subheadings, and the sums
of headings and chapters, are then multiplied by a ceiling of their level, what is left of 1 being nobody's: short, middle and long texts have one
each, the highest at which what claims 90 % is right often enough: of each source that claims it often enough to be judged, of two such sources at
least, and with a margin of all together, since the next source may be worse than those that are there. Texts of which that cannot be shown claim
no 90 % at that level. A finer level's ceiling is no higher than a coarser one's.
"""
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from export import LENGTHS, length_of
from figures import DIGITS, best_group, measured, percent, table
from fit import softmax

SURE, RIGHT_OF_SURE = 0.9, 0.85     # what is promised: of confidences of SURE and more, this share is right
MARGIN = 0.07                       # by which all sources together are better: the lower bound of their share
LEAST, SOURCES = 10, 2              # sure rows of a source from which it is judged, and how many such sources there must be
Z = 1.2816                          # of the bound: one-sided 90 %
TOGETHER = ((0, 1, 2, 3), (4,), (5, 6, 7))  # lengths of one ceiling: to 8 words, to 16, more
COARSEST = 8.0                      # temperature
CEILINGS = np.arange(1, SURE, -0.0025)
NEVER_SURE = SURE - 0.01
ANSWERED_RIGHT = 0.70               # the threshold of an answer: such that this share of those at or above it is right


@dataclass
class Settings:
    temperatures: np.ndarray    # float32, of each length
    ceilings: np.ndarray        # likewise, levels x lengths, chapters first
    cut: float = 0.0

    def shares(self, logits, words):
        """Of each code, for texts of so many words, before the ceilings."""
        return softmax(logits / self.temperatures[lengths(words)][:, None])

    def ceilings_of(self, words):
        """levels x texts"""
        return self.ceilings[:, lengths(words)]

    def describe(self):
        def listed(values, digits):
            return ", ".join(f"{value:.{digits}f}" for value in values)

        ceilings = ", ".join(f"{name} {listed(row, 4)}" for name, row in zip(("of chapters", "of headings", "of subheadings"), self.ceilings))
        return [f"Texts of 1 word, 2, to 4, to 8, to 16, to 32, to 64, and more have the temperatures {listed(self.temperatures, 3)} and the ceilings {ceilings}. "
                f"Abstention below {self.cut:.4f} (answers at least {100 * ANSWERED_RIGHT:.0f} % right)."]


def lengths(words):
    return np.array([length_of(n) for n in words])


def lower_bound(right, count):
    """Wilson's, one-sided."""
    share = right / count
    return (share + Z * Z / (2 * count) - Z * np.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))) / (1 + Z * Z / count)


def loss(out, m, temperature):
    z = out.logits[m] / temperature
    count = {source: (out.sources == source).sum() for source in set(out.sources[m])}
    weights = np.array([count[source] ** -0.5 for source in out.sources[m]])
    top = z.max(axis=1)
    return (weights * (top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - z[np.arange(len(z)), out.labels[m]])).sum()


def temperatures(out, m):
    """Of each length; never falling: a longer text is not surer."""
    length, found = lengths(out.words), []
    for at in range(LENGTHS):
        lowest, part = found[-1] if found else 0.7, m & (length == at)
        if part.any():
            best = minimize_scalar(lambda t, part=part: loss(out, part, t), bounds=(0.7, COARSEST), method="bounded", options={"xatol": 0.01}).x
            lowest = max(lowest, best)
        found.append(lowest)
    return np.array(found, np.float32)


def holds(sources, right):
    """Of the sure rows: are they right often enough?"""
    judged = [right[sources == source].mean() for source in set(sources) if (sources == source).sum() >= LEAST]
    return len(judged) >= SOURCES and min(judged) >= RIGHT_OF_SURE and lower_bound(right.sum(), len(right)) >= RIGHT_OF_SURE + MARGIN


def levels(out, shares):
    """(confidence before ceilings, is it right?) of each level, chapters first."""
    return [best_group([code[:digits] for code in out.codes], shares, out.labels) for digits in DIGITS]


def fitted(out, m):
    """Temperatures and ceilings from the rows of `m`."""
    found = Settings(temperatures(out, m), np.ones((len(DIGITS), LENGTHS), np.float32))
    length = lengths(out.words)
    for level, (confidence, right) in enumerate(levels(out, found.shares(out.logits, out.words))):
        for together in map(list, TOGETHER):
            part = m & np.isin(length, together)
            good = (ceiling for ceiling in CEILINGS if holds(*(each[part & (confidence * ceiling >= SURE)] for each in (out.sources, right))))
            found.ceilings[level, together] = next(good, NEVER_SURE)
    found.ceilings = np.minimum.accumulate(found.ceilings, axis=0)
    return found


def threshold(confidence, right, target):
    """The lowest confidence such that the answers at or above it are right as often as `target`."""
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(precision >= target)
    return float(confidence[order[good[-1]]]) if len(good) else 1.0


def settings(out):
    found = fitted(out, np.ones(len(out.rows), bool))
    confidence, right = levels(out, found.shares(out.logits, out.words))[-1]
    found.cut = threshold(confidence * found.ceilings_of(out.words)[-1], right, ANSWERED_RIGHT)
    return found


def left_out(out):
    """Each source with settings from the others only: what of its sure answers is right."""
    found = []
    for source in sorted(set(out.sources)):
        m = out.sources == source
        made = fitted(out, ~m)
        shares, ceilings = made.shares(out.logits, out.words), made.ceilings_of(out.words)
        cells = []
        for level, (confidence, right) in reversed(list(enumerate(levels(out, shares)))):
            sure = m & (confidence * ceilings[level] >= SURE)
            cells += [sure.sum(), measured(right[sure])]
        found.append((f"`{source}`", m.sum(), *cells))
    return table(("calibrated without", "rows", f"subheadings of {SURE} or more", "right of those", "headings", "right of those", "chapters", "right of those"), found)
