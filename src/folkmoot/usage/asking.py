"""Short questions to a model that is no agent's, for which whoever asks pays."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass

from folkmoot.kit.subject import Subject
from folkmoot.llm.billing.paying import paid, paid_by
from folkmoot.llm.errors import ModelRejected
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.port import ChatMessage, ChatRequest, TextDelta
from folkmoot.settings.groups import Models
from folkmoot.settings.searching import Reranking
from folkmoot.settings.service import Settings
from folkmoot.usage.accounts import Accounts


@dataclass(frozen=True, slots=True)
class PaidQuestions:
    """Asks models, as far as settings allow it. The run in which it is asked pays, if any."""

    gateway: Gateway
    accounts: Accounts
    settings: Settings

    async def answer(
        self, subject: Subject, model: str, messages: Sequence[ChatMessage], *, most: int
    ) -> str:
        """Return a model's whole answer of `most` tokens.

        Raises:
            AppError: it may not be asked, or does not answer.
        """
        await self._demand_allowed(subject, model)
        chat = await self.gateway.chat(subject, model)
        request = ChatRequest(messages=messages, max_tokens=most)
        said: list[str] = []
        with self._paid(subject):
            async with aclosing(chat.stream(request)) as batches:
                async for batch in batches:
                    said += [each.text for each in batch if isinstance(each, TextDelta)]
        return "".join(said)

    async def reranks(self, subject: Subject, model: str) -> Reranking:
        """Return how a model puts passages in order, as its provider says."""
        return (await self.gateway.scope(subject)).reranks(model)

    async def scores(
        self, subject: Subject, model: str, query: str, texts: Sequence[str]
    ) -> Sequence[float | None]:
        """Return how well a reranker takes texts to answer a question; None where it says nothing.

        Raises:
            AppError: it may not be asked, or does not answer.
        """
        await self._demand_allowed(subject, model)
        reranker = (await self.gateway.scope(subject)).reranker(model, subject.org_id)
        with self._paid(subject):
            return await reranker.rerank(query, texts)

    async def _demand_allowed(self, subject: Subject, model: str) -> None:
        allowed = (await self.settings.of(subject)).values(Models).allowed_models
        if allowed is not None and model not in allowed:
            raise ModelRejected(model, "is not one of the models that may be asked")

    def _paid(self, subject: Subject) -> AbstractContextManager[None]:
        return nullcontext() if paid() else paid_by(self.accounts.of(subject))
