"""Where the thresholds of question 12 come from: the reference solution, trained many times, and the baselines.

Trains the notebook's own solution with a number of seeds, grades its predictions on the test pictures, and writes
`reference_runs.json` and the prediction files of `handed_in/`. Resumes where it stopped. With --recount nothing
is trained: only the summary is made again.

    python assignments/src/mp1_face_masks/reference_runs.py --seeds 24 --workers 2
"""

import json
import os
import re
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "source" / HERE.name
RECORD = HERE / "reference_runs.json"
RUNS = HERE.parents[2] / "out" / "reference_runs"
THRESHOLDS = {"q12_baseline_test": 0.86, "q12_good_test": 0.88, "q12_excellent_test": 0.90}
CELLS = ("setup", "q01_load_faces", "q03_augmenter", "q06_build_cnn", "q12_train")


def truth():
    """The labels of the test pictures, from the notebook's hidden tests."""
    labels = re.search(r"0x[0-9a-fA-F]{50}\b", (HERE / "notebook.py").read_text(encoding="utf-8"))
    return np.array(list(f"{int(labels[0], 16):0200b}"), int)


def train(seed, threads):
    """Run the notebook's solution in this process and keep its probabilities."""
    import jupytext

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ |= {
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": "1",
    }
    import cvlib

    faces = cvlib.datasets.load("face_mask", source="synthetic")
    os.chdir(SOURCE)
    book = jupytext.read(HERE / "notebook.py", fmt="py:percent")
    space = {}
    for cell in book.cells:
        name = cell.metadata.get("solution") or cell.metadata.get("locked")
        if name in CELLS:
            exec(cell.source.replace("cvlib.setup(seed=0)", f"cvlib.setup(seed={seed})"), space)
    start = time.perf_counter()
    probabilities = space["train_and_predict"](faces.directory / "train", faces.directory / "validation")
    np.savez(RUNS / f"{seed:03d}.npz", probabilities=probabilities, seconds=time.perf_counter() - start)


def baselines():
    """Accuracy on the test pictures of the majority, of colours alone, and of a line through the raw pixels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import cvlib
    from cvlib._opencv import cv2

    faces = cvlib.datasets.load("face_mask", source="synthetic")

    def read(paths):
        return [cv2.imread(str(path)) for path in paths]

    def pixels(images):
        return np.array(
            [cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA).ravel() / 255 for image in images]
        )

    def colours(images):
        counts = [cv2.calcHist([image], [0, 1, 2], None, [6] * 3, [0, 256] * 3).ravel() for image in images]
        return np.array([count / count.sum() for count in counts])

    paths = sorted((faces.directory / "train").glob("*/*.jpg"))
    classes = np.array([int(path.parent.name == "without_mask") for path in paths])
    seen, unseen = read(paths), read(sorted((SOURCE / "faces" / "test").glob("*.jpg")))
    found = {"majority": float(max(np.mean(truth()), 1 - np.mean(truth())))}
    for name, features in (("colour histogram", colours), ("raw pixels", pixels)):
        best = 0.0
        for strength in (1e-4, 1e-3, 1e-2, 0.1, 1.0):
            line = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
            line.fit(features(seen), classes)
            probabilities = line.predict_proba(features(unseen))[:, 1]
            accuracy = np.mean((probabilities > 0.5) == truth())
            if accuracy > best:  # the best of all: a baseline with the test pictures' own help
                best = accuracy
                if name == "raw pixels":
                    write(HERE / "handed_in" / "other" / "raw_pixels.csv", probabilities)
        found[f"logistic regression, {name}"] = float(best)
    return found


def write(path, probabilities):
    """Write a predictions file as the notebook does."""
    names = sorted(path.name for path in (SOURCE / "faces" / "test").glob("*.jpg"))
    rows = [f"{name},{p:.4f}" for name, p in zip(names, probabilities, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["file,probability", *rows]) + "\n", encoding="utf-8")


def summarise():
    """Write the record and the prediction files that the sample answers hand in."""
    runs = {int(path.stem): np.load(path) for path in sorted(RUNS.glob("*.npz"))}
    accuracy = {seed: float(np.mean((run["probabilities"] > 0.5) == truth())) for seed, run in runs.items()}
    values = np.array(list(accuracy.values()))
    ordinary = min(accuracy, key=lambda seed: abs(accuracy[seed] - np.median(values)))
    probabilities = runs[ordinary]["probabilities"]
    other = HERE / "handed_in" / "other"
    write(HERE / "handed_in" / "predictions.csv", probabilities)
    write(other / "wrong_way_round.csv", 1 - probabilities)
    write(other / "shuffled.csv", np.random.default_rng(0).permutation(probabilities))
    write(other / "one_answer.csv", np.full(len(probabilities), 0.4987))
    record = {
        "accuracy": {str(seed): value for seed, value in accuracy.items()},
        "runs": len(values),
        "least": float(values.min()),
        "median": float(np.median(values)),
        "most": float(values.max()),
        "seconds": float(np.median([run["seconds"] for run in runs.values()])),
        "baselines": baselines(),
        "thresholds": THRESHOLDS,
        "share of runs above": {name: float(np.mean(values >= low)) for name, low in THRESHOLDS.items()},
        "how": "reference solution of notebook.py, one seed each; accuracy on the 200 test pictures; median seconds on one thread of a busy machine",
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in record.items() if key != "accuracy"}, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    from seeds import command

    command(__file__, train, summarise, RUNS, seeds=24, description=__doc__)
