# ---
# title: "Takes MobileNetV2 at full width; hands in a line through raw pixels"
# loses:
#   q11_transfer_test: "pass alpha=0.35"
#   q12_baseline_test: "is too low"
#   q12_good_test: "is too low"
#   q12_excellent_test: "is too low"
# files:
#   predictions.csv: other/raw_pixels.csv
# ---

# %% q11_transfer
def transfer(side, weights="imagenet"):
    base = keras.applications.MobileNetV2(input_shape=(side, side, 3), include_top=False, weights=weights)
    base.trainable = False
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(1, activation="sigmoid")(pooled))
