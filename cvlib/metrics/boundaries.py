"""How far the outline of a predicted region lies from the true one.

An outline is the pixels of a region that have one of their four neighbours outside it; beyond the picture's
edge is outside. Distances are between pixel centres.

References:
    Heimann et al., 2009, Comparison and Evaluation of Methods for Liver Segmentation, section III
    (symmetric surface distances).
    Huttenlocher, Klanderman and Rucklidge, 1993, Comparing Images Using the Hausdorff Distance (the partial
    distance, by rank).
"""

import numpy as np


def outline(region):
    """The pixels of a region that touch its outside.

    Args:
        region: bool array (H, W), or any numbers of which the nonzero ones are inside.

    Returns:
        bool array (H, W).

    Raises:
        ValueError: if `region` is not (H, W) or (H, W, 1).

    Example:
        >>> outline(np.ones((3, 4))).sum()
        np.int64(10)
    """
    padded = np.pad(_region(region, "region"), 1)
    inside = padded[1:-1, 1:-1]
    core = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~core


def surface_distances(mask, prediction, spacing=(1.0, 1.0)):
    """From every pixel of either outline the distance to the other outline.

    Args:
        mask: bool array (H, W), the true region (nonzero is inside).
        prediction: bool array (H, W), the predicted one.
        spacing: (height, width) of a pixel, in the unit that the distances shall have.

    Returns:
        Two float64 arrays: distances from the mask's outline, and from the prediction's. Where both regions
        are empty both arrays are empty; where one is, the other's distances are infinite.

    Raises:
        ValueError: if the two differ in size or are not (H, W), or `spacing` is not two positive numbers.
    """
    from scipy.ndimage import distance_transform_edt

    mask, prediction = _region(mask, "mask"), _region(prediction, "prediction")
    if mask.shape != prediction.shape:
        raise ValueError(f"mask and prediction must be of one size, got {mask.shape} and {prediction.shape}")
    if np.shape(spacing) != (2,) or not all(0 < size < np.inf for size in spacing):
        raise ValueError(f"spacing must be (height, width) of a pixel, both positive, got {spacing}")
    outlines = outline(mask), outline(prediction)
    distances = []
    for here, there in (outlines, outlines[::-1]):
        if there.any():
            distances.append(distance_transform_edt(~there, sampling=spacing)[here])
        else:
            distances.append(np.full(int(here.sum()), np.inf))
    return tuple(distances)


def hausdorff(mask, prediction, percentile=95, spacing=(1.0, 1.0)):
    """Hausdorff distance of two outlines, without the farthest few per cent.

    Args:
        mask: bool array (H, W), the true region (nonzero is inside).
        prediction: bool array (H, W), the predicted one.
        percentile: 95 for the usual “HD95”, 100 for the Hausdorff distance itself, in which one stray pixel
            decides.
        spacing: as for `surface_distances`.

    Returns:
        A float in pixels (or the unit of `spacing`): the greater of the two outlines' percentiles. 0.0 where
        both regions are empty, infinity where one is.

    Raises:
        ValueError: as `surface_distances`, or if `percentile` is not in [0, 100].

    Example:
        >>> square, moved = np.zeros((2, 20, 20), bool)
        >>> square[5:10, 5:10] = moved[5:10, 8:13] = True
        >>> hausdorff(square, moved)
        3.0
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile must be from 0 to 100, got {percentile}")
    there, back = surface_distances(mask, prediction, spacing)
    if not there.size and not back.size:
        return 0.0
    if not there.size or not back.size:
        return float("inf")
    return float(max(np.percentile(there, percentile), np.percentile(back, percentile)))


def average_surface_distance(mask, prediction, spacing=(1.0, 1.0)):
    """Mean distance of the two outlines, over the pixels of both (the symmetric one, “ASSD”).

    Args:
        mask: bool array (H, W), the true region (nonzero is inside).
        prediction: bool array (H, W), the predicted one.
        spacing: as for `surface_distances`.

    Returns:
        A float in pixels (or the unit of `spacing`): 0.0 where both regions are empty, infinity where one is.

    Raises:
        ValueError: as `surface_distances`.

    Example:
        >>> average_surface_distance(np.eye(8), np.eye(8))
        0.0
    """
    distances = np.concatenate(surface_distances(mask, prediction, spacing))
    return float(distances.mean()) if distances.size else 0.0


def _region(region, name):
    region = np.asarray(region)
    if region.ndim == 3 and region.shape[-1] == 1:
        region = region[..., 0]
    if region.ndim != 2:
        raise ValueError(
            f"{name} must be one region of one image, (H, W), got {region.shape}: "
            "go through the images and classes in a loop, with mask == number"
        )
    return region != 0
