"""What the segmentation assignment promises, and that its solutions agree with Keras and cvlib."""

import keras
import numpy as np
import pytest

import cvlib
from cvgrade import build
from cvlib import losses, models
from cvlib.explain import receptive_field
from cvlib.metrics import segmentation


@pytest.fixture(scope="module")
def here(pytestconfig):
    return pytestconfig.rootpath / "assignments" / "src" / "ast05_segmentation"


@pytest.fixture(scope="module")
def source(here):
    return build.read_source(here.parents[1], here.name)


@pytest.fixture(scope="module")
def solved(source):
    names = {"np": np, "keras": keras, "cvlib": cvlib}
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            exec(cell.source, names)
    return names


@pytest.fixture
def dice():
    return np.random.default_rng(5)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (4, 2), (2, 2), (5, 3), (7, 2)])
def test_stamping_and_cropping_is_what_keras_does_with_same_padding(solved, dice, kernel, stride):
    image, weights = dice.normal(size=(5, 4)), dice.normal(size=(kernel, kernel))
    ours = solved["crop_same"](solved["transposed"](image, weights, stride), kernel, stride)
    theirs = keras.ops.conv_transpose(
        image[None, :, :, None], weights[:, :, None, None], strides=stride, padding="same"
    )
    assert np.allclose(ours, np.asarray(theirs)[0, :, :, 0], atol=1e-5)


@pytest.mark.parametrize(("size", "rate"), [(3, 1), (3, 2), (5, 3), (3, 9)])
def test_the_atrous_convolution_is_that_of_keras(solved, dice, size, rate):
    image, weights = dice.normal(size=(9, 7, 3)), dice.normal(size=(size, size, 3, 2))
    theirs = keras.ops.conv(image[None], weights, padding="same", dilation_rate=rate)
    assert np.allclose(solved["atrous"](image, weights, rate), np.asarray(theirs)[0], atol=1e-5)


@pytest.mark.parametrize("factor", range(1, 9))
def test_the_interpolating_kernel_is_the_librarys(solved, factor):
    assert np.allclose(solved["bilinear_kernel"](factor), models.bilinear_kernel(factor))


def test_the_receptive_field_is_the_librarys_for_layers_of_keras(solved):
    stack = [(7, 2, 1), (3, 2, 1), (3, 1, 2), (2, 2, 1), (5, 1, 3)]
    layers = [keras.layers.Conv2D(1, k, strides=s, dilation_rate=d) for k, s, d in stack]
    field = receptive_field.along(layers, (1024, 1024))
    assert solved["receptive_field"](stack) == (field.size[0], field.stride[0])


def test_iou_and_dice_are_the_librarys(solved, dice):
    masks, predictions = dice.integers(0, 4, (3, 8, 9)), dice.integers(0, 3, (3, 8, 9))
    masks[masks == 3] = 0
    table = segmentation.pixel_confusion(masks, predictions, 4)
    ours = solved["class_iou"](masks, predictions, 4)
    assert np.allclose(ours, segmentation.iou(table), equal_nan=True)
    assert np.isnan(ours[3])
    inside = segmentation.per_image(masks > 1, predictions > 1, 2)["dice_1"]
    assert np.allclose(solved["image_dice"](masks > 1, predictions > 1), inside)


def test_the_losses_are_the_librarys(solved, dice):
    logits, labels = dice.normal(0, 3, (1, 6, 7, 3)), dice.integers(0, 3, (1, 6, 7))
    labels[0, 0] = 255
    theirs = losses.CrossEntropy(from_logits=True, ignore_index=255)(labels, logits)
    assert solved["cross_entropy"](logits, labels) == pytest.approx(float(theirs), abs=1e-5)
    masks, probabilities = dice.integers(0, 2, (3, 6, 7)), dice.random((3, 6, 7))
    theirs = losses.Dice(smooth=1.0)(masks, probabilities[..., None])
    assert solved["soft_dice_loss"](masks, probabilities) == pytest.approx(float(theirs), abs=1e-5)


def test_the_gradient_is_the_slope_of_the_loss(solved, dice):
    logits, labels = dice.normal(0, 2, (2, 3, 2, 3)), dice.integers(0, 3, (2, 3, 2))
    labels[0, 0] = 255
    slopes = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-5
        up, down = (solved["cross_entropy"](logits + sign * step, labels) for sign in (1, -1))
        slopes[place] = (up - down) / 2e-5
    assert np.allclose(solved["cross_entropy_gradient"](logits, labels), slopes, atol=1e-8)


@pytest.mark.parametrize("filters", [(4, 8), (3, 5, 9, 6)])
def test_the_counted_unet_is_the_librarys(solved, filters):
    model = models.UNet((32, 32, 2), classes=3, filters=filters)
    assert solved["unet_parameters"](2, filters, 3) == model.count_params()


def test_the_two_blocks_make_a_unet(solved):
    down, up = solved["contracting"](16, 2, 4), solved["expanding"](8, 8, 4, 4)
    whole = models.UNet((16, 16, 2), classes=3, filters=(4, 8))
    bottom_and_head = 9 * 4 * 8 + 8 + 9 * 8 * 8 + 8 + 4 * 3 + 3
    assert down.count_params() + up.count_params() + bottom_and_head == whole.count_params()
