# ---
# title: "Freezes the new head too; hands in shuffled predictions"
# loses:
#   q11_transfer_test: "everything is frozen"
#   q12_baseline_test: "in the order of TEST_FILES"
#   q12_good_test: "in the order of TEST_FILES"
#   q12_excellent_test: "in the order of TEST_FILES"
# files:
#   predictions.csv: other/shuffled.csv
# ---

# %% q11_transfer
def transfer(side, weights="imagenet"):
    base = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), alpha=0.35, include_top=False, weights=weights
    )
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(1, activation="sigmoid")(pooled))
    model.trainable = False
    return model
