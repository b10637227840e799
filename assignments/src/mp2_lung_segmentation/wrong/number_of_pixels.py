# ---
# title: "Compares the number of pixels, not the sizes; masks as floats"
# loses:
#   q02_mask_problems_test: "not the number of pixels"
#   q12_to_masks_test: "has the wrong type"
# ---

# %% q02_mask_problems
def mask_problems(images, masks):
    found = {}
    for name in {**images, **masks}:
        if name not in masks:
            found[name] = "no mask"
        elif name not in images:
            found[name] = "no picture"
        elif images[name][..., 0].size != masks[name].size:
            found[name] = "other size"
        elif not np.isin(masks[name], [0, 1]).all():
            found[name] = "not labels"
        elif not masks[name].any():
            found[name] = "empty"
    return found


# %% q12_to_masks
def to_masks(logits):
    return 1.0 * (np.asarray(logits)[..., 0] > 0)
