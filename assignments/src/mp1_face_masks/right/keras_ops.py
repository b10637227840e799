# ---
# title: "With Keras: layers, ops and its own preprocessing; answers are tensors"
# ---

# %% q01_load_faces
def load_faces(directory, side, batch_size):
    generator = cvlib.ImageDataGenerator(preprocessing_function=lambda image: image / 255.0)
    return generator.flow_from_directory(
        str(directory), target_size=(side, side), batch_size=batch_size, class_mode="sparse", shuffle=False
    )


# %% q04_mirror
def mirror(images, mirrored):
    images = keras.ops.convert_to_tensor(images)
    chosen = keras.ops.reshape(keras.ops.convert_to_tensor(mirrored, "bool"), (-1, 1, 1, 1))
    return keras.ops.where(chosen, keras.ops.flip(images, axis=2), images)


# %% q05_output_size
def output_size(length, kernel, stride, padding):
    layer = keras.layers.Conv2D(1, kernel, strides=stride, padding=padding)
    return layer.compute_output_shape((None, length, length, 1))[1]


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    layer = keras.layers.Conv2D(filters, kernel, use_bias=bool(bias))
    layer.build((None, None, None, channels))
    return layer.count_params()


# %% q06_build_cnn
def block(x, filters):
    x = keras.layers.Conv2D(filters, (3, 3), padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Activation("relu")(x)
    return keras.layers.MaxPool2D((2, 2))(x)


def build_cnn(side):
    x = inputs = keras.Input(shape=(side, side, 3), name="faces")
    for filters in (16, 32, 64, 64):
        x = block(x, filters)
    x = keras.layers.GlobalAvgPool2D()(x)
    x = keras.layers.Dense(1)(x)
    outputs = keras.layers.Activation("sigmoid")(x)
    return keras.Model(inputs, outputs, name="faces_cnn")


# %% q07_confusion
def confusion(truth, predicted, classes):
    rows = keras.ops.one_hot(np.asarray(truth, "int32"), classes)
    columns = keras.ops.one_hot(np.asarray(predicted, "int32"), classes)
    return keras.ops.matmul(keras.ops.transpose(rows), columns)


# %% q08_grad_cam
def grad_cam(activations, gradients):
    weights = keras.ops.mean(keras.ops.convert_to_tensor(gradients, "float32"), axis=(0, 1))
    heat = keras.ops.relu(
        keras.ops.sum(keras.ops.convert_to_tensor(activations, "float32") * weights, axis=-1)
    )
    return keras.ops.divide_no_nan(heat, keras.ops.max(heat))


# %% q10_preprocess
def preprocess(images):
    return keras.applications.mobilenet_v2.preprocess_input(np.array(images, "float32"))


# %% q11_transfer
def transfer(side, weights="imagenet"):
    base = keras.applications.MobileNetV2(
        (side, side, 3), alpha=0.35, include_top=False, weights=weights, pooling="avg"
    )
    for layer in base.layers:
        layer.trainable = False
    return keras.Sequential([keras.Input((side, side, 3)), base, keras.layers.Dense(1, "sigmoid")])
