# ---
# title: "With the library's own functions"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    return cvlib.boxes.convert(rows, "rel_cxcywh", "xyxy", image_size=(height, width))


# %% q02_iou
def iou(a, b):
    return cvlib.boxes.iou(a, b)


# %% q04_best_anchor
def best_anchor(sizes, anchors):
    def centred(shapes):
        return np.concatenate([-np.asarray(shapes) / 2, np.asarray(shapes) / 2], axis=1)

    return cvlib.boxes.iou(centred(sizes), centred(anchors)).argmax(axis=1)


# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    layers = []
    for k, anchor in enumerate(anchors):
        mine = np.asarray(which) == k
        encoded = cvlib.boxes.yolo_encode(
            [boxes[mine]], [labels[mine]], (side, side), [[anchor]], classes, strides=[side // cells]
        )
        layers.append(encoded[0][0])
    return np.concatenate(layers, axis=2)


# %% q06_decode
def decode(output, anchors, side):
    cells, _, count, numbers = output.shape
    boxes, there, kinds = cvlib.boxes.yolo_decode([output[None]], [anchors], (side, side))
    scores = there[..., None] * kinds
    return boxes.reshape(cells, cells, count, 4), scores.reshape(cells, cells, count, numbers - 5)


# %% q07_object_loss
from scipy.special import log_expit


def object_loss(logits, there, overlap, ignore_above):
    objects = max(np.count_nonzero(there), 1)
    empty = np.logical_and(np.logical_not(there), overlap <= ignore_above)
    return -log_expit(logits[there]).sum() / objects, -log_expit(-logits[empty]).sum() / objects


# %% q09_average_precision
from sklearn.metrics import precision_recall_curve


def average_precision(hits, scores, count):
    if not np.any(hits):
        return 0.0
    precision, recall, _ = precision_recall_curve(hits, scores)
    precision, recall = precision[:-1], recall[:-1] * np.sum(hits) / count  # from the lowest score upwards
    best = np.maximum.accumulate(precision)
    return float(np.sum((recall - np.append(recall[1:], 0)) * best))
