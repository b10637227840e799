"""Where a model places images before it decides: its second-last layer, in two or three dimensions."""

import numpy as np

from cvlib.explain.batches import batches
from cvlib.explain.forward import Reader, built, tapped, unchanged
from cvlib.explain.layers import all_layers


def embed(model, images, layer=None):
    """The vector that stands for each image just before the decision.

    Args:
        model: any `keras.Model`: flat, nested, Sequential, subclassed.
        images: array (N, H, W, C), or something that gives batches: a generator, a `tf.data.Dataset`.
        layer: the layer whose result is taken, or its name. By default the second-last: what goes into the
            last layer that has weights.

    Returns:
        float32 array (N, D). Maps are averaged over their places.

    Raises:
        ValueError: if there is no such layer, or the images do not fit the model.
    """
    reader, vectors = None, []
    for batch in batches(images):
        if reader is None:
            last = layer is None
            reader = Reader(model, [_last_with_weights(model, batch) if last else layer], inputs=last)
        values = reader(batch)[0]
        vectors.append(values.mean(axis=tuple(range(1, values.ndim - 1))))
    return np.concatenate(vectors)


def project(vectors, dimensions=2, method="pca", seed=0):
    """Vectors as points that can be drawn.

    Args:
        vectors: float array (N, D).
        dimensions: 2 or 3.
        method: `"pca"` keeps the directions in which the vectors differ most: distances mean something.
            `"tsne"` keeps neighbours together: groups mean something, the distances between them do not.
        seed: of t-SNE.

    Returns:
        float32 array (N, dimensions).

    Raises:
        ValueError: if an argument is none of these, vectors are not finite, or there are too few.

    References:
        van der Maaten and Hinton, 2008, Visualizing Data using t-SNE.
    """
    vectors = np.asarray(vectors, "float32")
    if vectors.ndim != 2:
        raise ValueError(f"vectors must be (N, D), got shape {vectors.shape}")
    if dimensions not in (2, 3):
        raise ValueError(f"dimensions must be 2 or 3, got {dimensions!r}")
    if method not in ("pca", "tsne"):
        raise ValueError(f'method must be "pca" or "tsne", got {method!r}')
    if min(vectors.shape) < dimensions or len(vectors) < 4:
        raise ValueError(
            f"vectors must be at least 4, each of {dimensions} numbers or more, got shape {vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite, but some are NaN or infinite")
    from sklearn.decomposition import PCA

    if method == "pca":
        return PCA(dimensions, random_state=seed).fit_transform(vectors).astype("float32")
    from sklearn.manifold import TSNE

    if min(vectors.shape) > 50:  # as its authors advise: less noise, and much faster
        vectors = PCA(50, random_state=seed).fit_transform(vectors)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    tsne = TSNE(dimensions, perplexity=perplexity, init="pca", random_state=seed)
    return tsne.fit_transform(vectors).astype("float32")


def _last_with_weights(model, images):
    """The last layer with weights to run: the one that decides."""
    ran = []
    built(model, images)
    leaves = [layer for layer in all_layers(model) if not layer._layers and layer.weights]
    with unchanged(model), tapped(leaves, lambda layer, *_: ran.append(layer)):
        model(images[:1], training=False)
    if not ran:
        raise ValueError(f"the model {model.name!r} has no layer with weights: name a layer")
    return ran[-1]
