"""Tables and the curve of the model card, from what models said of rows that they had not seen."""
import numpy as np

DIGITS = (2, 4, 6)     # of codes, by level
KINDS = ("parcels", "search", "rulings")
WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT, TOP = 640, 400, 56, 44, 16, 16
COLOURS = {"parcels": "#c0392b", "search": "#2471a3", "rulings": "#b7950b", "all": "#1c2833"}


def best_group(prefix, p, labels):
    """(share, is it right?) of the likeliest group of codes with one prefix (of each code)."""
    prefix = np.array(prefix)
    start = np.flatnonzero(np.r_[True, prefix[1:] != prefix[:-1]])
    sums = np.add.reduceat(p, start, axis=1)
    best = sums.argmax(axis=1)
    return sums[np.arange(len(p)), best], prefix[start][best] == prefix[labels]


class Seen:
    """Rows with their labels, and the shares that a model gives each code; what follows from both. `ceilings`: levels x rows, chapters first."""

    def __init__(self, codes, labels, kinds, sources, p, ceilings):
        self.labels, self.kinds, self.sources = labels, np.array(kinds), np.array(sources)
        order = np.argsort(-p, axis=1, kind="stable")[:, :3]
        digits = {n: np.array([code[:n] for code in codes]) for n in (2, 4)}
        best = order[:, 0]
        self.confidence = p[np.arange(len(p)), best] * ceilings[-1]
        self.right = best == labels
        self.top3 = (order == labels[:, None]).any(axis=1)
        self.heading, self.chapter = (digits[n][best] == digits[n][labels] for n in (4, 2))
        self.level = {6: (self.confidence, self.right)}
        for n, ceiling in zip(DIGITS[:-1], ceilings):
            share, right = best_group(digits[n], p, labels)
            self.level[n] = share * ceiling, right
        self.chapter_of_label = digits[2][labels]

    def of(self, kind):
        return np.ones(len(self.kinds), bool) if kind == "all" else self.kinds == kind


def interval(share, count):
    """Half width of the 95 % interval, in points."""
    return 100 * 1.96 * np.sqrt(share * (1 - share) / max(count, 1))


def percent(flags):
    return f"{100 * flags.mean():.1f} %" if len(flags) else "-"


def measured(flags):
    return f"{100 * flags.mean():.1f} ± {interval(flags.mean(), len(flags)):.1f} %" if len(flags) else "-"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(map(str, row)) + " |" for row in rows)]


def accuracy(seen, cut, further):
    """`further`: (name, rows) beside kinds and sources."""
    def row(name, m):
        answered = m & (seen.confidence >= cut)
        return [name, m.sum(), *(measured(flags[m]) for flags in (seen.right, seen.top3, seen.heading, seen.chapter)),
                percent(seen.confidence[m] >= cut), percent(seen.right[answered])]

    rows = [row(kind, seen.of(kind)) for kind in (*KINDS, "all")]
    rows += [row(f"`{source}`", seen.sources == source) for source in sorted(set(seen.sources))]
    rows += [row(name, m) for name, m in further]
    return table(("rows", "count", "top 1", "top 3", "heading", "chapter", "answered", "right of those"), rows)


def coverage(seen):
    rows = []
    by = np.argsort(-seen.confidence, kind="stable")
    for share in (0.1, 0.25, 0.5, 0.75, 1.0):
        take = by[:max(1, int(share * len(by)))]
        rows.append([f"{100 * share:.0f} %", measured(seen.right[take]), f"{seen.confidence[take[-1]]:.3f}"])
    return table(("most confident", "right", "lowest confidence"), rows)


def calibration(seen):
    rows = []
    for lo in np.arange(0, 1, 0.1):
        cells = []
        for level in (6, 4, 2):
            confidence, right = seen.level[level]
            m = (confidence >= lo) & (confidence < lo + 0.1 if lo < 0.85 else confidence <= 1.01)
            cells += [m.sum(), f"{confidence[m].mean():.3f}" if m.any() else "-", f"{right[m].mean():.3f}" if m.any() else "-"]
        rows.append([f"{lo:.1f} to {lo + 0.1:.1f}", *cells])
    return table(("confidence", "subheadings", "mean", "right", "headings", "mean", "right", "chapters", "mean", "right"), rows)


def chapters(seen, least=20):
    """Chapters with enough rows, several to a line, the worst first."""
    found = []
    for chapter in sorted(set(seen.chapter_of_label)):
        m = seen.chapter_of_label == chapter
        if m.sum() >= least:
            found.append((seen.right[m].mean(), f"{chapter}: {m.sum()}, {100 * seen.right[m].mean():.0f} ± {interval(seen.right[m].mean(), m.sum()):.0f} %"))
    cells = [cell for _, cell in sorted(found)]
    cells += [""] * (-len(cells) % 4)
    return table(("chapter: rows, top 1",) + ("",) * 3, [cells[i:i + 4] for i in range(0, len(cells), 4)])


def curve(seen):
    """An SVG picture: how many are right of the most confident share of the rows."""
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']

    def place(x, y):
        return f"{LEFT + across * x:.1f},{TOP + up * (1 - (y - 0.3) / 0.7):.1f}"

    for tick in range(0, 101, 20):
        x = LEFT + across * tick / 100
        out.append(f'<path d="M{x:.1f} {TOP}V{TOP + up}" stroke="#ddd"/><text x="{x:.1f}" y="{TOP + up + 18}" text-anchor="middle">{tick} %</text>')
    for tick in range(30, 101, 10):
        y = TOP + up * (1 - (tick - 30) / 70)
        out.append(f'<path d="M{LEFT} {y:.1f}H{LEFT + across}" stroke="#ddd"/><text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick} %</text>')
    for at, kind in enumerate((*KINDS, "all")):
        m = seen.of(kind)
        by = np.argsort(-seen.confidence[m], kind="stable")
        right = np.cumsum(seen.right[m][by]) / np.arange(1, m.sum() + 1)
        first = max(20, int(0.05 * m.sum()))
        points = " ".join(place((i + 1) / m.sum(), right[i]) for i in np.unique(np.linspace(first, m.sum() - 1, 120).astype(int)))
        out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[kind]}" stroke-width="2"/>')
        y = TOP + up - 16 * (4 - at)
        out.append(f'<path d="M{LEFT + 12} {y - 4}h20" stroke="{COLOURS[kind]}" stroke-width="2"/><text x="{LEFT + 38}" y="{y}">{kind}</text>')
    out.append(f'<text x="{LEFT + across / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">most confident share of the rows; upwards: right at six digits</text></svg>')
    return "\n".join(out) + "\n"
