# Copyright (c) mmtips authors. All rights reserved.
"""The peak of memory during one forward and one step, beyond the module and its input."""

import contextlib
import multiprocessing
import re
from pathlib import Path
from typing import Any

import torch

from mmtips.benchmark.candidates import Candidate
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.tasks import LOSSES, Task, total_loss

STATUS, CLEAR = Path('/proc/self/status'), Path('/proc/self/clear_refs')
KINDS = ('forward', 'step')


def run_once(task: Task, x: torch.Tensor, setting: Setting, kind: str) -> None:
    """One forward in eval without gradients, or one forward and backward in training."""
    if kind == 'forward':
        task.eval()
        with torch.no_grad(), setting.autocast():
            task.module(x)
        return
    task.train()
    with setting.autocast():
        losses = task(x.detach().requires_grad_())
    total_loss(losses).backward()


def peak_bytes(candidate: Candidate, shape: tuple[int, ...], setting: Setting) -> dict[str, int | None]:
    """Measure the peak of memory beyond what a candidate and its input hold themselves.

    On a GPU that of PyTorch's allocator. On the CPU that of the resident set of a fresh process for each figure: it is
    forked from a server that has imported the libraries and computed nothing, so that it owes nothing to what ran
    before. What libraries set up at their first call counts.

    Args:
        candidate: The candidate; it must be possible to pickle.
        shape: ``(N, C, H, W)`` of the input.
        setting: The setting.

    Returns:
        Bytes of a ``forward`` and of a training ``step``; None where it cannot be measured: without ``/proc``, and for
        compiled candidates on the CPU, which each process would compile for itself.
    """
    if setting.device == 'cuda':
        return {kind: _cuda_peak(candidate, shape, setting, kind) for kind in KINDS}
    if setting.mode == 'compiled' or not STATUS.exists():
        return dict.fromkeys(KINDS)
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['mmtips', 'mmtips.benchmark.memory', 'mmtips.benchmark.networks'])
    peaks: dict[str, int | None] = {}
    for kind in KINDS:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send_peak, args=(sender, candidate, shape, setting, kind))
        process.start()
        sender.close()
        try:
            peaks[kind] = receiver.recv()
        except EOFError as error:
            raise RuntimeError(f'the process that measures the peak memory of {candidate.operator} ended without an '
                               'answer: see what it printed; it may have run out of memory') from error
        finally:
            process.join()
    return peaks


def _send_peak(sender: Any, *args: Any) -> None:
    sender.send(_resident_peak(*args))


def _resident_peak(candidate: Candidate, shape: tuple[int, ...], setting: Setting, kind: str) -> int:
    torch.set_num_threads(setting.threads)
    task = LOSSES[candidate.losses](Task(setting.place(candidate.build())))
    x = setting.draw(shape)
    # The peak so far is that of drawing the input, in float32 whatever it becomes: it begins anew.
    with contextlib.suppress(OSError):
        CLEAR.write_text('5')
    before = _resident('VmRSS')
    run_once(task, x, setting, kind)
    return max(0, _resident('VmHWM') - before)


def _resident(what: str) -> int:
    """Bytes that Linux states in units of 1024."""
    return 1024 * int(re.search(rf'{what}:\s+(\d+)', STATUS.read_text())[1])  # type: ignore[index]


def _cuda_peak(candidate: Candidate, shape: tuple[int, ...], setting: Setting, kind: str) -> int:
    module: Any = setting.place(candidate.build())
    if setting.mode == 'compiled':
        module = torch.compile(module, dynamic=False)
    task = LOSSES[candidate.losses](Task(module))
    x = setting.draw(shape)
    run_once(task, x, setting, kind)  # compiles, and lets libraries choose their kernels
    task.zero_grad(set_to_none=True)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run_once(task, x, setting, kind)
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before
