"""The HTTP API as commands use it."""

import pytest

from folkmoot.cli.api import Api, NotFolkmoot, Refused, Unreachable, is_loopback
from folkmoot.cli.exits import ExitCode
from staged import Stage, answers, hangs_up


def page(*numbers: int, cursor: str | None = None) -> dict[str, object]:
    return {"items": [{"id": number} for number in numbers], "next_cursor": cursor}


def test_pages_are_followed_to_the_end_of_a_list(stage: Stage) -> None:
    stage.replies += [answers(200, page(1, 2, cursor="2")), answers(200, page(3))]
    with Api(stage.url, None) as api:
        assert [item["id"] for item in api.items("/api/v1/runs", {"kind": "agent"})] == [1, 2, 3]
    assert [heard.path for heard in stage.heard] == [
        "/api/v1/runs?kind=agent&limit=100",
        "/api/v1/runs?kind=agent&limit=100&cursor=2",
    ]


def test_no_more_is_asked_for_than_is_wanted(stage: Stage) -> None:
    stage.replies += [answers(200, page(*range(100), cursor="99")), answers(200, page(100))]
    with Api(stage.url, None) as api:
        assert len(list(api.items("/api/v1/runs", limit=101))) == 101
    assert [heard.path for heard in stage.heard] == [
        "/api/v1/runs?limit=100",
        "/api/v1/runs?limit=1&cursor=99",
    ]


def test_a_problem_is_told_with_all_that_finds_its_cause(stage: Stage) -> None:
    problem = {
        "title": "Unprocessable",
        "detail": "It does not fit.",
        "code": "invalid",
        "request_id": "r-1",
        "errors": [{"pointer": "/k", "detail": "too large"}],
    }
    stage.replies += [answers(422, problem)]
    with Api(stage.url, None) as api, pytest.raises(Refused) as refused:
        api.post("/api/v1/collections", {})
    assert refused.value.message == "It does not fit."
    assert list(refused.value.hints) == [
        "/k: too large",
        "status 422, code invalid, request r-1",
    ]
    assert refused.value.code is ExitCode.FAILED


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_do_it_gets_a_code_of_its_own(stage: Stage, status: int) -> None:
    stage.replies += [answers(status, {"detail": "No."})]
    with Api(stage.url, None) as api, pytest.raises(Refused) as refused:
        api.get("/api/v1/me")
    assert refused.value.code is ExitCode.UNAUTHORIZED


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", None, [1], {"errors": [1, None]}])
def test_an_error_of_any_shape_is_told(stage: Stage, body: object) -> None:
    stage.replies += [answers(502, body)]
    with Api(stage.url, None) as api, pytest.raises(Refused) as refused:
        api.get("/api/v1/me")
    assert refused.value.message == "The server answered 502 Bad Gateway."


def test_another_program_on_that_port_is_recognized(stage: Stage) -> None:
    stage.replies += [answers(200, "hello"), answers(301, "moved", Location="/")]
    with Api(stage.url, None) as api:
        with pytest.raises(NotFolkmoot):
            api.get("/api/v1/me")
        with pytest.raises(Refused, match="301"):
            api.get("/api/v1/me")


def test_no_answer_is_an_unreachable_server(stage: Stage) -> None:
    stage.replies += [hangs_up]
    with Api(stage.url, None) as api, pytest.raises(Unreachable) as unreachable:
        api.get("/api/v1/me")
    assert unreachable.value.code is ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://localhost", True),
        ("https://localhost.example", False),
        ("http://10.0.0.1", False),
    ],
)
def test_a_proxy_is_not_asked_the_way_to_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here
