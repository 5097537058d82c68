"""Checks an unpacked OCI image and prints the paths of its layers: python3 layout.py FOLDER."""

import gzip
import hashlib
import json
import sys
from pathlib import Path

WANTED = {
    "Entrypoint": ["/usr/bin/gtx"],
    "Cmd": ["--help"],
    "User": "65532:65532",
    "WorkingDir": "/data",
}


def blob(folder: Path, descriptor: dict) -> Path:
    """The file of a descriptor. A wrong size or digest is an error."""
    algorithm, digest = descriptor["digest"].split(":")
    path = folder / "blobs" / algorithm / digest
    content = path.read_bytes()
    if len(content) != descriptor["size"]:
        raise ValueError(f"{path} has {len(content)} bytes, not {descriptor['size']}")
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{path} has another digest")
    return path


def layers(folder: Path) -> list[Path]:
    """The layers of the only image in a layout, the lowest first."""
    if json.loads((folder / "oci-layout").read_text())["imageLayoutVersion"] != "1.0.0":
        raise ValueError("the layout has another version")
    (image,) = json.loads((folder / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(folder, image).read_text())
    config = json.loads(blob(folder, manifest["config"]).read_text())
    for name, value in WANTED.items():
        if config["config"].get(name) != value:
            raise ValueError(f"{name} is {config['config'].get(name)}, not {value}")
    if config["os"] != "linux" or not config["architecture"]:
        raise ValueError("the platform is missing")
    paths = [blob(folder, layer) for layer in manifest["layers"]]
    for path, digest in zip(paths, config["rootfs"]["diff_ids"], strict=True):
        content = gzip.decompress(path.read_bytes())
        if "sha256:" + hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"{path} unpacks to another digest")
    return paths


def main() -> None:
    """Prints a line for each layer."""
    for path in layers(Path(sys.argv[1])):
        print(path)


if __name__ == "__main__":
    main()
