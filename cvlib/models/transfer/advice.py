"""What to do with a pretrained network, given how many images there are and how like ImageNet's they are.

References:
    Stanford CS231n, Transfer Learning: when and how to fine-tune (the four scenarios).
    Ng, Deep Learning Specialization, Convolutional Neural Networks, week 2, Transfer Learning (the three
    rules of size).
"""

from dataclasses import dataclass

#: Images a class: below the first a data set is small, from the second on it is large. Rules of thumb.
SMALL, LARGE = 1_000, 10_000

SIZE_RULES = {
    "small": "Few images: freeze the whole network and train only a new head.",
    "medium": "More images: freeze the early layers and train the later ones with the head.",
    "large": "Many images: train every layer, with the pretrained weights as the start.",
}

# (size, similar): way, share frozen, reason.
_TABLE = {
    ("small", True): (
        "head only",
        1.0,
        "The network's last features fit the task already; few images would only overfit its many weights.",
    ),
    ("small", False): (
        "head on an earlier layer's features",
        1.0,
        "The last layers speak of other things; edges and textures of the earlier ones still hold, and there "
        "are too few images to learn new ones.",
    ),
    ("medium", True): (
        "fine-tune the last layers",
        0.75,
        "The features nearly fit, and there are enough images to bend the last ones towards the task.",
    ),
    ("medium", False): (
        "fine-tune the later half",
        0.5,
        "The early features hold for any picture; the later ones must be learnt, from enough images.",
    ),
    ("large", True): (
        "fine-tune all",
        0.0,
        "There are images enough not to overfit, and the start is good: keep the learning rate small.",
    ),
    ("large", False): (
        "train all, from the pretrained weights",
        0.0,
        "There are images enough to learn from scratch; pretrained weights still beat a random start.",
    ),
}


@dataclass(frozen=True)
class Advice:
    """What to do and why.

    Attributes:
        way: what to train.
        frozen: share of the backbone's layers to freeze, for `cvlib.models.transfer.freeze`.
        scenario: one of the four: "small and similar", "small and different", "large and similar", "large and
            different".
        size_rule: what the number of images alone says.
        reason: why, in a sentence.
    """

    way: str
    frozen: float
    scenario: str
    size_rule: str
    reason: str

    def __str__(self):
        return f"{self.scenario}: {self.way}, {self.frozen:.0%} of the backbone frozen. {self.reason}"


def advise(images, similar, classes=2):
    """Advise how to use a pretrained network.

    Args:
        images: number of labelled training images.
        similar: True if they are photographs of the kind that ImageNet has, False if not (X-rays, smears).
        classes: number of classes; what counts is the images a class.

    Returns:
        An `Advice`. In the four scenarios, a medium number of images counts as large.

    Raises:
        ValueError: if `images` or `classes` is not positive, or `similar` is not True or False.

    Example:
        >>> print(advise(images=700, similar=True).way)
        head only
    """
    if images < 1:
        raise ValueError(f"images must be at least 1, the number of labelled training images, got {images}")
    if classes < 1:
        raise ValueError(f"classes must be at least 1, got {classes}")
    if not isinstance(similar, bool):
        raise ValueError(f"similar must be True or False, got {similar!r}")
    each = images / classes
    size = "small" if each < SMALL else "medium" if each < LARGE else "large"
    way, frozen, reason = _TABLE[size, similar]
    return Advice(
        way=way,
        frozen=frozen,
        scenario=f"{'small' if size == 'small' else 'large'} and {'similar' if similar else 'different'}",
        size_rule=SIZE_RULES[size],
        reason=reason,
    )
