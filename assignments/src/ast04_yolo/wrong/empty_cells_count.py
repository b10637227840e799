# ---
# title: "Cells without an object pay for their box; none is ignored"
# loses:
#   q07_box_loss_test: "only the cell with the object counts"
#   q07_object_loss_test: "nothing is ignored"
# ---

# %% q07_box_loss
def box_loss(output, targets):
    there = 1
    place = 1 / (1 + np.exp(-output[..., :2])) - targets[..., :2]
    size = output[..., 2:4] - targets[..., 2:4]
    cost = (place**2).sum(-1) + (size**2).sum(-1)
    return (there * cost).sum() / max(targets[..., 4].sum(), 1)


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    count = max(there.sum(), 1)
    empty = ~there
    missed = np.logaddexp(0, -logits[there]).sum() / count
    invented = np.logaddexp(0, logits[empty]).sum() / count
    return missed, invented
