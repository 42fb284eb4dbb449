"""Envelopes around secrets."""

from dataclasses import replace

import pytest

from folkmoot.kit.ids import OrgId, new_id
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.resolver import Level
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.settings.stores.store import Address, Sealed

OLD, NEW = "the key of a deployment, once", "the key of a deployment, now"
ORG = OrgId(new_id())
HERE = Address(ORG, Level.ORGANIZATION, ORG, "a_key")


def test_what_is_sealed_is_opened_with_the_same_key_and_differs_each_time() -> None:
    sealer = Sealer(OLD)
    one, two = sealer.seal(HERE, "välue"), sealer.seal(HERE, "välue")
    assert one.sealed != two.sealed
    assert one.wrapped_key != two.wrapped_key
    assert sealer.open(HERE, one) == sealer.open(HERE, two) == "välue"
    assert "lue" not in repr(one)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, org_id=OrgId(new_id())),
        replace(HERE, level=Level.USER),
        replace(HERE, owner_id=new_id()),
        replace(HERE, name="another_key"),
    ],
)
def test_a_row_does_not_pass_for_another(elsewhere: Address) -> None:
    sealer = Sealer(OLD)
    sealed = sealer.seal(HERE, "value")
    for open_ in (sealer.open, sealer.rewrap):
        with pytest.raises(SecretUnreadable):
            open_(elsewhere, sealed)
    mixed = replace(sealer.seal(elsewhere, "other"), wrapped_key=sealed.wrapped_key)
    with pytest.raises(SecretUnreadable):
        sealer.open(HERE, mixed)


@pytest.mark.anyio
async def test_what_is_kept_elsewhere_is_not_here() -> None:
    with pytest.raises(SecretUnreadable):
        await Sealer(OLD).value(HERE, None)


@pytest.mark.parametrize("part", ["sealed", "wrapped_key"])
def test_a_changed_byte_is_noticed(part: str) -> None:
    sealer = Sealer(OLD)
    sealed = sealer.seal(HERE, "value")
    whole: bytes = getattr(sealed, part)
    for broken in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:20], b""):
        parts = {"sealed": sealed.sealed, "wrapped_key": sealed.wrapped_key, part: broken}
        other = Sealed(**parts, key_id=sealed.key_id)
        with pytest.raises(SecretUnreadable):
            sealer.open(HERE, other)


def test_a_new_key_opens_old_envelopes_while_the_old_one_is_given() -> None:
    sealed = Sealer(OLD).seal(HERE, "value")
    with pytest.raises(SecretUnreadable):
        Sealer(NEW).open(HERE, sealed)
    both = Sealer(NEW, OLD)
    assert both.open(HERE, sealed) == "value"
    anew = both.rewrap(HERE, sealed)
    assert (anew.sealed, anew.key_id) == (sealed.sealed, both.current)
    assert Sealer(NEW).open(HERE, anew) == "value"
    with pytest.raises(SecretUnreadable):
        Sealer(OLD).open(HERE, anew)
