"""Simulated twins of the course's datasets: procedural pictures, written as real image files.

One file a dataset (`face_mask.py`), each with `make(directory, seed=0, …)`; the drawing is in the files
beside it. For detection (`bccd`, `scenes`, `shapes`), `draw(seed)` gives one picture in memory with its
boxes, labels and the masks of its objects.
Everything here rests on NumPy and OpenCV, and is a function of the seed.
"""
