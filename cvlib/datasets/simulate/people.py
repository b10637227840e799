"""Who is drawn: skin, age, hair, expression and clothes, drawn at random."""

from dataclasses import dataclass

import numpy as np

from cvlib.datasets.simulate.canvas import mix

# Ten tones from light to dark after the Monk Skin Tone scale (Monk, 2019), each a little warmer: skin in the
# light, not a chart.
SKIN = np.array(
    [
        (250, 226, 210),
        (245, 218, 196),
        (244, 214, 180),
        (234, 198, 160),
        (217, 171, 128),
        (180, 131, 92),
        (146, 98, 67),
        (112, 72, 52),
        (84, 56, 44),
        (62, 43, 37),
    ],
    float,
)
HAIR = {
    "black": (34, 28, 30),
    "dark brown": (58, 40, 32),
    "brown": (98, 66, 44),
    "auburn": (126, 58, 36),
    "ginger": (190, 96, 44),
    "blond": (214, 176, 108),
    "grey": (150, 148, 150),
    "white": (226, 224, 222),
    "pink": (222, 120, 160),
    "teal": (52, 140, 150),
}
EYES = [(70, 44, 30), (96, 62, 38), (48, 34, 28), (92, 112, 66), (74, 112, 146), (110, 126, 136)]
# Of clothes, hats, scarves, cups and masks alike, so that no colour says what a thing is.
CLOTH = [
    (236, 238, 240),
    (40, 42, 48),
    (88, 92, 100),
    (146, 190, 218),
    (64, 110, 172),
    (34, 52, 92),
    (190, 52, 56),
    (226, 120, 96),
    (240, 190, 80),
    (120, 164, 96),
    (52, 106, 84),
    (74, 166, 164),
    (136, 96, 160),
    (232, 168, 190),
    (204, 178, 148),
    (122, 88, 66),
]
STYLES = [  # as often as each is named
    "bald",
    "buzz",
    "short",
    "short",
    "parted",
    "parted",
    "quiff",
    "spiky",
    "curly",
    "afro",
    "bob",
    "bob",
    "long",
    "long",
    "wavy",
    "bun",
    "pigtails",
    "headscarf",
]
COVERS_EARS = {"bob", "long", "wavy", "headscarf"}
HATS = [None] * 15 + ["beanie", "beanie", "cap", "cap", "sun hat", "headband"]


@dataclass
class Person:
    """One person's looks. Colours are RGB; `tone` is the place on the skin scale, 0 (light) to 9 (dark)."""

    tone: float
    skin: np.ndarray
    age: str
    style: str
    hair: np.ndarray
    hat: str | None
    hat_colour: np.ndarray
    eyes: tuple
    eye_size: float
    openness: float
    slant: float
    brow: float
    brow_lift: float
    gaze: tuple
    nose: float
    lips: float
    lipstick: np.ndarray | None
    mouth: str
    smile: float
    facial_hair: str | None
    glasses: str | None
    freckles: bool
    blush: float
    earrings: bool
    clothes: np.ndarray
    trim: np.ndarray
    neckline: str
    print: str | None

    def grow_up(self):
        """Become a man who may wear a beard."""
        if self.age == "child":
            self.age = "adult"
        if self.style in {"bob", "wavy", "pigtails", "headscarf"}:
            self.style = "parted"
        self.lipstick, self.earrings = None, False


def cloth(rng):
    """A colour of cloth, a little varied."""
    colour = np.array(CLOTH[rng.integers(len(CLOTH))], float)
    return np.clip(colour + rng.normal(0, 9, 3), 14, 250)


def any_person(rng):
    """A person at random.

    Args:
        rng: `numpy.random.Generator`.

    Returns:
        A `Person`.
    """
    tone = rng.uniform(0, 9)
    low = int(tone)
    skin = mix(SKIN[low], SKIN[min(low + 1, 9)], tone - low) * rng.uniform(0.96, 1.04) + rng.normal(0, 1.5, 3)
    age = rng.choice(["child", "adult", "old"], p=[0.2, 0.6, 0.2])
    style = STYLES[rng.integers(len(STYLES))]
    if age == "child" and style == "bald":
        style = "short"
    hair = HAIR[_hair_colour(rng, age, tone)]
    feminine = rng.random() < (
        0.85 if style in {"bob", "long", "wavy", "bun", "pigtails", "headscarf"} else 0.2
    )
    facial_hair = None
    if age != "child" and not feminine and style not in {"headscarf", "pigtails"} and rng.random() < 0.45:
        facial_hair = rng.choice(["stubble", "moustache", "goatee"])
    hats = HATS if style not in {"headscarf", "afro", "bun", "pigtails"} else [None]
    hat = hats[rng.integers(len(hats))]
    if hat and style in {"quiff", "spiky"}:  # flattened by the hat
        style = "short"
    glasses = ["round", "square", "thin", "round", "sun"][rng.integers(5)] if rng.random() < 0.28 else None
    return Person(
        tone=tone,
        skin=np.clip(skin, 20, 255),
        age=str(age),
        style=style,
        hair=np.clip(np.array(hair, float) * rng.uniform(0.85, 1.15) + rng.normal(0, 1.5, 3), 10, 245),
        hat=hat,
        hat_colour=cloth(rng),
        eyes=EYES[rng.integers(len(EYES))] if tone < 4.5 else EYES[rng.integers(3)],
        eye_size=rng.uniform(0.92, 1.12) * (1.16 if age == "child" else 1.0),
        openness=rng.uniform(0.62, 1.1) if rng.random() > 0.07 else 0.0,
        slant=rng.normal(0.0, 0.05),
        brow=rng.uniform(0.6, 1.25) * (0.75 if feminine or age == "child" else 1.1),
        brow_lift=rng.normal(0, 0.03),
        gaze=(float(np.clip(rng.normal(0, 0.35), -0.8, 0.8)), float(np.clip(rng.normal(0, 0.2), -0.5, 0.5))),
        nose=rng.uniform(0.8, 1.25) * (0.8 if age == "child" else 1.0),
        lips=rng.uniform(0.75, 1.3),
        lipstick=np.array(
            [(176, 30, 52), (204, 70, 84), (150, 44, 84), (214, 96, 90)][rng.integers(4)], float
        )
        if feminine and age != "child" and rng.random() < 0.45
        else None,
        mouth=str(rng.choice(["closed", "grin", "laugh", "o", "flat"], p=[0.42, 0.26, 0.16, 0.06, 0.10])),
        smile=rng.uniform(0.2, 1.0),
        facial_hair=facial_hair,
        glasses=glasses,
        freckles=bool(rng.random() < 0.12 and tone < 5),
        blush=rng.uniform(0.0, 0.4),
        earrings=bool(feminine and rng.random() < 0.4),
        clothes=cloth(rng),
        trim=cloth(rng),
        neckline=str(rng.choice(["round", "v", "collar", "hood", "roll"])),
        print=[None, None, "stripes", "dots"][rng.integers(4)],
    )


def _hair_colour(rng, age, tone):
    if age == "old" and rng.random() < 0.8:
        return rng.choice(["grey", "white"])
    if rng.random() < 0.06:
        return rng.choice(["pink", "teal"])
    natural = ["black", "dark brown", "brown", "auburn", "ginger", "blond"]
    if tone > 5:
        return rng.choice(natural[:3], p=[0.6, 0.3, 0.1])
    return rng.choice(natural, p=[0.2, 0.2, 0.22, 0.1, 0.1, 0.18])
