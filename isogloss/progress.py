"""How far a long step is: plain lines in its log, and a bar on the terminal it was started from, if there is one."""

import threading
import time
from types import TracebackType
from typing import TextIO

from tqdm import tqdm

EVERY = 15.0  # seconds between two lines of a log
terminal: TextIO | None = None  # set by a script whose output goes to its log


def warn(text: str) -> None:
    """Say what somebody should see, in the log and on the terminal it was started from."""
    print(f"Warning: {text}", flush=True)
    if terminal is not None:
        tqdm.write(f"Warning: {text}", file=terminal)


class Meter:
    """Counts what is done of `total` (calls, prompts, ...), with rate and time left; what takes less than `EVERY` says nothing.

    with Meter("prompts", 1000) as meter:
        meter.add(64)
    """

    def __init__(self, what: str, total: int):
        self.what, self.total, self.done = what, total, 0
        self._began = self._said = time.monotonic()
        self._lock = threading.Lock()  # calls are made by several threads
        self._bar = tqdm(total=total, desc=what, file=terminal, leave=False, dynamic_ncols=True) if terminal else None

    def add(self, more: int) -> None:
        """So many more are done."""
        with self._lock:
            self.done += more
            if self._bar is not None:
                self._bar.update(more)
            now = time.monotonic()
            if now - self._said >= EVERY:
                self._said = now
                rate = self.done / (now - self._began)
                left = tqdm.format_interval((self.total - self.done) / rate) if rate else "an unknown time"
                share = f"{100 * self.done / self.total:.0f} %"
                print(f"{self.what}: {self.done} of {self.total} ({share}), {rate:.3g} a second, {left} left", flush=True)

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
