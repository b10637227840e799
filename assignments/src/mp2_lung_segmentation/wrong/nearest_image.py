# ---
# title: "Resizes the image with the nearest neighbour; a share of the pictures, not of the patients"
# loses:
#   q03_resize_pair_test: "the nearest neighbour is for labels"
#   q05_split_by_patient_test: "not a share of the pictures"
# ---

# %% q03_resize_pair
import cv2


def resize_pair(image, mask, height, width):
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST) / np.float32(255)
    return image, cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)


# %% q05_split_by_patient
def split_by_patient(patients, share, seed):
    names = np.random.default_rng(seed).permutation(sorted(set(patients)))
    held_out = []
    for name in names:
        if len(held_out) >= share * len(patients):
            break
        held_out += [i for i, patient in enumerate(patients) if patient == name]
    return [i for i in range(len(patients)) if i not in held_out], held_out
