"""The project's own lint rules find what they are for, and leave the rest alone."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest

from rules import assertions, commits, environment, queries, sizes, waiting, words
from rules.source import Finding, Source, read

ROOT = Path(__file__).resolve().parents[3]
Check = Callable[[Source], Iterator[Finding]]


def lines(check: Check, text: str, path: str = "src/folkmoot/agents/service.py") -> list[int]:
    """Return the lines at which a rule finds something."""
    return [finding.line for finding in check(Source(PurePosixPath(path), dedent(text)))]


def in_work(statement: str) -> str:
    opened = "async def f(db, subject):\n    async with db.work(subject) as work:\n"
    return f"{opened}        {statement}\n"


def test_a_commit_is_found_everywhere_but_in_the_database_layer() -> None:
    text = "async def f(session):\n    await session.commit()\n    await session.rollback()\n"
    assert lines(commits.check, text) == [2, 3]
    assert lines(commits.check, text, "src/folkmoot/db/work.py") == []
    assert lines(commits.check, text, "tests/unit/test_x.py") == []
    assert lines(commits.check, "def commit(): ...\ncommit()\n") == []


@pytest.mark.parametrize(
    "wait",
    [
        "await self.model.embed(texts)",
        "await client.post(url)",
        "await self.http.get(url)",
        "await agent.ainvoke(messages)",
        "await asyncio.sleep(1)",
        "answer = [await tools.call_tool(name)]",
        "async for chunk in model.stream(request): pass",
        "async with http_client.get(url) as answer: pass",
    ],
)
def test_a_wait_for_the_outside_world_in_an_open_work_is_found(wait: str) -> None:
    assert lines(waiting.check, in_work(wait)) == [3]


@pytest.mark.parametrize(
    "wait",
    [
        "await work.session.get(Agent, agent_id)",
        "await repository.get(work, agent_id)",
        "rows = await work.session.stream(statement)",
        "await service.delete(work, agent_id)",
        "later = lambda: model.embed(texts)",
        "async def later(): await model.embed(texts)",
    ],
)
def test_what_the_database_does_in_an_open_work_is_no_wait(wait: str) -> None:
    assert lines(waiting.check, in_work(wait)) == []


def test_a_function_that_is_handed_a_work_is_inside_one() -> None:
    text = """
    async def answer(work: OpenWork, model: Model) -> str:
        return await model.embed("x")

    async def handed_over(data: str, *, work: deps.Work) -> None:
        await client.post("/")

    async def outside(model: Model) -> str:
        async with db.work(subject) as work:
            texts = await work.session.scalars(query)
        return await model.embed(texts)
    """
    assert lines(waiting.check, text) == [3, 6]


def test_long_modules_and_functions_are_found_and_migrations_are_spared() -> None:
    function = "def f() -> None:\n" + "    x = 1\n" * 40
    assert lines(sizes.check, function) == [1]
    assert lines(sizes.check, function.replace("    x = 1\n", "", 1)) == []
    inner = "    async def g() -> None:\n" + "        x = 1\n" * 30
    assert lines(sizes.check, "def f() -> None:\n" + inner + "    x = 1\n" * 30) == []
    assert lines(sizes.check, "x = 1\n" * 401) == [1]
    assert lines(sizes.check, "x = 1\n" * 400) == []
    assert lines(sizes.check, function, "src/folkmoot/db/migrations/versions/0001_a.py") == []


def test_the_environment_is_read_in_main_only() -> None:
    text = (
        "import os\nfrom os import getenv\nx = os.environ['A']\ny = os.getenv('B')\nz = os.name\n"
    )
    assert lines(environment.check, text) == [2, 3, 4]
    assert lines(environment.check, text, "src/folkmoot/main.py") == []
    assert lines(environment.check, text, "tools/install.py") == []


@pytest.mark.parametrize(
    "statement",
    [
        "execute(f\"SELECT * FROM a WHERE id = '{agent_id}'\")",
        'session.execute(text(f"SELECT {column}"))',
        'connection.execute(text("SELECT * FROM " + table))',
        'connection.execute("SELECT %s" % value)',
        'connection.execute("SELECT {}".format(value))',
    ],
)
def test_sql_with_a_value_written_into_it_is_found(statement: str) -> None:
    assert lines(queries.check, statement) == [1]


@pytest.mark.parametrize(
    "statement",
    [
        'execute("SELECT * FROM a WHERE id = %s", [agent_id])',
        'execute(f"SELECT {COLUMNS} FROM a")',
        "execute(text(ACTIVE + ORDER))",
        "execute(TERMS + rule.query)",
        'execute(f"CREATE POLICY p ON {table}")',
        'execute(f"ALTER TABLE {table} " + rest)',
        "execute(statement)",
        "execute()",
        "execute(select(Agent))",
    ],
)
def test_sql_of_constants_and_definitions_is_left_alone(statement: str) -> None:
    assert lines(queries.check, statement) == []


def test_unfinished_marks_tickets_and_machine_paths_are_found_in_any_file() -> None:
    text = "\n".join(
        ("TO" + "DO: later", "works for" + " now", "see iss" + "ue #12", "in /ho" + "me/jo/x")
    )
    assert lines(words.check, text, "docs/a.md") == [1, 2, 3, 4]
    fine = "todos los días\nan issue with 12 parts\nGET {base}/home/page and https://x.org/work/y\n"
    assert lines(words.check, fine, "docs/a.md") == []


def test_a_test_that_cannot_fail_is_found() -> None:
    text = """
    def test_hollow():
        run()

    def test_asserts():
        assert run()

    def test_raises():
        with pytest.raises(ValueError):
            run()

    def test_asks_a_helper():
        assert_same(run(), 1)

    def helper():
        run()
    """
    assert lines(assertions.check, text, "tests/unit/test_x.py") == [2]
    assert lines(assertions.check, text) == []


def test_every_rule_tells_the_accident_that_it_prevents() -> None:
    for rule in (assertions, commits, environment, queries, sizes, waiting, words):
        assert "The accident:" in (rule.__doc__ or "")


def test_what_people_write_is_read_and_what_tools_make_is_not() -> None:
    paths = {str(source.path) for source in read(ROOT)}
    assert {"pyproject.toml", "src/folkmoot/kit/ids.py", "tools/lint.py"} <= paths
    assert not [path for path in paths if "node_modules" in path or "__pycache__" in path]
