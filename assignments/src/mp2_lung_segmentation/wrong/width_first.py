# ---
# title: "Gives OpenCV the height first; splits pictures, not patients"
# loses:
#   q03_resize_pair_test: "cv2.resize and Pillow want (width, height)"
#   q05_split_by_patient_test: "a leak: draw patients"
# ---

# %% q03_resize_pair
import cv2


def resize_pair(image, mask, height, width):
    image = cv2.resize(image, (height, width), interpolation=cv2.INTER_AREA) / np.float32(255)
    return image, cv2.resize(mask, (height, width), interpolation=cv2.INTER_NEAREST)


# %% q05_split_by_patient
def split_by_patient(patients, share, seed):
    order = np.random.default_rng(seed).permutation(len(patients))
    cut = round(share * len(patients))
    return order[cut:], order[:cut]
