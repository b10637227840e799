# ---
# title: "Pads with the border; takes a larger step in the layer that strides"
# loses:
#   q04_atrous_test: "padded with the border: beyond the image there are zeros"
#   q05_receptive_field_test: "its own stride: a layer"
#   q06_class_iou_test: "a class in neither has no IoU"
# ---
# %% q04_atrous
def atrous(image, kernel, rate):
    h, w, _ = image.shape
    size = len(kernel)
    border = rate * (size // 2)
    padded = np.pad(image, [(border, border)] * 2 + [(0, 0)], mode="edge")
    out = np.zeros((*(h, w), kernel.shape[-1]))
    for i in range(size):
        for j in range(size):
            part = padded[i * rate : i * rate + len(out), j * rate : j * rate + out.shape[1]]
            out += part @ kernel[i, j]
    return out


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += (kernel - 1) * dilation * jump
    return size, jump


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    scores = []
    for c in range(classes):
        a, b = masks == c, predictions == c
        union = (a | b).sum()
        scores.append((a & b).sum() / union if union else 1.0)
    return scores
