"""How true the edges of cut-outs are on drawn fur, mesh and lace: `make bench-matting`.

    python -m benchmarks.masks.bench_matting [--scenes N] [--out FILE | --print]

Scenes that `hemline.studio` draws with exact alpha and colours, each cut out from the mask that an
annotator would draw: with the softened edge, and with the one that matting finds. SAD and MSE of
alpha, the gradient error of Rhemann et al. (CVPR 2009), and the mean CIEDE2000 of the fringe
against the truth on white, black and a brand colour. Writes its part of docs/results.md.
"""

import argparse
import time
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from benchmarks.results_page import add_page_options, write_part
from hemline.masks.cutouts.edges import Edge, cut_out
from hemline.studio.soft_edges import Cloth, SoftScene, draw_soft_scene

GROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "brand": (230, 0, 126)}
_FIRST_SCENE = 1000
_EDGES = {Cloth.FUR: Edge.SOFT, Cloth.MESH: Edge.SHEER, Cloth.LACE: Edge.SHEER}
_LARGE = (1728, 1152)
_FRINGE = np.ones((5, 5), np.uint8)


def main() -> None:
    """Measure, print, and write down."""
    options = _options()
    lines = [
        "## Edges of cut-outs",
        "",
        "    make bench-matting",
        "",
        f"{options.scenes} drawn scenes of each kind, 720 x 960 px, cut out from the mask that an",
        "annotator would draw. Each cell has the softened edge, then the one that matting finds",
        "(`soft` for fur and plain cloth, `sheer` for mesh and lace). SAD in thousands of pixels.",
        "",
        "| | SAD | MSE, 1e-3 | gradient error | fringe ΔE, white | black | brand colour |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for cloth in Cloth:
        edge = _EDGES.get(cloth, Edge.SOFT)
        seeds = range(_FIRST_SCENE, _FIRST_SCENE + options.scenes)
        scenes = [draw_soft_scene(seed, cloth) for seed in seeds]
        before, after = (
            np.mean([figures(cut_out(s.image, s.mask, kind), s) for s in scenes], axis=0)
            for kind in (Edge.SOFTENED, edge)
        )
        cells = " | ".join(f"{a:.3g} → {b:.3g}" for a, b in zip(before, after, strict=True))
        lines.append(f"| {cloth.value} | {cells} |")
    lines += ["", _times()]
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-matting", text)


def figures(cutout: NDArray[np.uint8], scene: SoftScene) -> Sequence[float]:
    """SAD in thousands, MSE in thousandths over the fringe's pixels, gradient error in thousands,
    and the fringe's ΔE on each of GROUNDS, of a cut-out (H, W, 4) RGBA."""
    alpha = cutout[..., 3].astype(np.float64) / 255
    truth = scene.alpha.astype(np.float64)
    fringe = cv2.dilate(((truth > 0.02) & (truth < 0.98)).astype(np.uint8), _FRINGE) > 0
    off = alpha - truth
    slopes = _slope(alpha) - _slope(truth)
    found = [np.abs(off).sum() / 1000, 1000 * (off[fringe] ** 2).mean(), (slopes**2).sum() / 1000]
    for ground in GROUNDS.values():
        shown = _lab(_laid(alpha, cutout[..., :3], ground))[fringe]
        wanted = _lab(_laid(truth, scene.colours, ground))[fringe]
        difference = deltaE_ciede2000(shown, wanted)  # type: ignore[no-untyped-call]
        found.append(float(difference.mean()))
    return [float(value) for value in found]


def _times() -> str:
    """A sentence on the seconds that a photo of 2 megapixels takes, once all is loaded."""
    scene = draw_soft_scene(1, Cloth.FUR, height=_LARGE[0], width=_LARGE[1])
    seconds = []
    for edge in (Edge.SOFTENED, Edge.SOFT, Edge.SHEER):
        began, used = time.perf_counter(), time.process_time()
        cut_out(scene.image, scene.mask, edge)
        took, busy = time.perf_counter() - began, time.process_time() - used
        seconds.append(f"{edge.value} {took:.1f} s ({busy:.1f} s of the processor)")
    return (
        f"A photo of fur of {_LARGE[1]} x {_LARGE[0]} px, once all is loaded:\n"
        + ",\n".join(seconds)
        + "."
    )


def _laid(
    alpha: NDArray[np.float64], colours: NDArray[np.generic], ground: tuple[int, int, int]
) -> NDArray[np.float64]:
    share = alpha[..., None]
    return np.asarray(share * colours.astype(np.float64) + (1 - share) * np.array(ground))


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB), np.float32)


def _slope(alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """Magnitude of the Gaussian gradient, sigma 1.4."""
    smooth = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    return np.asarray(np.hypot(*np.gradient(smooth)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=int, default=4, help="scenes of each kind")
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
