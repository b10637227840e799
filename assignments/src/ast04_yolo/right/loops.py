# ---
# title: "Everything in plain loops"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    boxes = []
    for x, y, w, h in rows:
        left = (x - w / 2) * width
        top = (y - h / 2) * height
        boxes.append([left, top, left + w * width, top + h * height])
    return boxes


# %% q02_iou
def iou(a, b):
    table = []
    for ax1, ay1, ax2, ay2 in a:
        row = []
        for bx1, by1, bx2, by2 in b:
            w = min(ax2, bx2) - max(ax1, bx1)
            h = min(ay2, by2) - max(ay1, by1)
            shared = w * h if w > 0 and h > 0 else 0
            union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared
            row.append(shared / union if union > 0 else 0)
        table.append(row)
    return table


# %% q03_nms
def nms(overlap, scores, classes, threshold):
    order = sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)
    kept = []
    for i in order:
        good = True
        for j in kept:
            if classes[i] == classes[j] and overlap[i][j] > threshold:
                good = False
        if good:
            kept.append(i)
    return kept


# %% q04_best_anchor
def best_anchor(sizes, anchors):
    chosen = []
    for w, h in sizes:
        best, index = -1, None
        for k, (p, q) in enumerate(anchors):
            shared = min(w, p) * min(h, q)
            fit = shared / (w * h + p * q - shared)
            if fit > best:
                best, index = fit, k
        chosen.append(index)
    return chosen


# %% q05_encode
import math


def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = [[[[0.0] * (5 + classes) for _ in anchors] for _ in range(cells)] for _ in range(cells)]
    stride = side / cells
    for i in range(len(boxes)):
        x1, y1, x2, y2 = boxes[i]
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        column, row = int(x // stride), int(y // stride)
        p, q = anchors[which[i]]
        numbers = [x / stride - column, y / stride - row, math.log((x2 - x1) / p), math.log((y2 - y1) / q), 1]
        for c in range(classes):
            numbers.append(1 if c == labels[i] else 0)
        targets[row][column][which[i]] = numbers
    return targets


# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    stride = side / cells

    def sigmoid(t):
        return 1 / (1 + math.exp(-t))

    boxes, scores = [], []
    for row in range(cells):
        boxes.append([])
        scores.append([])
        for column in range(cells):
            boxes[-1].append([])
            scores[-1].append([])
            for t, (p, q) in zip(output[row][column], anchors):
                x, y = (sigmoid(t[0]) + column) * stride, (sigmoid(t[1]) + row) * stride
                w, h = p * math.exp(t[2]), q * math.exp(t[3])
                boxes[-1][-1].append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
                scores[-1][-1].append([sigmoid(t[4]) * sigmoid(c) for c in t[5:]])
    return boxes, scores


# %% q07_box_loss
def box_loss(output, targets):
    total, objects = 0, 0
    for row, goals in zip(output, targets):
        for cell, cell_goals in zip(row, goals):
            for t, goal in zip(cell, cell_goals):
                if goal[4] == 1:
                    objects += 1
                    for i in range(4):
                        value = 1 / (1 + math.exp(-t[i])) if i < 2 else t[i]
                        total += (value - goal[i]) ** 2
    if objects == 0:
        return 0
    return total / objects


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    def softplus(t):
        return max(t, 0) + math.log1p(math.exp(-abs(t)))

    missed = invented = objects = 0
    for t, real, best in zip(logits.flatten(), there.flatten(), overlap.flatten()):
        if real:
            missed += softplus(-t)
            objects += 1
        elif best <= ignore_above:
            invented += softplus(t)
    objects = objects or 1
    return missed / objects, invented / objects


# %% q08_match
def match(overlap, scores, threshold):
    taken = []
    hits = [False] * len(scores)
    for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
        best = None
        for j in range(len(overlap[i])):
            if j not in taken and (best is None or overlap[i][j] > overlap[i][best]):
                best = j
        if best is not None and overlap[i][best] >= threshold:
            hits[i] = True
            taken.append(best)
    return hits


# %% q09_average_precision
def average_precision(hits, scores, count):
    pairs = sorted(zip(scores, hits), key=lambda pair: -pair[0])
    curve, found = [], 0
    for seen, (_, hit) in enumerate(pairs, start=1):
        found += bool(hit)
        curve.append((found / count, found / seen))
    area, before = 0, 0
    for i, (recall, _) in enumerate(curve):
        area += (recall - before) * max(p for _, p in curve[i:])
        before = recall
    return area
