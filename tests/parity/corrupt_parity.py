"""Compares the corruptions with their definitions, written with NumPy, SciPy and Pillow: corrupt_parity.py corrupt_dump

Random numbers are those of the program's generator, written again below, so that every image is compared. The
statistics of noise are checked beside that, as they need no generator. Of frost, whose ice is drawn, the mixture is
compared."""
import math
import subprocess
import sys
from io import BytesIO

try:
    import numpy as np
    from PIL import Image
    from scipy import ndimage, stats
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SEED, SEVERITIES, WORD = 7, range(1, 6), 0xFFFFFFFF
NAMES = ("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "snow",
         "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression")


def mixed(x):
    """The finaliser of splitmix64."""
    x = x + 0x9E3779B97F4A7C15 & 2**64 - 1
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & 2**64 - 1
    x = (x ^ x >> 27) * 0x94D049BB133111EB & 2**64 - 1
    return x ^ x >> 31


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [q >> 32 ^ c[1] ^ k[0], q & WORD, p >> 32 ^ c[3] ^ k[1], p & WORD]
        k = [k[0] + 0x9E3779B9 & WORD, k[1] + 0xBB67AE85 & WORD]
    return c


class Draws:
    """Uniform numbers of one stream, in their order (Salmon et al. 2011, Philox4x32-10)."""

    def __init__(self, name, severity, row):
        stream = 0xCBF29CE484222325
        for byte in f"corrupt/{name}/{severity}".encode():
            stream = (stream ^ byte) * 0x100000001B3 & 2**64 - 1
        key = mixed(SEED ^ mixed(stream))
        self.key, self.row, self.block, self.words = (key & WORD, key >> 32), row, 0, []

    def bits(self):
        """53 bits; each block gives two numbers."""
        if not self.words:
            words = philox((self.block, 0, self.row, 0), self.key)
            self.words, self.block = [words[0] << 32 | words[1], words[2] << 32 | words[3]], self.block + 1
        return self.words.pop(0)

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * ((self.bits() >> 11) / 2**53)

    def uniforms(self, shape, low=0.0, high=1.0):
        return np.array([self.uniform(low, high) for _ in range(math.prod(shape))]).reshape(shape)

    def normals(self, shape):
        pairs = [(math.sqrt(-2 * math.log(1 - self.uniform())), 2 * math.pi * self.uniform()) for _ in range(math.prod(shape) // 2)]
        return np.array([r * f(a) for r, a in pairs for f in (math.cos, math.sin)]).reshape(shape)

    def coin(self):
        return self.bits() >> 63


def gaussian_noise(x, s, draws):
    return x + (.04, .06, .08, .09, .10)[s] * draws.normals(x.shape)


def shot_noise(x, s, draws):
    c = (500, 250, 100, 75, 50)[s]
    return stats.poisson.ppf(draws.uniforms(x.shape), np.maximum(x * c, 1e-12)) / c


def impulse_noise(x, s, draws):
    c, u = (.01, .02, .03, .05, .07)[s], draws.uniforms(x.shape)
    return np.where(u < c / 2, 0, np.where(u < c, 1, x))


def defocus_blur(x, s, _):
    radius, sigma = ((.3, .4), (.4, .5), (.5, .6), (1, .2), (1.5, .1))[s]
    y, z = np.mgrid[-8:9, -8:9]
    disk = (y**2 + z**2 <= radius**2).astype(float)
    g = np.exp(-np.arange(-1, 2)**2 / (2 * sigma**2))
    kernel = ndimage.convolve(disk / disk.sum(), np.outer(g, g) / g.sum()**2, mode="mirror")
    return ndimage.correlate(x, kernel[..., None], mode="mirror")


def smoothed(x, sigma, **how):
    return ndimage.gaussian_filter(x, (sigma, sigma) + (0,) * (x.ndim - 2), **how)


def glass_blur(x, s, draws):
    sigma, rounds = ((.05, 1), (.25, 1), (.4, 1), (.25, 2), (.4, 2))[s]
    b = (smoothed(x, sigma, mode="nearest", truncate=4) * 255).astype(np.uint8)
    for _ in range(rounds):
        for h in range(31, 1, -1):
            for w in range(31, 1, -1):
                dx, dy = draws.coin() - 1, draws.coin() - 1
                b[h, w] = b[h + dy, w + dx]
    return smoothed(b / 255, sigma, mode="nearest", truncate=4)


def moved(x, radius, sigma, degrees):
    weights = np.exp(-np.arange(2 * radius + 1)**2 / (2 * sigma**2))
    padded, n, total = np.pad(x, ((32, 32), (32, 32), (0, 0)), "edge"), x.shape[0], np.zeros_like(x)
    for i, weight in enumerate(weights / weights.sum()):
        right, down = (math.ceil(i * f(math.radians(degrees)) - .5) for f in (math.cos, math.sin))
        total += weight * padded[32 + down:32 + down + n, 32 + right:32 + right + n]
    return np.floor(total * 255 + .5) / 255


def motion_blur(x, s, draws):
    radius, sigma = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))[s]
    return moved(x, radius, sigma, draws.uniform(-45, 45)) + .5 / 255  # Whole bytes, rounded already.


def zoomed(x, factor):
    crop = math.ceil(32 / factor)
    top = (32 - crop) // 2
    large = ndimage.zoom(x[top:top + crop, top:top + crop], (factor, factor, 1), order=1, mode="nearest")
    trim = (large.shape[0] - 32) // 2
    return large[trim:trim + 32, trim:trim + 32]


def zoom_blur(x, s, _):
    factors = np.arange(1, (1.06, 1.11, 1.16, 1.21, 1.26)[s], .01)
    return (x + sum(zoomed(x, factor) for factor in factors)) / (len(factors) + 1)


def snow(x, s, draws):
    mean, deviation, zoom, least, radius, sigma, kept = (
        (.1, .2, 1, .6, 8, 3, .95), (.1, .2, 1, .5, 10, 4, .9), (.15, .3, 1.75, .55, 10, 4, .9),
        (.25, .3, 2.25, .6, 12, 6, .85), (.3, .3, 1.25, .65, 14, 12, .8))[s]
    layer = zoomed((mean + deviation * draws.normals((32, 32)))[..., None], zoom)
    layer[layer < least] = 0
    layer = moved(np.floor(np.clip(layer, 0, 1) * 255) / 255, radius, sigma, draws.uniform(-135, -45))
    grey = (x @ [.299, .587, .114])[..., None]
    return kept * x + (1 - kept) * np.maximum(x, grey * 1.5 + .5) + layer + np.rot90(layer, 2)


def plasma(draws, decay):
    """The diamond-square algorithm on a torus."""
    land, step, rough = np.zeros((32, 32)), 32, 100.0
    while step >= 2:
        h, n = step // 2, (32 // step, 32 // step)
        height = lambda a, b, c, d: (a + b + c + d) / 4 + rough * draws.uniforms(n, -rough, rough)
        corners = land[::step, ::step]
        above = corners + np.roll(corners, -1, 0)
        land[h::step, h::step] = height(above, np.roll(above, -1, 1), 0, 0)
        centres = land[h::step, h::step]
        land[::step, h::step] = height(centres, np.roll(centres, 1, 0), corners, np.roll(corners, -1, 1))
        land[h::step, ::step] = height(centres, np.roll(centres, 1, 1), corners, np.roll(corners, -1, 0))
        step, rough = h, rough / decay
    return (land - land.min()) / np.ptp(land)


def fog(x, s, draws):
    strength, decay = ((.2, 3), (.5, 3), (.75, 2.5), (1, 2), (1.5, 1.75))[s]
    return (x + strength * plasma(draws, decay)[..., None]) * x.max() / (x.max() + strength)


def brightness(x, s, _):
    """V of HSV grows; conversions as in Smith 1978."""
    v, spread = x.max(2), np.ptp(x, 2)
    r, g, b = np.moveaxis(x, 2, 0)
    with np.errstate(all="ignore"):
        hue = np.select([spread == 0, v == r, v == g], [0, (g - b) / spread % 6, (b - r) / spread + 2], (r - g) / spread + 4)
        saturation = np.where(v > 0, spread / v, 0)
    v = np.clip(v + (.05, .1, .15, .2, .3)[s], 0, 1)
    shades = [(n + hue) % 6 for n in (5, 3, 1)]
    return np.stack([v - v * saturation * np.clip(np.minimum(k, 4 - k), 0, 1) for k in shades], 2)


def contrast(x, s, _):
    mean = x.mean((0, 1), keepdims=True)
    return (x - mean) * (.75, .5, .4, .3, .15)[s] + mean


def elastic_transform(x, s, draws):
    strength, sigma, corners = ((0, 0, .08), (.05, .2, .07), (.08, .06, .06), (.1, .04, .05), (.1, .03, .03))[s]
    square = np.array([[26, 26], [26, 6], [6, 6]], float)
    to = square + draws.uniforms((3, 2), -32 * corners, 32 * corners)
    back = np.linalg.solve(np.c_[to, np.ones(3)], square)  # (x, y, 1) of the result to (x, y) of the image
    y, z = np.mgrid[:32, :32].astype(float)
    source = np.stack([z, y, np.ones_like(y)], 2) @ back
    sampled = lambda image, rows, columns, mode: np.stack(
        [ndimage.map_coordinates(image[..., c], [rows, columns], order=1, mode=mode) for c in range(3)], 2)
    image = sampled(x, source[..., 1], source[..., 0], "mirror")
    right, down = (32 * strength * smoothed(draws.uniforms((32, 32), -1, 1), 32 * sigma, mode="reflect", truncate=3)
                   for _ in range(2))
    return sampled(image, y + down, z + right, "reflect")


def pixelate(x, s, _):
    side = int(32 * (.95, .9, .85, .75, .65)[s])
    image = Image.fromarray((x * 255 + .5).astype(np.uint8)).resize((side, side), Image.BOX).resize((32, 32), Image.BOX)
    return np.asarray(image) / 255 + .5 / 255


def jpeg_compression(x, s, _):
    file = BytesIO()
    Image.fromarray((x * 255 + .5).astype(np.uint8)).save(file, "JPEG", quality=(80, 65, 58, 50, 40)[s])
    return np.asarray(Image.open(file)) / 255 + .5 / 255


def corrupted(program, name, severity, images):
    done = subprocess.run([program, name, str(severity), str(SEED)], input=images.tobytes(), stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(images.shape)


def check(name, severity, images, answer):
    """Values are cut to bytes: where they are whole within 1e-6, either neighbour is right. JPEG decoders may differ by
    a level or two."""
    wanted_of, slack = globals()[name], 2.0 if name == "jpeg_compression" else 1e-6
    for row, (image, got) in enumerate(zip(images, answer)):
        wanted = np.clip(wanted_of(image / 255, severity - 1, Draws(name, severity, row)), 0, 1) * 255
        fits = (got >= np.floor(wanted - slack)) & (got <= np.floor(wanted + slack))
        assert fits.all(), (name, severity, row, (~fits).sum(), got[~fits][:5], wanted[~fits][:5])


def check_frost(program, images):
    """Black and white pictures show the ice: the image's share and the ice's are the paper's."""
    flat = np.stack([np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 100, np.uint8)])
    for severity, (kept, ice) in enumerate(((1, .2), (1, .3), (.9, .4), (.85, .4), (.75, .45)), 1):
        panes = [corrupted(program, "frost", severity, np.stack([level] * 4)).astype(float) for level in flat]
        assert np.abs(panes[1] - panes[0] - kept * 100).max() <= 1, severity
        assert .15 < panes[0].min() / 255 / ice and panes[0].max() / 255 / ice < 1.001, severity
        assert .3 < panes[0].mean() / 255 / ice < .7 and np.abs(panes[0][0] - panes[0][1]).mean() > 1, severity


def check_statistics(program):
    """Means and deviations of noise on grey images of 128, by the law of large numbers: 40 x 3,072 values."""
    grey = np.full((40, 32, 32, 3), 128, np.uint8)
    n, x = grey.size, 128 / 255
    for s, deviation in enumerate((.04, .06, .08, .09, .10), 1):
        noise = (corrupted(program, "gaussian_noise", s, grey) + .5) / 255 - x
        assert abs(noise.mean()) < 5 * deviation / n**.5 + 1e-4 and abs(noise.std() / deviation - 1) < .02, (s, noise.std())
    for s, photons in enumerate((500, 250, 100, 75, 50), 1):
        shot = corrupted(program, "shot_noise", s, grey) / 255
        assert abs(shot.mean() - x + .5 / 255) < .002 and abs(shot.std() / (x / photons)**.5 - 1) < .02, (s, shot.std())
    for s, share in enumerate((.01, .02, .03, .05, .07), 1):
        noise = corrupted(program, "impulse_noise", s, grey)
        for level in (0, 255):
            assert abs((noise == level).mean() - share / 2) < 5 * (share / 2 / n)**.5, (s, level)
        assert np.isin(noise, (0, 127, 128, 255)).all()


def pictures():
    """Smooth shapes with colours, extremes and noise; one image is black, one has saturated colours."""
    rng = np.random.default_rng(3)
    images = [np.zeros((32, 32, 3)), rng.integers(0, 2, (32, 32, 3)) * 255.0]
    for sigma in (1, 2, 4):
        smooth = smoothed(rng.normal(size=(32, 32, 3)), sigma)
        images.append((smooth - smooth.min()) / np.ptp(smooth) * 255)
    return np.array(images).astype(np.uint8)


def main():
    program, images = sys.argv[1], pictures()
    check_statistics(program)
    check_frost(program, images)
    for name in NAMES:
        for severity in SEVERITIES:
            answer = corrupted(program, name, severity, images)
            if name != "frost":
                check(name, severity, images, answer)
            again = corrupted(program, name, severity, images[:2])
            assert (again == answer[:2]).all(), name
    print(f"{len(NAMES)} corruptions in {len(SEVERITIES)} severities are as defined")


if __name__ == "__main__":
    main()
