"""Where the thresholds of question 14 come from: the reference solution, trained many times, and the baselines.

Trains the notebook's own solution with a number of seeds, measures its masks of the test pictures, and writes
`reference_runs.json` and the files of `handed_in/`. Resumes where it stopped. With --recount nothing is trained:
only the summary is made again.

    python assignments/src/mp2_lung_segmentation/reference_runs.py --seeds 22 --workers 2
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "source" / HERE.name
TRUTH = HERE.parents[1] / "hidden" / HERE.name / "truth" / "masks.npz"
RECORD = HERE / "reference_runs.json"
RUNS = HERE.parents[2] / "out" / "reference_runs_mp2"
THRESHOLDS = {"q14_baseline_test": 0.87, "q14_good_test": 0.91, "q14_excellent_test": 0.94}
TESTS_ONLY = ("q02", "q04", "q05", "q10", "q13", "q14_hand_in")  # cells that training does not need


def dice(found, truth):
    """Dice of each picture, float64 (B,), of bool masks (B, H, W)."""
    both = np.sum(found & truth, axis=(1, 2))
    return 2 * both / np.maximum(np.sum(found, axis=(1, 2)) + np.sum(truth, axis=(1, 2)), 1)


def pairs(split):
    """The paths of a split of the data set, as the notebook passes them on."""
    import cvlib

    lungs = cvlib.datasets.load("lungs", source="synthetic")
    rows = lungs.frame[lungs.frame.split == split]
    return [(str(lungs.directory / row.path), str(lungs.directory / row.mask)) for row in rows.itertuples()]


def train(seed, threads):
    """Run the notebook's solution in this process and keep its masks."""
    import jupytext

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ |= {
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": "1",
    }
    given = pairs("train"), pairs("validation")
    os.chdir(SOURCE)
    book = jupytext.read(HERE / "notebook.py", fmt="py:percent")
    space = {}
    for cell in book.cells:
        name = cell.metadata.get("solution") or cell.metadata.get("locked")
        if name and not name.startswith(TESTS_ONLY):
            exec(cell.source.replace("cvlib.setup(seed=0)", f"cvlib.setup(seed={seed})"), space)
    start = time.perf_counter()
    masks = space["train_and_predict"](*given)
    np.savez_compressed(RUNS / f"{seed:03d}.npz", masks=masks, seconds=time.perf_counter() - start)


def baselines(truth):
    """Mean Dice on the test pictures of what needs no training, each with the test pictures' own help."""
    from PIL import Image

    from cvlib._opencv import cv2

    def nearest(mask, side=128):
        return cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST)

    masks = np.array([nearest(np.asarray(Image.open(mask))) for _, mask in pairs("train")])
    mean = masks.mean(axis=0)
    tests = [np.asarray(Image.open(path)) for path in sorted((SOURCE / "xrays" / "test").glob("*.jpg"))]

    def everywhere(mask):
        return np.repeat(mask[None], len(truth), axis=0)

    def dark(level, inside):
        found = [(picture < level(picture)) & inside for picture in tests]
        return dice(np.array(found), truth).mean()

    def otsu(picture):
        return cv2.threshold(picture, 0, 255, cv2.THRESH_OTSU)[0]

    brightness = max(
        (
            np.array([(picture < np.percentile(picture[inside], share)) & inside for picture in tests])
            for share in (50, 60, 70, 80, 90)
            for inside in (mean > 0.15, mean > 0.3, mean > 0.45)
        ),
        key=lambda found: dice(found, truth).mean(),
    )
    all_of_it, middle = np.ones_like(mean, bool), mean > 0.15
    levels = range(20, 236, 5)
    shares = range(20, 71, 2)
    best = max((0.3, 0.35, 0.4, 0.45, 0.5, 0.55), key=lambda t: dice(everywhere(mean > t), truth).mean())
    found = {
        "lung everywhere": dice(np.ones_like(truth), truth).mean(),
        "mean of the training masks": dice(everywhere(mean > best), truth).mean(),
        "one threshold": max(dark(lambda picture, level=level: level, all_of_it) for level in levels),
        "a threshold for each picture (Otsu)": dark(otsu, all_of_it),
        "a share of each picture's pixels": max(
            dark(lambda picture, share=share: np.percentile(picture, share), all_of_it) for share in shares
        ),
        "Otsu where a training mask ever is": dark(otsu, middle),
        "a share of the pixels where training masks often are": dice(brightness, truth).mean(),
    }  # fmt: skip
    return {name: round(float(value), 4) for name, value in found.items()}, mean > best, brightness


def write(path, masks):
    """Write a predictions file as the notebook does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, masks=masks)


def summarise():
    """Write the record and the prediction files that the sample answers hand in."""
    with np.load(TRUTH) as file:
        truth = file["masks"] > 0
    runs = {}
    for path in sorted(RUNS.glob("*.npz")):
        with np.load(path) as file:
            runs[int(path.stem)] = file["masks"], float(file["seconds"])
    each = {seed: dice(masks > 0, truth) for seed, (masks, _) in runs.items()}
    mean = {seed: float(values.mean()) for seed, values in each.items()}
    values = np.array(list(mean.values()))
    ordinary = min(mean, key=lambda seed: abs(mean[seed] - np.median(values)))
    masks = np.asarray(runs[ordinary][0], np.uint8)
    simple, average, brightness = baselines(truth)
    other = HERE / "handed_in" / "other"
    write(HERE / "handed_in" / "predictions.npz", masks)
    write(other / "everywhere.npz", np.ones_like(masks))
    write(other / "mean_mask.npz", np.repeat(average[None].astype(np.uint8), len(masks), axis=0))
    write(other / "brightness.npz", brightness.astype(np.uint8))
    write(other / "shuffled.npz", np.random.default_rng(0).permutation(masks))
    write(other / "wrong_way_round.npz", 1 - masks)
    write(other / "rows_and_columns.npz", masks.transpose(0, 2, 1))
    write(other / "half_size.npz", masks[:, ::2, ::2])
    write(other / "last_batch_left_out.npz", masks[:56])
    write(other / "white.npz", masks * np.uint8(255))
    write(other / "floats.npz", masks.astype(np.float32) * np.float32(0.9))
    write(other / "bool_with_channel.npz", masks[..., None] > 0)
    record = {
        "mean dice": {str(seed): round(value, 4) for seed, value in mean.items()},
        "runs": len(values),
        "least": round(float(values.min()), 4),
        "median": round(float(np.median(values)), 4),
        "most": round(float(values.max()), 4),
        "worst picture of any run": round(float(min(one.min() for one in each.values())), 4),
        "seconds": round(float(np.median([seconds for _, seconds in runs.values()])), 1),
        "baselines": simple,
        "thresholds": THRESHOLDS,
        "share of runs above": {name: float(np.mean(values >= low)) for name, low in THRESHOLDS.items()},
        "how": "reference solution of notebook.py, one seed each; mean Dice of the 60 test pictures; median seconds on one thread of a busy machine",
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in record.items() if key != "mean dice"}, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    from seeds import command

    command(__file__, train, summarise, RUNS, seeds=22, description=__doc__)
