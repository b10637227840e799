# ---
# title: "Step by step, in single precision, with masks in place of lists"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    boxes = rows.astype(np.float32).copy()
    boxes[:, 0] = width * (rows[:, 0] - rows[:, 2] / 2)
    boxes[:, 1] = height * (rows[:, 1] - rows[:, 3] / 2)
    boxes[:, 2] = width * (rows[:, 0] + rows[:, 2] / 2)
    boxes[:, 3] = height * (rows[:, 1] + rows[:, 3] / 2)
    return boxes


# %% q02_iou
def iou(a, b):
    result = np.zeros((len(a), len(b)), np.float32)
    for i, box in enumerate(a):
        width = (np.minimum(box[2], b[:, 2]) - np.maximum(box[0], b[:, 0])).clip(min=0)
        height = (np.minimum(box[3], b[:, 3]) - np.maximum(box[1], b[:, 1])).clip(min=0)
        inter = width * height
        union = (box[2] - box[0]) * (box[3] - box[1]) + (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) - inter
        result[i] = inter / np.maximum(union, 1e-12)
    return result


# %% q03_nms
def nms(overlap, scores, classes, threshold):
    # Each class by itself, then all that is left by score.
    keep = []
    for c in np.unique(classes):
        todo = np.where(classes == c)[0]
        while todo.size > 0:
            best = todo[scores[todo].argmax()]
            keep.append(best)
            todo = todo[(overlap[best, todo] <= threshold) & (todo != best)]
    keep = np.array(keep, dtype=int)
    return keep[np.argsort(-scores[keep])]


# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    y = np.zeros((cells, cells, len(anchors), classes + 5), dtype=np.float32)
    for i in range(boxes.shape[0]):
        centre_x = boxes[i, [0, 2]].mean() / side
        centre_y = boxes[i, [1, 3]].mean() / side
        col, row = int(np.floor(centre_x * cells)), int(np.floor(centre_y * cells))
        k = which[i]
        y[row, col, k, 0] = centre_x * cells - col
        y[row, col, k, 1] = centre_y * cells - row
        y[row, col, k, 2] = np.log(boxes[i, 2] - boxes[i, 0]) - np.log(anchors[k, 0])
        y[row, col, k, 3] = np.log(boxes[i, 3] - boxes[i, 1]) - np.log(anchors[k, 1])
        y[row, col, k, 4] = 1
        y[row, col, k, 5:] = keras.utils.to_categorical(labels[i], classes)
    return y


# %% q07_box_loss
def box_loss(output, targets):
    mask = targets[..., 4] > 0.5
    n = mask.sum()
    if n == 0:
        return 0.0
    xy = 1.0 / (1.0 + np.exp(-output[mask][:, 0:2]))
    wh = output[mask][:, 2:4]
    return np.square(np.hstack([xy, wh]) - targets[mask][:, :4]).sum() / n


# %% q08_match
def match(overlap, scores, threshold):
    overlap = overlap.copy()
    hits = np.full(len(scores), False)
    for _ in range(len(scores)):
        i = int(np.argmax(np.where(np.isnan(scores), -1, scores)))
        scores = np.where(np.arange(len(scores)) == i, np.nan, scores)
        j = overlap[i].argmax()
        if overlap[i, j] >= threshold:
            hits[i] = True
            overlap[:, j] = -1
    return hits


# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = np.array([hit for _, hit in sorted(zip(scores, hits), reverse=True)], dtype=np.float32)
    precision = np.cumsum(hits) / (np.arange(len(hits)) + 1)
    for i in range(len(hits) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    return sum(precision[i] for i in range(len(hits)) if hits[i]) / count
