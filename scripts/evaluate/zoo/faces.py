"""Models that change attributes of faces.

A domain of a model is an attribute of the table: `black-hair` is Black_Hair. `no-bangs` and `not-bangs`
are its absence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluate import metrics, sets
from evaluate.zoo import judges, pictures
from evaluate.zoo.bench import CHECKED, Bench, Figure, Verdict, l1, percent, ratio, resized, spread
from evaluate.zoo.judges import ATTRIBUTES, HAIR
from evaluate.zoo.models import Model

SIDE = 64  # of the judges
COUNT = 100  # faces for each target
EXEMPLARS = 10  # whose attribute is given to sources
TAKEN = 60  # exemplars whose attribute is taken
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
ABSENCE = ("no-", "not-", "without-")
NAMES = {name.lower().replace("_", "-"): name for name in ATTRIBUTES}
NAMES |= {"glasses": "Eyeglasses", "black": "Black_Hair", "blond": "Blond_Hair", "brown": "Brown_Hair"}
# Where attributes are in aligned faces at the judge's size: rows and columns.
REGIONS = {
    "Eyeglasses": ("at the eyes", (slice(26, 42), slice(10, 54))),
    "Bangs": ("at the forehead", (slice(8, 28), slice(14, 50))),
    "Smiling": ("at the mouth", (slice(40, 56), slice(16, 48))),
}
OPPOSITES = {"female": "Male", "old": "Young"}


@dataclass(frozen=True)
class Target:
    """A target of a model: an attribute, on or off."""

    to: str
    attribute: str
    on: bool


def attribute_of(domain: str) -> tuple[str, bool] | None:
    """The attribute that a domain is named after, and whether the domain has it; None if it is unknown."""
    for prefix in ABSENCE:
        if domain.startswith(prefix) and domain[len(prefix) :] in NAMES:
            return NAMES[domain[len(prefix) :]], False
    if domain in OPPOSITES:
        return OPPOSITES[domain], False
    return (NAMES[domain], True) if domain in NAMES else None


def meanings(model: Model) -> dict[str, tuple[str, bool]]:
    """The attribute of each of a model's domains, and whether the domain has it.

    If there are two domains and only one is named after an attribute, the other is its absence.
    """
    found = {domain: attribute_of(domain) for domain in model.domains}
    known = {domain: meaning for domain, meaning in found.items() if meaning}
    if len(found) == 2 and len(known) == 1:
        ((attribute, on),) = known.values()
        known.update({domain: (attribute, not on) for domain in found if domain not in known})
    return known


def targets(model: Model, both: bool = True) -> list[Target]:
    """What a model can be asked for. both: also the absence of an attribute, if labels allow that."""
    found = []
    kinds = {i["label"]["kind"] for i in model.manifest["inputs"] if i["role"] == "label"}
    for domain, (attribute, on) in meanings(model).items():
        found.append(Target(domain, attribute, on))
        if both and kinds & {"multihot", "concat"} and attribute not in HAIR:
            found.append(Target(f"not-{domain}", attribute, not on))
    return found


def attributes(model: Model) -> list[str]:
    """The attributes of a model's domains, each once."""
    return list(dict.fromkeys(attribute for attribute, _ in meanings(model).values()))


def labels(model: Model, faces: pictures.Faces) -> list[str]:
    """For each face the model's domains that it is in, as --from takes them."""
    found, known = [], meanings(model)
    for i in range(len(faces.pixels)):
        mine, hair = [], False
        for domain, (attribute, on) in known.items():
            if faces.attributes[attribute][i] == on:
                if attribute in HAIR and hair:
                    continue  # two colours of hair exclude each other in a label
                hair = hair or attribute in HAIR
                mine.append(domain)
        found.append(",".join(mine) or "none")
    return found


def changed(
    model: Model, images: np.ndarray, sources: list[str] | None, side: int = SIDE, **options
) -> np.ndarray:
    """Results at the judge's size. sources: the labels of each image, if the network needs them."""
    if sources is None:
        return resized(model.translate(images, **options)[0], side)
    made = np.zeros((len(images), side, side, 3), np.uint8)
    for label in sorted(set(sources)):
        mine = np.array([s == label for s in sources])
        made[mine] = resized(model.translate(images[mine], source=label, **options)[0], side)
    return made


def having(faces: pictures.Faces, attribute: str, on: bool, most: int | None = None) -> np.ndarray:
    """Indices of faces with an attribute or without it, at most `most`, or COUNT."""
    found = np.flatnonzero(faces.attributes[attribute] == on)
    return found[spread(len(found), COUNT if most is None else most)]


def part(faces: pictures.Faces, chosen: np.ndarray) -> pictures.Faces:
    return pictures.Faces(faces.pixels[chosen], {k: v[chosen] for k, v in faces.attributes.items()})


class Looks:
    """What the judges say of faces at 64 pixels."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def has(self, images: np.ndarray, attribute: str) -> np.ndarray:
        """Logits, positive for yes, [n]."""
        return self.bench.judge("faces").look(images)[:, ATTRIBUTES.index(attribute)]

    def agrees(self, images: np.ndarray, attribute: str, on: bool) -> float:
        return float(((self.has(images, attribute) > 0) == on).mean())

    def keeps(self, images: np.ndarray, sources: np.ndarray, names: list[str]) -> float:
        """How often the judge sees these attributes as in the source."""
        same = [(self.has(images, n) > 0) == (self.has(sources, n) > 0) for n in names]
        return float(np.mean(same)) if same else float("nan")

    def identity(self, images: np.ndarray, chosen: np.ndarray, everyone: np.ndarray) -> float:
        """How often a result is nearest to its own source among all validation faces."""
        judge = self.bench.judge("identity")
        return float((judges.nearest(judge.look(images), judge.look(everyone)) == chosen).mean())

    def own(self, names: list[str]) -> str:
        accuracy = self.bench.judge("faces").accuracy
        return ", ".join(f"{n.replace('_', ' ').lower()} {percent(accuracy[n])}" for n in names)


def faces_of(bench: Bench, model: Model) -> tuple[pictures.Faces, np.ndarray]:
    """The validation faces at the model's size, and at the judge's."""
    faces = pictures.faces(bench.root, "validation", model.side)
    return faces, pictures.faces(bench.root, "validation", SIDE).pixels


def checkerboards(
    bench: Bench,
    model: Model,
    faces: pictures.Faces,
    target: Target,
    known: list[str] | None = None,
    **options,
) -> list[Figure]:
    """Of the results for one target. known: the labels of all faces, if the network needs them."""
    chosen = having(faces, target.attribute, not target.on, CHECKED)
    sources = [known[i] for i in chosen] if known else None
    to = target.to if len(model.domains) > 1 else None
    made = changed(model, faces.pixels[chosen], sources, model.side, to=to, **options)
    return bench.checkerboards(made, faces.pixels, faces.pixels[chosen])


def example(model: Model, to: str, known: list[str] | None = None) -> str:
    """A command. known: the labels of faces, if the network needs them."""
    source = f" --from {next((label for label in known if label != 'none'), 'none')}" if known else ""
    return f"gtx translate --model {model.name} --to {to}{source} face.jpg"


def fader(bench: Bench, model: Model) -> Verdict:
    """Attributes are switched at strengths from zero to full. Faces in the target domain stay as they are."""
    faces, small = faces_of(bench, model)
    known = labels(model, faces) if model.needs_labels else None
    looks, figures, psnrs, orders, sheet = Looks(bench), [], [], [], []
    for target in targets(model):
        for on, own in ((not target.on, False), (target.on, True)):
            chosen = having(faces, target.attribute, on, COUNT if not own else 40)
            sources = [known[i] for i in chosen] if known else None
            if own:
                made = changed(model, faces.pixels[chosen], sources, to=target.to)
                psnrs.append(metrics.psnrs(made, small[chosen]).mean())
                continue
            path = [
                changed(model, faces.pixels[chosen], sources, to=target.to, strength=s) for s in STRENGTHS
            ]
            name = f"{'to' if target.on else 'without'} {target.attribute.lower()}"
            figures.append(Figure(name, looks.agrees(path[-1], target.attribute, target.on), 0.8))
            logits = np.stack([looks.has(x, target.attribute) for x in path])
            orders.append(metrics.response(logits, int(target.on), 1)[0])
            if not sheet:
                sheet = [("source", small[chosen])]
                sheet += [(f"{name}, α {s:g}", x) for s, x in zip(STRENGTHS, path)]
    figures += [
        Figure("Spearman of α and logit", float(np.mean(orders)), 0.8),
        Figure("PSNR, own attribute, dB", float(np.mean(psnrs)), 22, digits=1),
        *checkerboards(bench, model, faces, targets(model)[0], known),
    ]
    shown = [(t, x[:24]) for t, x in sheet]
    command = example(model, targets(model)[0].to, known)
    return Verdict(figures, looks.own(attributes(model)), command, shown)


def swapped(
    model: Model, faces: pictures.Faces, attribute: str, to: str | None
) -> Iterator[tuple[np.ndarray, int, np.ndarray, np.ndarray]]:
    """For each exemplar: the sources' indices, the exemplar's, and both results at the judge's size."""
    exemplars = having(faces, attribute, True, EXEMPLARS)
    sources = having(faces, attribute, False, 2 * COUNT)
    for k, index in enumerate(exemplars):
        # Groups of sources overlap by half, so that a source meets two exemplars.
        start = k * len(sources) // (len(exemplars) + 1)
        mine = sources[start : start + 2 * len(sources) // (len(exemplars) + 1)]
        made = model.translate(faces.pixels[mine], to=to, exemplar=faces.pixels[index])
        yield mine, int(index), resized(made[0], SIDE), resized(made[1], SIDE)


def taken(model: Model, faces: pictures.Faces, attribute: str, to: str | None) -> np.ndarray:
    """What becomes of exemplars, at the judge's size."""
    (source,) = faces.pixels[having(faces, attribute, False, 1)]
    exemplars = faces.pixels[having(faces, attribute, True, TAKEN)]
    made = [model.translate(source[None], to=to, exemplar=exemplar)[1] for exemplar in exemplars]
    return resized(np.concatenate(made), SIDE)


def exemplars_matter(attribute: str, met: dict[int, list[np.ndarray]], small: np.ndarray) -> Figure:
    """How far apart two exemplars' results for a source are, as a share of the first one's distance from it.

    met: the results for each source. Only the region of the attribute counts, because light and colour of the
    exemplar may come along elsewhere.
    """
    place, region = REGIONS.get(attribute, ("anywhere", (slice(None), slice(None))))
    twice = {i: [x[region] for x in xs] for i, xs in met.items() if len(xs) > 1}
    apart = np.mean([l1(xs[0], xs[1]) for xs in twice.values()])
    moved = np.mean([l1(xs[0], small[i][region]) for i, xs in twice.items()])
    name = f"difference of two exemplars {place}, of the change there, {attribute.lower()}"
    return Figure(name, ratio(apart, moved))


def exchange(bench: Bench, model: Model) -> Verdict:
    """GeneGAN and DNA-GAN: the attribute moves from the exemplar to the source."""
    faces, small = faces_of(bench, model)
    looks, figures, sheet = Looks(bench), [], []
    names = attributes(model)
    for target in targets(model, both=False):
        if not target.on:
            continue
        to = target.to if len(model.domains) > 1 else None
        lost = looks.agrees(taken(model, faces, target.attribute, to), target.attribute, False)
        gained, kept, met = [], [], {}
        for mine, index, first, second in swapped(model, faces, target.attribute, to):
            gained.append(looks.agrees(first, target.attribute, True))
            kept.append(looks.keeps(first, small[mine], [n for n in names if n != target.attribute]))
            for i, x in zip(mine, first):
                met.setdefault(int(i), []).append(x)
            if len(sheet) < 10:
                example_of = np.repeat(small[index][None], len(mine), 0)
                columns = (
                    ("source", small[mine]),
                    ("exemplar", example_of),
                    ("gains", first),
                    ("loses", second),
                )
                sheet += [(t, x[:12]) for t, x in columns]
        name = target.attribute.lower()
        figures += [
            Figure(f"{name} after giving", float(np.mean(gained)), 0.85),
            Figure(f"without {name} after taking", lost, 0.85),
            exemplars_matter(target.attribute, met, small),
        ]
        if len(names) > 1:
            figures.append(Figure("the other attribute kept", float(np.mean(kept)), 0.85))
    first = targets(model, both=False)[0]
    (exemplar,) = faces.pixels[having(faces, first.attribute, first.on, 1)]
    figures += checkerboards(bench, model, faces, first, exemplar=exemplar)
    command = f"gtx translate --model {model.name} --exemplar with.jpg without.jpg"
    if len(model.domains) > 1:
        command = command.replace(" --exemplar", f" --to {model.domains[0]} --exemplar")
    return Verdict(figures, looks.own(names), command, sheet)


def star(bench: Bench, model: Model) -> Verdict:
    """Each target is asked for with the source's own labels, as the method needs."""
    faces, small = faces_of(bench, model)
    own, looks = labels(model, faces), Looks(bench)
    reached, kept, same, figures, sheet = [], [], [], [], []
    for target in targets(model):
        chosen = having(faces, target.attribute, not target.on)
        made = changed(model, faces.pixels[chosen], [own[i] for i in chosen], to=target.to)
        reached.append(looks.agrees(made, target.attribute, target.on))
        group = HAIR if target.attribute in HAIR else (target.attribute,)
        others = [n for n in attributes(model) if n not in group]
        kept.append(looks.keeps(made, small[chosen], others))
        same.append(looks.identity(made, chosen, small))
        figures.append(Figure(target.to, reached[-1]))
        sheet += [("source", small[chosen][:12]), (target.to, made[:12])]
    figures = [
        Figure("changed attribute seen", float(np.mean(reached)), 0.8),
        Figure("others kept", float(np.mean(kept)), 0.9),
        Figure("own face nearest of 1,000", float(np.mean(same)), 0.9),
        *figures,
        *wrong_labels(bench, model),
        *checkerboards(bench, model, faces, targets(model)[0], own),
    ]
    command = example(model, model.domains[0], own)
    return Verdict(figures, looks.own(attributes(model)), command, sheet)


def wrong_labels(bench: Bench, model: Model) -> list[Figure]:
    """What wrong and missing labels of the source change.

    Wrong: those of a face that has others. Missing: `none` for a network that needs labels, otherwise `any`.
    """
    faces, small = faces_of(bench, model)
    own, looks = labels(model, faces), Looks(bench)
    rng, shares = np.random.default_rng(0), {"right": [], "wrong": [], "missing": []}
    apart: dict[str, list[float]] = {"wrong": [], "missing": []}
    moved: list[float] = []
    for target in targets(model):
        chosen = having(faces, target.attribute, not target.on, 50)
        right = [own[i] for i in chosen]
        others = sorted(set(own) - {"none"})
        wrong = [str(rng.choice([o for o in others if o != mine])) for mine in right]
        missing = ["none" if model.needs_labels else "any"] * len(chosen)
        made = {
            name: changed(model, faces.pixels[chosen], given, to=target.to)
            for name, given in (("right", right), ("wrong", wrong), ("missing", missing))
        }
        moved.append(l1(made["right"], small[chosen]))
        for name, x in made.items():
            shares[name].append(looks.agrees(x, target.attribute, target.on))
            if name in apart:
                apart[name].append(l1(x, made["right"]))
    change = float(np.mean(moved))
    return [
        Figure(
            "seen with wrong labels, of right ones", ratio(np.mean(shares["wrong"]), np.mean(shares["right"]))
        ),
        Figure(
            "seen with missing labels, of right ones",
            ratio(np.mean(shares["missing"]), np.mean(shares["right"])),
        ),
        Figure(
            "wrong labels change the result by, of the translation", ratio(np.mean(apart["wrong"]), change)
        ),
        Figure(
            "missing labels change the result by, of the translation",
            ratio(np.mean(apart["missing"]), change),
        ),
    ]


def coded(bench: Bench, model: Model) -> Verdict:
    """The domain-coded method: two domains, no label of the source."""
    faces, small = faces_of(bench, model)
    looks, figures, psnrs, sheet = Looks(bench), [], [], []
    full = pictures.faces(bench.root, "validation", model.side).pixels
    for target in targets(model):
        chosen = having(faces, target.attribute, not target.on)
        path = [changed(model, faces.pixels[chosen], None, to=target.to, strength=s) for s in STRENGTHS]
        figures.append(Figure(target.to, looks.agrees(path[-1], target.attribute, target.on), 0.8))
        logits = np.stack([looks.has(x, target.attribute) for x in path])
        figures.append(
            Figure("Spearman of strength and logit", metrics.response(logits, int(target.on), 1)[0])
        )
        figures.append(Figure("own face nearest of 1,000", looks.identity(path[-1], chosen, small)))
        real = having(faces, target.attribute, target.on, 300)
        whole = model.translate(full[chosen], to=target.to)[0]
        kid = sets.kid(bench.see(whole), bench.see(full[real]))
        figures.append(Figure("KID × 10³", 1e3 * kid, digits=0))
        own = changed(model, faces.pixels[real[:40]], None, to=target.to)
        psnrs.append(metrics.psnrs(own, small[real[:40]]).mean())
        sheet += [("source", full[chosen][:12]), (target.to, whole[:12])]
    figures.append(Figure("PSNR, own domain, dB", float(np.mean(psnrs)), digits=1))
    figures += wrong_labels(bench, model)
    figures += checkerboards(bench, model, faces, targets(model)[-1])
    return Verdict(figures, looks.own(attributes(model)), example(model, model.domains[-1]), sheet)
