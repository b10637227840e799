# ---
# title: "Forgets to freeze the base; hands the probabilities in the wrong way round"
# loses:
#   q11_transfer_test: "nothing is frozen"
#   q12_baseline_test: "the wrong way round"
#   q12_good_test: "the wrong way round"
#   q12_excellent_test: "the wrong way round"
# files:
#   predictions.csv: other/wrong_way_round.csv
# ---

# %% q11_transfer
def transfer(side, weights="imagenet"):
    base = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), alpha=0.35, include_top=False, weights=weights
    )
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(1, activation="sigmoid")(pooled))
