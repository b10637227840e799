import keras
import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from cvlib.models import transfer
from cvlib.models.transfer.sklearn_heads import HEADS

SHAPE = (32, 32, 3)
LABELS = np.arange(18) % 3
IMAGES = (np.random.default_rng(0).integers(0, 80, (18, *SHAPE)) + 80 * LABELS[:, None, None, None]).astype(
    "uint8"
)


@pytest.fixture(scope="module")
def model():
    """A classifier as `transfer.classifier` builds it, on a backbone of one convolution."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE)
    backbone = keras.Model(inputs, keras.layers.Conv2D(8, 3, activation="relu", name="conv")(inputs))
    images = keras.Input(SHAPE, name="images")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(keras.layers.Rescaling(1 / 255)(images)))
    return keras.Model(images, keras.layers.Dense(3, "softmax", name="predictions")(x))


class Batches(keras.utils.PyDataset):
    def __init__(self, order):
        super().__init__()
        self.order = order

    def __len__(self):
        return -(-len(self.order) // 4)

    def __getitem__(self, index):
        rows = self.order[index * 4 : index * 4 + 4]
        return IMAGES[rows], LABELS[rows]


def test_features_are_what_the_networks_own_pooling_layer_gives(model):
    extractor = transfer.FeatureExtractor(model, cache=False)
    pooled = keras.Model(model.input, model.get_layer("pool").output)
    np.testing.assert_allclose(extractor(IMAGES, verbose=0), pooled.predict(IMAGES, verbose=0), atol=1e-5)


def test_an_image_is_computed_once_in_whatever_order_and_batch_it_comes(model, tmp_path):
    first = transfer.FeatureExtractor(model, cache=tmp_path)
    features = first(IMAGES, verbose=0)
    assert first.computed == len(IMAGES)
    order = np.random.default_rng(1).permutation(len(IMAGES))
    again, labels = first(Batches(order), verbose=0)
    np.testing.assert_array_equal(again, features[order])
    np.testing.assert_array_equal(labels, LABELS[order])
    assert first.computed == len(IMAGES)


def test_features_are_found_on_disk_by_another_session(model, tmp_path):
    features = transfer.FeatureExtractor(model, cache=tmp_path)(IMAGES, verbose=0)
    second = transfer.FeatureExtractor(keras.models.clone_model(model), cache=tmp_path)
    second.model.set_weights(transfer.FeatureExtractor(model, cache=False).model.get_weights())
    np.testing.assert_array_equal(second(IMAGES, verbose=0), features)
    assert second.computed == 0


def test_a_changed_image_or_weight_is_computed_again(model, tmp_path):
    extractor = transfer.FeatureExtractor(model, cache=tmp_path)
    features = extractor(IMAGES, verbose=0)
    changed = IMAGES.copy()
    changed[3, 0, 0, 0] ^= 255
    extractor(changed, verbose=0)
    assert extractor.computed == len(IMAGES) + 1
    kernel = transfer.backbone_of(model).get_layer("conv").kernel
    before = keras.ops.convert_to_numpy(kernel)
    kernel.assign(before * 1.5)
    try:
        assert not np.allclose(extractor(IMAGES, verbose=0), features)
    finally:
        kernel.assign(before)
    np.testing.assert_array_equal(extractor(IMAGES, verbose=0), features)


def test_a_damaged_cache_file_is_computed_again(model, tmp_path):
    features = transfer.FeatureExtractor(model, cache=tmp_path)(IMAGES, verbose=0)
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    second = transfer.FeatureExtractor(model, cache=tmp_path)
    np.testing.assert_allclose(second(IMAGES, verbose=0), features, atol=1e-6)
    assert second.computed == len(IMAGES)


def test_a_cache_that_cannot_be_written_is_said_and_survived(model, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    extractor = transfer.FeatureExtractor(model, cache=tmp_path / "file")
    assert extractor(IMAGES, verbose=0).shape == (18, 8)
    assert "could not be kept" in capsys.readouterr().out


def test_progress_is_shown_unless_silenced(model, capsys):
    extractor = transfer.FeatureExtractor(model, cache=False)
    extractor(IMAGES, verbose=0)
    assert capsys.readouterr().out == ""
    extractor(IMAGES, verbose=1)
    assert "1/1" in capsys.readouterr().out


def test_features_of_an_earlier_layer_are_smaller_and_pooled_the_same_way():
    extractor = transfer.feature_extractor(
        "MobileNetV2", SHAPE, weights=None, layer="block_6_expand_relu", cache=False
    )
    assert extractor(IMAGES, verbose=0).shape == (18, 96)
    with pytest.raises(ValueError, match=r"got 'block_99'\. Choose from: .*block_6_expand_relu"):
        transfer.feature_extractor("MobileNetV2", SHAPE, weights=None, layer="block_99")


@pytest.mark.parametrize("head", [*HEADS, GaussianNB()])
def test_a_classical_head_makes_one_model_from_images_to_probabilities(model, head):
    classifier = transfer.FeatureClassifier(transfer.FeatureExtractor(model, cache=False), head)
    probabilities = classifier.fit(IMAGES, LABELS, verbose=0).predict(IMAGES, verbose=0)
    assert probabilities.shape == (18, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert list(classifier.classes) == [0, 1, 2]
    assert (probabilities.argmax(1) == LABELS).mean() > 0.9


def test_a_classical_head_takes_one_hot_labels_and_batches(model):
    extractor = transfer.FeatureExtractor(model, cache=False)
    plain = transfer.FeatureClassifier(extractor, "naive_bayes").fit(IMAGES, LABELS, verbose=0)
    one_hot = transfer.FeatureClassifier(extractor, "naive_bayes").fit(IMAGES, np.eye(3)[LABELS], verbose=0)
    batches = transfer.FeatureClassifier(extractor, "naive_bayes").fit(Batches(np.arange(18)), verbose=0)
    expected = plain.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(one_hot.predict(IMAGES, verbose=0), expected)
    np.testing.assert_allclose(batches.predict(Batches(np.arange(18)), verbose=0), expected, atol=1e-6)


def test_what_cannot_be_learnt_from_is_refused_with_the_reason(model):
    extractor = transfer.FeatureExtractor(model, cache=False)
    with pytest.raises(ValueError, match=r"naive_bayes, svm, random_forest, gradient_boosting.*got 'knn'"):
        transfer.FeatureClassifier(extractor, "knn")
    with pytest.raises(ValueError, match=r"LinearSVC has not.*CalibratedClassifierCV"):
        transfer.FeatureClassifier(extractor, LinearSVC())
    classifier = transfer.FeatureClassifier(extractor, "naive_bayes")
    with pytest.raises(ValueError, match="labels are missing"):
        classifier.fit(IMAGES, verbose=0)
    with pytest.raises(ValueError, match="at least two classes, all 18 are 1"):
        classifier.fit(IMAGES, np.ones(18, int), verbose=0)
    with pytest.raises(ValueError, match=r"one an image \(18\), got 3"):
        classifier.fit(IMAGES, LABELS[:3], verbose=0)
    with pytest.raises(ValueError, match="rescales inside"):
        extractor(IMAGES / 255, verbose=0)
    with pytest.raises(ValueError, match="images is empty"):
        extractor(IMAGES[:0], verbose=0)
    with pytest.raises(ValueError, match="one vector an image"):
        transfer.FeatureExtractor(transfer.backbone_of(model))
