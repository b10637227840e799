"""Classical classifiers on the features of a network: one model from images to probabilities.

References:
    Sharif Razavian et al., 2014, CNN Features off-the-shelf: an Astounding Baseline for Recognition.
    Platt, 1999, Probabilistic outputs for support vector machines.
"""

import numpy as np

HEADS = ("naive_bayes", "svm", "random_forest", "gradient_boosting", "logistic_regression")


def make_head(name, seed=0):
    """A scikit-learn classifier with settings that suit a thousand features and some hundred images.

    Args:
        name: one of `HEADS`.
        seed: of those that draw.

    Returns:
        A scikit-learn classifier with `predict_proba`, not fitted.

    Raises:
        ValueError: if there is none of that name.

    Notes:
        Where distances or a penalty count (SVM, logistic regression) features are standardised first. A
        support vector machine has no probabilities of its own: Platt's method fits them by cross-validation
        in three parts, so it needs three images a class.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if name == "naive_bayes":
        return GaussianNB()
    if name == "svm":
        return CalibratedClassifierCV(make_pipeline(StandardScaler(), SVC()), cv=3, ensemble=False)
    if name == "random_forest":
        return RandomForestClassifier(300, random_state=seed)
    if name == "gradient_boosting":
        return GradientBoostingClassifier(subsample=0.8, max_features="sqrt", random_state=seed)
    if name == "logistic_regression":
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    raise ValueError(
        f"head must be one of {', '.join(HEADS)}, or a scikit-learn classifier with predict_proba, "
        f"got {name!r}"
    )


class FeatureClassifier:
    """A feature extractor and a scikit-learn classifier as one model, from images to probabilities.

    Args:
        extractor: a `cvlib.models.transfer.FeatureExtractor`.
        head: one of "naive_bayes", "svm", "random_forest", "gradient_boosting", "logistic_regression", or a
            scikit-learn classifier with `predict_proba`.
        seed: of the heads that draw.

    Attributes:
        extractor: as given.
        head: the scikit-learn classifier.
        classes: the labels, one a column of the probabilities; known after `fit`.

    Raises:
        ValueError: if `head` is not known or gives no probabilities.

    Example:
        >>> import numpy as np
        >>> from cvlib.models import transfer
        >>> extractor = transfer.feature_extractor(input_shape=(32, 32, 3), weights=None, cache=False)
        >>> model = FeatureClassifier(extractor, "naive_bayes")
        >>> images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype="uint8")
        >>> model.fit(images, np.array([0, 1] * 3), verbose=0).predict(images, verbose=0).shape
        (6, 2)
    """

    def __init__(self, extractor, head="logistic_regression", seed=0):
        self.extractor = extractor
        self.head = make_head(head, seed) if isinstance(head, str) else head
        if not hasattr(self.head, "fit") or not hasattr(self.head, "predict_proba"):
            raise ValueError(
                f"head must have fit and predict_proba, {type(self.head).__name__} has not: "
                "wrap it in sklearn.calibration.CalibratedClassifierCV"
            )

    @property
    def classes(self):
        """The labels, one a column of what `predict` returns."""
        return self.head.classes_

    def fit(self, images, labels=None, verbose=1):
        """Learn from images.

        Args:
            images: as for `FeatureExtractor`; batches may carry the labels.
            labels: (N,) integers or names, or one-hot (N, classes); None where the batches carry them.
            verbose: 1 for a progress bar, 0 for silence.

        Returns:
            This model.

        Raises:
            ValueError: if labels are missing, not one an image, or all the same.
        """
        features = self.extractor(images, verbose=verbose)
        if isinstance(features, tuple):
            features, labels = features
        if labels is None:
            raise ValueError("labels are missing: give them beside the images, or batches that carry them")
        labels = np.asarray(labels)
        if labels.ndim == 2:
            labels = labels.argmax(1) if labels.shape[1] > 1 else labels[:, 0]
        if len(labels) != len(features):
            raise ValueError(f"labels must be one an image ({len(features)}), got {len(labels)}")
        if len(np.unique(labels)) < 2:
            raise ValueError(f"labels must have at least two classes, all {len(labels)} are {labels[0]}")
        self.head.fit(features, labels)
        return self

    def predict(self, images, verbose=1):
        """Probabilities of each class.

        Args:
            images: as for `FeatureExtractor`.
            verbose: 1 for a progress bar, 0 for silence.

        Returns:
            float32 (N, classes), columns as in `classes`.
        """
        features = self.extractor(images, verbose=verbose)
        if isinstance(features, tuple):
            features = features[0]
        return self.head.predict_proba(features).astype("float32")
