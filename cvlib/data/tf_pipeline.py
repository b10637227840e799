"""Hand the batches of an iterator to `tf.data`; nothing else in the pipeline names a backend."""

import numpy as np


def to_tf_dataset(iterator, prefetch=2):
    """An iterator of `ImageDataGenerator` as a `tf.data.Dataset` of the same batches.

    One pass over the dataset is one epoch, and the next pass the next one, with draws of its own; a pass that
    was broken off begins again with its epoch's first batch. The iterator's own threads make the batches.

    Args:
        iterator: from `flow`, `flow_from_directory` or `flow_from_dataframe`; boxes only with labels, as
            otherwise their number differs from picture to picture.
        prefetch: batches that TensorFlow holds ready.

    Returns:
        A `tf.data.Dataset` with the structure of the batches, images float (B, H, W, C), masks uint8 or int32
        (B, H, W, 1). Its cardinality is the number of batches.

    Raises:
        ValueError: if the iterator gives boxes without labels.
        ModuleNotFoundError: if TensorFlow is not installed.

    Example:
        >>> iterator = ImageDataGenerator().flow(images, masks=masks)  # doctest: +SKIP
        >>> model.fit(to_tf_dataset(iterator), epochs=5, shuffle=False)  # doctest: +SKIP
    """
    import tensorflow as tf

    if iterator._has_boxes() and not iterator._labelled:
        raise ValueError(
            "boxes cannot go through tf.data, since every picture has another number of them: pass labels "
            "too, and boxes are padded, or take the batches from the iterator itself"
        )
    signature = tf.nest.map_structure(_spec, iterator[0])

    def one_epoch():
        iterator.reset()
        for _ in range(len(iterator)):
            yield next(iterator)

    dataset = tf.data.Dataset.from_generator(one_epoch, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(iterator))).prefetch(prefetch)


def _spec(array):
    import tensorflow as tf

    array = np.asarray(array)
    return tf.TensorSpec((None, *array.shape[1:]), array.dtype)
