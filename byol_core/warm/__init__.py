"""Work that takes longer than a page may, done by one warm process a home and lane. Whoever asks knows no torch."""

from byol_core.background import Job
from byol_core.warm.answer import Answer
from byol_core.warm.jobs import ask, forget, job, partial, result, withdraw
from byol_core.warm.tools import Memory, Postponed, Tools

__all__ = ["Answer", "Job", "Memory", "Postponed", "Tools", "ask", "forget", "job", "partial", "result", "withdraw"]
