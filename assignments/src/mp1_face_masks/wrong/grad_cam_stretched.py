# ---
# title: "Stretches the map to [0, 1]; returns probabilities for indices"
# loses:
#   q08_grad_cam_test: "stretched: divide by the largest value only"
#   q09_most_uncertain_test: "return which images they are"
# ---

# %% q08_grad_cam
def grad_cam(activations, gradients):
    heat = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    spread = heat.max() - heat.min()
    return (heat - heat.min()) / spread if spread > 0 else heat


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    return sorted(probabilities, key=lambda p: abs(p - 0.5))[:count]
