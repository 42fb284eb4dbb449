"""How much time, how many attempts and how many places calls of models have."""

from pydantic import ConfigDict, Field, PositiveFloat, PositiveInt

from folkmoot.kit.schema import Schema


class ModelLimits(Schema):
    """How long a model may take, in seconds, and how often a failed call is repeated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect: PositiveFloat = Field(default=10.0, description="Until the connection stands.")
    first_token: PositiveFloat = Field(
        default=60.0,
        description="From the request to the first piece of the answer. A provider that stays "
        "silent is not asked again, so this is how long one that hangs holds a run up; raise it "
        "for models that think for long before they speak.",
    )
    idle: PositiveFloat = Field(default=60.0, description="Between two pieces after that.")
    total: PositiveFloat = Field(
        default=600.0, description="For the whole answer with everything that is repeated for it."
    )
    attempts: PositiveInt = Field(
        default=3, description="How often a call is made that the provider refuses for the moment."
    )
    calls: PositiveInt = Field(
        default=2_000,
        description="Calls that one process makes to a provider with one key at the same time. Of"
        " the deployment's key one organisation gets three quarters of them at the most.",
    )
    waiting: PositiveInt = Field(
        default=1_000,
        description="Calls of one organisation that wait for their turn; more are refused.",
    )
    turn: PositiveFloat = Field(default=30.0, description="How long a call waits for its turn.")
    failures: PositiveInt = Field(
        default=5,
        description="Failed calls in a row after which nobody asks a provider with that key for a"
        " while; calls are answered at once meanwhile, or by another model.",
    )
    rest: PositiveFloat = Field(
        default=10.0,
        description="How long that while is; it doubles each time that the provider fails again"
        " when one call has tried it, up to two minutes.",
    )
