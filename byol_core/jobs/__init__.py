"""Work that takes longer than a page may, done by one job process a home and lane. Whoever asks knows no torch."""

from byol_core.jobs.arrays import Answer
from byol_core.jobs.context import JobContext, LruCache, Yield
from byol_core.jobs.kinds import JobKind
from byol_core.jobs.queue import ENDED, Asked, ask, forget, job, partial, result, stop, withdraw
from byol_core.jobs.request import JobFiles, all_requests
from byol_core.jobs.status import Job

__all__ = [
    "ENDED", "Answer", "Asked", "Job", "JobContext", "JobFiles", "JobKind", "LruCache", "Yield",
    "all_requests", "ask", "forget", "job", "partial", "result", "stop", "withdraw",
]  # fmt: skip
