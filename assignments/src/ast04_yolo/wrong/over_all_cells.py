# ---
# title: "Divides by the number of cells in place of objects"
# loses:
#   q07_box_loss_test: "not of cells"
#   q07_object_loss_test: "a mean"
# ---

# %% q07_box_loss
def box_loss(output, targets):
    there = targets[..., 4]
    place = 1 / (1 + np.exp(-output[..., :2])) - targets[..., :2]
    size = output[..., 2:4] - targets[..., 2:4]
    cost = (place**2).sum(-1) + (size**2).sum(-1)
    return (there * cost).sum() / targets[..., 4].size


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    empty = ~there & (overlap <= ignore_above)
    missed = np.logaddexp(0, -logits[there]).mean() if there.any() else 0.0
    invented = np.logaddexp(0, logits[empty]).mean() if empty.any() else 0.0
    return missed, invented
