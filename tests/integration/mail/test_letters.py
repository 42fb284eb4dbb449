"""Letters: posted with the data, sent by a real mail server, tried again, given up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from ending import end
from folkmoot.db.work import Database
from folkmoot.jobs.library import RETRIES
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import LetterId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.mail import letters, smtp
from folkmoot.mail.carrier import Carrier
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.errors import LetterRefused, MailAway
from folkmoot.mail.letters import Letter
from folkmoot.mail.models import WaitingLetter
from folkmoot.mail.smtp import MailServer
from identity_app import SECRET_KEY, Clock
from posting import certificate, post_office

pytestmark = pytest.mark.anyio

SENDER = "Folkmoot <folkmoot@example.org>"
LETTER = Letter("ada@example.org", "Wêlcome", "Hello Ada,\n\n.a line that begins with a dot\n")
ENVELOPES = Envelopes(SECRET_KEY)
DUE: LiteralString = "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"
JOBS: LiteralString = "SELECT status::text, attempts FROM procrastinate_jobs"


@asynccontextmanager
async def carried(
    database: Database, address: str, server: MailServer | None
) -> AsyncIterator[None]:
    """Have letters sent as long as the block lasts."""
    async with Queue(address) as queue:
        Carrier(database, server, ENVELOPES).register(queue)
        working = asyncio.create_task(queue.work(name="post", concurrency=1))
        yield
        await end(working)


async def waiting(database: Database, subject: Subject) -> list[WaitingLetter]:
    async with database.personal_work(subject.user_id) as work:
        return list((await work.session.scalars(select(WaitingLetter))).all())


async def until_jobs_are(database: Database, *wanted: tuple[str, int]) -> None:
    """Wait for what becomes of the jobs, and how often they were tried by then."""
    async with asyncio.timeout(60), database.unscoped() as connection:
        while not reached(await (await connection.execute(JOBS)).fetchall(), wanted):
            await connection.execute(DUE)
            await asyncio.sleep(0.02)


def reached(jobs: Sequence[tuple[Any, ...]], wanted: Sequence[tuple[str, int]]) -> bool:
    return len(jobs) == len(wanted) and all(
        state == wished and (tried == times or (state == "todo" and tried > times))
        for (state, tried), (wished, times) in zip(jobs, wanted, strict=True)
    )  # what is tried again and again may have passed a number unseen


async def deliver(url: str, letter: Letter = LETTER) -> None:
    await MailServer(url, SENDER).deliver(LetterId(new_id()), letter)


@pytest.mark.core
async def test_a_letter_is_sent_once_its_work_is_committed_and_then_forgotten(
    database: Database, app_address: str, subject: Subject
) -> None:
    async with (
        post_office() as office,
        carried(database, app_address, MailServer(office.url, SENDER)),
    ):
        async with database.work(subject) as work:
            await letters.post(work, ENVELOPES, LETTER)
        to, message = await office.letter()
        await until_jobs_are(database)
    assert to == "ada@example.org"
    assert (message["To"], message["Subject"]) == ("ada@example.org", "Wêlcome")
    assert (message["From"], message["Auto-Submitted"]) == (SENDER, "auto-generated")
    assert message["Message-ID"].endswith("@example.org>")
    assert message.get_content().replace("\r\n", "\n") == LETTER.text
    assert await waiting(database, subject) == []


async def test_a_letter_of_work_that_failed_was_never_posted(
    database: Database, subject: Subject
) -> None:
    with suppress(ZeroDivisionError):
        async with database.personal_work(subject.user_id) as work:
            await letters.post(work, ENVELOPES, LETTER)
            raise ZeroDivisionError
    assert await waiting(database, subject) == []
    await until_jobs_are(database)


async def test_nobody_posts_letters_on_nobody_s_behalf(database: Database) -> None:
    async with database.personal_work() as work:
        with pytest.raises(ValueError, match="nobody acts"):
            await letters.post(work, ENVELOPES, LETTER)


async def test_others_do_not_see_a_letter_that_waits(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    async with database.work(subject) as work:
        await letters.post(work, ENVELOPES, LETTER)
    assert len(await waiting(database, subject)) == 1
    assert await waiting(database, other_subject) == []


async def test_a_letter_waits_for_a_server_that_is_away(
    database: Database, app_address: str, subject: Subject
) -> None:
    async with (
        post_office(answers={"CONNECT": "421 busy"}) as office,
        carried(database, app_address, MailServer(office.url, SENDER)),
    ):
        async with database.work(subject) as work:
            await letters.post(work, ENVELOPES, LETTER)
        await until_jobs_are(database, ("todo", RETRIES + 2))
        office.answers.clear()
        await until_jobs_are(database)
        assert (await office.letter())[0] == LETTER.to


async def test_a_letter_that_is_refused_stays_for_an_operator_to_see(
    database: Database, app_address: str, subject: Subject
) -> None:
    async with (
        post_office(answers={"RCPT": "550 nobody of that name"}) as office,
        carried(database, app_address, MailServer(office.url, SENDER)),
    ):
        with capture_logs() as lines:
            async with database.work(subject) as work:
                await letters.post(work, ENVELOPES, LETTER)
            await until_jobs_are(database, ("failed", RETRIES + 1))
    assert [each.recipient for each in await waiting(database, subject)] == [LETTER.to]
    refusals = [line for line in lines if line["event"] == "mail.refused"]
    assert {line["reason"] for line in refusals} == {"SMTPRecipientsRefused 550"}
    assert LETTER.to not in str(lines)


async def test_what_a_letter_says_stands_in_no_table_before_or_after_it_was_refused(
    database: Database, app_address: str, superuser_address: str, subject: Subject
) -> None:
    said = replace(LETTER, text="Accept with https://folkmoot.example/invitation#fm_invitation_x")
    async with (
        post_office(answers={"RCPT": "550 nobody of that name"}) as office,
        carried(database, app_address, MailServer(office.url, SENDER)),
    ):
        async with database.work(subject) as work:
            await letters.post(work, ENVELOPES, said)
        for attempts in (0, RETRIES + 1):
            if attempts:
                await until_jobs_are(database, ("failed", attempts))
            with psycopg.connect(superuser_address) as connection:
                rows = connection.execute("SELECT l::text FROM letters l").fetchall()
                jobs = connection.execute("SELECT j::text FROM procrastinate_jobs j").fetchall()
            assert len(rows) == 1
            for text in (said.text, "invitation#", said.text.encode().hex()):
                assert text not in f"{rows} {jobs}"


async def test_an_envelope_is_opened_for_its_own_letter_with_the_key_of_now_or_before() -> None:
    letter, other = new_id(), new_id()
    sealed = ENVELOPES.seal(letter, LETTER.text)
    changed = Envelopes("the next secret key of this deployment", SECRET_KEY)
    assert changed.open(letter, sealed) == LETTER.text
    for envelopes, about in ((ENVELOPES, other), (Envelopes("x" * 32), letter)):
        with pytest.raises(LetterRefused):
            envelopes.open(about, sealed)


async def test_a_server_is_waited_for_a_day(
    database: Database, subject: Subject, time: Clock
) -> None:
    async with database.work(subject) as work:
        await letters.post(work, ENVELOPES, LETTER)
    (letter,) = await waiting(database, subject)
    ids = {"user_id": str(subject.user_id), "letter_id": str(letter.id)}
    async with post_office(answers={"MAIL": "451 later"}) as office:
        carrier = Carrier(database, MailServer(office.url, SENDER), ENVELOPES)
        with pytest.raises(MailAway):
            await carrier.send(**ids)
        time.pass_by(days=1)
        with pytest.raises(LetterRefused):
            await carrier.send(**ids)


async def test_without_a_server_a_letter_is_dropped_and_the_log_says_so(
    database: Database, app_address: str, subject: Subject
) -> None:
    with capture_logs() as lines:
        async with carried(database, app_address, None):
            async with database.work(subject) as work:
                await letters.post(work, ENVELOPES, LETTER)
            await until_jobs_are(database)
    assert "mail.not_configured" in {line["event"] for line in lines}
    assert await waiting(database, subject) == []


async def test_a_letter_that_was_sent_is_not_sent_again(
    database: Database, subject: Subject
) -> None:
    async with post_office() as office:
        carrier = Carrier(database, MailServer(office.url, SENDER), ENVELOPES)
        await carrier.send(user_id=str(subject.user_id), letter_id=str(new_id()))
        assert office.connections == 0


async def test_a_password_is_sent_by_tls_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with post_office(tls=context) as office:
        await deliver(f"smtp://folk:m%20t@127.0.0.1:{office.port}")
        assert office.passwords == ["\0folk\0m t"]
    async with post_office(tls=context, wrapped=True) as office:
        await deliver(f"smtps://folk:moot@127.0.0.1:{office.port}")
        assert office.passwords == ["\0folk\0moot"]
    async with post_office() as office:
        with pytest.raises(LetterRefused):
            await deliver(f"smtp://folk:moot@127.0.0.1:{office.port}")
        assert (office.passwords, office.letters) == ([], [])


async def test_a_server_that_cannot_prove_who_it_is_gets_no_letter(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    async with post_office(tls=context) as office:
        with pytest.raises(LetterRefused):
            await deliver(office.url)
        assert office.letters == []


async def test_a_server_that_says_nothing_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "ANSWER", 0.1)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        with pytest.raises(MailAway):
            await deliver(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")


@pytest.mark.parametrize(
    "to", ["two@a.example,<three@b.example>", "a\r\nBcc: c@d", "nobody", "a@", ""]
)
async def test_what_is_no_address_gets_no_letter(to: str) -> None:
    async with post_office() as office:
        with pytest.raises(LetterRefused):
            await deliver(office.url, Letter(to, "Hello", "Hello"))
        assert office.letters == []


async def test_a_subject_stays_one_line_and_any_alphabet_arrives() -> None:
    async with post_office() as office:
        await deliver(office.url, Letter("zoë@example.org", "One\r\nBcc: eve@x.example", "Füße"))
        to, message = await office.letter()
    assert (to, message["Subject"]) == ("zoë@example.org", "One Bcc: eve@x.example")
    assert message["Bcc"] is None
    assert message.get_content().strip() == "Füße"
