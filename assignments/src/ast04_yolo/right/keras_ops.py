# ---
# title: "With keras.ops: tensors come back"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    rows = keras.ops.convert_to_tensor(rows, "float32")
    centre, size = rows[:, :2], rows[:, 2:]
    corners = keras.ops.concatenate([centre - size / 2, centre + size / 2], axis=-1)
    return corners * keras.ops.convert_to_tensor([width, height, width, height], "float32")


# %% q02_iou
def iou(a, b):
    a = keras.ops.expand_dims(keras.ops.cast(a, "float32"), 1)
    b = keras.ops.expand_dims(keras.ops.cast(b, "float32"), 0)
    size = keras.ops.minimum(a[..., 2:], b[..., 2:]) - keras.ops.maximum(a[..., :2], b[..., :2])
    shared = keras.ops.prod(keras.ops.relu(size), axis=-1)
    union = keras.ops.prod(a[..., 2:] - a[..., :2], -1) + keras.ops.prod(b[..., 2:] - b[..., :2], -1) - shared
    return keras.ops.divide_no_nan(shared, union)


# %% q04_best_anchor
def best_anchor(sizes, anchors):
    sizes = keras.ops.cast(sizes, "float32")[:, None]
    anchors = keras.ops.cast(anchors, "float32")[None]
    shared = keras.ops.prod(keras.ops.minimum(sizes, anchors), -1)
    union = keras.ops.prod(sizes, -1) + keras.ops.prod(anchors, -1) - shared
    return keras.ops.argmax(shared / union, axis=-1)


# %% q06_decode
def decode(output, anchors, side):
    output = keras.ops.cast(output, "float32")
    cells = output.shape[0]
    steps = keras.ops.arange(cells, dtype="float32")
    columns, rows = keras.ops.meshgrid(steps, steps)
    x = (keras.ops.sigmoid(output[..., 0]) + columns[..., None]) * side / cells
    y = (keras.ops.sigmoid(output[..., 1]) + rows[..., None]) * side / cells
    half = keras.ops.exp(output[..., 2:4]) * keras.ops.cast(anchors, "float32") / 2
    centre = keras.ops.stack([x, y], -1)
    boxes = keras.ops.concatenate([centre - half, centre + half], -1)
    return boxes, keras.ops.sigmoid(output[..., 4:5]) * keras.ops.sigmoid(output[..., 5:])


# %% q07_box_loss
def box_loss(output, targets):
    output, targets = keras.ops.cast(output, "float32"), keras.ops.cast(targets, "float32")
    there = targets[..., 4]
    guess = keras.ops.concatenate([keras.ops.sigmoid(output[..., :2]), output[..., 2:4]], -1)
    squares = keras.ops.sum(keras.ops.square(guess - targets[..., :4]), -1)
    return keras.ops.sum(there * squares) / keras.ops.maximum(keras.ops.sum(there), 1)


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    logits = keras.ops.cast(logits, "float32")
    count = max(np.sum(there), 1)
    missed = keras.ops.sum(keras.ops.where(there, keras.ops.softplus(-logits), 0))
    empty = np.logical_not(there) & (overlap <= ignore_above)
    invented = keras.ops.sum(keras.ops.where(empty, keras.ops.softplus(logits), 0))
    return missed / count, invented / count


# %% q09_average_precision
def average_precision(hits, scores, count):
    if len(hits) == 0:
        return keras.ops.convert_to_tensor(0.0)
    order = keras.ops.argsort(-keras.ops.cast(scores, "float32"))
    hits = keras.ops.take(keras.ops.cast(hits, "float32"), order)
    precision = keras.ops.cumsum(hits) / keras.ops.arange(1, len(hits) + 1, dtype="float32")
    falling = [keras.ops.max(precision[i:]) for i in range(len(hits))]
    return keras.ops.sum(keras.ops.stack(falling) * hits) / count
