import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data.mixing import cutmix, cutout, mixup


def flat(count=6, size=20):
    """Picture i is i + 1 everywhere, with the one-hot label i."""
    images = np.ones((count, size, size, 3), np.float32) * np.arange(1, count + 1)[:, None, None, None]
    return images, np.eye(count)


@given(st.floats(0.05, 1), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_cutout_covers_at_most_one_square_and_nothing_else(size, seed):
    images, _ = flat()
    before = images.copy()
    covered = cutout(images, size, fill=0, seed=seed)
    np.testing.assert_array_equal(images, before)
    assert set(np.unique(covered)) <= {0, 1, 2, 3, 4, 5, 6}
    for index, image in enumerate(covered):
        rows, columns = np.nonzero(image[..., 0] == 0)
        assert set(np.unique(image)) <= {0, index + 1}
        if len(rows):
            assert max(np.ptp(rows), np.ptp(columns)) + 1 <= round(size * 20) + 1
            assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


def test_cutout_fills_with_the_mean_of_each_channel_and_keeps_bytes():
    images = np.zeros((1, 8, 8, 3), np.uint8)
    images[...] = (10, 20, 30)
    covered = cutout(images, 0.5, seed=1)
    assert covered.dtype == np.uint8
    np.testing.assert_array_equal(covered, images)


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_labels_have_the_shares_of_the_pictures(mix):
    images, labels = flat()
    mixed, shares = mix(images, labels, alpha=1.0, seed=3)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
    expected = (shares * np.arange(1, 7)).sum(1)  # the mean grey value tells the shares
    np.testing.assert_allclose(mixed.mean((1, 2, 3)), expected, rtol=1e-5)
    assert np.abs(shares - labels).max() > 0.1


def test_mixup_blends_and_cutmix_pastes():
    images, labels = flat()
    blended, _ = mixup(images, labels, alpha=1.0, seed=0)
    pasted, _ = cutmix(images, labels, seed=0)
    assert all(len(np.unique(image)) == 1 for image in blended)
    assert any(value % 1 for value in np.unique(blended))
    assert set(np.unique(pasted)) <= {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_a_seed_repeats_and_a_generator_goes_on(mix):
    images, labels = flat()
    np.testing.assert_array_equal(mix(images, labels, seed=1)[0], mix(images, labels, seed=1)[0])
    random = np.random.default_rng(1)
    first, second = mix(images, labels, seed=random)[0], mix(images, labels, seed=random)[0]
    assert np.abs(first - second).max() > 0


def test_whole_number_labels_are_refused_with_the_way_out():
    images, _ = flat()
    for mix in (mixup, cutmix):
        with pytest.raises(ValueError, match="to_categorical"):
            mix(images, np.arange(6))
    with pytest.raises(ValueError, match=r"size must be a share .* got 12"):
        cutout(images, 12)
