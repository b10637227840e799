# ---
# title: "Stops at the first bad file; the argmax of one channel"
# loses:
#   q02_mask_problems_test: "has no entry"
#   q12_to_masks_test: "differs in 2 of 4 values"
# ---

# %% q02_mask_problems
def mask_problems(images, masks):
    for name in [*images, *masks]:
        if name not in masks:
            return {name: "no mask"}
        if name not in images:
            return {name: "no picture"}
        if images[name].shape[:2] != masks[name].shape:
            return {name: "other size"}
        if not set(np.unique(masks[name]).tolist()) <= {0, 1}:
            return {name: "not labels"}
        if not masks[name].any():
            return {name: "empty"}
    return {}


# %% q12_to_masks
def to_masks(logits):
    return np.argmax(logits, axis=-1)
