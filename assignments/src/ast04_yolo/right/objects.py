# ---
# title: "Boxes as objects, generators, recursion"
# ---

# %% q01_to_corners
from dataclasses import astuple, dataclass


@dataclass
class Box:
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self):
        return max(self.x2 - self.x1, 0) * max(self.y2 - self.y1, 0)

    def __and__(self, other):
        return Box(
            max(self.x1, other.x1), max(self.y1, other.y1), min(self.x2, other.x2), min(self.y2, other.y2)
        )

    def overlap(self, other):
        shared = (self & other).area
        union = self.area + other.area - shared
        return shared / union if union else 0.0

    @classmethod
    def around(cls, x, y, w, h):
        return cls(x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def to_corners(rows, height, width):
    return [astuple(Box.around(x * width, y * height, w * width, h * height)) for x, y, w, h in rows]


# %% q02_iou
def iou(a, b):
    others = [Box(*row) for row in b]
    return np.array([[Box(*row).overlap(other) for other in others] for row in a])


# %% q03_nms
def nms(overlap, scores, classes, threshold):
    def keep(order):
        if not order:
            return []
        first, *rest = order
        return [
            first,
            *keep([i for i in rest if classes[i] != classes[first] or overlap[first][i] <= threshold]),
        ]

    return keep(sorted(range(len(scores)), key=scores.__getitem__, reverse=True))


# %% q04_best_anchor
def best_anchor(sizes, anchors):
    shapes = [Box.around(0, 0, w, h) for w, h in anchors]
    return [
        max(range(len(shapes)), key=lambda k: Box.around(0, 0, w, h).overlap(shapes[k])) for w, h in sizes
    ]


# %% q06_decode
from scipy.special import expit


def decode(output, anchors, side):
    def found():
        for row, line in enumerate(output):
            for column, cell in enumerate(line):
                for t, anchor in zip(cell, anchors):
                    x, y = np.add(expit(t[:2]), (column, row)) * side / len(output)
                    yield astuple(Box.around(x, y, *(anchor * np.exp(t[2:4])))), expit(t[4]) * expit(t[5:])

    boxes, scores = zip(*found())
    shape = output.shape[:3]
    return np.reshape(boxes, (*shape, -1)), np.reshape(scores, (*shape, -1))


# %% q08_match
def match(overlap, scores, threshold):
    free, right = set(range(len(overlap[0]))), set()
    for i in sorted(range(len(scores)), key=scores.__getitem__, reverse=True):
        if free:
            best = max(free, key=overlap[i].__getitem__)
            if overlap[i][best] >= threshold:
                free.remove(best)
                right.add(i)
    return [i in right for i in range(len(scores))]


# %% q09_average_precision
def average_precision(hits, scores, count):
    ranked = [hit for _, hit in sorted(zip(scores, hits), key=lambda pair: pair[0], reverse=True)]
    if not ranked:
        return 0.0
    found, curve = 0, []
    for place, hit in enumerate(ranked, start=1):
        found += int(hit)
        curve.append((found / count, found / place))
    recall = [0, *(r for r, _ in curve)]
    best = [max(p for _, p in curve[i:]) for i in range(len(curve))]
    return np.trapezoid(
        [best[0], *best], recall
    )  # between hits the curve is flat: lines are as good as steps
