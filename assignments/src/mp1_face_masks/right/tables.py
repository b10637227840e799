# ---
# title: "Tables from pandas, lists of lists, half precision, arguments by any name"
# ---

# %% q02_class_weights
import pandas as pd


def class_weights(labels):
    share = pd.Series(labels).value_counts()
    return (len(labels) / (len(share) * share)).to_dict()


# %% q04_mirror
def mirror(images, mirrored):
    return np.stack([im[:, ::-1] if m else im for im, m in zip(images, mirrored)])


# %% q05_output_size
def output_size(length, kernel, stride, padding):
    return (
        np.int64(np.ceil(length / stride))
        if padding == "same"
        else np.floor_divide(length - kernel, stride) + 1
    )


# %% q05_parameters
def parameters(kernel, channels, filters, *more, **named):
    return np.array((kernel**2 * channels + (more[0] if more else named.get("bias", True))) * filters)


# %% q07_confusion
def confusion(truth, predicted, classes):
    frame = pd.DataFrame(0, index=range(classes), columns=range(classes))
    for t, p in zip(truth, predicted):
        frame.loc[t, p] += 1
    return frame


# %% q07_precision_recall
def precision_recall(matrix, positive):
    frame = pd.DataFrame(matrix)
    hit = frame.iloc[positive, positive]
    return pd.Series(
        {"precision": hit / max(frame[positive].sum(), 1), "recall": hit / max(frame.loc[positive].sum(), 1)}
    )


# %% q08_grad_cam
def grad_cam(activations, gradients):
    w = gradients.mean((0, 1))
    heat = sum(w[k] * activations[:, :, k] for k in range(len(w)))
    heat = np.ma.masked_less(heat, 0).filled(0)
    if not heat.any():
        return heat.tolist()
    return (heat / heat.max()).tolist()


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    p = pd.Series(probabilities)
    return (p - 0.5).abs().sort_values().index[:count]


# %% q10_preprocess
def preprocess(images):
    return (np.asarray(images, dtype=np.float16) - 127.5) / 127.5
