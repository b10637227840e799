# ---
# title: "Looks at the largest value of a mask only; puts the background to 1"
# loses:
#   q02_mask_problems_test: "looking at the largest value is not enough"
#   q12_to_masks_test: "differs everywhere"
# ---

# %% q02_mask_problems
def mask_problems(images, masks):
    found = {}
    for name in {**images, **masks}:
        if name not in masks:
            found[name] = "no mask"
        elif name not in images:
            found[name] = "no picture"
        elif images[name].shape[:2] != masks[name].shape:
            found[name] = "other size"
        elif masks[name].max() > 1 or (masks[name].dtype.kind == "f"):
            found[name] = "not labels"
        elif masks[name].max() == 0 and masks[name].min() == 0:
            found[name] = "empty"
    return found


# %% q12_to_masks
def to_masks(logits):
    return (np.asarray(logits)[..., 0] < 0).astype("uint8")
