"""Source code is cut where it defines something, and chunks say what that is."""

import tracemalloc
from io import BytesIO

import pytest

from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.ingesting.reading import Reading, cut_here
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import markdown, prose
from folkmoot.knowledge.parsing.outlines import MOST, outlined
from folkmoot.knowledge.parsing.parsed import Parsed
from folkmoot.knowledge.sniff import Kind, sniff

CODE = {
    "a.py": (
        (
            "import os\n\n@frozen\nclass Heron:\n    def wait(self):\n        if os:\n"
            "            pass\n\n    async def fly(self): ...\n\n"
            "async def main():\n    def inner(): ...\n"
        ),
        ["class Heron", " def wait", " def fly", "def main", " def inner"],
    ),
    "a.ts": (
        (
            "/** Waits. */\nexport class Heron<T> {\n  constructor(private n: number) {}\n\n"
            "  async wait<U>(n: number): Promise<void> {\n    if (n) {\n      stand(n)\n    }\n"
            "    describe('x', () => {\n    })\n  }\n}\n\n"
            "export const stand = async (n: number) => {\n"
            "}\nexport interface Bird {\n}\ntype Nest = string\n"
            "const fly: (n: number) => void = (n) => {\n}\nconst count: number = 5\n"
        ),
        ["class Heron", " wait()", "const stand", "interface Bird", "type Nest", "const fly"],
    ),
    "a.go": (
        (
            "package m\n\n// Wait waits.\nfunc Wait(h *Heron) error {\n\tif x() {\n\t}\n}\n\n"
            "type Heron struct {\n}\n\nfunc (h *Heron) Stand(n int) {\n}\n"
        ),
        ["func Wait", "type Heron", "func Stand"],
    ),
    "a.rs": (
        (
            "#[derive(Debug)]\npub struct Heron {\n}\n\nimpl Bird for Heron {\n"
            "    pub fn wait(&self) -> u32 {\n        if true { 1 } else { 2 }\n    }\n}\n\n"
            "pub(crate) async fn stand() {}\n"
        ),
        ["struct Heron", "impl Bird for Heron", " fn wait", "fn stand"],
    ),
    "A.java": (
        (
            "package a;\n\n/** A bird. */\npublic final class Heron extends Bird {\n"
            "    private int n;\n\n    @Override\n    "
            "public Map<String, List<X>> wait(int n) throws X {\n"
            "        for (int i = 0; i < n; i++) {\n            stand(i);\n        }\n"
            "        return new Y() {\n        };\n    }\n}\n"
        ),
        ["class Heron", " wait()"],
    ),
    "a.c": (
        (
            "#include <stdio.h>\n\nstruct heron {\n    int n;\n};\n\n"
            "static int wait(struct heron *h,\n"
            "                int n)\n{\n    if (n) {\n        stand(n);\n    }\n}\n\n"
            "int declared(int);\n\nint main(void) {\n    wait(0, 1);\n}\n"
        ),
        ["struct heron", "wait()", "main()"],
    ),
    "a.cs": (
        (
            "namespace N {\n    public record Heron(int N);\n    public class Nest {\n"
            "        public async Task<int> Wait(int n)\n        {\n        }\n    }\n}\n"
        ),
        ["namespace N", " record Heron", " class Nest", "  Wait()"],
    ),
    "a.kt": ("suspend fun wait(n: Int): Int {\n  return n\n}\n", ["fun wait"]),
    "a.rb": ("class Heron\n  def wait(n)\n    puts n\n  end\nend\n", ["class Heron", " def wait"]),
    "a.txt": ("def wait():\n    pass\n", []),
}
SIZES = Sizes(size=300, overlap=50)


def text(name: str) -> str:
    """Return a function of about a chunk's size."""
    body = "\n".join(f'    print("{name} stands in shallow water, {n}")' for n in range(6))
    return f"# How {name} behaves.\ndef {name}():\n{body}\n"


def sections(reading: Reading) -> list[str | None]:
    return list(dict.fromkeys(entry.chunk.section for entry in reading.entries))


def test_source_code_is_text_whatever_its_comments_look_like() -> None:
    assert sniff(b"# Copyright\n\nimport os\n", "a.py") is Kind.TEXT
    assert sniff(b"# Copyright\n\nimport os\n", "a") is Kind.MARKDOWN


@pytest.mark.parametrize("name", CODE)
def test_definitions_of_many_languages_are_found_with_what_they_are_in(name: str) -> None:
    code, expected = CODE[name]
    found = outlined(prose.from_text(code, Limits()), name, 0)
    assert [" " * (each.level - 1) + each.title for each in found.headings] == expected
    for heading in found.headings:
        before = found.text[: heading.start]
        assert before == "" or before.endswith("\n")


def test_each_function_of_a_file_has_chunks_of_its_own_with_its_name_and_its_comment() -> None:
    code = "import os\n\n" + "\n".join(text(bird) for bird in ("heron", "stork", "wren"))
    reading = cut_here(prose.from_text(code, Limits()), "birds.py", SIZES, "birds.py")
    assert sections(reading) == ["def heron", "def stork", "def wren"]
    for entry in reading.entries:
        assert entry.chunk.header == f"birds.py\n{entry.chunk.section}"
        assert entry.text.count("def ") <= 1
    assert reading.entries[0].text.startswith("import os\n\n# How heron behaves.")
    assert "".join(entry.text for entry in reading.entries).count("# How ") == 3


def test_what_is_nested_hundreds_deep_does_not_make_each_chunk_as_long_as_its_file() -> None:
    stairs = [" " * depth + "class " + "A" * (390 - depth) for depth in range(300)]
    floor = [" " * 300 + f"def f{number}(): ..." for number in range(1_000)]
    code = "\n".join([*stairs, *floor])
    tracemalloc.start()
    reading = cut_here(prose.from_text(code, Limits()), "deep.py", SIZES, "deep.py")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    last = reading.entries[-1].chunk.section or ""
    assert last.endswith("A > def f999")
    assert max(len(entry.chunk.header) for entry in reading.entries) < 2_000
    assert most < 40 * len(code)  # the path to each definition would take over a hundred times


def test_long_listings_in_a_text_are_cut_by_function_and_short_ones_not_at_all() -> None:
    long = "\n".join(text(bird) for bird in ("heron", "stork"))
    source = f"# Birds\n\n```python\n{long}```\n\nAnd so on. " + "Birds are many. " * 12
    short = "\n\n## Few\n\n```python\ndef wren(): ...\n```\n\n" + "Wrens are small. " * 12
    parsed = markdown.parse(BytesIO((source + short).encode()), Limits(), lambda *_: None)
    reading = cut_here(parsed, "Guide", SIZES, "guide.md")
    assert sections(reading) == ["Birds", "Birds > def stork", "Birds > Few"]
    assert "def heron" in reading.entries[0].text
    assert outlined(parsed, "guide.md", 10_000) == parsed


def test_a_listing_that_never_ends_and_lines_without_an_end_define_nothing() -> None:
    for code in ("```py\ndef wait():\n" * 3 + "```py", "def " * 200 + "wait():", "~~~\n```py\n"):
        parsed = prose.from_text(code, Limits())
        assert outlined(parsed, "a.md", 0).headings == []


@pytest.mark.parametrize(("text", "filename"), [("{}", "f.py"), ("```python\n{}```\n", "f.md")])
def test_a_text_of_more_definitions_than_people_write_is_cut_like_any_other(
    text: str, filename: str
) -> None:
    few, many = (Parsed(text=text.format("def f(): pass\n" * count)) for count in (MOST, MOST + 1))
    assert len(outlined(few, filename, 1_000).headings) == MOST
    assert outlined(many, filename, 1_000) == many
