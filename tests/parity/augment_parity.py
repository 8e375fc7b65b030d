"""Compares affine changes with scipy.ndimage and colour operations with Pillow: augment_parity.py augment_dump"""
import random
import subprocess
import sys

from augment_cases import FILLS, matrix, np, transformed

TOLERANCE = 1e-5


def text_of(chw):
    return " ".join(f"{x:.9g}" for x in chw.reshape(-1))


def random_change(rng):
    """Mostly any numbers; now and then whole pixels and right angles, which lie on the seams of the fills."""
    if rng.random() < 0.3:
        return (0, rng.randint(-40, 40), rng.randint(-40, 40), 0, 1, 1)
    if rng.random() < 0.2:
        return (rng.choice([90, 180, -90]), 0, 0, 0, 1, 1)
    return (rng.uniform(-180, 180), rng.uniform(-50, 50), rng.uniform(-50, 50), rng.uniform(-80, 80),
            rng.uniform(0.05, 2), rng.uniform(0.05, 2))


def affine_cases(rng, count):
    for _ in range(count):
        shape = rng.choice([(1, 32, 32), (3, 32, 32), (1, 1, 9), (3, 6, 4), (1, 2, 1)])
        chw = np.array([rng.uniform(-2, 2) for _ in range(int(np.prod(shape)))], np.float32).reshape(shape)
        yield chw, random_change(rng), rng.choice(FILLS), rng.uniform(-1, 1)


def check_affine(case, answer):
    chw, change, fill, value = case
    got = np.array(answer.split(), dtype=float)
    wanted_matrix = matrix(*change, *chw.shape[1:])[:2].reshape(-1)
    assert np.allclose(got[:6], wanted_matrix, rtol=1e-11, atol=1e-11), (change, got[:6], wanted_matrix)
    # With the very matrix of the program: on a seam the last bit of a place decides.
    wanted = transformed(chw, got[:6].reshape(2, 3), fill, value).reshape(-1)
    worst = float(np.abs(got[6:] - wanted).max())
    assert worst <= TOLERANCE, (change, fill, chw.shape, worst)
    return worst


def pillow_operations():
    from PIL import Image, ImageEnhance, ImageOps
    enhance = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
               "saturation": ImageEnhance.Color, "sharpness": ImageEnhance.Sharpness}
    operations = [("invert", 0, lambda i: ImageOps.invert(i)), ("auto_contrast", 0, lambda i: ImageOps.autocontrast(i)),
                  ("equalize", 0, lambda i: ImageOps.equalize(i))]
    operations += [("solarize", t / 255, lambda i, t=t: ImageOps.solarize(i, t)) for t in (0, 77, 128, 255)]
    operations += [("posterize", b, lambda i, b=b: ImageOps.posterize(i, b)) for b in (1, 4, 6, 8)]
    operations += [(name, s, lambda i, s=s, make=make: make(i).enhance(s))
                   for name, make in enhance.items() for s in (0.1, 0.7, 1.0, 1.3, 1.9)]
    return Image, operations


def colour_cases(rng):
    """(line, expected 0..255 numbers); grey pictures are given to Pillow as RGB, which it treats alike."""
    Image, operations = pillow_operations()
    for name, strength, function in operations:
        for channels in (1, 3):
            low, high = sorted(rng.sample(range(256), 2))
            hwc = np.array([rng.randint(low, high) for _ in range(20 * 16 * channels)], np.uint8).reshape(20, 16, channels)
            picture = function(Image.fromarray(np.broadcast_to(hwc, (20, 16, 3)).copy()))
            wanted = np.asarray(picture).astype(float)[..., :channels].transpose(2, 0, 1)
            unit = hwc.transpose(2, 0, 1) / 255
            yield f"colour {channels} 20 16 {name} {strength!r} {text_of(unit)}", wanted.reshape(-1)


def main():
    rng = random.Random(20240607)
    cases = list(affine_cases(rng, 600))
    lines = [f"affine {' '.join(map(str, c[0].shape))} {c[2]} {c[3]!r} {' '.join(map(repr, c[1]))} {text_of(c[0])}"
             for c in cases]
    try:
        colours = list(colour_cases(rng))
    except ImportError:
        print("Pillow is not installed: colour operations are not compared")
        colours = []
    text = "\n".join(lines + [line for line, _ in colours]) + "\n"
    answers = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(cases) + len(colours)
    worst = max(check_affine(case, answer) for case, answer in zip(cases, answers))
    print(f"{len(cases)} affine changes, largest difference {worst:.2g}")
    for (line, wanted), answer in zip(colours, answers[len(cases):]):
        # Pillow rounds to 8 bits, in some operations twice.
        difference = np.abs(np.array(answer.split(), dtype=float) * 255 - wanted).max()
        assert difference < 1.51, (line[:60], difference)
    print(f"{len(colours)} colour operations agree with Pillow's 8 bits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
