"""Translates the shards of a plan on a Ray cluster, or on this machine.

    gtx plan -o plan photos
    python3 translate.py --cpus 2 plan -- --to winter -o winter

What follows -- goes to `gtx translate`. Each task does one shard, so a shard whose worker or machine dies is
tried again and continues where it was. Machines share the folders, under the same paths as here.

Exit codes are those of gtx: 0 if all images were translated, 1 if some failed or a shard was not done.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

import ray
from ray.exceptions import RayError, RayTaskError


class CannotTranslate(Exception):
    """gtx cannot start (3) or its command line is wrong (2): another try would end in the same way."""


class Later(Exception):
    """A signal ended gtx, or another task holds the shard (5): it can be tried again."""


BUSY = 5
PATIENCE = 45  # seconds: when a machine dies, network file systems free its locks after some 90


@ray.remote(max_retries=3, retry_exceptions=[Later])
def translate(gtx: str, folder: str, plan: str, shard: int, options: list[str]) -> tuple[int, int, str]:
    """Does one shard and returns it with gtx's exit code and messages."""
    # If Ray kills this worker, the kernel kills gtx too. Otherwise gtx would lock the next worker out.
    command = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        gtx,
        "translate",
        "-q",
        "--plan",
        plan,
        "--shard",
        str(shard),
        *options,
    ]
    run = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if run.returncode in (2, 3):
        raise CannotTranslate(f"shard {shard}: exit code {run.returncode}: {run.stderr.strip()}")
    if run.returncode not in (0, 1):
        if run.returncode == BUSY:
            time.sleep(PATIENCE)
        raise Later(f"shard {shard}: exit code {run.returncode}: {run.stderr.strip()}")
    return shard, run.returncode, run.stderr


def todo(gtx: str, plan: str) -> list[int]:
    """Lists the shards that are not done, and those in which images failed."""
    run = subprocess.run(
        [gtx, "plan", "todo", "--failed", "--lines", plan], check=True, stdout=subprocess.PIPE, text=True
    )
    return [int(line) for line in run.stdout.split()]


def main() -> int:
    parser = argparse.ArgumentParser(description="translate the shards of a plan on a Ray cluster")
    parser.add_argument("plan", help="folder that gtx plan has made")
    parser.add_argument("options", nargs="*", help="options of gtx translate, behind --")
    parser.add_argument("--cpus", type=int, default=2, help="processors for each task (default: 2)")
    parser.add_argument("--gtx", default=shutil.which("gtx") or "gtx", help="path of gtx on every machine")
    args = parser.parse_args()

    ray.init()
    task = translate.options(num_cpus=args.cpus)
    options = [*args.options, "--jobs", str(args.cpus)]
    waiting = [
        task.remote(args.gtx, os.getcwd(), args.plan, shard, options) for shard in todo(args.gtx, args.plan)
    ]
    worst = 0
    while waiting:
        ready, waiting = ray.wait(waiting)
        try:
            shard, code, messages = ray.get(ready[0])
        except RayError as error:
            cause = error.cause if isinstance(error, RayTaskError) else error
            print(cause, file=sys.stderr)
            if isinstance(cause, CannotTranslate):
                return 3
            worst = max(worst, 1)
            continue
        worst = max(worst, code)
        print(f"shard {shard}: exit code {code}")
        print(messages, end="", file=sys.stderr)
    return worst


if __name__ == "__main__":
    sys.exit(main())
