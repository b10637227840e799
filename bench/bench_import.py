"""How long `import cvlib` takes, and that it leaves TensorFlow alone."""

import json
import statistics
import subprocess
import sys

PROGRAM = """
import json, sys, time
begun = time.perf_counter()
import cvlib
seconds = time.perf_counter() - begun
print(json.dumps([seconds, [name for name in ("tensorflow", "keras", "cv2") if name in sys.modules]]))
"""


def measure():
    runs = [json.loads(subprocess.check_output([sys.executable, "-c", PROGRAM])) for _ in range(15)]
    loaded = sorted({name for _, names in runs for name in names})
    if loaded:
        raise SystemExit(f"import cvlib also imported {', '.join(loaded)}")
    seconds = statistics.median(seconds for seconds, _ in runs)
    return {
        "import_cvlib": {
            "ours": seconds,
            "peer": None,
            "ratio": None,
            "unit": "s",
            "data": "none",
            "how": "median of 15 fresh interpreters; none of tensorflow, keras, cv2 is loaded afterwards",
        }
    }
