# ---
# title: "Without a loop where there need not be one"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    half = np.array([[1, 0, -0.5, 0], [0, 1, 0, -0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]])
    return rows @ half.T * [width, height, width, height]


# %% q02_iou
def iou(a, b):
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    w = np.clip(np.minimum.outer(a[:, 2], b[:, 2]) - np.maximum.outer(a[:, 0], b[:, 0]), 0, None)
    h = np.clip(np.minimum.outer(a[:, 3], b[:, 3]) - np.maximum.outer(a[:, 1], b[:, 1]), 0, None)
    area_a, area_b = (
        np.diff(a[:, [0, 2]]) * np.diff(a[:, [1, 3]]),
        np.diff(b[:, [0, 2]]) * np.diff(b[:, [1, 3]]),
    )
    with np.errstate(all="ignore"):
        return np.nan_to_num(w * h / (area_a + area_b.T - w * h))


# %% q03_nms
def nms(overlap, scores, classes, threshold):
    alive = np.ones(len(scores), bool)
    order = np.argsort(scores)[::-1]
    clash = (overlap > threshold) & (classes[:, None] == classes)
    for i in order:
        if alive[i]:
            others = clash[i].copy()
            others[i] = False
            alive &= ~others
    return order[alive[order]]


# %% q04_best_anchor
def best_anchor(sizes, anchors):
    w, h = np.hsplit(np.asarray(sizes, float), 2)
    p, q = np.asarray(anchors, float).T
    shared = np.minimum(w, p) * np.minimum(h, q)
    return (shared / (w * h + p * q - shared)).argmax(1)


# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = np.zeros((cells, cells, len(anchors), 5 + classes), "float32")
    place = (boxes[:, :2] + boxes[:, 2:]) * (cells / side / 2)
    offset, corner = np.modf(place)
    column, row = corner.astype(int).T
    sizes = np.log((boxes[:, 2:] - boxes[:, :2]) / anchors[which])
    one = np.ones((len(boxes), 1))
    targets[row, column, which] = np.hstack([offset, sizes, one, np.eye(classes)[labels]])
    return targets


# %% q06_decode
def decode(output, anchors, side):
    cells = output.shape[0]
    p = 0.5 + 0.5 * np.tanh(output / 2)
    x = (p[..., 0] + np.arange(cells)[None, :, None]) * (side / cells)
    y = (p[..., 1] + np.arange(cells)[:, None, None]) * (side / cells)
    w, h = np.exp(output[..., 2]) * anchors[:, 0], np.exp(output[..., 3]) * anchors[:, 1]
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], -1)
    return [boxes, np.einsum("...,...c->...c", p[..., 4], p[..., 5:])]


# %% q07_box_loss
def box_loss(output, targets):
    guess = np.concatenate([0.5 + 0.5 * np.tanh(output[..., :2] / 2), output[..., 2:4]], -1)
    squares = ((guess - targets[..., :4]) ** 2).sum(-1)
    return (targets[..., 4] * squares).sum() / np.maximum(targets[..., 4].sum(), 1)


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    cost = np.logaddexp(0, np.where(there, -logits, logits))
    return np.array([cost[there].sum(), cost[~there & ~(overlap > ignore_above)].sum()]) / max(1, there.sum())


# %% q08_match
def match(overlap, scores, threshold):
    free = np.ones(overlap.shape[1], bool)
    hits = np.zeros(len(scores), int)
    for i in np.lexsort([-scores]):
        candidates = np.where(free, overlap[i], -np.inf)
        if candidates.max() >= threshold:
            hits[i] = 1
            free[candidates.argmax()] = False
    return hits


# %% q09_average_precision
def average_precision(hits, scores, count):
    tp = np.cumsum(hits[np.argsort(scores)[::-1]])
    recall = np.r_[0, tp / count]
    precision = np.r_[0, tp / np.arange(1, len(tp) + 1)]
    return np.diff(recall) @ np.maximum.accumulate(precision[:0:-1])[::-1]
