"""Services of others that a deployment may be connected to."""

from pydantic import ConfigDict, Field, SecretStr

from folkmoot.kit.schema import Schema


class Langfuse(Schema):
    """Where traces go, too, if both keys are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_key: str | None = Field(default=None, description="Public key of the project.")
    secret_key: SecretStr | None = Field(default=None, description="Its secret key.")
    host: str = Field(default="https://cloud.langfuse.com", description="Address of Langfuse.")


class Infisical(Schema):
    """Where secrets of organisations, teams and users are kept, if identity and project are given.

    The machine identity signs in by Universal Auth. What is in the database already stays there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(default="https://app.infisical.com", description="Address of Infisical.")
    client_id: str | None = Field(default=None, description="Client id of the machine identity.")
    client_secret: SecretStr | None = Field(default=None, description="Its client secret.")
    project_id: str | None = Field(default=None, description="Id of the project.")
    environment: str = Field(default="prod", description="Slug of the environment.")
    path: str = Field(default="/", description="The folder; it has to be there.")
