# ---
# title: "Resizes the mask bilinearly; the batch as one picture"
# loses:
#   q03_resize_pair_test: "resize the mask with the nearest neighbour"
#   q10_overlap_test: "for each picture"
# ---

# %% q03_resize_pair
import cv2


def resize_pair(image, mask, height, width):
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) / np.float32(255)
    return image, cv2.resize(mask, (width + 0, height), interpolation=cv2.INTER_AREA)


# %% q10_overlap
def overlap(truth, predicted):
    both = np.sum((truth == 1) & (predicted == 1))
    areas = np.sum(truth == 1) + np.sum(predicted == 1)
    return 2 * both / max(areas, 1), both / max(areas - both, 1)
