"""Models trained on pairs: facades from label maps, shoes from edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from evaluate import sets
from evaluate.metrics import correlation
from evaluate.structure import luma
from evaluate.zoo import judges, pictures
from evaluate.zoo.bench import Bench, Figure, Verdict, l1, percent, resized, spread
from evaluate.zoo.models import Model, pack

SIDE = 128


def label_maps(bench: Bench, model: Model) -> np.ndarray:
    """The validation label maps as the model takes them."""
    folder = bench.root / "facades" / "validation" / "label"
    if model.source["role"] == "labelmap":  # classes must not be mixed, and gtx does not mix them
        return pictures.folder(folder, 256)
    return pictures.folder(folder, model.side)


def nearest_photographs(bench: Bench, side: int) -> np.ndarray:
    """For each validation map, the photograph of the training map that agrees with it at most pixels."""
    _, wanted = pictures.facades(bench.root, "validation", 32)
    photos, known = pictures.facades(bench.root, "train", 32)
    agree = np.stack([(known == one).mean((1, 2)) for one in wanted])
    folder = bench.root / "facades" / "train" / "photo"
    return pictures.folder(folder, side)[agree.argmax(1)]


def fcn(bench: Bench, images: np.ndarray) -> dict[str, float]:
    """The FCN-scores of images, as shares of those of the real photographs at the same size."""
    side = images.shape[1]
    judge = bench.judge("facades")
    _, truth = pictures.facades(bench.root, "validation", side)
    found = judges.scores(judges.segment(judge, images), truth)
    return {name: value / judge.accuracy[f"{name} {side}"] for name, value in found.items()}


def other_scores(bench: Bench, shares: dict[str, float], side: int) -> list[Figure]:
    """The scores without a mark, with their floor: the training photograph of the most similar map."""
    floor = fcn(bench, nearest_photographs(bench, side))
    return [
        Figure("the nearest label's photograph, pixels, of the real", floor["pixels"]),
        Figure("classes, of the real", shares["classes"]),
        Figure("the nearest label's photograph, classes, of the real", floor["classes"]),
        Figure("mean IoU, of the real", shares["iou"]),
        Figure("the nearest label's photograph, mean IoU, of the real", floor["iou"]),
    ]


def segmenter(bench: Bench, side: int) -> str:
    own = bench.judge("facades").accuracy
    pixels, iou = own[f"pixels {side}"], own[f"iou {side}"]
    return f"finds {percent(pixels)} of the pixels of real facades, mean IoU {iou:.2f}"


def facades(bench: Bench, model: Model) -> Verdict:
    maps = label_maps(bench, model)
    real, _ = pictures.facades(bench.root, "validation", SIDE)
    made = resized(model.translate(maps)[0], SIDE)
    neighbours = nearest_photographs(bench, SIDE)
    shares = fcn(bench, made)
    figures = [
        Figure("FCN-score, pixels, of the real", shares["pixels"], 0.70),
        *other_scores(bench, shares, SIDE),
        Figure("L1 to the nearest label's, levels", l1(made, real), most=l1(neighbours, real), digits=1),
        Figure("KID × 10³", 1e3 * sets.kid(bench.see(made), bench.see(real)), digits=0),
        *bench.checkerboards(made, real, resized(maps, SIDE)),
    ]
    shown = spread(len(maps), 24)
    sheet = [
        ("label", resized(maps, SIDE)),
        ("result", made),
        ("real", real),
        ("nearest label's", neighbours),
    ]
    command = f"gtx translate --model {model.name} --size model label.jpg"
    return Verdict(figures, segmenter(bench, SIDE), command, [(t, x[shown]) for t, x in sheet])


def sharpness(images: np.ndarray) -> float:
    """The mean size of the finest Laplacian level of luma, in levels."""
    grey = np.stack([luma(x) for x in images])[..., None]
    return float(np.abs(sets.laplacian(grey, levels=2)[0]).mean())


def facades_hd(bench: Bench, model: Model) -> Verdict:
    maps = label_maps(bench, model)
    real, _ = pictures.facades(bench.root, "validation", 256)
    made = resized(model.translate(maps)[0], 256)
    shares = fcn(bench, made)
    figures = [Figure("FCN-score at 256², pixels, of the real", shares["pixels"])]
    columns = [("label", resized(maps, 256)), ("result", made)]
    small = bench.model("facades")
    if small:
        coarse = small.translate(label_maps(bench, small))[0]
        coarse = np.stack([np.asarray(Image.fromarray(x).resize((256, 256), Image.BICUBIC)) for x in coarse])
        others = fcn(bench, coarse)
        figures[0] = Figure("FCN-score at 256², pixels, of the real", shares["pixels"], others["pixels"])
        gap = abs(sharpness(coarse) / sharpness(real) - 1)
        figures.append(
            Figure(
                "Laplacian energy, distance from real", abs(sharpness(made) / sharpness(real) - 1), most=gap
            )
        )
        columns.append(("facades, enlarged", coarse))
    figures += [
        *other_scores(bench, shares, 256),
        Figure("KID × 10³", 1e3 * sets.kid(bench.see(made), bench.see(real)), digits=0),
        *bench.checkerboards(made, real, resized(maps, 256)),
    ]
    shown = spread(len(maps), 12)
    sheet = [(t, x[shown]) for t, x in (*columns, ("real", real))]
    command = f"gtx translate --model {model.name} --size model label.jpg"
    return Verdict(figures, segmenter(bench, 256), command, sheet)


def spread_of(seen: np.ndarray) -> float:
    """The mean distance between all pairs of feature vectors [n, d]."""
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    return float(distances.sum() / (len(seen) * (len(seen) - 1)))


def regained(model: Model, edges: np.ndarray) -> float:
    """The correlation of drawn z and what the encoder reads from the results."""
    generator, encoder = (model.sessions[graph] for graph in ("generator", "encoder"))
    names = {i["role"]: i for i in model.manifest["inputs"] if i["graph"] == "generator"}
    noise = names["noise"]
    rng = np.random.default_rng(0)
    drawn, told = [], []
    for x in edges:
        z = rng.normal(size=(1, *noise["noise"]["shape"])).astype(np.float32)
        made = generator.run(None, {names["image"]["name"]: pack(x, names["image"]), noise["name"]: z})[0]
        told.append(encoder.run(None, {encoder.get_inputs()[0].name: made})[0].ravel())
        drawn.append(z.ravel())
    return correlation(np.concatenate(drawn), np.concatenate(told))


def shoes(bench: Bench, model: Model, draws: int = 10, inputs: int = 40) -> Verdict:
    folder = bench.root / "shoes" / "validation"
    every = pictures.paths_of(folder / "edges")
    chosen = [every[i] for i in spread(len(every), inputs)]
    edges = pictures.read(chosen, model.side)
    real = pictures.read([photograph(path) for path in chosen], model.side)
    samples = np.stack(model.translate(edges, samples=draws, seed=1), 1)  # [n, draws, h, w, 3]
    seen = bench.see(samples.reshape(-1, *edges.shape[1:])).reshape(len(edges), draws, -1)
    diversity = np.mean([spread_of(one) for one in seen]) / spread_of(bench.see(real))
    shown = np.concatenate([model.translate(x[None], exemplar=y)[0] for x, y in zip(edges, real)])
    drawn = np.mean([l1(samples[:, k], real) for k in range(draws)])
    figures = [
        Figure("draws differ, of real pictures' difference", float(diversity), 0.5),
        Figure("L1 with the own exemplar, of a draw's", l1(shown, real) / float(drawn), most=0.75),
        Figure("drawn z regained, r", regained(model, edges), 0.5),
        Figure(
            "KID × 10³",
            1e3 * sets.kid(seen[:, 0], real_shoes(bench)),
            digits=0,
        ),
        *bench.checkerboards(samples[:, 0], real, edges),
    ]
    sheet = [("edges", edges), ("real", real), ("with the real one as exemplar", shown)]
    sheet += [(f"draw {k + 1}", samples[:, k]) for k in range(min(5, draws))]
    command = f"gtx translate --model {model.name} --samples 3 --size model edges.jpg"
    judge = (
        f"EfficientNet-Lite2, two halves of the real photographs differ by KID {noise_of(bench):.1f} × 10⁻³"
    )
    return Verdict(figures, judge, command, [(t, x[:20]) for t, x in sheet])


def real_shoes(bench: Bench) -> np.ndarray:
    """The features of the real photographs."""
    return bench.remembered([bench.root / "shoes" / "validation" / "photo"], SIDE)


def photograph(edges: Path) -> Path:
    """The photograph of an edge image: the file of the same name, whatever its suffix."""
    (found,) = (edges.parents[1] / "photo").glob(f"{edges.stem}.*")
    return found


def noise_of(bench: Bench) -> float:
    from evaluate.pretrained import noise

    return 1e3 * noise(real_shoes(bench))
