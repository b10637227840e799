# ---
# title: "Multiplies x by the height and y by the width"
# loses:
#   q01_to_corners_test: "height and width swapped"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    x, y, w, h = rows.T
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1) * [height, width, height, width]
