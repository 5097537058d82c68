"""What methods train on. Each class opens one kind of data, checks it, and draws batches.

Batches depend on their random numbers alone, which the loop seeds by the step.
"""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from train import data
from train.config import Config, Stage
from train.data import Crop, DataError, Folder, Sampler, to_float

SHOWN = 8  # rows of a contact sheet


class Domains:
    """Unpaired images of two domains."""

    takes = "two kinds of folders, --a and --b, each repeatable; or one, --a, and a table, --table"

    def __init__(self, config: Config) -> None:
        sides = self.by_table(config) if config.table else self.by_folder(config)
        self.a, self.b = (Sampler(folders, config.jitter, config.mirror) for folders in sides)
        self.config = config

    @cached_property
    def dropped(self) -> tuple[Sampler, Sampler]:
        """The images of each domain that the list leaves out. Few methods ask for them."""
        sides = (dropped(folders, self.config) for folders in (self.config.a, self.config.b))
        first, second = (Sampler(side, self.config.jitter, self.config.mirror) for side in sides)
        return first, second

    def by_folder(self, config: Config) -> list[list[Folder]]:
        return [read(folders, config, f"--{name}") for name, folders in (("a", config.a), ("b", config.b))]

    def by_table(self, config: Config) -> list[list[Folder]]:
        """The images of one folder without and with the attribute that the second domain names."""
        if len(config.domains) != 2:
            raise DataError("a table parts two domains: name both in the recipe's domains")
        faces = Attributes(dataclasses.replace(config, domains=config.domains[1:]))
        sides = []
        for value in (0, 1):
            (chosen,) = np.nonzero(faces.labels[:, 0] == value)
            paths = [faces.folder.paths[i] for i in chosen]
            sides.append([Folder(paths, faces.folder.pixels[chosen])])
        return sides

    def batches(self, rng: np.random.Generator, n: int, stage: Stage) -> tuple[Tensor, Tensor]:
        """n images of each domain."""
        first, second = (s.batch(rng, n, stage.size, stage.cover) for s in (self.a, self.b))
        return first, second

    def shown(self) -> Tensor:
        """Images for a contact sheet: half of them of each domain."""
        return to_float(np.concatenate([pick(s.folders, SHOWN // 2) for s in (self.a, self.b)]))


class Pairs:
    """Pairs of images: a file in the first folder belongs to the file of the same name in the second."""

    takes = "two folders: --a INPUTS --b RESULTS, whose files have the same names"

    def __init__(self, config: Config) -> None:
        if len(config.a) != 1 or len(config.b) != 1:
            raise DataError("pairs need one folder --a and one folder --b")
        self.config = config
        (self.a,), (results,) = (read(f, config, n) for f, n in ((config.a, "--a"), (config.b, "--b")))
        names, partners = by_name(self.a), by_name(results)
        alone = sorted(names.keys() ^ partners.keys())
        if alone:
            some = ", ".join(alone[:10]) + (", ..." if len(alone) > 10 else "")
            raise DataError(f"{len(alone)} files have no partner of the same name: {some}")
        order = [partners[name] for name in names]
        self.b = Folder([results.paths[i] for i in order], results.pixels[order])

    def __len__(self) -> int:
        return len(self.a.paths)

    def batch(self, rng: np.random.Generator, n: int, stage: Stage) -> tuple[Tensor, Tensor]:
        """n inputs and their results, cropped and mirrored alike."""
        inputs, results = [], []
        for index in rng.integers(0, len(self), size=n):
            crop = Crop.draw(rng, self.config.side, stage.cover, self.config.mirror)
            inputs.append(crop.take(self.a.pixels[index], stage.size))
            results.append(crop.take(self.b.pixels[index], stage.size))
        return torch.stack(inputs), torch.stack(results)

    def shown(self) -> tuple[Tensor, Tensor]:
        size = self.config.stages[-1].size
        crop = Crop(0, 0, min(size, self.config.side), mirrored=False)
        first, second = (
            torch.stack([crop.take(image, crop.side) for image in pick([folder], SHOWN)])
            for folder in (self.a, self.b)
        )
        return first, second


class Maps(Pairs):
    """Pairs whose inputs are label maps. The class of a pixel is the nearest colour of the palette."""

    takes = "as pairs: --a MAPS --b RESULTS; the recipe's palette has the colours of the classes"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if not config.palette:
            raise DataError("label maps need a palette in the recipe: a list of colours [red, green, blue]")
        self.classes = np.stack([classes(pixels, config.palette) for pixels in self.a.pixels])

    def batch(self, rng: np.random.Generator, n: int, stage: Stage) -> tuple[Tensor, Tensor]:
        """n maps, one channel per class and one for edges, and their results, cropped and mirrored alike."""
        maps, results = [], []
        for index in rng.integers(0, len(self), size=n):
            crop = Crop.draw(rng, self.config.side, stage.cover, self.config.mirror)
            maps.append(crop.sample(self.classes[index], stage.size))
            results.append(crop.take(self.b.pixels[index], stage.size))
        return one_hot(np.stack(maps), len(self.config.palette)), torch.stack(results)

    def shown(self) -> tuple[Tensor, Tensor]:
        size = self.config.stages[-1].size
        crop = Crop(0, 0, self.config.side, mirrored=False)
        chosen = (np.arange(SHOWN) * 37 + 11) % len(self)
        maps = np.stack([crop.sample(self.classes[i], size) for i in chosen])
        results = torch.stack([crop.take(self.b.pixels[i], size) for i in chosen])
        return one_hot(maps, len(self.config.palette)), results


class Attributes:
    """Images with attributes that are 0 or 1, one for each of the recipe's domains."""

    takes = "one folder, --a, and a table of attributes, --table: a column `file`, then 0 or 1 per attribute"

    def __init__(self, config: Config) -> None:
        if len(config.a) != 1:
            raise DataError("attributes need one folder, --a")
        self.config = config
        (self.folder,) = read(config.a, config, "--a")
        self.labels = read_table(config.table, self.folder.paths, config.domains)
        for column, name in enumerate(config.domains):
            for value in (0, 1):
                if not (self.labels[:, column] == value).any():
                    raise DataError(f"{config.table}: no image has {name} = {value}")

    def take(self, rng: np.random.Generator, indices: np.ndarray, stage: Stage) -> Tensor:
        crops = []
        for index in indices:
            crop = Crop.draw(rng, self.config.side, stage.cover, self.config.mirror)
            crops.append(crop.take(self.folder.pixels[index], stage.size))
        return torch.stack(crops)

    def batch(self, rng: np.random.Generator, n: int, stage: Stage) -> tuple[Tensor, Tensor]:
        """n images and their labels [n, attributes]."""
        indices = rng.integers(0, len(self.labels), size=n)
        return self.take(rng, indices, stage), torch.from_numpy(self.labels[indices])

    def having(
        self, rng: np.random.Generator, n: int, stage: Stage, column: int, value: int
    ) -> tuple[Tensor, Tensor]:
        """n images whose attribute `column` is `value`, and their labels."""
        indices = rng.choice(np.flatnonzero(self.labels[:, column] == value), size=n)
        return self.take(rng, indices, stage), torch.from_numpy(self.labels[indices])

    def shown(self) -> tuple[Tensor, Tensor]:
        """Half of the images have the first attribute; their labels."""
        halves = [np.flatnonzero(self.labels[:, 0] == value) for value in (1, 0)]
        chosen = np.concatenate([half[(np.arange(SHOWN // 2) * 37 + 11) % len(half)] for half in halves])
        return to_float(self.folder.pixels[chosen]), torch.from_numpy(self.labels[chosen])


class Single:
    """Images without labels, for networks that make images of noise."""

    takes = "one kind of folders, --a, repeatable"

    def __init__(self, config: Config) -> None:
        self.a = Sampler(read(config.a, config, "--a"), config.jitter, config.mirror)

    def batch(self, rng: np.random.Generator, n: int, stage: Stage) -> Tensor:
        return self.a.batch(rng, n, stage.size, stage.cover)

    def shown(self) -> Tensor:
        return to_float(pick(self.a.folders, SHOWN))


class Digits:
    """Grey digits, and colour digits made of other grey digits and photographs.

    As MNIST-M (Ganin et al. 2016): the difference between a digit and a patch of a photograph. The
    odd digits of each class become the colour domain, the even ones the grey domain, so that no pair
    shows the same digit.
    """

    takes = "folders 0 to 9 of grey digits in the folder --a, and photographs, --b"

    def __init__(self, config: Config) -> None:
        if len(config.a) != 1:
            raise DataError("digits need one folder, --a, with folders 0 to 9")
        classes = [
            data.load(str(Path(config.a[0]) / str(digit)), side=config.side).pixels for digit in range(10)
        ]
        self.side = config.side
        self.colour, self.grey = ([pixels[first::2] for pixels in classes] for first in (1, 0))
        photographs = [data.load(folder) for folder in config.b]
        if not photographs:
            raise DataError("digits need photographs, --b")
        if not config.enlarge:
            for folder in photographs:
                data.check_sides(folder, data.SIDE)
        self.photographs = [folder.pixels for folder in photographs]

    def draw(
        self, rng: np.random.Generator, n: int, classes: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 10, size=n)
        images = np.stack([classes[label][rng.integers(len(classes[label]))] for label in labels])
        return images, labels

    def colours(self, rng: np.random.Generator, n: int) -> tuple[Tensor, Tensor]:
        """n colour digits [n, 3, side, side] and their classes."""
        digits, labels = self.draw(rng, n, self.colour)
        return to_float(np.stack([self.blend(rng, digit) for digit in digits])), torch.from_numpy(labels)

    def blend(self, rng: np.random.Generator, digit: np.ndarray) -> np.ndarray:
        pixels = self.photographs[rng.integers(len(self.photographs))]
        photograph = pixels[rng.integers(len(pixels))]
        top, left = rng.integers(0, photograph.shape[0] - self.side + 1, size=2)
        patch = photograph[top : top + self.side, left : left + self.side]
        return np.abs(patch.astype(np.int16) - digit).astype(np.uint8)

    def greys(self, rng: np.random.Generator, n: int) -> Tensor:
        """n grey digits [n, 1, side, side]."""
        return to_float(self.draw(rng, n, self.grey)[0])[:, :1]

    def shown(self) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng(0)
        return self.colours(rng, 2 * SHOWN)[0], self.greys(rng, 2 * SHOWN)


def classes(pixels: np.ndarray, palette: list[list[int]]) -> np.ndarray:
    """The class of each pixel of a label map [h, w, 3], uint8 [h, w]: the first of the nearest colours."""
    flat = pixels.astype(np.int32)
    distances = np.stack([((flat - np.array(colour)) ** 2).sum(-1) for colour in palette])
    return distances.argmin(0).astype(np.uint8)


def one_hot(maps: np.ndarray, count: int) -> Tensor:
    """Classes [n, h, w] -> [n, count + 1, h, w]: one channel per class, and 1 on both sides of edges."""
    found = np.arange(count)[:, None, None] == maps[:, None]
    edges = np.zeros(maps.shape, bool)
    for axis in (1, 2):
        differ = np.diff(maps.astype(np.int16), axis=axis) != 0
        rest = [(0, 0)] * 3
        rest[axis] = (1, 0)
        edges |= np.pad(differ, rest)
        rest[axis] = (0, 1)
        edges |= np.pad(differ, rest)
    return torch.from_numpy(np.concatenate([found, edges[:, None]], 1).astype(np.float32))


Source = Domains | Pairs | Attributes | Single | Digits


def by_name(folder: Folder) -> dict[str, int]:
    """Where each image of a folder is, by its name without the suffix."""
    names = [Path(path).stem for path in folder.paths]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{Path(folder.paths[0]).parent} has two images named {', '.join(twice[:10])}")
    return {name: i for i, name in enumerate(names)}


def read(folders: list[str], config: Config, flag: str) -> list[Folder]:
    """Decode folders. Images that are smaller than the training crops are an error, unless config.enlarge."""
    if not folders:
        raise DataError(f"no folder: give {flag}")
    drop = data.read_drop(config.drop)
    whole = [data.load(folder, drop, config.side) for folder in folders]
    kept = [folder for folder in whole if folder.paths]
    if not kept:
        raise DataError(f"{flag}: every image is dropped")
    if not config.enlarge:
        check_crops(kept, config)
    return kept


def dropped(folders: list[str], config: Config) -> list[Folder]:
    """The images of those folders that config.drop lists; no folder without such images."""
    drop = data.read_drop(config.drop)
    found = []
    for whole in (data.load(folder, side=config.side) for folder in folders if drop):
        chosen = [i for i, path in enumerate(whole.paths) if path in drop]
        if chosen:
            found.append(Folder([whole.paths[i] for i in chosen], whole.pixels[chosen]))
    return found


def check_crops(folders: list[Folder], config: Config) -> None:
    """Refuse images, and a decoded side, of which even the largest crop of a stage would be enlarged."""
    least = max(round(stage.size / stage.cover[1]) for stage in config.stages)
    if config.side < least:
        raise DataError(
            f"images are decoded to {config.side} pixels and crops need {least}: "
            'give a larger "side", or "enlarge": true'
        )
    for folder in folders:
        data.check_sides(folder, least)


def read_table(table: str, paths: list[str], names: tuple[str, ...]) -> np.ndarray:
    """The attributes of images, float32 [images, names]. A name means the column that it spells.

    Case, hyphens and underscores do not count: `black-hair` is the column Black_Hair. Files are
    found by their names without folders.
    """
    header, rows = read_rows(table)
    columns = {key.lower().replace("_", "-"): i for i, key in enumerate(header)}
    missing = [name for name in ("file", *names) if name not in columns]
    if missing:
        raise DataError(f"{table} has no column for {', '.join(missing)}")
    # The last two parts tell train/1.jpg from validation/1.jpg.
    known = {"/".join(Path(row[columns["file"]]).parts[-2:]): (line, row) for line, row in rows}
    labels = []
    for path in paths:
        found = known.get("/".join(Path(path).parts[-2:])) or known.get(Path(path).name)
        if found is None:
            raise DataError(f"{table} has no row for {path}")
        line, row = found
        values = [truth(row[columns[name]]) for name in names]
        if None in values:
            column = columns[names[values.index(None)]]
            raise DataError(f"{table}, line {line}: {header[column]} is {row[column]!r}, not 0 or 1")
        labels.append(values)
    return np.array(labels, np.float32)


def truth(cell: str) -> float | None:
    """0 or 1, or None if the cell is neither. CelebA has -1 for 0."""
    try:
        return {0.0: 0.0, 1.0: 1.0, -1.0: 0.0}.get(float(cell))
    except ValueError:
        return None


def read_rows(table: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a table, and the number of each line and its cells, as many as the header has."""
    if not table:
        raise DataError("no table of attributes: give --table")
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table} cannot be read as a table in UTF-8: {error}") from error
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{table}, line {line}: {len(row)} cells, and the header has {len(header)}")
    return header, rows


def pick(folders: list[Folder], n: int) -> np.ndarray:
    """n images, spread over the folders. Every call picks the same ones."""
    chosen = []
    for i in range(n):
        pixels = folders[i % len(folders)].pixels
        chosen.append(pixels[(i * 37 + 11) % len(pixels)])
    return np.stack(chosen)
