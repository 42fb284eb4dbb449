"""People, teams, collections and documents whose readers change, and a model of who may read what.

The model is a few lines of Python over sets; what the platform shows is held against it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from folkmoot.identity.models import Membership, Team, TeamMembership
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.identity.permissions import MEMBER, TEAM_PERMISSIONS, OrgRole, TeamRole
from folkmoot.kit.ids import CollectionId, DocumentId, TeamId, UserId, new_id
from folkmoot.kit.page import Asked as AskedPage
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections, documents
from folkmoot.knowledge.errors import CollectionNotFound, DocumentNotFound
from folkmoot.knowledge.levels import AccessLevel, DefaultAccess
from folkmoot.knowledge.models import Document
from folkmoot.knowledge.schemas import CollectionCreate, Filters, Mode
from folkmoot.knowledge.searching.retrieval import Asked
from folkmoot.knowledge.sharing import collections as collection_sharing
from folkmoot.knowledge.sharing import documents as document_sharing
from folkmoot.knowledge.sharing.schemas import (
    CollectionPermissions,
    DocumentPermissions,
    Grant,
    Reader,
)
from knowing import Room, Visitor, room

WORD = "heron"
"""Stands in every document."""
ALL = 100
"""More than there are documents."""

Whom = UserId | TeamId
Body = dict[str, Any]


@dataclass(eq=False)
class Shelf:
    """A collection as the model knows it."""

    id: CollectionId
    owner: UserId | None = None
    team: TeamId | None = None
    access: DefaultAccess = DefaultAccess.EDIT
    grants: dict[Whom, AccessLevel] = field(default_factory=dict[Whom, AccessLevel])


@dataclass(eq=False)
class Paper:
    """A document as the model knows it."""

    id: DocumentId
    shelf: Shelf
    readers: set[Whom] | None = None


async def colleague(of: Visitor, name: str, role: OrgRole = OrgRole.MEMBER) -> Visitor:
    """Let somebody into an organisation."""
    address = f"{name.lower()}-{new_id().hex}@one.example"
    account = NewAccount(email=address, name=name, organization_name="Elsewhere")
    user_id = (await accounts.create(of.room.database, account)).user_id
    org_id = of.subject.org_id
    async with of.room.database.work(of.subject) as work:
        work.session.add(Membership(org_id=org_id, user_id=user_id, role=role))
    return of.room.visitor(Subject(org_id, user_id, MEMBER))


async def team(of: Visitor, name: str) -> TeamId:
    """Make a team with nobody in it."""
    team_id = TeamId(new_id())
    async with of.room.database.work(of.subject) as work:
        work.session.add(Team(org_id=of.subject.org_id, id=team_id, name=name))
    return team_id


async def join(
    of: Visitor, who: Visitor, team_id: TeamId, role: TeamRole = TeamRole.MEMBER
) -> None:
    """Let somebody into a team; requests that they make from now on know it."""
    async with of.room.database.work(of.subject) as work:
        work.session.add(
            TeamMembership(
                org_id=of.subject.org_id, team_id=team_id, user_id=who.subject.user_id, role=role
            )
        )
    subject = who.subject
    acts_as(
        who,
        replace(
            subject,
            team_ids=(*subject.team_ids, team_id),
            team_permissions={**subject.team_permissions, team_id: TEAM_PERMISSIONS[role]},
        ),
    )


async def leave(of: Visitor, who: Visitor, team_id: TeamId) -> None:
    """Take somebody out of a team; what knows them as a member of it may go on doing so."""
    mine = TeamMembership.team_id == team_id, TeamMembership.user_id == who.subject.user_id
    async with of.room.database.work(of.subject) as work:
        await work.session.execute(
            delete(TeamMembership).where(TeamMembership.org_id == of.subject.org_id, *mine)
        )


def acts_as(who: Visitor, subject: Subject) -> None:
    """Let somebody make their requests as another subject."""
    known = who.room.subjects
    known.update({key: subject for key, each in known.items() if each == who.subject})
    who.subject = subject


def user(visitor: Visitor, **more: str) -> Body:
    """Return somebody as a reader, or with a level as a grant."""
    return {"user_id": str(visitor.subject.user_id), **more}


async def restrict(
    manager: Visitor, document: str, readers: list[Body] | None, status: int = 200
) -> Body:
    """Say who may read a document; None is whoever reads the collection."""
    path = f"/documents/{document}/permissions"
    answer = await manager.http.put(path, json={"readers": readers})
    assert answer.status_code == status, answer.text
    shown: Body = answer.json()
    return shown


async def titles(visitor: Visitor, collection: str) -> set[str]:
    """Return what is found, which has to be what is listed."""
    listed = (await visitor.http.get(f"/collections/{collection}/documents")).json()["items"]
    found = {hit["title"] for hit in await visitor.search(collection, "heron", k=50)}
    assert found == {each["title"] for each in listed}
    return found


def grant(whom: Whom, teams: Sequence[TeamId], level: AccessLevel) -> Grant:
    """Return a grant as the API takes it."""
    if whom in teams:
        return Grant(team_id=TeamId(whom), level=level)
    return Grant(user_id=UserId(whom), level=level)


def reader(whom: Whom, teams: Sequence[TeamId]) -> Reader:
    """Return a reader as the API takes it."""
    return Reader(team_id=TeamId(whom)) if whom in teams else Reader(user_id=UserId(whom))


@dataclass(eq=False)
class World:
    """An organisation whose owner changes at random who may read what."""

    owner: Visitor
    random: Random
    people: list[Visitor] = field(default_factory=list[Visitor])
    teams: list[TeamId] = field(default_factory=list[TeamId])
    members: dict[TeamId, set[UserId]] = field(default_factory=dict[TeamId, set[UserId]])
    shelves: list[Shelf] = field(default_factory=list[Shelf])
    papers: list[Paper] = field(default_factory=list[Paper])
    trials: int = 0

    @property
    def room(self) -> Room:
        return self.owner.room

    async def settle(self, people: int = 5, teams: int = 3, papers: int = 4) -> None:
        """Fill it: a shelf for everybody, a closed one, one for each of two teams, one's own."""
        self.people = [await colleague(self.owner, f"P{number}") for number in range(people)]
        self.teams = [await team(self.owner, f"T{number}") for number in range(teams)]
        self.members = {each: set() for each in self.teams}
        owner, first = self.owner.subject, self.people[0].subject
        acts_as(self.owner, replace(owner, team_ids=tuple(self.teams)))
        kinds = [
            (self.owner, CollectionCreate(name="A")),
            (self.owner, CollectionCreate(name="B", default_access=DefaultAccess.NONE)),
            (self.owner, CollectionCreate(name="C", scope=Scope.TEAM, team_id=self.teams[0])),
            (self.owner, CollectionCreate(name="D", scope=Scope.TEAM, team_id=self.teams[1])),
            (self.people[0], CollectionCreate(name="E", scope=Scope.USER)),
        ]
        for maker, data in kinds:
            async with self.room.database.work(maker.subject) as work:
                row = await collections.create(work, data)
            own = first.user_id if data.scope is Scope.USER else None
            shelf = Shelf(row.id, own, data.team_id, data.default_access)
            if data.default_access is not DefaultAccess.EDIT:
                shelf.grants[owner.user_id] = AccessLevel.EDIT
            self.shelves.append(shelf)
            files = [
                (f"{n}.txt", f"A {WORD} and another {WORD} {new_id().hex}.".encode() * (n + 1))
                for n in range(papers)
            ]
            sent = await maker.send(str(row.id), *files)
            for document_id in sent["document_ids"]:
                assert (await maker.settled(document_id))["status"] == "ready"
                self.papers.append(Paper(DocumentId(UUID(document_id)), shelf))

    # The model.

    def is_one_of(self, who: UserId, named: set[Whom]) -> bool:
        return who in named or any(
            who in self.members[each] for each in self.teams if each in named
        )

    def sees(self, who: UserId, shelf: Shelf) -> bool:
        if shelf.owner == who or self.is_one_of(who, set(shelf.grants)):
            return True
        if shelf.owner is not None or shelf.access is DefaultAccess.NONE:
            return False
        return shelf.team is None or who in self.members[shelf.team]

    def reads(self, who: UserId, paper: Paper) -> bool:
        named = paper.readers
        return self.sees(who, paper.shelf) and (named is None or self.is_one_of(who, named))

    def readable(self, who: UserId, *shelves: Shelf) -> set[UUID]:
        return {
            paper.id for paper in self.papers if paper.shelf in shelves and self.reads(who, paper)
        }

    # What changes.

    def anybody(self, shelf: Shelf) -> Whom:
        """Return somebody whom the manager of a shelf may name: of teams, those they see."""
        teams = self.teams if shelf.owner is None else self.manager(shelf).team_ids
        everybody: list[Whom] = [*teams, *(each.subject.user_id for each in self.people)]
        return self.random.choice(everybody)

    async def change(self) -> None:
        """Change one thing at random, in the platform and in the model."""
        step = self.random.choice(
            (self.change_shelf, self.change_paper, self.change_paper, self.change_team)
        )
        await step()

    async def change_shelf(self) -> None:
        shelf = self.random.choice(self.shelves)
        shelf.grants = {
            self.anybody(shelf): self.random.choice(list(AccessLevel))
            for _ in range(self.random.randint(0, 2))
        }
        if shelf.owner is None:
            shelf.access = self.random.choice(list(DefaultAccess))
        data = CollectionPermissions(
            default_access=shelf.access,
            grants=[grant(whom, self.teams, level) for whom, level in shelf.grants.items()],
        )
        async with self.room.database.work(self.manager(shelf)) as work:
            await collection_sharing.change(work, shelf.id, data)

    async def change_paper(self) -> None:
        paper = self.random.choice(self.papers)
        number = self.random.randint(-1, 3)
        paper.readers = None if number < 0 else {self.anybody(paper.shelf) for _ in range(number)}
        readers = paper.readers and [reader(whom, self.teams) for whom in paper.readers]
        data = DocumentPermissions(readers=None if number < 0 else list(readers or ()))
        if paper.readers is not None and paper.shelf.owner is not None:
            paper.readers.add(paper.shelf.owner)
        async with self.room.database.work(self.manager(paper.shelf)) as work:
            await document_sharing.change(work, paper.id, data)

    async def change_team(self) -> None:
        team_id, who = self.random.choice(self.teams), self.random.choice(self.people)
        user_id, members = who.subject.user_id, self.members[team_id]
        if user_id in members:
            members.discard(user_id)
            await leave(self.owner, who, team_id)
            kept = tuple(each for each in who.subject.team_ids if each != team_id)
            acts_as(who, replace(who.subject, team_ids=kept))
        else:
            members.add(user_id)
            await join(self.owner, who, team_id)

    def manager(self, shelf: Shelf) -> Subject:
        """Return who says who reads a shelf: its owner, or the organisation's."""
        own = (each.subject for each in self.people if each.subject.user_id == shelf.owner)
        return next(own, self.owner.subject)

    # What is tried.

    async def trial(self) -> None:
        """Look for something as somebody, and hold what is found against the model."""
        self.trials += 1
        who = self.random.choice(self.people).subject
        shelf, paper = self.random.choice(self.shelves), self.random.choice(self.papers)
        match self.random.randint(0, 5):
            case 0 | 1:
                await self.search(who, shelf)
            case 2:
                await self.explain(who, shelf)
            case 3:
                await self.search_everything(who)
            case 4:
                await self.browse(who, shelf)
            case _:
                await self.read(who, paper)

    async def search(self, who: Subject, shelf: Shelf) -> None:
        k = self.random.choice((2, ALL))
        named = [paper.id for paper in self.papers if self.random.random() < 0.5]
        filtered = self.random.random() < 0.3
        asked = Asked(
            query=WORD,
            collection_ids=[shelf.id],
            k=k,
            mode=self.random.choice(list(Mode)),
            filters=Filters(document_ids=named) if filtered else None,
        )
        wanted = self.readable(who.user_id, shelf)
        if filtered:
            wanted &= set(named)
        try:
            hits = await self.room.knowledge.retrieval.search(who, asked)
        except CollectionNotFound:
            assert not self.sees(who.user_id, shelf)
            return
        assert self.sees(who.user_id, shelf)
        found = {hit.found.document_id for hit in hits}
        assert found <= wanted
        assert len(found) == min(k, len(wanted))  # what is hidden takes no place

    async def explain(self, who: Subject, shelf: Shelf) -> None:
        if not self.sees(who.user_id, shelf):
            return
        asked = Asked(query=WORD, collection_ids=[shelf.id], k=2)
        _, trace = await self.room.knowledge.retrieval.explain(who, asked)
        wanted = self.readable(who.user_id, shelf)
        candidates = trace.candidates
        assert {place.document_id for place in candidates.lexical} == wanted
        assert {place.document_id for place in candidates.dense} == wanted
        assert {place.place.document_id for place in trace.fused} == wanted
        assert [term[1] for term in trace.terms] in ([len(wanted)], [])

    async def search_everything(self, who: Subject) -> None:
        hits = await self.room.knowledge.retrieval.retrieve(who, WORD, [], ALL)
        found = {hit.found.document_id for hit in hits}
        assert found == self.readable(who.user_id, *self.shelves)

    async def browse(self, who: Subject, shelf: Shelf) -> None:
        async with self.room.database.work(who) as work:
            listed = set(await collections.all_ids(work))
            assert listed == {each.id for each in self.shelves if self.sees(who.user_id, each)}
            try:
                page = await documents.browse(work, shelf.id, None, AskedPage("title", ALL, None))
            except CollectionNotFound:
                assert not self.sees(who.user_id, shelf)
                return
            assert {row.id for row in page.rows} == self.readable(who.user_id, shelf)
            # The second wall: a query that names nobody.
            rows = await work.session.scalars(select(Document.id))
            assert set(rows.all()) == self.readable(who.user_id, *self.shelves)

    async def read(self, who: Subject, paper: Paper) -> None:
        async with self.room.database.work(who) as work:
            try:
                document, text = await documents.text(work, paper.id)
            except DocumentNotFound:
                assert not self.reads(who.user_id, paper)
                return
        assert self.reads(who.user_id, paper)
        assert (document.id, WORD in text.text) == (paper.id, True)


@asynccontextmanager
async def world(
    app_address: str, writer_address: str, directory: Path, subject: Subject, seed: int
) -> AsyncIterator[World]:
    """Yield an organisation that is filled."""
    async with room(app_address, writer_address, directory) as place:
        made = World(place.visitor(subject), Random(seed))
        await made.settle()
        yield made
