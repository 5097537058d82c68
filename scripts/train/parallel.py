"""Data-parallel training on one machine: each process takes its share of every batch.

On a busy machine, single-threaded processes are faster than one process with several threads. If a
thread loses its core, the others wait for it at every layer. Processes wait only once per step.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor


def rank() -> int:
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def workers() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def share(batch: int) -> int:
    """How many images of a batch this process takes."""
    return max(1, batch // workers())


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace the gradients by their mean over all processes, in one message."""
    if workers() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= workers()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients])):
        gradient.copy_(mean.view_as(gradient))


def launch(
    work: Callable[..., None], count: int, *arguments: object, expected: tuple[type[Exception], ...] = ()
) -> None:
    """Run work(*arguments) in `count` processes that share gradients, or in this one.

    Raises the error of `expected` that any of them raises first. The others end.
    """
    if count == 1:
        work(*arguments)
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    # End the workers if this process is terminated. Orphans would go on writing to the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Torch 2 logs each process that it ends after an error. The error itself is reported anyway.
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)
    errors = mp.get_context("spawn").SimpleQueue()
    try:
        mp.spawn(_worker, (count, work, arguments, expected, errors), nprocs=count, daemon=True)
    except (mp.ProcessRaisedException, mp.ProcessExitedException):
        if errors.empty():
            raise
        raise errors.get() from None


def _worker(
    index: int, count: int, work: Callable[..., None], arguments: tuple, expected: tuple, errors: Any
) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=index, world_size=count)
    try:
        work(*arguments)
    except expected as error:
        errors.put(error)
        sys.exit(1)
    finally:
        dist.destroy_process_group()
