"""What Folkmoot has to reach, on two cores."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit of one measure: at most `limit`, or at least."""

    limit: float
    least: bool = False

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit

    def eased(self, factor: float) -> "Bar":
        """Return a bar that this much less is enough for."""
        return Bar(self.limit / factor if self.least else self.limit * factor, self.least)

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='} {self.limit:g}"


BARS: Final[dict[str, dict[str, Bar]]] = {
    "S1": {"tokens_per_s": Bar(50_000, least=True)},
    "S2": {
        "cpu_ms_per_1000_tokens": Bar(110),
        "first_token_p50": Bar(8),
        "first_token_p99": Bar(20),
        "bytes_per_token": Bar(150),
    },
    "S3": {"cpu_ms_per_1000_tokens": Bar(110), "first_token_p99": Bar(40)},
    "S4": {"turns_per_s": Bar(400, least=True), "cpu_ms_per_turn": Bar(2.5)},
    "S5": {"growth_of_turn": Bar(1.2)},
    "S6": {"memory_peak_mb": Bar(300)},
    "start-up": {"repeat_start_s": Bar(3), "repeat_memory_idle_mb": Bar(200)},
    "list": {"cpu_ms_per_list": Bar(4)},
    "permissions": {"known_ms": Bar(1), "new_ms": Bar(1)},
    "offline": {"hybrid_above_lexical": Bar(0, least=True)},
    "fastembed": {"hybrid_above_better": Bar(-0.01, least=True)},
    "scifact offline": {"lexical_p95_ms": Bar(20)},
    "scifact fastembed": {
        "hybrid_ndcg_at_10": Bar(0.71, least=True),
        "hybrid_recall_at_100": Bar(0.95, least=True),
        "lexical_p95_ms": Bar(20),
    },
    "xquad-en fastembed": {"hybrid_ndcg_at_10": Bar(0.97, least=True)},
    "xquad-de fastembed": {"hybrid_ndcg_at_10": Bar(0.94, least=True)},
}
