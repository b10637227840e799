"""`ImageDataGenerator.flow_from_dataframe`: batches from a table with a file on each row."""

import os

import numpy as np

from cvlib.data import subsets
from cvlib.data.file_iterator import FileIterator, binary_needs_two, check_options

CLASS_MODES = ("categorical", "binary", "sparse", "raw", "multi_output", "input", None)


class DataFrameIterator(FileIterator):
    """Batches from a table; made by `ImageDataGenerator.flow_from_dataframe`.

    Attributes:
        directory: folder that the paths are relative to, or "".
    """

    def __init__(
        self,
        generator,
        dataframe,
        directory,
        *,
        x_col,
        y_col,
        weight_col,
        classes,
        validate_filenames,
        class_mode,
        subset,
        masks,
        boxes,
        labels,
        on_error,
        **options,
    ):
        class_mode = "raw" if class_mode == "other" else class_mode  # Keras' old name
        check_options(
            class_mode, CLASS_MODES, options["target_size"], options["color_mode"], options["interpolation"]
        )
        self.directory = directory or ""
        if labels is not None:
            if boxes is None or class_mode not in ("categorical", None):
                raise ValueError(
                    f"labels={labels!r} are the classes of boxes: pass boxes too, and leave class_mode out "
                    "(a batch has one key for both)"
                )
            class_mode = None
        if class_mode == "multi_output" and not isinstance(y_col, (list, tuple)):
            raise TypeError(f'class_mode="multi_output" needs a list of columns as y_col, got {y_col!r}')
        labelled = class_mode not in (None, "input")
        columns = list(y_col) if isinstance(y_col, (list, tuple)) else [y_col]
        wanted = {
            "x_col": [x_col],
            "y_col": columns if labelled else [],
            "weight_col": [weight_col],
            "masks": [masks],
            "boxes": [boxes],
            "labels": [labels],
        }
        for argument, names in wanted.items():
            for name in names:
                if name is not None and name not in dataframe.columns:
                    raise ValueError(
                        f"{argument}={name!r} is no column of the dataframe; it has "
                        f"{', '.join(map(str, dataframe.columns)) or 'none'}"
                    )
        table = dataframe.reset_index(drop=True)
        _refuse_other_than_text(table[x_col], f"x_col={x_col!r}")
        if validate_filenames:
            table = self._with_file(table, x_col, on_error)
        if not len(table):
            raise ValueError("the dataframe has no row: there is nothing to make batches of")
        indexed = class_mode in ("categorical", "binary", "sparse")
        if indexed:
            found = _checked_labels(table[columns[0]], columns[0], class_mode)
            self.class_indices = _class_indices(found, classes, columns[0])
            if class_mode == "binary":
                binary_needs_two(list(self.class_indices))
        if subset is not None:
            strata = _strata(table, columns, class_mode) if labelled else None
            chosen = subsets.choose(strata, len(table), generator._validation_split, subset)
            table = table.iloc[chosen]
        if indexed:
            self.classes = [
                self.class_indices[each]
                if isinstance(each, str)
                else [self.class_indices[one] for one in each]
                for each in table[columns[0]]
            ]
        if class_mode == "raw":
            self._targets = table[y_col].to_numpy()
            if self._targets.dtype == object and not isinstance(self._targets[0], str):
                self._targets = (
                    np.stack(self._targets.tolist())
                    if self._targets.ndim == 1
                    else self._targets.astype(float)
                )
        if class_mode == "multi_output":
            self._targets = [np.array(table[column].tolist()) for column in columns]
        self._sample_weight = None if weight_col is None else _numbers(table[weight_col], weight_col)
        self.filenames = table[x_col].tolist()
        found = f"Found {len(table)} {'validated' if validate_filenames else 'non-validated'} image filenames"
        print(f"{found} belonging to {len(self.class_indices)} classes." if indexed else f"{found}.")
        super().__init__(
            generator,
            [os.path.join(self.directory, name) for name in self.filenames],
            class_mode=class_mode,
            mask_paths=None
            if masks is None
            else [os.path.join(self.directory, name) for name in table[masks]],
            boxes=None if boxes is None else table[boxes].tolist(),
            labels=None if labels is None else table[labels].tolist(),
            augment=subset != "validation",
            on_error=on_error,
            **options,
        )

    @property
    def labels(self):
        """Class indices, or the targets of "raw" and "multi_output"."""
        return self._targets if self.class_mode in ("raw", "multi_output") else self.classes

    @property
    def sample_weight(self):
        """Weights of the pictures, or None."""
        return self._sample_weight

    def _labels(self, chosen, images):
        if self.class_mode == "raw":
            return self._targets[chosen]
        if self.class_mode == "multi_output":
            return tuple(target[chosen] for target in self._targets)
        return super()._labels(chosen, images)

    def _with_file(self, table, x_col, on_error):
        """The rows whose file is there; an error that lists the others, unless they are to be skipped."""
        there = np.array([os.path.isfile(os.path.join(self.directory, name)) for name in table[x_col]], bool)
        if there.all():
            return table
        missing = table[x_col][~there].tolist()
        listed = f"{', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
        if on_error == "skip":
            print(f"Skipped {len(missing)} of {len(table)} rows whose file is missing: {listed}")
            return table[there]
        raise FileNotFoundError(
            f"{len(missing)} of the {len(table)} files in column {x_col!r} are missing"
            f"{f' under {self.directory}' if self.directory else ' (directory is not set)'}: {listed}. "
            'Correct directory or the paths, or pass on_error="skip"'
        )


def _refuse_other_than_text(column, what):
    for row, value in enumerate(column):
        if not isinstance(value, str):
            raise TypeError(f"{what} must hold paths as text; row {row} holds {value!r}")


def _checked_labels(column, name, class_mode):
    """Labels as text, or for "categorical" as lists of text."""
    allowed = (str, list, tuple) if class_mode == "categorical" else (str,)
    for row, value in enumerate(column):
        if not isinstance(value, allowed):
            raise TypeError(
                f'class_mode="{class_mode}" needs text{" or lists of text" if len(allowed) > 1 else ""} in '
                f"column {name!r}; row {row} holds {value!r}: use dataframe[{name!r}].astype(str), or "
                'class_mode="raw" for numbers'
            )
    return column


def _class_indices(column, classes, name):
    found = {}
    for label in column:
        for one in [label] if isinstance(label, str) else label:
            found[one] = found.get(one, 0) + 1
    if classes is None or len(classes) == 0:
        classes = sorted(found)
    unknown = sorted(set(found) - set(classes))
    if unknown:
        raise ValueError(
            f"column {name!r} holds labels that are not in classes {list(classes)}: "
            f"{', '.join(f'{label} ({found[label]} rows)' for label in unknown)}. Add them to classes, or "
            "drop the rows first"
        )
    return {label: index for index, label in enumerate(dict.fromkeys(classes))}


def _strata(table, columns, class_mode):
    """What is split evenly between the subsets: a class (or a set of classes) a row."""
    if class_mode == "multi_output":
        return None
    if len(columns) > 1:
        return subsets.classes_of(table[columns].to_numpy())
    values = table[columns[0]].tolist()
    if class_mode == "raw":
        return subsets.classes_of(values) if np.ndim(values[0]) == 0 else None
    return [value if isinstance(value, str) else tuple(value) for value in values]


def _numbers(column, name):
    values = column.to_numpy()
    if values.dtype.kind not in "iuf":
        raise TypeError(f"weight_col={name!r} must hold numbers, but holds {values[0]!r}")
    return values
