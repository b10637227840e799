# ---
# title: "What cvlib, scikit-learn and SciPy have already"
# ---

# %% q01_read_pair
from cvlib.data.reading import read_image


def read_pair(image_path, mask_path):
    return read_image(image_path, channels=3), read_image(mask_path, channels=1)[..., 0].clip(0, 1)


# %% q02_mask_problems
def mask_problems(images, masks):
    def first(name):
        if name not in masks:
            return "no mask"
        if name not in images:
            return "no picture"
        shape = images[name].shape
        if masks[name].shape != (shape[0], shape[1]):
            return "other size"
        labels = np.unique(masks[name])
        if not set(labels.tolist()) <= {0, 1}:
            return "not labels"
        return "empty" if labels.tolist() == [0] else None

    return {name: text for name in sorted({*images, *masks}) if (text := first(name))}


# %% q03_resize_pair
from scipy import ndimage


def resize_pair(image, mask, height, width):
    factors = (height / image.shape[0], width / image.shape[1])
    soft = ndimage.gaussian_filter(image.astype("float32"), [*(max(0, 0.5 / f - 0.5) for f in factors), 0])
    options = {"grid_mode": True, "mode": "nearest"}
    smaller = ndimage.zoom(soft, (*factors, 1), order=1, **options)
    return (smaller / 255).clip(0, 1), ndimage.zoom(mask, factors, order=0, **options)


# %% q05_split_by_patient
from sklearn.model_selection import GroupShuffleSplit


def split_by_patient(patients, share, seed):
    count = round(share * len(set(patients)))
    splitter = GroupShuffleSplit(n_splits=1, test_size=count, random_state=seed)
    return next(splitter.split(patients, groups=patients))


# %% q06_augment
def augment(image, mask, seed):
    generator = cvlib.ImageDataGenerator(
        rotation_range=10,
        width_shift_range=0.1,
        height_shift_range=0.1,
        horizontal_flip=True,
        fill_mode="constant",
        cval=0,
    )
    move = generator.get_random_transform(image.shape, seed=seed)
    labels = [
        generator.apply_transform((mask == label)[..., None] * 1.0, move)[..., 0] for label in range(10)
    ]
    return generator.apply_transform(image, move), np.argmax(labels, axis=0).astype(mask.dtype)


# %% q07_aspp
from cvlib.models.pyramid import aspp as branches


def aspp(input_shape, filters, rates):
    features = keras.Input(input_shape)
    return keras.Model(features, branches(features, filters, rates, separable=True))


# %% q10_overlap
from cvlib.metrics import segmentation


def overlap(truth, predicted):
    pairs = zip(np.asarray(truth, int), np.asarray(predicted, int))
    counts = np.array([segmentation.pixel_confusion(t, p, 2) for t, p in pairs])
    return tuple(
        np.nan_to_num(measure(counts)[:, 1], nan=1.0) for measure in (segmentation.dice, segmentation.iou)
    )


# %% q11_dice_bce
def dice_bce(truth, logits):
    from cvlib.losses import CrossEntropy, Dice

    return (Dice(smooth=1.0, from_logits=True) + CrossEntropy(from_logits=True))(truth, logits)


# %% q13_error_map
def error_map(truth, predicted):
    return np.select([(truth == 1) & (predicted == 1), truth == 1, predicted == 1], [1, 2, 3], default=0)
