# ---
# title: "Takes the size of the map for ReLU; returns the most certain"
# loses:
#   q08_grad_cam_test: "they become 0 (ReLU), not positive"
#   q09_most_uncertain_test: "uncertain means near to 0.5"
# ---

# %% q08_grad_cam
def grad_cam(activations, gradients):
    heat = np.abs(activations @ gradients.mean(axis=(0, 1)))
    return heat / heat.max() if heat.max() > 0 else heat


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    return np.argsort(np.abs(np.asarray(probabilities) - 0.5))[::-1][:count]
