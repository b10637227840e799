# ---
# title: "Divides a map of zeros by its largest value; stretches each image by itself"
# loses:
#   q08_grad_cam_test: "a map of zeros"
#   q10_preprocess_test: "stretched to each image"
# ---

# %% q08_grad_cam
def grad_cam(activations, gradients):
    heat = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    return heat / heat.max()


# %% q10_preprocess
def preprocess(images):
    images = np.asarray(images, float)
    return 2 * (images - images.min()) / max(images.max() - images.min(), 1e-9) - 1
