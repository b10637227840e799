# ---
# title: "Takes the logarithm of a sigmoid that has become 0"
# loses:
#   q07_object_loss_test: "right for any t"
# ---

# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    p = 1 / (1 + np.exp(-logits))
    count = max(there.sum(), 1)
    empty = ~there & (overlap <= ignore_above)
    with np.errstate(all="ignore"):
        missed = -np.log(p[there]).sum() / count
        invented = -np.log(1 - p[empty]).sum() / count
    return missed, invented
