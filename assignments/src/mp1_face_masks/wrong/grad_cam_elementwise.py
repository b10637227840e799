# ---
# title: "Multiplies the gradients place by place; returns the least probable"
# loses:
#   q08_grad_cam_test: "gradients not averaged"
#   q09_most_uncertain_test: "0.02 is a sure answer too"
# ---

# %% q08_grad_cam
def grad_cam(activations, gradients):
    heat = np.maximum((activations * gradients).sum(axis=-1), 0)
    return heat / heat.max() if heat.max() > 0 else heat


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    return np.argsort(probabilities)[:count]
