"""Transfer learning in the three ways of the lectures.

1. The pretrained network as the classifier that it is: `pretrained` and `decode`.
2. As a feature extractor, under a Keras head (`classifier` with `fit_head`) or a scikit-learn classifier
   (`FeatureExtractor` with `FeatureClassifier`); features are computed once.
3. Fine-tuned by share of the network: `classifier`, `freeze`, `trainable`; layer by layer with
   `cvlib.train.unfreeze.gradually`.

`advise` says which of them suits a data set, and why.
"""

from cvlib._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    names={
        "FeatureClassifier": "sklearn_heads",
        "FeatureExtractor": "features",
        "advise": "advice",
        "backbone_of": "networks",
        "classifier": "networks",
        "decode": "networks",
        "feature_extractor": "features",
        "fit_head": "keras_head",
        "freeze": "freezing",
        "pretrained": "networks",
        "trainable": "freezing",
    },
)
