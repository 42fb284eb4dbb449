"""Which value holds, for any layers that there can be."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from folkmoot.settings.groups import Defaults, Retrieval, SearchMode
from folkmoot.settings.resolver import RANK, Layer, Level, Resolved, resolve

VALUES = st.builds(
    Retrieval,
    k=st.none() | st.integers(1, 50),
    mode=st.none() | st.sampled_from(SearchMode),
    chunk_size=st.none() | st.integers(200, 8_000),
    chunk_overlap=st.none() | st.integers(0, 1_000),
)
OVERRIDE = st.none() | st.booleans()


def layer(
    level: Level, values: Retrieval, teams: bool | None, users: bool | None
) -> Layer[Retrieval]:
    return Layer(level=level, values=values, allow_team_override=teams, allow_user_override=users)


LAYERS = st.lists(
    st.builds(
        layer,
        level=st.sampled_from([Level.ORGANIZATION, Level.TEAM, Level.USER]),
        values=VALUES,
        teams=OVERRIDE,
        users=OVERRIDE,
    ),
    max_size=3,
    unique_by=lambda layer: layer.level,
)
NAMES = list(Retrieval.model_fields)


def layer_of(layers: Sequence[Layer[Retrieval]], level: Level) -> Layer[Retrieval] | None:
    return next((layer for layer in layers if layer.level is level), None)


def counting(layers: Sequence[Layer[Retrieval]], name: str, held: Resolved[Retrieval]) -> Level:
    """The lowest level that has set a field and was not kept from it."""
    levels = [
        layer.level
        for layer in layers
        if getattr(layer.values, name) is not None and layer.level not in held.origins[name].locks
    ]
    return max(levels, key=RANK.__getitem__, default=Level.DEPLOYMENT)


@given(VALUES)
def test_what_nobody_sets_is_as_the_deployment_says(defaults: Retrieval) -> None:
    empty = [Layer(level=level, values=Retrieval()) for level in (Level.ORGANIZATION, Level.USER)]
    for layers in ([], empty):
        held = resolve(defaults, layers)
        assert held.values == defaults
        assert {origin.source for origin in held.origins.values()} == {Level.DEPLOYMENT}
        assert not any(origin.locks for origin in held.origins.values())


@given(VALUES, LAYERS)
def test_a_value_comes_from_the_lowest_layer_that_may_set_it(
    defaults: Retrieval, layers: list[Layer[Retrieval]]
) -> None:
    held = resolve(defaults, layers)
    for name in NAMES:
        source = held.origins[name].source
        assert source is counting(layers, name, held)
        layer = layer_of(layers, source)
        assert getattr(held.values, name) == getattr(layer.values if layer else defaults, name)


@given(VALUES, LAYERS)
def test_a_locked_field_never_comes_from_below(
    defaults: Retrieval, layers: list[Layer[Retrieval]]
) -> None:
    for name, origin in resolve(defaults, layers).origins.items():
        for level, by in origin.locks.items():
            assert RANK[by] < RANK[level]
            assert origin.source is not level
            locking = layer_of(layers, by)
            assert locking is not None
            assert getattr(locking.values, name) is not None
            assert level in locking.closed


@given(VALUES, LAYERS, VALUES)
def test_who_is_locked_out_changes_nothing(
    defaults: Retrieval, layers: list[Layer[Retrieval]], tried: Retrieval
) -> None:
    before = resolve(defaults, layers)
    others = [layer for layer in layers if layer.level is not Level.USER]
    after = resolve(defaults, [*others, Layer(level=Level.USER, values=tried)])
    for name, origin in before.origins.items():
        if Level.USER in origin.locks:
            assert getattr(after.values, name) == getattr(before.values, name)


@given(VALUES, LAYERS)
def test_the_order_in_which_layers_come_does_not_matter(
    defaults: Retrieval, layers: list[Layer[Retrieval]]
) -> None:
    assert resolve(defaults, layers) == resolve(defaults, layers[::-1])


@given(VALUES, LAYERS)
def test_resolving_again_changes_nothing(
    defaults: Retrieval, layers: list[Layer[Retrieval]]
) -> None:
    held = resolve(defaults, layers).values
    assert resolve(held, layers).values == held
    assert resolve(held, []).values == held


def test_a_team_that_is_locked_out_locks_nobody() -> None:
    held = resolve(
        Defaults().retrieval,
        [
            Layer(level=Level.ORGANIZATION, values=Retrieval(k=5), allow_team_override=False),
            Layer(level=Level.TEAM, values=Retrieval(k=6), allow_user_override=False),
            Layer(level=Level.USER, values=Retrieval(k=7)),
        ],
    )
    assert held.values.k == 7
    assert held.origins["k"].locks == {Level.TEAM: Level.ORGANIZATION}


def test_a_lock_is_on_what_its_layer_has_set() -> None:
    strict = Layer(level=Level.ORGANIZATION, values=Retrieval(k=5), allow_user_override=False)
    own = Layer(level=Level.USER, values=Retrieval(k=9, chunk_size=900))
    held = resolve(Defaults().retrieval, [strict, own])
    assert (held.values.k, held.values.chunk_size) == (5, 900)
    assert held.origins["chunk_size"].source is Level.USER
    assert held.origins["chunk_size"].locks == {}
