# ---
# title: "Lets Keras do it: layers with weights set, keras.ops, keras losses, gradients by GradientTape"
# ---

# %% q01_transposed
def transposed(image, kernel, stride):
    kernel = keras.ops.cast(kernel, "float32")[:, :, None, None]
    image = keras.ops.cast(image, "float32")[None, :, :, None]
    rows, columns = kernel.shape[:2]
    missing = max(0, stride - rows), max(0, stride - columns)
    wide = keras.ops.pad(kernel, [[0, missing[0]], [0, missing[1]], [0, 0], [0, 0]])
    out = keras.ops.conv_transpose(image, wide, strides=stride, padding="valid")[0, :, :, 0]
    return out[: out.shape[0] - missing[0], : out.shape[1] - missing[1]]


# %% q02_crop_same
def crop_same(full, kernel, stride):
    front, end = (kernel - stride) // 2, (kernel - stride + 1) // 2
    crop = keras.layers.Cropping2D(((front, end), (front, end)))
    return keras.ops.squeeze(crop(keras.ops.convert_to_tensor(full)[None, :, :, None]), axis=(0, 3))


# %% q03_bilinear_kernel
def bilinear_kernel(factor):
    size = 2 * factor - factor % 2
    place = keras.ops.arange(size, dtype="float32") - (size - 1) / 2
    tent = keras.ops.relu(1 - keras.ops.abs(place) / factor)
    return keras.ops.outer(tent, tent)


# %% q04_atrous
def atrous(image, kernel, rate):
    layer = keras.layers.Conv2D(
        kernel.shape[-1], kernel.shape[0], dilation_rate=rate, padding="same", use_bias=False, dtype="float64"
    )
    layer.build((None, None, None, image.shape[-1]))
    layer.set_weights([kernel])
    return layer(image[None])[0]


# %% q05_receptive_field
def receptive_field(layers):
    from cvlib.explain.receptive_field import along

    if not layers:
        return 1, 1
    stack = []
    for kernel, stride, dilation in layers:
        if stride > 1 and dilation > 1:
            stack.append(keras.layers.Conv1D(1, kernel, dilation_rate=dilation))
            stack.append(keras.layers.Conv1D(1, 1, strides=stride))
        else:
            stack.append(keras.layers.Conv1D(1, kernel, strides=stride, dilation_rate=dilation))
    as_images = []
    for layer in stack:
        as_images.append(
            keras.layers.Conv2D(
                1, layer.kernel_size * 2, strides=layer.strides * 2, dilation_rate=layer.dilation_rate * 2
            )
        )
    field = along(as_images, (4096, 4096))
    return field.size[0], field.stride[0]


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    true = keras.ops.one_hot(masks, classes, dtype="float32")
    called = keras.ops.one_hot(predictions, classes, dtype="float32")
    both = keras.ops.sum(keras.ops.minimum(true, called), axis=(0, 1, 2))
    either = keras.ops.sum(keras.ops.maximum(true, called), axis=(0, 1, 2))
    return both / either


# %% q06_image_dice
def image_dice(masks, predictions):
    import tensorflow as tf

    masks, predictions = tf.cast(masks, tf.float32), tf.cast(predictions, tf.float32)
    both = tf.reduce_sum(masks * predictions, axis=[1, 2])
    total = tf.reduce_sum(masks + predictions, axis=[1, 2])
    return tf.where(total == 0, tf.ones_like(total), tf.math.divide_no_nan(2 * both, total))


# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = keras.ops.cast(labels != ignore_index, "float32")
    losses = keras.losses.sparse_categorical_crossentropy(
        keras.ops.where(labels != ignore_index, labels, 0),
        keras.ops.cast(logits, "float32"),
        from_logits=True,
    )
    return keras.ops.divide_no_nan(keras.ops.sum(losses * counts), keras.ops.sum(counts))


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    import tensorflow as tf

    z = tf.Variable(logits, dtype=tf.float64)
    with tf.GradientTape() as tape:
        valid = tf.constant(labels != ignore_index)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.boolean_mask(labels, valid), logits=tf.boolean_mask(z, valid)
        )
        loss = tf.math.divide_no_nan(tf.reduce_sum(losses), tf.reduce_sum(tf.cast(valid, tf.float64)))
    return tf.convert_to_tensor(tape.gradient(loss, z))


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    t, p = keras.ops.cast(masks, "float32"), keras.ops.cast(probabilities, "float32")
    both, total = keras.ops.sum(t * p, axis=(1, 2)), keras.ops.sum(t + p, axis=(1, 2))
    return keras.ops.mean(1 - (2 * both + smooth) / (total + smooth))


# %% q09_contracting
def contracting(side, channels, filters):
    body = keras.Sequential(
        [
            keras.Input((side, side, channels)),
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
        ]
    )
    images = keras.Input((side, side, channels))
    skip = body(images)
    return keras.Model(images, [skip, keras.layers.MaxPooling2D()(skip)])


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    joined = keras.layers.Concatenate()([keras.layers.Conv2DTranspose(filters, 2, 2)(deep), skip])
    twice = keras.Sequential(
        [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
        ]
    )
    return keras.Model([deep, skip], twice(joined))


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    side = 2 ** (len(filters) - 1)
    images = x = keras.Input((side, side, channels))
    skips = []
    for width in filters:
        x = keras.layers.Conv2D(width, 3, padding="same")(x)
        x = keras.layers.Conv2D(width, 3, padding="same")(x)
        skips.append(x)
        if len(skips) < len(filters):
            x = keras.layers.MaxPooling2D()(x)
    skips.pop()
    while skips:
        skip = skips.pop()
        width = skip.shape[-1]
        x = keras.layers.Concatenate()([skip, keras.layers.Conv2DTranspose(width, 2, 2)(x)])
        x = keras.layers.Conv2D(width, 3, padding="same")(x)
        x = keras.layers.Conv2D(width, 3, padding="same")(x)
    return keras.Model(images, keras.layers.Conv2D(classes, 1)(x)).count_params()
