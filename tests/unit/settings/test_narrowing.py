"""Restrictions get stricter from layer to layer, whatever the layers say."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from folkmoot.settings.groups import Budget, Defaults, Guardrails, Models, Values
from folkmoot.settings.narrowing import RESTRICTIONS
from folkmoot.settings.resolver import RANK, Layer, Level, resolve

NAMES = st.lists(st.sampled_from(["a:1", "a:2", "b:1"]), min_size=1, max_size=3, unique=True)
VALUES: Mapping[type[Values], st.SearchStrategy[Values]] = {
    Models: st.builds(Models, allowed_models=st.none() | NAMES),
    Guardrails: st.builds(
        Guardrails,
        redact_pii=st.none() | st.booleans(),
        denied_tools=st.none() | st.lists(st.sampled_from("xyz"), max_size=3, unique=True),
    ),
    Budget: st.builds(
        Budget,
        monthly_limit_usd=st.none() | st.floats(0, 100),
        daily_calls=st.none() | st.integers(0, 10),
    ),
}
UNOPENED = st.none() | st.just(False)


@st.composite
def stacks(
    draw: st.DrawFn, overrides: st.SearchStrategy[bool | None] = UNOPENED
) -> tuple[Values, list[Layer[Values]]]:
    """Draw the defaults of one group and up to three layers of it."""
    values = VALUES[draw(st.sampled_from(list(VALUES)))]
    levels = draw(st.sets(st.sampled_from([Level.ORGANIZATION, Level.TEAM, Level.USER])))
    layers = [
        Layer(
            level=level,
            values=draw(values),
            allow_team_override=draw(overrides),
            allow_user_override=draw(overrides),
        )
        for level in sorted(levels, key=RANK.__getitem__)
    ]
    return draw(values), layers


def up_to(layers: Sequence[Layer[Values]], level: Level) -> list[Layer[Values]]:
    return [layer for layer in layers if RANK[layer.level] <= RANK[level]]


@given(stacks())
def test_nothing_below_an_organisation_widens_what_holds_above_it(
    stack: tuple[Values, list[Layer[Values]]],
) -> None:
    defaults, layers = stack
    above = resolve(defaults, up_to(layers, Level.ORGANIZATION)).values
    for level in (Level.TEAM, Level.USER):
        held = resolve(defaults, up_to(layers, level)).values
        for (type_, name), restriction in RESTRICTIONS.items():
            limit, value = getattr(above, name, None), getattr(held, name, None)
            if type_ is type(defaults) and limit is not None:
                assert value is not None
                assert not restriction.widens(limit, value)
        above = held


@given(stacks())
def test_what_is_cut_and_what_binds_is_told_with_who_says_so(
    stack: tuple[Values, list[Layer[Values]]],
) -> None:
    defaults, layers = stack
    held = resolve(defaults, layers)
    for name, origin in held.origins.items():
        for level, by in origin.cut.items():
            assert RANK[by] < RANK[level]
            layer = next(each for each in layers if each.level is level)
            assert getattr(layer.values, name) != getattr(held.values, name)
        for level, bound in origin.bounds.items():
            assert RANK[bound.by] < RANK[level]
            assert level not in origin.locks


@given(stacks(st.none() | st.booleans()))
def test_stricter_values_count_whoever_opens_what(
    stack: tuple[Values, list[Layer[Values]]],
) -> None:
    """Whoever makes something stricter for themselves gets what they have said."""
    defaults, layers = stack
    held = resolve(defaults, layers)
    own = next((layer for layer in layers if layer.level is Level.USER), None)
    for name, origin in held.origins.items():
        restriction = RESTRICTIONS.get((type(defaults), name))
        given = getattr(own.values, name) if own else None
        if restriction is None or given is None or Level.USER in origin.locks:
            continue
        bound = origin.bounds.get(Level.USER)
        expected = given if bound is None else restriction.narrow(bound.limit, given)
        assert getattr(held.values, name) == expected


def models(level: Level, *names: str, **overrides: bool) -> Layer[Models]:
    return Layer(level=level, values=Models(allowed_models=list(names)), **overrides)


def test_an_organisation_opens_its_restriction_and_a_team_only_its_own() -> None:
    organization = models(Level.ORGANIZATION, "a:1", "a:2", allow_team_override=True)
    team = models(Level.TEAM, "b:1", "a:1", allow_user_override=True)
    user = models(Level.USER, "c:1", "a:2")
    held = resolve(Defaults().models, [organization, team])
    assert held.values.allowed_models == ["b:1", "a:1"]
    held = resolve(Defaults().models, [organization, team, user])
    assert held.values.allowed_models == ["a:2"]
    assert held.origins["allowed_models"].cut == {Level.USER: Level.ORGANIZATION}


def test_what_leaves_nothing_leaves_nothing() -> None:
    """Two layers that agree on no model let none be asked: neither is undone for the other."""
    layers = [models(Level.ORGANIZATION, "a:1"), models(Level.TEAM, "b:1")]
    held = resolve(Defaults().models, layers)
    assert held.values.allowed_models == []
    assert held.origins["allowed_models"].source is Level.TEAM


def test_a_deployments_restriction_binds_until_an_organisation_says_otherwise() -> None:
    defaults = Models(allowed_models=["a:1"])
    user = models(Level.USER, "a:1", "b:1")
    held = resolve(defaults, [user])
    assert held.values.allowed_models == ["a:1"]
    assert held.origins["allowed_models"].cut == {Level.USER: Level.DEPLOYMENT}
    opening = Layer(level=Level.ORGANIZATION, values=Models(), allow_user_override=True)
    assert resolve(defaults, [opening, user]).values.allowed_models == ["a:1", "b:1"]
    wider = models(Level.ORGANIZATION, "b:1")
    assert resolve(defaults, [wider, user]).values.allowed_models == ["b:1"]


def test_a_value_that_changes_nothing_is_not_where_it_comes_from() -> None:
    organization = Layer(level=Level.ORGANIZATION, values=Guardrails(redact_pii=True))
    user = Layer(level=Level.USER, values=Guardrails(redact_pii=False))
    held = resolve(Defaults().guardrails, [organization, user])
    assert held.values.redact_pii is True
    assert held.origins["redact_pii"].source is Level.ORGANIZATION
    assert held.origins["redact_pii"].cut == {Level.USER: Level.ORGANIZATION}
