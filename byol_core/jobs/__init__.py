"""Work that takes longer than a page may, done by one warm process a home and lane. Whoever asks knows no torch."""

from byol_core.jobs.arrays import Answer
from byol_core.jobs.context import Memory, Postponed, Tools
from byol_core.jobs.queue import ask, forget, job, partial, result, withdraw
from byol_core.jobs.status import Job

__all__ = ["Answer", "Job", "Memory", "Postponed", "Tools", "ask", "forget", "job", "partial", "result", "withdraw"]
