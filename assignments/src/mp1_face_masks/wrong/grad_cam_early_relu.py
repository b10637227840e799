# ---
# title: "ReLU on the weights before the sum; subtracts nothing in the preprocessing"
# loses:
#   q08_grad_cam_test: "ReLU too early"
#   q10_preprocess_test: "take 1 away"
# ---

# %% q08_grad_cam
def grad_cam(activations, gradients):
    weights = np.maximum(gradients.mean(axis=(0, 1)), 0)
    heat = activations @ weights
    return heat / heat.max() if heat.max() > 0 else heat


# %% q10_preprocess
def preprocess(images):
    return np.asarray(images) / 127.5
