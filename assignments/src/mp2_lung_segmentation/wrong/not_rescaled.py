# ---
# title: "Leaves the pixels at 0 to 255; the same split whatever the seed"
# loses:
#   q03_resize_pair_test: "some values are out of range"
#   q05_split_by_patient_test: "must depend on the seed"
# ---

# %% q03_resize_pair
import cv2


def resize_pair(image, mask, height, width):
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype("float32")
    return image, cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)


# %% q05_split_by_patient
def split_by_patient(patients, share, seed):
    names = sorted(set(patients))
    held_out = names[: round(share * len(names))]
    inside = np.isin(patients, held_out)
    return np.flatnonzero(~inside), np.flatnonzero(inside)
