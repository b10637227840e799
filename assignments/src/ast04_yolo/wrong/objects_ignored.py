# ---
# title: "Ignores objects whose box fits well; divides by no object"
# loses:
#   q07_box_loss_test: "mind the division"
#   q07_object_loss_test: "a place that has an object always pays"
# ---

# %% q07_box_loss
def box_loss(output, targets):
    there = targets[..., 4]
    place = 1 / (1 + np.exp(-output[..., :2])) - targets[..., :2]
    size = output[..., 2:4] - targets[..., 2:4]
    cost = (place**2).sum(-1) + (size**2).sum(-1)
    return (there * cost).sum() / targets[..., 4].sum()


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    count = max(there.sum(), 1)
    empty = ~there & (overlap <= ignore_above)
    missed = np.logaddexp(0, -logits[there & (overlap <= ignore_above)]).sum() / count
    invented = np.logaddexp(0, logits[empty]).sum() / count
    return missed, invented
