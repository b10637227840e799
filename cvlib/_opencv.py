"""OpenCV, with an error that says what to do when a system library is missing."""

try:
    import cv2
except ImportError as error:
    if ".so" in str(error):
        raise ImportError(
            f"OpenCV is installed, but a system library that it needs is missing ({error}). "
            "On Debian or Ubuntu: sudo apt-get install -y libgl1 libglib2.0-0. "
            "Without root: pip uninstall -y opencv-python, then pip install opencv-python-headless."
        ) from error
    raise ImportError("OpenCV is not installed: pip install opencv-python") from error

__all__ = ["cv2"]
