"""Pictures with masks: the same draw for both, to the pixel; labels that stay labels; tf.data; bad masks."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cvlib
from cvlib._opencv import cv2
from cvlib.data import to_tf_dataset
from cvlib.data.reading import ImageReadError, read_mask, read_reduced

MOVES = {
    "rotation_range": 40,
    "width_shift_range": 0.15,
    "height_shift_range": 0.15,
    "shear_range": 15,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
}
SIZE = 120


def coordinates(height=SIZE, width=SIZE):
    """A picture that holds x in red and y in green, and a mask that numbers the pixels of the same grid."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, 0 * x], -1).astype(np.float32), (1 + y * width + x).astype(np.int32)


def assert_in_step(image, mask, height, width, slack):
    """Wherever the mask shows pixel (x, y), the picture shows that place, half a pixel off at the most.

    The outermost three pixels are left out: there a picture mixes with what lies beyond its edge.
    """
    y, x = np.divmod(mask - 1, width)
    seen = (mask > 0) & (x > 2) & (x < width - 3) & (y > 2) & (y < height - 3)
    y, x = y[seen], x[seen]
    assert seen.mean() > 0.3
    for channel, value in ((0, x), (1, y)):
        assert np.abs(image[seen][:, channel] - value).max() <= 0.5 + slack


@pytest.mark.parametrize("seed", range(5))
def test_picture_and_mask_show_the_same_place_in_every_pixel(seed):
    image, mask = coordinates()
    generator = cvlib.ImageDataGenerator(**MOVES, fill_mode="constant", cval=-1)
    images, masks = next(
        generator.flow(np.stack([image] * 8), masks=np.stack([mask] * 8), seed=seed, batch_size=8)
    )
    assert masks.dtype == np.int32
    assert len({each.tobytes() for each in masks}) == 8, "every picture has a draw of its own"
    for moved, labels in zip(images, masks[..., 0]):
        assert_in_step(moved, labels, SIZE, SIZE, slack=1 / 256)


@pytest.mark.parametrize(
    ("height", "width", "target", "slack"),
    [
        (240, 200, (120, 100), 0.51),  # bytes round by half a level
        (100, 90, (130, 130), 0.51),
        (150, 250, (120, 100), 1.51),  # 2½ times as wide: first resized to every second or third pixel
    ],
)
def test_files_of_another_size_are_resized_and_moved_in_step(tmp_path, height, width, target, slack):
    image, mask = coordinates(height, width)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for index in range(4):
        Image.fromarray(np.rint(image).astype(np.uint8)).save(tmp_path / "images" / f"{index}.png")
        Image.fromarray(mask.astype(np.uint16)).save(tmp_path / "masks" / f"{index}.png")
    generator = cvlib.ImageDataGenerator(**MOVES, fill_mode="constant")
    iterator = generator.flow_from_directory(
        tmp_path / "images", target, masks=tmp_path / "masks", class_mode=None, seed=1, ignore_index=0
    )
    images, masks = next(iterator)
    assert masks.shape == (4, *target, 1)
    for moved, labels in zip(images, masks[..., 0]):
        assert_in_step(moved, labels, height, width, slack)


def test_masks_keep_their_labels_and_the_share_of_each():
    rng = np.random.default_rng(0)
    blobs = cv2.GaussianBlur(rng.random((12, 64, 64)).astype(np.float32).transpose(1, 2, 0), (0, 0), 5)
    masks = np.digitize(blobs.transpose(2, 0, 1), np.quantile(blobs, [0.3, 0.6, 0.9])).astype(np.uint8)
    pictures = np.repeat(masks[..., None] * 60, 3, -1)
    iterator = cvlib.ImageDataGenerator(**MOVES).flow(pictures, masks=masks, seed=0, batch_size=12)
    for _ in range(3):
        images, moved = next(iterator)
        assert moved.dtype == np.uint8
        assert set(np.unique(moved)) == {0, 1, 2, 3}
        assert (np.abs(images[..., 0] - 60 * moved[..., 0]) < 31).mean() > 0.97


@pytest.mark.parametrize(
    ("ignore", "dtype"), [(255, np.uint8), (-1, np.int32), (1000, np.int32), (0, np.uint8)]
)
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect"])
def test_what_lies_outside_the_picture_gets_ignore_index_whatever_the_pictures_get(ignore, dtype, fill_mode):
    masks = np.full((4, 50, 50), 2, np.uint8)
    pictures = np.full((4, 50, 50, 3), 9, np.uint8)
    generator = cvlib.ImageDataGenerator(width_shift_range=[10], fill_mode=fill_mode, cval=77)
    images, moved = next(generator.flow(pictures, masks=masks, seed=0, ignore_index=ignore))
    assert moved.dtype == dtype
    for image, mask in zip(images, moved[..., 0]):
        outside = (mask != 2).all(axis=0)
        assert (mask[:, outside] == ignore).all()
        assert outside.sum() == 10
        assert outside[:10].all() or outside[-10:].all()
        assert (image[:, outside] == (77 if fill_mode == "constant" else 9)).all()


def test_without_ignore_index_masks_are_filled_as_pictures_are():
    masks = np.tile(np.arange(50, dtype=np.uint8), (2, 50, 1))
    pictures = np.repeat(masks[..., None], 3, -1)
    for fill_mode in ("nearest", "reflect", "wrap"):
        generator = cvlib.ImageDataGenerator(width_shift_range=[10], fill_mode=fill_mode)
        images, moved = next(generator.flow(pictures, masks=masks, seed=0))
        np.testing.assert_array_equal(images[..., 0], moved[..., 0])


@pytest.fixture
def paired(tmp_path):
    """Six pictures and masks of three classes, laid out as a split of a segmentation dataset."""
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for index in range(6):
        picture = rng.integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(picture).save(tmp_path / "images" / f"p.{index}.{['jpg', 'png'][index % 2]}")
        mask = np.zeros((40, 50), np.uint8)
        mask[: 5 * index + 5, 10:] = 1 + index % 2
        Image.fromarray(mask).save(tmp_path / "masks" / f"p.{index}.png")
    return tmp_path


def flow(folder, **options):
    options = {"target_size": (32, 32), "class_mode": None, "batch_size": 4, "seed": 3, **options}
    generator = cvlib.ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
    return generator.flow_from_directory(folder / "images", masks=folder / "masks", **options)


def test_a_folder_of_pictures_beside_a_folder_of_masks_needs_no_class_folders(paired):
    frame = pd.DataFrame({"path": [f"images/{path.name}" for path in sorted((paired / "images").iterdir())]})
    frame["mask"] = "masks/" + frame["path"].str[7:].str.rsplit(".", n=1).str[0] + ".png"
    generator = cvlib.ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
    by_row = generator.flow_from_dataframe(
        frame, paired, "path", masks="mask", target_size=(32, 32), class_mode=None, batch_size=4, seed=3
    )
    for (images, masks), (same, too) in zip((next(flow(paired)) for _ in range(1)), (next(by_row),)):
        assert images.shape == (4, 32, 32, 3)
        assert masks.shape == (4, 32, 32, 1)
        np.testing.assert_array_equal(images, same)
        np.testing.assert_array_equal(masks, too)
    with pytest.raises(ValueError, match="it has no class folder"):
        cvlib.ImageDataGenerator().flow_from_directory(paired / "images", class_mode="categorical")


def spoil(folder, kind):
    path = folder / "masks" / "p.3.png"
    if kind == "size":
        Image.fromarray(np.zeros((50, 40), np.uint8)).save(path)
    if kind == "colour":
        Image.fromarray(np.tile(np.array([9, 0, 0], np.uint8), (40, 50, 1))).save(path)
    if kind == "float":
        path.unlink()
        Image.fromarray(np.full((40, 50), 0.5, np.float32)).save(path.with_suffix(".tif"))
        path = path.with_suffix(".tif")
    if kind == "class":
        Image.fromarray(np.full((40, 50), 3, np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("size", "the mask is 40×50 but its picture .*p.3.png is 50×40"),
        ("colour", "a mask must hold one label a pixel, but this is a colour image"),
        ("float", "a mask must hold one whole number a pixel, but this holds fractions"),
        ("class", "the mask holds the label 3 but classes=3 allows 0 to 2"),
    ],
)
def test_a_bad_mask_is_named_with_its_reason_or_skipped_with_its_picture(paired, kind, message, capsys):
    path = spoil(paired, kind)
    iterator = flow(paired, mask_classes=3, batch_size=6)
    with pytest.raises(ImageReadError, match=message) as caught:
        next(iterator)
    assert caught.value.path == str(path)
    images, masks = next(flow(paired, mask_classes=3, batch_size=6, on_error="skip"))
    assert len(images) == len(masks) == 5
    assert str(path) in capsys.readouterr().out


def test_a_picture_with_nothing_to_find_is_a_pair_like_any_other(paired):
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(paired / "masks" / "p.0.png")
    _, masks = next(flow(paired, mask_classes=3, batch_size=6, shuffle=False))
    assert not masks[0].any()
    assert masks[1:].any((1, 2, 3)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore_index": 1.5}, "ignore_index must be a whole number of at least -1, or None, got 1.5"),
        ({"mask_classes": 1}, "mask_classes must be a whole number of at least 2, or None, got 1"),
        ({"masks": np.zeros((2, 8, 8, 3), int)}, r"masks must hold one label a pixel, .*colours"),
        ({"masks": np.full((2, 8, 8), 2), "mask_classes": 2}, r"masks\[0\] holds the label 2 but classes=2"),
    ],
)
def test_options_of_masks_that_do_not_fit_are_refused(options, message):
    options = {"masks": np.zeros((2, 8, 8), int), **options}
    with pytest.raises(ValueError, match=message):
        cvlib.ImageDataGenerator().flow(np.zeros((2, 8, 8, 3), np.uint8), **options)


def test_a_mask_of_other_labels_than_the_first_can_hold_is_refused_not_wrapped(paired):
    Image.fromarray(np.full((40, 50), 300, np.uint16)).save(paired / "masks" / "p.3.png")
    with pytest.raises(ValueError, match="the first holds labels up to 255, another 300"):
        next(flow(paired, batch_size=6))


def test_grey_palette_and_16_bit_masks_are_read_as_pillow_reads_them(tmp_path):
    labels = np.random.default_rng(0).integers(0, 200, (30, 20)).astype(np.uint8)
    palette = Image.fromarray(labels, "P")
    palette.putpalette(list(range(256)) * 3)
    for name, image in {
        "grey": Image.fromarray(labels),
        "palette": palette,
        "16": Image.fromarray(labels.astype(np.uint16) * 100),
    }.items():
        image.save(tmp_path / f"{name}.png")
        found = read_mask(tmp_path / f"{name}.png")
        assert found.dtype == (np.int32 if name == "16" else np.uint8)
        np.testing.assert_array_equal(found[..., 0], np.asarray(Image.open(tmp_path / f"{name}.png")))


def test_tf_data_gives_the_same_batches_and_a_pass_is_an_epoch(paired):
    direct, handed = flow(paired), flow(paired)
    dataset = to_tf_dataset(handed)
    assert dataset.cardinality() == len(direct) == 2
    images, masks = dataset.element_spec
    assert images.shape.as_list() == [None, 32, 32, 3]
    assert (masks.dtype.name, masks.shape.as_list()) == ("uint8", [None, 32, 32, 1])
    for _ in range(3):
        batches = [tuple(part.numpy() for part in batch) for batch in dataset]
        assert [len(images) for images, _ in batches] == [4, 2]
        for batch in batches:
            for part, wanted in zip(batch, next(direct)):
                np.testing.assert_array_equal(part, wanted)


def test_tf_data_begins_an_epoch_again_that_was_broken_off(paired):
    iterator = flow(paired, batch_size=1)
    dataset = to_tf_dataset(iterator, prefetch=1)
    first = next(iter(dataset))[0].numpy()
    epoch = iterator.epoch
    assert epoch == 0
    np.testing.assert_array_equal(next(iter(dataset))[0].numpy(), first)


def test_a_model_is_fitted_through_tf_data_on_labels_masks_and_weights():
    import keras

    pictures, masks = np.zeros((6, 16, 16, 3), np.uint8), np.ones((6, 16, 16), np.uint8)
    flow = cvlib.ImageDataGenerator(rescale=1 / 255).flow
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 1, activation="softmax")(inputs))
    model.compile("sgd", "sparse_categorical_crossentropy")
    dataset = to_tf_dataset(flow(pictures, masks=masks, batch_size=4, seed=0))
    history = model.fit(dataset, epochs=2, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    weighted = {"sample_weight": np.arange(6) + 5, "batch_size": 4, "shuffle": False}
    _, targets, weights = next(iter(to_tf_dataset(flow(pictures, np.arange(6), masks=masks, **weighted))))
    np.testing.assert_array_equal(weights, [5, 6, 7, 8])
    np.testing.assert_array_equal(targets["labels"], [0, 1, 2, 3])
    assert targets["masks"].shape == (4, 16, 16, 1)


def test_tf_data_takes_the_pictures_over_without_a_copy(paired):
    iterator = flow(paired)
    made, empty = [], iterator._memory.empty

    def watched(*shape_and_type):
        made.append(empty(*shape_and_type))
        return made[-1]

    iterator._memory.empty = watched
    for images, _ in to_tf_dataset(iterator):
        view = np.from_dlpack(images)
        assert any(np.shares_memory(view, each) for each in made)


def test_boxes_do_not_go_through_tf_data():
    iterator = cvlib.ImageDataGenerator().flow(np.zeros((2, 8, 8, 3), np.uint8), boxes=[[[0, 0, 4, 4]], []])
    with pytest.raises(ValueError, match="boxes cannot go through tf"):
        to_tf_dataset(iterator)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_large_jpeg_is_decoded_smaller_and_still_in_step_with_its_mask(tmp_path, factor):
    height, width = 96 * factor, 80 * factor
    y, x = np.mgrid[:height, :width] / factor
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    picture = np.stack([x, y, 0 * x + 60], -1) * 2
    Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "images" / "a.jpg", quality=100, subsampling=0)
    mask = (1 + np.floor(y) * 80 + np.floor(x)).astype(np.uint16)
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    image, found = read_reduced(tmp_path / "images" / "a.jpg", at_least=(96, 80))
    assert (image.shape, found) == ((96, 80, 3), factor)
    assert read_reduced(tmp_path / "images" / "a.jpg", at_least=(97, 80))[1] == factor // 2
    generator = cvlib.ImageDataGenerator(**MOVES, fill_mode="constant")
    images, masks = next(
        generator.flow_from_directory(
            tmp_path / "images", (96, 80), masks=tmp_path / "masks", class_mode=None, seed=2, ignore_index=0
        )
    )
    centre = (factor - 1) / factor  # of the k×k pixels that the picture's values, two a pixel, were made from
    assert_in_step((images[0] - centre) / 2, masks[0, ..., 0], 96, 80, slack=0.5)


def test_only_a_jpeg_whose_sides_the_factor_divides_is_decoded_smaller(tmp_path):
    picture = np.full((100, 64, 3), 90, np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    for name, array, options in (
        ("even.jpg", picture, {}),
        ("odd.jpg", picture[:99], {}),
        ("turned.jpg", picture, {"exif": turned}),
        ("even.png", picture, {}),
    ):
        Image.fromarray(array).save(tmp_path / name, **options)
        image, factor = read_reduced(tmp_path / name, at_least=(30, 30))
        assert factor == (2 if name == "even.jpg" else 1)
        assert np.abs(image.astype(int) - 90).max() <= 1
        assert image.shape[0] * factor == {"odd.jpg": 99, "turned.jpg": 64}.get(name, 100)
