"""What `folkmoot up` says once it serves."""

from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The facts of a started process; `sign_in` is good once, for 15 minutes, on this machine."""

    url: str
    data_dir: str
    persistence: str
    models: str
    providers: str
    notices: tuple[str, ...]
    mode: str
    sign_in: str | None


def show(started: Started) -> None:
    """Print where everything is, to standard error."""
    console = Console(stderr=True, emoji=False)
    rows = [
        ("Console", started.url),
        ("API docs", f"{started.url}/docs"),
        ("Metrics", f"{started.url}/metrics"),
        ("Data", started.data_dir),
        ("Persistence", started.persistence),
        ("Models", started.models),
        ("Providers", started.providers),
        ("Mode", started.mode),
        *(("Notice", notice) for notice in started.notices),
    ]
    if started.sign_in is not None:
        rows.append(("Sign in", f"{started.url}/sign-in#{started.sign_in}"))
    console.print("\nFolkmoot is ready.\n", style="bold")
    for name, value in rows:
        # Plain text: a link that is wrapped or cut cannot be clicked.
        console.out(f"  {name:<12} {value}", highlight=False)
    if started.sign_in is not None:
        console.print("\nThe sign-in link works once, within 15 minutes, on this machine.\n")
