"""Losses: of masks (cross-entropy that can look away, Dice, Tversky, focal, their sums), of boxes, YOLO's.

Importing the package makes all of them known to Keras, so that a saved model finds its loss.
"""

from cvlib.losses.boxes import CIoU, DIoU, GIoU, paired_ious
from cvlib.losses.cross_entropy import CrossEntropy, Focal
from cvlib.losses.overlap import Dice, Tversky
from cvlib.losses.segmentation import EPSILON, SegmentationLoss, SumOfLosses
from cvlib.losses.yolo import yolo_loss

__all__ = [
    "EPSILON",
    "CIoU",
    "CrossEntropy",
    "DIoU",
    "Dice",
    "Focal",
    "GIoU",
    "SegmentationLoss",
    "SumOfLosses",
    "Tversky",
    "paired_ious",
    "yolo_loss",
]
