# ---
# title: "Everything in plain loops and lists"
# ---

# %% q01_transposed
def transposed(image, kernel, stride):
    height, width = len(image), len(image[0])
    rows, columns = len(kernel), len(kernel[0])
    out = [[0.0] * ((width - 1) * stride + columns) for _ in range((height - 1) * stride + rows)]
    for i in range(height):
        for j in range(width):
            for k in range(rows):
                for l in range(columns):
                    out[i * stride + k][j * stride + l] += float(image[i][j]) * float(kernel[k][l])
    return out


# %% q02_crop_same
def crop_same(full, kernel, stride):
    rows = [list(row) for row in full]
    front = True
    sides = []
    for _ in range(kernel - stride):
        front = not front
        sides.append("front" if front else "end")
    for side in sides:
        kept = slice(1, None) if side == "front" else slice(None, -1)
        rows = [row[kept] for row in rows[kept]]
    return rows


# %% q03_bilinear_kernel
def bilinear_kernel(factor):
    cells = 2 * factor if factor % 2 == 0 else 2 * factor - 1
    middle = (cells - 1) / 2
    kernel = []
    for i in range(cells):
        kernel.append([])
        for j in range(cells):
            kernel[i].append((1 - abs(i - middle) / factor) * (1 - abs(j - middle) / factor))
    return kernel


# %% q04_atrous
def atrous(image, kernel, rate):
    height, width, channels = np.shape(image)
    size, filters = len(kernel), np.shape(kernel)[3]
    m = (size - 1) // 2
    out = [[[0.0] * filters for _ in range(width)] for _ in range(height)]
    for y in range(height):
        for x in range(width):
            for i in range(size):
                for j in range(size):
                    row, column = y + (i - m) * rate, x + (j - m) * rate
                    if 0 <= row < height and 0 <= column < width:
                        for c in range(channels):
                            for f in range(filters):
                                out[y][x][f] += image[row][column][c] * kernel[i][j][c][f]
    return out


# %% q05_receptive_field
def receptive_field(layers):
    size = 1
    jump = 1
    for layer in layers:
        kernel, stride, dilation = layer
        for _ in range(kernel - 1):
            size = size + dilation * jump
        jump = jump * stride
    return [size, jump]


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    both, either = [0] * classes, [0] * classes
    for mask, prediction in zip(masks, predictions):
        for true_row, called_row in zip(mask, prediction):
            for t, p in zip(true_row, called_row):
                if t == p:
                    both[t] += 1
                    either[t] += 1
                else:
                    either[t] += 1
                    either[p] += 1
    return [b / e if e else float("nan") for b, e in zip(both, either)]


# %% q06_image_dice
def image_dice(masks, predictions):
    scores = []
    for mask, prediction in zip(masks, predictions):
        a = b = both = 0
        for true_row, called_row in zip(mask, prediction):
            for t, p in zip(true_row, called_row):
                a += int(t)
                b += int(p)
                both += int(t) * int(p)
        if a + b == 0:
            scores.append(1)
        else:
            scores.append(2 * both / (a + b))
    return scores


# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    from math import exp, log

    total, n = 0.0, 0
    for image, truth in zip(logits, labels):
        for row, true_row in zip(image, truth):
            for z, y in zip(row, true_row):
                if y == ignore_index:
                    continue
                most = max(z)
                total += log(sum(exp(v - most) for v in z)) - (z[y] - most)
                n += 1
    return total / n if n > 0 else 0


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    from math import exp

    gradient = np.zeros(logits.shape)
    n = 0
    for b in range(logits.shape[0]):
        for i in range(logits.shape[1]):
            for j in range(logits.shape[2]):
                if labels[b, i, j] != ignore_index:
                    n += 1
                    z = [v - max(logits[b, i, j]) for v in logits[b, i, j]]
                    below = sum(exp(v) for v in z)
                    for c in range(len(z)):
                        gradient[b, i, j, c] = exp(z[c]) / below - (1 if c == labels[b, i, j] else 0)
    if n == 0:
        return gradient
    return gradient / n


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    losses = []
    for mask, chances in zip(masks, probabilities):
        both = total = 0
        for true_row, row in zip(mask, chances):
            for t, p in zip(true_row, row):
                both += t * p
                total += t + p
        losses.append(1 - (2 * both + smooth) / (total + smooth))
    return sum(losses) / len(losses)


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    total = 0
    maps = channels
    for width in filters:
        total += 3 * 3 * maps * width + width
        total += 3 * 3 * width * width + width
        maps = width
    for level in range(len(filters) - 2, -1, -1):
        width = filters[level]
        total += 2 * 2 * maps * width + width
        total += 3 * 3 * (width + width) * width + width
        total += 3 * 3 * width * width + width
        maps = width
    return total + maps * classes + classes
