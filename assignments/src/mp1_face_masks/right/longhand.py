# ---
# title: "Reasons in another order: explicit formulas, keyword arguments, a subclass"
# ---

# %% q03_augmenter
def augmenter():
    settings = {"rotation_range": 14.9, "width_shift_range": 0.09, "height_shift_range": 0.09}
    settings.update(zoom_range=[0.9, 1.1], horizontal_flip=True, vertical_flip=False, fill_mode="reflect")
    return cvlib.ImageDataGenerator(preprocessing_function=lambda x: x / 255, **settings)


# %% q05_output_size
def output_size(length, kernel, stride, padding):
    if padding == "same":
        places = (length + stride - 1) // stride
    else:
        last_start = length - kernel
        places = 1 + last_start // stride
    return float(places)


# %% q06_build_cnn
def build_cnn(side):
    layers = keras.layers
    model = keras.Sequential(name="cnn")
    model.add(layers.InputLayer(shape=(side, side, 3)))
    model.add(layers.Conv2D(16, kernel_size=3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D(pool_size=2))
    model.add(layers.Conv2D(32, kernel_size=3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D(pool_size=2))
    model.add(layers.Conv2D(64, kernel_size=3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D(pool_size=2))
    model.add(layers.Conv2D(64, kernel_size=3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D(pool_size=2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(units=1, activation=keras.activations.sigmoid))
    model.compile("adam", "binary_crossentropy")
    return model


# %% q08_grad_cam
def grad_cam(activations, gradients):
    a, g = np.float32(activations), np.float32(gradients)
    height, width, channels = a.shape
    alpha = g.reshape(height * width, channels).sum(0) / (height * width)
    heat = (a.reshape(height * width, channels) * alpha).sum(1).reshape(height, width)
    heat = (heat + np.abs(heat)) / 2  # ReLU
    largest = heat.max()
    return heat if largest == 0 else heat / largest


# %% q11_transfer
def transfer(side, weights="imagenet"):
    base = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), alpha=0.35, include_top=False, weights=weights
    )
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(1, activation="sigmoid")(x))
    for layer in model.layers[:-1]:
        layer.trainable = False
    return model
