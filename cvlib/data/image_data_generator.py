"""Random pictures from few: a drop-in for `tf.keras.preprocessing.image.ImageDataGenerator`.

| | Keras' generator | this one | why |
|---|---|---|---|
| `width_shift_range`, `height_shift_range` | move rows and columns | move columns and rows | as named (keras#17398) |
| pictures that are not square | turn about a point off the centre | turn about the centre | row and column are swapped there |
| draws | follow the order of calls | depend on (seed, epoch, index) alone | threads and order change nothing |
| `validation_split` | first share of each class, augmented | random, fixed share of each class, not augmented | sorted files are not a sample; validation measures |
| `brightness_range` on values in [0, 1] | cuts all values to 0 or 1 | multiplies | – |
| `brightness_range` | rounds down to whole numbers | does not round | – |
| `fit` | skips `preprocessing_function` | applies it | the statistics belong to what the model sees |
| `featurewise_…`, `zca_whitening` without `fit` | warns, returns unchanged | raises | a warning for each image helps nobody |
| masks, boxes | a second generator, interpolated labels, no boxes | `masks=`, `boxes=` | labels stay labels and in step |
| uint8 pictures | are interpolated as floats | as bytes, rounded once | four times quicker; differs by half a grey level |
| `fill_mode="wrap"` | skips a pixel at the seam | repeats the picture | – |
| `interpolation_order` 2 to 5 | B-splines | bicubic (2, 3), Lanczos (4, 5) | what OpenCV has |
| the default `interpolation="nearest"`, with random moves | drops pixels, then interpolates what is left | one bilinear warp from the file's pixels, if they are at most twice as many along each side; a JPEG whose sides are 2, 4 or 8 times a whole number that is large enough is decoded that much smaller | sharper and quicker; without moves, or with another `interpolation`, the same as Keras |
| photographs marked as turned (EXIF) | lie on their side | stand upright | – |
| 16-bit pictures | clipped to white, or up to 65,535 if grey | their high byte, in [0, 255] | one range for all files |
| a file that is no image | an error without its name | named, or `on_error="skip"` | – |
| boxes beyond the edge | – | cut there, dropped below `min_visible` | a sliver teaches nothing |
| several inputs or outputs | a list, which `fit` refuses | a tuple | – |
| missing files, labels not in `classes` | dropped with a warning or silently | an error that lists them | – |
| folders and files that begin with a dot | are classes and images | are passed over | `.ipynb_checkpoints` is no class |
| `save_to_dir` | stretches the contrast of each picture | keeps [0, 1] or [0, 255] as they are | to see what the model sees |

Everything else is the same: arguments, defaults, orders, directions, attributes and the shapes of batches.
"""  # noqa: E501

import sys

import numpy as np

from cvlib.data import affine, draws, photometric, statistics, threads

NOT_FITTED = (
    "{} needs the statistics of your images: call generator.fit(sample_images) first, with an array "
    "(N, H, W, C) of training images that are not rescaled yet"
)


class ImageDataGenerator:
    """Make batches of randomly moved and lit pictures, with their labels, masks and boxes.

    See the table at the top of this module for what differs from Keras'. The order of work on a picture is:
    resize, one affine warp (rotation, shift, shear, zoom and flips together), channel shift, brightness,
    `preprocessing_function`, `rescale`, samplewise, featurewise, ZCA.

    Args:
        featurewise_center: subtract the mean of each channel that `fit` found.
        samplewise_center: subtract each picture's own mean.
        featurewise_std_normalization: divide by the deviation of each channel that `fit` found; implies
            centring.
        samplewise_std_normalization: divide by each picture's own deviation; implies centring.
        zca_whitening: decorrelate all pixels with the matrix that `fit` found (for small pictures: the matrix
            has (H·W·C)² entries); implies featurewise centring, without division.
        zca_epsilon: keeps that matrix finite.
        rotation_range: degrees; the angle is uniform in [−range, range].
        width_shift_range: along x. A float below 1: share of the width; another float: pixels; an int n:
            whole pixels below n; a list: one of its values; with a random sign.
        height_shift_range: along y, likewise.
        brightness_range: two factors, between which one is drawn.
        shear_range: degrees, as for rotation.
        zoom_range: a share r for [1 − r, 1 + r], or (low, high); below 1 magnifies. x and y are drawn apart.
        channel_shift_range: largest value that is added to all channels alike; the sum is clipped to the
            picture's own limits.
        fill_mode: what is seen beyond the edge: "nearest" (the edge goes on), "constant" (`cval`), "reflect",
            "mirror" or "wrap".
        cval: value for "constant"; masks get 0 there.
        horizontal_flip: swap left and right in half of the pictures.
        vertical_flip: swap top and bottom in half of the pictures.
        rescale: factor for all values, usually 1/255, or None.
        preprocessing_function: called with each float picture of rank 3, after it is moved and lit and before
            `rescale`; must keep the shape.
        data_format: "channels_last" (the default, unless Keras is set otherwise) or "channels_first".
        validation_split: share of the images, in (0, 1), that `subset="validation"` holds back, drawn at
            random within each class and the same every time; it is not augmented.
        interpolation_order: 0 nearest, 1 bilinear, 2 and 3 bicubic, 4 and 5 Lanczos. Masks always use 0.
        dtype: of the batches; by default Keras' float.
        min_visible: a box of which a smaller share stays in the picture is dropped, and so is one with less
            than a pixel of width or height.
        mosaic: share of the pictures that are made of four (see `cvlib.data.mosaic`) before they are moved;
            needs boxes with labels.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> generator = ImageDataGenerator(rotation_range=15, horizontal_flip=True, rescale=1 / 255)
        >>> pictures = np.zeros((4, 32, 32, 3), "uint8")
        >>> generator.flow(pictures, [0, 1, 0, 1], batch_size=2, seed=0)[0][0].shape
        (2, 32, 32, 3)
    """

    def __init__(
        self,
        featurewise_center=False,
        samplewise_center=False,
        featurewise_std_normalization=False,
        samplewise_std_normalization=False,
        zca_whitening=False,
        zca_epsilon=1e-6,
        rotation_range=0,
        width_shift_range=0.0,
        height_shift_range=0.0,
        brightness_range=None,
        shear_range=0.0,
        zoom_range=0.0,
        channel_shift_range=0.0,
        fill_mode="nearest",
        cval=0.0,
        horizontal_flip=False,
        vertical_flip=False,
        rescale=None,
        preprocessing_function=None,
        data_format=None,
        validation_split=0.0,
        interpolation_order=1,
        dtype=None,
        *,
        min_visible=0.1,
        mosaic=0.0,
    ):
        config = sys.modules["keras"].config if "keras" in sys.modules else None  # not worth loading it for
        self.data_format = data_format or (config.image_data_format() if config else "channels_last")
        self.dtype = np.dtype(dtype or (config.floatx() if config else "float32")).name
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.featurewise_center = featurewise_center or featurewise_std_normalization or zca_whitening
        self.samplewise_std_normalization = samplewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range = [1 - zoom_range, 1 + zoom_range] if np.ndim(zoom_range) == 0 else list(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.interpolation_order = interpolation_order
        self.min_visible = min_visible
        self.mosaic = mosaic
        self._validation_split = validation_split
        self.mean = self.std = self.zca_whitening_matrix = None
        self._check()
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)

    def _check(self):
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                f'data_format must be "channels_last" or "channels_first", got {self.data_format!r}'
            )
        if self.fill_mode not in affine.FILL_MODES:
            raise ValueError(f"fill_mode must be one of {list(affine.FILL_MODES)}, got {self.fill_mode!r}")
        if self.interpolation_order not in affine.ORDERS:
            raise ValueError(f"interpolation_order must be 0 to 5, got {self.interpolation_order!r}")
        if not 0 <= (self._validation_split or 0) < 1:
            raise ValueError(f"validation_split must lie in (0, 1), got {self._validation_split!r}")
        if len(self.zoom_range) != 2 or not 0 < self.zoom_range[0] <= self.zoom_range[1]:
            raise ValueError(
                "zoom_range must be a share below 1, or two ascending factors above 0 such as (0.8, 1.2), "
                f"but gives {self.zoom_range}"
            )
        for name in ("min_visible", "mosaic"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a share in [0, 1], got {getattr(self, name)!r}")
        light = self.brightness_range
        if light is not None and (np.shape(light) != (2,) or not 0 <= light[0] <= light[1]):
            raise ValueError(
                f"brightness_range must be two factors in ascending order, such as (0.8, 1.2), got {light!r}"
            )
        changes = [self.rescale, self.brightness_range, self.featurewise_center, self.samplewise_center]
        if np.issubdtype(self.dtype, np.integer) and any(change not in (None, False) for change in changes):
            raise ValueError(
                f"dtype={self.dtype!r} cannot hold scaled values: use a float dtype, or leave out rescale, "
                "brightness_range and normalisation"
            )

    def flow(
        self,
        x,
        y=None,
        batch_size=32,
        shuffle=True,
        sample_weight=None,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        ignore_class_split=False,
        subset=None,
        *,
        masks=None,
        boxes=None,
        labels=None,
        ignore_index=None,
        mask_classes=None,
        threads=None,
    ):
        """Batches from arrays.

        Args:
            x: array (N, H, W, C), or a tuple (that array, a further array of N rows or a list of such) whose
                further arrays are passed through. uint8 stays uint8 until a picture is drawn.
            y: N labels or targets, or None.
            batch_size: pictures a batch.
            shuffle: draw a new order for each epoch.
            sample_weight: N weights, or None.
            seed: of order and draws; by default drawn from NumPy's global generator.
            save_to_dir: folder for a copy of every picture made, or None.
            save_prefix: beginning of their names.
            save_format: their format and extension.
            ignore_class_split: allow a subset that lacks a class.
            subset: "training", "validation" or None (see `validation_split`).
            masks: integer array (N, H, W) or (N, H, W, 1) of labels that move with the pictures.
            boxes: N arrays (n, 4), `xyxy` in pixels, that move with the pictures: a moved box is the upright
                box around the moved corners, cut at the edge (see `min_visible`); what "reflect", "mirror"
                and "wrap" show again beyond the edge has boxes too. Without `labels`, further columns go
                with their box.
            labels: N arrays (n,) of whole numbers, the class of each box. Boxes then come padded: see below.
            ignore_index: label that masks get where a move shows what lies outside the picture, for losses
                and metrics to leave out; by default masks are filled as `fill_mode` says, with 0 for
                "constant".
            mask_classes: how many labels there are, with the background: a mask that holds another (save
                `ignore_index`) is refused by name. By default every label passes.
            threads: how many threads make a batch; by default one a processor. The result does not depend on
                it.

        Returns:
            An `ArrayIterator`, a `keras.utils.PyDataset` of `x`, `(x, y)` or `(x, y, sample_weight)`. Masks
            or boxes alone take the place of y; where there are several, y is a dict with the keys "labels",
            "masks" and "boxes". Boxes are a list of B arrays; with labels, y is a dict of "boxes", float32
            (B, M, 4), and "labels", int32 (B, M), both −1 where a picture has no further box, M the same for
            all batches.
        """
        from cvlib.data.array_iterator import ArrayIterator

        return ArrayIterator(
            self,
            x,
            y,
            sample_weight=sample_weight,
            ignore_class_split=ignore_class_split,
            subset=subset,
            masks=masks,
            boxes=boxes,
            labels=labels,
            ignore_index=ignore_index,
            mask_classes=mask_classes,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            threads=threads,
        )

    def flow_from_directory(
        self,
        directory,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
        *,
        masks=None,
        boxes=None,
        ignore_index=None,
        mask_classes=None,
        on_error="raise",
        threads=None,
    ):
        """Batches from a folder that has one folder for each class.

        Args:
            directory: the folder; pictures may lie deeper within a class. With `masks` and `class_mode=None`
                pictures may also lie directly in it.
            target_size: (height, width) in pixels.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: names of the folders, in the order of their indices; by default all, sorted.
            class_mode: "categorical" (one-hot), "sparse" or "binary" (index), "input" (the picture itself) or
                None (no labels).
            batch_size: as for `flow`, like all arguments that are not listed here.
            shuffle: see `flow`.
            seed: see `flow`.
            save_to_dir: see `flow`.
            save_prefix: see `flow`.
            save_format: see `flow`.
            follow_links: enter folders that are symbolic links.
            subset: see `flow`.
            interpolation: of the resize: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
            keep_aspect_ratio: True crops to the target's aspect before the resize; "letterbox" keeps all of
                the picture and puts grey bars beside it (`cvlib.data.letterbox`).
            masks: folder with a mask for each picture, under the same name with any extension.
            boxes: dict from a picture's name (as in `.filenames`) to its array (n, 4 or more), `xyxy` in
                pixels of the file.
            ignore_index: see `flow`.
            mask_classes: see `flow`.
            on_error: "raise" names the first unreadable file; "skip" leaves such files out of their batch,
                prints each name once and keeps the reasons in `.skipped`.
            threads: see `flow`.

        Returns:
            A `DirectoryIterator`; see `flow` for the batches.
        """
        from cvlib.data.directory_iterator import DirectoryIterator

        return DirectoryIterator(
            self,
            directory,
            classes=classes,
            follow_links=follow_links,
            class_mode=class_mode,
            target_size=target_size,
            color_mode=color_mode,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            subset=subset,
            masks=masks,
            boxes=boxes,
            ignore_index=ignore_index,
            mask_classes=mask_classes,
            on_error=on_error,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            threads=threads,
        )

    def flow_from_dataframe(
        self,
        dataframe,
        directory=None,
        x_col="filename",
        y_col="class",
        weight_col=None,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        validate_filenames=True,
        keep_aspect_ratio=False,
        *,
        masks=None,
        boxes=None,
        labels=None,
        ignore_index=None,
        mask_classes=None,
        on_error="raise",
        threads=None,
    ):
        """Batches from a table with a file on each row.

        Args:
            dataframe: a pandas DataFrame.
            directory: folder that the paths are relative to; None if they are absolute.
            x_col: column with the paths.
            y_col: column with the labels, or a list of columns for "raw" and "multi_output".
            weight_col: column with sample weights, or None.
            target_size: as for `flow_from_directory`, like all arguments that are not listed here.
            color_mode: see `flow_from_directory`.
            classes: all labels, in the order of their indices; by default those found, sorted.
            class_mode: "categorical" (strings, or lists of strings for several labels a picture), "sparse",
                "binary", "raw" (the values as they are), "multi_output" (a list of columns, each a target of
                its own), "input" or None.
            batch_size: see `flow`.
            shuffle: see `flow`.
            seed: see `flow`.
            save_to_dir: see `flow`.
            save_prefix: see `flow`.
            save_format: see `flow`.
            subset: see `flow`.
            interpolation: see `flow_from_directory`.
            validate_filenames: look whether every file is there before the first batch.
            keep_aspect_ratio: see `flow_from_directory`.
            masks: column with the paths of the masks.
            boxes: column with an array (n, 4 or more) on each row, `xyxy` in pixels of the file; see `flow`.
            labels: column with an array (n,) on each row, the class index of each box, instead of `y_col` and
                `class_mode`; see `flow`. The frame of a detection dataset has both columns.
            ignore_index: see `flow`.
            mask_classes: see `flow`.
            on_error: see `flow_from_directory`; "skip" also drops rows whose file is missing.
            threads: see `flow`.

        Returns:
            A `DataFrameIterator`; see `flow` for the batches.
        """
        from cvlib.data.dataframe_iterator import DataFrameIterator

        return DataFrameIterator(
            self,
            dataframe,
            directory,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            classes=classes,
            validate_filenames=validate_filenames,
            class_mode=class_mode,
            target_size=target_size,
            color_mode=color_mode,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            subset=subset,
            masks=masks,
            boxes=boxes,
            labels=labels,
            ignore_index=ignore_index,
            mask_classes=mask_classes,
            on_error=on_error,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            threads=threads,
        )

    def fit(self, x, augment=False, rounds=1, seed=None):
        """Learn the mean, deviation and whitening matrix that the featurewise options and ZCA need.

        Args:
            x: array (N, H, W, C) of training images, as `flow` takes them: `preprocessing_function` and
                `rescale` are applied to a copy.
            augment: learn from randomly transformed copies instead.
            rounds: how many copies of each.
            seed: of the copies.
        """
        x = np.asarray(x)
        if x.ndim != 4 or not len(x):
            raise ValueError(f"x must be an array (N, H, W, C) of at least one image, got shape {x.shape}")
        images = np.array(x, self.dtype)
        if augment:
            images = np.tile(images, (rounds, 1, 1, 1))
            random = np.random.default_rng(draws.seed_or_numpys(seed))
            for image in images:
                uniforms = random.random(len(draws.SLOTS))
                drawn = draws.parameters(self, uniforms, *self._size(image.shape))
                image[...] = self.apply_transform(image, drawn)
        for index, image in enumerate(images):
            images[index] = self._scaled(image)
        if self.featurewise_center:
            self.mean, deviation = statistics.mean_and_deviation(images, self.channel_axis)
            if self.featurewise_std_normalization:
                self.std = deviation
            if self.zca_whitening:
                self.zca_whitening_matrix = statistics.zca_matrix(images - self.mean, self.zca_epsilon)

    def standardize(self, x):
        """Apply preprocessing, rescale, samplewise, featurewise and ZCA.

        Args:
            x: float image (H, W, C), which is changed in place where that is possible; an integer image is
                copied to float.

        Returns:
            The image.

        Raises:
            ValueError: if an option needs `fit` first.
        """
        x = np.asarray(x)
        x = self._scaled(x if np.issubdtype(x.dtype, np.floating) else x.astype(self.dtype))
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        if self.featurewise_center:
            if self.mean is None:
                raise ValueError(NOT_FITTED.format("featurewise_center"))
            x -= self.mean
        if self.featurewise_std_normalization:
            if self.std is None:
                raise ValueError(NOT_FITTED.format("featurewise_std_normalization"))
            x /= self.std + 1e-6
        if self.zca_whitening:
            if self.zca_whitening_matrix is None:
                raise ValueError(NOT_FITTED.format("zca_whitening"))
            flat = x.reshape(-1, self.zca_whitening_matrix.shape[0])
            x = (flat @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def get_random_transform(self, img_shape, seed=None):
        """Draw the parameters of one transformation.

        Args:
            img_shape: shape of the picture.
            seed: an int; by default drawn from NumPy's global generator.

        Returns:
            dict with the keys of Keras': theta and shear in degrees, tx and ty in pixels along x and y, zx,
            zy, flip_horizontal, flip_vertical, channel_shift_intensity and brightness (None where not asked
            for).
        """
        uniforms = np.random.default_rng(draws.seed_or_numpys(seed)).random(len(draws.SLOTS))
        drawn = draws.parameters(self, uniforms, *self._size(img_shape))
        return {name: None if value is None else value.item() for name, value in drawn.items()}

    def apply_transform(self, x, transform_parameters):
        """Move and light one picture.

        Args:
            x: picture of rank 3; in [0, 1] or [0, 255] if brightness is to change.
            transform_parameters: dict as from `get_random_transform`; what it lacks is left as it is.

        Returns:
            A new array of the same shape and dtype; integers are rounded.
        """
        x = np.asarray(x)
        if x.ndim != 3:
            raise ValueError(f"x must be one picture of rank 3, got shape {x.shape}")
        image = np.moveaxis(x, 0, -1) if self.channel_axis == 1 else x
        if image.dtype not in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
            image = image.astype(np.float32)
        image = np.ascontiguousarray(image)
        known = dict(transform_parameters)
        shift, brightness = known.pop("channel_shift_intensity", None), known.pop("brightness", None)
        matrix = affine.compose(*image.shape[:2], **known)
        if not np.array_equal(matrix, np.eye(2, 3)):
            image = affine.warp(image, matrix, self.interpolation_order, self.fill_mode, self.cval)
        if shift is not None or brightness is not None:
            white = photometric.white_level(x.dtype, x.max(initial=0))
            float_dtype = image.dtype if image.dtype.kind == "f" else np.float32
            image = photometric.adjust(image.astype(float_dtype), shift, brightness, white)
        if x.dtype.kind in "iu" and image.dtype != x.dtype:
            limits = np.iinfo(x.dtype)
            image = np.rint(image).clip(limits.min, limits.max)
        image = np.moveaxis(image, -1, 0) if self.channel_axis == 1 else image
        return np.array(image, x.dtype)

    def random_transform(self, x, seed=None):
        """`apply_transform` with a draw of `get_random_transform`."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    @property
    def moves(self):
        """Whether any option moves pixels."""
        ranges = (self.rotation_range, self.width_shift_range, self.height_shift_range, self.shear_range)
        flips = self.horizontal_flip or self.vertical_flip
        return any(np.any(each) for each in ranges) or flips or self.zoom_range != [1, 1]

    def _size(self, shape):
        """(height, width) of a shape of rank 3."""
        return shape[self.row_axis - 1], shape[self.col_axis - 1]

    def _scaled(self, x):
        """Preprocessing and rescale of a float picture, in place where possible."""
        if self.preprocessing_function is not None:
            result = self.preprocessing_function(x)
            if np.shape(result) != x.shape:
                raise ValueError(
                    f"preprocessing_function must return an array of the shape it was given, {x.shape}, but "
                    f"returned {type(result).__name__} of shape {np.shape(result)}"
                )
            x = np.asarray(result)
            x = x if x.dtype.kind == "f" else x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        return x

    def _write(self, image, out, matrix, shift, brightness, white):
        """Move, light and standardise one picture into its place (H, W, C) in a batch.

        A picture of another size is resized by the same warp.
        """
        if matrix is not None:
            shape = (*out.shape[:2], image.shape[2])
            if image.shape != shape:
                matrix = affine.from_source(matrix, image.shape[:2], shape[:2])
            moved = threads.scratch("moved", shape) if image.dtype == np.uint8 else None
            how = self.interpolation_order, self.fill_mode, self.cval
            image = affine.warp(image, matrix, *how, out=moved, size=shape[:2])
        if image.dtype == np.uint8 and not (
            self.preprocessing_function or self.samplewise_center or self.featurewise_center
        ):
            photometric.adjust_bytes(image, out, shift, brightness, self.rescale or None)
            return
        values = photometric.adjust(np.array(image, self.dtype), shift, brightness, white)
        if self.channel_axis == 1:
            values, out = np.ascontiguousarray(np.moveaxis(values, -1, 0)), np.moveaxis(out, -1, 0)
        out[...] = self.standardize(values)
