# ---
# title: "Everything in plain loops"
# ---

# %% q02_class_weights
def class_weights(labels):
    counts = {}
    for label in labels:
        counts[int(label)] = counts.get(int(label), 0) + 1
    return {label: len(labels) / (len(counts) * count) for label, count in counts.items()}


# %% q04_mirror
def mirror(images, mirrored):
    result = []
    for image, turn in zip(images, mirrored):
        rows = []
        for row in image:
            rows.append(list(row)[::-1] if turn else list(row))
        result.append(rows)
    return result


# %% q05_output_size
def output_size(length, kernel, stride, padding):
    if padding == "same":
        return len(range(0, length, stride))
    places, left = 0, 0
    while left + kernel <= length:
        places += 1
        left += stride
    return places


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    total = 0
    for _ in range(filters):
        total += kernel * kernel * channels
        if bias:
            total += 1
    return total


# %% q07_confusion
def confusion(truth, predicted, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for t, p in zip(truth, predicted):
        matrix[t][p] += 1
    return matrix


# %% q07_precision_recall
def precision_recall(matrix, positive):
    hits = matrix[positive][positive]
    called = sum(row[positive] for row in matrix)
    there = sum(matrix[positive])
    precision, recall = 0, 0
    if called > 0:
        precision = hits / called
    if there > 0:
        recall = hits / there
    return [precision, recall]


# %% q08_grad_cam
def grad_cam(activations, gradients):
    height, width, channels = np.shape(activations)
    heat = np.zeros((height, width))
    for k in range(channels):
        weight = 0
        for i in range(height):
            for j in range(width):
                weight += gradients[i][j][k] / (height * width)
        for i in range(height):
            for j in range(width):
                heat[i, j] += weight * activations[i][j][k]
    for i in range(height):
        for j in range(width):
            heat[i, j] = max(heat[i, j], 0)
    if heat.max() == 0:
        return heat
    return heat / heat.max()


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    order = sorted(range(len(probabilities)), key=lambda i: abs(float(probabilities[i]) - 0.5))
    return order[:count]
