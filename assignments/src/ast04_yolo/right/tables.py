# ---
# title: "With pandas, and scikit-learn's distance of pairs"
# ---

# %% q02_iou
import pandas as pd


def iou(a, b):
    names = ["x1", "y1", "x2", "y2"]
    pairs = pd.DataFrame(a, columns=names).merge(
        pd.DataFrame(b, columns=names), how="cross", suffixes=("", "_b")
    )
    w = (pairs[["x2", "x2_b"]].min(axis=1) - pairs[["x1", "x1_b"]].max(axis=1)).clip(lower=0)
    h = (pairs[["y2", "y2_b"]].min(axis=1) - pairs[["y1", "y1_b"]].max(axis=1)).clip(lower=0)
    own = (pairs.x2 - pairs.x1) * (pairs.y2 - pairs.y1) + (pairs.x2_b - pairs.x1_b) * (
        pairs.y2_b - pairs.y1_b
    )
    return (w * h / (own - w * h)).fillna(0).to_numpy().reshape(len(a), len(b))


# %% q03_nms
def nms(overlap, scores, classes, threshold):
    table = pd.DataFrame({"score": scores, "class": classes}).sort_values("score", ascending=False)
    kept = []
    for i, row in table.iterrows():
        rivals = [j for j in kept if classes[j] == row["class"]]
        if not rivals or overlap[i, rivals].max() <= threshold:
            kept.append(i)
    return pd.Series(kept, dtype=int)


# %% q04_best_anchor
from sklearn.metrics import pairwise_distances


def best_anchor(sizes, anchors):
    def apart(a, b):
        shared = np.minimum(a, b).prod()
        return 1 - shared / (a.prod() + b.prod() - shared)

    return pairwise_distances(sizes, anchors, metric=apart).argmin(axis=1)


# %% q08_match
def match(overlap, scores, threshold):
    left = pd.DataFrame(overlap)
    hits = pd.Series(False, index=range(len(scores)))
    for i in pd.Series(scores).sort_values(ascending=False).index:
        if left.shape[1] and left.loc[i].max() >= threshold:
            hits[i] = True
            left = left.drop(columns=left.loc[i].idxmax())
    return hits.to_numpy()


# %% q09_average_precision
def average_precision(hits, scores, count):
    table = pd.DataFrame({"hit": hits, "score": scores}).sort_values(
        "score", ascending=False, ignore_index=True
    )
    table["precision"] = table.hit.astype(float).expanding().mean()
    table["best"] = table.precision[::-1].cummax()[::-1]
    return float(table.best[table.hit.astype(bool)].sum() / count)
